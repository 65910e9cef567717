"""`card salvage`: what is lost is lost alone, whatever else is broken."""

import json
from hashlib import sha256

import pytest
from model_writer import Camera, with_end
from typer.testing import CliRunner

from tools import cli as tools
from tools.evidence import cli
from tools.evidence.case import beside
from tools.evidence.errors import InputError
from tools.evidence.salvage import STANDINGS, salvage

AUTHENTICATED, DIGEST, DAMAGED, FORGED = STANDINGS
BLOCK = 16_384


@pytest.fixture
def camera(tmp_path):
    """Two recordings, one of them of two segments; every picture is known by its digest."""
    camera = Camera()
    camera.seen = []
    real = camera.frame

    def frame(data, pre=False, split=0):
        camera.seen.append(sha256(data).hexdigest())
        real(data, pre, split)

    camera.frame = frame
    camera.start_recording()
    camera.start_segment()
    camera.frames(20)
    camera.seal(reason=2)
    camera.start_segment()
    camera.frames(10)
    camera.seal()
    camera.record(frames=12)
    camera.path = camera.save(tmp_path / "card.img")
    camera.out = tmp_path / "out"
    return camera


def pictures(camera, log=True, keys=True):
    """Salvage; return {digest of a picture: its standing} and the manifest."""
    own_log, own_keys = beside(camera.path)
    keys = own_keys if keys is True else keys
    salvage(camera.path, camera.out, own_log if log else None, keys)
    manifest = json.loads((camera.out / "manifest.json").read_text("utf-8"))
    found = {f["sha256"]: f["standing"] for r in manifest["recordings"] for f in r["frames"]}
    return found, manifest


def patch(path, at, data):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


def flip(camera, n, b, at):
    patch(camera.path, camera.at(n, b) + at, bytes([camera.blocks[n, b][at] ^ 1]))


@pytest.mark.parametrize("log", [True, False])
def test_a_whole_card_gives_every_picture_authenticated(camera, log):
    found, manifest = pictures(camera, log)
    assert found == dict.fromkeys(camera.seen, AUTHENTICATED)
    assert manifest["standings"][AUTHENTICATED] == 42
    assert manifest["not_deciphered"] == []


def test_without_check_only_the_digest_is_known_to_be_right(camera, tmp_path):
    camera.save_keys(tmp_path / "view", ["agency"])
    found, _ = pictures(camera, keys=[tmp_path / "view"])
    assert found == dict.fromkeys(camera.seen, DIGEST)


@pytest.mark.parametrize("at", [0, 5, 9, 13, 25, 45, 70, 9_000, 16_340, 16_370, 16_383])
@pytest.mark.parametrize("log", [True, False])
def test_a_flipped_bit_costs_at_most_the_pictures_it_touches(camera, at, log):
    flip(camera, 0, 4, at)
    found, _ = pictures(camera, log)
    # A block holds parts of at most three pictures of 9,000 bytes.
    whole = [picture for picture in camera.seen if found.get(picture) == AUTHENTICATED]
    assert len(whole) >= 39
    assert set(camera.seen[:5] + camera.seen[8:]) <= set(whole)
    assert AUTHENTICATED not in {found[p] for p in found if p not in camera.seen}
    # Where the bit is not in a picture, nothing is lost at all.
    if at >= 16_320 or at in (5, 9, 45):
        assert set(found) == set(camera.seen)
        assert 1 <= list(found.values()).count(DAMAGED) <= 3


def test_every_fourth_block_damaged_leaves_the_others(camera):
    for n, b in camera.blocks:
        if b % 4 == 3:
            flip(camera, n, b, 9_000)
    found, _ = pictures(camera)
    assert sum(standing == AUTHENTICATED for standing in found.values()) >= 15


def lose_superblocks(camera):
    for lba in (2048, 4096):
        patch(camera.path, lba * 512, bytes(512))


def lose_heads(camera):
    for n in range(3):
        patch(camera.path, camera.at(n), bytes(BLOCK))


def damage_heads(camera):
    for n in range(3):
        flip(camera, n, 0, 8_000)


def lose_seals(camera):
    for n in range(3):
        last = max(b for m, b in camera.blocks if m == n)
        patch(camera.path, camera.at(n, last), bytes(BLOCK))


@pytest.mark.parametrize(
    "harm, log",
    [
        ([lose_superblocks], False),
        ([lose_heads], True),
        ([lose_heads, lose_superblocks, lose_seals], True),
        ([damage_heads, lose_superblocks, lose_seals], False),
    ],
)
def test_what_is_missing_around_them_costs_no_picture(camera, harm, log):
    for act in harm:
        act(camera)
    found, _ = pictures(camera, log)
    assert found == dict.fromkeys(camera.seen, AUTHENTICATED)


def test_a_damaged_log_is_used_as_far_as_it_goes(camera):
    camera.pages[0][60] ^= 1
    camera.save_log(f"{camera.path}.camera")
    found, _ = pictures(camera)
    assert found == dict.fromkeys(camera.seen, AUTHENTICATED)
    (camera.path.parent / "card.img.camera" / "log.bin").write_bytes(b"\0" * 4096)
    camera.out = camera.out.with_name("again")
    assert pictures(camera)[0] == found


def test_without_head_and_log_the_segment_is_named_as_closed(camera):
    patch(camera.path, camera.at(2), bytes(BLOCK))
    found, manifest = pictures(camera, log=False)
    assert set(found) == set(camera.seen[:30])
    assert manifest["not_deciphered"] == [2]


def test_a_block_that_is_not_the_cameras_gives_its_pictures_that_standing(camera):
    old = camera.blocks[0, 4]
    forged = with_end(old[:16_332], bytes(32))
    patch(camera.path, camera.at(0, 4), forged)
    found, _ = pictures(camera)
    assert set(found) == set(camera.seen)
    assert 1 <= list(found.values()).count(FORGED) <= 3


def test_segments_in_wrong_places_are_found(camera):
    blocks = {}
    for (n, b), data in camera.blocks.items():
        blocks[(n + 2) % 3 if n else 5, b] = data
    camera.blocks = blocks
    camera.path.unlink()
    camera.save(camera.path)
    assert pictures(camera)[0] == dict.fromkeys(camera.seen, AUTHENTICATED)


def test_an_image_cut_short_gives_what_is_in_it(camera):
    with open(camera.path, "r+b") as file:
        file.truncate(camera.at(2) + 20_000)
    found, _ = pictures(camera)
    assert set(camera.seen[:30]) <= set(found)


def test_nothing_of_ours_and_no_key_are_one_line(camera, tmp_path):
    other = tmp_path / "photo.jpg"
    other.write_bytes(b"\xff\xd8" * 5000)
    with pytest.raises(InputError, match="no block of evidence"):
        salvage(other, camera.out)
    with pytest.raises(InputError, match="no key opens anything"):
        salvage(camera.path, camera.out)
    Camera(seed=2).save_keys(tmp_path / "other")
    with pytest.raises(InputError, match="no key opens anything"):
        salvage(camera.path, camera.out, None, [tmp_path / "other"])
    assert not camera.out.exists()


def test_the_command_writes_beside_the_image_and_keeps_what_is_there(camera, capsys):
    run = CliRunner().invoke
    done = run(cli.app, ["salvage", str(camera.path), "--json"])
    assert done.exit_code == 0
    files = json.loads(done.stdout)["files"]
    assert sum(file["frames"] for file in files if file["path"].endswith(".mkv")) == 42
    assert {"path", "sha256", "frames", "duration_ms"} == set(files[0])
    assert tools.run("tools", ["card", "salvage", str(camera.path)]) == 2
    assert "already there" in capsys.readouterr().err
