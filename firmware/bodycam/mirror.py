"""The live picture on the front display, mirrored, and the coloured frame around it.

The frame's left and right sides are painted into the picture, so that one transfer sends both. The
end of one row and the beginning of the next lie side by side: one assignment for each row does it.
A picture that is smaller than the display is drawn inside the frame, see zoom.py.

What runs for each picture has at most 11 words of state: MicroPython takes more from the heap.
"""

from micropython import const
from uctypes import addressof

from bodycam.lettering import Strip, mix
from bodycam.zoom import Zoom

HEIGHT = const(240)
FRAME = const(12)  # how thick the frame is
BOTTOM = const(182)  # the first row below the picture

_BUFFERS = const(3)  # how many a camera hands out in turn, at most
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


def _unsigned(view):
    # A camera's items may be signed. MicroPython does not mind; where memoryviews can be cast,
    # both sides of an assignment must agree.
    return memoryview(view).cast("B") if hasattr(memoryview, "cast") else memoryview(view)


class Border:
    """The frame in two colours, integers, that alternate every 32 pixels, or in one."""

    def __init__(self, even, odd):
        even, odd = mix(even, even, 0), mix(odd, odd, 0)
        # The right end of a row with the left end of the next; 3 columns of a side; the first 64
        # columns of the upper side, whose first dash is half a one, so that the corners match.
        edges = (even * (2 * FRAME), odd * (2 * FRAME))
        self.edge_of_row = [edges[y // _DASH & 1] for y in range(BOTTOM + 1)]
        self.side = ((even * _DASH + odd * _DASH) * 3)[2 * FRAME : 2 * BOTTOM] * 3
        half = _DASH * FRAME // 2
        self.upper = even * half + odd * (2 * half) + even * half


class _Place:
    """Where things are while the picture begins at row `top`."""

    def __init__(self, display, top):
        height = BOTTOM - top
        self.top = top
        first = (HEIGHT - BOTTOM + top) // 3  # faces are above the middle
        width = display.size_px[0]
        self.begin, self.end = first * width * 2, (first + height) * width * 2
        self.dot = (first + _DOT_Y - _DOT) * width * 2
        self.picture = display.window(0, top, width, height, "mirrored")
        self.area = display.window(FRAME, top, width - 2 * FRAME, height)


class Mirror:
    """Draws frame and picture on `display`, above row BOTTOM. `border` is the frame's Border.

    `picture_px` is the size of the pictures, None: the display's.
    """

    def __init__(self, display, dot_color: int, picture_px: "tuple | None" = None):
        self._display = display
        self._zoom = None
        if picture_px and picture_px != display.size_px:
            self._zoom = Zoom(display, picture_px, FRAME, BOTTOM)
        width, height = display.size_px[0], BOTTOM - FRAME
        self._row = 2 * width
        self._upper = Strip(2 * width * FRAME, 2 * 64 * FRAME)
        self._upper_window = display.window(0, 0, width, FRAME, "columns")
        self._side = Strip(2 * FRAME * height, 6 * height)
        self._left = display.window(0, FRAME, FRAME, height, "columns")
        self._right = display.window(width - FRAME, FRAME, FRAME, height, "columns")
        self._places = {}
        self.border: "Border | None" = None
        if self._zoom is None:
            self._draw_dot(dot_color)
        self._pictures = {}  # address: (all of a picture, the part to send)
        self.move(FRAME)

    def _draw_dot(self, color):
        # A dot in a white ring, by rows. Left in the picture is right on the display.
        self._dot, self._dot_begins, self._dot_ends = [], [], []
        for y in range(-_DOT, _DOT + 1):
            outer, inner = _chord(_DOT, y), _chord(_DOT - 3, y)
            ring = mix(_WHITE, _WHITE, 0) * (outer - inner)
            row = ring + mix(color, color, 0) * (2 * inner) + ring
            begin = (y + _DOT) * self._row + 2 * (_DOT_X - outer)
            self._dot.append(row)
            self._dot_begins.append(begin)
            self._dot_ends.append(begin + len(row))

    @property
    def top(self) -> int:
        """The picture's first row."""
        return self._place.top

    def move(self, top: int) -> None:
        """Let the picture begin at row `top` from the next drawing on."""
        if top not in self._places:
            self._places[top] = _Place(self._display, top)
        self._place = self._places[top]
        if self._zoom is not None:
            self._zoom.move(top)
        self.forget()

    def forget(self) -> None:
        """Let go of the last pictures, whose memory is the camera's."""
        self._pictures.clear()

    def draw_frame(self) -> None:
        """Draw the frame's upper side, and left and right where no picture may bring them.

        Where the picture begins lower the bar is in the place of the upper side.
        """
        if self._place.top == FRAME:
            self._upper.flood(self.border.upper)
            self._display.send(self._upper_window, self._upper.pixels)
        self._side.flood(self.border.side)
        self._display.send(self._left, self._side.pixels)
        self._display.send(self._right, self._side.pixels)

    def fill(self, color: int) -> None:
        """Paint the picture's area in one colour. Blocks for 41 ms at 20 MHz."""
        self._display.fill(self._place.area, color)

    def draw(self, view, dot: bool) -> None:
        """Paint frame and dot into `view`, a picture of the display's size, and send its middle
        rows; a smaller one is sent without the dot, twice as large.

        Blocks for 44 ms at 20 MHz. Allocates nothing as long as the camera's pictures come to the
        same two or three places in memory.
        """
        if self._zoom is not None:
            self._zoom.draw(view)
            return
        picture = self._pictures.get(addressof(view)) or self._meet(view)
        place = self._place
        self._paint_sides(picture[0], place.begin - 2 * FRAME, place.top)
        if dot:
            self._paint_dot(picture[0], place.dot)
        self._display.send(place.picture, picture[1])

    def _meet(self, view):
        if len(self._pictures) >= _BUFFERS:
            self._pictures.clear()
        whole = _unsigned(view)
        picture = (whole, whole[self._place.begin : self._place.end])
        self._pictures[addressof(view)] = picture
        return picture

    def _paint_sides(self, view, at, y):
        edges = self.border.edge_of_row
        while y <= BOTTOM:
            view[at : at + 4 * FRAME] = edges[y]
            at += self._row
            y += 1

    def _paint_dot(self, view, at):
        i = 0
        while i < len(self._dot):
            view[at + self._dot_begins[i] : at + self._dot_ends[i]] = self._dot[i]
            i += 1
