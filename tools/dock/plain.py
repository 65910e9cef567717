"""Errors as a person at a prompt reads them."""

from contextlib import contextmanager

import typer

from tools.evidence.errors import InputError

from .stamp import StampError
from .vault import VaultError
from .words import one_line


@contextmanager
def plain():
    """Make what a person can put right one line and status 2."""
    try:
        yield
    except (InputError, StampError, VaultError) as error:
        raise typer.BadParameter(one_line(str(error))) from error


def count(number: int, one: str, many: str) -> str:
    """Return a number with its word: 1 recording, 2 recordings."""
    return f"{number} {one if number == 1 else many}"
