"""Each way to attack a card or its log has a finding of its own, and a plain line for wrong keys.

The table in tools/evidence/SECURITY.md names these tests.
"""

import io
import os
from contextlib import redirect_stderr, redirect_stdout
from types import SimpleNamespace

import pytest
from model_writer import Camera, u32, with_end
from test_reader_damage import fixed

from tools import cli
from tools.evidence.case import beside
from tools.evidence.errors import InputError
from tools.evidence.verdict import verify
from tools.evidence.words import FINDINGS

BLOCK = 16_384


@pytest.fixture
def camera(tmp_path):
    """Three recordings of one segment each over the segments of an earlier epoch."""
    camera = Camera(places=4)
    for _ in range(4):
        camera.record(frames=12)
    camera.old = dict(camera.blocks)
    camera.start_epoch(2, first=4, released=4)
    for frames in (8, 6, 4):
        camera.record(frames=frames)
    camera.path = tmp_path / "card.img"
    return camera


def found(camera, log=True, keys=True):
    camera.save(camera.path)
    own_log, own_keys = beside(camera.path)
    return verify(camera.path, own_log if log else None, own_keys if keys else ())


def blocks(camera, n):
    return sorted(b for m, b in camera.blocks if m == n)


def truncate_tail(camera):
    for b in blocks(camera, 5)[-3:]:
        camera.blocks[5, b] = bytes(BLOCK)


def delete_segment(camera):
    for b in blocks(camera, 5):
        camera.blocks[5, b] = bytes(BLOCK)


def roll_card_back(camera):
    """What an image shows that was made after the first recording of the epoch."""
    for n in (5, 6):
        for b in blocks(camera, n):
            camera.blocks[n, b] = camera.old[n - 4, b]


def clone_in_use(camera):
    """A copy went on being used in the camera; this, the original, stayed as it was."""
    roll_card_back(camera)


def replay_block(camera):
    camera.blocks[5, 2] = camera.old[1, 2]


def replay_segment(camera):
    for b in blocks(camera, 4):
        camera.blocks[4, b] = camera.old[0, b]


def from_other_camera(camera):
    other = Camera(places=4, epoch=2, first=4, seed=2)
    other.record(frames=8)
    camera.blocks[4, 2] = other.blocks[4, 2]


def from_other_card(camera):
    other = deepcopy_camera(camera)
    other.card = bytes(range(16))
    other.record(frames=8)
    camera.blocks[4, 2] = other.blocks[7, 2]


def deepcopy_camera(camera):
    other = Camera(places=4, first=7)
    other.device = camera.device
    return other


def segment_from_other_camera(camera):
    other = Camera(places=4, epoch=2, first=4, seed=2)
    other.record(frames=8)
    for b in blocks(camera, 4):
        camera.blocks[4, b] = other.blocks[4, b]


def from_other_segment(camera):
    camera.blocks[4, 2] = camera.blocks[5, 2]


def reorder(camera):
    camera.blocks[4, 1], camera.blocks[4, 2] = camera.blocks[4, 2], camera.blocks[4, 1]


def forge(camera):
    camera.blocks[4, 2] = with_end(camera.blocks[4, 2][:16_332], bytes(32))


def flip(camera):
    old = camera.blocks[4, 2]
    camera.blocks[4, 2] = old[:900] + bytes([old[900] ^ 1]) + old[901:]


def roll_log_back(camera):
    """An older copy of the log, from before the last recording."""
    del camera.pages[-2:]
    # Its newest entry had the keys then.
    import zlib

    from model_writer import chain

    s = len(camera.pages)
    keys = chain(camera.read_seed, s) + chain(camera.check_seed, s)
    camera.pages[-1][164:232] = keys + u32(zlib.crc32(keys))


def cut_log(camera):
    del camera.pages[-1]


def remove_entry(camera):
    del camera.pages[4]


def swap_entries(camera):
    camera.pages[4], camera.pages[5] = camera.pages[5], camera.pages[4]


def alter_entry(camera):
    camera.pages[4][24] ^= 1
    fixed(camera.pages[4])


def release(camera):
    """Who holds a taken camera's newest keys writes RELEASED, and erases the recordings."""
    for n in range(4, camera.next):
        blocks = sum(at[0] == n for at in camera.blocks)
        camera.entry(14, u32(n) + u32(blocks) + bytes(48))
    camera.blocks.clear()


def damage_entry(camera):
    camera.pages[4][60] ^= 4


def replace_log(camera):
    """The log of another camera, made to name this card."""
    other = Camera(places=4, epoch=2, first=4, released=4, seed=2)
    other.card = camera.card
    other.start_epoch(2, 4, 4)
    camera.pages = other.pages


ATTACKS = {
    truncate_tail: ("tail-missing", 5),
    delete_segment: ("segment-missing", 5),
    roll_card_back: ("card-older", 5),
    clone_in_use: ("card-older", 5),
    replay_block: ("block-older", 5),
    replay_segment: ("segment-missing", 4),
    from_other_camera: ("block-of-other-camera", 4),
    from_other_card: ("block-of-other-card", 4),
    segment_from_other_camera: ("block-of-other-camera", 4),
    from_other_segment: ("block-moved", 4),
    reorder: ("block-reordered", 4),
    forge: ("block-forged", 4),
    flip: ("block-damaged", 4),
    roll_log_back: ("log-older", 6),
    cut_log: ("log-cut", None),
    remove_entry: ("log-missing", None),
    swap_entries: ("log-misplaced", None),
    alter_entry: ("log-altered", None),
    release: ("log-release-forged", None),
    damage_entry: ("log-page-damaged", None),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_attack_has_its_own_finding(camera, attack):
    assert found(camera)["verdict"] == "intact"
    attack(camera)
    code, segment = ATTACKS[attack]
    result = found(camera)
    named = [(f["code"], f["segment"]) for f in result["findings"]]
    assert (code, segment) in named, named
    assert result["verdict"] == FINDINGS[code][0] == result["findings"][0]["kind"]
    assert result["complete"] is False
    assert result["authenticated"] is (result["verdict"] != "tampered")


def test_a_forged_release_leaves_every_segment_promised(camera):
    blocks = dict(camera.blocks)
    release(camera)
    camera.blocks = blocks
    result = found(camera)
    assert (result["segments"], result["frames"]) == (3, 18)
    camera.blocks.clear()
    result = found(camera)
    assert result["segments"] == 3 and result["complete"] is False
    assert "card-older" in [finding["code"] for finding in result["findings"]]


def test_a_log_of_another_camera_for_this_card_is_found(camera):
    camera.save(camera.path)
    replace_log(camera)
    camera.save_log(f"{camera.path}.camera")
    result = verify(camera.path, f"{camera.path}.camera")
    assert (result["verdict"], result["findings"][0]["code"]) == ("tampered", "log-replaced")
    assert camera.device[:8].hex() in result["findings"][0]["what"]


def test_another_cameras_log_is_named_and_not_the_keys(camera, tmp_path):
    camera.save(camera.path)
    other = Camera(places=4, seed=2, name="OTHER-9")
    other.record()
    other.save_log(tmp_path / "other")
    for description in (True, False):
        if not description:
            with open(camera.path, "r+b") as file:
                for lba in (2048, 4096):
                    file.seek(lba * 512)
                    file.write(bytes(512))
        with pytest.raises(InputError) as error:
            verify(camera.path, tmp_path / "other", beside(camera.path)[1])
        said = str(error.value)
        assert "is the log of camera OTHER-9" in said and "--camera" in said
        assert other.card.hex() in said and camera.card[:8].hex() in said
        assert "key" not in said


def test_another_cameras_keys_are_named_with_whose_they_are(camera, tmp_path):
    camera.save(camera.path)
    other = Camera(seed=2)
    other.save_keys(tmp_path / "other")
    with pytest.raises(InputError) as error:
        verify(camera.path, f"{camera.path}.camera", [tmp_path / "other"])
    said = str(error.value)
    assert f"needs one for camera {camera.device.hex()}, epoch 2" in said
    assert f"there is one for camera {other.device.hex()}, epoch 1" in said


def test_a_check_key_that_fits_nothing_is_one_finding_of_the_log(camera, tmp_path):
    camera.save(camera.path)
    camera.check_seed = bytes(32)
    camera.save_keys(tmp_path / "wrong", ["station"])
    result = verify(camera.path, f"{camera.path}.camera", [tmp_path / "wrong"])
    codes = [finding["code"] for finding in result["findings"]]
    assert codes.count("wrong-check-key") == 1 and "log-altered" not in codes
    assert result["authenticated"] is False


@pytest.mark.parametrize("lbas", [(2048,), (4096,), (2048, 4096)])
def test_a_description_that_was_rewritten_leads_nobody_astray(camera, lbas):
    camera.save(camera.path)
    camera.places = 7
    forged = camera.superblock()
    camera.places = 4
    with open(camera.path, "r+b") as file:
        for lba in lbas:
            file.seek(lba * 512)
            file.write(forged)
    result = verify(camera.path, *beside(camera.path))
    code = "description-forged" if len(lbas) == 1 else "description-moved"
    # Seven places would be more than the image has.
    assert [f["code"] for f in result["findings"] if f["code"] != "image-short"] == [code]
    assert (result["verdict"], result["frames"]) == ("tampered", 18)


def test_segments_in_each_others_places_are_found_without_a_log(camera):
    swapped = {4: 5, 5: 4, 6: 6}
    camera.blocks = {(swapped[n], b): d for (n, b), d in camera.blocks.items() if n >= 4}
    result = found(camera, log=False)
    assert result["verdict"] == "tampered"
    assert {f["segment"] for f in result["findings"] if f["code"] == "segment-moved"} == {4, 5}


def test_an_entry_that_was_damaged_hides_no_segment(camera):
    opening = [i for i, page in enumerate(camera.pages) if page[8] == 5][1]
    camera.pages[opening][60] ^= 1
    result = found(camera)
    assert (result["verdict"], result["segments"], result["frames"]) == ("damaged", 3, 18)
    assert [f["code"] for f in result["findings"]] == ["log-page-damaged"]


# Bad inputs ----------------------------------------------------------------------------------


def card(*words):
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = cli.run("python3 -m tools", ["card", *map(str, words)])
    return SimpleNamespace(exit_code=status, output=out.getvalue(), stderr=err.getvalue())


def unusable(tmp_path):
    """Things that are no card; each with its name."""
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "short").write_bytes(b"BWB1")
    (tmp_path / "photo").write_bytes(b"\xff\xd8" * 40_000)
    with open(tmp_path / "zeros", "wb") as file:
        file.truncate(64 << 20)
    (tmp_path / "folder").mkdir()
    os.symlink(tmp_path / "nothing", tmp_path / "dangling")
    os.mkfifo(tmp_path / "pipe")
    return ("empty", "short", "photo", "zeros", "folder", "dangling", "pipe", "not there")


@pytest.mark.parametrize("command", ["verify", "explain", "info", "export", "salvage"])
def test_what_is_no_card_is_one_line_and_status_2(tmp_path, command):
    for name in unusable(tmp_path):
        out = [tmp_path / "out"] if command in ("export", "salvage") else []
        done = card(command, tmp_path / name, *out)
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1), (name, done.output)
        assert name in done.stderr
        assert not (tmp_path / "out").exists()


BAD_KEYS = {
    "station.json": ("", "{", "[]", '"x"', '{"check_seed": 5}', '{"check_seed": "zz"}',
                     '{"check_seed": "00", "device_id": "00", "epoch": 1}',
                     '{"check_seed": "' + "00" * 32 + '", "device_id": "00", "epoch": 1}'),
    "agency.pem": ("", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_KEYS)
def test_key_files_that_cannot_be_used_are_one_line(camera, tmp_path, name):
    camera.save(camera.path)
    for number, text in enumerate(BAD_KEYS[name]):
        folder = tmp_path / f"keys{number}"
        folder.mkdir()
        (folder / name).write_text(text)
        done = card("verify", camera.path, "--keys", folder)
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1), (text, done.output)
        assert str(folder) in done.stderr


def test_logs_that_cannot_be_used_are_one_line(camera, tmp_path):
    camera.save(camera.path)
    whole = (camera.path.parent / "card.img.camera" / "log.bin").read_bytes()
    for number, data in enumerate((b"", b"\xff" * 4096, b"\0" * 1000, b"BWL1", whole[1:])):
        folder = tmp_path / f"camera{number}"
        folder.mkdir()
        (folder / "log.bin").write_bytes(data)
        done = card("verify", camera.path, "--camera", folder)
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1), (number, done.output)
    assert card("verify", camera.path, "--camera", tmp_path / "none").exit_code == 2
    # A log that is cut in the middle of a page is a log.
    (folder / "log.bin").write_bytes(whole[: 256 * 6 + 100])
    assert card("verify", camera.path, "--camera", folder).exit_code == 1


def test_an_export_into_a_place_that_cannot_be_written_leaves_nothing(camera, tmp_path):
    camera.save(camera.path)
    (tmp_path / "file").write_text("mine")
    for command in ("export", "salvage"):
        done = card(command, camera.path, tmp_path / "file")
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
        done = card(command, camera.path, tmp_path / "file" / "below")
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1), done.output
    assert (tmp_path / "file").read_text() == "mine"
