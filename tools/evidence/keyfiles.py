"""Makes key files and writes them: what `card new` and `keys new` have in common.

Viewing keys (agency, recovery) are X25519, a station's own key is Ed25519: PEM without a pass
phrase, private ones readable by their owner only.
"""

import json
import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from .primitives import key_id

VIEWERS = ("agency", "recovery")
STATION = "export"  # signs manifests and custody entries


def make(draw) -> dict:
    """Return {name: private key} of all three; `draw(name, size)` gives bytes."""
    kinds = dict.fromkeys(VIEWERS, X25519PrivateKey) | {STATION: Ed25519PrivateKey}
    return {name: kind.from_private_bytes(draw(name, 32)) for name, kind in kinds.items()}


def write_private(folder: Path, name: str, private) -> Path:
    """Write `name`.pem into the folder; return where.

    Raises:
        FileExistsError: there is one already.
    """
    form = pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption()
    return write_secret(folder / f"{name}.pem", private.private_bytes(*form))


def write_public(folder: Path, name: str, public) -> Path:
    """Write `name`.public.pem into the folder; return where.

    Raises:
        FileExistsError: there is one already.
    """
    form = pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo
    path = folder / f"{name}.public.pem"
    with open(path, "xb") as file:
        file.write(public.public_bytes(*form))
    return path


def check_file(*, device, card, epoch, name, check, viewers) -> bytes:
    """Return a station's file for one camera and epoch; `viewers` maps names to public keys."""
    words = {
        "about": "A station's CHECK seed. Keep it apart from the viewing keys.",
        "card_id": card.hex(),
        "device_id": device.hex(),
        "epoch": epoch,
        "name": name,
        "check_seed": check.hex(),
    }
    words |= {f"{viewer}_key_id": key_id(public).hex() for viewer, public in viewers.items()}
    return json.dumps(words, indent=2, ensure_ascii=False).encode() + b"\n"


def write_secret(path: Path, data: bytes) -> Path:
    """Write a new file that only its owner may read; return where.

    Raises:
        FileExistsError: there is one already.
    """
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return path
