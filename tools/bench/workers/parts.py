"""What the recorder works with while it is measured: a clock that is moved, a card that takes
everything at once and counts, a log without a flash.
"""

import gc

from bodycam.blocks import BLOCK_BYTES, STAGE_BYTES, Sealer
from bodycam.recorder import Recorder

try:
    from cryptolib import aes
except ImportError:  # WebAssembly and CPython
    aes = None
try:
    from time import ticks_diff
except ImportError:

    def ticks_diff(a, b):
        """Return a - b, across the wrap."""
        return (a - b + 0x20000000 & 0x3FFFFFFF) - 0x20000000


CBC = 2
_BODY, _BODY_END = 64, 16_320  # of a block: what is enciphered
_DIGESTED_END = 16_332  # as far as the hash goes
_LOW = 2  # word of the ring's state: where its next piece begins
_STATE_BYTES = 64  # of the ring, before its records


class Clock:
    """Time that the worker moves."""

    def __init__(self):
        self.now = 0
        self.trust = 0

    def ticks_ms(self):
        """Return milliseconds."""
        return self.now & 0x3FFFFFFF

    stamp = ticks_ms

    diff = staticmethod(ticks_diff)

    def utc_s(self):
        """Return None: the time is not known."""


class Device:
    """A card that is ready at once. `strays` counts all that is not a write of whole blocks to
    where the card said that they go: what a file system would add.
    """

    def __init__(self):
        self.commands = self.bytes = self.strays = 0
        self.expected_lba = 0

    def begin(self, lba, view):
        """Count one write command."""
        self.commands += 1
        self.bytes += len(view)
        if lba != self.expected_lba or len(view) % BLOCK_BYTES:
            self.strays += 1

    def step(self):
        """Return True: it is written."""
        return True

    def __getattr__(self, name):
        self.strays += 1
        return lambda *arguments: None


class Card:
    """A card without end, of segments of 4 MiB."""

    def __init__(self):
        self.device = Device()

    def room(self, next_segment, released):
        """Return that there is room, also for a window as large as the ring."""
        return 100

    def lba(self, segment, block):
        """Return where a block goes."""
        self.device.expected_lba = segment * 8192 + block * 32
        return self.device.expected_lba


class Log:
    """A log that only counts segments."""

    full = False
    recording = boot = epoch = released = next_segment = 0
    seals = ()

    def open_segment(self, nonce, recording, index, keys):
        """Return the number of an entry."""
        self.next_segment += 1
        return 1

    def acknowledged(self, block):
        """Do nothing."""

    def close_segment(self, code, segment, blocks):
        """Do nothing."""


class Bench:
    """A recorder with all its parts, and the floor under it: cipher, hash and card called
    directly.
    """

    def __init__(self, ring):
        self.ring = ring
        self.clock = Clock()
        self.card = Card()
        self.collections = self.collections_with_frames = 0
        hooks = {
            "opening": lambda which: b'{"event": "open", "boot": 1}',
            "nonce": lambda: bytes(16),
            "sealed": lambda: None,
        }
        hooks["collect"] = self._collect
        self.sealer = Sealer(aes, bytearray(STAGE_BYTES), (bytes(16), bytes(16), 1, ()))
        profile = {"flush_ms": 1000, "pre_event_s": 3600}
        self.recorder = Recorder(ring, self.card, Log(), self.sealer, self.clock, profile, hooks)

    def _collect(self):
        self.collections += 1
        if self.ring.used_bytes:
            self.collections_with_frames += 1
        gc.collect()

    def work(self):
        """Step the recorder until it has nothing to do at this time."""
        step, now = self.recorder.step, self.clock.now
        while not step(now):
            pass

    def stop(self):
        """End the recording and write all of it."""
        self.recorder.stop("bench")
        while self.recorder.busy():
            self.recorder.step(self.clock.now)


class Floor:
    """The same bytes through cipher, hash and card, as bare calls in C."""

    def __init__(self, memory, piece_bytes):
        import hashlib

        stage = memoryview(bytearray(BLOCK_BYTES))
        self.stage = stage
        self.rest, self.digested = stage[_BODY:_BODY_END], stage[:_DIGESTED_END]
        self.encrypt = aes(bytes(range(32)), CBC, bytes(16)).encrypt
        self.update = hashlib.sha256().update
        self.memory = memory = memory[_STATE_BYTES:]
        self.pieces = [
            memory[at : at + piece_bytes]
            for at in range(0, len(memory) - piece_bytes + 1, piece_bytes)
        ]


def view(ring, n):
    """Return the view of a ring's next piece of `n` bytes and of the 16 bytes in front of it."""
    at = 4 * ring.words[_LOW] - 16
    return ring.memory[at : at + 16 + n]
