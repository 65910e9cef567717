"""What is given up, and in which order, when the battery would not reach the end of the shift.

Never a recording's quality, and never evidence: recording keeps its size, rate and sound. The
sensor is off in `idle` anyway; only `armed` keeps it on, which the last step forbids.
"""

from micropython import const

from bodycam.currents import STAGES, stage_ua

# In this order: (key of words.WARNINGS, setting, what it becomes). A step that would not lower
# anything is left out.
STEPS = (
    ("saves_light", "backlight_pct", 50),
    ("saves_mirror", "mirror_fps", 3),
    ("saves_timeout", "display_timeout_s", 120),
    ("saves_clock", "slow_clock", True),
    ("saves_more_light", "backlight_pct", 30),
    ("saves_armed", "pre_event_s", 0),
)

_FIRST_MS = const(600_000)  # after boot, until the estimate has settled
_BETWEEN_MS = const(300_000)
_BACK_MS = const(1_800_000)  # nothing is given back sooner
_SHORT_PCT = const(103)  # of what is needed: less takes a step, more than the other gives one back
_AMPLE_PCT = const(130)
_AMPLE_MIN = const(60)  # and by so much more: near the end of a shift percents are minutes


def table_ua(board, settings: dict) -> dict:
    """Return {stage: microamperes} of `board` with `settings` in force."""
    return {stage: stage_ua(board.CURRENTS_MA, stage, settings) for stage in STAGES}


class Savings:
    """Holds the `settings` in force: those of `profile`, less what was given up.

    `changed(step, given_up)` is called after each change, with a row of STEPS.
    """

    def __init__(self, board, profile, clock, changed):
        self._board = board
        self._profile = profile
        self._clock = clock
        self._changed = changed
        names = ("backlight_pct", "mirror_fps", "display_timeout_s", "pre_event_s")
        self.settings = {name: profile[name] for name in names}
        self.settings["slow_clock"] = False
        self._allowed = profile["saves"]
        self._changed_ms = _FIRST_MS - _BETWEEN_MS  # as if something had changed then
        self._given_up = []  # (row of STEPS, what the setting was)
        self._given_back = []  # rows of STEPS: what comes back and goes again stays away

    @property
    def given_up(self) -> int:
        """How many steps are in force."""
        return len(self._given_up)

    def table_ua(self) -> dict:
        """Return {stage: microamperes} with what is in force."""
        return table_ua(self._board, self.settings)

    def judge(self, lasts_min: "int | None", needed_min: int) -> bool:
        """Take or give back one step if it is time; return whether it did.

        `lasts_min` is for how long the battery lasts, None: unknown, and nothing changes.
        """
        ago_ms = self._clock.up_ms - self._changed_ms
        if not self._allowed or lasts_min is None or ago_ms < _BETWEEN_MS:
            return False
        if lasts_min * 100 < needed_min * _SHORT_PCT:
            return self._give_up()
        ample = lasts_min * 100 > needed_min * _AMPLE_PCT and lasts_min > needed_min + _AMPLE_MIN
        if ample and ago_ms >= _BACK_MS and self._given_up:
            return self._give_back()
        return False

    def new_shift(self):
        """Let what came back and went again in this shift come back in the next."""
        self._given_back = []

    def _give_back(self):
        step, value = self._given_up[-1]
        if step in self._given_back:
            return False
        self._given_up.pop()
        self._given_back.append(step)
        self._put(step, value, False)
        return True

    def _give_up(self):
        taken = [step for step, _ in self._given_up]
        for step in STEPS:
            if step not in taken and self._lowers(step):
                self._given_up.append((step, self.settings[step[1]]))
                self._put(step, step[2], True)
                return True
        return False

    def _lowers(self, step):
        name, value = step[1:]
        if name == "slow_clock":
            return hasattr(self._board, "SLOW_HZ")
        return self.settings[name] > value

    def _put(self, step, value, given_up):
        self.settings[step[1]] = value
        self._changed_ms = self._clock.up_ms
        self._changed(step, given_up)
