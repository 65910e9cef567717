"""Runs cases for a while, and shrinks what broke a promise to its shortest script."""

import random
import shutil
import tempfile
import time
import zlib
from pathlib import Path

from tools.sim import headless
from tools.torture import bench, ports, promises
from tools.torture.cases import KINDS, kinds_on

_SHRINK_S = 30


def run_case(name, lines, seed, keep=None, board=bench.BOARD, on="cpython"):
    """Run one case on a fresh card; return (sentences about broken promises, (worst loss in ms,
    its limit in ms)).

    `keep` is a folder to leave card, camera and keys in. With `on` (unix, wasm) it runs there as
    well, and must leave the same.
    """
    from tools.sim.script import ScriptError

    kind = KINDS[name]
    copy, folder = None, Path(keep or tempfile.mkdtemp(prefix="torture-"))
    try:
        image = bench.new_card(folder, seed)
        if kind.prepare:
            kind.prepare(image, board)
        copy = ports.twin(image) if on != "cpython" and not kind.own else None
        try:
            run = bench.Bench(image, "\n".join(lines), seed, kind.profile, board=board)
            outcome = run.play()
        except ScriptError:
            return [], (0, 0)
        found = list(promises.broken(outcome, kind))
        if kind.check and not outcome.broken:
            found += kind.check(outcome)
        if copy and not outcome.broken:
            found += ports.differences(outcome, copy, on, lines, seed, kind)
        return found, _worst(outcome, kind)
    finally:
        if copy:
            shutil.rmtree(copy.parent, ignore_errors=True)
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _worst(outcome, kind):
    if kind.harms or not kind.keeps_up or outcome.broken:
        return 0, 0
    found = promises.read(outcome.image)
    losses = promises.losses(outcome, found) if found else ()
    return max(((ms, limit_ms) for ms, _, limit_ms in losses), default=(0, 0))


def torture(seconds, seed, progress=None, kinds=None, board=bench.BOARD, on="cpython", at_least=1):
    """Run cases for `seconds`, and `at_least` so many; return `seed`, `cases` {name: count},
    `violations`, `worst_loss_ms`, `worst_loss_limit_ms`, and whether Ctrl-C ended it.

    Every kind that makes sense on `board` has its turn before the first comes again; the seed
    says which begins. Case `i` follows from `seed` and `i` alone. `progress(done_s, name)` hears
    of each case.
    """
    began = time.monotonic()
    names = kinds or list(kinds_on(headless.load(board)))
    cases, violations, worst, i, interrupted = {}, [], (0, 0), 0, False
    try:
        while i < at_least or time.monotonic() - began < seconds:
            name = names[(seed + i) % len(names)]
            own_seed = zlib.crc32(f"{seed} {i}".encode()) & 0x3FFFFFFF
            lines = KINDS[name].script(random.Random(own_seed))
            if progress:
                progress(time.monotonic() - began, name)
            found, loss = run_case(name, lines, own_seed, board=board, on=on)
            worst = max(worst, loss)
            cases[name] = cases.get(name, 0) + 1
            if found:
                script = "\n".join(lines)
                row = {"case": name, "seed": own_seed, "what": found, "script": script}
                violations.append(row)
                row["script"] = "\n".join(shrink(name, lines, own_seed, found[0], board, on))
            i += 1
    except KeyboardInterrupt:
        interrupted = True
    return {
        "seed": seed,
        "cases": cases,
        "violations": violations,
        "worst_loss_ms": worst[0],
        "worst_loss_limit_ms": worst[1],
        "interrupted": interrupted,
    }


def shrink(name, lines, seed, what, board=bench.BOARD, on="cpython", limit_s=_SHRINK_S):
    """Return the shortest script found in `limit_s` that breaks the same promise."""
    until = time.monotonic() + limit_s
    sort = what.split(":")[0]
    at = len(lines) - 1
    while at >= 0 and time.monotonic() < until:
        fewer = lines[:at] + lines[at + 1 :]
        found = fewer and run_case(name, fewer, seed, board=board, on=on)[0]
        if any(sentence.split(":")[0] == sort for sentence in found or ()):
            lines = fewer
        at -= 1
    return lines
