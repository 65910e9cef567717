"""`doctor`: the camera's own firmware finds its simulated chips, or says which is silent."""

import hashlib
import json
import shutil

import pytest
from pty_camera import Camera

from bodycam import headroom
from tools import cli
from tools.flash import install
from tools.flash.cli import version
from tools.flash.link import Link
from tools.shift import calibrate, recording

pytest_plugins = ["flash_fixtures"]

PROGRAM = "python3 -m tools"
CARD_BYTES = 16 << 20


@pytest.fixture(scope="module")
def flashed(tmp_path_factory, board, compiled):
    """The flash of a camera that has the firmware."""
    folder = tmp_path_factory.mktemp("flashed")
    with Camera(folder) as there, Link(there.port) as link:
        plan = install.Plan(link, board, version(), compiled)
        plan.carry_out(link.call("about"), lambda n: None)
    return folder / "flash"


@pytest.fixture
def camera(tmp_path, flashed):
    """A function that makes a camera with chips: the firmware on it, a card in its slot."""
    clip = tmp_path / "clip"
    clip.mkdir()
    (clip / "clip.rgb").write_bytes(bytes(2 * 320 * 240 * 2))
    (clip / "clip.jpg").write_bytes(b"onetwoo")
    about = {"w": 320, "h": 240, "count": 2, "duration_ms": 400, "starts_ms": [0, 200]}
    about |= {"jpeg_offsets": [0, 3, 7], "jpeg_quality": 80}
    (clip / "clip.json").write_text(json.dumps(about))
    card = tmp_path / "card.img"
    with open(card, "wb") as file:
        file.truncate(CARD_BYTES)
    shutil.copy(flashed, tmp_path / "flash")

    def make(**config):
        config = {"board": "m5stack_cores3", "card": str(card), "camera": None, **config}
        return Camera(tmp_path, clip=str(clip), **config)

    return make


@pytest.fixture
def doctor(chosen, monkeypatch, capsys):
    """A function that runs the command; it returns status and {name: check}."""
    monkeypatch.setattr("tools.flash.doctor._FLOOD_KIB", 8)

    def run(port, *words):
        argv = ["doctor", "--board", "m5stack_cores3", "--json", *words]
        argv += ["--port", str(port)] if port else []
        status = cli.run(PROGRAM, argv)
        out, err = capsys.readouterr()
        assert not err
        checks = json.loads(out)["checks"]
        for row in checks:
            assert row["state"] in ("ok", "look", "warn", "fail")
            assert row["text"].endswith((".", "?")) and "\n" not in row["text"]
        assert (status == 1) == any(row["state"] == "fail" for row in checks)
        return status, {row["name"]: row for row in checks}

    return run


def failed(checks):
    """Return the names of the checks that failed."""
    return {name for name, row in checks.items() if row["state"] == "fail"}


def test_a_sound_camera_passes_and_starts_anew(camera, doctor, board):
    with camera() as there:
        status, checks = doctor(there.port, "--scratch-card")
        assert status == 0, failed(checks)
        assert there.restarts == 1
    assert {name for name, row in checks.items() if row["state"] != "ok"} == {"display"}
    assert checks["display"]["state"] == "look" and "P1_1" in checks["display"]["text"]
    assert checks["battery"]["percent"] == 100 and checks["i2c_after"]["state"] == "ok"
    assert checks["interpreter"]["arch"] == "x64"
    assert checks["firmware"]["version"] == version()
    assert checks["camera"]["fps"] > 8
    assert checks["stall_ms"]["stall_ms"] == headroom.stall_ms(board, audio=False)
    assert sum(checks["card_speed"]["histogram"].values()) == 64
    assert {"AXP2101", "AW9523B", "BM8563", "AW88298", "GC0308", "usb", "aes"} < set(checks)


def test_what_the_board_has_not_is_said_and_no_failure(camera, doctor, board, monkeypatch):
    monkeypatch.delattr(board, "GAUGE")  # the camera's own board file has one
    with camera() as there:
        _, checks = doctor(there.port)
    assert checks["parts"]["state"] == "ok" and "no gauge" in checks["parts"]["text"]


def test_a_card_is_not_written_to_without_leave(camera, doctor, tmp_path):
    with camera() as there:
        _, checks = doctor(there.port)
    assert checks["card_speed"]["state"] == "warn"
    assert (tmp_path / "card.img").read_bytes() == bytes(CARD_BYTES)


@pytest.mark.parametrize("lba", [2048, 4096])
def test_a_card_with_a_superblock_is_never_written_to(lba, camera, doctor, tmp_path):
    card = tmp_path / "card.img"
    with open(card, "r+b") as file:
        file.seek(lba * 512)
        file.write(b"BWS1")
    before = hashlib.sha256(card.read_bytes()).digest()
    with camera() as there:
        _, checks = doctor(there.port, "--scratch-card")
    assert checks["card"]["evidence"] and "evidence" in checks["card_speed"]["text"]
    assert hashlib.sha256(card.read_bytes()).digest() == before


def test_a_camera_without_firmware_is_told_to_be_flashed(camera, doctor, tmp_path):
    (tmp_path / "flash").unlink()
    with camera() as there:
        _, checks = doctor(there.port)
    assert failed(checks) == {"firmware", "parts"}
    assert "tools flash" in checks["firmware"]["text"]
    assert checks["AXP2101"]["state"] == "ok"


def test_a_file_that_is_not_as_the_manifest_says_is_named(camera, doctor):
    with camera() as there:
        with Link(there.port) as link:
            link.put("/bodycam/words.mpy", b"altered")
        _, checks = doctor(there.port)
    assert "bodycam/words.mpy" in checks["firmware"]["text"]


def test_a_silent_chip_and_a_missing_partition_are_named(camera, doctor):
    with camera(absent=["AW88298", "NOR"]) as there:
        _, checks = doctor(there.port)
    assert {"AW88298", "parts", "log"} <= failed(checks)
    assert "aw88298" in checks["parts"]["text"]


def test_a_cipher_that_does_nothing_is_found(camera, doctor):
    with camera(deaf_cipher=True) as there:
        _, checks = doctor(there.port)
    assert "aes" in failed(checks) and checks["sha256"]["state"] == "ok"


def test_a_card_that_is_too_slow_and_no_card_are_said(camera, doctor):
    with camera(slow_pct=100_000) as there:
        _, checks = doctor(there.port, "--scratch-card")
        assert "card_speed" in failed(checks)
    with camera(card=None) as there:
        _, checks = doctor(there.port)
        assert "card" in failed(checks) and "No card" in checks["card"]["text"]


def test_no_camera_is_a_check_that_failed(doctor, monkeypatch):
    monkeypatch.setattr("serial.tools.list_ports.comports", list)
    status, checks = doctor(None)
    assert status == 1 and failed(checks) == {"port"}


def test_a_switch_that_contradicts_the_card_is_said_with_what_the_sources_say(camera, doctor):
    with camera(switch_stuck=1) as there:
        _, checks = doctor(there.port)
    assert "card" in failed(checks) and "esp-bsp" in checks["card"]["text"]


def test_chips_that_are_silent_after_the_camera_are_named(camera, doctor):
    with camera(silent_after_camera="BM8563") as there:
        _, checks = doctor(there.port)
    assert "i2c_after" in failed(checks) and "BM8563" in checks["i2c_after"]["text"]
    assert checks["BM8563"]["state"] == "ok"


def test_firmware_in_the_interpreter_is_found_there(camera, doctor, tmp_path):
    (tmp_path / "flash").unlink()
    with camera(frozen=True) as there:
        _, checks = doctor(there.port)
    assert checks["firmware"]["state"] == "ok" and "frozen" in checks["firmware"]["text"]


# A discharge -------------------------------------------------------------------------------------


@pytest.fixture
def discharge(chosen, capsys):
    """A function that runs `doctor --discharge`; it returns status and what was said."""

    def run(port, path):
        words = ["--board", "m5stack_cores3", "--port", str(port), "--discharge", str(path)]
        status = cli.run(PROGRAM, ["doctor", *words])
        return status, "".join(capsys.readouterr()).strip()

    return run


def test_a_discharge_is_written_by_the_camera_and_taken_as_calibrate_reads_it(
    camera, discharge, tmp_path
):
    path = tmp_path / "discharge.csv"
    with camera() as there:
        with Link(there.port) as link:
            main = link.call("digest", "/main.py")
        assert discharge(there.port, path)[0] == 0 and not path.exists()
        with Link(there.port) as link:  # the camera on its own, in its own time, for five minutes
            text = link.call("text", "/main.py")
            link._transport.exec(text.replace("while True:", "while ms < 300_000:"))
        status, said = discharge(there.port, path)
        assert status == 0 and "readings are in" in said, said
        with Link(there.port) as link:
            assert link.call("digest", "/main.py") == main
            assert link.call("digests", [recording.FILE, recording.KEPT]) == [None, None]
        assert there.restarts == 2
    (rows,) = calibrate.read(path)
    assert len(rows) in (4, 5) and all(
        b[0] - a[0] >= 60 for a, b in zip(rows, rows[1:], strict=False)
    )
    assert {row[1] for row in rows} == {"fault"}  # as a camera that nobody enrolled
    assert all(90 <= row[2] <= 100 for row in rows)


def test_a_discharge_that_has_no_place_touches_no_camera(discharge, tmp_path):
    (tmp_path / "there").write_text("mine")
    for path, says in ((tmp_path / "there", "new file"), (tmp_path / "no" / "x", "no folder")):
        status, said = discharge(tmp_path / "ttyACM7", path)
        assert status == 2 and says in said and said.count("\n") == 0
    assert (tmp_path / "there").read_text() == "mine"
    status, said = discharge(tmp_path / "ttyACM7", tmp_path / "x.csv")
    assert status == 2 and "no port" in said
