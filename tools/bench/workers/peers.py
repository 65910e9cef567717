"""The ring and its peers against the bare copy, by size of picture; what a push takes of the heap;
how much of 4 MiB each really holds.
"""

import gc

from bodycam.ring import FRAME, reserve
from tools.bench import peers
from tools.bench.workers import common

ROUNDS = 5
_HEAP_PUSHES = 256


def run(seed):
    """Measure once; a generator, because WebAssembly frees nothing until it returns."""
    layout = common.Layout(seed)
    ring = layout.ring(common.RING_BYTES)
    ratios = {}
    for size in common.SIZES:
        pictures = common.Pictures(size, len(ring.memory))
        ratios[size] = yield from _measure(ring, pictures)
    facts = {}
    for peer in peers.PEERS:
        facts[peer.NAME] = _facts(peer, pictures)
        yield
    common.tell({"ratios": ratios, "peers": facts})


def _measure(ring, pictures):
    """Measure all in turn; return {name: share of the bare copy's throughput}."""
    rivals = []
    for peer in peers.PEERS:
        rival = peer(common.RING_BYTES, pictures.mean_bytes)
        for _ in range(1 + common.RING_BYTES // pictures.bytes):  # until it is full
            common.push_us(rival.push, pictures, FRAME)
        rivals.append(rival)
        yield
    common.fill(ring, pictures, reserve, FRAME)

    def floor():
        common.walk(ring, pictures, reserve, FRAME)
        return common.copy_us(ring.memory, pictures)

    works = [floor, lambda: common.reserve_us(reserve, ring, pictures, FRAME)]
    works += [_work(rival, pictures) for rival in rivals]
    floor_us, *others_us = common.best(ROUNDS, *works)
    names = ["ring"] + [peer.NAME for peer in peers.PEERS]
    return {name: floor_us / us for name, us in zip(names, others_us)}


def _work(rival, pictures):
    return lambda: common.push_us(rival.push, pictures, FRAME)


def _facts(peer, pictures):
    """Return what one push of the mix takes of the heap, and the share of 4 MiB that comes out."""
    rival = peer(common.RING_BYTES, pictures.mean_bytes)
    for _ in range(2 + common.RING_BYTES // pictures.bytes):
        common.push_us(rival.push, pictures, FRAME)

    def push(n):
        datas = pictures.datas
        for i in range(n):
            rival.push(FRAME, i, datas[i % len(datas)])

    kept, _ = common.taken_bytes(push, _HEAP_PUSHES)
    held_bytes = 0
    while True:
        record = rival.pop()
        if record is None:
            break
        held_bytes += len(record[2])
    gc.collect()
    return {"heap_bytes_per_frame": kept, "held_share": held_bytes / common.RING_BYTES}
