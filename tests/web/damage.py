"""Fifty ways in which a card or its camera's log can be damaged or forged.

`DAMAGES` maps a name to a function of a `Case`, which changes the card's and the log's bytes.
"""

import struct
import zlib
from hashlib import sha256

BLOCK = 16_384
PLACE = 256 * BLOCK
PAGE = 256
SUPERBLOCKS = (2048 * 512, 4096 * 512)


class Case:
    """A card image and a log in memory; `before` is the same card at an earlier time."""

    def __init__(self, card, log, before):
        self.card, self.log = bytearray(card), bytearray(log)
        self.before_card, self.before_log = before
        self.first = struct.unpack_from("<I", card, SUPERBLOCKS[0] + 32)[0] * 512

    def at(self, n, b, offset=0):
        """Return where a byte of block b of segment n stands."""
        return self.first + n * PLACE + b * BLOCK + offset

    def flip(self, at, bit=0):
        """Flip a bit of the card."""
        self.card[at] ^= 1 << bit

    def block(self, n, b):
        """Return a block."""
        at = self.at(n, b)
        return bytes(self.card[at : at + BLOCK])

    def put(self, n, b, block):
        """Put a block in a place."""
        self.card[self.at(n, b) : self.at(n, b) + BLOCK] = block

    def reseal(self, n, b):
        """Make the digest and the commit word right, as whoever has no key can."""
        at = self.at(n, b)
        digest = sha256(self.card[at : at + 16_332]).digest()
        self.card[at + 16_332 : at + 16_364] = digest
        word = zlib.crc32(self.card[at + 16_332 : at + 16_380])
        struct.pack_into("<I", self.card, at + 16_380, word)

    def blocks(self, n):
        """Return how many blocks of a segment stand there."""
        return next((b for b in range(256) if self.block(n, b)[:4] != b"BWB1"), 256)

    def pages(self):
        """Return how many pages of the log are used."""
        used = len(self.log) // PAGE
        while used and self.log[(used - 1) * PAGE : used * PAGE].strip(b"\xff") == b"":
            used -= 1
        return used

    def page(self, i):
        """Return a page of the log."""
        return bytes(self.log[i * PAGE : (i + 1) * PAGE])

    def put_page(self, i, page):
        """Put a page in a place."""
        self.log[i * PAGE : (i + 1) * PAGE] = page

    def find(self, code):
        """Return the pages whose entry has this code."""
        return [i for i in range(self.pages()) if self.page(i)[8:10] == bytes((code, 0))]


def _bit(n, b, offset, bit=0):
    return lambda case: case.flip(case.at(n, b, offset), bit)


def _blank(n, blocks, value=0):
    def act(case):
        for b in blocks(case) if callable(blocks) else blocks:
            case.put(n, b, bytes((value,)) * BLOCK)

    return act


def _resealed(n, b, offset, bit=0):
    def act(case):
        case.flip(case.at(n, b, offset), bit)
        case.reseal(n, b)

    return act


def _tag(case):
    at = case.at(0, 3, 16_364)
    case.flip(at)
    word = zlib.crc32(case.card[case.at(0, 3, 16_332) : case.at(0, 3, 16_380)])
    struct.pack_into("<I", case.card, case.at(0, 3, 16_380), word)


def _swap(n, a, m, b):
    def act(case):
        one, two = case.block(n, a), case.block(m, b)
        case.put(n, a, two)
        case.put(m, b, one)

    return act


def _copy(n, a, m, b):
    return lambda case: case.put(m, b, case.block(n, a))


def _superblock(copies, offset=20):
    def act(case):
        for copy in copies:
            case.flip(SUPERBLOCKS[copy] + offset)

    return act


def _rewrite_superblock(copies, offset, field):
    def act(case):
        for copy in copies:
            at = SUPERBLOCKS[copy]
            case.card[at + offset : at + offset + len(field)] = field
            case.card[at + 480 : at + 512] = sha256(case.card[at : at + 480]).digest()

    return act


def _short(case):
    del case.card[case.at(1, 5) :]


def _older_card(case):
    case.card[:] = case.before_card


def _older_log(case):
    case.log[:] = case.before_log


def _log_bit(code, offset, which=0):
    return lambda case: _flip_log(case, case.find(code)[which] * PAGE + offset)


def _flip_log(case, at):
    case.log[at] ^= 1


def _log_rewritten(code, offset, which=0):
    def act(case):
        i = case.find(code)[which]
        page = bytearray(case.page(i))
        page[offset] ^= 1
        struct.pack_into("<I", page, 160, zlib.crc32(page[:160]))
        case.put_page(i, page)

    return act


def _log_of_length(code, n_bytes):
    def act(case):
        i = case.find(code)[0]
        page = bytearray(case.page(i))
        page[11] = n_bytes
        page[48 + n_bytes : 144] = bytes(96 - n_bytes)
        struct.pack_into("<I", page, 160, zlib.crc32(page[:160]))
        case.put_page(i, page)

    return act


def _log_cut(pages):
    def act(case):
        last = case.pages()
        for i in range(last - pages, last):
            case.put_page(i, b"\xff" * PAGE)

    return act


def _log_removed(code):
    def act(case):
        i = case.find(code)[0]
        last = case.pages()
        for k in range(i, last - 1):
            case.put_page(k, case.page(k + 1))
        case.put_page(last - 1, b"\xff" * PAGE)

    return act


def _log_swapped(case):
    i = case.find(4)[1]
    one, two = case.page(i), case.page(i + 1)
    case.put_page(i, two)
    case.put_page(i + 1, one)


def _last(case):
    return case.blocks(0) - 1


DAMAGES = {
    "nothing": lambda case: None,
    "a bit of a picture": _bit(0, 3, 8000),
    "a bit in the first enciphered bytes": _bit(0, 2, 70),
    "the last bit of a body": _bit(0, 4, 16_319, 7),
    "a bit of the padding": _bit(0, 4, 16_325),
    "a bit of the digest": _bit(0, 5, 16_340),
    "a bit of the tag": _bit(0, 5, 16_370),
    "a bit of the commit word": _bit(0, 5, 16_381),
    "a bit of the magic": _bit(0, 5, 0),
    "a bit of the block number": _bit(0, 5, 12),
    "a bit of HEAD": _bit(0, 0, 5000),
    "a bit of HEAD's clear part": _bit(0, 0, 80),
    "a bit of the seal": lambda case: case.flip(case.at(0, _last(case), 200)),
    "bits in three blocks": lambda case: [case.flip(case.at(0, b, 999)) for b in (2, 3, 7)],
    "a bit in two segments": lambda case: [case.flip(case.at(n, 2, 999)) for n in (0, 1)],
    "a bit of a later segment of a long recording": _bit(2, 4, 8000),
    "a block of zeros": _blank(0, (4,)),
    "a block of ones": _blank(0, (4,), 255),
    "three blocks of zeros": _blank(0, (3, 4, 5)),
    "the end of a segment": _blank(0, lambda case: range(5, case.blocks(0))),
    "the seal of a segment": _blank(0, lambda case: [_last(case)]),
    "HEAD": _blank(0, (0,)),
    "a whole segment": _blank(0, range(256)),
    "a segment in the middle of a recording": _blank(2, range(256)),
    "the last segment": lambda case: _blank(_newest(case), range(256))(case),
    "two segments at the end": lambda case: [
        _blank(_newest(case) - i, range(256))(case) for i in (0, 1)
    ],
    "a picture changed and resealed": _resealed(0, 3, 8000),
    "the block number changed and resealed": _resealed(0, 3, 12),
    "the segment number changed and resealed": _resealed(0, 3, 8),
    "the entry changed and resealed": _resealed(0, 3, 16),
    "the card's name changed and resealed": _resealed(0, 3, 41),
    "the camera's name changed and resealed": _resealed(0, 3, 50),
    "the tag changed": _tag,
    "two blocks exchanged": _swap(0, 3, 0, 6),
    "blocks of two segments exchanged": _swap(0, 3, 1, 3),
    "a block in another's place": _copy(0, 3, 0, 5),
    "a block of another segment": _copy(1, 4, 0, 4),
    "one description": _superblock((0,)),
    "both descriptions": _superblock((0, 1)),
    "a description rewritten": _rewrite_superblock((1,), 40, b"\x07\x07\x07\x07"),
    "the card renamed": _rewrite_superblock((0, 1), 8, b"another card's  "),
    "a short image": _short,
    "the card of an earlier day": _older_card,
    "the log of an earlier day": _older_log,
    "a bit of a stage in the log": _log_bit(4, 50, 1),
    "a bit of an opening in the log": _log_bit(5, 60),
    "a stage in the log rewritten": _log_rewritten(4, 50, 1),
    "an opening in the log rewritten": _log_rewritten(5, 52),
    "an opening in the log cut short": _log_of_length(5, 2),
    "a seal in the log cut short": _log_of_length(6, 6),
    "an opening in the log too long": _log_of_length(5, 48),
    "the log's last page": _log_cut(1),
    "the log's last four pages": _log_cut(4),
    "a page of the log removed": _log_removed(4),
    "two pages of the log exchanged": _log_swapped,
}


def _newest(case):
    n = 0
    while case.block(n + 1, 0)[:4] == b"BWB1":
        n += 1
    return n
