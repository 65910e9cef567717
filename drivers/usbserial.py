"""The processor's own USB serial port: the interpreter's standard input and output, as bytes.

Sources: MicroPython's sys_stdio_mphal.c: a read waits for as many bytes as it was
asked for, so they are asked for one by one, after `poll`; ports/esp32: a write waits 500 ms for
a host that does not listen. Bytes on this port can get lost: whoever uses it checks them.
"""

import select
import sys

from micropython import const, kbd_intr

_WAIT_MS = const(500)
_PIECE_BYTES = const(4096)
_CTRL_C = const(3)


class USBSerial:
    """The port as a stream that never waits to read."""

    def __init__(self):
        self._input, self._output = sys.stdin.buffer, sys.stdout.buffer
        self._readable, self._writable = select.poll(), select.poll()
        self._readable.register(self._input, select.POLLIN)
        self._writable.register(self._output, select.POLLOUT)
        self._one = bytearray(1)

    def any(self) -> bool:
        """Return whether something can be read."""
        for _ in self._readable.ipoll(0):
            return True
        return False

    def readinto(self, buf) -> int:
        """Put what has come into `buf`; return the number of bytes, 0 for none."""
        n = 0
        while n < len(buf) and self.any() and self._input.readinto(self._one):
            buf[n] = self._one[0]
            n += 1
        return n

    def write(self, buf) -> bool:
        """Send the memoryview `buf`; return whether the host took all of it.

        Blocks as long as the host takes it, and 0.5 s when it stops listening.
        """
        at = 0
        while at < len(buf):
            ready = False
            for _ in self._writable.ipoll(_WAIT_MS):
                ready = True
            if not ready:
                return False
            at += self._output.write(buf[at : at + _PIECE_BYTES]) or 0
        return True

    def hold(self, on: bool):
        """Let the byte 0x03 be one like the others, or interrupt the program again."""
        kbd_intr(-1 if on else _CTRL_C)
