"""What the workers share: a clock, a heap with a layout of its own, pictures, one line of result.

Runs on MicroPython and on CPython. Functions that are timed take their start inside, because a
function of many words gets its frame from the heap.
"""

import gc
import json
import random
from math import exp, log

from bodycam.ring import Ring

try:
    from js import performance  # WebAssembly, where ticks have a millisecond only

    def now_us():
        """Return microseconds since some moment."""
        return int(performance.now() * 1000)
except ImportError:
    try:
        from time import ticks_us as now_us
    except ImportError:
        from time import perf_counter_ns

        def now_us():
            """Return microseconds since some moment."""
            return perf_counter_ns() // 1000


RING_BYTES = 4 << 20
SMALL_BYTES = 64  # a picture so small that only the work around the copy is left
SIZES = ("1024", "4096", "8192", "16384", "24576", "49152", "mix")
_MIX_BYTES = (600, 60_000)
_WALK = 256  # pictures, at most


class Layout:
    """A heap that looks different in every run: `pad()` keeps some objects of random sizes alive.

    One layout alone misleads by tens of per cent.
    """

    def __init__(self, seed):
        random.seed(seed)
        self._kept = None

    def pad(self):
        """Keep up to 100 further objects, of up to 8 KB, in a chain."""
        for _ in range(random.randrange(100)):
            self._kept = (self._kept, bytearray(1 + random.randrange(8192)))

    def ring(self, size_bytes):
        """Return a ring over `size_bytes`, padded on both sides."""
        self.pad()
        ring = Ring(bytearray(size_bytes))
        self.pad()
        return ring


class Pictures:
    """A walk of pictures through a memory: `datas`, all views of one buffer, of `size` ("16384",
    "mix", ...); together about `memory_bytes`, so that no cache keeps what was written.
    """

    def __init__(self, size, memory_bytes):
        if size == "mix":
            sizes = [_log_uniform() for _ in range(_WALK)]
        else:
            sizes = [int(size)] * min(_WALK, memory_bytes // int(size))
        buffer = memoryview(bytearray(random.getrandbits(8) for _ in range(max(sizes))))
        views = {n: buffer[:n] for n in sizes}
        self.datas = [views[n] for n in sizes]
        self.order = list(range(len(sizes)))
        self.offsets = [0] * len(sizes)
        self.bytes = sum(sizes)
        self.mean_bytes = self.bytes // len(sizes)


def _log_uniform():
    low, high = log(_MIX_BYTES[0]), log(_MIX_BYTES[1])
    return int(exp(low + random.random() * (high - low)))


def fill(ring, pictures, reserve, kind):
    """Push until the ring holds nothing but these pictures."""
    for _ in range(2 + len(ring.memory) // pictures.bytes):
        walk(ring, pictures, reserve, kind)


def walk(ring, pictures, reserve, kind):
    """Push each picture once and note the offsets, so that bare copies can go to the same places
    and leave the ring's headers between them alone.
    """
    for i in pictures.order:
        data = pictures.datas[i]
        at = pictures.offsets[i] = reserve(ring.words, kind, i, len(data))
        ring.memory[at : at + len(data)] = data


def copy_us(memory, pictures):
    """Return the microseconds that the bare copies take: the floor of everything."""
    datas, offsets = pictures.datas, pictures.offsets
    start_us = now_us()
    for i in pictures.order:
        data = datas[i]
        at = offsets[i]
        memory[at : at + len(data)] = data
    return now_us() - start_us


def reserve_us(reserve, ring, pictures, kind):
    """Return the microseconds that the same pictures take through `reserve`, as the recorder puts
    them in.
    """
    datas, words, memory = pictures.datas, ring.words, ring.memory
    start_us = now_us()
    for t_ms in pictures.order:
        data = datas[t_ms]
        n = len(data)
        at = reserve(words, kind, t_ms, n)
        if at >= 0:
            memory[at : at + n] = data
    return now_us() - start_us


def push_us(push, pictures, kind):
    """Return the microseconds that `push` of a peer takes for the same pictures."""
    datas = pictures.datas
    start_us = now_us()
    for t_ms in pictures.order:
        push(kind, t_ms, datas[t_ms])
    return now_us() - start_us


def best(rounds, *works):
    """Call all `works` in turn, `rounds` times, there and back, so that none always follows the
    same other; return the least that each returned.
    """
    least = [work() for work in works]
    turns = list(enumerate(works))
    for _ in range(rounds - 1):
        turns.reverse()
        for i, work in turns:
            least[i] = min(least[i], work())
    return least


def laps(stamps_us):
    """Return the times between stamps that follow each other."""
    return [end - start for start, end in zip(stamps_us, stamps_us[1:])]


def least_us(rounds):
    """Return how long a round of laps takes if each lap takes as long as in its best round: long
    work never gets through without the scheduler, but each lap does at some time.
    """
    return sum(min(lap) for lap in zip(*rounds))


def taken_bytes(work, n):
    """Return bytes of heap that `work(n)` keeps and asks for, per one of the n, collector off.

    What `work(0)` takes is taken off. None where the interpreter does not count.
    """
    work(n)
    gc.collect()
    gc.disable()
    kept = [_kept(work, count) for count in (0, n)]
    asked = [_asked(work, count) for count in (0, n)]
    gc.enable()
    return [None if few is None else (many - few) / n for few, many in (kept, asked)]


def _kept(work, n):
    if not hasattr(gc, "mem_alloc"):
        return None
    before = gc.mem_alloc()
    work(n)
    return gc.mem_alloc() - before


def _asked(work, n):
    import micropython

    if not hasattr(micropython, "mem_total"):
        return None
    before = micropython.mem_total()
    work(n)
    return micropython.mem_total() - before


def tell(result):
    """Print the result, the one line of a worker."""
    print(json.dumps(result))
