"""Errors and progress as a person at a prompt reads them."""

import sys
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import Progress

from tools.evidence.errors import InputError

from .stamp import StampError
from .vault import VaultError


@contextmanager
def plain():
    """Make what a person can put right one line and status 2."""
    try:
        yield
    except (InputError, StampError, VaultError) as error:
        raise typer.BadParameter(str(error)) from error


def draws(console: Console) -> bool:
    """Return whether a bar can be drawn there, and be taken away again."""
    return console.is_terminal and not console.is_dumb_terminal


@contextmanager
def progress(what: str):
    """Give a function (done, total) that draws a bar where a terminal is."""
    console = Console(file=sys.stderr)
    if not draws(console):
        yield lambda done, total: None
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def count(number: int, one: str, many: str) -> str:
    """Return a number with its word: 1 recording, 2 recordings."""
    return f"{number} {one if number == 1 else many}"
