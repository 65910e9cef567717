"""A camera as its battery sees it, in steps of a second: the firmware's own estimate beside a cell
that knows the truth. No bus, no run loop: two hundred shifts take a minute.
"""

import copy
import random

from bodycam.currents import STAGES, stage_ua
from bodycam.outlook import TYPICAL
from bodycam.power import Power
from tools.sim.cell import FULL_PPM, Cell

SETTINGS = {"backlight_pct": 80, "mirror_fps": 5, "slow_clock": False}
_READING_S = 10
_TICKS = 1 << 30
# What a gauge is off by, one standard deviation. The MAX17048's data sheet (19-6171 revision 7)
# promises 7.5 mV at 25 degrees, and its curves of accuracy stay within some 3 % of the charge; the
# AXP2101's promises nothing, and is taken to be no better.
BIAS = 150  # of the charge at half charge, for a whole shift, in hundredths of a percent
READING = 20  # of each reading, in the same
_OFFSET_MV = 4  # of a chip, for as long as it lives
_NOISE_MV = 4  # of each reading


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

    Its currents differ from the board file's table, stage by stage; its battery is aged.
    """

    def __init__(self, board, seed, capacity_mah=None):
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
        self._table = table
        self._gauge_step = 100 if board.GAUGE["chip"] == "AXP2101" else 1
        self.kept = {}

    def mix_ua(self, shares=TYPICAL):
        """Return what a mix of stages, {stage: permille of the time}, really draws."""
        return sum(self.true_ua[stage] * share for stage, share in shares.items()) // 1000

    def full_uah(self):
        """Return what the battery really holds."""
        return self.battery["capacity_mah"] * 10 * self.health_pct

    def use(self, hours):
        """Return a shift's stages, [(stage, seconds)]: half as busy to twice as busy as the
        typical use, when and as long as it happens.
        """
        left_s, plan = hours * 3600, []
        idle_s = 2830 / 2 ** self.rng.uniform(-1, 1)
        mirrors = self.rng.uniform(8, 12) / 14
        while left_s > 0:
            plan.append(("idle", int(self.rng.expovariate(1 / idle_s)) + 20))
            if self.rng.random() < mirrors:
                plan.append(("display_on", int(self.rng.expovariate(1 / 180)) + 5))
            else:
                plan.append(("recording", int(self.rng.expovariate(1 / 444)) + 5))
            left_s -= plan[-1][1] + plan[-2][1]
        return plan

    def shift(self, hours, pct, c10, look_s=0):
        """Live through a shift that begins at `pct` percent and `c10` tenths of a degree.

        Returns {"samples": [(seconds, true minutes, estimated minutes, unsure %)], every `look_s`
        seconds, "alarms": {text: (true minutes of recording, estimated)}, "ended_s": when the
        firmware saw its end, or None, "dead_s": when the battery's voltage gave way, or None}.
        """
        life = _Life(self, pct, c10)
        look_ms = look_s * 1000
        for stage, seconds in self.use(hours):
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
    def __init__(self, camera, pct, c10):
        self._camera = camera
        self.cell = Cell(camera.battery["capacity_mah"], camera.mohm, camera.health_pct, pct)
        self.cell.temperature_c10 = c10
        self._end_uah = self._end()
        self.clock = Clock()
        self.gauge = Gauge(self.cell, camera.rng, camera._gauge_step, camera.offset_mv)
        self.ua = 0
        self._due_ms = 0
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
            self._due_ms = now_ms + self.power.step(self.clock.ticks_ms())

    def look(self):
        """Compare the truth with the estimate."""
        estimate = self.power.minutes_expected()
        if estimate is not None:
            truth = self.true_minutes(self._camera.mix_ua(self.power.outlook.expected))
            at_s = self.clock.up_ms // 1000
            row = (at_s, truth, estimate, self.power.outlook.unsure_pct())
            self.result["samples"].append(row)

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
        self.power.outlook.mix()

    def _empty(self):
        self.result["ended_s"] = self.clock.up_ms // 1000
        self.over = True
