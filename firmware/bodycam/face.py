"""The front display: people see themselves in a coloured frame, and read what the camera does.

Colour, pattern and words differ in every stage, also for those who cannot tell red from green or
read German. Not recording: green, black letters. Recording: red, white letters, a running time and
a blinking dot. Armed: blue and white dashes. Fault: amber and black dashes. German and English
alternate. From the top of the 240 rows, which are 320 pixels long, or 240 with narrower letters:

    the frame's upper side, or a bar with one small line: question, warning, battery
    the live picture, see mirror.py; in FAULT, what is wrong and what to do
    the words, in capitals 36 px high, on the frame's colour

Every call of `step` draws at most one piece: 15 ms of bus at 20 MHz, or 41 ms where it blackens
the picture's area. Only pieces that change are sent. What comes again is kept ready to be sent;
words that are drawn for the first time in a stage take some 30 ms more on an ESP32-S3 at 240 MHz
(estimate: 45 times the 0.6 ms of a PC).

What runs at each change has at most 11 words of state: MicroPython takes more from the heap.
"""

from micropython import const

from bodycam import words
from bodycam.bar import Bar
from bodycam.lettering import Arena
from bodycam.looks import BAND, BAR, LOOKS, RED, Look
from bodycam.mirror import BOTTOM, FRAME, Mirror
from bodycam.panels import Clock, Reason

_TICKS = const(0x3FFFFFFF)
_LANGUAGE_MS = const(2000)
_BLINK_MS = const(500)
_LONG_MS = const(60_000)

# Of kept_bytes: the longest view and some letters, and from where on the bar is kept twice.
_LEAST_BYTES = const(32_768)
_ROOMY_BYTES = const(65_536)

# What has to be drawn, first things first. The light comes last: nothing unfinished is seen.
_SLEEP = const(1)
_WAKE = const(2)
_BAND = const(4)
_WORDS = const(8)
_TIME = const(16)
_BARE = const(32)
_FRAME = const(64)
_TOP = const(128)
_AREA = const(256)
_HEADLINE = const(512)
_ADVICE = const(1024)
_LIGHT = const(2048)


def join(board, display, backlight_pct: int) -> "Face":
    """Return the front of the camera `board` (a module of boards/) on its `display`."""
    more = {"picture_px": board.CAMERA.get("show_px")}
    if "kept_bytes" in board.DISPLAY:
        more["kept_bytes"] = board.DISPLAY["kept_bytes"]
    return Face(display, "mirror_while_recording" in board.CAPS, backlight_pct, **more)


class Face:
    """The front of the camera on `display`, a driver such as ILI9342C, of 320x240 or 240x240
    pixels.

    `mirrors` is False on a board that cannot show the live picture while it encodes pictures: then
    it shows frame and words alone, and in a recording the time. `picture_px` is the size of the
    pictures, None: the display's. `kept_bytes` of memory keep what comes again, ready to be sent:
    144 KiB hold display and recording, with less it is drawn again more often. The fixed rest is
    79 KB with 320 columns, and 52 KB with 240 of which little is kept.
    Times are ticks that may wrap at 2**30 ms.
    """

    def __init__(
        self,
        display,
        mirrors: bool = True,
        backlight_pct: int = 80,
        kept_bytes: int = 147_456,
        picture_px: "tuple | None" = None,
    ):
        self.backlight_pct = backlight_pct
        self._display = display
        self._mirror = Mirror(display, RED, picture_px)
        arena = Arena(max(kept_bytes, _LEAST_BYTES))
        self._looks = {stage: Look(display, arena, stage, mirrors) for stage in LOOKS}
        self._band = display.window(0, BOTTOM, display.size_px[0], BAND)
        self._below = display.window(FRAME, FRAME, display.size_px[0] - 2 * FRAME, BAR - FRAME)
        self._bar = Bar(display, kept_bytes >= _ROOMY_BYTES)
        self._why = Reason(display, arena)
        self._clock = Clock(display)
        self._stage = "off"
        self._look = self._area = None
        self._began = self._language = self._dirty = 0
        self._reason = self._warning = None
        self._asks = False
        self._dot = False
        self._shown = False  # a live picture since the area was last painted
        self._pieces = {
            _SLEEP: display.sleep,
            _WAKE: display.wake,
            _BAND: self._draw_band,
            _WORDS: self._draw_words,
            _TIME: self._clock.draw,
            _BARE: self._draw_bare,
            _FRAME: self._mirror.draw_frame,
            _TOP: self._bar.draw,
            _AREA: self._draw_area,
            _HEADLINE: self._draw_headline,
            _ADVICE: self._draw_advice,
            _LIGHT: self._draw_light,
        }

    def light(self, pct: int) -> None:
        """Let the display shine at `pct` percent from now on."""
        self.backlight_pct = pct
        if self._look is not None:
            self._dirty |= _LIGHT

    def show(
        self,
        stage: str,
        now_ms: int,
        since_ms: int,
        reason: "str | None" = None,
        ask: bool = False,
        warning: "str | None" = None,
        battery: "tuple | None" = None,
    ) -> None:
        """Say what is to be seen from the next `step` on; what stays the same is not drawn again.

        `since_ms` is how long the stage has lasted at the tick `now_ms`. `reason` is a key of
        words.FAULTS; `warning` is one of words.WARNINGS, or a chip's name in capitals; an
        unknown one reads "unexpected". `ask` puts the question whether to stop, before any
        warning. `battery` is a short text in both languages, left out where it has no room.
        """
        if since_ms < 0:
            since_ms = 0
        self._began = now_ms - since_ms & _TICKS
        if stage != self._stage:
            self._enter(stage)
        if reason != self._reason:
            self._reason = reason
            self._touch_reason()
        if battery != self._bar.battery:
            if self._look is not None and self._bar.battery and battery:
                self._bar.battery = battery
                self._dirty |= _TOP
            else:
                self._bar.battery = battery
                self._make_room()
        if ask != self._asks or warning != self._warning:
            self._asks = ask
            self._warning = warning
            self._annotate()

    def step(self, now_ms: int) -> int:
        """Draw the most urgent piece, if any; return milliseconds until the next call, 0 for now.

        Raises:
            OSError: the chip behind the backlight did not answer; the next call tries again.
        """
        wait_ms = self._tick(now_ms - self._began & _TICKS) if self._look is not None else _LONG_MS
        if not self._dirty:
            return wait_ms
        piece = self._dirty & -self._dirty
        self._pieces[piece]()
        self._dirty &= ~piece
        return 0 if self._dirty else wait_ms

    def picture(self, view) -> bool:
        """Show a captured picture, mirrored and framed; return whether it was shown.

        `view` is as large as the display, RGB565, high byte first. It is painted on, so encode it
        before. It is not shown while words wait to be drawn, nor in a stage without a live
        picture. See Mirror.draw.
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
        self._look = look = self._looks.get(stage)
        self._mirror.forget()
        if look is None:
            self._dirty = _SLEEP if was is not None else self._dirty & _SLEEP
            self._area = None
            return
        self._area = look.area
        self._mirror.border = look.border
        self._clock.begin(look)
        self._language = self._bar.language = 0
        self._dot = False
        self._dirty = self._dirty & (_WAKE | _BARE | _AREA | _LIGHT) | _BAND | _WORDS | _FRAME
        if was is None:
            self._dirty |= _WAKE | _LIGHT
        if self._area != was or dotted:  # the dot goes with the recording
            self._dirty |= _AREA
        self._touch_reason()
        self._annotate()

    def _touch_reason(self):
        if self._area == "reason":
            self._why.set(self._reason)
            self._dirty |= _HEADLINE | _ADVICE

    def _annotate(self):
        if self._look is None:
            return
        warning, note, line = self._warning, None, 0
        if self._asks:
            note, line = words.ASK_STOP, 2
        elif warning:
            note, line = words.warning_line(warning), 1
        self._bar.set(self._look.frame, self._look.lines[line], note)
        self._make_room()

    def _make_room(self):
        if self._look is None:
            return
        top = FRAME
        self._dirty &= ~_TOP
        if self._bar.speaks or self._bar.battery:
            top = BAR
            self._dirty |= _TOP
        if top != self._mirror.top:
            self._mirror.move(top)
            self._dirty |= _FRAME | (_AREA if not self._shown else _BARE if top == FRAME else 0)
            self._touch_reason()

    def _tick(self, phase_ms):
        language = phase_ms // _LANGUAGE_MS & 1
        if language != self._language:
            self._language = self._bar.language = language
            self._dirty |= _WORDS | (_TOP if self._bar.speaks else 0)
            self._touch_reason()
        if self._stage != "recording":
            return _LANGUAGE_MS - phase_ms % _LANGUAGE_MS
        if self._clock.move(phase_ms):
            self._dirty |= _TIME
        self._dot = not phase_ms // _BLINK_MS & 1
        return _BLINK_MS - phase_ms % _BLINK_MS

    # Pieces

    def _draw_band(self):
        self._display.fill(self._band, self._look.frame)

    def _draw_words(self):
        self._display.send(self._look.window, self._look.words(self._language))

    def _draw_bare(self):
        # What stood in the line goes with it, not with the next picture.
        self._display.fill(self._below, self._look.frame)

    def _draw_area(self):
        self._mirror.fill(self._look.fill)
        self._shown = False

    def _draw_headline(self):
        self._why.draw_headline(self._language)

    def _draw_advice(self):
        self._why.draw_advice(self._language)

    def _draw_light(self):
        self._display.backlight(self.backlight_pct)
