# on: unix
"""The viper kernels and their plain references leave the same bytes and the same state, over
random operations, and none takes heap.
"""

import random

import micropython

from bodycam import kernel_plain, kernel_viper
from bodycam.kernel_plain import reserve as plain
from bodycam.kernel_viper import reserve as viper
from bodycam.memory import halves_of, words_of
from bodycam.ring import FRAME, PIECE_BYTES, Ring

OPERATIONS = 20_000
DATA = bytes(range(251)) * 80


def put(ring, reserve, t_ms, data):
    at = reserve(ring.words, FRAME, t_ms, len(data))
    if at >= 0:
        ring.memory[at : at + len(data)] = data
    return at


# The second one stands in the middle of somebody else's memory.
one = bytearray(5 * PIECE_BYTES)
other = memoryview(bytearray(6 * PIECE_BYTES))[160 : 160 + 5 * PIECE_BYTES]
rings = (Ring(one), Ring(other))
random.seed(7)
for step in range(OPERATIONS):
    n = random.choice((1, 2, 3, 4, 5, 64, 640, 3000, 16_000))
    data = memoryview(DATA)[:n]
    assert put(rings[0], viper, step, data) == put(rings[1], plain, step, data), step
    if step % 1000 == 400:
        rings[0].hold(), rings[1].hold()
    if step % 1000 > 400 and random.random() < 0.1:
        flush = random.random() < 0.2
        found = kernel_viper.piece(rings[0].words, flush)
        assert found == kernel_plain.piece(rings[1].words, flush), step
        if found:
            passed = kernel_viper.release(rings[0].words)
            assert passed == kernel_plain.release(rings[1].words), step
    if step % 1000 == 999:
        rings[0].clear(), rings[1].clear()
    if step % 50 == 0:
        assert one == other, step
assert one == other
assert rings[0].lost > 100 and rings[0].dropped > 100


def many(ring, reserve, n):
    for i in range(n):
        put(ring, reserve, i, DATA)


for ring, reserve in zip(rings, (viper, plain)):
    ring.clear()
    many(ring, reserve, 100)
    before = micropython.mem_total()
    micropython.heap_lock()
    many(ring, reserve, 10_000)
    micropython.heap_unlock()
    assert micropython.mem_total() == before
# The other kernels.
for _ in range(200):
    numbers = bytes(random.getrandbits(8) for _ in range(80))
    pair = (bytearray(numbers), bytearray(numbers))
    digest = bytes(random.getrandbits(8) for _ in range(32))
    kernel_viper.mix(halves_of(pair[0], 40), digest)
    kernel_plain.mix(halves_of(pair[1], 40), digest)
    assert pair[0] == pair[1] != numbers
    kernel_viper.double(pair[0])
    kernel_plain.double(pair[1])
    assert pair[0] == pair[1]
headers = [bytearray(64), bytearray(64)]
for ring in rings:
    ring.clear()
    many(ring, viper, 100)
    ring.hold()
for block in range(4):
    used = [kernel_plain.piece(ring.words, True) for ring in rings]
    starts = [
        kernel.describe(words_of(header, 16), ring.words, block, 5)
        for kernel, header, ring in zip((kernel_viper, kernel_plain), headers, rings)
    ]
    assert starts[0] == starts[1] >= 48 and used[0] == used[1] > 0
    assert headers[0] == headers[1] and headers[0][24] == used[0] + 16 & 0xFF
    views = [ring.memory[starts[0] : starts[0] + used[0] + 16] for ring in rings]
    assert bytes(views[0]) == bytes(views[1])
    assert kernel_viper.release(rings[0].words) == kernel_plain.release(rings[1].words)
print("ok")
