"""Key derivation and message authentication from AES-256 alone, all of it in buffers that can
be overwritten.

CMAC is NIST SP 800-38B; the KDF is SP 800-108r1 section 4.1, counter mode, with CMAC-AES-256 as
its function. `aes` everywhere is `cryptolib.aes`. Nothing here returns key bytes as an immutable
object: results go into bytearrays of the caller.
"""

from micropython import const

from bodycam.errors import Fault
from bodycam.kernel import double, mix
from bodycam.memory import halves_of

_CBC = const(2)
_ZERO = bytes(16)
_ZEROS = memoryview(bytes(256))


def wipe(buf):
    """Overwrite `buf`, a bytearray or memoryview, with zeros."""
    for at in range(0, len(buf), 256):
        buf[at : at + 256] = _ZEROS[: min(256, len(buf) - at)]


_plain = bytearray(16)


def _encrypt(cipher, buf, last):
    # In place; `last` are its last 16 bytes. MicroPython's cryptolib tells nothing of an
    # encryption that failed and left the output blank or as it was: keys and tags made from that
    # would be known to everybody.
    _plain[:] = last
    cipher.encrypt(buf, buf)
    failed = last == _plain or last == _ZERO
    _plain[:] = _ZERO
    if failed:
        raise Fault("crypto_error", "AES failed")


def cmac(aes, key, message, tag):
    """Put the CMAC of `message` (any length) under the 32-byte `key` into `tag`, 16 bytes.

    Allocates a padded copy.

    Raises:
        Fault: the cipher failed.
    """
    subkey = bytearray(16)
    _encrypt(aes(key, _CBC, _ZERO), subkey, subkey)
    double(subkey)
    length = len(message)
    padded = bytearray(max(16, (length + 15) // 16 * 16))
    padded[:length] = message
    if length % 16 or not length:
        double(subkey)
        padded[length] = 0x80
    for i in range(16):
        padded[len(padded) - 16 + i] ^= subkey[i]
    last = memoryview(padded)[-16:]
    _encrypt(aes(key, _CBC, _ZERO), padded, last)
    tag[:] = last
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
    """CMAC of 32-byte digests, with one cipher object for each key.

    Hot path: no heap per tag.
    """

    def __init__(self, aes):
        self._new = aes
        self._aes = None
        self._work = memoryview(bytearray(80))
        self._message, self._made = self._work[:32], self._work[32:64]
        # What is added to a digest: CBC goes on from its last block, the tag before, which has to
        # be taken out again, and the subkey K1.
        self._tag, self._subkey = self._work[48:64], self._work[64:]
        self._halves = halves_of(self._work, 40)

    def begin(self, key):
        """Take a key of 32 bytes.

        Raises:
            Fault: the cipher failed.
        """
        self._aes = self._new(key, _CBC, _ZERO)
        self._subkey[:] = _ZERO
        self._aes.encrypt(self._subkey, self._subkey)
        if self._subkey == _ZERO:  # left as it was, or blank: see `_encrypt`
            raise Fault("crypto_error", "AES failed")
        self._tag[:] = self._subkey
        double(self._subkey)

    def end(self):
        """Forget the key."""
        self._aes = None
        wipe(self._work)

    def tag(self, digest) -> memoryview:
        """Return the 16-byte tag of the 32-byte `digest`; the view is valid until the next
        call.

        Raises:
            Fault: the cipher failed.
        """
        # By 16 bits: 32 would not be small integers on a 32-bit processor.
        mix(self._halves, digest)
        self._aes.encrypt(self._message, self._made)
        if self._tag == _ZERO:  # left as `mix` did, or blank: see `_encrypt`
            raise Fault("crypto_error", "AES failed")
        return self._tag
