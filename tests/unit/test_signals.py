"""Light, tone and vibration over time, read at the parts."""

import pytest
from fakes import Time

from bodycam.clock import Clock
from bodycam.profile import make
from bodycam.signals import LIGHTS, SEQUENCES, Signals
from bodycam.stages import STAGES


class Parts:
    """A lamp, a speaker and a motor that note what they are told and when."""

    def __init__(self):
        self.time = Time()
        self.start = self.time.now_ms
        self.colors, self.tones, self.pushes, self.naps = [], [], [], []
        self.signals = Signals(Clock(self.time), make(), self, self, self)

    def color(self, *rgb):
        self.colors.append((self.time.now_ms - self.start, rgb))

    def tone(self, hz, ms):
        self.tones.append((self.time.now_ms - self.start, hz, ms))

    def sleep(self):
        self.naps.append(self.time.now_ms - self.start)

    def drive(self, pct):
        self.pushes.append((self.time.now_ms - self.start, pct))

    def run(self, ms):
        end = self.time.now_ms + ms
        while self.time.now_ms < end:
            wait = self.signals.step(self.time.ticks_ms())
            assert wait > 0
            self.time.now_ms = min(end, self.time.now_ms + wait)


def test_every_stage_has_its_own_light():
    assert set(LIGHTS) == set(STAGES)
    assert len(set(LIGHTS.values())) == len(STAGES)
    assert [
        stage for stage, (color, _, _) in LIGHTS.items() if color[0] > 100 and not color[1]
    ] == ["recording"]


def test_recording_blinks_red_once_a_second():
    parts = Parts()
    parts.signals.stage("recording")
    parts.run(3000)
    assert parts.colors == [
        (0, (160, 0, 0)),
        (500, (0, 0, 0)),
        (1000, (160, 0, 0)),
        (1500, (0, 0, 0)),
        (2000, (160, 0, 0)),
        (2500, (0, 0, 0)),
    ]


def test_idle_gives_one_short_pulse_every_few_seconds():
    parts = Parts()
    parts.signals.stage("idle")
    parts.run(9000)
    lit = [at for at, rgb in parts.colors if any(rgb)]
    assert lit == [0, 5000]
    assert parts.colors[1][0] == 60


def test_a_steady_light_is_set_once():
    parts = Parts()
    parts.signals.stage("display_on")
    parts.run(10_000)
    assert len(parts.colors) == 1


def test_start_is_two_tones_and_two_vibrations_and_stop_one_long_tone():
    parts = Parts()
    parts.signals.play("start")
    parts.run(2000)
    assert [(at, ms) for at, _, ms in parts.tones] == [(0, 150), (250, 150)]
    assert [at for at, pct in parts.pushes if pct] == [0, 250]
    assert parts.pushes[-1][1] == 0
    parts.signals.play("stop")
    parts.run(2000)
    assert len(parts.tones) == 3 and parts.tones[-1][2] >= 500


def test_the_start_signal_comes_again_every_two_minutes_of_a_recording():
    parts = Parts()
    parts.signals.stage("recording")
    parts.run(250_000)
    assert [at for at, _, _ in parts.tones] == [120_000, 120_250, 240_000, 240_250]
    parts.signals.stage("display_on")
    parts.run(250_000)
    assert len(parts.tones) == 4


@pytest.mark.parametrize("name", SEQUENCES)
def test_every_sequence_ends_with_the_motor_off(name):
    parts = Parts()
    parts.signals.play(name)
    parts.run(3000)
    assert parts.pushes[-1][1] == 0


def test_the_amplifier_sleeps_once_a_sequence_has_ended():
    parts = Parts()
    parts.signals.play("start")
    parts.run(2000)
    assert parts.naps == [400]


def test_missing_parts_are_nothing_and_failing_ones_are_counted():
    time = Time()
    signals = Signals(Clock(time), make())
    signals.stage("recording")
    signals.play("start")
    assert signals.step(time.ticks_ms()) > 0
    assert signals.errors == 0

    class Broken:
        def color(self, *rgb):
            raise OSError(5, "broken")

    signals = Signals(Clock(time), make(), lamp=Broken())
    signals.stage("recording")
    signals.step(time.ticks_ms())
    assert signals.errors == 1
