"""The recorder when card, log, keys or cipher fail."""

import random
import struct

import pytest
from recorder_rig import Rig

from bodycam import log as codes
from bodycam.errors import Fault
from bodycam.log import Log
from tools.sim.host_cpython import aes


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
        sealer = rig.recorder.segments._sealer
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


def test_a_card_that_times_out_is_not_asked_again():
    rig = Rig()
    rig.card.device.steps = 1 << 30
    rig.recorder.start("record")
    rig.run(1000)
    with pytest.raises(Fault) as fault:
        rig.recorder.again(OSError(110, "busy for 5 s"))
    assert fault.value.reason == "card_error" and rig.card.device.cancelled == 0


def test_a_fact_that_cannot_be_read_is_not_the_cards_fault():
    rig = Rig()
    rig.recorder.start("record")
    rig.run(5000)
    rig.recorder.stop("button")
    rig.idle(1000)
    written = len(rig.card.device.blocks)

    def opening(which):
        raise OSError(19, "gauge: missing")

    rig.recorder.segments._opening = opening
    rig.recorder.start("record")
    with pytest.raises(Fault, match="unexpected.*gauge"):
        rig.idle(1000)
    rig.recorder.abort()
    assert not rig.log.open and len(rig.card.device.blocks) == written
    rig.log._load(rig.log._newest)
    assert rig.log._code() == codes.TORN
    assert struct.unpack("<II", rig.log._detail())[1] == 0  # blocks


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
    rig.recorder.segments._sealer._aes = cipher
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
