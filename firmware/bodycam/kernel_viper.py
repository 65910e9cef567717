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
_NEXT = const(9)
_USED = const(10)
_TOP = const(11)
_FREE = const(8)
_PIECE_WORDS = const(4060)
_FRAME = const(1)
_KIND = const(1)
_SEGMENT = const(2)
_BLOCK = const(3)
_BYTES = const(6)
_FIRST_SEQ = const(7)
_FIRST_AT = const(8)
_T_MS = const(9)


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
            if words[_HELD] or at == low or _FIRST + need > words[_WORDS]:
                words[_LOST if words[_HELD] else _DROPPED] += 1
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
def piece(words: ptr32, flush: int) -> int:
    """Find the piece of the ring that is to be sealed next; return its bytes, at most 16,240, or
    0 when there is none. Allocates nothing.

    With `flush` one that may still grow counts too. Only while the ring is held.
    """
    low = words[_LOW]
    used = words[_WRITE] - low
    if used < 0:
        used = words[_END] - low
    elif used < _PIECE_WORDS and not flush:
        used = 0
    if used > _PIECE_WORDS:
        used = _PIECE_WORDS
    words[_USED] = used
    return used << 2


@micropython.viper
def describe(header: ptr32, words: ptr32, block: int, t_ms: int) -> int:
    """Write number, time and content of DATA block `block` into its `header`, and the prefix of
    16 bytes in front of the piece that was found last, which goes into it; return at which byte
    of the ring the prefix stands. Allocates nothing.
    """
    low = words[_LOW]
    used = words[_USED]
    at = words[_NEXT]
    header[_KIND] = 0x201 | int(used < _PIECE_WORDS) << 16
    header[_BLOCK] = block
    words[low - 4] = header[_SEGMENT]
    words[low - 3] = block
    words[low - 2] = 0
    words[low - 1] = 0
    header[_BYTES] = 4 * used + 16
    header[_FIRST_SEQ] = 0
    header[_FIRST_AT] = 0
    if at < low + used:
        header[_FIRST_SEQ] = words[at + 1]
        header[_FIRST_AT] = 4 * (at - low) + 16
    header[_T_MS] = t_ms
    return (low - 4) << 2


@micropython.viper
def release(words: ptr32) -> int:
    """Give back the piece of the ring that was found last; return how many record headers it
    had, times 1024, and how many of them were frames'. Allocates nothing.
    """
    end = words[_LOW] + words[_USED]
    passed = 0
    at = words[_NEXT]
    while at < end:
        passed += 1024
        if words[at] & 0xFF == _FRAME:
            passed += 1
        at += (words[at + 3] + 19) >> 2
    words[_NEXT] = at
    if words[_WRITE] < words[_LOW] and end >= words[_END]:
        end = words[_NEXT] = _FIRST
    elif end == words[_WRITE]:
        if end > words[_TOP]:
            words[_TOP] = end
        end = words[_WRITE] = words[_NEXT] = _FIRST
    words[_LOW] = end
    return passed


@micropython.viper
def mix(halves: ptr16, digest: ptr16):
    """Put the sum (exclusive or) of a digest's 32 bytes and `halves` 24 to 39, numbers of 16 bits,
    into the first sixteen, and blank 24 to 31. Allocates nothing.
    """
    for i in range(8):
        halves[i] = halves[24 + i] ^ digest[i]
        halves[8 + i] = halves[32 + i] ^ digest[8 + i]
        halves[24 + i] = 0


@micropython.viper
def double(block: ptr8):
    """Multiply 16 bytes by x in the field of CMAC (SP 800-38B 5.3 and 6.1). Allocates nothing."""
    carry = 0
    for i in range(15, -1, -1):
        value = block[i] << 1 | carry
        block[i] = value
        carry = value >> 8
    block[15] = block[15] ^ 0x87 * carry
