"""The battery: what is left in percent and minutes as far as the board can measure it, alarms, and
the end before the voltage ends.
"""

from micropython import const

from bodycam.estimate import Estimate
from bodycam.health import Health
from bodycam.learning import Learning
from bodycam.outlook import TYPICAL, Outlook

# On the way down. Minutes are those that can still be recorded: after the last alarm 5 to 30
# minutes have to remain (GA/T 947).
ALARMS = ("20 %", "10 %", "20 min", "10 min")
LOW_PCT = const(20)
_ALARMS_PCT = (20, 10)
_ALARMS_MIN = (20, 10)

_PERIOD_MS = const(10_000)
_DOUBT_MS = const(2000)  # while it looks as if the end had come
_ERROR_MS = const(30_000)
_SETTLE_MS = const(4000)  # after a change of stage, until the voltage has followed
_SILENT_MS = const(600_000)  # so long what is reckoned is trusted without a gauge
_DOUBTS = const(3)  # readings that must say the same
_SURE = const(2000)  # a share from which a low voltage is a contradiction
_STUCK_PCT = const(5)  # drawn while the gauge stays where it is
_SURE_PERMILLE = const(80)  # of what the camera draws: then it says something about the battery
_LESSON = const(600)  # hundredths of a percent between two comparisons
_UNREST = const(150)  # so far a gauge wavers; what is more is a rise or a fall

_LOWEST_MV, _HIGHEST_MV = const(2500), const(4600)


class Power:
    """Watches `gauge` on `battery`, a board file's BATTERY; `table_ua` are the currents by stage.

    `gauge` has `charge_pct100()`, `battery_mv()`, `charging()`, and `temperature_c10()` where that
    is measured; `cable()` tells whether a cable gives power. `hooks` are functions: `sample(pct)`
    with each reading, `alarm(text)` once per level on the way down, `empty()` on every reading
    that says so, `lasts()` after each reading, for who saves.
    """

    def __init__(self, gauge, cable, clock, battery, table_ua, hooks):
        self._gauge, self._cable, self._clock = gauge, cable, clock
        self._hooks = hooks
        self.estimate = Estimate(battery)
        self.learning = Learning(table_ua, self.estimate.full_uah, TYPICAL)
        self.outlook = Outlook(self.estimate, self.learning)
        self.health = Health(battery)
        try:
            self._temperature_c10 = getattr(gauge, "temperature_c10", None)
        except OSError:  # there is no gauge
            self._temperature_c10 = None
        self.stage = "idle"
        self._entered = self._at = self._believed = clock.ticks_ms()
        self._share = self._mv = self._c10 = None  # as read
        self._last = None  # the share before
        self._still_uah = 0  # drawn since the gauge last moved
        self._anchor = None  # share from which the next comparison counts
        self._jumps = 0
        self._told = 0  # a bit for each alarm
        self._doubts = 0
        self.known = self.ever_known = False
        self.charging = self.cable = False
        self.falls = False  # on a cable that gives less than is drawn
        self._turned = 0  # the share when that was told last
        self.errors = 0

    def minutes_expected(self) -> "int | None":
        """Return for how many minutes the use lasts that is expected, None: unknown."""
        return self.outlook.minutes_expected() if self.known else None

    def minutes_today(self) -> "int | None":
        """Return for how many minutes it lasts if this shift goes on as it goes, None: unknown."""
        return self.outlook.minutes_today() if self.known else None

    @property
    def percent(self) -> "int | None":
        """The charge; None: unknown, or nothing that can be trusted."""
        return self.estimate.share // 100 if self.known else None

    def enter(self, stage: str):
        """Count what the stage before has drawn; from now on it is `stage`."""
        now = self._clock.ticks_ms()
        self._reckon(now)
        self.stage = stage
        self._entered = now

    def step(self, now: int) -> int:
        """Read the gauge; return milliseconds until the next reading."""
        self._reckon(now)
        if not self._read():
            self._judge(now)
            return _ERROR_MS
        settled = self._clock.diff(now, self._entered) >= _SETTLE_MS
        if settled and not self.cable:
            self._take_voltage()
        else:
            self._mv = None
        if self._share is not None:
            self._take_share(self._share, now)
        if self._mv is not None:
            self.estimate.weigh(self._mv)
        self._judge(now)
        if self.known:
            self.health.note(self.estimate.share, self._c10, self._clock.up_ms, self.cable)
            self._hooks["sample"](self.estimate.share // 100)
        self._hooks["lasts"]()
        if not settled:
            return _SETTLE_MS
        return _DOUBT_MS if self._doubts else _PERIOD_MS

    def _ua(self):
        # Where a board draws its display and little else, as in `fault`, this is near enough.
        return self.learning.ua.get(self.stage) or self.learning.ua["display_on"]

    def _reckon(self, now):
        ms = min(self._clock.diff(now, self._at), 2 * _ERROR_MS)
        self._at = now
        if self.cable:
            return
        self.outlook.live(self.stage, ms)
        while ms > 0:
            uah = self.estimate.draw(self._ua(), min(ms, _PERIOD_MS))
            self._still_uah += uah
            self.learning.foretell(self.stage, uah)
            ms -= _PERIOD_MS

    # Readings

    def _read(self):
        gauge = self._gauge
        try:
            self.cable = self._cable()
            self.charging = gauge.charging()
            self._share = gauge.charge_pct100()
            self._mv = gauge.battery_mv()
            if self._temperature_c10:
                self._c10 = self._temperature_c10()
        except OSError:
            self.errors += 1
            self._share = self._mv = None
            return False
        if self._mv is not None and not _LOWEST_MV <= self._mv <= _HIGHEST_MV:
            self._mv = None
        return True

    def _take_voltage(self):
        # From here on `_mv` is the voltage at rest.
        mv, ua, estimate = self._mv, self._ua(), self.estimate
        if mv is not None:
            self.health.sagged(estimate.sag(mv, ua), self._c10)
            self._mv = estimate.at_rest(mv, ua)

    def _take_share(self, share, now):
        if share != self._last:
            self._still_uah = 0
        if not self.cable or share > self._turned + _UNREST:
            self._turned, self.falls = share, False
        elif share < self._turned - _UNREST and not self.charging:
            self._turned, self.falls = share, True
        if self.cable:
            self.estimate.adopt(share)
        elif self._still_uah * 100 // self.estimate.full_uah >= _STUCK_PCT:
            return  # it does not move although much was drawn
        elif not self.estimate.read(share, self._mv):
            return
        self._believed = now
        self._learn(share)
        self._last = share

    def _learn(self, share):
        if self._jumps != self.estimate.jumps or self._last is None:
            self._jumps = self.estimate.jumps
            self._anchor = None
        elif self._anchor is None:
            # The moment of a fall is known better than what lies between two.
            if share < self._last:
                self._anchor = share
                self.learning.forget()
        elif self._anchor - share >= _LESSON:
            self.learning.compare(self.estimate.uah(self._anchor - share))
            self.estimate.doubt(self.outlook.unsure_permille())
            self._anchor = share

    # What follows

    def _judge(self, now):
        silent_ms = self._clock.diff(now, self._believed)
        self.known = self.estimate.known and silent_ms < _SILENT_MS
        self.ever_known = self.ever_known or self.known
        if self.cable and not self.falls:
            self._told = self._doubts = 0
            return
        if self.known:
            self._warn()
        self._doubts = self._doubts + 1 if self._looks_empty() else 0
        if self._doubts >= _DOUBTS:
            self._hooks["empty"]()

    def _warn(self):
        # A small battery has ten minutes left before it is at 10 %.
        pct, minutes = self.estimate.share // 100, self.outlook.minutes("recording")
        for level in range(len(ALARMS)):
            if not self._told >> level & 1 and _reached(level, pct, minutes):
                self._told |= 1 << level
                self._hooks["alarm"](ALARMS[level])

    def _looks_empty(self):
        if self._mv is None:
            return self.known and self.estimate.share <= self.outlook.reserve_share
        if self.known and self.estimate.share >= _SURE:
            return False  # one of the two is wrong, and most recordings are lost by ending
        return not self.estimate.carries(self._mv, self.learning.ua["recording"])

    # Kept from shift to shift

    def facts(self) -> dict:
        """Return what the log keeps of consumption, resistance and use, and judge the battery by
        it.
        """
        use = self.learning.row()
        self.health.judge(self.learning.appetite_pct, use[-1] <= _SURE_PERMILLE)
        return {"use": use, "mohm": self.estimate.mohm, "mix": self.outlook.row()}

    def restore(self, facts: dict):
        """Take what `facts` returned at an earlier time; None of it has to be there."""
        self.learning.restore(facts.get("use"))
        self.outlook.restore(facts.get("mix"))
        self.estimate.doubt(self.outlook.unsure_permille())
        self.estimate.restore(facts.get("mohm"))
        self.health.restore(facts.get("health"))


def _reached(level, pct, minutes):
    if level < len(_ALARMS_PCT):
        return pct <= _ALARMS_PCT[level]
    return minutes <= _ALARMS_MIN[level - len(_ALARMS_PCT)]
