"""The command `doctor`: what works on a camera, what does not, and what to do about it."""

import hashlib
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tools import boards_command
from tools.flash import install
from tools.flash.cli import how_to_install, version
from tools.flash.link import CameraError, Link, LinkError, choose
from tools.shift import recording

app = typer.Typer(add_completion=False)

_PROBE = Path(__file__).with_name("probe.py")
_COLOURS = {"ok": "green", "look": "cyan", "warn": "yellow", "fail": "red"}
_OPTIONAL = ("gauge", "clock", "microphone")  # what the firmware misses aloud
_WRITES = 64
_PICTURES = 16
_FLOOD_KIB = 32
_SLOW_BYTES_PER_S = 15_000  # 115,200 baud are 11,520
_STEPS_MS = (5, 10, 20, 50, 100, 250, 500, 1000, 5000)

# NIST SP 800-38A, F.2.5 (CBC-AES256.Encrypt), first block.
_KEY = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
_IV = "000102030405060708090a0b0c0d0e0f"
_TEXT = "6bc1bee22e409f96e93d7e117393172a"
_CIPHER = "f58c4c04d6e5f1ba779eabfb5f7bfbd6"


@app.command()
def doctor(
    board: Annotated[str, typer.Option(help="Board file; `boards` lists them.")],
    port: Annotated[
        str, typer.Option(help="Serial port of the camera; needless where there is only one.")
    ] = "",
    scratch_card: Annotated[
        bool,
        typer.Option(
            "--scratch-card", help="The card's content may go: measure writing, over 1 MiB of it."
        ),
    ] = False,
    discharge: Annotated[
        Path | None,
        typer.Option(
            help="Let the camera write its battery's charge while it empties; then take that into "
            "this new file, for `shift --calibrate`."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
):
    """Find out why a camera does not work: one line for each check, with its remedy.

    The camera's program is stopped for it and starts anew at the end; a recording under way ends.
    Nothing is written, except on the card with --scratch-card, and never on one with evidence.
    Status 0: nothing failed.
    """
    try:
        chosen = boards_command.load(board)
    except boards_command.BoardError as error:
        raise typer.BadParameter(str(error))
    screen = Console(quiet=as_json, highlight=False, soft_wrap=True)
    if discharge:
        return _discharge(chosen, port, discharge, screen, as_json)
    examination = Examination(chosen, screen)
    examination.run(port, scratch_card)
    checks = examination.checks
    failed = sum(row["state"] == "fail" for row in checks)
    screen.print(f"{failed} of {len(checks)} checks failed.")
    if as_json:
        print(json.dumps({"board": chosen.ID, "port": port, "checks": checks}))
    return 1 if failed else 0


def _discharge(board, port, path, screen, as_json):
    if not hasattr(board, "GAUGE"):
        raise typer.BadParameter(f"{board.ID} has no gauge: nothing can be read of its battery")
    if path.exists():
        raise typer.BadParameter(f"{path} is there already: name a new file")
    if not path.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {path.parent}; make it first")
    try:
        with Link(choose(port)) as link:
            link.call("hold")
            text = recording.record(link, path)
            link.restart()
    except (LinkError, CameraError, recording.RecordingError) as error:
        screen.print(_sentence(error), markup=False)
        if as_json:
            print(json.dumps({"board": board.ID, "done": False, "text": str(error)}))
        return 1
    screen.print(text, markup=False)
    if as_json:
        print(json.dumps({"board": board.ID, "done": True, "text": text}))
    return 0


class Examination:
    """The checks of one camera. `checks` grows: {`name` `state` `text`} and a check's figures."""

    def __init__(self, board, screen):
        self.checks = []
        self._board = board
        self._screen = screen
        self._link = None
        self._joined = None

    def run(self, port, scratch_card):
        """Make all checks that can be made; the last may be why no more can."""
        try:
            self._link = Link(choose(port))
        except LinkError as error:
            seen = getattr(error, "seen", [])
            if "port" in seen:
                self._say("port", "ok", "The port opens.")
            self._say("prompt" if "port" in seen else "port", "fail", _sentence(error))
            return
        with self._link as link:
            self._say("port", "ok", f"{link.port} opens, and nobody else has it.")
            self._say("prompt", "ok", "MicroPython's raw prompt answers.")
            try:
                link.call("hold")
                link.load(_PROBE)
                self._interpreter()
                self._firmware()
                self._ciphers()
                self._usb()
                self._parts(scratch_card)
                link.restart()
            except LinkError as error:
                self._say("line", "fail", _sentence(error))

    def _say(self, name, state, text, **figures):
        self.checks.append({"name": name, "state": state, "text": text, **figures})
        self._screen.print(f"[{_COLOURS[state]}]{state:<5}[/]{name:<14}", end="")
        self._screen.print(text, markup=False)

    def _ask(self, name, question, *words):
        """Return the camera's answer; None, and a check that failed, when it could not."""
        try:
            return self._link.call(question, *words)
        except CameraError as error:
            self._say(name, "fail", _sentence(error))

    # Interpreter, files

    def _interpreter(self):
        board, link = self._board, self._link
        about = link.call("about")
        release = ".".join(str(part) for part in about["version"])
        arch = install.arch_of(about["mpy"])
        reason = install.unfit(board, about)
        how = how_to_install(board, link.port)
        text = f"{about['name']} {release} on {about['machine']}, machine code for {arch}."
        if reason:
            self._say("interpreter", "fail", _sentence(f"{reason}. {how}"))
        else:
            self._say("interpreter", "ok", text, version=release, arch=arch)
        lacking = link.call("missing", list(getattr(board, "IMAGE", {}).get("modules", ())))
        if lacking:
            text = f"This interpreter lacks {', '.join(lacking)}. {how}"
            self._say("modules", "fail", _sentence(text))
        else:
            self._say("modules", "ok", "The C modules that the board needs are there.")
        free = about["flash_free_bytes"]
        text = f"{free >> 10} of {about['flash_bytes'] >> 10} KiB are free."
        if free < install.BUDGET_BYTES:
            text += " A flash needs 128: delete files that are not the firmware's (mpremote rm)."
        self._say("flash", "ok" if free >= install.BUDGET_BYTES else "warn", text, free_bytes=free)
        free = about["heap_free_bytes"]
        text = f"{free >> 10} KiB are free, and the ring for pictures needs "
        text += f"{board.RING_BYTES >> 10}."
        if free <= board.RING_BYTES:
            text += f" Does this image use the board's PSRAM? {how}"
        self._say("heap", "ok" if free > board.RING_BYTES else "fail", text, free_bytes=free)
        row = getattr(board, "LOG", {})
        if "partition" in row:
            have = link.call("partition_bytes", row["partition"])
            good = have >= row["size_bytes"]
            text = f"The log's partition {row['partition']} has {have >> 10} KiB."
            if not good:
                text += f" It needs {row['size_bytes'] >> 10}: nothing is recorded. {how}"
            self._say("log", "ok" if good else "fail", _sentence(text), bytes=have)

    def _firmware(self):
        board = self._board
        plan = install.Plan(self._link, board, version(), install.compiled_files(board))
        there, ours = plan.before.get("version", "none"), version()
        remedy = f"Run `python3 -m tools flash --board {board.ID}`."
        other = plan.before.get("board", board.ID)
        if plan.found == "empty" and self._link.call("frozen"):
            state, text = "ok", "It is frozen into the interpreter."
        elif plan.found == "empty":
            state, text = "fail", f"There is no firmware on the camera. {remedy}"
        elif plan.found == "unfinished":
            state, text = "fail", f"Files without a manifest: a flash did not end. {remedy}"
        elif plan.altered:
            names = ", ".join(plan.altered[:4])
            state, text = "fail", f"Not as the manifest says: {names}. {remedy}"
        elif other != board.ID:
            state, text = "fail", f"It is the firmware of {other}: is --board right?"
        elif not plan.complete:
            state, text = "warn", f"Version {there}, whole, but not what this clone has. {remedy}"
        else:
            state, text = "ok", f"Version {ours}, whole, and what this clone has."
        self._say("firmware", state, text, version=there, manifest=plan.found)

    # Ciphers, line

    def _ciphers(self):
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        found = self._ask("aes", "ciphers", _KEY, _IV, _TEXT)
        if not found:
            return
        key, iv, text = (bytes.fromhex(word) for word in (_KEY, _IV, _TEXT))
        long = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor().update(bytes(16384))
        remedy = "Nothing that this camera seals can be trusted: use another image or device."
        aes = found[0] == _CIPHER and found[2] == hashlib.sha256(long).hexdigest()
        sha = found[1] == hashlib.sha256(text).hexdigest()
        for name, good in (("aes", aes), ("sha256", sha)):
            text = "gives the known answers." if good else f"gives wrong answers. {remedy}"
            self._say(name, "ok" if good else "fail", f"{name.upper()} {text}")

    def _usb(self):
        rate = self._link.flood(_FLOOD_KIB)
        text = f"At least {rate / 1000:.0f} kB/s arrive from the camera."
        if rate < _SLOW_BYTES_PER_S:
            text += " That is a serial adapter's speed: use the camera's own USB socket."
        state = "ok" if rate >= _SLOW_BYTES_PER_S else "warn"
        self._say("usb", state, text, bytes_per_s=rate)

    # Chips

    def _parts(self, scratch_card):
        board = self._board
        self._joined = self._ask("parts", "join")
        if self._joined:
            # What the board has not is no trouble.
            absent = [name for name in _OPTIONAL if not hasattr(board, name.upper())]
            known = tuple(f"{name}: missing" for name in absent)
            troubles = [line for line in self._joined["troubles"] if not line.endswith(known)]
            text = "The firmware finds every part of the board."
            if absent:
                text += f" It has no {', no '.join(absent)}."
            if troubles:
                text = f"The firmware says: {'; '.join(troubles)}. Look at cable and supply."
            self._say("parts", "ok" if not troubles else "fail", text, troubles=troubles)
        if hasattr(board, "I2C"):
            row = board.I2C
            words = (row["id"], row["scl"], row["sda"], row["freq_hz"])
            answering = self._ask("i2c", "scan", *words)
            if answering is not None:
                self._addresses(answering)
        if self._joined:
            self._battery()
            self._card(scratch_card)
            self._display()
            self._camera()
            if hasattr(board, "I2C"):
                self._again(answering)

    def _battery(self):
        if not hasattr(self._board, "GAUGE"):
            return
        found = self._ask("battery", "battery")
        if not found:
            return
        percent, millivolts = found
        if percent is None:
            self._say(
                "battery", "warn", "No battery: connect one, and look at its polarity first."
            )
            return
        text = f"{percent} %, {millivolts} mV."
        good = 0 <= percent <= 100 and 2500 <= (millivolts or 0) <= 4500
        if not good:
            text += f" That cannot be true.{self._doubt('battery')}"
        self._say("battery", "ok" if good else "fail", text, percent=percent, mv=millivolts)

    def _display(self):
        same = self._ask("display", "show")
        if same is False:
            text = f"After it was used the card reads otherwise.{self._doubt('display')}"
            self._say("display", "fail", text)
        elif self.checks[-1]["name"] != "display":  # it did not fail
            text = "It was green, then red: did you see that?"
            self._say("display", "look", f"{text}{self._doubt('display')}")

    def _again(self, before):
        """The camera's driver takes the I2C wires over: does everybody still answer?"""
        row = self._board.I2C
        after = self._ask("i2c_after", "scan", row["id"], row["scl"], row["sda"], row["freq_hz"])
        if after is None or before is None:
            return
        lost = [n for n, at in self._board.I2C_CHIPS.items() if at in before and at not in after]
        text = "All chips still answer after the camera was used."
        if lost:
            text = (
                f"Silent after the camera was used: {', '.join(lost)}.{self._doubt('i2c_after')}"
            )
        self._say("i2c_after", "fail" if lost else "ok", text)

    def _doubt(self, name):
        """Return what the sources of the board file disagree about, as a sentence; or ""."""
        words = getattr(self._board, "DOUBTS", {}).get(name)
        return f" Sources contradict each other here: {words}." if words else ""

    def _addresses(self, answering):
        board = self._board
        for name, address in getattr(board, "I2C_CHIPS", {}).items():
            at = f"{name} at {address:#x}"
            if address in answering:
                self._say(name, "ok", f"{at} answers.")
            elif name == getattr(board, "CAMERA", {}).get("chip"):
                self._say(name, "ok", f"{at} has no supply now; the check camera asks it.")
            elif not self._joined:
                self._say(name, "warn", f"{at} is silent: perhaps its supply is off. Flash first.")
            else:
                text = f"{at} is silent: is this the board that --board says, and is it whole?"
                self._say(name, "fail", text)

    def _camera(self):
        found = self._ask("camera", "pictures", _PICTURES)
        if not found:
            return
        wants = self._board.RECORD["fps"]
        if not found["sizes"]:
            self._say("camera", "fail", "No picture came in 5 s: look at the sensor's cable.")
            return
        fps = len(found["sizes"]) * 1000 / max(1, found["ms"])
        text = f"{fps:.1f} pictures a second, {found['start_ms']} ms to start."
        if fps < wants:
            text += (
                f" The board file counts on {wants}: in the dark sensors are slower; add light."
            )
        self._say("camera", "ok" if fps >= wants else "warn", text, fps=round(fps, 1))

    def _card(self, scratch_card):
        stall_ms = self._joined["stall_ms"]
        text = f"A recording bears a card that stalls for {stall_ms} ms."
        self._say("stall_ms", "ok", text, stall_ms=stall_ms)
        found = self._ask("card", "card")
        if not found:
            return
        if not found["sectors"]:
            self._say("card", "fail", "No card in the slot: put an enrolled one in.")
            return
        if found["switch"] is False:
            text = "There is a card, and the slot's switch says that there is none."
            self._say("card", "fail", text + self._doubt("card"), **found)
            return
        size = found["sectors"] / 2 / 1024 / 1024
        what = "evidence on it" if found["evidence"] else "no evidence on it"
        text = f"{size:.1f} GiB, {what}, reads {found['read_kib_per_s']} KiB/s."
        self._say("card", "ok", text, **found)
        if found["evidence"]:
            text = (
                "Not measured: the card holds evidence, and nothing but a recording writes there."
            )
            self._say("card_speed", "warn", f"{text} Put a scratch card in.")
        elif not scratch_card:
            text = "Not measured: it overwrites 1 MiB. With --scratch-card, if all on it may go."
            self._say("card_speed", "warn", text)
        else:
            self._speed(stall_ms)

    def _speed(self, stall_ms):
        times_ms = []
        for number in range(_WRITES):
            took_ms = self._ask("card_speed", "write_card", number)
            if took_ms is None:
                return
            times_ms.append(took_ms)
            if took_ms > stall_ms:
                break
        rows = {f"to {step} ms": 0 for step in _STEPS_MS} | {"more": 0}
        for ms in times_ms:
            step = next((f"to {step} ms" for step in _STEPS_MS if ms <= step), "more")
            rows[step] += 1
        histogram = {name: n for name, n in rows.items() if n}
        shown = ", ".join(f"{n} {name}" for name, n in histogram.items())
        worst_ms = max(times_ms)
        text = f"{len(times_ms)} blocks of 16 KiB: {shown}; the worst {worst_ms} ms."
        if worst_ms > stall_ms:
            text += f" A recording bears {stall_ms}: use another card."
        state = "ok" if worst_ms <= stall_ms else "fail"
        self._say("card_speed", state, text, worst_ms=worst_ms, histogram=histogram)


def _sentence(error):
    text = str(error).strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")
