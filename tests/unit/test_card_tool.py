"""`card new` and the command line: what is made, what is refused, what is printed."""

import json
import shutil
import struct
import subprocess
import sys
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from model_writer import Camera, chain, cmac, kdf, key_id, u32
from typer.testing import CliRunner

from tools import cli as tools
from tools.evidence import card, cli
from tools.evidence.case import beside
from tools.evidence.errors import InputError
from tools.evidence.keyring import Keyring
from tools.evidence.verdict import verify

SMALL = card.SMALLEST_BYTES


@pytest.fixture
def fresh(tmp_path):
    image = tmp_path / "card.img"
    card.new(image, SMALL, seed=7)
    return image


def run(*words):
    return CliRunner().invoke(cli.app, [str(word) for word in words])


def volume(image):
    """The exFAT volume of a card as bytes."""
    data = image.read_bytes()
    start, size = struct.unpack_from("<II", data, 446 + 8)
    return data[start * 512 : (start + size) * 512]


# What is made --------------------------------------------------------------------------------


def test_a_new_card_is_intact_and_empty(fresh):
    result = verify(fresh, *beside(fresh))
    assert (result["verdict"], result["complete"], result["authenticated"]) == (
        "intact",
        True,
        True,
    )
    assert (result["segments"], result["findings"]) == (0, [])


def test_the_image_is_sparse_and_as_large_as_asked(tmp_path):
    made = card.new(tmp_path / "big.img", 32 << 30)
    image = tmp_path / "big.img"
    assert image.stat().st_size == made["size_bytes"] == 32 << 30
    assert image.stat().st_blocks * 512 < 1 << 20
    assert made["segments"] == 8189
    verify(image, *beside(image))


def test_the_superblocks_are_as_the_format_says(fresh):
    data = fresh.read_bytes()
    block = data[2048 * 512 : 2048 * 512 + 512]
    assert block == data[4096 * 512 : 4096 * 512 + 512]
    assert block[:8] == b"BWS1" + u32(1)
    assert struct.unpack_from("<3I", block, 24) == (16_384, 256, 24_576)
    assert struct.unpack_from("<II", block, 36) == (4, 1_780_293_600)
    assert block[44:480] == bytes(436)
    assert block[480:] == sha256(block[:480]).digest()
    assert data[24_576 * 512 :] == bytes(4 * 4 * 1024 * 1024)


def test_the_log_opens_the_epoch_and_nothing_else(fresh):
    log = (fresh.parent / "card.img.camera" / "log.bin").read_bytes()
    station = json.loads((fresh.parent / "card.img.keys" / "station.json").read_text())
    device, check = bytes.fromhex(station["device_id"]), bytes.fromhex(station["check_seed"])
    assert len(log) == 1 << 20 and log[3 * 256 :] == b"\xff" * (len(log) - 768)
    pages = [log[i * 256 : (i + 1) * 256] for i in range(3)]
    assert [struct.unpack_from("<4sIH", page) for page in pages] == [
        (b"BWL1", 0, 1),
        (b"BWL1", 1, 2),
        (b"BWL1", 2, 2),
    ]
    mac = bytes(16)
    for s, page in enumerate(pages):
        assert page[32:48] == mac
        mac = page[144:160]
        assert mac == cmac(kdf(chain(check, s), "log"), page[:144])
        assert page[232:] == b"\xff" * 24
    # Only the newest entry holds keys, and they are the ones of both chains.
    assert pages[0][164:232] == pages[1][164:232] == bytes(68)
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    for page, name in zip(pages[1:], ("agency", "recovery")):
        pem = (fresh.parent / "card.img.keys" / f"{name}.pem").read_bytes()
        private = load_pem_private_key(pem, None)
        assert (
            page[48:56] == key_id(private.public_key()) == bytes.fromhex(station[f"{name}_key_id"])
        )
        read = suite.decrypt(page[56:136], private, info=b"bodycam READ 1" + device + u32(1))
        assert pages[2][164:196] == chain(read, 3)
    assert pages[2][196:228] == chain(check, 3)


def test_the_keys_are_private_and_of_the_right_kinds(fresh):
    folder = fresh.parent / "card.img.keys"
    kinds = {
        path.name: type(load_pem_private_key(path.read_bytes(), None))
        for path in folder.glob("*.pem")
    }
    for name, base in (
        ("agency.pem", X25519PrivateKey),
        ("recovery.pem", X25519PrivateKey),
        ("export.pem", Ed25519PrivateKey),
    ):
        assert issubclass(kinds[name], base)
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())
    keys = Keyring([folder])
    assert len(keys.checks) == 1 and len(keys.viewers) == 2 and keys.signer


def test_everything_follows_from_the_seed_but_the_sealed_copies(tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        card.new(tmp_path / name, SMALL, seed=seed)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()
    for file in ("agency.pem", "recovery.pem", "export.pem", "station.json"):
        same = [(tmp_path / f"{name}.keys" / file).read_bytes() for name in "abc"]
        assert same[0] == same[1] != same[2]
    logs = [(tmp_path / f"{name}.camera" / "log.bin").read_bytes() for name in "ab"]
    assert logs[0][164 + 512 : 232 + 512] == logs[1][164 + 512 : 232 + 512]


def test_without_a_seed_no_two_cards_are_alike(tmp_path):
    ids = {card.new(tmp_path / name, SMALL)["card_id"] for name in "ab"}
    assert len(ids) == 2


# The volume that a PC sees -------------------------------------------------------------------


def test_the_volume_holds_one_contiguous_file_where_the_segments_are(fresh):
    data = fresh.read_bytes()
    assert data[446 + 4] == 7 and data[510:512] == b"\x55\xaa"
    start, size = struct.unpack_from("<II", data, 446 + 8)
    assert start == 8192 and (start + size) * 512 == len(data)
    boot = data[start * 512 :]
    assert boot[3:11] == b"EXFAT   " and boot[11:64] == bytes(53)
    heap = struct.unpack_from("<I", boot, 88)[0]
    root_cluster = struct.unpack_from("<I", boot, 96)[0]
    cluster = 1 << (boot[108] + boot[109])
    root = boot[heap * 512 + (root_cluster - 2) * cluster :][:192]
    assert root[:2] == b"\x83\x07" and root[2:16].decode("utf-16-le") == "BODYCAM"
    assert [root[i * 32] for i in range(6)] == [0x83, 0x81, 0x82, 0x85, 0xC0, 0xC1]
    stream = root[128:160]
    first, length = (
        struct.unpack_from("<I", stream, 20)[0],
        struct.unpack_from("<Q", stream, 24)[0],
    )
    assert stream[1] == 3 and length == 4 * 4 * 1024 * 1024
    assert struct.unpack_from("<Q", stream, 8)[0] == length
    assert start * 512 + heap * 512 + (first - 2) * cluster == 24_576 * 512
    assert root[162:186].decode("utf-16-le") == "EVIDENCE.BWL"


def test_the_boot_region_and_its_copy_check(fresh):
    boot = volume(fresh)
    assert boot[: 12 * 512] == boot[12 * 512 : 24 * 512]
    total = 0
    for i, byte in enumerate(boot[: 11 * 512]):
        if i not in (106, 107, 112):
            total = ((total >> 1 | (total & 1) << 31) + byte) & 0xFFFFFFFF
    assert boot[11 * 512 : 12 * 512] == u32(total) * 128


@pytest.mark.full
@pytest.mark.parametrize("size", [SMALL, SMALL + 4096 * 512, 1 << 30, 200 << 30])
def test_the_volume_passes_the_file_system_check(tmp_path, size):
    assert shutil.which("fsck.exfat"), (
        "the package exfatprogs of this computer's system is missing"
    )
    card.new(tmp_path / "card.img", size)
    part = tmp_path / "volume"
    with open(tmp_path / "card.img", "rb") as source, open(part, "wb") as target:
        head = source.read(512)
        start, sectors = struct.unpack_from("<II", head, 446 + 8)
        source.seek(start * 512)
        # The two boot regions, the table, and the clusters before the file; the rest is zero.
        target.write(source.read(8 << 20))
        target.truncate(sectors * 512)
    done = subprocess.run(["fsck.exfat", "-n", part], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "clean. directories 1, files 1" in done.stdout


# What is refused -----------------------------------------------------------------------------


def test_too_small_names_the_smallest(tmp_path):
    with pytest.raises(InputError, match=f"smallest is {SMALL}"):
        card.new(tmp_path / "card.img", SMALL - 512)
    with pytest.raises(InputError, match="too large"):
        card.new(tmp_path / "card.img", 2000 << 30)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["card.img", "card.img.camera", "card.img.keys"])
def test_nothing_is_ever_overwritten(tmp_path, there):
    (tmp_path / there).write_text("mine")
    with pytest.raises(InputError, match=f"{there} is already there"):
        card.new(tmp_path / "card.img", SMALL)
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "mine"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["_write_keys", "_write_image", "os.rename"])
def test_nothing_half_written_is_left(tmp_path, monkeypatch, error, step):
    real, calls = card.os.rename, []

    def failing(*arguments):
        calls.append(arguments)
        if step != "os.rename" or len(calls) == 3:
            raise error
        return real(*arguments)

    monkeypatch.setattr(card.os if step == "os.rename" else card, step.split(".")[-1], failing)
    with pytest.raises(InputError if isinstance(error, OSError) else KeyboardInterrupt):
        card.new(tmp_path / "card.img", SMALL)
    assert list(tmp_path.iterdir()) == []


def test_what_an_earlier_crash_left_is_no_obstacle(tmp_path):
    (tmp_path / "card.img.part").write_text("half")
    (tmp_path / "card.img.keys.part").mkdir()
    card.new(tmp_path / "card.img", SMALL)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "card.img",
        "card.img.camera",
        "card.img.keys",
    ]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="no folder .*nowhere"):
        card.new(tmp_path / "nowhere" / "card.img", SMALL)


# The command line ----------------------------------------------------------------------------


@pytest.fixture
def filled(tmp_path):
    camera = Camera()
    camera.record()
    camera.record(seal=False)
    camera.cut()
    return camera.save(tmp_path / "card.img")


def test_new_makes_what_verify_and_info_read(tmp_path):
    image = tmp_path / "card.img"
    made = run("new", image, "--size", "28M", "--seed", 1, "--json")
    assert made.exit_code == 0
    assert json.loads(made.stdout)["segments"] == 4
    done = run("verify", image)
    assert done.stdout.startswith("INTACT: nothing recorded, and nothing is missing.")
    assert "Read: nothing recorded\n" in done.stdout
    assert "No recordings." in run("info", image).stdout


def test_json_is_one_object_and_nothing_else(filled):
    for command in ("verify", "info"):
        done = run(command, filled, "--json")
        assert done.exit_code == 0 and done.stderr == ""
        assert isinstance(json.loads(done.stdout), dict)


def test_words_come_with_the_verdict_first(filled):
    done = run("verify", filled)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("TORN TAIL")
    assert lines[1:3] == ["Complete: yes", "Written by this camera: yes"]
    assert lines[3].startswith("Read: 2 recordings, 2 segments, ")
    assert any(line.startswith("- torn-tail: Segment 1 (recording 2)") for line in lines)


def test_the_status_follows_the_verdict(filled):
    assert run("verify", filled).exit_code == 0
    with open(filled, "r+b") as file:
        file.seek(Camera().at(0, 1) + 5000)
        file.write(b"\x00\x01\x02")
    done = run("verify", filled, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["verdict"] == "damaged"
    assert run("verify", filled).stdout.startswith("DAMAGED")


def test_how_many_pictures_are_left_is_said_where_the_seals_tell(tmp_path):
    camera = Camera()
    camera.record(frames=60)
    image = camera.save(tmp_path / "card.img")
    before = json.loads(run("verify", image, "--json").stdout)["frames"]
    assert "can still be read" not in run("verify", image).stdout
    with open(image, "r+b") as file:
        file.seek(camera.at(0, 2) + 5000)
        file.write(b"\x00\x01\x02")
    left = json.loads(run("verify", image, "--json").stdout)["frames"]
    told = f"Pictures that can still be read: {left} of {before}; lost: {before - left}."
    assert 0 < left < before and told in run("verify", image).stdout.splitlines()


def test_what_is_not_ours_is_status_2_and_one_line(tmp_path, capsys):
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    for command in ("verify", "info"):
        assert tools.run("tools", ["card", command, str(tmp_path / "photo.jpg")]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.startswith("tools card: ") and err.count("\n") == 1
        assert tools.run("tools", ["card", command, str(tmp_path / "photo.jpg"), "--json"]) == 2
        assert "not a card of ours" in json.loads(capsys.readouterr().out)["error"]
    assert tools.run("tools", ["card", "new", str(tmp_path / "a.img"), "--size", "many"]) == 2


def test_keys_and_camera_beside_the_image_are_the_default(filled, tmp_path):
    camera, keys = tmp_path / "card.img.camera", tmp_path / "card.img.keys"
    camera.rename(tmp_path / "elsewhere")
    assert json.loads(run("verify", filled, "--json").stdout)["complete"] is None
    named = run("verify", filled, "--camera", tmp_path / "elsewhere", "--json")
    assert json.loads(named.stdout)["complete"] is True
    keys.rename(tmp_path / "safe")
    bare = run("verify", filled, "--camera", tmp_path / "elsewhere", "--json")
    assert json.loads(bare.stdout)["authenticated"] is False
    words = ["--camera", tmp_path / "elsewhere", "--keys", tmp_path / "safe", "--json"]
    assert json.loads(run("verify", filled, *words).stdout)["authenticated"] is True


def test_why_a_start_is_not_known_is_said(tmp_path):
    camera = Camera()
    camera.record(trust=0)
    image = camera.save(tmp_path / "card.img")
    said = run("info", image).stdout
    assert "not known" in said and "clock not set" in said and "without keys" not in said
    (tmp_path / "card.img.camera").rename(tmp_path / "log")
    (tmp_path / "card.img.keys").rename(tmp_path / "keys")
    said = run("info", image).stdout
    assert "not readable without keys" in said and "clock not set" not in said


def test_verify_does_not_load_what_only_export_needs(filled):
    script = (
        "import sys; from tools.evidence.verdict import verify; "
        f"verify({str(filled)!r}); "
        "assert not {'av', 'typer', 'rich', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=cli.Path(__file__).parents[2])
