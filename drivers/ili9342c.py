"""ILITEK ILI9342C display controller: 320x240 pixels of RGB565, on SPI mode 0 with a D/C line.

Sources: the ILI9342C shares the commands of the ILI9341 (data sheet V1.11: 8.2 commands, 15.4
reset timing), whose names are in capitals here; start-up table of the CoreS3 from M5GFX 0.2.17.

D/C may be a pin that a second chip drives, as a card's MISO on the CoreS3: `claim()` makes it an
output, `release()` an input again. Every call ends with CS high and D/C released, or raises so.
"""

from micropython import const

_SLPIN = b"\x10"
_SLPOUT = b"\x11"
_DISPOFF = b"\x28"
_DISPON = b"\x29"
_CASET = b"\x2a"
_RASET = b"\x2b"
_RAMWR = b"\x2c"
_MADCTL = b"\x36"
_BGR = b"\x08"
_BGR_MX = b"\x48"  # columns from right to left

_RESET_LOW_MS = const(10)  # 15.4: at least 10 us
_COMMAND_MS = const(
    5
)  # 8.2.11, 8.2.12, 15.4: after a reset, SLPIN or SLPOUT, before the next command
_SLEEP_MS = const(120)  # 8.2.11, 8.2.12, 15.4: between reset, SLPIN and SLPOUT
_FILL_BYTES = const(2560)

_SETUP = (
    (b"\xc8", b"\xff\x93\x42"),  # opens the maker's commands
    (b"\xc0", b"\x12\x12"),
    (b"\xc1", b"\x03"),
    (b"\xc5", b"\xf2"),
    (b"\xb0", b"\xe0"),
    (b"\xf6", b"\x01\x00\x00"),
    (b"\xe0", b"\x00\x0c\x11\x04\x11\x08\x37\x89\x4c\x06\x0c\x0a\x2e\x34\x0f"),
    (b"\xe1", b"\x00\x0b\x11\x05\x13\x09\x33\x67\x48\x07\x0e\x0b\x2e\x33\x0f"),
    (b"\xb6", b"\x08\x82\x1d\x04"),
    (_MADCTL, _BGR),
    (b"\x3a", b"\x55"),  # COLMOD: 16 bits per pixel
    (b"\x21", None),  # INVON: the panel is normally black
    (b"\x38", None),  # IDMOFF: all colours
)


def _nothing():
    pass


class ILI9342C:
    """One display on an SPI bus that someone else owns.

    `cs` and `dc` are output pins, called with their level; `reset(level)` and `backlight(percent)`
    are callables, because these lines often hang on another chip. A card on the same bus must be
    in SPI mode before the first call here.
    """

    def __init__(
        self,
        spi,
        cs,
        dc,
        clock,
        backlight,
        reset,
        claim=_nothing,
        release=_nothing,
        size_px=(320, 240),
    ):
        self.size_px = size_px
        self.backlight = backlight
        self._write = spi.write
        self._cs, self._dc, self._claim, self._release = cs, dc, claim, release
        self._clock = clock
        self._reset = reset
        self._span = bytearray(4)
        self._line = bytearray(_FILL_BYTES)
        self._mirrored = False
        self._awake = False
        self._turned = None  # ticks of the last reset, SLPIN or SLPOUT
        cs(1)

    def setup(self) -> None:
        """Reset and configure the panel; leave it asleep and dark. Blocks 15 ms.

        Raises:
            OSError: the chip behind `reset` or `backlight` did not answer.
        """
        self.backlight(0)
        self._reset(0)
        self._clock.sleep_ms(_RESET_LOW_MS)
        self._reset(1)
        self._clock.sleep_ms(_COMMAND_MS)
        self._turned = self._clock.ticks_ms()
        self._awake = self._mirrored = False
        for command, data in _SETUP:
            self._command(command, data)

    def wake(self) -> None:
        """Leave sleep and show the memory's content; the backlight stays as it is.

        Blocks 5 ms, but up to 125 ms within 120 ms of `setup` or `sleep`.
        """
        if not self._awake:
            self._turn(_SLPOUT)
            self._command(_DISPON)
            self._awake = True

    def sleep(self) -> None:
        """Darken the panel and let it sleep; the memory keeps its content.

        Blocks 5 ms, but up to 125 ms within 120 ms of `wake`. May be called twice.

        Raises:
            OSError: the chip behind `backlight` did not answer.
        """
        self.backlight(0)
        if self._awake:
            self._command(_DISPOFF)
            self._turn(_SLPIN)
            self._awake = False

    deinit = sleep

    def mirror(self, on: bool) -> None:
        """Let columns count from the right, or from the left, in what is written from now on."""
        if on != self._mirrored:
            self._mirrored = on
            self._command(_MADCTL, _BGR_MX if on else _BGR)

    def window_write(self, x: int, y: int, w: int, h: int, buf) -> None:
        """Put `buf` at column x and row y: w*h pixels of RGB565, high byte first.

        Blocks for 16 clocks a pixel: 61 ms for the whole display at 20 MHz. Allocates nothing.
        """
        self._claim()
        try:
            self._cs(0)
            self._window(x, x + w - 1, y, y + h - 1)
            self._write(buf)
        finally:
            self._cs(1)
            self._release()

    def fill(self, x: int, y: int, w: int, h: int, rgb565: int) -> None:
        """Paint a rectangle in one colour. Blocks as long as `window_write`."""
        line = self._line
        length = min(w * h * 2, _FILL_BYTES)
        line[0], line[1] = rgb565 >> 8, rgb565 & 255
        done = 2
        view = memoryview(line)
        while done < length:
            n = min(done, length - done)
            view[done : done + n] = view[:n]
            done += n
        whole, rest = divmod(w * h * 2, _FILL_BYTES)
        self._claim()
        try:
            self._cs(0)
            self._window(x, x + w - 1, y, y + h - 1)
            for _ in range(whole):
                self._write(line)
            if rest:
                self._write(view[:rest])
        finally:
            self._cs(1)
            self._release()

    def _window(self, x0, x1, y0, y1):
        self._limits(_CASET, x0, x1)
        self._limits(_RASET, y0, y1)
        self._dc(0)
        self._write(_RAMWR)
        self._dc(1)

    def _limits(self, command, first, last):
        span = self._span
        span[0], span[1] = first >> 8, first & 255
        span[2], span[3] = last >> 8, last & 255
        self._dc(0)
        self._write(command)
        self._dc(1)
        self._write(span)

    def _command(self, command, data=None):
        self._claim()
        try:
            self._cs(0)
            self._dc(0)
            self._write(command)
            if data:
                self._dc(1)
                self._write(data)
        finally:
            self._cs(1)
            self._release()

    def _turn(self, command):
        clock = self._clock
        if self._turned is not None:
            left_ms = _SLEEP_MS - clock.diff(clock.ticks_ms(), self._turned)
            if 0 < left_ms <= _SLEEP_MS:
                clock.sleep_ms(left_ms)
        self._turned = clock.ticks_ms()
        self._command(command)
        clock.sleep_ms(_COMMAND_MS)
