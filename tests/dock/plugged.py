"""Cameras on ptys for the dock's tests, and the dock run on them."""

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
_ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(map(str, (ROOT, HERE, ROOT / "tests" / "unit"))),
}


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

    `kill` and `start` pull its power; the pty stays, as a station's hub does.
    """

    def __init__(self, image, noise_pct=0.0, seed=0):
        self._arguments = [str(image), str(noise_pct), str(seed)]
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
            env=_ENVIRONMENT,
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


def dock(*words, status=0):
    """Run the command in a process; return its JSON."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools"), "dock", *map(str, words), "--json"],
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return json.loads(done.stdout)["cameras"], done.stderr
