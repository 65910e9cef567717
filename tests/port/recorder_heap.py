# on: unix
"""What recording takes from the heap: nothing for a frame, and per block no more than its hash."""

import gc

import micropython

from bodycam.blocks import BLOCK_BYTES
from bodycam.ring import PIECE_BYTES, Ring
from tools.bench.workers import parts

BLOCK_LIMIT_BYTES = 448

ring = Ring(bytearray(20 * PIECE_BYTES))
bench = parts.Bench(ring)
recorder, clock, device = bench.recorder, bench.clock, bench.card.device
frame = bytearray(11_000)


def work(frames):
    for _ in range(frames):
        recorder.frame(clock.now, frame)
        for _ in range(40):
            clock.now += 3
            recorder.step(clock.now)


def locked(frames):
    micropython.heap_lock()
    try:
        for i in range(frames):
            recorder.frame(i, frame)
            recorder.sound(i, frame)
    finally:
        micropython.heap_unlock()


# Armed, the oldest make room; in a recording that nobody seals, the newest are refused.
locked(5000)
recorder.start("test")
recorder.step(0)
locked(5000)
assert ring.dropped > 4000 and recorder.missed > 9000
recorder.abort()

recorder.start("test")
work(40)
recorder._tally[0] = 0  # the caller's JPEGs are not the recorder's
gc.collect()
written, total = device.bytes, micropython.mem_total()
work(40)
per_block = (micropython.mem_total() - total) * BLOCK_BYTES // (device.bytes - written)
print("bytes of heap per block:", per_block)
assert per_block <= BLOCK_LIMIT_BYTES
print("ok")
