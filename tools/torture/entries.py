"""What was done, and whether log and recordings say so: stages, markers, the end of each segment.
Each check yields sentences.
"""

import json

from tools.evidence import layout
from tools.evidence.log import Log

_SILENT = ("log_error", "log_full", "not_enrolled")  # then the log takes nothing more
_LATE_MS = 700  # so long may a press wait to be taken
# Events of the stage table that stand in the recording's own stream.
_IN_STREAM = ("mark", "ask_stop", "keep")


def broken(outcome, kind):
    """Judge the camera's log."""
    log = Log(f"{outcome.image}.camera").entries
    yield from _closed(log)
    if not kind.mute and not any(reason in _SILENT for _, reason in outcome.faults):
        yield from _told(outcome, log)


def _closed(log):
    """A segment that was opened is closed before the next one, and before a boot went well."""
    opened = booted = None
    for entry in log:
        if entry.code == layout.OPEN:
            if opened is not None:
                yield f"the log opens a segment and never closed segment {opened}"
            (opened, *_), booted = layout.OPEN_DETAIL.unpack(entry.detail), False
        elif entry.code in (layout.SEALED, layout.TORN):
            opened = None
        elif entry.code == layout.BOOT:
            booted = True
        elif entry.code == layout.STAGE and opened is not None and booted:
            if json.loads(entry.detail)["to"] == "idle":
                yield f"the log does not close segment {opened}, which a cut left open"
                opened = None


def _told(outcome, log):
    """Each change of stage and each marker is an entry, in its order."""
    told, boot = {}, 0
    for entry in log:
        if entry.code == layout.BOOT:
            boot += 1
        elif entry.code == layout.STAGE:
            facts = json.loads(entry.detail)
            if facts["from"] != "off":  # the boot itself was over before anybody looked
                told.setdefault(boot, []).append((facts["from"], facts["why"], facts["to"]))
        elif entry.code == layout.MARK:
            event = json.loads(entry.detail)["event"]
            told.setdefault(boot, []).append(("recording", event, "recording"))
    # A boot that was cut before its entry is none here.
    rows = [told[number] for number in sorted(told)]
    seen = {}
    for number, *change in outcome.told:
        if change[1] != "stop":
            seen.setdefault(number, []).append(tuple(change))
    for done in seen.values():
        # What was entered when the power went is one more.
        if not any(row[: len(done)] == done and len(row) <= len(done) + 1 for row in rows):
            yield f"events: the log does not say what the camera did: {done[-3:]}"
            return


def missing(attempt, one):
    """Compare what was done during a recording with the events in its stream."""
    there = [row["event"] for row in one.events]
    what = f"events: segment {one.segments[0]}"
    wanted = ["start", *(event for event in attempt.events if event in _IN_STREAM)]
    mine = [event for event in there if event == "start" or event in _IN_STREAM]
    if one.sealed and one.whole:
        short = len(wanted) - len(mine) + ("stop" not in there)
        if short > one.lost_events:
            yield f"{what} holds {there}, done was {wanted}, and no gap says so"
    if not one.lost_events and mine != wanted[: len(mine)]:
        yield f"{what} holds {mine}, done was {wanted}"
    end_ms = attempt.ended_ms
    late_ms = None if end_ms is None else end_ms - _LATE_MS
    sure = sum(short and (late_ms is None or ms < late_ms) for ms, short in attempt.presses)
    if attempt.skipped:
        sure = 0  # while nobody took pictures, nobody looked at the button either
    marks = attempt.events.count("mark")
    if not sure <= marks <= len(attempt.presses) + (end_ms is None):
        yield f"{what}: {sure} to {len(attempt.presses)} short presses were {marks} markers"
