"""The command `test`: style, then every test, the way CI runs them."""

import os
import subprocess
import sys
from typing import Annotated

import typer

from tools.bootstrap import ROOT, need

app = typer.Typer(add_completion=False)

# Set up when tests are run and not before, so that --help need not wait for all of them.
_GROUPS = ("wasm", "test", "clips", "flash", "release", "types", "dock")

# A file stays together: what its tests share is made once. In the order of tests/conftest.py.
# One process more than cores: the page is tested in real time, and waits.
_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
_WORKERS = min(_CORES + 1, 4)
_SPREAD = ("-n", str(_WORKERS), "--dist", "loadfile", "--no-loadscope-reorder")
_LONG = ("-o", "faulthandler_timeout=3600")  # else what hangs for two minutes is ended
_STYLE = (("ruff", "check"), ("ruff", "format", "--check"))


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    options_metavar="[--full] [--seed N] [PYTEST ARGUMENTS]",
)
def test(
    context: typer.Context,
    device: Annotated[
        str, typer.Option(help="Run tests/device alone, on the camera at this serial port.")
    ] = "",
    scratch_card: Annotated[
        bool,
        typer.Option("--scratch-card", help="With --device: all that is on its card may go."),
    ] = False,
):
    """Check the style and run every test, as CI does; further arguments go to pytest.

    --full adds the long tests. --seed N repeats a run: without it the seed is new each time, and
    it is printed. Paths are read from the top of the clone. Files are shared out over one process
    more than the computer has cores, four at most; -n 0 runs one test after the other, in this
    terminal.
    """
    if device:
        need("flash")
        from tools.flash import contracts

        return contracts.run(device, scratch_card)
    for group in _GROUPS:
        need(group)
    failed = [words for words in _STYLE if _python(*words)]
    long = _LONG if "--full" in context.args else ()
    status = _python("pytest", *_SPREAD, *long, *context.args)
    for words in failed:
        print(" ".join(words) + " found something (above)", file=sys.stderr)
    return status or (1 if failed else 0)


def _python(*words):
    # Hundreds of processes start: what one has compiled the others need not compile again.
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
