"""The change of epoch: the new log's first pages are put aside in the last sector of the flash,
and one page makes them valid. A power cut at any moment leaves the old or the new epoch
(FORMAT.md section 4).
"""

import struct
from binascii import crc32
from hashlib import sha256

from micropython import const

from bodycam import log
from bodycam.errors import Fault
from bodycam.session import BAD_VALUE, Refusal

SECTOR_BYTES = const(4096)

_KEPT = const(1024)  # in the sector: what the camera takes along
_KEPT_BYTES = const(1000)
_MARK = const(3840)  # its last page
_ENTRY = const(160)
_KEYS = const(164)
_SEALED_BYTES = const(88)
_LARGEST_PAGES = const(3)
_BLANK = b"\xff" * SECTOR_BYTES


def opening(pages) -> tuple:
    """Return (epoch, first, device id, card id, released) of a new log's first `pages`.

    Raises:
        Refusal: they are not what a log begins with.
    """
    count = len(pages) // log.PAGE_BYTES
    if len(pages) % log.PAGE_BYTES or not 1 <= count <= _LARGEST_PAGES:
        raise Refusal(BAD_VALUE)
    view = memoryview(pages)
    for s in range(count):
        page = view[s * log.PAGE_BYTES : (s + 1) * log.PAGE_BYTES]
        if not _is_entry(page, s) or not _keys_right(page, s == count - 1):
            raise Refusal(BAD_VALUE)
    epoch, first, device, card, released = struct.unpack_from("<II16s16sI", pages, 48)
    return epoch, first, device, card, released


def _is_entry(page, s):
    magic, number, code, trust, length, boot = struct.unpack_from("<4sIHBBH", page, 0)
    detail = 44 <= length <= 96 if s == 0 else length == _SEALED_BYTES
    return (
        magic == b"BWL1"
        and (number, code, boot) == (s, log.SEALED_READ if s else log.EPOCH, 0)
        and detail
        and crc32(page[:_ENTRY]) == struct.unpack_from("<I", page, _ENTRY)[0]
        and page[232:] == b"\xff" * 24
    )


def _keys_right(page, newest):
    keys, check = page[_KEYS : _KEYS + 64], struct.unpack_from("<I", page, 228)[0]
    return any(keys) and crc32(keys) == check if newest else not any(page[_KEYS:232])


def put_aside(flash, pages, kept: bytes = b"") -> bytes:
    """Put the pages aside, read them back, and return their digest. Blocks some 50 ms. `kept`, at
    most 1,000 bytes, is what `settle` gives back in the new epoch.

    Raises:
        Fault: the flash failed.
    """
    at = flash.size_bytes - SECTOR_BYTES
    _erase(flash, at)
    _program(flash, at, pages)
    if 0 < len(kept) <= _KEPT_BYTES:
        _program(flash, at + _KEPT, struct.pack("<II", len(kept), crc32(kept)) + kept)
    return sha256(pages).digest()


def confirm(flash, digest) -> bool:
    """Make the pages that are put aside valid; return False, and change nothing, when none with
    this digest are there. After True the camera has to restart.

    Raises:
        Fault: the flash failed.
    """
    at = flash.size_bytes - SECTOR_BYTES
    for count in range(1, _LARGEST_PAGES + 1):
        pages = bytearray(count * log.PAGE_BYTES)
        flash.read(at, pages)
        if sha256(pages).digest() == digest:
            _program(flash, at + _MARK, struct.pack("<4sI", b"BWC1", count) + digest)
            return True
    return False


def settle(flash) -> bytes:
    """At boot: begin the epoch that was confirmed, and return what was kept for it; forget one
    that was not.

    Blocks 50 ms for each sector of the old log that is not blank, up to 13 s; almost always
    there is nothing to do.

    Raises:
        Fault: the flash failed.
    """
    if not flash:
        return b""
    try:
        return _settle(flash)
    except OSError:
        pass  # what failed once is done again, from the beginning
    try:
        return _settle(flash)
    except OSError as error:
        raise Fault("log_error", error)


def _settle(flash):
    kept = b""
    aside = flash.size_bytes - SECTOR_BYTES
    sector = bytearray(SECTOR_BYTES)
    flash.read(aside, sector)
    pages = _confirmed(sector)
    if pages:
        kept = _kept(sector)
        for at in range(0, aside, SECTOR_BYTES):
            _erase(flash, at)
        _program(flash, 0, pages)
    _erase(flash, aside)
    return kept


def _kept(sector):
    size, crc = struct.unpack_from("<II", sector, _KEPT)
    kept = bytes(sector[_KEPT + 8 : _KEPT + 8 + min(size, _KEPT_BYTES)])
    return kept if crc32(kept) == crc else b""


def _confirmed(sector):
    magic, count, digest = struct.unpack_from("<4sI32s", sector, _MARK)
    if magic == b"BWC1" and 1 <= count <= _LARGEST_PAGES:
        pages = memoryview(sector)[: count * log.PAGE_BYTES]
        if sha256(pages).digest() == digest:
            return pages


def is_blank(flash) -> bool:
    """Return whether nothing was ever written: a fresh camera. Reads all of it, some 0.3 s.

    Raises:
        OSError: the flash failed.
    """
    sector = bytearray(SECTOR_BYTES)
    for at in range(0, flash.size_bytes, SECTOR_BYTES):
        flash.read(at, sector)
        if sector != _BLANK:
            return False
    return True


def _erase(flash, at):
    # What is blank stays as it is: an erase takes 45 ms.
    sector = bytearray(SECTOR_BYTES)
    flash.read(at, sector)
    for _attempt in range(2):
        if sector == _BLANK:
            return
        flash.erase(at, SECTOR_BYTES)
        flash.read(at, sector)
    if sector != _BLANK:
        raise Fault("log_error", "sector at %d does not erase" % at)


def _program(flash, at, data):
    back = bytearray(len(data))
    flash.program(at, data)
    flash.read(at, back)
    if back != data:
        raise Fault("log_error", "what is programmed at %d does not stay" % at)
