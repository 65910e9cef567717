"""The camera that makes JPEG itself: one format at a time, and off when a start fails."""

import pytest

from drivers.ov2640 import OV2640
from tests.unit.chipbench import jpeg, make_clip, picture
from tests.unit.eyebench import Bench
from tools.sim import host_cpython
from tools.sim.chips import ov2640 as sensor
from tools.sim.world import ChipError

SHOWN_BYTES = 240 * 240 * 2


@pytest.fixture
def bench(tmp_path):
    bench = Bench()
    bench.chip = sensor.OV2640Chip(bench.world, bench.board)
    bench.clip = sensor.Clip(host_cpython, str(make_clip(tmp_path, show_px=(240, 240))))
    bench.module = sensor.CameraModule(bench.world, bench.board, bench.chip, None, bench.clip)
    bench.eye = OV2640(bench.module, bench.board.CAMERA)
    yield bench
    bench.clip.close()


def test_it_is_off_until_it_is_started(bench):
    assert bench.module.active is None
    assert not bench.eye.frame_ready()
    assert bench.eye.capture() is None


def test_to_record_it_gives_the_jpegs(bench):
    bench.eye.start(True)
    seen = {bytes(bench.eye.encode(bench.eye.capture())) for _ in range(12)}
    assert seen == {jpeg(i) for i in range(3)}


def test_to_show_it_gives_pictures_of_the_displays_size(bench):
    bench.eye.start(False)
    seen = {bytes(bench.eye.capture()) for _ in range(12)}
    assert seen == {picture(i)[:SHOWN_BYTES] for i in range(3)}


def test_to_change_the_format_it_starts_anew_and_only_then(bench):
    for record in (False, True, False):
        before_ms = bench.world.ms
        bench.eye.start(record)
        assert 250 <= bench.world.ms - before_ms <= 400
        before_ms = bench.world.ms
        bench.eye.start(record)
        assert bench.world.ms == before_ms
        assert (len(bench.eye.capture()) == SHOWN_BYTES) is not record


@pytest.mark.parametrize("fault", ["absent", "nack", "no_picture"])
def test_a_sensor_that_does_not_answer_is_an_error_and_leaves_it_off(bench, fault):
    setattr(bench.chip, fault, True)
    with pytest.raises(OSError):
        bench.eye.start()
    assert not bench.eye.frame_ready() and bench.module.active is None
    setattr(bench.chip, fault, False)
    bench.eye.start()
    assert bench.eye.capture() is not None


def test_a_failed_change_of_format_leaves_it_off(bench):
    bench.eye.start(False)
    bench.chip.failing_starts = 1
    with pytest.raises(OSError):
        bench.eye.start(True)
    assert bench.eye.capture() is None
    bench.eye.start(False)
    assert len(bench.eye.capture()) == SHOWN_BYTES


def test_a_picture_is_ready_after_its_time_and_once(bench):
    bench.eye.start()
    bench.eye.capture()
    assert not bench.eye.frame_ready()
    bench.world.sleep(70)
    assert bench.eye.frame_ready()


def test_what_is_no_jpeg_is_an_error(bench):
    bench.eye.start(False)
    with pytest.raises(OSError) as caught:
        bench.eye.encode(bench.eye.capture())
    assert caught.value.errno == 5
    for wrong in (b"", b"\xff\xd8", b"\xd8\xff00"):
        with pytest.raises(OSError):
            bench.eye.encode(wrong)


def test_a_signed_view_of_a_jpeg_is_one_too(bench):
    view = memoryview(bytearray(jpeg(1))).cast("b")
    assert bench.eye.encode(view) is view


def test_no_picture_is_none(bench):
    bench.eye.start()
    bench.chip.no_picture = True
    assert bench.eye.capture() is None


def test_noise_changes_one_byte(bench):
    bench.eye.start(False)
    bench.chip.noisy = True
    seen = bytes(bench.eye.capture())
    wrong = [sum(a != b for a, b in zip(seen, picture(i), strict=False)) for i in range(3)]
    assert min(wrong) == 1


def test_stop_may_be_called_twice_and_start_follows_it(bench):
    bench.eye.start()
    bench.eye.deinit()
    bench.eye.stop()
    assert bench.module.active is None
    bench.eye.start()
    assert bench.eye.frame_ready() in (True, False)
    bench.module.active.deinit()
    bench.eye.stop()


def test_a_module_that_fails_to_stop_is_stopped(bench):
    bench.eye.start()

    def deinit():
        raise OSError(0x103, "ESP_ERR_INVALID_STATE")

    bench.eye._camera.deinit = deinit
    bench.eye.stop()
    assert bench.eye.capture() is None


# The module itself ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more, error",
    [
        ({"pixel_format": 0, "frame_size": 6}, "format"),
        ({"pixel_format": 4, "frame_size": 5}, "format"),
        ({"pixel_format": 4, "frame_size": 6, "jpeg_quality": 10}, "quality"),
    ],
)
def test_what_was_not_prepared_is_told(bench, more, error):
    pins = bench.board.CAMERA
    wires = {"data_pins": pins["data"], "sda_pin": 4, "scl_pin": 5}
    wires.update({name + "_pin": pins[name] for name in ("pclk", "vsync", "href", "xclk")})
    with pytest.raises(ChipError, match=error):
        bench.module.Camera(**wires, **more)


def test_over_other_pins_nobody_answers_and_it_says_its_name(bench):
    bench.eye.start()
    assert bench.module.active.sensor_name == "OV2640"
    bench.chip.power(True)
    pins = {**bench.board.CAMERA, "sda": 12}
    with pytest.raises(OSError):
        OV2640(bench.module, pins).start()
