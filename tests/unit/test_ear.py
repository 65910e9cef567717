"""The ear: what it hears is recorded while it may listen, and nothing else ever is."""

import pytest
from fakes import Time

from bodycam.clock import Clock
from bodycam.ear import Ear


class Microphone:
    """Gives a piece every 20 ms while it runs."""

    def __init__(self, time):
        self._time = time
        self.runs = False
        self.starts = 0
        self.fail = None

    def start(self):
        if self.fail == "start":
            raise OSError(5, "no I2S")
        self.runs = True
        self.starts += 1
        self._due_ms = self._time.now_ms + 20
        self.pieces = 0

    def stop(self):
        self.runs = False

    def read(self):
        assert self.runs, "read while it is off"
        if self.fail == "read":
            raise OSError(5, "I2S stopped")
        if self._time.now_ms < self._due_ms:
            return None
        self._due_ms += 20
        self.pieces += 1
        return bytes((self.pieces & 255,)) * 640


class Recorder:
    def __init__(self):
        self.wanted = True
        self.heard = []

    def wants_frames(self):
        return self.wanted

    def sound(self, t_ms, data):
        self.heard.append((t_ms, bytes(data)))
        return True


class Rig:
    def __init__(self, microphone=True):
        self.time = Time()
        self.clock = Clock(self.time)
        self.microphone = Microphone(self.time) if microphone else None
        self.recorder = Recorder()
        self.ear = Ear(self.microphone, self.recorder, self.clock)

    def run(self, ms):
        end_ms = self.time.now_ms + ms
        while self.time.now_ms < end_ms:
            wait_ms = self.ear.step(self.clock.tick())
            self.time.now_ms += min(wait_ms, end_ms - self.time.now_ms)


@pytest.fixture
def rig():
    return Rig()


def test_it_is_deaf_until_it_may_listen(rig):
    rig.run(1000)
    assert rig.microphone.starts == 0 and rig.recorder.heard == []


def test_every_piece_is_recorded_once_in_order_with_its_time(rig):
    rig.ear.listen(True)
    rig.run(2000)
    heard = rig.recorder.heard
    assert [data[0] for _, data in heard] == [(i + 1) & 255 for i in range(len(heard))]
    assert 97 <= len(heard) <= 100
    steps = [(b[0] - a[0]) & 0x3FFFFFFF for a, b in zip(heard, heard[1:], strict=False)]
    assert set(steps) <= {10, 20, 30}


def test_it_stops_at_once_and_listens_again(rig):
    rig.ear.listen(True)
    rig.run(500)
    rig.ear.listen(False)
    count = len(rig.recorder.heard)
    assert not rig.microphone.runs
    rig.run(500)
    assert len(rig.recorder.heard) == count
    rig.ear.listen(True)
    rig.ear.listen(True)
    rig.run(500)
    assert rig.microphone.starts == 2 and len(rig.recorder.heard) > count


def test_what_is_heard_while_a_recording_is_sealed_is_dropped(rig):
    rig.ear.listen(True)
    rig.recorder.wanted = False
    rig.run(500)
    assert rig.recorder.heard == [] and rig.microphone.pieces > 20


def test_without_a_microphone_or_where_sound_is_not_allowed_it_does_nothing():
    rig = Rig(microphone=False)
    rig.ear.listen(True)
    assert rig.ear.step(0) >= 1000
    rig.ear.listen(False)
    assert rig.recorder.heard == []


@pytest.mark.parametrize("what", ["start", "read"])
def test_a_microphone_that_fails_is_told_and_tried_again(rig, what):
    rig.microphone.fail = what
    rig.ear.listen(True)
    for _ in range(3):
        with pytest.raises(OSError):
            rig.ear.step(rig.clock.tick())
    rig.microphone.fail = None
    rig.run(300)
    assert len(rig.recorder.heard) > 10
