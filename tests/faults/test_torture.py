"""The command `torture`: it finds nothing in this camera, and something in each broken one."""

import json
import subprocess
import sys

import pytest
from conftest import ROOT

from tools.torture.cases import KINDS
from tools.torture.run import run_case, torture

KINDS_AT_LEAST = 15


# In parts, because a single test is ended after two minutes.
@pytest.mark.parametrize(
    "part", [0, *(pytest.param(i, marks=pytest.mark.full) for i in range(1, 4))]
)
def test_the_camera_keeps_its_promises_for_as_long_as_there_is_time(seed, full, part):
    seed += part
    seconds = 80 if full else 20
    done = subprocess.run(
        [sys.executable, "-m", "tools", "torture", "--seconds", str(seconds), "--seed", str(seed)]
        + ["--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    result = json.loads(done.stdout)
    print(sum(result["cases"].values()), "cases; at most", result["worst_loss_ms"], "ms lost")
    assert not result["violations"], json.dumps(result["violations"], indent=1)
    assert done.returncode == 0 and result["seed"] == seed
    assert len(result["cases"]) >= KINDS_AT_LEAST


def test_a_case_that_does_not_exist_is_refused_with_the_names_of_those_that_do(capfd):
    from tools import cli

    assert cli.run("tools", ["torture", "--case", "earthquake"]) == 2
    line = capfd.readouterr().err.strip()
    assert "cut while recording" in line and "\n" not in line


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
