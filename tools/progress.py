"""Bars on standard error, where a terminal can draw them and take them away again; elsewhere
nothing, not even an empty line.
"""

from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn


def bar(*columns, console=None) -> Progress:
    """Return rich's Progress with these columns, to be used in a `with`."""
    console = console or Console(stderr=True)
    drawn = console.is_terminal and not console.is_dumb_terminal
    return Progress(*columns, console=console, transient=True, disable=not drawn)


@contextmanager
def counted(what: str, *more):
    """Give a function (done, total) that moves one bar; `more` are columns behind it."""
    with bar(TextColumn("{task.description}"), BarColumn(), *more) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)
