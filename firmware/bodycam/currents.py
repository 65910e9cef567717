"""What a board should draw in each stage, by its board file: where every estimate begins."""

from micropython import const

# The stages in which a camera works on its battery, in the order of the log's POWER entries.
STAGES = ("idle", "display_on", "armed", "recording")

_PLAN_FPS = const(5)  # mirrored, at which the processor is at work for a fifth of its time

# stage: {part: permille of its current}, beside what is reckoned below: processor and backlight.
# The lamp as in signals.py; the card's pauses are shorter than it takes to rest.
_ON = {
    "idle": {},
    "display_on": {"lamp": 118, "display": 1000, "sensor": 1000},
    "armed": {"lamp": 16, "display": 1000, "sensor": 1000},
    "recording": {"lamp": 105, "display": 1000, "sensor": 1000, "card": 1000},
}
# In every stage: a part that is `ready` keeps its supply while it rests.
_ALWAYS = ("base", "lamp_ready", "sensor_ready")
_WORKING = {"idle": 15, "display_on": 210, "armed": 700, "recording": 700}  # permille
_MAY_BE_SLOW = ("idle", "display_on")


def stage_ua(currents_ma: dict, stage: str, settings: dict) -> int:
    """Return the microamperes that `stage` should draw from the battery.

    `currents_ma` is a board's CURRENTS_MA; `settings` are `backlight_pct`, `mirror_fps` and
    `slow_clock` as they are in force.
    """
    ma = sum([_ma(currents_ma, part) for part in _ALWAYS])
    for part, permille in _ON[stage].items():
        ma += _ma(currents_ma, part) * permille / 1000
    if stage != "idle":
        ma += _ma(currents_ma, "backlight") * settings["backlight_pct"] / 100
    return int((ma + _processor_ma(currents_ma, stage, settings)) * 1000)


def _processor_ma(currents_ma, stage, settings):
    slow = "_slow" if settings["slow_clock"] and stage in _MAY_BE_SLOW else ""
    work = _WORKING[stage]
    if stage == "display_on":
        work = min(1000, work * settings["mirror_fps"] // _PLAN_FPS)
    rest = "sleeping" if stage == "idle" else "waiting" + slow
    return (_ma(currents_ma, "working" + slow) * work + _ma(currents_ma, rest) * (1000 - work)) / (
        1000
    )


def _ma(currents_ma, part):
    return currents_ma[part][0] if part in currents_ma else 0
