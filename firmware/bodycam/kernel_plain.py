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
_LOST = const(6)  # how many were refused while HELD
_DROPPED = const(7)  # how many made room otherwise, or were larger than the ring
_WORDS = const(8)  # where the ring ends
_FIRST = const(16)  # where its records begin

# The consumer's own.
_NEXT = const(9)  # first record header that no piece has passed
_USED = const(10)  # words of the piece that was found last
_TOP = const(11)  # as far as WRITE came

# Words between WRITE and LOW: `Ring.hold` moves LOW down to a multiple of four, and the four words
# in front of that are the sealer's.
_FREE = const(8)

_PIECE_WORDS = const(4060)  # of a block that is full
_FRAME = const(1)  # kind of a record, its first byte

# Words of a block's header (FORMAT.md section 6).
_KIND = const(1)  # with the version and the flags
_SEGMENT = const(2)
_BLOCK = const(3)
_BYTES = const(6)
_FIRST_SEQ = const(7)
_FIRST_AT = const(8)
_T_MS = const(9)


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
        if words[_HELD] or at == low or _FIRST + need > words[_WORDS]:
            words[_LOST if words[_HELD] else _DROPPED] += 1
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


def piece(words, flush: bool) -> int:
    """Find the piece of the ring that is to be sealed next; return its bytes, at most 16,240, or
    0 when there is none. Allocates nothing.

    With `flush` one that may still grow counts too. Only while the ring is held.
    """
    write, low = words[_WRITE], words[_LOW]
    used = min((write if write >= low else words[_END]) - low, _PIECE_WORDS)
    if used < _PIECE_WORDS and write > low and not flush:
        used = 0
    words[_USED] = used
    return 4 * used


def describe(header, words, block: int, t_ms: int) -> int:
    """Write number, time and content of DATA block `block` into its `header`, and the prefix of
    16 bytes in front of the piece that was found last, which goes into it; return at which byte
    of the ring the prefix stands. Allocates nothing.
    """
    used = words[_USED]
    header[_KIND] = 0x201 | (used < _PIECE_WORDS) << 16
    header[_BYTES] = 4 * used + 16
    header[_T_MS] = t_ms
    header[_BLOCK] = block
    _describe_first(header, words)
    _put_prefix(words, words[_LOW], header[_SEGMENT], block)
    return 4 * words[_LOW] - 16


def _describe_first(header, words):
    at = words[_NEXT]
    into = at - words[_LOW]
    inside = into < words[_USED]
    header[_FIRST_SEQ] = words[at + 1] if inside else 0
    header[_FIRST_AT] = 4 * into + 16 if inside else 0


def _put_prefix(words, at, segment, block):
    words[at - 4] = segment
    words[at - 3] = block
    words[at - 2] = words[at - 1] = 0


def release(words) -> int:
    """Give back the piece of the ring that was found last; return how many record headers it
    had, times 1024, and how many of them were frames'. Allocates nothing.
    """
    end = words[_LOW] + words[_USED]
    passed = 0
    at = words[_NEXT]
    while at < end:
        passed += 1025 if words[at] & 0xFF == _FRAME else 1024
        at += words[at + 3] + 19 >> 2
    words[_NEXT] = at
    if words[_WRITE] < words[_LOW] and end >= words[_END]:
        end = words[_NEXT] = _FIRST
    elif end == words[_WRITE]:
        # An empty ring goes on at its beginning: that is aligned, and warm in a cache.
        words[_TOP] = max(words[_TOP], end)
        end = words[_WRITE] = words[_NEXT] = _FIRST
    words[_LOW] = end
    return passed


def mix(halves, digest):
    """Put the sum (exclusive or) of a digest's 32 bytes and `halves` 24 to 39, numbers of 16 bits,
    into the first sixteen, and blank 24 to 31. Allocates nothing.
    """
    for i in range(16):
        halves[i] = halves[24 + i] ^ (digest[2 * i] | digest[2 * i + 1] << 8)
    for i in range(24, 32):
        halves[i] = 0


def double(block):
    """Multiply 16 bytes by x in the field of CMAC (SP 800-38B 5.3 and 6.1). Allocates nothing."""
    carry = 0
    for i in range(15, -1, -1):
        value = block[i] << 1 | carry
        block[i] = value & 0xFF
        carry = value >> 8
    block[15] ^= 0x87 * carry
