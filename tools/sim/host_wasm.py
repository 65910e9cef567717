"""What the simulation needs from its computer, on MicroPython's WebAssembly port.

`_host` is JavaScript (wasm_host.mjs under Node, the page in a browser): it works straight on the
interpreter's memory, so that nothing is copied on the way.
"""

import os
from array import array

import _host
from uctypes import addressof

# To look a function of JavaScript up costs as much as to call it.
_crc16, _read, _write = _host.crc16, _host.read, _host.write

# This port has none; the runner gives the firmware its own, which follows from the seed.
os.urandom = None


class Store:
    """A file as an array of bytes: a card image, a clip, a flash partition."""

    def __init__(self, path, size_bytes, writable):
        self._id = _host.open(path, size_bytes, writable)
        if self._id < 0:
            raise OSError(-self._id, "cannot open " + path)
        self._sectors = _host.sectors(self._id)
        self.size_bytes = self._sectors * 512 + _host.odd_bytes(self._id)

    def readinto(self, lba, buf):
        """Fill `buf` from sector `lba` on."""
        _read(self._id, lba, 0, addressof(buf), len(buf))

    def read_at(self, offset_bytes, buf):
        """Fill `buf` from a byte on."""
        _read(self._id, 0, offset_bytes, addressof(buf), len(buf))

    def write(self, lba, buf):
        """Write `buf` to sector `lba` on."""
        _write(self._id, lba, 0, addressof(buf), len(buf))

    def write_at(self, offset_bytes, buf):
        """Write `buf` to a byte on."""
        _write(self._id, 0, offset_bytes, addressof(buf), len(buf))

    def sync(self):
        """Hand everything written to the operating system."""
        _host.sync()

    def close(self):
        """Close the file."""
        _host.close(self._id)


def open_store(path, size_bytes=0, writable=True):
    """Open a file; with `size_bytes`, make it first or lengthen it.

    Raises:
        OSError: there is no such file, or it cannot be opened so.
    """
    return Store(path, size_bytes, writable)


def read_text(path):
    """Return a file's text."""
    return _host.read_text(path)


def write_text(path, text):
    """Write a file."""
    _host.write_text(path, text)


def write_bytes(path, buf):
    """Write a file."""
    _host.write_bytes(path, addressof(buf), len(buf))


def crc16(buf, n):
    """Return the CRC-16/XMODEM of the first `n` bytes."""
    return _crc16(addressof(buf), n)


def firmware_crc16(buf, at, n):
    """Do the work of drivers.crc16_viper: this port has no viper."""
    return _crc16(addressof(buf) + at, n)


def firmware_double(source, target, shape):
    """Do the work of bodycam.zoom_viper."""
    _host.double(addressof(source), addressof(target), addressof(shape))


quicken = None


class aes:
    """cryptolib.aes: mode 1 is ECB, 2 is CBC; one direction per object."""

    def __init__(self, key, mode, iv=None):
        if mode not in (1, 2):
            raise ValueError("mode")
        if len(key) not in (16, 32):
            raise ValueError("key")
        if mode == 2 and (iv is None or len(iv) != 16):
            raise ValueError("IV")
        self._key = bytes(key)
        self._iv = bytearray(iv) if mode == 2 else None
        self._encrypts = None
        # What stays the same, where JavaScript finds it; nothing in this heap ever moves.
        chain_at = addressof(self._iv) if mode == 2 else 0
        self._state = array("i", (addressof(self._key), len(key), chain_at, 0))
        self._state_at = addressof(self._state)

    def _work(self, encrypts, data, out):
        if self._encrypts is None:
            self._encrypts = encrypts
            self._state[3] = encrypts
        if self._encrypts != encrypts:
            raise ValueError("can't encrypt & decrypt")
        if len(data) % 16:
            raise ValueError("blksize % 16")
        if out is None:
            out = bytearray(len(data))
            self._run(data, out)
            return bytes(out)
        if len(out) < len(data):
            raise ValueError("output too small")
        self._run(data, out)
        return out

    def _run(self, data, out):
        # The JavaScript side keeps nothing: it moves the chaining value on in place.
        _host.aes(self._state_at, addressof(data), addressof(out), len(data))

    def encrypt(self, data, out=None):
        """Encrypt whole blocks into `out`, or return them."""
        return self._work(True, data, out)

    def decrypt(self, data, out=None):
        """Decrypt whole blocks into `out`, or return them."""
        return self._work(False, data, out)
