"""Light sleep in idle, on the whole camera: what it saves, and that no press is missed."""

import pytest

from tools.boards_command import load
from tools.sim import headless

BOARDS = ("m5stack_cores3", "esp32_s3_eye", "pico2w_arducam")
# From the first press to the stage: a poll of 100 ms, or the contacts' 5 ms between two looks.
LATEST_MS = {"m5stack_cores3": 110, "esp32_s3_eye": 40, "pico2w_arducam": 60}


def run(tmp_path, script, board, on="cpython"):
    path = tmp_path / "script.txt"
    path.write_text(script)
    return headless.run(board, on, None, path, None, 1, tmp_path / "out")


@pytest.mark.parametrize("board", BOARDS)
def test_a_camera_that_sleeps_lightly_feels_every_press(tmp_path, board):
    script = "0:00 boot\n1:30.037 press\n+2 expect display_on\n+5 press\n+2 expect idle\n"
    script += "+60.011 press twice\n+3 expect recording\n+5 hold 3\n+1 press\n+3 press\n+2 end\n"
    result = run(tmp_path, script, board)
    assert result["error"] == ""
    stages = {row["t_ms"]: row for row in result["stages"]}
    shown = [t_ms for t_ms, row in stages.items() if row["event"] == "show"]
    assert shown[0] - 90_037 <= LATEST_MS[board]
    assert result["frames"]["dropped"] == 0


@pytest.mark.parametrize("board", BOARDS)
def test_it_sleeps_lightly_nearly_all_of_the_time_but_not_in_the_first_minute(tmp_path, board):
    early = run(tmp_path, "0:00 boot\n0:59 end\n", board)["energy"]["idle"]
    assert "sleeping" not in early["uah"]
    whole = run(tmp_path, "0:00 boot\n11:00 end\n", board)["energy"]["idle"]
    ma = load(board).CURRENTS_MA
    slept_ms = whole["uah"]["sleeping"] * 3600 / ma["sleeping"][0]
    assert slept_ms >= 0.95 * 600_000
    worked_ms = whole["uah"]["working"] * 3600 / ma["working"][0]
    print(f"{board}: awake {(worked_ms / 660):.1f} permille of the time")
    assert worked_ms <= 0.05 * 660_000


def test_it_stays_awake_while_a_cable_gives_power(tmp_path):
    script = "0:00 boot\n2:00 cable in\n3:00 end\n"
    result = run(tmp_path, script, "m5stack_cores3")["energy"]["idle"]
    ma = load("m5stack_cores3").CURRENTS_MA
    slept_ms = result["uah"]["sleeping"] * 3600 / ma["sleeping"][0]
    assert 50_000 <= slept_ms <= 72_000  # the cable is noticed within 10 s
