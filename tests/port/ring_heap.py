# on: unix
"""The ring allocates nothing per record, retained or transient, and a tag per block takes no
heap.
"""

import gc

import micropython
from cryptolib import aes

from bodycam.kernel import describe, piece, release
from bodycam.keys import DigestMAC
from bodycam.memory import words_of
from bodycam.ring import FRAME, PIECE_BYTES, PRE_EVENT, Ring

ring = Ring(bytearray(20 * PIECE_BYTES))
frame = bytearray(11_000)
mac = DigestMAC(aes)
mac.begin(bytes(32))
digest = bytes(range(32))
head = bytearray(64)
header = words_of(head, 16)


def armed(n):
    for i in range(n):
        ring.push(FRAME | PRE_EVENT, i, frame)
        if not i % 8:
            ring.trim(i - 20)


def recorded(n):
    for i in range(n):
        ring.push(FRAME, i, frame)
        while piece(ring.words, False):
            describe(header, ring.words, 1, i)
            release(ring.words)


def tags(n):
    for _ in range(n):
        mac.tag(digest)


def taken(work, n):
    work(200)
    gc.collect()
    before = micropython.mem_total() if hasattr(micropython, "mem_total") else 0
    micropython.heap_lock()
    try:
        work(n)
    finally:
        micropython.heap_unlock()
    return micropython.mem_total() - before if hasattr(micropython, "mem_total") else 0


assert hasattr(micropython, "mem_total")
assert taken(armed, 2000) == 0
ring.hold()
assert taken(recorded, 2000) == 0
assert taken(tags, 500) == 0
print("ok")
