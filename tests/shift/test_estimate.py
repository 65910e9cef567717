"""Hours left, as the firmware says it, beside a cell that knows: cameras whose currents, battery,
age, temperature, gauge and use nobody told the firmware.
"""

import faulthandler
import random
import sys

import pytest

from tools.boards_command import load
from tools.shift.model import Camera

BOARDS = ("m5stack_cores3", "pico2w_arducam")
SHIFTS = 200
SAMPLE = range(8, 14)  # seeds: about as hard as two hundred, and the same in every run
LIMIT_S = 120  # of one life: two hundred may take longer than a test
LEARNED = 3  # shifts in service before the one that is measured


def life(seed, learned=LEARNED):
    """Return what a camera said and what was true, through a shift that empties its battery.

    Its battery is full, or nearly, and lasts 0.9 to 1.4 shifts of twelve hours.
    """
    faulthandler.dump_traceback_later(LIMIT_S, exit=True, file=sys.__stderr__)
    rng = random.Random(seed)
    board = load(BOARDS[seed % 2])
    camera = Camera(board, seed)
    pct = rng.randint(85, 100)
    need_mah = 12 * camera.mix_ua() / 1000
    mah = need_mah * rng.uniform(0.9, 1.4) * 100 / pct * 100 / camera.health_pct
    camera = Camera(board, seed, int(mah))
    for _ in range(learned):
        camera.shift(12, 95, rng.randint(-100, 350))
    return camera.shift(20, pct, rng.randint(-100, 350), look_s=60)


def judge(lives):
    """Return the share of samples within 10 % after the first hour and of those within 10 minutes
    in the last, and the errors and what could still be recorded at the last alarm, in minutes.
    """
    early, late, errors, remaining = [], [], [], []
    for result in lives:
        for at_s, truth, estimate, _ in result["samples"]:
            if at_s >= 3600 and truth > 60:
                early.append(abs(estimate - truth) <= 0.1 * truth)
            elif at_s >= 3600:
                late.append(abs(estimate - truth) <= 10)
        if "10 min" in result["alarms"]:  # a use so light that it lasts twenty hours has none
            truth, estimate = result["alarms"]["10 min"]
            errors.append(estimate - truth)
            remaining.append(truth)
    return sum(early) / len(early), sum(late) / len(late), errors, remaining


@pytest.fixture(scope="module")
def lives(seed, full):
    """What a few cameras said, always the same, or two hundred that nobody chose."""
    return [life(number) for number in (range(seed, seed + SHIFTS) if full else SAMPLE)]


def test_the_estimate_is_right_in_95_percent_of_the_samples(lives, record_property):
    early, late, errors, remaining = judge(lives)
    said = f"{len(lives)} shifts: within 10 %: {early:.3f}; last hour, within 10 min: {late:.3f}"
    said += f"; at the last alarm optimistic by {max(errors):.1f} min at most, and "
    said += f"{min(remaining):.1f} to {max(remaining):.1f} min could still be recorded"
    record_property("measured", said)
    assert early >= 0.95 and late >= 0.95, said
    assert max(errors) <= 15, said
    assert min(remaining) >= 5 and max(remaining) <= 30, said


def test_the_camera_ends_before_its_battery_does(lives):
    # Where the shift was over first, neither came.
    died = [result for result in lives if result["ended_s"] is None and result["dead_s"]]
    assert not died


@pytest.mark.full
def test_what_was_learned_makes_the_estimate_better(lives, seed):
    first = judge([life(seed + i, 0) for i in range(40)])[0]
    later = judge(lives[:40])[0]
    print(f"within 10 % in the first shift: {first:.3f}, in the fourth: {later:.3f}")
    assert later > first
