"""The key derivations and ciphers of FORMAT.md sections 2 and 3, on the `cryptography` library."""

from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, CounterLocation, Mode

from .layout import BLOCK, BODY_AT, BODY_END, CHAINED_HEAD, CLEAR

_HPKE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)

# A sequence number above this is nobody's: it would be a log partition of 16 MiB.
MAX_S = 65_536


def kdf(key: bytes, label: bytes, context: bytes = b"") -> bytes:
    """Return 32 bytes derived from a 32-byte key: SP 800-108r1, counter mode, AES-256-CMAC."""
    order = CounterLocation.BeforeFixed
    derive = KBKDFCMAC(algorithms.AES, Mode.CounterMode, 32, 4, 4, order, label, context, None)
    return derive.derive(key)


class Mac:
    """AES-256-CMAC under one key, set up once."""

    def __init__(self, key: bytes):
        self._fresh = CMAC(algorithms.AES(key))
        self._block = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        doubled = _int(self._block.update(bytes(16))) << 1
        doubled ^= 0x87 if doubled >> 128 else 0
        self._k1 = (doubled & (1 << 128) - 1).to_bytes(16, "big")

    def of(self, data: bytes) -> bytes:
        """Return the 16-byte CMAC of `data`."""
        mac = self._fresh.copy()
        mac.update(data)
        return mac.finalize()

    def of_digests(self, digests: "list[bytes]") -> bytes:
        """Return the CMACs of these 32-byte digests, one after the other, in two calls for all.

        SP 800-38B for two whole blocks M1, M2: E(K, E(K, M1) xor M2 xor K1).
        """
        size = 16 * len(digests)
        first = self._block.update(b"".join([digest[:16] for digest in digests]))
        second = b"".join([digest[16:] for digest in digests])
        mixed = _int(first) ^ _int(second) ^ _int(self._k1 * len(digests))
        return self._block.update(mixed.to_bytes(size, "big"))


class Chain:
    """The keys X_0, X_1, ... that follow from one seed."""

    def __init__(self, seed: bytes):
        self._keys = [seed]

    def at(self, s: int) -> bytes:
        """Return X_s.

        Raises:
            ValueError: no log is so long.
        """
        if s > MAX_S:
            raise ValueError("sequence number out of range")
        while len(self._keys) <= s:
            self._keys.append(kdf(self._keys[-1], b"next"))
        return self._keys[s]


def entry_mac(check: bytes) -> Mac:
    """Return the MAC of the log entry whose CHECK key this is."""
    return Mac(kdf(check, b"log"))


def release_mac(check: bytes) -> Mac:
    """Return the MAC of a release, from CHECK_s of the entry that opened the segment."""
    return Mac(kdf(check, b"release"))


def segment_key(key: bytes, nonce: bytes, card: bytes, n: int) -> bytes:
    """Return a segment's cipher key from READ_s, or its MAC key from CHECK_s."""
    return kdf(key, b"key", nonce + card + n.to_bytes(4, "little"))


def decryptor(key: bytes, iv: bytes):
    """Return an object whose `update(data)` gives plaintext: whole AES blocks in CBC mode."""
    return Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()


class Deciphering:
    """Deciphers the blocks of one segment, many in one call.

    CBC mode needs of what stands before only the 16 bytes before: so whole blocks go through, with
    what is not enciphered, and only the first 16 bytes of a body come out wrong. These name the
    block, and follow from the block before: they are put right to check that.
    """

    def __init__(self, key: bytes, n: int, buffer, room):
        self._cipher = decryptor(key, bytes(16))
        self._n, self._buffer, self._room = n, buffer, room
        self._last = bytes(16)  # ciphertext at the end of the last body
        starts = range(BODY_AT, len(buffer), BLOCK)
        self.bodies = [room[at : at + BODY_END - BODY_AT] for at in starts]
        self._names = [body[:16] for body in self.bodies]
        self._befores = [buffer[at - 16 : at] for at in starts]
        self._lasts = [buffer[at + BODY_END - BODY_AT - 16 :][:16] for at in starts]

    def take(self, number: int, first: int) -> "list[bool]":
        """Decipher into `bodies` the blocks in the buffer, of which the first is block `first`;
        return for each whether it follows from the one before.
        """
        self._cipher.update_into(self._buffer[: number * BLOCK], self._room)
        names, befores = self._names[:number], self._befores[:number]
        if first == 0:
            at = BODY_AT + CLEAR
            befores[0], names[0] = self._buffer[at - 16 : at], self._room[at : at + 16]
        chained = [self._last, *self._lasts[: number - 1]]
        right = [CHAINED_HEAD.pack(self._n, first + i, 0) for i in range(number)]
        follow = _xor(names, befores, chained) == _int(b"".join(right))
        each = zip(names, befores, chained, right)
        self._last, follows = bytes(self._lasts[number - 1]), [True] * number
        return follows if follow else [_xor([a], [b], [c]) == _int(d) for a, b, c, d in each]


def _xor(*lists):
    total = 0
    for parts in lists:
        total ^= _int(b"".join(parts))
    return total


def _int(data):
    return int.from_bytes(data, "big")


def key_id(public) -> bytes:
    """Return the 8-byte id of a raw or X25519 or Ed25519 public key."""
    raw = public if isinstance(public, bytes) else public.public_bytes_raw()
    return sha256(raw).digest()[:8]


def seal_seed(seed: bytes, public, device: bytes, epoch: int) -> bytes:
    """Return a READ seed sealed to an X25519 public key, 80 bytes, different each time."""
    return _HPKE.encrypt(seed, public, _info(device, epoch))


def open_seed(sealed: bytes, private, device: bytes, epoch: int) -> "bytes | None":
    """Return the READ seed, or None when this key does not open it."""
    try:
        return _HPKE.decrypt(sealed, private, _info(device, epoch))
    except (InvalidTag, ValueError):
        return None


def _info(device, epoch):
    return b"bodycam READ 1" + device + epoch.to_bytes(4, "little")
