"""The camera: power and reset in order, the shared bus handed back, pictures and their JPEGs."""

import pytest

from drivers.aw9523b import AW9523B
from drivers.axp2101 import AXP2101
from drivers.gc0308 import GC0308
from tests.unit.chipbench import PICTURE_BYTES, Bench, jpeg, make_clip, picture
from tools.sim.world import ChipError

FRAME_MS = 66


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture
def bench(clip):
    """The board as app.py joins it: every I2C driver gets the new bus."""
    bench = Bench()
    i2c = bench.i2c()
    bench.lines = AW9523B(i2c)
    bench.lines.setup((3, 4, 10, 11))
    bench.power = AXP2101(i2c)
    bench.power.setup(bench.board.RAILS_MV, bench.board.RAILS_AT_BOOT)
    bench.module, bench.encoder = bench.camera(clip)
    bench.rebinds = 0
    yield bench
    bench.clip.close()


def join(bench, rail=None, module=None, **more):
    """Return a driver; `more` is what is otherwise in the board's CAMERA."""
    reset = bench.board.CAMERA["reset"][1]

    def rebind():
        bench.rebinds += 1
        bench.lines.i2c = bench.power.i2c = bench.i2c()
        return bench.power.i2c

    return GC0308(
        module or bench.module,
        bench.encoder,
        bench.power.i2c,
        {**bench.board.CAMERA, **more},
        bench.clock,
        rail or bench.power.rail,
        lambda level: bench.lines.write(reset, level),
        rebind,
    )


@pytest.fixture
def eye(bench):
    return join(bench)


def supplies(bench):
    seen = {}
    for name in bench.board.CAMERA["rails"]:
        bench.pmu.on_rail(name, lambda mv, name=name: seen.__setitem__(name, bool(mv)))
    return set(seen.values())


def off(bench):
    bench.expander.on_output(8, lambda level: setattr(bench, "reset_line", level))
    return supplies(bench) == {False} and bench.reset_line == 0


# Start and stop -------------------------------------------------------------------------------


def test_it_is_off_until_start(bench, eye):
    assert off(bench)
    assert eye.capture() is None
    assert eye.frame_ready() is False


def test_start_powers_releases_and_takes_a_picture(bench, eye):
    start_ms = bench.world.ms
    eye.start()
    assert supplies(bench) == {True}
    settle_ms, start_us = bench.board.CAMERA["settle_ms"], bench.board.COSTS["camera_start_us"]
    took_ms = bench.world.ms - start_ms
    assert took_ms == pytest.approx(settle_ms + 3 + start_us // 1000 + FRAME_MS, abs=10)
    assert bytes(eye.capture()) in {picture(i) for i in range(3)}


def test_the_bus_is_handed_back_after_start_and_after_stop(bench, eye):
    eye.start()
    assert bench.rebinds == 1
    assert bench.power.vbus() is False
    eye.stop()
    assert bench.rebinds == 2
    assert bench.lines.read(4) == 1
    assert off(bench)


def test_an_i2c_from_before_is_cut_off(bench, eye):
    before = bench.power.i2c
    eye.start()
    with pytest.raises(OSError):
        before.readfrom_mem(0x34, 0x00, 1)


def test_start_twice_is_start_once(bench, eye):
    eye.start()
    eye.start()
    assert bench.rebinds == 1


def test_stop_may_be_called_twice_and_before_start(bench, eye):
    eye.stop()
    assert off(bench)
    eye.start()
    eye.stop()
    eye.stop()
    assert off(bench)
    assert eye.capture() is None


def test_start_after_a_processor_reset_begins_with_the_sensor_in_reset(bench, eye):
    bench.lines.write(8, 1)
    eye.start()
    assert eye.capture() is not None


def test_it_asks_for_two_buffers_and_gives_them_back(bench, eye):
    eye.start()
    assert bench.module.active.fb_count == 2
    eye.stop()
    assert bench.module.active is None


@pytest.mark.parametrize("size_px", [(160, 120), (640, 480)])
def test_other_sizes_work(tmp_path, bench, size_px):
    bench.clip.close()
    bench.module, bench.encoder = bench.camera(make_clip(tmp_path, size_px=size_px))
    eye = join(bench, size_px=size_px)
    eye.start()
    shown = eye.capture()
    assert len(shown) == size_px[0] * size_px[1] * 2
    assert eye.encode(shown) in {jpeg(i) for i in range(3)}


def test_start_stop_start_works(bench, eye):
    for _ in range(3):
        eye.start()
        assert len(eye.capture()) == PICTURE_BYTES
        eye.deinit()
    assert off(bench)


@pytest.mark.parametrize("fault", ["absent", "nack"])
def test_without_a_sensor_start_is_an_error_and_all_is_as_before(bench, eye, fault):
    setattr(bench.sensor, fault, True)
    with pytest.raises(OSError, match="NOT_FOUND"):
        eye.start()
    assert off(bench)
    assert bench.rebinds == 1
    setattr(bench.sensor, fault, False)
    eye.start()
    assert eye.capture() is not None


def test_a_start_that_fails_now_and_then_can_be_repeated(bench, eye):
    bench.sensor.failing_starts = 2
    for _ in range(2):
        with pytest.raises(OSError):
            eye.start()
        assert off(bench)
    eye.start()
    assert eye.capture() is not None


def test_without_a_first_picture_start_is_an_error(bench, eye):
    bench.sensor.no_picture = True
    with pytest.raises(OSError, match="initial frame"):
        eye.start()
    assert off(bench)
    assert bench.power.vbus() is False


@pytest.mark.parametrize("wrong", [{"pclk": 44}, {"data": [1] * 8}, {"xclk": 10}])
def test_a_wrong_pin_is_an_error_of_the_module(bench, wrong):
    eye = join(bench, **wrong)
    with pytest.raises(OSError, match="initial frame"):
        eye.start()
    assert off(bench)


@pytest.mark.parametrize("fails", ["ALDO3", "BLDO1", "BLDO2"])
def test_a_rail_that_does_not_come_on_leaves_none_on(bench, fails):
    good = set()

    def rail(name, on):
        if on and name == fails and not good:
            raise OSError(5, "i2c")
        bench.power.rail(name, on)

    eye = join(bench, rail=rail)
    with pytest.raises(OSError, match="i2c"):
        eye.start()
    assert off(bench)
    good.add(fails)
    eye.start()
    assert eye.capture() is not None


def test_a_module_that_lost_the_camera_is_stopped_all_the_same(bench):
    class Lost:
        PixelFormat, FrameSize = bench.module.PixelFormat, bench.module.FrameSize
        GrabMode = bench.module.GrabMode

        class Camera:
            def __init__(self, **arguments):
                pass

            def deinit(self):
                raise OSError(-0x103, "ESP_ERR_INVALID_STATE")

    eye = join(bench, module=Lost)
    eye.start()
    eye.stop()
    assert bench.rebinds == 2
    assert off(bench)


# Pictures -------------------------------------------------------------------------------------


def test_a_picture_is_waited_for(bench, eye):
    eye.start()
    eye.capture()
    start_ms = bench.world.ms
    eye.capture()
    assert FRAME_MS - 1 <= bench.world.ms - start_ms <= FRAME_MS + 1


def test_late_captures_get_the_newest_at_once(bench, eye):
    eye.start()
    eye.capture()
    bench.world.sleep(1_000)
    start_ms = bench.world.ms
    assert eye.frame_ready()
    eye.capture()
    assert bench.world.ms - start_ms <= 1
    assert not eye.frame_ready()


def test_the_clip_runs_at_its_own_time(bench, eye):
    eye.start()
    for _ in range(12):
        shown = bytes(eye.capture())
        now = bench.world.ms % 300
        assert shown == picture(now // 100)


def test_items_are_signed_as_in_the_c_module(eye):
    eye.start()
    assert memoryview(eye.capture()).format == "b"


def test_the_memory_is_the_modules_and_changes(bench, eye):
    eye.start()
    first = eye.capture()
    kept = bytes(first)
    bench.world.sleep(140)  # more than one picture of the clip, less than all
    eye.capture()
    assert bytes(first) != kept


def test_a_camera_that_dies_gives_none(bench, eye):
    eye.start()
    bench.sensor.no_picture = True
    start_ms = bench.world.ms
    assert eye.capture() is None
    assert bench.world.ms - start_ms == 4_000
    assert eye.frame_ready() is False
    bench.sensor.no_picture = False
    assert eye.capture() is not None


def test_losing_a_rail_is_losing_the_picture(bench, eye):
    eye.start()
    bench.power.rail("ALDO3", False)
    assert eye.capture() is None


# JPEG -----------------------------------------------------------------------------------------


def test_the_picture_becomes_its_jpeg(bench, eye):
    eye.start()
    seen = set()
    for _ in range(8):
        shown = eye.capture()
        i = [picture(i) for i in range(3)].index(bytes(shown))
        assert eye.encode(shown) == jpeg(i)
        seen.add(i)
    assert seen == {0, 1, 2}


def test_a_copy_or_an_older_picture_is_encoded_as_well(bench, eye):
    eye.start()
    eye.capture()
    for i in range(3):
        assert eye.encode(bytearray(picture(i))) == jpeg(i)


def test_encoding_takes_time(bench, eye):
    eye.start()
    shown = eye.capture()
    start_ms = bench.world.ms
    data = eye.encode(shown)
    costs = bench.board.COSTS
    us = costs["jpeg_encode_us"] + len(data) * costs["copy_us_per_kib"] // 1024
    assert bench.world.ms - start_ms == pytest.approx(us // 1000, abs=1)


@pytest.mark.parametrize("wrong", [bytes(PICTURE_BYTES), b"", picture(0)[2:]])
def test_what_is_no_picture_is_an_io_error(eye, wrong):
    eye.start()
    with pytest.raises(OSError, match="compress") as caught:
        eye.encode(wrong)
    assert caught.value.errno == 5


def test_a_spoilt_picture_is_an_io_error(bench, eye):
    bench.sensor.noisy = True
    eye.start()
    with pytest.raises(OSError, match="compress"):
        eye.encode(eye.capture())
    bench.sensor.noisy = False
    assert eye.encode(eye.capture()) in {jpeg(i) for i in range(3)}


# The chip and the modules themselves ----------------------------------------------------------


def test_reset_must_wait_for_the_supply(bench):
    for name in bench.board.CAMERA["rails"]:
        bench.power.rail(name, True)
    with pytest.raises(ChipError, match="3 ms"):
        bench.lines.write(8, 1)


def test_the_supply_must_not_come_with_reset_released(bench):
    bench.lines.write(8, 1)
    with pytest.raises(ChipError, match="reset line"):
        bench.power.rail("ALDO3", True)


def test_the_sensor_tells_its_identity_when_powered_only(bench):
    i2c = bench.i2c()
    with pytest.raises(OSError):
        i2c.readfrom_mem(0x21, 0x00, 1)
    for name in bench.board.CAMERA["rails"]:
        bench.power.rail(name, True)
    bench.world.sleep(3)
    bench.lines.write(8, 1)
    assert i2c.readfrom_mem(0x21, 0x00, 1) == b"\x9b"
    with pytest.raises(ChipError):
        i2c.readfrom_mem(0x21, 0x01, 1)
    with pytest.raises(ChipError):
        i2c.writeto_mem(0x21, 0xFE, b"\x00")


def powered(bench):
    for name in bench.board.CAMERA["rails"]:
        bench.power.rail(name, True)
    bench.world.sleep(10)
    bench.lines.write(8, 1)
    module, pins = bench.module, bench.board.CAMERA
    return {
        "data_pins": pins["data"],
        "pclk_pin": pins["pclk"],
        "vsync_pin": pins["vsync"],
        "href_pin": pins["href"],
        "xclk_pin": pins["xclk"],
        "i2c": bench.i2c(),
        "frame_size": module.FrameSize.QVGA,
    }


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"data_pins": (39, 40, 41, 42, 15, 16, 48, 47)}, TypeError),
        ({"data_pins": [39, 40, 41]}, ValueError),
        ({"unheard_of": 1}, TypeError),
        ({"jpeg_quality": 101}, ValueError),
        ({"xclk_freq": 41}, ValueError),
        ({"grab_mode": 2}, ValueError),
        ({"pixel_format": 9}, ValueError),
        ({"pixel_format": 4}, OSError),  # this sensor makes no JPEG
        ({"frame_size": 10}, ChipError),
        ({"i2c": None}, OSError),
        ({"reset_pin": 5}, OSError),
    ],
)
def test_the_constructor_refuses_what_the_c_module_refuses(bench, more, error):
    arguments = {**powered(bench), **more}
    with pytest.raises(error):
        bench.module.Camera(**arguments)


def test_the_constructor_takes_keywords_only(bench):
    with pytest.raises(TypeError):
        bench.module.Camera([1] * 8)


def test_pins_may_name_the_bus_too(bench):
    arguments = {**powered(bench), "i2c": None, "sda_pin": 12, "scl_pin": 11}
    camera = bench.module.Camera(**arguments)
    assert (camera.pixel_width, camera.pixel_height, camera.fb_count) == (320, 240, 2)
    assert (camera.sensor_name, bench.module.Version()) == ("GC0308", "0.6.2")
    assert bench.encoder.version()


def test_there_is_one_camera(bench):
    arguments = powered(bench)
    first = bench.module.Camera(**arguments)
    second = bench.module.Camera(**{**arguments, "i2c": bench.i2c()})
    with pytest.raises(OSError) as caught:
        first.capture()
    assert caught.value.errno == 2
    assert second.capture() is not None
    bench.module.power(False)
    assert bench.module.active is None


def test_init_and_reconfigure_start_it_again(bench):
    camera = bench.module.Camera(**powered(bench), init=False)
    with pytest.raises(OSError):
        camera.frame_available()
    with camera:
        camera.init()
        camera.init()
        camera.free_buffer()
        camera.reconfigure(fb_count=1, grab_mode=0, frame_size=6, pixel_format=0)
        assert camera.capture() is not None
    with pytest.raises(OSError):
        camera.capture()


@pytest.mark.parametrize(
    ("args", "more", "error"),
    [
        ((240, 320, "RGB565"), {}, ValueError),
        ((240, 320), {}, TypeError),
        ((240, 320, "RGB888"), {"quality": 80}, ChipError),
        ((320, 240, "RGB565_BE"), {"quality": 80}, ChipError),
        ((240, 320, "RGB565_BE"), {"quality": 79}, ChipError),
        ((240, 320, "RGB565_BE"), {"quality": 80, "rotation": 90}, ChipError),
        ((240, 320, "RGB565_BE", 80), {}, TypeError),
    ],
)
def test_the_encoder_refuses_what_it_has_no_pictures_for(bench, args, more, error):
    with pytest.raises(error):
        bench.encoder.Encoder(*args, **more)


def test_a_jpeg_larger_than_a_byte_a_pixel_fails(tmp_path, bench):
    bench.clip.close()
    bench.module, bench.encoder = bench.camera(make_clip(tmp_path, jpeg_bytes=77_000))
    eye = join(bench)
    eye.start()
    with pytest.raises(OSError, match="compress"):
        eye.encode(eye.capture())
