"""The card as the log sees it: one extent of places for segments, found in the superblock; no
file system (FORMAT.md section 5).
"""

import hashlib
import struct
from binascii import crc32

from micropython import const

from bodycam.blocks import BLOCK_BYTES, SEGMENT_BLOCKS
from bodycam.errors import Fault

_EIO = const(5)
_ENODEV = const(19)
_SECTOR = const(512)
_BLOCK_SECTORS = const(32)
_DIGEST = const(16_332)
_COMMIT = const(16_380)
_PLACE_SECTORS = const(8192)
_SUPERBLOCKS = (2048, 4096)


class Card:
    """An evidence card on `device` (`init()`, `sectors`, `read(lba, buf)`, `begin(lba, view)`,
    `step()`).

    After `mount`: `card_id` (16 bytes) and `segments`, the number of places.
    """

    def __init__(self, device):
        self.device = device
        self.card_id = b""
        self.segments = 0
        self._first_lba = 0

    def mount(self, card_id: bytes):
        """Initialise the card and read its superblock. Blocks up to 1.2 s (card initialisation).

        Raises:
            Fault: a card that fails, one that is not ours, or not the one that was
            enrolled (`card_id`).
        """
        try:
            self.device.init()
            self._find()
        except OSError as error:
            # Without a switch in the slot, silence is how a missing card shows.
            absent = error.errno == _ENODEV
            raise Fault("card_missing" if absent else "card_error", error)
        if self.card_id != card_id:
            raise Fault("card_foreign", "another card than the one enrolled")

    def _find(self):
        sector = bytearray(_SECTOR)
        failure = None
        for lba in _SUPERBLOCKS:
            try:
                self._read(lba, sector)
                if self._adopt(sector):
                    return
            except OSError as error:
                failure = error
        raise failure or Fault("card_foreign", "no superblock")

    def _read(self, lba, buf):
        # Block devices report failure in more than one way: False, a negative number. Ours raises.
        answer = self.device.read(lba, buf)
        if answer is not None:
            raise OSError(_EIO, "card: read answered %r" % (answer,))

    def _adopt(self, sector):
        if (
            sector[:4] != b"BWS1"
            or hashlib.sha256(memoryview(sector)[:480]).digest() != sector[480:]
        ):
            return False
        version, block_bytes, blocks, first, segments = struct.unpack(
            "<IIIII", sector[4:8] + sector[24:40]
        )
        if (
            version != 1
            or block_bytes != BLOCK_BYTES
            or blocks != SEGMENT_BLOCKS
            or first % _PLACE_SECTORS
        ):
            return False
        if first + segments * _PLACE_SECTORS > self.device.sectors:
            raise Fault("card_error", "smaller than its superblock says")
        self.card_id = bytes(sector[8:24])
        self._first_lba, self.segments = first, segments
        return True

    def room(self, next_segment: int, released: int) -> int:
        """Return how many segments can still be opened: places whose content was never written
        or has been released.
        """
        return self.segments - (next_segment - released)

    def lba(self, segment: int, block: int) -> int:
        """Return the first sector of block `block` of `segment`."""
        return self._first_lba + segment % self.segments * _PLACE_SECTORS + block * _BLOCK_SECTORS

    def count_blocks(self, segment: int, entry: int, proved: int) -> int:
        """Return how many whole blocks the torn `segment` has: 8 header reads and at most 4
        blocks. `proved` are certainly there.

        Raises:
            Fault: the card failed.
        """
        try:
            return self._count(segment, entry, proved)
        except OSError as error:
            raise Fault("card_error", error)

    def _count(self, segment, entry, proved):
        low, high = proved, SEGMENT_BLOCKS
        sector = bytearray(_SECTOR)
        want = struct.pack("<I", segment)
        while low < high:
            middle = (low + high) // 2
            self._read(self.lba(segment, middle), sector)
            n, b, s = struct.unpack("<III", sector[8:20])
            if sector[:4] == b"BWB1" and sector[8:12] == want and b == middle and s == entry:
                low = middle + 1
            else:
                high = middle
        block = bytearray(BLOCK_BYTES)
        while low > proved and not self._is_whole(self.lba(segment, low - 1), block):
            low -= 1
        # The last two may have been under way by one command, and the first of them torn.
        if low - 1 > proved and not self._is_whole(self.lba(segment, low - 2), block):
            low -= 2
        return low

    def _is_whole(self, lba, block):
        view = memoryview(block)
        self._read(lba, view)
        if crc32(view[_DIGEST:_COMMIT]) != struct.unpack_from("<I", block, _COMMIT)[0]:
            return False  # a cut may tear the tag alone
        return hashlib.sha256(view[:_DIGEST]).digest() == view[_DIGEST : _DIGEST + 32]
