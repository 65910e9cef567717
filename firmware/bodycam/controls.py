"""Button edges to gestures: a press acts at once where it adds, and after a window where it
takes away.

One button, no chords. Only edges count, because the power key latches them and gives no level: a
press is a pressed edge, and it ends at the next released edge.
"""

from bodycam.stages import ARMED, DISPLAY_ON, IDLE, RECORDING


class Controls:
    """Turns the edges of one button into events for the stage table.

    `profile` gives `double_ms`, `hold_ms`, `off_ms` and `confirm_ms`; `post(event)` takes the
    gestures. A second press within `double_ms` records, also when the loop was busy in between: an
    edge counts from the last time the button was read without it.
    """

    def __init__(self, clock, stages, profile, post):
        self._diff = clock.diff
        self._stages = stages
        self._profile = profile
        self._post = post
        self._read = self._before = clock.ticks_ms()  # the last two looks at the button
        # When the button was last seen up before its press; None: it is up, or that is used up.
        self._down = None
        self._first = None  # when a press opened the double-press window
        self._hides = False  # that press takes away when the window closes
        self._asked = None  # when the stop question was put
        self._holds = 0  # how many hold thresholds this press has passed

    @property
    def asking(self) -> bool:
        """Whether the camera waits for the press that confirms the stop."""
        return self._asked is not None

    @property
    def waiting(self) -> bool:
        """Whether a second press may still come."""
        return self._first is not None

    def step(self, now: int, pressed: bool, released: bool) -> bool:
        """Take the edges seen since the last call; return whether a gesture is under way, so that
        the button must be read at least every 50 ms.

        `now` in ticks. Posts any gestures; does not block or allocate.
        """
        if released and self._down is not None:
            self._hold(now)
            self._up(now)
            released = False
        if pressed:
            self._press(now)
        # Whether a third edge hides behind the two is not told: better a marker too many than a
        # press that never ends, which would switch off.
        if released:
            self._up(now)
        if self._down is not None:
            self._hold(now)
        if self._first is not None or self._asked is not None:
            self._windows(now)
        self._before, self._read = self._read, now
        return self._down is not None or self._first is not None or self._asked is not None

    def _press(self, now):
        stage = self._stages.stage
        self._holds = 0
        if stage == RECORDING:
            if self._asked is not None:
                self._asked = None
                self._down = None
                self._post("stop")
            else:
                self._down = self._read
            return
        if (
            self._first is not None
            and self._diff(self._before, self._first) <= self._profile["double_ms"]
        ):
            self._first = None
            self._down = None
            self._post("record")
            return
        self._down = self._read
        self._first = now
        self._hides = stage == DISPLAY_ON or stage == ARMED
        if stage == IDLE:
            self._post("show")

    def _up(self, now):
        if self._down is None:
            return
        short = self._holds == 0
        self._down = None
        if self._stages.stage == RECORDING:
            if short:
                self._post("mark")
        elif short and self._hides and self._first is None:
            self._post("hide")

    def _hold(self, now):
        held_ms = self._diff(now, self._down)
        if self._holds == 0 and held_ms >= self._profile["hold_ms"]:
            self._holds = 1
            if self._stages.stage == RECORDING:
                self._asked = now
                self._post("ask_stop")
            else:
                self._post("arm")
        if self._holds == 1 and held_ms >= self._profile["off_ms"]:
            self._holds = 2
            if self._stages.stage != RECORDING:
                self._post("off")

    def _windows(self, now):
        # As of the look before: what was seen to change for the first time may be a press.
        double_ms = self._profile["double_ms"]
        if self._first is not None and self._diff(self._read, self._first) > double_ms:
            self._first = None
            if self._hides and self._down is None:
                self._post("hide")
        if self._asked is not None:
            if self._stages.stage != RECORDING:
                self._asked = None
            elif self._diff(now, self._asked) > self._profile["confirm_ms"]:
                self._asked = None
                self._post("keep")
