"""What the simulation needs from its computer, on CPython: files, AES and a CRC of its own."""

import binascii

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_SECTOR_BYTES = 512


class Store:
    """A file as an array of bytes: a card image, a clip, a flash partition."""

    def __init__(self, path, size_bytes, writable):
        if size_bytes:
            with open(path, "ab") as file:
                if file.tell() < size_bytes:
                    file.truncate(size_bytes)
        self._file = open(path, "r+b" if writable else "rb", buffering=0)
        self.size_bytes = self._file.seek(0, 2)

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
    with open(path, encoding="utf-8") as file:
        return file.read()


def write_text(path, text):
    """Write a file."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def write_bytes(path, buf):
    """Write a file."""
    with open(path, "wb") as file:
        file.write(buf)


def crc16(buf, n):
    """Return the CRC-16/XMODEM of the first `n` bytes."""
    return binascii.crc_hqx(memoryview(buf)[:n], 0)


def firmware_crc16(buf, at, n):
    """Do the work of drivers.crc16_viper: CPython has no viper."""
    return binascii.crc_hqx(memoryview(buf)[at : at + n], 0)


class aes:
    """cryptolib.aes: mode 1 is ECB, 2 is CBC; one direction per object."""

    def __init__(self, key, mode, iv=None):
        if mode not in (1, 2):
            raise ValueError("mode")
        if len(key) not in (16, 32):
            raise ValueError("key")
        if mode == 2 and (iv is None or len(iv) != 16):
            raise ValueError("IV")
        chaining = modes.CBC(bytes(iv)) if mode == 2 else modes.ECB()
        self._cipher = Cipher(algorithms.AES(bytes(key)), chaining)
        self._context = None
        self._encrypts = None

    def _work(self, encrypts, data, out):
        if self._encrypts is None:
            cipher = self._cipher
            self._context = cipher.encryptor() if encrypts else cipher.decryptor()
            self._encrypts = encrypts
        if self._encrypts != encrypts:
            raise ValueError("can't encrypt & decrypt")
        if len(data) % 16:
            raise ValueError("blksize % 16")
        done = self._context.update(data)
        if out is None:
            return done
        if len(out) < len(done):
            raise ValueError("output too small")
        out[: len(done)] = done
        return out

    def encrypt(self, data, out=None):
        """Encrypt whole blocks into `out`, or return them."""
        return self._work(True, data, out)

    def decrypt(self, data, out=None):
        """Decrypt whole blocks into `out`, or return them."""
        return self._work(False, data, out)
