"""SD, SDHC and SDXC cards in SPI mode, with every check that cards offer. Hot path: `step`.

Source: SD Specifications, Part 1, Physical Layer Simplified Specification, Version 4.10 (SD
Association, 22 January 2013); chapter 7 is SPI mode, and the numbers below are sections of it.

Commands carry CRC7 and data blocks CRC16 both ways (CMD59, 7.2.2). A block counts as written only
when its data response says so (7.3.3.1) and CMD13 finds no error after the last one (7.2.4). Every
wait has an end.

The bus may have other users. Every call leaves CS high, and clocks one byte after it, because
only a clock makes the card let go of MISO. A write lasts for many calls of `step`; between them
the card is deselected while it programs, as 7.2.4 allows.
"""

from micropython import const

_EIO = const(5)
_EBUSY = const(16)
_ENODEV = const(19)
_EROFS = const(30)
_ETIMEDOUT = const(110)

_GO_IDLE = const(0)  # 7.3.1.3: commands
_SEND_IF_COND = const(8)
_SEND_CSD = const(9)
_SEND_CID = const(10)
_STOP_TRANSMISSION = const(12)
_SEND_STATUS = const(13)
_SET_BLOCKLEN = const(16)
_READ_SINGLE = const(17)
_READ_MULTIPLE = const(18)
_WRITE_MULTIPLE = const(25)
_ERASE_START = const(32)
_ERASE_END = const(33)
_ERASE = const(38)
_APP = const(55)
_READ_OCR = const(58)
_CRC_ON = const(59)
_ACMD_PRE_ERASE = const(23)
_ACMD_OP_COND = const(41)
_HCS = const(0x4000)  # upper half of its argument: we know cards that count sectors

_IDLE = const(0x01)  # 7.3.2.1: R1
_ILLEGAL = const(0x04)
_SILENT = const(0xFF)
_WRITE_PROTECTED = const(0x20)  # 7.3.2.3: second byte of R2
_LOCKED = const(0x30)  # 5.3: for good, or for now; byte 14 of the CSD

_ACCEPTED = const(0x05)  # 7.3.3.1: the low five bits of a data response
_READ_TOKEN = const(0xFE)  # 7.3.3.2
_WRITE_TOKEN = const(0xFC)
_STOP_TOKEN = b"\xfd\xff"  # busy may begin one byte later

_SECTOR = const(512)
_CRC_AT = const(513)
_RESPONSE_AT = const(515)
_BUSY_AT = const(516)
_PACKET_BYTES = const(517)
_LAST_LOOK = const(255)
_ONE = b"\xff"
_ONES = b"\xff" * 256  # one look at a busy card: 0.1 ms at 20 MHz

_IDENTIFY_HZ = const(400_000)  # 6.4.1, 7.2.1
_SUPPLY_MS = const(1)  # 6.4.1
_INIT_MS = const(1000)  # 4.2.3: ACMD41 is repeated for at most one second
_LIMIT_MS = const(5000)  # 4.6.2.2 allows a write 500 ms; cards have been seen to take longer
_R1_BYTES = const(9)  # the response comes within eight bytes
_LOOKS = const(20)
_TRIES = const(4)
_TURNS = const(16)  # a sector or a look each
_ERASE_SECTORS = const(8192)  # 4.14.3: small areas one after the other; 3 s is an AU's limit
_KEPT_VIEWS = const(4)

# A write under way: what `step` does as soon as the card is not busy.
_DONE = const(0)
_OPEN = const(1)
_SEND = const(2)
_STOP = const(3)
_CHECK = const(4)


class SDCardSPI:
    """One card on an SPI bus (mode 0) that someone else owns.

    After `init`: `sectors` (capacity, of 512 bytes; 0 before) and `cid` (16 bytes, 5.2).
    """

    def __init__(self, spi, cs, clock, crc16, rate, baudrate_hz, pre_erase=False):
        """Touch nothing but `cs`, an output pin that is called with its level.

        `crc16(buf, start, n)` is one of drivers/crc16*.py. `rate(hz)` sets the rate of the bus and
        is used by `init` alone, which leaves it at `baudrate_hz` (25 MHz is a card's limit).
        `pre_erase` announces how many sectors follow (ACMD23): faster on some cards, but what is
        announced and then not written has no defined content (4.3.4).
        """
        self.sectors = 0
        self.cid = bytearray(16)
        self._spi = spi
        self._cs = cs
        self._clock = clock
        self._crc16 = crc16
        self._rate = rate
        self._baudrate_hz = baudrate_hz
        self._pre_erase = pre_erase
        self._packet = bytearray(_PACKET_BYTES)
        self._packet[0] = _WRITE_TOKEN
        self._packet[_RESPONSE_AT] = self._packet[_BUSY_AT] = 0xFF
        self._data = memoryview(self._packet)[1:_CRC_AT]
        self._answer = bytearray(_PACKET_BYTES)
        answer = memoryview(self._answer)
        self._block = answer[: _SECTOR + 2]
        self._sector = answer[:_SECTOR]
        self._register = answer[:18]
        self._seen = bytearray(len(_ONES))
        self._frame = bytearray(b"\xff\x00\x00\x00\x00\x00\x00")
        self._one = bytearray(1)
        self._phases = (None, self._open, self._send, self._stop, self._check)
        self._phase = _DONE
        self._kept = []  # views handed to `begin`, with their sectors
        self._parts = ()
        self._sent = 0
        self._lba = 0
        self._refused = None  # the data response, once a sector was refused
        self._receiving = False  # the card expects data blocks
        self.busy = False
        self._since = -1  # ticks when the card was first seen busy at the end of a step
        self._shift = 0  # 9 for a card that counts bytes, not sectors
        cs(1)

    def init(self) -> None:
        """Identify the card, in whatever state it is. Call after power-on, insertion, or an error.

        Blocks 40 ms to 1.1 s; 2.1 s if the card is busy from before. Without a card 50 ms.

        Raises:
            OSError: no card (ENODEV), a card that does not become ready (ETIMEDOUT), one whose
                registers say that it is locked (EROFS), or one that is not usable or fails (EIO).
                `sectors` is then 0.
        """
        self.sectors = 0
        self._phase = _DONE
        self._receiving = False
        self._refused = None
        self._cs(1)
        self._rate(_IDENTIFY_HZ)
        try:
            self._clock.sleep_ms(_SUPPLY_MS)
            self._spi.write(_ONES)  # 6.4.1: at least 74 clocks with CS high
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

    def begin(self, lba: int, view) -> None:
        """Start to write `view`, a multiple of 512 bytes that must not change, to sector `lba` on.

        Does nothing on the bus. `view` is cut into sectors the first time it is seen (the last
        four are remembered, so hand in the same objects); after that this allocates nothing.

        Raises:
            OSError: a write is under way (EBUSY), or there is no card (ENODEV).
            ValueError: not whole sectors, or beyond the card's end.
        """
        self._check_span(lba, view)
        self._parts = self._cut(view)
        self._lba = lba
        self._sent = 0
        self.busy = True  # as far as we know
        self._since = -1
        self._phase = _OPEN

    def step(self) -> bool:
        """Go on with the write that was begun; return True when it is done or there is none.

        Sends sectors as long as the card takes them. Blocks at most 7 ms at 20 MHz, 0.3 ms while
        the card stalls: `busy` is then true. Allocates nothing.

        Raises:
            OSError: the card refused a sector or reports an error (EIO), is write-protected
                (EROFS), is gone (ENODEV), or was busy for 5 s (ETIMEDOUT). The write is over.
        """
        phase = self._phase
        if not phase:
            return True
        self._phase = _DONE  # and so it stays if anything below raises
        self._cs(0)
        try:
            phase = self._work(phase)
            self._phase = phase
        finally:
            self._release()
        return not phase

    def write(self, lba: int, view) -> None:
        """Write `view` to sector `lba` on, as `begin` and `step` do. Blocks until it is done."""
        self.begin(lba, view)
        while not self.step():
            if self.busy:
                self._clock.sleep_ms(1)

    def cancel(self) -> None:
        """Drop the write under way, if any: sectors from some point on keep their old content.

        Does nothing on the bus; the card is told at the beginning of the next call.
        """
        self._phase = _DONE

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

    # Writing, one phase each; all return the next phase

    def _work(self, phase):
        for _ in range(_TURNS):
            if not self.busy or self._ready():
                phase = self._phases[phase]()
                if not phase:
                    return phase
            elif self._since >= 0:
                break  # it was busy at the end of the last step already: look once, then leave
        if self.busy:
            self._be_patient(_LIMIT_MS)
        return phase

    def _open(self):
        if self._receiving:
            self._leave()
            return _OPEN
        if self._pre_erase:
            self._must(_APP)
            self._must(_ACMD_PRE_ERASE, len(self._parts) >> 16, len(self._parts) & 0xFFFF)
        self._at(_WRITE_MULTIPLE, self._lba)
        self._receiving = True
        self.busy = True  # one look, because a byte must lie between response and token
        return _SEND

    def _send(self):
        part = self._parts[self._sent]
        packet = self._packet
        self._data[:] = part
        crc = self._crc16(part, 0, _SECTOR)
        packet[_CRC_AT] = crc >> 8
        packet[_CRC_AT + 1] = crc & 0xFF
        answer = self._answer
        self._spi.write_readinto(packet, answer)
        self.busy = answer[_BUSY_AT] != 0xFF
        if answer[_RESPONSE_AT] & 0x1F != _ACCEPTED:
            self._refused = answer[_RESPONSE_AT]
            return _STOP
        self._sent += 1
        return _SEND if self._sent < len(self._parts) else _STOP

    def _stop(self):
        # 7.3.3.1: after a refused block CMD12 ends the write, otherwise the stop token.
        if self._refused is not None:
            self._command(_STOP_TRANSMISSION)
        else:
            self._spi.write(_STOP_TOKEN)
        self._receiving = False
        self.busy = True
        return _CHECK

    def _leave(self):
        # What `cancel` or an error of the bus left open.
        self._stop()
        self._refused = None

    def _check(self):
        refused = self._refused
        self._refused = None
        self._judge(refused)
        return _DONE

    def _judge(self, refused):
        r1 = self._command(_SEND_STATUS)
        status = self._byte()
        if r1 == _SILENT:
            raise OSError(_ENODEV, "sdcard: no answer")
        if r1 or status or refused is not None:
            code = _EROFS if status & _WRITE_PROTECTED else _EIO
            raise OSError(code, "sdcard: data response %s, R2 %02x %02x" % (refused, r1, status))

    def _cut(self, view):
        for kept in self._kept:
            if kept[0] is view:
                return kept[1]
        if len(self._kept) == _KEPT_VIEWS:
            self._kept.pop(0)
        self._kept.append((view, _sectors(view)))
        return self._kept[-1][1]

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

    def _receive(self, view):
        token = 0xFF
        looks = 0
        while token == 0xFF:
            if looks < _LOOKS:
                looks += 1
            else:
                self._be_patient(_LIMIT_MS)
                self._clock.sleep_ms(1)
            token = self._byte()
        self._since = -1
        if token != _READ_TOKEN:
            raise OSError(_EIO, "sdcard: read error 0x%02x" % token)
        self._spi.readinto(view, 0xFF)
        if self._crc16(view, 0, len(view)):  # over data and CRC: 0
            raise OSError(_EIO, "sdcard: wrong CRC")

    # Identification (7.2.1)

    def _identify(self):
        self._go_idle()
        self._interface()
        self._must(_CRC_ON, 0, 1, _IDLE)
        self._become_ready()
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
        r1 = self._command(_SEND_IF_COND, 0, 0x01AA)  # 2.7 to 3.6 V, and a pattern to echo
        if r1 == _IDLE | _ILLEGAL:
            return  # a card from before version 2.00
        echo = [self._byte() for _ in range(4)]
        if r1 != _IDLE or echo[2] & 0x0F != 1 or echo[3] != 0xAA:
            raise OSError(_EIO, "sdcard: CMD8 answered 0x%02x" % r1)

    def _become_ready(self):
        clock = self._clock
        start_ms = clock.ticks_ms()
        while True:
            self._must(_APP, 0, 0, _IDLE)
            r1 = self._command(_ACMD_OP_COND, _HCS)
            if not r1:
                return
            if r1 != _IDLE:
                raise OSError(_EIO, "sdcard: ACMD41 answered 0x%02x" % r1)
            if clock.diff(clock.ticks_ms(), start_ms) > _INIT_MS:
                raise OSError(_ETIMEDOUT, "sdcard: does not become ready")
            clock.sleep_ms(5)

    # Commands and waiting; CS is low

    def _check_span(self, lba, buf):
        if len(buf) % _SECTOR:
            raise ValueError("sdcard: not whole sectors")
        self._check_place(lba, len(buf) // _SECTOR)

    def _check_place(self, lba, sectors):
        if self._phase:
            raise OSError(_EBUSY, "sdcard: a write is under way")
        if not self.sectors:
            raise OSError(_ENODEV, "sdcard: not initialised")
        if sectors < 1 or not 0 <= lba <= self.sectors - sectors:
            raise ValueError("sdcard: beyond the card's end")

    def _select(self):
        self._since = -1
        self._cs(0)
        self._wait(_LIMIT_MS)
        if self._receiving:
            self._leave()
            self._wait(_LIMIT_MS)

    def _release(self):
        self._cs(1)
        self._spi.write(_ONE)

    def _wait(self, limit_ms):
        while not self._ready():
            self._be_patient(limit_ms)
            self._clock.sleep_ms(1)

    def _ready(self):
        # The last byte counts: just selected, the card pulls MISO low only after a clock.
        self._spi.write_readinto(_ONES, self._seen)
        if self._seen[_LAST_LOOK] != 0xFF:
            return False
        self.busy = False
        if self._since >= 0:
            self._since = -1
        return True

    def _be_patient(self, limit_ms):
        now = self._clock.ticks_ms()
        if self._since < 0:
            self._since = now
        elif self._clock.diff(now, self._since) > limit_ms:
            raise OSError(_ETIMEDOUT, "sdcard: busy for %d ms" % limit_ms)

    def _at(self, index, lba):
        # Address by halves: on a card that counts bytes the whole would not be a small integer.
        shift = self._shift
        self._must(index, lba >> 16 - shift, (lba & 0xFFFF) << shift & 0xFFFF)

    def _must(self, index, high=0, low=0, want=0):
        r1 = self._command(index, high, low)
        if r1 == _SILENT:
            raise OSError(_ENODEV, "sdcard: no answer")
        if r1 != want:
            raise OSError(_EIO, "sdcard: CMD%d answered 0x%02x" % (index, r1))

    def _command(self, index, high=0, low=0):
        frame = self._frame
        frame[1] = 0x40 | index
        frame[2] = high >> 8
        frame[3] = high & 0xFF
        frame[4] = low >> 8
        frame[5] = low & 0xFF
        frame[6] = _crc7(frame) | 1
        self._spi.write(frame)
        if index == _STOP_TRANSMISSION:
            self._byte()  # still data, or nothing
        return self._r1()

    def _r1(self):
        for _ in range(_R1_BYTES):
            r1 = self._byte()
            if r1 < 0x80:
                return r1
        return _SILENT

    def _byte(self):
        self._spi.readinto(self._one, 0xFF)
        return self._one[0]


def _sectors(view):
    whole = memoryview(view)
    return [whole[at : at + _SECTOR] for at in range(0, len(view), _SECTOR)]


def _crc7(frame):
    # 4.5: x^7 + x^3 + 1, one byte a step, kept in the upper seven bits.
    crc = 0
    for i in range(1, 6):
        crc ^= frame[i]
        crc ^= crc >> 4 ^ crc >> 7
        crc = (crc << 4 ^ crc << 1) & 0xFF
    return crc


def _capacity(csd):
    # 5.3: the structure's version decides where the size is; 5.3.2 for version 1, 5.3.3 for 2.
    if csd[0] >> 6 == 1:
        return ((csd[7] & 0x3F) << 16 | csd[8] << 8 | csd[9]) + 1 << 10
    if csd[0] >> 6:
        raise OSError(_EIO, "sdcard: unknown CSD structure")
    size = (csd[6] & 0x03) << 10 | csd[7] << 2 | csd[8] >> 6
    factor = (csd[9] & 0x03) << 1 | csd[10] >> 7
    return size + 1 << factor + 2 + (csd[5] & 0x0F) - 9
