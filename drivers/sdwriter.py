"""Writing to an SD card in SPI mode, a step at a time. Hot path: `step`.

Numbers are sections of the specification that drivers/sdbus.py names. A block counts as written
only when its data response says so (7.3.3.1) and CMD13 finds no error after the last one (7.2.4).

A write lasts for many calls of `step`; between them the card is deselected while it programs, as
7.2.4 allows.
"""

from micropython import const

from drivers.sdbus import SDBus

_EBUSY = const(16)
_ENODEV = const(19)

_STOP_TRANSMISSION = const(12)  # 7.3.1.3: commands
_WRITE_MULTIPLE = const(25)

_ACCEPTED = const(0x05)  # 7.3.3.1: the low five bits of a data response
_WRITE_TOKEN = const(0xFC)  # 7.3.3.2
_STOP_TOKEN = b"\xfd\xff"  # busy may begin one byte later

_SECTOR = const(512)
_CRC_AT = const(513)
_RESPONSE_AT = const(515)
_BUSY_AT = const(516)
_PACKET_BYTES = const(517)

_LIMIT_MS = const(5000)  # as in sdbus.py
_TURNS = const(16)  # a sector or a look each
_KEPT_VIEWS = const(4)

# A write under way: what `step` does as soon as the card is not busy.
_DONE = const(0)
_OPEN = const(1)
_SEND = const(2)
_STOP = const(3)
_CHECK = const(4)


class SDWriter(SDBus):
    """A card that can be written to: SDCardSPI without what makes it one."""

    def __init__(self, spi, cs, clock, crc16):
        super().__init__(spi, cs, clock, crc16)
        self.sectors = 0
        self._packet = bytearray(_PACKET_BYTES)
        self._packet[0] = _WRITE_TOKEN
        self._packet[_RESPONSE_AT] = self._packet[_BUSY_AT] = 0xFF
        self._data = memoryview(self._packet)[1:_CRC_AT]
        self._answer = bytearray(_PACKET_BYTES)
        self._phases = (None, self._open, self._send, self._stop, self._check)
        self._phase = _DONE
        self._kept = []  # views handed to `begin`, with their sectors
        self._parts = ()
        self._sent = 0
        self._lba = 0
        self._refused = None  # the data response, once a sector was refused
        self._receiving = False  # the card expects data blocks

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

    # One phase each; all return the next phase

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

    def _cut(self, view):
        for kept in self._kept:
            if kept[0] is view:
                return kept[1]
        if len(self._kept) == _KEPT_VIEWS:
            self._kept.pop(0)
        self._kept.append((view, _sectors(view)))
        return self._kept[-1][1]

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


def _sectors(view):
    whole = memoryview(view)
    return [whole[at : at + _SECTOR] for at in range(0, len(view), _SECTOR)]
