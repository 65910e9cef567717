"""An SD card in SPI mode, byte by byte, over a store of sectors.

Source: SD Physical Layer Simplified Specification 4.10, chapter 7; the numbers below are sections
of it. Runs on all three interpreters. What a driver must never do is a ChipError; what may come
from the wire or from the hands (a wrong CRC, an illegal command, an address beyond the end, no
supply) is answered as a card answers it. A command sent to a busy card is ignored and counted.

Here are the commands; sdwire.py has the bytes, sdslot.py the hands and faults, sdregisters.py the
registers.
"""

from micropython import const

from tools.sim.chips.sdregisters import cid_of, crc7, csd_of
from tools.sim.chips.sdwire import SDWire
from tools.sim.world import ChipError

_NATIVE = const(1)  # states, as in sdslot.py
_IDLE = const(2)
_READY = const(4)
_RECEIVE = const(8)
_SPI = const(14)  # idle, ready or receive

_READ_ONE = const(1)
_READ_MANY = const(2)

_SECTOR = const(512)
_START_BYTES = const(10)  # 6.4.1: 74 clocks
_INIT_MS = const(20)  # estimate: from the first ACMD41 to ready
_READ_US = const(300)  # estimate: from a command to its data
_ERASE_US = const(20_000)  # estimate: for one erase command
_ERASED = bytes(4096)

# R1 (7.3.2.1) and the second byte of R2 (7.3.2.3).
_R1_IDLE = const(0x01)
_R1_ILLEGAL = const(0x04)
_R1_CRC = const(0x08)
_R1_ERASE_SEQUENCE = const(0x10)
_R1_ADDRESS = const(0x20)
_R1_PARAMETER = const(0x40)
_R2_PROTECTED = const(0x20)


class SDCardChip(SDWire):
    """One slot and the card in it, which obeys the world's act `card`. Off until `power(True)`.

    `store` has `size_bytes`, `readinto(lba, buf)` and `write(lba, buf)`; `crc16(buf, n)` is the
    host's. `kind` is "high" (SDHC: addresses are sectors), "standard" (version 2: addresses are
    bytes) or "old" (the same, version 1). `serial` is the one in the CID.

    Counters: `sectors_written`, `sectors_outside` (written in any stage but `recording`),
    `sectors_read`, `write_commands`, `refused` (data blocks), `ignored` (bytes sent to a busy
    card), `paused` (deselected within a transfer or a response). A sound driver leaves the last
    two at 0. `holds_miso` is True from selection until a clock after deselection.

    Faults: `eio` (the bus itself fails), `tear` (a sector that is being programmed when the power
    goes is left half written; True by default; a store with `lose(first, end)` sees to it by
    itself, see faults.py), and the methods from `stall` to `fail_status`.
    `insert` heals.
    """

    def __init__(self, world, board, store, crc16, kind="high", serial=1):
        self._commands = {  # index: (states it is legal in, answer)
            0: (_NATIVE | _SPI, self._go_idle),
            8: (_IDLE, self._interface),
            9: (_READY, self._send_csd),
            10: (_READY, self._send_cid),
            12: (_READY | _RECEIVE, self._stop_transmission),
            13: (_READY, self._send_status),
            16: (_READY, self._set_block_length),
            17: (_READY, self._read_one),
            18: (_READY, self._read_many),
            24: (_READY, self._write_one),
            25: (_READY, self._write_many),
            32: (_READY, self._erase_from),
            33: (_READY, self._erase_to),
            38: (_READY, self._erase),
            55: (_IDLE | _READY, self._application),
            58: (_IDLE | _READY, self._read_ocr),
            59: (_IDLE | _READY, self._crc_on_off),
        }
        self._application_commands = {
            41: (_IDLE, self._op_cond),
        }
        self.write_commands = 0
        super().__init__(world, board, store, crc16, kind, serial)

    def _reset(self, state):
        super()._reset(state)
        self._asked = self._application_next = False
        self._ready_ms = -1
        self._block_length = 1024 if self._large() else _SECTOR
        self._first = self._last = -1

    def _execute(self):
        frame = self._frame
        index = frame[0] & 0x3F
        self._out_at = self._out_bytes = 0
        right = frame[5] & 1 and (not self._checks(index) or crc7(frame) == frame[5] >> 1)
        if self._state == _NATIVE and (index or not right):
            return  # on the SD bus, where a card that was just put in is: silence
        self._say(0xFF)
        if right:
            self._answer(index)
        else:
            self._r1(_R1_CRC)

    def _answer(self, index):
        table = self._application_commands if self._application_next else self._commands
        self._rules(index, table)
        self._application_next = False
        legal, act = table.get(index, (0, None))
        if not self._state & legal or (self._reading and index not in (0, 12)):
            self._r1(_R1_ILLEGAL)
            return
        if index not in (13, 33, 38):
            self._first = self._last = -1
        frame = self._frame
        act(frame[1] << 8 | frame[2], frame[3] << 8 | frame[4])

    def _checks(self, index):
        return self._crc_on or index == 8 or self._state == _NATIVE

    def _rules(self, index, table):
        if self._state >= _READY:
            return
        if self._hurried:
            raise ChipError("sdcard: clocked faster than 400 kHz during identification")
        if self._state == _NATIVE and self._clocks < _START_BYTES:
            raise ChipError("sdcard: fewer than 74 clocks before CMD0 (6.4.1)")
        op_cond = index == 41 and table is self._application_commands
        if op_cond and self._kind != "old" and not self._asked:
            raise ChipError("sdcard: ACMD41 before CMD8 (7.2.1)")
        if self._ready_ms >= 0 and not op_cond and index not in (0, 55):
            raise ChipError("sdcard: CMD%d while ACMD41 is repeated (7.2.1)" % index)

    def _r1(self, flags=0):
        self._say(flags | (_R1_IDLE if self._state == _IDLE else 0))

    def _go_idle(self, high, low):
        self._out_bytes = 0
        self._reset(_IDLE)
        self._say(0xFF)
        self._r1()

    def _interface(self, high, low):
        if self._kind == "old":
            self._r1(_R1_ILLEGAL)
            return
        self._asked = True
        self._r1()
        for value in (0, 0, low >> 8 & 0x0F if low >> 8 == 1 else 0, low & 0xFF):
            self._say(value)

    def _application(self, high, low):
        self._application_next = True
        self._r1()

    def _op_cond(self, high, low):
        if self._kind == "old" and high:
            raise ChipError("sdcard: HCS to a card that knows no CMD8 (figure 7-2)")
        if self._ready_ms < 0:
            if self._kind == "high" and not high & 0x4000:
                self._r1()  # 4.2.3: a card that counts sectors waits for a host that can
                return
            self._ready_ms = self._world.ms + _INIT_MS
        if self._world.ms >= self._ready_ms:
            self._state = _READY
        self._r1()

    def _read_ocr(self, high, low):
        self._r1()
        ready = self._state == _READY
        self._say((0x80 if ready else 0) | (0x40 if ready and self._kind == "high" else 0))
        for value in (0xFF, 0x80, 0x00):
            self._say(value)

    def _crc_on_off(self, high, low):
        self._crc_on = bool(low & 1)
        self._r1()

    def _set_block_length(self, high, low):
        fits = low == _SECTOR and not high
        if fits:
            self._block_length = _SECTOR
        self._r1(0 if fits else _R1_PARAMETER)

    def _send_status(self, high, low):
        self._r1()
        self._say(self._status)
        self._status = 0

    def _send_csd(self, high, low):
        self._register(csd_of(self._kind, self._sectors, self._large(), self._readonly))

    def _send_cid(self, high, low):
        self._register(cid_of(self.serial))

    def _register(self, value):
        self._r1()
        self._say(0xFF)
        self._say_block(value)

    def _address(self, high, low):
        # None for an address that is not one of a sector (5.3: standard cards count bytes).
        if self._kind == "high":
            return high << 16 | low
        return None if low & 0x1FF else high << 7 | low >> 9

    def _from(self, high, low):
        # Returns the sector, or -1 after the error response.
        lba = self._address(high, low)
        if self._block_length != _SECTOR:
            raise ChipError("sdcard: the block length is not 512 (CMD16)")
        if lba is not None and lba < self._sectors:
            self._r1()
            return lba
        self._r1(_R1_ADDRESS if lba is None else _R1_PARAMETER)
        return -1

    def _read_one(self, high, low):
        self._read(high, low, _READ_ONE)

    def _read_many(self, high, low):
        self._read(high, low, _READ_MANY)

    def _read(self, high, low, how):
        self._lba = self._from(high, low)
        if self._lba >= 0:
            self._reading = how
            self._fetch(_READ_US)

    def _stop_transmission(self, high, low):
        self._out_bytes = 0
        self._say(0x3F)  # the byte after CMD12 means nothing, though it looks like a response
        self._say(0xFF)
        if self._reading == _READ_MANY:
            self._r1()
            self._work(0)
        elif self._state == _RECEIVE and self._many:
            self._r1()
            self._end_write()
        else:
            self._r1(_R1_ILLEGAL)
        self._reading = 0
        self._ended = False

    def _write_one(self, high, low):
        self._write(high, low, False)

    def _write_many(self, high, low):
        self._write(high, low, True)

    def _write(self, high, low, many):
        lba = self._lba = self._from(high, low)
        if lba >= 0:
            self._many = many
            self._begun = lba
            self._programming = -1
            self._refusing = False
            self._state = _RECEIVE
            self.write_commands += 1

    def _erase_from(self, high, low):
        self._first = self._from(high, low)

    def _erase_to(self, high, low):
        if self._first < 0:
            self._r1(_R1_ERASE_SEQUENCE)
        else:
            self._last = self._from(high, low)

    def _erase(self, high, low):
        first, last = self._first, self._last
        self._first = self._last = -1
        if not 0 <= first <= last:
            self._r1(_R1_ERASE_SEQUENCE)
            return
        self._r1()
        if self._readonly:
            self._status |= _R2_PROTECTED
            return
        while first <= last:
            n = min(8, last + 1 - first)
            self.store.write(first, _ERASED if n == 8 else _ERASED[: n * _SECTOR])
            first += n
        self._programming = -1
        self._work(_ERASE_US)
