"""The command `shift`: will the battery last, where does it go, and what to change."""

import json
import time
from pathlib import Path
from typing import Annotated

import typer

_EMPTY_PCT = 5  # a cell that ends a shift has no more, by the model
_LONG_FAULT_H = 0.1

app = typer.Typer(add_completion=False)


@app.command()
def shift(
    board: Annotated[
        str, typer.Option(help="Board file; `boards` lists them.")
    ] = "m5stack_cores3",
    profile: Annotated[str, typer.Option(help="Use profile.")] = "nrw_order_service",
    use: Annotated[
        Path | None, typer.Option(help="What the hands do, a script of `sim`; default: typical.")
    ] = None,
    capacity: Annotated[
        int | None, typer.Option(min=100, max=4300, help="Battery in mAh; the board file's.")
    ] = None,
    health: Annotated[int, typer.Option(min=50, max=100, help="Percent of it left by age.")] = 100,
    temperature: Annotated[int, typer.Option(min=-20, max=60, help="Degrees Celsius.")] = 25,
    saves: Annotated[
        bool, typer.Option(help="Let the firmware give up comfort to reach the end.")
    ] = True,
    plot: Annotated[Path | None, typer.Option(help="Draw the shift into a .png.")] = None,
    calibrate: Annotated[
        Path | None, typer.Option(help="Fit the currents to a discharge log instead.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
):
    """Take the real firmware through a shift in simulated time: does the battery last?

    Status 0 when the shift is reached, 1 when not, 2 for input that cannot be used.
    """
    from tools import bootstrap
    from tools.boards_command import BoardError, load
    from tools.shift import run as runs
    from tools.sim import headless

    try:
        about = load(board)
    except BoardError as error:
        raise typer.BadParameter(str(error)) from None
    battery = dict(about.BATTERY, health_pct=health)
    battery["capacity_mah"] = capacity or battery["capacity_mah"]
    if calibrate:
        return _calibrate(about, calibrate, capacity, as_json)
    if plot:
        _check_plot(plot)
        bootstrap.need("plot")
    values, steps = _firmware(profile)
    changes = {} if saves else {"saves": False}
    script = _script(use, values["shift_h"])
    started_s = time.monotonic()
    c10 = temperature * 10
    try:
        with _progress() as progress:
            result = runs.run(board, profile, script, changes, battery, c10, None, progress)
    except headless.InputError as error:
        raise typer.BadParameter(str(error)) from None
    except headless.RunError as error:
        raise OSError(str(error)) from None
    if not runs.worn(runs.by_stage(result))[0]:
        raise typer.BadParameter(f"{use}: the camera is never on for a second: boot it, end later")
    told = report(about, values, steps, result, battery, c10)
    told["verified_hours"] = None
    if told["reaches"] and not result["error"]:
        wanted = {row["setting"]: row["value"] for row in told["reaches"]}
        if "slow_clock" not in wanted:  # which no profile sets: the firmware itself does
            with _progress() as progress:
                again = runs.run(
                    board, profile, script, {**changes, **wanted}, battery, c10, None, progress
                )
            told["verified_hours"] = round(_hours(values, again, battery, c10), 2)
    told["wall_s"] = round(time.monotonic() - started_s, 1)
    if plot:
        _plot(told, result, plot)
    if as_json:
        print(json.dumps(told))
    else:
        _say(about, told, result)
    if result["error"]:
        raise typer.TyperException(f"{use}: {result['error']}")
    return 0 if told["reached"] else 1


def _firmware(profile):
    """Return the profile's values and the firmware's table of savings."""
    from tools.glyphs import of_firmware

    try:
        return of_firmware("profile").make(profile), of_firmware("savings").STEPS
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _check_plot(path):
    if path.suffix != ".png":
        raise typer.BadParameter(f"--plot draws a .png: {path} has another name")
    if not path.parent.is_dir():
        raise typer.BadParameter(f"--plot: there is no folder {path.parent}; make it first")
    try:
        there = path.exists()
        if there and not path.is_file():
            raise typer.BadParameter(f"--plot: {path} is no file; give another name")
        path.open("ab").close()
        if not there:
            path.unlink()
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path, error):
    return typer.BadParameter(f"--plot: cannot write {path}: {error.strerror}; give another place")


def _script(use, hours):
    from tools.shift.use import typical
    from tools.sim.script import ScriptError, parse

    if use is None:
        return typical(hours)
    try:
        text = use.read_text(encoding="utf-8-sig")
        parse(text)
        return text
    except ScriptError as error:
        raise typer.BadParameter(f"{use}, {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8; save it as UTF-8"
        raise typer.BadParameter(f"cannot read the script {use}: {reason}") from None


def _progress():
    from tools.sim.cli import _screen

    return _Progress(_screen())


class _Progress:
    """Gives the screen's progress function alone."""

    def __init__(self, screen):
        self._screen = screen

    def __enter__(self):
        return self._screen.__enter__()[0]

    def __exit__(self, *error):
        return self._screen.__exit__(*error)


def report(about, values, steps, result, battery, c10):
    """Return what `--json` prints of a run, but for `verified_hours` and `wall_s`."""
    from tools.shift import run as runs

    stages = runs.by_stage(result)
    dead_s = _died_s(result, values["shift_h"])
    hours = _hours(values, result, battery, c10)
    needed = values["shift_h"]
    suggestions, reaches = runs.suggest(about, values, result, steps, battery, c10)
    own = None
    if "own_mah" in about.BATTERY:
        own_battery = dict(battery, capacity_mah=about.BATTERY["own_mah"])
        own = round(runs.hours(stages, own_battery, c10), 1)
    given_up, order = [], runs.in_order(about, values, steps)
    for row in result["track"]:
        if row[3] > len(given_up):
            given_up.append({"second": row[0], "steps": row[3], **order[row[3] - 1]})
    return {
        "board": about.ID,
        "hours": round(hours, 2),
        "hours_needed": needed,
        "margin_pct": round(100 * hours / needed - 100),
        "reached": dead_s is None and hours >= min(needed, runs.worn(stages)[0]),
        "battery_mah": battery["capacity_mah"],
        "health_pct": battery.get("health_pct", 100),
        "temperature_c": c10 // 10,
        "own_hours": own,
        "by_stage": {stage: _rounded(row) for stage, row in stages.items()},
        "waking": {s: runs.waking(about, row) for s, row in stages.items() if row["wakes"]},
        "suggestions": suggestions,
        "reaches": reaches,
        "given_up": given_up,
        "virtual_hours": round(result["virtual_ms"] / 3_600_000, 3),
    }


def _hours(values, result, battery, c10):
    from tools.shift import run as runs

    dead_s = _died_s(result, values["shift_h"])
    return dead_s / 3600 if dead_s else runs.hours(runs.by_stage(result), battery, c10)


def _died_s(result, hours):
    """Return when the battery ended the shift, in seconds, or None."""
    for change in result["stages"]:
        second = change["t_ms"] / 1000
        # A cut may also be one of the script's.
        empty = change["event"] == "cut" and _charge_pct(result, second) < _EMPTY_PCT
        if change["to"] == "off" and (empty or change["event"] == "battery_empty"):
            return second
    return None


def _charge_pct(result, second):
    return min((row[1] / 100 for row in result["track"] if row[0] <= second), default=100)


def _rounded(row):
    parts = {part: round(mah, 2) for part, mah in row["parts"].items()}
    return {**{name: round(row[name], 3) for name in ("hours", "ma", "mah")}, "parts": parts}


def _say_faults(report, result):
    hours = report["by_stage"].get("fault", {"hours": 0})["hours"]
    if hours >= _LONG_FAULT_H:
        reasons = {row["reason"].replace("_", " ") for row in result["stages"] if "reason" in row}
        print(f"it stood in FAULT for {hours:.1f} hours of it: {', '.join(sorted(reasons))}")


def _say(about, report, result):
    from tools.shift import words

    over = "reached" if report["reached"] else "NOT reached"
    if report["virtual_hours"] < report["hours_needed"]:
        over = "not empty" if report["reached"] else "empty"
        over += f" in the {words.length(report['virtual_hours'])} of the script"
    print(
        f"{about.NAME}, {words.battery(report)}: {report['hours']:.1f} hours at this use; "
        f"{report['hours_needed']} needed: {over}, margin {report['margin_pct']} %"
    )
    _say_faults(report, result)
    if report["own_hours"]:
        print(f"with the board's own {about.BATTERY['own_mah']} mAh: {report['own_hours']} hours")
    for stage, row in report["by_stage"].items():
        most = sorted(row["parts"].items(), key=lambda part: -part[1])[:4]
        where = ", ".join(f"{words.part(part)} {mah:.0f}" for part, mah in most if mah >= 0.5)
        drawn = f"{row['hours']:6.2f} h {row['ma']:7.1f} mA {row['mah']:7.1f} mAh"
        print(f"  {words.stage(stage):<11}{drawn}  {where}")
    for stage, row in report["waking"].items():
        how = "a press ends the sleep at once"
        if row["button"] == "poll":
            how = f"a press is seen when it wakes, every {row['every_ms']} ms"
        work = f"{row['ms'] / 1000:.1f} s at work, {row['mah']:.2f} mAh"
        print(f"  {words.stage(stage)}: wakes {row['count']} times: {work}; {how}")
    if report["reached"] and report["reaches"] == []:
        print("no setting has to change")
        report = {**report, "suggestions": ()}
    for row in report["suggestions"]:
        print(f"  {words.setting(row)}: {row['minutes']} minutes more, reckoned from this run")
    if report["reaches"]:
        names = ", ".join(map(words.setting, report["reaches"]))
        run = "reckoned from this run, not run again"
        if report["verified_hours"]:
            run = f"run again with them: {report['verified_hours']:.1f} hours"
        print(f"reached with the best picture by: {names}; {run}")
    elif report["reaches"] is None:
        print("no setting reaches the shift: it needs a larger battery")
    for row in report["given_up"]:
        print(f"given up after {row['second'] / 3600:.1f} h: from then on {words.setting(row)}")


def _plot(report, result, path):
    from tools.shift.plot import draw

    try:
        path.write_bytes(draw(report, [("", result)]))
    except OSError as error:
        path.unlink(missing_ok=True)  # half of one helps nobody
        raise _unwritable(path, error) from None


def _calibrate(about, path, measured_mah, as_json):
    from tools.shift.calibrate import CalibrationError, fit, read
    from tools.shift.table import table_ma

    capacity_mah = measured_mah or about.BATTERY["capacity_mah"]
    try:
        rows = fit(read(path), capacity_mah)
    except CalibrationError as error:
        raise typer.BadParameter(f"{path}: {error}") from None
    table = table_ma(about)
    for stage, row in rows.items():
        row["table_ma"] = round(table[stage], 1) if stage in table else None
    if as_json:
        print(json.dumps({"board": about.ID, "battery_mah": capacity_mah, "stages": rows}))
        return 0
    whose = "as measured" if measured_mah else "the board file's; --capacity gives the true one"
    print(f"with a battery of {capacity_mah} mAh, {whose}:")
    for stage, row in rows.items():
        print(
            f"{stage:<11}{row['ma']:7.1f} mA, give or take {row['unsure_ma']:.1f}; "
            f"the table: {row['table_ma']}"
        )
    return 0
