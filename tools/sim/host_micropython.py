"""What the simulation needs from its computer, on MicroPython's unix port."""

import array

import micropython
from cryptolib import aes  # noqa: F401  (part of the host's interface)

_SECTOR_BYTES = 512


class Store:
    """A file as an array of bytes: a card image, a clip, a flash partition."""

    def __init__(self, path, size_bytes, writable):
        if size_bytes:
            self._grow(path, size_bytes)
        self._file = open(path, "r+b" if writable else "rb")
        self.size_bytes = self._file.seek(0, 2)

    def _grow(self, path, size_bytes):
        with open(path, "ab") as file:
            have = file.seek(0, 2)
        if have < size_bytes:
            with open(path, "r+b") as file:
                file.seek(size_bytes - 1)
                file.write(b"\x00")

    def readinto(self, lba, buf):
        """Fill `buf` from sector `lba` on."""
        self._file.seek(lba * _SECTOR_BYTES)
        self._file.readinto(buf)

    def read_at(self, offset_bytes, buf):
        """Fill `buf` from a byte on."""
        self._file.seek(offset_bytes)
        self._file.readinto(buf)

    def write(self, lba, buf):
        """Write `buf` to sector `lba` on."""
        self._file.seek(lba * _SECTOR_BYTES)
        self._file.write(buf)

    def write_at(self, offset_bytes, buf):
        """Write `buf` to a byte on."""
        self._file.seek(offset_bytes)
        self._file.write(buf)

    def sync(self):
        """Hand everything written to the operating system."""
        self._file.flush()

    def close(self):
        """Close the file."""
        self._file.close()


def open_store(path, size_bytes=0, writable=True):
    """Open a file; with `size_bytes`, make it first or lengthen it.

    Raises:
        OSError: there is no such file, or it cannot be opened so.
    """
    return Store(path, size_bytes, writable)


def read_text(path):
    """Return a file's text."""
    with open(path) as file:
        return file.read()


def write_text(path, text):
    """Write a file."""
    with open(path, "w") as file:
        file.write(text)


def write_bytes(path, buf):
    """Write a file."""
    with open(path, "wb") as file:
        file.write(buf)


def _table():
    table = array.array("H", bytes(512))
    for i in range(256):
        crc = i << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
        table[i] = crc
    return table


_CRC16 = _table()

firmware_crc16 = None  # the firmware uses its own viper kernel


@micropython.viper
def crc16(buf, n: int) -> int:
    """Return the CRC-16/XMODEM of the first `n` bytes."""
    data = ptr8(buf)  # noqa: F821
    table = ptr16(_CRC16)  # noqa: F821
    crc = 0
    for i in range(n):
        crc = (crc << 8 & 0xFF00) ^ table[(crc >> 8) ^ data[i]]
    return crc
