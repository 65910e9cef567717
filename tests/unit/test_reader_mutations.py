"""Random changes of a sealed card and its log: each is found, and called by its right name.

A change that the medium makes is damage, one that only a person makes is tampering; what is no
longer there is incomplete; what stands where nothing is promised harms nothing.
"""

import random
from collections import Counter
from pathlib import Path

import pytest
from model_writer import Camera, u32, with_end
from test_reader_damage import fixed

from tools.evidence.keyring import Keyring
from tools.evidence.verdict import verify

BLOCK = 16_384
RUNS = 20  # a long test is cut into pieces, each well below the limit of a test
CHANGES, CHANGES_FULL = 3_000, 100_000
DAMAGED, TAMPERED, INCOMPLETE, INTACT = "damaged", "tampered", "incomplete", "intact"


class Card:
    """A card of two segments, over older ones in the same places, and what was there before."""

    def __init__(self, folder):
        camera = Camera(places=2)
        camera.record(frames=20)
        camera.record(frames=20)
        self.old = dict(camera.blocks)
        camera.start_epoch(2, first=2, released=2)
        camera.record(frames=9)
        camera.record(frames=6)
        self.camera = camera
        self.path = camera.save(folder / "card.img")
        self.blocks = {key: data for key, data in camera.blocks.items() if key[0] >= 2}
        self.keys = sorted(self.blocks)
        self.pages = [bytes(page) for page in camera.pages]
        other = Camera(places=2, first=2, seed=2)
        other.record(frames=9)
        other.record(frames=9)
        self.foreign = other.blocks
        self.image = open(self.path, "r+b", buffering=0)
        self.log = Path(f"{self.path}.camera", "log.bin")
        self._keyring = Keyring([f"{self.path}.keys"])  # loaded once for thousands of verdicts

    def verify(self):
        return verify(self.path, self.log.parent, self._keyring)

    def read(self, at, size):
        self.image.seek(at)
        return self.image.read(size)

    def write(self, at, data):
        self.image.seek(at)
        self.image.write(data)

    def block(self, chance):
        key = chance.choice(self.keys)
        return key, self.camera.at(*key), self.blocks[key]


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    card = Card(tmp_path_factory.mktemp("mutations"))
    assert card.verify()["verdict"] == INTACT
    yield card
    card.image.close()


# Each gives ([(byte, new bytes)], pages of the log or None, verdicts, the block or None).


def bit(card, chance):
    key, at, block = card.block(chance)
    i = chance.randrange(BLOCK)
    return [(at + i, bytes([block[i] ^ 1 << chance.randrange(8)]))], None, {DAMAGED}, key


def run_of_bytes(card, chance):
    key, at, block = card.block(chance)
    size = chance.randrange(1, 2_000)
    i = chance.randrange(BLOCK - size)
    return [(at + i, chance.randbytes(size))], None, {DAMAGED}, key


def sectors_swapped(card, chance):
    key, at, block = card.block(chance)
    i, j = (512 * k for k in chance.sample(range(32), 2))
    changes = [(at + i, block[j : j + 512]), (at + j, block[i : i + 512])]
    return changes, None, {DAMAGED}, key


def blocks_swapped(card, chance):
    one, two = chance.sample(card.keys, 2)
    changes = [(card.camera.at(*one), card.blocks[two]), (card.camera.at(*two), card.blocks[one])]
    return changes, None, {TAMPERED}, one


def block_copied(card, chance):
    key, other = chance.sample(card.keys, 2)
    return [(card.camera.at(*key), card.blocks[other])], None, {TAMPERED}, key


def transplanted(card, chance):
    key, at, _ = card.block(chance)
    same = card.foreign.get(key)
    other = same or card.foreign[chance.choice(sorted(card.foreign))]
    return [(at, other)], None, {TAMPERED}, key


def zeros(card, chance):
    key, at, _ = card.block(chance)
    size = chance.choice((512, 4096, BLOCK - 512))
    i = chance.randrange((BLOCK - size) // 512 + 1) * 512
    return [(at + i, bytes(size))], None, {DAMAGED}, key


def block_erased(card, chance):
    key, at, _ = card.block(chance)
    return [(at, chance.choice((b"\0", b"\xff")) * BLOCK)], None, {INCOMPLETE}, key


def stale(card, chance):
    key, at, _ = card.block(chance)
    return [(at, card.old[key[0] - 2, key[1]])], None, {INCOMPLETE}, key


def tag_replaced(card, chance):
    key, at, block = card.block(chance)
    forged = with_end(block[:16_332], None, tag=chance.randbytes(16))
    return [(at, forged)], None, {TAMPERED}, key


def rewritten(card, chance):
    key, at, block = card.block(chance)
    i = chance.randrange(64, 16_320)
    changed = block[:i] + bytes([block[i] ^ 1 << chance.randrange(8)]) + block[i + 1 : 16_332]
    tag = chance.choice((block[16_364:16_380], chance.randbytes(16)))
    return [(at, with_end(changed, None, tag=tag))], None, {TAMPERED}, key


def header_rewritten(card, chance):
    key, at, block = card.block(chance)
    i = chance.randrange(64)
    changed = block[:i] + bytes([block[i] ^ 1 << chance.randrange(8)]) + block[i + 1 : 16_332]
    n = int.from_bytes(changed[8:12], "little")
    # A lower number of the same place is what an older block looks like.
    verdicts = {INCOMPLETE} if n < key[0] and (n - key[0]) % 2 == 0 else {TAMPERED}
    return [(at, with_end(changed, None, tag=block[16_364:16_380]))], None, verdicts, key


def segment_erased(card, chance):
    n = chance.choice((2, 3))
    blocks = sum(key[0] == n for key in card.keys)
    return [(card.camera.at(n), bytes(blocks * BLOCK))], None, {INCOMPLETE}, (n, None)


def image_cut(card, chance):
    _, at, _ = card.block(chance)
    at += chance.choice((0, chance.randrange(BLOCK)))
    return [(at, None)], None, {INCOMPLETE, DAMAGED}, None


def blank_written(card, chance):
    n = chance.choice((2, 3))
    blocks = sum(key[0] == n for key in card.keys)
    at = card.camera.at(n, blocks + chance.randrange(3)) + chance.randrange(BLOCK)
    return [(at, chance.randbytes(600))], None, {INTACT}, None


def description_damaged(card, chance):
    both = chance.random() < 0.5
    i = chance.randrange(512)
    sector = bytearray(card.camera.superblock())
    sector[i] ^= 1 << chance.randrange(8)
    lbas = (2048, 4096) if both else (chance.choice((2048, 4096)),)
    changes = [(lba * 512 + i, sector[i : i + 1]) for lba in lbas]
    return changes, None, {DAMAGED} if both else {INTACT}, None


def description_forged(card, chance):
    camera = card.camera
    real = camera.card, camera.places
    if chance.random() < 0.5:
        camera.card = chance.randbytes(16)
    else:
        camera.places += chance.choice((1, 3, 5))
    forged = camera.superblock()
    camera.card, camera.places = real
    lbas = chance.choice(((2048,), (4096,), (2048, 4096)))
    return [(lba * 512, forged) for lba in lbas], None, {TAMPERED}, None


def page_damaged(card, chance):
    pages = [bytearray(page) for page in card.pages]
    number, i = chance.randrange(len(pages)), chance.randrange(256)
    pages[number][i] ^= 1 << chance.randrange(8)
    newest = number == len(pages) - 1
    if i < 164:
        return [], pages, {DAMAGED}, None
    # The keys of older entries are erased, progress counts only where no seal is, the rest is
    # not used.
    return [], pages, {DAMAGED} if newest and i < 232 else {INTACT}, None


def page_rewritten(card, chance):
    pages = [bytearray(page) for page in card.pages]
    page = chance.choice(pages)
    page[chance.randrange(4, 160)] ^= 1 << chance.randrange(8)
    fixed(page)
    return [], pages, {TAMPERED}, None


def page_removed(card, chance):
    pages = [bytearray(page) for page in card.pages]
    del pages[chance.randrange(len(pages))]
    return [], pages, {TAMPERED}, None


def pages_swapped(card, chance):
    pages = [bytearray(page) for page in card.pages]
    i, j = chance.sample(range(len(pages)), 2)
    pages[i], pages[j] = pages[j], pages[i]
    return [], pages, {TAMPERED}, None


def log_cut(card, chance):
    pages = [bytearray(page) for page in card.pages]
    return [], pages[: chance.randrange(1, len(pages))], {TAMPERED}, None


KINDS = (
    bit,
    run_of_bytes,
    sectors_swapped,
    blocks_swapped,
    block_copied,
    transplanted,
    zeros,
    block_erased,
    stale,
    tag_replaced,
    rewritten,
    header_rewritten,
    segment_erased,
    image_cut,
    blank_written,
    description_damaged,
    description_forged,
    page_damaged,
    page_rewritten,
    page_removed,
    pages_swapped,
    log_cut,
)


def judged(card, changes, pages):
    """Change, verify, put back; return the result and whether anything was changed at all."""
    undo, changed = [], pages is not None
    size = card.path.stat().st_size
    whole = card.log.read_bytes() if pages is not None else b""
    for at, data in changes:
        old = card.read(at, len(data) if data is not None else size - at)
        undo.append((at, old))
        changed |= old != data
        if data is None:
            card.image.truncate(at)
        else:
            card.write(at, bytes(data))
    if pages is not None:
        log = b"".join(map(bytes, pages))
        card.log.write_bytes(log + b"\xff" * (len(whole) - len(log)))
    try:
        return card.verify(), changed
    finally:
        if whole:
            card.log.write_bytes(whole)
        for at, old in reversed(undo):
            card.write(at, old)


@pytest.mark.parametrize("run", range(RUNS))
def test_every_change_is_found_and_called_by_its_name(card, seed, full, run):
    chance = random.Random(f"{seed} mutations {run}")
    counts = Counter()
    for number in range((CHANGES_FULL if full else CHANGES) // RUNS):
        kind = KINDS[number % len(KINDS)]
        changes, pages, verdicts, key = kind(card, chance)
        result, changed = judged(card, changes, pages)
        where = (seed, run, number, kind.__name__, verdicts, key, result["findings"])
        if not changed:
            verdicts, key = {INTACT}, None
        assert result["verdict"] in verdicts, where
        assert result["verdict"] == INTACT or not result["complete"], where
        named = {(f["segment"], f["block"]) for f in result["findings"]}
        assert key is None or key in named, where
        counts[kind.__name__, result["verdict"]] += 1
    assert card.verify()["verdict"] == INTACT
    assert len({name for name, _ in counts}) == len(KINDS) >= 11


def test_the_number_of_changes_is_what_is_promised():
    assert (CHANGES, CHANGES_FULL) == (3_000, 100_000)
    assert u32(1) == b"\1\0\0\0" and CHANGES % RUNS == CHANGES_FULL % RUNS == 0
