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
BIAS = 100  # of a gauge at half charge, one standard deviation, in hundredths of a percent


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

    def __init__(self, cell, rng, step):
        self._cell, self._rng, self._step = cell, rng, step
        self._bias = rng.gauss(0, BIAS)
        self.load_ua = 0

    def charge_pct100(self):
        """Return the charge in hundredths of a percent, in steps of the chip's."""
        true = self._cell.ppm / 100
        bias = self._bias * 4 * true * (10_000 - true) / 1e8
        shown = min(max(true + bias + self._rng.gauss(0, 20), 0), 10_000)
        return min(int(shown) // self._step * self._step + self._step // 2, 10_000)

    def battery_mv(self):
        """Return the voltage under load; an ADC is off by some millivolt."""
        return self._cell.mv(self.load_ua) + round(self._rng.gauss(0, 4))

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
        """Return a shift's stages, [(stage, seconds)]: as many mirror uses and recordings as the
        typical use has on average, when and as long as it happens.
        """
        left_s, plan = hours * 3600, []
        while left_s > 0:
            plan.append(("idle", int(self.rng.expovariate(1 / 2830)) + 20))
            if self.rng.random() < 10 / 14:
                plan.append(("display_on", int(self.rng.expovariate(1 / 180)) + 5))
            else:
                plan.append(("recording", int(self.rng.expovariate(1 / 444)) + 5))
            left_s -= plan[-1][1] + plan[-2][1]
        return plan

    def shift(self, hours, pct, c10, step_s=1, look_s=0):
        """Live through a shift that begins at `pct` percent and `c10` tenths of a degree.

        Returns {"samples": [(seconds, true minutes, estimated minutes, unsure %)], every `look_s`
        seconds, "alarms": {text: (true minutes of recording, estimated)}, "ended_s": when the
        firmware saw its end, or None, "dead_s": when the battery's voltage gave way, or None}.
        """
        life = _Life(self, pct, c10)
        at_s = 0
        for stage, seconds in self.use(hours):
            life.power.enter(stage)
            life.ua = life.gauge.load_ua = self.true_ua[stage]
            for _ in range(seconds // step_s):
                life.pass_s(step_s)
                at_s += step_s
                if life.over or at_s >= hours * 3600:
                    break
                if look_s and at_s % look_s == 0:
                    life.look(at_s)
            if life.over or at_s >= hours * 3600:
                break
        self.kept = life.power.facts()
        return life.result


class _Life:
    def __init__(self, camera, pct, c10):
        self._camera = camera
        self.cell = Cell(camera.battery["capacity_mah"], camera.mohm, camera.health_pct, pct)
        self.cell.temperature_c10 = c10
        self.clock = Clock()
        self.gauge = Gauge(self.cell, camera.rng, camera._gauge_step)
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

    def pass_s(self, seconds):
        """Let time pass: the cell loses its charge, the firmware has its turns."""
        self.cell.take(self.ua * 1000 * seconds)
        self.clock.up_ms += 1000 * seconds
        if self.clock.up_ms >= self._due_ms:
            self._due_ms = self.clock.up_ms + self.power.step(self.clock.ticks_ms())
        if self.cell.mv(self.ua) < self._camera.battery["empty_mv"]:
            self.result["dead_s"] = self.clock.up_ms // 1000
            self.over = True

    def look(self, at_s):
        """Compare the truth with the estimate."""
        estimate = self.power.minutes_expected()
        if estimate is not None:
            truth = self.true_minutes(self._camera.mix_ua(self.power.outlook.expected))
            row = (at_s, truth, estimate, self.power.outlook.unsure_pct())
            self.result["samples"].append(row)

    def true_minutes(self, ua):
        """Return for how many minutes `ua` can be drawn until nothing can be recorded."""
        cell, camera = copy.copy(self.cell), self._camera
        low, high = 0, FULL_PPM
        while high - low > 20:
            middle = (low + high) // 2
            cell._uah = camera.full_uah() * middle // FULL_PPM
            if cell.mv(camera.true_ua["recording"]) < camera.battery["empty_mv"]:
                low = middle
            else:
                high = middle
        end_uah = camera.full_uah() * high // FULL_PPM
        return max(0, self.cell.left_uah - end_uah) * 60 / ua

    def _alarm(self, text):
        truth = self.true_minutes(self._camera.true_ua["recording"])
        self.result["alarms"][text] = (truth, self.power.outlook.minutes("recording"))

    def _lasts(self):
        self.power.outlook.mix()

    def _empty(self):
        self.result["ended_s"] = self.clock.up_ms // 1000
        self.over = True
