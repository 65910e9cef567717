"""For how long the battery lasts: in each stage, and at the use that this camera typically has."""

from micropython import const

# A shift's use where nobody knows better, in permille of its time: ten times the mirror for 3
# minutes and four recordings of 7.4 minutes in twelve hours.
TYPICAL = {"idle": 917, "display_on": 42, "recording": 41}

_ORDER = ("idle", "display_on", "recording")
_TYPICAL_MIN = const(1000)  # TYPICAL counts as if it had been seen for so long: 1.4 shifts
_MOST_MIN = const(100_000)  # some 140 shifts: beyond it, what is older fades
_LATE_MIN = const(5040)  # seven shifts: those of one place hardly ever draw on average
_MOVED_PCT = const(25)  # so much more or less than all; where they do, it is another place
_PLACES_PCT = const(16)  # by which what places draw differs, one standard deviation: estimate
_MINUTE_MS = const(60_000)
_PLAN_MIN = const(240)  # for what lies ahead of this shift, what is expected counts as so much
_WHOLE = const(10_000)  # times minutes: whole numbers that take no heap


class Outlook:
    """Reckons with `estimate` and `learning`. `expected` is {stage: its share of the time, in
    1/10,000}: what was seen in all shifts so far; `today` likewise, as this shift goes.
    """

    def __init__(self, estimate, learning):
        self._estimate, self._learning = estimate, learning
        self._lived_ms = {stage: 0 for stage in _ORDER}  # less than a minute, after `mix`
        self._lived_min = {stage: 0 for stage in _ORDER}
        self._late_min = {stage: 0 for stage in _ORDER}  # of them, since `_fade`
        self._today_min = {stage: 0 for stage in _ORDER}
        self.expected, self.today = {}, {}
        self.mix()

    def live(self, stage: str, ms: int):
        """Note that the camera was in `stage` for `ms`. Allocates nothing."""
        if stage == "armed":
            stage = "display_on"  # which draws as much
        if stage in self._lived_ms:
            self._lived_ms[stage] += ms

    def new_shift(self):
        """Forget how this shift went."""
        for stage in _ORDER:
            self._today_min[stage] = 0

    def mix(self):
        """Reckon both mixes; at least once in some days."""
        for stage in _ORDER:
            minutes = self._lived_ms[stage] // _MINUTE_MS
            self._lived_ms[stage] %= _MINUTE_MS
            self._lived_min[stage] += minutes
            self._late_min[stage] += minutes
            self._today_min[stage] += minutes
        if sum(self._late_min.values()) >= _LATE_MIN:
            self._fade()
        all_min = _TYPICAL_MIN + sum(self._lived_min.values())
        today_min = _PLAN_MIN + sum(self._today_min.values())
        for stage in _ORDER:
            share = (TYPICAL[stage] + self._lived_min[stage]) * _WHOLE // all_min
            self.expected[stage] = share
            minutes = self._today_min[stage]
            self.today[stage] = (_PLAN_MIN * share + minutes * _WHOLE) // today_min

    def _fade(self):
        # Forget the use of a place that the camera has left, or a little of what is oldest.
        lived, late = self._lived_min, self._late_min
        seen_min = sum(lived.values())
        usual_ua, late_ua = self._ua(lived, seen_min), self._ua(late, sum(late.values()))
        moved = abs(late_ua - usual_ua) * 100 > usual_ua * _MOVED_PCT
        for stage in _ORDER:
            if moved:
                lived[stage] = late[stage]
            elif seen_min > _MOST_MIN:
                lived[stage] -= lived[stage] * _LATE_MIN // _MOST_MIN
            late[stage] = 0

    @property
    def reserve_share(self) -> int:
        """The charge with which nothing can be recorded any more, in hundredths of a percent."""
        return self._estimate.ends_at(self._learning.ua["recording"])

    def minutes(self, stage: str) -> int:
        """Return for how many minutes `stage` lasts."""
        return self._estimate.minutes(self._learning.ua[stage], self.reserve_share)

    def minutes_expected(self) -> int:
        """Return for how many minutes the expected use lasts."""
        return self._at(self.expected)

    def minutes_today(self) -> int:
        """Return for how many minutes it lasts if this shift goes on as it goes."""
        return self._at(self.today)

    def _at(self, shares):
        return self._estimate.minutes(self._ua(shares, _WHOLE), self.reserve_share)

    def _ua(self, shares, whole):
        ua = self._learning.ua
        drawn = ua["idle"] // 4 * shares["idle"]
        drawn += ua["display_on"] // 4 * shares["display_on"]
        return (drawn + ua["recording"] // 4 * shares["recording"]) // (whole // 4)

    def unsure_permille(self) -> int:
        """Return by how many permille the expected use's current may be off while the use itself
        is what is expected, one standard deviation.
        """
        return self._learning.unsure_permille(self.expected)

    def unsure_pct(self) -> int:
        """Return by how many percent the minutes may be off, one standard deviation: for what is
        in the battery, for what the camera draws, and for how it will be used.
        """
        left = max(1, self._estimate.share - self.reserve_share)
        charge = 100 * self._estimate.unsure_share() / left
        drawn = self.unsure_permille() / 10
        seen_min = sum(self._lived_min.values())
        use2 = _PLACES_PCT * _PLACES_PCT * _TYPICAL_MIN / (_TYPICAL_MIN + seen_min)
        return int((charge * charge + drawn * drawn + use2) ** 0.5 + 0.5)

    # Kept from shift to shift

    def row(self) -> list:
        """Return what to keep: minutes seen in idle, with the display on, and in recordings; the
        same of the last shifts alone.
        """
        return self._row(self._lived_min) + self._row(self._late_min)

    def _row(self, seen_min):
        minutes = []
        for stage in _ORDER:
            minutes.append(seen_min[stage] + (self._lived_ms[stage] + 30_000) // _MINUTE_MS)
        return minutes

    def restore(self, row):
        """Take what `row` returned in an earlier shift; what is no such row changes nothing."""
        if type(row) is not list or len(row) != 2 * len(_ORDER):
            return
        if not all([type(value) is int and 0 <= value <= 2 * _MOST_MIN for value in row]):
            return
        for i in range(len(_ORDER)):
            self._lived_min[_ORDER[i]] = row[i]
            self._late_min[_ORDER[i]] = row[len(_ORDER) + i]
        self.mix()
