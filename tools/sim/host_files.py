"""Files of the computer, as the simulation uses them; for the two interpreters that have files."""

_SECTOR_BYTES = 512


class Store:
    """A file as an array of bytes: a card image, a clip, a flash partition."""

    def __init__(self, path, size_bytes, writable):
        if size_bytes:
            self._grow(path, size_bytes)
        self._file = open(path, "r+b" if writable else "rb", buffering=0)
        self.size_bytes = self._file.seek(0, 2)

    def _grow(self, path, size_bytes):
        with open(path, "ab") as file:
            have = file.seek(0, 2)
        if have < size_bytes:
            with open(path, "r+b") as file:
                file.seek(size_bytes - 1)
                file.write(b"\x00")

    def readinto(self, lba, buf):
        """Fill `buf` from sector `lba` on."""
        self._file.seek(lba * _SECTOR_BYTES)
        self._file.readinto(buf)

    def read_at(self, offset_bytes, buf):
        """Fill `buf` from a byte on."""
        self._file.seek(offset_bytes)
        self._file.readinto(buf)

    def write(self, lba, buf):
        """Write `buf` to sector `lba` on."""
        self._file.seek(lba * _SECTOR_BYTES)
        self._file.write(buf)

    def write_at(self, offset_bytes, buf):
        """Write `buf` to a byte on."""
        self._file.seek(offset_bytes)
        self._file.write(buf)

    def sync(self):
        """Hand everything written to the operating system."""
        self._file.flush()

    def close(self):
        """Close the file."""
        self._file.close()


def open_store(path, size_bytes=0, writable=True):
    """Open a file; with `size_bytes`, make it first or lengthen it.

    Raises:
        OSError: there is no such file, or it cannot be opened so.
    """
    return Store(path, size_bytes, writable)


def read_text(path):
    """Return a file's text."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def write_text(path, text):
    """Write a file."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def write_bytes(path, buf):
    """Write a file."""
    with open(path, "wb") as file:
        file.write(buf)
