"""What the front display looks like in each stage: colours, patterns, words."""

from micropython import const

from bodycam import words
from bodycam.lettering import Cells, Ink, fonts, text_px
from bodycam.mirror import Border

BAR = const(34)  # height of the bar above the picture, of which
_RIM = const(4)  # rows are frame, above its line
BAND = const(58)  # height of the words' band
_WORDS_Y = const(183)
_RIM_BAND = const(1)  # rows of it are above the words
MARGIN = const(6)
BLACK = const(0x0000)
WHITE = const(0xFFFF)
RED = const(0xD083)
AMBER = const(0xFD80)
_GREEN = const(0x05E8)
_BLUE = const(0x12DB)
_GREY = const(0x5B0D)

# stage: (frame, letters, every other dash, what fills the picture's area). Absent stages are dark.
LOOKS = {
    "display_on": (_GREEN, BLACK, _GREEN, "live"),
    "armed": (_BLUE, WHITE, WHITE, "live"),
    "recording": (RED, WHITE, RED, "live"),
    "docked": (_GREY, WHITE, _GREY, "empty"),
    "fault": (AMBER, BLACK, BLACK, "reason"),
}


class Look:
    """What does not change while a stage lasts.

    `words` are in one window, wide enough for both languages: in the middle, or left of the time
    where one runs. `lines` are the inks of the bar: a note or nothing, a warning, the question.
    """

    def __init__(self, display, arena, stage, mirrors):
        self._display_px = display.size_px[0]
        glyphs = fonts(self._display_px)
        self.frame, letters, other, self.area = LOOKS[stage]
        self.timed = stage == "recording"
        if not mirrors and stage in ("recording", "armed"):
            self.area = "plain"
        self.fill = self.frame if self.area == "plain" else BLACK
        self._other = other
        self._border = None
        self.ink = Ink(glyphs.LARGE, self.frame, letters, glyphs.LARGE_PX)
        self.digits = Cells(
            arena, Ink(glyphs.LARGE, self.frame, letters, BAND, _RIM_BAND, self.frame)
        )
        self._widths = [text_px(glyphs.LARGE, text) for text in words.STAGES[stage]]
        self._texts = words.STAGES[stage]
        self._arena = arena
        self._views = arena.table()
        width = max(self._widths)
        x = MARGIN if self.timed else (self._display_px - width) // 2
        self._columns = width
        self.window = display.window(x, _WORDS_Y, width, glyphs.LARGE_PX, "columns")
        pairs = ((self.frame, letters), (AMBER, BLACK), (WHITE, RED))
        self.lines = [
            Cells(arena, Ink(glyphs.MEDIUM, *pair, BAR, _RIM, self.frame)) for pair in pairs
        ]

    @property
    def border(self) -> Border:
        """The frame, made when it is first asked for."""
        if self._border is None:
            self._border = Border(self.frame, self._other)
        return self._border

    def words(self, language: int):
        """Return the words' pixels."""
        return self._views.get(language) or self._draw(language)

    def _draw(self, language):
        view = self._arena.take(self._columns * len(self.ink.blank))
        self.ink.flood(view)
        # The middle of the display, whatever the other language's words are.
        x, width = 0, self._display_px
        if not self.timed:
            x = (width - self._widths[language]) // 2 - (width - self._columns) // 2
        self.ink.write(self._texts[language], view, x)
        self._views[language] = view
        return view
