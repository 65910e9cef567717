"""Run a script against the simulated camera, without a window, on any of the three
interpreters.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools import bootstrap
from tools.boards_command import BoardError, load
from tools.evidence import card as evidence_card
from tools.evidence import errors as evidence_errors
from tools.evidence.layout import SECTOR
from tools.evidence.medium import Medium
from tools.sim import clip as clips
from tools.sim.script import ScriptError, parse

HERE = Path(__file__).resolve().parent
ROOT = bootstrap.ROOT
INTERPRETERS = ("cpython", "unix", "wasm")

# The ring is 4 MiB; what else lives on the heap, and room to collect seldom.
_UNIX_HEAP = "24m"
_FULL_BYTES = 64 * 1024

_START = """
import sys
sys.path[:0] = {paths!r}
import {host} as host
from {module} import main
main(host, {config!r})
"""

DEMONSTRATION = """\
0:00  boot
0:05  press          # show the person the mirror
+1    expect display_on
+20   press twice    # it escalates
+90   press          # marker
+30   hold 3
+1    press          # yes, stop
+1    expect display_on
+60   end
"""


class InputError(Exception):
    """What is wrong with what was given, in one plain line."""


class RunError(Exception):
    """The simulation itself broke: one line, which names the file with all that was printed."""


def run(
    board,
    interpreter="unix",
    video=None,
    script=None,
    card=None,
    seed=0,
    out_dir=None,
    profile="nrw_order_service",
    progress=None,
    say=None,
    tell=None,
    keys=(),
    changes=None,
    battery=None,
):
    """Run a script and return what `sim --json` prints.

    `video`: a path; None is the built-in scene. `script`: a path, or None for DEMONSTRATION.
    `card`: an image, made with its camera and keys where absent; None makes one in `out_dir`.
    `out_dir`: where pictures, console and result go; None is a new temporary folder.
    `progress(what, done, of)` hears how far it is, `say(text)` what a person should know,
    `tell(change)` each change of stage as it happens.

    `changes` are settings in place of the profile's, `battery` facts in place of the board file's
    BATTERY and `health_pct`; with them the result has a `track` of the battery.

    `keys` are folders of keys, which must belong to the card; the camera itself needs none.

    The result's `error` is "" or the expectation that was not met, and `out` the folder.

    Raises:
        InputError: one of these cannot be used.
        RunError: the simulation broke.
        tools.bootstrap.SetupError: the interpreter is not to be had.
    """
    started_s = time.monotonic()
    progress = progress or (lambda what, done, of: None)
    say = say or (lambda text: None)
    tell = tell or (lambda change: None)
    _board(board)
    if interpreter not in INTERPRETERS:
        raise InputError(f"no interpreter '{interpreter}'; there are {', '.join(INTERPRETERS)}")
    acts = _acts(script)
    out = Path(out_dir or tempfile.mkdtemp(prefix="bodycam-")).resolve()
    out.mkdir(parents=True, exist_ok=True)
    image = Path(card) if card else out / "card.img"
    new = card and not image.exists()
    config = prepare(board, profile, image, seed, video, progress, say)
    if new:
        say(NEW.format(image))
    image = Path(config["card"])
    _check_keys(image, keys)
    config.update({"acts": acts, "out": str(out), "changes": changes, "battery": battery})
    result_path = out / "result.json"
    result_path.unlink(missing_ok=True)
    config_path = out / "config.json"
    config_path.write_text(json.dumps(config), encoding="utf-8")
    status = _launch(interpreter, config_path, out / "console.txt", acts[-1][0], progress, tell)
    if not result_path.exists():
        raise RunError(last_words(out / "console.txt", status))
    result = json.loads(result_path.read_text(encoding="utf-8"))
    if result["error"] and shutil.disk_usage(image.parent).free < _FULL_BYTES:
        result["error"] += "; this computer's disk is full"  # to the camera it is a failing card
    if not result["stages"]:
        say("the camera was never on: a script begins with `0:00 boot`")
    result["interpreter"] = interpreter
    result["wall_ms"] = round((time.monotonic() - started_s) * 1000)
    result["card"]["path"] = str(image)
    result["out"] = str(out)
    result_path.write_text(json.dumps(result, indent=1), encoding="utf-8")
    return result


def expectations(script):
    """Return how often a script, a path or None for DEMONSTRATION, says `expect`."""
    return sum(verb == "expect" for _, verb, *_ in _acts(script))


NEW = "{} was not there: it is a new card, with its camera and keys beside it"


def prepare(board, profile, image, seed=0, video=None, progress=None, say=None):
    """Return what a camera's process needs beside `acts` and `out`; make what is absent.

    Raises:
        InputError: one of these cannot be used.
    """
    about = _board(board)
    if profile not in _profiles():
        raise InputError(f"no profile '{profile}'; there are {', '.join(_profiles())}")
    folder = _clip(
        video, about, progress or (lambda what, done, of: None), say or (lambda text: None)
    )
    image = _image(image, seed)
    return {
        "board": board,
        "profile": profile,
        "seed": seed,
        "clip": str(folder),
        "card": str(image),
        "camera": f"{image}.camera",
        "station": station_of(image),
    }


def _board(board):
    try:
        return load(board)
    except BoardError as error:
        raise InputError(str(error)) from None


def _profiles():
    sys.path[:0] = [str(ROOT / "firmware"), str(HERE / "shim")]
    try:
        from bodycam.profile import PROFILES
    finally:
        del sys.path[:2]
    return sorted(PROFILES)


def _acts(script):
    if script is None:
        return parse(DEMONSTRATION)
    try:
        return parse(Path(script).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8; save it as UTF-8"
        raise InputError(f"cannot read the script {script}: {reason}") from None
    except ScriptError as error:
        raise InputError(f"{script}: {error}") from None


def _image(image, seed):
    """Return the path of a card image that a camera can use; make it where there is none."""
    image = image.resolve()
    try:
        if not image.exists():
            evidence_card.new(image, seed=seed)
        with Medium(image) as medium:
            layout = medium.layout
            size_bytes = medium.size_bytes
    except evidence_errors.InputError as error:
        raise InputError(str(error)) from None
    if layout is None:
        raise InputError(
            f"{image} is damaged: it has no superblock; `card salvage` reads what is left"
        )
    if size_bytes < (layout.first_lba + layout.segments * 8192) * SECTOR:
        raise InputError(f"{image} is truncated: it is smaller than its superblock says")
    camera = Path(f"{image}.camera") / "log.bin"
    for path in (image, camera):
        if not path.exists():
            raise InputError(f"{path} is missing: the camera's own flash belongs to the card")
        if not os.access(path, os.W_OK):
            raise InputError(f"{path} is read-only")
    return image


def _check_keys(image, keys):
    """Refuse folders of keys of which none belongs to the card's camera; none at all are fine."""
    from tools.evidence.case import Case

    try:
        with Case(image, f"{image}.camera", tuple(keys)):
            pass
    except evidence_errors.InputError as error:
        raise InputError(str(error)) from None


def station_of(image):
    """Return what a station knows of the camera beside `image`; None without its keys."""
    path = Path(f"{image}.keys") / "station.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def _clip(video, about, progress, say):
    row = about.CAMERA
    try:
        return clips.prepare(
            video,
            row["size_px"],
            row["jpeg_quality"],
            bootstrap.CACHE / "pictures",
            lambda done, of: progress("video", done, of),
            say,
            row.get("show_px"),
        )
    except clips.ClipError as error:
        raise InputError(str(error)) from None


def command(interpreter, module, config_path):
    """Return the command that runs `main` of `module` with a configuration file."""
    if interpreter == "wasm":
        package = bootstrap.NODE_MODULES / "@micropython" / "micropython-webassembly-pyscript"
        words = (HERE / "wasm_host.mjs", package, ROOT, config_path)
        return [bootstrap.node(), *map(str, words)]
    paths = [str(ROOT / "firmware"), str(ROOT)]
    if interpreter == "unix":
        micropython = bootstrap.micropython()
        if micropython is None:
            raise InputError(
                "MicroPython's unix port has no build for this computer; take --on wasm"
            )
        host = "tools.sim.host_micropython"
        code = _START.format(paths=paths, host=host, module=module, config=str(config_path))
        return [*micropython, "-X", f"heapsize={_UNIX_HEAP}", "-c", code]
    paths.insert(0, str(HERE / "shim"))
    host = "tools.sim.host_cpython"
    code = _START.format(paths=paths, host=host, module=module, config=str(config_path))
    return [sys.executable, "-u", "-c", code]  # what it prints is told as it happens


def _launch(interpreter, config_path, console_path, end_ms, progress, tell):
    with (
        open(console_path, "w", encoding="utf-8") as console,
        subprocess.Popen(
            command(interpreter, "tools.sim.runner", config_path),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
    ):
        try:
            for line in process.stdout:
                if line.startswith("@ "):
                    progress("script", min(int(line[2:]), end_ms), end_ms)
                elif line.startswith("! "):
                    tell(json.loads(line[2:]))
                else:
                    console.write(line)
            return process.wait()
        except BaseException:
            process.kill()
            raise


def last_words(console_path, status):
    """Return what a process that broke said last, in one line."""
    lines = console_path.read_text(encoding="utf-8").splitlines()
    last = next((line.strip() for line in reversed(lines) if line.strip()), f"status {status}")
    return f"the simulation broke: {last} (all it printed: {console_path})"
