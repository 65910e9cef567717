"""The lamp: colours in the chain's order and timing, and darkness without its 5 V."""

import pytest

from drivers.sk6812 import SK6812
from tests.unit.chipbench import Bench
from tools.sim.chips.sk6812 import SK6812Chip
from tools.sim.world import ChipError


@pytest.fixture
def bench():
    """The board with the lamp on its pin, both switches of its 5 V closed."""
    bench = Bench()
    bench.lights = SK6812Chip(bench.world, bench.board, bench.mcu.pad(9), bench.expander)
    bench.i2c().writeto_mem(0x58, 0x11, b"\x10")
    bench.i2c().writeto_mem(0x58, 0x02, b"\x02\x80")
    return bench


@pytest.fixture
def lamp(bench):
    return SK6812(bench.pin(9, bench.machine.Pin.OUT), bench.machine.bitstream, 3)


def test_all_lights_show_the_colour(bench, lamp):
    lamp.color(160, 70, 5)
    assert bench.world.lamp == (160, 70, 5)
    assert bench.lights.pixels == [(160, 70, 5)] * 3


def test_the_ends_of_the_range_are_colours(bench, lamp):
    lamp.color(255, 0, 255)
    assert bench.world.lamp == (255, 0, 255)


@pytest.mark.parametrize("rgb", [(256, 0, 0), (0, -1, 0), (0, 0, 1000)])
def test_a_colour_out_of_range_is_refused_and_nothing_sent(bench, lamp, rgb):
    lamp.color(1, 2, 3)
    with pytest.raises(ValueError, match=r"0\.\.255"):
        lamp.color(*rgb)
    assert bench.world.lamp == (1, 2, 3)


@pytest.mark.parametrize("port", [0x02, 0x03])
def test_without_one_of_its_switches_it_is_dark_and_nothing_tells(bench, lamp, port):
    lamp.color(1, 2, 3)
    bench.i2c().writeto_mem(0x58, port, b"\x00")
    assert bench.world.lamp == (0, 0, 0)
    lamp.color(1, 2, 3)
    assert bench.world.lamp == (0, 0, 0)


def test_back_on_power_it_is_dark_until_it_is_told(bench, lamp):
    lamp.color(1, 2, 3)
    bench.i2c().writeto_mem(0x58, 0x03, b"\x00")
    bench.i2c().writeto_mem(0x58, 0x03, b"\x80")
    assert bench.world.lamp == (0, 0, 0)
    lamp.color(1, 2, 3)
    assert bench.world.lamp == (1, 2, 3)


def test_it_takes_29_us_a_light(bench, lamp):
    before_us = bench.world.ms * 1000 + bench.world.us
    lamp.color(1, 2, 3)
    took_us = bench.world.ms * 1000 + bench.world.us - before_us
    assert 86 <= took_us <= 86 + 2 * bench.board.COSTS["call_us"]


def test_deinit_is_dark_and_may_be_called_twice(bench, lamp):
    lamp.color(1, 2, 3)
    lamp.deinit()
    lamp.deinit()
    assert bench.world.lamp == (0, 0, 0)
    lamp.color(1, 2, 3)
    assert bench.world.lamp == (1, 2, 3)


# The chip itself ------------------------------------------------------------------------------


def test_the_timing_of_another_chip_is_refused(bench):
    with pytest.raises(ChipError, match="800"):
        bench.machine.bitstream(
            bench.pin(9, bench.machine.Pin.OUT), 0, (400, 850, 800, 450), bytes(9)
        )


def test_half_a_light_is_refused(bench):
    with pytest.raises(ChipError, match="whole"):
        bench.machine.bitstream(
            bench.pin(9, bench.machine.Pin.OUT), 0, (300, 900, 600, 600), bytes(4)
        )


def test_dead_and_absent_lights_stay_dark(bench, lamp):
    bench.lights.dead = 1
    lamp.color(1, 2, 3)
    assert bench.lights.pixels == [(1, 2, 3), (1, 2, 3), (0, 0, 0)]
    bench.lights.power(True)
    bench.lights.absent = True
    lamp.color(1, 2, 3)
    assert bench.world.lamp == (0, 0, 0)
