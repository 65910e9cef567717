"""What the simulation needs from its computer, on MicroPython's unix port."""

import array
import sys

import micropython
from cryptolib import aes  # noqa: F401  (part of the host's interface)

from tools.sim.host_files import (  # noqa: F401  (part of the host's interface)
    open_store,
    read_text,
    write_bytes,
    write_text,
)


def _table():
    table = array.array("H", bytes(512))
    for i in range(256):
        crc = i << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
        table[i] = crc
    return table


_CRC16 = _table()


def print_error(error):
    """Tell of an exception on standard error."""
    sys.print_exception(error, sys.stderr)


def live_modules():
    """Return the modules that a camera in real time needs beside those of this interpreter."""
    return {}


firmware_crc16 = None  # the firmware uses its own viper kernel
quicken = None


@micropython.viper
def crc16(buf, n: int) -> int:
    """Return the CRC-16/XMODEM of the first `n` bytes."""
    data = ptr8(buf)  # noqa: F821
    table = ptr16(_CRC16)  # noqa: F821
    crc = 0
    for i in range(n):
        crc = (crc << 8 & 0xFF00) ^ table[(crc >> 8) ^ data[i]]
    return crc
