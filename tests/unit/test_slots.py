"""The two slots: what is taken, what is refused, what starts."""

import hashlib
import json
import random

import pyhsslms
import pytest

from bodycam.slots import Refused, Slots
from bodycam.update import Update

FILES = {
    "board.mpy": b"M\x06board" * 40,
    "bodycam/app.mpy": b"M\x06app" * 900,
    "drivers/led.mpy": b"M\x06led" * 30,
}


@pytest.fixture
def key():
    return pyhsslms.LmsPrivateKey(pyhsslms.lms_sha256_m32_h5, pyhsslms.lmots_sha256_n32_w2)


def release(key, number, files=FILES, board="it"):
    """Return a release: its manifest, signature and files."""
    about = {name: [len(data), hashlib.sha256(data).hexdigest()] for name, data in files.items()}
    row = {"board": board, "version": "1", "number": number, "files": about}
    manifest = json.dumps(row).encode()
    return manifest, key.sign(manifest), files


@pytest.fixture
def boot(tmp_path, key):
    """A function that starts the camera: what `enter` chose, and its slots."""

    trusted = key.publicKey().serialize()

    def start(public=trusted):
        slots = Slots("it", public, str(tmp_path))
        return slots.enter().removeprefix(str(tmp_path)), slots

    return start


def install(slots, manifest, signature, files, piece=500):
    """Give a release to the camera, as the dock does."""
    for path in slots.begin(manifest, signature):
        for at in range(0, len(files[path]), piece):
            slots.write(path, at, files[path][at : at + piece])
    assert slots.verify() == []
    slots.switch()


def test_without_any_release_what_was_flashed_starts(boot):
    folder, slots = boot()
    assert folder == "" and slots.running == "" and not slots.on_trial
    slots.confirm()
    assert slots.status() == {
        "running": "",
        "number": 0,
        "on_trial": False,
        "least": 0,
        "failed": 0,
    }


def test_a_release_is_tried_confirmed_and_stays(boot, key, tmp_path):
    install(boot()[1], *release(key, 3))
    folder, slots = boot()
    assert folder == "/a" and slots.on_trial and slots.status()["number"] == 3
    assert (tmp_path / "a/bodycam/app.mpy").read_bytes() == FILES["bodycam/app.mpy"]
    slots.confirm()
    assert not slots.on_trial
    for _ in range(2):
        folder, slots = boot()
        assert folder == "/a" and not slots.on_trial and slots.status()["least"] == 3


def test_the_next_release_takes_the_other_slot_and_its_failure_falls_back(boot, key):
    install(boot()[1], *release(key, 1))
    boot()[1].confirm()
    install(boot()[1], *release(key, 2))
    assert boot()[0] == "/b"  # and does not come to `confirm`
    folder, slots = boot()
    assert folder == "/a" and slots.gave_up == slots.status()["failed"] == 2
    folder, slots = boot()
    assert folder == "/a" and slots.gave_up == 0 and slots.status()["failed"] == 2
    install(slots, *release(key, 3))
    boot()[1].confirm()
    assert boot()[0] == "/b" and boot()[1].status()["failed"] == 0


def test_a_first_release_that_fails_leaves_what_was_flashed(boot, key):
    install(boot()[1], *release(key, 1))
    assert boot()[0] == "/a"
    assert boot()[0] == ""


def test_an_older_release_and_the_same_one_are_refused(boot, key):
    old, same = release(key, 4), release(key, 5)
    install(boot()[1], *same)
    boot()[1].confirm()
    slots = boot()[1]
    for manifest, signature, _ in (old, same):
        with pytest.raises(Refused, match="not newer than 5"):
            slots.begin(manifest, signature)


def test_what_is_not_signed_or_for_another_board_is_refused(boot, key, tmp_path):
    manifest, signature, _ = release(key, 1)
    other = pyhsslms.LmsPrivateKey(pyhsslms.lms_sha256_m32_h5, pyhsslms.lmots_sha256_n32_w2)
    slots = boot()[1]
    for words in (
        (manifest.replace(b": 1", b": 2"), signature),
        (manifest, signature[:-1] + bytes([signature[-1] ^ 1])),
        release(other, 9)[:2],
        (manifest, b""),
    ):
        with pytest.raises(Refused, match="not signed"):
            slots.begin(*words)
    with pytest.raises(Refused, match="a release for that"):
        slots.begin(*release(key, 1, board="that")[:2])
    with pytest.raises(Refused, match="not signed"):
        boot(public=None)[1].begin(manifest, signature)
    assert not (tmp_path / "a").exists() and not (tmp_path / "slots.json").exists()


@pytest.mark.parametrize(
    "path",
    ["main.py", "../main.py", "bodycam/app.py", "/board.mpy", "bodycam/.mpy", "lib/x.mpy"]
    + ["bodycam/../x.mpy", "slots.json", "bodycam\\x.mpy", "", "a/b/c.mpy"],
)
def test_even_a_signed_release_writes_nowhere_else(path, boot, key):
    with pytest.raises(Refused, match="not a file of the firmware"):
        boot()[1].begin(*release(key, 1, {path: b"x"})[:2])


def test_too_much_is_refused(boot, key):
    manifest, signature, files = release(key, 1, {"board.mpy": b"x"})
    many = {f"bodycam/x{i}.mpy": b"x" for i in range(101)}
    with pytest.raises(Refused, match="too large"):
        boot()[1].begin(*release(key, 1, many)[:2])
    slots = boot()[1]
    slots.begin(manifest, signature)
    with pytest.raises(Refused, match="longer"):
        slots.write("board.mpy", 0, b"xy")
    with pytest.raises(Refused, match="no file"):
        slots.write("bodycam/app.mpy", 0, b"")


def test_a_gap_and_a_piece_that_comes_twice(boot, key):
    manifest, signature, files = release(key, 1)
    slots = boot()[1]
    slots.begin(manifest, signature)
    data = files["bodycam/app.mpy"]
    assert slots.write("bodycam/app.mpy", 0, data[:100]) == 100
    with pytest.raises(Refused, match="a gap"):
        slots.write("bodycam/app.mpy", 200, data[200:300])
    with pytest.raises(Refused, match="a gap"):
        slots.write("bodycam/app.mpy", 50, data[50:100])
    assert slots.write("bodycam/app.mpy", 0, data) == len(data)
    assert slots.verify() == ["board.mpy", "drivers/led.mpy"]
    with pytest.raises(Refused, match="not complete"):
        slots.switch()


def test_an_interrupted_release_goes_on_after_a_boot(boot, key):
    manifest, signature, files = release(key, 1)
    slots = boot()[1]
    assert len(slots.begin(manifest, signature)) == 3
    slots.write("board.mpy", 0, files["board.mpy"])
    slots.write("bodycam/app.mpy", 0, b"half")
    slots = boot()[1]
    with pytest.raises(Refused, match="not complete"):
        slots.switch()
    assert sorted(slots.begin(manifest, signature)) == ["bodycam/app.mpy", "drivers/led.mpy"]


def test_what_was_changed_on_the_flash_is_not_started(boot, key, tmp_path, seed):
    rng = random.Random(seed)
    install(boot()[1], *release(key, 1))
    boot()[1].confirm()
    assert boot()[0] == "/a"
    names = [*FILES, "manifest.json", "manifest.lms"]
    for name in names:
        path = tmp_path / "a" / name
        data = bytearray(path.read_bytes())
        for _ in range(4):
            at, bit = rng.randrange(len(data)), 1 << rng.randrange(8)
            data[at] ^= bit
            path.write_bytes(data)
            assert boot()[0] == "", (name, at)
            data[at] ^= bit
        path.write_bytes(data)
    assert boot()[0] == "/a"
    (tmp_path / "a" / "board.mpy").unlink()
    assert boot()[0] == ""


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"confirmed": 1}', "\x00\x01", '"a"'])
def test_a_state_that_is_not_ours_starts_what_was_flashed(text, boot, key, tmp_path):
    install(boot()[1], *release(key, 1))
    (tmp_path / "slots.json").write_text(text)
    assert boot()[0] == ""


def test_files_that_the_new_release_has_not_are_gone(boot, key, tmp_path):
    for number in (1, 2):
        install(boot()[1], *release(key, number))
        boot()[1].confirm()
    (tmp_path / "a" / "bodycam" / "app.py").write_bytes(b"would go first")
    install(boot()[1], *release(key, 3, {"board.mpy": b"new"}))
    left = {p.relative_to(tmp_path / "a").as_posix() for p in (tmp_path / "a").rglob("*.*")}
    assert left == {"board.mpy", "manifest.json", "manifest.lms"}


def test_while_a_release_is_on_trial_there_is_no_other(boot, key):
    install(boot()[1], *release(key, 1))
    slots = boot()[1]
    with pytest.raises(Refused, match="on trial"):
        slots.begin(*release(key, 2)[:2])


def test_a_trial_that_cannot_be_noted_is_not_begun(boot, key, tmp_path):
    install(boot()[1], *release(key, 1))
    boot()[1].confirm()
    install(boot()[1], *release(key, 2))
    blocked = tmp_path / "slots.json.new"
    blocked.mkdir()
    assert boot()[0] == "/a"
    blocked.rmdir()
    folder, slots = boot()
    assert folder == "/b"
    blocked.mkdir()
    slots.confirm()  # is not kept, and does no harm
    blocked.rmdir()
    folder, slots = boot()
    assert folder == "/a" and slots.gave_up == 2


def begin(update, manifest, signature, piece=1800):
    """Begin as a station does, in pieces; return the last answer."""
    text = manifest + signature
    about = {"do": 0, "k": len(manifest), "n": len(text)}
    for at in range(0, len(text), piece):
        answer = update({**about, "o": at, "d": text[at : at + piece]})
    return answer


def test_a_dock_installs_a_release_by_one_function(boot, key):
    manifest, signature, files = release(key, 1)
    slots = boot()[1]
    update = Update(slots)
    need = begin(update, manifest, signature)["need"]
    assert sorted(need) == sorted(files)
    for path in need:
        body = {"do": 1, "f": path, "o": 0, "d": files[path]}
        assert update(body) == {"n": len(files[path])}
    assert update({"do": 3}) == slots.status()
    assert update({"do": 2}) == {}
    assert boot()[0] == "/a"


def test_a_begin_whose_answer_was_lost_goes_on_where_it_is(boot, key):
    manifest, signature, files = release(key, 1)
    update, text = Update(boot()[1]), manifest + signature
    about = {"do": 0, "k": len(manifest), "n": len(text)}
    for at in (0, 100, 100, 300):  # 100 twice; 200 was never heard
        answer = update({**about, "o": at, "d": text[at : at + 100]})
    assert answer == {"n": 200}
    assert sorted(update({**about, "o": 200, "d": text[200:]})["need"]) == sorted(files)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"do": 4},
        {"do": None},
        {"do": 0},
        {"do": 0, "o": 0, "k": 1 << 40, "n": 1 << 41, "d": b""},
        {"do": 0, "o": 0, "k": 1, "n": 5, "d": "text!"},
        {"do": 0, "o": 0, "k": 5, "n": 5, "d": b"xxxxx"},
        {"do": 0, "o": 0, "k": 2, "n": 5, "d": b"xxxxx"},
        {"do": 0, "o": 0, "k": "1", "n": None, "d": b""},
        {"do": 1},
        {"do": 1, "f": "board.mpy", "o": 0, "d": b"x"},
        {"do": 1, "f": [], "o": 0, "d": b"x"},
        {"do": 1, "f": {}, "o": 0, "d": b"x"},
        {"do": 2},
    ],
)
def test_whatever_a_dock_asks_is_answered(body, boot, tmp_path):
    assert set(Update(boot()[1])(body)) == {"why"}
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "body",
    [
        {"do": 1, "f": "board.mpy", "o": -1, "d": b"x"},
        {"do": 1, "f": "board.mpy", "o": 1 << 40, "d": b"x"},
        {"do": 1, "f": "board.mpy", "o": "0", "d": b"x"},
        {"do": 1, "f": "board.mpy", "o": 0, "d": 5},
        {"do": 1, "f": "board.mpy", "o": 0, "d": "text"},
        {"do": 2},
    ],
)
def test_whatever_a_dock_writes_into_a_release_is_answered(body, boot, key):
    manifest, signature, _ = release(key, 1)
    slots = boot()[1]
    update = Update(slots)
    begin(update, manifest, signature)
    assert set(update(body)) == {"why"}
    assert len(slots.verify()) == 3
