"""A chip that is missing, stuck or dying: FAULT only when nothing can be recorded."""

import json

import pytest

from tools import bootstrap
from tools.evidence import card
from tools.evidence.case import beside
from tools.evidence.verdict import verify
from tools.sim import clip, host_cpython
from tools.sim.runner import Run
from tools.sim.script import parse
from tools.torture.keylife import KeyWatch

SCRIPT = "0:00 boot\n0:03 press twice\n+10 hold 3\n+1 press\n+4 end\n"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A prepared clip of the talking person."""
    film = bootstrap.clip("carphone_pristine.mp4")
    return clip.prepare(film, (320, 240), 80, bootstrap.CACHE / "pictures")


@pytest.fixture
def bench(tmp_path, pictures, forget_firmware):
    """A function (script) -> a run on CPython in this process, whose chips a test may break."""
    image = tmp_path / "card.img"
    card.new(image, seed=1)
    watches = []

    def make(script=SCRIPT, profile="nrw_order_service"):
        config = {
            "board": "m5stack_cores3",
            "profile": profile,
            "seed": 1,
            "acts": [list(act) for act in parse(script)],
            "clip": str(pictures),
            "card": str(image),
            "camera": f"{image}.camera",
            "out": str(tmp_path),
        }
        run = Run(host_cpython, json.loads(json.dumps(config)))
        run.image = image
        watches.append(KeyWatch(image, run.camera.chips["NOR"]))
        return run

    yield make
    for watch in watches:
        watch.search()
        assert not watch.found


def play(run, during=None, at_ms=0):
    """Run to the end; call `during()` once the world is at `at_ms`. Return the stages in order."""
    while run.slice(200):
        if during and run.world.ms >= at_ms:
            during()
            during = None
        assert run.world.ms < 120_000, "it does not end"
    return [row["to"] for row in run.result()["stages"]]


def reasons(run):
    return [row["reason"] for row in run.result()["stages"] if "reason" in row]


@pytest.mark.parametrize("chip", ["BM8563", "AW88298"])
@pytest.mark.parametrize("how", ["absent", "nack"])
def test_without_clock_or_sound_it_warns_and_records(bench, chip, how):
    run = bench()
    setattr(run.camera.chips[chip], how, True)
    stages = play(run)
    assert "recording" in stages and "fault" not in stages
    found = verify(run.image, *beside(run.image))
    assert found["verdict"] == "intact" and found["frames"] > 70


@pytest.mark.parametrize("chip", ["BM8563", "AW88298"])
def test_a_chip_that_dies_while_recording_stops_nothing(bench, chip):
    run = bench()
    stages = play(run, lambda: setattr(run.camera.chips[chip], "nack", True), 7000)
    assert "fault" not in stages
    assert verify(run.image, *beside(run.image))["verdict"] == "intact"


def test_a_gauge_that_lies_is_no_reason_to_stop(bench):
    run = bench()
    run.camera.chips["AXP2101"].lies_pct = (0xFF, 80, 3, 79, 0xFF)
    assert "recording" in play(run)


def test_a_clock_that_lost_its_time_warns_and_records(bench):
    run = bench("0:00 clock unset\n" + SCRIPT)
    stages = play(run)
    assert "recording" in stages and "fault" not in stages


@pytest.mark.parametrize("fails, stage", [(1, "recording"), (2, "recording"), (9, "fault")])
def test_the_camera_start_is_tried_three_times(bench, fails, stage):
    run = bench()
    run.camera.chips["GC0308"].failing_starts = fails
    stages = play(run)
    assert stage in stages
    assert ("fault" in stages) == (stage == "fault")
    if stage == "fault":
        assert reasons(run)[0] == "camera_missing"


def test_a_camera_without_pictures_is_a_fault_and_what_was_recorded_stays(bench):
    run = bench()
    chip = run.camera.chips["GC0308"]
    play(run, lambda: setattr(chip, "no_picture", True), 8000)
    assert reasons(run)[0] == "camera_error"
    found = verify(run.image, *beside(run.image))
    assert found["verdict"] in ("torn-tail", "intact") and found["frames"] > 20


def test_a_camera_whose_log_fails_records_nothing_more(bench):
    run = bench()
    play(run, lambda: setattr(run.camera.chips["NOR"], "failing", True), 2000)
    assert "log_error" in reasons(run)
    assert "recording" not in [row["to"] for row in run.result()["stages"]][-1:]
    assert run.result()["card"]["bytes_written_outside_recording"] == 0


def test_a_log_that_fails_at_a_marker_ends_the_recording_in_the_stage_too(bench):
    run = bench("0:00 boot\n0:03 press twice\n+5 press\n+4 end\n")
    states = set()
    chip = run.camera.chips["NOR"]
    while run.slice(100):
        chip.failing = run.world.ms >= 7000
        if run._app:
            states.add((run._app.stages.stage, run._app.recorder.busy()))
    assert ("fault", True) not in states and ("recording", True) in states
    assert "log_error" in reasons(run)
    assert run.result()["card"]["bytes_written_outside_recording"] == 0


def test_a_missing_expander_is_a_fault_at_boot_and_no_exception(bench):
    run = bench()
    run.camera.chips["AW9523B"].absent = True
    assert play(run)[0] == "fault"


def test_a_stuck_bus_at_boot_is_a_fault_and_no_hang(bench):
    run = bench()
    run.camera.i2c.stuck = True
    assert play(run)[0] == "fault"


def test_a_bus_that_sticks_for_two_seconds_while_recording_loses_no_evidence(bench):
    run = bench()

    def stick():
        run.camera.i2c.stuck = True
        run.world.at(run.world.ms + 2000, setattr, run.camera.i2c, "stuck", False)

    stages = play(run, stick, 7000)
    assert "fault" not in stages
    found = verify(run.image, *beside(run.image))
    assert found["verdict"] == "intact" and found["frames"] > 60


def warning_when_armed(bench, monkeypatch, **changes):
    """Arm a camera with a window of 30 s on a board with `changes`; return its warning then."""
    board = __import__("boards.m5stack_cores3", fromlist=("ID",))
    for name, value in changes.items():
        monkeypatch.setattr(board, name, value)
    run = bench("0:00 boot\n0:03 hold 3.2\n+40 press\n+2 end\n", "pre_event_30s")
    seen = []
    stages = play(run, lambda: seen.append(run._app.procedure.warning), 40_000)
    return "armed" in stages, seen[0]


def test_a_window_that_the_ring_cannot_hold_is_refused(bench, monkeypatch):
    seen = warning_when_armed(bench, monkeypatch, RING_BYTES=2 << 20)
    assert seen == (False, "window_refused")


def test_frames_larger_than_expected_shorten_the_window_and_that_is_said(bench, monkeypatch):
    small = {"size_px": (320, 240), "fps": 8, "frame_bytes_max": 4000}
    seen = warning_when_armed(bench, monkeypatch, RING_BYTES=1 << 20, RECORD=small)
    assert seen == (True, "window_short")


@pytest.mark.parametrize("take", ["frame", "sound"])
def test_what_is_larger_than_the_ring_shortens_the_window_and_that_is_said(bench, take):
    run = bench("0:00 boot\n0:03 hold 3.2\n+40 press\n+2 end\n", "pre_event_30s")
    seen = []

    def too_large():
        procedure = run._app.procedure
        seen.append((procedure.stages.stage, procedure.warning))
        recorder = procedure.parts.recorder
        assert not getattr(recorder, take)(run.world.ms, bytes(len(recorder.ring.memory)))
        run.world.at(run.world.ms + 2000, lambda: seen.append(procedure.warning))

    play(run, too_large, 20_000)
    assert seen == [("armed", None), "window_short"]


def test_a_window_that_fits_is_kept_without_a_word(bench, monkeypatch):
    assert warning_when_armed(bench, monkeypatch) == (True, None)


@pytest.mark.parametrize("damage", ["blank", "no entry", "no key"])
@pytest.mark.parametrize("act", ["hold 7", "battery 0"])
def test_a_camera_whose_log_cannot_be_used_says_so_and_can_be_switched_off(bench, act, damage):
    run = bench(f"0:00 boot\n0:05 {act}\n+30 end\n")
    memory = run.camera.chips["NOR"].memory
    if damage == "blank":
        memory[:] = b"\xff" * len(memory)
    elif damage == "no entry":
        memory[:256] = bytes(256)
    else:
        for at in range(0, len(memory), 256):
            if memory[at : at + 4] == b"BWL1":
                memory[at + 164 : at + 232] = bytes(68)
    assert play(run) == ["fault", "off"]
    assert run.result()["card"]["bytes_written_outside_recording"] == 0
