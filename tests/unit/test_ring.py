"""The ring against an obvious model: a list of records, over random operations with a printed
seed.
"""

import random
import struct

import pytest

from bodycam.kernel import describe, piece, release
from bodycam.memory import words_of
from bodycam.ring import EVENT, FRAME, PIECE_BYTES, PRE_EVENT, Ring

WRAP_MS = 1 << 30


def stored_bytes(data):
    """Return what a record takes: header, content, and what fills its last word."""
    return 16 + len(data) + 3 & -4


def records_of(stream: bytes):
    """Return the records (kind, seq, t_ms, data) of a stream."""
    found, at = [], 0
    while at < len(stream):
        kind, seq, t_ms, n = struct.unpack_from("<IIII", stream, at)
        assert n, "a header of nothing at %d" % at
        found.append((kind, seq, t_ms, bytes(stream[at + 16 : at + 16 + n])))
        at += 16 + n + 3 & -4
    return found


def described(ring, used):
    """Return where the piece's first record header stands, -1 when none does, its number, and the
    piece.
    """
    header = bytearray(64)
    start = 16 + describe(words_of(header, 16), ring.words, 0, 0)
    seq, at = struct.unpack_from("<II", header, 28)
    return (at or 15) - 16, seq, ring.memory[start : start + used]


class Reader:
    """Takes pieces out of a ring as the recorder does and checks what it says about each."""

    def __init__(self, ring):
        self.ring = ring
        self.stream = bytearray()
        self.counts = [0, 0]
        self.noted = []  # (where in the stream a piece's first header stands, its sequence number)

    def take(self, flush=False) -> bool:
        ring = self.ring
        used = piece(ring.words, flush)
        if not used:
            return False
        first, seq, view = described(ring, used)
        assert len(view) == used <= PIECE_BYTES
        at = len(self.stream)
        if not at:
            assert not any(view[:first])
            at = -first
            view = view[first:]
        self.stream += view
        if first >= 0:
            self.noted.append((at + first, seq))
        passed = release(ring.words)
        self.counts[0] += passed >> 10
        self.counts[1] += passed & 1023
        return True


@pytest.mark.parametrize("pieces", [2, 3, 5, 40])
def test_random_operations_equal_the_model(pieces, seed, full):
    rng = random.Random(seed * 100 + pieces)
    operations, enough = 0, 250_000 if full else 12_500
    t_ms = WRAP_MS - 1000
    while operations < enough:
        if not operations or rng.random() < 0.3:
            ring = Ring(bytearray(pieces * PIECE_BYTES + 64 + rng.randrange(100)))
        ring.clear()
        model, lost = [], ring.lost
        for _ in range(rng.randrange(120)):
            operations += 1
            t_ms += rng.randrange(50)
            data = rng.randbytes(
                rng.choice((1, 2, 3, 4, 16, 200, 5000, 16000, PIECE_BYTES * pieces // 3))
            )
            dropped, fits = ring.dropped, stored_bytes(data) <= ring.room_bytes
            assert ring.push(FRAME | PRE_EVENT, t_ms % WRAP_MS, data)
            assert (ring.dropped == dropped) == fits
            model.append((t_ms, data))
            if rng.random() < 0.05:
                ring.shorten(rng.randrange(len(ring.memory)))
            del model[: ring.dropped - dropped]
            if rng.random() < 0.1:
                since_ms = t_ms - rng.randrange(2000)
                ring.trim(since_ms % WRAP_MS)
                model = [row for row in model if row[0] >= since_ms]
            assert ring.used_bytes == sum(stored_bytes(row[1]) for row in model)
        ring.hold()
        reader = Reader(ring)
        expected = [data for _, data in model]
        for _ in range(rng.randrange(200)):
            operations += 1
            if rng.random() < 0.6:
                data = rng.randbytes(rng.choice((1, 40, 700, 9000, 20000)))
                fits = stored_bytes(data) <= ring.room_bytes
                assert ring.push(rng.choice((FRAME, EVENT)), 7, data) == fits
                if fits:
                    expected.append(data)
                else:
                    lost += 1
            else:
                reader.take(flush=rng.random() < 0.3)
        while reader.take(flush=True):
            pass
        found = records_of(bytes(reader.stream))
        assert [row[3] for row in found] == expected
        for at, number in reader.noted:
            assert struct.unpack_from("<I", reader.stream, at + 4)[0] == number
        assert reader.counts[0] == len(expected)
        assert reader.counts[1] == sum(row[0] & 0xFF == FRAME for row in found)
        assert (
            [row[1] for row in found] == [(found[0][1] + i) for i in range(len(found))]
            if found
            else True
        )
        assert ring.lost == lost
        assert ring.used_bytes == 0


def test_before_a_recording_the_oldest_whole_frames_make_room():
    ring = Ring(bytearray(4 * PIECE_BYTES))
    for i in range(50):
        assert ring.push(FRAME, i, bytes([i]) * 5000)
    assert ring.lost == 0 and ring.dropped > 30
    ring.hold()
    reader = Reader(ring)
    while reader.take(flush=True):
        pass
    kept = [row[2] for row in records_of(bytes(reader.stream))]
    assert kept == list(range(50 - len(kept), 50))


def test_records_older_than_the_limit_are_dropped_also_across_the_wrap_of_time():
    ring = Ring(bytearray(4 * PIECE_BYTES))
    start = (1 << 30) - 5000
    for i in range(100):
        t_ms = (start + i * 125) % (1 << 30)
        ring.push(FRAME, t_ms, bytes(300))
        ring.trim(t_ms - 2000)
    ring.hold()
    reader = Reader(ring)
    while reader.take(flush=True):
        pass
    kept = [row[2] for row in records_of(bytes(reader.stream))]
    assert len(kept) == 17 and kept[0] == (start + 83 * 125) % (1 << 30)


def test_while_a_recording_runs_the_newest_is_refused_and_counted():
    ring = Ring(bytearray(2 * PIECE_BYTES + 64))
    ring.hold()
    taken = sum(ring.push(FRAME, i, bytes(5000)) for i in range(20))
    assert taken == 6 and ring.lost == 14 and ring.dropped == 0


def test_a_record_larger_than_the_ring_is_refused_and_what_waits_stays():
    ring = Ring(bytearray(2 * PIECE_BYTES + 64))
    assert ring.push(FRAME, 0, bytes(100))
    used = ring.used_bytes
    assert not ring.push(FRAME, 0, bytes(2 * PIECE_BYTES))
    assert (ring.used_bytes, ring.lost, ring.dropped) == (used, 0, 1)
    assert ring.push(FRAME, 0, bytes(100))


def test_what_stood_before_the_oldest_frame_does_not_reach_the_card():
    ring = Ring(bytearray(3 * PIECE_BYTES))
    for i in range(200):
        ring.push(FRAME, i, bytes([i + 1]) * 3001)
    ring.hold()
    used = piece(ring.words, True)
    first, _, view = described(ring, used)
    assert used and not any(view[:first])


def test_clear_leaves_nothing_in_memory():
    memory = bytearray(3 * PIECE_BYTES)
    ring = Ring(memory)
    for i in range(30):
        ring.push(FRAME, i, b"\xa5" * 4000)
    ring.clear()
    assert not any(memory[64:])
    assert ring.used_bytes == 0


def test_too_little_memory_is_refused():
    with pytest.raises(ValueError, match="too small"):
        Ring(bytearray(PIECE_BYTES))
