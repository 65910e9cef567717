"""The command `bench`: the recorder against bare copies and against its peers, side by side."""

import json
import random
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)

_KINDS = (".png", ".svg")


@app.command()
def bench(
    on: Annotated[str, typer.Option(help="cpython, unix or wasm.")] = "unix",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw it into a .png or .svg.")] = None,
    runs: Annotated[
        int | None,
        typer.Option(
            help="Processes with a heap layout of their own each, 1 to 1000; 24, off unix 4."
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="All chance follows from it; default a new one.")
    ] = None,
):
    """Measure ring and recorder against the bare copy, cipher and hash under them, and against
    other ways to keep pictures, in the same process and over the same memory.

    All figures are medians of many runs. Status 0 also where a figure misses its goal.
    """
    from tools.bench import goals, runner, summary
    from tools.bootstrap import need

    if runs is None:
        runs = 24 if on == "unix" else 4
    _check(on, runs, plot, runner)
    if plot:
        need("plot")  # before the minutes that it takes
    if seed is None:
        seed = random.SystemRandom().randrange(1 << 20)
    from rich.progress import TextColumn, TimeElapsedColumn

    from tools.progress import counted

    columns = TextColumn("{task.completed}/{task.total}"), TimeElapsedColumn()
    with counted("measuring", *columns) as progress:
        found = runner.measure(on, runs, seed, progress)
    result = summary.build(on, runs, seed, found)
    if plot:
        from tools.bench import plot as drawing

        drawing.draw(result, plot)
    if as_json:
        print(json.dumps(result))
        return
    from rich.console import Console

    console = Console()
    console.print(f"{on}, {runs} runs, seed {seed}", highlight=False)
    for table in goals.tables(result):
        console.print(table)
    if on != "unix":
        console.print(f"- : {_MISSING[on]}", highlight=False)


_MISSING = {
    "wasm": "WebAssembly has no cryptolib, counts no requests, and collects only between calls",
    "cpython": "CPython has no cryptolib, and a heap that cannot be counted",
}


def _check(on, runs, plot, runner):
    from tools import bootstrap

    if on not in runner.INTERPRETERS:
        names = ", ".join(runner.INTERPRETERS)
        raise typer.BadParameter(f"no interpreter '{on}'; there are {names}")
    if on == "unix" and bootstrap.micropython() is None:
        raise typer.BadParameter(
            "MicroPython's unix port has no build for this computer; take --on wasm"
        )
    if not 1 <= runs <= 1000:
        raise typer.BadParameter(f"--runs {runs}: there are 1 to 1000")
    if plot and plot.suffix.lower() not in _KINDS:
        raise typer.BadParameter(f"--plot {plot}: name a {' or '.join(_KINDS)}")
    if plot and not plot.resolve().parent.is_dir():
        raise typer.BadParameter(f"--plot {plot}: there is no such folder")
