"""The battery's health: cycles, how long it was full and hot, and when it has to be retired.

Lithium cells swell when they stay full and hot, and age with every cycle. A worn cell shows itself
by a resistance that has doubled and by a camera that needs more of its battery than it used to.
"""

from micropython import const

_FULL = const(9500)  # hundredths of a percent
_HOT_C10 = const(350)
_COLD_C10 = const(100)  # below it resistance says nothing about age
_HOUR_MS = const(3_600_000)

# When it has to be retired: makers rate cells for some 500 cycles to 80 %; resistance is twice as
# high then; a quarter of a year full and hot is what swollen packs have in common (estimate).
_MOST_CYCLES = const(500)
_MOST_FADE_PCT = const(25)
_MOST_RESISTANCE_PCT = const(220)
_MOST_HOT_FULL_H = const(2000)


class Health:
    """Counts what ages `battery`, a board file's BATTERY."""

    def __init__(self, battery):
        self._new_mohm = battery["resistance_mohm"]
        self._row = [0, 0, 0, 0, 0, self._new_mohm]
        self._share = None
        self._at_ms = None
        self._full_ms = self._hot_ms = 0

    def note(self, share: int, c10: "int | None", up_ms: int, cable: bool):
        """Take a reading: charge in hundredths of a percent, tenths of a degree, uptime, and
        whether a cable is in: then a fall is the gauge's unrest, all night long.
        """
        if not cable and self._share is not None and self._share > share:
            self._row[0] += self._share - share
        self._share = share
        ms = up_ms - self._at_ms if self._at_ms is not None else 0
        self._at_ms = up_ms
        if share >= _FULL:
            self._full_ms += ms
            self._hot_ms += ms if c10 is not None and c10 >= _HOT_C10 else 0
        if self._full_ms >= _HOUR_MS:
            self._full_ms -= _HOUR_MS
            self._row[1] += 1
        if self._hot_ms >= _HOUR_MS:
            self._hot_ms -= _HOUR_MS
            self._row[2] += 1

    def sagged(self, mohm: "int | None", c10: "int | None"):
        """Take a resistance as just measured, at tenths of a degree; None changes nothing. One
        that was measured in the cold still says nothing when the battery is warm again.
        """
        if mohm and (c10 is None or c10 >= _COLD_C10):
            self._row[5] += (mohm - self._row[5]) // 4

    def judge(self, appetite_pct: int, sure: bool):
        """Take the appetite (percent of the table's, learning.py) as it is known.

        The first one that is `sure` is that of the new battery.
        """
        row = self._row
        if sure:
            row[3] = row[3] or appetite_pct
            row[4] = appetite_pct

    def facts(self) -> dict:
        """Return what a station wants to know: `cycles`, `full_h` and of it `hot_full_h` hours,
        `resistance_pct` of a new cell's, as measured where it was warm,
        `fade_pct` of capacity since the first shifts, and `retire`, the reasons for which the
        battery has to go.
        """
        fallen, full_h, hot_full_h, first_pct, now_pct, mohm = self._row
        fade_pct = max(0, 100 - 100 * first_pct // now_pct) if now_pct else 0
        facts = {
            "cycles": fallen // 10_000,
            "full_h": full_h,
            "hot_full_h": hot_full_h,
            "resistance_pct": mohm * 100 // self._new_mohm,
            "fade_pct": fade_pct,
        }
        limits = (
            ("cycles", _MOST_CYCLES),
            ("hot_full_h", _MOST_HOT_FULL_H),
            ("resistance_pct", _MOST_RESISTANCE_PCT),
            ("fade_pct", _MOST_FADE_PCT),
        )
        facts["retire"] = [name for name, most in limits if facts[name] > most]
        return facts

    def row(self) -> list:
        """Return what to keep: charge drawn in hundredths of a percent, hours full, hours full
        and hot, appetite in percent when new and now, resistance in milliohm.
        """
        return list(self._row)

    def restore(self, row):
        """Take what `row` returned in an earlier shift, or the beginning of it; what is no such
        row changes nothing.
        """
        if type(row) is list and len(row) <= len(self._row):
            if all([type(value) is int and value >= 0 for value in row]):
                self._row[: len(row)] = row
