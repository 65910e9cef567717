"""Starts the camera. For 300 ms after power-up Ctrl-C leads to the prompt, so that tools can
reach a camera in any state.

What starts is a release in a slot, or else the firmware beside this file. Which key signs releases
is said by `release.py`, which the maker of an interpreter's image freezes into it, or nobody.

Whatever is raised that nobody foresaw, the camera says FAULT as well as it can and starts anew:
most of what happens once is gone then. Only Ctrl-C ends at the prompt.
"""

import sys
import time

import machine

board = slots = None
running = []
time.sleep_ms(300)
try:
    import board

    from bodycam.slots import Slots

    try:
        from release import PUBLIC
    except ImportError:
        PUBLIC = None
    slots = Slots(board.ID, PUBLIC)
    folder = slots.enter()
    if folder:
        sys.path.insert(0, folder)
        for name in list(sys.modules):
            if name.split(".")[0] in ("board", "bodycam", "drivers"):
                del sys.modules[name]
    import board

    from bodycam.app import App

    running.append(App(board, slots=slots))
    running[0].run()
except Exception as error:
    # A release on trial has used up its one try: the version before it starts, at once.
    if not (slots and slots.on_trial):
        sys.print_exception(error)
        try:
            from bodycam.lastwords import tell

            tell(board, error, running)
        except Exception as more:
            sys.print_exception(more)
            time.sleep_ms(60_000)  # for a tool that wants the prompt
machine.reset()
