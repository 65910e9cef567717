"""Lets a camera write its own discharge log, and takes it from the camera: `doctor --discharge`.

A cable charges, so nothing can be watched: CODE runs in place of main.py, lets the camera work as
ever, and appends a line a minute to a file of its own while no cable is in. Each boot begins a
discharge of its own, and so does each pulled cable: the seconds begin anew.
"""

from pathlib import Path

from tools.flash.link import CameraError

FILE = "/discharge.csv"
KEPT = "/main.kept"  # main.py meanwhile
_NEW = "/discharge.new"
_PIECE_BYTES = 4096

CODE = (
    """# Writes a discharge log; `doctor --discharge` puts main.py back.
import time
import board
from bodycam.app import App

time.sleep_ms(300)
app = App(board)
app.start()
last = time.ticks_ms()
ms = 0
while True:
    wait_ms = app.step()
    if wait_ms:
        app.rest(min(wait_ms, 5000))
    now = time.ticks_ms()
    if time.ticks_diff(now, last) >= 60000:
        ms += time.ticks_diff(now, last)
        last = now
        power = app.power
        if power.cable:
            ms = 0
        try:
            share = app.chips.gauge.charge_pct100()
        except OSError:
            share = None
        if share is not None and not power.cable:
            with open("%s", "a") as file:
                file.write("%%d,%%s,%%.2f\\n" %% (ms // 1000, power.stage, share / 100))
"""
    % FILE
)

HOW = (
    "The camera writes its battery's charge now. Charge it, pull the cable, and let it empty "
    "itself, each stage for at least a quarter of the charge; best three times. Then plug it in "
    "and run this command again."
)


class RecordingError(Exception):
    """Why a discharge cannot be recorded, in one plain line."""


def record(link, path: Path) -> str:
    """Let the camera at `link` write a log, or take what it wrote into `path` and let it work as
    before; return what was done, in words. `path` must not be there yet.

    Raises:
        RecordingError: it has no firmware, or `path` cannot be written: nothing has changed.
        tools.flash.link.LinkError: the camera or its line failed.
    """
    if not link.call("digest", KEPT):
        _begin(link)
        return HOW
    told = link.call("digest", FILE)
    text = _taken(link, told[0]) if told else b""
    lines = text.count(b"\n")
    if not lines:
        return "The camera has written nothing yet. " + HOW
    try:
        path.write_bytes(b"# seconds,stage,pct\n" + text)
    except OSError as error:
        raise RecordingError(f"cannot write {path}: {error.strerror}") from None
    link.call("move", [(KEPT, "/main.py")])
    link.call("remove", [FILE])
    return (
        f"{lines} readings are in {path}, and the camera works as before. Now: shift --calibrate"
    )


def _begin(link):
    if not link.call("digest", "/main.py"):
        raise RecordingError("there is no firmware on the camera: flash it first")
    link.call("remove", [FILE])
    link.put(_NEW, CODE.encode())
    # Two renames: a cut between them leaves a camera that stays at its prompt, and `flash` helps.
    link.call("move", [("/main.py", KEPT), (_NEW, "/main.py")])


def _taken(link, total_bytes):
    pieces = [
        link.call("piece", FILE, at, _PIECE_BYTES) for at in range(0, total_bytes, _PIECE_BYTES)
    ]
    text = "".join(pieces)
    if len(text) != total_bytes:
        raise CameraError("the camera's file is shorter than it says; try again", 0)
    return text.encode()
