"""The moment of a recording's start with a full pre-event window: how soon the first block is on
its way, how fast the window drains, and what a picture waits meanwhile.
"""

from bodycam.blocks import BLOCK_BYTES
from bodycam.ring import PIECE_BYTES
from tools.bench.workers import common, parts

_ROUNDS = 9
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
    rows = []
    for _ in range(_ROUNDS):
        idle_us = _window(bench, pictures)
        rows.append(_trigger(bench))
        bench.stop()
        rows[-1] += _bare(floor, rows[-1][3])
        yield
    first_us, data_us, drain_us, blocks, commands, one_us, all_us = map(min, zip(*rows))
    _window(bench, pictures)
    pushes_us = _busy(bench, pictures.datas[0][:_PUSH_BYTES])
    common.tell(
        {
            "first_block_over_raw": first_us / one_us,
            "first_block_us": first_us,
            "first_data_block_us": data_us,
            "raw_block_us": one_us,
            "drain_ratio": all_us / drain_us,
            "drain_blocks": blocks,
            "drain_commands_per_mb": commands,
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
    """Start, and drain; return microseconds to the first block and to the first with pictures,
    those of the whole window after the first, its blocks, and the write commands per MiB.
    """
    recorder, now, ring = bench.recorder, bench.clock.now, bench.ring
    device = bench.card.device = parts.Device()
    start_us = common.now_us()
    recorder.start("bench")
    while not device.commands:
        recorder.step(now)
    first_us = common.now_us()
    while device.commands < 2:
        recorder.step(now)
    data_us = common.now_us()
    while ring.used_bytes >= PIECE_BYTES:
        recorder.step(now)
    end_us = common.now_us()
    blocks = device.bytes // BLOCK_BYTES - 1
    commands_per_mb = (device.commands - 1) / (blocks * BLOCK_BYTES / (1 << 20))
    return [first_us - start_us, data_us - start_us, end_us - first_us, blocks, commands_per_mb]


def _bare(floor, blocks):
    """Return microseconds of cipher, hash and write for one block, and for all."""
    pieces, device, encrypt, update = floor.pieces, parts.Device(), floor.encrypt, floor.update
    rest, digested, stage = floor.rest, floor.digested, floor.stage
    start_us = common.now_us()
    for i in range(blocks):
        encrypt(pieces[i % len(pieces)], rest)
        update(digested)
        device.begin(0, stage)
        device.step()
    all_us = common.now_us() - start_us
    return [all_us / blocks, all_us]


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
