"""A recorder with everything it needs: a card that stalls and fails when told to, and a loop."""

import json

from fakes import Time
from test_log import enrolled

from bodycam.blocks import BLOCK_BYTES, STAGE_BYTES, Sealer
from bodycam.clock import Clock
from bodycam.log import Log
from bodycam.profile import make
from bodycam.recorder import Recorder
from bodycam.ring import PIECE_BYTES, Ring
from tools.sim.host_cpython import aes


class Device:
    """A card that takes `steps` steps for each write and fails when told to."""

    busy = True

    def __init__(self):
        self.blocks = {}
        self.steps = 1
        self.fail = []  # errors for the next writes
        self.cancelled = self.left = 0

    def begin(self, lba, view):
        assert not self.left, "a write is under way"
        self.lba, self.view, self.left = lba, view, self.steps
        if self.fail and self.fail[0] == "begin":
            self.left = 0
            raise OSError(5, self.fail.pop(0))

    def step(self):
        if self.fail:
            self.left = 0
            raise OSError(5, self.fail.pop(0))
        self.left -= 1
        if self.left > 0:
            return False
        for i in range(len(self.view) // BLOCK_BYTES):
            assert self.lba + i not in self.blocks, "a block was written twice"
            self.blocks[self.lba + i] = bytes(self.view[i * BLOCK_BYTES :][:BLOCK_BYTES])
        return True

    def cancel(self):
        self.left = 0
        self.cancelled += 1


class Card:
    """A card with `places` places for segments."""

    def __init__(self, places=8):
        self.device = Device()
        self.places = places

    def room(self, next_segment, released):
        return self.places - (next_segment - released)

    def lba(self, segment, block):
        return segment * 256 + block


class Rig:
    """A recorder with everything it needs, and a loop."""

    def __init__(self, pieces=20, places=8, pre_event_s=0):
        self.time = Time()
        self.clock = Clock(self.time)
        self.flash = enrolled(4096)
        self.log = Log(self.flash, aes, self.clock)
        self.log.recover()
        self.card = Card(places)
        self.sealed = self.collected = 0
        hooks = {
            "opening": self.opening,
            "nonce": lambda: bytes(16),
            "sealed": self.on_sealed,
            "collect": self.on_collect,
        }
        sealer = Sealer(
            aes,
            bytearray(STAGE_BYTES),
            (self.log.device_id, self.log.card_id, self.log.epoch, self.log.seals),
        )
        self.ring = Ring(bytearray(pieces * PIECE_BYTES))
        profile = make(changes={"pre_event_s": pre_event_s})
        parts = (self.ring, self.card, self.log, sealer, self.clock, profile, hooks)
        self.recorder = Recorder(*parts)

    def opening(self, which):
        facts = {"event": "open", "recording": which[0], "index": which[1]}
        return json.dumps(facts | {"log": self.log.last_mac.hex()}).encode()

    def on_sealed(self):
        self.sealed += 1

    def on_collect(self):
        assert not (self.recorder.busy() and self.ring.frame_waits()), "a frame waits"
        self.collected += 1

    def run(self, ms, every_ms=125, frame_bytes=8000):
        """Give a frame every `every_ms`, and the recorder its turns."""
        for _ in range(ms // every_ms):
            if self.recorder.wants_frames():
                self.recorder.frame(self.clock.stamp(), bytes(frame_bytes))
            self.idle(every_ms)

    def idle(self, ms):
        """Let the recorder work for `ms`."""
        end = self.time.now_ms + ms
        while self.time.now_ms < end:
            try:
                wait_ms = self.recorder.step(self.time.ticks_ms())
            except OSError as error:
                self.recorder.again(error)
                wait_ms = 2
            self.time.now_ms += max(1, min(wait_ms, end - self.time.now_ms))


def kinds(rig):
    """Return the kinds of the blocks on the card, in their order."""
    return [block[5] for _, block in sorted(rig.card.device.blocks.items())]
