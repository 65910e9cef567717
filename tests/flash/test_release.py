"""`release`: keys that never sign twice with one leaf, and folders that a camera takes."""

import ast
import json
import stat

import pyhsslms
import pytest

from bodycam.lms import verify
from bodycam.slots import Refused, Slots
from tools import boards_command, cli
from tools.flash import install
from tools.flash.release import _store

PROGRAM = "python3 -m tools"


def release(capsys, *words):
    """Run the command; return its status, what it said as JSON, and its errors."""
    status = cli.run(PROGRAM, ["release", *map(str, words)])
    out, err = capsys.readouterr()
    return status, json.loads(out) if out.startswith("{") else None, err


@pytest.fixture
def made(tmp_path):
    """A release key's file, as `new-key` makes it."""
    path = tmp_path / "release.key"
    small = pyhsslms.LmsPrivateKey(pyhsslms.lms_sha256_m32_h5, pyhsslms.lmots_sha256_n32_w4)
    _store(path, small)  # 32 releases, to be quick
    path.with_name("release.key.pub").write_bytes(small.publicKey().serialize())
    return path


def sign(capsys, made, folder, number):
    words = ("sign", folder, "--board", "m5stack_cores3", "--key", made, "--number", number)
    return release(capsys, *words, "--json")


def test_a_signed_release_starts_on_a_camera_and_is_within_its_limits(made, tmp_path, capsys):
    folder = tmp_path / "release"
    status, told, _ = sign(capsys, made, folder, 7)
    assert status == 0 and told["number"] == 7
    public = made.with_name("release.key.pub").read_bytes()
    top = tmp_path / "camera"
    top.mkdir()
    slots = Slots("m5stack_cores3", public, str(top))
    manifest = (folder / "manifest.json").read_bytes()
    missing = slots.begin(manifest, (folder / "manifest.lms").read_bytes())
    assert set(missing) == {
        name
        for name in boards_command.camera_files(boards_command.load("m5stack_cores3"))
        if name.endswith(".mpy")
    }
    for name in missing:
        slots.write(name, 0, (folder / name).read_bytes())
    slots.switch()
    slots = Slots("m5stack_cores3", public, str(top))
    assert slots.enter() == f"{top}/a" and slots.status()["number"] == 7
    other = Slots("esp32_s3_eye", public, str(top))
    with pytest.raises(Refused, match="m5stack_cores3"):
        other.begin(manifest, (folder / "manifest.lms").read_bytes())


def test_no_leaf_signs_twice_and_the_counter_is_stored_first(made, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(install, "compiled_files", lambda board: {"board.mpy": b"M"})
    leaves = set()
    left = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        _, told, _ = sign(capsys, made, folder, number)
        signature = (folder / "manifest.lms").read_bytes()
        leaves.add(signature[:4])
        left.append(told["left"])
        public = made.with_name("release.key.pub").read_bytes()
        assert verify(public, (folder / "manifest.json").read_bytes(), signature)
    assert len(leaves) == 2 and left[0] == left[1] + 1
    before = made.read_bytes()
    (tmp_path / "file").touch()
    assert sign(capsys, made, tmp_path / "file" / "release", 3)[0] == 2
    assert made.read_bytes() != before


def test_a_number_that_is_no_higher_is_refused_and_uses_no_leaf(
    made, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(install, "compiled_files", lambda board: {"board.mpy": b"M"})
    assert sign(capsys, made, tmp_path / "a", 5)[0] == 0
    before = made.read_bytes()
    for number in (5, 4):
        status, _, err = sign(capsys, made, tmp_path / "b", number)
        assert status == 2 and "number this one 6 or higher" in err
    assert made.read_bytes() == before and not (tmp_path / "b").exists()
    assert sign(capsys, made, tmp_path / "b", 6)[0] == 0


def test_a_new_key_is_good_for_1024_releases(tmp_path, capsys):
    key = tmp_path / "new.key"
    status, told, _ = release(capsys, "new-key", key, "--json")
    public = key.with_name("new.key.pub").read_bytes()
    assert status == 0 and bytes.fromhex(told["public"]) == public
    stored = bytes.fromhex(json.loads(key.read_text())["lms"])
    # A tree of 2**10 leaves, digits of 4 bits; no leaf is used.
    assert public[:8] == stored[:8] == b"\0\0\0\6\0\0\0\3" and stored[-4:] == bytes(4)


def test_only_its_owner_reads_a_key_and_none_is_overwritten(made, capsys):
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    before = made.read_bytes()
    status, _, err = release(capsys, "new-key", made)
    assert status == 2 and "never overwritten" in err and made.read_bytes() == before


@pytest.mark.parametrize("text", [None, "", "{}", '{"lms": "00"}', '{"lms": "zz"}', "[]"])
def test_what_is_no_key_is_one_line_and_nothing_is_written(text, tmp_path, capsys):
    path, folder = tmp_path / "key", tmp_path / "release"
    if text is not None:
        path.write_text(text)
    status, _, err = sign(capsys, path, folder, 1)
    assert status == 2 and len(err.strip().splitlines()) == 1
    assert not folder.exists()


def test_a_used_up_key_a_folder_that_exists_and_no_board_are_one_line(made, tmp_path, capsys):
    used = tmp_path / "used"
    stored = json.loads(made.read_text())["lms"]
    used.write_text(json.dumps({"lms": stored[:-8] + "00000020"}))
    status, _, err = sign(capsys, used, tmp_path / "release", 1)
    assert status == 2 and "all it can" in err
    status, _, err = sign(capsys, made, tmp_path, 1)
    assert status == 2 and "there already" in err
    for number in (0, 10**9):
        status, _, err = sign(capsys, made, tmp_path / "release", number)
        assert status == 2 and len(err.splitlines()) == 1
        assert not (tmp_path / "release").exists()
    words = ("sign", tmp_path / "x", "--board", "none", "--key", made, "--number", 1)
    assert release(capsys, *words)[0] == 2


def test_a_frozen_build_takes_the_public_key_along(made, tmp_path, capsys):
    folder, public = tmp_path / "frozen", made.with_name("release.key.pub")
    argv = ["flash", "--board", "m5stack_cores3", "--frozen", str(folder)]
    assert cli.run(PROGRAM, [*argv, "--release-key", str(public)]) == 0
    (key,) = [
        ast.literal_eval(node.value)
        for node in ast.parse((folder / "release.py").read_text()).body
        if isinstance(node, ast.Assign)
    ]
    assert key == public.read_bytes()
    assert 'module("release.py")' in (folder / "manifest.py").read_text()
    capsys.readouterr()
    argv[-1] = str(tmp_path / "again")
    assert cli.run(PROGRAM, [*argv, "--release-key", str(made)]) == 2
    assert "no public release key" in capsys.readouterr().err
    assert not (tmp_path / "again").exists()
    argv = ["flash", "--board", "m5stack_cores3", "--release-key", str(public)]
    assert cli.run(PROGRAM, argv) == 2
