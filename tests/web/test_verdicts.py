"""The page's verifier and `card verify` agree about damaged cards."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.web.damage import BLOCK, DAMAGES, Case
from tools import bootstrap
from tools.evidence import card as evidence_card
from tools.evidence import case as judging
from tools.evidence.case import beside
from tools.evidence.verdict import examine, recordings, summary, written
from tools.sim import export, headless

HERE = Path(__file__).resolve().parent
CARD_BYTES = 32 << 20
# A short recording; a long one, of two segments; one that a power cut ends, and one after it.
DAYS = (
    """\
0:00  boot
0:05  press twice
+6    hold 3
+1    press
+3    press
+2    press twice
+46   hold 3
+1    press
+5    end
""",
    """\
0:00  boot
0:05  press twice
+4    cut
+2    boot
+4    press twice
+5    press
+2    hold 3
+1    press
+5    end
""",
)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A card after two days: (image, [(card, log) after each day])."""
    folder = tmp_path_factory.mktemp("card")
    image = folder / "card.img"
    evidence_card.new(image, CARD_BYTES, seed=1)
    days = []
    for i, text in enumerate(DAYS):
        script = folder / f"{i}.txt"
        script.write_text(text)
        on = "unix" if bootstrap.micropython() else "cpython"
        done = headless.run(
            "m5stack_cores3", on, script=script, card=image, out_dir=folder / str(i)
        )
        assert not done["error"]
        days.append((image.read_bytes(), Path(f"{image}.camera/log.bin").read_bytes()))
    return image, days


@pytest.fixture(scope="module")
def verdicts(recorded, tmp_path_factory):
    """{damage: (what `card verify` says, what the page says)}."""
    image, (before, now) = recorded
    folder = tmp_path_factory.mktemp("damaged")
    keys = export.raw_keys(export.key_files(beside(image)[1][0]), before[1])
    command = [bootstrap.node(), str(HERE / "verify_cards.mjs")]
    damaged, camera = folder / "card.img", folder / "camera"
    camera.mkdir()
    damaged.touch()
    found, there = {}, b""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as page:
        for name, damage in DAMAGES.items():
            case = Case(*now, before)
            damage(case)
            _bring(damaged, there, case.card)
            there = case.card
            (camera / "log.bin").write_bytes(case.log)
            words = {"image": str(damaged), "log": str(camera / "log.bin"), "keys": keys}
            print(json.dumps(words), file=page.stdin, flush=True)
            with judging.Case(damaged, camera, beside(image)[1]) as judged:
                readings = examine(judged)
                told = {**summary(judged, readings), "recordings": recordings(readings)}
                told["written"] = written(readings)
            found[name] = told, json.loads(page.stdout.readline())
        page.stdin.close()
    return found


def _bring(path, before, now):
    """Write what a file that holds `before` needs to hold `now`."""
    with open(path, "r+b") as file:
        for at in range(0, len(now), BLOCK):
            if now[at : at + BLOCK] != before[at : at + BLOCK]:
                file.seek(at)
                file.write(now[at : at + BLOCK])
        file.truncate(len(now))


def test_there_are_fifty_damaged_cards_of_every_verdict(verdicts):
    assert len(DAMAGES) > 50
    assert {told["verdict"] for told, _ in verdicts.values()} == {
        "torn-tail",
        "incomplete",
        "damaged",
        "tampered",
    }


@pytest.mark.parametrize("name", DAMAGES)
def test_the_page_says_what_the_command_says_of(name, verdicts):
    told, page = verdicts[name]
    keys = ("verdict", "complete", "authenticated", "recordings", "segments", "frames", "gaps")
    keys += ("written",)
    codes = {row["code"] for row in told["findings"] if row["kind"] != "note"}
    assert {key: page[key] for key in keys} == {key: told[key] for key in keys}, (codes, page)
    assert set(page["codes"]) == codes
    assert all(re.fullmatch(r"[A-Z][^{}_–]+\.", text) for text in page["said"]), page["said"]
    assert not any(code in text for code in codes if "-" in code for text in page["said"])
