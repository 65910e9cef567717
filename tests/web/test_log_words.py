"""What the page says of the camera's log, entry by entry, without a browser."""

import json
import subprocess
from pathlib import Path

import pytest

from tools import bootstrap
from tools.evidence import layout
from tools.sim import export

STAGE = {"from": "idle", "to": "display_on", "why": "show"}
BAD = [
    (layout.STAGE, "{}"),
    (layout.STAGE, '{"from": "idle", "to": "display_on"}'),
    (layout.STAGE, '{"from": "idle", "to": "dreaming", "why": "show"}'),
    (layout.STAGE, "null"),
    (layout.STAGE, "0"),
    (layout.STAGE, "not JSON"),
    (layout.MARK, "{}"),
    (layout.MARK, '{"event": "dance"}'),
    (layout.BOOT, '{"cause": "power"}'),
    (layout.BOOT, '{"firmware": {}}'),
    (layout.OPEN, "abc"),
    (layout.SEAL, "abcdef"),
    (layout.TORN, ""),
    (layout.FAULT, '{"why": {"toString": 1}}'),
]


@pytest.fixture(scope="module")
def page():
    """Return what the page says of entries [(code, detail)], and of findings by their codes."""

    def said(entries, codes=()):
        given = {"words": export.page_words(), "entries": entries, "codes": codes}
        done = subprocess.run(
            [bootstrap.node(), Path(__file__).parent / "log_words.mjs"],
            input=json.dumps(given),
            capture_output=True,
            check=True,
            text=True,
        )
        told = json.loads(done.stdout)
        return told["told"], told["sentences"]

    return said


def test_an_entry_that_lacks_what_it_says_shows_its_raw_text_and_the_others_stay(page):
    good = (layout.STAGE, json.dumps(STAGE))
    first, *bad, last = page([good, *BAD, good])[0]
    assert first == last == ["another stage", "Present → Display on (show)"]
    for (code, detail), (_, says) in zip(BAD, bad, strict=True):
        raw = detail if code in layout.IN_WORDS else detail.encode().hex()
        assert says == raw, detail


@pytest.mark.parametrize("code", [layout.FAULT, layout.WARNING, layout.POWER])
def test_a_reason_that_is_the_name_of_something_built_in_is_an_unknown_reason(page, code):
    names = ("constructor", "toString", "__proto__", "nobody_knows")
    rows, _ = page([(code, json.dumps({"why": name, "back": name})) for name in names])
    assert rows[0][1] and rows == [rows[-1]] * len(names)


def test_a_finding_of_any_code_has_a_sentence(page):
    _, (built_in, unknown) = page([], ["constructor", "nobody-knows"])
    assert built_in == unknown == "Something on the card is not as this camera wrote it."
