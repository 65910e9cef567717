"""How much is in the battery: what was drawn is subtracted, the gauge and the voltage correct it.

A gauge shows whole percents and wanders by one or two, most where the voltage hardly changes, and
for hours; the voltage says much in the last tenth, and little before.
So the charge is reckoned from the currents, and less sure the more was drawn since it was known.
What the gauge says beside it counts in the measure in which the one or the other is less sure; the
voltage pulls what is reckoned itself.

Charge is in microampere-hours of a new battery: a weaker one makes the camera look hungrier, see
learning.py. Whole numbers, below 2**30, so that nothing here takes heap.
"""

from micropython import const

# A lithium cell at rest, in millivolt, in steps of 5 % (a chart for LiPo cells in wide use).
_OCV_MV = (3270, 3610, 3690, 3710, 3730, 3750, 3770, 3790, 3800, 3820, 3840)
_OCV_MV += (3850, 3870, 3910, 3950, 3980, 4020, 4080, 4110, 4150, 4200)
_STEP = const(500)  # of them, in hundredths of a percent, as are all shares here
_FULL = const(10_000)

# What may be off, one standard deviation, in hundredths of a percent or in millivolt. A voltage is
# off by the same for minutes, so its weight is as if it came once in ten: the factor.
_GAUGE, _GAUGE_MV = const(20), const(5)
_AROUND = const(1000)  # to either side, over which the curve tells what a millivolt is worth
_VOLTAGE_MV = const(15)
_VOLTAGE_TIMES = const(20)
_ALIKE = const(4)  # of its variance: so much of its error lasts
_UNSURE = const(500)  # after a jump that was believed
_DOUBT = const(200)  # permille of what is drawn, until it has been learned
_MOST_DRIFT = const(800)  # more says nothing
_SLOW = const(60)  # readings over which a gauge's are averaged: ten minutes

_JUMP = const(1200)  # more than a gauge wanders
_AGREES_MV = const(60)
_BELIEVED = const(12)  # times that it says the same

_RESERVE_MV = const(40)
_EMPTIES = const(1000)  # below it resistance rises, to half as much again when empty: estimate

_LEAST_MOHM, _MOST_MOHM = const(30), const(2000)
_STEP_UA = const(60_000)  # the least step of load that resistance is reckoned from
_STEEP = const(1000)  # below it the voltage says much, and falls too fast to tell resistance


def rest_mv(share: int) -> int:
    """Return the voltage at rest at `share` hundredths of a percent."""
    i = min(share // _STEP, len(_OCV_MV) - 2)
    return _OCV_MV[i] + (_OCV_MV[i + 1] - _OCV_MV[i]) * (share - i * _STEP) // _STEP


def share_at(mv: int, sag_mv: int = 0) -> int:
    """Return the hundredths of a percent at which a cell has `mv`: at rest, or under a load that
    pulls a full one down by `sag_mv`.
    """
    i = 0
    while i < len(_OCV_MV) - 2 and _loaded_mv(i + 1, sag_mv) <= mv:
        i += 1
    low_mv = _loaded_mv(i, sag_mv)
    share = (mv - low_mv) * _STEP // (_loaded_mv(i + 1, sag_mv) - low_mv) + i * _STEP
    return max(0, min(share, _FULL))


def _loaded_mv(i, sag_mv):
    return _OCV_MV[i] - _grown(sag_mv, i * _STEP)


def _grown(sag_mv, share):
    # What the `sag_mv` of a full cell is at `share`.
    return sag_mv + sag_mv * max(0, _EMPTIES - share) // (2 * _EMPTIES)


def gauge_unsure(share: int) -> int:
    """Return by how much a gauge may be off that knows the charge from the voltage."""
    low = max(0, min(share - _AROUND, _FULL - 2 * _AROUND))
    return _GAUGE + _GAUGE_MV * 2 * _AROUND // (rest_mv(low + 2 * _AROUND) - rest_mv(low))


def voltage_unsure(share: int) -> int:
    """Return by how much a share may be off that follows from a voltage at rest."""
    i = min(share // _STEP, len(_OCV_MV) - 2)
    return _VOLTAGE_MV * _STEP // (_OCV_MV[i + 1] - _OCV_MV[i])


def _weight(variance, other):
    """Return the weight of what varies by `other`, in permille."""
    return variance * 1000 // (variance + other)


class Estimate:
    """The charge of `battery`, a board file's BATTERY.

    `known` tells whether a gauge has told anything yet, `mohm` is its resistance as far as it is
    known.
    """

    def __init__(self, battery):
        self.full_uah = battery["capacity_mah"] * 1000
        self.mohm = battery["resistance_mohm"]
        self._empty_mv = battery["empty_mv"]
        self.known = False
        self._left_uah = 0  # as reckoned
        self._rest = 0  # drawn, not yet a whole microampere-hour; in microampere x 10 ms
        self._first = _UNSURE * 256  # how far off it may be, in 1/256: from where it began,
        self._drift = 0  # by what was drawn before `_drawn_uah`,
        self._drawn_uah = 0  # and by this
        self._doubt = _DOUBT  # permille of what is drawn
        self._off = 0  # of the gauge to what is reckoned, in 1/256 microampere-hours
        self._shift_uah = 0  # what of that counts
        self.jumps = 0  # how often nothing was believed any more that was reckoned before
        self._said = self._times = 0  # a share that jumped, and how often it was said
        self._load_ua = self._load_mv = 0  # at the last reading

    @property
    def share(self) -> int:
        """The charge in hundredths of a percent; 0 while it is not known."""
        return self._share(self._sum_uah())

    def _share(self, uah):
        return uah * 100 // (self.full_uah // 100)

    def uah(self, share: int) -> int:
        """Return the microampere-hours of `share`."""
        return share * (self.full_uah // 100) // 100

    def _sum_uah(self):
        return max(0, self._left_uah + self._shift_uah)

    def doubt(self, permille: int):
        """Note how far off the currents may be from which the charge is reckoned from now on."""
        self._drift = self._drifted()
        self._drawn_uah = 0
        self._doubt = permille

    def _drifted(self):
        drift = self._drift + self._share(self._drawn_uah) * self._doubt // 125 * 32
        return min(drift, _MOST_DRIFT * 256)

    def _variance(self):
        first, drift = self._first // 256, self._drifted() // 256
        return first * first + drift * drift

    def draw(self, ua: int, ms: int) -> int:
        """Subtract `ua` microamperes for `ms`, at most 20 s; return it in microampere-hours."""
        rest = self._rest + ua * (ms // 10)
        uah = rest // 360_000
        self._rest = rest - uah * 360_000
        self._left_uah = max(0, self._left_uah - uah)
        self._drawn_uah += uah
        return uah

    def adopt(self, share: int, unsure: "int | None" = None):
        """Believe `share` and nothing that was reckoned before; None: as a gauge is."""
        self.known = True
        self._left_uah = self.uah(share)
        self._first = (unsure or gauge_unsure(share)) * 256
        self._drift = self._drawn_uah = self._off = self._shift_uah = 0
        self._times = 0
        self.jumps += 1

    def read(self, share: int, mv: "int | None") -> bool:
        """Take a gauge's reading, `mv` being the voltage at rest that goes with it; return
        whether it was believed.
        """
        if not self.known:
            self.adopt(share)
        elif abs(share - self.share) > _JUMP:
            return self._jumped(share, mv)
        else:
            self._times = 0
            self._follow(share)
        return True

    def _jumped(self, share, mv):
        agrees = mv is None or abs(rest_mv(share) - mv) < _AGREES_MV
        if mv is not None and agrees and abs(rest_mv(self.share) - mv) >= _AGREES_MV:
            self.adopt(share, _UNSURE)  # somebody charged it, or the gauge began anew
            return True
        self._times = self._times + 1 if abs(share - self._said) < _JUMP // 4 else 0
        self._said = share
        if not agrees or self._times < _BELIEVED:
            return False
        self.adopt(share, _UNSURE)
        return True

    def weigh(self, mv: int):
        """Take the voltage at rest: below 10 % it tells more than any gauge.

        It no longer counts when what is reckoned is better known than an error that lasts.
        """
        share = share_at(mv)
        if self.known and share < _STEEP:
            self._pull(share, self._gain(voltage_unsure(share)))

    def _gain(self, off):
        variance = self._variance()
        if variance * _ALIKE <= off * off:
            return 0
        return _weight(variance, off * off * _VOLTAGE_TIMES)

    def _pull(self, share, gain):
        pulled_uah = (self.uah(share) - self._left_uah) // 10 * gain // 100
        self._left_uah += pulled_uah
        self._off -= pulled_uah * 256
        rest = 2000 - gain  # of what may be off, in 1/2000
        self._first = self._first * rest // 2000
        self._drift = self._drift * rest // 2000
        self._drawn_uah = self._drawn_uah // 10 * rest // 200

    def _follow(self, share):
        off = (self.uah(share) - self._left_uah) * 256
        self._off += (off - self._off) // _SLOW
        self._shift_uah = self._off // 256 * self._gauges_weight(gauge_unsure(share)) // 1000

    def _gauges_weight(self, gauge):
        # A gauge is hardly ever off by more than twice that: beyond it what is reckoned is wrong.
        wrong = 2 * max(0, self._share(abs(self._off) // 256) - 2 * gauge)
        return _weight(max(self._variance(), wrong * wrong), gauge * gauge)

    # Resistance

    def at_rest(self, mv: int, ua: int) -> int:
        """Return the voltage that `mv` under a load of `ua` would be at rest."""
        sag_mv = self._sag_mv(ua)
        return mv + _grown(sag_mv, share_at(mv, sag_mv))

    def sag(self, mv: int, ua: int) -> "int | None":
        """Take the voltage under a load: two readings with a step between them, a few seconds
        apart, tell the resistance. Return it in milliohm, None: there was no such step.
        """
        told = None
        step_ua = ua - self._load_ua
        if self._load_mv and abs(step_ua) >= _STEP_UA and self.share >= _STEEP:
            mohm = (self._load_mv - mv) * 10_000 // (step_ua // 100)
            if _LEAST_MOHM <= mohm <= _MOST_MOHM:
                self.mohm += (mohm - self.mohm) // 4
                told = mohm
        self._load_mv, self._load_ua = mv, ua
        return told

    def restore(self, mohm):
        """Take the resistance of an earlier shift; what cannot be one changes nothing."""
        if type(mohm) is int and _LEAST_MOHM <= mohm <= _MOST_MOHM:
            self.mohm = mohm

    def forget_load(self):
        """Compare the next voltage with none before it."""
        self._load_mv = 0

    # The end

    def ends_at(self, ua: int) -> int:
        """Return the share at which a load of `ua` pulls the voltage down to where the supply
        gives way.
        """
        return share_at(self._empty_mv, self._sag_mv(ua))

    def carries(self, mv: int, ua: int) -> bool:
        """Return whether a cell of `mv` at rest carries `ua` with 40 mV to spare: a small one
        falls so far within half a minute.
        """
        return mv - _grown(self._sag_mv(ua), share_at(mv)) >= self._empty_mv + _RESERVE_MV

    def _sag_mv(self, ua):
        return ua // 100 * self.mohm // 10_000

    def minutes(self, ua: int, least: int) -> int:
        """Return the minutes for which `ua` can be drawn until only the share `least` is left."""
        left_uah = self._sum_uah() - self.uah(least)
        return max(0, left_uah) * 60 // max(1, ua)

    def unsure_share(self) -> int:
        """Return by how much the share may be off, one standard deviation."""
        return min(int(self._variance() ** 0.5), gauge_unsure(self.share))
