"""An image file or a card in a reader: found, opened read-only, and read in place."""

import os
from pathlib import Path

from . import layout
from .errors import InputError
from .layout import BLOCK, BLOCKS, PLACE_SECTORS, SECTOR, SUPERBLOCK_LBAS, Superblock


class Medium:
    """A card as the reader sees it: superblock and places. Never written, never read whole.

    `copies` says which of the two superblocks are right; `layout` is None when neither is.

    Raises:
        InputError: it cannot be read, or nothing on it is ours.
    """

    def __init__(self, path):
        self.path = Path(path)
        try:
            self._file = open(self.path, "rb", buffering=0)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise InputError(f"cannot open {path}: {reason}") from error
        self.copies = [
            layout.superblock(self.read(lba * SECTOR, SECTOR)) for lba in SUPERBLOCK_LBAS
        ]
        self.layout: Superblock | None = next(filter(None, self.copies), None)
        self._found = {} if self.layout else self._search()
        if not self.layout and not self._found:
            self.close()
            raise InputError(
                f"{path} is not a card of ours: it has neither a superblock nor a block of "
                "evidence; give the whole card or its image, not a single file from it"
            )

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def size_bytes(self) -> int:
        """Size in bytes; 0 for a device that does not tell."""
        try:
            return os.lseek(self._file.fileno(), 0, os.SEEK_END)
        except OSError:
            return 0

    def readinto(self, at: int, view: memoryview) -> bool:
        """Fill `view` from byte `at`, with zeros beyond the end; False when it cannot be read."""
        done = 0
        try:
            self._file.seek(at)
            while done < len(view):
                count = self._file.readinto(view[done:])
                if not count:
                    break
                done += count
        except OSError:
            view[:] = bytes(len(view))
            return False
        if done < len(view):
            view[done:] = bytes(len(view) - done)
        return True

    def read(self, at: int, size: int) -> bytes:
        """Return `size` bytes from byte `at`; zeros where nothing can be read."""
        data = bytearray(size)
        self.readinto(at, memoryview(data))
        return bytes(data)

    def place(self, n: int) -> "int | None":
        """Return the byte where segment n begins, or None when that is not known."""
        if self.layout is None:
            return self._found.get(n)
        lba = self.layout.first_lba + n % self.layout.segments * PLACE_SECTORS
        return lba * SECTOR

    def places(self):
        """Return where each place of the card begins, in bytes."""
        if self.layout is None:
            return self._found.values()
        return map(self.place, range(self.layout.segments))

    def header(self, at: int):
        """Return the block header at byte `at`, or None where no block begins."""
        sector = self.read(at, SECTOR)
        return layout.header(sector) if sector[:4] == b"BWB1" else None

    def first_header(self, at: int):
        """Return a header of the place at byte `at` from its first blocks, or None."""
        for b in range(4):
            found = self.header(at + b * BLOCK)
            if found and found.b == b:
                return found
        return None

    def _search(self):
        """Return {segment: byte} by looking at every multiple of 4 MiB: no superblock is left."""
        step = BLOCK * BLOCKS
        found = {}
        for at in range(step, self.size_bytes, step):
            first = self.first_header(at)
            if first:
                found[first.n] = at
        return found
