"""The recorder when the card or the log gets full."""

import json

import pytest
from recorder_rig import Rig, kinds

from bodycam.errors import Fault
from bodycam.ring import PIECE_BYTES


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
