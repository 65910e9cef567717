"""How much of the bus the live picture leaves unused while it runs at its highest rate."""

import importlib
import json

import pytest

from boards import m5stack_cores3 as board
from tools import bootstrap
from tools.evidence import card
from tools.sim import clip, host_cpython
from tools.sim.runner import Run
from tools.sim.script import parse

PIXELS_US = 320 * 170 * 16_000_000 // board.SPI["baudrate_hz"]  # of one picture on the wire
SECONDS = 10


@pytest.fixture
def run(tmp_path, monkeypatch, forget_firmware):
    """A camera in display_on, with the most pictures a second that a profile may ask for."""
    profile = importlib.import_module("bodycam.profile")
    make, highest = profile.make, profile.RANGES["mirror_fps"][2]
    monkeypatch.setattr(profile, "make", lambda name, changes: make(name, {"mirror_fps": highest}))
    film = bootstrap.clip("carphone_pristine.mp4")
    image = tmp_path / "card.img"
    card.new(image, seed=1)
    config = {
        "board": board.ID,
        "profile": profile.DEFAULT,
        "seed": 1,
        "acts": [list(act) for act in parse(f"0:00 boot\n0:03 press\n+{SECONDS + 5} end\n")],
        "clip": str(clip.prepare(film, (320, 240), 80, bootstrap.CACHE / "pictures")),
        "card": str(image),
        "camera": f"{image}.camera",
        "out": str(tmp_path),
    }
    run = Run(host_cpython, json.loads(json.dumps(config)))
    while run.world.ms < 5000:
        assert run.slice(20)
    yield run
    run.camera.close()


def pace(run):
    """Run on for some seconds; return (pictures a second, share of the time their pixels take)."""
    began_ms, shown = run.world.ms, run._app.counters["mirrored"]
    while run.world.ms < began_ms + 1000 * SECONDS:
        assert run.slice(20)
    pictures = run._app.counters["mirrored"] - shown
    took_ms = run.world.ms - began_ms
    return 1000 * pictures / took_ms, pictures * PIXELS_US / 1000 / took_ms


def test_the_sensor_alone_limits_the_live_picture(run):
    rate, share = pace(run)
    allowed = 1_000_000 / max(PIXELS_US, board.COSTS["camera_frame_us"])
    print(f"{rate:.2f} pictures/s of {allowed:.2f}, {share:.1%} of the time on the wire")
    assert rate >= 0.85 * allowed


def test_with_a_quicker_sensor_the_bus_is_never_idle_for_long(run, monkeypatch):
    monkeypatch.setitem(board.COSTS, "camera_frame_us", 20_000)
    run._app.eye.close()
    run._app.eye.look(False, 1, 1)
    rate, share = pace(run)
    print(f"{rate:.2f} pictures/s, {share:.1%} of the time on the wire")
    assert share >= 0.85


def test_a_picture_takes_no_longer_than_its_pixels(run):
    world, mirror, times_us = run.world, run._app.face._mirror, []

    def draw(view, dot, draw=mirror.draw):
        began_us = 1000 * world.ms + world.us
        draw(view, dot)
        times_us.append(1000 * world.ms + world.us - began_us)

    mirror.draw = draw
    pace(run)
    mean_us = sum(times_us) / len(times_us)
    print(f"{mean_us:.0f} us for {PIXELS_US} us of pixels, {len(times_us)} times")
    assert times_us and PIXELS_US >= 0.85 * mean_us
