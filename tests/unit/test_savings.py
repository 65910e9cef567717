"""What is given up, in which order, and given back; how the time that is left is said; what the
log keeps.
"""

import datetime
import json
import math
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from bodycam import log, savings
from bodycam.clock import is_eu_summer
from bodycam.keeper import Keeper
from bodycam.lasting import Lasting
from bodycam.profile import make
from tools.boards_command import board_ids, load

RECORDED = {"size_px", "fps", "frame_bytes_max", "audio", "flush_ms", "jpeg_quality"}


class Clock:
    """Uptime and the time of the day."""

    def __init__(self, up_ms=700_000, now_s=1_780_293_600):
        self.up_ms, self.now_s = up_ms, now_s

    def utc_s(self):
        return self.now_s

    def local_min(self, profile):
        return None if self.now_s is None else self.now_s // 60 + 120


def give(board="m5stack_cores3", **changes):
    """Return Savings with what it told, and its clock."""
    told, clock = [], Clock()
    made = savings.Savings(
        load(board),
        make(changes=changes),
        clock,
        lambda step, given_up: told.append((step[0], given_up)),
    )
    return made, told, clock


def test_comfort_is_given_up_in_the_tables_order_one_step_at_a_time():
    made, told, clock = give(pre_event_s=30)
    for _ in range(100):
        made.judge(100, 200)
        clock.up_ms += 60_000
    assert told == [(step[0], True) for step in savings.STEPS]
    assert made.settings == {
        "backlight_pct": 30,
        "mirror_fps": 3,
        "display_timeout_s": 120,
        "pre_event_s": 0,
        "slow_clock": True,
    }


def test_nothing_of_a_recording_can_be_given_up():
    assert not {setting for _, setting, _ in savings.STEPS} & RECORDED


def test_a_step_that_would_lower_nothing_is_left_out():
    made, told, clock = give("pico2w_arducam", backlight_pct=40, mirror_fps=2)
    for _ in range(60):
        made.judge(100, 200)
        clock.up_ms += 60_000
    assert [name for name, _ in told] == ["saves_timeout", "saves_more_light"]


def test_what_was_given_up_comes_back_late_and_only_with_much_to_spare():
    made, told, clock = give()
    made.judge(100, 200)
    for lasts_min, minutes in ((210, 60), (260, 60), (300, 10)):
        clock.up_ms += minutes * 60_000
        made.judge(lasts_min, 200)
    assert told == [("saves_light", True), ("saves_light", False)]
    assert made.settings["backlight_pct"] == 80


@pytest.mark.parametrize("start", (0, 60, 120))
def test_steps_do_not_come_and_go_while_the_estimate_wanders_for_hours(start):
    # Busy hours and quiet ones: the estimate is a third too high, then a third too low, and each
    # step buys 4 %.
    made, told, clock = give(pre_event_s=30)
    for minute in range(720):
        wander = 1 + 0.33 * math.sin((minute + start) / 180 * 2 * math.pi)
        lasts_min = (720 - minute) * 1.08 * wander * 1.04**made.given_up
        made.judge(int(lasts_min), 720 - minute)
        clock.up_ms += 60_000
    for name, *_ in savings.STEPS:
        assert told.count((name, True)) <= 2 and told.count((name, False)) <= 1, told
    assert [row for row in told if row[1]]  # and it was short at times


def test_in_the_next_shift_a_step_comes_back_again():
    made, told, clock = give()
    for lasts_min in (100, 300, 100, 300, 300):
        made.judge(lasts_min, 200)
        clock.up_ms += 40 * 60_000
    assert told == [("saves_light", True), ("saves_light", False), ("saves_light", True)]
    made.new_shift()
    assert made.judge(300, 200) and not made.given_up


def test_nothing_comes_back_in_the_last_hour():
    made, told, clock = give()
    made.judge(100, 200)
    clock.up_ms += 60 * 60_000
    assert not made.judge(69, 10)


@pytest.mark.parametrize(("lasts_min", "up_ms"), [(None, 700_000), (100, 300_000)])
def test_nothing_is_given_up_on_what_is_not_known_yet(lasts_min, up_ms):
    made, told, clock = give()
    clock.up_ms = up_ms
    assert not made.judge(lasts_min, 200) and not told


def test_a_profile_may_forbid_it():
    made, told, _ = give(saves=False)
    assert not made.judge(1, 200) and not told


@pytest.mark.parametrize("board", board_ids())
def test_every_step_lowers_what_the_board_should_draw(board):
    about = load(board)
    settings = {"backlight_pct": 80, "mirror_fps": 5, "slow_clock": False}
    before = savings.table_ua(about, settings)
    for _, setting, value in savings.STEPS:
        slow = setting != "slow_clock" or hasattr(about, "SLOW_HZ")
        if setting in settings and slow:
            settings[setting] = value
            after = savings.table_ua(about, settings)
            assert sum(after.values()) < sum(before.values()), setting
            before = after


# What is said ------------------------------------------------------------------------------------


def lasting(minutes, known=True, cable=False, now_s=1_780_293_600, unsure_pct=5):
    """Return Lasting with a power that says this; now is 08:00 in Duisburg."""
    outlook = SimpleNamespace(
        minutes=lambda stage: minutes // 4,
        minutes_expected=lambda: minutes,
        unsure_pct=lambda: unsure_pct,
    )
    power = SimpleNamespace(known=known, cable=cable, falls=False, percent=63, outlook=outlook)
    return Lasting(power, Clock(now_s=now_s), make())


@pytest.mark.parametrize(
    ("made", "stage", "says"),
    [
        (lasting(885), "display_on", ("bis 22:40", "until 22:40")),
        (lasting(885, unsure_pct=10), "display_on", ("bis 22:40", "until 22:40")),
        (lasting(885, unsure_pct=11), "display_on", ("bis ~22:40", "until ~22:40")),
        (lasting(885), "recording", ("bis 11:40", "until 11:40")),
        (lasting(885, now_s=None), "display_on", ("noch 14 h", "14 h left")),
        (lasting(1430), "display_on", ("bis 7:50", "until 7:50")),
        (lasting(1440), "display_on", ("noch 24 h", "24 h left")),
        (lasting(10_240), "display_on", ("noch 170 h", "170 h left")),  # not until 10:40
        (lasting(10_240), "recording", ("noch 42 h", "42 h left")),
        (lasting(43), "display_on", ("noch 40 min", "40 min left")),
        (lasting(7), "display_on", ("noch 7 min", "7 min left")),
        (lasting(885, cable=True), "docked", ("lädt: 63 %", "charging: 63 %")),
        (lasting(0, known=False), "display_on", ("Akku: ?", "Battery: ?")),
    ],
)
def test_how_long_the_battery_lasts_is_said_in_two_languages(made, stage, says):
    assert made.text(stage) == says
    assert all(len(text) < 16 for text in says)


def test_what_is_said_stays_while_the_estimate_wanders():
    made = lasting(885)
    outlook, said = made._power.outlook, set()
    for minutes in (885, 878, 889, 881, 887):
        outlook.minutes_expected = lambda minutes=minutes: minutes
        said.add(made.text("display_on"))
    assert said == {("bis 22:40", "until 22:40")}


def test_hours_turn_into_a_time_once_when_a_day_is_left():
    made, said = lasting(1460), []
    outlook = made._power.outlook
    for minutes in (1460, 1438, 1442, 1421, 1433, 1409, 1402, 1408):
        outlook.minutes_expected = lambda minutes=minutes: minutes
        said.append(made.text("idle")[1])
    assert said == 5 * ["24 h left"] + 3 * ["until 7:20"], said


def test_summer_time_is_the_european_unions():
    zone = ZoneInfo("Europe/Berlin")
    for utc_s in range(946_684_800, 4_102_444_800, 86_400 * 3 + 1800):
        there = datetime.datetime.fromtimestamp(utc_s, zone)
        assert is_eu_summer(utc_s) == bool(there.dst()), there


# What the log keeps ------------------------------------------------------------------------------


class Journal:
    """A log in a list."""

    def __init__(self):
        self.entries = []

    @property
    def seq(self):
        return len(self.entries)

    def note(self, code, facts):
        self.entries.append((code, json.dumps(facts).encode()))

    def recall(self, code, pages):
        for entry in reversed(self.entries[-pages:]):
            if entry[0] == code:
                yield entry[1]


class Power:
    """What the keeper asks of a power."""

    def __init__(self):
        self.cable, self.ever_known = False, True
        self.restored = None
        self.health = SimpleNamespace(row=lambda: [1, 2, 3, 4, 5])
        self.outlook = SimpleNamespace(mix=lambda: None, new_shift=lambda: None)
        self.learning = SimpleNamespace(retable=lambda table: None)

    def facts(self):
        return {"use": [1000] * 10, "mohm": 180, "mix": [1, 2, 3]}

    def minutes_expected(self):
        return 600

    def minutes_today(self):
        return 500

    def restore(self, facts):
        self.restored = facts


def keep(journal, clock):
    """Return a keeper on this log, and its power."""
    power = Power()
    nothing = SimpleNamespace(judge=lambda lasts_min, needed_min: False, new_shift=lambda: None)
    return Keeper(power, nothing, journal, clock, make()), power


def test_what_was_learned_is_found_again_and_the_shift_goes_on():
    journal, clock = Journal(), Clock(up_ms=0)
    keeper, _ = keep(journal, clock)
    clock.up_ms += 3 * 3_600_000
    clock.now_s += 3 * 3600
    keeper.lasts()
    assert keeper.needed_min == 9 * 60 and len(journal.entries) == 2
    for i in range(60):
        journal.note(log.STAGE, {"n": i})
    again, power = keep(journal, Clock(up_ms=1000, now_s=clock.now_s + 1800))
    again.restore()
    assert power.restored["use"] == [1000] * 10 and power.restored["health"] == [1, 2, 3, 4, 5]
    assert again.needed_min in (9 * 60 - 31, 9 * 60 - 30)


def test_what_was_learned_goes_along_into_a_log_that_is_blank():
    old, _ = keep(Journal(), Clock(up_ms=0))
    kept = json.dumps(old.facts()).encode()
    journal = Journal()
    keeper, power = keep(journal, Clock(up_ms=1000))
    power.ever_known = False  # it has just booted
    assert keeper.facts() == {}
    keeper.restore(kept)
    assert power.restored["use"] == [1000] * 10 and power.restored["health"] == [1, 2, 3, 4, 5]
    keeper.keep()
    again, power = keep(journal, Clock(up_ms=1000))
    again.restore()
    assert power.restored["use"] == [1000] * 10 and power.restored["health"] == [1, 2, 3, 4, 5]


def test_the_next_day_is_another_shift():
    journal, clock = Journal(), Clock(up_ms=0)
    keep(journal, clock)[0].keep()
    again, _ = keep(journal, Clock(up_ms=1000, now_s=clock.now_s + 86_400))
    again.restore()
    assert again.needed_min == 12 * 60


def test_a_pulled_cable_begins_a_shift():
    keeper, power = keep(Journal(), Clock(up_ms=0))
    keeper._clock.up_ms += 5 * 3_600_000
    power.cable = True
    keeper.lasts()
    power.cable = False
    keeper.lasts()
    assert keeper.needed_min == 12 * 60


def test_an_entry_comes_often_enough_to_be_found_again():
    journal, clock = Journal(), Clock(up_ms=0)
    keeper, _ = keep(journal, clock)
    for i in range(500):
        journal.note(log.MARK, {"n": i})
        keeper.lasts()
    gaps = [i for i, entry in enumerate(journal.entries) if entry[0] == log.POWER]
    assert max(b - a for a, b in zip(gaps, gaps[1:], strict=False)) <= 102


@pytest.mark.parametrize("garbage", [b"", b"[1]", b"{", b'{"use": "x", "begun": "y"}', b"\xff"])
def test_garbage_in_the_log_changes_nothing(garbage):
    journal = Journal()
    journal.entries.append((log.POWER, garbage))
    keeper, _ = keep(journal, Clock())
    keeper.restore()
    assert keeper.needed_min > 0
