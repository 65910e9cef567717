"""What a push costs beyond the bare copy must depend neither on the size of the ring nor on how
long it has run; and how much of the ring's memory is pictures.
"""

from collections import deque

from bodycam.ring import FRAME, reserve
from tools.bench.workers import common

ROUNDS = 9
_SIZES_MIB = (1, 2, 4, 8, 16)
_FPS = 8
_LENGTHS_S = (1, 60, 600, 3600, 4 * 3600)
_MIX_PUSHES = 4000


def run(seed):
    """Measure once; a generator as all workers are."""
    layout = common.Layout(seed)
    ring = layout.ring(common.RING_BYTES)
    by_length_s = _by_length(ring)
    least, mean = _payload_share(ring, "mix")
    even_least, _ = _payload_share(ring, "24576")
    yield
    by_size_mib = {}
    for size_mib in _SIZES_MIB:
        ring = layout.ring(size_mib << 20)
        pictures = common.Pictures(str(common.SMALL_BYTES), len(ring.memory))
        common.fill(ring, pictures, reserve, FRAME)
        by_size_mib[str(size_mib)] = _overhead_us(ring, pictures)
        yield
    common.tell(
        {
            "overhead_us_by_ring_mib": by_size_mib,
            "overhead_us_by_length_s": by_length_s,
            "payload_share": least,
            "payload_share_mean": mean,
            "payload_share_24576": even_least,
        }
    )


def _overhead_us(ring, pictures):
    def floor():
        common.walk(ring, pictures, reserve, FRAME)
        return common.copy_us(ring.memory, pictures)

    floor_us, push_us = common.best(
        ROUNDS, floor, lambda: common.reserve_us(reserve, ring, pictures, FRAME)
    )
    return (push_us - floor_us) / len(pictures.order)


def _by_length(ring):
    """Record that long, with every picture pushed, and measure at each length."""
    pictures = common.Pictures(str(common.SMALL_BYTES), len(ring.memory))
    found, seq = {}, 0
    for length_s in _LENGTHS_S:
        while seq < length_s * _FPS:
            t_ms = seq * 1000 // _FPS & 0x3FFFFFFF
            data = pictures.datas[0]
            at = reserve(ring.words, FRAME, t_ms, len(data))
            ring.memory[at : at + len(data)] = data
            seq += 1
        found[str(length_s)] = _overhead_us(ring, pictures)
    return found


def _payload_share(ring, size):
    """Return the least and the mean share of the full ring that was pictures, over many pushes."""
    pictures = common.Pictures(size, len(ring.memory))
    ring.clear()
    held, held_bytes = deque((), 1 << 14), 0
    gone, shares = ring.dropped, []
    for i in range(_MIX_PUSHES):
        data = pictures.datas[i % len(pictures.datas)]
        at = reserve(ring.words, FRAME, i, len(data))
        ring.memory[at : at + len(data)] = data
        held.append(len(data))
        held_bytes += len(data)
        while gone < ring.dropped:
            gone += 1
            held_bytes -= held.popleft()
        if len(held) <= i:  # full: something has made room
            shares.append(held_bytes / len(ring.memory))
    return min(shares), sum(shares) / len(shares)
