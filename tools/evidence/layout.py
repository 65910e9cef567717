"""Where every field stands: FORMAT.md sections 4 to 7 as struct layouts, with no judgement.

All integers are little endian. Nothing here reads files or knows keys.
"""

import struct
import zlib
from hashlib import sha256
from typing import NamedTuple

SECTOR = 512
BLOCK = 16_384
BLOCKS = 256
PLACE_SECTORS = 8_192
BLOCK_SECTORS = BLOCK // SECTOR
PAGE = 256

PARTITION_LBA = 8_192
SUPERBLOCK_LBAS = (2_048, 4_096)

# A block: where the parts after the header stand.
BODY_AT = 64
BODY_END = 16_320
BODY_SIZE = BODY_END - BODY_AT
DIGEST_AT = 16_332
HEAD, DATA, SEAL = 1, 2, 3
FLUSHED = 1
CHAINED = 16  # bytes of n and b that begin each enciphered part
CLEAR = 256  # bytes of a HEAD's body that are not enciphered
CLOCK_MS = 1 << 30  # milliseconds since boot are counted modulo this

# Codes of log entries and what a person calls them.
EPOCH, SEALED_READ, BOOT, STAGE, OPEN, SEALED, TORN = 1, 2, 3, 4, 5, 6, 7
MARK, FAULT, WARNING, CLOCK, CARD, POWER, RELEASED, OFF = 8, 9, 10, 11, 12, 13, 14, 15
IN_WORDS = (BOOT, STAGE, MARK, FAULT, WARNING, CLOCK, CARD, POWER, OFF)  # detail is JSON
WATCHDOG = 3  # `cause` of a BOOT
CODES = {
    EPOCH: "EPOCH",
    SEALED_READ: "SEALED_READ",
    BOOT: "BOOT",
    STAGE: "STAGE",
    OPEN: "OPEN",
    SEALED: "SEAL",
    TORN: "TORN",
    MARK: "MARK",
    FAULT: "FAULT",
    WARNING: "WARNING",
    CLOCK: "CLOCK",
    CARD: "CARD",
    POWER: "POWER",
    RELEASED: "RELEASED",
    OFF: "OFF",
}

# Kinds and flags of records.
FRAME, AUDIO, EVENT, GAP = 1, 2, 3, 4
PRE_EVENT = 1

BLOCK_HEADER = struct.Struct("<4sBBHIIIIIIII8s8sII")
HEAD_BODY = struct.Struct("<16s16s16sIIII")
SEALED_SEED = struct.Struct("<8s80s")
SEAL_BODY = struct.Struct("<9I")
BLOCK_END = struct.Struct("<12s32s16sI")  # at BODY_END: padding, D, T, commit word
RECORD = struct.Struct("<BBHIII")
CHAINED_HEAD = struct.Struct("<IIQ")
SUPERBLOCK = struct.Struct("<4sI16s5I")
ENTRY = struct.Struct("<4sIHBBHHQII16s96s16sI")
ENTRY_KEYS = struct.Struct("<32s32sI")
EPOCH_DETAIL = struct.Struct("<II16s16sI")
OPEN_DETAIL = struct.Struct("<I16s16sII")
PAIR = struct.Struct("<II")
RELEASE = struct.Struct("<II32s16s")
ASIDE = 4_096  # bytes at the end of the log's flash, where the next epoch is put aside
ASIDE_MARK = struct.Struct("<4sI32s")  # in the last page of them
KEYS_AT, PROGRESS_AT, SPARE_AT = 164, 232, 234


class Superblock(NamedTuple):
    """What the card says about itself."""

    card: bytes
    first_lba: int
    segments: int
    utc: int


class Header(NamedTuple):
    """The first 64 bytes of a block; `ms` counts from boot, modulo `CLOCK_MS`."""

    magic: bytes
    version: int
    kind: int
    flags: int
    n: int
    b: int
    s: int
    epoch: int
    used: int
    first_seq: int
    first_at: int
    ms: int
    card: bytes
    device: bytes
    boot: int
    zero: int


class Head(NamedTuple):
    """The clear part of a HEAD block; `seeds` maps a key's id to the sealed READ seed."""

    nonce: bytes
    card: bytes
    device: bytes
    epoch: int
    recording: int
    index: int
    seeds: dict


class Seal(NamedTuple):
    """The body of a SEAL block: blocks, records, frames of the segment, gaps of the recording."""

    blocks: int
    records: int
    frames: int
    gaps: int
    lost: int
    reason: int
    opened_ms: int
    made_ms: int
    next_seq: int


class Entry(NamedTuple):
    """One valid page of the camera's log; `keys` is None where no right key field stands."""

    page: int
    s: int
    code: int
    state: int
    detail: bytes
    padding: bytes
    boot: int
    recording: int
    uptime_ms: int
    utc: int
    next: int
    previous: bytes
    mac: bytes
    keys: "tuple[bytes, bytes] | None"
    wiped: bool
    progress: int
    spare: bytes

    @property
    def trust(self) -> int:
        """How far to trust `utc`: 0 unset, 1 the clock chip's, 2 set by a station."""
        return self.state & 15


def superblock(sector: bytes) -> "Superblock | None":
    """Return the superblock in these 512 bytes, or None when they hold none that is right."""
    magic, version, card, block, blocks, first_lba, segments, utc = SUPERBLOCK.unpack_from(sector)
    right = (
        (magic, version, block, blocks) == (b"BWS1", 1, BLOCK, BLOCKS)
        and not any(sector[44:480])
        and sha256(sector[:480]).digest() == sector[480:512]
        and segments > 0
        and first_lba % PLACE_SECTORS == 0
    )
    return Superblock(card, first_lba, segments, utc) if right else None


def header(block: bytes, at: int = 0) -> Header:
    """Return the header of the block that begins at `at`, whatever stands there."""
    return Header._make(BLOCK_HEADER.unpack_from(block, at))


def whole(block: bytes) -> bool:
    """Return whether D and the commit word of a block are right."""
    _, digest, tag, word = BLOCK_END.unpack_from(block, BODY_END)
    return sha256(block[:DIGEST_AT]).digest() == digest and zlib.crc32(digest + tag) == word


def head(body: bytes) -> "Head | None":
    """Return the clear part of a HEAD, or None when it promises more than two sealed seeds."""
    *fields, count = HEAD_BODY.unpack_from(body)
    if count > 2:
        return None
    at = HEAD_BODY.size
    seeds = (SEALED_SEED.unpack_from(body, at + i * SEALED_SEED.size) for i in range(count))
    return Head(*fields, dict(seeds))


def entry(page: bytes, number: int) -> "Entry | None":
    """Return the log entry in this page of 256 bytes, or None; its key field is not judged."""
    if page[:4] != b"BWL1" or zlib.crc32(page[:160]) != int.from_bytes(page[160:164], "little"):
        return None
    _, s, code, state, size, boot, recording, uptime_ms, utc, after, previous, detail, mac, _ = (
        ENTRY.unpack_from(page)
    )
    field = page[KEYS_AT:PROGRESS_AT]
    read, check, crc = ENTRY_KEYS.unpack(field)
    return Entry(
        number,
        s,
        code,
        state,
        detail[:size],
        detail[size:],
        boot,
        recording,
        uptime_ms,
        utc,
        after,
        previous,
        mac,
        (read, check) if zlib.crc32(field[:64]) == crc else None,
        not any(field),
        int.from_bytes(page[PROGRESS_AT:SPARE_AT], "little"),
        page[SPARE_AT:],
    )


def elapsed_ms(start: int, end: int) -> int:
    """Return the milliseconds from one time since boot to another; negative when it was before."""
    half = CLOCK_MS // 2
    return (end - start + half) % CLOCK_MS - half
