"""Runs the real firmware through a shift, and reckons with what it drew."""

import re
import tempfile
from pathlib import Path

from tools.sim import headless
from tools.sim.cell import FULL_PPM, Cell

_SLOW_STAGES = ("idle", "display_on")


def run(board_id, profile, script, changes=None, battery=None, c10=250, out=None, progress=None):
    """Run `script` (text) and return the simulation's result, with a track of the battery.

    `battery` are facts in place of the board file's BATTERY, `c10` tenths of a degree.

    Raises: as tools.sim.headless.run.
    """
    if out is None:
        with tempfile.TemporaryDirectory(prefix="bodycam-shift-") as folder:
            return run(board_id, profile, script, changes, battery, c10, folder, progress)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    path = out / "use.txt"
    lines = script.splitlines()
    path.write_text(f"0:00 temperature {c10 / 10:g}\n" + "\n".join(lines) + "\n")
    args = (board_id, "cpython", None, path, None, 0, out / "run", profile, progress)
    result = headless.run(*args, changes=changes, battery=battery or {})
    # The line of the temperature is not one of the script's.
    result["error"] = re.sub(r"line (\d+)", lambda m: f"line {int(m[1]) - 1}", result["error"])
    return result


def usable_mah(battery, recording_ma, c10=250):
    """Return what can be drawn of a full `battery` (facts as BATTERY, and `health_pct`) until it
    does not carry `recording_ma` any more.
    """
    health_pct = battery.get("health_pct", 100)
    cell = Cell(battery["capacity_mah"], battery["resistance_mohm"], health_pct)
    cell.temperature_c10 = c10
    low, high = 0, FULL_PPM
    while high - low > 20:
        middle = (low + high) // 2
        cell._uah = cell.full_uah * middle // FULL_PPM
        if cell.mv(int(recording_ma * 1000)) < battery["empty_mv"]:
            low = middle
        else:
            high = middle
    return cell.full_uah / 1000 * (1 - high / FULL_PPM)


def by_stage(result):
    """Return {stage: {"hours", "ma", "mah", "wakes", "parts": {part: mAh}}} of a run."""
    stages = {}
    for stage, row in result["energy"].items():
        if row["ms"] < 1000:
            continue
        parts = {part: uah / 1000 for part, uah in row["uah"].items() if uah}
        mah, hours = sum(parts.values()), row["ms"] / 3_600_000
        about = {"hours": hours, "ma": mah / hours, "mah": mah, "wakes": row["wakes"]}
        stages[stage] = {**about, "parts": parts}
    return stages


def waking(board, row):
    """Return what waking from light sleep costs in a stage, `row` of by_stage: {"count", "ms" at
    work for it alone, "mah", "every_ms": the mean time between, "button": what a press waits for}.
    """
    ms = row["wakes"] * board.COSTS["wake_us"] / 1000
    ends = board.BUTTON.get("ends_light_sleep", False)
    return {
        "count": row["wakes"],
        "ms": round(ms),
        "mah": round(ms / 3_600_000 * board.CURRENTS_MA["working"][0], 3),
        "every_ms": round(row["hours"] * 3_600_000 / row["wakes"]),
        "button": "interrupt" if ends else "poll",
    }


def worn(stages):
    """Return (hours, mAh) of a shift without the time it was off."""
    rows = [row for stage, row in stages.items() if stage != "off"]
    return sum(row["hours"] for row in rows), sum(row["mah"] for row in rows)


def hours(stages, battery, c10=250):
    """Return for how many hours the full `battery` bears the average of this use."""
    lasted_h, mah = worn(stages)
    return lasted_h * _have_mah(stages, battery, c10) / mah


def _have_mah(stages, battery, c10):
    # Where nothing was recorded, until it does not carry what drew the most.
    recording = stages.get("recording") or max(stages.values(), key=lambda row: row["ma"])
    return usable_mah(battery, recording["ma"], c10)


def saved_mah(board, values, result, stages, setting, value):
    """Return the milliampere-hours that `setting` at `value` would have saved in a run."""
    ma = {part: row[0] for part, row in board.CURRENTS_MA.items()}
    if setting == "backlight_pct":
        shone = sum(row["parts"].get("backlight", 0) for row in stages.values())
        return shone * max(0, 1 - value / values[setting])
    if setting == "mirror_fps":
        worked = stages.get("display_on", {"parts": {}})["parts"].get("working", 0)
        fewer = max(0, 1 - value / values[setting])
        return worked * fewer * (1 - ma["waiting"] / ma["working"])
    if setting == "display_timeout_s":
        over_h = sum(max(0, s - value) for s in _visits_s(result, "display_on")) / 3600
        return over_h * (stages["display_on"]["ma"] - stages["idle"]["ma"]) if over_h else 0
    if setting == "pre_event_s":
        armed = stages.get("armed")
        return armed["hours"] * (armed["ma"] - stages["idle"]["ma"]) if armed else 0
    if not hasattr(board, "SLOW_HZ"):
        return 0
    saved = 0  # what works is mostly buses, which keep their pace
    for stage in _SLOW_STAGES:
        parts = stages.get(stage, {"parts": {}})["parts"]
        saved += parts.get("waiting", 0) * (1 - ma["waiting_slow"] / ma["waiting"])
        saved += parts.get("working", 0) * (1 - ma["working_slow"] / ma["working"])
    return saved


def _visits_s(result, stage):
    began, visits = None, []
    for change in result["stages"]:
        if began is not None:
            visits.append((change["t_ms"] - began) / 1000)
        began = change["t_ms"] if change["to"] == stage else None
    return visits


def in_order(board, values, steps):
    """Return the rows of `steps` that lower something on `board`, in the order in which the
    firmware gives them up: as many as are in force are always the first ones.
    """
    settings, rows = dict(values), []
    for _, setting, value in steps:
        slow = setting == "slow_clock"
        if hasattr(board, "SLOW_HZ") if slow else settings[setting] > value:
            settings[setting] = value
            rows.append({"setting": setting, "value": value})
    return rows


def _not_yet(track, number):
    # The share of the time on in which the run had not given up step `number` by itself.
    on = [row[3] for row in track if row[2] != "off"]
    return sum(given_up <= number for given_up in on) / max(1, len(on))


def suggest(board, values, result, steps, battery, c10=250):
    """Return ([{"setting", "value", "minutes"}], the most first; the fewest of them in the order
    of `steps`, the firmware's table, that reach the shift: [] where it is reached anyway, None
    where all do not suffice).
    """
    stages = by_stage(result)
    needed_h, alone = values["shift_h"], []
    lasted_h, mah = worn(stages)
    have_mah = _have_mah(stages, battery, c10)
    base_h = lasted_h * have_mah / mah
    reached, taken, sum_mah, in_force = base_h >= needed_h, [], 0, {}
    order = in_order(board, values, steps)
    for _, setting, value in steps:
        saved = saved_mah(board, values, result, stages, setting, value)
        row = {"setting": setting, "value": value}
        if row in order:
            saved *= _not_yet(result["track"], order.index(row))
        if saved <= 0:
            continue
        minutes = 60 * (lasted_h * have_mah / (mah - saved) - base_h)
        alone.append({**row, "minutes": round(minutes)})
        if not reached:
            sum_mah += saved - in_force.get(setting, 0)
            in_force[setting] = saved
            taken.append(row)
            reached = lasted_h * have_mah / (mah - sum_mah) >= needed_h
    alone.sort(key=lambda row: -row["minutes"])
    return alone, (taken if reached else None)
