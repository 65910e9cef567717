"""What an SD card says of itself: the registers CSD and CID, and the CRC-7 of a command.

Source: as sdcard.py; the numbers below are sections of it.
"""

_TMP_WRITE_PROTECT = 0x10  # byte 14 of the CSD


def crc7(frame):
    """Return the CRC-7 of all bytes of `frame` but the last, bit by bit."""
    crc = 0
    for i in range(len(frame) - 1):
        for bit in range(7, -1, -1):
            out = crc >> 6 ^ frame[i] >> bit & 1
            crc = crc << 1 & 0x7F ^ (0x09 if out else 0)
    return crc


def csd_of(kind, sectors, large, readonly):
    """Return the CSD register (5.3) of a card of so many sectors."""
    if kind == "high":
        csd = bytearray(b"\x40\x0e\x00\x32\x5b\x59\x00\x00\x00\x00\x7f\x80\x0a\x40\x00\x00")
        size = (sectors >> 10) - 1
        csd[7], csd[8], csd[9] = size >> 16 & 0x3F, size >> 8 & 0xFF, size & 0xFF
    else:
        # The multiplier is the smallest with which the size has 12 bits.
        csd = bytearray(b"\x00\x26\x00\x32\x5b\x59\x80\x00\x00\x00\x7f\x80\x0a\x40\x00\x00")
        csd[5] += large
        sectors >>= large
        factor = 0
        while sectors >> factor + 2 > 4096:
            factor += 1
        if factor > 7 or sectors % (4 << factor):
            raise ValueError("sdcard: a standard card cannot have this size")
        size = (sectors >> factor + 2) - 1
        csd[6] |= size >> 10
        csd[7], csd[8] = size >> 2 & 0xFF, size << 6 & 0xC0
        csd[9] = factor >> 1
        csd[10] |= factor << 7 & 0x80
    csd[14] = _TMP_WRITE_PROTECT if readonly else 0
    csd[15] = crc7(csd) << 1 | 1
    return csd


def cid_of(serial):
    """Return the CID register (5.2) of the card with this serial number."""
    cid = bytearray(b"\x03SDBCSIM\x10\x00\x00\x00\x00\x01\x96\x00")
    for i in range(4):
        cid[9 + i] = serial >> 24 - 8 * i & 0xFF
    cid[15] = crc7(cid) << 1 | 1
    return cid
