"""X-Powers AXP2101 at register level: rails, gauge, charger status, power key.

Written from the register tables of datasheet revision 0.1 (2019-04-28), with the stricter limits
of 1.4; not from the driver. What is in EFUSE is unknown for the CoreS3: the datasheet's defaults.
"""

from tools.sim.chips.i2cchip import I2CChip, gauge_lies
from tools.sim.world import ChipError, PowerCut, Reset

# register: (reset value, writable bits, True when a system reset restores it, a power-on reset
# always does). Absent: unknown. No writable bits: read-only.
_TABLE = {
    0x00: (0x00, 0x00, False),
    0x01: (0x00, 0x00, False),
    0x03: (0x4A, 0x00, False),
    0x04: (0x00, 0xFF, False),
    0x05: (0x00, 0xFF, False),
    0x06: (0x00, 0xFF, False),
    0x07: (0x00, 0xFF, False),
    0x10: (0x30, 0x3F, False),
    0x12: (0x00, 0x0A, False),
    0x13: (0x03, 0x07, False),
    0x14: (0x60, 0x70, False),
    0x15: (0x06, 0x0F, False),
    0x16: (0x04, 0x07, False),
    0x17: (0x00, 0x0C, False),
    0x18: (0x0A, 0x0F, True),
    0x19: (0x06, 0x3F, False),
    0x1A: (0xA1, 0xFF, False),
    0x20: (0x00, 0x00, True),
    0x21: (0x00, 0x00, False),
    0x22: (0x06, 0x07, False),
    0x23: (0x3F, 0x3F, False),
    0x24: (0x00, 0x07, False),
    0x25: (0x18, 0x1F, False),
    0x26: (0x08, 0x1F, True),
    0x27: (0x15, 0x3F, False),
    0x30: (0x03, 0x3F, False),
    0x40: (0xFF, 0xFF, True),
    0x41: (0xFC, 0xFF, True),
    0x42: (0x5F, 0xFF, True),
    0x50: (0x02, 0x1F, False),
    0x58: (0x00, 0x01, False),
    0x61: (0x05, 0x0F, False),
    0x62: (0x10, 0x1F, False),
    0x63: (0x15, 0x1F, False),
    0x64: (0x03, 0x07, False),
    0x65: (0x02, 0x03, True),
    0x67: (0xE6, 0xF7, False),
    0x68: (0x01, 0x01, False),
    0x69: (0x01, 0x37, False),
    0x6A: (0x03, 0x07, False),
    0x80: (0x0F, 0x7F, True),
    0x81: (0x00, 0xFF, True),
    0x82: (0x12, 0x1F, True),
    0x83: (0x28, 0xFF, True),
    0x84: (0x28, 0xFF, True),
    0x85: (0x3C, 0x7F, True),
    0x86: (0x00, 0x3F, True),
    0x90: (0x45, 0xFF, True),
    0x91: (0x00, 0x01, True),
    0x92: (0x0D, 0x1F, True),
    0x93: (0x17, 0x1F, True),
    0x94: (0x1C, 0x1F, True),
    0x95: (0x18, 0x1F, True),
    0x96: (0x0D, 0x1F, True),
    0x97: (0x17, 0x1F, True),
    0x98: (0x08, 0x1F, True),
    0x99: (0x1C, 0x1F, True),
    0x9A: (0x0E, 0x1F, True),
    0xA1: (0x00, 0xFF, False),
    0xA2: (0x00, 0x31, False),
    0xA4: (0x00, 0x00, False),
}
_ADC = range(0x34, 0x40)
_STATUS = (0x48, 0x49, 0x4A)

# register: (mask, highest value) of fields whose higher values are reserved.
_HIGHEST = {
    0x16: (0x07, 5),
    0x61: (0x0F, 8),
    0x62: (0x1F, 0x10),
    0x63: (0x0F, 8),
    0x64: (0x07, 5),
    0x82: (0x1F, 0x13),
    0x92: (0x1F, 0x1E),
    0x93: (0x1F, 0x1E),
    0x94: (0x1F, 0x1E),
    0x95: (0x1F, 0x1E),
    0x96: (0x1F, 0x1E),
    0x97: (0x1F, 0x1E),
    0x98: (0x1F, 0x13),
    0x99: (0x1F, 0x1C),
    0x9A: (0x1F, 0x13),
}
# rail: (enable register, bit, voltage register, lowest mV, mV a step). DCDC1 feeds the processor.
_RAILS = {
    "DCDC1": (0x80, 0, 0x82, 1500, 100),
    "ALDO1": (0x90, 0, 0x92, 500, 100),
    "ALDO2": (0x90, 1, 0x93, 500, 100),
    "ALDO3": (0x90, 2, 0x94, 500, 100),
    "ALDO4": (0x90, 3, 0x95, 500, 100),
    "BLDO1": (0x90, 4, 0x96, 500, 100),
    "BLDO2": (0x90, 5, 0x97, 500, 100),
    "CPUSLDO": (0x90, 6, 0x98, 500, 50),
    "DLDO1": (0x90, 7, 0x99, 500, 100),
    "DLDO2": (0x91, 0, 0x9A, 500, 50),
}
_LONG_MS = (1000, 1500, 2000, 2500)
_OFF_MS = (4000, 6000, 8000, 10000)
_ON_MS = (128, 512, 1000, 2000)

_PRESSED, _RELEASED, _LONG, _SHORT = 0x02, 0x01, 0x04, 0x08
_BAT_OUT, _BAT_IN, _VBUS_OUT, _VBUS_IN = 0x10, 0x20, 0x40, 0x80


class AXP2101Chip(I2CChip):
    """One power manager in the world: it feels the key and the cable, and cuts the power.

    `on_rail(name, fn)`: `fn(mv)` is called at every change of a rail, and at once; 0 mV is off.
    `started`: called when the key has switched the board on, given by who assembles the board.
    Faults beside those of every chip: `lies_pct` (what the gauge says, whatever the battery has: a
    number, or several that it alternates between), `lies_mv`.
    """

    def __init__(self, world, board):
        super().__init__(world, board, board.I2C_CHIPS["AXP2101"])
        self.on = True
        self.battery = True
        self.lies_pct = None
        self.lies_mv = None
        self.started = None
        self._lied = 0
        self._regs = bytearray(256)
        self._irq = bytearray(3)
        self._listeners = {}
        self._rails_mv = {}
        self._pressed_ms = 0
        self._presses = 0
        self.restore()
        world.on("key", self._key)
        world.on("cable", self._cable)
        world.on("gauge", self._misread)

    def restore(self):
        """Do a power-on reset."""
        self.on = self.powered
        self._irq[:] = b"\0\0\0"
        self._reset(False)

    def _reset(self, system_only):
        for reg, (value, _, by_system) in _TABLE.items():
            if by_system or not system_only:
                self._regs[reg] = value
        self._irq[1] &= 0xF0  # the key's bits belong to the system (p. 35)
        self._switch_rails()

    # Rails

    def on_rail(self, name, fn):
        """Call `fn(mv)` now and whenever the rail changes; 0 is off."""
        self._listeners.setdefault(name, []).append(fn)
        fn(self._rails_mv[name])

    def _switch_rails(self):
        for name in _RAILS:
            mv = self._rail_mv(*_RAILS[name]) if self.on else 0
            if mv != self._rails_mv.get(name):
                self._rails_mv[name] = mv
                self._tell(name, mv)

    def _rail_mv(self, on_reg, bit, mv_reg, lowest_mv, step_mv):
        if not self._regs[on_reg] >> bit & 1:
            return 0
        return lowest_mv + (self._regs[mv_reg] & 0x1F) * step_mv

    def _tell(self, name, mv):
        for fn in self._listeners.get(name, ()):
            fn(mv)

    # On and off

    def _turn_off(self, source):
        self._regs[0x21] = source
        self.on = False
        self._switch_rails()
        raise PowerCut

    def _turn_on(self, source):
        self._reset_system(source)
        if self.started:
            self.started()

    def _reset_system(self, source):
        self.on = True
        self._reset(True)
        self._regs[0x20] = source

    def _restart(self, source):
        self._regs[0x21] = source
        self.on = False
        self._switch_rails()
        self._reset_system(0)
        raise Reset(1)

    # The world

    def _raise_irq(self, bit):
        # A status is set only while it is enabled (p. 19).
        self._irq[1] |= bit & self._regs[0x41]

    def _key(self, down):
        if not self.powered:
            return
        levels = self._regs[0x27]
        if down:
            self._presses += 1
            self._pressed_ms = self.world.ms
            if self.on:
                self._raise_irq(_PRESSED)
                self._later(_LONG_MS[levels >> 4 & 3], self._held_long)
                self._later(_OFF_MS[levels >> 2 & 3], self._held_off)
            else:
                self._later(_ON_MS[levels & 3], self._held_on)
        elif self.on:
            self._raise_irq(_RELEASED)
            if self.world.ms - self._pressed_ms < _LONG_MS[levels >> 4 & 3]:
                self._raise_irq(_SHORT)

    def _later(self, ms, fn):
        self.world.at(self.world.ms + ms, self._still_held, self._presses, fn)

    def _still_held(self, press, fn):
        if self.powered and self.world.button and press == self._presses:
            fn()

    def _held_long(self):
        if self.on:
            self._raise_irq(_LONG)

    def _held_off(self):
        if self.on and self._regs[0x22] & 2:
            if self._regs[0x22] & 1:
                self._restart(0x01)
            self._turn_off(0x01)

    def _held_on(self):
        if not self.on:
            self._turn_on(0x01)

    def _cable(self, inserted):
        if self.powered:
            self._irq[1] &= ~(_VBUS_OUT if inserted else _VBUS_IN)
            self._raise_irq(_VBUS_IN if inserted else _VBUS_OUT)

    def insert_battery(self, inserted):
        """Put the battery in or take it out; only a cable keeps the board alive without one."""
        self.battery = inserted
        self._irq[1] &= ~(_BAT_OUT if inserted else _BAT_IN)
        self._raise_irq(_BAT_IN if inserted else _BAT_OUT)

    # Registers

    def get(self, reg):
        """Return the value read from a register."""
        if reg in _STATUS:
            return self._irq[reg - 0x48]
        if reg in _ADC:
            return self._measure(reg)
        if reg not in _TABLE:
            self.unknown(reg)
        if reg == 0x00:
            return (0x20 if self.world.cable else 0) | (0x08 if self.battery else 0)
        if reg == 0x01:
            return self._charge_status()
        if reg == 0xA4:
            return self._percent()
        return self._regs[reg]

    def _charge_status(self):
        world = self.world
        if world.cable and self.battery and self._regs[0x18] & 2:
            if not world.charging():
                return 0x14  # system on, charge done
            return 0x32 if world.battery_pct() < 80 else 0x33  # constant current, then voltage
        return 0x15 if world.cable else 0x55

    def _misread(self, word):
        self.lies_pct = gauge_lies(word, self.world.battery_pct(), 0xFF)

    def _percent(self):
        lies = self.lies_pct
        if lies is None:
            return self.world.battery_pct() if self.battery else 0
        if isinstance(lies, int):
            return lies
        self._lied += 1
        return lies[self._lied % len(lies)]

    def _measure(self, reg):
        channel = (reg - 0x34) >> 1
        bit = (0, 1, 2, 3, 4, 5)[channel]
        if not self._regs[0x30] >> bit & 1:
            value = 0
        elif channel == 0:
            value = self._battery_mv()
        elif channel == 2:
            value = 5000 if self.world.cable else 0
        elif channel == 3:
            value = 4800 if self.world.cable else self._battery_mv()
        elif channel == 4:
            value = 7274 - (self.world.temperature_c10 - 220) * 2
        else:
            value = 1000  # 10 kOhm at 25 degrees
        # The two highest bits of the battery's high byte are not voltage (p. 31).
        return value & 0xFF if reg & 1 else value >> 8 | (0xC0 if reg == 0x34 else 0)

    def _battery_mv(self):
        if self.lies_mv is not None:
            return self.lies_mv
        if not self.battery:
            return 0
        return self.world.energy.mv()

    def put(self, reg, value):
        """Write a register."""
        if reg in _STATUS:
            self._irq[reg - 0x48] &= ~value
            return
        if reg not in _TABLE:
            self.unknown(reg)
        writable = _TABLE[reg][1]
        if value & ~writable & 0xFF:
            raise ChipError("AXP2101: 0x%02x sets reserved bits of 0x%02x" % (value, reg))
        if reg in _HIGHEST:
            mask, highest = _HIGHEST[reg]
            if value & mask > highest:
                self.unknown(value, "value in register 0x%02x:" % reg)
        if reg == 0x64 and not value & 7:
            raise ChipError("AXP2101: a battery charged to 5 V burns")
        if reg == 0x10:
            self._regs[reg] = value & ~0x03
            if value & 1:
                self._turn_off(0x02)
            if value & 2:
                self._restart(0x02)
            return
        if reg == 0x17 or reg == 0x19:
            value &= ~0x08  # clears itself
        self._regs[reg] = value
        if reg == 0x80 or 0x82 <= reg <= 0x9A:
            self._switch_rails()
