"""The line to one camera: SMP over a serial port, as PROTOCOL.md sections 1 and 2.

smpclient frames and unframes. What it leaves to its caller is here: an answer that was damaged or
never came is asked for again, and a port that went away is opened again.
"""

import asyncio
import binascii
import os
import struct
import sys
import time
from base64 import b64decode
from binascii import crc_hqx
from importlib.util import find_spec
from types import ModuleType

import cbor2
from serial import SerialException
from smp.header import OP, Header, Version
from smp.packet import CONTINUE_DELIMITER, START_DELIMITER

from .words import LINK, say

# What smpclient imports first, all messages of SMP, takes 0.4 s, and none of them is used here.
_bare = ModuleType("smpclient")
_bare.__path__ = find_spec("smpclient").submodule_search_locations
sys.modules.setdefault("smpclient", _bare)
from smpclient.transport import SMPTransportDisconnected  # noqa: E402
from smpclient.transport.serial import BufferSize, SMPSerialTransport  # noqa: E402

if sys.modules["smpclient"] is _bare:
    del sys.modules["smpclient"]  # for others it is whole

BLOCK = 16_384
OS, FILES, CUSTODY = 0, 8, 64
BUSY, NOT_NOW, NO_FILE, UNREADABLE, NO_COMMAND = 10, 6, 5, 1, 8
MISMATCH, NO_SESSION = 9, 11

_BUFFER_BYTES = 2048  # what a camera takes, PROTOCOL.md section 2
_TRIES = 8
_SILENCE_S = 0.3  # in the middle of an answer: the rest of it is lost
_OPEN_S = 20  # a camera that restarts is back by then
_DAMAGED = (binascii.Error, struct.error, ValueError, cbor2.CBORDecodeError)


class LinkLost(OSError):
    """The camera on `port` does not answer any more; `why` is a key of words.LINK. With `closed`
    the port is gone, and has been waited for.
    """

    def __init__(self, why: str, port: str):
        self.closed = why == "closed"
        self._said = say(LINK[why], {"port": port})
        super().__init__(self._said["en"])

    def say(self, language: str) -> str:
        """Return the sentence in a language."""
        return self._said[language]


class Refused(Exception):
    """The camera refused a request with this standard code, `rc`."""

    def __init__(self, rc: int):
        super().__init__(f"the camera refused: code {rc}")
        self.rc = rc


class _Damaged(Exception):
    """An answer came, and not whole."""


class _Port(SMPSerialTransport):
    """smpclient's transport for a station with many cameras: it waits for bytes instead of asking
    every 5 ms, takes a whole answer apart at once instead of line by line, and gives up an answer
    whose rest does not come. That is a fifth of the work for each block.
    """

    def __init__(self):
        exclusive = True if os.name == "posix" else None
        super().__init__(BufferSize(_BUFFER_BYTES), timeout=0.02, exclusive=exclusive)
        self._came_s = None

    def begin(self):
        """Forget what came before: it answers nothing that is asked from now on."""
        self._reset_state()
        self._conn.reset_input_buffer()
        self._came_s = None

    async def receive(self):
        """Return the next message.

        Raises:
            _Damaged: what came is not one.
        """
        while True:
            message = self._message()
            if message is not None:
                return message
            data = await self._read_all()
            self._buffer += data
            if not data:
                await asyncio.sleep(0)  # lets a time limit be noticed

    def _message(self):
        """Take a message out of the buffer; None while it is not all there."""
        start = self._buffer.find(START_DELIMITER)
        end = self._buffer.find(b"\n", start)
        if start < 0 or end < start + 6:
            return None
        room = end - start - 2  # base64 letters in each line but the last
        (size,) = struct.unpack(">H", binascii.a2b_base64(self._buffer[start + 2 : start + 6])[:2])
        letters = (size + 2 + 2) // 3 * 4
        whole = start + letters + 3 * -(-letters // room)
        if len(self._buffer) < whole:
            if self._buffer.endswith(b"\n"):
                last = len(self._buffer) - self._buffer.rfind(b"\n", start, -1) - 1
                if last < room + 3 and start + room < len(self._buffer):
                    raise _Damaged  # only the last line is short: bytes before it are lost
            return None
        first, *others, rest = bytes(self._buffer[start:whole]).split(b"\n")
        del self._buffer[:whole]
        if rest or any(line[:2] != CONTINUE_DELIMITER for line in others):
            raise _Damaged
        data = b64decode(b"".join([first[2:], *(line[2:] for line in others)]), validate=True)
        if len(data) != size + 2 or size < 2 or crc_hqx(data[2:], 0):
            raise _Damaged
        return data[2:-2]

    async def _read_all(self):
        try:
            data = self._conn.read(max(1, self._conn.in_waiting))
        except (SerialException, OSError, TypeError) as error:  # TypeError: closed meanwhile
            raise SMPTransportDisconnected(str(error)) from error
        now_s = time.monotonic()
        if data:
            self._came_s = now_s
        elif self._came_s and now_s - self._came_s > _SILENCE_S:
            raise _Damaged
        return data


class Link:
    """A camera behind a serial port. One request at a time; blocks as long as each call says.

    `retries` counts requests that had to be sent again.
    """

    def __init__(self, port: str):
        self.port = port
        self.retries = 0
        self._sequence = 0
        # On Windows the usual loop takes Ctrl-C to itself, also after it was closed.
        self._loop = asyncio.SelectorEventLoop()
        self._transport = None

    def open(self, wait_s: float = _OPEN_S) -> None:
        """Open the port, again if it was open.

        Raises:
            LinkLost: it could not be opened within `wait_s`.
        """
        self._hang_up()
        transport = _Port()
        try:
            self._loop.run_until_complete(transport.connect(self.port, wait_s))
        except (TimeoutError, OSError, ValueError) as error:
            raise LinkLost("closed", self.port) from error
        transport.initialize(_BUFFER_BYTES)
        self._transport = transport

    def close(self) -> None:
        """Close the port; may be called twice."""
        self._hang_up()
        self._loop.close()

    def ask(self, group: int, command: int, body: dict, *, write=False, wait_s=1.0) -> dict:
        """Return the answer to a request that may be sent more than once.

        `wait_s` is the time that one try may take; together it is at most 8 times as long.

        Raises:
            Refused: the camera answered with a code.
            LinkLost: it did not answer at all.
        """
        return self.exchange(group, command, body, write=write, wait_s=wait_s)[2]

    def exchange(self, group, command, body, *, write=True, wait_s=1.0, tries=0):
        """As `ask`; returns (bytes of the request's body, bytes of the answer's, the answer).

        `tries` are 8 where it is 0.
        """
        sent = cbor2.dumps(body, canonical=True)
        for turn in range(tries or _TRIES):
            if turn:
                self.retries += 1
            try:
                if self._transport is None:
                    self.open()
                got = self._loop.run_until_complete(
                    asyncio.wait_for(self._once(group, command, write, sent), wait_s)
                )
                answer = cbor2.loads(got)
                if not isinstance(answer, dict):
                    continue
            except SMPTransportDisconnected:
                self._hang_up()
                continue
            except (TimeoutError, _Damaged, *_DAMAGED):
                continue
            rc = answer.get("rc", 0)
            if type(rc) is not int:
                continue
            if rc:
                raise Refused(rc)
            return sent, got, answer
        raise LinkLost("silent", self.port)

    async def _once(self, group, command, write, sent):
        """Send a request and return the body of its answer."""
        self._sequence = (self._sequence + 1) % 256
        asked, answered = (OP.WRITE, OP.WRITE_RSP) if write else (OP.READ, OP.READ_RSP)
        header = Header(asked, Version.V2, 0, len(sent), group, self._sequence, command)
        self._transport.begin()
        await self._transport.send(bytes(header) + sent)
        while True:
            frame = await self._transport.receive()
            if len(frame) < Header.SIZE:
                continue
            fields = struct.unpack_from(">BBHHBB", frame)
            body = frame[Header.SIZE :]
            expected = (answered, len(body), group, self._sequence, command)
            if (fields[0] & 7, *fields[2:]) == expected:
                return body
            # The answer to a request that was given up: ours follows.

    def _hang_up(self):
        if self._transport is not None:
            try:
                self._loop.run_until_complete(self._transport.disconnect())
            except (SerialException, OSError):
                pass
            self._transport = None
