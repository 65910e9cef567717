"""The keys somebody holds, read from folders, and what they open for one camera and epoch.

A folder holds any of: `*.json` with `device_id`, `epoch` and `check_seed` in hex (a station's
CHECK seed), X25519 private keys in PEM (they open READ seeds), an Ed25519 private key in PEM
(signs exports). Files of other kinds are left alone.
"""

import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from .errors import InputError
from .primitives import Chain, Mac, key_id, open_seed, segment_key


class Access:
    """What the keys open for one camera and epoch: `check` and `read` are chains or None."""

    def __init__(self, check: "Chain | None" = None, read: "Chain | None" = None, viewer=""):
        self.check = check
        self.read = read
        self.viewer = viewer

    def mac(self, segment) -> "Mac | None":
        """Return the MAC of a segment's blocks, or None without CHECK or the nonce."""
        key = self._key(self.check, segment)
        return Mac(key) if key else None

    def cipher(self, segment) -> "bytes | None":
        """Return the cipher key of a segment, or None without READ or the nonce."""
        return self._key(self.read, segment)

    @staticmethod
    def _key(chain, segment):
        """Return the key from exactly the index that the log gave the segment, never another."""
        if chain is None or segment.nonce is None:
            return None
        return segment_key(chain.at(segment.s), segment.nonce, segment.card, segment.n)


class Keyring:
    """All keys of some folders.

    Raises:
        InputError: a folder is missing or holds no key, or a key file cannot be read.
    """

    def __init__(self, folders=()):
        self.checks = {}
        self.viewers = {}
        self.signer: Ed25519PrivateKey | None = None
        self.folders = [Path(folder) for folder in folders]
        for folder in self.folders:
            self._load(folder)

    def _load(self, folder):
        if not folder.is_dir():
            raise InputError(f"there is no folder of keys at {folder}; check what --keys says")
        load = {".json": self._load_check, ".pem": self._load_private}
        paths = [path for path in sorted(folder.iterdir()) if path.suffix in load]
        if not any([load[path.suffix](path) for path in paths]):
            raise InputError(f"{folder} holds no key that can be used; check what --keys says")

    def _load_check(self, path):
        try:
            words = json.loads(path.read_text("utf-8"))
            if "check_seed" not in words:
                return False
            seed = bytes.fromhex(words["check_seed"])
            device = bytes.fromhex(words["device_id"])
            epoch = words["epoch"]
            if (len(seed), len(device), type(epoch)) != (32, 16, int):
                raise ValueError("wrong length")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} is not a station's key file: {error}") from error
        self.checks[device, epoch] = Chain(seed)
        return True

    def _load_private(self, path):
        try:
            data = path.read_bytes()
            if b"PRIVATE KEY" not in data:
                return False
            private = load_pem_private_key(data, None)
        except (OSError, ValueError, TypeError) as error:
            raise InputError(f"{path} is not a private key without a pass phrase") from error
        if isinstance(private, X25519PrivateKey):
            self.viewers[key_id(private.public_key())] = (path.stem, private)
        elif isinstance(private, Ed25519PrivateKey):
            self.signer = self.signer or private  # the first folder's is one's own
        else:
            return False
        return True

    def access(self, device: bytes, epoch: int, seeds: dict) -> Access:
        """Return what opens for a camera's epoch; `seeds` maps key ids to sealed READ seeds."""
        check = self.checks.get((device, epoch))
        for name, sealed in seeds.items():
            if name in self.viewers:
                viewer, private = self.viewers[name]
                seed = open_seed(sealed, private, device, epoch)
                if seed:
                    return Access(check, Chain(seed), f"{viewer} {name.hex()}")
        return Access(check)

    def belongs(self, device: bytes, epoch: int, seeds: dict) -> bool:
        """Return whether any of the keys is for this camera and epoch."""
        return (device, epoch) in self.checks or any(name in self.viewers for name in seeds)
