"""What the camera says when something happens that nobody foresaw: FAULT on the display, the
lamp's amber blinking, the tones and vibrations of a fault, an entry in the log.

Each is tried, whatever became of the others; beside main.py this is the only file that catches
everything. Ctrl-C leads to the prompt meanwhile, where there is one.
"""

import gc
import time

from cryptolib import aes
from micropython import const

from bodycam import VERSION, epoch, profile
from bodycam.chips import Chips
from bodycam.clock import Clock
from bodycam.face import join
from bodycam.log import BOOT, FAULT, Log
from bodycam.signals import Signals

_WORKED_MS = const(60_000)
_SHORT_MS = const(8_000)
_LONG_MS = const(60_000)
_TURN_MS = const(20)


class _Rest(Chips):
    """The chips of a camera in trouble: whatever is wrong with one, it is missing."""

    def attempt(self, warning, act, name="", part=None):
        return None if part in self.clashes else _tried(act)


def _tried(act, *words):
    try:
        return act(*words)
    except Exception:
        return None


def tell(board, error, running):
    """Say that `error` came from the firmware of `board` (a module of boards/). `running` is a
    list with the App, if it came so far; it is taken out.

    Returns after 8 s; after 60 s where the camera had not worked for a minute before: one that
    fails at every start must not fill its log in hours.
    """
    detail = repr(error)
    reason, hold_ms, watchdog, noted = "firmware", _LONG_MS, None, False
    if running:
        app = running.pop()
        reason, watchdog = "unexpected", app.watchdog
        hold_ms = _SHORT_MS if app.clock.up_ms > _WORKED_MS else _LONG_MS
        noted = _tried(lambda: app.give_up(detail) or True)
        app = None
    gc.collect()  # gives back the camera's memory
    clock, values = Clock(time), profile.make()
    chips = _Rest(board, clock, values)
    chips.set_up_display()
    face = _tried(join, board, chips.display, values["backlight_pct"])
    signals = Signals(clock, values, chips.lamp, chips.tone, chips.motor)
    signals.stage("fault")
    signals.play("fault")
    if not noted:
        _tried(_enter, chips.flash, clock, {"why": reason, "detail": detail[:48]})
    while clock.up_ms < hold_ms:
        now = clock.tick()
        light_ms = _tried(signals.step, now) or 0
        front_ms = _tried(_show, face, now, clock.up_ms, reason) or 0
        if watchdog:
            watchdog.feed()
        clock.sleep_ms(max(_TURN_MS, min(light_ms, front_ms, 20 * _TURN_MS)))


def _show(face, now, since_ms, reason):
    face.show("fault", now, since_ms, reason)
    return face.step(now)


def _enter(flash, clock, facts):
    journal = Log(flash, aes, clock)
    epoch.settle(flash)
    journal.recover()
    journal.boot += 1
    journal.note(BOOT, {"firmware": VERSION})
    journal.note(FAULT, facts)
