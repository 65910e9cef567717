"""The command `dock`: download, verify, store, release. Words and progress on standard error."""

import json
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tools.evidence.errors import InputError

from .display import Display, closing, waiting
from .docking import Docking, Stopped
from .plain import plain
from .stamp import Stamper
from .station import Station
from .updating import Release
from .vault import Vault

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

_LOOK_S = 0.5
_INTERRUPTED = 130
_NAME_BYTES = 52
_EARLIEST_S = 1_577_836_800  # 2020-01-01: a camera takes no time before it
# Who makes the USB ports of our boards: Espressif, Raspberry Pi, MicroPython.
_MAKERS = (0x303A, 0x2E8A, 0xF055)


@dataclass
class Options:
    """What all dockings of one run share."""

    enrol: str = ""
    profile: str = ""
    release_damaged: bool = False
    card_lost: bool = False
    clock_right: bool = False
    stamper: "Stamper | None" = None
    release: "Release | None" = None


@app.command()
def dock(
    vault: Annotated[
        list[str],
        typer.Option(
            help="Folder, or URL as s3://bucket/prefix; a second one gets a second copy."
        ),
    ],
    keys: Annotated[list[Path], typer.Option(help="The station's folder of keys; repeatable.")],
    port: Annotated[
        list[str] | None,
        typer.Option(help="Serial port of a camera, repeatable; without it all that are found."),
    ] = None,
    enrol: Annotated[
        str, typer.Option(help="Enrol a new camera under this name, 52 bytes at most.")
    ] = "",
    profile: Annotated[
        Path | None, typer.Option(help="Profile for the cameras, a JSON file.")
    ] = None,
    timestamp: Annotated[str, typer.Option(help="URL of a time stamp service (RFC 3161).")] = "",
    timestamp_ca: Annotated[
        Path | None, typer.Option(help="PEM file with the certificates that vouch for it.")
    ] = None,
    release_damaged: Annotated[
        bool,
        typer.Option(
            "--release-damaged", help="Release also what the card has damaged, once it is copied."
        ),
    ] = False,
    card_lost: Annotated[
        bool,
        typer.Option(
            "--card-lost",
            help="Go on with the new card in the camera on --port: what was on the one before and "
            "is in no vault is given up, and custody says so.",
        ),
    ] = False,
    clock_right: Annotated[
        bool,
        typer.Option(
            "--clock-right",
            help="This computer's clock was looked at and is right, whatever its custody says.",
        ),
    ] = False,
    update: Annotated[
        Path | None,
        typer.Option(help="Release for the cameras, a folder that `release sign` made."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
):
    """Take every recording off the cameras: copied, read back, proved, and only then released.

    Without --port it takes every camera that is plugged in, until Ctrl-C, which is safe at every
    moment; the next run goes on where this one ended. A store's own keys come from the
    environment, AWS_ACCESS_KEY_ID and so on. Status 0 when everything is safe.
    """
    with plain():
        station = Station(keys)
        stamper = _stamper(timestamp, timestamp_ca)
        release = Release(update) if update else None
        if card_lost and len(port or ()) != 1:
            raise InputError("--card-lost takes one camera: name its --port")
        changes = _profile(profile)
        if len(enrol.encode(errors="replace")) > _NAME_BYTES:
            raise InputError(f"the name {enrol} is too long: a camera takes {_NAME_BYTES} bytes")
        said = release_damaged, card_lost, clock_right
        options = Options(enrol, changes, *said, stamper, release)
        _there(port or ())
        if len({_place(url) for url in vault}) < len(vault):
            raise InputError("two copies in the same vault are one copy; name two vaults")
        _apart(vault, keys)
        if time.time() < _EARLIEST_S:
            raise InputError("this computer's clock is wrong: set it, cameras are set from it")
        vaults = [Vault(url) for url in vault]  # last: it makes folders
    run = _Run(station, vaults, options)
    reports = run.given(port) if port else run.found()
    if as_json:
        print(json.dumps({"cameras": [r.plain() for r in reports]}))
    closing(reports, station.demonstration)
    if run.stopped:
        return _INTERRUPTED
    return 1 if any(report.not_safe for report in reports) else 0


class _Run:
    """Dockings in threads, one for each camera; Ctrl-C stops each at its next block."""

    def __init__(self, station, vaults, options):
        self._about = station, vaults, options
        self._stop = threading.Event()
        self._reports = []

    @property
    def stopped(self):
        return self._stop.is_set()

    def given(self, ports):
        """Dock the cameras on these ports; return their reports when all are done."""
        with self._display() as show:
            threads = [self._begin(port, show) for port in dict.fromkeys(ports)]
            while any(thread.is_alive() for thread in threads):
                for thread in threads:
                    thread.join(0.05)
        return self._reports

    def found(self):
        """Dock every camera that is plugged in, until Ctrl-C."""
        running = {}
        waiting()
        with self._display() as show:
            while not self._stop.is_set():
                there = _cameras()
                for gone in [p for p in running if p not in there and not running[p].is_alive()]:
                    del running[gone]
                for port in there:
                    if port not in running:
                        running[port] = self._begin(port, show)
                self._stop.wait(_LOOK_S)
            for thread in running.values():
                thread.join()
        done = all(not report.not_safe for report in self._reports)
        if done:
            self._stop.clear()  # who ends the waiting interrupts nothing
        return self._reports

    def _begin(self, port, show):
        def progress(report):
            show(report)
            if self._stop.is_set() and report.step != "done":
                raise Stopped

        docking = Docking(*self._about[:2], port, self._about[2], progress)
        self._reports.append(docking.report)
        thread = threading.Thread(target=docking.run, daemon=True)
        thread.start()
        return thread

    def _display(self):
        def stop(*_):
            if self._stop.is_set():
                os._exit(_INTERRUPTED)
            self._stop.set()

        signal.signal(signal.SIGINT, stop)
        return Display(sys.stderr)


def _apart(vaults, folders):
    """Make sure that keys and recordings lie in different places."""
    for url in vaults:
        place = Path(_place(url))
        for folder in map(Path.resolve, folders):
            if place == folder or folder in place.parents or place in folder.parents:
                raise InputError(f"the vault {url} and the keys in {folder} lie in one folder")


def _place(url):
    """Return where a vault is, however its folder or URL is written."""
    return url.rstrip("/") if "://" in url else os.path.realpath(url)


def _cameras():
    from serial.tools import list_ports

    return [port.device for port in list_ports.comports() if port.vid in _MAKERS]


def _there(ports):
    """Make sure that each port is one: on Windows a port is no file."""
    from serial.tools import list_ports

    known = [port.device for port in list_ports.comports()]
    for port in ports:
        if port.upper() in map(str.upper, known):
            continue
        if not Path(port).exists():
            there = ", ".join(known) or "none"
            raise InputError(
                f"there is no port {port}: put the camera into the dock; serial ports that are "
                f"there: {there}"
            )
        if not _may_be_serial(port):
            raise InputError(f"{port} is no serial port: name the camera's with --port")


def _may_be_serial(path):
    # What cannot be opened now is told of when it is to be docked.
    if os.name == "nt":
        return True
    try:
        file = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except IsADirectoryError:
        return False
    except OSError:
        return True
    try:
        return os.isatty(file)
    finally:
        os.close(file)


def _stamper(url, roots):
    if bool(url) != bool(roots):
        raise InputError("--timestamp and --timestamp-ca belong together")
    return Stamper(url, roots) if url else None


def _profile(path):
    """Return the profile's text, small enough for the camera; "" without one."""
    if path is None:
        return ""
    try:
        words = json.loads(path.read_text("utf-8"))
        if not isinstance(words, dict) or not {"name", "changes"} <= set(words):
            raise ValueError
        text = json.dumps(words)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        form = '{"name": "nrw_order_service", "changes": {"remind_s": 60}}'
        what = f"{path} is no profile: one is {form}; firmware/README.md has the settings"
        raise InputError(what) from error
    if len(text.encode()) > 1024:
        raise InputError(f"{path} is too large: a camera takes 1,024 bytes")
    return text
