"""How long the battery lasts, as the display says it: until when, or for how long, or unknown."""

from micropython import const

from bodycam import words

_COARSE_MIN = const(10)  # what is shown is a multiple of it, or of five in the last hour
_STAYS_MIN = const(9)  # and stays until the estimate has moved that far
_HOUR_MIN = const(60)
_DAY_MIN = const(1440)
_ROUGH_PCT = const(10)  # may be off by more, one standard deviation: a time is said with a ~


class Lasting:
    """Words about `power`; `clock` and `profile` give the local time."""

    def __init__(self, power, clock, profile):
        self._power, self._clock, self._profile = power, clock, profile
        self._shown = None  # the minute that is shown: of the day's count, or what is left
        self._days = False  # a time of the day would not tell which day's

    def text(self, stage: str) -> tuple:
        """Return the words in both languages: in a recording for as long as that may go on,
        else at the shift's typical use. A time is said for the next 24 hours alone.
        """
        power = self._power
        if not power.known:
            self._shown = None
            return words.BATTERY_UNKNOWN
        if power.cable and not power.falls:
            return _both(words.CHARGING, power.percent)
        outlook = power.outlook
        recording = stage == "recording"
        left_min = outlook.minutes(stage) if recording else outlook.minutes_expected()
        now_min = self._clock.local_min(self._profile)
        self._days = left_min >= _DAY_MIN - (_HOUR_MIN // 2 if self._days else 0)
        if now_min is None or self._days or left_min < _HOUR_MIN:
            return self._left(left_min)
        return self._until(now_min + left_min)

    def _until(self, minute):
        minute = self._steady(minute, _COARSE_MIN) % _DAY_MIN
        rough = "~" if self._power.outlook.unsure_pct() > _ROUGH_PCT else ""
        return _both(words.UNTIL, "%s%d:%02d" % (rough, minute // 60, minute % 60))

    def _left(self, left_min):
        if left_min < 10:
            return _both(words.LEFT, "%d min" % left_min)
        if left_min < 2 * _HOUR_MIN:
            return _both(words.LEFT, "%d min" % self._steady(left_min, 5))
        return _both(words.LEFT, "%d h" % (self._steady(left_min, _HOUR_MIN) // 60))

    def _steady(self, minute, coarse_min):
        shown = self._shown
        if shown is None or abs(minute - shown) > max(_STAYS_MIN, coarse_min // 2):
            self._shown = shown = minute - minute % coarse_min
        return shown


def _both(pair, value):
    return tuple([text % value for text in pair])
