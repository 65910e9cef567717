"""From the deciphered bodies of blocks to whole records: FORMAT.md sections 6 and 7.

`Records` takes the blocks of one segment; `Stream` joins the records of a recording over its
segments.
"""

from typing import NamedTuple

from . import layout
from .claims import claims
from .layout import (
    AUDIO,
    BODY_SIZE,
    CHAINED,
    CLEAR,
    CLOCK_MS,
    EVENT,
    FRAME,
    GAP,
    HEAD,
    RECORD,
    SEAL,
)
from .primitives import decryptor

_KINDS = (FRAME, AUDIO, EVENT, GAP)
_LARGEST = 16 << 20  # bytes of a record; a length beyond was never a picture


class Malformed(Exception):
    """A block is authentic and yet not as FORMAT.md says; the text is a key of words.REASONS."""


class Record(NamedTuple):
    """One whole record; `data` is bytes, a dict for EVENT and GAP, None when not asked for."""

    kind: int
    flags: int
    seq: int
    t_ms: int
    data: "bytes | dict | None"
    standing: int = 0  # the worst `Stream.standing` of the blocks that it came from


class Stream:
    """The records of one recording, joined from the pieces in its DATA blocks, and counted.

    `take(record)` gets every whole record; only with `payload` do pictures and sound have data.
    A record's header and bytes may be cut anywhere, also between two segments.
    """

    def __init__(self, take=None, payload=False):
        self.frames = self.gaps = self.lost = 0  # whole ones
        self.unknown = False
        self.unusable = False  # a value in words of the camera
        self.whole = True  # no piece was missing since the recording began
        self.expected: int | None = None  # number of the next record
        self.standing = self._worst = 0  # of the block at hand; 0 is the best
        self.strict = True  # the header of each block must fit what stands in it
        self._take = take
        self._payload = payload
        self._started = False
        self._reset()
        self.segment()

    def segment(self) -> None:
        """Begin to count the headers of another segment."""
        self.begun = self.begun_frames = 0
        self._counted = bool(self._head)  # this header stands in the segment before

    def hole(self) -> None:
        """A piece is missing: the record that it cut is lost, the next block's header tells on."""
        self.whole = False
        self.expected = None
        self._started = True
        self._reset()

    @property
    def in_header(self) -> bool:
        """Whether the last piece ended inside the header of a record."""
        return bool(self._head)

    @property
    def between(self) -> bool:
        """Whether no record is begun and not ended."""
        return not (self._head or self._left)

    def leads_to(self, header) -> bool:
        """Return whether what is left of the last record ends where a block says that its first
        one begins; False after a length that was damaged.
        """
        if self._head or self.expected is None:
            return True
        rest = self._left + self._pad
        return header.first_at == (CHAINED + rest if CHAINED + rest < header.used else 0)

    def _reset(self):
        self._head, self._data = bytearray(), bytearray()
        self._left = self._pad = 0
        self._record = self._keep = None

    def piece(self, header, plain) -> None:
        """Take the stream's next piece, a DATA block's plaintext.

        Raises:
            Malformed: a field inside is not as it must be.
        """
        at, end, first = CHAINED, header.used, (0, 0)
        begun = self._worst if self._head or self._left else 0
        self._worst = max(begun, self.standing)
        if self.expected is None:
            at = header.first_at or end
            if not CHAINED <= at <= end:
                raise Malformed("first-place")
            if not self._started and any(plain[CHAINED:at]):
                raise Malformed("before-first")
            self.expected = header.first_seq if header.first_at else None
            self._started = self._started or at < end
        while at < end:
            if self._left:
                some = self._left if self._left < end - at else end - at
                if self._keep:
                    self._data += plain[at : at + some]
                self._left -= some
                if not self._left:
                    self._finish()
            elif self._pad:
                some = self._pad if self._pad < end - at else end - at
                if any(plain[at : at + some]):
                    raise Malformed("record-padding")
                self._pad -= some
            else:
                if not self._head:
                    first = first if first[1] else (self.expected, at)
                    self.begun += 1
                some = RECORD.size - len(self._head)
                if some == RECORD.size <= end - at:
                    self._worst = self.standing
                    self._begin(*RECORD.unpack_from(plain, at))
                else:
                    self._head += plain[at : min(at + some, end)]
                    if len(self._head) == RECORD.size:
                        self._begin(*RECORD.unpack(self._head))
            at += some
        if self.strict and (header.first_seq, header.first_at) != first:
            raise Malformed("first-record")

    def _begin(self, kind, flags, zero, seq, t_ms, size):
        if seq != self.expected:
            raise Malformed("record-number")
        if zero or flags > layout.PRE_EVENT or not 0 < size <= _LARGEST or t_ms >= CLOCK_MS:
            raise Malformed("record-field")
        self._record = (kind, flags, seq, t_ms)
        self._keep = self._payload or kind in (EVENT, GAP)
        self._left, self._pad = size, -size % 4
        self._head.clear()
        self.expected = seq + 1
        self.begun_frames += kind == FRAME and not self._counted
        self._counted = False

    def _finish(self):
        kind, flags, seq, t_ms = self._record
        self.frames += kind == FRAME
        if not self._keep and not self._take and kind in _KINDS:
            return
        data = bytes(self._data) if self._keep else None
        self._data.clear()
        if kind in (EVENT, GAP):
            data, usable = _words(data)
            self.unusable = self.unusable or not usable
        self.unknown = self.unknown or kind not in _KINDS
        if kind == GAP:
            self.gaps += 1
            lost = data.get("lost")
            self.lost += lost if type(lost) is int else 0
        if self._take:
            self._take(Record(kind, flags, seq, t_ms, data, self._worst))


class Records:
    """Takes the blocks of one segment in order: opening words, pieces of the stream, seal."""

    def __init__(self, segment, stream):
        self.opening: dict = {}  # the words in HEAD
        self.opening_ms = 0
        self.miscounted = False  # the seal counts other gaps than the stream holds
        self.written = None  # pictures, as the seal counts them
        self._segment = segment
        self._stream = stream
        self._b = 0
        self._whole = True  # every block of the segment so far was there
        stream.segment()

    def hole(self) -> None:
        """A block cannot be used: what it held of the stream is missing, if it held any."""
        self._whole = False
        self._stream.hole()

    def block(self, header, plain, follows: bool) -> None:
        """Take the next whole block: its body, deciphered from where its content begins, and
        whether that followed from the block before; a jump in its number is a hole.

        Raises:
            Malformed: a field inside is not as it must be.
        """
        if header.b != self._b:
            if header.b > 1 or self._b > 1:
                self.hole()
            self._whole = False
        elif not follows:
            self._b += 1
            raise Malformed("chaining")
        self._b = header.b + 1
        if (
            header.used < BODY_SIZE
            and bytes(plain[header.used :]).count(0) < len(plain) - header.used
        ):
            raise Malformed("after-content")
        if header.kind == HEAD:
            self._open(header, plain)
        elif header.kind == SEAL:
            self._end(header, plain)
        else:
            self._stream.piece(header, plain)

    def _open(self, header, plain):
        """Check the words in HEAD: they tie the segment to the camera's log."""
        at = CLEAR + CHAINED
        kind, flags, zero, seq, self.opening_ms, size = RECORD.unpack_from(plain, at)
        begins = at + RECORD.size
        ends = begins + size
        if (kind, flags, zero, seq) != (EVENT, 0, 0, 0) or header.used != ends + -size % 4:
            raise Malformed("opening-record")
        words, usable = _words(bytes(plain[begins:ends]))
        segment = self._segment
        said = [words.get(name) for name in ("event", "epoch", "recording", "index", "boot")]
        if said != ["open", segment.epoch, segment.recording, segment.index, segment.boot]:
            raise Malformed("opening-recording")
        if segment.log_mac and words.get("log") != segment.log_mac.hex():
            raise Malformed("opening-log")
        self.opening = words
        self._stream.unusable = self._stream.unusable or not usable

    def _end(self, header, plain):
        """Compare the SEAL with what was counted."""
        stream = self._stream
        if header.used != CHAINED + layout.SEAL_BODY.size:
            raise Malformed("seal-length")
        seal = layout.Seal._make(layout.SEAL_BODY.unpack_from(plain, CHAINED))
        if seal.blocks != header.b + 1:
            raise Malformed("seal-blocks")
        if self._whole and not stream.in_header:
            after = seal.next_seq if stream.expected is None else stream.expected
            counted = (stream.begun, stream.begun_frames, after)
            if (seal.records, seal.frames, seal.next_seq) != counted:
                raise Malformed("seal-records")
        self.written = seal.frames
        self.miscounted = (
            stream.whole
            and stream.between
            and (seal.gaps, seal.lost) != (stream.gaps, stream.lost)
        )


def _words(data):
    try:
        return claims(data)
    except ValueError as error:
        raise Malformed("event-words") from error


def opening(key: bytes, body: bytes) -> "tuple[dict, int]":
    """Return the words in a HEAD's body and when they were said; {} and 0 where they cannot be
    read. For salvage: nothing is checked.
    """
    plain = decryptor(key, bytes(16)).update(body[CLEAR:])
    *_, t_ms, size = RECORD.unpack_from(plain, CHAINED)
    begins = CHAINED + RECORD.size
    try:
        return _words(plain[begins : begins + size])[0], t_ms
    except Malformed:
        return {}, 0
