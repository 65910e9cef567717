"""`sim --serve`: simulated cameras behind ptys that a dock cannot tell from USB serial ports."""

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tools.sim import headless

_LOOK_S = 0.5
_ACTS = [[0, "cable", [True], 1], [0, "boot", [], 2]]


def serve(board, interpreter, cards, profile, seed, say):
    """Run a camera for each card image, in real time, until standard input closes.

    A card that is made gets `seed` plus its place among them. Prints one line `port PATH` for each
    on standard output. `say(text)` is told where the cameras' own words go.

    Raises:
        headless.InputError: an image, a board or an interpreter cannot be used.
        headless.RunError: a camera ended.
    """
    if os.name == "nt":
        raise headless.InputError("--serve needs ptys, which Windows does not have")
    if interpreter == "wasm":
        raise headless.InputError("--serve runs on unix or cpython: wasm has no serial port")
    images = [Path(card).resolve() for card in cards]
    if not images or len(set(images)) < len(images):
        raise headless.InputError("--serve needs --card IMG, another one for each camera")
    new = [image for image in images if not image.exists()]
    # One seed for all would make one camera of them: the same id, the same keys.
    configs = [
        headless.prepare(board, profile, image, seed + number)
        for number, image in enumerate(images)
    ]
    for image in new:
        say(headless.NEW.format(image))
    out = Path(tempfile.mkdtemp(prefix="bodycam-serve-"))
    say(f"the cameras' words are in {out}")
    with ExitStack() as stack:
        cameras = []
        for number, config in enumerate(configs):
            path = out / f"{number}.json"
            path.write_text(json.dumps({**config, "acts": _ACTS, "out": str(out)}), "utf-8")
            cameras.append(_start(stack, interpreter, path))
        _wait(cameras, say)
    shutil.rmtree(out)  # where a camera ended by itself, its words stay


def _start(stack, interpreter, path):
    import tty

    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    stack.callback(os.close, slave)  # kept open: without it the camera reads errors, not nothing
    console = stack.enter_context(open(path.with_suffix(".txt"), "w", encoding="utf-8"))
    command = headless.command(interpreter, "tools.sim.live", path)
    process = subprocess.Popen(command, stdin=master, stdout=master, stderr=console)
    os.close(master)
    stack.callback(process.wait)
    stack.callback(process.kill)
    print("port", os.ttyname(slave), flush=True)
    return process, Path(console.name)


def _wait(cameras, say):
    """Return when standard input closes."""
    while True:
        if select.select([sys.stdin], [], [], _LOOK_S)[0] and not os.read(0, 4096):
            say("standard input is closed: the cameras are gone")
            return
        for process, console in cameras:
            if process.poll() is not None:
                raise headless.RunError(headless.last_words(console, process.returncode))
