"""Edges of a button whose level can only be looked at."""

from micropython import const

_SETTLE_MS = const(5)  # contacts bounce for less: estimate

PRESSED = const(1)
RELEASED = const(2)


class Debounce:
    """Says what became of a level that is looked at again and again.

    A change counts when it is seen a second time, 5 ms later or more. The first look sets the
    level: a button that is held while the camera starts is no press.
    """

    def __init__(self, clock):
        self._clock = clock
        self._down = None
        self._since = None  # ticks when a change was first seen

    def edges(self, down: bool) -> int:
        """Take the level; return 1 if it was pressed, 2 if released, 0. Allocates nothing."""
        if down == self._down:
            self._since = None
            return 0
        now = self._clock.ticks_ms()
        if self._down is None:
            self._down = down
        elif self._since is None:
            self._since = now
        elif self._clock.diff(now, self._since) >= _SETTLE_MS:
            self._down, self._since = down, None
            return PRESSED if down else RELEASED
        return 0
