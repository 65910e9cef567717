"""What goes onto the camera, checked against the stubs of MicroPython for the ESP32.

basedpyright reads `machine`, `esp32`, `time`, ... as MicroPython has them, also where CPython has
a module of that name. A board with another processor has no stubs of its own here: only chips.py
and joins.py know `machine`, and both ports call alike what they use of it.
"""

import ast
import importlib.metadata
import inspect
import json
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest
from conftest import ROOT

from tools.sim.chips import gc0308, ov2640

_TYPINGS = ROOT / "tools" / "typings"

# Rules of the level "standard" that are off, and why.
_OFF = {
    # Parts that are None until their stage begins (`self._look`, `self._cipher`): a check before
    # every use would cost time where a picture passes. The tests of each stage run them.
    "reportOptionalMemberAccess": False,
    "reportOptionalSubscript": False,
    # Two functions of one name, one for each interpreter, on both sides of a `try`.
    "reportRedeclaration": False,
    # `put() or miss()`: ruff's B018 looks after expressions that do nothing.
    "reportUnusedExpression": False,
    # The stubs have no sources beside them.
    "reportMissingModuleSource": False,
}

# Viper takes whatever has a buffer where it says `ptr8`; the stubs have a class of that name.
_VIPER = re.compile('to parameter "[a-z]+" of type "ptr(8|16|32)"')
# These take whatever has a buffer; the stubs say bytes.
_BASE64 = re.compile('parameter "data" of type "(str [|] )?bytes" in function "(a2b|b2a)_base64"')


@pytest.fixture(scope="module")
def stubs(tmp_path_factory):
    """The stubs alone: beside CPython's packages, those would go first."""
    folder = tmp_path_factory.mktemp("stubs")
    for package in ("micropython-esp32-stubs", "micropython-stdlib-stubs"):
        for file in importlib.metadata.files(package):
            if file.suffix == ".pyi" or file.name == "VERSIONS":
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.locate(), folder / file)
    return str(folder)


# A file in whose last four lines there is something to find.
_WRONG = """\
import time
import machine
from camera import Camera
time.sleep_ms(1)
machine.SPI(1, baudrate=1, sck='a', speed=2)
time.perf_counter()
Camera(pins=1)
micropython.viper
"""


@pytest.fixture(scope="module")
def findings(stubs, tmp_path_factory):
    """What the type checker says of all that goes onto the camera and, in the same run, of a file
    that is wrong: two lists of lines with file, line and sentence.
    """
    folder = tmp_path_factory.mktemp("checked")
    wrong = folder / "wrong.py"
    wrong.write_text(_WRONG)
    paths = [*(ROOT / name for name in ("firmware", "drivers", "boards")), wrong]
    config = {
        "include": [str(path) for path in paths],
        "exclude": [str(ROOT / "firmware" / "manifest.py")],  # the build gives it its names
        "extraPaths": [str(ROOT / "firmware"), str(ROOT), str(_TYPINGS)],
        "stubPath": stubs,
        "typeshedPath": stubs,
        "typeCheckingMode": "standard",
        "pythonVersion": "3.11",
        **_OFF,
    }
    path = folder / "pyrightconfig.json"
    path.write_text(json.dumps(config))
    checker = Path(sysconfig.get_path("scripts"), "basedpyright")
    command = [checker, "--outputjson", "--project", path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    told = json.loads(done.stdout)
    assert told["summary"]["filesAnalyzed"] >= len(paths), done.stdout + done.stderr
    found = [
        f"{row['file']}:{row['range']['start']['line'] + 1}: {row['message']}"
        for row in told["generalDiagnostics"]
        if row["severity"] != "information"
        and not (_VIPER.search(row["message"]) or _BASE64.search(row["message"]))
    ]
    planted = [line for line in found if line.startswith(str(wrong))]
    return [line for line in found if line not in planted], planted


def test_all_that_goes_onto_the_camera_agrees_with_the_stubs_of_micropython(findings):
    found, _ = findings
    assert not found, "\n".join(found)


def test_the_checker_knows_micropython_and_the_boards_modules(findings):
    _, planted = findings
    assert {int(line.split(":")[1]) for line in planted} == {5, 6, 7, 8}


def stub_of(module):
    """Return {class: {method: names of its arguments}} of a stub file."""
    tree = ast.parse((_TYPINGS / f"{module}.pyi").read_text(encoding="utf-8"))
    return {
        node.name: {
            each.name: [a.arg for a in each.args.args[1:] + each.args.kwonlyargs]
            for each in node.body
            if isinstance(each, ast.FunctionDef)
        }
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }


@pytest.mark.parametrize("simulated", [gc0308, ov2640])
def test_the_simulated_camera_module_has_all_that_its_stub_has(simulated):
    for name, methods in stub_of("camera").items():
        # Each sensor's module serves the arguments of its own boards.
        found = simulated.Camera if name == "Camera" else getattr(gc0308, name)
        for method in methods.keys() - {"__init__"}:
            assert callable(getattr(found, method))
    names = set()
    for each in (gc0308.Camera, ov2640.Camera):
        names |= set(inspect.signature(each.__init__).parameters)
    assert set(stub_of("camera")["Camera"]["__init__"]) <= names


def test_the_simulated_encoder_has_all_that_its_stub_has():
    for method, arguments in stub_of("jpeg")["Encoder"].items():
        there = inspect.signature(getattr(gc0308.Encoder, method)).parameters
        assert list(there)[1:] == arguments
