"""A station: its own signing key, the CHECK seeds of its cameras, whom READ is sealed to.

Everything is in folders of keys (KEYS.md). The first with an Ed25519 key is the station's own: its
custody chain and unfinished downloads are there. A camera's next CHECK seed goes where its last
one is.
"""

import contextlib
import json
import os
import secrets
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tools.bootstrap import locked
from tools.evidence import keyfiles
from tools.evidence.enrol import epoch_log
from tools.evidence.errors import InputError
from tools.evidence.keyring import Keyring
from tools.evidence.layout import PAGE
from tools.evidence.primitives import key_id

from .vault import sync_folder


class Station:
    """The folders given with --keys, as a station uses them.

    Raises:
        InputError: a folder is missing or holds no key, or none holds a station's signing key.
    """

    def __init__(self, folders):
        self.keyring = Keyring(folders)
        if self.keyring.signer is None:
            raise InputError(
                "no folder given with --keys holds a station's signing key; make one with "
                "`keys new`"
            )
        self.taken_back: set[str] = set()  # vaults whose custody chain is here
        self.signer = self.keyring.signer
        self.id = key_id(self.signer.public_key()).hex()
        self.folder = next(f for f in self.keyring.folders if Keyring([f]).signer)

    @property
    def demonstration(self) -> bool:
        """Whether private viewing keys lie here, where none may be in service."""
        return bool(self.keyring.viewers)

    def check(self, device: bytes, epoch: int):
        """Return the chain of CHECK keys of a camera's epoch, or None: this station has none. What
        another process has written into the folders meanwhile counts.
        """
        if (device, epoch) not in self.keyring.checks:
            self.keyring = Keyring(self.keyring.folders)
        return self.keyring.checks.get((device, epoch))

    def home(self, device: bytes) -> Path:
        """Return the folder where a camera's seeds are; for a new one the station's own."""
        newest = max(
            ((w["epoch"], path) for path, w in self.checks() if w["device_id"] == device.hex()),
            default=None,
        )
        return newest[1].parent if newest else self.folder

    def checks(self) -> "list[tuple[Path, dict]]":
        """Return every file with a CHECK seed and its words."""
        found = []
        for folder in self.keyring.folders:
            for path in sorted(folder.glob("*.json")):
                words = json.loads(path.read_text("utf-8"))
                if "check_seed" in words:
                    found.append((path, words))
        return found

    def viewers(self, folder: Path) -> dict:
        """Return {name: public key} of agency and recovery key.

        Raises:
            InputError: one of them is missing, or both are the same.
        """
        found = {}
        for name in keyfiles.VIEWERS:
            path = folder / f"{name}.public.pem"
            private = next((p for n, p in self.keyring.viewers.values() if n == name), None)
            if path.exists():
                found[name] = _public(path)
            elif (folder / f"{name}.pem").exists() and private:
                own = Keyring([folder]).viewers.values()
                found[name] = next(p for n, p in own if n == name).public_key()
            else:
                raise InputError(
                    f"{path} is missing: new recordings must be sealed to the agency's and the "
                    "recovery key; get that file from where the keys were made"
                )
        if len({key_id(public) for public in found.values()}) < len(found):
            raise InputError(f"{folder}: the agency's and the recovery key are the same key")
        return found

    def epoch(self, *, device, card, epoch, first, released, name, utc) -> bytes:
        """Return the first pages of a camera's next log. READ is drawn, sealed twice and
        forgotten; CHECK is on the disk when this returns.

        Raises:
            InputError: a public key is missing.
        """
        folder = self.home(device)
        viewers = self.viewers(folder)
        check = secrets.token_bytes(32)
        log = epoch_log(
            device=device,
            card=card,
            epoch=epoch,
            first=first,
            released=released,
            name=name,
            utc=utc,
            read=secrets.token_bytes(32),
            check=check,
            recipients=viewers.values(),
        )
        words = keyfiles.check_file(
            device=device, card=card, epoch=epoch, name=name, check=check, viewers=viewers
        )
        path = folder / f"check-{device.hex()[:16]}-{epoch:06d}.json"
        replace(path, words)
        self.keyring = Keyring(self.keyring.folders)
        return log[: (1 + len(viewers)) * PAGE]

    @contextlib.contextmanager
    def alone(self):
        """Hold the station's lock: one process at a time writes its custody chain."""
        with open(self.folder / "station.lock", "a") as file:
            while not locked(file):
                time.sleep(0.05)
            yield


def replace(path: Path, data: bytes) -> None:
    """Put a file, for its owner's eyes, in its place whole or not at all, and on the disk."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    keyfiles.write_secret(part, data)
    os.replace(part, path)
    sync_folder(path.parent)


def _public(path):
    try:
        public = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not a public key") from error
    if not isinstance(public, X25519PublicKey):
        raise InputError(f"{path} is not an X25519 public key")
    return public
