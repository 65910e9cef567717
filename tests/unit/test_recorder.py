"""What the recorder puts onto a card that works, also one that stalls."""

import json

from recorder_rig import Rig, kinds

from bodycam import log as codes


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
    assert rig.recorder.segments.counts[2] >= 1  # gap records
    assert rig.recorder.segments.counts[3] == 64 - (rig.recorder.recorded() - given)


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
    gaps, lost = rig.recorder.segments.counts[2:]
    assert gaps == 1 and 1 <= lost <= 2


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


def test_garbage_is_collected_only_while_no_frame_waits():
    rig = Rig()
    rig.recorder.start("record")
    rig.run(60_000, frame_bytes=11_000)
    assert rig.collected >= 2


def test_garbage_is_collected_before_a_small_heap_is_full_of_it():
    rig = Rig(pieces=4)
    frame = bytearray(8000)
    rig.recorder.start("record")
    for _ in range(60 * 8):
        rig.recorder.frame(rig.clock.stamp(), frame)
        rig.idle(125)
    assert rig.collected >= 2


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
