"""An SD card in SPI mode, byte by byte, over a store of sectors.

Source: SD Physical Layer Simplified Specification 4.10, chapter 7; the numbers below are sections
of it. Runs on all three interpreters. What a driver must never do is a ChipError; what may come
from the wire or from the hands (a wrong CRC, an illegal command, an address beyond the end, no
supply) is answered as a card answers it. A command sent to a busy card is ignored and counted.

A whole data packet in one exchange and a run of clocks in one exchange take a short way; any other
grouping of the same bytes goes through the state machine and has the same effect. Within one
exchange no time passes. The hot functions have no more than 11 words of state (see README.md).
"""

from micropython import const

from tools.sim.world import ChipError

_NEVER_MS = const(0x3FFFFFFF)

# States. Programming is not one: it is a time until which the card is busy.
_AWAY = const(0)  # no card, no supply, or dead
_NATIVE = const(1)  # powered, still on the SD bus
_IDLE = const(2)
_READY = const(4)  # "transfer" in the specification
_RECEIVE = const(8)  # a write was begun: tokens come
_BLOCK = const(16)  # within a data block
_SPI = const(14)  # idle, ready or receive

_READ_ONE = const(1)
_READ_MANY = const(2)

_SECTOR = const(512)
_BLOCK_BYTES = const(514)
_PACKET_BYTES = const(517)  # token, data, CRC, response, first busy byte
_START_BYTES = const(10)  # 6.4.1: 74 clocks
_SLOWEST_BYTE_US = const(20)  # at 400 kHz
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
_TMP_WRITE_PROTECT = 0x10  # byte 14 of the CSD
_R2_ERROR = const(0x04)
_R2_PROTECTED = const(0x20)
_R2_OUT_OF_RANGE = const(0x80)

CRC_ERROR = 0xEB  # data responses (7.3.3.1), the three upper bits as cards send them
WRITE_ERROR = 0xED
_ACCEPTED = const(0xE5)
ECC_FAILED = 0x04  # data error token (7.3.3.3)


class SDCardChip:
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
        self._world = world
        self._crc16 = crc16
        self._kind = kind
        self._costs_us = (board.COSTS["card_sector_us"], board.COSTS["card_stop_us"])
        self._sector_us, self._stop_us = self._costs_us
        self._high = {}  # length: as many bytes FF, 00
        self._low = {}
        self._out = bytearray(24 + _BLOCK_BYTES)
        self._out_block = memoryview(self._out)[1 : 1 + _BLOCK_BYTES]
        self._block = bytearray(_BLOCK_BYTES)
        self._data = memoryview(self._block)[:_SECTOR]
        self._known = None  # the packet whose two views these are
        self._known_block = self._known_data = self._data
        self._frame = bytearray(6)
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
        self._acts = {
            "in": lambda value: self.insert(),
            "out": lambda value: self.remove(),
            "stall": self.stall,
            "slow": self.slow,
            "readonly": lambda value: self.protect(),
            "dead": lambda value: self.die(),
            "refuse": self.reject,
            "unreadable": self.fail_reads,
            "noisy": self.flip,
        }
        self.sectors_written = self.sectors_outside = self.sectors_read = 0
        self.write_commands = self.refused = self.ignored = self.paused = 0
        self.holds_miso = False
        self.eio = False
        self.tear = True
        self._powered = False
        self._state = _AWAY
        self.store = store
        self.serial = serial
        self._heal()
        self._reset(_AWAY)
        self.inserted = world.card.inserted
        world.on("card", self._obey)

    # Hands

    def detect(self):
        """Return the level of the slot's switch: 0 with a card."""
        return 0 if self.inserted else 1

    def power(self, on):
        """Switch the supply. Without a change nothing happens."""
        if on == self._powered:
            return
        self._lose()
        self._powered = on
        self._wake()

    def insert(self, store=None, serial=None):
        """Put in a sound card: another one, or the one that was there."""
        self._lose()
        self.store = store or self.store
        self.serial = serial or self.serial
        self._heal()
        self.inserted = True
        self._wake()

    def remove(self):
        """Pull the card, at any moment."""
        self._lose()
        self.inserted = False
        self._wake()

    def stall(self, ms):
        """Let a card that is busy, or gets busy, stay so until `ms` milliseconds from now."""
        self._stall_until_ms = self._world.ms + ms
        if self._busy():
            self._end_ms = max(self._end_ms, self._stall_until_ms)

    def slow(self, pct):
        """Let programming take `pct` percent of the board's figures."""
        self._sector_us = self._costs_us[0] * pct // 100
        self._stop_us = self._costs_us[1] * pct // 100

    def die(self):
        """Fail for good: stay busy if a write is under way, answer nothing otherwise."""
        self._dead = True
        self._guard()
        if self._state == _RECEIVE or self._busy():
            self._end_ms = _NEVER_MS
        else:
            self._wake()

    def reject(self, blocks, response=WRITE_ERROR):
        """Refuse the next `blocks` data blocks with CRC_ERROR, WRITE_ERROR or any other byte."""
        self._rejects, self._rejection = blocks, response
        self._guard()

    def flip(self, blocks, on_wire=True):
        """Flip a bit in the next `blocks` read: on the wire (wrong CRC) or in the memory."""
        self._flips, self._flips_on_wire = blocks, on_wire

    def fail_reads(self, blocks, token=ECC_FAILED):
        """Answer the next `blocks` reads with a data error token."""
        self._read_fails, self._read_token = blocks, token

    def fail_status(self, flags=_R2_ERROR):
        """Show `flags` in the next status (second byte of R2)."""
        self._status |= flags

    def protect(self):
        """Refuse every write from now on."""
        self._readonly = True
        self._guard()

    def _obey(self, word, value=0):
        act = self._acts.get(word)
        if act:
            act(value)

    def _heal(self):
        self._dead = self._readonly = False
        self._rejects = self._flips = self._read_fails = 0
        self._stall_until_ms = 0
        self._sectors = int(self.store.size_bytes) // _SECTOR
        if self._kind == "high":
            self._sectors &= ~1023  # what its CSD can say (5.3.3)
        self.slow(100)
        self._guard()

    def _wake(self):
        self._reset(_NATIVE if self._powered and self.inserted and not self._dead else _AWAY)

    def _lose(self):
        # What is in the card's buffer when the power goes is lost half way.
        if self._state == _AWAY:
            return
        busy = self._busy() and self._programming >= 0
        if hasattr(self.store, "lose"):
            under_way = busy or self._state & (_RECEIVE | _BLOCK)
            self.store.lose(self._begun if under_way else self._lba, self._lba)
        elif busy and self.tear:
            torn = bytearray(_SECTOR)
            self.store.readinto(self._programming, torn)
            torn[_SECTOR // 2 :] = b"\xff" * (_SECTOR // 2)
            self.store.write(self._programming, torn)

    def _reset(self, state):
        self._state = state
        self._clocks = 0
        self._crc_on = self._asked = self._application_next = False
        self._hurried = False
        self._ready_ms = -1
        self._block_length = 1024 if self._large() else _SECTOR
        self._status = 0
        self._got = self._frame_bytes = self._out_at = self._out_bytes = 0
        self._reading = 0
        self._many = self._gap = self._ended = False
        self._pending = False  # something is under way that needs the state machine
        self._first = self._last = -1
        self._programming = -1
        self._begun = self._lba = 0
        self._end_ms = self._end_us = 0
        self._stamp_us = self._now_us()

    def _large(self):
        # A standard card of more than 1 GiB starts with blocks of 1024 bytes (5.3.2, READ_BL_LEN).
        return self._kind != "high" and self._sectors > 1 << 21

    def _guard(self):
        # One comparison on the way of every sector tells whether there is anything to look at.
        sound = not (self._dead or self._readonly or self._rejects)
        self._limit = self._sectors if sound else 0

    # Wires

    def selected(self, on):
        """Take an edge of CS."""
        state = self._state
        if on:
            self.holds_miso = state != _AWAY
        if self._pending:
            self._interrupt(on)
        if state < _READY:
            self._stamp_us = self._now_us()

    def _interrupt(self, on):
        self.paused += not on
        if self._state == _BLOCK or self._reading:
            return
        # A command that was cut short, or a response that nobody read.
        self._frame_bytes = self._out_at = self._out_bytes = 0
        self._pending = False

    def idle_clocks(self, n):
        """Count `n` bytes of clocks while deselected."""
        self.holds_miso = False
        if self._state == _NATIVE:
            if self._calm(n):
                self._clocks += n
            self._stamp_us = self._now_us()

    def exchange(self, tx, rx):
        """Take the bytes of `tx` and put the card's own into `rx`, unless that is None.

        Raises:
            OSError: the bus fails (`eio`).
            ChipError: the driver broke a rule.
        """
        if self.eio:
            raise OSError(5, "spi: bus failure")
        n = len(tx)
        state = self._state
        if state == _AWAY:
            if rx is not None:
                rx[:] = self._ones(n)
        elif self._pending or state < _READY:
            self._slowly(tx, rx, n)
        elif n == _PACKET_BYTES and tx[0] == 0xFC and self._many and state == _RECEIVE:
            self._packet(tx, rx)
        elif tx == (self._high.get(n) or self._ones(n)):
            self._clocked(rx, n)
        else:
            self._slowly(tx, rx, n)

    def _clocked(self, rx, n):
        world = self._world
        if world.ms < self._end_ms or (world.ms == self._end_ms and world.us < self._end_us):
            level = self._low[n]
        else:
            self._gap = True
            level = self._high[n]
        if rx is not None:
            rx[:] = level

    def _ones(self, n):
        if n not in self._high:
            self._high[n] = b"\xff" * n
            self._low[n] = bytes(n)
        return self._high[n]

    def _packet(self, tx, rx):
        if tx is not self._known:
            self._know(tx)
        if self._refusing or not self._gap:
            self._expect_token()
        response = self._accept(self._known_block, self._known_data)
        world = self._world
        busy = world.ms < self._end_ms or (world.ms == self._end_ms and world.us < self._end_us)
        self._gap = not busy
        if rx is not None:
            rx[:] = self._high.get(_PACKET_BYTES) or self._ones(_PACKET_BYTES)
            rx[_PACKET_BYTES - 2] = response
            if busy:
                rx[_PACKET_BYTES - 1] = 0

    def _know(self, tx):
        self._known = tx
        self._known_block = memoryview(tx)[1 : 1 + _BLOCK_BYTES]
        self._known_data = memoryview(tx)[1 : 1 + _SECTOR]

    def _slowly(self, tx, rx, n):
        if self._state < _READY:
            self._hurried = not self._calm(n)
            self._stamp_us = self._now_us()
        if self._flowing(n) and tx == self._ones(n):
            self._flow(rx, n)
        else:
            self._step(tx, rx)
        unfinished = self._out_bytes or self._reading or self._frame_bytes
        self._pending = bool(unfinished) or self._state == _BLOCK

    def _step(self, tx, rx):
        for i in range(len(tx)):
            value = self._both(tx[i])
            if rx is not None:
                rx[i] = value

    def _both(self, byte):
        value = self._next()
        self._take(byte, value)
        return value

    def _flowing(self, n):
        # A stretch of a block on its way out, if only clocks come in.
        return n > 16 and self._out_bytes - self._out_at >= n and not self._frame_bytes

    def _flow(self, rx, n):
        if rx is not None:
            whole = self._out_at == 1 and n == _BLOCK_BYTES
            rx[:] = self._out_block if whole else self._out[self._out_at : self._out_at + n]
        self._out_at += n - 1
        self._advance()

    # Time

    def _busy(self):
        world = self._world
        if world.ms != self._end_ms:
            return world.ms < self._end_ms
        return world.us < self._end_us

    def _work(self, us):
        world = self._world
        us += world.us
        self._end_ms = world.ms + us // 1000
        self._end_us = us % 1000
        if self._stall_until_ms > self._end_ms:
            self._end_ms = self._stall_until_ms
        if self._dead:
            self._end_ms = _NEVER_MS

    def _now_us(self):
        return (self._world.ms & 0xFFFF) * 1000 + self._world.us

    def _calm(self, n):
        # The clocks themselves cannot be seen, but how much time passed for `n` bytes can.
        elapsed_us = (self._now_us() - self._stamp_us) % 65_536_000
        return elapsed_us >= n * _SLOWEST_BYTE_US

    # One byte each way

    def _next(self):
        if self._out_at < self._out_bytes:
            value = self._out[self._out_at]
            self._advance()
            return value
        if self._busy():
            return 0x00
        if self._reading:
            self._load()
        return 0xFF

    def _advance(self):
        self._out_at += 1
        if self._out_at < self._out_bytes:
            return
        self._out_at = self._out_bytes = 0
        self._gap = False
        if self._ended:
            self._reading = 0
            self._ended = False

    def _take(self, byte, value):
        if self._frame_bytes:
            self._frame[self._frame_bytes] = byte
            self._frame_bytes += 1
            if self._frame_bytes == 6:
                self._frame_bytes = 0
                self._execute()
        elif self._state == _BLOCK:
            self._store_byte(byte)
        elif self._busy():
            self._ignore(byte)
        elif byte == 0xFF:
            self._gap = value == 0xFF
        elif byte & 0xC0 == 0x40:
            self._frame[0] = byte
            self._frame_bytes = 1
        elif self._state != _NATIVE:
            self._token(byte)

    def _ignore(self, byte):
        if self._dead:
            return
        if self._state == _RECEIVE and byte in (0xFC, 0xFD, 0xFE):
            raise ChipError("sdcard: a token while the card is busy")
        if byte != 0xFF:
            self.ignored += 1

    def _token(self, byte):
        if self._state != _RECEIVE or byte not in ((0xFC, 0xFD) if self._many else (0xFE,)):
            raise ChipError("sdcard: 0x%02x is neither a command nor a token here" % byte)
        self._expect_token()
        if byte == 0xFD:
            self._end_write()
        else:
            self._state = _BLOCK
            self._got = 0

    def _expect_token(self):
        if not self._gap:
            raise ChipError("sdcard: no byte between response or busy and the token (7.5)")
        if self._refusing:
            raise ChipError("sdcard: after a refused block only CMD12 may follow (7.3.3.1)")

    def _store_byte(self, byte):
        self._block[self._got] = byte
        self._got += 1
        if self._got == _BLOCK_BYTES:
            self._state = _RECEIVE
            response = self._accept(self._block, self._data)
            if not self._many:
                self._state = _READY
            self._out[0] = response
            self._out_bytes = 1

    def _say(self, value):
        self._out[self._out_bytes] = value
        self._out_bytes += 1

    def _say_block(self, data):
        at = self._out_bytes
        n = len(data)
        self._out[at] = 0xFE
        self._out[at + 1 : at + 1 + n] = data
        crc = self._crc16(data, n)
        self._out[at + 1 + n] = crc >> 8
        self._out[at + 2 + n] = crc & 0xFF
        self._out_bytes = at + n + 3

    # Writing

    def _accept(self, block, data):
        if self._crc_on and self._crc16(block, _BLOCK_BYTES):
            return self._refuse(CRC_ERROR, 0)
        lba = self._lba
        if lba >= self._limit and self._troubled(lba):
            return self._refuse(self._trouble, self._trouble_flags)
        self.store.write(lba, data)
        self._lba = lba + 1
        self._programming = lba
        self.sectors_written += 1
        if self._world.stage != "recording":
            self.sectors_outside += 1
        self._work(self._sector_us)
        self._world.operation()
        return _ACCEPTED

    def _troubled(self, lba):
        self._trouble, self._trouble_flags = WRITE_ERROR, 0
        if self._dead:
            self._trouble = 0x00
        elif lba >= self._sectors:
            self._trouble_flags = _R2_OUT_OF_RANGE
        elif self._readonly:
            self._trouble_flags = _R2_PROTECTED
        else:
            self._rejects -= 1
            self._trouble = self._rejection
            self._guard()
        return True

    def _refuse(self, response, flags):
        self.refused += 1
        self._status |= flags
        self._refusing = True
        return response

    def _end_write(self):
        self._state = _READY
        self._work(self._stop_us)

    # Commands

    def _execute(self):
        frame = self._frame
        index = frame[0] & 0x3F
        self._out_at = self._out_bytes = 0
        right = frame[5] & 1 and (not self._checks(index) or _crc7(frame) == frame[5] >> 1)
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
        csd = _csd(self._kind, self._sectors, self._large())
        csd[14] = _TMP_WRITE_PROTECT if self._readonly else 0
        csd[15] = _crc7(csd) << 1 | 1
        self._register(csd)

    def _send_cid(self, high, low):
        serial = self.serial
        cid = bytearray(b"\x03SDBCSIM\x10\x00\x00\x00\x00\x01\x96\x00")
        for i in range(4):
            cid[9 + i] = serial >> 24 - 8 * i & 0xFF
        cid[15] = _crc7(cid) << 1 | 1
        self._register(cid)

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

    def _fetch(self, us):
        # The next data are there so many microseconds from now.
        us += self._world.us
        self._due_ms = max(self._world.ms + us // 1000, self._stall_until_ms)
        self._due_us = us % 1000

    def _load(self):
        world = self._world
        if world.ms < self._due_ms or (world.ms == self._due_ms and world.us < self._due_us):
            return
        if self._lba >= self._sectors:
            self._status |= _R2_OUT_OF_RANGE
            self._fail_read(0x08)
        elif self._read_fails:
            self._read_fails -= 1
            self._fail_read(self._read_token)
        else:
            self._load_block()

    def _fail_read(self, token):
        self._say(token)
        self._ended = True

    def _load_block(self):
        data = self._data
        self.store.readinto(self._lba, data)
        if self._flips and not self._flips_on_wire:
            data[100] ^= 0x10
        self._say_block(data)
        if self._flips:
            self._flips -= 1
            if self._flips_on_wire:
                self._out[101] ^= 0x10
        self.sectors_read += 1
        self._lba += 1
        self._ended = self._reading == _READ_ONE
        self._fetch(0)

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


def _crc7(frame):
    """Return the CRC-7 of all bytes of `frame` but the last, bit by bit."""
    crc = 0
    for i in range(len(frame) - 1):
        for bit in range(7, -1, -1):
            out = crc >> 6 ^ frame[i] >> bit & 1
            crc = crc << 1 & 0x7F ^ (0x09 if out else 0)
    return crc


def _csd(kind, sectors, large):
    """Return the CSD register (5.3) of a card of so many sectors, but its last two bytes."""
    if kind == "high":
        csd = bytearray(b"\x40\x0e\x00\x32\x5b\x59\x00\x00\x00\x00\x7f\x80\x0a\x40\x00\x00")
        size = (sectors >> 10) - 1
        csd[7], csd[8], csd[9] = size >> 16 & 0x3F, size >> 8 & 0xFF, size & 0xFF
    else:
        # The multiplier is the smallest with which the size has 12 bits.
        csd = bytearray(b"\x00\x26\x00\x32\x5b\x59\x80\x00\x00\x00\x7f\x80\x0a\x40\x00\x00")
        csd[5] += large
        sectors >>= large
        factor = 0
        while sectors >> factor + 2 > 4096:
            factor += 1
        if factor > 7 or sectors % (4 << factor):
            raise ValueError("sdcard: a standard card cannot have this size")
        size = (sectors >> factor + 2) - 1
        csd[6] |= size >> 10
        csd[7], csd[8] = size >> 2 & 0xFF, size << 6 & 0xC0
        csd[9] = factor >> 1
        csd[10] |= factor << 7 & 0x80
    return csd
