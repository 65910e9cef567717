"""The command table, the environment's set-up, and the command `boards`."""

import importlib
import json
import pathlib
import re
import shlex
import socket
import sys

import pytest
import typer

from tools import boards_command, bootstrap, cli, examples

PROGRAM = "python3 -m tools"


def one_line(capsys):
    """Return the one line on standard error; nothing may be on standard output."""
    out, err = capsys.readouterr()
    assert not out
    assert err.count("\n") == 1 and err.endswith("\n")
    return err[:-1]


@pytest.fixture
def command(monkeypatch):
    """A function that makes `function` the command `try`."""

    def install(function):
        module = type(sys)("tried")
        module.app = typer.Typer(add_completion=False)
        module.app.command()(function)
        monkeypatch.setitem(sys.modules, "tried", module)
        monkeypatch.setitem(cli.COMMANDS, "try", ("tried", (), "for this test"))

    return install


# Commands --------------------------------------------------------------------------------------


@pytest.mark.parametrize("argv", [[], ["--help"], ["-h"], ["help"]])
def test_the_list_names_every_command_and_sets_nothing_up(argv, capsys, monkeypatch):
    monkeypatch.setattr(cli, "prepare", None)
    assert cli.start(argv) == 0
    printed = capsys.readouterr().out
    assert all(f"  {name} " in printed for name in cli.COMMANDS)
    assert all(words.split()[0] in cli.COMMANDS for words, _ in cli.EXAMPLES)


def test_an_unknown_command_is_one_line_and_status_2(capsys):
    assert cli.start(["bords"]) == 2
    assert one_line(capsys) == f"{PROGRAM}: no command 'bords'; did you mean boards?"


def test_an_unknown_option_is_one_line_and_status_2(capsys):
    assert cli.run(PROGRAM, ["boards", "--nope"]) == 2
    assert "--nope" in one_line(capsys)


def test_a_command_of_commands_alone_lists_them(capsys):
    assert cli.run(PROGRAM, ["card"]) == 0
    assert "verify" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["card", "vault", "keys", "release"])
def test_a_list_of_commands_is_whole_on_a_terminal_of_80_columns(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert cli.run(PROGRAM, [name, "--help"]) == 0
    assert "..." not in capsys.readouterr().out.split("Commands:")[1]


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_help_begins_with_what_the_command_does(name):
    command = typer.main.get_command(importlib.import_module(cli.COMMANDS[name][0]).app)
    assert command.help


@pytest.mark.parametrize("name", ["sim", "torture", "flash", "doctor", "test"])
def test_a_help_breaks_its_lines_where_the_terminal_ends_alone(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert cli.run(PROGRAM, [name, "--help"]) == 0
    prose = capsys.readouterr().out.split("Usage:")[1].split("Options")[0].splitlines()[1:-1]
    lines = [line.strip() for line in prose]
    for line, after in zip(lines, lines[1:]):
        if line and after:  # of one paragraph: the next word had no room
            assert len(line) + 1 + len(after.split()[0]) > 78


def test_the_help_of_test_needs_none_of_its_packages(monkeypatch):
    monkeypatch.setattr("tools.testing.need", None)
    assert cli.COMMANDS["test"][1] == cli.COMMANDS["sim"][1]
    assert cli.run(PROGRAM, ["test", "--help"]) == 0


def leaves():
    """Return {name: command} of every command that does something."""
    found = {}
    for name, (module, _, _) in cli.COMMANDS.items():
        command = typer.main.get_command(importlib.import_module(module).app)
        inner = getattr(command, "commands", None) or {"": command}
        found |= {f"{name} {word}".strip(): part for word, part in inner.items()}
    return found


def test_every_help_has_examples_that_can_be_pasted(capsys, monkeypatch):
    """Whole on a terminal of 80 columns, and of words and options that the command takes."""
    monkeypatch.setenv("COLUMNS", "80")
    commands = leaves()
    assert set(examples.EXAMPLES) == set(commands)
    for name, command in commands.items():
        assert cli.run(PROGRAM, [*name.split(), "-h"]) == 0
        printed = [line.strip() for line in capsys.readouterr().out.splitlines()]
        for line in examples.EXAMPLES[name]:
            assert f"{PROGRAM} {line}" in printed
            words = shlex.split(line.split(" >")[0])
            assert words[: len(name.split())] == name.split()
            command.make_context(name, words[len(name.split()) :])


def test_what_a_command_of_a_command_refuses_points_to_its_own_help(capsys):
    assert cli.run(PROGRAM, ["card", "export"]) == 2
    assert one_line(capsys).endswith(f"see {PROGRAM} card export --help")


def test_a_choice_that_there_is_not_is_said_with_those_that_there_are(capsys):
    assert cli.run(PROGRAM, ["card", "explain", "demo.img", "--lang", "fr"]) == 2
    assert "--lang': 'fr' is not one of 'en', 'de'; see" in one_line(capsys)


@pytest.mark.parametrize("blank", ["", " ", "\t"])
@pytest.mark.parametrize("words", ["boards --wiring", "sim --export", "keys new", "card new"])
def test_an_empty_path_is_one_line_and_writes_nothing(words, blank, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.run(PROGRAM, [*words.split(), blank]) == 2
    assert f"after {words.split()[-1]}: give it a value" in one_line(capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["sim", "--export="], "--export"),
        (["sim", "--headless", "--out="], "--out"),
        (["test", "--device="], "--device"),
        (["dock", "--port= "], "--port"),
    ],
)
def test_an_option_with_nothing_behind_its_sign_does_nothing(
    words, option, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tools.testing.need", None)
    monkeypatch.setattr("tools.sim.headless.run", None)
    assert cli.run(PROGRAM, words) == 2
    assert f"after {option}: give it a value" in one_line(capsys)
    assert list(tmp_path.iterdir()) == []


def test_a_setting_for_pytest_may_be_empty(monkeypatch):
    words = ["-o", "addopts=", "-oaddopts=", "--override-ini=addopts="]
    ran = []
    monkeypatch.setattr("tools.testing.need", lambda _: None)
    monkeypatch.setattr("tools.testing._python", lambda *words: ran.append(words))
    assert cli.run(PROGRAM, ["test", *words]) == 0
    assert list(ran[-1][-4:]) == words


def test_a_long_test_is_not_ended_where_the_long_ones_are_wanted(monkeypatch):
    ran = []
    monkeypatch.setattr("tools.testing.need", lambda _: None)
    monkeypatch.setattr("tools.testing._python", lambda *words: ran.append(words))
    for words in ([], ["--full"]):
        assert cli.run(PROGRAM, ["test", *words]) == 0
        assert ("faulthandler_timeout=3600" in ran[-1]) == bool(words)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["card", "verify", ""], "after verify: give it a value"),
        (["card", "verify"], "Missing argument"),
        (["card", "verify", "--nothing"], "No such option"),
        (["card", "verify", "/dev/null/a.img"], "cannot open /dev/null/a.img"),
        (["sim"], "--json needs --headless or --demo"),
        (["shift", "--board", "none"], "no board 'none'"),
        (["vault", "list", "/dev/null/vault"], "no vault"),
    ],
)
def test_what_is_refused_is_one_json_object_where_json_is_asked_for(words, says, capsys):
    assert cli.run(PROGRAM, [*words, "--json"]) == 2
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert list(told) == ["error"] and says in told["error"]
    assert err == f"{PROGRAM} {words[0]}: {told['error']}\n"


def test_ctrl_c_is_said_in_a_line(command, capsys):
    def stopped():
        raise KeyboardInterrupt

    command(stopped)
    assert cli.run(PROGRAM, ["try"]) == 130
    assert one_line(capsys).endswith("interrupted")


def test_a_wrong_value_is_one_line_and_status_2(command, capsys):
    def wrong():
        raise typer.BadParameter("no such\nprofile")

    command(wrong)
    assert cli.run(PROGRAM, ["try"]) == 2
    assert "no such profile" in one_line(capsys)


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (FileNotFoundError(2, "No such file", "a.img"), 2, "a.img: No such file; name another"),
        (OSError("full"), 1, "full"),
        (OSError(28, "No space left"), 1, "No space left"),
        (typer.TyperException("broken off"), 1, "broken off"),
    ],
)
def test_what_is_refused_is_one_line_and_names_the_thing(command, capsys, error, status, line):
    def refused():
        raise error

    command(refused)
    assert cli.run(PROGRAM, ["try"]) == status
    assert one_line(capsys) == f"{PROGRAM} try: {line}"


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("boards --wiring {file}", "another"),
        ("boards --wiring {file}/below", "another"),
        ("doctor --board m5stack_cores3 --port {folder}", "--port"),
        ("doctor --board m5stack_cores3 --port /dev/null", "--port"),
        ("doctor --board m5stack_cores3 --port {folder}/none", "plugged in"),
        ("flash --board m5stack_cores3 --port {folder}/none", "plugged in"),
        ("test --device {folder}/none", "plugged in"),
        ("flash --board m5stack_cores3 --port {file}", "--port"),
        ("flash --board pico2w_arducam --frozen {file}", "new folder"),
        ("card verify {file}", "evidence"),
        ("card verify {folder}/none", "no such file"),
        ("sim --headless --script {folder}", "script"),
        ("sim --export {file}", "name another folder"),
        ("sim --headless --out {folder}", "not empty; name a new folder"),
        ("sim --script {file}", "--script needs --headless or --demo"),
        ("sim --card {file} --export {folder}", "--card needs --headless or --demo"),
        ("sim --seed 0", "--seed needs --headless or --demo"),
        ("sim --serve --card {file} --video {file}", "--video needs --headless or --demo"),
        ("sim --port 80000", "--port"),
        ("sim --port -1", "--port"),
        ("shift --board m5stack_cores3 --plot {folder}", ".png"),
    ],
)
def test_a_path_that_is_something_else_is_one_line_that_begins_with_the_command(
    words, names, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("tools.flash.install.compiled_files", lambda board: {})
    (tmp_path / "file").write_bytes(b"x")
    words = words.format(file=tmp_path / "file", folder=tmp_path).split()
    assert cli.run(PROGRAM, words) == 2
    said = one_line(capsys)
    assert said.startswith(f"{PROGRAM} {words[0]}: ") and "Errno" not in said
    assert re.search(names, said), said


def test_a_port_that_is_taken_is_named_with_what_to_do(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert cli.run(PROGRAM, ["sim", "--port", str(port)]) == 2
    said = one_line(capsys)
    assert f"port {port} (Address already in use); name another --port, or leave it out" in said


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (3, 3)])
def test_a_command_returns_its_status(command, returned, status):
    command(lambda: returned)
    assert cli.run(PROGRAM, ["try"]) == status


def test_an_interrupted_command_has_the_status_that_shells_expect(command):
    def interrupted():
        raise KeyboardInterrupt

    command(interrupted)
    assert cli.run(PROGRAM, ["try"]) == 130


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("dock --help", "this needs more packages: pip install 'bodycam[dock]'"),
        ("release --help", "this needs more packages: pip install 'bodycam[flash,release]'"),
        ("shift --plot {folder}/a.png", "this needs more packages: pip install 'bodycam[plot]'"),
        ("sim --headless --on wasm", "which only a clone sets up"),
        ("test", "which only a clone sets up"),
    ],
)
def test_installed_by_pip_a_command_names_the_extra_that_is_missing(
    words, says, tmp_path, capsys, monkeypatch
):
    for module in (cli, bootstrap):
        monkeypatch.setattr(module, "inside", lambda: False)
    found = bootstrap.importlib.util.find_spec
    absent = bootstrap.EXTRAS.values()
    monkeypatch.setattr(
        bootstrap.importlib.util, "find_spec", lambda name: None if name in absent else found(name)
    )
    assert cli.run("bodycam", words.format(folder=tmp_path).split()) == 1
    assert says in capsys.readouterr().err.splitlines()[-1]


# Set-up ----------------------------------------------------------------------------------------


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """An empty clone with one group, `run`; the list returned grows when something is made."""
    venv, cache = tmp_path / ".venv", tmp_path / ".cache"
    made = []

    def make(lock):
        made.append(lock.read_text())
        assert (cache / "unfinished").exists()

    for name, value in {
        "ROOT": tmp_path,
        "VENV": venv,
        "CACHE": cache,
        "PYTHON": venv / "python",
        "_UNFINISHED": cache / "unfinished",
        "GROUPS": {"run": (make, venv / "python")},
        "_usable": lambda: True,
        "_make_venv": lambda: made.append("venv"),
    }.items():
        monkeypatch.setattr(bootstrap, name, value)
    for name, text in {"tools/requirements/run.txt": "one", ".venv/python": ""}.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    return made


def prepared(clone):
    """Set up the group and return what was made for it."""
    clone.clear()
    bootstrap.prepare(["run"])
    return list(clone)


def test_a_group_is_made_once_and_again_when_its_lock_changes(clone):
    assert prepared(clone) == ["one"]
    assert prepared(clone) == []
    bootstrap._lock("run").write_text("two")
    assert prepared(clone) == ["two"]


def test_an_interrupted_set_up_is_made_anew_from_the_environment_on(clone):
    def interrupted(lock):
        raise KeyboardInterrupt

    make = bootstrap.GROUPS["run"]
    bootstrap.GROUPS["run"] = (interrupted, make[1])
    with pytest.raises(KeyboardInterrupt):
        bootstrap.prepare(["run"])
    bootstrap.GROUPS["run"] = make
    assert prepared(clone) == ["venv", "one"]
    assert prepared(clone) == []


def test_a_step_that_failed_by_itself_is_only_repeated(clone):
    def failed(lock):
        raise bootstrap.SetupError("no registry")

    make = bootstrap.GROUPS["run"]
    bootstrap.GROUPS["run"] = (failed, make[1])
    with pytest.raises(bootstrap.SetupError):
        bootstrap.prepare(["run"])
    bootstrap.GROUPS["run"] = make
    assert prepared(clone) == ["one"]


def test_two_processes_do_not_set_up_at_once(clone):
    bootstrap.CACHE.mkdir()
    with bootstrap._alone(), open(bootstrap.CACHE / "set-up.lock", "w") as second:
        assert not bootstrap.locked(second)


def test_a_folder_that_cannot_be_written_is_said_plainly(clone, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(pathlib.Path, "mkdir", refused)
    with pytest.raises(bootstrap.SetupError, match="cannot write into"):
        bootstrap.prepare(["run"])


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("NewConnectionError(...)", "is this computer online"),
        ("npm error code EAI_AGAIN", "is this computer online"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", "differs from its lock"),
        ("ERROR: No matching distribution found for av", "no build for this computer"),
        ("something else", "something else"),
    ],
)
def test_a_step_that_fails_says_why_in_one_line(clone, capsys, printed, said):
    bootstrap.CACHE.mkdir()
    code = f"print({printed!r}); raise SystemExit(1)"
    with pytest.raises(bootstrap.SetupError, match=said) as failure:
        bootstrap._run("packages", [sys.executable, "-c", code])
    assert "\n" not in str(failure.value)
    assert printed in (bootstrap.CACHE / "set-up.log").read_text()


def test_the_clips_are_there_and_whole():
    for name in bootstrap.CLIPS:
        assert bootstrap.clip(name).stat().st_size > 100_000


# Boards ----------------------------------------------------------------------------------------


def test_boards_prints_one_json_object_and_nothing_else(capsys):
    assert cli.run(PROGRAM, ["boards", "--json"]) == 0
    out, err = capsys.readouterr()
    assert not err
    found = json.loads(out)
    assert list(found) == ["boards"]
    assert [each["id"] for each in found["boards"]] == boards_command.board_ids()
    for each in found["boards"]:
        assert set(each) == {"id", "caps", "drivers", "size_bytes", "record", "mirror_fps"}
        assert set(each["record"]) == {"size_px", "fps"}
        assert 20_000 < each["size_bytes"] < 128 * 1024  # what `flash` may copy


def test_boards_without_json_is_a_table_that_says_what_each_figure_is(capsys):
    assert cli.run(PROGRAM, ["boards"]) == 0
    said = capsys.readouterr().out
    for words in ("records", "12 a second", "while recording", "words, time", "KiB"):
        assert words in said


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_the_boards_stand_side_by_side_as_far_as_the_terminal_is_wide(
    columns, monkeypatch, capsys
):
    monkeypatch.setenv("COLUMNS", str(columns))
    described = {each: boards_command.describe(each) for each in boards_command.board_ids()}
    many = {
        f"{name}_{i}": row | {"id": f"board_{i}"}
        for i in range(3)
        for name, row in described.items()
    }
    monkeypatch.setattr(boards_command, "board_ids", lambda: sorted(many))
    monkeypatch.setattr(boards_command, "load", lambda name: None)
    monkeypatch.setattr(boards_command, "describe", many.get)
    assert cli.run(PROGRAM, ["boards"]) == 0
    said = capsys.readouterr().out
    assert said.count("while recording") == -(-len(many) // max(1, (columns - 17) // 20))
    assert max(map(len, said.splitlines())) <= columns


def test_a_board_that_says_it_is_another_is_refused(monkeypatch):
    board = boards_command.load("pico2w_arducam")
    monkeypatch.setattr(board, "ID", "my_camera")
    with pytest.raises(boards_command.BoardError, match="pico2w_arducam.py: its ID is 'my_cam"):
        boards_command.load("pico2w_arducam")


def test_a_camera_gets_its_board_its_drivers_and_what_they_import():
    board = boards_command.load("m5stack_cores3")
    files = boards_command.camera_files(board)
    assert files["board.mpy"].name == "m5stack_cores3.py"
    assert "drivers/axp2101.mpy" in files
    assert "bodycam/glyphs.mpy" in files and "bodycam/narrow.mpy" not in files
    assert all(path.exists() for path in files.values())


def test_an_unknown_board_is_named_with_those_that_exist():
    with pytest.raises(boards_command.BoardError, match="m5stack_cores3"):
        boards_command.load("nokia")


def test_a_step_of_the_set_up_shows_a_line_of_its_own_and_the_rest_only_when_it_fails(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.setattr(bootstrap, "CACHE", tmp_path)
    monkeypatch.setattr(bootstrap, "_NOTE_EVERY_S", 0)
    script = "import time, sys; print('WARNING: noise'); time.sleep(0.3); sys.exit({})"
    bootstrap._run("a step", [sys.executable, "-c", script.format(0)])
    said = capsys.readouterr().err
    assert "set-up: a step: done" in said and "noise" not in said
    with pytest.raises(bootstrap.SetupError, match="noise"):
        bootstrap._run("a step", [sys.executable, "-c", script.format(2)])
    assert "noise" in (tmp_path / "set-up.log").read_text()
