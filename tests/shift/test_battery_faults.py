"""What batteries and gauges do to a camera at work: no evidence is lost, and the display says what
is known and nothing else.
"""

import json
import re

import pytest

from tools.evidence import layout
from tools.evidence.case import beside
from tools.evidence.log import Log
from tools.evidence.verdict import verify
from tools.sim import headless

RECORD = "+5 press twice\n+10 expect recording\n"
LASTS_HOURS = re.compile(r"until ~?\d+:\d\d$|\d+ h left$")
STOP = "+10 hold 3\n+1 press\n+3 expect display_on\n+1 press\n"


def run(tmp_path, script, board="m5stack_cores3", battery=None):
    """Run a script; return what happened, and what the reader says of the card."""
    path = tmp_path / "script.txt"
    path.write_text("0:00 boot\n" + script + "+1 end\n")
    image = tmp_path / "card.img"
    battery = battery or {}
    result = headless.run(
        board, "cpython", None, path, image, 1, tmp_path / "out", battery=battery
    )
    assert result["error"] == ""
    return result, verify(image, *beside(image))


@pytest.mark.parametrize("board", ["m5stack_cores3", "pico2w_arducam"])
def test_a_gauge_that_lies_ends_no_recording_and_is_not_repeated(tmp_path, board):
    script = ""
    for lie in ("stuck", "jump", "wild", "reset"):
        script += RECORD + f"+1 gauge {lie}\n" + STOP + "+720 gauge sound\n+60 expect idle\n"
    result, found = run(tmp_path, script, board)
    assert result["frames"]["dropped"] == 0
    assert found["verdict"] == "intact" and found["complete"] is True
    assert [row for row in result["stages"] if row["to"] in ("off", "fault")] == []
    words = {row[6] for row in result["track"][2:]}
    assert "Battery: ?" in words
    assert all(LASTS_HOURS.match(word) for word in words - {"Battery: ?"}), words
    said = [row[5] for row in result["track"][2:]]
    truth = [row[1] / 100 for row in result["track"][2:]]
    assert None in said  # 255 % for twelve minutes is unknown
    wrong = [pair for pair in zip(said, truth, strict=True) if pair[0] is not None]
    assert max(abs(pct - true) for pct, true in wrong) <= 3, wrong


def test_a_battery_that_sags_seals_the_recording_and_switches_off(tmp_path):
    result, found = run(tmp_path, "0:05 press twice\n+50 battery 2\n+300 boot\n")
    ends = [row for row in result["stages"] if row["to"] == "off"]
    assert [row["event"] for row in ends] == ["battery_empty"]
    assert found["verdict"] == "intact" and found["complete"] is True
    assert found["frames"] == result["frames"]["recorded"] > 0
    # At the next boot, five minutes later, it is as empty, and says so instead of recording.
    words = [row[6] for row in result["track"] if row[6]]
    assert words and not [word for word in words if LASTS_HOURS.match(word)], words


@pytest.mark.parametrize("end", ["battery 0", "cut"])
def test_a_battery_that_is_gone_at_once_costs_the_last_moment_alone(tmp_path, end):
    script = f"0:05 press twice\n+40 {end}\n+30 battery 80\n+1 boot\n+70 expect idle\n"
    result, found = run(tmp_path, script)
    assert found["verdict"] in ("intact", "torn-tail") and found["complete"] is True
    assert result["frames"]["recorded"] - found["frames"] <= 8
    assert found["frames"] >= 100  # of 40 s, and what was lost is the end
    booted = [row[6] for row in result["track"] if row[0] > 80]
    said = [word for word in booted if word != "Battery: ?"]
    assert booted and all(LASTS_HOURS.match(word) for word in said), booted


def test_a_cable_that_comes_and_goes_and_a_dock_without_power_change_no_recording(tmp_path):
    script = "0:01 battery 50\n" + RECORD
    script += "+5 cable in\n+30 cable out\n+2 cable in\n+2 cable out\n" * 3 + STOP
    script += "+1 dock in\n+70 expect docked\n+1 cable out\n+70 dock out\n+5 expect idle\n"
    result, found = run(tmp_path, script)
    words = [row[6] for row in result["track"] if row[6]]
    assert any(re.fullmatch(r"charging: \d+ %", word) for word in words), words
    assert LASTS_HOURS.match(words[-1]) and result["battery_pct"] in (49, 50, 51)
    assert [row for row in result["stages"] if row["to"] in ("off", "fault")] == []
    assert found["frames"] == result["frames"]["recorded"] > 0
    assert result["frames"]["dropped"] == 0
    assert found["verdict"] == "intact" and found["complete"] is True


def test_what_was_learned_of_the_consumption_survives_a_cut_and_a_boot(tmp_path):
    # The cell holds an eighth of what the board file says, and the camera seems hungry. It enters
    # what it knows after two hours, and when it is switched off.
    script = "2:00:30 cut\n" + "+5 boot\n+30 hold 6\n+2 expect off\n" * 2
    run(tmp_path, script, battery={"capacity_mah": 250})
    entries = [e for e in Log(tmp_path / "card.img.camera").entries if e.code == layout.POWER]
    facts = [json.loads(entry.detail) for entry in entries]
    use = [row["use"] for row in facts if "use" in row]
    health = [row["health"] for row in facts if "health" in row]
    idle_min = [row["mix"][0] for row in facts if "mix" in row]
    assert len(use) == len(health) == 3
    assert use[0][0] > 1400 and use[0][5] < 195  # of idle: the factor, and how far off it may be
    for row in use[1:]:
        assert row[:4] == use[0][:4], use
        assert all(0 <= b - a <= 3 for a, b in zip(use[0][5:9], row[5:9], strict=True)), use
    assert health == sorted(health) and health[0][0] > 400
    assert 119 <= idle_min[0] <= 121 and idle_min == sorted(idle_min), idle_min
