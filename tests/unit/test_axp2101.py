"""The power manager: rails, gauge, cable and key, with the lies that such chips tell."""

import pytest

from drivers.axp2101 import AXP2101
from tests.unit.chipbench import Bench, I2CSpy
from tools.sim.world import ChipError, PowerCut, Reset

PRESSED, RELEASED = 1, 2
RAILS_MV = {"ALDO1": 1800, "ALDO4": 3300, "BLDO1": None, "DLDO1": 2500}


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def pmu(bench):
    """A driver after setup."""
    pmu = AXP2101(bench.i2c())
    pmu.setup(RAILS_MV, ("ALDO1", "ALDO4"))
    return pmu


def peek(bench, reg):
    return bench.i2c().readfrom_mem(0x34, reg, 1)[0]


def poke(bench, reg, value):
    bench.i2c().writeto_mem(0x34, reg, bytes((value,)))


# Being there ----------------------------------------------------------------------------------


@pytest.mark.parametrize("switch", ["absent", "nack"])
def test_a_chip_that_does_not_answer_is_no_device(bench, switch):
    setattr(bench.pmu, switch, True)
    with pytest.raises(OSError) as caught:
        AXP2101(bench.i2c())
    assert caught.value.errno == 19


@pytest.mark.parametrize("identity", [0x00, 0x4B, 0xFF])
def test_another_chip_at_the_address_is_no_device(bench, identity):
    bench.pmu.stuck[0x03] = identity
    with pytest.raises(OSError, match="0x%02x" % identity) as caught:
        AXP2101(bench.i2c())
    assert caught.value.errno == 19


def test_construction_changes_nothing(bench):
    i2c = I2CSpy(bench.i2c())
    AXP2101(i2c)
    assert i2c.writes == []


def test_a_stuck_bus_is_an_io_error_and_passes_through(bench, pmu):
    bench.bus.stuck = True
    for call in (pmu.percent, pmu.battery_mv, pmu.charging, pmu.vbus, pmu.key_edges):
        with pytest.raises(OSError) as caught:
            call()
        assert caught.value.errno == 5


def test_a_bus_that_was_made_anew_can_be_put_in(bench, pmu):
    bench.bus.take_over()
    with pytest.raises(OSError):
        pmu.vbus()
    pmu.i2c = bench.i2c()
    assert pmu.vbus() is False


# Rails ----------------------------------------------------------------------------------------


def rails(bench):
    seen = {}
    for name in RAILS:
        bench.pmu.on_rail(name, lambda mv, name=name: seen.__setitem__(name, mv))
    return seen


def test_setup_switches_the_named_rails_on_and_all_others_off(bench, pmu):
    on = {name: mv for name, mv in rails(bench).items() if mv}
    assert on == {"ALDO1": 1800, "ALDO4": 3300}


def test_setup_takes_back_what_somebody_else_had_configured(bench):
    for reg, value in ((0x10, 0x3C), (0x22, 0x05), (0x27, 0x00), (0x30, 0x00), (0x41, 0xFC)):
        poke(bench, reg, value)
    AXP2101(bench.i2c()).setup(RAILS_MV, ("ALDO4",))
    settled = [peek(bench, reg) for reg in (0x10, 0x22, 0x27, 0x30, 0x40, 0x41, 0x42)]
    assert settled == [0x30, 0x06, 0x1D, 0x1F, 0x00, 0x03, 0x00]
    assert [name for name, mv in rails(bench).items() if mv] == ["ALDO4"]


def test_voltages_are_set_before_a_rail_comes_on(bench):
    driver = AXP2101(bench.i2c())
    poke(bench, 0x90, 0)
    seen = []
    bench.pmu.on_rail("ALDO1", seen.append)
    driver.setup({"ALDO1": 2500}, ("ALDO1",))
    assert seen == [0, 2500]


def test_a_rail_switches_alone_and_keeps_its_voltage(bench, pmu):
    seen = rails(bench)
    before = dict(seen)
    pmu.rail("DLDO1", True)
    assert seen == {**before, "DLDO1": 2500}
    pmu.rail_mv("DLDO1", 3300)
    assert seen["DLDO1"] == 3300
    pmu.rail("DLDO1", False)
    assert seen == before


def test_a_rail_in_the_second_enable_register_can_be_set_up(bench):
    AXP2101(bench.i2c()).setup({"DLDO2": 1200}, ("DLDO2", "ALDO1"))
    seen = rails(bench)
    assert (seen["DLDO2"], seen["ALDO1"] > 0, seen["ALDO3"]) == (1200, True, 0)


RAILS = {  # name: (highest mV, step mV)
    "ALDO1": (3500, 100),
    "ALDO2": (3500, 100),
    "ALDO3": (3500, 100),
    "ALDO4": (3500, 100),
    "BLDO1": (3500, 100),
    "BLDO2": (3500, 100),
    "CPUSLDO": (1400, 50),
    "DLDO1": (3300, 100),
    "DLDO2": (1400, 50),
}


@pytest.mark.parametrize("name", RAILS)
def test_every_rail_gives_every_voltage_of_its_range_and_moves_no_other(bench, pmu, name):
    highest_mv, step_mv = RAILS[name]
    pmu.setup({}, ())
    pmu.rail("DLDO2", False)
    pmu.rail(name, True)
    for mv in range(500, highest_mv + 1, step_mv):
        pmu.rail_mv(name, mv)
        assert {rail: at for rail, at in rails(bench).items() if at} == {name: mv}
    for mv in (500 - step_mv, 500 + step_mv // 2, highest_mv + step_mv):
        with pytest.raises(ValueError, match=name):
            pmu.rail_mv(name, mv)
    pmu.rail(name, False)
    assert not any(rails(bench).values())


@pytest.mark.parametrize(
    ("name", "mv"),
    [("ALDO1", 400), ("ALDO1", 1850), ("ALDO1", 3600), ("DLDO1", 3400), ("CPUSLDO", 1450)],
)
def test_a_voltage_that_cannot_be_given_is_refused_and_nothing_written(bench, name, mv):
    i2c = I2CSpy(bench.i2c())
    with pytest.raises(ValueError, match=name):
        AXP2101(i2c).rail_mv(name, mv)
    assert i2c.writes == []


@pytest.mark.parametrize(("name", "mv"), [("ALDO2", 3500), ("BLDO2", 500), ("DLDO2", 1400)])
def test_the_ends_of_the_range_are_given(bench, pmu, name, mv):
    pmu.rail_mv(name, mv)
    pmu.rail(name, True)
    seen = []
    bench.pmu.on_rail(name, seen.append)
    assert seen == [mv]


def test_an_unknown_rail_is_refused(pmu):
    with pytest.raises(ValueError, match="DCDC9"):
        pmu.rail("DCDC9", True)
    with pytest.raises(ValueError, match="DCDC9"):
        pmu.setup({"DCDC9": 1800}, ())
    with pytest.raises(ValueError, match="DCDC9"):
        pmu.setup({}, ("DCDC9",))


@pytest.mark.parametrize("reg", [0x27, 0x90, 0x92])
def test_registers_that_do_not_hold_are_found_at_boot(bench, reg):
    bench.pmu.stuck[reg] = 0x00
    with pytest.raises(OSError, match="hold") as caught:
        AXP2101(bench.i2c()).setup(RAILS_MV, ("ALDO1", "ALDO4"))
    assert caught.value.errno == 5


def test_after_a_brown_out_setup_makes_all_well_again(bench, pmu):
    assert pmu.holds()
    bench.pmu.brown_out()
    assert not pmu.holds()
    assert peek(bench, 0x27) == 0x15
    pmu.setup(RAILS_MV, ("ALDO1", "ALDO4"))
    assert pmu.holds()
    assert {name: mv for name, mv in rails(bench).items() if mv} == {"ALDO1": 1800, "ALDO4": 3300}


def test_deinit_leaves_no_rail_on_and_may_be_called_twice(bench, pmu):
    pmu.deinit()
    pmu.deinit()
    assert not any(rails(bench).values())
    bench.world.act("press")
    bench.world.sleep(200)
    assert pmu.key_edges() == 0
    pmu.setup(RAILS_MV, ("ALDO1",))
    assert rails(bench)["ALDO1"] == 1800


# Battery --------------------------------------------------------------------------------------


def test_percent_and_voltage_follow_the_battery(bench, pmu):
    for percent, mv in ((100, 4200), (50, 3840), (0, 3270)):
        bench.world.act("battery", percent)
        assert (pmu.percent(), pmu.battery_mv()) == (percent, mv)


def test_no_battery_is_none_not_zero(bench, pmu):
    bench.pmu.insert_battery(False)
    assert pmu.percent() is None
    assert pmu.battery_mv() is None


@pytest.mark.parametrize("status", [0x00, 0xF7, 0x01])
def test_only_the_battery_bit_tells_of_a_battery(bench, pmu, status):
    bench.pmu.stuck[0x00] = status
    assert pmu.percent() is None
    assert pmu.battery_mv() is None
    bench.pmu.stuck[0x00] = status | 0x08
    assert pmu.percent() == 100


@pytest.mark.parametrize(("status", "vbus"), [(0xDF, False), (0x01, False), (0x20, True)])
def test_only_its_bit_tells_of_a_cable(bench, pmu, status, vbus):
    bench.pmu.stuck[0x00] = status
    assert pmu.vbus() is vbus


@pytest.mark.parametrize(
    ("status", "charging"),
    [(0x3F, True), (0x20, True), (0x5F, False), (0x1F, False), (0x7F, False)],
)
def test_only_the_current_tells_of_charging(bench, pmu, status, charging):
    bench.pmu.stuck[0x01] = status
    assert pmu.charging() is charging


def test_a_measurement_reads_two_bytes_high_first(bench, pmu):
    spy = pmu.i2c = I2CSpy(bench.i2c())
    pmu.battery_mv()
    assert [(reg, len(data)) for reg, data in spy.reads] == [(0x00, 1), (0x34, 2)]


@pytest.mark.parametrize("lie", [0xFF, 101])
def test_an_impossible_percentage_is_none(bench, pmu, lie):
    bench.pmu.lies_pct = lie
    assert pmu.percent() is None


def test_a_jumping_gauge_is_passed_on_as_it_is(bench, pmu):
    bench.pmu.lies_pct = (80, 12, 0xFF)
    assert {pmu.percent() for _ in range(6)} == {80, 12, None}


def test_the_two_bits_above_the_voltage_are_not_voltage(bench, pmu):
    bench.pmu.stuck.update({0x34: 0xC0 | 0x0F, 0x35: 0xA0})
    assert pmu.battery_mv() == 4000


def test_the_cable_is_seen_and_charges(bench, pmu):
    assert (pmu.vbus(), pmu.charging()) == (False, False)
    bench.world.act("battery", 50)
    bench.world.act("cable", True)
    assert (pmu.vbus(), pmu.charging()) == (True, True)
    bench.world.act("battery", 100)
    assert (pmu.vbus(), pmu.charging()) == (True, False)
    bench.world.act("cable", False)
    assert (pmu.vbus(), pmu.charging()) == (False, False)


# The key --------------------------------------------------------------------------------------


def test_edges_are_off_until_setup(bench):
    driver = AXP2101(bench.i2c())
    bench.world.act("press")
    bench.world.sleep(500)
    assert driver.key_edges() == 0


def test_a_press_and_its_release_are_seen_once(bench, pmu):
    assert pmu.key_edges() == 0
    bench.world.act("hold", 300)
    assert pmu.key_edges() == PRESSED
    assert pmu.key_edges() == 0
    bench.world.sleep(400)
    assert pmu.key_edges() == RELEASED
    assert pmu.key_edges() == 0


def test_a_press_between_two_calls_gives_both_edges(bench, pmu):
    bench.world.act("press")
    bench.world.sleep(200)
    assert pmu.key_edges() == PRESSED | RELEASED
    assert pmu.key_edges() == 0


def test_a_poll_is_one_read_and_no_write_while_nothing_happens(bench, pmu):
    spy = pmu.i2c = I2CSpy(bench.i2c())
    for _ in range(10):
        pmu.key_edges()
    assert [reg for reg, _ in spy.reads] == [0x49] * 10
    assert spy.writes == []


def test_only_the_bits_that_were_read_are_cleared(bench, pmu):
    poke(bench, 0x41, 0xFF)
    bench.world.act("cable", True)
    bench.world.act("press")
    bench.world.sleep(200)
    spy = pmu.i2c = I2CSpy(bench.i2c())
    pmu.key_edges()
    assert spy.writes == [(0x49, b"\x03")]
    assert peek(bench, 0x49) == 0x80 | 0x08  # cable in, short press


def test_an_edge_between_read_and_clear_is_not_lost(bench, pmu):
    bench.world.act("hold", 300)

    class Late(I2CSpy):
        def writeto_mem(self, address, reg, buf):
            bench.world.sleep(400)  # the key comes up meanwhile
            super().writeto_mem(address, reg, buf)

    pmu.i2c = Late(bench.i2c())
    assert pmu.key_edges() == PRESSED
    assert pmu.key_edges() == RELEASED


def test_old_edges_do_not_survive_setup(bench, pmu):
    bench.world.act("press")
    bench.world.sleep(200)
    pmu.setup(RAILS_MV, ())
    assert pmu.key_edges() == 0


def test_held_for_6_s_the_power_stays_and_for_10_s_it_goes(bench, pmu):
    bench.world.act("hold", 9_900)
    bench.world.sleep(12_000)
    bench.world.act("hold", 11_000)
    start_ms = bench.world.ms
    with pytest.raises(PowerCut):
        bench.world.sleep(12_000)
    assert bench.world.ms - start_ms == 10_000
    assert not any(rails(bench).values())


def test_held_while_off_it_starts_the_board(bench, pmu):
    started = []
    bench.pmu.started = lambda: started.append(bench.world.ms)
    with pytest.raises(PowerCut):
        pmu.power_off()
    bench.world.act("hold", 400)
    bench.world.sleep(2_000)
    assert started == []
    start_ms = bench.world.ms
    bench.world.act("hold", 600)
    bench.world.sleep(2_000)
    assert started == [start_ms + 512]
    assert peek(bench, 0x20) == 0x01
    assert peek(bench, 0x21) == 0x02


def test_power_off_takes_the_processor_with_it(bench, pmu):
    seen = []
    bench.pmu.on_rail("DCDC1", seen.append)
    with pytest.raises(PowerCut):
        pmu.power_off()
    assert seen == [3300, 0]


# The chip itself ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reg", "value"),
    [
        (0x08, 0),  # no such register
        (0x9B, 0),
        (0x64, 0x00),  # 5.0 V into the battery
        (0x64, 0x06),  # reserved
        (0x92, 0x1F),
        (0x99, 0x1D),
        (0x98, 0x14),
        (0x62, 0x11),
        (0x16, 0x06),
        (0x27, 0x40),
        (0x03, 0x4A),  # read-only
        (0xA4, 50),
        (0x00, 0x08),
    ],
)
def test_the_chip_refuses_what_its_tables_do_not_allow(bench, reg, value):
    with pytest.raises(ChipError):
        poke(bench, reg, value)


def test_reading_an_unknown_register_is_an_error(bench):
    with pytest.raises(ChipError):
        peek(bench, 0x02)


def test_cable_bits_clear_each_other(bench):
    bench.world.act("cable", True)
    assert peek(bench, 0x49) == 0x80
    bench.world.act("cable", False)
    assert peek(bench, 0x49) == 0x40
    poke(bench, 0x49, 0x40)
    assert peek(bench, 0x49) == 0x00


def test_battery_bits_clear_each_other(bench):
    bench.pmu.insert_battery(False)
    assert peek(bench, 0x49) == 0x10
    bench.pmu.insert_battery(True)
    assert peek(bench, 0x49) == 0x20


def test_a_long_press_is_no_short_one(bench):
    bench.world.act("hold", 1_600)
    bench.world.sleep(2_000)
    assert peek(bench, 0x49) == 0x04


def test_some_bits_clear_themselves(bench):
    poke(bench, 0x17, 0x08)
    poke(bench, 0x19, 0x0E)
    assert (peek(bench, 0x17), peek(bench, 0x19)) == (0x00, 0x06)


def test_a_restart_resets_the_rails_but_not_the_rest(bench, pmu):
    poke(bench, 0x04, 0x77)
    with pytest.raises(Reset):
        poke(bench, 0x10, 0x32)
    assert (peek(bench, 0x04), peek(bench, 0x27), peek(bench, 0x41)) == (0x77, 0x1D, 0xFC)
    assert peek(bench, 0x90) == 0x45


def test_the_key_can_restart_instead(bench):
    poke(bench, 0x22, 0x07)
    bench.world.act("hold", 7_000)
    with pytest.raises(Reset):
        bench.world.sleep(8_000)


def test_the_key_can_be_without_power(bench):
    poke(bench, 0x22, 0x04)
    bench.world.act("hold", 20_000)
    bench.world.sleep(21_000)


def test_without_supply_there_is_nothing(bench):
    bench.pmu.power(False)
    bench.world.act("press")
    bench.world.act("cable", True)
    bench.world.sleep(1_000)
    assert 0x34 not in bench.i2c().scan()
    bench.pmu.power(True)
    assert peek(bench, 0x49) == 0


def test_measurements_need_their_channel(bench):
    poke(bench, 0x30, 0x00)
    assert peek(bench, 0x35) == 0
    poke(bench, 0x30, 0x1F)
    bench.world.act("cable", True)
    read = bench.i2c().readfrom_mem(0x34, 0x34, 12)
    values = [(read[i] & 0x3F) << 8 | read[i + 1] for i in range(0, 12, 2)]
    assert values == [4200, 1000, 5000, 4800, 7214, 0]
    bench.pmu.lies_mv = 0x3FFF
    assert AXP2101(bench.i2c()).battery_mv() == 16383


def test_the_charge_in_hundredths_is_the_middle_of_the_percent_that_is_shown(bench, pmu):
    bench.world.act("battery", 50)
    assert pmu.percent() == 50 and pmu.charge_pct100() == 5050
    bench.world.act("battery", 100)
    assert pmu.charge_pct100() == 10_000
