"""Starts the workers, each run in a process of its own, and collects what they tell."""

import json
import os
import subprocess
import sys

from tools import bootstrap

ROOT = bootstrap.ROOT
HERE = ROOT / "tools" / "bench"
INTERPRETERS = ("cpython", "unix", "wasm")
DESIGNS = ("floor", "ring", "deque", "list", "slots", "class_ring", "asyncio_queue", "ringio")

ROUNDS = None  # in one process, of which the best counts; None: as many as the worker thinks
_SHORT_RUNS = 5  # with fewer, the hour of recording is five minutes
_TIME_LIMIT_S = 300  # of one process

# worker: one in how many runs it takes part in (0: once), heap in MiB, where it can measure
WORKERS = {
    "ring": (1, 64, INTERPRETERS),
    "peers": (4, 64, INTERPRETERS),
    "scale": (5, 64, INTERPRETERS),
    "latency": (6, 8, ("unix",)),
    "seal": (5, 64, ("unix",)),
    "record": (5, 64, ("unix",)),
    "trigger": (5, 64, ("unix",)),
    "pause": (5, 8, ("unix",)),
    "hour": (0, 8, ("unix",)),
    "display": (0, 64, ("unix",)),
}

_START = """
import sys
sys.path[:0] = {paths!r}
import tools.bench.workers.{worker} as chosen
if {rounds}:
    chosen.ROUNDS = {rounds}
worker = chosen.run({arguments})
"""
_ALL_STEPS = "for _ in worker:\n    pass\n"


class WorkerError(OSError):
    """A worker did not end as it should: one line with the last that it printed."""


def jobs(interpreter, runs, seed):
    """Return what is to be run: (worker, heap in MiB, what `run` of the worker is called with),
    runs of all workers mixed, so that a slow minute meets all of them.
    """
    found = []
    for worker, (every, heap_mib, where) in WORKERS.items():
        if interpreter in where:
            count = max(1, runs // every) if every else 1
            for i in range(count):
                for extra in _extras(worker, runs):
                    found.append((i / count, worker, heap_mib, (seed + i, *extra)))
    return [job[1:] for job in sorted(found, key=lambda job: job[0])]


def _extras(worker, runs):
    if worker == "latency":
        return [(name,) for name in DESIGNS]
    if worker == "hour":
        return [(3600 if runs >= _SHORT_RUNS else 300,)]
    return [()]


def measure(interpreter, runs, seed, progress=None):
    """Run all jobs, one at a time; return {worker: [what it told]}, for latency by design.

    `progress(done, of)` hears how far it is.

    Raises:
        WorkerError: a worker failed.
        tools.bootstrap.SetupError: the interpreter is not to be had.
    """
    todo = jobs(interpreter, runs, seed)
    found = {}
    for done, (worker, heap_mib, arguments) in enumerate(todo):
        if progress:
            progress(done, len(todo))
        name = f"{worker}.{arguments[1]}" if worker == "latency" else worker
        found.setdefault(name, []).append(run(interpreter, worker, heap_mib, arguments))
    return found


def run(interpreter, worker, heap_mib, arguments):
    """Run one worker and return what it told.

    Raises:
        WorkerError: it failed.
    """
    paths = [str(ROOT / "firmware"), str(ROOT)]
    if interpreter == "cpython":
        paths.insert(0, str(ROOT / "tools" / "sim" / "shim"))
    if interpreter == "wasm":
        paths = []
    words = {"paths": paths, "worker": worker, "rounds": ROUNDS}
    code = _START.format(**words, arguments=", ".join(map(repr, arguments)))
    if interpreter == "wasm":
        package = bootstrap.NODE_MODULES / "@micropython" / "micropython-webassembly-pyscript"
        command = [bootstrap.node(), HERE / "wasm_host.mjs", package, ROOT, heap_mib << 20, code]
    elif interpreter == "unix":
        command = [*_unix(heap_mib), "-c", code + _ALL_STEPS]
    else:
        command = [sys.executable, "-c", code + _ALL_STEPS]
    return _told(worker, [str(word) for word in command])


def _unix(heap_mib):
    return [*bootstrap.micropython(), "-X", f"heapsize={heap_mib}m"]


def _told(worker, command):
    paths = os.pathsep.join((str(ROOT / "firmware"), str(ROOT), ".frozen"))
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "MICROPYPATH": paths},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIME_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise WorkerError(f"the worker {worker} took more than {_TIME_LIMIT_S} s") from None
    lines = (done.stdout + done.stderr).strip().splitlines() or ["it printed nothing"]
    try:
        if not done.returncode:
            return json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        pass
    raise WorkerError(f"the worker {worker} failed: {lines[-1]}")
