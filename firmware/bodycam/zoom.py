"""The live picture of a camera that gives a small one: its middle, twice as wide and high.

It fills the inside of the frame, strip by strip, so that little memory does. A pixel is doubled by
a kernel in viper, or by the plain one beside it.

What runs for each picture has at most 11 words of state: MicroPython takes more from the heap.
"""

from array import array

from micropython import const

try:
    from bodycam.zoom_viper import double
except (ImportError, SyntaxError, AttributeError, ValueError):
    from bodycam.zoom_plain import double

_ROWS = const(8)  # of the picture, in a strip


class Zoom:
    """Draws pictures of `small_px` on `display`, into the window that is `inset` columns smaller
    on both sides and ends above row `bottom`.
    """

    def __init__(self, display, small_px: tuple, inset: int, bottom: int):
        self._display = display
        self._small_px = small_px
        self._inset = inset
        self._bottom = bottom
        self._columns = columns = min(small_px[0], display.size_px[0] // 2 - inset)
        self._strip = memoryview(bytearray(8 * columns * _ROWS))
        self._tops = {}  # the first row: strips
        self._strips = []

    def move(self, top: int) -> None:
        """Let the picture begin at row `top`."""
        if top not in self._tops:
            self._tops[top] = self._cut(top)
        self._strips = self._tops[top]

    def _cut(self, top):
        width, height = self._small_px
        rows = min(height, (self._bottom - top) // 2)
        first = (height - rows) // 3  # faces are above the middle
        begin = first * width + (width - self._columns) // 2
        wide = 2 * self._columns
        x = (self._display.size_px[0] - wide) // 2
        strips, row = [], 0
        while row < rows:
            n = min(_ROWS, rows - row)
            window = self._display.window(x, top + 2 * row, wide, 2 * n, "mirrored")
            shape = array("i", (begin + row * width, width, self._columns, n))
            strips.append((window, shape, self._strip[: 4 * wide * n]))
            row += n
        return strips

    def draw(self, view) -> None:
        """Show `view`, RGB565 with the high byte first. Allocates nothing.

        Blocks for 37 ms at 20 MHz with 216 columns and 170 rows, and some 3 ms to double them
        (estimate).
        """
        i = 0
        while i < len(self._strips):
            self._draw(view, self._strips[i])
            i += 1

    def _draw(self, view, strip):
        double(view, strip[2], strip[1])
        self._display.send(strip[0], strip[2])
