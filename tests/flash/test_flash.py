"""`flash`: real mpremote against a real MicroPython prompt, with trouble on the line."""

import ast
import fcntl
import json
import os
import pty
import random
import shlex
import struct
import threading
import time
import tty
import types

import pytest
from conftest import ROOT
from pty_camera import Camera
from versions import FILES, OLD

from tools import boards_command, cli
from tools.flash import image, install
from tools.flash.link import Link, LinkError, choose

pytest_plugins = ["flash_fixtures"]

PROGRAM = "python3 -m tools"
BOARDS = boards_command.board_ids()
EXCHANGE_BYTES = 700  # of the line's traffic, the last
WRITES = 80  # of the flash, in one run, about


@pytest.fixture
def camera(tmp_path):
    """A function that makes cameras with the same flash."""
    return lambda **config: Camera(tmp_path, **config)


@pytest.fixture
def flash(chosen, capsys):
    """A function that runs the command; it returns status, JSON or None, and standard error."""

    def run(port, *words):
        argv = ["flash", "--board", "m5stack_cores3", "--port", str(port), "--json", *words]
        status = cli.run(PROGRAM, argv)
        out, err = capsys.readouterr()
        return status, json.loads(out) if out else None, err

    return run


def line(err):
    """Return the one line that standard error is."""
    assert err.count("\n") == 1, err
    return err


def install_on(port, board, files, version="1"):
    """Flash `files` and return the plan that was carried out."""
    with Link(port) as link:
        return install_by(link, board, files, version)


def install_by(link, board, files, version="1"):
    plan = install.Plan(link, board, version, files)
    plan.carry_out(link.call("about"), lambda n: None)
    return plan


def contents(port):
    """Return {path: [bytes, digest]} of what is on the camera."""
    with Link(port) as link:
        return contents_by(link)


def contents_by(link):
    folders = ("", "/bodycam", "/drivers", "/new", "/new/bodycam", "/new/drivers")
    paths = [f"{top}/{name}" for top in folders for name in link.call("names", top or "/")]
    return dict(zip(paths, link.call("digests", paths)))


# What it does ----------------------------------------------------------------------------------


def test_an_empty_camera_gets_every_file_and_the_second_time_nothing(camera, flash):
    with camera() as there:
        status, said, _ = flash(there.port)
        assert status == 0 and said["found"] == "empty"
        assert {row["action"] for row in said["files"]} == {"copy"}
        assert said["total_bytes"] <= said["budget_bytes"]
        assert sum(row["bytes"] for row in said["files"]) == said["copied_bytes"]
        on_it = contents(there.port)
        for row in said["files"]:
            assert on_it["/" + row["path"]] == [row["bytes"], row["sha256"]]
        assert set(on_it) == {"/" + row["path"] for row in said["files"]} | {"/manifest.json"}
        assert there.restarts == 1
        sent = there.received
        status, said, _ = flash(there.port)
        assert status == 0 and said["found"] == "complete" and said["copied_bytes"] == 0
        assert there.received - sent < 25_000
        assert there.restarts == 2


def test_only_what_changed_is_copied_and_what_is_no_longer_of_it_goes(camera, board):
    with camera() as there:
        install_on(there.port, board, FILES)
        newer = {**FILES, "bodycam/app.mpy": b"M\x06other", "drivers/two.mpy": b"M\x06two"}
        del newer["drivers/one.mpy"]
        plan = install_on(there.port, board, newer, "2")
        assert plan.todo("copy") == ["bodycam/app.mpy", "drivers/two.mpy"]
        assert plan.todo("remove") == ["drivers/one.mpy"]
        on_it = contents(there.port)
    assert set(on_it) == {"/" + name for name in newer} | {"/manifest.json"}
    assert on_it["/bodycam/app.mpy"] == install.described(newer["bodycam/app.mpy"])


def test_a_source_file_that_would_go_before_the_compiled_one_goes(camera, board):
    with camera() as there:
        with Link(there.port) as link:
            link.call("folder", "/bodycam")
            for name in ("/board.py", "/bodycam/app.py", "/profile.json", "/note.txt"):
                link.put(name, b"old")
        assert install_on(there.port, board, FILES).found == "unfinished"
        on_it = contents(there.port)
    assert "/board.py" not in on_it and "/bodycam/app.py" not in on_it
    assert on_it["/profile.json"] == on_it["/note.txt"] == install.described(b"old")


def test_a_camera_whose_files_are_not_as_its_manifest_says_is_told_and_mended(camera, board):
    with camera() as there:
        install_on(there.port, board, FILES)
        with Link(there.port) as link:
            link.put("/bodycam/app.mpy", b"altered")
        plan = install_on(there.port, board, FILES)
        assert plan.found == "altered" and plan.altered == ["bodycam/app.mpy"]
        assert install_on(there.port, board, FILES).complete


def test_a_dry_run_changes_nothing(camera, flash):
    with camera() as there:
        status, said, _ = flash(there.port, "--dry-run")
        assert status == 0 and said["dry_run"] and said["copied_bytes"] == 0
        assert contents(there.port) == {}


def test_the_firmware_of_another_board_is_not_replaced(camera, flash, board):
    with camera() as there:
        other = types.SimpleNamespace(ID="another_board")
        install_on(there.port, other, FILES)
        before = contents(there.port)
        status, _, err = flash(there.port)
        assert status == 2 and "another_board" in line(err)
        assert contents(there.port) == before


def test_what_was_flashed_last_starts_and_not_a_release_in_a_slot(camera, board):
    with camera() as there:
        install_on(there.port, board, FILES)
        with Link(there.port) as link:
            link.put("/slots.json", b"{}")
        install_on(there.port, board, FILES)
        assert "/slots.json" not in contents(there.port)
        assert install_on(there.port, board, FILES).complete


def test_a_running_program_is_stopped(camera):
    with camera(runs=True) as there:
        until_s = time.monotonic() + 20
        while b"running" not in there.said:
            assert time.monotonic() < until_s
            time.sleep(0.01)
        with Link(there.port) as link:
            assert link.call("about")["name"] == "micropython"
        assert b"left" in there.said


# Interruptions ---------------------------------------------------------------------------------


def cut_and_mended(folder, board, old, **cut):
    """Flash FILES over `old` until the cut; return what starts then: "old", "new" or "held"."""
    with Camera(folder, **cut) as there:
        try:
            install_on(there.port, board, FILES)
        except LinkError as error:
            assert "run the same command again" in str(error) or "answers nothing" in str(error)
    with Camera(folder) as there:
        on_it = contents(there.port)
        mains = {tuple(install.described(files["main.py"])) for files in (old, FILES)}
        held = tuple(on_it["/main.py"]) not in mains
        if held:
            said = start(there)
            assert "reset" in said, said
            on_it = contents(there.port)
        # What starts is of one version.
        state = "old" if on_it["/main.py"] == install.described(old["main.py"]) else "new"
        for name, data in (old if state == "old" else FILES).items():
            assert on_it["/" + name] == install.described(data), name
        state = "held" if held else state
        with Link(there.port) as link:
            install_by(link, board, FILES)
            on_it = contents_by(link)
            assert set(on_it) == {"/" + name for name in FILES} | {"/manifest.json"}
            assert install.Plan(link, board, "1", FILES).complete
            install_by(link, board, old)
    return state


def start(there):
    """Let the camera's own main.py run, as at a boot; return what it said once it restarted."""
    restarts = there.restarts
    with Link(there.port) as link:
        link._transport.exec_raw_no_follow("exec(open('/main.py').read())")
        out, error = link._transport.follow(timeout=10)
        assert not error, error
        until_s = time.monotonic() + 10
        while b"reset" in out and there.restarts == restarts:
            assert time.monotonic() < until_s
            time.sleep(0.01)
    return out.decode()


def held(there, board, files):
    """Bring the camera to where `files` are verified in /new and nothing has moved but main.py."""
    with Link(there.port) as link:
        plan = install.Plan(link, board, "1", files)
        move = plan._move
        plan._move = lambda pairs: move(pairs) if pairs[0][0] == "held.py" else 1 // 0
        with pytest.raises(ZeroDivisionError):
            plan.carry_out(link.call("about"), lambda n: None)


def test_an_exchange_that_was_cut_is_ended_by_the_camera_itself(camera, board):
    with camera() as there:
        install_on(there.port, board, {**OLD, "drivers/gone.mpy": b"M\x06gone"})
        held(there, board, FILES)
        assert "reset" in start(there)
        on_it = contents(there.port)
        assert set(on_it) - {"/new/held.py"} == {"/" + n for n in FILES} | {"/manifest.json"}
        assert install_on(there.port, board, FILES).complete


def test_what_is_not_whole_in_the_exchange_is_never_started(camera, board):
    with camera() as there:
        install_on(there.port, board, OLD)
        held(there, board, FILES)
        with Link(there.port) as link:  # another flash, that was cut, too
            link.put("/new/bodycam/app.mpy", b"half")
        before = contents(there.port)
        assert "run the command flash again" in start(there)
        assert contents(there.port) == before
        install_on(there.port, board, FILES)
        assert install_on(there.port, board, FILES).complete


def test_cut_at_any_byte_of_the_line_no_mix_starts_and_the_next_flash_ends_it(
    tmp_path, board, seed, full
):
    rng = random.Random(seed)
    with Camera(tmp_path) as there:
        install_on(there.port, board, OLD)
        begun = there.received
        install_on(there.port, board, FILES)
        whole = there.received - begun
        install_on(there.port, board, OLD)
    states = set()
    turns = 40 if full else 2  # what a cut leaves in the flash: test_flash_cuts.py
    for turn in range(turns):
        # Every second cut falls into the exchange, at the end of the line's traffic.
        cut = whole - (EXCHANGE_BYTES * turn // turns if turn % 2 else rng.randrange(whole))
        states.add(cut_and_mended(tmp_path, board, OLD, cut_after=cut))
    assert states == {"old", "held", "new"} if full else states


def test_power_cut_at_any_write_of_the_flash_no_mix_starts_and_the_next_flash_ends_it(
    tmp_path, board, seed, full
):
    rng = random.Random(seed)
    with Camera(tmp_path) as there:
        install_on(there.port, board, OLD)
    for _ in range(8 if full else 1):  # test_flash_cuts.py has them all
        cut_and_mended(tmp_path, board, OLD, cut_after_writes=1 + rng.randrange(WRITES))


def test_what_was_copied_before_an_interruption_is_not_copied_again(tmp_path, board):
    files = {**FILES, "bodycam/large.mpy": random.Random(1).randbytes(60_000)}
    with Camera(tmp_path, cut_after=60_000) as there:
        with pytest.raises(LinkError, match="run the same command again"):
            install_on(there.port, board, files)
    with Camera(tmp_path) as there:
        sizes = contents(there.port)
        assert sizes["/new/bodycam/app.mpy"] == install.described(files["bodycam/app.mpy"])
        install_on(there.port, board, files)
        assert contents(there.port).keys() == {"/" + n for n in files} | {"/manifest.json"}


# What cannot be done ---------------------------------------------------------------------------


def test_no_room_is_one_line_and_the_old_version_stays(camera, flash, board):
    with camera(blocks=30) as there:
        install_on(there.port, board, FILES)
        before = contents(there.port)
        status, _, err = flash(there.port)
        assert status == 1 and "no room" in line(err)
        assert contents(there.port) == before


def test_a_flash_that_fills_while_copying_is_one_line_and_given_back(camera, board):
    with camera(blocks=30) as there, Link(there.port) as link:
        link.put("/notes.txt", random.Random(1).randbytes(70_000))
        about = {**link.call("about"), "flash_free_bytes": 1 << 20}  # as if it were wrong
        files = {**FILES, "bodycam/large.mpy": random.Random(2).randbytes(40_000)}
        with pytest.raises(LinkError, match="no room"):
            install.Plan(link, board, "1", files).carry_out(about, lambda n: None)
        assert link.call("names", "/new/bodycam") == [] and link.call("names", "/new") == []


def test_the_only_port_is_taken_and_of_several_one_must_be_named(monkeypatch):
    found = [types.SimpleNamespace(device="ttyS0", description="a board", vid=None)]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: found)
    with pytest.raises(LinkError, match="no camera"):
        choose("")
    found.append(types.SimpleNamespace(device="ttyACM0", description="a camera", vid=0x303A))
    assert choose("") == "ttyACM0"
    found.append(types.SimpleNamespace(device="ttyACM1", description="another", vid=0x2E8A))
    with pytest.raises(LinkError, match=r"ttyACM0 \(a camera\), ttyACM1 \(another\)"):
        choose("")
    assert choose("ttyS0") == "ttyS0"


def test_a_port_that_somebody_has_is_one_line(camera, flash):
    with camera() as there, open(there.port) as mine:
        fcntl.flock(mine, fcntl.LOCK_EX)
        status, _, err = flash(there.port)
        assert status == 1 and "in use" in line(err)


def test_a_port_that_never_stops_talking_is_given_up(monkeypatch):
    monkeypatch.setattr("tools.flash.link._TALK_S", 0.3)
    master, slave = pty.openpty()
    tty.setraw(slave)
    ended = threading.Event()

    def talk():
        while not ended.wait(0.01):
            os.write(master, b"not a prompt\r\n")

    talking = threading.Thread(target=talk)
    talking.start()
    try:
        with pytest.raises(LinkError, match="answers nothing"):
            Link(os.ttyname(slave))
    finally:
        ended.set()
        talking.join()
        os.close(master)
        os.close(slave)


def test_a_silent_board_is_one_line(flash, monkeypatch):
    monkeypatch.setattr("tools.flash.link._ENTER_S", 0.2)
    master, slave = pty.openpty()
    status, _, err = flash(os.ttyname(slave))
    assert status == 1 and "answers nothing" in line(err)
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"MPY_ARCH": "xtensawin"}, "x64 code"),
        ({"IMAGE": {"name": "the image", "least": (9, 0, 0), "install": "-"}}, "too old"),
    ],
)
def test_a_wrong_interpreter_is_one_line_and_nothing_is_copied(
    camera, flash, board, change, word, monkeypatch
):
    for name, value in change.items():
        monkeypatch.setattr(board, name, value)
    with camera() as there:
        status, _, err = flash(there.port)
        assert status == 1 and word in line(err)
        assert contents(there.port) == {}


def test_an_unknown_board_is_status_2(capsys):
    assert cli.run(PROGRAM, ["flash", "--board", "no_such_board"]) == 2
    assert "m5stack_cores3" in line(capsys.readouterr().err)


def test_missing_modules_and_a_missing_partition_are_notes(camera, flash, board, monkeypatch):
    monkeypatch.setattr(board, "IMAGE", {"name": "it", "modules": ("jpeg",), "install": "-"})
    with camera() as there:
        status, said, _ = flash(there.port, "--dry-run")
    assert status == 0 and "jpeg" in said["notes"][0] and "bodylog" in said["notes"][1]


# Images and frozen builds ----------------------------------------------------------------------


def an_image(rows, size_code=2):
    """Return an image for flash address 0, as a MicroPython release is."""
    head = bytes([0xE9, 1, 2, size_code << 4]).ljust(image.TABLE_AT, b"\xff")
    return head + image.table_bytes(rows).ljust(0x8000, b"\xff") + b"interpreter" * 1000


NO_VFS = [
    ("nvs", 1, 2, 0x9000, 0x6000, 0),
    ("phy_init", 1, 1, 0xF000, 0x1000, 0),
    ("factory", 0, 0, 0x10000, 0x210000, 0),
]


@pytest.mark.parametrize("rows", [NO_VFS, [*NO_VFS, ("vfs", 1, 0x81, 0x220000, 0x1E0000, 0)]])
def test_an_image_gets_the_logs_partition_and_keeps_the_rest(rows, tmp_path, capsys):
    path = tmp_path / "it.bin"
    before = an_image(rows)
    path.write_bytes(before)
    argv = ["flash", "--board", "m5stack_cores3", "--image", str(path), "--json"]
    assert cli.run(PROGRAM, argv) == 0
    said = json.loads(capsys.readouterr().out)
    after = (tmp_path / "it.log.bin").read_bytes()
    assert len(after) == len(before)
    assert after[:0x8000] == before[:0x8000] and after[0x8C00:] == before[0x8C00:]
    # Read by hand: label, type, subtype, offset, bytes of the entry.
    at = after.index(b"bodylog\0", 0x8000) - 12
    assert struct.unpack_from("<HBBII", after, at) == (0x50AA, 1, 6, 0x220000, 0x100000)
    assert struct.unpack_from("<HBBII", after, at + 32) == (0x50AA, 1, 0x81, 0x320000, 0xE0000)
    assert {"label": "bodylog", "offset": 0x220000, "bytes": 0x100000} in said["partitions"]
    assert str(tmp_path / "it.log.bin") in said["command"]
    assert "bodylog, data, 6, 0x220000, 0x100000" in (tmp_path / "it.log.csv").read_text()


def test_the_command_for_an_image_can_be_pasted_whatever_its_folder_is_called(tmp_path, capsys):
    folder = tmp_path / "Wache Süd [alt]"
    folder.mkdir()
    (folder / "it.bin").write_bytes(an_image(NO_VFS))
    words = ["flash", "--board", "m5stack_cores3", "--image", str(folder / "it.bin")]
    assert cli.run(PROGRAM, words) == 0
    said = capsys.readouterr().out.splitlines()
    (command,) = (one for one in said if "esptool" in one and "write" in one)
    assert str(folder / "it.log.bin") in shlex.split(command)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not an image" * 10_000,
        an_image(NO_VFS).replace(b"factory", b"factoru"),
        an_image([*NO_VFS[:2], ("factory", 0, 0, 0x10000, 0x350000, 0)]),
    ],
    ids=["empty", "another file", "checksum", "no room"],
)
def test_a_file_that_is_no_image_is_one_line_and_nothing_is_written(data, tmp_path, capsys):
    path = tmp_path / "it.bin"
    path.write_bytes(data)
    assert cli.run(PROGRAM, ["flash", "--board", "m5stack_cores3", "--image", str(path)]) == 2
    line(capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("board_id", BOARDS)
def test_a_frozen_build_has_every_file_of_the_camera(board_id, tmp_path, capsys):
    folder = tmp_path / "frozen"
    argv = ["flash", "--board", board_id, "--frozen", str(folder)]
    assert cli.run(PROGRAM, argv) == 0
    build = boards_command.load(board_id).IMAGE["build"]
    said = capsys.readouterr().out
    command = f"make -C ports/{build['port']} {build['make']} FROZEN_MANIFEST={folder}/manifest.py"
    assert f"  {command}\n" in said
    assert build["file"].replace(".bin", ".log.bin") in said.split(command)[1]
    calls = {"module": [], "package": [], "include": []}
    tree = ast.parse((folder / "manifest.py").read_text())
    for statement in tree.body[1:]:
        calls[statement.value.func.id].append(ast.literal_eval(statement.value.args[0]))
    found = set(calls["module"])
    for package in calls["package"]:
        found |= {p.relative_to(folder).as_posix() for p in (folder / package).rglob("*.py")}
    names = boards_command.camera_files(boards_command.load(board_id))
    assert found == {name.replace(".mpy", ".py") for name in names}
    assert cli.run(PROGRAM, argv) == 2
    assert "not empty" in line(capsys.readouterr().err)


def test_the_firmwares_own_manifest_names_what_is_copied():
    found = set()
    for statement in ast.parse((ROOT / "firmware" / "manifest.py").read_text()).body[1:]:
        call = statement.value
        (name,) = map(ast.literal_eval, call.args)
        base = ROOT / "firmware"
        for keyword in call.keywords:
            assert keyword.arg == "base_path"
            base /= ast.literal_eval(keyword.value)
        paths = [base / name] if call.func.id == "module" else (base / name).rglob("*.py")
        found |= {path.resolve() for path in paths}
    for board_id in BOARDS:
        copied = boards_command.camera_files(boards_command.load(board_id))
        assert {path for name, path in copied.items() if name != "board.mpy"} <= found


@pytest.mark.parametrize("board_id", BOARDS)
def test_every_board_fits_the_budget(board_id):
    files = install.compiled_files(boards_command.load(board_id))
    total = sum(len(data) for data in files.values())
    assert total <= install.BUDGET_BYTES == 131_072
