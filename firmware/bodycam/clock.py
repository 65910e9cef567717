"""Time: a wrapping tick counter for deadlines, an uptime that does not wrap, and UTC with how
far to trust it.
"""

UNSET = 0  # nobody told this camera the time
CHIP = 1  # from the clock chip, kept since somebody set it
STATION = 2  # set by an authenticated station in this epoch

_STAMP_MASK = 0x3FFFFFFF


_HOUR_S = 3600
_DAY_S = 86_400


def is_eu_summer(utc_s: int) -> bool:
    """Return whether summer time holds in the European Union: from the last Sunday of March to the
    last of October, both at 01:00 UTC (directive 2000/84/EC).
    """
    # An hour earlier both begin at midnight. Days are counted from 1 March 2000, a Wednesday.
    days = (utc_s - _HOUR_S) // _DAY_S - 11_017
    era_days = days % 146_097
    of_century = min(era_days // 36_524, 3)
    rest = era_days - of_century * 36_524
    rest %= 1461
    of_year = rest - min(rest // 365, 3) * 365  # 0 is 1 March
    weekday = (days + 3) % 7  # 0 is Sunday
    # The last Sunday that was, or today: 31 March is day 30, 31 October day 244.
    sunday = of_year - weekday
    if of_year <= 30:
        return sunday >= 24
    return of_year < 238 or of_year <= 244 and sunday < 238


class Clock:
    """Wraps MicroPython's `time` module, which is passed in so that tests own the time.

    `ticks_ms`, `ticks_us`, `diff`, `add`, `sleep_ms` and `sleep_us` are the module's functions.
    Ticks wrap (2**30 ms, 12.4 days on ESP32): compare them with `diff` only.
    """

    def __init__(self, time):
        self.ticks_ms = time.ticks_ms
        self.ticks_us = time.ticks_us
        self.diff = time.ticks_diff
        self.add = time.ticks_add
        self.sleep_ms = time.sleep_ms
        self.sleep_us = time.sleep_us
        self.trust = UNSET
        self._last = time.ticks_ms()
        self.up_ms = 0  # milliseconds since construction, at the last `tick`
        self._utc_at_boot_s = 0

    def tick(self) -> int:
        """Return the ticks now, and bring `up_ms` up to them.

        Call it at least once in six days.
        """
        now = self.ticks_ms()
        self.up_ms += self.diff(now, self._last)
        self._last = now
        return now

    def uptime_ms(self) -> int:
        """Return milliseconds since construction."""
        self.tick()
        return self.up_ms

    def stamp(self) -> int:
        """Return the uptime in milliseconds modulo 2**30: the `t_ms` of records and blocks."""
        return self.uptime_ms() & _STAMP_MASK

    def utc_s(self) -> "int | None":
        """Return seconds since 1970-01-01 UTC, or None while the time is unset."""
        if self.trust == UNSET:
            return None
        return self._utc_at_boot_s + self.uptime_ms() // 1000

    def local_min(self, profile) -> "int | None":
        """Return the local time in minutes since 1970, None while the time is unset.

        `profile` has `utc_offset_min` and `eu_summer_time`.
        """
        utc_s = self.utc_s()
        if utc_s is None:
            return None
        summer = profile["eu_summer_time"] and is_eu_summer(utc_s)
        return utc_s // 60 + profile["utc_offset_min"] + (60 if summer else 0)

    def set_utc(self, utc_s: int, trust: int) -> "int | None":
        """Take `utc_s` (seconds since 1970) with `trust`; return the step in seconds, None if
        it was unset.
        """
        before = self.utc_s()
        self._utc_at_boot_s = utc_s - self.uptime_ms() // 1000
        self.trust = trust
        return None if before is None else utc_s - before
