"""What this camera really draws: the board file's table, corrected from shift to shift.

One factor for each stage, which age and the true capacity of the battery move too. Whenever the
gauge has fallen by some percent, what the table foretold is compared with it: the difference goes
to the factors in the measure in which each was to blame and is still unsure (a Kalman filter; at
first the factors stand and fall together, since most of what is wrong is common to all). Factors
and uncertainties are the whole memory, ten small numbers in a POWER entry of the log.
"""

from bodycam.currents import STAGES

_N = len(STAGES)
_COMMON, _OWN = 0.15, 0.13  # what nobody has measured may be off by: all together, each: estimates
_BETWEEN_SHIFTS = 0.01  # by how much all may move meanwhile
_GAUGE = 0.005  # of its range, the error of a difference of two of a gauge's readings: estimate
_LOWEST, _HIGHEST = 0.3, 8.0  # a cell of a quarter of what the board file names is still learned


class Learning:
    """Factors of the currents `table_ua` {stage: microamperes}, of a battery of `full_uah`.

    `typical` is {stage: permille of the time}, the use by which the whole is judged.
    """

    def __init__(self, table_ua, full_uah, typical):
        self._table_ua = table_ua
        self._full_uah = full_uah
        self._typical = typical
        self._factors = [1.0] * _N
        self._spread([_OWN] * _N, _COMMON)
        self.ua = {}  # stage: microamperes as it is expected now
        self._foretold_uah = [0] * _N  # since the last comparison
        self._apply()

    def _spread(self, own, common):
        # How the relative errors of the factors vary, alone and together.
        self._variance = [[common * common] * _N for _ in range(_N)]
        for i in range(_N):
            self._variance[i][i] += own[i] * own[i]

    def _apply(self):
        for i in range(_N):
            self.ua[STAGES[i]] = int(self._table_ua[STAGES[i]] * self._factors[i])

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
        for i in range(_N):
            self._foretold_uah[i] = 0

    def compare(self, drawn_uah: int):
        """Learn from `drawn_uah`, the gauge's fall since the last comparison, and begin anew."""
        parts = self._foretold_uah
        off = drawn_uah - sum(parts)
        blame = self._along(parts)
        total = (_GAUGE * self._full_uah) ** 2 + _product(blame, parts)
        for i in range(_N):
            factor = self._factors[i] * (1 + blame[i] / total * off)
            self._factors[i] = max(_LOWEST, min(factor, _HIGHEST))
            row = self._variance[i]
            for j in range(_N):
                row[j] -= blame[i] * blame[j] / total
        self._apply()
        self.forget()

    def _along(self, parts):
        return [_product(row, parts) for row in self._variance]

    def unsure_permille(self, shares: dict) -> int:
        """Return how far off, in permille, a mix of stages may be: {stage: its permille of the
        time}; one standard deviation.
        """
        parts = [shares.get(stage, 0) * self.ua[stage] for stage in STAGES]
        variance = max(0.0, _product(self._along(parts), parts))
        return int(1000 * variance**0.5 / max(1, sum(parts)) + 0.5)

    @property
    def appetite_pct(self) -> int:
        """How much of the battery the typical use needs, in percent of what the table says."""
        drawn, table = 0, 0
        for stage, permille in self._typical.items():
            drawn += permille * self.ua[stage]
            table += permille * self._table_ua[stage]
        return (100 * drawn + table // 2) // table if table else 100

    def row(self) -> list:
        """Return what to keep, in permille: the factors and the typical use's, and how far off
        each may be.
        """
        unsure = [int(1000 * self._variance[i][i] ** 0.5 + 0.5) for i in range(_N)]
        factors = [int(1000 * factor + 0.5) for factor in self._factors]
        unsure.append(self.unsure_permille(self._typical))
        return factors + [10 * self.appetite_pct] + unsure

    def restore(self, row):
        """Take what `row` returned in an earlier shift; what is no such row changes nothing."""
        if type(row) is not list or len(row) != 2 * _N + 2:
            return
        if not all([type(value) is int and 0 <= value <= 1000 * _HIGHEST for value in row]):
            return
        self._factors = [max(_LOWEST, value / 1000) for value in row[:_N]]
        self._spread(
            [min(value / 1000, _COMMON + _OWN) for value in row[_N + 1 : -1]], _BETWEEN_SHIFTS
        )
        self._apply()


def _product(a, b):
    return sum([a[i] * b[i] for i in range(_N)])
