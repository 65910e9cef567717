"""Every lesson, done right and done wrong; what the page is for who cannot see or use a mouse."""

import re

import pytest

from tools.boards_command import board_ids
from tools.bootstrap import ROOT

pytest_plugins = ["tests.web.web_fixtures"]

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
_DAYTIMES = ("light", "dark")

# lesson: what the learner does, step by step; a number waits until a step is the current one, and
# the time is turned faster where only time must pass.
LESSONS = {
    "calm": ["fast"],
    "display": ["press", "at 1", "fast", "at 2", "press"],
    "escalation": ["press", "at 1", "twice", "at 2", "press", "at 3", "stop"],
    "forgotten": ["fast", "at 1", "stop", "at 2", "press"],
    "trouble": ["twice", "at 1", "fast", "at 2", "card in"],
}
# show, record, mark, as the camera's log counts them
COUNTS = {
    "calm": (0, 0, 0),
    "display": (1, 0, 0),
    "escalation": (1, 1, 1),
    "forgotten": (1, 1, 0),
    "trouble": (1, 1, 0),
}


_SEEN = """((box) => box.top >= 0 && box.top < innerHeight)(
    document.getElementById("{}").getBoundingClientRect())"""


def _do(one, word):
    if word == "press":
        one.ask("bodycam.time.set(1)")
        one.page.wait_for_timeout(450)
        # A polled button is not looked at while a picture is read: a press lasts as a hand's does.
        one.page.click("#key", delay=250)
    elif word == "twice":
        one.page.wait_for_timeout(450)
        one.act("press", 2)
    elif word == "stop":
        one.page.wait_for_timeout(500)
        one.act("hold", 3200)
        one.ask("bodycam.time.set(8)")
        one.until("bodycam.state().asking")
        one.ask("bodycam.time.set(1)")
        one.until("!bodycam.state().button")
        one.act("press", 1)
    elif word == "fast":
        one.ask("bodycam.time.set(30)")
    elif word == "card in":
        one.until(_SEEN.format("card_in"))
        one.page.click("#card_in")
        one.until(_SEEN.format("lesson"))
    else:
        at = int(word.split()[1])
        one.until(f"document.querySelectorAll('#lesson li')[{at}].className === 'now'", 90)


# Which board each is done on in a short run; a full one does each on all.
BOARDS = {
    "calm": "esp32_s3_eye",
    "display": "pico2w_arducam",
    "escalation": "m5stack_cores3",
    "forgotten": "pico2w_arducam",
    "trouble": "esp32_s3_eye",
}


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_is_done_by_the_procedure_and_counted_by_the_camera(view, lesson, full):
    for board in board_ids() if full else (BOARDS[lesson],):
        one = view(f"#lang=en&board={board}&lesson={lesson}")
        for word in LESSONS[lesson]:
            _do(one, word)
        one.until("document.getElementById('lesson_counts')")
        assert not one.ask("document.querySelector('#lesson .trouble')")
        told = one.text("lesson_counts")
        counted = re.search(r"shown: (\d+)\. Recordings: (\d+)\. Markers: (\d+)\.", told)
        assert tuple(map(int, counted.groups())) == COUNTS[lesson]
        assert ("Written: 0 bytes" in told) == (COUNTS[lesson][1] == 0)


def test_a_wrong_step_is_told_and_explained(view):
    one = view("#lang=en&lesson=calm")
    one.act("press", 2)
    one.until("document.querySelector('#lesson .trouble')")
    assert "The display stays dark" in one.page.text_content("#lesson .trouble")
    one.page.click("#de")
    assert "dunkel" in one.page.text_content("#lesson .trouble")


def test_a_lesson_begins_with_its_card_can_be_repeated_and_left_and_leads_to_the_next(view):
    one = view()
    one.page.click("#lesson_calm")
    one.until("!document.getElementById('lesson').hidden")
    one.act("press", 2)
    one.until("document.querySelector('#lesson .trouble')")
    one.page.click("#lesson_again")
    one.until("!document.querySelector('#lesson .trouble')")
    one.until("bodycam.state().stage === 'idle'")
    one.ask("bodycam.time.set(30)")
    one.until("document.getElementById('lesson_next')")
    own = one.ask("[...document.querySelectorAll('#lesson button')].map((node) => node.id)")
    assert own == ["lesson_next", "lesson_again", "lesson_end"]  # each is used here
    one.page.click("#lesson_next")
    one.until("document.querySelector('#lesson h2').textContent === 'The display is enough'")
    one.page.click("#lesson_end")
    assert not one.page.is_visible("#lesson")


def test_every_lesson_has_a_test(view):
    listed = view().ask("[...document.querySelectorAll('#lessons button')].map((node) => node.id)")
    assert listed == [f"lesson_{lesson}" for lesson in LESSONS]
    assert set(BOARDS.values()) == set(board_ids())


@pytest.mark.parametrize("lang, board", list(zip(("de", "en", "de"), board_ids(), strict=True)))
def test_nobody_is_left_out(view, lang, board):
    acts = "0.boot_2000.press.2_6000.hold.3200_9800.press.1"
    one = view(f"#lang={lang}&board={board}&acts={acts}&to=12000")
    page = one.page
    page.emulate_media(color_scheme=_DAYTIMES[lang == "de"], reduced_motion="reduce")
    page.click("#lesson_display")
    one.until("!document.getElementById('lesson').hidden")
    page.click("#world > summary")
    page.click("#inside > summary")
    page.click("#read_log")
    page.click("#take")
    one.until("document.querySelector('#verdict .verdict')")
    assert one.ask("matchMedia('(prefers-reduced-motion)').matches")
    one.ask("document.getElementById('body').classList.add('vibrates')")
    assert one.ask("getComputedStyle(document.getElementById('body')).animationName") == "none"
    found = one.ask(AXE.read_text(encoding="utf-8") + "; axe.run({resultTypes: ['violations']})")
    assert [(row["id"], row["nodes"][0]["html"]) for row in found["violations"]] == []
    assert one.ask("document.documentElement.lang") == lang


def test_every_word_changes_with_the_language(view):
    one = view("#lang=en")
    english = one.page.inner_text("main")
    one.page.click("#de")
    german = one.page.inner_text("main")
    assert "Present" in english and "Bereit" in german
    same = {line for line in english.splitlines() if line.strip()} & set(german.splitlines())
    allowed = {"Webcam", "Pause", "1×", "60×", "1", "2", "3", "0:00:00", "0:00:01", "0:00:02"}
    assert {line for line in same if not line.startswith("0:0")} <= allowed
    one.page.reload()
    one.until("document.documentElement.lang === 'de'")
    one.until("document.documentElement.dataset.ready")


def test_it_is_readable_on_a_phone(view):
    one = view("#lang=de", viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    one.stage("idle")
    for node in ("#world > summary", "#inside > summary"):
        one.page.click(node)
    for width in (280, 360):
        one.page.set_viewport_size({"width": width, "height": 740})
        assert one.ask("document.documentElement.scrollWidth") <= width
    small = one.ask("""[...document.querySelectorAll('button, select, summary')]
        .filter((n) => n.offsetParent && n.getBoundingClientRect().height < 32)
        .map((n) => n.id)""")
    assert small == []
