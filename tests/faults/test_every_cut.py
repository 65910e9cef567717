"""A cut after every byte of a minute of recording, over a card full of an older epoch's blocks.

The recording is the firmware's own. At a cut within block b everything before it is new and
everything after it old, and only block b changes from one position to the next. So the reader's
classifier judges block b after each byte, its buffer carried on from position to position. Some
positions are also read whole by `verify`, with the flash log as it was at that moment.
"""

import multiprocessing
import os
import random
import shutil
import time
from dataclasses import replace

import pytest

from tools.evidence import layout
from tools.evidence.case import Case, beside
from tools.evidence.layout import BLOCK
from tools.evidence.segments import judge_block
from tools.evidence.verdict import verify
from tools.evidence.words import FINDINGS
from tools.torture import bench

SEED = 5
FIRST = "0:00 boot\n0:02 press twice\n+70 hold 3\n+1 press\n+3 end\n"
SECOND = "0:00 boot\n0:02 press twice\n+60 hold 3\n+1 press\n+3 end\n"
SECTOR = 512
WHOLE_EDGE = 96  # positions at both ends of each block that are always judged


class Film:
    """A minute recorded over stale blocks; `before` is the card as it was, `writes` what came:
    (sector, its bytes, flash's content then), in order.
    """

    def __init__(self, folder):
        self.image = bench.new_card(folder, SEED, bench.SIZE_BYTES)
        bench.Bench(self.image, FIRST, key_watch=False).play()
        bench.station(self.image)
        places = bench.layout_of(self.image).segments
        bench.station(self.image, first=places, released=places)
        self.before = folder / "before.img"
        shutil.copyfile(self.image, self.before)
        self.writes = []
        run = bench.Bench(self.image, SECOND)
        store, flash = run.card.store, run.flash
        write, log = store.write, None
        changed = [True]
        program = flash.program

        def programmed(offset, data):
            changed[0] = True
            program(offset, data)

        def written(lba, buf):
            nonlocal log
            if changed[0]:
                changed[0], log = False, bytes(flash.memory[: 64 * 1024])
            self.writes.append((lba, bytes(buf), log))
            write(lba, buf)

        flash.program, store.write = programmed, written
        self.outcome = run.play()
        assert not self.outcome.broken and not self.outcome.result["error"]
        assert not self.outcome.keys.found

    def blocks(self):
        """Return [(segment, b, old bytes, new bytes)] in the order in which they were written."""
        found = []
        with Case(self.image, *beside(self.image)) as case, open(self.before, "rb") as old:
            by_place = {case.medium.place(one.n): one for one in case.segments}
            for lba, _, _ in self.writes:
                at = lba * SECTOR
                start = at // (BLOCK * layout.BLOCKS) * BLOCK * layout.BLOCKS
                if at % BLOCK:
                    continue
                segment = by_place[start]
                old.seek(at)
                found.append((segment, (at - start) // BLOCK, old.read(BLOCK),
                              case.medium.read(at, BLOCK)))  # fmt: skip
            mac = {one.n: case.access(one).mac(one) for one in case.segments}
            return found, mac, case.log


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return Film(tmp_path_factory.mktemp("film"))


def judge_cuts(task):
    """Judge one block after each of the bytes in `ranges`; return (positions, what was wrong)."""
    segment, mac, medium, b, old, new, ranges = task
    view = memoryview(bytearray(old))
    count, wrong = 0, []
    for start, end in ranges:
        view[:start] = new[:start]
        view[start:] = old[start:]
        for k in range(start, end):
            if k:
                view[k - 1] = new[k - 1]
            count += 1
            trouble = judge_block(view, b, segment, medium, mac)[1]
            kind = FINDINGS[trouble[0]][0] if trouble else "block"
            whole = new[k:] == old[k:] if kind != "damaged" and k else False
            # Before its first new byte it is the old block, which is not there for this segment;
            # while it is neither it is damaged; and it is a block only when all of it is new.
            if kind == "block" and whole or kind == ("damaged" if k else "incomplete"):
                continue
            if kind == "incomplete" and new[:k] == old[:k]:
                continue  # as many bytes as both begin with alike
            wrong.append((segment.n, b, k, kind))
    view[:] = new
    if judge_block(view, b, segment, medium, mac)[1]:
        wrong.append((segment.n, b, BLOCK, "no block"))
    return count, wrong


class Places:
    """Of the card only where a segment stands, for the reader's sentence about old blocks."""

    def __init__(self, places):
        self._places = places

    def place(self, n):
        return n % self._places


def test_a_cut_after_any_byte_is_never_a_block_and_never_tampering(film, seed, full):
    rng = random.Random(seed)
    blocks, macs, _ = film.blocks()
    assert len(blocks) > 300
    medium = Places(bench.layout_of(film.image).segments)
    some = -(-200_000 // len(blocks)) - 2 * WHOLE_EDGE + 1
    tasks = []
    for segment, b, old, new in blocks:
        assert old[:4] == b"BWB1", "the card is not full of stale blocks"
        ranges = [(0, BLOCK)]
        if not full:
            middle = rng.randrange(WHOLE_EDGE, BLOCK - WHOLE_EDGE - some)
            ranges = [(0, WHOLE_EDGE), (middle, middle + some), (BLOCK - WHOLE_EDGE, BLOCK)]
        # As it was at the cut: open, nothing sealed.
        opened = replace(segment, blocks=None, least=0)
        tasks.append((opened, macs[segment.n], medium, b, old, new, ranges))
    began = time.monotonic()
    done = [judge_cuts(task) for task in tasks] if not full else _in_two(tasks)
    seconds = time.monotonic() - began
    positions = sum(count for count, _ in done)
    print(f"{positions} positions in {seconds:.1f} s: {positions / seconds:.0f} per second")
    wrong = [row for _, rows in done for row in rows]
    assert positions >= (len(blocks) * BLOCK if full else 200_000)
    assert not wrong, wrong[:5]


def _in_two(tasks):
    # Keys cannot be handed to another process, so it is forked with them.
    global _TASKS
    _TASKS = tasks
    if not hasattr(os, "fork"):
        return [judge_cuts(task) for task in tasks]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(_judge_number, range(len(tasks)), chunksize=4)


def _judge_number(i):
    return judge_cuts(_TASKS[i])


_TASKS = []


def test_cuts_read_whole_lose_no_acknowledged_block(film, tmp_path, seed, full):
    rng = random.Random(seed)
    image = tmp_path / "cut.img"
    shutil.copyfile(film.before, image)
    shutil.copytree(f"{film.image}.keys", f"{image}.keys")
    folder = tmp_path / "cut.img.camera"
    folder.mkdir()
    number = 1000 if full else 60
    positions = sorted(
        (rng.randrange(len(film.writes)), rng.randrange(SECTOR)) for _ in range(number)
    )
    verdicts, done = {}, 0
    with open(image, "r+b", buffering=0) as card:
        for at, k in positions:
            for lba, data, _ in film.writes[done:at]:
                card.seek(lba * SECTOR)
                card.write(data)
            done = at
            lba, data, log = film.writes[at]
            card.seek(lba * SECTOR)
            card.write(data[:k])
            (folder / "log.bin").write_bytes(log)
            found = verify(image, *beside(image))
            verdicts[found["verdict"]] = verdicts.get(found["verdict"], 0) + 1
            assert found["verdict"] in ("torn-tail", "intact"), (at, k, found)
            assert found["complete"] is True and found["authenticated"] is True, (at, k, found)
    print(verdicts)
    assert verdicts["torn-tail"] > number // 2
