"""The key derivations and ciphers of FORMAT.md sections 2 and 3, on the `cryptography` library."""

from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, CounterLocation, Mode

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

    def of(self, data: bytes) -> bytes:
        """Return the 16-byte CMAC of `data`."""
        mac = self._fresh.copy()
        mac.update(data)
        return mac.finalize()


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


def segment_key(key: bytes, nonce: bytes, card: bytes, n: int) -> bytes:
    """Return a segment's cipher key from READ_s, or its MAC key from CHECK_s."""
    return kdf(key, b"key", nonce + card + n.to_bytes(4, "little"))


def decryptor(key: bytes, iv: bytes):
    """Return an object whose `update(data)` gives plaintext: whole AES blocks in CBC mode."""
    return Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()


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
