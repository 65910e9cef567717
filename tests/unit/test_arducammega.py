"""The SPI camera: a picture begun when asked for, whole or refused, in memory that stays."""

import pytest

from drivers.arducammega import ArducamMega
from tests.unit.chipbench import jpeg, make_clip, picture
from tests.unit.picobench import PicoBench, board
from tools.sim import host_cpython
from tools.sim.chips.arducammega import ArducamMegaChip
from tools.sim.chips.gc0308 import Clip
from tools.sim.world import ChipError

FRAME_MS = board.COSTS["camera_frame_us"] // 1000
FRAME_BYTES = board.RECORD["frame_bytes_max"]
ROW = board.CAMERA
SHOW_PX = ROW["show_px"]
JPEGS = {jpeg(i) for i in range(3)}
SHOWN = {picture(i, SHOW_PX) for i in range(3)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("clip"), show_px=SHOW_PX)


@pytest.fixture
def bench(folder):
    bench = PicoBench()
    bench.clip = Clip(host_cpython, str(folder))
    bench.chip = ArducamMegaChip(bench.world, board, bench.clip)
    bench.cs = bench.attach(bench.chip, ROW["cs"])
    bench.world.sleep(900)
    yield bench
    bench.clip.close()


def join(bench, size_px=(320, 240), quality=1, frame_bytes_max=FRAME_BYTES, show_px=SHOW_PX):
    sizes = (size_px, quality, frame_bytes_max, show_px)
    return ArducamMega(bench.spi, bench.cs, bench.clock, *sizes)


@pytest.fixture
def eye(bench):
    return join(bench)


@pytest.fixture
def running(bench, eye):
    eye.start()
    return eye


def wait_ready(bench, eye):
    """Wait as the firmware does; return the milliseconds it took."""
    start_ms = bench.world.ms
    while not eye.frame_ready():
        bench.world.sleep(5)
        assert bench.world.ms - start_ms < 3000, "no picture"
    return bench.world.ms - start_ms


# Start and stop -------------------------------------------------------------------------------


def test_it_does_nothing_until_start(bench, eye):
    assert eye.capture() is None
    assert eye.frame_ready() is False
    assert bench.world.ms == 900


@pytest.mark.parametrize("identity", [0x81, 0x82, 0x83, 0x84])
def test_every_model_wakes_takes_pictures_and_sleeps(bench, eye, identity):
    bench.chip.identity = identity
    bench.chip.power(True)
    eye.start()
    assert not bench.chip.asleep
    assert bytes(eye.capture()) in JPEGS
    eye.stop()
    assert bench.chip.asleep


SETTINGS_MS = 6 * board.COSTS["camera_config_us"] // 1000
RESET_MS = board.COSTS["camera_start_us"] // 1000


def test_start_of_a_camera_fresh_from_its_supply_takes_the_settings(bench, eye):
    start_ms = bench.world.ms
    eye.start()
    assert SETTINGS_MS - 40 <= bench.world.ms - start_ms <= SETTINGS_MS + 30


def test_start_right_after_its_supply_came_waits_for_it(bench, eye):
    bench.chip.power(True)
    start_ms = bench.world.ms
    eye.start()
    assert RESET_MS <= bench.world.ms - start_ms <= RESET_MS + SETTINGS_MS + 30


def test_start_after_a_reset_of_the_processor_resets_the_camera(bench, running):
    start_ms = bench.world.ms
    join(bench).start()
    assert RESET_MS <= bench.world.ms - start_ms <= RESET_MS + SETTINGS_MS + 30


def test_the_next_start_only_wakes_it(bench, running):
    running.capture()
    running.stop()
    start_ms = bench.world.ms
    running.start()
    assert bench.world.ms - start_ms <= board.COSTS["camera_config_us"] // 1000 + 10
    assert bytes(running.capture()) in JPEGS


def test_a_camera_that_lost_its_supply_meanwhile_is_set_up_again(bench, running):
    running.stop()
    bench.chip.power(False)
    bench.chip.power(True)
    bench.world.sleep(900)
    running.start()
    assert bytes(running.capture()) in JPEGS


@pytest.mark.parametrize("fault", [{"headless": True}, {"lies_bytes": 0}, {"no_picture": True}])
def test_after_a_bad_picture_start_resets_it(bench, running, fault):
    for name, value in fault.items():
        setattr(bench.chip, name, value)
    try:
        assert running.capture() is None
    except OSError:
        pass
    running.stop()
    start_ms = bench.world.ms
    running.start()
    assert bench.world.ms - start_ms > board.COSTS["camera_start_us"] // 1000


def test_a_stop_within_a_picture_waits_for_it_and_the_next_start_only_wakes(bench, running):
    running.frame_ready()
    start_ms = bench.world.ms
    running.stop()
    assert FRAME_MS - 5 <= bench.world.ms - start_ms <= FRAME_MS + 10
    start_ms = bench.world.ms
    running.start()
    assert bench.world.ms - start_ms < 100
    assert bytes(running.capture()) in JPEGS


def test_a_stop_within_a_picture_that_does_not_come_is_bounded_and_start_resets_it(bench, running):
    bench.chip.no_picture = True
    running.frame_ready()
    start_ms = bench.world.ms
    running.stop()
    assert bench.world.ms - start_ms < 520
    start_ms = bench.world.ms
    running.start()
    assert bench.world.ms - start_ms > RESET_MS


def test_after_pictures_that_did_not_come_in_time_start_resets_it(bench, running):
    bench.chip.no_picture = True
    running.frame_ready()
    bench.world.sleep(600)
    running.frame_ready()
    running.stop()
    start_ms = bench.world.ms
    running.start()
    assert bench.world.ms - start_ms > board.COSTS["camera_start_us"] // 1000


def test_start_twice_is_start_once(bench, running):
    start_ms = bench.world.ms
    running.start()
    assert bench.world.ms == start_ms


def test_stop_may_be_called_twice_and_before_start(bench, eye):
    eye.stop()
    eye.start()
    eye.stop()
    eye.deinit()
    assert bench.chip.asleep
    assert eye.capture() is None


def test_start_stop_start_works(bench, eye):
    for _ in range(3):
        eye.start()
        assert bytes(eye.capture()) in JPEGS
        eye.stop()


def test_start_after_a_reset_of_the_processor_works(bench, running):
    wait_ready(bench, running)
    again = join(bench)
    again.start()
    assert bytes(again.capture()) in JPEGS


@pytest.mark.parametrize(
    ("fault", "error"), [({"absent": True}, 110), ({"stuck": True}, 110), ({"identity": 0x55}, 19)]
)
def test_without_a_camera_start_is_an_error_in_bounded_time(bench, eye, fault, error):
    before = {name: getattr(bench.chip, name) for name in fault}
    for name, value in fault.items():
        setattr(bench.chip, name, value)
    start_ms = bench.world.ms
    with pytest.raises(OSError, match="arducammega") as caught:
        eye.start()
    assert caught.value.errno == error
    assert bench.world.ms - start_ms < 5_000
    assert eye.frame_ready() is False
    for name, value in before.items():
        setattr(bench.chip, name, value)
    eye.start()
    assert bytes(eye.capture()) in JPEGS


def test_a_camera_that_gets_stuck_after_its_identity_is_put_to_sleep(bench, eye):
    eye.start()
    eye.stop()
    bench.chip.power(True)
    bench.world.at(bench.world.ms + 850, setattr, bench.chip, "stuck", True)
    with pytest.raises(OSError, match="busy for 500 ms"):
        eye.start()
    assert bench.chip.asleep


@pytest.mark.parametrize(
    "wrong", [{"size_px": (640, 480)}, {"show_px": (9, 9)}, {"quality": 3}, {"quality": -1}]
)
def test_a_size_or_quality_that_is_not_there_is_the_callers_mistake(bench, wrong):
    with pytest.raises(ValueError, match="size or quality"):
        join(bench, **wrong)


def test_memory_for_a_picture_to_be_shown_may_be_given_and_must_be_large_enough(bench):
    sizes = (bench.spi, bench.cs, bench.clock, (320, 240), 1, FRAME_BYTES, SHOW_PX)
    memory = bytearray(40_000)
    eye = ArducamMega(*sizes, memory)
    eye.start(False)
    assert bytes(eye.capture()) in SHOWN and bytes(memory[:32_768]) in SHOWN
    with pytest.raises(ValueError, match="1000 bytes"):
        ArducamMega(*sizes, bytearray(1000))


# Two formats ----------------------------------------------------------------------------------


def test_to_show_it_gives_small_pictures_of_its_own(bench, eye):
    eye.start(False)
    seen = set()
    for _ in range(8):
        wait_ready(bench, eye)
        seen.add(bytes(eye.capture()))
    assert seen == SHOWN


def test_the_other_format_takes_two_settings_and_ends_the_picture_under_way(bench, eye):
    eye.start(False)
    for record in (True, False, True):
        eye.frame_ready()
        start_ms = bench.world.ms
        eye.start(record)
        assert bench.world.ms - start_ms <= FRAME_MS + 2 * 30 + 20
        assert bytes(eye.capture()) in (JPEGS if record else SHOWN)


def test_a_sensor_whose_sizes_are_the_same_gets_its_resolution_once(bench):
    bench.chip._sizes[2] = bench.chip._sizes[1]
    bench.chip._clip = type("", (), {"at": lambda ms: 0, "picture": lambda i, buf: None})
    bench.chip._shown = bytearray(320 * 240 * 2)
    eye = join(bench, show_px=(320, 240))
    eye.start(False)
    assert len(eye.capture()) == 320 * 240 * 2
    eye.start(True)


@pytest.mark.parametrize("fault", [{"cut_bytes": 1}, {"padding_bytes": 3000}])
def test_a_picture_to_be_shown_of_another_length_is_refused(bench, eye, fault):
    eye.start(False)
    for name, value in fault.items():
        setattr(bench.chip, name, value)
    with pytest.raises(OSError, match="bytes") as caught:
        eye.capture()
    assert caught.value.errno == 27
    bench.chip.cut_bytes, bench.chip.padding_bytes = 0, 4
    assert bytes(eye.capture()) in SHOWN


# Pictures -------------------------------------------------------------------------------------


def test_a_picture_is_begun_by_the_question_and_then_ready(bench, running):
    assert running.frame_ready() is False
    assert FRAME_MS - 5 <= wait_ready(bench, running) <= FRAME_MS + 10
    start_ms = bench.world.ms
    assert bytes(running.capture()) in JPEGS
    assert bench.world.ms - start_ms <= 5  # 2 KB at 8 MHz


def test_a_picture_is_never_older_than_the_question(bench, running):
    for _ in range(8):
        running.frame_ready()
        begun_ms = bench.world.ms
        wait_ready(bench, running)
        shown = bytes(running.capture())
        seen = {jpeg(bench.clip.at(begun_ms + ms)) for ms in range(FRAME_MS + 20)}
        assert shown in seen
        bench.world.sleep(1000)


def test_five_a_second_are_kept_up(bench, running):
    start_ms = bench.world.ms
    for i in range(1, 26):
        wait_ready(bench, running)
        running.capture()
        assert bench.world.ms < start_ms + i * 200
        bench.world.sleep_until(start_ms + i * 200)
    assert bench.chip.pictures == 25


def test_capture_alone_waits_for_the_picture(bench, running):
    start_ms = bench.world.ms
    assert bytes(running.capture()) in JPEGS
    assert FRAME_MS <= bench.world.ms - start_ms <= FRAME_MS + 15


def test_the_memory_is_the_drivers_and_comes_again(bench, running):
    first = running.capture()
    kept = bytes(first)
    bench.world.sleep(50)  # 155 ms between them: one or two pictures of the clip
    running.capture()
    assert bytes(first) != kept


def test_a_picture_is_its_own_jpeg(running):
    picture = running.capture()
    assert running.encode(picture) is picture


@pytest.mark.parametrize("padding_bytes", [1, 2, 2000])
def test_padding_behind_the_end_is_cut_off(bench, running, padding_bytes):
    bench.chip.padding_bytes = padding_bytes
    assert bytes(running.capture()) in JPEGS


@pytest.mark.parametrize(
    "fault",
    [
        {"cut_bytes": 1},
        {"cut_bytes": 2},
        {"cut_bytes": 1500},
        {"headless": True},
        {"padding_bytes": 3000},
    ],
)
def test_what_is_no_whole_jpeg_is_an_io_error(bench, running, fault):
    for name, value in fault.items():
        setattr(bench.chip, name, value)
    with pytest.raises(OSError, match="no whole JPEG") as caught:
        running.capture()
    assert caught.value.errno == 5
    for name in fault:
        setattr(bench.chip, name, 0)
    assert bytes(running.capture()) in JPEGS


@pytest.mark.parametrize("lies_bytes", [0, 3, FRAME_BYTES + 1, 8_390_520, 0xFFFFFF])
def test_an_impossible_length_is_refused_unread(bench, running, lies_bytes):
    bench.chip.lies_bytes = lies_bytes
    start_ms = bench.world.ms
    with pytest.raises(OSError, match="%d bytes" % lies_bytes) as caught:
        running.capture()
    assert caught.value.errno == 27
    assert bench.world.ms - start_ms <= FRAME_MS + 15
    bench.chip.lies_bytes = None
    assert bytes(running.capture()) in JPEGS


@pytest.mark.parametrize("lies_bytes", [1000, 1999, FRAME_BYTES])
def test_a_length_that_is_not_the_pictures_is_an_io_error(bench, running, lies_bytes):
    bench.chip.lies_bytes = lies_bytes
    with pytest.raises(OSError, match="no whole JPEG"):
        running.capture()


def test_the_largest_picture_is_taken_and_one_byte_more_is_not(tmp_path, bench):
    clip = Clip(host_cpython, str(make_clip(tmp_path, count=1, jpeg_bytes=FRAME_BYTES - 4)))
    bench.chip._clip = clip
    eye = join(bench)
    eye.start()
    assert len(eye.capture()) == FRAME_BYTES
    bench.chip.padding_bytes = 1
    with pytest.raises(OSError, match="%d bytes" % (FRAME_BYTES + 1)):
        eye.capture()
    clip.close()


def test_a_picture_that_does_not_come_is_none_in_bounded_time(bench, running):
    bench.chip.no_picture = True
    start_ms = bench.world.ms
    assert running.capture() is None
    assert bench.world.ms - start_ms < 520


def test_a_lost_picture_is_begun_anew(bench, running):
    bench.chip.no_picture = True
    running.frame_ready()
    bench.world.sleep(300)
    assert running.frame_ready() is False
    bench.chip.no_picture = False
    assert 200 < wait_ready(bench, running) < 350
    assert bytes(running.capture()) in JPEGS


def test_a_slow_camera_is_waited_for(bench, running):
    bench.chip.slow_pct = 400
    assert wait_ready(bench, running) >= 4 * FRAME_MS - 5
    assert bytes(running.capture()) in JPEGS


def test_a_camera_that_is_pulled_out_gives_no_picture(bench, running):
    running.capture()
    bench.chip.absent = True
    # A line that nobody drives reads as ready, but no length is that large.
    running.frame_ready()
    with pytest.raises(OSError, match="16777215 bytes"):
        running.capture()


# The chip itself ------------------------------------------------------------------------------


def swap(bench, *sent):
    buf = bytearray(sent)
    bench.cs(0)
    bench.spi.write_readinto(buf, buf)
    bench.cs(1)
    return bytes(buf)


@pytest.mark.parametrize(
    ("sent", "what"),
    [
        ((0x99, 1), "0x01 into register 0x19"),
        ((0xA0, 3), "0x03 into register 0x20"),
        ((0xA1, 2), "blanks the next picture"),
        ((0xAA, 3), "0x03 into register 0x2a"),
        ((0x84, 2), "before register 0x0a is set"),
        ((0x84, 4), "0x04 into register 0x04"),
        ((0x87, 0x80), "0x80 into register 0x07"),
        ((0x82,), "two bytes, not 1"),
        ((0x40, 0), "three bytes, not 2"),
        ((0x20, 0, 0), "no readable register 0x20"),
        ((0x3C, 0, 0), "beyond the picture"),
    ],
)
def test_the_chip_refuses_what_the_note_does_not_allow(bench, sent, what):
    with pytest.raises(ChipError, match=what):
        swap(bench, *sent)


def test_the_chip_wants_its_millisecond_after_a_write(bench):
    swap(bench, 0xA0, 1)
    with pytest.raises(ChipError, match="millisecond"):
        swap(bench, 0x44, 0, 0)


def test_the_chip_takes_no_setting_while_busy_or_asleep(bench):
    swap(bench, 0xA0, 1)
    bench.world.sleep(1)
    with pytest.raises(ChipError, match="while busy"):
        swap(bench, 0xAA, 1)
    bench.world.sleep(100)
    swap(bench, 0x82, 0x07)
    bench.world.sleep(100)
    with pytest.raises(ChipError, match="while asleep"):
        swap(bench, 0xAA, 1)


def test_the_chip_takes_no_setting_during_a_picture_nor_a_format_without_its_size(bench, running):
    running.frame_ready()
    bench.world.sleep(2)
    with pytest.raises(ChipError, match="during a picture"):
        swap(bench, 0xAA, 1)
    bench.world.sleep(2)
    wait_ready(bench, running)
    swap(bench, 0xA0, 2)
    bench.world.sleep(100)
    swap(bench, 0x84, 0x01)
    bench.world.sleep(2)
    with pytest.raises(ChipError, match="format and size"):
        swap(bench, 0x84, 0x02)


def test_the_chip_takes_no_picture_asleep_or_with_the_flag_set(bench, running):
    wait_ready(bench, running)
    with pytest.raises(ChipError, match="flag"):
        swap(bench, 0x84, 0x02)
    bench.world.sleep(2)
    swap(bench, 0x84, 0x01)
    bench.world.sleep(2)
    swap(bench, 0x82, 0x07)
    bench.world.sleep(2)
    with pytest.raises(ChipError, match="asleep"):
        swap(bench, 0x84, 0x02)


def test_the_chip_tells_date_power_and_length_and_gives_bytes_in_any_grouping(bench, running):
    assert [swap(bench, reg, 0, 0)[2] for reg in (0x41, 0x42, 0x43, 0x02)] == [23, 2, 20, 5]
    wait_ready(bench, running)
    whole = jpeg(bench.chip.shown)
    assert swap(bench, 0x3C, 0, 0, 0)[2:] == whole[:2]
    assert swap(bench, 0x3C, 0, 0)[1:] == whole[2:4]  # no dummy byte any more
    assert swap(bench, 0x3C, *[0] * 100)[1:] == whole[4:104]
    bench.cs(0)
    bench.spi.write(b"\x3c")
    bench.spi.write(bytes(10))  # clocked, not looked at
    bench.cs(1)
    assert swap(bench, 0x3C, *[0] * 5)[1:] == whole[114:119]
    with pytest.raises(ChipError, match="beyond the picture"):
        swap(bench, 0x3C, *[0] * len(whole))
