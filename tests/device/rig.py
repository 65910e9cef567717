"""What the contracts share: the board's chips, joined as the firmware joins them, and measures.

`scratch_card` is set where the card's content may go. Nothing here runs the firmware: no stage, no
log entry.
"""

import gc
import time

import board

from bodycam import profile
from bodycam.chips import Chips
from bodycam.clock import Clock

clock = Clock(time)
values = profile.make("sound")
chips = Chips(board, clock, values)
scratch_card = False


def needs(test, part):
    """Return the board file's row of a part; a test of one that the board has not says so."""
    row = getattr(board, part, None)
    if row is None:
        test.skipTest("this board has no " + part.lower())
    return row


def ms_since(start_ms):
    """Return the milliseconds since a tick."""
    return clock.diff(clock.ticks_ms(), start_ms)


def heap_bytes(work):
    """Return how many bytes more of the heap are taken after `work()`."""
    gc.collect()
    gc.disable()
    try:
        before = gc.mem_alloc()
        work()
        return gc.mem_alloc() - before
    finally:
        gc.enable()


def noise(n):
    """Return `n` bytes without a pattern, the same each time."""
    data, x = bytearray(n), 1
    for i in range(n):
        x = (x * 75 + 74) % 65537
        data[i] = x & 255
    return data
