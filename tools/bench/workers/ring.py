"""The ring against the bare copy over the same memory: ratios, overhead, heap.

All rings are full, and the oldest makes room for each picture: the dearest state there is.
"""

import sys

import micropython

from bodycam import kernel_plain
from bodycam.ring import FRAME, reserve
from tools.bench.workers import common

ROUNDS = 9
_HEAP_PUSHES = 10_000


class _Empty:
    def method(self, kind, t_ms, n):
        pass


def run(seed):
    """Measure once; a generator, because WebAssembly frees nothing until it returns."""
    layout = common.Layout(seed)
    ring = layout.ring(common.RING_BYTES)
    sizes = {}
    for size in common.SIZES + (str(common.SMALL_BYTES),):
        pictures = common.Pictures(size, len(ring.memory))
        sizes[size] = _measure(ring, pictures)
        yield
    small = sizes.pop(str(common.SMALL_BYTES))
    call_us = _call_us()
    pictures = common.Pictures("mix", len(ring.memory))
    kept, asked = common.taken_bytes(lambda n: _push(ring, pictures, n), _HEAP_PUSHES)
    yield
    common.tell(
        {
            "sizes": sizes,
            "call_us": call_us,
            "overhead_us": small["push_us"] - small["floor_us"],
            "overhead_calls": (small["push_us"] - small["floor_us"]) / call_us,
            "heap_bytes_per_frame": kept,
            "transient_bytes_per_frame": asked,
            "pushes_without_heap": _locked(ring, pictures),
        }
    )


def _measure(ring, pictures):
    common.fill(ring, pictures, reserve, FRAME)

    def floor():
        common.walk(ring, pictures, reserve, FRAME)
        return common.copy_us(ring.memory, pictures)

    floor_us, push_us, plain_us = common.best(
        ROUNDS,
        floor,
        lambda: common.reserve_us(reserve, ring, pictures, FRAME),
        lambda: common.reserve_us(kernel_plain.reserve, ring, pictures, FRAME),
    )
    n = len(pictures.order)
    return {
        "floor_us": floor_us / n,
        "push_us": push_us / n,
        "ratio": floor_us / push_us,
        "reference_ratio": floor_us / plain_us,
    }


def _call_us(n=20_000):
    """Return the microseconds of an empty method call with three arguments, the loop taken off."""
    empty = _Empty()

    def calls():
        start_us = common.now_us()
        for i in range(n):
            empty.method(1, i, 3)
        return common.now_us() - start_us

    def loop():
        start_us = common.now_us()
        for _ in range(n):
            pass
        return common.now_us() - start_us

    called, looped = common.best(ROUNDS, calls, loop)
    return max(called - looped, 1) / n


def _push(ring, pictures, n):
    datas, words, memory = pictures.datas, ring.words, ring.memory
    for i in range(n):
        data = datas[i % len(datas)]
        at = reserve(words, FRAME, i, len(data))
        memory[at : at + len(data)] = data


def _locked(ring, pictures):
    """Return how many pushes went through while the heap was locked; None where none can be."""
    if sys.implementation.name != "micropython":
        return None
    datas, words, memory = pictures.datas, ring.words, ring.memory
    done = 0
    micropython.heap_lock()  # here, because this function's own frame may lie in the heap
    try:
        while done < _HEAP_PUSHES:
            data = datas[done % len(datas)]
            at = reserve(words, FRAME, done, len(data))
            memory[at : at + len(data)] = data
            done += 1
    except MemoryError:
        pass
    micropython.heap_unlock()
    return done
