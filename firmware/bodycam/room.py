"""The room in card and log: alarms at 80, 90 and 98 % of the card, and when nothing begins."""

# From how many percent on, and what is said (keys of words.WARNINGS).
ALARMS_PCT = ((98, "card_98"), (90, "card_90"), (80, "card_80"))


class Room:
    """The places of `card` that `journal`, the log, has not given away. A place counts as used as
    soon as its segment is opened, and until it is released.
    """

    def __init__(self, card, journal):
        self._card = card
        self._log = journal
        self._told_pct = 0

    @property
    def refusal(self) -> "str | None":
        """Why no recording can be opened: a key of words.FAULTS, None while one can."""
        if self._log.full:
            return "log_full"
        if self._card.room(self._log.next_segment, self._log.released) <= 0:
            return "card_full"

    @property
    def used_pct(self) -> int:
        """Places in use, in percent; 0 while no card is mounted."""
        places = self._card.segments
        used = self._log.next_segment - self._log.released
        return 100 * used // places if places else 0

    def alarm(self) -> "str | None":
        """Return the warning that is due: each once, until a station has made room."""
        used_pct = self.used_pct
        self._told_pct = min(self._told_pct, used_pct)
        for alarm in ALARMS_PCT:
            if used_pct >= alarm[0] > self._told_pct:
                self._told_pct = used_pct
                return alarm[1]
