"""Maxim MAX17048 at register level, on the world's battery.

Written from the register list of datasheet 19-6171 revision 7; not from the driver. 16-bit
registers, high byte first, and a register's bytes only as a whole.
"""

from tools.sim.chips.i2cchip import I2CChip, gauge_lies
from tools.sim.world import ChipError

_FIRST_MS = 250  # until the first voltage
_VERSION = 0x0012
_WRITABLE = {0x0A: 0x8030, 0x0C: 0x971C, 0x14: 0x00FF, 0x18: 0x9600, 0x1A: 0x0100}
_ALRT = 0x0020


class MAX17048Chip(I2CChip):
    """One gauge. It is powered by the cell that it measures.

    Faults beside those of every chip: `lies_pct` and `lies_mv` (what it shows, whatever is true),
    and `lies_rate` (raw). A cell that was put in anew (`power`) is measured after 250 ms.
    """

    WIDTH = 2

    def __init__(self, world, board):
        super().__init__(world, board, board.I2C_CHIPS["MAX17048"])
        self.lies_pct = self.lies_mv = self.lies_rate = None
        self._lied = 0
        world.on("gauge", self._misread)
        self.restore()
        self._first_ms = 0  # the cell was in long before

    def restore(self):
        """Begin as with a new cell."""
        self._held = dict(_WRITABLE)
        self._first_ms = self.world.ms + _FIRST_MS

    def _pct(self):
        return self._soc() >> 8

    def _misread(self, word):
        self.lies_pct = gauge_lies(word, self.world.battery_pct(), 0xFF)

    def _soc(self):
        lies = self.lies_pct
        if lies is not None:
            self._lied += 1
            return (lies if isinstance(lies, int) else lies[self._lied % len(lies)]) << 8
        return self.world.energy.cell.ppm * 16 // 625  # 100 % in steps of 1/256

    def _vcell(self):
        if self.world.ms < self._first_ms:
            return 0
        mv = self.lies_mv
        if mv is None:
            mv = self.world.energy.mv()
        return mv * 64 // 5

    def _crate(self):
        if self.lies_rate is not None:
            return self.lies_rate & 0xFFFF
        energy = self.world.energy
        full_uah = energy.cell.full_uah
        return -energy.net_ua() * 100_000 // full_uah // 208 & 0xFFFF

    def word(self, reg):
        """Return a register's 16 bits."""
        if reg == 0x02:
            return self._vcell()
        if reg == 0x04:
            return self._soc() if self._vcell() else 0
        if reg == 0x06:
            return 0
        if reg == 0x08:
            return _VERSION
        if reg == 0x16:
            return self._crate()
        if reg == 0x0C and self._vcell() and self._pct() < 32 - (self._held[reg] & 0x1F):
            self._held[reg] |= _ALRT
        if reg not in self._held:
            self.unknown(reg)
        return self._held[reg]

    def get(self, reg):
        """Return one byte read."""
        word = self.word(reg & 0xFE)
        return word & 0xFF if reg & 1 else word >> 8

    def read(self, reg, buf):
        """Fill `buf` with whole registers from `reg` on."""
        if reg & 1 or len(buf) & 1:
            raise ChipError("MAX17048: half a register read at 0x%02x" % reg)
        super().read(reg, buf)

    def write(self, reg, data):
        """Write one whole register."""
        if len(data) != 2 or reg not in _WRITABLE:
            self.unknown(reg, "writable register of %d bytes:" % len(data))
        self._held[reg] = data[0] << 8 | data[1]
