"""The page, built once, in a real Chromium."""

import time

import pytest

from tools import chromium
from tools.sim import export

# Nobody is asked for the webcam, and it shows a test picture.
FLAGS = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@pytest.fixture(scope="session")
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

    def __init__(self, context, address, before):
        self.context = context
        self.page = context.new_page()
        self.page.add_init_script(before)
        self.requests, self.complaints = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        started_s = time.monotonic()
        self.page.goto(address)
        self.until("document.documentElement.dataset.ready")
        self.ready_s = time.monotonic() - started_s

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def ask(self, script):
        """Return what JavaScript says."""
        return self.page.evaluate(script)

    def until(self, script, seconds=20):
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

    def stage(self, stage, seconds=20):
        """Wait for a stage."""
        self.until(f"bodycam.state().stage === '{stage}'", seconds)

    def run_to(self, ms):
        """Let the camera's time run to `ms` as fast as it goes, and stand still."""
        self.ask(f"bodycam.time.runTo({ms})")

    def act(self, *words):
        """Do an act in the camera's world."""
        self.ask(f"bodycam.camera.act({', '.join(map(repr_js, words))})")


def repr_js(value):
    """Return a value as JavaScript has it."""
    return {None: "null", True: "true", False: "false"}.get(value, repr(value))


@pytest.fixture
def view(browser, page_file):
    """A function (hash, **options of the context) -> View; nothing may go wrong in any of them.

    `before` is a script that runs before the page's own.
    """
    made = []

    def open_view(situation="#lang=en", address=None, before="", **options):
        options = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"} | options
        context = browser.new_context(**options)
        made.append(View(context, (address or page_file.as_uri()) + situation, before))
        return made[-1]

    yield open_view
    for one in made:
        one.context.close()
    assert [one.complaints for one in made] == [[]] * len(made)
