"""What the simulation needs from its computer, on CPython: files, AES and a CRC of its own."""

import binascii
import select
import sys
import traceback
import types

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tools.sim.host_files import (  # noqa: F401  (part of the host's interface)
    open_store,
    read_text,
    write_bytes,
    write_text,
)


def crc16(buf, n):
    """Return the CRC-16/XMODEM of the first `n` bytes."""
    return binascii.crc_hqx(memoryview(buf)[:n], 0)


def firmware_crc16(buf, at, n):
    """Do the work of drivers.crc16_viper: CPython has no viper."""
    return binascii.crc_hqx(memoryview(buf)[at : at + n], 0)


def print_error(error):
    """Tell of an exception on standard error."""
    traceback.print_exception(error)


def live_modules():
    """Return the modules that a camera in real time needs: MicroPython's poll objects, and
    standard streams without buffers.
    """
    sys.stdin, sys.stdout = _Stream(0, "rb"), _Stream(1, "wb")
    module = types.ModuleType("select")
    module.POLLIN, module.POLLOUT, module.poll = select.POLLIN, select.POLLOUT, _Poll
    return {"select": module}


class _Stream:
    def __init__(self, fd, mode):
        self.buffer = open(fd, mode, buffering=0, closefd=False)


class _Poll:
    def __init__(self):
        self._poll = select.poll()
        self.register = self._poll.register

    def ipoll(self, timeout_ms):
        """Return an iterator over what is ready."""
        return iter(self._poll.poll(timeout_ms))


def firmware_double(source, target, shape):
    """Do the work of bodycam.zoom_viper."""
    at, stride, columns, rows = shape
    row = bytearray(4 * columns)
    for i in range(rows):
        begin = 2 * (at + i * stride)
        pixels = bytes(source[begin : begin + 2 * columns])
        row[0::4] = row[2::4] = pixels[0::2]
        row[1::4] = row[3::4] = pixels[1::2]
        target[8 * columns * i : 8 * columns * (i + 1)] = row + row


def quicken(display):
    """Give a display chip quick ways to put pixels into place: CPython can step through memory."""
    width = display._row_bytes // 2
    gram = memoryview(display._gram).cast("H")

    def turn_row(row):
        pixels = gram[row * width : (row + 1) * width]
        pixels[:] = pixels[::-1]
        display._mirrored[row] ^= 1

    def put_columns(window, sent, count):
        x0, _, y0, y1 = window
        pixels = sent[: count & ~1].cast("H")
        rows = y1 + 1 - y0
        for at in range(0, len(pixels), rows):
            column = pixels[at : at + rows]
            begin = y0 * width + x0 + at // rows
            gram[begin : begin + (len(column) - 1) * width + 1 : width] = column

    display._turn_row, display._put_columns = turn_row, put_columns


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
