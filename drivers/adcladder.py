"""One of several buttons that share a pin: each pulls it to a voltage of its own."""

from micropython import const

_SETTLE_MS = const(5)  # contacts bounce for less: estimate

_PRESSED = const(1)
_RELEASED = const(2)


class ADCLadder:
    """The button of a ladder that pulls to `centre_mv`, on an ADC that someone else owns.

    Within `tolerance_mv` of it the button goes down; it is up again outside of that and
    `hysteresis_mv` more. Two buttons at once are read as another one, or none. It has to be read
    every 20 ms: a change counts when it is seen a second time, 5 ms later or more, and a press
    that ends before is not seen. The first look sets the level: a button that is held while the
    camera starts is no press.
    """

    def __init__(self, adc, clock, centre_mv, tolerance_mv=100, hysteresis_mv=50):
        self._adc = adc
        self._clock = clock
        self._centre_mv = centre_mv
        self._limits_mv = (tolerance_mv, tolerance_mv + hysteresis_mv)
        self._inside = False
        self._down = None
        self._since = None  # ticks when a change was first seen

    def key_edges(self) -> int:
        """Return what happened since the last call: 1 pressed, 2 released, 0. Allocates nothing.

        Raises:
            OSError: the ADC failed.
        """
        off_mv = abs(self._adc.read_uv() // 1000 - self._centre_mv)
        down = self._inside = off_mv <= self._limits_mv[self._inside]
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
            return _PRESSED if down else _RELEASED
        return 0
