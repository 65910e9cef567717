"""The wires of a simulated board: pins of the chip, and the buses with what hangs on them."""

from tools.sim.world import ChipError


class Pad:
    """One pin of the chip: its direction, and the level on the wire.

    `uv()`, when given, is the voltage that an ADC finds there.

    `level` is what any chip on the wire sees. Undriven, a wire is pulled up. `watch(level)`, when
    given, is called at each change of level; `pwm(duty_u16, freq_hz)` and `bits(timing, data)`
    when the pin sends such a signal.

    An output has one function of the processor, and nobody else drives its wire: on a device the
    last one set up would have it, and what is read would be what the stronger of two outputs
    wants. No firmware may let it come to that.
    """

    def __init__(self, number):
        self.number = number
        self.watch = None
        self.pwm = None
        self.bits = None
        self.uv = None
        self.interrupts = False  # `watch` is an interrupt's
        self.outside = 1
        self.reset()

    def reset(self):
        """Be an input, as after power-on."""
        self.output = False
        self.function = None
        self.latch = 0
        self.level = self.outside

    def take(self, function):
        """Give the output to one of the processor's functions.

        Raises:
            ChipError: another one has it.
        """
        if self.function not in (None, function):
            raise ChipError("pin %s is %s and %s" % (self.number, self.function, function))
        self.function = function

    def set(self, level):
        """Set the output latch."""
        self.latch = level
        if self.output and level != self.level:
            self.level = level
            if self.watch:
                self.watch(level)

    def direct(self, output):
        """Drive the wire with the latch's level, or let go of it."""
        self.output = output
        self._settle()

    def drive(self, level):
        """Let the world drive the wire; the pin reads it while it is an input."""
        if self.output:
            raise ChipError("pin %s: two outputs on one wire" % self.number)
        self.outside = level
        self._settle()

    def _settle(self):
        level = self.latch if self.output else self.outside
        if level != self.level:
            self.level = level
            if self.watch:
                self.watch(level)


def release(pads):
    """Let other parts of the chip have `pads`."""
    for pad in pads:
        pad.function = None


class I2CBus:
    """One pair of I2C wires: chips by address.

    A chip has `address`, `read(reg, buf)` and `write(reg, data)`, and the switches `absent` and
    `nack`: while one is set it does not answer. `stuck` is a bus whose data line is held low.
    """

    def __init__(self):
        self.chips = {}
        self.stuck = False
        self.masters = []

    def attach(self, chip):
        """Put a chip on the wires."""
        for switch in ("absent", "nack"):
            if not hasattr(chip, switch):
                setattr(chip, switch, False)
        self.chips[chip.address] = chip

    def take_over(self):
        """Let something else own the wires: every `machine.I2C` made so far is cut off."""
        for master in self.masters:
            master.chips = {}
        self.masters = []


class SPIBus:
    """One set of SPI wires and the devices on it.

    A device has `selected(bool)`, `exchange(tx, rx)` and `idle_clocks(n)`. `exchange` gets the
    bytes of `tx` and writes its own to `rx`, of the same length, None, or the very same object.
    """

    def __init__(self, miso):
        self.miso = miso
        self.stuck = None  # the level at which something holds the wire of the answers
        self.devices = []
        self.active = None

    def attach(self, device, cs):
        """Put a device on the wires, selected by pad `cs` (low)."""
        self.devices.append(device)
        cs.watch = lambda level: self._select(device, level)

    def _select(self, device, level):
        if level:
            if self.active is device:
                self.active = None
        elif self.active is None:
            self.active = device
        else:
            raise ChipError("two devices selected on one bus")
        device.selected(not level)

    def idle(self, n):
        """Clock `n` bytes while nobody is selected."""
        for device in self.devices:
            device.idle_clocks(n)
