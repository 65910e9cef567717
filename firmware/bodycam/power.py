"""The battery: percent as far as the board can measure it, alarms, and the end before the
voltage ends.
"""

from micropython import const

ALARMS_PCT = (20, 10)
EMPTY_PCT = const(3)

_PERIOD_MS = const(10_000)


class Power:
    """Watches `gauge` (`percent()`, `charging()`; None where the board has none).

    `sample(pct)` is called with each reading, `alarm(pct)` once per level on the way down,
    `empty()` on every reading at or below 3 % without charging.
    """

    def __init__(self, gauge, sample, alarm, empty):
        self._gauge = gauge
        self._sample = sample
        self._alarm = alarm
        self._empty = empty
        self._told = 0
        self.percent = None
        self.charging = False
        self.errors = 0

    def step(self, now: int) -> int:
        """Read the gauge; return milliseconds until the next reading."""
        if self._gauge is None:
            return 600_000
        self._read()
        if self.percent is not None:
            self._sample(self.percent)
            self._judge(self.percent)
        return _PERIOD_MS

    def _read(self):
        try:
            self.percent = self._gauge.percent()
            self.charging = self._gauge.charging()
        except OSError:
            self.errors += 1
            self.percent = None

    def _judge(self, percent):
        if self.charging:
            self._told = 0
        while (
            not self.charging
            and self._told < len(ALARMS_PCT)
            and percent <= ALARMS_PCT[self._told]
        ):
            self._told += 1
            self._alarm(percent)
        if percent <= EMPTY_PCT and not self.charging:
            self._empty()
