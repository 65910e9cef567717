"""The display's driver, and the strictness of the simulated chip it is tested against."""

import pytest

from tests.unit.panel import HEIGHT, PICTURE_BYTES, WIDTH, Panel
from tools.sim.world import ChipError

RED, GREEN, BLUE, BLACK = 0xF800, 0x07E0, 0x001F, 0


def pixels(*colors):
    return b"".join(color.to_bytes(2, "big") for color in colors)


@pytest.fixture
def panel():
    """A display that shines, black."""
    panel = Panel().lit()
    panel.display.fill(0, 0, WIDTH, HEIGHT, BLACK)
    return panel


# The driver: power ----------------------------------------------------------------------------


def test_after_setup_the_panel_is_asleep_and_dark():
    panel = Panel()
    panel.display.setup()
    panel.display.backlight(100)
    assert not panel.chip.lit()
    assert panel.chip.pixels() == bytes(PICTURE_BYTES)


def test_it_shows_its_memory_once_awake_and_lit(panel):
    panel.display.fill(0, 0, WIDTH, HEIGHT, RED)
    assert panel.chip.pixels() == pixels(RED) * (WIDTH * HEIGHT)


def test_sleep_darkens_and_keeps_the_memory(panel):
    panel.display.fill(0, 0, WIDTH, HEIGHT, BLUE)
    panel.display.sleep()
    assert panel.chip.backlight_pct == 0
    assert not panel.chip.lit()
    panel.display.wake()
    panel.display.backlight(1)
    assert panel.pixel(0, 0) == BLUE


def test_sleep_and_wake_wait_for_each_other_but_not_longer(panel):
    for turn in (panel.display.sleep, panel.display.wake, panel.display.sleep):
        before = panel.world.ms
        turn()
        assert panel.world.ms - before <= 127
    panel.world.sleep(200)
    before = panel.world.ms
    panel.display.wake()
    assert panel.world.ms - before <= 6


def test_deinit_may_be_called_twice_and_setup_follows_it(panel):
    panel.display.deinit()
    panel.display.deinit()
    panel.lit()
    panel.display.fill(0, 0, 1, 1, GREEN)
    assert panel.pixel(0, 0) == GREEN


def test_setup_forgets_the_mirror(panel):
    panel.display.mirror(True)
    panel.lit()
    panel.display.window_write(0, 0, 1, 1, pixels(RED))
    assert panel.pixel(0, 0) == RED


def test_setup_takes_the_time_it_says():
    panel = Panel()
    panel.display.setup()
    assert 15 <= panel.world.ms <= 20


# The driver: pixels ---------------------------------------------------------------------------


def test_a_window_lies_where_it_was_put(panel):
    panel.display.window_write(318, 238, 2, 2, pixels(RED, GREEN, BLUE, RED))
    seen = [panel.pixel(x, y) for y in (237, 238, 239) for x in (317, 318, 319)]
    assert seen == [BLACK, BLACK, BLACK, BLACK, RED, GREEN, BLACK, BLUE, RED]


def test_mirrored_rows_run_from_right_to_left(panel):
    panel.display.mirror(True)
    row = pixels(RED, GREEN) + bytes(2 * (WIDTH - 3)) + pixels(BLUE)
    panel.display.window_write(0, 100, WIDTH, 2, row * 2)
    for y in (100, 101):
        assert [panel.pixel(x, y) for x in (319, 318, 317, 0)] == [RED, GREEN, BLACK, BLUE]
    panel.display.mirror(False)
    panel.display.window_write(0, 101, 2, 1, pixels(GREEN, GREEN))
    assert [panel.pixel(x, 101) for x in (0, 1, 318, 319)] == [GREEN, GREEN, GREEN, RED]
    assert panel.pixel(0, 100) == BLUE


def test_a_small_window_is_mirrored_too(panel):
    panel.display.mirror(True)
    panel.display.window_write(3, 7, 2, 1, pixels(RED, GREEN))
    assert [panel.pixel(x, 7) for x in (314, 315, 316, 317)] == [BLACK, GREEN, RED, BLACK]


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (5, 6, 7, 8), (0, 10, 320, 4), (100, 50, 83, 101)])
def test_fill_paints_its_rectangle_and_nothing_else(panel, box):
    x, y, w, h = box
    panel.display.fill(x, y, w, h, 0x1234)
    seen = panel.chip.pixels()
    row = bytes(2 * x) + pixels(0x1234) * w + bytes(2 * (WIDTH - x - w))
    assert seen == bytes(640 * y) + row * h + bytes(640 * (HEIGHT - y - h))


def test_a_whole_picture_takes_61_ms_at_20_mhz(panel):
    picture = bytes(PICTURE_BYTES)
    before = panel.world.ms
    panel.display.window_write(0, 0, WIDTH, HEIGHT, picture)
    assert 61 <= panel.world.ms - before <= 63


def test_mirror_sends_nothing_when_nothing_changes(panel):
    before = panel.world.ms, panel.world.us
    panel.display.mirror(False)
    assert (panel.world.ms, panel.world.us) == before


# The driver: the shared bus -------------------------------------------------------------------


def test_every_call_leaves_the_bus_to_the_card(panel):
    display = panel.display
    for call in (
        display.setup,
        display.wake,
        lambda: display.fill(0, 0, 9, 9, RED),
        lambda: display.window_write(0, 0, 1, 1, b"\0\0"),
        lambda: display.mirror(True),
        display.sleep,
    ):
        call()
        assert panel.idle()


def test_a_bus_that_fails_is_left_to_the_card_too(panel):
    class Broken:
        def write(self, buf):
            raise OSError(5, "spi: broken")

    display = panel.driver(Broken())
    for call in (
        lambda: display.window_write(0, 0, 1, 1, b"\0\0"),
        lambda: display.fill(0, 0, 1, 1, RED),
        lambda: display.mirror(True),
    ):
        with pytest.raises(OSError, match="broken"):
            call()
        assert panel.idle()


def test_d_c_that_nobody_drives_is_noticed(panel):
    panel.claim = lambda: None
    with pytest.raises(ChipError, match="no command"):
        panel.driver(panel.spi).fill(0, 0, 1, 1, RED)


# The chip -------------------------------------------------------------------------------------


def test_nobody_is_home_before_the_reset_is_released():
    panel = Panel()
    panel.chip.power(True)
    panel.send(0xEE)
    panel.chip.reset(1)
    panel.world.sleep(5)
    with pytest.raises(ChipError, match="unknown command 0xee"):
        panel.send(0xEE)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (((0x99,),), "unknown command 0x99"),
        (((0x2A, (0, 0, 1)), (0x2B,)), "too few"),
        (((0x2A, (0, 0, 1, 63, 0)),), "no command asked"),
        (((0x29, (1,)),), "no command asked"),
        (((0x2A, (0, 0, 1, 64)),), "window 0 to 320 of 320"),
        (((0x2B, (0, 200, 0, 100)),), "window 200 to 100 of 240"),
        (((0x36, (0x80,)),), "MADCTL 0x80"),
        (((0x3A, (0x33,)),), "COLMOD"),
        (((0x3A, (0x66,)), (0x2C, (1, 2))), "18 bits"),
        (((0x2C, (1, 2, 3)),), "half a pixel"),
        (((0xC8, (0, 0, 0)), (0xC1, (3,))), "before SETEXTC"),
        (((0x10,), (0x29,)), "within 5 ms"),
        (((0x10,), (None, 6), (0x11,)), "within 120 ms"),
        (((0x01,), (None, 6), (0x11,)), "within 120 ms"),
    ],
)
def test_a_broken_rule_is_an_error(panel, sent, why):
    panel.world.sleep(200)
    with pytest.raises(ChipError, match=why):
        for command, *data in sent:
            if command is None:
                panel.world.sleep(*data)
            else:
                panel.send(command, *data)


def test_a_command_is_one_byte(panel):
    panel.claim()
    panel.cs_pin(0)
    panel.dc_pin(0)
    with pytest.raises(ChipError, match="more than one command"):
        panel.spi.write(b"\x2c\x2c")


def test_the_write_pointer_wraps_within_its_window(panel):
    panel.send(0x2A, (0, 10, 0, 11))
    panel.send(0x2B, (0, 20, 0, 20))
    panel.send(0x2C, pixels(RED, GREEN, BLUE))
    assert [panel.pixel(x, 20) for x in (10, 11, 12)] == [BLUE, GREEN, BLACK]


def test_a_picture_may_arrive_in_pieces_of_any_size(panel, seed):
    import random

    dice = random.Random(seed)
    picture = dice.randbytes(PICTURE_BYTES)
    for mirrored in (0x08, 0x48):
        pieces, at = [], 0
        while at < len(picture):
            n = dice.choice((1, 2, 3, 639, 640, 641, 1280, 5000))
            pieces.append(picture[at : at + n])
            at += n
        panel.send(0x36, (mirrored,))
        panel.send(0x2A, (0, 0, 1, 63))
        panel.send(0x2B, (0, 0, 0, 239))
        panel.send(0x2C, *pieces)
        whole = Panel().lit()
        whole.display.mirror(mirrored == 0x48)
        whole.display.window_write(0, 0, WIDTH, HEIGHT, picture)
        assert panel.chip.pixels() == whole.chip.pixels()
    first = picture[: 2 * WIDTH]
    turned = b"".join(first[i : i + 2] for i in range(2 * WIDTH - 2, -1, -2))
    assert panel.chip.pixels()[: 2 * WIDTH] == turned


def test_colours_are_wrong_without_inversion_and_bgr(panel):
    panel.display.fill(0, 0, 1, 1, 0xF81E)
    panel.send(0x20)
    assert panel.pixel(0, 0) == 0xF81E ^ 0xFFFF
    panel.send(0x21)
    panel.send(0x36, (0,))
    assert panel.pixel(0, 0) == 0xF01F


def test_a_software_reset_sleeps_and_keeps_the_memory(panel):
    panel.display.fill(0, 0, WIDTH, HEIGHT, RED)
    panel.send(0x01)
    assert not panel.chip.lit()
    panel.display.setup()
    panel.display.wake()
    panel.display.backlight(80)
    assert panel.pixel(5, 5) == RED


def test_after_power_on_the_memory_is_nonsense(panel):
    panel.chip.power(False)
    assert not panel.chip.lit()
    panel.chip.power(True)
    panel.lit()
    assert panel.pixel(0, 0) not in (BLACK, 0xFFFF)


def test_it_drives_nothing_onto_the_wire_that_it_shares(panel):
    panel.cs_pin(0)
    answer = bytearray(2)
    panel.chip.reset(0)
    panel.spi.readinto(answer)
    assert answer == b"\xff\xff"
