"""The ring: one memory on which capture and card meet. Hot path: no heap per record.

Records stand in it exactly as in the stream of a recording (FORMAT.md section 7), so a block of
the ring is enciphered into a block of the card without a copy in between. A record is never split
at the end of the memory. Before a recording the oldest whole records make room (pre-event memory);
while one runs the newest is refused and counted. One producer, one consumer, no locks: both run in
one loop.

Integers stay below 2**30, and no function that runs per record has more than 11 words of state:
MicroPython would allocate otherwise.
"""

import struct
from array import array

from micropython import const

PIECE_BYTES = const(16_240)  # what one DATA block carries

FRAME = const(1)
AUDIO = const(2)
EVENT = const(3)
GAP = const(4)
PRE_EVENT = const(0x100)  # flag, second byte of the header

_HEADER = const(16)

# Fields of the state. LOW is the first byte still needed, WRITE where the next record goes, END
# where the data ended before it went round.
_WRITE = const(0)
_LOW = const(1)
_END = const(2)
_SEQ = const(3)
_BYTES = const(4)  # capacity
_USED = const(5)  # bytes of the piece that `piece` named last
_HELD = const(6)  # 1: refuse the newest; 0: drop the oldest
_OLDEST = const(7)  # oldest whole record, while not held

_pack = struct.pack_into


def _put(memory, at, a, b):
    _pack("<II", memory, at, a, b)


class Ring:
    """A ring over `memory`, a bytearray of at least two pieces of 16,240 bytes; what is over a
    multiple of that stays unused.

    `lost` counts refused records, `dropped` those that made room before a recording.
    """

    def __init__(self, memory):
        pieces = len(memory) // PIECE_BYTES
        if pieces < 2:
            raise ValueError("ring memory of %d bytes is too small" % len(memory))
        self.memory = memoryview(memory)
        self.pieces = pieces
        # Rows of 32: the collector's mark stack holds 64 children of one object.
        views = [self.memory[i * PIECE_BYTES : (i + 1) * PIECE_BYTES] for i in range(pieces)]
        self._views = [views[row : row + 32] for row in range(0, pieces, 32)]
        self._zeros = [bytes(1 << i) for i in range(13, -1, -1)]
        self._first_at = array("i", [-1] * pieces)
        self._records = array("H", [0] * pieces)
        self._frames = array("H", [0] * pieces)
        self._first_seq = array("i", [0] * pieces)
        self._state = array("i", [0] * 8)
        self._state[_BYTES] = pieces * PIECE_BYTES
        self.lost = 0
        self.dropped = 0
        self.clear()

    def clear(self):
        """Forget everything, wiping it: nothing of the pre-event memory outlives this call.

        About 50 ms per MiB in PSRAM.
        """
        for at in range(0, self._state[_BYTES], PIECE_BYTES // 2):
            self._blank(at, at + PIECE_BYTES // 2)
        state = self._state
        state[_WRITE] = state[_LOW] = state[_OLDEST] = state[_USED] = state[_HELD] = 0
        state[_END] = state[_BYTES]
        self._enter(0)

    @property
    def used_bytes(self) -> int:
        """Bytes between the oldest that is still needed and the newest."""
        used = self._state[_WRITE] - self._state[_LOW]
        return used if used >= 0 else used + self._state[_END]

    # Producer

    def push(self, kind: int, t_ms: int, data) -> bool:
        """Copy `data` (1 byte to half of the ring) in as one record; return False, counted,
        when there is no room.

        `kind` may carry PRE_EVENT. One memory copy and some 20 calls; allocates nothing.
        """
        at = self._place(len(data) + _HEADER + 3 & -4)
        if at < 0:
            self.lost += 1
            return False
        self._head(at, kind, t_ms, data)
        at += _HEADER
        self.memory[at : at + len(data)] = data
        self._finish(at - _HEADER, at + len(data))
        return True

    def _head(self, at, kind, t_ms, data):
        self._begin(at, kind & 0xFF)
        _put(self.memory, at, kind, self._state[_SEQ])
        _put(self.memory, at + 8, t_ms, len(data))

    def _place(self, need):
        while True:
            at = self._room(need)
            if at >= 0 or self._state[_HELD] or not self._drop_oldest():
                return at

    def _room(self, need):
        state = self._state
        write, low = state[_WRITE], state[_LOW]
        if write < low:
            return write if write + need < low else -1
        if write + need <= state[_BYTES]:
            return write
        if write == low:
            if need > state[_BYTES]:
                return -1
            state[_LOW] = state[_OLDEST] = 0  # empty: begin again at the start
        elif need < low:
            state[_END] = write
        else:
            return -1
        state[_WRITE] = 0
        self._enter(0)
        return 0

    def _drop_oldest(self):
        state = self._state
        at = state[_OLDEST]
        if at == state[_WRITE]:
            return False
        wrapped = state[_WRITE] < at
        piece = at // PIECE_BYTES
        self._records[piece] -= 1
        if self.memory[at] == FRAME:
            self._frames[piece] -= 1
        at += (
            self.memory[at + 12] | self.memory[at + 13] << 8 | self.memory[at + 14] << 16
        ) + _HEADER + 3 & -4
        if wrapped and at >= state[_END]:
            at = 0
            state[_END] = state[_BYTES]
        self.dropped += 1
        if at == state[_WRITE]:
            self._restart(at + PIECE_BYTES - 1)
        else:
            state[_OLDEST] = at
            state[_LOW] = (
                at - at % PIECE_BYTES
            )  # the whole piece is kept: hold() seals it from its beginning
        return True

    def _begin(self, at, kind):
        piece = at // PIECE_BYTES
        if self._first_at[piece] < 0:
            self._first_at[piece] = at - piece * PIECE_BYTES
            self._first_seq[piece] = self._state[_SEQ]
        self._records[piece] += 1
        if kind == FRAME:
            self._frames[piece] += 1

    def _enter(self, piece):
        self._first_at[piece] = -1
        self._records[piece] = self._frames[piece] = 0

    def _finish(self, at, end):
        memory = self.memory
        while end & 3:
            memory[end] = 0
            end += 1
        for piece in range(at // PIECE_BYTES + 1, min(end // PIECE_BYTES + 1, self.pieces)):
            self._enter(piece)
        state = self._state
        state[_WRITE] = end
        state[_SEQ] = state[_SEQ] + 1 & 0x3FFFFFFF

    def trim(self, since_ms: int):
        """Drop records older than `since_ms` (`t_ms` as in the records); only while not held."""
        state, memory = self._state, self.memory
        while state[_OLDEST] != state[_WRITE]:
            at = state[_OLDEST] + 8
            t_ms = memory[at] | memory[at + 1] << 8 | memory[at + 2] << 16 | memory[at + 3] << 24
            # Ahead of the limit by less than half the range that t_ms wraps in.
            if (t_ms - since_ms) & 0x3FFFFFFF < 0x20000000 or not self._drop_oldest():
                return

    # Consumer

    def hold(self):
        """From now on refuse the newest instead of dropping the oldest: a recording begins with
        the oldest whole record.
        """
        state = self._state
        state[_HELD] = 1
        oldest = state[_OLDEST]
        start = oldest - oldest % PIECE_BYTES
        if oldest == state[_WRITE]:
            self._restart(oldest + PIECE_BYTES - 1)
            return
        self._blank(start, oldest)
        piece = start // PIECE_BYTES
        self._first_at[piece] = oldest - start
        self._first_seq[piece] = struct.unpack_from("<I", self.memory, oldest + 4)[0]
        state[_LOW] = start

    def _restart(self, at):
        # Empty: go on at the beginning of the piece that `at` stands in.
        piece = at // PIECE_BYTES % self.pieces
        state = self._state
        state[_WRITE] = state[_LOW] = state[_OLDEST] = piece * PIECE_BYTES
        self._enter(piece)

    def piece(self, flush: bool) -> int:
        """Return the number of the piece to seal next, or -1.

        With `flush` one that is not full counts too.

        `view(piece)`, `used`, `first_at` and `first_seq` describe it until `release`. Only while
        held.
        """
        state = self._state
        write, low = state[_WRITE], state[_LOW]
        if low == write:
            return -1
        used = (write if write > low else state[_END]) - low
        if used < PIECE_BYTES:
            if write > low and not flush:
                return -1
            self._fill_up(low + used)
        state[_USED] = min(used, PIECE_BYTES)
        return low // PIECE_BYTES

    def _fill_up(self, at):
        self._blank(at, at - at % PIECE_BYTES + PIECE_BYTES)

    def _blank(self, at, end):
        # Less than a piece, by binary digits: a view of any length would be made in the heap.
        i = 0
        while at < end:
            at = self._blank_digit(at, end, i)
            i += 1

    def _blank_digit(self, at, end, i):
        zeros = self._zeros[i]
        if end - at < len(zeros):
            return at
        self.memory[at : at + len(zeros)] = zeros
        return at + len(zeros)

    @property
    def used(self) -> int:
        """Bytes of the piece that `piece` named last, 1 to 16,240."""
        return self._state[_USED]

    def first_at(self, piece: int) -> int:
        """Where in the piece its first record header stands, -1 when none does."""
        return self._first_at[piece]

    def first_seq(self, piece: int) -> int:
        """Sequence number of that record."""
        return self._first_seq[piece]

    def records(self, piece: int) -> int:
        """How many record headers stand in the piece."""
        return self._records[piece]

    def frames(self, piece: int) -> int:
        """How many of them are pictures."""
        return self._frames[piece]

    def view(self, piece: int) -> memoryview:
        """Return the 16,240 bytes of the piece, zero after its used ones."""
        return self._views[piece >> 5][piece & 31]

    def release(self):
        """Give back the piece that `piece` named last: it has been sealed."""
        state = self._state
        low = state[_LOW] + PIECE_BYTES
        if state[_WRITE] < state[_LOW]:
            if low >= state[_END]:
                low = 0
                state[_END] = state[_BYTES]
            state[_LOW] = low
        elif state[_WRITE] <= low:
            self._restart(low)
        else:
            state[_LOW] = low
