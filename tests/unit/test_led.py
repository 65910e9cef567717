"""The light of one colour."""

import pytest

from drivers.led import LED
from tests.unit.eyebench import Bench
from tools.sim.chips.led import LEDChip

GREEN = (0, 160, 0)


@pytest.fixture
def bench():
    bench = Bench()
    bench.chip = LEDChip(bench.world, bench.board, bench.mcu.pad(3))
    bench.pin = bench.machine.Pin(3, bench.machine.Pin.OUT)
    return bench


def test_it_is_dark_until_it_is_told(bench):
    bench.pin(1)
    LED(bench.pin)
    assert bench.world.lamp == (0, 0, 0)


@pytest.mark.parametrize("rgb", [(160, 0, 0), (0, 1, 0), (0, 0, 255)])
def test_every_colour_but_black_is_light(bench, rgb):
    led = LED(bench.pin)
    led.color(*rgb)
    assert bench.world.lamp == bench.world.lamp_lit == GREEN
    led.color(0, 0, 0)
    assert bench.world.lamp == (0, 0, 0)


@pytest.mark.parametrize("rgb", [(256, 0, 0), (0, -1, 0), (0, 0, 999)])
def test_a_colour_out_of_range_is_refused(bench, rgb):
    led = LED(bench.pin)
    with pytest.raises(ValueError, match=r"0\.\.255"):
        led.color(*rgb)
    assert bench.world.lamp == (0, 0, 0)


def test_it_may_shine_while_its_pin_is_low(bench):
    seen = []
    led = LED(seen.append, lit_level=0)
    led.color(1, 0, 0)
    assert seen == [1, 0]


def test_deinit_is_dark_and_may_be_called_twice(bench):
    led = LED(bench.pin)
    led.color(9, 9, 9)
    led.deinit()
    led.deinit()
    assert bench.world.lamp == (0, 0, 0)


def test_an_absent_light_stays_dark(bench):
    bench.chip.absent = True
    LED(bench.pin).color(9, 9, 9)
    assert bench.world.lamp == (0, 0, 0)
    bench.chip.power(False)
