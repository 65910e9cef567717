"""The station is killed at every step, and docked again: the end is always the same."""

import json
import subprocess
import sys

from plugged import HERE, environment


def test_killed_at_any_step_it_ends_as_if_undisturbed(tmp_path):
    command = [sys.executable, str(HERE / "stepper.py"), str(tmp_path)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    undisturbed, *ends = map(json.loads, done.stdout.splitlines())
    assert undisturbed["card_is_empty"] and undisturbed["blocks_are_there"] == [True, True]
    assert undisturbed["segments"] == [1, 1] and undisturbed["epoch"] == "02000000"
    assert undisturbed["vault_is_whole"] and not undisturbed["too_early"]
    assert len(ends) > 30
    for step, end in enumerate(ends):
        assert end == undisturbed, f"killed before step {step + 1}"
