"""The contracts for a real board, on simulated ones: by the real `unittest` on WebAssembly, and by
real mpremote at a real prompt.
"""

import io
import json
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT, _command
from PIL import Image

sys.path.append(str(ROOT / "tests" / "flash"))

from pty_camera import Camera  # noqa: E402

from tools import boards_command, bootstrap, cli  # noqa: E402
from tools.flash import contracts, install  # noqa: E402
from tools.flash.cli import version  # noqa: E402
from tools.flash.link import Link  # noqa: E402

pytest_plugins = ["flash_fixtures"]

CARD_BYTES = 16 << 20
PICTURES = 2

_ON_WASM = """
import json
import sys
from tools.sim.runner import Time
from tools.sim.wiring import Camera
from tools.sim.world import World

config = json.loads(host.read_text(config_path))
board = __import__("boards." + config["board"], None, None, ("ID",))
world = World(board)
camera = Camera(world, board, host, config)
for name in config["absent"]:
    camera.chips[name].absent = True
camera.power_on()
sys.modules["board"] = board
sys.modules["time"] = Time(world, board.COSTS["call_us"])
space = {"__name__": "agent"}
exec(host.read_text(config["folder"] + "/agent.py"), space)
rows = []
for name in ["rig"] + config["contracts"]:
    space["module"](name, host.read_text(config["folder"] + "/" + name + ".py"))
    if name == "rig":
        space["allow"](config["scratch_card"])
    else:
        rows += [[name] + row for row in space["run"](name)]
camera.close()
print("@" + json.dumps(rows))
"""


def make_clip(folder, size_px):
    """Make a clip of real JPEGs in `folder`."""
    folder.mkdir()
    pictures = [Image.new("RGB", size_px, (60 * i, 90, 120)) for i in range(PICTURES)]
    jpegs = []
    for picture in pictures:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=80)
        jpegs.append(file.getvalue())
    (folder / "clip.rgb").write_bytes(
        b"".join(i.to_bytes(2, "big") * (size_px[0] * size_px[1]) for i in range(PICTURES))
    )
    (folder / "clip.jpg").write_bytes(b"".join(jpegs))
    about = {"w": size_px[0], "h": size_px[1], "count": PICTURES, "duration_ms": 400}
    about |= {"starts_ms": [0, 200], "jpeg_quality": 80}
    about |= {"jpeg_offsets": [0, len(jpegs[0]), len(jpegs[0]) + len(jpegs[1])]}
    (folder / "clip.json").write_text(json.dumps(about))
    return str(folder)


def make_card(path, evidence=False):
    """Make an empty card, or one that looks as if there were evidence on it."""
    with open(path, "wb") as file:
        file.truncate(CARD_BYTES)
        if evidence:
            file.seek(2048 * 512)
            file.write(b"BWS1")
    return str(path)


@pytest.fixture
def on_wasm(tmp_path):
    """A function (board, words of the configuration) -> {"contract test": [state, words]}."""

    def run(board_id, **words):
        board = boards_command.load(board_id)
        config = {
            "board": board_id,
            "clip": make_clip(tmp_path / "clip", board.CAMERA["size_px"]),
            "card": make_card(tmp_path / "card.img"),
            "camera": None,
            "folder": str(contracts.FOLDER),
            "contracts": contracts.CONTRACTS,
            "scratch_card": True,
            "absent": (),
            **words,
        }
        (tmp_path / "config.json").write_text(json.dumps(config))
        (tmp_path / "script.py").write_text(_ON_WASM)
        host = ROOT / "tools" / "sim" / "wasm_host.mjs"
        package = bootstrap.NODE_MODULES / "@micropython" / "micropython-webassembly-pyscript"
        paths = (host, package, ROOT, tmp_path / "config.json", tmp_path / "script.py")
        command = [_command("wasm")[0], *map(str, paths)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        line = next((row for row in done.stdout.splitlines() if row[:2] == "@["), None)
        assert line, done.stdout + done.stderr
        return {f"{row[0]} {row[1]}": row[2:] for row in json.loads(line[1:])}

    return run


LACKS = {
    "m5stack_cores3": {"MICROPHONE"},
    "esp32_s3_eye": {"I2C", "GAUGE", "CLOCK", "VIBRATION", "TONE"},
    "pico2w_arducam": {"TONE", "MICROPHONE"},
}


@pytest.mark.parametrize("board_id", boards_command.board_ids())
def test_a_sound_board_keeps_all_contracts_and_what_it_lacks_is_said(on_wasm, board_id):
    rows = on_wasm(board_id)
    assert not {name: row for name, row in rows.items() if row[0] == "fail"}
    said = {words for state, words in rows.values() if state == "lacks"}
    lacks = {f"this board has no {part.lower()}" for part in LACKS[board_id]}
    lacks.add("this interpreter has no viper: the plain kernels run")
    assert said == lacks
    assert len(rows) > 25


def test_a_silent_chip_fails_its_contracts_and_no_others(on_wasm):
    rows = on_wasm("m5stack_cores3", absent=["AW88298"])
    failed = {name for name, row in rows.items() if row[0] == "fail"}
    assert failed == {
        "chips test_all_parts_are_there",
        "chips test_every_address_of_the_i2c_bus_answers",
        "chips test_two_tones",
    }


def test_a_card_with_evidence_and_one_without_leave_stay_as_they_are(on_wasm, tmp_path):
    written = "card test_blocks_written_read_back"
    for words in ({"scratch_card": False}, {"card": make_card(tmp_path / "it.img", True)}):
        path = tmp_path / ("it.img" if "card" in words else "card.img")
        rows = on_wasm("m5stack_cores3", **words)
        assert rows[written][0] == "lacks", rows[written]
        assert sum(path.read_bytes()) == sum(b"BWS1" if "card" in words else b"")
        shutil.rmtree(tmp_path / "clip")


# By mpremote -----------------------------------------------------------------------------------


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
    """A function that makes a flashed camera with chips at a prompt."""
    shutil.copy(flashed, tmp_path / "flash")
    clip = make_clip(tmp_path / "clip", (320, 240))
    card = make_card(tmp_path / "card.img")

    def make(**words):
        words = {"unittest": str(ROOT / "tests" / "flash" / "standin"), **words}
        return Camera(tmp_path, board="m5stack_cores3", clip=clip, card=card, camera=None, **words)

    return make


def on_port(port, capsys, *words):
    """Run `test --device`; return the status and what it prints."""
    status = cli.run("python3 -m tools", ["test", "--device", port, *words])
    out, err = capsys.readouterr()
    return status, out + err


def test_over_the_line_all_contracts_are_kept_and_the_camera_starts_anew(camera, capsys):
    with camera() as there:
        status, said = on_port(there.port, capsys, "--scratch-card")
        assert status == 0, said
        assert there.restarts == 1
    lines = [line for line in said.splitlines() if line.startswith(("ok ", "lacks ", "fail "))]
    assert len(lines) > 25 and not any(line.startswith("fail") for line in lines)
    assert "this board has no microphone" in said


def test_over_the_line_what_fails_is_named_with_status_1(camera, capsys):
    with camera(absent=["AW88298"], deaf_cipher=True) as there:
        status, said = on_port(there.port, capsys)
    assert status == 1
    failed = [line for line in said.splitlines() if line.startswith("fail")]
    assert any("aw88298" in line for line in failed) and any("ciphers" in line for line in failed)


def test_a_camera_without_firmware_or_unittest_is_told_what_to_do(camera, capsys, tmp_path):
    with camera(unittest="") as there:
        status, said = on_port(there.port, capsys)
        assert status == 1 and "mip install unittest" in said
    (tmp_path / "flash").unlink()
    with camera() as there:
        status, said = on_port(there.port, capsys)
        assert status == 1 and "tools flash" in said
