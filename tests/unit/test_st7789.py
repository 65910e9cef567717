"""The second display's driver against its simulated chip: what differs from the first one."""

import tracemalloc
from types import SimpleNamespace

import pytest

from drivers.st7789 import ST7789
from tests.unit.panel import Clock
from tools.sim.chips.st7789 import ST7789Chip
from tools.sim.mcu import Mcu
from tools.sim.world import ChipError, World

WIDTH, HEIGHT = 240, 240
RED, GREEN, BLUE, BLACK = 0xF800, 0x07E0, 0x001F, 0
BOARD = SimpleNamespace(
    MPY_ARCH="xtensawin",
    COSTS={"call_us": 20, "spi_call_us": 30, "i2c_call_us": 60, "i2c_byte_us": 23},
    DISPLAY={"size_px": (WIDTH, HEIGHT)},
)


class Rig:
    """A display without a reset line and without MISO; `light` is what the backlight was told."""

    def __init__(self):
        self.world = World(BOARD)
        self.mcu = Mcu(self.world, BOARD)
        self.chip = ST7789Chip(self.world, BOARD, self.mcu.pad(43))
        self.mcu.spi_bus(21, 47, -1).attach(self.chip, self.mcu.pad(44))
        self.world.sleep(900)  # what a boot takes
        pin, spi = self.mcu.machine.Pin, self.mcu.machine.SPI
        self.spi = spi(1, 40_000_000, sck=pin(21), mosi=pin(47), miso=None)
        cs, dc = pin(44, pin.OUT, value=1), pin(43, pin.OUT)
        wiring = (cs, dc, Clock(self.world), self.chip.backlight, None)
        self.display = ST7789(self.spi, *wiring, size_px=(WIDTH, HEIGHT))

    def lit(self):
        self.display.setup()
        self.display.wake()
        self.display.backlight(80)
        self.display.fill(self.display.window(0, 0, WIDTH, HEIGHT), BLACK)
        return self

    def put(self, x, y, w, h, colors, order="rows"):
        data = b"".join(color.to_bytes(2, "big") for color in colors)
        self.display.send(self.display.window(x, y, w, h, order), data)

    def pixel(self, x, y):
        seen = self.chip.pixels()
        assert len(seen) == WIDTH * HEIGHT * 2
        at = (y * WIDTH + x) * 2
        return seen[at] << 8 | seen[at + 1]

    def send(self, command, *data):
        """Send one command past the driver."""
        machine = self.mcu.machine
        cs, dc = machine.Pin(44, machine.Pin.OUT), machine.Pin(43, machine.Pin.OUT)
        cs(0)
        dc(0)
        self.spi.write(bytes((command,)))
        dc(1)
        self.spi.write(bytes(data)) if data else None
        cs(1)


@pytest.fixture
def rig():
    return Rig().lit()


def test_switching_the_panel_on_needs_no_second_copy_of_its_memory():
    # The board's heap is measured beside it, and a copy may outlive its use there.
    chip = Rig().chip
    tracemalloc.start()
    try:
        chip.power(True)
        assert tracemalloc.get_traced_memory()[1] < 8_000
    finally:
        tracemalloc.stop()


def test_without_a_reset_line_a_command_resets_it_and_it_sleeps(rig):
    rig.display.setup()
    rig.display.backlight(100)
    assert not rig.chip.lit()
    rig.display.wake()
    assert rig.chip.lit()


def test_after_a_restart_of_the_processor_alone_it_is_set_up_again(rig):
    rig.put(0, 0, 1, 1, [RED], "columns")
    again = ST7789(
        rig.spi,
        *(rig.display._cs, rig.display._dc, rig.display._clock),
        *[rig.chip.backlight, None],
        size_px=(WIDTH, HEIGHT),
    )
    again.setup()
    again.wake()
    again.backlight(50)
    again.send(again.window(0, 1, 2, 1), b"\x07\xe0\x00\x1f")
    assert [rig.pixel(0, 1), rig.pixel(1, 1)] == [GREEN, BLUE]


@pytest.mark.parametrize("color", [RED, GREEN, BLUE, 0x1234])
def test_colours_are_true(rig, color):
    rig.display.fill(rig.display.window(0, 0, WIDTH, HEIGHT), color)
    assert {rig.pixel(0, 0), rig.pixel(239, 239), rig.pixel(120, 7)} == {color}


def test_a_window_lies_where_it_was_put(rig):
    rig.put(238, 238, 2, 2, (RED, GREEN, BLUE, RED))
    seen = [rig.pixel(x, y) for y in (237, 238, 239) for x in (237, 238, 239)]
    assert seen == [BLACK, BLACK, BLACK, BLACK, RED, GREEN, BLACK, BLUE, RED]


def test_mirrored_rows_run_from_right_to_left(rig):
    rig.put(0, 5, WIDTH, 1, [RED, GREEN] + [BLACK] * 237 + [BLUE], "mirrored")
    assert [rig.pixel(x, 5) for x in (239, 238, 0)] == [RED, GREEN, BLUE]


def test_columns_run_from_the_top_down(rig):
    rig.put(10, 200, 2, 3, (RED, GREEN, BLUE, BLUE, GREEN, RED), "columns")
    assert [rig.pixel(10, 200 + i) for i in range(3)] == [RED, GREEN, BLUE]
    assert [rig.pixel(11, 200 + i) for i in range(3)] == [BLUE, GREEN, RED]


def test_the_memory_below_the_panel_is_not_seen(rig):
    rig.send(0x2A, 0, 0, 0, 0)
    rig.send(0x2B, 0x01, 0x3F, 0x01, 0x3F)
    rig.send(0x2C, 0xFF, 0xFF)
    assert set(rig.chip.pixels()) == {0}


def test_a_frame_takes_23_ms_at_40_mhz(rig):
    window = rig.display.window(0, 0, WIDTH, HEIGHT)
    before_ms = rig.world.ms
    rig.display.send(window, bytes(WIDTH * HEIGHT * 2))
    assert 23 <= rig.world.ms - before_ms <= 25


@pytest.mark.parametrize(
    "command, data, error",
    [
        (0xC8, (0xFF, 0x93, 0x42), "unknown command 0xc8"),
        (0x2A, (0, 0, 0, 240), "window 0 to 240"),
        (0x36, (0x80,), "MADCTL"),
        (0x3A, (0x11,), "COLMOD"),
        (0xE0, (1, 2), "too few"),
    ],
)
def test_what_the_chip_does_not_know_is_told(rig, command, data, error):
    with pytest.raises(ChipError, match=error):
        rig.send(command, *data)


def test_its_own_commands_need_no_key(rig):
    rig.send(0xB2, 0x0C, 0x0C, 0x00, 0x33, 0x33)


def test_red_and_blue_are_swapped_by_the_other_panels_order(rig):
    rig.send(0x36, 0x08)
    rig.put(0, 0, 1, 1, [RED])
    rig.send(0x36, 0x08)
    assert rig.pixel(0, 0) == BLUE
