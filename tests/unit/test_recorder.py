"""The recorder against a card that works, stalls, fails and is full; read back by the reader."""

import json
import random
import struct

import pytest
from fakes import Time
from test_log import enrolled

from bodycam import log as codes
from bodycam.blocks import BLOCK_BYTES, STAGE_BYTES, Sealer
from bodycam.clock import Clock
from bodycam.errors import Fault
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
            "facts": lambda: json.dumps({"log": self.log.last_mac.hex()}).encode()[1:],
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
    return [block[5] for _, block in sorted(rig.card.device.blocks.items())]


def test_a_recording_is_a_head_its_data_and_a_seal_and_only_then_over():
    rig = Rig()
    rig.recorder.start("record")
    rig.run(5000)
    rig.recorder.stop("button")
    assert rig.recorder.busy() and not rig.sealed
    rig.idle(2000)
    assert rig.sealed == 1 and not rig.recorder.busy()
    found = kinds(rig)
    assert found[0] == 1 and found[-1] == 3 and set(found[1:-1]) == {2}
    assert not rig.log.open and rig.recorder.recorded() == 40


def test_nothing_is_written_before_start_and_after_the_seal():
    rig = Rig()
    rig.run(3000)
    assert not rig.card.device.blocks
    rig.recorder.start("record")
    rig.run(1000)
    rig.recorder.stop("button")
    rig.idle(2000)
    written = len(rig.card.device.blocks)
    rig.run(3000)
    assert len(rig.card.device.blocks) == written


def test_a_stalling_card_loses_nothing_while_the_ring_has_room():
    rig = Rig(pieces=40)
    rig.recorder.start("record")
    rig.run(1000)
    rig.card.device.steps = 2000  # some four seconds
    rig.run(3000)
    rig.card.device.steps = 1
    rig.run(3000)
    assert rig.recorder.missed == 0


def test_beyond_the_ring_every_lost_frame_is_counted_in_a_gap():
    rig = Rig(pieces=4)
    rig.recorder.start("record")
    rig.run(1000)
    rig.card.device.steps = 1500
    given = rig.recorder.recorded()
    rig.run(4000)
    rig.card.device.steps = 1
    rig.run(4000)
    lost = rig.recorder.missed
    assert lost > 0
    assert rig.recorder.recorded() - given + lost >= 64
    assert rig.recorder._segments.counts[2] >= 1  # gap records
    assert rig.recorder._segments.counts[3] == 64 - (rig.recorder.recorded() - given)


def test_the_start_is_the_first_event_also_when_a_stop_follows_at_once():
    rig = Rig()
    told = []
    push = rig.ring.push
    rig.ring.push = lambda kind, t_ms, data: told.append(bytes(data)) or push(kind, t_ms, data)
    rig.recorder.start("record")
    rig.recorder.stop("button")
    rig.idle(1000)
    assert [b'"start"' in told[0], b'"stop"' in told[1]] == [True, True] and rig.sealed == 1


def test_a_picture_larger_than_the_ring_is_one_gap_and_the_next_ones_are_recorded():
    rig = Rig(pieces=4)
    rig.recorder.start("record")
    rig.run(1000)
    assert not rig.recorder.frame(rig.clock.stamp(), bytes(64_800))
    before = rig.recorder.recorded()
    rig.run(1000)
    rig.recorder.stop("button")
    rig.idle(2000)
    assert rig.sealed == 1 and rig.recorder.recorded() - before >= 7
    gaps, lost = rig.recorder._segments.counts[2:]
    assert gaps == 1 and 1 <= lost <= 2


def test_nothing_of_a_segments_keys_stays_in_memory_after_seal_or_fault():
    for end in ("seal", "fault"):
        rig = Rig()
        rig.recorder.start("record")
        rig.run(1000)
        if end == "seal":
            rig.recorder.stop("button")
            rig.idle(1000)
        else:
            rig.recorder.abort()
        sealer = rig.recorder._segments._sealer
        assert sealer._cipher is None and sealer._mac._aes is None
        assert not any(sealer._mac._work) and not any(sealer.keys)


def test_a_write_that_failed_once_is_done_again_with_the_same_bytes():
    rig = Rig()
    rig.recorder.start("record")
    rig.run(1000)
    rig.card.device.fail = ["refused"]
    rig.run(1000)
    rig.recorder.stop("button")
    rig.idle(1000)
    assert rig.sealed == 1 and rig.card.device.cancelled == 1


@pytest.mark.parametrize("fail", [["refused", "refused"], ["begin", "begin"]])
def test_a_write_that_fails_twice_is_a_fault_and_the_log_says_how_far_the_card_was(fail):
    rig = Rig()
    rig.recorder.start("record")
    rig.run(2000)
    rig.card.device.fail = list(fail)
    with pytest.raises(Fault) as fault:
        rig.run(2000)
    assert fault.value.reason == "card_error"
    rig.recorder.abort()
    again = Log(rig.flash, aes, rig.clock)
    again.recover()
    assert again.torn is None and again.previous == "torn"
    assert rig.ring.used_bytes == 0
    rig.recorder.start("record")
    rig.run(1000)
    rig.recorder.stop("button")
    rig.idle(1000)
    assert rig.sealed == 1


def test_a_new_recording_has_its_own_second_chance():
    rig = Rig()
    rig.recorder.start("record")
    rig.run(1000)
    rig.card.device.fail = ["refused", "refused"]
    with pytest.raises(Fault):
        rig.run(1000)
    rig.recorder.abort()
    rig.recorder.start("record")
    rig.card.device.fail = ["refused"]
    rig.run(1000)
    rig.recorder.stop("button")
    rig.idle(1000)
    assert rig.sealed == 1 and rig.card.device.cancelled == 2


def test_a_gap_before_the_head_counts_in_the_seal():
    rig = Rig()
    rig.recorder.start("record")
    rig.recorder.skipped(2, 250)
    rig.recorder.frame(rig.clock.stamp(), bytes(3000))
    rig.run(1000)
    assert rig.recorder.segments.counts[2:] == [1, 2]


def test_what_was_missed_right_after_the_boot_was_not_missed_at_a_negative_time():
    rig = Rig()
    told = []
    push = rig.ring.push
    rig.ring.push = lambda kind, t_ms, data: told.append(bytes(data)) or push(kind, t_ms, data)
    rig.recorder.start("record")
    rig.recorder.skipped(2, 250)
    rig.run(500)
    gap = [json.loads(row) for row in told if b"from_ms" in row][0]
    assert gap["from_ms"] == (1 << 30) - 250 and gap["lost"] == 2


def test_a_segment_whose_keys_could_not_be_taken_has_no_blocks_and_leaves_no_keys():
    rig = Rig()
    rig.recorder.start("record")
    rig.run(1000)
    rig.recorder.stop("button")
    rig.idle(1000)

    def fail(key):
        raise Fault("crypto_error", "AES failed")

    rig.recorder.segments._sealer._mac.begin = fail
    rig.recorder.start("record")
    with pytest.raises(Fault):
        rig.idle(100)
    rig.recorder.abort()
    rig.log._load(rig.log._newest)
    assert rig.log._code() == codes.TORN
    assert int.from_bytes(rig.log._detail()[4:8], "little") == 0
    assert not any(rig.recorder.segments._sealer.keys)


@pytest.mark.parametrize("entries", [1, 2, 3, 4])
def test_a_log_that_fills_up_ends_a_recording_with_all_that_was_taken(entries):
    rig = Rig(pieces=40, places=50)
    rig.recorder.start("record")
    rig.run(1000, frame_bytes=13_000)
    rig.log.pages = rig.log.used_pages + 16 + entries
    rig.run(200_000, frame_bytes=13_000)
    assert rig.sealed == 1 and rig.recorder.missed == 0
    assert rig.log.pages - rig.log.used_pages >= 13
    rig.recorder.start("record")
    with pytest.raises(Fault, match="log_full"):
        rig.idle(100)


def test_a_recording_that_fills_its_last_place_to_the_last_block_is_sealed_there():
    rig = Rig(pieces=40, places=1)
    rig.log.next_segment = rig.log.released
    segments = rig.recorder.segments
    segments.takes = lambda waiting_bytes: True
    rig.recorder.start("record")
    for _ in range(20_000):
        if segments._made[0] == 253:
            break
        rig.ring.used_bytes or rig.recorder.frame(rig.clock.stamp(), bytes(100))
        rig.idle(10)
    assert segments._made[0] == 253 and not rig.ring.used_bytes
    stop = len(json.dumps({"event": "stop", "why": "button"})) + 19 & -4
    rig.recorder.frame(rig.clock.stamp(), bytes(PIECE_BYTES - 16 - stop))
    rig.recorder.stop("button")
    rig.idle(1000)
    assert rig.sealed == 1 and len(rig.card.device.blocks) == 256


def test_a_card_that_times_out_is_not_asked_again():
    rig = Rig()
    rig.card.device.steps = 1 << 30
    rig.recorder.start("record")
    rig.run(1000)
    with pytest.raises(Fault) as fault:
        rig.recorder.again(OSError(110, "busy for 5 s"))
    assert fault.value.reason == "card_error" and rig.card.device.cancelled == 0


def test_a_long_recording_goes_on_in_the_next_segment_without_a_gap():
    rig = Rig(pieces=40)
    rig.recorder.start("record")
    rig.run(120_000, every_ms=100, frame_bytes=12_000)
    rig.recorder.stop("button")
    rig.idle(2000)
    segments = {lba // 256 for lba in rig.card.device.blocks}
    assert len(segments) >= 4
    for segment in segments:
        last = max(lba for lba in rig.card.device.blocks if lba // 256 == segment)
        assert rig.card.device.blocks[last][5] == 3
    assert rig.recorder.missed == 0


def test_a_full_card_is_a_fault_and_no_segment_is_opened():
    rig = Rig(places=2)
    rig.log.next_segment = rig.log.released + 2
    rig.recorder.start("record")
    with pytest.raises(Fault) as fault:
        rig.run(1000)
    assert fault.value.reason == "card_full"
    assert not rig.card.device.blocks and not rig.log.open


def test_a_window_larger_than_the_last_place_is_shortened_so_that_what_follows_has_room():
    rig = Rig(pieces=300, places=3, pre_event_s=120)
    rig.run(20_000, frame_bytes=40_000)
    assert rig.ring.used_bytes > 255 * PIECE_BYTES
    rig.recorder.start("record")
    rig.recorder.step(0)
    held = rig.ring.used_bytes
    assert 100 * PIECE_BYTES < held <= 127 * PIECE_BYTES
    assert rig.ring.dropped > 0, "nobody is told"
    rig.run(5000, frame_bytes=20_000)
    assert rig.recorder.busy()
    rig.run(20_000, frame_bytes=20_000)
    assert rig.sealed == 1 and not rig.recorder.busy()
    found = kinds(rig)
    blocks = sorted(rig.card.device.blocks)
    assert len(found) == blocks[-1] - blocks[0] + 1 <= 256 and found[-1] == 3
    # All that was held, and what came after the start.
    data = (found.count(2) + 1) * PIECE_BYTES
    assert data > held + 5000 // 125 * 20_000


def test_a_window_that_fits_is_recorded_whole():
    rig = Rig(pieces=300, places=4, pre_event_s=120)
    rig.run(11_000, frame_bytes=40_000)
    held = rig.ring.used_bytes
    rig.recorder.start("record")
    rig.recorder.step(0)
    assert rig.ring.used_bytes - held < 100 and rig.ring.dropped == 0


def test_a_fact_that_cannot_be_read_is_not_the_cards_fault():
    rig = Rig()

    def facts():
        raise OSError(19, "gauge: missing")

    rig.recorder._segments._facts = facts
    rig.recorder.start("record")
    with pytest.raises(Fault, match="unexpected.*gauge"):
        rig.idle(1000)
    rig.recorder.abort()
    assert not rig.log.open and not rig.card.device.blocks


def test_garbage_is_collected_only_while_no_frame_waits():
    rig = Rig()
    rig.recorder.start("record")
    rig.run(60_000, frame_bytes=11_000)
    assert rig.collected >= 2


class SilentAES:
    """A cipher that fails without a word: `zeros`, or leaves everything as it was."""

    def __init__(self, how):
        self.how = how
        self.broken = False

    def __call__(self, key, mode, iv=None):
        real = aes(key, mode, iv)
        outer = self

        class Cipher:
            def encrypt(self, source, target):
                if not outer.broken or len(source) < 1024:
                    real.encrypt(source, target)
                elif outer.how == "zeros":
                    target[:] = bytes(len(target))
                elif source is not target:
                    target[:] = source

        return Cipher()


@pytest.mark.parametrize("how", ["zeros", "untouched"])
def test_a_cipher_that_fails_silently_is_a_fault_and_its_block_never_written(how):
    rig = Rig()
    cipher = SilentAES(how)
    rig.recorder._segments._sealer._aes = cipher
    rig.recorder.start("record")
    rng = random.Random(1)
    for _ in range(8):
        rig.recorder.frame(rig.clock.stamp(), rng.randbytes(8000))
        rig.idle(125)
    written = len(rig.card.device.blocks)
    cipher.broken = True
    with pytest.raises(Fault) as fault:
        for _ in range(20):
            rig.recorder.frame(rig.clock.stamp(), rng.randbytes(8000))
            rig.idle(125)
    assert fault.value.reason == "crypto_error"
    assert len(rig.card.device.blocks) == written


def test_an_event_is_logged_in_the_stream_only_while_a_recording_runs():
    rig = Rig()
    rig.recorder.event({"event": "mark"})
    assert rig.ring.used_bytes == 0
    rig.recorder.start("record")
    before = rig.ring.used_bytes
    rig.recorder.event({"event": "mark"})
    assert rig.ring.used_bytes > before


def test_the_log_says_seal_with_the_number_of_blocks():
    rig = Rig()
    rig.recorder.start("record")
    rig.run(2000)
    rig.recorder.stop("button")
    rig.idle(1000)
    rig.log._load(rig.log._newest)
    assert rig.log._code() == codes.SEAL
    assert int.from_bytes(rig.log._detail()[4:8], "little") == len(rig.card.device.blocks)


def test_a_head_that_the_card_first_refuses_is_that_of_a_whole_segment():
    rig = Rig(pieces=40)
    rig.recorder.start("record")
    first = rig.log.next_segment
    begin = rig.card.device.begin

    def refuse(lba, view):
        if lba == rig.card.lba(first + 1, 0) and not rig.card.device.cancelled:
            raise OSError(5, "refused")
        begin(lba, view)

    rig.card.device.begin = refuse
    while rig.log.next_segment < first + 2:
        rig.run(125, frame_bytes=13_000)
    rig.run(2000, frame_bytes=13_000)
    assert rig.card.device.cancelled == 1
    counts = rig.recorder.segments.counts
    assert counts[0] < 40 and counts[1] < 40, "those of the segment before"
    opened = [struct.unpack("<II", row[36:44]) for row in rig.log.recall(codes.OPEN, 200)]
    assert opened == [(1, 1), (1, 0)]
    rig.recorder.stop("button")
    rig.idle(2000)
    assert rig.sealed == 1


def test_a_card_that_was_full_and_is_released_takes_a_whole_recording_again():
    rig = Rig(places=3)
    rig.recorder.start("record")
    rig.run(120_000, frame_bytes=13_000)
    assert rig.sealed == 1
    rig.log.released = rig.log.next_segment
    rig.card.device.blocks.clear()
    rig.recorder.start("record")
    rig.run(10_000)
    assert rig.recorder.busy() and rig.recorder.wants_frames()
