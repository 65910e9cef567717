"""The clock chip: dates to the second, and every way in which its time may not be trusted."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.bm8563 import BM8563
from tests.unit.chipbench import Bench, I2CSpy
from tools.sim.world import START_UNIX_S, ChipError

FIRST = datetime(2000, 1, 1, tzinfo=UTC)
LAST = datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def rtc(bench):
    return BM8563(bench.i2c())


def unix(*when):
    return int(datetime(*when, tzinfo=UTC).timestamp())


def poke(bench, reg, *values):
    bench.i2c().writeto_mem(0x51, reg, bytes(values))


def registers(bench):
    return bench.i2c().readfrom_mem(0x51, 0x02, 7)


GOOD = b"\x00\x00\x56\x34\x12\x28\x06\x02\x26"


class Canned:
    """An I2C on which the chip reads as these bytes; it keeps what is written."""

    def __init__(self, regs=b"\0" * 9):
        self.regs = regs
        self.written = None

    def readfrom_mem_into(self, address, reg, buf):
        buf[:] = self.regs[reg : reg + len(buf)]

    def writeto_mem(self, address, reg, buf):
        self.written = bytes(buf)


def test_a_chip_that_does_not_answer_is_no_device(bench):
    bench.rtc.absent = True
    with pytest.raises(OSError) as caught:
        BM8563(bench.i2c())
    assert caught.value.errno == 19


def test_construction_writes_nothing(bench):
    spy = I2CSpy(bench.i2c())
    BM8563(spy)
    assert spy.writes == []


def test_it_tells_the_time_and_runs(bench, rtc):
    assert rtc.unix_s() == START_UNIX_S
    bench.world.sleep(90_061_000)  # a day, an hour, a minute and a second
    assert rtc.unix_s() == START_UNIX_S + 90_061


def test_it_runs_on_from_what_was_set(bench, rtc):
    rtc.set_unix_s(unix(2028, 2, 28, 23, 59, 59))
    bench.world.sleep(1_000)
    assert rtc.unix_s() == unix(2028, 2, 29)
    bench.world.sleep(86_400_000)
    assert rtc.unix_s() == unix(2028, 3, 1)


@pytest.mark.parametrize(
    "when",
    [
        (2000, 1, 1),
        (2000, 2, 29),
        (2000, 3, 1),
        (2026, 6, 1, 6),
        (2026, 12, 31, 23, 59, 59),
        (2027, 1, 1),
        (2028, 12, 31),
        (2096, 2, 29),
        (2099, 12, 31, 23, 59, 59),
    ],
)
def test_it_keeps_the_date(bench, rtc, when):
    rtc.set_unix_s(unix(*when))
    assert rtc.unix_s() == unix(*when)
    assert registers(bench)[4] & 7 == (datetime(*when).weekday() + 1) % 7


def test_every_day_of_a_year_with_and_without_29_february():
    i2c = Canned()
    rtc = BM8563(i2c)
    for day in range(3 * 366):
        when = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
        rtc.set_unix_s(int(when.timestamp()))
        assert [(b >> 4) * 10 + (b & 15) for b in i2c.written[5:]] == [
            when.day,
            (when.weekday() + 1) % 7,
            when.month,
            when.year - 2000,
        ]
        i2c.regs = i2c.written
        assert rtc.unix_s() == int(when.timestamp())


@pytest.mark.parametrize(
    ("month", "day"),
    [(1, 0x32), (3, 0x32), (4, 0x31), (6, 0x31), (9, 0x31), (0x11, 0x31), (0x12, 0x32)],
)
def test_a_day_after_the_month_is_none(month, day):
    regs = bytearray(GOOD)
    regs[5], regs[7] = day, month
    assert BM8563(Canned(regs)).unix_s() is None
    regs[5] = day - 1 if day & 15 != 0 else 0x30
    assert BM8563(Canned(regs)).unix_s() is not None


@given(st.integers(0, int((LAST - FIRST).total_seconds())))
def test_every_second_of_the_century_is_there_and_back_again(after_s):
    when = FIRST + timedelta(seconds=after_s)
    i2c = Canned()
    rtc = BM8563(i2c)
    rtc.set_unix_s(int(when.timestamp()))
    fields = [(b >> 4) * 10 + (b & 15) for b in i2c.written[2:]]
    assert fields[:4] == [when.second, when.minute, when.hour, when.day]
    assert fields[4:] == [(when.weekday() + 1) % 7, when.month, when.year - 2000]
    i2c.regs = i2c.written
    assert rtc.unix_s() == int(when.timestamp())


@pytest.mark.parametrize("unix_s", [0, unix(1999, 12, 31, 23, 59, 59), unix(2100, 1, 1)])
def test_a_year_the_chip_does_not_know_is_refused(rtc, unix_s):
    with pytest.raises(ValueError, match="2000"):
        rtc.set_unix_s(unix_s)


def test_a_time_that_was_lost_is_none_until_it_is_set(bench, rtc):
    bench.world.act("clock", None)
    assert rtc.unix_s() is None
    bench.world.sleep(5_000)
    assert rtc.unix_s() is None
    rtc.set_unix_s(START_UNIX_S)
    assert rtc.unix_s() == START_UNIX_S


def test_a_wrong_clock_is_believed(bench, rtc):
    bench.world.act("clock", START_UNIX_S + 3600)
    assert rtc.unix_s() == START_UNIX_S + 3600


def test_a_halted_clock_is_none(bench, rtc):
    poke(bench, 0x00, 0x20)
    assert rtc.unix_s() is None
    bench.world.sleep(10_000)
    poke(bench, 0x00, 0x00)
    assert rtc.unix_s() == START_UNIX_S
    bench.world.sleep(1_000)
    assert rtc.unix_s() == START_UNIX_S + 1


def test_setting_a_halted_clock_starts_it(bench, rtc):
    poke(bench, 0x00, 0x20)
    rtc.set_unix_s(START_UNIX_S + 7)
    bench.world.sleep(2_000)
    assert rtc.unix_s() == START_UNIX_S + 9


def test_the_last_century_is_none(bench, rtc):
    poke(bench, 0x07, 0x86)
    assert rtc.unix_s() is None


@pytest.mark.parametrize(
    ("reg", "value"),
    [
        (2, 0x60),
        (2, 0x5A),
        (3, 0x60),
        (4, 0x24),
        (5, 0x00),
        (5, 0x29),  # February 2026 has 28 days
        (5, 0x3A),
        (7, 0x00),
        (7, 0x13),
        (8, 0xA0),
        (8, 0x2A),
        (0, 0x80),  # clocked from outside, for tests
        (0, 0x20),
        (2, 0xD6),  # integrity lost
    ],
)
def test_nonsense_in_a_register_is_none(reg, value):
    regs = bytearray(GOOD)
    rtc = BM8563(Canned(regs))
    assert rtc.unix_s() == unix(2026, 2, 28, 12, 34, 56)
    regs[reg] = value
    assert rtc.unix_s() is None


def test_all_ones_and_all_zeros_are_none():
    for byte in (b"\xff", b"\x00"):
        assert BM8563(Canned(byte * 9)).unix_s() is None


def test_bits_that_mean_nothing_are_masked(bench, rtc):
    assert registers(bench)[1] & 0x80  # the chip sets them on purpose
    assert rtc.unix_s() == START_UNIX_S


def test_the_time_comes_in_one_burst(bench):
    spy = I2CSpy(bench.i2c())
    rtc = BM8563(spy)
    spy.reads.clear()
    rtc.unix_s()
    assert len(spy.reads) == 1


def test_a_bus_failure_passes_through(bench, rtc):
    bench.bus.stuck = True
    for call in (rtc.unix_s, lambda: rtc.set_unix_s(START_UNIX_S)):
        with pytest.raises(OSError) as caught:
            call()
        assert caught.value.errno == 5


def test_deinit_lets_it_run_on(bench, rtc):
    rtc.deinit()
    rtc.deinit()
    bench.world.sleep(1_000)
    assert rtc.unix_s() == START_UNIX_S + 1


# The chip itself ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reg", "value"),
    [(0x10, 0), (0x00, 0x40), (0x01, 0x80), (0x02, 0x60), (0x02, 0x0A), (0x05, 0x31), (0x07, 0)],
)
def test_the_chip_refuses_what_its_tables_do_not_allow(bench, reg, value):
    with pytest.raises(ChipError):
        poke(bench, reg, value)


def test_reading_an_unknown_register_is_an_error(bench):
    with pytest.raises(ChipError):
        bench.i2c().readfrom_mem(0x51, 0x0F, 2)


def test_alarm_flags_can_only_be_cleared(bench):
    poke(bench, 0x01, 0x0C)
    assert bench.i2c().readfrom_mem(0x51, 0x01, 1)[0] & 0x0C == 0


def test_an_empty_supply_loses_the_time(bench, rtc):
    bench.rtc.power(False)
    bench.rtc.power(True)
    assert rtc.unix_s() is None
    assert registers(bench)[0] & 0x80
