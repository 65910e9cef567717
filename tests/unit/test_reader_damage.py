"""The evidence reader on cards and logs that somebody or something has changed."""

import json
import random
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_writer import FIRST_LBA, Camera, block_bytes, chain, kdf, u32, with_end

from tools.evidence.case import beside
from tools.evidence.errors import InputError
from tools.evidence.keyring import Keyring
from tools.evidence.verdict import verify

GOOD = ("intact", "torn-tail")
BLOCK = 16_384

# The first and last bytes of every field of a block, and of every sector.
FIELDS = (
    0,
    4,
    5,
    6,
    8,
    12,
    16,
    20,
    24,
    28,
    32,
    36,
    40,
    48,
    56,
    60,
    64,
    80,
    16_320,
    16_332,
    16_364,
)
FIELDS += (16_380, BLOCK)
EDGES = sorted({edge + off for edge in FIELDS for off in (-1, 0, 1) if 0 <= edge + off <= BLOCK})
SECTORS = list(range(0, BLOCK + 1, 512))


def worst(result):
    """The findings that make the verdict."""
    return [finding for finding in result["findings"] if finding["kind"] == result["verdict"]]


def place(result):
    return {(finding["segment"], finding["block"]) for finding in worst(result)}


def patch(card, at, data):
    """Write into a card; return what stood there."""
    with open(card, "r+b") as file:
        file.seek(at)
        old = file.read(len(data))
        file.seek(at)
        file.write(data)
    return old


@pytest.fixture
def two(tmp_path):
    """A camera with two sealed recordings of one segment each, saved."""
    camera = Camera()
    camera.record(frames=8)
    camera.record(frames=4)
    camera.path = camera.save(tmp_path / "card.img")
    return camera


def again(camera):
    """Save and verify with log and keys."""
    camera.save(camera.path)
    return verify(camera.path, *beside(camera.path))


# Bits ----------------------------------------------------------------------------------------


def test_every_field_flipped_is_damage_with_segment_and_block(two):
    for b in (0, 2, len([n for n, _ in two.blocks if n == 0]) - 1):
        for at in EDGES[:-1]:
            where = two.at(0, b) + at
            old = patch(two.path, where, bytes([two.blocks[0, b][at] ^ 1 << at % 8]))
            for keys in ([f"{two.path}.keys"], []):
                result = verify(two.path, f"{two.path}.camera", keys)
                assert result["verdict"] == "damaged", (b, at)
                assert result["complete"] is False
                assert place(result) == {(0, b)}
            patch(two.path, where, old)
    assert verify(two.path, *beside(two.path))["verdict"] == "intact"


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    camera = Camera()
    camera.record(frames=8)
    camera.record(frames=4)
    camera.path = camera.save(tmp_path_factory.mktemp("shared") / "card.img")
    return camera


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_bit_of_any_written_block(shared, data):
    key = data.draw(st.sampled_from(sorted(shared.blocks)))
    bit = data.draw(st.integers(0, BLOCK * 8 - 1))
    with_keys = data.draw(st.booleans())
    byte = shared.blocks[key][bit // 8] ^ 1 << bit % 8
    old = patch(shared.path, shared.at(*key) + bit // 8, bytes([byte]))
    try:
        log, keys = beside(shared.path)
        result = verify(shared.path, log, keys if with_keys else ())
    finally:
        patch(shared.path, shared.at(*key) + bit // 8, old)
    assert result["verdict"] == "damaged"
    assert place(result) == {key}


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(number=st.integers(0, 1 << 30))
def test_random_overwriting_is_never_good_and_never_an_error(shared, number):
    chance = random.Random(number)
    key = chance.choice(sorted(shared.blocks))
    at = chance.randrange(BLOCK)
    data = chance.randbytes(chance.randrange(1, BLOCK * 2))
    start = shared.at(*key) + at
    old = patch(shared.path, start, data)
    try:
        result = verify(shared.path, *beside(shared.path))
        verify(shared.path)
    finally:
        patch(shared.path, start, old)
    if old[: BLOCK - at] != data[: BLOCK - at]:
        assert result["verdict"] in ("damaged", "tampered", "incomplete")
        assert key in {(f["segment"], f["block"]) for f in result["findings"]}


def test_damage_beside_damage_is_one_finding(two):
    patch(two.path, two.at(0, 1), bytes(BLOCK * 2))
    patch(two.path, two.at(0, 3) + 99, b"\x00\x01\x02")
    patch(two.path, two.at(0, 4) + 99, b"\x00\x01\x02")
    result = verify(two.path, *beside(two.path))
    said = [(f["kind"], f["block"], f["what"][:16]) for f in result["findings"]]
    assert said == [("incomplete", 1, "Blocks 1 to 2 of"), ("damaged", 3, "Blocks 3 to 4 of")]
    assert (result["verdict"], result["complete"]) == ("damaged", False)
    assert 0 < result["frames"] < 12


# Blocks and segments moved and removed -------------------------------------------------------


def test_a_segment_removed_is_missing(two):
    for key in [key for key in two.blocks if key[0] == 0]:
        del two.blocks[key]
    result = again(two)
    assert (result["verdict"], result["complete"], place(result)) == (
        "incomplete",
        False,
        {(0, None)},
    )
    assert "segment 0 (recording 1) is missing" in worst(result)[0]["what"].lower()


@pytest.mark.parametrize("b", [0, 1, 3, -1])
def test_a_block_removed_is_missing(two, b):
    b %= max(b for n, b in two.blocks if n == 0) + 1
    del two.blocks[0, b]
    result = again(two)
    assert (result["verdict"], place(result)) == ("incomplete", {(0, b)})


def test_blocks_swapped_are_tampering(two):
    two.blocks[0, 1], two.blocks[0, 2] = two.blocks[0, 2], two.blocks[0, 1]
    result = again(two)
    assert (result["verdict"], place(result)) == ("tampered", {(0, 1), (0, 2)})


def test_a_block_from_another_segment_is_tampering(two):
    two.blocks[0, 2] = two.blocks[1, 2]
    result = again(two)
    assert (result["verdict"], place(result)) == ("tampered", {(0, 2)})
    assert "block 2 of segment 1 was put there" in worst(result)[0]["what"]


def test_segments_swapped_are_tampering(two):
    other = {(1 - n, b): data for (n, b), data in two.blocks.items()}
    two.blocks = other
    assert again(two)["verdict"] == "tampered"
    assert verify(two.path, f"{two.path}.camera")["verdict"] == "tampered"


def test_an_older_block_behind_a_write_that_the_card_lost_is_missing(tmp_path):
    camera = Camera(places=2)
    camera.record(frames=20)
    camera.record(frames=20)
    camera.start_epoch(2, first=2, released=2)
    camera.record(frames=20)
    camera.blocks.pop((2, 4))
    camera.path = tmp_path / "card.img"
    result = again(camera)
    assert (result["verdict"], place(result)) == ("incomplete", {(2, 4)})
    assert "an older block" in worst(result)[0]["what"]


def test_a_recording_with_a_hole_is_incomplete_even_without_a_log(tmp_path):
    camera = Camera()
    camera.start_recording()
    for _ in range(3):
        camera.start_segment()
        camera.frames(3)
        camera.seal(reason=2)
    camera.path = camera.save(tmp_path / "card.img")
    for key in [key for key in camera.blocks if key[0] == 1]:
        del camera.blocks[key]
    camera.save(camera.path)
    result = verify(camera.path, None, [f"{camera.path}.keys"])
    assert (result["verdict"], result["complete"], place(result)) == (
        "incomplete",
        None,
        {(1, None)},
    )


@pytest.mark.parametrize("change, kind", [("removed", "incomplete"), ("flipped", "damaged")])
def test_a_lost_seal_is_no_torn_tail_when_the_recording_goes_on(tmp_path, change, kind):
    camera = Camera()
    camera.start_recording()
    camera.start_segment()
    camera.frames(5)
    last = camera.seal(reason=2) - 1
    camera.start_segment()
    camera.seal()
    if change == "removed":
        del camera.blocks[0, last]
    else:
        whole = camera.blocks[0, last]
        camera.blocks[0, last] = whole[:-1] + bytes([whole[-1] ^ 0xFF])
    camera.path = camera.save(tmp_path / "card.img")
    result = verify(camera.path, None, [f"{camera.path}.keys"])
    assert (result["verdict"], place(result)) == (kind, {(0, last)})


# Forgery -------------------------------------------------------------------------------------


def rewritten(block, at, data):
    """A block with bytes changed and everything that needs no key put right."""
    changed = block[:at] + data + block[at + len(data) : 16_332]
    return with_end(changed, None, tag=block[16_364:16_380])


@pytest.mark.parametrize("at", [24, 28, 36, 56, 64, 5_000, 16_325])
def test_a_change_with_right_digests_is_tampering(two, at):
    other = bytes([two.blocks[0, 2][at] ^ 7])
    two.blocks[0, 2] = rewritten(two.blocks[0, 2], at, other)
    result = again(two)
    assert (result["verdict"], result["authenticated"]) == ("tampered", False)
    assert place(result) == {(0, 2)}
    assert "not written by this camera" in worst(result)[0]["what"]


def test_a_new_key_for_old_data_is_tampering(two):
    """Who takes the camera has the newest keys; they must not vouch for the past.

    CVE-2023-31439.
    """
    newest = two.pages[two.newest]
    s, check = two.s, bytes(newest[196:228])
    assert check == chain(two.check_seed, s)
    nonce = two.blocks[0, 0][64:80]
    key = kdf(check, "key", nonce + two.card + u32(0))
    for n, b in [key for key in two.blocks if key[0] == 0]:
        old = two.blocks[n, b]
        two.blocks[n, b] = with_end(old[:16] + u32(s) + old[20:16_332], key)
    assert again(two)["verdict"] == "tampered"
    alone = verify(two.path, None, [f"{two.path}.keys"])
    assert alone["verdict"] == "tampered"
    assert any("order is not the camera's" in f["what"] for f in worst(alone))


def test_an_impossible_sequence_number_is_tampering_not_endless_work(two):
    for b in range(3):
        old = two.blocks[0, b]
        two.blocks[0, b] = with_end(old[:16] + u32(0xFFFFFFFF) + old[20:16_332], bytes(32))
    two.save(two.path)
    assert verify(two.path, None, [f"{two.path}.keys"])["verdict"] == "tampered"


def test_a_forged_description_of_the_card_hides_nothing(two, tmp_path):
    real, two.card = two.card, bytes(16)
    forged = two.superblock()
    two.card = real
    for lba in (2048, 4096):
        patch(two.path, lba * 512, forged)
    result = verify(two.path, *beside(two.path))
    assert (result["verdict"], result["segments"]) == ("tampered", 2)
    assert verify(two.path, None, [f"{two.path}.keys"])["verdict"] == "tampered"


def test_a_wrong_check_seed_accuses_everything(two, tmp_path):
    two.check_seed = bytes(32)
    two.save_keys(tmp_path / "wrong", ["station"])
    result = verify(two.path, f"{two.path}.camera", [tmp_path / "wrong"])
    assert (result["verdict"], result["authenticated"]) == ("tampered", False)


def head(kind=2, flags=0, zero=0, seq=7, t_ms=0, size=4):
    """A record's header with one field after the other to be made wrong."""
    return bytes([kind, flags]) + zero.to_bytes(2, "little") + u32(seq) + u32(t_ms) + u32(size)


NONSENSE = {
    "another number": head(seq=8) + b"data",
    "flags": head(flags=2) + b"data",
    "bytes that must be zero": head(zero=1) + b"data",
    "time": head(t_ms=1 << 30) + b"data",
    "no length": head(size=0) + b"data",
    "endless": head(size=0xFFFFFFFF) + b"data",
    "padding": head(size=3) + b"data",
    "no JSON": head(kind=3) + b"data",
    "no object": head(kind=4) + b"[17]",
    "JSON without a floor": head(kind=3, size=12_000) + b"[" * 12_000,
    "not UTF-8": head(kind=3) + b"\xff\xfe\xfd\xfc",
    "next number": head() + b"data" + head(seq=9) + b"data",
}


def nonsense(tmp_path, plain, first=(7, 16)):
    """A recording whose first DATA block holds `plain` behind its first 16 bytes."""
    camera = Camera()
    camera.start_recording(seq=8)
    camera.start_segment()
    camera.plain, camera.first_record = u32(0) + u32(1) + bytes(8) + plain, first
    camera.put_cipher()
    camera.frames(3)
    camera.seal()
    camera.path = camera.save(tmp_path / "card.img")
    return camera


@pytest.mark.parametrize("name", NONSENSE)
def test_authentic_nonsense_is_tampering_not_an_error(tmp_path, name):
    camera = nonsense(tmp_path, NONSENSE[name])
    result = verify(camera.path, *beside(camera.path))
    assert (result["verdict"], place(result)) == ("tampered", {(0, 1)})
    # What begins behind it is found again.
    assert result["frames"] == 3


@pytest.mark.parametrize("first", [(7, 20), (8, 16), (0, 0), (7, 0), (7, 16_000), (7, 7)])
def test_a_header_that_names_another_first_record_is_tampering(tmp_path, first):
    camera = nonsense(tmp_path, head() + b"data" + head(seq=8) + b"data", first)
    result = verify(camera.path, *beside(camera.path))
    assert (result["verdict"], place(result)) == ("tampered", {(0, 1)})


def test_bytes_that_do_not_name_their_block_are_tampering(tmp_path):
    camera = Camera()
    camera.start_recording()
    camera.start_segment()
    camera.start_block()
    camera.plain = bytes(4) + u32(9) + bytes(8)
    camera.event({"event": "start"})
    camera.seal()
    card = camera.save(tmp_path / "card.img")
    result = verify(card, *beside(card))
    assert (result["verdict"], place(result)) == ("tampered", {(0, 1)})


@pytest.mark.parametrize(
    "words",
    [
        {"event": "shut"},
        {"recording": 9},
        {"epoch": 9},
        {"index": 9},
        {"boot": 9},
        {"log": "00" * 16},
    ],
)
def test_opening_words_that_belong_elsewhere_are_tampering(tmp_path, words):
    camera = Camera()
    real = camera.opening
    camera.opening = lambda trust: {**real(trust), **words}
    camera.record()
    card = camera.save(tmp_path / "card.img")
    result = verify(card, *beside(card))
    assert (result["verdict"], place(result)) == ("tampered", {(0, 0)})


@settings(max_examples=60, deadline=None)
@given(number=st.integers(0, 1 << 30))
def test_random_authentic_bodies_are_never_an_error(tmp_path_factory, number):
    chance = random.Random(number)
    camera = Camera()
    camera.start_recording()
    camera.start_segment()
    camera.frames(2)
    camera.flush()
    camera.start_block()
    used = chance.randrange(20, 16_257)
    for seq in range(2, 2 + chance.randrange(5)):
        size = chance.choice((4, 4, 4, 0, 9))
        kind = chance.choice((1, 2, 3, 4, 5))
        camera.plain += head(kind, chance.randrange(2), 0, seq, 0, size) + b"data"
    camera.first_record = (2, 16)
    camera.plain = (camera.plain + chance.randbytes(used))[:used]
    camera.put_cipher()
    camera.frames(2)
    camera.seal()
    card = camera.save(tmp_path_factory.mktemp("bodies") / "card.img")
    assert verify(card, *beside(card))["verdict"] == "tampered"


def test_bytes_behind_the_last_record_are_tampering(tmp_path):
    camera = Camera()
    camera.start_recording()
    camera.start_segment()
    camera.event({"event": "start"})
    used = len(camera.plain)
    body = camera.encrypt.update(camera.plain + b"\x01" + bytes(16_255 - used))
    camera.put(2, used, camera.first_record, body)
    camera.plain, camera.first_record = b"", (0, 0)
    camera.seal()
    camera.path = tmp_path / "card.img"
    assert again(camera)["verdict"] == "tampered"


@pytest.mark.parametrize("field", ["records", "pictures", "seq"])
def test_a_seal_that_counts_wrong_is_tampering(tmp_path, field):
    camera = Camera()
    camera.start_recording()
    camera.start_segment()
    camera.frames(3)
    setattr(camera, field, getattr(camera, field) + 1)
    last = camera.seal() - 1
    camera.path = tmp_path / "card.img"
    result = again(camera)
    assert (result["verdict"], place(result)) == ("tampered", {(0, last)})


@pytest.mark.parametrize("field", ["gaps", "lost"])
def test_a_seal_that_counts_other_gaps_is_noted(tmp_path, field):
    camera = Camera()
    camera.start_recording()
    camera.start_segment()
    camera.tick(125)
    camera.gap(2)
    setattr(camera, field, getattr(camera, field) + 1)
    camera.seal()
    camera.path = tmp_path / "card.img"
    result = again(camera)
    assert result["verdict"] == "intact"
    assert "counts other gaps" in result["findings"][0]["what"]


def test_records_must_go_on_where_the_segment_before_ended(tmp_path):
    camera = Camera()
    camera.start_recording()
    camera.start_segment()
    camera.frames(2)
    camera.seal(reason=2)
    camera.seq += 1
    camera.start_segment()
    camera.frames(2)
    camera.seal()
    camera.path = tmp_path / "card.img"
    result = again(camera)
    assert (result["verdict"], place(result)) == ("tampered", {(1, 1)})


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"kind": 3},
        {"kind": 1},
        {"kind": 0},
        {"flags": 2},
        {"used": 16_257},
        {"used": 15},
        {"boot": 9},
    ],
)
def test_fields_in_clear_are_checked_without_a_viewing_key(tmp_path, change):
    camera = Camera()
    camera.record()
    old = camera.blocks[0, 2]
    s = int.from_bytes(old[16:20], "little")
    fields = {"kind": 2, "used": 100, "boot": 0, "flags": 0, **change}
    version = fields.pop("version", 1)
    block = block_bytes(
        camera.mac_key, fields["kind"], 0, 2, s, 1, fields["used"], (0, 0), 0,
        camera.card, camera.device, fields["boot"], old[64:16_320], fields["flags"],
    )  # fmt: skip
    block = with_end(block[:4] + bytes([version]) + block[5:16_332], camera.mac_key)
    camera.blocks[0, 2] = block
    camera.path = camera.save(tmp_path / "card.img")
    result = verify(camera.path, f"{camera.path}.camera")
    assert (result["verdict"], place(result)) == ("tampered", {(0, 2)})


# Holes in a stream ---------------------------------------------------------------------------


def long(tmp_path):
    """A recording of three segments through which pictures run without regard to borders."""
    camera = Camera()
    camera.start_recording()
    for split in (5_000, 9, 0):
        camera.start_segment()
        camera.frames(20)
        camera.frame(b"\xff\xd8" + bytes(9_000), split=split)
        camera.seal(reason=2 if split else 1)
    camera.path = camera.save(tmp_path / "card.img")
    return camera


def test_records_run_on_from_segment_to_segment(tmp_path):
    camera = long(tmp_path)
    for log in (None, f"{camera.path}.camera"):
        result = verify(camera.path, log, [f"{camera.path}.keys"])
        assert (result["verdict"], result["frames"]) == ("intact", 63)


def test_a_hole_costs_the_records_in_it_and_no_more(tmp_path):
    camera = long(tmp_path)
    whole = dict(camera.blocks)
    blocks = {n: sum(key[0] == n for key in whole) for n in range(3)}
    # Block 4 holds parts of at most three of the pictures of 9,000 bytes.
    for gone, at_least in (
        ([(0, 4)], 60),
        ([(1, 0)], 63),
        ([(1, 1)], 60),
        ([(0, blocks[0] - 1)], 62),
        ([(0, blocks[0] - 2), (0, blocks[0] - 1)], 60),
        ([(1, b) for b in range(blocks[1])], 41),
        ([(0, b) for b in range(blocks[0])], 41),
    ):
        camera.blocks = {key: data for key, data in whole.items() if key not in gone}
        result = again(camera)
        assert result["verdict"] == "incomplete", gone
        assert at_least <= result["frames"] <= 63, gone
        assert {f["kind"] for f in worst(result)} == {"incomplete"}


# Power cuts ----------------------------------------------------------------------------------


def cut_card(tmp_path, told, stale):
    """A sealed recording, then one that is cut; return (camera, its whole block under way)."""
    camera = Camera(places=2)
    if stale:
        camera.record(frames=40)
        camera.record(frames=40)
        camera.start_epoch(2, first=2, released=2)
    n = camera.record(frames=6, seal=False)
    camera.flush()
    b = camera.open["b"]
    camera.frames(1)
    camera.flush()
    under_way = camera.blocks.pop((n, b))
    camera.open["b"] = b
    if told:
        camera.cut()
    camera.path = camera.save(tmp_path / "card.img")
    return camera, n, b, under_way


@pytest.mark.parametrize("told", [True, False], ids=["rebooted", "as cut"])
@pytest.mark.parametrize("stale", [True, False], ids=["over old blocks", "over zeros"])
def test_a_cut_at_any_byte_of_a_block_is_a_torn_tail(tmp_path, told, stale):
    camera, n, b, block = cut_card(tmp_path, told, stale)
    start = camera.at(n, b)
    ends = list(range(BLOCK - 60, BLOCK + 1))
    folder, (keys,) = beside(camera.path)
    keyring = Keyring([keys])
    whole = verify(camera.path, folder, keyring)["frames"]
    under = patch(camera.path, start, block)
    for cut in sorted({*EDGES, *SECTORS, *ends}):
        now = block[:cut] + under[cut:]
        patch(camera.path, start, now)
        result = verify(camera.path, folder, keyring)
        assert (result["verdict"], result["complete"]) == ("torn-tail", True), cut
        assert result["authenticated"] is True
        # A block that is whole counts, even if the camera did not live to see it.
        assert result["frames"] - whole == (1 if now == block else 0)
        assert len(result["findings"]) == 1


@pytest.mark.parametrize("sealing", [False, True], ids=["two of data", "data and seal"])
def test_of_two_blocks_under_way_a_cut_may_tear_the_first_alone(tmp_path, sealing):
    camera = Camera()
    n = camera.record(frames=6, seal=False)
    camera.flush()
    if sealing:
        camera.seal(log=False)
    last = max(b for segment, b in camera.blocks if segment == n)
    camera.path = camera.save(tmp_path / "card.img")
    for b, verdict in ((last - 1, "torn-tail"), (last - 2, "damaged")):
        at = camera.at(n, b) + 5 * 512
        old = patch(camera.path, at, bytes(512))
        result = verify(camera.path, *beside(camera.path))
        assert result["verdict"] == verdict, b
        patch(camera.path, at, old)


def test_a_cut_in_the_seal_is_a_torn_tail_until_the_seal_is_whole(tmp_path):
    camera = Camera()
    n = camera.record(frames=6, seal=False)
    camera.flush()
    last = camera.open["b"]
    camera.seal(log=False)
    seal = camera.blocks.pop((n, last))
    camera.path = camera.save(tmp_path / "card.img")
    start = camera.at(n, last)
    for cut in sorted({*EDGES, *range(BLOCK - 60, BLOCK + 1)}):
        old = patch(camera.path, start, seal[:cut])
        for log in (f"{camera.path}.camera", None):
            result = verify(camera.path, log, [f"{camera.path}.keys"])
            assert result["verdict"] == ("intact" if cut == BLOCK else "torn-tail"), cut
        patch(camera.path, start, old)


def test_a_cut_before_the_first_block_is_a_torn_tail(tmp_path):
    camera = Camera()
    camera.record(frames=2)
    n = camera.record(frames=1, seal=False)
    camera.blocks = {key: data for key, data in camera.blocks.items() if key[0] != n}
    camera.open["b"] = 0
    camera.path = tmp_path / "card.img"
    for _ in range(2):
        result = again(camera)
        assert (result["verdict"], result["complete"]) == ("torn-tail", True)
        assert "before its first block" in worst(result)[0]["what"]
        camera.cut()


def test_blocks_that_progress_proves_must_be_there(tmp_path):
    camera = Camera()
    n = camera.record(frames=60, seal=False)
    blocks = camera.open["b"]
    assert 32 < blocks < 48
    camera.path = tmp_path / "card.img"
    assert again(camera)["verdict"] == "torn-tail"
    for b in range(32, blocks):
        del camera.blocks[n, b]
    assert again(camera)["verdict"] == "torn-tail"
    del camera.blocks[n, 31]
    result = again(camera)
    assert (result["verdict"], result["complete"], place(result)) == (
        "incomplete",
        False,
        {(n, 31)},
    )


def test_blocks_that_the_next_boot_found_must_be_there(tmp_path):
    camera = Camera()
    n = camera.record(frames=6, seal=False)
    last = camera.open["b"] - 1
    camera.cut()
    del camera.blocks[n, last]
    camera.path = tmp_path / "card.img"
    result = again(camera)
    assert (result["verdict"], place(result)) == ("incomplete", {(n, last)})


def test_damage_inside_a_segment_that_was_cut_is_damage(tmp_path):
    camera = Camera()
    n = camera.record(frames=9, seal=False)
    camera.blocks[n, 2] = camera.blocks[n, 2][:99] + b"\x00\x00" + camera.blocks[n, 2][101:]
    camera.path = camera.save(tmp_path / "card.img")
    for log in (f"{camera.path}.camera", None):
        result = verify(camera.path, log, [f"{camera.path}.keys"])
        assert (result["verdict"], place(result)) == ("damaged", {(n, 2)})


# The log -------------------------------------------------------------------------------------


def test_an_entry_cut_at_any_byte_changes_no_verdict(tmp_path):
    camera = Camera()
    camera.record(frames=2)
    before = [bytes(page) for page in camera.pages]
    camera.entry(4, {"from": "recording", "to": "display_on", "why": "stop"})
    page = bytes(camera.pages[-1])
    camera.path = camera.save(tmp_path / "card.img")
    for cut in range(0, 257):
        camera.pages = [bytearray(p) for p in before] + [bytearray(page[:cut].ljust(256, b"\xff"))]
        camera.save_log(f"{camera.path}.camera")
        result = verify(camera.path, *beside(camera.path))
        assert (result["verdict"], result["complete"]) == ("intact", True), cut


def test_keys_cut_while_they_are_erased_change_no_verdict(tmp_path):
    camera = Camera()
    camera.record(frames=2)
    keys = bytes(camera.pages[camera.newest][164:232])
    camera.entry(4, {})
    camera.path = camera.save(tmp_path / "card.img")
    for cut in range(0, 69, 4):
        camera.pages[-2][164:232] = bytes(cut) + keys[cut:]
        camera.save_log(f"{camera.path}.camera")
        assert verify(camera.path, *beside(camera.path))["verdict"] == "intact"


def test_torn_pages_between_entries_are_no_entries(two):
    two.pages.insert(5, bytearray(b"BWL1" + bytes(100) + b"\xff" * 152))
    result = again(two)
    assert result["verdict"] == "intact"
    assert "1 page of the camera's log cannot be read" in result["findings"][0]["what"]


def fixed(page):
    """An entry's page with its check sum put right."""
    page[160:164] = u32(zlib.crc32(page[:160]))
    return page


def change_detail(two):
    two.pages[-1][52] ^= 1
    fixed(two.pages[-1])


def change_early(two):
    two.pages[3][24] ^= 1
    fixed(two.pages[3])


def swap_entries(two):
    two.pages[3], two.pages[4] = two.pages[4], two.pages[3]


def drop_entry(two):
    del two.pages[4]


def drop_first(two):
    del two.pages[0]


def flip_bit(two):
    two.pages[4][60] ^= 4


def drop_last(two):
    del two.pages[-1]


def drop_recording(two):
    del two.pages[-2:]
    two.blocks = {key: data for key, data in two.blocks.items() if key[0] == 0}


def repeat_entry(two):
    two.pages.insert(5, bytearray(two.pages[3]))


def wrong_keys(two):
    keys = bytes(64)[:-1] + b"\x01"
    two.pages[-1][164:232] = keys + u32(zlib.crc32(keys))


CHANGES = [
    change_detail,
    change_early,
    swap_entries,
    drop_entry,
    drop_first,
    drop_last,
    drop_recording,
    repeat_entry,
    wrong_keys,
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_log_is_tampering(two, change):
    change(two)
    result = again(two)
    assert (result["verdict"], result["authenticated"]) == ("tampered", False)
    assert "log" in worst(result)[0]["what"]


@pytest.mark.parametrize(
    "change",
    [swap_entries, drop_entry, drop_first, drop_last, drop_recording, repeat_entry],
)
def test_a_log_cut_or_mixed_is_noticed_without_keys(two, change):
    change(two)
    two.save(two.path)
    assert verify(two.path, f"{two.path}.camera")["verdict"] == "tampered"


@pytest.mark.parametrize("number", range(7))
def test_a_page_of_the_log_that_was_damaged_is_damage_wherever_it_stands(two, number):
    two.pages[number][60] ^= 4
    for keys in (True, False):
        two.save(two.path)
        result = verify(two.path, f"{two.path}.camera", beside(two.path)[1] if keys else ())
        assert result["verdict"] == "damaged", number


def test_an_older_copy_of_the_log_is_noticed_by_what_stands_on_the_card(tmp_path):
    camera = Camera()
    camera.record()
    older = [bytearray(page) for page in camera.pages]
    camera.record()
    camera.pages = older
    camera.path = tmp_path / "card.img"
    result = again(camera)
    assert (result["verdict"], place(result)) == ("tampered", {(1, None)})
    assert "the log is an old one" in worst(result)[0]["what"]


def test_the_log_of_another_epoch_does_not_vouch(tmp_path):
    camera = Camera()
    camera.record()
    camera.path = camera.save(tmp_path / "card.img")
    camera.start_epoch(2, first=0, released=0)
    camera.save_log(f"{camera.path}.camera")
    camera.save_keys(f"{camera.path}.keys")
    result = verify(camera.path, *beside(camera.path))
    # Nothing of epoch 2 was promised, and nothing of epoch 1 is vouched for.
    assert (result["verdict"], result["segments"]) == ("intact", 0)
    camera.record(frames=1)
    camera.save_log(f"{camera.path}.camera")
    result = verify(camera.path, *beside(camera.path))
    assert result["verdict"] in ("incomplete", "tampered")


def test_a_damaged_newest_key_field_is_damage(two):
    two.pages[-1][170] ^= 1
    result = again(two)
    assert (result["verdict"], result["complete"]) == ("damaged", False)


def test_keys_left_in_older_entries_are_reported(two):
    two.pages[3][164:232] = two.pages[-1][164:232]
    result = again(two)
    assert result["verdict"] == "intact"
    assert "should have been erased" in result["findings"][0]["what"]


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(number=st.integers(0, 1 << 30))
def test_random_changes_of_the_log_are_never_an_error(shared, number):
    chance = random.Random(number)
    pages = [bytearray(page) for page in shared.pages]
    for _ in range(chance.randrange(1, 4)):
        page = chance.choice(pages)
        at = chance.randrange(256)
        page[at : at + chance.randrange(1, 30)] = chance.randbytes(chance.randrange(1, 30))
        del page[256:]
        page.extend(b"\xff" * (256 - len(page)))
        if chance.random() < 0.7:
            fixed(page)
    folder = shared.path.parent / "changed"
    folder.mkdir(exist_ok=True)
    (folder / "log.bin").write_bytes(b"".join(pages) + b"\xff" * 2560)
    for keys in (beside(shared.path)[1], ()):
        try:
            json.dumps(verify(shared.path, folder, keys))
        except InputError:
            pass


def test_the_places_of_the_model_are_those_of_the_format():
    assert FIRST_LBA % 8192 == 0
