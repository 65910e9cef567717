"""A button on a pin."""

import pytest

from drivers.gpiobutton import GPIOButton
from tests.unit.eyebench import Bench


@pytest.mark.parametrize("pressed_level", [0, 1])
def test_a_press_is_two_edges_and_bounces_are_none(pressed_level):
    bench = Bench()
    pad, pin = bench.mcu.pad(0), bench.machine.Pin(0, bench.machine.Pin.IN)
    pad.drive(1 - pressed_level)
    button = GPIOButton(pin, bench.clock, pressed_level)
    seen = []
    levels = [0] * 3 + [1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    for down in levels:
        pad.drive(pressed_level if down else 1 - pressed_level)
        edges = button.key_edges()
        if edges:
            seen.append(edges)
        bench.world.sleep(2)
    assert seen == [1, 2]


def test_a_button_held_at_the_start_is_no_press():
    bench = Bench()
    bench.mcu.pad(0).drive(0)
    button = GPIOButton(bench.machine.Pin(0), bench.clock)
    for _ in range(5):
        assert button.key_edges() == 0
        bench.world.sleep(20)
