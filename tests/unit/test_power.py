"""The battery: what is told of each reading, the alarms on the way down, the end, and what is kept
from shift to shift.
"""

import json
from types import SimpleNamespace

import pytest
from test_log import booted, enrolled

from bodycam import log
from bodycam.estimate import Estimate, rest_mv, share_at
from bodycam.health import Health
from bodycam.keeper import Keeper
from bodycam.lasting import Lasting
from bodycam.learning import Learning
from bodycam.outlook import TYPICAL
from bodycam.power import ALARMS, Power
from bodycam.profile import make
from tools.sim.cell import Cell, ocv_mv

BATTERY = {"capacity_mah": 2000, "resistance_mohm": 150, "empty_mv": 3300}
TABLE_UA = {"idle": 12_000, "display_on": 180_000, "armed": 200_000, "recording": 250_000}
TICKS = 1 << 30


class Clock:
    """A clock that begins a second before its ticks wrap."""

    up_ms = 0

    def ticks_ms(self):
        return (self.up_ms - 1000) % TICKS

    @staticmethod
    def diff(a, b):
        return (a - b + TICKS // 2) % TICKS - TICKS // 2


class Gauge:
    """A gauge on a battery at `pct`, whose voltage follows the truth and not what it says."""

    pct = true_pct = 50
    plugged = weak = False  # the cable
    mv = None

    def charge_pct100(self):
        if isinstance(self.pct, OSError):
            raise self.pct
        return None if self.pct is None else min(self.pct * 100 + 50, 10_000)

    def battery_mv(self):
        if self.mv is not None:
            return self.mv
        return ocv_mv(self.true_pct * 10_000) - 2  # in idle

    def charging(self):
        return self.plugged and not self.weak


class Rig:
    """A Power with its gauge; `told` is what it said since it was last looked at."""

    def __init__(self):
        self.clock, self.gauge, self.told = Clock(), Gauge(), []
        hooks = {
            "sample": lambda pct: self.told.append(pct),
            "alarm": lambda text: self.told.append(text),
            "empty": lambda: self.told.append("empty"),
            "lasts": lambda: None,
        }
        cable = lambda: self.gauge.plugged  # noqa: E731
        self.power = Power(self.gauge, cable, self.clock, BATTERY, TABLE_UA, hooks)
        self.pass_s(5)

    def pass_s(self, seconds):
        """Let time pass, with a reading whenever one is due."""
        due_ms = self.clock.up_ms
        until_ms = due_ms + seconds * 1000
        while due_ms <= until_ms:
            self.clock.up_ms = due_ms
            due_ms += self.power.step(self.clock.ticks_ms())
        self.clock.up_ms = until_ms

    def at(self, pct, true_pct=None, seconds=60):
        """Be at `pct` by the gauge; return what was told."""
        self.gauge.pct = pct
        self.gauge.true_pct = pct if true_pct is None else true_pct
        del self.told[:]
        self.pass_s(seconds)
        return list(self.told)


@pytest.fixture
def rig():
    return Rig()


def test_every_reading_is_a_sample_for_the_recording(rig):
    assert rig.at(83, seconds=20)[-1] == 83


def test_each_alarm_comes_once_on_the_way_down_and_again_after_charging(rig):
    rig.power.enter("recording")
    said = [text for pct in range(30, 1, -1) for text in rig.at(pct, seconds=288)]
    said = [text for text in said if text in ALARMS]
    assert said == list(ALARMS)
    rig.power.enter("idle")
    rig.gauge.plugged = True
    rig.at(25)
    rig.gauge.plugged = False
    assert "20 %" in rig.at(10, seconds=180)


def test_the_end_comes_when_no_recording_can_be_carried_and_not_on_a_cable(rig):
    for pct in range(30, 2, -1):
        assert "empty" not in rig.at(pct)
    assert "empty" in rig.at(0) and "empty" in rig.at(0)
    rig.gauge.plugged = True
    assert "empty" not in rig.at(0)


def test_a_cable_that_gives_less_than_is_drawn_is_none_to_rely_on(rig):
    rig.at(40)
    rig.gauge.plugged = rig.gauge.weak = True
    rig.power.enter("recording")
    lasting = Lasting(rig.power, SimpleNamespace(local_min=lambda profile: None), None)
    assert rig.at(39) and "charging" in lasting.text("recording")[1]
    said = [text for pct in range(37, -1, -1) for text in rig.at(pct, seconds=288)]
    assert [text for text in said if text in ALARMS] == list(ALARMS)
    assert "empty" in said and "left" in lasting.text("recording")[1]
    rig.gauge.weak = False  # a better one, and all is as before
    assert "empty" not in rig.at(3) and "charging" in lasting.text("recording")[1]


def test_a_gauge_that_wavers_on_a_cable_warns_of_nothing(rig):
    rig.at(10)
    rig.gauge.plugged = True
    rig.gauge.weak = True  # as where it is full
    rig.at(10)
    assert not {*ALARMS, "empty"} & {said for i in range(99) for said in rig.at(10 - i % 2)}


def test_a_gauge_that_does_not_answer_is_unknown_after_ten_minutes(rig):
    rig.at(50)
    rig.at(OSError(19, "gone"), 50, seconds=300)
    assert rig.power.percent is not None and rig.power.errors
    rig.at(OSError(19, "gone"), 50, seconds=400)
    assert rig.power.percent is None and rig.power.minutes_expected() is None


@pytest.mark.parametrize("lie", [None, 0, 100])
def test_a_gauge_that_jumps_is_not_believed_while_the_voltage_disagrees(rig, lie):
    rig.at(50)
    said = rig.at(lie, 50, seconds=300)
    assert not set(said) & {*ALARMS, "empty"}
    assert rig.power.percent in (None, 49, 50)


def test_a_gauge_that_began_anew_is_believed_when_the_voltage_agrees(rig):
    rig.at(90)
    rig.at(40)
    assert rig.power.percent == 40


def test_a_gauge_that_is_stuck_is_found_out_by_what_was_drawn(rig):
    rig.at(60)
    rig.power.enter("recording")
    rig.gauge.true_pct = 52
    rig.pass_s(3600)
    assert rig.power.percent is None or rig.power.percent < 60
    rig.pass_s(1800)
    assert rig.power.percent is None


def test_with_a_stuck_gauge_the_voltage_still_tells_the_end(rig):
    rig.at(30)
    rig.power.enter("recording")
    rig.pass_s(5400)
    assert "empty" in rig.at(30, true_pct=0)


@pytest.mark.parametrize("mv", [0, 16_383])
def test_a_voltage_that_cannot_be_is_none(rig, mv):
    rig.gauge.mv = mv
    assert "empty" not in rig.at(50)
    assert rig.power.percent == 50


def test_the_minutes_follow_stage_and_use(rig):
    rig.at(50)
    by_stage = [rig.power.outlook.minutes(stage) for stage in ("idle", "display_on", "recording")]
    assert by_stage == sorted(by_stage, reverse=True)
    assert by_stage[0] > rig.power.minutes_expected() > by_stage[1]
    assert 200 <= by_stage[2] <= 240  # 1,000 mAh at 250 mA, less what must be left


def test_the_curve_can_be_read_both_ways():
    for share in range(0, 10_001, 7):
        assert abs(share_at(rest_mv(share)) - share) <= 125  # where a millivolt is a percent
        assert rest_mv(share) == ocv_mv(share * 100)


def worn(mohm):
    """Return a cell of `mohm`, and an estimate that has found that out."""
    estimate = Estimate(BATTERY)
    estimate.mohm = mohm
    return Cell(BATTERY["capacity_mah"], mohm), estimate


@pytest.mark.parametrize("mohm", [100, 500, 800, 1200])
def test_the_reserve_of_a_worn_cell_is_what_it_cannot_give(mohm):
    # The curve is flat between 10 and 30 %: there too much resistance would cost hours.
    cell, estimate = worn(mohm)
    for share in range(2500, 0, -1):
        cell._uah = cell.full_uah * share // 10_000
        if cell.mv(300_000) < BATTERY["empty_mv"]:
            break
    assert abs(estimate.ends_at(300_000) - share) <= 30
    # It switches off before that, by 40 mV.
    cell._uah = cell.full_uah * (share - 30) // 10_000
    assert not estimate.carries(cell.ocv_mv(), 300_000)
    cell._uah = cell.full_uah * (share + 1000) // 10_000
    assert estimate.carries(cell.ocv_mv(), 300_000)


def test_the_voltage_at_rest_follows_from_that_under_load_down_to_the_end():
    cell, estimate = worn(900)
    for pct in (100, 50, 20, 10, 5, 2, 0):
        cell.charge(pct)
        assert abs(estimate.at_rest(cell.mv(300_000), 300_000) - cell.ocv_mv()) <= 3, pct


def test_a_step_of_load_tells_the_resistance():
    estimate = Estimate(BATTERY)
    estimate.adopt(5000)
    for _ in range(20):
        estimate.sag(3800, 12_000)
        estimate.sag(3800 - 76, 250_000)
    assert 300 <= estimate.mohm <= 330


def test_what_is_reckoned_with_the_wrong_currents_follows_the_gauge_all_the_same():
    # A cell of a fifth of the capacity that the board file says, and nobody who doubts.
    estimate, share = Estimate(BATTERY), 9500
    estimate.adopt(share)
    estimate.doubt(10)
    for _ in range(3000):
        estimate.draw(30_000, 10_000)
        share -= 2
        estimate.read(share, None)
        assert abs(estimate.share - share) <= 600, share
    assert estimate.unsure_share() > 0


# Learning ------------------------------------------------------------------------------------


def test_what_is_learned_gets_near_what_is_true_and_survives_the_night():
    truth = {"idle": 1.2, "display_on": 0.85, "armed": 1.0, "recording": 1.1}
    learning = Learning(TABLE_UA, 2_000_000, TYPICAL)
    for round_ in range(60):
        hours = {"idle": 8, "display_on": round_ % 3 / 4, "recording": round_ % 4 / 5}
        drawn = 0
        for stage, h in hours.items():
            learning.foretell(stage, int(learning.ua[stage] * h))
            drawn += TABLE_UA[stage] * truth[stage] * h
        learning.compare(int(drawn))
    again = Learning(TABLE_UA, 2_000_000, TYPICAL)
    again.restore(learning.row())
    for stage, most in (("idle", 0.05), ("display_on", 0.1), ("recording", 0.05)):
        assert abs(again.ua[stage] / TABLE_UA[stage] / truth[stage] - 1) < most, stage


@pytest.mark.parametrize("row", [None, [], "x", [1] * 9, [-1] * 10, [1.5] * 10, [9000] * 10])
def test_what_is_no_row_is_not_learned(row):
    learning = Learning(TABLE_UA, 2_000_000, TYPICAL)
    learning.restore(row)
    assert learning.ua == TABLE_UA


@pytest.mark.parametrize("mohm", [None, True, "150", 0, -1, 1, 10**9, 150.0])
def test_what_can_be_no_resistance_is_not_taken_from_the_log(rig, mohm):
    rig.power.restore({"mohm": mohm})
    assert rig.power.estimate.mohm == BATTERY["resistance_mohm"]


def test_the_largest_numbers_fit_into_the_entries_of_the_log(rig):
    power = rig.power
    power.learning._factors = [8.0] * 4
    power.learning._spread([0.28] * 4, 0.01)
    power.estimate.mohm = 2000
    power.outlook._lived_min = dict.fromkeys(TYPICAL, 105_040)
    power.outlook._late_min = dict.fromkeys(TYPICAL, 5040)
    # 10,000 cycles, eleven years, and a clock in the year 2096.
    power.health._row = [100_000_000, 99_999, 99_999, 800, 800, 2000]
    clock = SimpleNamespace(up_ms=0, utc_s=lambda: 4_000_000_000)
    journal = booted(enrolled())
    keeper = Keeper(power, None, journal, clock, make())
    keeper.keep()
    kept = {}
    for detail in journal.recall(log.POWER, 10):
        kept.update(json.loads(detail))
    assert kept == keeper.facts()


# The use --------------------------------------------------------------------------------------


def lived(power, shifts, idle_h, display_h, recording_h, armed_h=0):
    """Let shifts pass with so many hours of each."""
    hours = {"idle": idle_h, "display_on": display_h, "recording": recording_h, "armed": armed_h}
    for _ in range(shifts):
        for stage, h in hours.items():
            power.outlook.live(stage, int(h * 3_600_000))
        power.outlook.mix()


def test_the_use_is_learned_from_shift_to_shift_and_survives_the_night(rig):
    outlook = rig.power.outlook
    assert outlook.expected == {stage: 10 * share for stage, share in TYPICAL.items()}
    lived(rig.power, 1, 9, 2, 1)
    first = outlook.expected["recording"]
    assert 510 < first < 700  # of 833: one shift may have been an unusual one
    lived(rig.power, 40, 9, 1, 1, armed_h=1)
    assert abs(outlook.expected["recording"] - 833) <= 15
    assert abs(outlook.expected["display_on"] - 1667) <= 50
    again = Rig().power
    again.restore(rig.power.facts())
    assert again.outlook.expected == outlook.expected
    assert again.minutes_expected() < Rig().power.minutes_expected() / 2


def test_a_busy_shift_is_known_as_one_while_it_lasts(rig):
    power = rig.power
    lived(power, 100, 11, 0.5, 0.5)
    power.outlook.new_shift()
    power.outlook.mix()
    assert abs(power.minutes_today() / power.minutes_expected() - 1) <= 0.01
    lived(power, 1, 3, 1, 2)
    assert power.minutes_today() < 0.5 * power.minutes_expected()
    power.outlook.new_shift()
    power.outlook.mix()
    assert abs(power.minutes_today() / power.minutes_expected() - 1) <= 0.01


@pytest.mark.parametrize("shifts", [1, 4, 30, 200])
def test_the_use_of_another_place_is_learned_in_two_weeks(rig, shifts):
    lived(rig.power, shifts, 11, 0.5, 0.5)
    again = Rig().power
    for _ in range(14):
        again.restore(rig.power.facts())
        lived(again, 1, 9, 1, 2)
        rig.power = again
    assert 1300 < again.outlook.expected["recording"] < 1667


def test_what_a_place_is_used_like_is_not_forgotten_after_some_busy_shifts(rig):
    for _ in range(10):
        lived(rig.power, 6, 11, 0.5, 0.5)
        lived(rig.power, 1, 9, 1, 2)
    share = (6 * 0.5 + 2) / 7 / 12
    assert abs(rig.power.outlook.expected["recording"] - 10_000 * share) < 20


def test_a_use_of_years_ago_fades(rig):
    lived(rig.power, 1000, 11, 0.5, 0.5)
    lived(rig.power, 140, 11, 0.4, 0.6)
    assert rig.power.outlook.expected["recording"] > 460  # of 500, from 417
    assert max(rig.power.outlook.row()) <= 105_040


def test_a_new_camera_says_its_time_roughly_and_one_that_knows_its_place_exactly(rig):
    rig.at(90)
    assert rig.power.outlook.unsure_pct() > 10  # lasting.py's limit
    rig.power.learning._spread([0.02] * 4, 0.01)
    lived(rig.power, 7, 11, 0.5, 0.5)
    assert rig.power.outlook.unsure_pct() <= 10


def test_who_knows_little_of_the_use_says_that_the_minutes_may_be_off(rig):
    outlook = rig.power.outlook
    rig.power.learning._spread([0.01] * 4, 0.01)  # currents and battery are known
    rig.at(50)
    told = [outlook.unsure_pct()]
    for shifts in (3, 7, 20):
        lived(rig.power, shifts, 11, 0.5, 0.5)
        told.append(outlook.unsure_pct())
    assert told[0] >= 16 and told == sorted(told, reverse=True) and told[3] <= 6, told


@pytest.mark.parametrize("row", [None, [], "x", [1, 2, 3], [-1] * 6, [1.5] * 6, [10**9] * 6])
def test_what_is_no_row_is_no_use(rig, row):
    rig.power.restore({"mix": row})
    assert rig.power.outlook.expected == Rig().power.outlook.expected


# Health --------------------------------------------------------------------------------------


def test_cycles_and_hours_full_and_hot_are_counted():
    health, up_ms = Health(BATTERY), 0
    for _ in range(3):
        for share in (10_000, 10_000, 5000, 0):
            up_ms += 3_600_000
            health.note(share, 400, up_ms, cable=False)
    facts = health.facts()
    assert (facts["cycles"], facts["full_h"], facts["hot_full_h"]) == (3, 5, 5)
    assert facts["retire"] == []


def test_a_gauge_that_wavers_on_the_cable_counts_no_cycles():
    health = Health(BATTERY)
    for i in range(4320):  # a night on the cable
        health.note(10_000 - i % 2 * 100, 250, i * 10_000, cable=True)
    assert health.row()[0] == 0 and health.facts()["full_h"] == 11


def test_a_worn_battery_asks_to_be_retired():
    health = Health(BATTERY)
    health.judge(100, True)
    assert health.facts()["retire"] == []
    health.judge(140, True)
    for _ in range(28):  # the steps of load of a shift
        health.sagged(350, 250)
    facts = health.facts()
    assert facts["retire"] == ["resistance_pct", "fade_pct"]
    assert facts["fade_pct"] in (28, 29)
    again = Health(BATTERY)
    again.restore(health.row())
    assert again.facts() == facts
    older = Health(BATTERY)
    older.restore(health.row()[:5])  # as a camera kept it that did not keep the resistance
    assert older.facts()["retire"] == ["fade_pct"]


def test_in_the_cold_resistance_says_nothing_about_age():
    health = Health(BATTERY)
    health.sagged(500, -50)
    assert health.facts()["resistance_pct"] == 100


def test_a_shift_in_the_cold_retires_no_battery_that_is_warm_again_at_the_dock(rig):
    power, cell = rig.power, Cell(2000, BATTERY["resistance_mohm"])
    power._temperature_c10 = lambda: cell.temperature_c10
    cell.charge(50)
    cell.temperature_c10 = -100
    rig.at(50)
    for _ in range(14):
        for stage in ("idle", "recording"):
            power.enter(stage)
            rig.gauge.mv = cell.mv(TABLE_UA[stage])
            rig.pass_s(30)
    assert power.facts()["mohm"] > 2 * BATTERY["resistance_mohm"]
    rig.gauge.plugged, cell.temperature_c10 = True, 250
    rig.pass_s(600)
    power.facts()
    assert power.health.facts()["retire"] == []
