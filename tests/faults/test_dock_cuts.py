"""The power goes at each operation on flash and card while a station changes the epoch or releases
a segment: the camera works on, with one epoch or the other, and the evidence reader agrees.
"""

import contextlib
import json
import struct
from hashlib import sha256

import model_writer
import modelrig
import pytest

from bodycam import epoch, log
from tests.unit.dock_rig import (
    CARD_ID,
    CHECK,
    DEVICE,
    READ,
    Camera,
    PowerCut,
    Restart,
    Station,
    docked,
    enrolled,
)
from tools.evidence.enrol import epoch_log
from tools.evidence.findings import worst
from tools.evidence.keyring import Access
from tools.evidence.log import Log
from tools.evidence.primitives import Chain, Mac, kdf
from tools.evidence.verdict import verify

PARTS = (0, 40, 100)  # how much of the operation was done, in hundredths
NEW = b"k" * 32
SEEDS = {3: (READ, CHECK), 4: (b"r" * 32, NEW)}


def begin_epoch(camera):
    """Do what a station does; return once the camera has restarted, if it got so far."""
    pages = epoch_log(
        device=DEVICE,
        card=CARD_ID,
        epoch=4,
        first=2,
        released=2,
        name="rig",
        utc=1_790_000_000,
        read=SEEDS[4][0],
        check=NEW,
        recipients=[],
    )[:256]
    station = docked(camera)
    digest = station.command(4, {"p": station.wrapped(pages)})["d"]
    with contextlib.suppress(Restart):
        station.command(5, {"d": digest})
    camera.boot()


def long_lived(segments=2):
    """Return a camera whose old log fills several sectors."""
    camera = enrolled(segments=segments)
    for i in range(30):
        camera.log.note(log.MARK, {"i": i})
    return camera


def cut(camera, act, at, part):
    """Do `act(camera)` with the power going at operation `at`; return whether it went."""
    camera.flash.part = part
    camera.power_supply.cut_in = at
    try:
        act(camera)
    except PowerCut:
        return True
    finally:
        camera.power_supply.cut_in = 0
    return False


def reader(camera, tmp_path):
    path = tmp_path / "log.bin"
    path.write_bytes(camera.flash.memory)
    return Log(path)


def check_epoch(camera, tmp_path):
    """Hold camera and reader against the promise; return the epoch."""
    seen = reader(camera, tmp_path)  # as it was found, before it booted again
    camera.boot()
    assert camera.fault is None and camera.stage == "idle"
    epoch = camera.log.epoch
    assert epoch in (3, 4)
    assert seen.epoch == epoch and worst(seen.findings) == "intact", seen.findings
    _read, check = SEEDS[epoch]
    station = Station(camera, check)
    assert station.authenticate()["e"] == epoch
    after = reader(camera, tmp_path)
    assert after.authenticate(Access(Chain(check)))
    assert worst(after.findings) == "intact", after.findings
    assert after.epoch == epoch
    memory = bytes(camera.flash.memory)
    assert memory[-4096:] == b"\xff" * 4096
    gone = SEEDS[7 - epoch]  # no key of the other epoch is left
    for chain in map(Chain, gone):
        assert not any(chain.at(s) in memory for s in range(60))
    return epoch


def operations(make, act):
    """Return how many operations `act` takes."""
    camera = make()
    before = camera.power_supply.count
    act(camera)
    return camera.power_supply.count - before


@pytest.mark.parametrize("part", PARTS)
def test_a_cut_at_any_operation_leaves_the_old_or_the_new_epoch(part, tmp_path):
    count, found = operations(long_lived, begin_epoch), []
    for at in range(1, count + 1):
        camera = long_lived()
        assert cut(camera, begin_epoch, at, part), at
        found.append(check_epoch(camera, tmp_path))
    assert found == sorted(found) and set(found) == {3, 4}, "once the new one, always the new one"
    assert count == 10


def test_the_next_epoch_knows_what_the_battery_taught_in_the_last(tmp_path):
    """The whole camera; of two boots the second finds it in the new log."""
    (tmp_path / "it").mkdir()
    rig = modelrig.Rig(modelrig.base(tmp_path), tmp_path / "it", 1)
    use, health = [1100, 900, 1000, 1050, 1200, 60, 61, 62, 63, 50], [123_456, 7, 0, 100, 120]
    kept = json.dumps({"use": use, "mohm": 201, "health": health, "begun": 0}).encode()
    before = Log(f"{rig.image}.camera")
    pages = epoch_log(
        device=before.device,
        card=before.card,
        epoch=before.epoch + 1,
        first=modelrig.PLACES,
        released=modelrig.PLACES,
        name="rig",
        utc=1_790_000_000,
        read=SEEDS[4][0],
        check=NEW,
        recipients=[],
    )[:256]
    assert epoch.confirm(rig.flash, epoch.put_aside(rig.flash, pages, kept))
    for _ in range(2):
        rig.boot()
        knows = rig.app.keeper.report()
        assert (knows["use"][:4], knows["mohm"]) == (use[:4], 201)
        assert knows["cycles"] == 12 and rig.log().epoch == before.epoch + 1


@pytest.mark.parametrize("part", PARTS)
def test_a_second_cut_while_it_recovers_changes_nothing(part, tmp_path):
    count = operations(long_lived, begin_epoch)
    for first in range(1, count + 1, 2):
        for second in (1, 2, 4, 7):
            camera = long_lived()
            cut(camera, begin_epoch, first, part)
            cut(camera, lambda camera: camera.boot(), second, part)
            check_epoch(camera, tmp_path)


@pytest.mark.parametrize("part", PARTS)
def test_a_fresh_camera_is_enrolled_or_still_fresh(part):
    def enrol(camera):
        pages = epoch_log(
            device=DEVICE,
            card=CARD_ID,
            epoch=1,
            first=0,
            released=0,
            name="rig",
            utc=1_790_000_000,
            read=b"r" * 32,
            check=NEW,
            recipients=[],
        )[:256]
        station = Station(camera)
        station.authenticate()
        digest = station.command(4, {"p": station.wrapped(pages)})["d"]
        with contextlib.suppress(Restart):
            station.command(5, {"d": digest})
        camera.boot()

    def fresh():
        return Camera().boot()

    for at in range(1, operations(fresh, enrol) + 1):
        camera = fresh()
        assert cut(camera, enrol, at, part)
        camera.boot()
        if camera.fault:
            assert camera.fault == "not_enrolled"
            enrol(camera)  # and can be enrolled
        assert camera.fault is None and camera.log.epoch == 1
        Station(camera, NEW).authenticate()


# Release


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A card with three recordings, its log and keys."""
    model = model_writer.Camera(places=4)
    for frames in (6, 3, 5):
        model.record(frames)
    model.path = model.save(tmp_path_factory.mktemp("cuts") / "card.img")
    return model


def with_card(model):
    """Return the camera that recorded it, booted."""
    camera = Camera(places=4, card_id=model.card, flash_bytes=64 * 1024)
    image = b"".join(bytes(page) for page in model.pages)
    camera.flash.memory[: len(image)] = image
    camera.device.sectors = model.at(model.places - 1, 256) // 512
    camera.device.put(2048, model.superblock())
    for (n, b), block in model.blocks.items():
        camera.device.put(model.at(n, b) // 512, block)
    return camera.boot()


def opened(model, n):
    for page in model.pages:
        if page[8] == log.OPEN and page[48:52] == struct.pack("<I", n):
            return int.from_bytes(page[4:8], "little")
    raise AssertionError


def release(model, camera, n=1):
    digests = [block[16_332:16_364] for (m, _), block in sorted(model.blocks.items()) if m == n]
    what = struct.pack("<II", n, len(digests)) + sha256(b"".join(digests)).digest()
    token = Mac(kdf(Chain(model.check_seed).at(opened(model, n)), b"release")).of(what)
    station = docked(camera, model.check_seed)
    return station.release(n, len(digests), token, what[8:])


def verdict(model, camera):
    """Return what the reader says of the card and the log as they are now."""
    image = model.path
    with open(image, "r+b") as file:
        for at, block in model.blocks.items():
            file.seek(model.at(*at))
            first = model.at(*at) // 512
            sectors = range(first, first + len(block) // 512)
            file.write(b"".join(camera.device.content.get(lba, bytes(512)) for lba in sectors))
    (image.parent / "card.img.camera" / "log.bin").write_bytes(camera.flash.memory)
    return verify(image, f"{image}.camera", [f"{image}.keys"])


@pytest.mark.parametrize("part", PARTS)
def test_a_cut_during_a_release_never_looks_like_a_loss(part, recorded):
    def act(camera):
        assert release(recorded, camera)["fill"] == 0

    count = operations(lambda: with_card(recorded), act)
    assert count == 34
    for at in range(1, count + 1):
        camera = with_card(recorded)
        assert cut(camera, act, at, part)
        camera.boot()
        result = verdict(recorded, camera)
        assert (result["verdict"], result["complete"]) == ("intact", True), (at, result)
        assert result["authenticated"]
        if at in (1, 2, 3, 4, 9, count):
            act(camera)  # the station comes back and does the same again
            result = verdict(recorded, camera)
            assert (result["verdict"], result["segments"]) == ("intact", 2), result
