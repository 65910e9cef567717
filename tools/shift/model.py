"""A camera as its battery sees it, in steps of a second: the firmware's own estimate beside a cell
that knows the truth. No bus, no run loop: a shift of twelve hours takes 0.2 s.
"""

import copy
import random

from bodycam.currents import STAGES, stage_ua
from bodycam.learning import Learning
from bodycam.outlook import TYPICAL, Outlook
from bodycam.power import Power
from tools.sim.cell import FULL_PPM, Cell

SETTINGS = {"backlight_pct": 80, "mirror_fps": 5, "slow_clock": False}
_MIX_MS = 60_000  # as in keeper.py
_UNWATCHED_MS = 60_000  # between two readings of a shift that is only lived through: it is faster
_TICKS = 1 << 30
# What a gauge is off by, one standard deviation. Of the charge: the maker of the MAX17048 says of
# a later one with a current sense, ModelGauge m5 EZ, that it is within 3 % in 95.5 % of discharge
# tests (cld.bz/bookdata/Yl3Gyj, page 27); of the MAX17048 itself and of the AXP2101 no figure was
# found. Of the voltage: 7.5 mV (MAX17048's data sheet, 19-6171 revision 7, page 1).
BIAS = 150  # of the charge at half charge, for a whole shift, in hundredths of a percent
READING = 20  # of each reading, in the same
_OFFSET_MV = 4  # of a chip, for as long as it lives
_NOISE_MV = 4  # of each reading
_MIRROR_S, _RECORDING_S = 180, 444  # on average, as in outlook.TYPICAL
_LEAST_S = {"idle": 20, "display_on": 5, "recording": 5}  # and so much longer


class Clock:
    """What the firmware asks of a clock, in seconds that the model gives out."""

    def __init__(self):
        self.up_ms = 0

    def ticks_ms(self):
        """Return a wrapping count of milliseconds."""
        return self.up_ms % _TICKS

    @staticmethod
    def diff(a, b):
        """Return `a` - `b`."""
        return (a - b + _TICKS // 2) % _TICKS - _TICKS // 2


class Gauge:
    """A gauge on `cell` that wanders: its error is largest at half charge and nothing at the
    ends, as of those that take their bearings there; each reading is off by some more.
    """

    def __init__(self, cell, rng, step, offset_mv):
        self._cell, self._rng, self._step, self._offset_mv = cell, rng, step, offset_mv
        self._bias = rng.gauss(0, BIAS)
        self.load_ua = 0

    def charge_pct100(self):
        """Return the charge in hundredths of a percent, in steps of the chip's."""
        true = self._cell.ppm / 100
        bias = self._bias * 4 * true * (10_000 - true) / 1e8
        shown = min(max(true + bias + self._rng.gauss(0, READING), 0), 10_000)
        return min(int(shown) // self._step * self._step + self._step // 2, 10_000)

    def battery_mv(self):
        """Return the voltage under load."""
        return self._cell.mv(self.load_ua) + round(self._rng.gauss(self._offset_mv, _NOISE_MV))

    def charging(self):
        """Return False."""
        return False


class Camera:
    """One camera in service: the truth that follows from `seed`, and what its firmware believes.

    Its currents differ from the board file's table, stage by stage; its battery is aged. The place
    where it serves has a typical use of its own, `typical` {stage: share of the time}, which the
    firmware is not told: it is used half to twice as often as outlook.TYPICAL says, and of 14 uses
    two to six are recordings. Each shift is drawn from that by chance, when and as long as it
    happens.
    """

    def __init__(self, board, seed, capacity_mah=None):
        self._seed, self._shifts = seed, 0
        self.rng = rng = random.Random(seed)
        battery = dict(board.BATTERY)
        battery["capacity_mah"] = capacity_mah or battery["capacity_mah"]
        self.battery = battery
        table = {stage: stage_ua(board.CURRENTS_MA, stage, SETTINGS) for stage in STAGES}
        common = rng.uniform(0.9, 1.1)
        self.true_ua = {s: int(ua * common * rng.uniform(0.8, 1.2)) for s, ua in table.items()}
        self.health_pct = rng.randint(75, 100)
        self.mohm = round(battery["resistance_mohm"] * rng.uniform(0.7, 1.5))
        self.offset_mv = rng.gauss(0, _OFFSET_MV)
        self._idle_s = 2830 / 2 ** rng.uniform(-1, 1)
        self._mirrors = rng.uniform(8, 12) / 14
        self.typical = self.typical_of(self._idle_s, self._mirrors)
        self._table = table
        self._gauge_step = 100 if board.GAUGE["chip"] == "AXP2101" else 1
        self.kept = {}

    def mix_ua(self, shares=TYPICAL):
        """Return what a mix of stages, {stage: share of the time}, really draws."""
        ua = sum(self.true_ua[stage] * share for stage, share in shares.items())
        return ua / sum(shares.values())

    def full_uah(self):
        """Return what the battery really holds."""
        return self.battery["capacity_mah"] * 10 * self.health_pct

    @staticmethod
    def typical_of(idle_s, mirrors):
        """Return {stage: share of the time} where so much idle lies between two uses on average
        and `mirrors`, a share, of the uses are no recordings.
        """
        mean_s = {
            "idle": idle_s + _LEAST_S["idle"],
            "display_on": mirrors * (_MIRROR_S + _LEAST_S["display_on"]),
            "recording": (1 - mirrors) * (_RECORDING_S + _LEAST_S["recording"]),
        }
        return {stage: s / sum(mean_s.values()) for stage, s in mean_s.items()}

    def _new_shift(self):
        # A shift happens as it does, whatever the firmware read in those before.
        self._shifts += 1
        self.rng = random.Random(f"{self._seed} {self._shifts}")

    def use(self, hours):
        """Return a shift's stages, [(stage, seconds)]."""
        left_s, plan = hours * 3600, []
        while left_s > 0:
            plan.append(self._visit("idle", self._idle_s))
            if self.rng.random() < self._mirrors:
                plan.append(self._visit("display_on", _MIRROR_S))
            else:
                plan.append(self._visit("recording", _RECORDING_S))
            left_s -= plan[-1][1] + plan[-2][1]
        return plan

    def _visit(self, stage, mean_s):
        return stage, round(self.rng.expovariate(1 / mean_s)) + _LEAST_S[stage]

    def serve(self, shifts):
        """Have `shifts` of twelve hours behind it in which the firmware has learned of the use
        alone: of what the stages draw it knows nothing yet.
        """
        for _ in range(shifts):
            outlook = Outlook(None, Learning(self._table, self.full_uah(), TYPICAL))
            outlook.restore(self.kept.get("mix"))
            self._new_shift()
            for stage, seconds in self.use(12):
                outlook.live(stage, seconds * 1000)
            self.kept["mix"] = outlook.row()

    def shift(self, hours, pct, c10, look_s=0):
        """Live through a shift that begins at `pct` percent and `c10` tenths of a degree.

        Returns {"samples": [(seconds, true minutes at the place's typical use, estimated minutes,
        true minutes at the use that the firmware expects, by how many percent it says that it may
        be off)], every `look_s` seconds, "alarms":
        {text: (true minutes of recording, estimated)}, "ended_s": when the firmware saw its end,
        or None, "dead_s": when the battery's voltage gave way, or None}. Without `look_s` nobody
        looks, and the firmware reads its gauge once a minute alone: that is faster.
        """
        self._new_shift()
        plan = self.use(hours)
        life = _Life(self, pct, c10, 0 if look_s else _UNWATCHED_MS)
        look_ms = look_s * 1000
        for stage, seconds in plan:
            life.enter(stage)
            end_ms = min(life.clock.up_ms + seconds * 1000, hours * 3_600_000)
            while life.clock.up_ms < end_ms and not life.over:
                life.live(min(end_ms, look_ms or end_ms))
                if look_ms and life.clock.up_ms >= look_ms and not life.over:
                    life.look()
                    look_ms += look_s * 1000
            if life.over:
                break
        self.kept = life.power.facts()
        return life.result


class _Life:
    def __init__(self, camera, pct, c10, least_ms=0):
        self._camera, self._least_ms = camera, least_ms
        self.cell = Cell(camera.battery["capacity_mah"], camera.mohm, camera.health_pct, pct)
        self.cell.temperature_c10 = c10
        self._end_uah = self._end()
        self.clock = Clock()
        self.gauge = Gauge(self.cell, camera.rng, camera._gauge_step, camera.offset_mv)
        self.ua = 0
        self._due_ms = self._mixed_ms = 0
        self.over = False
        self.result = {"samples": [], "alarms": {}, "ended_s": None, "dead_s": None}
        hooks = {
            "sample": lambda pct: None,
            "alarm": self._alarm,
            "empty": self._empty,
            "lasts": self._lasts,
        }
        place = (self.gauge, lambda: False, self.clock, camera.battery, camera._table, hooks)
        self.power = Power(*place)
        self.power.restore(camera.kept)

    def enter(self, stage):
        """Be in `stage`, and draw what it does."""
        self.power.enter(stage)
        self.ua = self.gauge.load_ua = self._camera.true_ua[stage]

    def live(self, until_ms):
        """Let time pass until `until_ms`, or until the firmware's next turn."""
        now_ms = max(self.clock.up_ms, min(until_ms, self._due_ms))
        self.cell.take(self.ua * (now_ms - self.clock.up_ms))
        self.clock.up_ms = now_ms
        if self.cell.mv(self.ua) < self._camera.battery["empty_mv"]:
            self.result["dead_s"] = now_ms // 1000
            self.over = True
        elif now_ms >= self._due_ms:
            wait_ms = self.power.step(self.clock.ticks_ms())
            self._due_ms = now_ms + max(wait_ms, self._least_ms)

    def look(self):
        """Compare the truth with the estimate."""
        estimate = self.power.minutes_expected()
        if estimate is not None:
            uses = (self._camera.typical, self.power.outlook.expected)
            truth, own = [self.true_minutes(self._camera.mix_ua(use)) for use in uses]
            unsure_pct = self.power.outlook.unsure_pct()
            sample = (self.clock.up_ms // 1000, truth, estimate, own, unsure_pct)
            self.result["samples"].append(sample)

    def true_minutes(self, ua):
        """Return for how many minutes `ua` can be drawn until nothing can be recorded."""
        return max(0, self.cell.left_uah - self._end_uah) * 60 / ua

    def _end(self):
        cell, camera = copy.copy(self.cell), self._camera
        low, high = 0, FULL_PPM
        while high - low > 20:
            middle = (low + high) // 2
            cell._uah = camera.full_uah() * middle // FULL_PPM
            if cell.mv(camera.true_ua["recording"]) < camera.battery["empty_mv"]:
                low = middle
            else:
                high = middle
        return camera.full_uah() * high // FULL_PPM

    def _alarm(self, text):
        truth = self.true_minutes(self._camera.true_ua["recording"])
        self.result["alarms"][text] = (truth, self.power.outlook.minutes("recording"))

    def _lasts(self):
        if self.clock.up_ms - self._mixed_ms >= _MIX_MS:
            self._mixed_ms = self.clock.up_ms
            self.power.outlook.mix()

    def _empty(self):
        self.result["ended_s"] = self.clock.up_ms // 1000
        self.over = True
