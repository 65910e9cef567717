"""An SD card on the processor's own controller, through machine.SDCard.

Source: ports/esp32/machine_sdcard.c. It reports a failure as False, as a negative number or, where
the card could not be identified again, as nothing at all: everything but the one good answer is an
error here. It offers no erase, and it keeps the card's registers to itself: that a card is locked
shows at the first write.

A call holds up the interpreter until the card has the data; where the data lies in PSRAM the
controller takes it sector by sector, with 150 to 250 KB/s. `step` writes 4 KiB, so that others
have their turn between.
"""

from micropython import const

_EIO = const(5)
_EBUSY = const(16)
_ENODEV = const(19)

_INIT = const(1)
_DEINIT = const(2)
_COUNT = const(4)
_SIZE = const(5)

_SECTOR = const(512)
_PIECE_SECTORS = const(8)
_KEPT_VIEWS = const(4)


class SDMMC:
    """One card behind `device`, a machine.SDCard that someone else owns.

    After `init`: `sectors` (capacity, of 512 bytes; 0 before). `busy` is never true: a write
    that was begun goes on with every step.
    """

    busy = False

    def __init__(self, device):
        self.sectors = 0
        self._device = device
        self._kept = []  # views handed to `begin`, with their pieces
        self._pieces = ()
        self._done = 0
        self._lba = 0
        self._zeros = bytes(_SECTOR * _PIECE_SECTORS)

    def init(self) -> None:
        """Identify the card. Call after power-on, insertion, or an error.

        Blocks some 0.1 s, without a card up to 1 s (estimates).

        Raises:
            OSError: no card, or one that does not answer (ENODEV); one that is not usable (EIO).
                `sectors` is then 0.
        """
        self.sectors = 0
        self._pieces = ()
        ask = self._device.ioctl
        ask(_DEINIT, 0)  # else the last card's data would stand
        if ask(_INIT, 0) != 0:
            raise OSError(_ENODEV, "sdmmc: no answer")
        if ask(_SIZE, 0) != _SECTOR:
            raise OSError(_EIO, "sdmmc: sectors are not 512 bytes")
        sectors = ask(_COUNT, 0)
        if type(sectors) is not int or sectors < 1:
            raise OSError(_EIO, "sdmmc: capacity %s" % sectors)
        self.sectors = sectors

    def read(self, lba: int, buf) -> None:
        """Fill `buf`, a multiple of 512 bytes, from sector `lba` on. Blocks 2 to 4 ms a sector.

        Raises:
            OSError: the card failed (EIO), is not there (ENODEV), or is being written to (EBUSY).
            ValueError: not whole sectors, or beyond the card's end.
        """
        self._check_span(lba, len(buf))
        _must(self._device.readblocks(lba, buf))

    def begin(self, lba: int, view) -> None:
        """Start to write `view`, a multiple of 512 bytes that must not change, to sector `lba` on.

        `view` is cut into pieces the first time it is seen (the last four are remembered, so hand
        in the same objects); after that this allocates nothing.

        Raises:
            OSError: a write is under way (EBUSY), or there is no card (ENODEV).
            ValueError: not whole sectors, or beyond the card's end.
        """
        self._check_span(lba, len(view))
        self._pieces = self._cut(view)
        self._lba = lba
        self._done = 0

    def step(self) -> bool:
        """Write the next 4 KiB; return True when all is written or there is nothing to write.

        Blocks 16 to 27 ms, and as long as the card stalls. Allocates nothing.

        Raises:
            OSError: the card failed (EIO). The write is over.
        """
        pieces = self._pieces
        if not pieces:
            return True
        self._pieces = ()  # and so it stays if the card fails
        _must(
            self._device.writeblocks(self._lba + self._done * _PIECE_SECTORS, pieces[self._done])
        )
        self._done += 1
        if self._done == len(pieces):
            return True
        self._pieces = pieces
        return False

    def write(self, lba: int, view) -> None:
        """Write `view` to sector `lba` on, as `begin` and `step` do. Blocks until it is done."""
        self.begin(lba, view)
        while not self.step():
            pass

    def cancel(self) -> None:
        """Drop the write under way, if any: sectors from some point on keep their old content."""
        self._pieces = ()

    def erase(self, lba: int, sectors: int) -> None:
        """Overwrite `sectors` from `lba` on with zeros. Blocks 2 to 4 ms a sector.

        Raises:
            OSError: as `step`.
            ValueError: beyond the card's end.
        """
        self._check_span(lba, sectors * _SECTOR)
        zeros = memoryview(self._zeros)
        while sectors:
            n = min(sectors, _PIECE_SECTORS)
            _must(self._device.writeblocks(lba, zeros[: n * _SECTOR]))
            lba += n
            sectors -= n

    def deinit(self) -> None:
        """Finish with the card. `init` brings it back. May be called twice."""
        self.cancel()
        self.sectors = 0
        self._device.ioctl(_DEINIT, 0)

    def _check_span(self, lba, n):
        if self._pieces:
            raise OSError(_EBUSY, "sdmmc: a write is under way")
        if not self.sectors:
            raise OSError(_ENODEV, "sdmmc: not initialised")
        if n % _SECTOR or n < _SECTOR or not 0 <= lba <= self.sectors - n // _SECTOR:
            raise ValueError("sdmmc: not whole sectors on the card")

    def _cut(self, view):
        for kept in self._kept:
            if kept[0] is view:
                return kept[1]
        if len(self._kept) == _KEPT_VIEWS:
            self._kept.pop(0)
        self._kept.append((view, _cut(view)))
        return self._kept[-1][1]


def _cut(view):
    whole, n = memoryview(view), _SECTOR * _PIECE_SECTORS
    return [whole[at : at + n] for at in range(0, len(view), n)]


def _must(answer):
    if answer is not True:
        raise OSError(_EIO, "sdmmc: the card failed (%s)" % answer)
