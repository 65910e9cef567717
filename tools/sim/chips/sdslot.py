"""The slot of an SD card and the card in it: what hands and faults do to it, and what it keeps.

What it programs, for how long it is busy with that, and what is lost when the supply goes. How one
talks to it is in sdwire.py and sdcard.py; the numbers are sections of what the latter names.
"""

from micropython import const

_NEVER_MS = const(0x3FFFFFFF)

# States. Programming is not one: it is a time until which the card is busy.
_AWAY = const(0)  # no card, no supply, or dead
_NATIVE = const(1)  # powered, still on the SD bus
_RECEIVE = const(8)  # a write was begun: tokens come
_BLOCK = const(16)  # within a data block

_SECTOR = const(512)
_BLOCK_BYTES = const(514)

_R2_ERROR = const(0x04)  # second byte of R2 (7.3.2.3)
_R2_PROTECTED = const(0x20)
_R2_OUT_OF_RANGE = const(0x80)

CRC_ERROR = 0xEB  # data responses (7.3.3.1), the three upper bits as cards send them
WRITE_ERROR = 0xED
_ACCEPTED = const(0xE5)
ECC_FAILED = 0x04  # data error token (7.3.3.3)


class SDSlot:
    """A slot, and a card that takes sectors; its protocol is a subclass's. See SDCardChip."""

    def __init__(self, world, board, store, crc16, kind, serial):
        self._world = world
        self._crc16 = crc16
        self._kind = kind
        self._costs_us = (board.COSTS["card_sector_us"], board.COSTS["card_stop_us"])
        self._sector_us, self._stop_us = self._costs_us
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
        self.sectors_written = self.sectors_outside = self.refused = 0
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
        self._status = 0
        self._crc_on = self._refusing = False
        self._programming = -1
        self._begun = self._lba = 0
        self._end_ms = self._end_us = 0

    def _large(self):
        # A standard card of more than 1 GiB starts with blocks of 1024 bytes (5.3.2, READ_BL_LEN).
        return self._kind != "high" and self._sectors > 1 << 21

    def _guard(self):
        # One comparison on the way of every sector tells whether there is anything to look at.
        sound = not (self._dead or self._readonly or self._rejects)
        self._limit = self._sectors if sound else 0

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
