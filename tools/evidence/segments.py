"""Reads one segment in place, judges every block, and says what is not as it must be.

FORMAT.md sections 6 and 8. Bounded memory: a few blocks at a time, one digest over each.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from zlib import crc32

from . import layout
from .findings import Finding, count, span
from .layout import (
    BLOCK,
    BLOCK_END,
    BLOCK_HEADER,
    BLOCKS,
    BODY_AT,
    BODY_END,
    BODY_SIZE,
    CHAINED,
    CLEAR,
    DATA,
    DIGEST_AT,
    FLUSHED,
    HEAD,
    SEAL,
    Header,
)
from .log import Segment
from .records import Malformed, Records, Stream

_KIND = Header._fields.index("kind")
_CHUNK = 4  # 64 KiB stays in a processor's nearest cache between reading and digest
_BLANKS = (bytes(BLOCK), b"\xff" * BLOCK)
_PADDING = bytes(DIGEST_AT - BODY_END)
_OPENING_AT = CLEAR + CHAINED

# Why a position is not a block of its segment: kind of finding and what is said of it.
_DAMAGED = ("damaged", "damaged; the card no longer gives back what the camera wrote.")
_LOST = (None, ("damaged", "damaged; the card cannot be read there."))
_BLANK = ("incomplete", "missing; nothing is written there.")
_FORGED = ("tampered", "whole, but not written by this camera with its key.")
_WRONG_FIELD = ("tampered", "not as a camera writes it: a field of it is wrong.")


@dataclass(slots=True)
class Reading:
    """What was found of one segment; counts are 0 where no READ key opened it."""

    segment: Segment
    blocks: int = 0
    sealed: bool = False
    deciphered: bool = False
    authentic: bool = False
    frames: int = 0
    gaps: int = 0
    lost: int = 0
    length_ms: int = 0
    opening: dict = field(default_factory=dict)  # the words in HEAD, said at `opening_ms`
    opening_ms: int = 0
    findings: list = field(default_factory=list)


def read_segment(medium, segment, access, stream=None) -> Reading:
    """Read and judge one segment; its records go into `stream` where READ opens it.

    Segments of one recording share the stream, in their order.
    """
    reading = Reading(segment)
    mac, key = access.mac(segment), access.cipher(segment)
    reading.authentic, reading.deciphered = mac is not None, key is not None
    stream = stream or Stream()
    records = Records(segment, key, stream) if key else None
    before = stream.frames, stream.gaps, stream.lost
    judge = _judge(segment, mac)
    bad, tail, ends = [], [], []
    for b, view, digested, readable in _positions(medium, segment.n, segment.blocks or BLOCKS):
        fields, trouble = judge(b, view, digested) if readable else _LOST
        if fields is None:
            tail.append((b, *(trouble or _other(view, b, segment, medium))))
            continue
        if tail:
            bad += tail
            tail = []
        ends = [ends[0] if ends else fields, fields]
        reading.blocks += 1
        if records and not trouble:
            trouble = _decipher(records, Header._make(fields), view)
        if trouble:
            bad.append((b, *trouble))
            if records and b:
                records.hole()
        if fields[_KIND] == SEAL:
            reading.sealed = trouble is None
            if segment.blocks is None:
                break
    if ends:
        reading.length_ms = layout.elapsed_ms(*(Header._make(fields).ms for fields in ends))
    _conclude(reading, bad, tail)
    if not (records and reading.sealed):
        stream.hole()
    if records:
        after = stream.frames, stream.gaps, stream.lost
        reading.frames, reading.gaps, reading.lost = (a - b for a, b in zip(after, before))
        reading.opening, reading.opening_ms = records.opening, records.opening_ms
        reading.findings += _oddities(records, stream, segment)
    return reading


def _positions(medium, n, limit):
    """Yield (block, view, what D covers, readable) of a segment's positions; views are reused."""
    start = medium.place(n)
    if start is None:
        return
    buffer = memoryview(bytearray(_CHUNK * BLOCK))
    views = [buffer[i * BLOCK : (i + 1) * BLOCK] for i in range(_CHUNK)]
    slots = [(i, view, view[:DIGEST_AT]) for i, view in enumerate(views)]
    for first in range(0, limit, _CHUNK):
        some = min(_CHUNK, limit - first)
        at = start + first * BLOCK
        good = medium.readinto(at, buffer[: some * BLOCK])
        for i, view, digested in slots[:some]:
            # A chunk that cannot be read is read again block by block, to lose only what is lost.
            yield first + i, view, digested, good or medium.readinto(at + i * BLOCK, view)


def _judge(segment, mac):
    """Return a function (b, view, what D covers) -> (fields, trouble) for a segment's blocks.

    The header's fields are None when no block of this segment stands there; trouble too is None
    then when it is a whole block of something else. This is the hot path of `verify`.
    """
    last, own_boot = segment.blocks and segment.blocks - 1, segment.boot
    ours = (segment.n, segment.s, segment.epoch, segment.card[:8], segment.device[:8])

    def judge(b, view, digested):
        fields = BLOCK_HEADER.unpack_from(view)
        magic, version, kind, flags, n, at, s, epoch, used, _, _, _, card, device, boot, zero = (
            fields
        )
        if magic != b"BWB1":
            return None, _BLANK if bytes(view) in _BLANKS else _DAMAGED
        digest = sha256(digested).digest()
        padding, stored, tag, word = BLOCK_END.unpack_from(view, BODY_END)
        if digest != stored or crc32(digest + tag) != word:
            return None, _DAMAGED
        if at != b or (n, s, epoch, card, device) != ours:
            return None, None
        if mac and mac.of(digest) != tag:
            return fields, _FORGED
        if b == 0:
            right = kind == HEAD and _right_head(Header._make(fields), view, segment)
        else:
            right = kind == (SEAL if b == last else DATA) or kind == SEAL and last is None
            right = right and used >= CHAINED
        right = right and used <= BODY_SIZE and version == 1 and flags <= FLUSHED
        right = right and zero == 0 and boot == own_boot and padding == _PADDING
        return fields, None if right else _WRONG_FIELD

    return judge


def _other(view, b, segment, medium):
    """Say what a whole block of another segment or place means here."""
    header = layout.header(view)
    other = f"block {header.b} of segment {header.n}"
    place = medium.place(segment.n)
    # Numbers are never given twice: only what stood here before, or after, has an excuse.
    if header.b == b and header.n != segment.n and medium.place(header.n) == place:
        return "incomplete", f"missing; {other} from another time stands there."
    return "tampered", f"not in its place; {other} was put there."


def _right_head(header, view, segment):
    clear = bytes(view[BODY_AT : BODY_AT + CLEAR])
    head = layout.head(clear)
    return (
        head is not None
        and header.first_at in (0, _OPENING_AT)
        and header.first_seq == 0
        and header.used > _OPENING_AT + layout.RECORD.size
        and not any(clear[layout.HEAD_BODY.size + len(head.seeds) * layout.SEALED_SEED.size :])
        and (head.nonce, head.card, head.device) == (segment.nonce, segment.card, segment.device)
        and head[3:6] == (segment.epoch, segment.recording, segment.index)
    )


def _decipher(records, header, view):
    try:
        records.block(header, view[BODY_AT:BODY_END])
    except Malformed as error:
        return "tampered", f"not as a camera writes it: {error}."
    return None


def _oddities(records, stream, segment):
    """Yield what is odd and changes no verdict."""
    if stream.unknown:
        stream.unknown = False
        what = f"{_where(segment)} holds records of a kind that this reader does not know."
        yield Finding("note", segment.n, None, what)
    if records.miscounted:
        what = f"The seal of {_where(segment, 'segment')} counts other gaps than were recorded."
        yield Finding("note", segment.n, None, what)


def _conclude(reading, bad, tail):
    """Turn troubles into findings; what follows the last block of an unsealed one is its tail."""
    segment, say = reading.segment, reading.findings.append
    promised = segment.blocks or (0 if reading.sealed else segment.least)
    bad += [trouble for trouble in tail if trouble[0] < promised]
    torn = next((trouble for trouble in tail if trouble[0] >= promised), None)
    if promised and not reading.blocks and all(kind == "incomplete" for _, kind, _ in bad):
        what = f"{_where(segment)} is missing: the camera's log says that it was written."
        say(Finding("incomplete", segment.n, None, what))
    else:
        reading.findings += _sentences(segment, bad)
    if reading.sealed or segment.blocks:
        return
    if segment.continued:
        kind = "damaged" if torn and torn[1] == "damaged" else "incomplete"
        what = f"{_where(segment)} has lost its seal: the recording goes on in the next segment."
        say(Finding(kind, segment.n, torn and torn[0], what))
    else:
        say(Finding("torn-tail", segment.n, None, _torn(reading, torn)))


def _sentences(segment, bad):
    """Yield one finding for each run of neighbouring blocks with the same trouble."""
    bad.sort()
    for (_, kind, what), run in groupby(
        enumerate(bad), lambda item: (item[1][0] - item[0], *item[1][1:])
    ):
        blocks = [trouble[0] for _, trouble in run]
        place = span(blocks[0], blocks[-1], "Block")
        yield Finding(
            kind, segment.n, blocks[0], f"{place} of {_where(segment, 'segment')}: {what}"
        )


def _torn(reading, torn):
    """Say how a segment ends that was never sealed."""
    segment = reading.segment
    where = _where(segment)
    if not reading.blocks:
        return f"{where} was opened and broken off before its first block was written."
    began = " One more block had been begun." if torn and torn[1] == "damaged" else ""
    seconds = reading.length_ms // 1000
    after = f"{count(reading.blocks, 'block')} and {count(seconds, 'second')}"
    if segment.log_mac:
        why = "it was broken off by a power cut or a fault, as the camera's log says."
    else:
        why = "without the camera's log nobody can say whether more had been written."
    return f"{where} ends without a seal after {after}: {why}{began}"


def _where(segment, word="Segment"):
    number = "" if segment.recording is None else f" (recording {segment.recording})"
    return f"{word} {segment.n}{number}"
