"""CRC-16 of SD data blocks as one viper kernel: two bytes a step, no table.

Source as in `crc16`, the plain reference with the same results. Where viper does not exist, the
import fails (SyntaxError, AttributeError or ValueError) and the caller takes the reference.

The step: a word w and the CRC before it fold into q = w + w>>4 + w>>8 + w>>12 + w>>11 (sums are
exclusive-or), the quotient of w * x^16 by the polynomial; the CRC after it is the low half of
q * (x^12 + x^5 + 1).
"""

import micropython


@micropython.viper
def crc16(buf: ptr8, start: int, n: int) -> int:
    """Return the CRC-16 of `n` bytes of `buf` from `start` on. Allocates nothing."""
    end = start + n
    word = 0
    if n & 1:  # a zero byte in front changes nothing
        word = buf[start]
        start += 1
    while True:
        q = word ^ word >> 4
        q ^= q >> 8 ^ word >> 11
        word = (q << 12 ^ q << 5 ^ q) & 0xFFFF
        if start >= end:
            return word
        word ^= buf[start] << 8 ^ buf[start + 1]
        start += 2
