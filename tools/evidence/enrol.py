"""What a station gives a camera at the start of an epoch: seeds, their sealed copies, a fresh log.

FORMAT.md sections 3 and 4. The image of the flash partition is blank but for the first entries.
"""

import zlib

from . import layout
from .primitives import Chain, entry_mac, key_id, seal_seed

LOG_BYTES = 1 << 20
_BY_STATION = 2  # trust in UTC
_NO_PROGRESS = b"\xff\xff"


def epoch_log(
    *,
    device: bytes,
    card: bytes,
    epoch: int,
    first: int,
    released: int,
    name: str,
    utc: int,
    read: bytes,
    check: bytes,
    recipients,
) -> bytes:
    """Return a flash partition with EPOCH and one SEALED_READ for each X25519 public key.

    `first` is the first segment's number, `released` the number below which segments may be
    erased, `read` and `check` the epoch's two seeds, `name` at most 52 bytes in UTF-8.

    Raises:
        ValueError: the name is too long.
    """
    label = name.encode("utf-8")
    if len(label) > 96 - layout.EPOCH_DETAIL.size:
        raise ValueError("the camera's name is too long")
    opening = layout.EPOCH_DETAIL.pack(epoch, first, device, card, released) + label
    details = [(layout.EPOCH, opening)]
    for public in recipients:
        sealed = layout.SEALED_SEED.pack(key_id(public), seal_seed(read, public, device, epoch))
        details.append((layout.SEALED_READ, sealed))
    reads, checks = Chain(read), Chain(check)
    pages, previous = [], bytes(16)
    for s, (code, detail) in enumerate(details):
        fields = (b"BWL1", s, code, _BY_STATION, len(detail), 0, 0, 0, utc, first, previous)
        body = layout.ENTRY.pack(*fields, detail, bytes(16), 0)[:144]
        previous = entry_mac(checks.at(s)).of(body)
        body += previous
        keys = bytes(64)
        if s == len(details) - 1:
            keys = reads.at(s + 1) + checks.at(s + 1)
        # Of every entry but the newest the keys are erased, and their check sum with them.
        check_sum = zlib.crc32(keys) if any(keys) else 0
        page = body + _u32(zlib.crc32(body)) + keys + _u32(check_sum) + _NO_PROGRESS
        pages.append(page.ljust(layout.PAGE, b"\xff"))
    return b"".join(pages).ljust(LOG_BYTES, b"\xff")


def _u32(number):
    return number.to_bytes(4, "little")
