"""A button on a pin with an interrupt: no press is missed, and no bounce is one."""

import pytest

from drivers.gpiobutton import GPIOButton
from tests.unit.picobench import PicoBench
from tools.sim.chips.gpiobutton import GPIOButtonChip

BOTH = 3
PIN = 3


class Bench(PicoBench):
    """A button on its pin, as the camera joins it."""

    def __init__(self, pressed_level=0, held=False):
        super().__init__()
        self.pad, self.level = self.mcu.pad(PIN), pressed_level
        self.drive(held)
        machine = self.machine
        pin = machine.Pin(PIN, machine.Pin.IN)
        masks = (machine.disable_irq, machine.enable_irq)
        self.button = GPIOButton(pin, self.clock, *masks, pressed_level)
        both = pin.IRQ_FALLING | pin.IRQ_RISING
        pin.irq(self.button.edge, both, hard=True)

    def drive(self, down):
        self.pad.drive(self.level if down else 1 - self.level)

    def after(self, *levels):
        """Let each (down, ms) stand for so long."""
        for down, ms in levels:
            self.drive(down)
            self.world.sleep(ms)
        return self

    def told(self, looks=5):
        """Return what is told without anything happening meanwhile."""
        return [edges for edges in (self.button.key_edges() for _ in range(looks)) if edges]


@pytest.mark.parametrize("pressed_level", [0, 1])
@pytest.mark.parametrize("poll_ms", [1, 2, 7, 20])
def test_a_press_is_two_edges_and_bounces_are_none(pressed_level, poll_ms):
    bench = Bench(pressed_level)
    seen = []
    for down in (0, 1, 0, 1, 0) + (1,) * 30 + (0, 1, 0, 1) + (0,) * 30:
        bench.after((down, 1))
        if bench.world.ms % poll_ms == 0:
            seen += bench.told(1)
    assert seen == [1, 2]


@pytest.mark.parametrize("ms", [5, 30, 80])
def test_a_press_between_two_looks_is_told_as_both_edges(ms):
    bench = Bench()
    assert bench.told() == []
    bench.after((1, ms), (0, 100))
    assert bench.button.pending() and bench.told() == [BOTH] and not bench.button.pending()


def test_two_presses_between_two_looks_are_two():
    assert Bench().after((1, 40), (0, 60), (1, 40), (0, 9)).told() == [BOTH, BOTH]


def test_a_press_and_the_beginning_of_another_are_told_in_their_order():
    assert Bench().after((1, 40), (0, 60), (1, 40)).told() == [BOTH, 1]
    bench = Bench().after((1, 40))
    assert bench.told() == [1]
    assert bench.after((0, 60), (1, 40)).told() == [2, 1]


def test_bounces_after_the_release_are_no_second_press_however_late_the_look():
    bench = Bench()
    for late_ms in (1, 4, 90):
        bench.after((1, 1), (0, 1), (1, 30), (0, 2), (1, 2), (0, 1), (1, 4), (0, late_ms))
        early = bench.told()
        bench.world.sleep(10)
        assert early + bench.told() in ([BOTH], [1, 2]), late_ms


def test_a_glitch_of_microseconds_is_no_press():
    bench = Bench()
    for _ in range(20):
        bench.after((1, 0), (0, 30))
        assert bench.told() == []
    bench.after((1, 40))
    assert bench.told() == [1]
    bench.after((0, 0), (1, 40))
    assert bench.told() == []


def test_a_button_held_at_the_start_is_no_press_and_its_release_is_told():
    bench = Bench(held=True)
    assert bench.after((1, 100)).told() == [] and not bench.button.pending()
    assert bench.after((0, 100)).told() == [2]


def test_an_edge_whose_interrupt_is_lost_is_found_by_the_looks():
    bench = Bench()
    bench.pad.watch = None
    bench.after((1, 0))
    assert bench.told() == []
    assert bench.after((1, 5)).told() == [1]
    assert bench.after((0, 0)).told() == []
    assert bench.after((0, 5)).told() == [2]


def test_an_edge_during_a_look_waits_until_it_is_over():
    bench = Bench()
    enabled = bench.button._disable_irq()
    bench.after((1, 30))
    assert not bench.button.pending()
    bench.button._enable_irq(enabled)
    assert bench.button.pending()
    assert bench.after((1, 5)).told() == [1]


@pytest.mark.parametrize("poll_ms", [1, 3, 20, 35, 100])
def test_the_simulated_contacts_bounce_and_each_press_is_told_once(poll_ms):
    bench = Bench()
    GPIOButtonChip(bench.world, bench.board, bench.pad)
    edges = 0
    for _ in range(5):
        bench.world.act("hold", 12)
        for _ in range(210 // poll_ms):
            bench.world.sleep(poll_ms)
            edges += sum(told.bit_count() for told in bench.told(1))
    assert edges == 10
