"""Winbond W25Q16JV to W25Q128JV, flash of 2 to 16 MiB on SPI: clear bits, erase sectors.

Source: W25Q128JV datasheet revision J (Winbond), chapter 8 for the commands, 9.6 for the times: a
page of 256 bytes programs in 0.4 ms, at most 3, a sector of 4096 erases in 45 ms, at most 400.
The processor runs on meanwhile.
"""

from micropython import const

SECTOR_BYTES = const(4096)

_PAGE_BYTES = const(256)
_WRITE_ENABLE = const(0x06)
_STATUS = const(0x05)  # b1 write enabled, b0 busy
_READ = const(0x03)
_PROGRAM = const(0x02)
_ERASE = const(0x20)
_IDENTITY = const(0x9F)  # maker, kind, base-2 logarithm of the size in bytes
_SLEEP = const(0xB9)
_WAKE = const(0xAB)

_WINBOND = const(0xEF)
_BUSY = const(0x01)
_ENABLED = const(0x02)
_PROGRAM_MS = const(10)
_ERASE_MS = const(500)


class W25Q:
    """One flash chip with an SPI bus and CS pin that someone else owns. Erased bytes read 0xFF."""

    def __init__(self, spi, cs, clock):
        """Wake the chip and prove that it is there.

        Raises:
            OSError: nobody answers, or not this kind of chip (ENODEV).
        """
        self._spi = spi
        self._cs = cs
        self._clock = clock
        self._one = bytearray(1)
        self._two = bytearray(2)
        self._four = four = bytearray(4)
        self._tell(_WAKE)
        clock.sleep_ms(1)  # it takes 3 us
        four[0] = _IDENTITY
        self._swap(four)
        if four[1] != _WINBOND or not 0x15 <= four[3] <= 0x18:
            raise OSError(19, "w25q: id %02x %02x %02x" % (four[1], four[2], four[3]))
        self.size_bytes = 1 << four[3]

    def _swap(self, buf):
        self._cs(0)
        self._spi.write_readinto(buf, buf)
        self._cs(1)

    def _tell(self, command):
        self._one[0] = command
        self._swap(self._one)

    def _status(self):
        self._two[0] = _STATUS
        self._swap(self._two)
        return self._two[1]

    def _transfer(self, command, offset, move=None, buf=None):
        four = self._four
        four[0] = command
        four[1], four[2], four[3] = offset >> 16, offset >> 8 & 0xFF, offset & 0xFF
        self._cs(0)
        self._spi.write(four)
        if move:
            move(buf)
        self._cs(1)

    def _change(self, limit_ms, *transfer):
        self._tell(_WRITE_ENABLE)
        if self._status() & (_ENABLED | _BUSY) != _ENABLED:
            raise OSError(5, "w25q: does not take a write")
        self._transfer(*transfer)
        clock = self._clock
        start = clock.ticks_ms()
        while self._status() & _BUSY:
            if clock.diff(clock.ticks_ms(), start) > limit_ms:
                raise OSError(110, "w25q: busy for %d ms" % limit_ms)

    def _check(self, offset, n):
        if offset < 0 or offset + n > self.size_bytes:
            raise ValueError("w25q: beyond the flash")

    def read(self, offset: int, buf) -> None:
        """Fill `buf` from byte `offset` on. Blocks for 1 ms a KiB at 8 MHz.

        Raises:
            OSError: bus failure.
            ValueError: beyond the flash.
        """
        self._check(offset, len(buf))
        self._transfer(_READ, offset, self._spi.readinto, buf)

    def program(self, offset: int, buf) -> None:
        """Clear the bits that are 0 in `buf`, from byte `offset` on; 1 bits stay as they are.

        Blocks for some 0.7 ms a started page of 256 bytes, at most 10. Whether the bits took it
        only reading tells.

        Raises:
            OSError: the chip does not take a write (EIO) or does not get ready (ETIMEDOUT).
            ValueError: beyond the flash.
        """
        n = len(buf)
        self._check(offset, n)
        view, done = memoryview(buf), 0
        while done < n:
            end = min(n, done + _PAGE_BYTES - (offset + done) % _PAGE_BYTES)
            part = view[done:end]
            self._change(_PROGRAM_MS, _PROGRAM, offset + done, self._spi.write, part)
            done = end

    def erase(self, offset: int, n: int) -> None:
        """Set all bits of `n` bytes from byte `offset` on; both are whole sectors.

        Blocks for some 45 ms a sector, at most 500: never while recording.

        Raises:
            OSError: the chip does not take a write (EIO) or does not get ready (ETIMEDOUT).
            ValueError: not whole sectors, or beyond the flash.
        """
        self._check(offset, n)
        if offset % SECTOR_BYTES or n % SECTOR_BYTES:
            raise ValueError("w25q: not whole sectors")
        for sector in range(offset, offset + n, SECTOR_BYTES):
            self._change(_ERASE_MS, _ERASE, sector)

    def deinit(self) -> None:
        """Let the chip sleep at 1 uA, deaf until it is constructed anew. May be called twice."""
        self._tell(_SLEEP)
