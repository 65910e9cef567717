"""What this camera really draws: the board file's table, corrected from shift to shift.

One factor for all stages, which age and the true capacity of the battery move too, and one for
each. Whenever the gauge has fallen by some percent, what the table foretold is compared with it:
the difference goes to the factors in the measure in which each was to blame and is still unsure
(a Kalman filter that keeps no correlations). So 5 factors and their 5 uncertainties are the whole
memory, ten small numbers in a POWER entry of the log.
"""

from bodycam.currents import STAGES

_ALL = len(STAGES)  # the place of the common factor
_UNSURE = 0.15  # of a factor that nobody has measured: estimate
_BETWEEN_SHIFTS = 0.02  # by how much a factor may move meanwhile
_GAUGE = 0.008  # of its range, the error of a difference of two of a gauge's readings: estimate
_LOWEST, _HIGHEST = 0.3, 3.0


class Learning:
    """Factors of the currents `table_ua` {stage: microamperes}, of a battery of `full_uah`."""

    def __init__(self, table_ua, full_uah):
        self._table_ua = table_ua
        self._full_uah = full_uah
        self._factors = [1.0] * (_ALL + 1)
        self._unsure = [_UNSURE] * (_ALL + 1)
        self.ua = {}  # stage: microamperes as it is expected now
        self._foretold_uah = [0] * _ALL  # since the last comparison
        self._apply()

    def _apply(self):
        for i in range(_ALL):
            factor = self._factors[i] * self._factors[_ALL]
            self.ua[STAGES[i]] = int(self._table_ua[STAGES[i]] * factor)

    def retable(self, table_ua: dict):
        """Take the currents of other settings; the factors stay."""
        self._table_ua = table_ua
        self._apply()

    def foretell(self, stage: str, uah: int):
        """Note that `stage` should have drawn `uah` microampere-hours. Allocates nothing."""
        if stage in STAGES:
            self._foretold_uah[STAGES.index(stage)] += uah

    def forget(self):
        """Begin a new comparison."""
        for i in range(_ALL):
            self._foretold_uah[i] = 0

    def compare(self, drawn_uah: int):
        """Learn from `drawn_uah`, the gauge's fall since the last comparison, and begin anew."""
        parts = self._foretold_uah + [sum(self._foretold_uah)]
        off = drawn_uah - parts[_ALL]
        noise = _GAUGE * self._full_uah
        weights = [self._unsure[i] ** 2 * parts[i] for i in range(_ALL + 1)]
        total = noise * noise + sum([weights[i] * parts[i] for i in range(_ALL + 1)])
        for i in range(_ALL + 1):
            gain = weights[i] / total
            factor = self._factors[i] * (1 + gain * off)
            self._factors[i] = max(_LOWEST, min(factor, _HIGHEST))
            self._unsure[i] *= max(0.0, 1 - gain * parts[i]) ** 0.5
        self._apply()
        self.forget()

    def unsure_pct(self, shares: dict) -> int:
        """Return how far off, in percent, a mix of stages may be: {stage: its share of the
        charge, permille}; one standard deviation.
        """
        variance = self._unsure[_ALL] ** 2
        for stage, share in shares.items():
            variance += (self._unsure[STAGES.index(stage)] * share / 1000) ** 2
        return int(100 * variance**0.5 + 0.5)

    @property
    def appetite_pct(self) -> int:
        """How much of the battery this camera needs, in percent of what the table says."""
        return int(self._factors[_ALL] * 100 + 0.5)

    def row(self) -> list:
        """Return what to keep: factors and uncertainties in permille."""
        return [int(value * 1000 + 0.5) for value in self._factors + self._unsure]

    def restore(self, row):
        """Take what `row` returned in an earlier shift; what is no such row changes nothing."""
        if type(row) is not list or len(row) != 2 * _ALL + 2:
            return
        if not all([type(value) is int and 0 <= value <= 1000 * _HIGHEST for value in row]):
            return
        self._factors = [max(_LOWEST, value / 1000) for value in row[: _ALL + 1]]
        self._unsure = [min(value / 1000 + _BETWEEN_SHIFTS, _UNSURE) for value in row[_ALL + 1 :]]
        self._apply()
