"""The kernels in plain bytecode: the reference for `kernel_viper`, and what runs where viper does
not.

The ring is counted in words of 4 bytes, and all of it stays below 2**30.
"""

from micropython import const

# The first words of the ring are its state. It is all one memory, so that one argument does.
_WRITE = const(0)  # where the next record goes
_LIMIT = const(1)  # as far as it may reach before somebody looks again; never too far
_LOW = const(2)  # first word that is still needed
_END = const(3)  # where the records ended before WRITE went round; 0: it never did
_SEQ = const(4)  # number of the next record
_HELD = const(5)  # 1: refuse the newest; 0: drop the oldest
_LOST = const(6)  # how many were refused
_DROPPED = const(7)  # how many made room
_WORDS = const(8)  # where the ring ends
_FIRST = const(16)  # where its records begin

# Words between WRITE and LOW: `Ring.hold` moves LOW down to a multiple of four, and the four words
# in front of that are the sealer's.
_FREE = const(8)


def reserve(words, kind: int, t_ms: int, n: int) -> int:
    """Write the header of a record of `n` bytes (1 and more); return at which byte its content
    goes, which the caller copies in, or -1 when there is no room. Allocates nothing.
    """
    at = words[_WRITE]
    if at + (n + 19 >> 2) > words[_LIMIT]:
        at = _make_room(words, n + 19 >> 2)
        if at < 0:
            return -1
    words[at] = kind
    words[at + 1] = words[_SEQ]
    words[at + 2] = t_ms
    words[at + 3] = n
    at += 4
    words[at + (n - 1 >> 2)] = 0
    words[_SEQ] = words[_SEQ] + 1 & 0x3FFFFFFF
    words[_WRITE] = at + (n + 3 >> 2)
    return at << 2


def _make_room(words, need):
    at = words[_WRITE]
    low = words[_LOW]
    while at + need > (low - _FREE if at < low else words[_WORDS]):
        if at >= low and _FIRST + need <= low - _FREE:
            words[_END] = at
            at = _FIRST
            break
        if words[_HELD] or at == low:
            words[_LOST] += 1
            at = -1
            break
        words[_DROPPED] += 1
        low += words[low + 3] + 19 >> 2
        if low == at:
            words[_END] = at
            low = at = _FIRST
        elif low >= words[_END] and at < low:
            low = _FIRST
    words[_LOW] = low
    words[_LIMIT] = low - _FREE if at < low else words[_WORDS]
    return at


def mix(halves):
    """Add (exclusive or) eight numbers of 16 bits and the eight behind the next eight to those:
    `halves[8:16] ^= halves[0:8] ^ halves[16:24]`. Allocates nothing.
    """
    for i in range(8):
        halves[8 + i] ^= halves[i] ^ halves[16 + i]


def double(source, target, shape):
    """Double the pixels, two bytes each, of some rows of `source` into `target`, both ways.
    Allocates nothing.

    `shape`: the first pixel, pixels a row of `source`, how many of them, how many rows.
    """
    at, columns = 2 * shape[0], shape[2]
    to, row = 0, 4 * columns
    for _ in range(shape[3]):
        for i in range(at, at + 2 * columns, 2):
            target[to] = target[to + 2] = target[to + row] = target[to + row + 2] = source[i]
            target[to + 1] = target[to + 3] = source[i + 1]
            target[to + row + 1] = target[to + row + 3] = source[i + 1]
            to += 4
        to += row
        at += 2 * shape[1]
