"""What the tests of `flash` and `doctor` share."""

import types

import pytest

from tools import boards_command
from tools.flash import install

BUDGET_BYTES = 136 * 1024


@pytest.fixture(scope="session")
def board():
    """A board whose processor is the one that plays the camera."""
    source = boards_command.load("m5stack_cores3")
    values = {name: value for name, value in vars(source).items() if name.isupper()}
    image = {"name": "it", "install": "-"}
    return types.SimpleNamespace(**{**values, "MPY_ARCH": "x64", "IMAGE": image})


@pytest.fixture(scope="session")
def compiled(board):
    """The board's files, compiled once."""
    return install.compiled_files(board)


@pytest.fixture
def chosen(board, compiled, monkeypatch):
    """Makes `board` the one that the commands load."""
    monkeypatch.setattr(boards_command, "load", lambda name: board)
    monkeypatch.setattr(install, "compiled_files", lambda board: compiled)
    # For the real boards, which have a test; this computer's machine code is larger than theirs.
    monkeypatch.setattr(install, "BUDGET_BYTES", BUDGET_BYTES)
