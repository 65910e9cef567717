"""`card explain`: what is there, what is missing, why, and how it is known, in two languages."""

import json
import string

import pytest
from model_writer import Camera
from typer.testing import CliRunner

from tools.evidence import cli, layout, words
from tools.evidence.case import beside
from tools.evidence.clocks import Clocks
from tools.evidence.explain import explain
from tools.evidence.export import export
from tools.evidence.findings import KINDS
from tools.evidence.info import info
from tools.evidence.log import Log

BLOCK = 16_384


def told(camera, tmp_path, language="en", log=True, keys=True):
    """Save, explain; return facts, and the text as one line."""
    path = camera.save(tmp_path / "card.img")
    own_log, own_keys = beside(path)
    facts = explain(path, own_log if log else None, own_keys if keys else (), language)
    json.dumps(facts)
    return facts, " ".join(line.strip() for line in facts["text"])


def cut(camera, cause=1, **facts):
    """The power goes; the next boot names a cause."""
    o, camera.open = camera.open, None
    camera.plain = b""
    camera.boot += 1
    camera.uptime_ms = 0
    camera.entry(3, {"firmware": "0", "cause": cause})
    camera.entry(7, o["n"].to_bytes(4, "little") + o["b"].to_bytes(4, "little"))


def fault(camera, why, detail=""):
    """A fault closes the recording in the log, and is entered, without a new boot."""
    o, camera.open = camera.open, None
    camera.plain = b""
    camera.entry(7, o["n"].to_bytes(4, "little") + o["b"].to_bytes(4, "little"))
    camera.entry(9, {"why": why, "detail": detail})
    camera.entry(4, {"from": "recording", "to": "fault", "why": "fault"})


# The tables ----------------------------------------------------------------------------------


def test_every_sentence_exists_in_both_languages_with_the_same_facts():
    def fields(text):
        return {
            name.split("[")[0].lower() for _, name, *_ in string.Formatter().parse(text) if name
        }

    for code, (kind, english, german) in words.FINDINGS.items():
        assert kind in KINDS, code
        assert fields(english) == fields(german) and english != german, code
    for table in (words.REASONS, words.ENDINGS, words.FAULTS, words.ENTRIES):
        assert all(len(pair) == 2 and pair[0] != pair[1] for pair in table.values())


@pytest.mark.parametrize("code", layout.CODES)
def test_an_entry_is_named_by_what_it_says_not_by_its_code(code):
    for language in words.LANGUAGES:
        text = words.sentence("log-altered", {"entry": (5, layout.CODES[code])}, language)
        said = words.ENTRIES[layout.CODES[code]][words.LANGUAGES.index(language)]
        assert " 5 " in text and f"({said})" in text


# What a court asks ---------------------------------------------------------------------------


def test_an_intact_card_names_recording_time_camera_length_and_grounds(tmp_path):
    camera = Camera()
    camera.record(frames=33)
    facts, text = told(camera, tmp_path)
    (recording,) = facts["recordings"]
    assert (recording["start_utc"], recording["duration_ms"]) == ("2026-06-01T06:00:00Z", 4000)
    assert (recording["camera"], recording["frames"]) == ("MODEL-7", 33)
    assert text.startswith("INTACT.")
    assert (
        "Recording 1 of camera MODEL-7 Start: 1 June 2026, 06:00:00 UTC. Length: 4 seconds."
        in text
    )
    assert "Nothing is missing in it." in text and "kept in the camera, not on the card" in text
    german = told(camera, tmp_path, "de")[1]
    assert german.startswith("UNVERSEHRT.") and "Beginn: 1. Juni 2026, 06:00:00 UTC" in german
    assert "Darin fehlt nichts." in german


def test_a_length_is_told_to_the_nearest_second_as_in_every_other_command(tmp_path):
    camera = Camera()
    camera.record(frames=32)
    _, text = told(camera, tmp_path)
    assert "Length: 4 seconds." in text  # 3.875 from the first picture to the last
    screen = CliRunner().invoke(cli.app, ["info", str(tmp_path / "card.img")]).output
    assert "00:04" in screen


@pytest.mark.parametrize("keys", [True, False])
def test_info_and_explain_find_the_same_length_with_keys_and_without(tmp_path, keys):
    camera = Camera()
    camera.record(frames=40)
    camera.record(frames=9)
    facts, _ = told(camera, tmp_path, keys=keys)
    path = tmp_path / "card.img"
    own_log, own_keys = beside(path)
    plain = info(path, own_log, own_keys if keys else ())
    lengths_ms = [[one["duration_ms"] for one in found["recordings"]] for found in (facts, plain)]
    assert lengths_ms[0] == lengths_ms[1] and min(lengths_ms[0]) > 0


@pytest.mark.parametrize("why", words.FAULTS)
def test_a_fault_is_the_reason_of_a_broken_recording(tmp_path, why):
    camera = Camera()
    camera.record(seal=False)
    fault(camera, why, "[Errno 5] EIO")
    facts, text = told(camera, tmp_path)
    ended = facts["recordings"][0]["ended"]
    assert facts["verdict"] == "torn-tail"
    if why == "battery_empty":
        assert ended["cause"] == "battery"
    else:
        assert (ended["cause"], ended["why"], ended["detail"]) == ("fault", why, "[Errno 5] EIO")
        assert words.FAULTS[why][0] in text
        assert words.FAULTS[why][1] in told(camera, tmp_path, "de")[1]
        # `verify` names it too.
        assert words.FAULTS[why][0] in facts["recordings"][0]["findings"][0]["what"]


@pytest.mark.parametrize("why", [None, "", 5, ["card_error"]])
def test_a_fault_and_a_gap_whose_reason_cannot_be_used_are_said_to_have_none(tmp_path, why):
    camera = Camera()
    camera.start_recording()
    camera.start_segment()
    camera.frames(30)
    camera.gap(lost=3, why=why)
    camera.frames(2)
    camera.flush()
    fault(camera, why)
    text = told(camera, tmp_path)[1]
    assert "as the camera's log says: one that it does not name" in text
    assert "because something happened that the camera did not note" in text
    german = told(camera, tmp_path, "de")[1]
    assert "wie das Logbuch der Kamera sagt: eine, die es nicht benennt" in german
    assert "weil etwas geschah, das die Kamera nicht vermerkte" in german
    for words_of in (text, german):
        assert "None" not in words_of and "“”" not in words_of


@pytest.mark.parametrize(
    "before, cause, ending",
    [
        ((), 1, "power"),
        ((), 3, "watchdog"),
        (("battery_low",), 1, "battery"),
        (("clock_unset",), 1, "power"),
    ],
)
def test_a_power_cut_is_told_from_an_empty_battery_and_a_restart(tmp_path, before, cause, ending):
    camera = Camera()
    camera.record(seal=False)
    for why in before:
        camera.entry(10, {"why": why, "detail": "5 %"})
    cut(camera, cause)
    facts, text = told(camera, tmp_path)
    assert facts["recordings"][0]["ended"]["cause"] == ending
    assert words.ENDINGS[ending][0] in text


def test_a_log_that_ends_in_a_recording_says_so(tmp_path):
    camera = Camera()
    camera.record(seal=False)
    assert told(camera, tmp_path)[0]["recordings"][0]["ended"]["cause"] == "open"
    assert told(camera, tmp_path, log=False)[0]["recordings"][0]["ended"]["cause"] == "unknown"


@pytest.mark.parametrize("why", words.STOPS)
def test_a_recording_that_was_stopped_says_by_whom(tmp_path, why):
    facts, _ = told(stopped(why), tmp_path)
    assert facts["recordings"][0]["ended"]["cause"] == why


def stopped(why):
    """Return a camera with one recording that was stopped."""
    camera = Camera()
    camera.start_recording()
    camera.start_segment()
    camera.frames(3)
    camera.event({"event": "stop", "why": why})
    camera.seal()
    camera.entry(4, {"from": "recording", "to": "display_on", "why": "sealed"})
    return camera


@pytest.mark.parametrize(
    "later",
    [
        (4, {"from": "display_on", "to": "docked", "why": "dock"}),
        (4, {"from": "display_on", "to": "off", "why": "battery_empty"}),
        (9, {"why": "card_missing", "detail": "pulled"}),
        (9, {"why": "battery_empty", "detail": ""}),
    ],
)
def test_what_came_after_a_recording_is_not_why_it_ended(tmp_path, later):
    camera = stopped("button")
    camera.entry(*later)
    ended = told(camera, tmp_path)[0]["recordings"][0]["ended"]
    assert ended["cause"] == "button"
    ended = told(camera, tmp_path, keys=False)[0]["recordings"][0]["ended"]
    assert ended["cause"] == "sealed"


def test_gaps_have_a_time_a_number_and_a_cause(tmp_path):
    camera = Camera()
    camera.start_recording()
    camera.start_segment()
    camera.frames(30)
    camera.gap(lost=3, why="ring full")
    camera.frames(2)
    camera.seal()
    camera.blocks[0, 5] = bytes(BLOCK)
    facts, text = told(camera, tmp_path)
    hole, slow = facts["recordings"][0]["gaps"]
    assert (slow["cause"], slow["lost"]) == ("ring full", 3)
    assert slow["to_ms"] == 30 * 125 and slow["from_ms"] == 30 * 125 - 100
    assert hole["cause"] == "not-on-card" and 2 <= hole["lost"] <= 3
    assert 0 < hole["from_ms"] < hole["to_ms"] < 2_000
    assert "3 pictures not recorded, because the card could not take" in text
    assert "Block 5 of segment 0 (recording 1): missing" in text
    german = told(camera, tmp_path, "de")[1]
    assert "Block 5 von Segment 0 (Aufnahme 1): fehlt" in german


def test_tampering_without_keys_or_log_claims_no_more_than_is_known(tmp_path):
    camera = Camera()
    camera.record()
    facts, text = told(camera, tmp_path, log=False, keys=False)
    assert (facts["complete"], facts["authenticated"]) == (None, False)
    assert "not known, because the camera's log was not given" in text
    assert "Origin: not confirmed." in text and "could have replaced" in text
    assert "Nothing is missing" not in text


# The clock -----------------------------------------------------------------------------------


def clock_of(camera, tmp_path, number=0):
    return told(camera, tmp_path)[0]["recordings"][number]["clock"]


def test_the_clock_has_source_age_and_bound(tmp_path):
    camera = Camera()
    camera.tick(4 * 3_600_000)
    camera.boot = 1
    camera.record(trust=1)
    clock = clock_of(camera, tmp_path)
    assert clock["source"] == "clock chip" and clock["set_utc"] == "2026-06-01T06:00:00Z"
    assert (clock["age_s"], clock["error_s"]) == (4 * 3600, 1 + 2)
    text = told(camera, tmp_path)[1]
    assert "wrong by up to 3 seconds, if the chip was set then" in text


def test_a_clock_set_by_the_station_counts_from_then(tmp_path):
    camera = Camera()
    camera.boot = 1
    camera.entry(3, {"cause": 1}, trust=1)
    camera.tick(3_600_000)
    camera.entry(11, {}, trust=2)
    camera.tick(10_000)
    camera.record()
    clock = clock_of(camera, tmp_path)
    assert (clock["source"], clock["age_s"], clock["error_s"]) == ("station", 10, 2)


def test_an_unset_clock_claims_no_time(tmp_path):
    camera = Camera()
    camera.boot = 1
    camera.entry(3, {"cause": 1}, trust=0)
    camera.record(trust=0)
    clock = clock_of(camera, tmp_path)
    assert (clock["source"], clock["error_s"]) == ("unset", None)
    facts, text = told(camera, tmp_path)
    assert facts["recordings"][0]["start_utc"] is None
    assert "time of day not known" in text and "No time of day is claimed." in text


@pytest.mark.parametrize(
    "year, code", [(0, "clock-early"), (4_070_908_800, "clock-late"), (-3600, "clock-early")]
)
def test_a_wrong_clock_is_named_and_has_no_bound(tmp_path, year, code):
    camera = Camera()
    camera.boot = 1
    camera.utc = year if year >= 0 else camera.utc + year
    camera.entry(3, {"cause": 1}, trust=1)
    camera.start_recording()
    camera.start_segment(trust=1)
    camera.frame(b"\xff\xd8\xff\xd9")
    camera.seal()
    clock = clock_of(camera, tmp_path)
    assert clock["error_s"] is None
    assert [finding["code"] for finding in clock["findings"]] == [code]
    # The verdict and the order do not depend on it.
    assert told(camera, tmp_path)[0]["verdict"] == "intact"


def test_stepped_and_backward_clocks_are_shown(tmp_path):
    camera = Camera()
    camera.boot = 1
    camera.entry(3, {"cause": 1}, trust=1)
    camera.spent_ms += 500_000  # UTC runs away from the time since boot
    camera.tick(1_000)
    camera.entry(11, {}, trust=1)
    camera.record(trust=1)
    camera.boot, camera.uptime_ms = 2, 0
    camera.spent_ms -= 300_000
    camera.tick(0)
    camera.entry(3, {"cause": 1}, trust=1)
    camera.record(trust=1)
    one, two = (clock_of(camera, tmp_path, number)["findings"] for number in (0, 1))
    assert [finding["code"] for finding in one] == ["clock-stepped"]
    assert [finding["code"] for finding in two] == ["clock-backwards"]
    assert "changed by 500 seconds" in one[0]["what"]


def test_a_step_inside_a_recording_is_shown_in_explain_and_in_the_manifest(tmp_path):
    camera = Camera()
    camera.start_recording()
    camera.start_segment()
    camera.event({"event": "clock", "utc": camera.utc, "trust": 1})
    camera.frames(8)
    camera.event({"event": "clock", "utc": camera.utc + 60, "trust": 2})
    camera.frames(8)
    camera.seal()
    codes = [finding["code"] for finding in clock_of(camera, tmp_path)["findings"]]
    assert codes == ["clock-step-inside"]
    export(tmp_path / "card.img", tmp_path / "out", *beside(tmp_path / "card.img"))
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    clock = manifest["recordings"][0]["clock"]
    assert clock["source"] == "station" and clock["error_s"] == 1
    assert [finding["code"] for finding in clock["findings"]] == codes


def test_without_a_log_nothing_bounds_the_clock(tmp_path):
    camera = Camera()
    camera.record()
    clock = told(camera, tmp_path, log=False)[0]["recordings"][0]["clock"]
    assert (clock["source"], clock["age_s"], clock["error_s"]) == ("station", None, None)


def test_a_clock_that_runs_as_the_time_since_boot_says_nothing(tmp_path):
    camera = Camera()
    for boot in (1, 2, 3):
        camera.boot, camera.uptime_ms = boot, 0
        camera.entry(3, {"cause": 1}, trust=1)
        camera.tick(3_600_000)
        camera.entry(4, {"from": "idle", "to": "off", "why": "off"}, trust=1)
    camera.save_log(tmp_path)
    assert Clocks(Log(tmp_path), camera.utc).findings == []


# The command ---------------------------------------------------------------------------------


def test_the_command_speaks_both_languages_and_json(tmp_path):
    camera = Camera()
    camera.record()
    card = str(camera.save(tmp_path / "card.img"))
    run = CliRunner().invoke
    assert run(cli.app, ["explain", card]).stdout.startswith("INTACT.")
    assert run(cli.app, ["explain", card, "--lang", "de"]).stdout.startswith("UNVERSEHRT.")
    facts = json.loads(run(cli.app, ["explain", card, "--json"]).stdout)
    assert facts["verdict"] == "intact" and facts["text"][0].startswith("INTACT.")
    assert run(cli.app, ["explain", card, "--lang", "fr"]).exit_code == 2
    with open(card, "r+b") as file:
        file.seek(camera.at(0, 1) + 500)
        file.write(b"\x00\x01")
    assert run(cli.app, ["explain", card]).exit_code == 1
