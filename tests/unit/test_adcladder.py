"""One button of a ladder: edges without bounces, and no other button's."""

import pytest

from drivers.adcladder import ADCLadder
from tests.unit.eyebench import Bench
from tools.sim.chips.adcladder import ADCLadderChip
from tools.sim.world import ChipError

POLL_MS = 20


@pytest.fixture
def bench():
    bench = Bench()
    bench.chip = ADCLadderChip(bench.world, bench.board, bench.mcu.pad(1))
    pin, adc = bench.machine.Pin(1), bench.machine.ADC
    bench.ladder = ADCLadder(adc(pin, atten=adc.ATTN_11DB), bench.clock, 380)
    return bench


def read(bench, ms, poll_ms=POLL_MS):
    """Read for `ms`; return the edges."""
    seen = []
    for _ in range(ms // poll_ms):
        edges = bench.ladder.key_edges()
        if edges:
            seen.append(edges)
        bench.world.sleep(poll_ms)
    return seen


def test_a_press_is_two_edges(bench):
    assert read(bench, 100) == []
    bench.world.act("press")
    assert read(bench, 200) == [1, 2]


@pytest.mark.parametrize("poll_ms", [1, 2, 3, 7, 20, 35])
def test_bounces_are_no_presses_however_often_one_looks(bench, poll_ms):
    read(bench, 50, poll_ms)
    bench.world.act("press", 2)
    assert read(bench, 600, poll_ms) == [1, 2, 1, 2]


def test_a_hold_is_one_press(bench):
    read(bench, 40)
    bench.world.act("hold", 3000)
    assert read(bench, 2900) == [1]
    assert read(bench, 300) == [2]


def test_a_button_held_at_the_start_is_no_press(bench):
    bench.world.act("hold", 100)
    bench.world.sleep(10)
    assert read(bench, 300) == [2]


@pytest.mark.parametrize("other_mv", [820, 1980, 2410, 0])
def test_other_buttons_are_not_this_one(bench, other_mv):
    read(bench, 40)
    bench.chip.other_mv = other_mv
    assert read(bench, 200) == []


def test_at_the_edge_of_the_range_noise_makes_no_presses(bench):
    read(bench, 40)
    bench.chip.noise_uv = 0
    bench.chip.other_mv = 475
    assert read(bench, 100) == [1]
    for mv in (485, 476, 520, 479, 525):
        bench.chip.other_mv = mv
        assert read(bench, 60) == []
    bench.chip.other_mv = 540
    assert read(bench, 100) == [2]


def test_the_adc_ends_at_its_range_and_reads_inputs_only(bench):
    machine = bench.machine
    assert machine.ADC(machine.Pin(1), atten=3).read_uv() == 3_100_000
    assert machine.ADC(machine.Pin(7)).read_uv() == 950_000
    with pytest.raises(ValueError, match="atten"):
        machine.ADC(machine.Pin(1), atten=9)
    machine.Pin(1, machine.Pin.OUT)
    with pytest.raises(ChipError, match="output"):
        bench.ladder.key_edges()
    bench.chip.power(True)
