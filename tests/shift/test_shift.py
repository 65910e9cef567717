"""The command `shift`, and what it stands on: the real firmware through hours in seconds."""

import json
import re
import tempfile

import pytest

from tools import bootstrap, cli
from tools.boards_command import board_ids, load
from tools.shift import plot
from tools.shift import run as runs
from tools.shift.policy import policy
from tools.shift.table import table_ma
from tools.shift.use import typical

KEYS = "hours hours_needed margin_pct battery_mah by_stage suggestions virtual_hours wall_s"
PROBE = "0:00 boot\n5:00 press\n6:00 press\n7:00 press twice\n8:00 hold 3\n+1 press\n+2 press\n"
PROBE += "13:00 end\n"
BEGIN = "0:00 boot\n1:30 end\n"  # in its first minute it does not sleep


@pytest.fixture(scope="module")
def probes():
    """Some minutes of every stage, on each board."""
    return {
        board: runs.run(board, "nrw_order_service", PROBE, {}, dict(load(board).BATTERY))
        for board in board_ids()
    }


@pytest.mark.parametrize("board", board_ids())
def test_what_the_firmware_expects_of_a_stage_is_what_the_chips_draw_in_it(probes, board):
    drawn = {
        stage: (row["hours"], row["mah"]) for stage, row in runs.by_stage(probes[board]).items()
    }
    begun = runs.by_stage(
        runs.run(board, "nrw_order_service", BEGIN, {}, dict(load(board).BATTERY))
    )["idle"]
    hours, mah = drawn["idle"]
    drawn["idle"] = (hours - begun["hours"], mah - begun["mah"])
    table = table_ma(load(board))
    assert set(table) - set(drawn) == {"armed"}  # which this profile does not have
    for stage in set(table) & set(drawn):
        ma = drawn[stage][1] / drawn[stage][0]
        assert abs(ma / table[stage] - 1) <= 0.1, (stage, ma, table[stage])


@pytest.mark.parametrize("board", board_ids())
def test_the_default_profile_lasts_twelve_hours_on_every_board(probes, board):
    stages, battery = runs.by_stage(probes[board]), load(board).BATTERY
    shares = {"idle": 11.0, "display_on": 0.5, "recording": 0.5}
    need_mah = sum(stages[stage]["ma"] * hours for stage, hours in shares.items())
    have_mah = runs.usable_mah(battery, stages["recording"]["ma"])
    print(f"{board}: {12 * have_mah / need_mah:.1f} hours on {battery['capacity_mah']} mAh")
    assert have_mah >= need_mah and battery["capacity_mah"] <= 4300


def test_what_waking_costs_in_time_and_charge_is_counted_by_board(probes):
    every_ms, button = {}, {}
    for board in board_ids():
        about, stages = load(board), runs.by_stage(probes[board])
        found = runs.waking(about, stages["idle"])
        every_ms[board], button[board] = found["every_ms"], found["button"]
        assert found["ms"] == found["count"] * about.COSTS["wake_us"] // 1000 > 0
        # It is part of what idle has worked, by the ledger of the run.
        assert 0 < found["mah"] <= stages["idle"]["parts"]["working"]
    assert button["m5stack_cores3"] == "poll" and every_ms["m5stack_cores3"] <= 500
    assert button["esp32_s3_eye"] == button["pico2w_arducam"] == "interrupt", button


def test_what_a_setting_buys_by_the_ledger_is_what_a_run_with_it_buys(probes):
    board, battery = load("m5stack_cores3"), dict(load("m5stack_cores3").BATTERY)
    values, base = {"shift_h": 12, "backlight_pct": 80, "mirror_fps": 5}, probes[board.ID]
    values |= {"display_timeout_s": 600, "pre_event_s": 0}
    steps = [("saves_more_light", "backlight_pct", 30)]
    (row,), needed = runs.suggest(board, {**values, "shift_h": 1}, base, steps, battery)
    assert needed == []
    again = runs.run(board.ID, "nrw_order_service", PROBE, {"backlight_pct": 30}, battery)
    hours = [runs.hours(runs.by_stage(result), battery) for result in (base, again)]
    bought_min = 60 * (hours[1] - hours[0])
    assert bought_min > 10 and abs(row["minutes"] / bought_min - 1) <= 0.1, (row, bought_min)


def test_what_the_camera_gave_up_by_itself_is_not_offered_again(probes):
    board, values = load("m5stack_cores3"), {"shift_h": 12, "backlight_pct": 80}
    minutes = {}
    for given_up in ([0, 0], [0, 1], [1, 1]):
        track = [[i, 5000, "display_on", n, 60, 50, ""] for i, n in enumerate(given_up)]
        shown = {**probes[board.ID], "track": [[0, 5000, "off", 0, None, None, None], *track]}
        steps = [("saves_light", "backlight_pct", 50)]
        found, _ = runs.suggest(board, values, shown, steps, board.BATTERY)
        minutes[sum(given_up)] = sum(row["minutes"] for row in found)
    assert minutes[0] > minutes[1] > minutes[2] == 0
    assert 0.4 <= minutes[1] / minutes[0] <= 0.5


@pytest.mark.parametrize("health_pct", [100, 60])
def test_where_nothing_was_recorded_too_hours_and_what_would_help_agree(probes, health_pct):
    board = load("m5stack_cores3")
    probe = probes[board.ID]
    shown = {**probe, "energy": {"display_on": probe["energy"]["display_on"]}}
    values = {"shift_h": 12, "backlight_pct": 80, "mirror_fps": 5}
    for capacity_mah in range(1000, 4300, 10):
        battery = {**board.BATTERY, "capacity_mah": capacity_mah, "health_pct": health_pct}
        lasts_h = runs.hours(runs.by_stage(shown), battery, -200)
        needed = runs.suggest(board, values, shown, [], battery, -200)[1]
        assert (needed == []) == (lasts_h >= 12), (capacity_mah, lasts_h)


def test_the_command_says_what_the_contract_asks_for(tmp_path, capsys):
    use = tmp_path / "use.txt"
    use.write_text(PROBE)
    status = cli.run("bodycam", ["shift", "--use", str(use), "--capacity", "570", "--json"])
    out, said = capsys.readouterr()
    report = json.loads(out)
    assert status == 0, said  # this use is over before the battery is
    assert set(KEYS.split()) < set(report)
    # What is recommended is run again.
    assert report["margin_pct"] < 0 and report["reaches"], report
    assert report["hours"] < report["verified_hours"] >= 11.8, report
    assert report["own_hours"] and report["own_hours"] < report["hours"]
    stages = report["by_stage"]
    assert abs(stages["recording"]["mah"] - sum(stages["recording"]["parts"].values())) < 0.1
    minutes = {(row["setting"], row["value"]): row["minutes"] for row in report["suggestions"]}
    assert minutes[("backlight_pct", 30)] > minutes[("backlight_pct", 50)] > 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--board", "no_such"), "no_such"),
        (("--profile", "no_such"), "unknown profile"),
        (("--use", "no_such.txt"), "cannot read the script"),
        (("--calibrate", "no_such.csv"), "No such file"),
        (("--capacity", "9000"), "4300"),
        (("--plot", "{folder}/none/x.png"), "there is no folder"),
        (("--plot", "{folder}/x.jpg"), ".png"),
        (("--plot", "{folder}/dir.png"), "is no file"),
        (("--plot", "{folder}/" + 300 * "x" + ".png"), "x.png: File name too long; give another"),
        (("--calibrate", "{folder}"), "Is a directory"),
        (("--calibrate", "{folder}/use.txt"), "line 1 is not seconds,stage,pct"),
        (("--use", "{folder}"), "Is a directory"),
        (("--use", "{folder}/use.txt"), "use.txt, line 2: "),
        (("--use", "{folder}/latin.txt"), "it is not UTF-8; save it as UTF-8"),
        (("--calibrate", "{folder}/latin.txt"), "it is not UTF-8; save it as UTF-8"),
        (("--use", "{folder}/boot.txt"), "boot.txt: the camera is never on"),
        (("--use", "{folder}/off.txt"), "off.txt: the camera is never on"),
    ],
)
def test_input_that_cannot_be_used_is_one_line_and_status_2(words, says, tmp_path, capsys):
    (tmp_path / "dir.png").mkdir()
    (tmp_path / "use.txt").write_text("0:00 boot\n0:10 dance\n")
    (tmp_path / "boot.txt").write_text("0:00 boot\n")
    (tmp_path / "latin.txt").write_bytes(b"0:00 boot # f\xfcr\n")
    (tmp_path / "off.txt").write_text("0:00 press\n1:00 end\n")
    status = cli.run("bodycam", ["shift", *(word.format(folder=tmp_path) for word in words)])
    out, said = capsys.readouterr()
    assert status == 2 and not out
    assert says in said and len(said.strip().splitlines()) == 1


def test_an_expectation_that_is_not_met_is_named_with_its_line(tmp_path, capsys):
    use = tmp_path / "use.txt"
    use.write_text("0:00 boot\n0:10 expect recording\n0:11 end\n")
    status = cli.run("bodycam", ["shift", "--use", str(use)])
    assert status == 1
    assert f"{use}: line 2: " in capsys.readouterr().err


def test_a_cut_of_the_script_is_no_empty_battery_and_a_long_fault_is_said(tmp_path, capsys):
    use = tmp_path / "use.txt"
    use.write_text("0:00 boot\n+60 cut\n+1 boot\n+3 card out\n+900 end\n")
    assert cli.run("bodycam", ["shift", "--use", str(use)]) == 0
    said = capsys.readouterr().out
    assert ": not empty in the 16 minutes of the script" in said
    assert "no setting has to change" in said and "minutes more" not in said
    assert "in FAULT for 0.2 hours of it: card missing" in said


def test_what_was_asked_and_what_would_help_is_said_in_words(tmp_path, capsys):
    use = tmp_path / "use.txt"
    use.write_text("0:00 boot\n0:10 press\n14:00 end\n")
    words = ["--use", str(use), "--capacity", "700", "--temperature", "-5", "--health", "80"]
    assert cli.run("bodycam", ["shift", *words]) == 0
    said = capsys.readouterr().out
    assert "700 mAh, 80 % of it left by age, at -5 °C:" in said
    assert "backlight at 30 %: " in said and " minutes more, reckoned from this run" in said
    assert not re.search(r"[a-z]_[a-z]|True|step \d", said), said


def test_the_steps_in_force_are_the_first_of_those_that_lower_something():
    steps = [("a", "backlight_pct", 50), ("b", "mirror_fps", 3), ("c", "slow_clock", True)]
    steps += [("d", "backlight_pct", 30)]
    values = {"backlight_pct": 80, "mirror_fps": 3}
    found = runs.in_order(load("m5stack_cores3"), values, steps)
    assert [(row["setting"], row["value"]) for row in found] == [
        ("backlight_pct", 50),
        ("slow_clock", True),
        ("backlight_pct", 30),
    ]


@pytest.mark.parametrize("board", board_ids())
def test_each_part_of_a_board_has_a_colour_of_its_own(board):
    assert set(load(board).CURRENTS_MA) <= set(plot.PARTS)
    assert len(set(plot.PARTS.values())) == len(plot.PARTS)


def empty_axes():
    """Return what matplotlib draws into."""
    bootstrap.need("plot")
    from matplotlib.figure import Figure

    return Figure().subplots()


def test_the_bars_of_the_picture_are_the_ledger_and_end_inside_of_it(probes):
    stages = runs.by_stage(probes["pico2w_arducam"])
    axes = empty_axes()
    plot._ledger(axes, stages)
    ends = [bar.get_x() + bar.get_width() for bar in axes.patches]
    longest = max(row["mah"] for row in stages.values())
    assert abs(max(ends) / longest - 1) < 1e-6 and max(ends) < 0.95 * axes.get_xlim()[1]


def test_steps_that_follow_one_another_soon_share_a_label():
    axes = empty_axes()
    at_h = (3.0, 3.1, 3.2, 7.0)
    track = [(0, 10_000, None, 0)]
    track += [(h * 3600, 10_000 - h * 800, None, i + 1) for i, h in enumerate(at_h)]
    plot._steps(axes, track, "#000000")
    assert [text.get_text() for text in axes.texts] == ["steps 1 to 3", "step 4"]
    assert len(axes.lines) == 4


def ended_h(result):
    """Return when the camera went off, or when the run was over."""
    ends = [row["t_ms"] for row in result["stages"] if row["to"] == "off"]
    return (ends or [result["virtual_ms"]])[0] / 3_600_000


@pytest.mark.full
def test_with_a_battery_too_small_by_a_quarter_the_policy_reaches_the_end():
    saved, plain = (policy(saves) for saves in (True, False))
    steps = [row[3] for row in saved["track"]]
    assert max(steps) >= 3 and max(row[3] for row in plain["track"]) == 0
    assert all(abs(b - a) <= 1 for a, b in zip(steps, steps[1:], strict=False))
    assert ended_h(plain) < 10.5
    assert ended_h(saved) >= 12


@pytest.mark.full
def test_twelve_hours_take_less_than_a_minute_and_come_out_the_same_to_the_millisecond():
    once, again = (
        runs.run("m5stack_cores3", "nrw_order_service", typical(12), {}, {}) for _ in range(2)
    )
    assert once["wall_ms"] <= 60_000 and once["virtual_ms"] >= 12 * 3_600_000
    for key in ("stages", "energy", "track", "virtual_ms", "frames"):
        assert once[key] == again[key], key


def test_a_shift_leaves_no_folder_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(
        runs.headless, "run", lambda *args, **more: {"error": "", "used": list(tmp_path.iterdir())}
    )
    result = runs.run("m5stack_cores3", "nrw_order_service", "0:00 boot\n0:01 end\n")
    assert result["used"] and not list(tmp_path.iterdir())
