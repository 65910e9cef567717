"""How far a recording's UTC can be trusted. The order of things never depends on it.

Within a boot UTC must run as the milliseconds since boot do; from boot to boot it must not run
backwards; and in an epoch it cannot be before the station's time at its begin.
"""

import time

from . import layout
from .findings import Finding

# A quartz of a clock chip or processor, with temperature and age: 20 to 50 ppm; twice that.
DRIFT_PPM = 100
SOURCES = ("unset", "clock chip", "station")
_STEP_S = 2  # what rounding to seconds twice and a late entry explain
_DAY_S = 86_400


class Clocks:
    """What a camera's log tells of its clock; `findings` are notes, each with the entry s."""

    def __init__(self, log, now_s=None):
        self.findings: list[tuple[int, Finding]] = []
        self._set = {}  # entry: when a station had last set the clock
        self._wrong = set()  # boots
        latest = (time.time() if now_s is None else now_s) + _DAY_S
        station = set_utc = before = None
        said = set()
        for entry in log.entries if log else ():
            if entry.boot == 0:
                station = set_utc = entry.utc if entry.trust else set_utc
                self._set[entry.s], before = set_utc, None
                continue
            if not entry.trust:
                self._note(said, entry, "clock-unset")
                continue
            step = self._step(entry, before)
            if entry.trust == 2 and (step or before is None or before.trust != 2):
                set_utc = entry.utc
            early = station is not None and entry.utc < station - _STEP_S
            if early or entry.utc > latest:
                self._wrong.add(entry.boot)
                self._note(said, entry, "clock-early" if early else "clock-late")
            self._set[entry.s] = set_utc
            before = entry

    def _step(self, entry, before):
        """Return by how many seconds the clock stepped, 0 where it did not; and note it."""
        if before is None:
            return 0
        step = entry.utc - before.utc
        code = "clock-backwards"
        if entry.boot == before.boot:
            step -= round((entry.uptime_ms - before.uptime_ms) / 1000)
            code = "clock-stepped"
        elif step >= 0:
            return 0
        if abs(step) <= _STEP_S:
            return 0
        facts = {"step_s": step, "at": entry.utc, "boot": entry.boot}
        self.findings.append((entry.s, Finding(code, facts=facts)))
        return step

    def _note(self, said, entry, code):
        if (entry.boot, code) not in said:
            said.add((entry.boot, code))
            facts = {"at": entry.utc, "boot": entry.boot}
            self.findings.append((entry.s, Finding(code, facts=facts)))

    def of(self, first, last, utc, trust, steps=()) -> dict:
        """Return what is known of the clock in a recording from its first to its last segment.

        `error_s` is how far UTC may be wrong, None where nothing bounds it. For the clock chip it
        holds if the chip has run without a break since the station set it. `steps` are
        `(t_ms, seconds)` from the recording's own clock events.
        """
        known = trust in (1, 2) and utc is not None
        set_utc = self._set.get(first.s)
        right = known and set_utc is not None and first.boot not in self._wrong
        age_s = max(0, utc - set_utc) if right else None
        found = [
            finding
            for s, finding in self.findings
            if finding.facts["boot"] == first.boot
            and (s <= last.s or finding.code in ("clock-early", "clock-late"))
        ]
        found += [Finding("clock-step-inside", facts={"t_ms": t, "step_s": s}) for t, s in steps]
        return {
            "source": SOURCES[trust if known else 0],
            "set_utc": set_utc if right else None,
            "age_s": age_s,
            "error_s": None if age_s is None else 1 + -(-age_s * DRIFT_PPM // 1_000_000),
            "findings": found,
        }


class Steps:
    """Watches the clock events of one recording's stream for steps."""

    def __init__(self):
        self.found = []  # (t_ms, seconds)
        self._before = None

    def say(self, utc, trust, t_ms: int) -> None:
        """Take one statement: UTC, its trust, and when since boot it was made."""
        if trust not in (1, 2) or type(utc) is not int:
            return
        if self._before:
            utc_before, ms_before = self._before
            step = utc - utc_before - round(layout.elapsed_ms(ms_before, t_ms) / 1000)
            if abs(step) > _STEP_S:
                self.found.append((t_ms, step))
        self._before = utc, t_ms
