"""Where the charge goes: what is on draws, the ledger adds up, and a cell behaves like one."""

import importlib
import random

import pytest

from tools.boards_command import board_ids, load
from tools.sim.cell import FULL_PPM, Cell, ocv_mv
from tools.sim.world import World

BOARDS = board_ids()


def board(board_id):
    return importlib.import_module("boards." + board_id)


@pytest.mark.parametrize("board_id", BOARDS)
def test_every_current_has_its_kind_and_its_source(board_id):
    for part, (ma, kind, source) in board(board_id).CURRENTS_MA.items():
        assert ma >= 0 and kind in ("measured", "datasheet", "estimate") and source, part


@pytest.mark.parametrize("board_id", BOARDS)
def test_no_battery_is_larger_than_a_body_camera_can_carry(board_id):
    assert board(board_id).BATTERY["capacity_mah"] <= 4300


def test_the_ledger_adds_up_to_what_the_cell_has_lost(seed):
    rng = random.Random(seed)
    world = World(load("m5stack_cores3"))
    world.enter("idle")
    energy = world.energy
    full_uah = energy.cell.left_uah
    for _ in range(2000):
        energy.draw(rng.choice(("backlight", "sensor", "lamp")), rng.randrange(1001))
        ms = rng.randrange(1, 5000)
        energy.waited_ms += rng.randrange(ms + 1)
        world.sleep(ms)
        if rng.random() < 0.1:
            energy.card()
    spent = energy.result()["idle"]
    assert spent["ms"] == world.ms
    assert abs(sum(spent["uah"].values()) - (full_uah - energy.cell.left_uah)) <= 8


def test_the_card_draws_for_a_while_after_each_access():
    world = World(load("m5stack_cores3"))
    world.enter("recording")
    for _ in range(100):
        world.energy.card()
        world.sleep(1000)
    ma, _, _ = load("m5stack_cores3").CURRENTS_MA["card"]
    assert world.energy.result()["recording"]["uah"]["card"] == int(ma * 1000 * 25 / 3600)


def test_light_sleep_and_the_slow_clock_save_what_the_table_says():
    world, row = World(load("m5stack_cores3")), load("m5stack_cores3").CURRENTS_MA
    world.enter("idle")
    energy = world.energy
    energy.slept_ms += 3_000_000
    world.sleep(3_600_000)
    energy.clock(True)
    world.sleep(3_600_000)
    uah = energy.result()["idle"]["uah"]
    assert uah["sleeping"] == int(row["sleeping"][0] * 1000 * 3000 / 3600)
    assert uah["working"] == row["working"][0] * 1000 // 6
    assert uah["working_slow"] == row["working_slow"][0] * 1000


def test_a_wait_that_an_act_falls_into_is_a_wait_to_its_end():
    world = World(load("m5stack_cores3"))
    world.enter("idle")
    for _ in range(10):  # the battery is accounted for every minute
        world.energy.waited_ms += 7000
        world.sleep(7000)
    assert "working" not in world.energy.result()["idle"]["uah"]


def test_voltage_falls_with_charge_load_cold_and_age():
    voltages = [ocv_mv(ppm) for ppm in range(0, FULL_PPM + 1, 1000)]
    assert voltages == sorted(voltages) and (voltages[0], voltages[-1]) == (3270, 4200)
    new, old = Cell(2000, 150), Cell(2000, 150, health_pct=80)
    assert new.mv(0) == 4200 and new.mv(300_000) == 4155
    assert old.mohm() == 2 * new.mohm() and old.full_uah == 1_600_000
    before = new.mohm()
    for c10 in (100, 0, -100, -200, -300):
        new.temperature_c10 = c10
        assert new.mohm() > before or c10 == -300
        before = new.mohm()
    new.temperature_c10 = 250
    new.charge(0)
    assert new.mohm() == 225


def test_a_cell_keeps_every_nanocoulomb():
    cell = Cell(100, 150)
    for _ in range(36_000):
        cell.take(50_000 * 100)
    assert cell.left_uah == 50_000
    cell.take(-(10**15))
    assert cell.ppm == FULL_PPM
