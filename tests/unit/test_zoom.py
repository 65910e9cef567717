"""The doubled picture: every pixel four times, the middle, inside the frame, by either kernel."""

import random
from array import array

import pytest

from bodycam import zoom, zoom_plain
from tools.sim import host_cpython

SMALL_PX = (128, 128)


class Display:
    """Takes what is sent into a picture of 240x240 pixels, mirrored as the real one does it."""

    size_px = (240, 240)

    def __init__(self):
        self.pixels = {}

    def window(self, x, y, w, h, order):
        assert order == "mirrored"
        return x, y, w, h

    def send(self, window, pixels):
        x, y, w, h = window
        assert len(pixels) == 2 * w * h
        for i in range(w * h):
            at = (self.size_px[0] - 1 - x - i % w, y + i // w)
            assert at not in self.pixels, "drawn twice"
            self.pixels[at] = bytes(pixels[2 * i : 2 * i + 2])


def pixel(x, y):
    return bytes((x, y))


PICTURE = b"".join(pixel(x, y) for y in range(128) for x in range(128))


@pytest.mark.parametrize("top", [12, 34])
def test_the_middle_is_drawn_mirrored_inside_the_frame_each_pixel_four_times(top):
    display = Display()
    drawn = zoom.Zoom(display, SMALL_PX, 12, 182)
    drawn.move(top)
    drawn.draw(PICTURE)
    rows = (182 - top) // 2
    first = (128 - rows) // 3
    for x in range(240):
        for y in range(240):
            inside = 12 <= x < 228 and top <= y < 182
            seen = pixel(10 + (239 - 12 - x) // 2, first + (y - top) // 2) if inside else None
            assert display.pixels.get((x, y)) == seen, (x, y)


def test_the_bar_may_come_and_go_between_two_pictures():
    display = Display()
    drawn = zoom.Zoom(display, SMALL_PX, 12, 182)
    for top in (12, 34, 12):
        display.pixels = {}
        drawn.move(top)
        drawn.draw(PICTURE)
        assert min(y for _, y in display.pixels) == top


def test_the_plain_kernel_does_what_the_computers_does(seed):
    rng = random.Random(seed)
    for _ in range(20):
        columns, rows = rng.randrange(1, 40), rng.randrange(1, 6)
        stride = columns + rng.randrange(8)
        shape = array("i", (rng.randrange(9), stride, columns, rows))
        source = rng.randbytes(2 * (shape[0] + stride * rows))
        first, second = (bytearray(8 * columns * rows) for _ in range(2))
        zoom_plain.double(source, first, shape)
        host_cpython.firmware_double(source, second, shape)
        assert first == second
