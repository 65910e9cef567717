"""Key derivation and message authentication from AES-256 alone, all of it in buffers that can
be overwritten.

CMAC is NIST SP 800-38B; the KDF is SP 800-108r1 section 4.1, counter mode, with CMAC-AES-256 as
its function. `aes` everywhere is `cryptolib.aes`. Nothing here returns key bytes as an immutable
object: results go into bytearrays of the caller.
"""

from micropython import const

from bodycam.errors import Fault

_CBC = const(2)
_ZERO = bytes(16)
_R128 = const(0x87)  # SP 800-38B 5.3, the constant for 128-bit blocks


def wipe(buf):
    """Overwrite `buf` with zeros."""
    for i in range(len(buf)):
        buf[i] = 0


_plain = bytearray(16)


def _encrypt(cipher, buf):
    # In place. MicroPython's cryptolib tells nothing of an encryption that failed and left the
    # output blank or as it was: keys and tags from that would be known to everybody.
    at = len(buf) - 16
    for i in range(16):
        _plain[i] = buf[at + i]
    cipher.encrypt(buf, buf)
    same = _equals_plain(buf, at)
    wipe(_plain)
    if same or _equals_plain(buf, at):
        raise Fault("crypto_error", "AES failed")


def _equals_plain(buf, at):
    for i in range(16):
        if buf[at + i] != _plain[i]:
            return False
    return True


def _double(block):
    carry = 0
    for i in range(15, -1, -1):
        value = block[i] << 1 | carry
        block[i] = value & 0xFF
        carry = value >> 8
    if carry:
        block[15] ^= _R128


def cmac(aes, key, message, tag):
    """Put the CMAC of `message` (any length) under the 32-byte `key` into `tag`, 16 bytes.

    Allocates a padded copy.

    Raises:
        Fault: the cipher failed.
    """
    subkey = bytearray(16)
    _encrypt(aes(key, _CBC, _ZERO), subkey)
    _double(subkey)
    length = len(message)
    padded = bytearray(max(16, (length + 15) // 16 * 16))
    padded[:length] = message
    if length % 16 or not length:
        _double(subkey)
        padded[length] = 0x80
    for i in range(16):
        padded[len(padded) - 16 + i] ^= subkey[i]
    _encrypt(aes(key, _CBC, _ZERO), padded)
    tag[:] = memoryview(padded)[-16:]
    wipe(padded)
    wipe(subkey)


def kdf(aes, key, label: bytes, context, out):
    """Put KDF(key, label, context) into `out`, 32 bytes; `out` may be `key` itself."""
    made = bytearray(32)
    view = memoryview(made)
    for i in (1, 2):
        cmac(
            aes,
            key,
            bytes((0, 0, 0, i)) + label + b"\0" + context + b"\0\0\1\0",
            view[16 * i - 16 : 16 * i],
        )
    out[:] = made
    wipe(made)


class DigestMAC:
    """CMAC of 32-byte digests under one key, with one cipher object for its whole life.

    Hot path: no heap per tag.

    The cipher object chains from tag to tag, so the last tag is taken out of the next message
    again.
    """

    def __init__(self, aes, key):
        self._last_subkey = bytearray(16)
        _encrypt(aes(key, _CBC, _ZERO), self._last_subkey)
        _double(self._last_subkey)
        self._aes = aes(key, _CBC, _ZERO)
        self._work = bytearray(32)
        self._tag = memoryview(self._work)[16:]

    def tag(self, digest) -> memoryview:
        """Return the 16-byte tag of the 32-byte `digest`; the view is valid until the next
        call.

        Raises:
            Fault: the cipher failed.
        """
        work = self._work
        last = self._last_subkey
        for i in range(16):
            work[i] = digest[i] ^ work[16 + i]
        for i in range(16):
            work[16 + i] = digest[16 + i] ^ last[i]
        _encrypt(self._aes, work)
        return self._tag
