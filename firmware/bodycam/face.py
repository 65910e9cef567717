"""The front display: people see themselves in a coloured frame, and read what the camera does.

Colour, pattern and words differ in every stage, also for those who cannot tell red from green or
read German. Not recording: green, black letters. Recording: red, white letters, a running time and
a blinking dot. Armed: blue and white dashes. Fault: amber and black dashes. German and English
alternate. From the top of the 320x240 pixels:

    the frame's upper side, or a bar with one small line: question, warning, battery
    the live picture, see mirror.py; in FAULT, what is wrong and what to do
    the words, in capitals 36 px high, on the frame's colour

Every call of `step` draws at most one piece: 15 ms of bus at 20 MHz, or 41 ms where it blackens
the picture's area. Words drawn for the first time in a stage take some 30 ms more on an ESP32-S3
at 240 MHz (estimate: 45 times the 0.55 ms of a PC); from then on they are only sent.
"""

from micropython import const

from bodycam import glyphs, words
from bodycam.lettering import Ink, Pen, text_px
from bodycam.mirror import BOTTOM, FRAME, ROW, WIDTH, Mirror

_TICKS = const(0x3FFFFFFF)
_LANGUAGE_MS = const(2000)
_BLINK_MS = const(500)
_LONG_MS = const(60_000)
_BAR = const(34)  # height of the bar, of which
_RIM = const(4)  # is frame, above its line
_GAP = const(6)  # to the left and right of what stands in the line
_INNER = const(296)  # between the frame's sides
_BAND = const(58)  # height of the words' band, where they stand in row 1
_TIME_W = const(118)
_WORD_W = const(202)
_MARGIN = const(6)
_HEADLINE_Y = const(58)
_ADVICE_Y = const(116)
_BLACK = const(0x0000)
_WHITE = const(0xFFFF)
_GREEN = const(0x05E8)
_RED = const(0xD083)
_BLUE = const(0x12DB)
_AMBER = const(0xFD80)
_GREY = const(0x5B0D)

# stage: (frame, letters, every other dash, what fills the picture's area). Absent stages are dark.
_LOOKS = {
    "display_on": (_GREEN, _BLACK, _GREEN, "live"),
    "armed": (_BLUE, _WHITE, _WHITE, "live"),
    "recording": (_RED, _WHITE, _RED, "live"),
    "docked": (_GREY, _WHITE, _GREY, "empty"),
    "fault": (_AMBER, _BLACK, _BLACK, "reason"),
}

# What has to be drawn, first things first. The light comes last: nothing unfinished is seen.
_SLEEP = const(1)
_WAKE = const(2)
_WORDS = const(4)
_TIME = const(8)
_TOP = const(16)
_SIDES = const(32)
_AREA = const(64)
_HEADLINE = const(128)
_ADVICE = const(256)
_LIGHT = const(512)


class Face:
    """The front of the camera on `display`, a 320x240 driver such as ILI9342C.

    `mirrors` is False on a board that cannot show the live picture while it records: then it shows
    frame, words and time. Times are ticks that may wrap at 2**30 ms.
    """

    def __init__(self, display, mirrors: bool = True, backlight_pct: int = 80):
        self.backlight_pct = backlight_pct
        self._display = display
        self._mirrors = mirrors
        self._mirror = Mirror(display, _RED)
        self._pen = Pen()
        self._inks = {}
        # A strip of words for each language, narrower where the time runs; one for all the rest.
        self._wide = [memoryview(bytearray(ROW * _BAND)) for _ in words.LANGUAGES]
        self._narrow = [strip[: 2 * _WORD_W * _BAND] for strip in self._wide]
        self._written = [None] * len(words.LANGUAGES)
        scratch = memoryview(bytearray(ROW * glyphs.LARGE_PX))
        self._bar = scratch[: ROW * _BAR]
        headline = (0, glyphs.LARGE, _WHITE, scratch[: 2 * _INNER * glyphs.LARGE_PX], _HEADLINE_Y)
        advice = (1, glyphs.MEDIUM, _AMBER, scratch[: 2 * _INNER * glyphs.MEDIUM_PX], _ADVICE_Y)
        self._clock = scratch[: 2 * _TIME_W * _BAND]
        self._line = memoryview(bytearray(2 * _INNER))
        self._digits = [glyphs.LARGE[c] for c in "0123456789"]
        self._stage = "off"
        self._look = self._area = None
        self._began = self._second = self._language = self._dirty = 0
        self._reason = self._note = self._battery = self._ink = self._note_ink = None
        self._dot = False
        self._shown = False  # a live picture since the area was last painted
        self._pieces = (
            (_SLEEP, display.sleep),
            (_WAKE, display.wake),
            (_WORDS, self._draw_words),
            (_TIME, self._draw_time),
            (_TOP, self._draw_top),
            (_SIDES, self._mirror.draw_sides),
            (_AREA, self._draw_area),
            (_HEADLINE, lambda: self._draw_reason(*headline)),
            (_ADVICE, lambda: self._draw_reason(*advice)),
            (_LIGHT, lambda: display.backlight(self.backlight_pct)),
        )

    def show(
        self,
        stage: str,
        now_ms: int,
        since_ms: int,
        reason: "str | None" = None,
        ask: bool = False,
        warning: "str | None" = None,
        battery: "str | None" = None,
    ) -> None:
        """Say what is to be seen from the next `step` on; what stays the same is not drawn again.

        `since_ms` is how long the stage has lasted at the tick `now_ms`. `reason` is a key of
        words.FAULTS; `warning` is one of words.WARNINGS or words.NOTES; an unknown one reads
        "unexpected". `ask` puts the question whether to stop, before any warning. `battery` is a
        short text, left out where it has no room.
        """
        self._began = now_ms - max(since_ms, 0) & _TICKS
        if stage != self._stage:
            self._enter(stage)
        if reason != self._reason:
            self._reason = reason
            self._touch_reason()
        self._annotate(ask, warning, battery)

    def step(self, now_ms: int) -> int:
        """Draw the most urgent piece, if any; return milliseconds until the next call, 0 for now.

        Raises:
            OSError: the chip behind the backlight did not answer; the next call tries again.
        """
        wait_ms = self._tick(now_ms - self._began & _TICKS) if self._look else _LONG_MS
        for bit, draw in self._pieces:
            if self._dirty & bit:
                self._display.mirror(False)
                draw()
                self._dirty &= ~bit
                break
        return 0 if self._dirty else wait_ms

    def picture(self, view) -> bool:
        """Show a captured picture, mirrored and framed; return whether it was shown.

        `view` is 320x240 RGB565, high byte first. It is painted on, so encode it before. It is not
        shown while words wait to be drawn, nor in a stage without a live picture. See Mirror.draw.
        """
        if self._area != "live" or self._dirty:
            return False
        self._mirror.draw(view, self._dot)
        self._shown = True
        return True

    # What changes

    def _enter(self, stage):
        was, dotted = self._area, self._stage == "recording"
        self._stage = stage
        self._look = _LOOKS.get(stage)
        self._mirror.forget()
        if not self._look:
            self._dirty = _SLEEP if was is not None else self._dirty & _SLEEP
            self._area = None
            return
        frame, letters, other, self._area = self._look
        if stage == "recording" and not self._mirrors:
            self._area = "plain"
        self._ink = self._ink_of(frame, letters)
        self._mirror.color(frame, other)
        self._second = -1
        self._language = 0
        self._dot = False
        self._dirty = self._dirty & (_WAKE | _AREA | _LIGHT) | _WORDS | _TOP | _SIDES
        if was is None:
            self._dirty |= _WAKE | _LIGHT
        if self._area != was or dotted:  # the dot goes with the recording
            self._dirty |= _AREA
        self._touch_reason()

    def _touch_reason(self):
        if self._area == "reason":
            self._dirty |= _HEADLINE | _ADVICE

    def _annotate(self, ask, warning, battery):
        note = ink = None
        if ask:
            note, ink = words.ASK_STOP, (_WHITE, _RED)
        elif warning in words.NOTES:
            note = words.NOTES[warning]
        elif warning:
            note = words.WARNINGS.get(warning) or words.WARNINGS["unexpected"]
            ink = (_AMBER, _BLACK)
        if note is self._note and battery == self._battery:
            return
        self._note, self._battery = note, battery
        self._note_ink = ink and self._ink_of(*ink)
        top = _BAR if note or battery else FRAME
        if self._look:
            self._dirty |= _TOP
            if top != self._mirror.top:
                self._dirty |= _SIDES | (0 if self._shown else _AREA)
                self._touch_reason()
        self._mirror.top = top

    def _tick(self, phase_ms):
        language = phase_ms // _LANGUAGE_MS & 1
        if language != self._language:
            self._language = language
            self._dirty |= _WORDS | (_TOP if self._note else 0)
            self._touch_reason()
        if self._stage != "recording":
            return _LANGUAGE_MS - phase_ms % _LANGUAGE_MS
        second = phase_ms // 1000
        if second != self._second:
            self._second = second
            self._dirty |= _TIME
        self._dot = not phase_ms // _BLINK_MS & 1
        return _BLINK_MS - phase_ms % _BLINK_MS

    # Pieces

    def _ink_of(self, ground, letters):
        key = (ground, letters)
        if key not in self._inks:
            self._inks[key] = Ink(ground, letters)
        return self._inks[key]

    def _draw_words(self):
        timed = self._stage == "recording"
        width = _WORD_W if timed else WIDTH
        language = self._language
        strip = (self._narrow if timed else self._wide)[language]
        if self._written[language] != self._stage:
            self._written[language] = self._stage
            text = words.STAGES[self._stage][language]
            x = _MARGIN if timed else (WIDTH - text_px(glyphs.LARGE, text)) // 2
            self._ink.flood(strip)
            self._pen.write(glyphs.LARGE, text, self._ink, strip, 2 * (width + x), 2 * width)
        self._display.window_write(0, BOTTOM, width, _BAND, strip)

    def _draw_time(self):
        # mm:ss, from 100 minutes on hours and minutes.
        high, low = self._second // 60, self._second % 60
        mark = glyphs.LARGE[":" if high < 100 else "h"]
        if high >= 100:
            high, low = high // 60, high % 60
        digits = self._digits
        x = max(_TIME_W - _MARGIN - mark[0] - 4 * digits[0][0], 0)
        self._ink.flood(self._clock)
        at = self._put(digits[high // 10 % 10], 2 * (_TIME_W + x))
        at = self._put(digits[high % 10], at)
        at = self._put(mark, at)
        at = self._put(digits[low // 10], at)
        self._put(digits[low % 10], at)
        self._display.window_write(_WORD_W, BOTTOM, _TIME_W, _BAND, self._clock)

    def _put(self, glyph, at):
        return self._pen.glyph(glyph, self._ink, self._clock, at, 2 * _TIME_W)

    def _draw_top(self):
        if self._mirror.top == FRAME:
            self._mirror.draw_upper()
            return
        bar, line, ink = self._bar, self._line, self._note_ink or self._ink
        self._ink.flood(bar)
        ink.flood(line)
        at = _RIM * ROW + 2 * FRAME
        while at < len(bar):  # not range: it would be an object, as ROW is no constant here
            bar[at : at + 2 * _INNER] = line
            at += ROW
        text = self._note[self._language] if self._note else ""
        battery = self._battery or ""
        left, right = FRAME + _GAP, WIDTH - FRAME - _GAP - text_px(glyphs.MEDIUM, battery)
        if left + text_px(glyphs.MEDIUM, text) < right:
            self._pen.write(glyphs.MEDIUM, battery, ink, bar, _RIM * ROW + 2 * right, ROW)
        self._pen.write(glyphs.MEDIUM, text, ink, bar, _RIM * ROW + 2 * left, ROW)
        self._display.window_write(0, 0, WIDTH, _BAR, bar)

    def _draw_area(self):
        self._mirror.fill(self._look[0] if self._area == "plain" else _BLACK)
        self._shown = False

    def _draw_reason(self, which, font, letters, strip, y):
        fault = words.FAULTS.get(self._reason) or words.FAULTS["unexpected"]
        text = fault[self._language][which]
        ink = self._ink_of(_BLACK, letters)
        ink.flood(strip)
        x = (_INNER - text_px(font, text)) // 2
        self._pen.write(font, text, ink, strip, 2 * x, 2 * _INNER)
        self._display.window_write(FRAME, y, _INNER, len(strip) // (2 * _INNER), strip)
