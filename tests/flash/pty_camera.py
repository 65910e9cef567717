"""A camera on a pty: a real MicroPython prompt for real mpremote, and trouble on demand."""

import json
import os
import pty
import select
import signal
import subprocess
import threading
import tty
from pathlib import Path

from conftest import ROOT, _command

_RAW = b"raw REPL; CTRL-B to exit\r\n>"
_RESET = 3  # exit status of machine.reset()


class Camera:
    """MicroPython's unix port behind a pty at `port`; a context manager.

    `blocks` of 4 KiB is its flash, which is the file `flash` in `folder` and outlives it.
    `cut_after` bytes to it the cable is pulled and the power is gone. With `runs` a program runs
    at first, until Ctrl-C. `restarts` counts resets, `said` is what it put out.
    `cut_after_writes` to its flash the power goes in the middle of one.
    """

    def __init__(self, folder, blocks=256, cut_after=None, **config):
        config = {"root": str(ROOT), "flash": str(folder / "flash"), "blocks": blocks, **config}
        self._words = config
        self._config = folder / "config.json"
        self._config.write_text(json.dumps(config))
        self.said = b""
        self._left = cut_after
        self.restarts = 0
        self.received = 0
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._stop_r, self._stop_w = os.pipe()
        self._raw = False
        self._child = None
        self._start(config.get("runs", False))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.write(self._stop_w, b"x")
        self._thread.join()
        for descriptor in (self._stop_r, self._stop_w):
            os.close(descriptor)

    def _start(self, runs=False):
        self._runs = runs
        self._inner, slave = pty.openpty()
        tty.setraw(slave)
        prompt = str(Path(__file__).with_name("prompt.py"))
        # In a namespace of its own, as a camera's flash driver is not at the prompt either.
        script = f"exec(open({prompt!r}).read(), {{'CONFIG': {str(self._config)!r}}})"
        command = [*_command("unix"), "-X", "heapsize=24m", "-i", "-c", script]
        self._child = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)

    def _power_off(self):
        self._child.send_signal(signal.SIGKILL)
        self._child.wait()
        os.close(self._inner)

    def _run(self):
        hidden = b""  # what a new prompt says before it is where the old one was
        waiting = False
        try:
            while True:
                ready, _, _ = select.select([self._master, self._inner, self._stop_r], [], [])
                if self._stop_r in ready:
                    return
                if self._master in ready:
                    data = os.read(self._master, 4096)
                    if self._left is not None and self.received + len(data) >= self._left:
                        os.write(self._inner, data[: self._left - self.received])
                        return
                    self.received += len(data)
                    if b"\x01" in data:
                        self._raw = True
                    if b"\x03" in data and self._runs:
                        self._runs = False
                        self._child.send_signal(signal.SIGINT)
                    os.write(self._inner, data)
                if self._inner in ready:
                    try:
                        data = os.read(self._inner, 4096)
                    except OSError:
                        data = b""
                    self.said += data
                    if not data and self._child.wait() == -signal.SIGKILL:
                        return
                    if not data:
                        waiting, hidden = self._again(), b""
                    elif waiting:
                        hidden += data
                        if hidden.endswith(b">>> "):
                            os.write(self._inner, b"\x01")
                        elif _RAW in hidden:
                            os.write(self._master, _RAW)
                            waiting = False
                    else:
                        os.write(self._master, data)
        finally:
            self._power_off()
            os.close(self._master)
            os.close(self._slave)

    def _again(self):
        """Start anew after a soft reset or a reset; return whether to go to the raw prompt."""
        self._config.write_text(
            json.dumps({**json.loads(self._config.read_text()), "runs": False})
        )
        os.close(self._inner)
        status = self._child.wait()
        self._start()
        if status == _RESET:
            self.restarts += 1
            self._raw = False
            return False
        os.write(self._master, b"MPY: soft reboot\r\n")
        return self._raw
