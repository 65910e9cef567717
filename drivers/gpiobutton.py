"""A button on a pin whose interrupt tells of each edge."""

from micropython import const

_SETTLE_MS = const(5)  # contacts bounce for less: estimate

_PRESSED = const(1)
_RELEASED = const(2)


class GPIOButton:
    """One button on an input pin that someone else owns, called for its level.

    `edge` is for the pin's interrupt, at both edges and hard: then every press of 5 ms or more is
    told, however late and seldom somebody asks. `disable_irq` and `enable_irq` are those of
    `machine`. A level counts once it has stood for 5 ms; the one at the start is no edge.
    """

    def __init__(self, pin, clock, disable_irq, enable_irq, pressed_level: int = 0):
        self._pin = pin
        self._clock = clock
        self._disable_irq = disable_irq
        self._enable_irq = enable_irq
        self._pressed_level = pressed_level
        self._down = pin() == pressed_level
        self._since = clock.ticks_ms()  # when that began
        self._edges = self._told = int(self._down)  # numbered: an odd one is a press

    def edge(self, pin=None) -> None:
        """Take the level: at each edge, and at each look. Allocates nothing."""
        now = self._clock.ticks_ms()
        if (
            self._down != self._edges & 1
            and self._clock.diff(now, self._since) >= _SETTLE_MS  # it stood until now
        ):
            self._edges += 1
        down = self._pin() == self._pressed_level
        if down != self._down:
            self._down = down
            self._since = now

    def pending(self) -> bool:
        """Return whether something happened that `key_edges` has not told yet, or may have."""
        return self._told != self._edges or self._down != self._told & 1

    def key_edges(self) -> int:
        """Return what happened since the last call: 1 pressed, 2 released, 3 pressed and then
        released, 0. What is more than that comes with the next calls. Allocates nothing.
        """
        state = self._disable_irq()
        self.edge()
        self._enable_irq(state)
        more = self._edges - self._told
        if not more:
            return 0
        if self._told & 1:
            self._told += 1
            return _RELEASED
        if more == 1:
            self._told += 1
            return _PRESSED
        self._told += 2
        return _PRESSED | _RELEASED
