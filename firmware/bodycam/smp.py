"""SMP messages over a serial line, in the standard framing: lines of base64 with a CRC-16.

Everything stands in buffers that are made once; what does not fit is dropped.
"""

import struct
from binascii import a2b_base64, b2a_base64

from micropython import const

HEADER_BYTES = const(8)
BUFFER_BYTES = const(2048)  # of a request, with its length and CRC

_LINE_BYTES = const(127)
_PIECE_BYTES = const(93)  # become 124 characters
_NEW_LINE = const(10)
_START = const(0x0609)
_CONTINUE = const(0x0414)
_READ_BYTES = const(256)  # at most in one step
_LINES = const(16)  # that are sent at once


class Link:
    """SMP on `stream` (`readinto(buf)` and `write(buf)`, see drivers/usbserial.py).

    `crc16(buf, start, n)` is one of drivers/crc16*.py. A message of at most `largest` bytes to be
    sent is put into `out` from `OUT_AT` on.
    """

    OUT_AT = 2

    def __init__(self, stream, crc16, largest: int):
        self._stream = stream
        self._crc16 = crc16
        self._line = bytearray(_LINE_BYTES)
        self._line_view = memoryview(self._line)
        self._used = 0  # of the line; one more than fits when it is too long
        self._came = bytearray(_READ_BYTES)
        self._came_at = self._came_end = 0
        self._frame = bytearray(BUFFER_BYTES)
        self._view = memoryview(self._frame)
        self._filled = -1  # of the frame; -1: none has begun
        self.out = bytearray(largest + 4)
        self._out_view = memoryview(self.out)
        self._wire = bytearray(_LINES * _LINE_BYTES)
        self._wire_view = memoryview(self._wire)

    def receive(self) -> "memoryview | None":
        """Return the next request, header and body, as long as nothing else is received; None
        while there is none. Takes at most 256 bytes from the stream.
        """
        if self._came_at == self._came_end:
            self._came_at, self._came_end = 0, self._stream.readinto(self._came)
        came, line = self._came, self._line
        while self._came_at < self._came_end:
            byte = came[self._came_at]
            self._came_at += 1
            if byte != _NEW_LINE:
                if self._used < _LINE_BYTES:
                    line[self._used] = byte
                    self._used += 1
                continue
            used, self._used = self._used, 0
            if used < _LINE_BYTES and self._take(used):
                return self._view[2 : self._filled - 2]
        return None

    def _take(self, used):
        # One line; returns whether it completes a message.
        if used < 2:
            return False
        mark = self._line[0] << 8 | self._line[1]
        if mark == _START:
            self._filled = 0
        elif mark != _CONTINUE or self._filled < 0:
            return False
        try:
            piece = a2b_base64(self._line_view[2:used])
        except ValueError:
            piece = b""
        filled = self._filled
        end = filled + len(piece)
        if not piece or end > BUFFER_BYTES:
            self._filled = -1
            return False
        self._frame[filled:end] = piece
        self._filled = end
        return end > 2 and self._complete(end)

    def _complete(self, end):
        whole = 2 + (self._frame[0] << 8 | self._frame[1])
        if end < whole <= BUFFER_BYTES:
            return False
        frame = self._frame
        right = (
            end == whole >= 2 + HEADER_BYTES + 2
            and self._crc16(frame, 2, whole - 4) == frame[end - 2] << 8 | frame[end - 1]
            and frame[4] << 8 | frame[5] == whole - 4 - HEADER_BYTES
        )
        if not right:
            self._filled = -1
        return right

    def done(self):
        """Forget the message that `receive` returned."""
        self._filled = -1

    def send(self, n: int):
        """Send the `n` bytes of `out` from `OUT_AT` on. Blocks as `stream.write` does."""
        out, wire, view = self.out, self._wire, self._out_view
        struct.pack_into(">H", out, 0, n + 2)
        struct.pack_into(">H", out, n + 2, self._crc16(out, 2, n))
        mark, to = _START, 0
        for at in range(0, n + 4, _PIECE_BYTES):
            piece = b2a_base64(view[at : min(at + _PIECE_BYTES, n + 4)])
            struct.pack_into(">H", wire, to, mark)
            wire[to + 2 : to + 2 + len(piece)] = piece
            mark, to = _CONTINUE, to + 2 + len(piece)
            if to == len(wire):
                self._stream.write(self._wire_view)
                to = 0
        if to:
            self._stream.write(self._wire_view[:to])
