"""The whole way of a picture, ring to card, against bare copy, cipher, hash and the same write
call; and what reaches the card for each byte of picture.
"""

from bodycam.ring import PIECE_BYTES
from tools.bench.workers import common, parts

ROUNDS = 12
_LAP = 16  # frames
_FRAMES = 480  # a minute
_FRAME_BYTES = 24_576
_FRAME_MS = 125


def run(seed):
    """Measure once; a generator as all workers are."""
    if parts.aes is None:
        common.tell({})
        return
    layout = common.Layout(seed)
    bench = parts.Bench(layout.ring(common.RING_BYTES))
    floor = parts.Floor(bench.ring.memory, PIECE_BYTES)
    data = common.Pictures(str(_FRAME_BYTES), common.RING_BYTES).datas[0]
    floor_laps, record_laps = [], []
    for _ in range(ROUNDS):
        floor_laps.append(_bare(floor, data))
        record_laps.append(_recording(bench, data))
        yield
    floor_us, record_us = common.least_us(floor_laps), common.least_us(record_laps)
    device = bench.card.device = parts.Device()
    _recording(bench, data)
    common.tell(
        {
            "ratio": floor_us / record_us,
            "floor_us": floor_us / _FRAMES,
            "record_us": record_us / _FRAMES,
            "write_commands_per_mb": device.commands / (device.bytes / (1 << 20)),
            "device_over_payload": device.bytes / (_FRAMES * _FRAME_BYTES),
            "fs_writes": device.strays,
        }
    )


def _recording(bench, data):
    """Record a minute from an empty ring; return the laps, of which the last is the end."""
    recorder, clock = bench.recorder, bench.clock
    before = recorder.recorded()
    stamps_us = [common.now_us()]
    recorder.start("bench")
    bench.work()
    for i in range(_FRAMES):
        clock.now += _FRAME_MS
        recorder.frame(clock.now, data)
        bench.work()
        if i % _LAP == _LAP - 1:
            stamps_us.append(common.now_us())
    bench.stop()
    stamps_us.append(common.now_us())
    assert recorder.recorded() == before + _FRAMES, "a picture was lost"
    return common.laps(stamps_us)


def _bare(floor, data):
    memory, pieces, device = floor.memory, floor.pieces, parts.Device()
    encrypt, update, rest = floor.encrypt, floor.update, floor.rest
    digested, stage, n = floor.digested, floor.stage, len(data)
    whole = len(pieces) * PIECE_BYTES
    at = filled = piece = 0
    stamps_us = [common.now_us()]
    for i in range(_FRAMES):
        if at + n > whole:
            at = 0
        memory[at : at + n] = data
        at += n
        filled += n
        while filled >= PIECE_BYTES:
            filled -= PIECE_BYTES
            encrypt(pieces[piece], rest)
            update(digested)
            device.begin(0, stage)
            device.step()
            piece = (piece + 1) % len(pieces)
        if i % _LAP == _LAP - 1:
            stamps_us.append(common.now_us())
    memory[:] = bytes(len(memory))  # as a ring that was cleared
    return common.laps(stamps_us)
