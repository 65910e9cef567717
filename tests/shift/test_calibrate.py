"""What each stage draws, found again from discharges whose currents nobody told."""

import random
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tools import cli
from tools.bootstrap import ROOT
from tools.shift import recording
from tools.shift.calibrate import CalibrationError, fit, read

CAPACITY_MAH = 1950
CHARGED = "\n".join(
    f"{60 * s},{'idle' if s % 9 else 'armed'},{90 - (s + 8) // 9 + s / 50}" for s in range(500)
)
CONTRARY = "\n".join(f"{60 * s},idle,{95 - s * k / 10}" for k in (1, 3) for s in range(900 // k))


def discharges(rng, true_ma):
    """Return three full discharges as a gauge of whole percents shows them; each stage takes at
    least a quarter of the charge.
    """
    found = []
    for _ in range(3):
        rows, at_s, left_mah = [], 0, float(CAPACITY_MAH)
        while left_mah > 0:
            for stage, ma in rng.sample(sorted(true_ma.items()), len(true_ma)):
                part_mah = CAPACITY_MAH / 24 * rng.uniform(0.8, 1.2)
                for _ in range(int(part_mah / ma * 60)):
                    at_s += 60
                    left_mah -= ma / 60
                    pct = 100 * left_mah / CAPACITY_MAH + rng.gauss(0, 0.3)
                    rows.append((at_s, stage, max(0, int(pct))))
                    if left_mah <= 0:
                        break
        found.append(rows)
    return found


def write(path, logs):
    lines = ["seconds,stage,pct"]
    lines += [f"{at_s},{stage},{pct}" for rows in logs for at_s, stage, pct in rows]
    path.write_text("\n".join(lines))


def test_each_stages_current_is_found_within_five_percent(tmp_path, seed):
    rng = random.Random(seed)
    for _ in range(3):
        true_ma = {
            "idle": rng.uniform(8, 60),
            "display_on": rng.uniform(120, 220),
            "recording": rng.uniform(200, 350),
        }
        path = tmp_path / "discharge.csv"
        write(path, discharges(rng, true_ma))
        found = fit(read(path), CAPACITY_MAH)
        for stage, ma in true_ma.items():
            assert found[stage]["share_pct"] >= 25, (stage, found)
            assert abs(found[stage]["ma"] / ma - 1) <= 0.05, (stage, ma, found)


def test_each_pulled_cable_begins_a_discharge_however_long_it_charged(tmp_path, monkeypatch):
    path, now_ms = tmp_path / "discharge.csv", 0
    power = SimpleNamespace(cable=False, stage="recording")

    def rest(ms):
        nonlocal now_ms
        now_ms += 60_000
        minute = now_ms // 60_000
        power.cable = 30 < minute <= 130  # half an hour of recording, then a long charge
        if minute > 160:
            raise EOFError

    gauge = SimpleNamespace(charge_pct100=lambda: 8000 - now_ms // 60_000 % 130 * 50)
    app = SimpleNamespace(power=power, chips=SimpleNamespace(gauge=gauge))
    app.start, app.step, app.rest = lambda: None, lambda: 1000, rest
    clock = SimpleNamespace(sleep_ms=lambda ms: None, ticks_ms=lambda: now_ms)
    clock.ticks_diff = lambda a, b: a - b
    monkeypatch.setitem(sys.modules, "time", clock)
    monkeypatch.setitem(sys.modules, "board", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "bodycam.app", SimpleNamespace(App=lambda board: app))
    with pytest.raises(EOFError):
        exec(recording.CODE.replace(recording.FILE, str(path)), {})
    logs = read(path)
    assert [len(rows) for rows in logs] == [30, 30]
    assert abs(fit(logs, CAPACITY_MAH)["recording"]["ma"] / (CAPACITY_MAH * 0.3) - 1) <= 0.05


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no readings"),
        ("a,b,c", "line 1 is not seconds,stage,pct"),
        ("seconds,stage,pct", "no readings"),
        ("0,idle,90\n60,idle,89", "too few readings"),
        ("0,idle,90\nnan,idle,89", "line 2 is not"),
        ("0,idle,90\n1e300,idle,89", "line 2 is not"),
        ("0,idle,inf", "line 1 is not"),
        ("0,idle,101", "line 1 is not"),
        ("-1,idle,90", "line 1 is not"),
        ("0,idle,90\n60,idel,89", "line 2: no stage 'idel'; there are off, idle, "),
        (",".join("0" * 5000), "line 1: no stage '0'"),
        ("\n".join(f"{s * 7919 % 600},idle,{90 - s / 10}" for s in range(600)), "in.* order"),
        (CHARGED, "charges in idle"),
        (CONTRARY, "contradict one another, by 9 %"),
        ("\n".join(f"{s},idle,50" for s in range(9)), "does not fall"),
        ("\n".join(f"{s},idle,{10 + s}" for s in range(9)), "does not fall"),
    ],
)
def test_what_is_no_discharge_log_is_said_in_one_line(tmp_path, text, says):
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(CalibrationError, match=says):
        fit(read(path), CAPACITY_MAH)


def test_the_command_needs_nothing_that_a_test_has_loaded(tmp_path):
    path = tmp_path / "discharge.csv"
    path.write_text("".join(f"{60 * i},idle,{90 - i / 10}\r\n" for i in range(500)))
    command = [sys.executable, "-m", "tools", "shift", "--calibrate", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "\nidle " in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [((), "2000 mAh, the board file's"), (("--capacity", "1950"), "1950 mAh, as")],
)
def test_the_capacity_that_the_currents_are_reckoned_with_is_said(tmp_path, capsys, words, says):
    path = tmp_path / "discharge.csv"
    path.write_text("".join(f"{60 * i},idle,{90 - i / 10}\n" for i in range(500)))
    assert cli.run("tools", ["shift", "--calibrate", str(path), *words]) == 0
    assert says in capsys.readouterr().out


def test_stages_that_always_come_together_cannot_be_told_apart():
    rows = [(60 * i, "idle", 90 - i / 10) for i in range(500)]
    assert fit([rows], CAPACITY_MAH)["idle"]["ma"] > 0
