"""The command `torture`: it finds nothing in this camera, and something in each broken one."""

import json
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest
from conftest import ROOT

from tools.torture import bench, ports
from tools.torture.cases import KINDS
from tools.torture.run import run_case, torture

KINDS_AT_LEAST = 15


# In parts, because a single test is ended after two minutes.
@pytest.mark.parametrize(
    "part", [0, *(pytest.param(i, marks=pytest.mark.full) for i in range(1, 4))]
)
def test_the_camera_keeps_its_promises_for_as_long_as_there_is_time(seed, full, part):
    result = torture(80 if full else 6, seed + 1000 * part, at_least=KINDS_AT_LEAST)
    print(sum(result["cases"].values()), "cases; at most", result["worst_loss_ms"], "ms lost")
    assert not result["violations"], json.dumps(result["violations"], indent=1)
    assert len(result["cases"]) >= KINDS_AT_LEAST


BOOT_AGAIN = "+25 cut|+1 boot|+3 press twice|+3 hold 3.3|+1 press|+2 end"
# (kind, board, script): what the torture once found.
FOUND = [
    # A press while the recording was being sealed went into the log and not into the stream.
    (
        "hands",
        "esp32_s3_eye",
        "0:00 boot|+2.480 press|+1.936 press twice|+2.137 boot|+1.882 press|+1.988 hold 3.3"
        "|+0.868 press|+0.175 press",
    ),
    # A third press before the first picture: the simulation counted from it.
    (
        "hands",
        "pico2w_arducam",
        "0:00 boot|+2.614 hold 6.5|+1.442 hold 6.5|+1.796 hold 6.5|+0.899 cable out|+1.959 press"
        "|+2.191 press|+0.124 press twice|+0.809 press",
    ),
    # The place of a new epoch, read once at boot, was not read again.
    (
        "flash is once unreadable",
        "m5stack_cores3",
        "0:00 flash unreadable 1|+0 boot|" + BOOT_AGAIN,
    ),
]


@pytest.mark.parametrize("kind, board, script", FOUND)
def test_what_was_found_once_is_not_found_again(kind, board, script):
    assert run_case(kind, script.split("|"), 1, board=board)[0] == []


def test_the_command_says_what_the_contract_asks_for(seed):
    words = [sys.executable, "-m", "tools", "torture", "--seconds", "1", "--seed", str(seed)]
    done = subprocess.run([*words, "--json"], cwd=ROOT, capture_output=True, text=True)
    result = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (result["seed"], result["violations"]) == (seed, [])
    assert sum(result["cases"].values()) >= 1 and result["worst_loss_ms"] >= 0


def test_what_a_cut_cost_stands_beside_its_limit(capsys):
    from tools import cli

    words = ["torture", "--seconds", "0", "--seed", "3", "--case", "cut while recording"]
    assert cli.run("tools", words) == 0
    cost_ms, limit_ms = re.search(
        r"cost (\d+) ms .* is (\d+) ms", capsys.readouterr().out
    ).groups()
    assert 0 < int(cost_ms) <= int(limit_ms) < 900


def test_an_interrupted_torture_says_what_it_did_and_its_seed(monkeypatch, capsys):
    from tools import cli
    from tools.torture import run

    done = iter([([], (0, 0))])

    def interrupted(*args, **more):
        for one in done:
            return one
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "run_case", interrupted)
    assert cli.run("tools", ["torture", "--seed", "7"]) == 130
    said = capsys.readouterr()
    assert "1 cases of 1 kinds, seed 7: 0 broken promises" in said.out
    assert said.err.endswith("tools torture: interrupted\n")


@pytest.mark.parametrize("board", ["esp32_s3_eye", "pico2w_arducam"])
def test_the_other_boards_keep_their_promises(seed, full, board):
    result = torture(60 if full else 1.4, seed, board=board)
    print(sum(result["cases"].values()), "cases on", board)
    assert not result["violations"], json.dumps(result["violations"], indent=1)


@pytest.mark.parametrize("on", ["unix", "wasm"])
def test_the_same_cases_leave_the_same_on_the_ports(seed, full, on):
    result = torture(60 if full else 2, seed, on=on)
    print(sum(result["cases"].values()), "cases on", on)
    assert not result["violations"], json.dumps(result["violations"], indent=1)


def test_what_a_port_does_otherwise_is_found(tmp_path):
    image = bench.new_card(tmp_path, 3)
    copy = ports.twin(image)
    outcome = bench.Bench(image, "\n".join(STOP), 3).play()
    found = list(ports.differences(outcome, copy, "unix", MARKS, 3, KINDS["hands"]))
    shutil.rmtree(copy.parent)
    assert {sentence.split(" the ")[1][:4] for sentence in found} >= {"log ", "card"}


def test_a_case_that_makes_no_sense_on_a_board_is_not_offered_there(capfd):
    from tools import cli

    words = ["torture", "--board", "esp32_s3_eye", "--case", "battery empty"]
    assert cli.run("tools", words) == 2
    line = capfd.readouterr().err.strip()
    assert "on esp32_s3_eye" in line and "\n" not in line and "bits rot" in line
    assert cli.run("tools", ["torture", "--board", "toaster"]) == 2


def test_a_case_that_does_not_exist_is_refused_with_the_names_of_those_that_do(capfd):
    from tools import cli

    assert cli.run("tools", ["torture", "--case", "earthquake"]) == 2
    line = capfd.readouterr().err.strip()
    assert "; cut at an operation; " in line and "\n" not in line


def test_the_kinds_of_cases_are_listed_one_a_line(capsys):
    from tools import cli

    assert cli.run("tools", ["torture", "--case", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == list(KINDS)


def test_the_same_seed_is_the_same_case(tmp_path):
    lines = ["0:00 boot", "+2.5 press twice", "+3 card cut garbage", "+1.234 cut"]
    assert run_case("cut, card: garbage", lines, 7) == run_case("cut, card: garbage", lines, 7)


# Cameras that break one promise each: (what is broken, how, kind of case, what must be found).


def _keeps_keys(monkeypatch):
    from bodycam.log import Log

    monkeypatch.setattr(Log, "_erase_keys", lambda self, page: None)


def _forgets_gaps(monkeypatch):
    from bodycam.recorder import Recorder

    def silent(self):
        self._behind = False
        return True

    monkeypatch.setattr(Recorder, "_tell_gap", silent)


def _writes_early(monkeypatch):
    from bodycam.card import Card

    mount = Card.mount

    def mounted(self, card_id):
        mount(self, card_id)
        self.device.write(self.lba(0, 0), memoryview(bytearray(512)))

    monkeypatch.setattr(Card, "mount", mounted)


def _never_seals(monkeypatch):
    from bodycam.blocks import Sealer

    seal = Sealer.seal

    def sealed(self, counts, *rest):
        seal(self, [counts[0] + 1, *counts[1:]], *rest)

    monkeypatch.setattr(Sealer, "seal", sealed)


def _does_not_encipher(monkeypatch):
    from bodycam.blocks import Sealer

    def plain(self, source, target, last):
        target[:] = source

    monkeypatch.setattr(Sealer, "_encipher", plain)


def _dawdles(monkeypatch):
    from bodycam.recorder import Recorder

    step = Recorder.step

    def stepped(self, now):
        return 20 if self._clock.up_ms // 2000 % 2 else step(self, now)

    monkeypatch.setattr(Recorder, "step", stepped)


def _is_silent(monkeypatch):
    from bodycam import log
    from bodycam.procedure import Procedure

    note = Procedure._note

    def noted(self, code, facts):
        if code != log.FAULT:
            note(self, code, facts)

    monkeypatch.setattr(Procedure, "_note", noted)


def _shows_nothing(monkeypatch):
    from bodycam.face import Face

    monkeypatch.setattr(Face, "_draw_headline", lambda self: None)


CUT = ["0:00 boot", "+2.5 press twice", "+5.7 cut", "+1 boot", "+3 end"]
STOP = ["0:00 boot", "+2.5 press twice", "+4 hold 3", "+1 press", "+2 end"]
DEAD = ["0:00 boot", "+2.5 press twice", "+3 card dead", "+12 end"]
SLOW = [*STOP[:2], "+1 card slow 150", "+75 card slow 1", "+10 hold 3", "+1 press", "+5 end"]


@pytest.mark.parametrize(
    "break_it, lines, kind, said",
    [
        (_keeps_keys, CUT, "cut while recording", "holds"),
        (_forgets_gaps, SLOW, "slow card", "pictures were refused, its gaps say 0"),
        (_writes_early, STOP, "hands", "outside a recording"),
        (_never_seals, STOP, "hands", "tampering"),
        (_does_not_encipher, STOP, "hands", "plaintext"),
        (_dawdles, CUT, "cut while recording", "older than 300 ms"),
        (_is_silent, DEAD, "dead card", "the log does not say card_error"),
        (_shows_nothing, DEAD, "dead card", "the display does not say card_error"),
    ],
)
def test_a_camera_that_breaks_a_promise_is_found(monkeypatch, break_it, lines, kind, said):
    break_it(monkeypatch)
    found, _ = run_case(kind, lines, 3)
    assert any(said in sentence for sentence in found), found


@contextmanager
def mutated(folder, file, old, new):
    """Let the firmware be one whose `file` says `new` where it said `old`."""
    shutil.copytree(ROOT / "firmware" / "bodycam", folder / "bodycam")
    text = (folder / "bodycam" / file).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file} says that {text.count(old)} times"
    (folder / "bodycam" / file).write_text(text.replace(old, new), encoding="utf-8")
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_firmware(name)}
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if _is_firmware(name)]:
            del sys.modules[name]
        sys.modules.update(before)


def _is_firmware(name):
    return name.partition(".")[0] == "bodycam"


DISARM = ["0:00 boot", "+2.5 hold 3.2", "+4 press", "+2 end"]
WINDOW = ["0:00 boot", "+2.5 hold 3.2", "+35 press twice", "+2 hold 3", "+1 press", "+2 end"]
MARKS = ["0:00 boot", "+2.5 press twice", "+2 press", "+2 hold 3", "+1 press", "+2 end"]
FLASH = ["0:00 boot", "+2.5 press twice", "+1 flash refuse 1", "+5 hold 3", "+1 press", "+2 end"]
TWICE = [*STOP[:-1], "+2 press twice", "+4 hold 3", "+1 press", "+2 end"]
PRE = "pre-event memory"

# A line of the firmware that is not as it must be: file, what it says, what it says instead, the
# kind of case and its script, what must be found.
MUTATIONS = [
    ("procedure.py", "recorder.ring.clear()", "recorder", PRE, DISARM, "holds a picture in idle"),
    (
        "recorder.py",
        "behind = False\n        self.ring.clear()",
        "behind = False",
        "hands",
        STOP,
        "holds a picture in display_on",
    ),
    (
        "ring.py",
        "while words[_LOW] != words[_WRITE]:\n            age_ms",
        "while False:\n            age_ms",
        PRE,
        WINDOW,
        "ms before its start, not 30000",
    ),
    (
        "recorder.py",
        "self._pre_event_ms & 0x3FFFFFFF",
        "2000 & 0x3FFFFFFF",
        PRE,
        WINDOW,
        "of the time before its start are missing",
    ),
    (
        "app.py",
        "journal.close_segment(log.TORN, journal.torn, blocks)",
        "journal.torn = None",
        "cut while recording",
        CUT,
        "does not close segment",
    ),
    (
        "blocks.py",
        "        self.keys[:] = self._zeros[:64]\n",
        "",
        "hands",
        STOP,
        "memory: Sealer holds CHECK of s",
    ),
    (
        "log.py",
        "            self._erase_keys(before)",
        "            pass",
        "hands",
        STOP,
        "holds READ_",
    ),
    (
        "procedure.py",
        'self._note(log.MARK, {"event": event})',
        "pass",
        "hands",
        MARKS,
        "the log does not say what the camera did",
    ),
    (
        "procedure.py",
        "self._note(log.STAGE, {",
        "(lambda *a: 0)(0, {",
        "hands",
        STOP,
        "the log does not say what the camera did",
    ),
    (
        "procedure.py",
        'recorder.event({"event": event})',
        "pass",
        "hands",
        MARKS,
        "and no gap says so",
    ),
    ("controls.py", 'self._post("mark")', "pass", "hands", MARKS, "short presses were 0"),
    (
        "segments.py",
        "self._log.close_segment(log.SEAL, self._number, made[_LAST] + 1)",
        "self._log.open = False",
        "hands",
        TWICE,
        "opens a segment and never closed",
    ),
    (
        "log.py",
        "            self._again(self._flash.program, at, buf)",
        '            raise Fault("log_error", at)',
        "flash refuses once",
        FLASH,
        "what failed once is a fault",
    ),
]


@pytest.mark.parametrize("file, old, new, kind, lines, said", MUTATIONS)
def test_a_line_that_breaks_a_promise_is_found(tmp_path, file, old, new, kind, lines, said):
    with mutated(tmp_path, file, old, new):
        found, _ = run_case(kind, lines, 3)
    assert any(said in sentence for sentence in found), found


@pytest.mark.parametrize("kind, lines", [(PRE, DISARM), (PRE, WINDOW), ("hands", MARKS),
                                         ("flash refuses once", FLASH)])  # fmt: skip
def test_what_is_found_in_a_changed_camera_is_not_found_in_this_one(kind, lines):
    assert run_case(kind, lines, 3)[0] == []


def test_the_script_of_a_broken_promise_is_as_short_as_it_can_be(monkeypatch):
    _is_silent(monkeypatch)
    result = torture(0, 5, kinds=["write-protected card"])
    (broken,) = result["violations"]
    assert "the log does not say card_error" in broken["what"]
    acts = [line.split()[1:] for line in broken["script"].splitlines()]
    assert acts == [["boot"], ["press", "twice"], ["card", "readonly"], ["end"]] or len(acts) == 3
    assert run_case("write-protected card", broken["script"].splitlines(), broken["seed"])[0]


def test_there_are_enough_kinds():
    assert len(KINDS) >= KINDS_AT_LEAST
