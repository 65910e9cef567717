"""For how long the battery lasts: in each stage, and at the use that the shift has on average."""

from micropython import const

# The shift's typical use, in permille of its time: ten times the mirror for 3 minutes and four
# recordings of 7.4 minutes in twelve hours.
TYPICAL = {"idle": 917, "display_on": 42, "recording": 41}

_PLAN_MS = const(14_400_000)  # TYPICAL counts as if it had been seen for four hours


class Outlook:
    """Reckons with `estimate` and `learning`. `expected` is {stage: permille of the time}."""

    def __init__(self, estimate, learning):
        self._estimate, self._learning = estimate, learning
        self._lived_ms = {stage: 0 for stage in TYPICAL}  # in this shift
        self.expected = dict(TYPICAL)

    def live(self, stage: str, ms: int):
        """Note that the camera was in `stage` for `ms`. Allocates nothing."""
        if stage in self._lived_ms:
            self._lived_ms[stage] += ms

    def new_shift(self):
        """Forget how this shift went."""
        for stage in TYPICAL:
            self._lived_ms[stage] = 0

    def mix(self):
        """Reckon the use that is expected, from TYPICAL and from what was seen in this shift."""
        seen_ms = sum(self._lived_ms.values()) + _PLAN_MS
        for stage in TYPICAL:
            ms = self._lived_ms[stage] + _PLAN_MS // 1000 * TYPICAL[stage]
            self.expected[stage] = ms * 1000 // seen_ms

    @property
    def reserve_share(self) -> int:
        """The charge with which nothing can be recorded any more, in hundredths of a percent."""
        return self._estimate.ends_at(self._learning.ua["recording"])

    def minutes(self, stage: str) -> int:
        """Return for how many minutes `stage` lasts."""
        return self._estimate.minutes(self._learning.ua[stage], self.reserve_share)

    def minutes_expected(self) -> int:
        """Return for how many minutes the expected use lasts."""
        return self._estimate.minutes(self.expected_ua(), self.reserve_share)

    def expected_ua(self) -> int:
        """Return what the expected use draws, in microamperes."""
        ua = 0
        for stage in TYPICAL:
            ua += self.expected[stage] * self._learning.ua[stage] // 1000
        return ua

    def unsure_permille(self) -> int:
        """Return by how many permille the expected use's current may be off, one standard
        deviation.
        """
        return self._learning.unsure_permille(self.expected)

    def unsure_pct(self) -> int:
        """Return by how many percent the minutes may be off, one standard deviation."""
        left = max(1, self._estimate.share - self.reserve_share)
        return (self.unsure_permille() + 5) // 10 + 100 * self._estimate.unsure_share() // left
