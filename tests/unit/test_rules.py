"""The house rules that a machine can check: imports, words, pins, compiling, locks."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bodycam import pins
from tools import boards_command, bootstrap, cli

ROOT = Path(__file__).resolve().parents[2]


def sources(*folders):
    """Return all Python files below the folders, sorted."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def each(*folders):
    """Return the decorator that runs a test once for each Python file below the folders."""
    paths = sources(*folders)
    return pytest.mark.parametrize("path", paths, ids=[_name(path) for path in paths])


def _name(path):
    return path.relative_to(ROOT).as_posix()


def _tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def _imported(path):
    """Return the modules that a file imports, in full; `from a import b` counts as a."""
    found = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = path.relative_to(ROOT).parts[: -node.level] if node.level else ()
            found.add(".".join([*above, *filter(None, [node.module])]))
    return found


def _outside(path, package):
    """Return what a file imports from anywhere but `package`."""
    return {name for name in _imported(path) if name.split(".")[0] != package}


# Who imports whom ----------------------------------------------------------------------------

# In every MicroPython build that a board here runs. `time`, `machine` and the modules of a chip's
# maker are missing on purpose: who needs them gets them from app.py.
STDLIB = {
    "array",
    "binascii",
    "collections",
    "errno",
    "gc",
    "hashlib",
    "io",
    "json",
    "math",
    "micropython",
    "os",
    "random",
    "select",
    "struct",
    "sys",
    "uctypes",
}


@each("boards")
def test_a_board_is_data_only(path):
    if path.name != "__init__.py":
        assert ast.get_docstring(_tree(path)), "from where are the pins?"
    for statement in _tree(path).body[1:]:
        assert isinstance(statement, ast.Assign), f"line {statement.lineno} is not data"
        ast.literal_eval(statement.value)


@each("drivers")
def test_a_driver_imports_the_standard_library_and_drivers_only(path):
    assert _outside(path, "drivers") <= STDLIB


@each("firmware/bodycam")
def test_bodycam_imports_the_standard_library_and_itself_only(path):
    if path.name not in (
        "app.py",
        "chips.py",
        "joins.py",
        "lastwords.py",
    ):  # which join board, drivers and services
        assert _outside(path, "bodycam") <= STDLIB


@each("tools/evidence")
def test_the_evidence_reader_shares_no_code_with_the_camera(path):
    camera = {"bodycam", "boards", "drivers", "firmware"}
    for name in _imported(path):
        assert name.split(".")[0] not in camera
        assert not name.startswith("tools.sim")


# What the camera's code says -----------------------------------------------------------------


@pytest.mark.parametrize("word", ["simulat" + "or", "sys" + ".platform"])
def test_the_camera_does_not_know_where_it_runs(word):
    for path in _text_files("firmware", "drivers"):
        assert word not in path.read_text(encoding="utf-8").lower(), _name(path)


# What gives a name, and the field in which it stands.
NAMED = {
    ast.FunctionDef: "name",
    ast.ClassDef: "name",
    ast.arg: "arg",
    ast.Name: "id",
    ast.Attribute: "attr",
}

# Each of these wants its unit: `timeout_ms`, `volume_pct`.
BARE = {
    "brightness",
    "current",
    "delay",
    "duration",
    "frequency",
    "interval",
    "period",
    "temperature",
    "timeout",
    "voltage",
    "volume",
}


@each("firmware", "drivers")
def test_names_carry_units_and_say_what_they_mean(path):
    for node in ast.walk(_tree(path)):
        field = NAMED.get(type(node))
        if field and isinstance(getattr(node, "ctx", None), (ast.Store, type(None))):
            name = getattr(node, field)
            where = f"line {node.lineno}: {name}"
            assert isinstance(node, ast.FunctionDef) or name.strip("_").lower() not in BARE, where
            assert not re.search("^get_|Manager|Helper|Utils|Handler", name), where


LONGEST_LINES = 300
# file: why it is longer
LONGER = {
    "firmware/bodycam/glyphs.py": "the letters' pictures: one table, made to be looked at",
    "firmware/bodycam/narrow.py": "the same letters, narrower",
    "firmware/bodycam/app.py": "the one place where everything is joined",
    "firmware/bodycam/procedure.py": "what follows each event of the one stage table",
    "firmware/bodycam/recorder.py": "one state between frames that come and blocks that go",
    "firmware/bodycam/log.py": "writing and recovery are one rule about one page",
}


@each("firmware", "drivers")
def test_a_file_is_short_or_has_a_reason(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    if _name(path) in LONGER:
        assert lines > LONGEST_LINES, "no longer needs its reason"
    else:
        assert lines <= LONGEST_LINES, f"{lines} lines, and no reason in LONGER"


@pytest.mark.parametrize("arch", ["xtensawin", "armv7emsp"])
@each("firmware", "drivers", "boards")
def test_it_compiles_for_the_cameras_processors(path, arch):
    assert boards_command.compiled(path, arch)


# Boards and drivers --------------------------------------------------------------------------

BOARDS = boards_command.board_ids()


def _pins(part, keys=pins.KEYS):
    for key in keys:
        value = part.get(key)
        for pin in value if isinstance(value, list) else [value]:
            if isinstance(pin, int) and pin >= 0:
                yield pin


def gpio_users(board):
    """Return {GPIO: the parts that use it}; a bus's pins are used by every part on that bus."""
    users = {}
    parts = {name: part for name, part in vars(board).items() if isinstance(part, dict)}
    for name, part in parts.items():
        if name not in ("SPI", "I2C"):
            for pin in _pins(part):
                users.setdefault(pin, set()).add(name)
        if "cs" in part and "SPI" in parts:  # a display with D/C is only written to
            for pin in _pins(parts["SPI"], ("sck", "mosi") + (() if "dc" in part else ("miso",))):
                users.setdefault(pin, set()).add(name)
    for pin in _pins(parts.get("I2C", {})):
        users.setdefault(pin, set()).add("I2C")
        # The camera module drives the sensor's bus by itself, beside machine.I2C.
        if parts.get("CAMERA", {}).get("chip") in parts.get("I2C_CHIPS", {}):
            users[pin].add("CAMERA")
    return users


@pytest.mark.parametrize("board_id", BOARDS)
def test_a_pin_with_two_users_has_a_rule_that_keeps_them_apart(board_id):
    board = boards_command.load(board_id)
    shared = {pin: users for pin, users in gpio_users(board).items() if len(users) > 1}
    assert set(shared) == set(getattr(board, "SHARED", {})), shared


@pytest.mark.parametrize("board_id", BOARDS)
def test_a_board_is_named_as_its_file_and_every_chip_has_a_driver(board_id):
    board = boards_command.load(board_id)
    assert board_id == board.ID
    assert boards_command.drivers(board)


def test_modules_of_tests_have_names_of_their_own():
    """Their folders are no packages: `conftest`, say, would be whichever was found first."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "__init__.py"]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("folder", ["boards", "drivers"])
def test_the_readme_lists_every_file(folder):
    text = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    absent = [path.name for path in (ROOT / folder).glob("[!_]*.py") if path.name not in text]
    assert not absent


def test_the_readme_lists_what_boards_can_do():
    text = (ROOT / "boards" / "README.md").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith("| `CAPS`"))
    caps = {cap for name in boards_command.board_ids() for cap in boards_command.load(name).CAPS}
    assert caps <= set(re.findall(r"`(\w+)`", row))


# The repository ------------------------------------------------------------------------------

OWN = (".ci", "boards", "drivers", "firmware", "tests", "tools")  # the rest is made by commands
TEXT = {"", ".css", ".html", ".js", ".json", ".md", ".mjs", ".py", ".toml", ".txt", ".yml"}

FOREIGN = {
    "a path of one machine": r"(?<![\w.~/-])/(root|home|work|opt|Users)/|[A-Z]:\\+Users",
    "a registry's host": r"pypi\.org|pythonhosted\.org|npmjs\.(org|com)|[j]sdelivr|unpkg\.com",
    "a paper that is not here": r"\b(PLAN|design|hardware|field|performance|style)\.md|\bshared/",
}


def _text_files(*folders):
    if not folders:
        names = ("LICENSE", "README.md", "package-lock.json", "package.json", "pyproject.toml")
        yield from (ROOT / name for name in names)
    for folder in folders or OWN:
        for top, inner, names in os.walk(ROOT / folder):
            inner[:] = sorted(set(inner) - {"__pycache__"})
            yield from (Path(top, name) for name in sorted(names) if Path(name).suffix in TEXT)


@pytest.mark.parametrize("what", FOREIGN)
def test_nothing_names(what):
    for path in _text_files():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert not re.search(FOREIGN[what], line), f"{_name(path)}:{number}: {line.strip()}"


def test_ruff_leaves_alone_what_commands_make_in_the_clone(tmp_path):
    """An export brings a verify.py, a frozen firmware its sources, both with a style of theirs."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in (
        "demo_out/export/verify.py",
        "frozen/main.py",
        "tools/typings/board.pyi",
        "verify.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("import  os\n")
    for command in (("check",), ("format", "--check")):
        words = [sys.executable, "-m", "ruff", *command, "--no-cache"]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 1
        said = done.stdout
        assert "board.pyi" in said and "main.py" not in said and "verify.py" not in said


def test_every_command_in_the_table_exists():
    for module, groups, what in cli.COMMANDS.values():
        assert (ROOT / (module.replace(".", "/") + ".py")).is_file(), module
        assert len(what) <= 60
        for group in groups:
            assert (ROOT / "tools" / "requirements" / (group + ".txt")).is_file()


def test_the_extras_are_the_groups_of_the_same_name():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = {name: project["dependency-groups"][name] for name in bootstrap.EXTRAS}
    assert project["project"]["optional-dependencies"] == groups
    used = {group for _, needs, _ in cli.COMMANDS.values() for group in needs}
    assert set(groups) - {"plot"} <= used


def test_every_package_is_locked_with_its_hashes():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = {"run": project["project"]["dependencies"], **project["dependency-groups"]}
    for group, packages in wanted.items():
        lock = (ROOT / "tools" / "requirements" / (group + ".txt")).read_text(encoding="utf-8")
        entries = re.findall(r"^([\w.-]+)==.*\\\n    --hash=sha256:", lock, re.MULTILINE)
        assert len(entries) == len(re.findall(r"^\w", lock, re.MULTILINE)), group
        names = {re.match(r"[\w.-]+", package)[0] for package in packages}
        assert names <= set(entries), group
