"""Winbond W25Q on SPI at the level of commands: what NORChip keeps, with its protocol and time.

Written from W25Q128JV datasheet revision J, chapters 8 and 9.6; not from the driver. Programming
and erasing go on after CS rises, and a power cut meanwhile leaves part of it done. Runs on all
three interpreters.
"""

from tools.sim.chips.nor import NORChip
from tools.sim.world import ChipError

_PAGE_BYTES = 256
_SECTOR_BYTES = 4096
_WAKE_US = 3
# Command: its bytes before the data, and whether it may be sent to a busy chip.
_COMMANDS = {0x06: (1, 0), 0x05: (1, 1), 0x03: (4, 0), 0x02: (4, 0), 0x20: (4, 0), 0x9F: (1, 0)}
_SLEEP, _WAKE = 0xB9, 0xAB


class W25QChip(NORChip):
    """One chip, its size that of the board's LOG.

    Faults: `absent`, `stuck` (busy for ever once it programs or erases), `protected` (takes no
    write), and of NORChip `failing` (nothing is programmed or erased, and nothing says so) and
    `worn`. `maker` is the first byte of its identity.
    """

    def __init__(self, world, board, store=None):
        super().__init__(world, board, store)
        self.stuck = self.protected = False
        self.maker = 0xEF
        self._capacity = 0
        while 1 << self._capacity < self.size_bytes:
            self._capacity += 1
        self._costs_us = (board.COSTS["flash_program_us"], board.COSTS["flash_erase_us"])
        self._selected = False
        self.power(True)

    def _now_us(self):
        return self.world.ms * 1000 + self.world.us

    def power(self, on):
        """Switch the supply; what was being programmed or erased is left half done."""
        if getattr(self, "_job", None) and self._now_us() < self._ready_us:
            self._do(*self._job, cut=True)
        self._job = None
        self._ready_us = 0
        self._enabled = False
        self._asleep = False
        self.powered = on

    def selected(self, on):
        """Take an edge of CS; raised, it ends the command."""
        if on:
            self._selected = True
            self._sent = bytearray()
        elif self._selected:
            self._selected = False
            if self._sent and self._alive():
                self._finish(self._sent[0])

    def idle_clocks(self, n):
        """Hear nothing."""

    def _alive(self):
        return self.powered and not self.absent

    def exchange(self, tx, rx):
        """Take bytes, answer bytes."""
        first = len(self._sent)
        self._sent += bytes(tx)
        if rx is not None:
            rx[:] = b"\xff" * len(rx)
            if self._alive() and not self._asleep:
                self._settle()
                self._answer(first, rx)

    def _answer(self, first, rx):
        command = self._sent[0]
        head = _COMMANDS.get(command, (1, 0))[0]
        skip = max(0, head - first)  # bytes of `rx` that pass before data
        at = first + skip - head
        n = len(rx) - skip
        if command == 0x05:
            for i in range(n):
                rx[skip + i] = self._status()
        elif command == 0x9F and not self._job:
            data = bytes((self.maker, 0x40, self._capacity))
            for i in range(n):
                rx[skip + i] = data[(at + i) % 3]
        elif command == 0x03 and n > 0 and not self._job:
            offset = self._offset() + at
            if offset + n > self.size_bytes:
                raise ChipError("W25Q: read beyond the end")
            self.fetch(offset, memoryview(rx)[skip:])

    def _status(self):
        return (2 if self._enabled else 0) | (1 if self._job else 0)

    def _offset(self):
        return self._sent[1] << 16 | self._sent[2] << 8 | self._sent[3]

    def _settle(self):
        if self._job and not self.stuck and self._now_us() >= self._ready_us:
            job, self._job = self._job, None
            self._enabled = False
            self._do(*job)

    def _finish(self, command):
        n = len(self._sent)
        if command == _WAKE:
            self._asleep = False
            self._ready_us = self._now_us() + _WAKE_US
            return
        if self._asleep:
            return  # deaf
        self._settle()
        if command == _SLEEP and not self._job:
            self._asleep = True
            return
        if command not in _COMMANDS:
            raise ChipError("W25Q: no command 0x%02x" % command)
        head, at_any_time = _COMMANDS[command]
        if n < head:
            raise ChipError("W25Q: command 0x%02x cut short" % command)
        if not at_any_time and (self._job or self._now_us() < self._ready_us):
            raise ChipError("W25Q: command 0x%02x to a busy chip" % command)
        if command == 0x06:
            self._enabled = not self.protected
        elif command == 0x02:
            self._begin(n - 4, _PAGE_BYTES, 0)
        elif command == 0x20:
            self._begin(n - 4, 0, 1)

    def _begin(self, n, longest, kind):
        offset = self._offset()
        if not self._enabled:
            raise ChipError("W25Q: not enabled to write")
        if offset + n > self.size_bytes or kind and offset % _SECTOR_BYTES:
            raise ChipError("W25Q: no place 0x%x" % offset)
        if n > longest or not kind and (n == 0 or offset % _PAGE_BYTES + n > _PAGE_BYTES):
            raise ChipError("W25Q: a page's end is passed")
        self._job = (kind, offset, bytes(self._sent[4:]))
        self._ready_us = self._now_us() + self._costs_us[kind]

    def _do(self, kind, offset, data, cut=False):
        if self.failing:
            return
        n = _SECTOR_BYTES if kind else len(data)
        if cut:
            n = self._part(n)
        if kind:
            self.erases += 1
            self._set(offset // _SECTOR_BYTES, n)
            # What was not reached is neither what it was nor erased.
            for i in range(offset + n, offset + _SECTOR_BYTES):
                self._bytes[i] |= i * 37 & 0xFF
            self._keep(offset, _SECTOR_BYTES)
        else:
            self._clear(offset, data, 0, n)
