"""The moment of a recording's start with a full pre-event window: how soon the first block is on
its way, how fast the window drains, and what a picture waits meanwhile.
"""

from bodycam.blocks import BLOCK_BYTES
from bodycam.ring import PIECE_BYTES
from tools.bench.workers import common, parts

ROUNDS = 20
_LAP = 16  # blocks
_PUSH_EVERY = 4  # steps
_PUSH_BYTES = 8192


def run(seed):
    """Measure once; a generator as all workers are."""
    if parts.aes is None:
        common.tell({})
        return
    layout = common.Layout(seed)
    bench = parts.Bench(layout.ring(common.RING_BYTES))
    floor = parts.Floor(bench.ring.memory, PIECE_BYTES)
    pictures = common.Pictures("24576", common.RING_BYTES)
    firsts_us, datas_us, drains, ones_us, bares = [], [], [], [], []
    for _ in range(ROUNDS):
        idle_us = _window(bench, pictures)
        first_us, data_us, drain = _trigger(bench)
        bench.stop()
        firsts_us.append(first_us)
        datas_us.append(data_us)
        drains.append(drain)
        # The bare block, too, meets what a full window leaves in the caches.
        _window(bench, pictures)
        ones_us.append(_bare(floor, 1)[0])
        bares.append(_bare(floor, len(drain) * _LAP))
        yield
    device = bench.card.device
    commands_per_mb = device.commands / (device.bytes / (1 << 20))
    _window(bench, pictures)
    pushes_us = _busy(bench, pictures.datas[0][:_PUSH_BYTES])
    common.tell(
        {
            "first_block_over_raw": min(firsts_us) / min(ones_us),
            "first_block_us": min(firsts_us),
            "first_data_block_us": min(datas_us),
            "raw_block_us": min(ones_us),
            "drain_ratio": common.least_us(bares) / common.least_us(drains),
            "drain_blocks": len(drains[0]) * _LAP,
            "drain_commands_per_mb": commands_per_mb,
            "push_p99_us": pushes_us[len(pushes_us) * 99 // 100],
            "idle_p99_us": idle_us[len(idle_us) * 99 // 100],
        }
    )


def _window(bench, pictures):
    """Fill the pre-event memory; return the sorted times of its pushes."""
    frame, clock, times_us = bench.recorder.frame, bench.clock, []
    for _ in range(2):
        for data in pictures.datas:
            clock.now += 125
            start_us = common.now_us()
            frame(clock.now, data)
            times_us.append(common.now_us() - start_us)
    return sorted(times_us)


def _trigger(bench):
    """Start, and drain; return microseconds until the first block and the first with pictures
    were handed to the card, and the laps of the whole window after them.
    """
    recorder, now, ring = bench.recorder, bench.clock.now, bench.ring
    device = bench.card.device = _Stopwatch()
    start_us = common.now_us()
    recorder.start("bench")
    while device.commands < 2:
        recorder.step(now)
    first_us, data_us = device.stamps_us
    stamps_us = [common.now_us()]
    while ring.used_bytes >= (1 + _LAP) * PIECE_BYTES:
        _lap(recorder.step, now)
        stamps_us.append(common.now_us())
    assert device.bytes // BLOCK_BYTES >= (len(stamps_us) - 1) * _LAP
    return first_us - start_us, data_us - start_us, common.laps(stamps_us)


def _lap(step, now):
    # Each step is a block: ask the card and seal one, seal one and hand both over.
    for _ in range(_LAP):
        step(now)


class _Stopwatch(parts.Device):
    """A card that notes when its first two commands came."""

    def __init__(self):
        super().__init__()
        self.stamps_us = []

    def begin(self, lba, view):
        """Count one write command."""
        if self.commands < 2:
            self.stamps_us.append(common.now_us())
        super().begin(lba, view)


def _bare(floor, blocks):
    """Return the laps of cipher, hash and write for so many blocks; for one, its time."""
    pieces, device, encrypt, update = floor.pieces, parts.Device(), floor.encrypt, floor.update
    rest, digested, stage = floor.rest, floor.digested, floor.stage
    stamps_us = [common.now_us()]
    for i in range(blocks):
        encrypt(pieces[i % len(pieces)], rest)
        update(digested)
        device.begin(0, stage)
        device.step()
        if i % _LAP == _LAP - 1 or blocks == 1:
            stamps_us.append(common.now_us())
    return common.laps(stamps_us)


def _busy(bench, data):
    """Return the sorted times of pushes while the window drains."""
    recorder, clock, times_us = bench.recorder, bench.clock, []
    recorder.start("bench")
    while bench.ring.used_bytes >= 4 * PIECE_BYTES:
        for _ in range(_PUSH_EVERY):
            recorder.step(clock.now)
        clock.now += 1
        start_us = common.now_us()
        recorder.frame(clock.now, data)
        times_us.append(common.now_us() - start_us)
    bench.stop()
    return sorted(times_us)
