"""The display's driver, and the strictness of the simulated chip it is tested against."""

import pytest

from tests.unit.panel import HEIGHT, PICTURE_BYTES, WIDTH, Panel
from tools.sim import host_cpython
from tools.sim.world import ChipError

RED, GREEN, BLUE, BLACK = 0xF800, 0x07E0, 0x001F, 0


def pixels(*colors):
    return b"".join(color.to_bytes(2, "big") for color in colors)


def put(panel, x, y, w, h, data, order="rows"):
    panel.display.send(panel.display.window(x, y, w, h, order), data)


def paint(panel, x, y, w, h, color, order="rows"):
    panel.display.fill(panel.display.window(x, y, w, h, order), color)


either_way = pytest.mark.parametrize("quicken", [lambda chip: None, host_cpython.quicken])


@pytest.fixture
def panel():
    """A display that shines, black."""
    panel = Panel().lit()
    paint(panel, 0, 0, WIDTH, HEIGHT, BLACK)
    return panel


# The driver: power ----------------------------------------------------------------------------


def test_after_setup_the_panel_is_asleep_and_dark():
    panel = Panel()
    panel.display.setup()
    panel.display.backlight(100)
    assert not panel.chip.lit()
    assert panel.chip.pixels() == bytes(PICTURE_BYTES)


def test_it_shows_its_memory_once_awake_and_lit(panel):
    paint(panel, 0, 0, WIDTH, HEIGHT, RED)
    assert panel.chip.pixels() == pixels(RED) * (WIDTH * HEIGHT)


def test_sleep_darkens_and_keeps_the_memory(panel):
    paint(panel, 0, 0, WIDTH, HEIGHT, BLUE)
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
    paint(panel, 0, 0, 1, 1, GREEN)
    assert panel.pixel(0, 0) == GREEN


def test_setup_forgets_the_order_of_pixels(panel):
    put(panel, 0, 0, 1, 1, pixels(RED), "mirrored")
    panel.lit()
    put(panel, 0, 0, 1, 1, pixels(RED))
    assert panel.pixel(0, 0) == RED


def test_setup_takes_the_time_it_says():
    panel = Panel()
    panel.display.setup()
    assert 15 <= panel.world.ms <= 20


# The driver: pixels ---------------------------------------------------------------------------


def test_a_window_lies_where_it_was_put(panel):
    put(panel, 318, 238, 2, 2, pixels(RED, GREEN, BLUE, RED))
    seen = [panel.pixel(x, y) for y in (237, 238, 239) for x in (317, 318, 319)]
    assert seen == [BLACK, BLACK, BLACK, BLACK, RED, GREEN, BLACK, BLUE, RED]


def test_mirrored_rows_run_from_right_to_left(panel):
    row = pixels(RED, GREEN) + bytes(2 * (WIDTH - 3)) + pixels(BLUE)
    put(panel, 0, 100, WIDTH, 2, row * 2, "mirrored")
    for y in (100, 101):
        assert [panel.pixel(x, y) for x in (319, 318, 317, 0)] == [RED, GREEN, BLACK, BLUE]
    put(panel, 0, 101, 2, 1, pixels(GREEN, GREEN))
    assert [panel.pixel(x, 101) for x in (0, 1, 318, 319)] == [GREEN, GREEN, GREEN, RED]
    assert panel.pixel(0, 100) == BLUE


def test_a_small_window_is_mirrored_too(panel):
    put(panel, 3, 7, 2, 1, pixels(RED, GREEN), "mirrored")
    assert [panel.pixel(x, 7) for x in (314, 315, 316, 317)] == [BLACK, GREEN, RED, BLACK]


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (5, 6, 7, 8), (0, 10, 320, 4), (100, 50, 83, 101)])
def test_fill_paints_its_rectangle_and_nothing_else(panel, box):
    x, y, w, h = box
    paint(panel, x, y, w, h, 0x1234)
    seen = panel.chip.pixels()
    row = bytes(2 * x) + pixels(0x1234) * w + bytes(2 * (WIDTH - x - w))
    assert seen == bytes(640 * y) + row * h + bytes(640 * (HEIGHT - y - h))


def test_a_whole_picture_takes_61_ms_at_20_mhz(panel):
    picture = bytes(PICTURE_BYTES)
    before = panel.world.ms
    put(panel, 0, 0, WIDTH, HEIGHT, picture)
    assert 61 <= panel.world.ms - before <= 63


def test_columns_run_from_the_top_down(panel):
    put(panel, 318, 7, 2, 3, pixels(RED, GREEN, BLUE, GREEN, BLUE, RED), "columns")
    seen = [[panel.pixel(x, y) for x in (317, 318, 319)] for y in (6, 7, 8, 9, 10)]
    rows = ((RED, GREEN), (GREEN, BLUE), (BLUE, RED))
    assert seen == [[BLACK] * 3, *([BLACK, *row] for row in rows), [BLACK] * 3]


@either_way
def test_what_is_sent_later_lies_above_whatever_the_orders(panel, seed, quicken):
    import random

    quicken(panel.chip)
    dice = random.Random(seed)
    expected = [[BLACK] * WIDTH for _ in range(HEIGHT)]
    for _ in range(60):
        x, y = dice.randrange(WIDTH), dice.randrange(HEIGHT)
        w, h = dice.randint(1, min(40, WIDTH - x)), dice.randint(1, min(40, HEIGHT - y))
        order = dice.choice(("rows", "mirrored", "columns", "columns"))
        colors = [dice.randrange(1 << 16) for _ in range(w * h)]
        put(panel, x, y, w, h, pixels(*colors), order)
        for i, color in enumerate(colors):
            row, column = divmod(i, w)
            if order == "columns":
                column, row = divmod(i, h)
            column = WIDTH - 1 - x - column if order == "mirrored" else x + column
            expected[y + row][column] = color
    assert panel.chip.pixels() == b"".join(pixels(*row) for row in expected)


def test_the_order_is_told_only_when_it_changes(panel):
    sent = []
    write = panel.display._write
    panel.display._write = lambda data: (sent.append(bytes(data)), write(data))
    for order in ("columns", "columns", "rows"):
        put(panel, 0, 0, 1, 1, pixels(RED), order)
    assert sent.count(b"\x36") == 2


# The driver: the shared bus -------------------------------------------------------------------


def test_every_call_leaves_the_bus_to_the_card(panel):
    display = panel.display
    for call in (
        display.setup,
        display.wake,
        lambda: paint(panel, 0, 0, 9, 9, RED),
        lambda: put(panel, 0, 0, 1, 1, b"\0\0", "columns"),
        display.sleep,
    ):
        call()
        assert panel.idle()


def test_a_bus_that_fails_is_left_to_the_card_too(panel):
    class Broken:
        def write(self, buf):
            raise OSError(5, "spi: broken")

    panel.display = panel.driver(Broken())
    for call in (
        lambda: put(panel, 0, 0, 1, 1, b"\0\0"),
        lambda: paint(panel, 0, 0, 1, 1, RED),
        panel.display.wake,
    ):
        with pytest.raises(OSError, match="broken"):
            call()
        assert panel.idle()


def test_d_c_that_nobody_drives_is_noticed(panel):
    panel.claim = lambda: None
    with pytest.raises(ChipError, match="no command"):
        panel.display = panel.driver(panel.spi)
        paint(panel, 0, 0, 1, 1, RED)


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
        (((0x36, (0x68,)),), "MADCTL 0x68"),
        (((0x36, (0x28,)), (0x2A, (0, 0, 0, 240))), "window 0 to 240 of 240"),
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


@either_way
def test_a_picture_may_arrive_in_pieces_of_any_size(panel, seed, quicken):
    import random

    quicken(panel.chip)
    dice = random.Random(seed)
    picture = dice.randbytes(PICTURE_BYTES)
    for order, madctl in (("rows", 0x08), ("mirrored", 0x48), ("columns", 0x28)):
        pieces, at = [], 0
        while at < len(picture):
            n = dice.choice((1, 2, 3, 639, 640, 641, 1280, 5000))
            pieces.append(picture[at : at + n])
            at += n
        limits = ((0, 0, 1, 63), (0, 0, 0, 239))
        panel.send(0x36, (madctl,))
        panel.send(0x2A, limits[order == "columns"])
        panel.send(0x2B, limits[order != "columns"])
        panel.send(0x2C, *pieces)
        whole = Panel().lit()
        put(whole, 0, 0, WIDTH, HEIGHT, picture, order)
        assert panel.chip.pixels() == whole.chip.pixels()
    column = b"".join(panel.chip.pixels()[640 * y :][:2] for y in range(HEIGHT))
    assert column == picture[: 2 * HEIGHT]


def test_colours_are_wrong_without_inversion_and_bgr(panel):
    paint(panel, 0, 0, 1, 1, 0xF81E)
    panel.send(0x20)
    assert panel.pixel(0, 0) == 0xF81E ^ 0xFFFF
    panel.send(0x21)
    panel.send(0x36, (0,))
    assert panel.pixel(0, 0) == 0xF01F


def test_a_software_reset_sleeps_and_keeps_the_memory(panel):
    paint(panel, 0, 0, WIDTH, HEIGHT, RED)
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
