"""A segment that is being downloaded: a file on the station's disk, and nothing beside it.

Which blocks are there the blocks tell themselves: one that is whole, and is this block of this
segment, is there. So an interruption at any byte, of the station or of the camera, costs a block.
"""

import os
from pathlib import Path

from tools.evidence import layout
from tools.evidence.layout import BLOCK


class Part:
    """The file of segment n of a camera's epoch, of some blocks. Only its owner may read it."""

    def __init__(self, folder: Path, device: bytes, n: int, blocks: int):
        self._device, self._n, self.blocks = device, n, blocks
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = _path(folder, device, n)
        self._file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT | _BINARY, 0o600), "r+b")
        self._file.truncate(blocks * BLOCK)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def missing(self) -> "list[int]":
        """Return the numbers of the blocks that are not there yet."""
        self._file.seek(0)
        found = (self._file.read(BLOCK) for _ in range(self.blocks))
        return [b for b, block in enumerate(found) if not self.whole(b, block)]

    def whole(self, b: int, block: bytes) -> bool:
        """Return whether these bytes are block b of this segment, whole."""
        return is_block(block, self._device, self._n, b)

    def write(self, b: int, block: bytes) -> None:
        """Put a block in its place."""
        self._file.seek(b * BLOCK)
        self._file.write(block)

    def content(self) -> bytes:
        """Return all of it; what is missing is zero."""
        self._file.seek(0)
        return self._file.read()


def is_block(block: bytes, device: bytes, n: int, b: int) -> bool:
    """Return whether these bytes are block b of segment n of a camera, whole (no key needed)."""
    if len(block) != BLOCK or block[:4] != b"BWB1" or not layout.whole(block):
        return False
    header = layout.header(block)
    return (header.n, header.b, header.device) == (n, b, device[:8])


def discard(folder: Path, device: bytes, n: int) -> None:
    """Delete what may be left of a segment's download: it is in the vault."""
    _path(folder, device, n).unlink(missing_ok=True)


def _path(folder, device, n):
    return folder / f"{device.hex()}-{n:08d}.part"


_BINARY = getattr(os, "O_BINARY", 0)
