"""Light, tone and vibration: one pattern per stage, one sequence per event.

Colour, pattern and words all differ.

A missing or failing lamp, speaker or motor never stops the camera: it is counted, and app.py warns
of it.
"""

from micropython import const

_GREEN = (0, 90, 0)
_DIM_GREEN = (0, 30, 0)
_RED = (160, 0, 0)
_BLUE = (0, 0, 120)
_AMBER = (140, 70, 0)
_WHITE = (20, 20, 20)
_DARK = (0, 0, 0)

_NEVER_MS = const(60_000)

# stage: (colour, lit ms, period ms). A period of 0 is steady.
LIGHTS = {
    "off": (_DARK, 0, 0),
    "idle": (_DIM_GREEN, 60, 5000),
    "armed": (_BLUE, 200, 2000),
    "display_on": (_GREEN, 0, 0),
    "recording": (_RED, 500, 1000),
    "docked": (_WHITE, 0, 0),
    "fault": (_AMBER, 250, 500),
}
_BLIND = (_AMBER, 1000, 3000)  # ready, but nothing can be seen on the display

# name: steps of (tone Hz or 0, length ms, vibrate). The start signal is two tones and two
# vibrations, stop is one long tone.
SEQUENCES = {
    "tick": ((2400, 40, False),),
    "start": ((1760, 150, True), (0, 100, False), (1760, 150, True)),
    "stop": ((880, 600, True),),
    "mark": ((2400, 60, True),),
    "ask": ((1320, 80, True), (0, 80, False), (1320, 80, True), (0, 80, False), (1320, 80, True)),
    "warning": ((660, 200, True), (0, 100, False), (440, 300, False)),
    "fault": (
        (440, 300, True),
        (0, 150, False),
        (440, 300, True),
        (0, 150, False),
        (440, 300, True),
    ),
    "low_battery": ((1000, 80, True), (0, 60, False)) * 4,
}


class Signals:
    """Drives what the board has of lamp, tone and motor; a part that is missing is None.

    `blind`: the display shows nothing, so that the lamp has to say it. `lamp.color(r, g, b)` 0 to
    255, `tone.tone(hz, ms)` and `sleep()`, `motor.drive(pct)`.
    """

    def __init__(self, clock, profile, lamp=None, tone=None, motor=None, blind=False):
        self._clock = clock
        self._remind_ms = profile["remind_s"] * 1000
        self._lamp, self._tone, self._motor = lamp, tone, motor
        self.errors = 0
        self._blind = blind
        self._light = LIGHTS["off"]
        self._since = clock.ticks_ms()
        self._lit = None
        self._steps = ()
        self._next = 0
        self._due = self._since
        self._recording_since = None

    def stage(self, stage: str):
        """Show the light pattern of `stage` from now on."""
        blind = self._blind and stage in ("idle", "display_on")
        self._light = _BLIND if blind else LIGHTS[stage]
        self._since = self._clock.ticks_ms()
        self._recording_since = self._since if stage == "recording" else None

    def play(self, name: str):
        """Begin the sequence `name`, in place of one that still runs."""
        self._steps = SEQUENCES[name]
        self._next = 0
        self._due = self._clock.ticks_ms()

    def step(self, now: int) -> int:
        """Bring lamp, tone and motor up to `now`; return milliseconds until the next change."""
        wait_ms = self._step_light(now)
        if self._recording_since is not None:
            left_ms = self._remind_ms - self._clock.diff(now, self._recording_since)
            if left_ms <= 0:
                self._recording_since = now
                left_ms = self._remind_ms
                self.play("start")
            wait_ms = min(wait_ms, left_ms)
        return min(wait_ms, self._step_sequence(now))

    def _step_light(self, now):
        color, lit_ms, period_ms = self._light
        if not period_ms:
            self._shine(color)
            return _NEVER_MS
        phase_ms = self._clock.diff(now, self._since) % period_ms
        if phase_ms < lit_ms:
            self._shine(color)
            return lit_ms - phase_ms
        self._shine(_DARK)
        return period_ms - phase_ms

    def _step_sequence(self, now):
        if self._next > len(self._steps):
            return _NEVER_MS
        left_ms = self._clock.diff(self._due, now)
        if left_ms > 0:
            return left_ms
        if self._next == len(self._steps):
            self._next += 1
            self._shake(0)
            self._hush()
            return _NEVER_MS
        step = self._steps[self._next]
        self._next += 1
        self._due = self._clock.add(now, step[1])
        if step[0]:
            self._sound(step)
        self._shake(100 if step[2] else 0)
        return step[1]

    def _shine(self, color):
        if color == self._lit:
            return
        self._lit = color
        if self._lamp:
            try:
                self._lamp.color(color[0], color[1], color[2])
            except OSError:
                self.errors += 1

    def _sound(self, step):
        if self._tone:
            try:
                self._tone.tone(step[0], step[1])
            except OSError:
                self.errors += 1

    def _hush(self):
        if self._tone:
            try:
                self._tone.sleep()
            except OSError:
                self.errors += 1

    def _shake(self, pct):
        if self._motor:
            try:
                self._motor.drive(pct)
            except OSError:
                self.errors += 1
