"""No press is missed, whatever the camera does meanwhile: on the whole camera, on each board."""

import json
import random

import pytest

from tools.boards_command import board_ids
from tools.evidence import layout
from tools.evidence.log import Log
from tools.sim import headless

# The shortest press that each button feels at every moment, in milliseconds; boards/README.md.
# An ESP32-S3-EYE's, a voltage that is looked at, has to last longer than its longest turn.
SHORTEST_MS = {"m5stack_cores3": 30, "esp32_s3_eye": 60, "pico2w_arducam": 30}
PRESSES = 15


def hands(rng, press_ms):
    """Return a script that shows and hides the live picture, then records and sets markers."""
    press = f"hold {press_ms / 1000}"
    lines = ["0:00 boot"]
    for _ in range(PRESSES):
        lines += ["+1.5 press", "+1 expect display_on", f"+{1 + rng.random():.3f} {press}"]
        lines += ["+1.5 expect idle"]
    lines += ["+2 press twice", "+2 expect recording"]
    lines += [f"+{0.4 + rng.random():.3f} {press}" for _ in range(PRESSES)]
    return "\n".join([*lines, "+2 end"])


@pytest.mark.parametrize("board", board_ids())
def test_every_press_is_felt_while_the_live_picture_and_a_recording_run(
    tmp_path, board, seed, full
):
    script = tmp_path / "script.txt"
    rng = random.Random(seed)
    for turn in range(10 if full else 1):
        script.write_text(hands(rng, SHORTEST_MS[board]))
        image = tmp_path / f"{turn}.img"
        result = headless.run(board, "cpython", None, script, image, seed, tmp_path / "out")
        assert result["error"] == ""
        log = Log(f"{image}.camera").entries
        marks = [json.loads(entry.detail) for entry in log if entry.code == layout.MARK]
        assert sum(mark["event"] == "mark" for mark in marks) == PRESSES
        assert result["frames"]["dropped"] == 0
