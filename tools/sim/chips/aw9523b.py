"""Awinic AW9523B at register level: sixteen pins: inputs, outputs, or current sources for LEDs.

Written from the register list of datasheet V1.1.1; not from the driver. With both address pins low
the outputs start low.
"""

from tools.sim.chips.i2cchip import I2CChip

# register: (reset value, writable). 20 to 2F are the LED currents.
_TABLE = {
    0x00: (0x00, False),
    0x01: (0x00, False),
    0x02: (0x00, True),
    0x03: (0x00, True),
    0x04: (0x00, True),
    0x05: (0x00, True),
    0x06: (0x00, True),
    0x07: (0x00, True),
    0x10: (0x23, False),
    0x11: (0x00, True),
    0x12: (0xFF, True),
    0x13: (0xFF, True),
    0x7F: (0x00, True),
}


class AW9523BChip(I2CChip):
    """One expander in the world.

    `on_output(pin, fn)`: `fn(level)` is called at each change of what the pin drives, and at once.
    A pin that drives nothing (an input, a LED's, or an open-drain 1 of port 0) counts as 0:
    nothing on this board pulls it up. `drive(pin, level)` is the world on an input.
    """

    def __init__(self, world, board):
        super().__init__(world, board, board.I2C_CHIPS["AW9523B"])
        self._regs = bytearray(256)
        self._levels = bytearray(16)
        self._outside = bytearray(b"\1" * 16)
        self._listeners = {}
        self.restore()

    def restore(self):
        """Reset."""
        for reg, (value, _) in _TABLE.items():
            self._regs[reg] = value
        self._settle()

    def on_output(self, pin, fn):
        """Call `fn(level)` now and whenever the pin's output changes."""
        self._listeners.setdefault(pin, []).append(fn)
        fn(self._levels[pin])

    def drive(self, pin, level):
        """Let the world put `level` on the pin."""
        self._outside[pin] = level

    def _settle(self):
        driving = self._driving(0) | self._driving(1) << 8
        for pin in range(16):
            self._put_out(pin, driving >> pin & 1)

    def _driving(self, port):
        regs = self._regs
        if not self.powered or port == 0 and not regs[0x11] & 0x10:
            return 0
        return regs[0x02 + port] & ~regs[0x04 + port] & regs[0x12 + port]

    def _put_out(self, pin, level):
        if level != self._levels[pin]:
            self._levels[pin] = level
            for fn in self._listeners.get(pin, ()):
                fn(level)

    def get(self, reg):
        """Return the value read from a register."""
        if reg > 1:
            if reg not in _TABLE and not 0x20 <= reg <= 0x2F or reg == 0x7F:
                self.unknown(reg)
            return self._regs[reg]
        value = 0
        for pin in range(8):
            inputs = self._regs[0x04 + reg] >> pin & 1
            value |= (self._outside if inputs else self._levels)[reg * 8 + pin] << pin
        return value

    def put(self, reg, value):
        """Write a register."""
        if 0x20 <= reg <= 0x2F:
            self._regs[reg] = value
            return
        if reg not in _TABLE or not _TABLE[reg][1]:
            self.unknown(reg, "writable register")
        if reg == 0x11 and value & 0xEC or reg == 0x7F and value:
            self.unknown(value, "value in register 0x%02x:" % reg)
        if reg == 0x7F:
            self.restore()
            return
        self._regs[reg] = value
        self._settle()
