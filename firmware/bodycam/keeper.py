"""Keeps the shift: how much of it lies ahead, what is saved to reach its end, and what the log
remembers of the battery.
"""

import json

from micropython import const

from bodycam import log
from bodycam.errors import Fault

_JUDGE_MS = const(60_000)
_KEEP_MS = const(7_200_000)
_KEEP_ENTRIES = const(100)  # of the log: so an entry is found again by reading little
_FOUND_WITHIN = const(160)  # pages
_MINUTE_MS = const(60_000)

# What each of the two POWER entries has of `facts`: they are small.
_USE = ("use", "mohm", "begun")
_HEALTH = ("health", "mix")


class Keeper:
    """Looks after `power` and `savings`, with entries in `journal`, the log.

    A shift begins when the cable is pulled, or at the first boot of the day; a boot within it goes
    on with it.
    """

    def __init__(self, power, savings, journal, clock, profile):
        self._power, self._savings = power, savings
        self._log, self._clock = journal, clock
        self._shift_min = profile["shift_h"] * 60
        self._begun_ms = 0  # in uptime; negative: before the boot
        self._cable = False
        self._judged_ms = self._kept_ms = 0
        self._kept_seq = 0
        self._knows = False  # something that an earlier shift has learned

    @property
    def needed_min(self) -> int:
        """How many minutes of the shift lie ahead."""
        return max(0, self._shift_min - (self._clock.up_ms - self._begun_ms) // _MINUTE_MS)

    def lasts(self):
        """Do what a reading of the battery asks for; call it after each."""
        power, up_ms = self._power, self._clock.up_ms
        if self._cable and not power.cable:
            self._begun_ms = up_ms
            power.outlook.new_shift()
            self._savings.new_shift()
        self._cable = power.cable
        if up_ms - self._judged_ms >= _JUDGE_MS and not power.cable:
            self._judged_ms = up_ms
            power.outlook.mix()
            if self._savings.judge(power.minutes_today(), self.needed_min):
                power.learning.retable(self._savings.table_ua())
        if up_ms - self._kept_ms >= _KEEP_MS or self._log.seq - self._kept_seq >= _KEEP_ENTRIES:
            self.keep()

    # The log

    def keep(self):
        """Enter what the next shift should know: two POWER entries.

        Raises:
            Fault: the log takes nothing any more.
        """
        facts = self.facts()
        if facts:
            self._kept_ms = self._clock.up_ms
            self._enter(facts, _USE)
            self._enter(facts, _HEALTH)
            self._kept_seq = self._log.seq

    def _enter(self, facts, names):
        self._log.note(log.POWER, {name: facts[name] for name in names})

    def facts(self) -> dict:
        """Return what the next shift should know; nothing where nothing was ever known."""
        power = self._power
        if not power.ever_known and not self._knows:
            return {}
        begun_s = self._clock.utc_s()
        if begun_s is not None:
            begun_s -= (self._clock.up_ms - self._begun_ms) // 1000
        facts = power.facts()
        facts.update({"health": power.health.row(), "begun": begun_s or 0})
        return facts

    def restore(self, kept: bytes = b""):
        """Take up what the log knows: reads at most 160 pages, some 20 ms, and mostly a few. After
        a change of epoch the log is blank, and `kept` is the JSON of what `facts` were before.
        """
        facts = {}
        try:
            for detail in [kept] if kept else self._log.recall(log.POWER, _FOUND_WITHIN):
                for name, value in self._read(detail).items():
                    facts.setdefault(name, value)
                if "use" in facts and "health" in facts:
                    break
        except Fault:
            return  # the log itself will say so when it is written to
        self._kept_seq = self._log.seq
        self._knows = "use" in facts
        self._power.restore(facts)
        begun_s, now_s = facts.get("begun"), self._clock.utc_s()
        if type(begun_s) is int and now_s and 0 <= now_s - begun_s < self._shift_min * 60:
            self._begun_ms = self._clock.up_ms - (now_s - begun_s) * 1000

    def _read(self, detail):
        try:
            facts = json.loads(detail)
        except ValueError:
            return {}
        return facts if type(facts) is dict else {}

    def report(self) -> dict:
        """Return what a station wants to know of the battery: `pct`, `minutes` at the expected
        use, `use` and `mohm` as learned, and Health.facts(). `pct` and `minutes` are None when
        unknown.
        """
        power = self._power
        facts = {"pct": power.percent, "minutes": power.minutes_expected()}
        facts.update(power.facts())
        facts.update(power.health.facts())
        return facts
