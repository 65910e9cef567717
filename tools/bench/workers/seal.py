"""Making a block out of a piece of the ring, against AES-256-CBC and SHA-256 alone over the same
bytes.
"""

import gc

from bodycam.blocks import BLOCK_BYTES, LAST, STAGE_BLOCKS, WAIT
from bodycam.kernel import piece, release, reserve
from bodycam.ring import FRAME, PIECE_BYTES
from tools.bench.workers import common, parts

ROUNDS = 3
_PIECES = 250  # of a segment's 254


def run(seed):
    """Measure once; a generator as all workers are."""
    if parts.aes is None:
        common.tell({})
        return
    layout = common.Layout(seed)
    ring = layout.ring(common.RING_BYTES)
    floor = parts.Floor(ring.memory, PIECE_BYTES)
    bench = parts.Bench(ring)
    rounds = []
    for _ in range(ROUNDS):
        rounds.append(_round(ring, bench.sealer, floor))
        yield
    floor_us, seal_us = [common.least_us(laps) for laps in zip(*rounds)]
    common.tell(
        {
            "ratio": floor_us / seal_us,
            "floor_us": floor_us / _PIECES,
            "seal_us": seal_us / _PIECES,
            "block_bytes": BLOCK_BYTES,
            "garbage_bytes_per_block": _garbage_bytes(ring, bench.sealer),
        }
    )


def _prepare(ring, sealer):
    ring.clear()
    common.fill(ring, common.Pictures("24576", len(ring.memory)), reserve, FRAME)
    ring.hold()
    sealer.made[LAST], sealer.made[WAIT] = -1, 0
    sealer.open((1, 1, 1, bytes(16), (1, 0)), b"{}", 0)


def _round(ring, sealer, floor):
    """Return the times of floor and sealer for each of the same pieces, now one, now the other
    first.
    """
    _prepare(ring, sealer)
    floor_laps, seal_laps = [], []
    for i in range(_PIECES):
        n = piece(ring.words, True)
        view = parts.view(ring, n)
        whole = n == PIECE_BYTES  # the floor's cipher takes no others
        if whole and i & 1:
            floor_laps.append(_floor_us(view, floor))
        seal_us = _seal_us(ring, sealer, n)
        if whole:
            seal_laps.append(seal_us)
            if not i & 1:
                floor_laps.append(_floor_us(view, floor))
        release(ring.words)
        _empty(sealer)
    return floor_laps, seal_laps


def _floor_us(view, floor):
    encrypt, update, rest, digested = floor.encrypt, floor.update, floor.rest, floor.digested
    start_us = common.now_us()
    encrypt(view, rest)
    update(digested)
    return common.now_us() - start_us


def _seal_us(ring, sealer, n):
    data = sealer.data
    start_us = common.now_us()
    data(ring, n, 5)
    return common.now_us() - start_us


def _empty(sealer):
    if sealer.made[WAIT] == STAGE_BLOCKS:
        sealer.made[WAIT] = 0


def _garbage_bytes(ring, sealer, blocks=20):
    _prepare(ring, sealer)
    gc.collect()
    gc.disable()
    taken = 0
    for _ in range(blocks):
        n = piece(ring.words, False)
        before = gc.mem_alloc()
        sealer.data(ring, n, 5)
        taken += gc.mem_alloc() - before
        release(ring.words)
        _empty(sealer)
    gc.enable()
    return taken / blocks
