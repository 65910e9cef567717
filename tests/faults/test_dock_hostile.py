"""Hostile frames in the camera's own interpreter; the script says what it sends."""

from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "dock_hostile.py"


def hostile(run_on, monkeypatch, frames, seed):
    monkeypatch.setenv("FRAMES", str(frames))
    monkeypatch.setenv("SEED", str(seed))
    printed = run_on("unix", SCRIPT)
    print(printed)
    assert printed.endswith("ok\n") and f"frames {frames} " in printed


def test_hostile_frames_neither_crash_nor_change_nor_fill_the_camera(run_on, monkeypatch, seed):
    hostile(run_on, monkeypatch, 20_000, seed)


# In parts, because a single test is ended after two minutes.
@pytest.mark.full
@pytest.mark.parametrize("part", range(10))
def test_a_million_hostile_frames(run_on, monkeypatch, seed, part):
    hostile(run_on, monkeypatch, 100_000, seed + 1 + part)
