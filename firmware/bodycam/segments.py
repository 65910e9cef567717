"""Segments on the card: each is opened in the log, filled with blocks, sealed, and entered as
sealed. Hot path: one bounded piece of work per call, and no waiting for the card.
"""

from micropython import const

from bodycam import log
from bodycam.errors import Fault
from bodycam.kernel import release
from bodycam.ring import PIECE_BYTES

_LAST_DATA_BLOCK = const(254)
_STAGE_BLOCKS = const(2)

# As in `blocks`.
_LAST = const(0)
_WAIT = const(1)

_EIO = const(5)
_ETIMEDOUT = const(110)
_LIMIT_MS = const(4700)  # for a write and its second attempt: a fault is said within 5 s
_SPARE_PIECES = const(4)  # for what comes between two looks, and the end of the stream


class Segments:
    """Writes segments to `card`, with the keys and entries of `journal` and the blocks of
    `sealer`.

    `opening((recording, index))` returns the `open` event, JSON bytes, `nonce()` 16 random bytes.
    `is_open` is whether a segment is, `ready` whether it takes another DATA block, `writing`
    whether blocks are under way to the card.

    No properties here and in `Recorder`: in a class that has one, the interpreter looks through
    the class whenever any attribute is set.
    """

    def __init__(self, card, journal, sealer, clock, opening, nonce):
        self._card = card
        self._log = journal
        self._sealer = sealer
        self._made, self._stages = sealer.made, sealer.stages
        self._clock = clock
        self._stamp = clock.stamp
        self._opening = opening
        self._random = nonce
        # Records and frames of the segment; gaps and lost frames of the recording.
        self.counts = [0, 0, 0, 0]
        self.is_open = self.ready = self.writing = False
        self.last = False  # no other segment can be opened after this one
        self._closing = self._retried = False
        self.slowest_ms = 0  # until the card took what it was given, since boot

    def room_bytes(self) -> int:
        """Return for how many bytes of records the open segment and the places left have room."""
        places = self._card.room(self._log.next_segment, self._log.released) + self.is_open
        return places * _LAST_DATA_BLOCK * PIECE_BYTES

    def open(self, which):
        """Open the next segment and hand its HEAD to the card; `which` is (recording, its number
        in that).

        Blocks for one block's cipher and digest and 5 ms of the log.

        Raises:
            Fault: log or card have no room, or the log or the cipher failed.
            OSError: the card failed.
        """
        self._number = self._free_place(which[1])
        nonce = self._random()
        self._made[_LAST] = -1
        self._made[_WAIT] = self.counts[0] = self.counts[1] = 0
        entry = self._log.open_segment(nonce, which[0], which[1], self._sealer.keys)
        self.is_open = self.ready = True
        names = (self._number, entry, self._log.boot, nonce, which)
        self._sealer.open(names, self._opening(which), self._stamp())
        self.flush()

    def _free_place(self, index):
        journal = self._log
        places = self._card.room(journal.next_segment, journal.released)
        full = journal.full
        if full and not index:  # what runs may end in one more, with the reserve's entries
            raise Fault("log_full", "dock the camera")
        if places <= 0:
            raise Fault("card_full", "segment %d" % journal.next_segment)
        self.last = full or places == 1
        return journal.next_segment

    def takes(self, waiting_bytes: int) -> bool:
        """Return whether this last segment still has room to spare beyond what waits."""
        pieces = _LAST_DATA_BLOCK - self._made[_LAST] - _SPARE_PIECES
        return waiting_bytes < pieces * PIECE_BYTES

    def add(self, frames, n: int):
        """Seal the piece of `n` bytes that was found last in the ring `frames`, and give it
        back.

        Two blocks go to the card together: the first one `waits`.

        Raises:
            Fault: the cipher failed.
            OSError: the card failed.
        """
        self._sealer.data(frames, n, self._stamp())
        passed = release(frames.words)
        counts = self.counts
        counts[0] += passed >> 10
        counts[1] += passed & 1023
        if self._made[_LAST] == _LAST_DATA_BLOCK:
            self.ready = False
        if self._made[_WAIT] == _STAGE_BLOCKS:
            self.flush()

    def flush(self):
        """Hand the block that waits to the card.

        Raises:
            OSError: the card failed.
        """
        self._since = self._clock.ticks_ms()
        self.writing = True
        self._begin()

    def seal(self, reason: int, next_seq: int):
        """Hand the SEAL block to the card, behind the one that waits.

        `next_seq` is the sequence number of the next record.

        Raises:
            Fault: the cipher failed.
            OSError: the card failed.
        """
        self._sealer.seal(self.counts, reason, next_seq, self._stamp())
        self._closing = True
        self.ready = False
        self.flush()

    def stalled(self) -> bool:
        """Return whether the card was busy when it was last asked."""
        return self._card.device.busy

    def step(self, now: int) -> bool:
        """Ask the card to go on; return whether it has taken what was handed to it. `now` is
        ticks_ms of this turn of the loop.

        When that was the SEAL block, the segment is entered as sealed, and no longer open.

        Raises:
            Fault: the log failed.
            OSError: the card failed.
        """
        answer = self._card.device.step()
        if answer is not True:
            return self._unfinished(answer)
        took_ms = self._clock.diff(now, self._since)
        if took_ms > self.slowest_ms:
            self.slowest_ms = took_ms
        self.writing = False
        if self._retried:
            self._retried = False
        made = self._made
        made[_WAIT] = 0
        self._log.acknowledged(made[_LAST])
        if self._log.full:
            self.last = True
        if self._closing:
            self.is_open = self._closing = self.last = False
            self._log.close_segment(log.SEAL, self._number, made[_LAST] + 1)
        return True

    def _unfinished(self, answer):
        # Block devices report failure in more than one way: None, a negative number. Ours raises.
        if answer is not False:
            raise OSError(_EIO, "card: step answered %r" % (answer,))
        if self._clock.diff(self._clock.ticks_ms(), self._since) > _LIMIT_MS:
            raise OSError(_ETIMEDOUT, "card: not done after %d ms" % _LIMIT_MS)
        return False

    def again(self, error):
        """Take the OSError of a write: write once more, the same bytes at the same place.

        A card remaps a bad sector by itself. One that was silent for 5 s is not asked again.

        Raises:
            Fault: it was the second time, the card timed out, or it was not the card that failed.
        """
        if not self.writing:
            raise Fault("unexpected", error)
        if self._retried or error.errno == _ETIMEDOUT:
            raise Fault("card_error", error)
        self._retried = True
        try:
            self._card.device.cancel()
            self._begin()
        except OSError as second:
            raise Fault("card_error", second)

    def abort(self):
        """Leave an open segment as it is: note in the log how many blocks the card has."""
        self.ready = self.writing = self._closing = self._retried = self.last = False
        self._sealer.end()
        if self.is_open:
            self.is_open = False
            made = self._made
            self._log.close_segment(log.TORN, self._number, made[_LAST] + 1 - made[_WAIT])

    def _begin(self):
        card, made = self._card, self._made
        lba = card.lba(self._number, made[_LAST] + 1 - made[_WAIT])
        answer = card.device.begin(lba, self._stages[made[_WAIT]])
        if answer is not None:
            raise OSError(_EIO, "card: begin answered %r" % (answer,))
