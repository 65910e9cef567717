"""A camera in real time, docked: its serial port is this process's standard input and output.

Runs on MicroPython's unix port and on CPython. What the firmware waits, this computer waits; what
its work costs in virtual time is only counted, so that a download is as fast as the program is.
"""

import json
import os
import select
import sys
import time

from tools.sim.runner import Run
from tools.sim.world import World


class _LiveWorld(World):
    """Sleeps as long as it is told; rests until something comes in on the port."""

    def __init__(self, board, seed):
        super().__init__(board, seed)
        self._poll = select.poll()
        self._poll.register(sys.stdin.buffer, select.POLLIN)

    def sleep(self, ms):
        """Let `ms` milliseconds pass: a chip wants them whole."""
        time.sleep(ms / 1000)
        super().sleep(ms)

    def rest(self, ms):
        """Let `ms` milliseconds pass, or fewer."""
        start = _now_ms()
        self._poll.poll(ms)
        super().sleep(min(ms, max(1, _now_ms() - start)))


class _LiveRun(Run):
    def new_world(self, seed):
        return _LiveWorld(self._board, seed)

    def tell(self, stage):
        print("!", json.dumps(stage), file=sys.stderr)

    def _urandom(self, n):
        return os.urandom(n)


if hasattr(time, "ticks_ms"):

    def _now_ms():
        return time.ticks_ms()

else:

    def _now_ms():
        return int(time.monotonic() * 1000)


def main(host, config_path):
    """Run the camera that a configuration file describes until this process is ended."""
    run = _LiveRun(host, json.loads(host.read_text(config_path)))
    del run.camera.modules["drivers.usbserial"]  # the firmware's own driver is at work
    run.camera.modules.update(host.live_modules())
    while run.slice(60_000):
        pass
