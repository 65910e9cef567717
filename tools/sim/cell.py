"""A lithium cell: open-circuit voltage, internal resistance, what is left. Whole numbers only, so
that it runs the same on all three interpreters, and nothing but arithmetic: others bring the time.

The voltages are a chart for one LiPo cell at rest that many projects use (blog.ampow.com, "LiPo
voltage chart"). How resistance grows in the cold, with age and towards empty follows what is
commonly reported for such cells: three to five times at -20 degrees, twice at 80 % of health.
Estimates, all of them: a discharge log of the cell in hand is better, see tools/shift.
"""

# At rest, in millivolt, in steps of 5 % from empty to full.
OCV_MV = (3270, 3610, 3690, 3710, 3730, 3750, 3770, 3790, 3800, 3820, 3840)
OCV_MV += (3850, 3870, 3910, 3950, 3980, 4020, 4080, 4110, 4150, 4200)
_STEP_PPM = 50_000
FULL_PPM = 1_000_000

# (tenths of a degree, resistance in percent of that at 25 degrees)
_COLD = ((-200, 400), (-100, 270), (0, 180), (100, 130), (250, 100), (450, 85))
_EMPTY_PPM, _EMPTY_PCT = 100_000, 50  # below 10 % it rises, up to half as much again

_NC_PER_UAH = 3_600_000  # microampere times milliseconds


class Cell:
    """One cell of `capacity_mah` when new, with `health_pct` of that left, at `pct` of charge.

    `ppm` is the charge in millionths of what it holds, `temperature_c10` may be set at any time.
    """

    def __init__(self, capacity_mah, resistance_mohm, health_pct=100, pct=100):
        self.full_uah = capacity_mah * 10 * health_pct
        # Twice the resistance at 80 %.
        self._mohm = resistance_mohm * (100 + 5 * (100 - health_pct)) // 100
        self.temperature_c10 = 250
        self.charge(pct)

    def charge(self, pct):
        """Be charged to `pct` percent."""
        self._uah = self.full_uah * pct // 100
        self._nc = 0  # drawn, not yet a whole microampere-hour

    def take(self, nc):
        """Lose `nc` microamperes times milliseconds; a negative number charges."""
        nc += self._nc
        self._nc = nc % _NC_PER_UAH
        self._uah = max(0, min(self._uah - nc // _NC_PER_UAH, self.full_uah))

    @property
    def left_uah(self):
        """What is in it, in microampere-hours."""
        return self._uah

    @property
    def ppm(self):
        """What is in it, in millionths of what it holds."""
        return self._uah * 1000 // (self.full_uah // 1000)

    def ocv_mv(self):
        """Return its voltage at rest."""
        return ocv_mv(self.ppm)

    def mohm(self):
        """Return its resistance in milliohm now."""
        mohm = self._mohm * _cold_pct(self.temperature_c10) // 100
        short_ppm = _EMPTY_PPM - self.ppm
        if short_ppm > 0:
            mohm += mohm * _EMPTY_PCT * short_ppm // _EMPTY_PPM // 100
        return mohm

    def mv(self, ua):
        """Return its voltage while `ua` microamperes are drawn."""
        return self.ocv_mv() - ua * self.mohm() // 1_000_000


def ocv_mv(ppm):
    """Return the voltage at rest of a cell charged to `ppm` millionths."""
    step = min(ppm // _STEP_PPM, len(OCV_MV) - 2)
    low = OCV_MV[step]
    return low + (OCV_MV[step + 1] - low) * (ppm - step * _STEP_PPM) // _STEP_PPM


def _cold_pct(c10):
    if c10 <= _COLD[0][0]:
        return _COLD[0][1]
    i = 1
    while i < len(_COLD):
        warm_c10, warm_pct = _COLD[i]
        if c10 <= warm_c10:
            cold_c10, cold_pct = _COLD[i - 1]
            return cold_pct + (warm_pct - cold_pct) * (c10 - cold_c10) // (warm_c10 - cold_c10)
        i += 1
    return _COLD[-1][1]
