"""Runs each script in this folder on MicroPython's two desktop ports.

A script prints `ok` as its last line. A first line `# on: unix` names the interpreters it is for
(cpython, unix, wasm); without one it runs on unix and wasm.
"""

import subprocess
from pathlib import Path

import pytest

from tools import bootstrap

SCRIPTS = sorted(
    path for path in Path(__file__).parent.glob("*.py") if not path.name.startswith("test_")
)


def _cases():
    for path in SCRIPTS:
        first = path.read_text(encoding="utf-8").split("\n", 1)[0]
        named = first.removeprefix("# on:").split() if first.startswith("# on:") else ()
        for interpreter in named or ("unix", "wasm"):
            yield pytest.param(interpreter, path, id=f"{path.stem}-{interpreter}")


@pytest.mark.parametrize(("interpreter", "path"), list(_cases()))
def test_script_ends_with_ok(run_on, interpreter, path):
    printed = run_on(interpreter, path)
    assert printed.splitlines()[-1:] == ["ok"], printed


def test_python_leaps_alike_by_webassembly_and_by_the_builds_own_javascript():
    command = [bootstrap.node(), Path(__file__).parent / "leaps.mjs"]
    own, build = (
        subprocess.run(
            [*command, *how], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        for how in ([], ["build"])
    )
    assert own[:-1] == build[:-1] and len(own) == 10
    assert (own[-1].split()[0], build[-1].split()[0]) == ("WebAssembly", "JavaScript")
