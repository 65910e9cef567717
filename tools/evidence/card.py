"""Makes a card image, and enrols a demonstration camera beside it.

`IMG` is the card, `IMG.camera/log.bin` the camera's flash log, `IMG.keys/` the keys that in
service are held apart: the agency's, the recovery key, the station's.
"""

import json
import os
import secrets
import shutil
import time
from hashlib import sha256
from pathlib import Path

from . import facade, layout
from .enrol import epoch_log
from .errors import InputError

NAME = "DEMO-1"
SMALLEST_BYTES = (facade.FIRST_LBA + 4 * layout.PLACE_SECTORS) * layout.SECTOR
LARGEST_BYTES = 1000 << 30  # beyond, the first 4 MiB of the volume cannot hold its tables
_SEEDED_UTC = 1_780_293_600  # 2026-06-01T06:00:00Z, when the simulated world begins


def new(path, size_bytes: int = 1 << 30, seed: "int | None" = None) -> dict:
    """Make a card image with its camera and keys; return what was made.

    The image is sparse. With `seed` all ids, keys and times follow from it, for repeatable runs
    and never for evidence; only the sealed copies of the READ seed differ each time.

    Raises:
        InputError: the size does not fit, something is already there, or it cannot be written.
    """
    image = Path(path)
    _check(image, size_bytes)
    draw = _drawer(seed)
    utc = int(time.time()) if seed is None else _SEEDED_UTC
    card, device, check = draw("card", 16), draw("device", 16), draw("check", 32)
    words = {"card_id": card.hex(), "device_id": device.hex(), "epoch": 1}
    pairs = ((image, ""), (Path(f"{image}.camera"), "camera"), (Path(f"{image}.keys"), "keys"))
    parts = [target.with_name(target.name + ".part") for target, _ in pairs]
    done = []
    try:
        for part in parts:
            _remove(part)
        publics = _write_keys(parts[2], draw, words, check)
        parts[1].mkdir()
        log = epoch_log(
            device=device,
            card=card,
            epoch=1,
            first=0,
            released=0,
            name=NAME,
            utc=utc,
            read=draw("read", 32),
            check=check,
            recipients=publics,
        )
        (parts[1] / "log.bin").write_bytes(log)
        segments = _write_image(parts[0], size_bytes // layout.SECTOR, card, utc)
        # The image last: where it stands, all of it stands.
        for part, (target, _) in reversed(list(zip(parts, pairs))):
            os.rename(part, target)
            done.append(target)
    except BaseException as error:
        for made in (*parts, *done):
            _remove(made)
        if isinstance(error, OSError):
            raise InputError(f"cannot make {image}: {error.strerror or error}") from error
        raise
    return {"path": str(image), "size_bytes": size_bytes, "segments": segments, **words}


def _check(image, size_bytes):
    if size_bytes < SMALLEST_BYTES:
        raise InputError(
            f"{size_bytes} bytes are too small for a card; the smallest is {SMALLEST_BYTES} "
            f"({SMALLEST_BYTES >> 20} MiB)"
        )
    if size_bytes > LARGEST_BYTES:
        raise InputError(f"{size_bytes} bytes are too large for a card; the largest is 1000 GiB")
    for there in (image, Path(f"{image}.camera"), Path(f"{image}.keys")):
        if there.exists() or there.is_symlink():
            raise InputError(
                f"{there} is already there and is never overwritten; take another name"
            )
    if not image.parent.is_dir():
        raise InputError(f"there is no folder {image.parent}")


def _drawer(seed):
    """Return a function (name, size) that gives bytes: random ones, or from the seed."""
    if seed is None:
        return lambda name, size: secrets.token_bytes(size)
    return lambda name, size: sha256(f"bodycam demonstration {seed} {name}".encode()).digest()[
        :size
    ]


def _write_keys(folder, draw, words, check):
    """Write the four key files; return the public keys that READ is sealed to."""
    from . import keyfiles
    from .primitives import key_id

    folder.mkdir(mode=0o700)
    privates = keyfiles.make(draw)
    ids = {}
    for name, private in privates.items():
        keyfiles.write_private(folder, name, private)
        ids[f"{name}_key_id"] = key_id(private.public_key()).hex()
    about = "Demonstration keys. In service the two viewing keys and this file are kept apart."
    station = {"about": about, **words, "name": NAME, "check_seed": check.hex(), **ids}
    keyfiles.write_secret(folder / "station.json", json.dumps(station, indent=2).encode() + b"\n")
    return [privates[name].public_key() for name in keyfiles.VIEWERS]


def _write_image(path, sectors, card, utc):
    """Write a sparse image; return the number of segments it has room for."""
    segments = facade.places(sectors)
    fields = (b"BWS1", 1, card, layout.BLOCK, layout.BLOCKS, facade.FIRST_LBA, segments, utc)
    block = layout.SUPERBLOCK.pack(*fields).ljust(480, b"\0")
    block += sha256(block).digest()
    serial = int.from_bytes(card[:4], "little")
    pieces = [(0, facade.partition_table(sectors))]
    pieces += [(lba, block) for lba in layout.SUPERBLOCK_LBAS]
    pieces += facade.volume(sectors, serial, utc)
    with open(path, "xb") as file:
        file.truncate(sectors * layout.SECTOR)
        for lba, data in pieces:
            file.seek(lba * layout.SECTOR)
            file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return segments


def _remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
