"""What the firmware counts on: ticks, kernels in machine code, and memory."""

import gc
import time
import unittest

import micropython
import rig
from cryptolib import aes

from bodycam import kernel_plain
from bodycam.blocks import BLOCK_BYTES, STAGE_BYTES, Sealer
from bodycam.memory import halves_of
from bodycam.recorder import Recorder
from bodycam.ring import FRAME, PIECE_BYTES, PRE_EVENT, Ring
from drivers import crc16

_BLOCK_LIMIT_BYTES = 448


class Ticks(unittest.TestCase):
    """Milliseconds that wrap."""

    def test_they_advance_and_a_sleep_lasts(self):
        start_ms = rig.clock.ticks_ms()
        rig.clock.sleep_ms(50)
        self.assertTrue(45 <= rig.ms_since(start_ms) <= 200)

    def test_differences_hold_across_the_wrap(self):
        wrap = time.ticks_add(0, -1)
        self.assertEqual(wrap, (1 << 30) - 1)
        for later in (1, 60_000, (1 << 29) - 1):
            then = time.ticks_add(wrap, later)
            self.assertTrue(0 <= then < wrap)
            self.assertEqual(time.ticks_diff(then, wrap), later)
            self.assertEqual(time.ticks_diff(wrap, then), -later)


class Kernels(unittest.TestCase):
    """Machine code does what plain Python does."""

    def _viper(self):
        try:
            from bodycam import kernel_viper
        except (ImportError, SyntaxError, AttributeError, ValueError):
            self.skipTest("this interpreter has no viper: the plain kernels run")
        return kernel_viper

    def test_the_rings_kernels_leave_the_same_bytes(self):
        viper = self._viper()
        memories = [bytearray(4 * PIECE_BYTES) for _ in range(2)]
        rings = [Ring(memory) for memory in memories]
        data = rig.noise(6000)
        kernels = (viper.reserve, kernel_plain.reserve)
        for step in range(60):
            n = (1, 5, 64, 640, 6000)[step % 5]
            places = []
            for ring, reserve in zip(rings, kernels):
                at = reserve(ring.words, FRAME, step, n)
                if at >= 0:
                    ring.memory[at : at + n] = data[:n]
                places.append(at)
            self.assertEqual(places[0], places[1])
            if step == 30:
                rings[0].hold()
                rings[1].hold()
        self.assertEqual(memories[0], memories[1])

    def test_the_mixing_kernels_leave_the_same_bytes(self):
        viper, data = self._viper(), rig.noise(80)
        pair = (bytearray(data), bytearray(data))
        viper.mix(halves_of(pair[0], 40), data[:32])
        kernel_plain.mix(halves_of(pair[1], 40), data[:32])
        self.assertEqual(pair[0], pair[1])
        viper.double(pair[0])
        kernel_plain.double(pair[1])
        self.assertEqual(pair[0], pair[1])
        self.assertNotEqual(pair[0], data)

    def test_the_crcs_are_the_same(self):
        try:
            from drivers.crc16_viper import crc16 as viper
        except (ImportError, SyntaxError, AttributeError, ValueError):
            self.skipTest("this interpreter has no viper: the plain CRC runs")
        data = rig.noise(1024)
        for start, n in ((0, 512), (3, 512), (1, 7), (0, 0)):
            self.assertEqual(viper(data, start, n), crc16.crc16(data, start, n))
        self.assertEqual(viper(b"123456789", 0, 9), 0x31C3)


class Clock:
    """Time that a test moves."""

    trust = 0

    def __init__(self):
        self.now = 0

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
        self.blocks = self.left = self.bytes = 0

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


class Heap(unittest.TestCase):
    """Where a picture passes, nothing is taken from the heap."""

    def _locked(self, work):
        micropython.heap_lock()
        try:
            work()
        finally:
            micropython.heap_unlock()

    def test_a_frame_goes_into_the_ring_without_heap(self):
        ring, frame = Ring(bytearray(6 * PIECE_BYTES)), bytearray(4000)

        def pass_frames():
            for i in range(200):
                ring.push(FRAME | PRE_EVENT, i, frame)

        pass_frames()
        self._locked(pass_frames)
        self.assertEqual(rig.heap_bytes(pass_frames), 0)

    def test_a_sealed_block_takes_no_more_than_its_hash(self):
        clock, card = Clock(), Card()
        hooks = {
            "opening": lambda which: b'{"event": "open", "boot": 1}',
            "nonce": lambda: bytes(16),
        }
        hooks["sealed"] = hooks["collect"] = lambda: None
        sealer = Sealer(aes, bytearray(STAGE_BYTES), (bytes(16), bytes(16), 1, ()))
        profile = {"flush_ms": 250, "pre_event_s": 0}
        ring = Ring(bytearray(6 * PIECE_BYTES))
        recorder = Recorder(ring, card, Log(), sealer, clock, profile, hooks)
        frame = bytearray(4000)

        def work(frames=24):
            for _ in range(frames):
                recorder.frame(clock.now, frame)
                for _ in range(20):
                    clock.now += 3
                    recorder.step(clock.now)

        recorder.start("test")
        work()
        gc.collect()
        blocks = card.device.blocks
        taken = rig.heap_bytes(work)
        blocks = card.device.blocks - blocks
        self.assertTrue(blocks > 3)
        self.assertTrue(taken <= blocks * _BLOCK_LIMIT_BYTES, "%d of %d" % (taken, blocks))
