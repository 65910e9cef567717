"""Gestures of one button whose edges are latched and read every 50 ms, or later when the loop
was busy.
"""

import pytest
from fakes import Time

from bodycam.clock import Clock
from bodycam.controls import Controls
from bodycam.profile import make
from bodycam.stages import Stages


class Hands:
    """Presses a button at given times; a poll every 50 ms gives its latched edges to the
    controls.
    """

    def __init__(self, stage):
        self.time = Time()
        self.stages = Stages()
        self.stages.stage = stage
        self.said = []
        self.controls = Controls(Clock(self.time), self.stages, make(), self.post)
        self.edges = []
        self.start = self.time.now_ms

    def post(self, event):
        self.said.append((self.time.now_ms - self.start, event))
        self.stages.post(event)

    def press(self, at_ms, length_ms=80):
        self.edges += [(at_ms, 1), (at_ms + length_ms, 2)]
        return self

    def run(self, until_ms, busy=()):
        """Poll until `until_ms`; in each (from, to) of `busy` the loop was blocked."""
        last = -1
        for at in range(0, until_ms + 1, 50):
            if any(a < at < b for a, b in busy):
                continue
            latched = 0
            for when, edge in self.edges:
                if last < when <= at:
                    latched |= edge
            last = at
            self.time.now_ms = self.start + at
            self.controls.step(self.time.ticks_ms(), bool(latched & 1), bool(latched & 2))
        return self.events

    @property
    def events(self):
        return [event for _, event in self.said]


def test_a_press_in_idle_shows_the_display_at_once():
    hands = Hands("idle").press(110)
    hands.run(1000)
    assert hands.said == [(150, "show")]


@pytest.mark.parametrize("stage, event", [("display_on", "hide"), ("recording", "mark")])
def test_a_press_that_was_over_before_anybody_looked_counts(stage, event):
    hands = Hands(stage).press(110, 30)
    assert hands.run(1000, busy=[(100, 200)]) == [event]


@pytest.mark.parametrize("length_ms, event", [(3000, "ask_stop"), (2700, "mark")])
def test_a_press_that_began_in_a_blocked_turn_is_as_long_as_it_was(length_ms, event):
    for at_ms in (105, 199):
        hands = Hands("recording").press(at_ms, length_ms)
        busy = [(100, 200), (3050, 3150)]
        assert hands.run(4000, busy=busy) == [event]


def test_a_press_with_the_display_on_hides_it_after_the_window():
    hands = Hands("display_on").press(100)
    hands.run(1000)
    assert hands.events == ["hide"]
    assert 350 <= hands.said[0][0] - 100 <= 450


@pytest.mark.parametrize("stage", ["idle", "display_on", "armed"])
@pytest.mark.parametrize("gap_ms", [120, 200, 250, 349])
def test_a_second_press_in_the_window_records_at_once(stage, gap_ms):
    hands = Hands(stage).press(100, 60).press(100 + gap_ms)
    events = hands.run(2000)
    assert events == (["show", "record"] if stage == "idle" else ["record"])
    assert hands.said[-1][0] <= 100 + gap_ms + 50


def test_a_double_press_records_also_when_the_camera_start_kept_the_loop_busy():
    hands = Hands("idle").press(100).press(350)
    assert hands.run(2000, busy=[(100, 600)]) == ["show", "record"]


def test_two_slow_presses_show_and_hide():
    assert Hands("idle").press(100).press(700).run(2000) == ["show", "hide"]


def test_a_press_while_recording_is_a_marker():
    assert Hands("recording").press(100).press(1000).run(2000) == ["mark", "mark"]


def test_holding_three_seconds_asks_and_a_press_stops():
    hands = Hands("recording").press(100, 3300).press(5000)
    assert hands.run(7000) == ["ask_stop", "stop"]
    assert 2950 <= hands.said[0][0] - 100 <= 3050


@pytest.mark.parametrize("at_ms", [100, 101, 125, 149])
def test_three_seconds_to_the_millisecond_are_a_hold(at_ms):
    assert Hands("recording").press(at_ms, 3000).run(4000) == ["ask_stop"]


def test_without_the_second_press_the_recording_goes_on():
    hands = Hands("recording").press(100, 3300)
    assert hands.run(12000) == ["ask_stop", "keep"]
    assert hands.stages.stage == "recording"


def test_the_confirming_press_is_no_marker_and_a_late_one_is():
    assert Hands("recording").press(100, 3300).press(9000).run(12000) == [
        "ask_stop",
        "keep",
        "mark",
    ]


def test_holding_the_confirming_press_does_not_ask_again():
    assert Hands("recording").press(100, 3300).press(4000, 4000).run(9000) == ["ask_stop", "stop"]


@pytest.mark.parametrize("stage", ["idle", "display_on", "armed", "fault"])
def test_holding_six_seconds_outside_a_recording_switches_off(stage):
    hands = Hands(stage).press(100, 6200)
    assert hands.run(8000)[-1] == "off"
    assert hands.stages.stage == "off"


def test_holding_six_seconds_while_recording_only_asks():
    hands = Hands("recording").press(100, 6500)
    hands.run(7000)
    assert hands.events[0] == "ask_stop" and "off" not in hands.events


def test_a_long_press_does_not_hide_the_display_before_it_ends():
    hands = Hands("display_on").press(100, 1500)
    assert hands.run(3000) == ["hide"]
    assert hands.said[0][0] >= 1600


def test_holding_three_seconds_arms_and_the_release_does_not_hide():
    assert Hands("display_on").press(100, 3500).run(6000) == ["arm"]


@pytest.mark.parametrize("length_ms", [30, 3200])
def test_what_hides_behind_two_edges_in_one_look_never_stays_down(length_ms):
    # While the camera starts, the press that records ends and another begins, and perhaps ends.
    hands = Hands("display_on").press(110).press(300, 100).press(420, length_ms)
    assert hands.run(9000, busy=[(350, 800)]) == ["record", "mark"]


def test_edges_without_a_press_do_nothing():
    hands = Hands("idle")
    hands.edges = [(100, 2)]
    assert hands.run(1000) == []
