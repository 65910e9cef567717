"""What the services make of a card driver that answers strangely, or not at all."""

import hashlib
import struct

import pytest

from bodycam.card import Card
from bodycam.errors import Fault

CARD = b"k" * 16


def superblock():
    sector = struct.pack("<4sI16sIIIII", b"BWS1", 1, CARD, 16_384, 256, 16_384, 4, 0)
    sector = sector.ljust(480, b"\0")
    return sector + hashlib.sha256(sector).digest()


class Reader:
    """A card driver that reads; `answers` come instead, one for each read, until none is left."""

    sectors = 1 << 20

    def __init__(self, answers=()):
        self.answers = list(answers)
        self.asked = []

    def init(self):
        pass

    def read(self, lba, buf):
        self.asked.append(lba)
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, OSError):
                raise answer
            return answer
        buf[:] = superblock()


def test_one_copy_of_the_superblock_that_cannot_be_read_is_no_fault():
    device = Reader([OSError(5, "unreadable")])
    card = Card(device)
    card.mount(CARD)
    assert card.segments == 4 and device.asked == [2048, 4096]


def test_a_card_whose_superblocks_cannot_be_read_is_broken_and_not_another_one():
    with pytest.raises(Fault, match="card_error"):
        Card(Reader([OSError(5, "unreadable")] * 2)).mount(CARD)


@pytest.mark.parametrize("answer", [False, -5, -110, True, 0, b""])
def test_a_read_that_answers_anything_at_all_is_not_trusted(answer):
    with pytest.raises(Fault, match="card_error"):
        Card(Reader([answer] * 2)).mount(CARD)
