"""Raw NOR flash in a partition of its own, through `esp32.Partition`: clear bits, erase sectors.

Sources: MicroPython ports/esp32/esp32_partition.c; W25Q128JV datasheet revision J (Winbond), 9.6:
a page of 256 bytes programs in 0.4 ms, at most 3, a sector of 4096 erases in 45 ms, at most 400.
On the ESP32-S3 all code that is not in internal memory stands still meanwhile.
"""

from micropython import const

SECTOR_BYTES = const(4096)

_TYPE_DATA = const(1)
_BLOCK_COUNT = const(4)
_BLOCK_ERASE = const(6)


class PartitionNOR:
    """One partition, found by its label. Erased bytes read 0xFF."""

    def __init__(self, esp32, name: str):
        """Find the partition.

        Raises:
            OSError: this image has no such partition (ENODEV).
        """
        found = esp32.Partition.find(_TYPE_DATA, label=name)
        if not found:
            raise OSError(19, "nor: no partition " + name)
        self._partition = found[0]
        self.size_bytes = self._partition.ioctl(_BLOCK_COUNT, 0) * SECTOR_BYTES

    def _check(self, offset, n):
        if offset < 0 or offset + n > self.size_bytes:
            raise ValueError("nor: beyond the partition")

    def read(self, offset: int, buf) -> None:
        """Fill `buf` from byte `offset` on.

        Raises:
            OSError: flash failure.
            ValueError: beyond the partition.
        """
        self._check(offset, len(buf))
        self._partition.readblocks(offset // SECTOR_BYTES, buf, offset % SECTOR_BYTES)

    def program(self, offset: int, buf) -> None:
        """Clear the bits that are 0 in `buf`, from byte `offset` on; 1 bits stay as they are.

        Blocks for some 0.7 ms a started page of 256 bytes.

        Raises:
            OSError: flash failure.
            ValueError: beyond the partition.
        """
        self._check(offset, len(buf))
        self._partition.writeblocks(offset // SECTOR_BYTES, buf, offset % SECTOR_BYTES)

    def erase(self, offset: int, n: int) -> None:
        """Set all bits of `n` bytes from byte `offset` on; both are whole sectors.

        Blocks for some 45 ms a sector, with the camera standing still: never while recording.

        Raises:
            OSError: flash failure.
            ValueError: not whole sectors, or beyond the partition.
        """
        self._check(offset, n)
        if offset % SECTOR_BYTES or n % SECTOR_BYTES:
            raise ValueError("nor: not whole sectors")
        for sector in range(offset // SECTOR_BYTES, (offset + n) // SECTOR_BYTES):
            self._partition.ioctl(_BLOCK_ERASE, sector)
