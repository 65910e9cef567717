"""The camera's USB serial port in a script: what the act `dock in` plugs it into.

The station that stands there has the CHECK seed of the card's folder of keys. It authenticates
itself and then says nothing but an echo from time to time; a camera of which it has no seed is
only charged. It is the other end of tools/dock/PROTOCOL.md, and no more than that: downloading is
the work of `dock`. Runs on all three interpreters, with the firmware's own ciphers.
"""

import struct
from hashlib import sha256

_ECHO_MS = 20_000
_TRY_MS = 2000


class Port:
    """Stands for drivers/usbserial.py: a module with its class, which is this very object."""

    def __init__(self, world):
        self._came = b""
        self.host = None  # called with what the camera sends
        self.held = False
        self.USBSerial = lambda: self
        world.on("cable", lambda inserted: self.clear())

    def clear(self):
        """Lose what was not read."""
        self._came = b""

    def feed(self, data):
        """Let bytes come from the host."""
        self._came += data

    def any(self):
        """Return whether something can be read."""
        return bool(self._came)

    def readinto(self, buf):
        """Put what has come into `buf`."""
        n = min(len(buf), len(self._came))
        buf[:n] = self._came[:n]
        self._came = self._came[n:]
        return n

    def write(self, buf):
        """Send to whoever listens."""
        if self.host:
            self.host(bytes(buf))
        return True

    def hold(self, on):
        """Note whether Ctrl-C is one byte like the others."""
        self.held = on


class _Wire:
    # The port from the other end, as the firmware's Link wants it.

    def __init__(self, port):
        self._port = port
        self.came = b""

    def readinto(self, buf):
        n = min(len(buf), len(self.came))
        buf[:n] = self.came[:n]
        self.came = self.came[n:]
        return n

    def write(self, buf):
        self._port.feed(bytes(buf))


class Station:
    """The station that the act `dock in` connects. `keys` has `check_seed` in hex, or is None."""

    def __init__(self, world, port, crc16, aes, keys):
        self._world = world
        self._port = port
        self._aes = aes
        self._crc16 = crc16
        self._seed = bytes.fromhex(keys["check_seed"]) if keys else None
        self._visit = 0  # number of times docked or undocked
        world.on("dock", self._dock)

    def _dock(self, inserted):
        self._visit += 1
        self._port.host = None
        if inserted and self._seed:
            from bodycam import smp

            self._wire = _Wire(self._port)
            self._link = smp.Link(
                self._wire, lambda buf, at, n: self._crc16(memoryview(buf)[at : at + n], n), 1024
            )
            self._port.host = self._hear
            self._key = None
            self._greet(self._visit)

    def _greet(self, visit):
        # Again and again, because a camera that boots or records does not answer.
        if visit == self._visit and self._world.stage != "docked":
            self._hello = {"v": 1, "n": sha256(b"%d" % self._world.ms).digest()[:16]}
            self._hello_sent = self._ask(64, 0, self._hello)
            self._world.at(self._world.ms + _TRY_MS, self._greet, visit)
        elif visit == self._visit:
            self._ask(0, 0, {"d": ""})
            self._world.at(self._world.ms + _ECHO_MS, self._greet, visit)

    def _ask(self, group, command, body):
        from bodycam import cbor

        link = self._link
        at = link.OUT_AT + 8
        end = cbor.encode(body, link.out, at)
        struct.pack_into(">BBHHBB", link.out, link.OUT_AT, 10, 0, end - at, group, 0, command)
        link.send(end - link.OUT_AT)
        return bytes(memoryview(link.out)[at:end])

    def _hear(self, data):
        from bodycam import cbor

        self._wire.came += data
        while self._wire.came:
            message = self._link.receive()
            if message is None:
                continue
            group, command, body = message[5], message[7], bytes(message[8:])
            self._link.done()
            answer = cbor.decode(memoryview(body))
            if group == 64 and command == 0 and "s" in answer:
                self._authenticate(answer["s"], body)

    def _authenticate(self, s, answer):
        from bodycam.keys import cmac, kdf

        check, tag = bytearray(self._seed), bytearray(16)
        for _ in range(s):
            kdf(self._aes, check, b"next", b"", check)
        transcript = sha256(self._hello_sent + answer).digest()
        kdf(self._aes, check, b"auth", transcript, check)
        cmac(self._aes, check, b"station", tag)
        self._ask(64, 1, {"m": bytes(tag)})
