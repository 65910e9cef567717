"""CRC-16 of SD data blocks, in plain Python: two bytes a step, from a table made at first use.

Source: SD Physical Layer Simplified Specification 4.10, section 4.5: x^16 + x^12 + x^5 + 1, first
value 0 (CRC-16/XMODEM). The reference for `crc16_viper`, and what runs where viper does not.

The words are read as the processor has them, low byte first, so the running value has its two
bytes the other way round until the end.
"""

from array import array

try:
    from uctypes import addressof, bytearray_at
except ImportError:
    addressof = bytearray_at = None

_table = []
_scratch = {}  # length: words of that many bytes, the same memory as bytes


def crc16(buf, start: int, n: int) -> int:
    """Return the CRC-16 of `n` bytes of `buf` from `start` on.

    Allocates nothing when that is the whole of `buf` and the length is not new. The first call
    makes the table: 256 KiB on a 32-bit processor, and 0.1 s where a step of Python takes 1 us.
    """
    if start or n != len(buf):
        buf = memoryview(buf)[start : start + n]
    if n not in _scratch:
        _prepare(n)
    words, octets = _scratch[n]
    octets[:] = buf
    return _run(words)


def _run(words):
    table = _table
    crc = 0
    for word in words:
        crc = table[crc ^ word]
    return (crc & 0xFF) << 8 | crc >> 8


def _prepare(n):
    if not _table:
        _fill()
    # An odd length gets a zero byte in front, which changes nothing: the first value is 0.
    words = array("H", bytes(n + (n & 1)))
    if bytearray_at and addressof:
        octets = memoryview(bytearray_at(addressof(words), n + (n & 1)))
    else:
        octets = memoryview(words).cast("B")
    _scratch[n] = words, octets[n & 1 :]


def _fill():
    # A CRC is linear: the entries of the sixteen single bits give all the others.
    crc = 0x1021
    single = [0] * 16
    for bit in range(16):
        single[bit ^ 8] = (crc & 0xFF) << 8 | crc >> 8
        crc = crc << 1 ^ (0x11021 if crc & 0x8000 else 0)
    _table.append(0)
    for value in single:
        for i in range(len(_table)):
            _table.append(_table[i] ^ value)
