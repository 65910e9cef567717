"""Cameras on ptys for the dock's tests, and the dock run on them."""

import hashlib
import json
import os
import pty
import subprocess
import sys
import tty
from pathlib import Path

from model_writer import Camera

from tools.bootstrap import ROOT

HERE = Path(__file__).resolve().parent


def environment():
    """The environment of every process here."""
    paths = os.pathsep.join(map(str, (ROOT, HERE, ROOT / "tests" / "unit")))
    return {**os.environ, "PYTHONPATH": paths}


def recorded(path, recordings=2, frames=8, seed=1, torn=False, size=9_000):
    """Make card, log and keys of a camera with recordings; return (image, the model camera)."""
    camera = Camera(seed=seed, places=max(6, recordings + 1), name=f"CAM-{seed}")
    for _ in range(recordings):
        camera.start_recording()
        camera.start_segment()
        camera.frames(frames, size)
        camera.seal()
    if torn:
        camera.start_recording()
        camera.start_segment()
        camera.frames(frames, size)
        camera.cut()
    return camera.save(path), camera


class Plugged:
    """A fake camera in a process of its own behind a pty at `port`; a context manager.

    `kill` and `start` pull its power; the pty stays, as a station's hub does. `vaults` are folders
    in which it looks at each RELEASE whether the segment is there.
    """

    def __init__(self, image, noise_pct=0.0, seed=0, vaults=()):
        self._arguments = [str(image), str(noise_pct), str(seed), *map(str, vaults)]
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self.process = None
        self.start()

    def start(self):
        script = str(HERE / "fakecamera.py")
        self.process = subprocess.Popen(
            [sys.executable, script, str(self._master), *self._arguments],
            pass_fds=[self._master],
            env=environment(),
        )

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        os.close(self._master)
        os.close(self._slave)


def begin(*words, faults="", seed=0):
    """Start the command `dock` in a process; with faults as `faultydock.py` has them."""
    command = [str(ROOT / "tools"), "dock"]
    if faults:
        command = [str(HERE / "faultydock.py"), str(seed), faults]
    return subprocess.Popen(
        [sys.executable, *command, *map(str, words), "--json"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def dock(*words, status=0, faults="", seed=0, limit_s=100):
    """Run the command; return the cameras of its JSON, and what it said."""
    process = begin(*words, faults=faults, seed=seed)
    out, said = process.communicate(timeout=limit_s)
    assert process.returncode == status, out + said
    return json.loads(out)["cameras"], said


def is_blank(image, at, size=-1):
    """Return whether a card image has nothing but zeros from byte `at` on."""
    with open(image, "rb") as file:
        file.seek(at)
        data = file.read(size)
    return data.count(0) == len(data) > 0


def stored(vault, model):
    """Return {(segment, block): bytes} of what a vault in a folder holds of a camera."""
    found = {}
    for path in Path(vault, "cameras", model.device.hex()).rglob("segment-*.bwl"):
        n, data = int(path.name.split("-")[1]), path.read_bytes()
        if hashlib.sha256(data).hexdigest() != path.name.split("-")[2].removesuffix(".bwl"):
            continue  # what a faulty vault has altered
        for b in range(len(data) // 16_384):
            assert (n, b) not in found, f"two copies of block {b} of segment {n}"
            found[n, b] = data[b * 16_384 : (b + 1) * 16_384]
    return found
