"""Starts the camera. For 300 ms after power-up Ctrl-C leads to the prompt, so that tools can
reach a camera in any state.

What starts is a release in a slot, or else the firmware beside this file. Which key signs releases
is said by `release.py`, which the maker of an interpreter's image freezes into it, or nobody.
"""

import sys
import time

import board
import machine

from bodycam.slots import Slots

try:
    from release import PUBLIC
except ImportError:
    PUBLIC = None

time.sleep_ms(300)
slots = Slots(board.ID, PUBLIC)
folder = slots.enter()
if folder:
    sys.path.insert(0, folder)
    for name in list(sys.modules):
        if name.split(".")[0] in ("board", "bodycam", "drivers"):
            del sys.modules[name]
try:
    import board

    from bodycam.app import App

    App(board, slots=slots).run()
except Exception:
    if not slots.on_trial:
        raise
    machine.reset()  # its one try is used up: the version before it starts
