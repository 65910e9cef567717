"""The camera's own main.py at a real prompt: it starts what was flashed, a release in a slot, and
what was there before when a release does not work.
"""

import hashlib
import json
import time

import pyhsslms
import pytest
from conftest import ROOT
from pty_camera import Camera

from tools.boards_command import compiled
from tools.flash.link import Link

# A camera's program, as far as main.py knows it. What comes after `App(...)` is the release's.
APP = """
class App:
    def __init__(self, board, slots=None):
        print("board", board.FACE, "app", {name!r})
        self.slots = slots

    def run(self):
        {run}
"""
KEEPS = "self.slots.confirm()"
WITHOUT_CONFIRM = "pass"
RAISES = "raise MemoryError('no room')"


def mpy(folder, name, source):
    path = folder / "source.py"
    path.write_text(source)
    return compiled(path, "x64", name)


def program(folder, name, run):
    """Return {path: bytes} of a firmware of that name."""
    files = {"board.mpy": mpy(folder, "board.py", f"ID = 'it'\nFACE = {name!r}\n")}
    files["bodycam/app.mpy"] = mpy(folder, "bodycam/app.py", APP.format(name=name, run=run))
    for part in ("__init__", "slots", "lms"):
        path = ROOT / "firmware" / "bodycam" / f"{part}.py"
        files[f"bodycam/{part}.mpy"] = compiled(path, "x64", f"bodycam/{part}.py")
    return files


@pytest.fixture(scope="module")
def key():
    return pyhsslms.LmsPrivateKey(pyhsslms.lms_sha256_m32_h5, pyhsslms.lmots_sha256_n32_w4)


@pytest.fixture
def camera(tmp_path, key):
    """A camera at a prompt, flashed by hand with the real main.py."""
    with Camera(tmp_path) as there:
        with Link(there.port) as link:
            link.call("folder", "/bodycam")
            for name, data in program(tmp_path, "flashed", KEEPS).items():
                link.put("/" + name, data)
            public = key.publicKey().serialize()
            link.put("/release.py", f"PUBLIC = {public!r}\n".encode())
        yield there


def start(camera):
    """Run main.py as a boot does; return what it printed."""
    restarts = camera.restarts
    with Link(camera.port) as link:
        link._transport.exec_raw_no_follow((ROOT / "firmware" / "main.py").read_text())
        out, error = link._transport.follow(timeout=10)
        assert not error, error
        until_s = time.monotonic() + 10
        while b"reset" in out and camera.restarts == restarts:
            assert time.monotonic() < until_s
            time.sleep(0.01)
    return " ".join(out.decode().split())


def install(camera, key, files, number):
    """Give the camera a release, by the functions that its dock calls."""
    about = {name: [len(data), hashlib.sha256(data).hexdigest()] for name, data in files.items()}
    row = {"board": "it", "version": "1", "number": number, "files": about}
    manifest = json.dumps(row).encode()
    with Link(camera.port) as link:
        link._transport.exec(
            "import release\nfrom bodycam.slots import Slots\n"
            "slots = Slots('it', release.PUBLIC)\nslots.enter()\n"
            f"missing = slots.begin({manifest!r}, {key.sign(manifest)!r})"
        )
        for name, data in files.items():
            for at in range(0, len(data), 1024):
                piece = data[at : at + 1024]
                link._transport.exec(f"slots.write({name!r}, {at}, {piece!r})")
        link._transport.exec("slots.switch()")


def test_what_starts_is_flashed_then_released_then_the_one_before(camera, key, tmp_path):
    assert start(camera) == "board flashed app flashed reset"
    install(camera, key, program(tmp_path, "one", KEEPS), 1)
    assert start(camera) == "board one app one reset"
    assert start(camera) == "board one app one reset"
    install(camera, key, program(tmp_path, "two", WITHOUT_CONFIRM), 2)
    assert start(camera) == "board two app two reset"
    assert start(camera) == "board one app one reset"
    install(camera, key, program(tmp_path, "three", RAISES), 3)
    assert start(camera) == "board three app three reset"
    assert start(camera) == "board one app one reset"


@pytest.mark.parametrize("broken", ["bodycam/app.mpy", "board.mpy"])
def test_a_release_that_cannot_even_be_imported_falls_back(broken, camera, key, tmp_path):
    files = program(tmp_path, "one", KEEPS)
    files[broken] = b"M\x05no such version"
    install(camera, key, files, 1)
    assert start(camera) == "reset"
    assert start(camera) == "board flashed app flashed reset"
