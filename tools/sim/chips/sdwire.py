"""The wires of an SD card in SPI mode: bytes in and out, each way at once.

A whole data packet in one exchange and a run of clocks in one exchange take a short way; any other
grouping of the same bytes goes through the state machine and has the same effect. Within one
exchange no time passes. The hot functions have no more than 11 words of state (see README.md).
"""

from micropython import const

from tools.sim.chips.sdslot import SDSlot
from tools.sim.world import ChipError

_AWAY = const(0)  # states, as in sdslot.py
_NATIVE = const(1)
_READY = const(4)  # "transfer" in the specification
_RECEIVE = const(8)
_BLOCK = const(16)

_READ_ONE = const(1)

_SECTOR = const(512)
_BLOCK_BYTES = const(514)
_PACKET_BYTES = const(517)  # token, data, CRC, response, first busy byte
_SLOWEST_BYTE_US = const(20)  # at 400 kHz

_R2_OUT_OF_RANGE = const(0x80)


class SDWire(SDSlot):
    """A card at the level of bytes; `_execute` of a subclass takes a whole command."""

    def __init__(self, world, board, store, crc16, kind, serial):
        self._high = {}  # length: as many bytes FF, 00
        self._low = {}
        self._out = bytearray(24 + _BLOCK_BYTES)
        self._out_block = memoryview(self._out)[1 : 1 + _BLOCK_BYTES]
        self._block = bytearray(_BLOCK_BYTES)
        self._data = memoryview(self._block)[:_SECTOR]
        self._known = None  # the packet whose two views these are
        self._known_block = self._known_data = self._data
        self._frame = bytearray(6)
        self.sectors_read = self.ignored = self.paused = 0
        self.holds_miso = False
        self.eio = False
        super().__init__(world, board, store, crc16, kind, serial)

    def _reset(self, state):
        super()._reset(state)
        self._clocks = 0
        self._hurried = False
        self._got = self._frame_bytes = self._out_at = self._out_bytes = 0
        self._reading = 0
        self._many = self._gap = self._ended = False
        self._pending = False  # something is under way that needs the state machine
        self._stamp_us = self._now_us()

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

    def _end_write(self):
        self._state = _READY
        self._work(self._stop_us)

    # Reading

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
