"""The camera as main.py starts it: what it says of a prompt, and when it tells its slots."""

import contextlib

import pytest

from bodycam.looks import AMBER
from tools.evidence.info import info
from tools.evidence.layout import WARNING
from tools.evidence.log import Log, said
from tools.torture.bench import Bench, new_card

SCRIPT = "0:00 boot\n0:02 press\n+3 expect display_on\n+1 end\n"


class Slots:
    """As much of the slots as the app uses; `confirm` ends the run loop."""

    def __init__(self, gave_up=0):
        self.gave_up = gave_up
        self.confirmed = 0

    def status(self):
        return {"number": 3}

    def confirm(self):
        self.confirmed += 1
        raise KeyboardInterrupt


@pytest.fixture
def play(tmp_path, seed):
    """A function (unlocked, during) that runs SCRIPT and returns the image and its Outcome."""

    def run(unlocked, during=None):
        image = new_card(tmp_path, seed)
        bench = Bench(image, SCRIPT, seed)
        bench.run.config["unlocked"] = unlocked
        return image, bench.play(during)

    return run


def in_the_bar(pixels):
    """Return the colour of the bar above the picture, near its right end."""
    at = (16 * 320 + 296) * 2
    return pixels[at] << 8 | pixels[at + 1]


def warnings(image):
    entries = Log(f"{image}.camera").entries
    return [said(entry)["why"] for entry in entries if entry.code == WARNING]


@pytest.mark.parametrize("unlocked", [True, False])
def test_an_unlocked_camera_says_so_on_its_display_in_its_log_and_in_info(play, unlocked):
    seen = set()

    def during(bench):
        if bench._stage == "display_on":
            seen.add(in_the_bar(bench.run.camera.pixels()))

    image, outcome = play(unlocked, during)
    assert not outcome.broken and not outcome.faults
    assert (AMBER in seen) == unlocked, seen
    assert ("unlocked" in warnings(image)) == unlocked
    assert info(image, f"{image}.camera")["camera"]["unlocked"] == unlocked


def test_slots_are_told_once_the_run_loop_has_turned(play):
    slots = Slots(gave_up=7)

    def during(bench):
        if not slots.confirmed:
            app = bench.run._app
            app.slots = slots
            with contextlib.suppress(KeyboardInterrupt):
                app.run()

    image, outcome = play(False, during)
    assert slots.confirmed == 1 and not outcome.broken
    assert "release 7 did not work" in warnings(image)


def test_slots_are_not_told_of_a_camera_that_fails_unexpectedly(play):
    slots, turns = Slots(), []

    def turn():
        turns.append(1)
        if len(turns) > 3:
            raise KeyboardInterrupt
        return 0

    def during(bench):
        app = bench.run._app
        if app and not turns:
            app.slots = slots
            app.procedure.fail("unexpected", "on purpose")
            step, app.procedure.step = app.procedure.step, turn
            with contextlib.suppress(KeyboardInterrupt):
                app.run()
            app.procedure.step = step

    play(False, during)
    assert len(turns) > 3 and slots.confirmed == 0
