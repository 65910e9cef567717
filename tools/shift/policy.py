"""A shift on a battery that is too small by a quarter, and its picture:

    .venv/bin/python -m tools.shift.policy

It needs the group `plot`.
"""

from pathlib import Path

from tools.boards_command import load
from tools.glyphs import of_firmware
from tools.shift import cli, plot
from tools.shift import run as runs
from tools.shift.use import typical

_BOARD, _PROFILE = "m5stack_cores3", "nrw_order_service"
_HOURS, _FULL_MAH = 12, 551  # what such a shift takes


def battery():
    """Return the facts of the battery."""
    return dict(load(_BOARD).BATTERY, capacity_mah=int(_FULL_MAH * 0.75))


def policy(saves):
    """Return the run of a shift in which the display is always left on, with or without the
    firmware's savings.
    """
    changes = {"saves": saves, "shift_h": _HOURS}
    script = typical(_HOURS, mirror_s=None)
    return runs.run(_BOARD, _PROFILE, script, changes, battery())


def shoot():
    """Draw both runs into policy.png, beside this file."""
    saved, plain = policy(True), policy(False)
    values, steps = of_firmware("profile").make(_PROFILE), of_firmware("savings").STEPS
    report = cli.report(load(_BOARD), values, steps, saved, battery(), 250)
    Path(__file__).with_name("policy.png").write_bytes(
        plot.draw(report, [("with savings", saved), ("without", plain)])
    )


if __name__ == "__main__":
    shoot()
