"""Reads one segment in place, judges every block, and says what is not as it must be.

FORMAT.md sections 6 and 8. Memory is bounded: some blocks at a time, in one buffer of the
card's. What one call can do for many blocks is done once: reading, sealing, deciphering.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from struct import Struct
from zlib import crc32

from . import layout
from .findings import Finding
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
from .primitives import Deciphering
from .records import Malformed, Records, Stream

_BLANKS = (bytes(BLOCK), b"\xff" * BLOCK)
_PADDING = bytes(DIGEST_AT - BODY_END)
_OPENING_AT = CLEAR + CHAINED

# Magic, version, kind, flags; n, b, s, epoch, used; card and device; boot, zero.
_PIECES = Struct("<8s5I12x16sII")
_DATA_BEGINS = tuple(b"BWB1" + bytes((1, DATA, flags, 0)) for flags in (0, FLUSHED))

# A trouble with a position: a code of words.FINDINGS, and one fact more where it needs one.
_DAMAGED = ("block-damaged", None)
_UNREADABLE = ("block-unreadable", None)
_BLANK = ("block-missing", None)
_FORGED = ("block-forged", None)
_WRONG_FIELD = ("block-field", None)


@dataclass(slots=True)
class Reading:
    """What was found of one segment; counts are 0 where no READ key opened it."""

    segment: Segment
    blocks: int = 0
    sealed: bool = False
    deciphered: bool = False
    authentic: bool = False
    frames: int = 0
    written: "int | None" = None  # pictures, as the seal counts them; None where nothing reads it
    gaps: int = 0
    lost: int = 0
    length_ms: int = 0
    data_ms: "tuple | None" = None  # when its first and its last DATA block were closed
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
    records = Records(segment, stream) if key else None
    deciphering = Deciphering(key, segment.n, medium.buffer, medium.room) if key else None
    before = stream.frames, stream.gaps, stream.lost
    bad, tail, ends = [], [], []
    for first, views, judged in _chunks(medium, segment, mac):
        if deciphering:
            follows = deciphering.take(len(views), first)
        if judged is None and not records:
            bad += tail
            tail.clear()
            ends += [_header(views[0][0]), _header(views[-1][0])]
            reading.data_ms = (reading.data_ms or (ends[-2].ms,))[0], ends[-1].ms
            reading.blocks += len(views)
            continue
        for i, (header, trouble) in enumerate(
            judged or [(_header(view), None) for view, *_ in views]
        ):
            b = first + i
            if header is None:
                tail.append((b, *trouble))
                continue
            if tail:
                bad += tail
                tail.clear()
            ends[1:] = (header,)
            if header.kind == DATA:
                reading.data_ms = (reading.data_ms or (header.ms,))[0], header.ms
            reading.blocks += 1
            if records and not trouble:
                try:
                    records.block(header, deciphering.bodies[i], follows[i])
                except Malformed as error:
                    trouble = "block-format", str(error)
            if trouble:
                bad.append((b, *trouble))
                if records and b:
                    records.hole()
            if header.kind == SEAL:
                reading.sealed = trouble is None
    if ends:
        reading.length_ms = layout.elapsed_ms(ends[0].ms, ends[-1].ms)
    _conclude(reading, bad, tail, ends)
    if not (records and reading.sealed):
        stream.hole()
    if records:
        after = stream.frames, stream.gaps, stream.lost
        reading.frames, reading.gaps, reading.lost = (a - b for a, b in zip(after, before))
        reading.written = records.written
        reading.opening, reading.opening_ms = records.opening, records.opening_ms
        reading.findings += _oddities(records, stream, segment)
    return reading


def _chunks(medium, segment, mac):
    """Yield (first block, views, judged) of a segment's positions; views are used again.

    `judged` is None where every block is a DATA block as it must be; else a list of (header,
    trouble), the header None where no block of this segment stands. Without a promise the SEAL
    ends it. This is the hot path of `verify`.
    """
    start = medium.place(segment.n)
    if start is None:
        return
    own_n, own_ids = segment.n, segment.card[:8] + segment.device[:8]
    own_origin, own_boot = (segment.s, segment.epoch), (segment.boot, 0)
    limit = segment.blocks or BLOCKS
    for first in range(0, limit, len(medium.views)):
        views = medium.views[: limit - first]
        unreadable = medium.blocks(start + first * BLOCK, len(views))
        digests, usual = [], []
        b = first
        for view, covered, ending, _ in views:
            digest = sha256(covered).digest()
            digests.append(digest)
            begin, n, at, s, epoch, used, ids, boot, zero = _PIECES.unpack_from(view)
            padding, stored, _, word = BLOCK_END.unpack_from(view, BODY_END)
            usual.append(
                digest == stored
                and crc32(ending) == word
                and at == b
                and n == own_n
                and ids == own_ids
                and (s, epoch) == own_origin
                and (boot, zero) == own_boot
                and begin in _DATA_BEGINS
                and CHAINED <= used <= BODY_SIZE
                and padding == _PADDING
            )
            b += 1
        if b == segment.blocks:
            usual[-1] = False  # here a SEAL must stand
        for i in unreadable:
            usual[i] = False
        stored = b"".join([tag for *_, tag in views])
        tags = mac.of_digests(digests) if mac else stored
        if tags == stored and False not in usual:
            yield first, views, None
            continue
        judged = []
        for i, (view, _, ending, tag) in enumerate(views):
            right_tag = tags[16 * i : 16 * i + 16] == tag
            if usual[i] and right_tag:
                judged.append((_header(view), None))
            elif i in unreadable:
                judged.append((None, _UNREADABLE))
            else:
                whole = _whole(view, digests[i], ending)
                judged.append(_judge(view, first + i, segment, medium, whole, right_tag))
            header = judged[i][0]
            if header and header.kind == SEAL and segment.blocks is None:
                yield first, views[: i + 1], judged
                return
        yield first, views, judged


def judge_block(view, b, segment, medium, mac):
    """Return (header, trouble) of position `b` of `segment`: of the block in `view` alone.

    The header is None where no block of the segment stands. `trouble` is None, or a code of
    words.FINDINGS and one fact more. Without a CHECK key `mac` is None, and no tag is judged.
    """
    ending = view[DIGEST_AT : BLOCK - 4]
    digest = sha256(view[:DIGEST_AT]).digest()
    whole = _whole(view, digest, ending)
    right_tag = mac is None or whole and mac.of(digest) == ending[32:]
    return _judge(view, b, segment, medium, whole, right_tag)


def _header(view):
    return Header._make(BLOCK_HEADER.unpack_from(view))


def _whole(view, digest, ending):
    _, stored, _, word = BLOCK_END.unpack_from(view, BODY_END)
    return digest == stored and crc32(ending) == word


def _judge(view, b, segment, medium, whole, right_tag):
    """Return (header, trouble) of one position; no header where no block of the segment stands."""
    header = _header(view)
    if not whole:
        return None, _BLANK if bytes(view) in _BLANKS else _DAMAGED
    ours = (segment.n, b, segment.s, segment.epoch)
    if header[4:8] != ours or header[12:14] != (segment.card[:8], segment.device[:8]):
        return None, _other(header, b, segment, medium)
    if not right_tag:
        return header, _FORGED
    right = view[BODY_END:DIGEST_AT] == _PADDING and _right(header, view, segment)
    return header, None if right else _WRONG_FIELD


def _right(header, view, segment):
    """Return whether the fields of a block in its place are as a camera writes them."""
    last = segment.blocks and segment.blocks - 1
    if header.b == 0:
        right = header.kind == HEAD and _right_head(header, view, segment)
    else:
        right = header.kind == (SEAL if header.b == last else DATA)
        right = right or header.kind == SEAL and last is None
    return (
        right
        and header[:2] == (b"BWB1", 1)
        and header.flags <= FLUSHED
        and CHAINED <= header.used <= BODY_SIZE
        and header[14:] == (segment.boot, 0)
    )


def _other(header, b, segment, medium):
    """Say what a whole block of another segment or place means here."""
    n, own_card = header.n, header.card == segment.card[:8]
    # Numbers are never given twice: only what stood here before has an excuse.
    if own_card and header.b == b and n < segment.n and medium.place(n) == medium.place(segment.n):
        return "block-older", n
    if header.device != segment.device[:8]:
        return "block-of-other-camera", None
    if not own_card:
        return "block-of-other-card", None
    if n != segment.n:
        return "block-moved", (n, header.b)
    return ("block-reordered", (n, header.b)) if header.b != b else ("block-header", None)


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


def _oddities(records, stream, segment):
    """Yield what is odd and changes no verdict."""
    facts = {"recording": segment.recording}
    if stream.unknown:
        stream.unknown = False
        yield Finding("records-unknown", segment.n, facts=facts)
    if stream.unusable:
        stream.unusable = False
        yield Finding("words-unusable", segment.n, facts=facts)
    if records.miscounted:
        yield Finding("gaps-miscounted", segment.n, facts=facts)


def _set_apart_torn(reading, bad, tail, ends):
    """Move the last block but one from `bad` to `tail` when a cut can have torn it alone: the last
    two may have been under way by one command. Only a log tells that a SEAL was one of them.
    """
    segment = reading.segment
    if segment.blocks or not ends or reading.sealed and segment.ended[0] == "unknown":
        return
    under_way = max(segment.least, ends[-1].b - 1)
    torn = [trouble for trouble in bad if trouble[0] >= under_way and trouble[1] in _TORN]
    if torn:
        tail += torn
        bad[:] = [trouble for trouble in bad if trouble not in torn]
        reading.sealed = False


def _conclude(reading, bad, tail, ends):
    """Turn troubles into findings; what follows the last block of an unsealed one is its tail."""
    segment, say = reading.segment, reading.findings.append
    facts = {"recording": segment.recording}
    _set_apart_torn(reading, bad, tail, ends)
    promised = segment.blocks or (0 if reading.sealed else segment.least)
    bad += [trouble for trouble in tail if trouble[0] < promised]
    torn = next((trouble for trouble in tail if trouble[0] >= promised), None)
    begun = torn is not None and torn[1] in _BEGUN
    if promised and not reading.blocks and {code for _, code, _ in bad} <= set(_ABSENT):
        say(Finding("segment-missing", segment.n, facts=facts))
    else:
        reading.findings += _runs(segment, bad, promised)
    if reading.sealed or segment.blocks:
        return
    if segment.continued:
        code = "seal-damaged" if begun else "seal-missing"
        say(Finding(code, segment.n, torn and torn[0], facts))
    elif not reading.blocks:
        say(Finding("torn-empty", segment.n, facts={**facts, "ended": segment.ended}))
    else:
        facts |= {"count": reading.blocks, "seconds": reading.length_ms // 1000}
        facts |= {"ended": segment.ended, "began": "more" if begun else ""}
        say(Finding("torn", segment.n, facts=facts))


_ABSENT = ("block-missing", "block-older")
_BEGUN = ("block-damaged", "block-unreadable")
_TORN = _ABSENT + _BEGUN


def _runs(segment, bad, promised):
    """Yield one finding for each run of neighbouring blocks with the same trouble."""
    bad.sort(key=lambda trouble: trouble[0])
    for (_, code, more), run in groupby(
        enumerate(bad), lambda item: (item[1][0] - item[0], *item[1][1:])
    ):
        blocks = [trouble[0] for _, trouble in run]
        if code == "block-missing" and blocks[-1] == promised - 1:
            code = "tail-missing"
        facts = {"recording": segment.recording, "blocks": (blocks[0], blocks[-1])}
        facts |= {"why": more} if code == "block-format" else {"other": more}
        yield Finding(code, segment.n, blocks[0], facts)
