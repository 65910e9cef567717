"""How many blocks the camera finds at the boot after a power cut."""

import hashlib
import struct
import zlib

import pytest

from bodycam.card import Card

SEGMENT, ENTRY = 3, 77


class Device:
    """A card that is read alone: (block number, how much a cut tore off its end) of one
    segment.
    """

    def __init__(self, blocks):
        self.image = b"".join(self._block(b, torn) for b, torn in blocks).ljust(256 * 16_384)

    def _block(self, b, torn_bytes):
        row = struct.pack("<4sIIII", b"BWB1", 0, SEGMENT, b, ENTRY)
        block = row.ljust(16_332, b"x")
        signed = hashlib.sha256(block).digest() + b"t" * 16
        block += signed + struct.pack("<I", zlib.crc32(signed))
        return block[: 16_384 - torn_bytes].ljust(16_384, b"\0")

    def read(self, lba, buf):
        at = lba % 8192 * 512
        buf[:] = self.image[at : at + len(buf)]


def count(blocks, proved=0):
    card = Card(Device(list(enumerate(blocks))))
    card.segments = 100
    return card.count_blocks(SEGMENT, ENTRY, proved)


@pytest.mark.parametrize(
    "torn_bytes, whole",
    [
        ([], 0),
        ([0], 1),
        ([0] * 40, 40),
        ([0] * 40 + [9000], 40),
        ([0] * 40 + [9000] * 2, 40),
        ([0] * 40 + [9000, 0], 40),
        ([0] * 256, 256),
    ],
)
def test_what_a_cut_tore_is_not_counted_of_two_blocks_under_way_either(torn_bytes, whole):
    assert count(torn_bytes) == whole


@pytest.mark.parametrize("torn_bytes", [1, 4, 5, 12, 20, 21, 52, 53])
def test_a_block_whose_tag_or_commit_word_was_torn_is_not_counted(torn_bytes):
    assert count([0] * 20 + [torn_bytes]) == 20
    assert count([0] * 20 + [torn_bytes, 0]) == 20


def test_what_was_proved_is_counted_unread():
    assert count([0] * 15 + [9000, 0], proved=16) == 17
