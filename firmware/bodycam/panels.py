"""Parts of the front display with text of their own: the running time, and what is wrong."""

from micropython import const

from bodycam import words
from bodycam.lettering import Ink, Strip, fonts, text_px
from bodycam.looks import AMBER, BAND, BLACK, MARGIN, WHITE
from bodycam.mirror import BOTTOM, FRAME

_COLUMN = const(116)  # bytes, of the time
_HEADLINE_Y = const(58)
_ADVICE_Y = const(116)
_HOURS_S = const(6000)  # from here on the time is hours and minutes
_DIGITS = "0123456789"


class Clock:
    """The running time, mm:ss or hh`h`mm, on the right of the words; `second` is what it shows."""

    def __init__(self, display):
        self.second = -1
        self._display = display
        width = display.size_px[0]
        self._font = fonts(width).LARGE
        self._columns = width * 59 // 160  # what the words leave
        place = (width - self._columns, BOTTOM, self._columns, BAND)
        self._window = display.window(*place, "columns")
        self._strip = Strip(self._columns * _COLUMN, _COLUMN)
        self._digits = self._cells = None
        self._places = {}  # mark: where it begins, and the digits' places from left to right
        self._here = self._mark = None
        self._high = self._tens = 0  # what stands there

    def begin(self, look) -> None:
        """Take the digits of another look."""
        self._digits = look.digits
        self._mark = None
        self.second = -1

    def move(self, ms: int) -> bool:
        """Return whether the time of `ms` milliseconds is not the one that is shown."""
        second = ms // 1000
        if second >= _HOURS_S:
            second -= second % 60
        if second == self.second:
            return False
        self.second = second
        return True

    def draw(self) -> None:
        """Draw the time."""
        if self.second < _HOURS_S:
            self._draw(self.second, ":")
        else:
            self._draw(self.second // 60, "h")
        self._display.send(self._window, self._strip.pixels)

    def _draw(self, n, mark):
        if mark is not self._mark:
            self._mark = mark
            self._begin(mark)
        self._cells = self._digits.letters(_DIGITS)
        if n // 60 != self._high:
            self._high = n // 60
            self._put_pair(0, self._high % 100)
        n %= 60
        if n // 10 != self._tens:
            self._tens = n // 10
            self._put_pair(2, n)
        else:
            self._here[3][:] = self._cells[n % 10]

    def _put_pair(self, place, n):
        self._here[place][:] = self._cells[n // 10]
        self._here[place + 1][:] = self._cells[n % 10]

    def _begin(self, mark):
        self._strip.flood(self._digits.ink.blank)
        if mark not in self._places:
            self._places[mark] = self._cut(text_px(self._font, mark))
        at, self._here = self._places[mark]
        self._strip.put(self._digits.letter(mark), at)
        self._high = self._tens = -1

    def _cut(self, mark_px):
        digit_px = text_px(self._font, "0")
        x = max(self._columns - MARGIN - mark_px - 4 * digit_px, 0) + 2 * digit_px
        pixels, size = self._strip.pixels, digit_px * _COLUMN
        begins = [c * _COLUMN for c in (x - 2 * digit_px, x - digit_px, x + mark_px)]
        begins.append(begins[2] + size)
        return x * _COLUMN, [pixels[begin : begin + size] for begin in begins]


class Reason:
    """What is wrong and what to do, on black. Pixels are kept in `arena`, for each language."""

    def __init__(self, display, arena):
        self._display = display
        self._arena = arena
        self._fault = words.FAULTS["unexpected"]
        self._headlines, self._advices = arena.table(), arena.table()
        glyphs = fonts(display.size_px[0])
        self._inner = inner = display.size_px[0] - 2 * FRAME
        self._headline = Ink(glyphs.LARGE, BLACK, WHITE, glyphs.LARGE_PX)
        self._advice = Ink(glyphs.MEDIUM, BLACK, AMBER, glyphs.MEDIUM_PX)
        self._upper = display.window(FRAME, _HEADLINE_Y, inner, glyphs.LARGE_PX, "columns")
        self._lower = display.window(FRAME, _ADVICE_Y, inner, glyphs.MEDIUM_PX, "columns")

    def set(self, reason: "str | None") -> None:
        """Say what is wrong: a key of words.FAULTS; an unknown one reads "unexpected"."""
        fault = words.FAULTS.get(reason or "") or words.FAULTS["unexpected"]
        if fault is not self._fault:
            self._fault = fault
            self._headlines.clear()
            self._advices.clear()

    def draw_headline(self, language: int) -> None:
        """Draw what is wrong."""
        view = self._headlines.get(language)
        if not view:
            view = self._headlines[language] = self._write(self._headline, language, 0)
        self._display.send(self._upper, view)

    def draw_advice(self, language: int) -> None:
        """Draw what to do."""
        view = self._advices.get(language)
        if not view:
            view = self._advices[language] = self._write(self._advice, language, 1)
        self._display.send(self._lower, view)

    def _write(self, ink, language, which):
        text = self._fault[language][which]
        view = self._arena.take(self._inner * len(ink.blank))
        ink.flood(view)
        ink.write(text, view, (self._inner - text_px(ink.font, text)) // 2)
        return view
