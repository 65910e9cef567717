"""An image file or a card in a reader: found, opened read-only, and read in place."""

import errno
import os
from mmap import mmap
from pathlib import Path

from . import layout
from .errors import InputError
from .layout import BLOCK, BLOCKS, DIGEST_AT, PLACE_SECTORS, SECTOR, SUPERBLOCK_LBAS, Superblock

_CHUNK = 16  # blocks read at once, 256 KiB: they stay in a processor's own cache
_TRIED = 256  # places looked at to choose between two descriptions
_ZERO = bytes(4)
PROBED = (0, 1, 2, 3, 7, 15, 31, 63, 127, 255)  # blocks of a place that may tell whose it is


class Medium:
    """A card as the reader sees it: superblock and places. Never written, never read whole.

    `copies` says which of the two superblocks are right; `layout` is None when neither is.

    With `anything` what is on it does not matter. `path` may also be an object that stands for a
    card: its `open` gives a raw file.

    Raises:
        InputError: it cannot be read, or nothing on it is ours.
    """

    def __init__(self, path, anything=False):
        self.path = path = Path(path) if isinstance(path, str) else path
        if isinstance(path, Path) and (path.is_fifo() or path.is_socket()):
            raise InputError(f"{path} is a pipe and no card; name an image or a card's device")
        try:
            self._file = path.open("rb", buffering=0)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise InputError(f"cannot open {path}: {reason}") from error
        # Aligned to a page: into any other place the system copies several times as slowly.
        self.buffer = memoryview(mmap(-1, _CHUNK * BLOCK))
        self.room = memoryview(mmap(-1, (_CHUNK + 1) * BLOCK))  # for what is deciphered
        blocks = [self.buffer[at : at + BLOCK] for at in range(0, _CHUNK * BLOCK, BLOCK)]
        # Of each block in the buffer: all of it, what D covers, what the commit word covers, T.
        self.views = [
            (view, view[:DIGEST_AT], view[DIGEST_AT : BLOCK - 4], view[BLOCK - 20 : BLOCK - 4])
            for view in blocks
        ]
        self.copies = [
            layout.superblock(self.read(lba * SECTOR, SECTOR)) for lba in SUPERBLOCK_LBAS
        ]
        self.layout: Superblock | None = self._described()
        self._found = {}
        if not self.layout and not self.search() and not anything:
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
            return self._file.seek(0, os.SEEK_END)
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

    def blocks(self, at: int, number: int) -> "set[int]":
        """Read that many blocks from byte `at` into `views`; return those that cannot be read."""
        if self.readinto(at, self.buffer[: number * BLOCK]):
            return set()
        # They are read again one by one, to lose only what is lost.
        return {i for i in range(number) if not self.readinto(at + i * BLOCK, self.views[i][0])}

    def place(self, n: int) -> "int | None":
        """Return the byte where segment n begins, or None when that is not known."""
        if self.layout is None:
            return self._found.get(n)
        lba = self.layout.first_lba + n % self.layout.segments * PLACE_SECTORS
        return lba * SECTOR

    @property
    def count(self) -> int:
        """How many places there are."""
        return self.layout.segments if self.layout else len(self._found)

    def places(self):
        """Return where each place of the card begins, in bytes."""
        if self.layout is None:
            return self._found.values()
        return map(self.place, range(self.layout.segments))

    def header(self, at: int):
        """Return the block header at byte `at`, or None where no block begins."""
        sector = self.read(at, SECTOR)
        return layout.header(sector) if sector[:4] == b"BWB1" else None

    def first_header(self, at: int, probed=PROBED[:4], damaged=False):
        """Return the header of the first whole block among some of the place at byte `at`, or
        None; with `damaged` that of one that is not whole, where no whole one tells better.
        """
        found = next(self.headers(at, probed), None)
        return found or (next(self.headers(at, probed, False), None) if damaged else None)

    def headers(self, at: int, probed=PROBED[:4], whole=True):
        """Yield the headers of some blocks of the place at byte `at`; of whole blocks only, or
        whatever begins like one and has the right number.
        """
        for b in probed:
            found = self.header(at + b * BLOCK)
            if found and found.b == b:
                if not whole or layout.whole(self.read(at + b * BLOCK, BLOCK)):
                    yield found

    def written(self, progress=None):
        """Yield (byte, bytes) of every place of a block that is not zero, from end to end.

        Holes of a sparse image are passed over. `progress(done, total)` counts MiB.
        """
        size, at, step = self.size_bytes, 0, len(self.buffer)
        while at < size:
            at = self._data_from(at, size)
            self.blocks(at, len(self.views))
            for i, (view, *_) in enumerate(self.views):
                if view[:4] != _ZERO or any(view):
                    yield at + i * BLOCK, bytes(view)
            at += step
            if progress:
                progress(min(at, size) >> 20, size >> 20)

    def _data_from(self, at, size):
        """Return where data stands next, rounded down to a block; the same byte if unknown."""
        try:
            return max(at, os.lseek(self._file.fileno(), at, os.SEEK_DATA) & -BLOCK)
        except OSError as error:
            # ENXIO says that nothing is left; what cannot tell has no holes.
            return size if error.errno == errno.ENXIO else at
        except AttributeError:
            return at

    def _described(self):
        """Return the description that fits best what stands on the card, or None.

        Two that are right and differ are no accident: one of them leads to the segments.
        """
        copies = list(dict.fromkeys(filter(None, self.copies)))
        return max(copies, key=self._fitting) if len(copies) > 1 else next(iter(copies), None)

    def _fitting(self, copy):
        """Return how many of its first places hold a segment that belongs there."""
        self.layout = copy
        places = range(min(copy.segments, _TRIED))
        headers = [(place, self.first_header(self.place(place))) for place in places]
        return sum(
            header is not None
            and header.card == copy.card[:8]
            and header.n % copy.segments == place
            for place, header in headers
        )

    def search(self) -> dict:
        """Look for segments at every multiple of 4 MiB, as where no superblock is left; return
        {segment: byte}.
        """
        step = BLOCK * BLOCKS
        for at in range(step, self.size_bytes, step):
            first = self.first_header(at, PROBED, damaged=True)
            if first:
                self._found[first.n] = at
        return self._found
