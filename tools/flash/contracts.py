"""The contracts of tests/device on a camera: what the firmware counts on, tried on its own chips.

They are micropython-lib `unittest` files. Each is sent as text and leaves nothing on the camera,
where the firmware must be, but does not run.
"""

import json

import rich
from rich.console import Console
from rich.status import Status

from tools.bootstrap import ROOT
from tools.flash.cli import version
from tools.flash.install import MANIFEST
from tools.flash.link import CameraError, Link, LinkError, choose

FOLDER = ROOT / "tests" / "device"

# In this order: the card goes into SPI mode before the display's first traffic.
CONTRACTS = ("chips", "card", "display", "camera", "ciphers", "logflash", "interpreter")

_COLOURS = {"ok": "green", "lacks": "yellow", "fail": "red"}


def source(name):
    """Return the text of a file of tests/device."""
    return (FOLDER / f"{name}.py").read_text(encoding="utf-8")


def run(port, scratch_card):
    """Run all contracts on the camera at `port` and print each result; return the exit status.

    Raises:
        LinkError: the camera cannot be reached, has no firmware or no `unittest`.
    """
    with Link(choose(port)) as link:
        _fit(link)
        link.call("hold")
        link.load(FOLDER / "agent.py")
        with Status("joining the chips", console=Console(stderr=True)):
            link.call("module", "rig", source("rig"))
            link.call("allow", scratch_card)
        counts = dict.fromkeys(_COLOURS, 0)
        for name in CONTRACTS:
            for test, state, words in _results(link, name):
                counts[state] += 1
                _say(name, test, state, words)
        link.restart()
    rich.print(", ".join(f"{n} {state}" for state, n in counts.items()))
    return 1 if counts["fail"] else 0


def _fit(link):
    if link.call("missing", ["board", "bodycam"]):
        raise LinkError("there is no firmware on this camera: `python3 -m tools flash` first")
    if link.call("missing", ["unittest"]):
        raise LinkError(
            "this camera has no module unittest: once "
            f"`mpremote connect {link.port} mip install unittest`, then again"
        )
    try:
        there = json.loads(link.call("text", "/" + MANIFEST))["version"]
    except (ValueError, KeyError):
        there = "without a manifest"
    if there != version():
        rich.print(f"[yellow]The camera's firmware is {there}, these tests are of {version()}.[/]")


def _results(link, name):
    with Status(name, console=Console(stderr=True)):
        try:
            link.call("module", name, source(name))
            return link.call("run", name)
        except CameraError as error:
            return [[name, "fail", str(error)]]


def _say(name, test, state, words):
    about = words.strip().splitlines()[-1] if words else ""
    what = test.removeprefix("test_").replace("_", " ")
    rich.print(f"[{_COLOURS[state]}]{state:<6}[/]{name:<12}{what}", end="")
    print(f": {about}" if about else "")
