"""The slowest push on a small heap full of holes, with the collector on, as on a camera.

One design per process: "floor", "ring" or a peer.
"""

import random

from bodycam.ring import FRAME, reserve
from tools.bench import peers
from tools.bench.workers import common

_LIVE = 2000  # small objects that stay, with a hole beside each
_PUSHES = 6000
_ROW = 50
ROUNDS = 2  # the one with the lowest worst push counts: the others met the scheduler


def run(seed, name):
    """Measure one design; a generator as all workers are."""
    layout = common.Layout(seed)
    pictures = common.Pictures("mix", common.RING_BYTES)
    times_us = [0] * _PUSHES
    if name in ("floor", "ring"):
        target = layout.ring(common.RING_BYTES)
        common.walk(target, pictures, reserve, FRAME)
        series = _reserves if name == "ring" else _copies
    else:
        layout.pad()
        (peer,) = [peer for peer in peers.PEERS if peer.NAME == name]
        target = peer(common.RING_BYTES, pictures.mean_bytes).push
        series = _pushes
    live = _holes()
    rounds = []
    for _ in range(ROUNDS):
        series(target, pictures, times_us)
        rounds.append(sorted(times_us))
        yield
    times_us = min(rounds, key=lambda row: row[-1])
    common.tell(
        {
            "live": len(live) * _ROW,
            "median_us": times_us[_PUSHES // 2],
            "p99_us": times_us[_PUSHES * 99 // 100],
            "worst_us": times_us[-1],
        }
    )


def _reserves(ring, pictures, times_us):
    datas, words, memory = pictures.datas, ring.words, ring.memory
    now_us = common.now_us
    for i in range(len(times_us)):
        data = datas[i % len(datas)]
        start_us = now_us()
        n = len(data)
        at = reserve(words, FRAME, i, n)
        if at >= 0:
            memory[at : at + n] = data
        times_us[i] = now_us() - start_us


def _copies(ring, pictures, times_us):
    datas, offsets, memory, now_us = pictures.datas, pictures.offsets, ring.memory, common.now_us
    for i in range(len(times_us)):
        data = datas[i % len(datas)]
        at = offsets[i % len(datas)]
        start_us = now_us()
        memory[at : at + len(data)] = data
        times_us[i] = now_us() - start_us


def _pushes(push, pictures, times_us):
    datas, now_us = pictures.datas, common.now_us
    for i in range(len(times_us)):
        data = datas[i % len(datas)]
        start_us = now_us()
        push(FRAME, i, data)
        times_us[i] = now_us() - start_us


def _holes():
    """Return rows of live objects of 16 to 200 bytes, between holes of the same kind."""
    rows = []
    for _ in range(_LIVE // _ROW):
        row = [bytes(16 + random.randrange(184)) for _ in range(2 * _ROW)]
        rows.append(row[::2])
    return rows
