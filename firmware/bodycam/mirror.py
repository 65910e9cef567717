"""The live picture on the front display, mirrored, and the coloured frame around it.

The frame's left and right sides are painted into the picture, so that one transfer sends both. The
end of one row and the beginning of the next lie side by side: one assignment for each row does it.
"""

from micropython import const

from bodycam.lettering import mix

WIDTH = const(320)
HEIGHT = const(240)
ROW = const(640)  # bytes of one row
FRAME = const(12)  # how thick the frame is
BOTTOM = const(182)  # the first row below the picture

_DASH = const(32)
_DOT = const(15)
_DOT_X = const(38)
_DOT_Y = const(23)
_WHITE = const(0xFFFF)


def _chord(radius, y):
    x = 0
    while (x + 1) * (x + 1) + y * y < radius * radius:
        x += 1
    return x


def _dot_rows(color):
    # A dot in a white ring: (byte offset in the row, pixels) from top to bottom.
    rows = []
    for y in range(-_DOT, _DOT + 1):
        outer, inner = _chord(_DOT, y), _chord(_DOT - 3, y)
        ring = mix(_WHITE, _WHITE, 0) * (outer - inner)
        rows.append((2 * (_DOT_X - outer), ring + mix(color, color, 0) * (2 * inner) + ring))
    return rows


def _unsigned(view):
    # A camera's items may be signed. MicroPython does not mind; where memoryviews can be cast,
    # both sides of an assignment must agree.
    return memoryview(view).cast("B") if hasattr(memoryview, "cast") else memoryview(view)


class Mirror:
    """Draws frame and picture between row `top`, which may change, and row BOTTOM of `display`."""

    def __init__(self, display, dot_color: int):
        self.top = FRAME
        self._display = display
        self._colors = (0, 0)
        self._edges = [memoryview(bytearray(4 * FRAME)) for _ in range(2)]
        self._edge_of_row = [self._edges[y // _DASH & 1] for y in range(BOTTOM + 1)]
        self._upper = memoryview(bytearray(ROW * FRAME))
        self._dot = _dot_rows(dot_color)
        self.forget()

    def forget(self) -> None:
        """Let go of the last picture, whose memory is the camera's."""
        self._view = self._bytes = self._cut = None

    def color(self, even: int, odd: int) -> None:
        """Give the frame its colour, or two for dashes, from the next drawing on."""
        self._colors = (even, odd)
        for edge, color in zip(self._edges, self._colors):
            edge[:] = mix(color, color, 0) * (2 * FRAME)

    def draw_upper(self) -> None:
        """Draw the frame's upper side."""
        upper = self._upper
        for at in range(0, len(upper), _DASH):
            # Half a dash, at 2 bytes a pixel. The first and last are single, so the corners match.
            upper[at : at + _DASH] = self._edges[at % ROW // _DASH + 1 >> 1 & 1][:_DASH]
        self._display.window_write(0, 0, WIDTH, FRAME, upper)

    def draw_sides(self) -> None:
        """Draw the frame's left and right sides where there is no picture to bring them."""
        y = self.top
        while y < BOTTOM:
            h = BOTTOM - y
            if self._colors[0] != self._colors[1]:
                h = min(h, _DASH - y % _DASH)
            color = self._colors[y // _DASH & 1]
            self._display.fill(0, y, FRAME, h, color)
            self._display.fill(WIDTH - FRAME, y, FRAME, h, color)
            y += h

    def fill(self, color: int) -> None:
        """Paint the picture's area in one colour. Blocks for 41 ms at 20 MHz."""
        self._display.fill(FRAME, self.top, WIDTH - 2 * FRAME, BOTTOM - self.top, color)

    def draw(self, view, dot: bool) -> None:
        """Paint frame and dot into `view`, a picture of 320x240, and send its middle rows.

        Leaves the display's `mirror` on for the next picture: who writes anything else ends it.
        Blocks for 44 ms at 20 MHz. Allocates two memoryviews for each new `view`, else nothing.
        """
        top = self.top
        first = (HEIGHT - BOTTOM + top) // 3  # faces are above the middle
        if view is not self._view or len(self._cut) != (BOTTOM - top) * ROW:
            self._view = view
            self._bytes = _unsigned(view)
            self._cut = self._bytes[first * ROW : (first + BOTTOM - top) * ROW]
        self._paint_sides(self._bytes, first * ROW - 2 * FRAME, top)
        if dot:
            self._paint_dot(self._bytes, (first + _DOT_Y - _DOT) * ROW)
        self._display.mirror(True)
        self._display.window_write(0, top, WIDTH, BOTTOM - top, self._cut)

    def _paint_sides(self, view, at, y):
        edges = self._edge_of_row
        while y <= BOTTOM:
            view[at : at + 4 * FRAME] = edges[y]
            at += ROW
            y += 1

    def _paint_dot(self, view, at):
        # Left in the picture is right on the display.
        for start, row in self._dot:
            view[at + start : at + start + len(row)] = row
            at += ROW
