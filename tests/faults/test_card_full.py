"""A card that fills up: told at 80, 90 and 98 %, then refused; nothing is ever overwritten."""

import hashlib
import json

import pytest

from bodycam.room import Room
from tools.evidence import layout
from tools.evidence.case import Case, beside
from tools.evidence.log import Log
from tools.evidence.records import Stream
from tools.evidence.segments import read_segment
from tools.evidence.verdict import verify
from tools.torture import bench, promises
from tools.torture.cases import KINDS, one_place_left

PLACES = 12
ONE = "+2.5 press twice\n+1 hold 3\n+1 press\n+1 expect display_on\n+1 press\n"


def play(image, script):
    outcome = bench.Bench(image, script, 1).play()
    assert not list(promises.broken(outcome, KINDS["last place of a card"]))
    return outcome


def told(image):
    """Return the warnings and faults in the log, in order."""
    return [
        json.loads(entry.detail)["why"]
        for entry in Log(f"{image}.camera").entries
        if entry.code in (9, 10)
    ]


def warned_in_recordings(image):
    """Return the warnings in the recordings' own streams."""
    warnings = []

    def take(record):
        if record.kind == layout.EVENT and record.data["event"] == "warning":
            warnings.append(record.data["why"])

    with Case(image, *beside(image)) as case:
        for segment in case.segments:
            read_segment(case.medium, segment, case.access(segment), Stream(take))
    return warnings


def test_alarms_come_at_80_90_and_98_percent_and_then_no_recording_begins(tmp_path):
    image = bench.new_card(tmp_path, 1)
    assert bench.layout_of(image).segments == PLACES
    outcome = play(image, "0:00 boot\n" + ONE * (PLACES - 1) + ONE.replace("display_on", "fault"))
    assert told(image) == ["card_80", "card_90", "card_98", "card_full"]
    assert warned_in_recordings(image) == ["card_80", "card_90", "card_98"]
    assert outcome.faults[-1][1] == "card_full"
    before = hashlib.sha256(image.read_bytes()).digest()
    refused = play(image, "0:00 boot\n+4 press twice\n+3 press twice\n+3 expect fault\n+1 end\n")
    assert not refused.attempts and refused.faults[0][1] == "card_full"
    assert hashlib.sha256(image.read_bytes()).digest() == before, "a full card was written to"
    found = verify(image, *beside(image))
    assert (found["verdict"], found["complete"], found["segments"]) == ("intact", True, PLACES)
    assert found["frames"] == outcome.result["frames"]["recorded"]


@pytest.mark.parametrize("stall", ["", "+64 card stall 3500\n"])
def test_the_last_place_ends_a_recording_with_all_that_was_taken(tmp_path, stall):
    image = bench.new_card(tmp_path, 1)
    one_place_left(image)
    wait = "+30" if stall else "+90"
    outcome = play(image, f"0:00 boot\n0:02 press twice\n{stall}{wait} expect fault\n+1 end\n")
    assert outcome.faults[0][1] == "card_full"
    found = verify(image, *beside(image))
    assert (found["verdict"], found["complete"]) == ("intact", True)
    assert found["frames"] == outcome.result["frames"]["recorded"] > 200


class Counts:
    """A card of `segments` places and the log's counters in one."""

    full = False  # the log

    def __init__(self, segments):
        self.segments = segments
        self.next_segment = self.released = 0

    def room(self, next_segment, released):
        return self.segments - (next_segment - released)


def test_each_alarm_is_given_once_and_again_when_a_station_has_made_room():
    counts = Counts(200)
    room = Room(counts, counts)
    given = {}
    for _ in range(2):
        for used in range(201):
            counts.next_segment = counts.released + used
            alarm = room.alarm()
            if alarm:
                given.setdefault(alarm, []).append(used)
        assert room.refusal == "card_full"
        counts.released = counts.next_segment
        assert room.alarm() is None and room.refusal is None
    counts.full = True
    assert room.refusal == "log_full"
    assert given == {"card_80": [160] * 2, "card_90": [180] * 2, "card_98": [196] * 2}


def test_a_card_that_was_never_mounted_gives_no_alarm():
    assert Room(Counts(0), Counts(0)).alarm() is None
