"""The fuel gauge: charge, voltage, rate and alert, and what is not known yet."""

import pytest

from drivers.max17048 import MAX17048
from tests.unit.picobench import PicoBench, board
from tools.sim.cell import ocv_mv
from tools.sim.chips.max17048 import MAX17048Chip
from tools.sim.world import ChipError


@pytest.fixture
def bench():
    bench = PicoBench()
    bench.chip = MAX17048Chip(bench.world, board)
    bench.i2c_bus.attach(bench.chip)
    return bench


@pytest.fixture
def gauge(bench):
    return MAX17048(bench.i2c())


@pytest.mark.parametrize("fault", ["absent", "nack"])
def test_a_gauge_that_does_not_answer_is_no_device(bench, fault):
    setattr(bench.chip, fault, True)
    with pytest.raises(OSError) as caught:
        MAX17048(bench.i2c())
    assert caught.value.errno == 5  # as the port rp2 says it


@pytest.mark.parametrize("version", [{0x08: 0x18, 0x09: 0x52}, {0x08: 0xFF, 0x09: 0xFF}])
def test_another_chip_at_its_address_is_no_device(bench, version):
    bench.chip.stuck = version  # the first is the amplifier of the reference board
    with pytest.raises(OSError, match="max17048: version") as caught:
        MAX17048(bench.i2c())
    assert caught.value.errno == 19


@pytest.mark.parametrize("pct", [0, 1, 3, 50, 99, 100])
def test_charge_and_voltage_are_the_batterys(bench, gauge, pct):
    bench.world.act("battery", pct)
    assert gauge.percent() == pct
    mv = ocv_mv(pct * 10_000)
    assert mv - 1 <= gauge.battery_mv() <= mv


def test_a_cell_put_in_just_now_is_not_known_yet(bench, gauge):
    bench.chip.power(True)
    assert gauge.percent() is None
    assert gauge.battery_mv() is None
    bench.world.sleep(250)
    assert gauge.percent() == 100
    assert 4199 <= gauge.battery_mv() <= 4200


def test_more_than_full_is_full(bench, gauge):
    bench.chip.lies_pct = 103
    assert gauge.percent() == 100


@pytest.mark.parametrize(
    ("raw", "pct10"), [(0, 0), (1, 2), (-1, -3), (100, 208), (-100, -208), (-0x8000, -68158)]
)
def test_the_rate_is_signed_tenths_of_a_percent_an_hour(bench, gauge, raw, pct10):
    bench.chip.lies_rate = raw
    assert gauge.rate_pct10_per_h() == pct10


def test_the_rate_follows_current_and_cable(bench, gauge):
    bench.world.act("battery", 50)
    bench.world.enter("recording")
    bench.world.energy.draw("sensor", 1000)
    bench.world.sleep(60_000)
    ma = sum(board.CURRENTS_MA[part][0] for part in ("base", "working", "sensor"))
    assert abs(gauge.rate_pct10_per_h() + ma * 1000 // board.BATTERY["capacity_mah"]) <= 4
    assert gauge.charging() is False
    bench.world.act("cable", True)
    assert gauge.charging() is True
    bench.world.act("battery", 100)
    assert (gauge.charging(), gauge.rate_pct10_per_h()) == (False, 0)


@pytest.mark.parametrize(("raw", "charging"), [(4, False), (5, True), (0x7FFF, True), (-5, False)])
def test_charging_begins_at_a_percent_an_hour(bench, gauge, raw, charging):
    bench.chip.lies_rate = raw
    assert gauge.charging() is charging


@pytest.mark.parametrize("alert_pct", [1, 10, 32])
def test_the_alert_comes_below_its_level_and_stays_until_setup(bench, gauge, alert_pct):
    gauge.setup(alert_pct)
    bench.world.act("battery", alert_pct)
    assert gauge.alert() is False
    bench.world.act("battery", alert_pct - 1)
    assert gauge.alert() is True
    bench.world.act("battery", 80)
    assert gauge.alert() is True
    gauge.setup(alert_pct)
    assert gauge.alert() is False


def test_setup_leaves_the_compensation_of_the_model_as_it_is(bench, gauge):
    bench.i2c().writeto_mem(0x36, 0x0C, b"\x81\x1c")
    gauge.setup(10)
    assert bench.i2c().readfrom_mem(0x36, 0x0C, 2) == b"\x81\x16"


@pytest.mark.parametrize("alert_pct", [0, 33, -1])
def test_another_level_is_the_callers_mistake(gauge, alert_pct):
    with pytest.raises(ValueError, match="1 to 32"):
        gauge.setup(alert_pct)


def test_a_register_that_does_not_hold_is_an_io_error(bench, gauge):
    bench.chip.stuck = {0x0D: 0x1C}
    with pytest.raises(OSError, match="does not hold") as caught:
        gauge.setup(10)
    assert caught.value.errno == 5


def test_a_cell_pulled_out_is_an_error_at_every_question(bench, gauge):
    bench.chip.power(False)
    for ask in (gauge.percent, gauge.battery_mv, gauge.charging, gauge.alert):
        with pytest.raises(OSError):
            ask()


def test_a_new_bus_may_be_given_and_deinit_leaves_it_running(bench, gauge):
    bench.i2c_bus.take_over()
    with pytest.raises(OSError):
        gauge.percent()
    gauge.i2c = bench.i2c()
    gauge.deinit()
    gauge.deinit()
    assert gauge.percent() == 100


def test_reading_twice_a_second_charges_only_the_bus(bench, gauge):
    start_us = bench.world.ms * 1000 + bench.world.us
    gauge.percent()
    costs = board.COSTS
    us = costs["call_us"] + costs["i2c_call_us"] + 7 * costs["i2c_byte_us"]
    assert bench.world.ms * 1000 + bench.world.us - start_us == us


def test_the_chip_knows_its_registers_and_no_others(bench):
    i2c = bench.i2c()
    assert i2c.readfrom_mem(0x36, 0x06, 2) == b"\0\0"
    assert i2c.readfrom_mem(0x36, 0x1A, 2) == b"\x01\x00"
    for reg, n in ((0x03, 2), (0x02, 1), (0x02, 3), (0x0E, 2), (0x10, 2)):
        with pytest.raises(ChipError):
            i2c.readfrom_mem(0x36, reg, n)
    for reg, data in ((0x02, b"\0\0"), (0x0C, b"\0"), (0x0D, b"\0\0"), (0xFE, b"\x54\0")):
        with pytest.raises(ChipError):
            i2c.writeto_mem(0x36, reg, data)


def test_the_chip_may_lie(bench, gauge):
    bench.chip.lies_mv = 3700
    assert 3699 <= gauge.battery_mv() <= 3700


def test_the_charge_in_hundredths_is_finer_than_the_percent_and_never_nonsense(bench, gauge):
    bench.world.act("battery", 50)
    assert gauge.charge_pct100() // 100 == gauge.percent() == 50
    bench.chip.stuck = {0x04: 101, 0x05: 128}  # a full cell may read a little more
    assert gauge.charge_pct100() == 10_000
    bench.chip.stuck = {0x04: 0xFF, 0x05: 0}
    assert gauge.charge_pct100() is None
    bench.chip.stuck = {0x02: 0, 0x03: 0}
    assert gauge.charge_pct100() is None
