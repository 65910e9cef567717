"""What the person at the station sees: a line for each camera, and the list at the end."""

import threading

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TransferSpeedColumn
from rich.text import Text

from tools.progress import bar

from .words import CLOSING, STEPS, WAITING, Recordings, say


class Display:
    """A line for each camera while it is docked; nothing where no terminal is.

    Calling it with a report brings that line up to date; any thread may.
    """

    def __init__(self, stream):
        self._bar = bar(
            TextColumn("{task.fields[name]}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[amount]}"),
            TransferSpeedColumn(),
            TextColumn("{task.fields[step]}"),
            console=Console(file=stream),
        )
        self._lines = {}
        self._alone = threading.Lock()

    def __enter__(self):
        self._bar.start()
        return self

    def __exit__(self, *_):
        self._bar.stop()

    def __call__(self, report) -> None:
        """Bring the line of a camera up to date."""
        with self._alone:
            line = self._lines.get(id(report))
            if line is None:
                blank = {"name": report.label, "amount": "", "step": ""}
                line = self._lines[id(report)] = self._bar.add_task("", total=None, **blank)
        german, english = STEPS[report.step][::-1]
        self._bar.update(
            line,
            total=report.total_bytes or None,
            completed=report.done_bytes,
            name=report.label,
            amount=f"{report.done_bytes >> 20} of {report.total_bytes >> 20} MiB",
            step=f"{german} / {english}",
        )


def closing(reports, demonstration) -> None:
    """Print on standard error, for each camera, what is not yet safe; German, then English."""
    screen = _screen()
    if not reports:
        _both(screen, say(CLOSING["none"], {}), "")
    for report in reports:
        facts = {"name": report.label, "recordings": Recordings(report.recordings)}
        if report.not_safe:
            _both(screen, say(CLOSING["not"], facts), "bold red")
            for line in report.not_safe:
                _both(screen, line, "red", "  - ")
        else:
            kind = "safe" if report.recordings else "empty"
            _both(screen, say(CLOSING[kind], facts), "bold green")
        for line in report.findings:
            if line["kind"] != "note":
                _both(screen, line, "yellow", "  ! ")
    if demonstration:
        _both(screen, say(CLOSING["demo"], {}), "dim")


def waiting() -> None:
    """Print on standard error that the next thing to happen is a camera; German, then English."""
    _both(_screen(), say(WAITING, {}), "dim")


def _screen():
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def _both(screen, line, style, mark=""):
    screen.print(Text(mark + line["de"], style=style), soft_wrap=True)
    screen.print(Text(" " * len(mark) + line["en"], style=style), soft_wrap=True)
