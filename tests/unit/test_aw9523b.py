"""The expander: levels, directions, and what an output shows before it was asked for anything."""

import pytest

from drivers.aw9523b import AW9523B
from tests.unit.chipbench import Bench, I2CSpy
from tools.sim.world import ChipError

INPUTS = (3, 4, 10, 11)


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def lines(bench):
    """A driver after setup."""
    lines = AW9523B(bench.i2c())
    lines.setup(INPUTS)
    return lines


def outputs(bench):
    levels = [None] * 16
    for pin in range(16):
        bench.expander.on_output(pin, lambda level, pin=pin: levels.__setitem__(pin, level))
    return levels


def poke(bench, reg, value):
    bench.i2c().writeto_mem(0x58, reg, bytes((value,)))


@pytest.mark.parametrize("switch", ["absent", "nack"])
def test_a_chip_that_does_not_answer_is_no_device(bench, switch):
    setattr(bench.expander, switch, True)
    with pytest.raises(OSError) as caught:
        AW9523B(bench.i2c())
    assert caught.value.errno == 19


def test_another_chip_at_the_address_is_no_device(bench):
    bench.expander.stuck[0x10] = 0x24
    with pytest.raises(OSError, match="0x24") as caught:
        AW9523B(bench.i2c())
    assert caught.value.errno == 19


def test_setup_again_forgets_the_levels(bench, lines):
    lines.write(2, 1)
    lines.write(15, 1)
    lines.setup(INPUTS)
    assert outputs(bench) == [0] * 16


def test_every_output_pin_has_its_own_level(bench, lines):
    levels = outputs(bench)
    for pin in range(16):
        if pin not in INPUTS:
            lines.write(pin, 1)
            assert [p for p in range(16) if levels[p]] == [pin]
            lines.write(pin, 0)
    assert levels == [0] * 16


def test_pins_of_both_ports_keep_their_levels(bench, lines):
    levels = outputs(bench)
    for pin in (0, 2, 8, 15):
        lines.write(pin, 1)
    lines.write(2, 0)
    assert [pin for pin in range(16) if levels[pin]] == [0, 8, 15]


def test_a_true_level_is_one(bench, lines):
    lines.write(15, True)
    assert outputs(bench)[15] == 1


def test_setup_shows_no_level_that_nobody_asked_for(bench):
    driver = AW9523B(bench.i2c())
    seen = []
    for pin in range(16):
        bench.expander.on_output(pin, seen.append)
    driver.setup(INPUTS)
    assert set(seen) == {0}


def test_setup_after_a_processor_reset_takes_the_levels_back(bench, lines):
    lines.write(8, 1)
    again = AW9523B(bench.i2c())
    assert outputs(bench)[8] == 1
    again.setup(INPUTS)
    assert outputs(bench)[8] == 0
    again.write(9, 1)
    assert outputs(bench)[8] == 0


@pytest.mark.parametrize("pin", INPUTS)
def test_an_input_reads_what_is_outside(bench, lines, pin):
    assert lines.read(pin) == 1
    bench.expander.drive(pin, 0)
    assert lines.read(pin) == 0
    assert [lines.read(other) for other in INPUTS if other != pin] == [1, 1, 1]


def test_an_output_reads_what_it_drives(lines):
    lines.write(15, 1)
    assert (lines.read(15), lines.read(14)) == (1, 0)


def test_writing_an_input_drives_nothing(bench, lines):
    lines.write(4, 1)
    bench.expander.drive(4, 0)
    assert lines.read(4) == 0
    assert outputs(bench)[4] == 0


def test_a_failed_write_is_an_error_and_the_next_one_counts(bench, lines):
    bench.expander.nack = True
    with pytest.raises(OSError):
        lines.write(0, 1)
    bench.expander.nack = False
    lines.write(1, 1)
    assert outputs(bench)[:2] == [1, 1]


def test_port_0_is_strong_only_after_setup(bench):
    AW9523B(bench.i2c()).write(2, 1)
    assert outputs(bench)[2] == 0  # open-drain, and nothing pulls it up


def test_setup_writes_levels_first_and_nothing_else_than_it_must(bench):
    for reg in (0x12, 0x13):
        poke(bench, reg, 0x00)
    spy = I2CSpy(bench.i2c())
    AW9523B(spy).setup(INPUTS)
    assert spy.writes == [
        (0x02, b"\x00\x00"),
        (0x06, b"\xff\xff"),
        (0x11, b"\x10"),
        (0x04, b"\x18\x0c"),
        (0x12, b"\xff\xff"),
    ]


def test_a_call_is_one_transfer(bench, lines):
    spy = lines.i2c = I2CSpy(bench.i2c())
    lines.write(9, 1)
    lines.read(4)
    assert (spy.writes, len(spy.reads)) == ([(0x03, b"\x02")], 1)


def test_deinit_lets_go_of_everything_and_may_be_called_twice(bench, lines):
    for pin in (0, 2, 8, 15):
        lines.write(pin, 1)
    lines.deinit()
    lines.deinit()
    assert outputs(bench) == [0] * 16
    lines.setup(INPUTS)
    lines.write(2, 1)
    assert outputs(bench)[2] == 1


def test_after_a_brown_out_setup_makes_all_well_again(bench, lines):
    lines.write(15, 1)
    bench.expander.brown_out()
    assert outputs(bench) == [0] * 16
    lines.setup(INPUTS)
    lines.write(2, 1)
    assert (outputs(bench)[2], outputs(bench)[15], lines.read(4)) == (1, 0, 1)


# The chip itself ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reg", "value"),
    [(0x00, 0), (0x10, 0x23), (0x08, 0), (0x14, 0), (0x30, 0), (0x11, 0x04), (0x7F, 1)],
)
def test_the_chip_refuses_what_its_tables_do_not_allow(bench, reg, value):
    with pytest.raises(ChipError):
        poke(bench, reg, value)


@pytest.mark.parametrize("reg", [0x08, 0x0F, 0x30, 0x7F])
def test_reading_an_unknown_register_is_an_error(bench, reg):
    with pytest.raises(ChipError):
        bench.i2c().readfrom_mem(0x58, reg, 1)


def test_a_soft_reset_restores_everything(bench, lines):
    lines.write(15, 1)
    poke(bench, 0x20, 0x55)
    poke(bench, 0x7F, 0)
    assert outputs(bench) == [0] * 16
    assert bench.i2c().readfrom_mem(0x58, 0x04, 4) == bytes(4)


def test_a_pin_in_led_mode_drives_no_level(bench, lines):
    lines.write(15, 1)
    poke(bench, 0x13, 0x7F)
    assert outputs(bench)[15] == 0


def test_without_power_nothing_is_driven(bench, lines):
    lines.write(15, 1)
    levels = outputs(bench)
    bench.expander.power(False)
    assert levels[15] == 0
    with pytest.raises(OSError):
        lines.read(4)
