"""The amplifier: what the speaker plays, and when it must be silent."""

import pytest

from drivers.aw88298 import AW88298
from tests.unit.chipbench import Bench, I2CSpy
from tools.sim.world import ChipError

RATE_HZ = 8000
IBUF_BYTES = 2 * RATE_HZ  # one second


@pytest.fixture
def bench():
    """The board with the amplifier's rail on and its reset line released."""
    bench = Bench()
    i2c = bench.i2c()
    i2c.writeto_mem(0x58, 0x11, b"\x10")
    i2c.writeto_mem(0x58, 0x02, b"\x04")
    row = bench.board.TONE
    bench.mcu.attach_i2s(row["bck"], row["ws"], row["dout"], bench.amplifier.hear)
    return bench


def sound(bench, rate_hz=RATE_HZ, ibuf=IBUF_BYTES):
    row, i2s = bench.board.TONE, bench.machine.I2S
    pins = {"sck": bench.pin(row["bck"]), "ws": bench.pin(row["ws"]), "sd": bench.pin(row["dout"])}
    mono = {"mode": i2s.TX, "bits": 16, "format": i2s.MONO}
    return i2s(row["i2s_id"], rate=rate_hz, ibuf=ibuf, **pins, **mono)


@pytest.fixture
def amp(bench):
    """A driver after setup."""
    amp = AW88298(bench.i2c(), sound(bench))
    amp.setup()
    return amp


def peek(bench, reg):
    high, low = bench.i2c().readfrom_mem(0x36, reg, 2)
    return high << 8 | low


def poke(bench, reg, value):
    bench.i2c().writeto_mem(0x36, reg, bytes((value >> 8, value & 0xFF)))


# Being there ----------------------------------------------------------------------------------


def test_without_its_rail_it_is_no_device(bench):
    bench.i2c().writeto_mem(0x34, 0x90, b"\x00")
    with pytest.raises(OSError) as caught:
        AW88298(bench.i2c(), None)
    assert caught.value.errno == 19


def test_in_reset_it_is_no_device(bench):
    bench.i2c().writeto_mem(0x58, 0x02, b"\x00")
    with pytest.raises(OSError) as caught:
        AW88298(bench.i2c(), None)
    assert caught.value.errno == 19


def test_a_fuel_gauge_at_its_address_is_no_device(bench):
    bench.amplifier.stuck[0x00] = 0x0010
    with pytest.raises(OSError, match="0x0010") as caught:
        AW88298(bench.i2c(), None)
    assert caught.value.errno == 19


def test_a_rate_the_chip_does_not_know_is_refused(bench):
    with pytest.raises(ValueError, match="8001"):
        AW88298(bench.i2c(), None, rate_hz=8001)


@pytest.mark.parametrize("rate_hz", [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000])
def test_every_rate_has_its_code(bench, rate_hz):
    amp = AW88298(bench.i2c(), sound(bench, rate_hz), rate_hz=rate_hz)
    amp.setup()
    amp.tone(880, 500)
    ((_, hz, ms),) = bench.world.tones
    assert (abs(hz - 880) <= 2, abs(ms - 500) <= 2) == (True, True)


def test_setup_takes_back_what_somebody_else_had_configured(bench):
    for reg, value in ((0x0C, 0x3064), (0x04, 0x4040), (0x05, 0x0008), (0x06, 0x3CC8)):
        poke(bench, reg, value)
    amp = AW88298(bench.i2c(), sound(bench))
    amp.setup()
    settled = [peek(bench, reg) for reg in (0x04, 0x05, 0x06, 0x0C, 0x61)]
    assert settled == [0x4043, 0x0018, 0x14C0, 0x0064, 0x0673]


# Tones ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hz", "ms"),
    [
        (2400, 40),
        (1760, 150),
        (880, 600),
        (2400, 60),
        (1320, 80),
        (660, 200),
        (440, 300),
        (20, 100),
    ],
)
def test_a_tone_is_heard_as_asked_for(bench, amp, hz, ms):
    amp.tone(hz, ms)
    ((_, heard_hz, heard_ms),) = bench.world.tones
    assert abs(heard_hz - hz) <= 20
    assert abs(heard_ms - ms) <= 1000 // hz + 1


def test_a_tone_is_full_of_whole_periods(bench):
    class Tape:
        samples = b""

        def write(self, buf):
            self.samples += bytes(buf)

    tape = Tape()
    amp = AW88298(bench.i2c(), tape)
    amp.setup()
    amp.tone(880, 330)
    values = memoryview(tape.samples).cast("h").tolist()
    assert (max(values), min(values)) == (20000, -20000)
    assert values[0] == 0
    assert sum(a < 0 <= b for a, b in zip([-1, *values], values, strict=False)) == 290
    assert values[-1] < 0  # the next sample would begin another


def test_one_second_fits_into_the_buffer_and_returns_at_once(bench, amp):
    start_ms = bench.world.ms
    amp.tone(880, 950)
    assert bench.world.ms - start_ms < 20


def test_a_longer_tone_blocks_for_the_rest(bench, amp):
    start_ms = bench.world.ms
    amp.tone(880, 3000)
    assert 1900 <= bench.world.ms - start_ms <= 2100


def test_tones_with_a_pause_are_two(bench, amp):
    for _ in range(2):
        amp.tone(1760, 150)
        bench.world.sleep(250)
    (first_ms, first_hz, _), (second_ms, second_hz, _) = bench.world.tones
    assert first_hz == second_hz == 1760
    assert abs(second_ms - first_ms - 250) <= 5


def test_a_tone_right_after_another_is_another(bench, amp):
    amp.tone(880, 200)
    amp.tone(660, 200)
    assert [hz for _, hz, _ in bench.world.tones] == [880, 660]
    (first_ms, _, first_length_ms), (second_ms, _, _) = bench.world.tones
    assert abs(first_ms + first_length_ms - second_ms) <= 2


@pytest.mark.parametrize("hz", [-1, 0, 19, 4000, 9000])
def test_a_tone_that_cannot_be_played_is_refused_before_the_amplifier_wakes(bench, amp, hz):
    with pytest.raises(ValueError, match=str(hz)):
        amp.tone(hz, 100)
    assert peek(bench, 0x04) == 0x4043


def test_another_rate_works_as_well(bench):
    amp = AW88298(bench.i2c(), sound(bench, 16000), rate_hz=16000)
    amp.setup()
    amp.tone(1000, 100)
    assert [tone[1:] for tone in bench.world.tones] == [(1000, 100)]


def test_the_amplifier_is_down_until_the_first_tone_and_after_sleep(bench, amp):
    assert peek(bench, 0x04) == 0x4043
    amp.tone(880, 100)
    assert (peek(bench, 0x04), peek(bench, 0x05)) == (0x4040, 0x0008)
    bench.world.sleep(100)
    amp.sleep()
    assert (peek(bench, 0x04), peek(bench, 0x05)) == (0x4043, 0x0018)
    amp.tone(880, 100)
    assert len(bench.world.tones) == 2


def test_sleep_cuts_a_running_tone_off(bench, amp):
    amp.tone(880, 600)
    bench.world.sleep(200)
    amp.sleep()
    ((start_ms, _, heard_ms),) = bench.world.tones
    assert abs(start_ms + heard_ms - bench.world.ms) <= 1
    amp.tone(880, 100)
    amp.sleep()
    assert len(bench.world.tones) == 1  # it had not begun


def test_it_is_configured_before_it_is_powered(bench):
    spy = I2CSpy(bench.i2c())
    amp = AW88298(spy, sound(bench))
    amp.setup()
    amp.tone(880, 100)
    written = [(reg, data.hex()) for reg, data in spy.writes]
    assert written[:2] == [(0x05, "0018"), (0x04, "4043")]
    assert (0x61, "0673") in written
    assert (0x06, "14c0") in written
    assert written[-3:] == [(0x04, "4042"), (0x04, "4040"), (0x05, "0008")]


def test_without_a_clock_a_tone_is_an_error_and_the_amplifier_goes_down(bench, amp):
    bench.amplifier.clocked = False
    with pytest.raises(OSError, match="clock") as caught:
        amp.tone(880, 100)
    assert caught.value.errno == 110
    assert peek(bench, 0x04) == 0x4043
    assert bench.world.tones == []
    bench.amplifier.clocked = True
    amp.tone(880, 100)
    assert len(bench.world.tones) == 1


def test_a_bus_failure_passes_through(bench, amp):
    bench.amplifier.nack = True
    for call in (amp.setup, lambda: amp.tone(880, 100), lambda: amp.volume_pct(50), amp.sleep):
        with pytest.raises(OSError) as caught:
            call()
        assert caught.value.errno == 19


@pytest.mark.parametrize(
    ("pct", "register"), [(100, 0x0064), (99, 0x0164), (88, 0x1064), (50, 0x4264), (1, 0x8364)]
)
def test_volume_is_half_a_decibel_a_percent(bench, amp, pct, register):
    amp.volume_pct(pct)
    assert peek(bench, 0x0C) == register


def test_volume_0_is_silence_awake_or_not(bench, amp):
    amp.volume_pct(0)
    amp.tone(880, 100)
    assert bench.world.tones == []
    amp.volume_pct(100)
    amp.tone(880, 100)
    bench.world.sleep(300)
    assert len(bench.world.tones) == 1
    amp.volume_pct(0)
    amp.tone(880, 100)
    assert len(bench.world.tones) == 1


@pytest.mark.parametrize("pct", [-1, 101])
def test_an_impossible_volume_is_refused(amp, pct):
    with pytest.raises(ValueError, match=r"0\.\.100"):
        amp.volume_pct(pct)


def test_deinit_powers_down_twice_and_setup_brings_it_back(bench, amp):
    amp.tone(880, 100)
    bench.world.sleep(100)
    amp.deinit()
    amp.deinit()
    assert peek(bench, 0x04) == 0x4043
    amp.setup()
    amp.tone(880, 100)
    assert len(bench.world.tones) == 2


# The chip itself ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reg", "value"),
    [
        (0x08, 0x0000),
        (0x01, 0x0000),
        (0x00, 0x1852),
        (0x06, 0x14FB),  # no such rate
        (0x06, 0x14F0),  # no such clock
        (0x06, 0x17C0),  # no such format
        (0x06, 0x10C0),  # no channel
        (0x05, 0x0100),
        (0x04, 0x8040),
    ],
)
def test_the_chip_refuses_what_its_tables_do_not_allow(bench, reg, value):
    with pytest.raises(ChipError):
        poke(bench, reg, value)


def test_half_a_register_is_an_error(bench):
    with pytest.raises(ChipError):
        bench.i2c().writeto_mem(0x36, 0x04, b"\x40")
    with pytest.raises(ChipError):
        bench.i2c().readfrom_mem(0x36, 0x08, 2)


def test_a_soft_reset_restores_everything(bench, amp):
    amp.tone(880, 100)
    poke(bench, 0x00, 0x55AA)
    assert (peek(bench, 0x00), peek(bench, 0x04), peek(bench, 0x05)) == (0x1852, 0x4003, 0x0038)


def test_status_tells_lock_and_switching(bench, amp):
    assert peek(bench, 0x01) == 0x0000
    amp.tone(880, 100)
    assert peek(bench, 0x01) == 0x0101


@pytest.mark.parametrize(
    ("reg", "value"),
    [
        (0x04, 0x4041),
        (0x04, 0x4042),
        (0x04, 0x4000),
        (0x05, 0x0018),
        (0x06, 0x04C0),
        (0x06, 0x14C3),
    ],
)
def test_nothing_is_heard_unless_everything_is_right(bench, amp, reg, value):
    amp.tone(880, 50)
    bench.world.sleep(200)
    poke(bench, reg, value)
    amp.tone(880, 50)
    assert len(bench.world.tones) == 1


def test_losing_the_rail_loses_the_configuration(bench, amp):
    amp.tone(880, 50)
    bench.i2c().writeto_mem(0x34, 0x90, b"\x00")
    bench.i2c().writeto_mem(0x34, 0x90, b"\x01")
    assert peek(bench, 0x04) == 0x4003


def test_silence_is_no_tone(bench, amp):
    amp.tone(880, 50)
    bench.amplifier.hear(bytes(800), RATE_HZ, 16)
    assert len(bench.world.tones) == 1
