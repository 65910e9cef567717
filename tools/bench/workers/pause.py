"""What the ring adds to a collection of garbage, and whether one ever meets a waiting picture."""

import gc

from tools.bench.workers import common

ROUNDS = 15


def run(seed):
    """Measure once; a generator as all workers are."""
    layout = common.Layout(seed)
    layout.pad()
    without_us = common.best(ROUNDS, _collect_us)[0]
    yield
    ring = layout.ring(common.RING_BYTES)
    with_us = common.best(ROUNDS, _collect_us)[0]
    common.tell(
        {"pause_us": with_us, "pause_without_ring_us": without_us, "ring_bytes": len(ring.memory)}
    )


def _collect_us():
    start_us = common.now_us()
    gc.collect()
    return common.now_us() - start_us
