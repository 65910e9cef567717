"""What a station released may be gone from the card, and nobody else can release."""

import hashlib
import struct

import pytest
from model_writer import Camera, chain, cmac, kdf, u32

from tools.evidence.log import Log
from tools.evidence.verdict import verify


@pytest.fixture
def camera(tmp_path):
    made = Camera(places=6)
    for _ in range(3):
        made.record()
    made.path = tmp_path / "card.img"
    return made


def found(camera, keys=("keys",)):
    path = camera.save(camera.path)
    return verify(path, f"{path}.camera", [f"{path}.{name}" for name in keys])


def codes(result):
    return [finding["code"] for finding in result["findings"]]


def opened(camera, n):
    """Return the sequence number of the entry that opened segment n."""
    for page in camera.pages:
        code, detail = int.from_bytes(page[8:10], "little"), page[48:52]
        if code == 5 and detail == u32(n):
            return int.from_bytes(page[4:8], "little")
    raise AssertionError


def release(camera, n, s=None):
    """Enter what a station releases, and erase it."""
    mine = sorted(at for at in camera.blocks if at[0] == n)
    digests = b"".join(camera.blocks[at][16_332:16_364] for at in mine)
    what = u32(n) + u32(len(mine)) + hashlib.sha256(digests).digest()
    key = kdf(chain(camera.check_seed, opened(camera, n) if s is None else s), "release")
    camera.entry(14, what + cmac(key, what))
    for at in mine:
        del camera.blocks[at]


def test_what_a_station_released_is_not_missed(camera):
    release(camera, 0)
    result = found(camera)
    assert (result["verdict"], result["complete"], codes(result)) == ("intact", True, [])
    assert result["segments"] == 2
    release(camera, 1)
    release(camera, 2)
    result = found(camera)
    assert (result["verdict"], result["complete"], result["segments"]) == ("intact", True, 0)


def test_a_release_stands_whether_or_not_the_card_was_erased(camera):
    kept = dict(camera.blocks)
    release(camera, 1)
    camera.blocks = kept
    assert found(camera)["verdict"] == "intact"


@pytest.mark.parametrize("shift", [1, 2, 5])
def test_later_keys_do_not_release_an_earlier_segment(camera, shift):
    """The keys of a taken camera are those behind its last entry."""
    release(camera, 0, s=opened(camera, 0) + shift)
    result = found(camera)
    assert "log-release-forged" in codes(result)
    assert (result["verdict"], result["complete"]) == ("tampered", False)


def test_a_token_is_for_one_segment_and_its_content(camera):
    release(camera, 0)
    page = camera.pages[-1]
    other = u32(1) + bytes(page[52 : 48 + 56])
    camera.entry(14, other)
    result = found(camera)
    assert result["verdict"] == "tampered"


def test_a_segment_is_released_once_and_with_its_number_of_blocks(camera):
    blocks = sum(at[0] == 0 for at in camera.blocks)
    camera.entry(14, u32(0) + u32(blocks - 1) + bytes(48))
    assert "log-contradiction" in codes(found(camera))


def test_without_check_a_release_is_believed_and_said_to_be_unchecked(camera):
    release(camera, 0)
    result = found(camera, keys=())
    assert "log-release-unchecked" in codes(result)
    assert (result["verdict"], result["authenticated"]) == ("intact", False)


# The next epoch, put aside in the last sector of the flash


def aside(camera, pages, mark=True):
    """Save a flash in whose last sector the pages of a new log stand."""
    path = camera.save(camera.path)
    file = path.parent / "card.img.camera" / "log.bin"
    data = bytearray(file.read_bytes())
    begun = b"".join(pages)
    sector = bytearray(begun.ljust(4096, b"\xff"))
    if mark:
        digest = hashlib.sha256(begun).digest()
        sector[3840:3880] = struct.pack("<4sI32s", b"BWC1", len(pages), digest)
    data[-4096:] = sector
    file.write_bytes(data)
    return Log(file)


def test_an_epoch_put_aside_counts_once_it_is_confirmed(camera):
    old, pages = len(camera.pages), list(camera.pages)
    camera.start_epoch(2, first=3, released=3)
    new, camera.pages = camera.pages, pages
    before = aside(camera, new, mark=False)
    assert (before.epoch, len(before.entries), before.findings) == (1, old, [])
    after = aside(camera, new)
    assert (after.epoch, len(after.entries), after.findings) == (2, len(new), [])


def test_a_torn_mark_confirms_nothing(camera):
    pages = list(camera.pages)
    camera.start_epoch(2, first=3, released=3)
    new, camera.pages = camera.pages, pages
    aside(camera, new)
    file = camera.path.parent / "card.img.camera" / "log.bin"
    whole = file.read_bytes()
    for at in range(len(whole) - 256, len(whole) - 216):
        torn = whole[:at] + b"\xff" * (len(whole) - at)
        file.write_bytes(torn)
        assert Log(file).epoch == 1
