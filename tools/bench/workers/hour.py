"""An hour of recording with the automatic collector switched off: the recorder's own collections,
between pictures, must do.
"""

import gc

from tools.bench.workers import common, parts

_FRAME_MS = 125
_FRAME_BYTES = (4_000, 14_000)


def run(seed, length_s):
    """Record; a generator as all workers are."""
    if parts.aes is None:
        common.tell({})
        return
    import random

    layout = common.Layout(seed)
    bench = parts.Bench(layout.ring(common.RING_BYTES))
    recorder, clock = bench.recorder, bench.clock
    gc.collect()
    gc.disable()  # what does not fit now is a MemoryError, not a pause
    recorder.start("bench")
    for _ in range(length_s * 1000 // _FRAME_MS):
        clock.now += _FRAME_MS
        recorder.frame(clock.now, bytes(random.randrange(*_FRAME_BYTES)))  # as a camera does
        bench.work()
    bench.stop()
    gc.enable()
    yield
    common.tell(
        {
            "simulated_s": length_s,
            "frames": recorder.recorded(),
            "collections": bench.collections,
            "collections_with_frames": bench.collections_with_frames,
        }
    )
