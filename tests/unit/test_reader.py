"""The evidence reader on cards that are as they should be, with and without log and keys."""

import json
import random
import resource
import tracemalloc

import pytest
from model_writer import EVENT, Camera, cmac, kdf

from tools.evidence import primitives
from tools.evidence.case import beside
from tools.evidence.errors import InputError
from tools.evidence.export import export
from tools.evidence.info import info
from tools.evidence.verdict import verify

KEYS = {"verdict", "complete", "authenticated", "segments", "frames", "gaps", "findings"}


@pytest.fixture
def day(tmp_path):
    """Three recordings: one of two segments with a gap, one torn, one after the next boot."""
    camera = Camera()
    camera.start_recording()
    camera.start_segment()
    camera.frames(30)
    camera.gap(lost=3)
    camera.seal(reason=2)
    camera.start_segment()
    camera.frames(5)
    camera.seal()
    camera.record(frames=40, seal=False)
    camera.cut()
    camera.record(frames=4)
    return camera.save(tmp_path / "card.img")


def findings(result, *kinds):
    return [finding for finding in result["findings"] if finding["kind"] in kinds]


def test_the_key_derivation_is_the_published_one_written_out():
    for label, context in (("next", b""), ("key", bytes(36)), ("auth", b"nonces")):
        key = bytes(range(32))
        assert primitives.kdf(key, label.encode(), context) == kdf(key, label, context)


@pytest.mark.parametrize("number", [1, 2, 17, 64])
def test_many_digests_are_sealed_as_one_by_one(number, seed):
    chance = random.Random(seed)
    key = chance.randbytes(32)
    digests = [chance.randbytes(32) for _ in range(number)]
    tags = primitives.Mac(key).of_digests(digests)
    assert tags == b"".join(cmac(key, digest) for digest in digests)


def test_a_day_is_torn_tail_complete_and_authentic(day):
    result = verify(day, *beside(day))
    assert set(result) == KEYS
    assert (result["verdict"], result["complete"], result["authenticated"]) == (
        "torn-tail",
        True,
        True,
    )
    # Of the torn recording's 40 pictures those count that were whole on the card.
    assert result["segments"] == 4
    assert 30 + 5 + 4 < result["frames"] < 30 + 5 + 40 + 4
    assert result["gaps"] == 1
    (torn,) = findings(result, "torn-tail")
    assert (torn["segment"], torn["block"]) == (2, None)
    assert "Segment 2 (recording 2) ends without a seal after 23 blocks" in torn["what"]
    json.dumps(result)


def test_a_sealed_card_is_intact_and_says_nothing(tmp_path):
    camera = Camera()
    for _ in range(3):
        camera.record()
    card = camera.save(tmp_path / "card.img")
    assert verify(card, *beside(card)) == {
        "verdict": "intact",
        "complete": True,
        "authenticated": True,
        "segments": 3,
        "frames": 18,
        "gaps": 0,
        "findings": [],
    }


def test_an_empty_card_is_intact(tmp_path):
    card = Camera().save(tmp_path / "card.img")
    result = verify(card, *beside(card))
    assert (result["verdict"], result["complete"], result["authenticated"]) == (
        "intact",
        True,
        True,
    )
    assert (result["segments"], result["frames"]) == (0, 0)


def test_without_keys_only_the_medium_is_checked(day):
    result = verify(day, f"{day}.camera")
    assert (result["verdict"], result["complete"], result["authenticated"]) == (
        "torn-tail",
        True,
        False,
    )
    assert (result["frames"], result["gaps"]) == (0, 0)
    assert any("were not counted" in note["what"] for note in findings(result, "note"))


def test_without_the_log_completeness_is_unknown(day):
    result = verify(day, None, [f"{day}.keys"])
    assert (result["verdict"], result["complete"], result["authenticated"]) == (
        "torn-tail",
        None,
        True,
    )
    assert result["segments"] == 4
    assert any("nobody can say" in note["what"] for note in findings(result, "note"))


@pytest.mark.parametrize("name", ["agency", "recovery"])
def test_either_viewing_key_alone_counts_pictures_and_authenticates_nothing(day, tmp_path, name):
    camera = Camera()
    camera.save_keys(tmp_path / "one", [name])
    whole = verify(day, *beside(day))
    for log in (f"{day}.camera", None):
        result = verify(day, log, [tmp_path / "one"])
        assert result["frames"] == whole["frames"]
        assert result["authenticated"] is False


def test_check_alone_authenticates_and_never_views(day, tmp_path):
    Camera().save_keys(tmp_path / "one", ["station"])
    result = verify(day, f"{day}.camera", [tmp_path / "one"])
    assert (result["authenticated"], result["frames"]) == (True, 0)


def test_the_ring_of_places_may_have_turned(tmp_path):
    camera = Camera(places=3, first=100, released=100)
    for _ in range(3):
        camera.record()
    camera.start_epoch(2, first=103, released=103)
    camera.record()
    camera.record()
    card = camera.save(tmp_path / "card.img")
    result = verify(card, *beside(card))
    assert (result["verdict"], result["segments"], result["frames"]) == ("intact", 2, 12)


def test_older_blocks_behind_a_segment_are_of_no_interest(tmp_path):
    camera = Camera(places=2)
    camera.record(frames=40)
    camera.record(frames=40)
    old = camera.check_seed
    camera.start_epoch(2, first=2, released=2)
    assert camera.check_seed != old
    camera.record(frames=3)
    camera.record(frames=3, seal=False)
    camera.cut()
    card = camera.save(tmp_path / "card.img")
    for log in (f"{card}.camera", None):
        result = verify(card, log, [f"{card}.keys"])
        assert (result["verdict"], result["segments"]) == ("torn-tail", 2)
        assert result["authenticated"] is True


def test_segments_of_another_epoch_without_a_log_are_not_called_authentic(tmp_path):
    camera = Camera(places=4)
    camera.record()
    camera.start_epoch(2, first=1, released=0)
    camera.record()
    card = camera.save(tmp_path / "card.img")
    with_log = verify(card, *beside(card))
    assert (with_log["verdict"], with_log["segments"]) == ("intact", 1)
    assert "segment 0 of an earlier epoch" in with_log["findings"][0]["what"]
    without = verify(card, None, [f"{card}.keys"])
    assert (without["segments"], without["authenticated"]) == (2, False)


def test_a_full_segment_of_256_blocks_seals_in_the_last(tmp_path):
    camera = Camera()
    camera.start_recording()
    camera.start_segment()
    while camera.open["b"] < 254:
        camera.frames(1, size=16_000)
    camera.flush()
    assert camera.seal(reason=2) == 256
    camera.start_segment()
    camera.frames(2)
    camera.seal()
    card = camera.save(tmp_path / "card.img")
    assert verify(card, *beside(card))["verdict"] == "intact"
    assert verify(card, None, [f"{card}.keys"])["verdict"] == "intact"


def test_a_record_may_run_over_many_blocks_and_end_anywhere(tmp_path):
    camera = Camera()
    camera.start_recording()
    camera.start_segment()
    for size in (1, 16_176, 16_192, 16_193, 40_000, 16_240 * 3, 2):
        camera.add(EVENT, json.dumps({"event": "x" * size}).encode())
        camera.frames(1, size=max(size, 5))
    camera.seal()
    card = camera.save(tmp_path / "card.img")
    result = verify(card, *beside(card))
    assert (result["verdict"], result["frames"]) == ("intact", 7)


@pytest.mark.parametrize("left", range(0, 20, 4))
def test_a_header_may_be_cut_by_the_end_of_a_block_or_a_segment(tmp_path, left):
    camera = Camera()
    camera.start_recording()
    camera.start_segment()
    for _ in range(2):
        if not camera.plain:
            camera.start_block()
        camera.frames(1, size=16_256 - len(camera.plain) - 16 - left)
        camera.frames(1)
    size = 8
    camera.frame(bytes(size), split=size + left % 16)
    camera.seal(reason=2)
    camera.start_segment()
    camera.frames(1)
    camera.seal()
    card = camera.save(tmp_path / "card.img")
    result = verify(card, *beside(card))
    assert (result["verdict"], result["frames"]) == ("intact", 6)


def test_a_stream_may_begin_anywhere_with_any_number_and_the_clock_may_wrap(tmp_path):
    camera = Camera()
    camera.uptime_ms = (1 << 30) - 2_000
    camera.start_recording(seq=4_000, lead=9_996)
    camera.start_segment()
    camera.frames(30)
    camera.flush()
    camera.tick(250)
    camera.seal()
    card = camera.save(tmp_path / "card.img")
    result = verify(card, *beside(card))
    assert (result["verdict"], result["frames"]) == ("intact", 30)
    (recording,) = info(card, *beside(card))["recordings"]
    assert recording["duration_ms"] == 29 * 125  # from the first picture to the last


def test_records_of_an_unknown_kind_are_reported_and_passed_over(tmp_path):
    camera = Camera()
    camera.start_recording()
    camera.start_segment()
    camera.add(9, b"from the future")
    camera.entry(77, b"also")
    camera.frames(1)
    camera.seal()
    card = camera.save(tmp_path / "card.img")
    result = verify(card, *beside(card))
    assert (result["verdict"], result["frames"]) == ("intact", 1)
    said = " ".join(note["what"] for note in findings(result, "note"))
    assert "does not know" in said and "kind" in said and "code" in said


def test_one_superblock_is_enough_and_none_is_damage(day):
    with open(day, "r+b") as file:
        file.seek(2048 * 512 + 30)
        file.write(b"\x55")
    result = verify(day, *beside(day))
    assert result["verdict"] == "torn-tail"
    assert any("One of the two copies" in note["what"] for note in findings(result, "note"))
    with open(day, "r+b") as file:
        file.seek(4096 * 512)
        file.write(bytes(512))
    blind = verify(day, *beside(day))
    assert blind["verdict"] == "damaged"
    assert (blind["segments"], blind["frames"]) == (result["segments"], result["frames"])
    assert verify(day, None, [f"{day}.keys"])["segments"] == 4


def test_an_image_that_was_cut_short_is_read_as_far_as_it_goes(day):
    size = Camera().at(3)
    with open(day, "r+b") as file:
        file.truncate(size)
    result = verify(day, *beside(day))
    assert (result["verdict"], result["complete"]) == ("incomplete", False)
    (missing,) = findings(result, "incomplete")
    assert (missing["segment"], missing["block"]) == (3, None)
    assert any("not the whole card" in note["what"] for note in findings(result, "note"))


def test_what_cannot_be_read_is_damage_and_the_rest_is_read(day, monkeypatch):
    from tools.evidence.medium import Medium

    lost = Camera().at(0, 5)
    real = Medium.readinto

    def failing(self, at, view):
        if at <= lost < at + len(view):
            view[:] = bytes(len(view))
            return False
        return real(self, at, view)

    monkeypatch.setattr(Medium, "readinto", failing)
    result = verify(day, *beside(day))
    (damage,) = findings(result, "damaged")
    assert (damage["segment"], damage["block"]) == (0, 5)
    assert "cannot be read" in damage["what"]


def test_a_card_of_32_gb_costs_no_more_memory_than_a_small_one(tmp_path):
    camera = Camera(places=8000)
    camera.record()
    camera.next = 7990
    camera.record()
    card = camera.save(tmp_path / "card.img")
    assert card.stat().st_size > 32_000_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    try:
        alone = verify(card, None, [f"{card}.keys"])
        with_log = verify(card, *beside(card))
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()
    # What libraries took beside Python's own memory.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10
    for result in (alone, with_log):
        assert (result["segments"], result["frames"]) == (2, 12)


def test_progress_is_told_after_each_segment(day):
    seen = []
    verify(day, *beside(day), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


# A glance ------------------------------------------------------------------------------------


def test_info_tells_recordings_without_verifying(day):
    found = info(day, *beside(day))
    assert found["camera"]["name"] == "MODEL-7"
    assert (found["card"]["segments"], found["card"]["segments_used"]) == (6, 4)
    first, torn, last = found["recordings"]
    assert (first["start_utc"], first["trust"]) == (
        "2026-06-01T06:00:00Z",
        "clock set by a station",
    )
    assert (first["frames"], first["gaps"], first["state"]) == (35, 1, "sealed")
    assert first["segments"] == [0, 1] and first["duration_ms"] == 34 * 125
    assert (torn["frames"], torn["state"]) == (None, "torn")
    assert (last["frames"], last["state"]) == (4, "sealed")


def test_info_without_keys_or_log_says_what_stands_in_clear(day):
    closed = info(day, f"{day}.camera")
    assert [r["frames"] for r in closed["recordings"]] == [None] * 3
    assert closed["recordings"][0]["start_utc"] == "2026-06-01T06:00:00Z"
    bare = info(day)
    assert [r["state"] for r in bare["recordings"]] == ["sealed", "torn", "sealed"]
    assert [r["start_utc"] for r in bare["recordings"]] == [None] * 3
    assert bare["camera"] is None
    assert [r["duration_ms"] for r in bare["recordings"]] == [
        r["duration_ms"] for r in closed["recordings"]
    ]


def test_info_says_when_a_recording_is_missing(day):
    with open(day, "r+b") as file:
        file.seek(Camera().at(3))
        file.write(bytes(16_384 * 8))
    assert info(day, *beside(day))["recordings"][2]["state"] == "missing"


def test_an_unset_clock_is_no_time(tmp_path):
    camera = Camera()
    camera.record(trust=0)
    card = camera.save(tmp_path / "card.img")
    (recording,) = info(card, *beside(card))["recordings"]
    assert (recording["start_utc"], recording["trust"]) == (None, "clock not set")


# What is not ours ----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 100, 1 << 20, 40 << 20])
def test_what_is_not_ours_is_one_line(tmp_path, size):
    other = tmp_path / "photo.jpg"
    with open(other, "wb") as file:
        file.truncate(size)
    with pytest.raises(InputError, match="photo.jpg is not a card of ours"):
        verify(other)


def test_missing_things_are_named(day, tmp_path):
    with pytest.raises(InputError, match="cannot open .*nowhere"):
        verify(tmp_path / "nowhere")
    with pytest.raises(InputError, match="no folder of keys"):
        verify(day, None, [tmp_path / "nokeys"])
    with pytest.raises(InputError, match="cannot read the camera's log"):
        verify(day, tmp_path / "nocamera")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no key"):
        verify(day, None, [tmp_path / "empty"])
    (tmp_path / "empty" / "station.json").write_text('{"check_seed": "00"}')
    with pytest.raises(InputError, match="not a station's key file"):
        verify(day, None, [tmp_path / "empty"])
    (tmp_path / "blank").mkdir()
    (tmp_path / "blank" / "log.bin").write_bytes(b"\xff" * 4096)
    with pytest.raises(InputError, match="holds no entry"):
        verify(day, tmp_path / "blank")


def test_keys_of_another_camera_are_refused(day, tmp_path):
    Camera(seed=2).save_keys(tmp_path / "other")
    for log in (f"{day}.camera", None):
        with pytest.raises(InputError, match="no key in .*other belongs to this card"):
            verify(day, log, [tmp_path / "other"])


def test_the_log_of_another_camera_is_refused(day, tmp_path):
    other = Camera(seed=2)
    other.record()
    other.save_log(tmp_path / "other")
    with pytest.raises(InputError, match="name the right camera's folder"):
        verify(day, tmp_path / "other")


def test_segments_on_another_card_are_said_to_be_there(tmp_path):
    camera = Camera()
    camera.record()
    mine, camera.card = camera.card, bytes(16)
    camera.record()
    camera.card = mine
    camera.record()
    for b in range(20):
        camera.blocks.pop((1, b), None)
    card = camera.save(tmp_path / "card.img")
    result = verify(card, *beside(card))
    (finding,) = findings(result, "incomplete")
    assert finding["segment"] == 1 and "another card" in finding["what"]
    with pytest.raises(InputError, match="incomplete"):
        export(card, tmp_path / "out", *beside(card))
