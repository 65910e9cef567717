"""The kernels in viper: see `kernel_plain`, which does the same.

Where viper does not exist, the import fails (SyntaxError, AttributeError or ValueError).
"""

import micropython
from micropython import const

# As in kernel_plain.
_WRITE = const(0)
_LIMIT = const(1)
_LOW = const(2)
_END = const(3)
_SEQ = const(4)
_HELD = const(5)
_LOST = const(6)
_DROPPED = const(7)
_WORDS = const(8)
_FIRST = const(16)
_FREE = const(8)


@micropython.viper
def reserve(words: ptr32, kind: int, t_ms: int, n: int) -> int:
    """Write the header of a record of `n` bytes (1 and more); return at which byte its content
    goes, which the caller copies in, or -1 when there is no room. Allocates nothing.
    """
    at = words[_WRITE]
    need = (n + 19) >> 2
    if at + need > words[_LIMIT]:
        low = words[_LOW]
        while True:
            if at < low:
                if at + need <= low - _FREE:
                    break
            elif at + need <= words[_WORDS]:
                break
            elif _FIRST + need <= low - _FREE:
                words[_END] = at
                at = _FIRST
                break
            if words[_HELD] or at == low:
                words[_LOST] += 1
                at = -1
                break
            words[_DROPPED] += 1
            low += (words[low + 3] + 19) >> 2
            if low == at:
                words[_END] = at
                low = at = _FIRST
            elif low >= words[_END] and at < low:
                low = _FIRST
        words[_LOW] = low
        words[_LIMIT] = low - _FREE if at < low else words[_WORDS]
        if at < 0:
            return -1
    words[at] = kind
    words[at + 1] = words[_SEQ]
    words[at + 2] = t_ms
    words[at + 3] = n
    words[at + need - 1] = 0
    words[_SEQ] = (words[_SEQ] + 1) & 0x3FFFFFFF
    words[_WRITE] = at + need
    return (at + 4) << 2


@micropython.viper
def mix(halves: ptr16):
    """Add (exclusive or) eight numbers of 16 bits and the eight behind the next eight to those.
    Allocates nothing.
    """
    for i in range(8):
        halves[8 + i] = halves[8 + i] ^ halves[i] ^ halves[16 + i]
