# on: unix
"""What recording takes from the heap: nothing for a frame, and per block no more than its hash."""

import gc

import micropython
from cryptolib import aes

from bodycam.blocks import BLOCK_BYTES, STAGE_BYTES, Sealer
from bodycam.recorder import Recorder
from bodycam.ring import PIECE_BYTES, Ring

BLOCK_LIMIT_BYTES = 448


class Clock:
    """Time that a test moves."""

    def __init__(self):
        self.now = 0
        self.trust = 0

    def ticks_ms(self):
        return self.now

    stamp = ticks_ms

    def diff(self, a, b):
        return a - b

    def utc_s(self):
        return None


class Device:
    """A card that is ready at the second step."""

    busy = True

    def __init__(self):
        self.blocks = 0
        self.left = 0

    def begin(self, lba, view):
        self.left = 2
        self.bytes = len(view)

    def step(self):
        self.left -= 1
        if self.left:
            return False
        self.blocks += self.bytes // BLOCK_BYTES
        return True


class Card:
    """A card without end."""

    def __init__(self):
        self.device = Device()

    def room(self, next_segment, released):
        return 1

    def lba(self, segment, block):
        return 0


class Log:
    """A log that only counts segments."""

    full = False
    recording = boot = epoch = released = next_segment = 0
    seals = ()

    def open_segment(self, nonce, recording, index, keys):
        return 1

    def acknowledged(self, block):
        pass

    def close_segment(self, code, segment, blocks):
        pass


clock, card, hooks = Clock(), Card(), {}
hooks["facts"] = lambda: b'{"boot": 1}'
hooks["nonce"] = lambda: bytes(16)
hooks["sealed"] = hooks["collect"] = lambda: None
sealer = Sealer(aes, bytearray(STAGE_BYTES), bytes(16), bytes(16))
profile = {"flush_ms": 250, "pre_event_s": 0}
ring = Ring(bytearray(20 * PIECE_BYTES))
recorder = Recorder(ring, card, Log(), sealer, clock, profile, hooks)
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
blocks, total = card.device.blocks, micropython.mem_total()
work(40)
per_block = (micropython.mem_total() - total) // (card.device.blocks - blocks)
print("bytes of heap per block:", per_block)
assert per_block <= BLOCK_LIMIT_BYTES
print("ok")
