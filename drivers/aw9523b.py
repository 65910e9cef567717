"""Awinic AW9523B: sixteen more pins, over I2C.

Source: AW9523B datasheet V1.1.1 (Awinic, May 2016), register list; its page numbers could not be
looked up, registers are named as in the Linux driver pinctrl-aw9523.c. Calls block for their I2C
transfers only: 0.2 ms each at 400 kHz.
"""

from micropython import const

_INPUT = const(0x00)  # two ports; reading one clears its interrupt
_OUTPUT = const(0x02)
_CONFIG = const(0x04)  # 1 is input
_INT_OFF = const(0x06)  # 1 is disabled
_ID = const(0x10)
_GCR = const(0x11)  # b4: port 0 push-pull; port 1 always is
_MODE = const(0x12)  # 1 is GPIO, 0 is LED current source

_CHIP_ID = const(0x23)
_P0_PUSH_PULL = const(0x10)


class AW9523B:
    """One expander on an I2C bus that someone else owns. Pins 0 to 7 are P0_0 to P0_7, then P1.

    `i2c` may be replaced at any time: the camera's driver forces the bus to be made anew.
    """

    def __init__(self, i2c, address: int = 0x58):
        """Prove that the chip is there; change nothing.

        Raises:
            OSError: nobody answers at `address`, or not this chip (ENODEV).
        """
        self.i2c = i2c
        self._address = address
        self._one = bytearray(1)
        self._out = bytearray(2)
        i2c.readfrom_mem_into(address, _ID, self._one)
        if self._one[0] != _CHIP_ID:
            raise OSError(19, "aw9523b: id 0x%02x at 0x%02x" % (self._one[0], address))

    def setup(self, inputs: tuple) -> None:
        """Make the pins in `inputs` inputs and all others outputs at 0, strong both ways.

        Levels go in before directions, so that no output shows a level nobody asked for; before
        this call the levels follow from the address pins.

        Raises:
            OSError: bus failure.
        """
        config = bytearray(2)
        for pin in inputs:
            config[pin >> 3] |= 1 << (pin & 7)
        self._out[0] = self._out[1] = 0
        write = self.i2c.writeto_mem
        write(self._address, _OUTPUT, self._out)
        write(self._address, _INT_OFF, b"\xff\xff")
        write(self._address, _GCR, bytes((_P0_PUSH_PULL,)))
        write(self._address, _CONFIG, config)
        write(self._address, _MODE, b"\xff\xff")

    def write(self, pin: int, level: int) -> None:
        """Set output `pin` to `level`, 0 or 1.

        Raises:
            OSError: bus failure; the level is then unknown until the next call for this port.
        """
        port = pin >> 3
        bit = 1 << (pin & 7)
        self._out[port] = self._out[port] | bit if level else self._out[port] & ~bit
        self._one[0] = self._out[port]
        self.i2c.writeto_mem(self._address, _OUTPUT + port, self._one)

    def read(self, pin: int) -> int:
        """Return the level at `pin`, 0 or 1.

        Raises:
            OSError: bus failure.
        """
        self.i2c.readfrom_mem_into(self._address, _INPUT + (pin >> 3), self._one)
        return self._one[0] >> (pin & 7) & 1

    def deinit(self) -> None:
        """Set every output to 0: what hangs on them is off or in reset. May be called twice."""
        self._out[0] = self._out[1] = 0
        self.i2c.writeto_mem(self._address, _OUTPUT, self._out)
