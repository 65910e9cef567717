"""The SPI NOR flash behind a partition, and the module `esp32` through which it is reached.

Programming only clears bits, erasing sets whole sectors, and both take their time: a power cut in
the middle leaves part of it done. Sources: W25Q128JV datasheet revision J, 9.6; MicroPython's
ports/esp32/esp32_partition.c, which blocks of 4096 bytes and which errors it has.
"""

from tools.sim.world import ChipError, PowerCut

_SECTOR_BYTES = 4096
_PAGE_BYTES = 256
_LBA_BYTES = 512
_INVALID_SIZE = -0x104  # ESP_ERR_INVALID_SIZE
_FAIL = 1  # ESP_FAIL is -1


class NORChip:
    """The log's partition of the flash chip, kept in a store of the host, or in memory only.

    `memory` is what its cells hold, `lost_ones` counts bytes of which a program asked to set bits,
    in vain. Faults: `absent` (the image has no such partition), `failing` (every program and
    erase is refused), `worn` (a sector number whose bits no longer erase).
    """

    def __init__(self, world, board, store=None):
        self.world = world
        self.board = board
        self.label = board.LOG.get("partition")
        self.size_bytes = board.LOG["size_bytes"]
        self.absent = False
        self.failing = False
        self.worn = None
        self.lost_ones = 0
        self.erases = 0
        self._store = store
        self._bytes = bytearray(b"\xff" * self.size_bytes)
        self.memory = memoryview(self._bytes)
        self._erased = b"\xff" * _SECTOR_BYTES
        if store:
            self._load()

    def _load(self):
        self._store.readinto(0, self._bytes)
        end = at = self.size_bytes
        while at and not any(self.memory[at - _SECTOR_BYTES : at]):
            at -= _SECTOR_BYTES
        # Zeros up to the end are what the file was lengthened by: erased, as from the factory.
        if at < end:
            self._bytes[at:] = b"\xff" * (end - at)
            self._store.write(at // _LBA_BYTES, self.memory[at:])

    def power(self, on):
        """Keep everything: it is flash."""

    def _keep(self, offset, n):
        if self._store and n:
            first = offset // _LBA_BYTES
            last = (offset + n - 1) // _LBA_BYTES + 1
            self._store.write(first, self.memory[first * _LBA_BYTES : last * _LBA_BYTES])

    def _check(self, offset, n):
        if offset < 0 or offset + n > self.size_bytes:
            raise OSError(_INVALID_SIZE, "ESP_ERR_INVALID_SIZE")
        if self.failing:
            raise OSError(-_FAIL, "ESP_FAIL")

    def read(self, offset, buf):
        """Fill `buf`."""
        n = len(buf)
        if offset < 0 or offset + n > self.size_bytes:
            raise OSError(_INVALID_SIZE, "ESP_ERR_INVALID_SIZE")
        costs = self.board.COSTS
        self.world.charge(costs["call_us"] + (n * costs["copy_us_per_kib"] >> 10))
        self.fetch(offset, buf)

    def fetch(self, offset, buf):
        """Fill `buf`, at no cost."""
        buf[:] = self.memory[offset : offset + len(buf)]

    def program(self, offset, data):
        """Clear bits, page after page."""
        n = len(data)
        self._check(offset, n)
        self.world.charge(self.board.COSTS["call_us"])
        done = 0
        while done < n:
            page = min(n - done, _PAGE_BYTES - (offset + done) % _PAGE_BYTES)
            try:
                self.world.charge(self.board.COSTS["flash_program_us"])
                self.world.operation()
            except PowerCut:
                self._cut_page(offset + done, data, done, page)
                raise
            self._clear(offset + done, data, done, page)
            done += page

    def _cut_page(self, offset, data, start, n):
        self._clear(offset, data, start, self._part(n))

    def _clear(self, offset, data, start, n):
        mine = self._bytes
        for i in range(n):
            new = data[start + i] & 0xFF
            if new & ~mine[offset + i]:
                self.lost_ones += 1
            mine[offset + i] &= new
        self._keep(offset, n)

    def erase(self, sector):
        """Set a sector's bits."""
        offset = sector * _SECTOR_BYTES
        self._check(offset, _SECTOR_BYTES)
        n = _SECTOR_BYTES
        self.erases += 1
        try:
            self.world.charge(self.board.COSTS["call_us"] + self.board.COSTS["flash_erase_us"])
            self.world.operation()
        except PowerCut:
            n = self._part(n)
            self._set(sector, n)
            # What was not reached is neither what it was nor erased.
            for i in range(offset + n, offset + _SECTOR_BYTES):
                self._bytes[i] |= i * 37 & 0xFF
            self._keep(offset, _SECTOR_BYTES)
            raise
        self._set(sector, n)

    def _set(self, sector, n):
        if sector != self.worn:
            offset = sector * _SECTOR_BYTES
            self._bytes[offset : offset + n] = self._erased[:n]
            self._keep(offset, n)

    def _part(self, n):
        # Repeatable, and different at every cut.
        return (self.world.ms * 7919 + self.world.seed * 31) % (n + 1)


class ESP32Module:
    """The module `esp32`: its class Partition knows the log's partition."""

    def __init__(self, chip):
        class _Partition(Partition):
            _chip = chip

            @staticmethod
            def find(type=Partition.TYPE_APP, subtype=0xFF, label=None, block_size=_SECTOR_BYTES):
                """Return the partitions that fit."""
                fits = type == Partition.TYPE_DATA and label in (None, chip.label)
                fits = fits and block_size == _SECTOR_BYTES and not chip.absent
                return [_Partition(chip.label)] if fits else []

        self.Partition = _Partition


class Partition:
    """esp32.Partition."""

    TYPE_APP = 0
    TYPE_DATA = 1
    BOOT = 0
    RUNNING = 1

    def __init__(self, id):
        if id != self._chip.label or self._chip.absent:
            raise OSError(2, "no such partition")

    def info(self):
        """Return (type, subtype, address, size, label, encrypted)."""
        return (1, 0x40, 0x600000, self._chip.size_bytes, self._chip.label, False)

    def readblocks(self, block_num, buf, offset=0):
        """Fill `buf`."""
        self._chip.read(block_num * _SECTOR_BYTES + offset, buf)

    def writeblocks(self, block_num, buf, offset=None):
        """Program `buf`; without `offset`, erase first, which must be whole blocks."""
        if offset is None:
            if len(buf) % _SECTOR_BYTES:
                raise OSError(_INVALID_SIZE, "ESP_ERR_INVALID_SIZE")
            for sector in range(block_num, block_num + len(buf) // _SECTOR_BYTES):
                self._chip.erase(sector)
            offset = 0
        self._chip.program(block_num * _SECTOR_BYTES + offset, buf)

    def ioctl(self, cmd, arg):
        """Answer a question about the device, or erase a block."""
        if cmd == 4:
            return self._chip.size_bytes // _SECTOR_BYTES
        if cmd == 5:
            return _SECTOR_BYTES
        if cmd == 6:
            self._chip.erase(arg)
            return 0
        if cmd in (1, 2, 3):
            return 0
        raise ChipError("esp32.Partition.ioctl: no command %d" % cmd)
