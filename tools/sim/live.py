"""A camera in real time, docked: its serial port is this process's standard input and output.

Runs on MicroPython's unix port and on CPython. What the run loop waits, this computer waits; what
work and chips cost in virtual time is only counted, so that a download is as fast as the program.
"""

import json
import os
import select
import sys
import time

from tools.sim.runner import Run

if hasattr(time, "ticks_ms"):

    def _now_ms():
        return time.ticks_ms()

else:

    def _now_ms():
        return int(time.monotonic() * 1000)


class _LiveRun(Run):
    def __init__(self, host, config):
        super().__init__(host, config)
        self._poll = select.poll()
        self._poll.register(sys.stdin.buffer, select.POLLIN)
        self.sleep = self._doze

    def _doze(self, ms):
        # As long as that, or until something comes in on the port.
        start = _now_ms()
        if ms > 0:
            self._poll.poll(ms)
        self.world.sleep(min(ms, max(1, _now_ms() - start)))

    def tell(self, stage):
        print("!", json.dumps(stage), file=sys.stderr)

    def _urandom(self, n):
        return os.urandom(n)


def main(host, config_path):
    """Run the camera that a configuration file describes until this process is ended."""
    modules = host.live_modules()
    run = _LiveRun(host, json.loads(host.read_text(config_path)))
    del run.camera.modules["drivers.usbserial"]  # the firmware's own driver is at work
    run.camera.modules.update(modules)
    try:
        while run.slice(60_000):
            pass
    except BaseException as error:  # noqa: BLE001  (it ends the process)
        # Not on standard output: that is the port.
        host.print_error(error)
        sys.exit(1)
