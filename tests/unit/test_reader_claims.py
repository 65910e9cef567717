"""What an authentic card or log says may be nonsense: no reading of it fails over that."""

import json

import pytest
from model_writer import Camera
from typer.testing import CliRunner

from tools.evidence import cli
from tools.evidence.case import beside
from tools.evidence.explain import explain
from tools.evidence.export import export
from tools.evidence.info import info as look
from tools.evidence.salvage import salvage


def ways(path, out):
    """Run every reading of a card; return what `explain` says in English."""
    given = beside(path)
    look(path, *given)
    explain(path, *given, language="de")
    export(path, out / "export", *given)
    salvage(path, out / "salvage", *given)
    for file in out.rglob("*.json"):
        json.loads(file.read_text("utf-8"), parse_constant=pytest.fail)
    return explain(path, *given)


@pytest.mark.parametrize(
    "words",
    [
        *({"utc": utc} for utc in (10**30, -5, 2**32, 1.5, "x", [1], {"a": 1}, True)),
        *({"trust": trust} for trust in (1.0, 3, -1, "x", [1], {}, True)),
        {"utc": "x", "trust": {}},
    ],
    ids=str,
)
def test_an_unusable_clock_is_not_known_and_stops_nothing(tmp_path, words):
    camera = Camera()
    camera.record()
    opening = camera.opening
    camera.opening = lambda trust: {**opening(trust), **words}
    camera.start_recording()
    camera.start_segment()
    camera.frames(3)
    camera.event({"event": "clock", "utc": camera.utc, "trust": 2, **words})
    camera.frames(3)
    camera.seal()
    facts = ways(camera.save(tmp_path / "card.img"), tmp_path)
    assert facts["verdict"] == "intact"
    good, bad = facts["recordings"]
    assert good["start_utc"] and bad["start_utc"] is None and bad["frames"] == 6
    assert [finding["code"] for finding in bad["findings"]] == ["words-unusable"]
    manifest = json.loads((tmp_path / "export" / "manifest.json").read_text("utf-8"))
    assert [r["start_utc"] is None for r in manifest["recordings"]] == [False, True]
    assert look(tmp_path / "card.img", *beside(tmp_path / "card.img"))["recordings"][1]["frames"]


@pytest.mark.parametrize("value", [None, "x", [1], {"a": 1}, 10**30, -1, 1.5, True], ids=str)
@pytest.mark.parametrize("name", ["lost", "from_ms", "to_ms", "why"])
def test_an_unusable_gap_stops_nothing(tmp_path, name, value):
    camera = Camera()
    camera.start_recording()
    camera.start_segment()
    camera.frames(3)
    words = {"lost": 0, "from_ms": 100, "to_ms": 200, "why": "card", name: value}
    camera.add(4, json.dumps(words).encode())
    camera.gaps += 1
    camera.frames(3)
    camera.seal()
    facts = ways(camera.save(tmp_path / "card.img"), tmp_path)
    (recording,) = facts["recordings"]
    assert facts["verdict"] == "intact" and recording["frames"] == 6
    assert len(recording["gaps"]) == 1


@pytest.mark.parametrize(
    "words", [{"text": "\ud800"}, {"\udfff": 1}, {"why": float("nan")}, {"a": [[[]]]}], ids=ascii
)
def test_text_that_is_no_text_stops_nothing(tmp_path, words):
    camera = Camera()
    opening = camera.opening
    camera.opening = lambda trust: {**opening(trust), "board": "\ud800"}
    camera.start_recording()
    camera.start_segment()
    camera.event({"event": "mark", **words})
    camera.frames(3)
    camera.seal(log=False)
    camera.flush()
    camera.entry(9, {"why": "\udc80", "detail": "\ud800", "utc": 10**30})
    facts = ways(camera.save(tmp_path / "card.img"), tmp_path)
    assert "words-unusable" in [f["code"] for f in facts["recordings"][0]["findings"]]
    "\n".join(facts["text"]).encode()


@pytest.mark.parametrize("utc", [0, 2**32 - 1])
def test_a_clock_at_its_end_has_no_time_of_day_there(tmp_path, utc):
    camera = Camera()
    opening = camera.opening
    camera.opening = lambda trust: {**opening(trust), "utc": utc, "trust": 1}
    camera.start_recording()
    camera.start_segment()
    camera.uptime_ms -= 2_000 if utc == 0 and camera.uptime_ms > 2_000 else 0
    camera.frames(20)
    camera.seal()
    assert ways(camera.save(tmp_path / "card.img"), tmp_path)["recordings"][0]["frames"] == 20


@pytest.mark.parametrize("evil", ["\x1b[2J", "\x9b2J", "\n\rINTACT.", "\u202e", "[/red]", ":x:"])
def test_text_from_a_card_or_log_moves_no_cursor_and_forges_no_line(tmp_path, evil):
    camera = Camera(name=f"X{evil}")
    camera.start_recording()
    camera.start_segment()
    camera.frames(3)
    camera.gap(2, why=evil)
    camera.frames(2)
    camera.event({"event": "mark", "text": evil, evil: 1})
    camera.flush()
    camera.entry(7, camera.open["n"].to_bytes(4, "little") + (2).to_bytes(4, "little"))
    camera.open = None
    camera.entry(9, {"why": evil, "detail": evil})
    path = str(camera.save(tmp_path / "card.img"))
    told = ""
    for words in (["verify"], ["explain"], ["explain", "--lang", "de"], ["info"]):
        result = CliRunner().invoke(cli.app, [words[0], path, *words[1:]])
        assert result.exit_code == 0, result.exception
        told += result.output
    assert not set(told) & set("\x1b\x9b\r\u202e") and "\nINTACT." not in told
    assert not evil.isprintable() or evil in told
    ways(path, tmp_path)
    for file in tmp_path.glob("*/*.json"):
        assert evil.isprintable() or evil not in file.read_text("utf-8"), file
