"""What all tests share: the import path of the three interpreters, the seed, the interpreters."""

import asyncio
import os
import platform
import random
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHIM = ROOT / "tools" / "sim" / "shim"  # the module `micropython`, for CPython

# As on the camera, where `bodycam` lies at the top; `drivers` and `boards` lie beside it.
sys.path[:0] = [str(ROOT / "firmware"), str(ROOT), str(SHIM), str(ROOT / "tests" / "unit")]

from tools import bootstrap  # noqa: E402

_TIME_LIMIT_S = 100  # of one script on another interpreter

# The longest files. Where files are shared out, none of them may be the last that is begun.
_LONGEST = """web/test_page web/test_lessons port/test_camera faults/test_torture flash/test_flash
    flash/test_doctor dock/test_docking port/test_serve web/test_verdicts unit/test_bench
    faults/test_boards_at_boot unit/test_reader_damage dock/test_steps dock/test_serve_dock
    unit/test_types dock/test_trouble port/test_board_heap unit/test_reader_mutations
    faults/test_cut_again faults/test_card_full faults/test_dock_hostile
    shift/test_estimate""".split()


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="run the long tests too")
    parser.addoption("--seed", type=int, metavar="N", help="repeat the run that printed this seed")
    parser.addoption("--golden", action="store_true", help="draw the page's golden screens anew")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    config.addinivalue_line("markers", "full: a long test, run with --full only")
    if hasattr(config, "workerinput"):
        config.option.seed = config.workerinput["seed"]
    if config.option.seed is None:
        config.option.seed = random.SystemRandom().randrange(1 << 30)
    if hasattr(config.option, "hypothesis_seed") and config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = config.option.seed
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(ROOT / ".cache" / "hypothesis"))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    # One seed for the processes that share the run.
    node.workerinput["seed"] = node.config.option.seed


def pytest_report_header(config):
    return f"seed: {config.option.seed} (to repeat this run: --seed {config.option.seed})"


def pytest_collection_modifyitems(config, items):
    if not config.option.full:
        long = [item for item in items if "full" in item.keywords]
        items[:] = [item for item in items if "full" not in item.keywords]
        config.hook.pytest_deselected(items=long)
    if hasattr(config, "workerinput"):
        items.sort(key=_turn)


def _turn(item):
    name = item.path.relative_to(ROOT / "tests").with_suffix("").as_posix()
    return _LONGEST.index(name) if name in _LONGEST else len(_LONGEST)


def pytest_terminal_summary(terminalreporter):
    # What a test measured is told at the end, in whatever process it ran.
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "measured":
                terminalreporter.write_line(value)


@pytest.fixture(scope="session")
def seed(pytestconfig):
    """The number that everything random in this run follows from."""
    return pytestconfig.option.seed


@pytest.fixture(scope="session")
def full(pytestconfig):
    """Whether this run has time: more cases, longer shifts."""
    return pytestconfig.option.full


@pytest.fixture
def forget_firmware():
    """A function that forgets the firmware's modules, so that the next run imports its own. It is
    called, and all is undone, around the test.
    """
    before = dict(sys.modules)

    def forget():
        # With their packages, whose attributes are modules too.
        for name in list(sys.modules):
            if name.split(".")[0] in ("bodycam", "drivers") or name not in before:
                del sys.modules[name]

    forget()
    yield forget
    forget()
    sys.modules.update(before)


@pytest.fixture
def line():
    """A pty: (master, name of the port)."""
    import pty
    import tty

    master, slave = pty.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(slave)
    os.close(master)


@pytest.fixture(autouse=True)
def no_loop_of_a_browser(request):
    """A browser under test keeps a loop running in this thread; others may run their own."""
    loop = asyncio._get_running_loop()
    if not loop or "browser" in request.fixturenames:
        yield
        return
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(loop)


def _environment(*folders):
    """Return the environment variables with which all interpreters find the same modules."""
    paths = os.pathsep.join(str(ROOT / folder) for folder in folders)
    return {**os.environ, "PYTHONPATH": paths, "MICROPYPATH": paths + os.pathsep + ".frozen"}


def _command(interpreter):
    """Return the command of an interpreter; one that is missing where it was promised fails."""
    if interpreter == "cpython":
        return [sys.executable]
    if interpreter == "wasm":
        return [bootstrap.node(), str(ROOT / "tests" / "port" / "wasm.mjs")]
    command = bootstrap.micropython()
    if command is None:
        here = (sys.platform, platform.machine())
        if os.environ.get("CI") == "true" or here in bootstrap.UNIX_PORT_ON:
            pytest.fail("MicroPython's unix port is not installed")
        pytest.skip("MicroPython's unix port is not built for this kind of computer")
    return command


@pytest.fixture(scope="session")
def run_on():
    """A function (interpreter, script, heap_bytes) -> what the script printed.

    `interpreter` is one of cpython, unix, wasm. The test fails if the script does. CPython has no
    heap to limit.
    """

    def run(interpreter, script, heap_bytes=8 << 20):
        command = _command(interpreter)
        if interpreter != "cpython":
            command = [*command, "-X", f"heapsize={heap_bytes}"]
        folders = ["firmware", "."] + ([SHIM] if interpreter == "cpython" else [])
        done = subprocess.run(
            [*command, str(script)],
            cwd=ROOT,
            env=_environment(*folders),
            capture_output=True,
            text=True,
            timeout=_TIME_LIMIT_S,
        )
        if done.returncode:
            pytest.fail(f"{script} on {interpreter}:\n{done.stdout}{done.stderr}", pytrace=False)
        return done.stdout

    return run
