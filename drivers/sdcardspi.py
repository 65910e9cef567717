"""SD, SDHC and SDXC cards in SPI mode, with every check that cards offer.

Numbers are sections of the specification that drivers/sdbus.py names. Commands carry CRC7 and data
blocks CRC16 both ways (CMD59, 7.2.2). Every wait has an end. Writing is in drivers/sdwriter.py.

The bus may have other users. Every call leaves CS high, and clocks one byte after it, because
only a clock makes the card let go of MISO.
"""

from micropython import const

from drivers.sdwriter import SDWriter

_EIO = const(5)
_ENODEV = const(19)
_EROFS = const(30)
_ETIMEDOUT = const(110)

_GO_IDLE = const(0)  # 7.3.1.3: commands
_SEND_IF_COND = const(8)
_SEND_CSD = const(9)
_SEND_CID = const(10)
_STOP_TRANSMISSION = const(12)
_SET_BLOCKLEN = const(16)
_READ_SINGLE = const(17)
_READ_MULTIPLE = const(18)
_ERASE_START = const(32)
_ERASE_END = const(33)
_ERASE = const(38)
_APP = const(55)
_READ_OCR = const(58)
_CRC_ON = const(59)
_ACMD_OP_COND = const(41)
_HCS = const(0x4000)  # upper half of its argument: we know cards that count sectors

_IDLE = const(0x01)  # 7.3.2.1: R1
_ILLEGAL = const(0x04)
_SILENT = const(0xFF)
_LOCKED = const(0x30)  # 5.3: for good, or for now; byte 14 of the CSD

_SECTOR = const(512)
_CLOCKS = b"\xff" * 10  # 6.4.1: at least 74, with CS high

_IDENTIFY_HZ = const(400_000)  # 6.4.1, 7.2.1
_SUPPLY_MS = const(1)  # 6.4.1
_INIT_MS = const(1000)  # 4.2.3: ACMD41 is repeated for at most one second
_LIMIT_MS = const(5000)  # as in sdbus.py
_TRIES = const(4)
_ERASE_SECTORS = const(8192)  # 4.14.3: small areas one after the other; 3 s is an AU's limit


class SDCardSPI(SDWriter):
    """One card on an SPI bus (mode 0) that someone else owns.

    After `init`: `sectors` (capacity, of 512 bytes; 0 before) and `cid` (16 bytes, 5.2).
    """

    def __init__(self, spi, cs, clock, crc16, rate, baudrate_hz):
        """Touch nothing but `cs`, an output pin that is called with its level.

        `crc16(buf, start, n)` is one of drivers/crc16*.py. `rate(hz)` sets the rate of the bus and
        is used by `init` alone, which leaves it at `baudrate_hz` (25 MHz is a card's limit).
        """
        super().__init__(spi, cs, clock, crc16)
        self.cid = bytearray(16)
        self._rate = rate
        self._baudrate_hz = baudrate_hz
        answer = memoryview(self._answer)
        self._block = answer[: _SECTOR + 2]
        self._sector = answer[:_SECTOR]
        self._register = answer[:18]

    def init(self) -> None:
        """Identify the card, in whatever state it is. Call after power-on, insertion, or an error.

        Blocks 40 ms to 1.1 s; 2.1 s if the card is busy from before. Without a card 50 ms.

        Raises:
            OSError: no card (ENODEV), a card that does not become ready (ETIMEDOUT), one whose
                registers say that it is locked (EROFS), or one that is not usable or fails (EIO).
                `sectors` is then 0.
        """
        self.sectors = 0
        self.cancel()
        self._receiving = False
        self._refused = None
        self._cs(1)
        self._rate(_IDENTIFY_HZ)
        try:
            self._clock.sleep_ms(_SUPPLY_MS)
            self._spi.write(_CLOCKS)
            self._cs(0)
            self._identify()
        finally:
            self._release()
            self._rate(self._baudrate_hz)

    def read(self, lba: int, buf) -> None:
        """Fill `buf`, a multiple of 512 bytes, from sector `lba` on. Allocates nothing.

        Blocks 0.5 ms a sector, up to 5 s each if the card stalls.

        Raises:
            OSError: no answer (ENODEV), no data (ETIMEDOUT), an error token or a wrong CRC (EIO).
            ValueError: not whole sectors, or beyond the card's end.
        """
        self._check_span(lba, buf)
        self._lba = lba
        self._read(buf)

    def erase(self, lba: int, sectors: int) -> None:
        """Erase `sectors` from `lba` on: they then read as zeros or as ones, the card decides.

        Blocks, up to 5 s for every 4 MiB.

        Raises:
            OSError: as `step`.
            ValueError: beyond the card's end.
        """
        self._check_place(lba, sectors)
        while sectors:
            n = min(sectors, _ERASE_SECTORS - lba % _ERASE_SECTORS)
            try:
                self._select()
                self._at(_ERASE_START, lba)
                self._at(_ERASE_END, lba + n - 1)
                self._must(_ERASE)
                self._wait(_LIMIT_MS)
                self._judge(None)
            finally:
                self._release()
            lba += n
            sectors -= n

    def deinit(self) -> None:
        """Finish with the card, which then draws its standby current. `init` brings it back.

        Blocks only after `cancel`, until the card is ready: up to 10 s.
        """
        self.cancel()
        try:
            if self._receiving:
                self._select()
        except OSError:
            self._receiving = False
        finally:
            self._release()
            self.sectors = 0

    # Reading

    def _read(self, buf):
        try:
            self._select()
            self._fetch(buf)
        finally:
            self._release()

    def _fetch(self, buf):
        if len(buf) == _SECTOR:
            self._at(_READ_SINGLE, self._lba)
            self._fill(buf)
            return
        self._at(_READ_MULTIPLE, self._lba)
        try:
            self._fill(buf)
        finally:
            # Its response may complain of what lies after the card's last sector (4.3.3).
            self._command(_STOP_TRANSMISSION)

    def _fill(self, buf):
        at = 0
        while at < len(buf):
            self._receive(self._block)
            buf[at : at + _SECTOR] = self._sector
            at += _SECTOR

    # Identification (7.2.1)

    def _identify(self):
        self._go_idle()
        hcs = self._interface()
        self._must(_CRC_ON, 0, 1, _IDLE)
        self._become_ready(hcs)
        self._must(_READ_OCR)
        self._shift = 0 if self._byte() & 0x40 else 9  # CCS: it counts sectors
        for _ in range(3):
            self._byte()
        if self._shift:
            self._must(_SET_BLOCKLEN, 0, _SECTOR)
        self._must(_SEND_CID)
        self._receive(self._register)
        self.cid[:] = self._register[:16]
        self._must(_SEND_CSD)
        self._receive(self._register)
        if self._register[14] & _LOCKED:
            raise OSError(_EROFS, "sdcard: write-protected")
        self.sectors = _capacity(self._register)

    def _go_idle(self):
        self._since = -1
        r1 = _SILENT
        for _ in range(_TRIES):
            self._wait(_INIT_MS)  # CMD0 would break off what it programs
            r1 = self._command(_GO_IDLE)
            if r1 == _IDLE:
                return
            # After a reset of the processor alone it may still wait for the rest of a data block:
            # each turn of this loop fills 270 bytes of it.
        raise OSError(_ENODEV if r1 == _SILENT else _EIO, "sdcard: CMD0 answered 0x%02x" % r1)

    def _interface(self):
        # Returns what ACMD41 has to say: to a card from before version 2.00, nothing.
        r1 = self._command(_SEND_IF_COND, 0, 0x01AA)  # 2.7 to 3.6 V, and a pattern to echo
        if r1 == _IDLE | _ILLEGAL:
            return 0
        echo = [self._byte() for _ in range(4)]
        if r1 != _IDLE or echo[2] & 0x0F != 1 or echo[3] != 0xAA:
            raise OSError(_EIO, "sdcard: CMD8 answered 0x%02x" % r1)
        return _HCS

    def _become_ready(self, hcs):
        clock = self._clock
        start_ms = clock.ticks_ms()
        while True:
            self._must(_APP, 0, 0, _IDLE)
            r1 = self._command(_ACMD_OP_COND, hcs)
            if not r1:
                return
            if r1 != _IDLE:
                raise OSError(_EIO, "sdcard: ACMD41 answered 0x%02x" % r1)
            if clock.diff(clock.ticks_ms(), start_ms) > _INIT_MS:
                raise OSError(_ETIMEDOUT, "sdcard: does not become ready")
            clock.sleep_ms(5)


def _capacity(csd):
    # 5.3: the structure's version decides where the size is; 5.3.2 for version 1, 5.3.3 for 2.
    if csd[0] >> 6 == 1:
        return ((csd[7] & 0x3F) << 16 | csd[8] << 8 | csd[9]) + 1 << 10
    if csd[0] >> 6:
        raise OSError(_EIO, "sdcard: unknown CSD structure")
    size = (csd[6] & 0x03) << 10 | csd[7] << 2 | csd[8] >> 6
    factor = (csd[9] & 0x03) << 1 | csd[10] >> 7
    return size + 1 << factor + 2 + (csd[5] & 0x0F) - 9
