"""The command `torture`: faults and cuts, over and over, until something breaks or time is up."""

import json
import random
import sys
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def torture(
    seconds: Annotated[float, typer.Option(min=0, help="How long to go on.")] = 60,
    seed: Annotated[
        int | None, typer.Option(help="All cases follow from it; without it a new one.")
    ] = None,
    case: Annotated[
        list[str] | None,
        typer.Option(help="Only this kind of case, repeatable; `--case list` lists them."),
    ] = None,
    board: Annotated[
        str, typer.Option(help="Board file; kinds that make no sense on it are left out.")
    ] = "m5stack_cores3",
    on: Annotated[
        str, typer.Option(help="Run each case on unix or wasm as well: it must leave the same.")
    ] = "cpython",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
):
    """Run the camera through faults and power cuts, and check its promises with the reader.

    On a broken promise the shortest script that breaks it is printed. Status 0 when every promise
    was kept, 1 when not, 2 for input that cannot be used.
    """
    from tools.boards_command import BoardError, load
    from tools.sim.headless import INTERPRETERS
    from tools.torture.cases import kinds_on
    from tools.torture.run import torture as go

    try:
        kinds = kinds_on(load(board))
    except BoardError as error:
        raise typer.BadParameter(str(error)) from None
    if on not in INTERPRETERS:
        raise typer.BadParameter(f"no interpreter '{on}'; there are {', '.join(INTERPRETERS)}")
    if case == ["list"]:
        print("\n".join(kinds))
        return 0
    unknown = next((name for name in case or () if name not in kinds), None)
    if unknown:
        raise typer.BadParameter(f"no case '{unknown}' on {board}; there are: {'; '.join(kinds)}")
    seed = random.SystemRandom().randrange(1 << 30) if seed is None else seed
    with _bar(seconds) as progress:
        result = go(seconds, seed, progress, case, board, on)
    if as_json:
        print(json.dumps(result))
    else:
        _say(result)
    if result["interrupted"]:
        raise typer.Abort
    return 1 if result["violations"] else 0


def _bar(seconds):
    """Return a context that gives `progress(done_s, name)`, on standard error."""
    from contextlib import contextmanager

    from rich.progress import BarColumn, TextColumn

    from tools.progress import bar

    @contextmanager
    def show():
        columns = (
            TextColumn("{task.description:<32}"),
            BarColumn(),
            TextColumn("{task.fields[n]}"),
        )
        with bar(*columns) as shown:
            task = shown.add_task("", total=max(seconds, 1), n="0 cases")
            done = 0

            def progress(done_s, name):
                nonlocal done
                shown.update(task, completed=done_s, description=name, n=f"{done} cases")
                done += 1

            yield progress

    return show()


def _say(result):
    for broken in result["violations"]:
        print(f"{broken['case']} (seed {broken['seed']}): {'; '.join(broken['what'])}")
        print("".join(f"    {line}\n" for line in broken["script"].splitlines()), end="")
    count, kinds = sum(result["cases"].values()), len(result["cases"])
    loss = f"a cut cost {result['worst_loss_ms']} ms of pictures at most"
    if result["worst_loss_ms"]:
        loss += (
            "; the limit, 300 ms, a block, and the picture begun before it, is "
            f"{result['worst_loss_limit_ms']} ms at their rate"
        )
    print(
        f"{count} cases of {kinds} kinds, seed {result['seed']}: "
        f"{len(result['violations'])} broken promises; {loss}",
        file=sys.stderr if result["violations"] else sys.stdout,
    )
