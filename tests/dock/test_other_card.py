"""A camera whose card is lost goes on with another: when all is safe, or is given up."""

import shutil
from pathlib import Path

import pytest
from fakecamera import FakeCamera
from plugged import recorded, stored
from test_trouble import docked, left_over, reasons  # noqa: F401  a fixture
from typer.testing import CliRunner

from tools.dock import cli, vault_cli
from tools.dock.custody import Entry
from tools.dock.epochs import given
from tools.dock.ledger import check
from tools.dock.vault import Vault
from tools.evidence.verdict import verify

NEW = bytes(range(16))


@pytest.fixture
def changed(tmp_path):
    """A camera with three segments and another card in it: (image, its old card, model)."""
    image, model = recorded(tmp_path / "a.img", torn=True, frames=4)
    (tmp_path / "old").mkdir()
    old = shutil.copy(image, tmp_path / "old" / "a.img")
    put(image, model, NEW)
    return image, old, model


def put(image, model, card):
    """Put an empty card of this id into the camera."""
    own, model.card = model.card, card
    blocks, model.blocks = model.blocks, {}
    with open(image, "r+b") as file:
        file.truncate(0)
        file.truncate(model.at(model.places - 1) + (4 << 20))
        for lba in (2048, 4096):
            file.seek(lba * 512)
            file.write(model.superblock())
    model.card, model.blocks = own, blocks


def added(image, old, vault):
    words = [old, "--vault", vault, "--keys", f"{image}.keys", "--camera", f"{image}.camera"]
    done = CliRunner().invoke(vault_cli.app, ["add", *map(str, words)])
    assert done.exit_code == 0, done.output


def where(vault):
    """What the custody entries say of the card that is gone."""
    chain = [Entry(p.read_bytes()).words for p in sorted(Path(vault).rglob("custody/*/*.json"))]
    return [words["other_card"] for words in chain if "other_card" in words]


def test_a_card_whose_segments_nobody_has_keeps_the_epoch(tmp_path, line, changed):
    image, _, model = changed
    log = [bytes(page) for page in FakeCamera(image).log.pages]
    camera = FakeCamera(image)
    report = docked(line, image, tmp_path / "v", camera)
    assert reasons(report) == ["other_card"] and camera.epoch == 1
    said = report.not_safe[0]
    assert "(3): 0-2. Put that card back" in said["en"]
    assert f"dock --port {line[1]} --card-lost" in said["en"] and "--card-lost" in said["de"]
    assert [page[8:10] for page in log] == [bytes(p[8:10]) for p in camera.log.pages[: len(log)]]
    assert not list(tmp_path.rglob("custody/*")) and not list(tmp_path.rglob("check-*"))


def test_once_the_vault_has_the_old_card_the_camera_goes_on_with_the_new(tmp_path, line, changed):
    image, old, model = changed
    added(image, old, tmp_path / "v")
    camera = FakeCamera(image)
    report = docked(line, image, tmp_path / "v", camera)
    assert (reasons(report), report.recordings, report.released) == ([], 3, 3)
    assert (camera.epoch, camera.released_to, camera.next, camera.own_card) == (2, 3, 3, NEW)
    assert stored(tmp_path / "v", model) == model.blocks
    assert where(tmp_path / "v") == [
        {"now": NEW.hex(), "given_up": False, "segments": {"card": [0, 1, 2]}}
    ]
    found = verify(*given(f"{tmp_path}/v/cameras/{model.device.hex()}/000001"))
    assert (found["verdict"], found["complete"]) == ("torn-tail", True)
    assert check(Vault(tmp_path / "v")).findings == []
    assert reasons(docked(line, image, tmp_path / "v", "there")) == [] and camera.epoch == 2


def test_a_card_that_is_given_up_is_entered_with_what_nobody_has(tmp_path, line, changed):
    image, old, model = changed
    added(image, old, tmp_path / "v")
    next((tmp_path / "v").rglob("segment-00000001-*")).unlink()
    two = next((tmp_path / "v").rglob("segment-00000002-*"))
    two.write_bytes(two.read_bytes()[:-1])
    camera = FakeCamera(image)
    report = docked(line, image, tmp_path / "v", camera)
    assert reasons(report) == ["other_card"] and ": 1-2." in report.not_safe[0]["en"]
    assert camera.epoch == 1
    report = docked(line, image, tmp_path / "v", "there", card_lost=True)
    assert (reasons(report), report.released) == (["card_lost"], 1)
    assert (camera.epoch, camera.released_to, camera.own_card) == (2, 3, NEW)
    places = {"card": [0], "lost": [1], "damaged": [2]}
    assert where(tmp_path / "v") == [{"now": NEW.hex(), "given_up": True, "segments": places}]
    # Found again: not to be recorded over before somebody has read it.
    shutil.copy(old, image)
    camera.card = model.card
    report = docked(line, image, tmp_path / "v", "there", card_lost=True)
    assert reasons(report) == ["found_card"] and camera.epoch == 2


def test_a_recording_that_was_cut_at_once_is_not_missed_when_the_card_was_read(tmp_path, line):
    image, model = recorded(tmp_path / "a.img", recordings=1, frames=4)
    model.start_recording()
    model.start_segment()
    model.save_log(f"{image}.camera")
    model.blocks = {key: data for key, data in model.blocks.items() if key[0] == 0}
    (tmp_path / "old").mkdir()
    old = shutil.copy(image, tmp_path / "old" / "a.img")
    put(image, model, NEW)
    camera = FakeCamera(image)
    report = docked(line, image, tmp_path / "v", camera)
    assert reasons(report) == ["other_card"] and ": 0-1." in report.not_safe[0]["en"]
    added(image, old, tmp_path / "v")
    assert reasons(docked(line, image, tmp_path / "v", "there")) == [] and camera.epoch == 2
    assert where(tmp_path / "v")[0]["segments"] == {"card": [0], "empty": [1]}


def test_what_earlier_epochs_left_on_the_old_card_counts_too(
    tmp_path,
    line,
    left_over,  # noqa: F811
):
    image, model, camera = left_over
    put(image, model, NEW)
    camera.card = NEW
    report = docked(line, image, tmp_path / "v", "there")
    assert reasons(report) == ["other_card"] and "(1): 1." in report.not_safe[0]["en"]
    report = docked(line, image, tmp_path / "v", "there", card_lost=True)
    assert reasons(report) == ["card_lost"] and (camera.epoch, camera.released_to) == (3, 2)
    assert where(tmp_path / "v")[0]["segments"] == {"camera": [0], "lost": [1]}


def test_another_cameras_card_is_not_taken(tmp_path, line, changed):
    image, old, model = changed
    other, _ = recorded(tmp_path / "b.img", recordings=0, seed=2)
    shutil.copy(f"{other}.keys/station.json", f"{image}.keys/other.json")
    _, owner = recorded(tmp_path / "c.img", recordings=0, seed=2)
    put(image, model, owner.card)
    added(image, old, tmp_path / "v")
    camera = FakeCamera(image)
    report = docked(line, image, tmp_path / "v", camera, card_lost=True)
    assert reasons(report) == ["others_card"] and camera.epoch == 1


def test_a_card_is_given_up_for_one_camera_that_is_named(tmp_path):
    image, _ = recorded(tmp_path / "a.img", recordings=0)
    words = "--vault", tmp_path / "v", "--keys", f"{image}.keys", "--card-lost"
    done = CliRunner().invoke(cli.app, list(map(str, words)))
    assert done.exit_code == 2 and "takes one camera" in done.stderr
    assert not (tmp_path / "v").exists()
