"""The page, built once, in a real Chromium.

The tests of a file share one open page: a link in the same tab gives a new camera at a third of a
load. An open page takes a seventh of a core even where its time stands still, so browser and page
end with the file.
"""

import json
import time

import pytest

from tools import chromium
from tools.sim import export

# Nobody is asked for the webcam, and it shows a test picture.
FLAGS = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")

# Which controls were ever used, by id; a drawer's summary has its drawer's.
_USED = """(() => {
    globalThis.used = new Set();
    const note = ({target}) => {
      const node = target.closest?.("a, button, input, select, summary");
      if (node) used.add(node.id || node.closest("details").id);
    };
    for (const kind of ["change", "click", "keydown"]) addEventListener(kind, note, true);
  })();"""
_CONTROLS = """[...document.querySelectorAll("a, button, input, select, summary")]
    .map((node) => node.id || node.closest("details").id)"""
_AS_AT_FIRST = """(() => {
    for (const node of document.querySelectorAll("details")) node.open = false;
    delete document.documentElement.dataset.ready;
  })()"""


@pytest.fixture(scope="module")
def browser():
    """A Chromium; which one it is stands in the summary."""
    with chromium.browser(*FLAGS) as (made, source):
        made.source = source
        yield made


@pytest.fixture(scope="session")
def page_file(tmp_path_factory):
    """The page as `sim --export` writes it."""
    return export.export(tmp_path_factory.mktemp("page"))


class View:
    """One open page. What it asked for, and what it complained of, is kept."""

    def __init__(self, browser, address, before="", **options):
        size = {"width": 1280, "height": 900}
        options = {"viewport": size, "locale": "en-GB", "has_touch": True} | options
        self.address = address
        self.context = browser.new_context(**options)
        self.context.add_init_script(_USED + before)
        self.page = self.context.new_page()
        self.requests, self.complaints = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self._opened = 0

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def open(self, situation):
        """Open a situation, and wait until its camera is there; `ready_s` is how long it took."""
        if self._opened:
            self.ask(_AS_AT_FIRST)
        self._opened += 1
        started_s = time.monotonic()
        # With a number, so that the same situation again is not a new load.
        self.page.goto(f"{self.address}{situation}&n={self._opened}")
        self.until("document.documentElement.dataset.ready")
        self.ready_s = time.monotonic() - started_s
        return self

    def reload(self):
        """Load the page anew, as it is without a situation."""
        self.page.goto("about:blank")
        self._opened = 0
        return self.open("#lang=en")

    def ask(self, script):
        """Return what JavaScript says."""
        return self.page.evaluate(script)

    def until(self, script, seconds=30):
        """Wait until JavaScript says something that is true, and return it.

        Playwright's own waiting needs eval, which the page's policy forbids.
        """
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            found = self.ask(f"(() => {{ try {{ return {script} }} catch {{ return null }} }})()")
            if found:
                return found
            self.page.wait_for_timeout(30)
        state = self.ask("JSON.stringify(globalThis.bodycam?.state())")
        raise AssertionError(f"not within {seconds} s: {script}; {self.complaints} {state}")

    def state(self):
        """Return the camera's state."""
        return self.ask("bodycam.state()")

    def stage(self, stage, seconds=30):
        """Wait for a stage."""
        self.until(f"bodycam.state().stage === '{stage}'", seconds)

    def controls(self):
        """Return the ids of all controls, a drawer's summary by its drawer's."""
        return set(self.ask(_CONTROLS))

    def text(self, name):
        """Return the text of the element with this id."""
        return self.page.text_content(f"#{name}")

    def run_to(self, ms):
        """Let the camera's time run to `ms` as fast as it goes, and stand still."""
        self.ask(f"bodycam.time.runTo({ms})")

    def act(self, *words):
        """Do an act in the camera's world."""
        self.ask(f"bodycam.camera.act(...{json.dumps(words)})")


@pytest.fixture(scope="session")
def used_controls():
    """The ids of the controls that tests used; complete when the pages of a test are done with."""
    return set()


@pytest.fixture(scope="module")
def shared_page(browser, page_file):
    """The page that tests share."""
    one = View(browser, page_file.as_uri())
    yield one
    one.context.close()


@pytest.fixture
def view(browser, page_file, shared_page, used_controls):
    """A function (situation, **options) -> View; nothing may go wrong in any of them.

    Without options it is the page that tests share. `address` is another than the page's file,
    `before` a script that runs before the page's own; the others are the browser context's.
    """
    made = []

    def open_view(situation="#lang=en", address=None, before="", **options):
        if address or before or options:
            one = View(browser, address or page_file.as_uri(), before, **options)
        else:
            one = shared_page
            one.page.emulate_media(color_scheme="light", reduced_motion="no-preference")
        made.append(one)
        return one.open(situation)

    yield open_view
    complaints = [one.complaints[:] for one in made]
    for one in set(made):
        used_controls.update(one.ask("[...used]"))
        if one is not shared_page:
            one.context.close()
            continue
        one.complaints.clear()
        one.ask("bodycam.time.set(0)")
    assert complaints == [[]] * len(made)
