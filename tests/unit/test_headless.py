"""Headless runs on CPython: what is wrong with the input, and what a script does to the power."""

import os
from types import SimpleNamespace

import pytest

from tools import cli as tools
from tools.evidence import card
from tools.sim import headless

BOARD = "m5stack_cores3"


@pytest.fixture
def run(tmp_path):
    def run(text, board=BOARD, **more):
        script = tmp_path / "script.txt"
        script.write_text(text)
        return headless.run(board, "cpython", script=script, out_dir=tmp_path / "out", **more)

    return run


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "card.img"
    card.new(path, size_bytes=card.SMALLEST_BYTES, seed=1)
    return path


MET = "0:00 boot\n0:03 expect idle\n+1 end\n"


@pytest.mark.parametrize(
    ("script", "more", "status", "said", "kept"),
    [
        (MET, [], 0, "1 of 1 expectations met", False),
        (MET.replace("idle", "armed"), [], 1, "displays, result and console are in ", True),
        (MET, ["--json"], 0, '"result.json"', True),
        (MET, ["--profile", "none"], 2, "", False),
    ],
)
def test_a_run_says_whether_expectations_were_met_and_leaves_what_it_names(
    script, more, status, said, kept, tmp_path, capsys, monkeypatch
):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    path = tmp_path / "script.txt"
    path.write_text(script)
    words = ["sim", "--headless", "--on", "cpython", "--script", str(path), *more]
    assert tools.run("tools", words) == status
    out = capsys.readouterr().out
    assert said.replace('"result.json"', str(temporary)) in out
    assert bool(list(temporary.glob("bodycam-*"))) == kept


def test_a_cards_name_is_said_as_it_is(tmp_path, capsys, monkeypatch):
    """Square brackets are no colours, and a long path is one word."""
    monkeypatch.setenv("COLUMNS", "40")
    script = tmp_path / "script.txt"
    script.write_text(MET)
    (tmp_path / "x[").mkdir()
    for name in ("Karte [alt].img", "x[/b].img"):
        words = ["sim", "--headless", "--on", "cpython", "--script", str(script)]
        assert tools.run("tools", [*words, "--card", str(tmp_path / name)]) == 0
        assert headless.NEW.format(tmp_path / name) in capsys.readouterr().err.splitlines()


def steps(result):
    return [(row["from"], row["event"], row["to"]) for row in result["stages"]]


def test_a_cut_loses_the_power_and_boot_brings_it_back(run):
    result = run("0:00 boot\n+5 press\n+3 cut\n+1 expect off\n+1 boot\n+4 expect idle")
    assert result["error"] == ""
    assert steps(result) == [
        ("off", "boot", "idle"),
        ("idle", "show", "display_on"),
        ("display_on", "cut", "off"),
        ("off", "boot", "idle"),
    ]
    assert result["boots"] == 2
    assert result["card"]["bytes_written_outside_recording"] == 0


def test_a_camera_that_leaves_the_dock_looks_at_its_card_again(run, tmp_path):
    """On a board whose slot has no switch nothing else tells that it was taken out there."""
    text = "0:00 boot\n+2 dock in\n+3 expect docked\n+1 card out\n+1 dock out\n+62 expect fault"
    result = run(text, "esp32_s3_eye", card=str(tmp_path / "a.img"))
    assert result["error"] == "", steps(result)
    assert result["stages"][-1]["reason"] == "card_missing"


def test_the_button_switches_off_and_on(run):
    result = run("0:00 boot\n+5 hold 6.5\n+2 expect off\n+5 hold 1\n+4 expect idle")
    assert result["error"] == ""
    assert steps(result)[-2:] == [("display_on", "off", "off"), ("off", "boot", "idle")]


def test_end_stops_and_seals_what_is_being_recorded(run):
    result = run("0:00 boot\n+5 press twice\n+8 end")
    assert result["error"] == ""
    assert steps(result)[-1] == ("recording", "sealed", "display_on")
    assert result["frames"]["recorded"] == result["frames"]["captured"] > 50
    assert result["card"]["blocks_written"] > 20


def test_the_same_seed_gives_the_same_run(run, tmp_path):
    text = "0:00 boot\n+5 press twice\n+3 press\n+2 cut\n+1 boot\n+3 end"
    first = run(text, seed=3, card=tmp_path / "a.img")
    again = run(text, seed=3, card=tmp_path / "b.img")
    for result in (first, again):
        del result["wall_ms"], result["card"]["path"]
    assert first == again


def test_pictures_of_the_display_are_left_in_the_folder(run, tmp_path):
    result = run("0:00 boot\n+5 press\n+3 press\n+2 end")
    assert [row["stage"] for row in result["pictures"]] == ["idle", "display_on", "idle"]
    for row in result["pictures"]:
        assert (tmp_path / "out" / row["file"]).stat().st_size == 320 * 240 * 2


@pytest.mark.parametrize(
    ("script", "said"), [("0:05 press\n+5 end", True), ("0:00 boot\n+1 end", False)]
)
def test_a_camera_that_was_never_on_is_said(tmp_path, script, said):
    (tmp_path / "script.txt").write_text(script)
    lines = []
    headless.run(BOARD, "cpython", script=tmp_path / "script.txt", say=lines.append)
    assert any("never on" in line for line in lines) == said


def test_the_picture_of_a_recording_is_the_one_before_the_question(run):
    result = run("0:00 boot\n+5 press\n+5 press twice\n+10 hold 3\n+1 press\n+3 end")
    recording = next(row for row in result["pictures"] if row["stage"] == "recording")
    held_ms = 20_250  # until then; the question comes 3 s later
    assert held_ms <= recording["t_ms"] < held_ms + 500


def test_a_disk_that_is_full_is_not_taken_for_the_cameras_fault(run, monkeypatch):
    free = SimpleNamespace(free=0)
    monkeypatch.setattr(headless.shutil, "disk_usage", lambda path: free)
    script = "0:00 boot\n+5 expect recording\n+1 end"
    assert run(script)["error"].endswith("not recording; this computer's disk is full")
    free.free = 1 << 30
    assert run(script)["error"].endswith("not recording")


def test_a_wrong_expectation_is_the_result_with_its_line(run):
    result = run("0:00 boot\n+5 expect idle\n+1 expect recording\n+5 press")
    assert result["error"] == "line 3: the stage is idle, not recording"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"script": "nowhere.txt"}, "cannot read the script nowhere.txt: No such file"),
        ({"video": "nowhere.mp4"}, "cannot read the video nowhere.mp4: No such file"),
        ({"board": "abacus"}, "no board 'abacus'"),
        ({"interpreter": "basic"}, "no interpreter 'basic'"),
        ({"profile": "spy"}, "no profile 'spy'"),
    ],
)
def test_wrong_input_is_one_plain_line(tmp_path, given, message):
    options = {"board": BOARD, "interpreter": "cpython", "out_dir": tmp_path / "out", **given}
    with pytest.raises(headless.InputError) as caught:
        headless.run(**options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mistake_in_the_script_names_file_and_line(run):
    with pytest.raises(headless.InputError, match=r"script.txt: line 2: unknown verb 'pres'"):
        run("0:00 boot\n+1 pres")


def test_a_file_that_is_no_card_is_refused(run, tmp_path):
    other = tmp_path / "letter.img"
    other.write_bytes(b"Dear " * 1_000_000)
    with pytest.raises(headless.InputError, match="letter.img"):
        run("0:00 boot", card=other)


def test_a_truncated_card_is_refused(run, image):
    os.truncate(image, card.SMALLEST_BYTES // 2)
    with pytest.raises(headless.InputError, match="truncated"):
        run("0:00 boot", card=image)


def test_a_card_without_its_camera_is_refused(run, image):
    (image.parent / "card.img.camera" / "log.bin").unlink()
    with pytest.raises(headless.InputError, match="the camera's own flash"):
        run("0:00 boot", card=image)


def test_a_card_that_cannot_be_written_is_refused(run, image, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # as root, chmod changes nothing
    with pytest.raises(headless.InputError, match="read-only"):
        run("0:00 boot", card=image)


def test_a_simulation_that_breaks_says_so_in_one_line(run, monkeypatch):
    monkeypatch.setattr(headless, "_START", "print('first')\nraise SystemExit('the last words')")
    with pytest.raises(headless.RunError, match="broke: the last words .*console.txt"):
        run("0:00 boot")


def test_a_script_with_a_mark_of_notepad_is_read(run, tmp_path):
    script = tmp_path / "notepad.txt"
    script.write_bytes(b"\xef\xbb\xbf0:00 boot\r\n0:02 end\r\n")
    assert headless._acts(script)[0][1] == "boot"


def test_a_fault_tells_its_reason(run):
    result = run("0:00 boot\n0:03 card out\n+3 expect fault\n+1 end")
    assert [row["reason"] for row in result["stages"] if row["to"] == "fault"] == ["card_missing"]


def test_a_key_that_does_not_belong_to_the_card_is_refused(run, image, tmp_path):
    card.new(tmp_path / "other.img")
    with pytest.raises(headless.InputError, match="no key in .* belongs to this card"):
        run("0:00 boot", card=image, keys=[tmp_path / "other.img.keys"])
