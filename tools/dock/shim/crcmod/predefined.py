"""The one function that `smp` takes from crcmod."""

from binascii import crc_hqx


def mkPredefinedCrcFun(name: str):
    """Return a function (data, crc=0) -> CRC-16/XMODEM.

    Raises:
        KeyError: another CRC is wanted.
    """
    return {"xmodem": lambda data, crc=0: crc_hqx(data, crc)}[name]
