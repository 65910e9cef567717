"""Segments on the card: each is opened in the log, filled with blocks, sealed, and entered as
sealed. Hot path: one bounded piece of work per call, and no waiting for the card.
"""

import json

from micropython import const

from bodycam import blocks, log
from bodycam.errors import Fault
from bodycam.kernel import release
from bodycam.ring import PIECE_BYTES

_LAST_DATA_BLOCK = const(254)
_EIO = const(5)
_ETIMEDOUT = const(110)
_LIMIT_MS = const(4700)  # for a write and its second attempt: a fault is said within 5 s
_SPARE_PIECES = const(4)  # for what comes between two looks, and the end of the stream


class Segments:
    """Writes segments to `card`, with the keys and entries of `journal` and the blocks of
    `sealer`.

    `facts()` returns the dict for the `open` event, `nonce()` 16 random bytes. `is_open` is
    whether a segment is, `ready` whether it takes another DATA block, `writing` whether blocks are
    under way to the card.
    """

    def __init__(self, card, journal, sealer, clock, facts, nonce):
        self._card = card
        self._log = journal
        self._sealer = sealer
        self._clock = clock
        self._facts = facts
        self._random = nonce
        self._keys = bytearray(64)
        # Records and frames of the segment; gaps and lost frames of the recording.
        self.counts = [0, 0, 0, 0]
        self.is_open = self.ready = self.writing = False
        self.last = False  # no other segment can be opened after this one
        self._closing = self._retried = False
        self.slowest_ms = 0  # until the card took what it was given, since boot

    @property
    def full(self) -> bool:
        """Whether only the place for the SEAL block is left."""
        return self._sealer.block == _LAST_DATA_BLOCK

    @property
    def room_bytes(self) -> int:
        """Bytes of records for which the places that are left have room."""
        places = self._card.room(self._log.next_segment, self._log.released)
        return places * _LAST_DATA_BLOCK * PIECE_BYTES

    def open(self, recording: int, index: int):
        """Open the next segment, number `index` of `recording`, and hand its HEAD to the card.

        Blocks for one block's cipher and digest and 5 ms of the log.

        Raises:
            Fault: log or card have no room, or the log or the cipher failed.
            OSError: the card failed.
        """
        self._number = self._free_place()
        self._nonce = self._random()
        entry = self._log.open_segment(self._nonce, recording, index, self._keys)
        self.is_open = self.ready = True
        self._closing = False
        self._acknowledged = -1
        self._opened_ms = self._clock.stamp()
        self._sealer.begin(self._keys, (self._number, entry, self._log.epoch, self._log.boot))
        self._head(recording, index)
        self.flush()
        self.counts[0] = self.counts[1] = 0
        self.last = self._card.room(self._number + 1, self._log.released) <= 0

    def _free_place(self):
        journal = self._log
        if journal.full:
            raise Fault("log_full", "dock the camera")
        if self._card.room(journal.next_segment, journal.released) <= 0:
            raise Fault("card_full", "segment %d" % journal.next_segment)
        return journal.next_segment

    def _head(self, recording, index):
        facts = self._facts()
        facts["event"] = "open"
        facts["recording"] = recording
        facts["index"] = index
        which = (self._nonce, self._log.epoch, recording, index, self._log.seals)
        self._sealer.head(which, json.dumps(facts).encode(), self._opened_ms)

    def takes(self, waiting_bytes: int) -> bool:
        """Return whether this last segment still has room to spare beyond what waits."""
        pieces = _LAST_DATA_BLOCK - self._sealer.block - _SPARE_PIECES
        return waiting_bytes < pieces * PIECE_BYTES

    def add(self, frames):
        """Seal the piece that the ring `frames` found last, and give it back.

        Two blocks go to the card together: the first one `waits`.

        Raises:
            Fault: the cipher failed.
            OSError: the card failed.
        """
        sealer = self._sealer
        sealer.data(frames, self._clock.stamp())
        passed = release(frames.words)
        self.counts[0] += passed >> 10
        self.counts[1] += passed & 1023
        self.ready = sealer.block != _LAST_DATA_BLOCK
        if sealer.waiting == blocks.STAGE_BYTES:
            self.flush()

    def flush(self):
        """Hand the block that waits to the card.

        Raises:
            OSError: the card failed.
        """
        sealer = self._sealer
        first = sealer.block + 1 - sealer.waiting // blocks.BLOCK_BYTES
        self._lba = self._card.lba(self._number, first)
        self._since = self._clock.ticks_ms()
        self.writing = True
        self._hand_over()

    def seal(self, reason: int, next_seq: int):
        """Hand the SEAL block to the card, behind the one that waits.

        `next_seq` is the sequence number of the next record.

        Raises:
            Fault: the cipher failed.
            OSError: the card failed.
        """
        self._sealer.seal(self.counts, reason, self._opened_ms, next_seq, self._clock.stamp())
        self._closing = True
        self.ready = False
        self.flush()

    @property
    def waits(self) -> bool:
        """Whether a block is sealed and not yet handed to the card."""
        return self._sealer.waiting > 0 and not self.writing

    @property
    def stalled(self) -> bool:
        """Whether the card was busy when it was last asked."""
        return self._card.device.busy

    def step(self) -> bool:
        """Ask the card to go on; return whether it has taken what was handed to it.

        When that was the SEAL block, the segment is entered as sealed, and no longer open.

        Raises:
            Fault: the log failed.
            OSError: the card failed.
        """
        answer = self._card.device.step()
        if answer is not True:
            return self._unfinished(answer)
        took_ms = self._clock.diff(self._clock.ticks_ms(), self._since)
        if self.writing and took_ms > self.slowest_ms:
            self.slowest_ms = took_ms
        self.writing = self._retried = False
        sealer = self._sealer
        sealer.restart()
        self._acknowledged = sealer.block
        self._log.acknowledged(sealer.block)
        self.last = self.last or self._log.full
        if self._closing:
            self.is_open = False
            self._log.close_segment(log.SEAL, self._number, sealer.block + 1)
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
            self._hand_over()
        except OSError as second:
            raise Fault("card_error", second)

    def abort(self):
        """Leave an open segment as it is: note in the log how many blocks the card has."""
        self.ready = self.writing = False
        self._sealer.end()
        if self.is_open:
            self.is_open = False
            self._log.close_segment(log.TORN, self._number, self._acknowledged + 1)

    def _hand_over(self):
        answer = self._card.device.begin(self._lba, self._sealer.stage)
        if answer is not None:
            raise OSError(_EIO, "card: begin answered %r" % (answer,))
