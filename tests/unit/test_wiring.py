"""The drawings of the boards: what the board file says, all of it and nothing else."""

import re
import types

import pytest
from conftest import ROOT
from test_rules import BOARDS, gpio_users

from tools import boards_command, cli
from tools.wiring import draw

KEPT = ROOT / "boards" / "wiring"


@pytest.mark.parametrize("board_id", BOARDS)
def test_the_drawing_in_the_repository_is_that_of_the_board_file(board_id):
    made = draw(boards_command.load(board_id))
    kept = (KEPT / f"{board_id}.svg").read_text(encoding="utf-8")
    assert made == kept, "draw it anew: python3 -m tools boards --wiring boards/wiring"
    assert {path.stem for path in KEPT.glob("*.svg")} == set(BOARDS)


@pytest.mark.parametrize("board_id", BOARDS)
def test_every_gpio_of_the_board_has_its_wire(board_id):
    board = boards_command.load(board_id)
    drawing = draw(board)
    drawn = {int(number) for number in re.findall(r">GPIO(\d+)<", drawing)}
    assert drawn == set(gpio_users(board))
    begins = [at for at in re.findall(r'<path d="M190 ([\d.]+) ', drawing)]
    assert len(set(begins)) == len(drawn)


def test_a_pin_that_changes_changes_the_drawing():
    board = boards_command.load("m5stack_cores3")
    names = {name: value for name, value in vars(board).items() if name.isupper()}
    moved = types.SimpleNamespace(**{**names, "VIBRATION": {**board.VIBRATION, "pin": 18}})
    assert draw(moved) != draw(board) and ">GPIO18<" in draw(moved)


MISTAKES = (
    ("CARD", "cs", 20, "pin 20 is both CARD cs and DISPLAY cs"),
    ("SPI", "sck", 10, "pin 10 is both SPI sck and CARD sck"),
    ("LAMP", "pin", 25, "LAMP pin cannot be pin 25 on this processor"),
    ("I2C", "sda", 26, "I2C sda of bus 0 cannot be pin 26"),
)


@pytest.mark.parametrize("part, key, pin, line", MISTAKES)
def test_a_wrong_pin_is_named_in_one_line_without_any_hardware(
    monkeypatch, capsys, part, key, pin, line
):
    board = boards_command.load("pico2w_arducam")
    monkeypatch.setitem(getattr(board, part), key, pin)
    for command in (["boards"], *([n, "--board", board.ID] for n in ("flash", "doctor", "sim"))):
        assert cli.run("python3 -m tools", command) == 2
        assert f"boards/pico2w_arducam.py: {line}" in " ".join(capsys.readouterr().err.split())


def test_the_command_draws_every_board(tmp_path, capsys):
    assert cli.run("python3 -m tools", ["boards", "--wiring", str(tmp_path / "out")]) == 0
    names = {path.stem for path in (tmp_path / "out").iterdir()}
    assert names == set(BOARDS) and len(capsys.readouterr().out.splitlines()) == len(BOARDS)
