"""The simulated world: time passes only through it, and acts happen exactly when they are due."""

from types import SimpleNamespace

import pytest

from tools.sim.world import PowerCut, World

BOARD = SimpleNamespace(
    BATTERY={"capacity_mah": 100, "resistance_mohm": 150, "empty_mv": 3300},
    CURRENTS_MA={"off": (0,), "base": (50,), "sensor": (150,)},
)


@pytest.fixture
def world():
    return World(BOARD, seed=1)


def test_microseconds_add_up_to_milliseconds(world):
    for _ in range(1500):
        world.charge(7)
    assert (world.ms, world.us) == (10, 500)


def test_an_act_happens_at_its_millisecond_in_the_middle_of_a_long_charge(world):
    seen = []
    world.at(5, lambda: seen.append((world.ms, world.us)))
    world.charge(8_900)
    assert seen == [(5, 900)]
    assert (world.ms, world.us) == (8, 900)


def test_acts_of_one_millisecond_keep_their_order(world):
    seen = []
    for name in "abc":
        world.at(3, seen.append, name)
    world.at(2, seen.append, "first")
    world.sleep(3)
    assert seen == ["first", "a", "b", "c"]


def test_an_act_may_queue_another_for_the_same_wait(world):
    seen = []
    world.at(10, lambda: world.at(15, lambda: seen.append(world.ms)))
    world.sleep(20)
    assert seen == [15]
    assert world.ms == 20


def test_a_power_cut_stops_time_at_its_millisecond_and_reaches_chips_first(world):
    order = []
    world.on("cut", lambda: order.append("chips"))
    world.load([(40, "cut", [], 1), (60, "boot", [], 2)])
    with pytest.raises(PowerCut):
        world.charge(100_000)
    assert world.ms == 40
    assert order == ["chips"]
    world.on("boot", lambda: order.append(world.ms))
    world.sleep(50)
    assert order == ["chips", 60]


def test_a_power_cut_is_no_exception_that_firmware_could_swallow():
    assert not issubclass(PowerCut, Exception)


def test_a_press_is_80_ms_and_a_second_one_comes_250_ms_later(world):
    edges = []
    world.on("key", lambda down: edges.append((world.ms, down)))
    world.load([(100, "press", [2], 1), (1000, "hold", [3000], 2)])
    world.sleep(5000)
    assert edges == [
        (100, True),
        (180, False),
        (350, True),
        (430, False),
        (1000, True),
        (4000, False),
    ]


def test_a_touch_lasts_as_long_as_a_press(world):
    world.act("touch", 10, 20)
    assert world.touched == (10, 20)
    world.sleep(80)
    assert world.touched is None


def test_the_line_of_an_act_is_known_while_it_runs(world):
    lines = []
    world.on("expect", lambda stage: lines.append(world.line))
    world.load([(1, "expect", ["idle"], 17)])
    world.sleep(2)
    assert lines == [17]


def test_the_battery_drains_by_what_is_on_and_the_time_asleep_counts(world):
    world.enter("idle")
    world.sleep(3_600_000)
    assert world.battery_pct() == 50
    world.energy.draw("sensor", 1000)
    world.sleep(720_000)
    assert world.battery_pct() == 10


def test_small_currents_are_not_rounded_away(world):
    world.enter("idle")
    for _ in range(36_000):
        world.sleep(100)
        world.battery_pct()
    assert world.battery_pct() == 50


def test_an_empty_battery_is_a_power_cut(world):
    world.act("battery", 1)
    world.enter("recording")
    world.energy.draw("sensor", 1000)
    with pytest.raises(PowerCut):
        world.sleep(3_600_000)
    assert world.battery_pct() == 0
    assert world.ms < 120_000


def test_a_cable_charges_until_full(world):
    world.act("battery", 99)
    world.act("cable", True)
    assert world.charging()
    world.sleep(3_600_000)
    assert world.battery_pct() == 100
    assert not world.charging()


def test_a_board_without_a_battery_has_no_percentage():
    board = SimpleNamespace(CURRENTS_MA=BOARD.CURRENTS_MA)
    world = World(board)
    world.enter("recording")
    world.sleep(3_600_000)
    assert world.battery_pct() is None


def test_a_card_that_is_put_in_again_is_sound(world):
    world.sleep(7)
    for word, value in (("full", 0), ("dead", 0), ("stall", 500), ("slow", 250), ("out", 0)):
        world.act("card", word, value)
    slot = world.card
    assert slot.full
    assert slot.dead
    assert not slot.inserted
    assert slot.stall_until_ms == 507
    assert slot.slow_pct == 250
    world.act("card", "in", 0)
    assert slot.inserted
    assert not slot.full
    assert slot.slow_pct == 100


def test_the_true_time_begins_at_six_in_the_morning(world):
    world.sleep(1500)
    assert world.unix_s() == 1_780_293_601


def test_an_act_at_the_very_beginning_is_not_forgotten(world):
    seen = []
    world.load([(0, "boot", [], 1)])
    world.on("boot", lambda: seen.append(world.ms))
    world.sleep_until(0)
    assert seen == [0]
