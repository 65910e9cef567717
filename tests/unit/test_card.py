"""How many blocks the camera finds at the boot after a power cut."""

import hashlib
import struct

import pytest

from bodycam.card import Card

SEGMENT, ENTRY = 3, 77


class Device:
    """A card that is read alone: (block number, is it whole) of one segment."""

    def __init__(self, blocks):
        self.image = b"".join(self._block(b, whole) for b, whole in blocks).ljust(256 * 16_384)

    def _block(self, b, whole):
        row = struct.pack("<4sIIII", b"BWB1", 0, SEGMENT, b, ENTRY)
        block = row.ljust(16_332, b"x")
        return (block + hashlib.sha256(block if whole else b"").digest()).ljust(16_384)

    def read(self, lba, buf):
        at = lba % 8192 * 512
        buf[:] = self.image[at : at + len(buf)]


def count(blocks, proved=0):
    card = Card(Device(list(enumerate(blocks))))
    card.segments = 100
    return card.count_blocks(SEGMENT, ENTRY, proved)


@pytest.mark.parametrize(
    "blocks, whole",
    [
        ([], 0),
        ([True], 1),
        ([True] * 40, 40),
        ([True] * 40 + [False], 40),
        ([True] * 40 + [False] * 2, 40),
        ([True] * 40 + [False, True], 40),
        ([True] * 256, 256),
    ],
)
def test_what_a_cut_tore_is_not_counted_of_two_blocks_under_way_either(blocks, whole):
    assert count(blocks) == whole


def test_what_was_proved_is_counted_unread():
    assert count([True] * 15 + [False, True], proved=16) == 17
