"""The microphone: every sample once, in order, without waiting; and silence when it is stopped."""

import struct

import pytest

from drivers.i2smicrophone import I2SMicrophone
from tests.unit.eyebench import Bench
from tools.sim.chips.microphone import MicrophoneChip
from tools.sim.world import ChipError

PIECE_MS = 20


@pytest.fixture
def bench():
    bench = Bench()
    bench.chip = MicrophoneChip(bench.world, bench.board)
    bench.mcu.attach_i2s_source(41, 42, 2, bench.chip.speak)
    bench.opened = 0
    machine = bench.machine

    def receive():
        bench.opened += 1
        wires = {"sck": machine.Pin(41), "ws": machine.Pin(42), "sd": machine.Pin(2)}
        kind = {"mode": machine.I2S.RX, "bits": 16, "format": machine.I2S.MONO}
        bench.i2s = machine.I2S(0, rate=16_000, ibuf=16_000, **wires, **kind)
        return bench.i2s

    bench.microphone = I2SMicrophone(receive)
    return bench


def samples(piece):
    return struct.unpack("<%dh" % (len(piece) // 2), bytes(piece))


def listen(bench, ms):
    """Read for `ms`, every 5 ms; return all samples."""
    heard = []
    for _ in range(ms // 5):
        piece = bench.microphone.read()
        if piece is not None:
            heard += samples(piece)
        bench.world.sleep(5)
    return heard


def test_it_is_off_until_it_is_started(bench):
    assert bench.microphone.read() is None
    assert bench.opened == 0


def test_every_sample_comes_once_and_in_order(bench):
    bench.microphone.start()
    bench.microphone.start()
    assert bench.opened == 1
    heard = listen(bench, 3000)
    assert heard == [i % 32768 for i in range(len(heard))]
    assert 46_000 <= len(heard) <= 48_000


def test_reading_never_waits(bench):
    bench.microphone.start()
    for _ in range(100):
        before_ms = bench.world.ms
        bench.microphone.read()
        assert bench.world.ms - before_ms <= 1


def test_what_its_buffer_holds_is_not_lost_while_nobody_reads(bench):
    bench.microphone.start()
    heard = listen(bench, 100)
    bench.world.sleep(400)
    heard += listen(bench, 1000)
    assert heard == list(range(len(heard)))


def test_what_is_older_is_lost_and_the_rest_stays_in_order(bench):
    bench.microphone.start()
    heard = listen(bench, 100)
    bench.world.sleep(1500)
    heard += listen(bench, 1000)
    steps = [(b - a) % 32768 for a, b in zip(heard, heard[1:], strict=False)]
    assert len([step for step in steps if step != 1]) == 1
    assert 15_000 <= max(steps) <= 17_000


def test_stop_wipes_and_may_be_called_twice_and_start_follows_it(bench):
    bench.microphone.start()
    listen(bench, 100)
    bench.microphone.stop()
    bench.microphone.stop()
    assert not any(any(piece) for piece in bench.microphone._pieces)
    assert listen(bench, 100) == []
    bench.microphone.start()
    heard = listen(bench, 200)
    assert heard == list(range(len(heard))) and heard


def test_a_silent_microphone_gives_zeros(bench):
    bench.chip.silent = True
    bench.microphone.start()
    assert set(listen(bench, 200)) == {0}
    bench.chip.power(False)


# machine.I2S itself ---------------------------------------------------------------------------


def test_i2s_is_strict(bench):
    bench.microphone.start()
    with pytest.raises(ChipError, match="one buffer"):
        bench.i2s.readinto(bytearray(4))
    with pytest.raises(ChipError, match="receives"):
        bench.i2s.write(bytes(4))
    bench.i2s.deinit()
    with pytest.raises(OSError, match="stopped"):
        bench.i2s.readinto(bytearray(4))
