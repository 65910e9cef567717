"""Display controllers that take MIPI's display command set: RGB565 on SPI mode 0 with a D/C line.

Source: ILI9341 data sheet V1.11 (8.2 commands, 15.4 reset timing), whose names are in capitals
here; the ILI9342C and the ST7789 share all of it. What differs stands in the chip's own file.

D/C may be a pin that a second chip drives, as a card's MISO on the CoreS3: `claim()` makes it an
output, `release()` an input again. Every call ends with CS high and D/C released, or raises so.

A window says where pixels go and in which order. It is made once and used over and over: then a
call allocates nothing, and no function on its way has more than 11 words of state, because
MicroPython would take it from the heap.
"""

from micropython import const

_SWRESET = b"\x01"
_SLPIN = b"\x10"
_SLPOUT = b"\x11"
_DISPOFF = b"\x28"
_DISPON = b"\x29"
_CASET = b"\x2a"
_RASET = b"\x2b"
_RAMWR = b"\x2c"
MADCTL = b"\x36"

_RESET_LOW_MS = const(10)  # 15.4: at least 10 us
_COMMAND_MS = const(
    5
)  # 8.2.11, 8.2.12, 15.4: after a reset, SLPIN or SLPOUT, before the next command
_SLEEP_MS = const(120)  # 8.2.11, 8.2.12, 15.4: between reset, SLPIN and SLPOUT
_FILL_BYTES = const(2560)


def _nothing():
    pass


def _limits(first, count):
    last = first + count - 1
    return bytes((first >> 8, first & 255, last >> 8, last & 255))


class DCSPanel:
    """One display on an SPI bus that someone else owns.

    A chip gives `SETUP`, pairs of command and data or None, and `ORDERS`: what MADCTL is set to
    for "rows", "mirrored" and "columns".

    `cs` and `dc` are output pins, called with their level; `reset(level)` and `backlight(percent)`
    are callables, because these lines often hang on another chip; without a reset line `reset` is
    None, and SWRESET does its work. A card on the same bus must be in SPI mode before the first
    call here.
    """

    SETUP: "tuple[tuple[bytes, bytes | None], ...]"
    ORDERS: "dict[str, bytes]"

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
        self._order = None  # what MADCTL is set to
        self._pixels = None  # what is sent; None: the line, over and over
        self._line = line = memoryview(bytearray(_FILL_BYTES))
        self._doublings = []  # (what is not dyed yet, as much that is)
        done = 2
        while done < _FILL_BYTES:
            n = min(done, _FILL_BYTES - done)
            self._doublings.append((line[done : done + n], line[:n]))
            done += n
        self._awake = False
        self._turned = None  # ticks of the last reset, SLPIN or SLPOUT
        cs(1)

    def setup(self) -> None:
        """Reset and configure the panel; leave it asleep and dark. Blocks 15 ms.

        Without an answer from the chip behind `reset` the panel is reset by a command.

        Raises:
            OSError: the chip behind `backlight` did not answer.
        """
        self.backlight(0)
        if not self._pulse():
            self._command(_SWRESET)
        self._clock.sleep_ms(_COMMAND_MS)
        self._turned = self._clock.ticks_ms()
        self._awake = False
        for command, data in self.SETUP:
            self._command(command, data)
        self._order = self.ORDERS["rows"]
        self._command(MADCTL, self._order)

    def _pulse(self):
        try:
            if self._reset:
                self._reset(0)
                self._clock.sleep_ms(_RESET_LOW_MS)
                self._reset(1)
            return self._reset
        except OSError:
            return None

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

    def window(self, x: int, y: int, w: int, h: int, order: str = "rows"):
        """Return where `send` and `fill` put their pixels: w columns from x on, h rows from y on.

        `order` is "rows", "columns", or "mirrored": rows from right to left, and `x` counts from
        the right. The driver alone knows what a window is made of.
        """
        columns, rows = _limits(x, w), _limits(y, h)
        if order == "columns":
            columns, rows = rows, columns
        whole, rest = divmod(w * h * 2, _FILL_BYTES)
        return (self.ORDERS[order], columns, rows, whole, self._line[:rest])

    def send(self, window, pixels) -> None:
        """Put `pixels` into a window, all of it, in its order: RGB565, high byte first.

        Blocks for 16 clocks a pixel: 61 ms for the whole display at 20 MHz. Allocates nothing.
        """
        self._pixels = pixels
        self._transfer(window)

    def fill(self, window, rgb565: int) -> None:
        """Paint a window in one colour. Blocks as long as `send`. Allocates nothing."""
        self._dye(rgb565)
        self._pixels = None
        self._transfer(window)

    def _transfer(self, window):
        self._claim()
        try:
            self._aim(window)
            if self._pixels is None:
                self._pour(window)
            else:
                self._write(self._pixels)
        finally:
            self._cs(1)
            self._release()

    def _dye(self, rgb565):
        self._line[0] = rgb565 >> 8
        self._line[1] = rgb565 & 255
        for pair in self._doublings:
            pair[0][:] = pair[1]

    def _pour(self, window):
        lines = window[3]
        while lines:
            self._write(self._line)
            lines -= 1
        if len(window[4]):
            self._write(window[4])

    def _let_go(self):
        self._cs(1)
        self._release()

    def _aim(self, window):
        dc, write = self._dc, self._write
        self._cs(0)
        if window[0] is not self._order:
            dc(0)
            write(MADCTL)
            dc(1)
            write(window[0])
            self._order = window[0]
        dc(0)
        write(_CASET)
        dc(1)
        write(window[1])
        dc(0)
        write(_RASET)
        dc(1)
        write(window[2])
        dc(0)
        write(_RAMWR)
        dc(1)

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
            self._let_go()

    def _turn(self, command):
        clock = self._clock
        if self._turned is not None:
            left_ms = _SLEEP_MS - clock.diff(clock.ticks_ms(), self._turned)
            if 0 < left_ms <= _SLEEP_MS:
                clock.sleep_ms(left_ms)
        self._command(command)
        self._turned = clock.ticks_ms()
        clock.sleep_ms(_COMMAND_MS)
