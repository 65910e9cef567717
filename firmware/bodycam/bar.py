"""The bar above the picture: one small line with the question, a warning or a note, and on its
right the battery.

What runs at each change has at most 11 words of state: MicroPython takes more from the heap.
"""

from micropython import const

from bodycam.lettering import Strip, mix, text_px
from bodycam.looks import BAR
from bodycam.mirror import FRAME

_GAP = const(6)  # to the left and right of what stands in the line
_LETTERS = const(16)  # the longest battery text has fewer
_COLUMN = const(68)  # bytes


class _Side:
    """The bar in one language, or in both by turns."""

    def __init__(self, width):
        self.strip = Strip(width * _COLUMN, _COLUMN)
        self.pixels = self.strip.pixels
        self.language: "int | None" = None  # that it shows; None: nothing yet
        self.battery: "str | None" = None  # what is in the pixels
        # Where its letters begin, in bytes, and where the last one ends; 0 first: it has no room.
        self.places = [0] * (_LETTERS + 1)


class Bar:
    """Draws the bar on `display`; its pixels are kept for each language, or with little `room`
    for the last one only: then it is written anew when the language changes.

    `language` is the one to draw, `speaks` tells whether it matters, `battery` what stands on the
    right.
    """

    def __init__(self, display, room: bool = True):
        self.language = 0
        self.speaks = False
        self.battery: "str | None" = None
        self._display = display
        width = self._width = display.size_px[0]
        self._window = display.window(0, 0, width, BAR, "columns")
        side = _Side(width)
        self._sides = [side, _Side(width) if room else side]
        self._edges = {}  # frame's colour: the columns beside the line
        self._frame = 0
        self._cells = self._note = None

    def set(self, frame: int, cells, note) -> None:
        """Say what stands in the bar: `note` in both languages, or None.

        `frame` is the colour beside the line, `cells` are of its colours.
        """
        if cells is not self._cells or note is not self._note:
            self._sides[0].language = self._sides[1].language = None
        self._frame, self._cells, self._note = frame, cells, note
        self.speaks = note is not None

    def draw(self) -> None:
        """Draw the bar."""
        language = self.language if self.speaks else 0
        side = self._sides[language]
        if side.language != language:
            side.language = language
            self._write(side)
        elif side.battery != self.battery and not self._change(side, side.battery):
            self._write(side)
        side.battery = self.battery
        self._display.send(self._window, side.pixels)

    def _change(self, side, old):
        # In place, as far as the new letters are as wide as the old ones.
        if not (old and self.battery and side.places[0]) or len(old) != len(self.battery):
            return False
        i = len(old)
        while i:
            i -= 1
            if old[i] != self.battery[i] and not self._fits(side, i):
                return False
        return True

    def _fits(self, side, i):
        cell, at = self._cells.letter(self.battery[i]), side.places[i]
        if at + len(cell) != side.places[i + 1]:
            return False
        side.pixels[at : at + len(cell)] = cell
        return True

    def _write(self, side):
        side.strip.flood(self._cells.ink.blank)
        self._draw_edges(side.pixels, self._edges.get(self._frame) or self._make_edge())
        x = FRAME + _GAP
        if self._note:
            text = self._note[self.language]
            x += self._cells.ink.write(text, side.pixels, x)
        side.places[0] = 0
        if self.battery and len(self.battery) < _LETTERS:
            self._write_battery(side, x, self.battery)

    def _write_battery(self, side, x, text):
        at = (self._width - FRAME - _GAP - text_px(self._cells.ink.font, text)) * _COLUMN
        if x * _COLUMN < at:
            self._put_letters(side, at, text)

    def _put_letters(self, side, at, text):
        i = 0
        while i < len(text):
            side.places[i] = at
            at = side.strip.put(self._cells.letter(text[i]), at)
            i += 1
        side.places[i] = at

    def _draw_edges(self, pixels, edge):
        pixels[: len(edge)] = edge
        pixels[len(pixels) - len(edge) :] = edge

    def _make_edge(self):
        edge = self._edges[self._frame] = mix(self._frame, self._frame, 0) * (FRAME * BAR)
        return edge
