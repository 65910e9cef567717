"""The ring: one memory on which capture and card meet. Hot path: no heap per record.

Records stand in it exactly as in the stream of a recording (FORMAT.md section 7), so a piece of
the ring is enciphered into a block of the card without a copy in between. A record is never split
at the end of the memory. Before a recording the oldest whole records make room (pre-event memory);
while one runs the newest is refused and counted. One producer, one consumer, no locks: both run in
one loop.

A record is put in with two lines, which copy it once and allocate nothing:

    at = reserve(ring.words, kind, t_ms, n)
    if at >= 0: ring.memory[at : at + n] = data

`reserve` is the viper kernel where the interpreter has viper, and its plain reference elsewhere.
"""

from micropython import const

from bodycam.kernel import reserve
from bodycam.memory import words_of

PIECE_BYTES = const(16_240)  # what one DATA block carries, a multiple of the cipher's 16

FRAME = const(1)
AUDIO = const(2)
EVENT = const(3)
GAP = const(4)
PRE_EVENT = const(0x100)  # flag, second byte of the header

_PIECE_WORDS = const(4060)
_WIPE_BYTES = const(8192)
_HALF = const(0x20000000)  # of the range in which t_ms wraps

# As in kernel_plain.
_WRITE = const(0)
_LIMIT = const(1)
_LOW = const(2)
_END = const(3)
_SEQ = const(4)
_HELD = const(5)
_LOST = const(6)
_DROPPED = const(7)
_WORDS = const(8)
_FIRST = const(16)
_FREE = const(8)

# The consumer's own.
_NEXT = const(9)  # first record header that no piece has passed
_USED = const(10)  # words of the piece that `piece` found last
_TOP = const(11)  # as far as WRITE came


class Ring:
    """A ring in `memory`, a bytearray or other writable buffer of at least two pieces of 16,240
    bytes and 64 bytes of state, aligned to 16 for ciphers in hardware.

    `memory` is its view by bytes, `words` by 32-bit words. Where the memory is in MicroPython's
    heap, each collection scans all of it.
    """

    def __init__(self, memory):
        n = len(memory) // 16 * 4
        if n < _FIRST + 2 * _PIECE_WORDS:
            raise ValueError("ring memory of %d bytes is too small" % len(memory))
        self.memory = memoryview(memory)[: 4 * n]
        self.words = words_of(self.memory, n)
        self._zeros = memoryview(bytes(min(_WIPE_BYTES, len(memory) >> 6)))
        for field in range(_FIRST):
            self.words[field] = 0
        self.words[_WORDS] = self.words[_TOP] = n
        self.clear()

    def clear(self):
        """Forget everything, wiping it: nothing of the pre-event memory outlives this call.

        About 50 ms per MiB that was in use, in PSRAM.
        """
        words = self.words
        top = words[_WORDS] if words[_END] else max(words[_TOP], words[_WRITE])
        for at in range(4 * _FIRST, 4 * top, len(self._zeros)):
            self._wipe(at)
        words[_WRITE] = words[_LOW] = words[_NEXT] = words[_TOP] = _FIRST
        words[_LIMIT] = words[_END] = words[_HELD] = words[_USED] = 0

    def _wipe(self, at):
        n = min(len(self._zeros), len(self.memory) - at)
        self.memory[at : at + n] = self._zeros[:n]

    @property
    def held(self) -> bool:
        """Whether the newest is refused when there is no room: since `hold`, until `clear`."""
        return bool(self.words[_HELD])

    @property
    def lost(self) -> int:
        """Records that were refused in recordings since construction."""
        return self.words[_LOST]

    @property
    def dropped(self) -> int:
        """Records that made room for newer ones before a recording, or were larger than the ring,
        since construction.
        """
        return self.words[_DROPPED]

    @property
    def used_bytes(self) -> int:
        """Bytes between the oldest that is still needed and the newest."""
        words = self.words
        used = words[_WRITE] - words[_LOW]
        return 4 * (used if used >= 0 else used + words[_END] - _FIRST)

    @property
    def room_bytes(self) -> int:
        """Bytes of the largest record, with its header, that would be taken without dropping."""
        words = self.words
        write, low = words[_WRITE], words[_LOW]
        if write < low:
            return 4 * (low - _FREE - write)
        return 4 * max(words[_WORDS] - write, low - _FREE - _FIRST)

    # Producer

    def push(self, kind: int, t_ms: int, data) -> bool:
        """Copy `data` (1 byte to half of the ring) in as one record; return False, counted,
        when there is no room.

        `kind` may carry PRE_EVENT. Allocates nothing.
        """
        at = reserve(self.words, kind, t_ms, len(data))
        if at < 0:
            return False
        self.memory[at : at + len(data)] = data
        return True

    def trim(self, since_ms: int):
        """Drop records older than `since_ms` (`t_ms` as in the records); only while not held.

        `dropped` does not count them. Allocates nothing.
        """
        words = self.words
        while words[_LOW] != words[_WRITE]:
            age_ms = since_ms - words[words[_LOW] + 2] & 0x3FFFFFFF
            if not age_ms or age_ms >= _HALF:
                return
            self._drop()

    def shorten(self, most_bytes: int):
        """Drop the oldest records until at most `most_bytes` are in use; only while not held.

        `dropped` counts them. Allocates nothing.
        """
        while self.used_bytes > max(0, most_bytes):
            self.words[_DROPPED] += 1
            self._drop()

    def _drop(self):
        words = self.words
        words[_LOW] = self._after(words[_LOW])
        if words[_LOW] == words[_WRITE]:
            # An empty ring goes on at its beginning.
            words[_TOP] = max(words[_TOP], words[_WRITE])
            words[_LOW] = words[_WRITE] = words[_NEXT] = _FIRST

    def _after(self, at):
        # Where the record behind the one at `at` stands.
        words = self.words
        behind = at + (words[at + 3] + 19 >> 2)
        return _FIRST if words[_WRITE] < at and behind >= words[_END] else behind

    # Consumer

    def hold(self):
        """From now on refuse the newest instead of dropping the oldest: a recording begins with
        the oldest record.
        """
        words = self.words
        words[_HELD] = 1
        words[_NEXT] = low = words[_LOW]
        while low & 3:
            low -= 1
            words[low] = 0
        words[_LOW] = low
        words[_LIMIT] = 0

    def next_seq(self) -> int:
        """Sequence number of the first record whose header no piece has passed, or that the
        next one will have.
        """
        words = self.words
        at = words[_NEXT]
        if at == words[_WRITE]:
            return words[_SEQ]
        return words[(_FIRST if words[_WRITE] < words[_LOW] and at == words[_END] else at) + 1]

    def frame_waits(self) -> bool:
        """Whether a frame, or a part of a record, is still to be sealed."""
        words = self.words
        at = words[_NEXT]
        if at != words[_LOW]:
            return True
        while at != words[_WRITE]:
            if words[at] & 0xFF == FRAME:
                return True
            at = self._after(at)
        return False
