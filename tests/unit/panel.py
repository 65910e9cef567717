"""A display of the reference board on its wires, and a driver to it."""

from boards import m5stack_cores3 as board
from drivers.ili9342c import ILI9342C
from tools.sim.chips.ili9342c import ILI9342CChip
from tools.sim.mcu import Mcu
from tools.sim.world import World

WIDTH, HEIGHT = 320, 240
PICTURE_BYTES = WIDTH * HEIGHT * 2


class Clock:
    """What the driver needs of the clock, in the world's time."""

    def __init__(self, world):
        self._world = world

    def ticks_ms(self):
        return self._world.ms

    @staticmethod
    def diff(a, b):
        return a - b

    def sleep_ms(self, ms):
        self._world.sleep(ms)


class Panel:
    """`chip` is the simulated one, `display` the driver, not set up."""

    def __init__(self):
        self.world = World(board)
        self.mcu = Mcu(self.world, board)
        self.machine = machine = self.mcu.machine
        row, shared = board.SPI, board.SHARED_DC
        self.dc, self.cs = self.mcu.pad(board.DISPLAY["dc"]), self.mcu.pad(board.DISPLAY["cs"])
        self.chip = ILI9342CChip(self.world, board, self.dc)
        self.mcu.spi_bus(row["sck"], row["mosi"], row["miso"]).attach(self.chip, self.cs)
        pin = machine.Pin
        self.spi = machine.SPI(
            row["id"],
            row["baudrate_hz"],
            sck=pin(row["sck"]),
            mosi=pin(row["mosi"]),
            miso=pin(row["miso"]),
        )
        self.cs_pin = pin(board.DISPLAY["cs"], pin.OUT, value=1)
        self.dc_pin = pin(board.DISPLAY["dc"])
        self.display = self.driver(self.spi)
        self._shared = shared

    def driver(self, spi):
        return ILI9342C(
            spi,
            self.cs_pin,
            self.dc_pin,
            Clock(self.world),
            self.chip.backlight,
            self.chip.reset,
            self.claim,
            self.release,
        )

    def claim(self):
        self.machine.mem32[self._shared["drive"]] = self._shared["mask"]

    def release(self):
        self.machine.mem32[self._shared["release"]] = self._shared["mask"]

    def idle(self):
        """Whether the bus is as every call must leave it."""
        return self.cs.level == 1 and not self.dc.output

    def lit(self):
        """Set the display up, wake it and switch the light on."""
        self.display.setup()
        self.display.wake()
        self.display.backlight(80)
        return self

    def pixel(self, x, y):
        """Return the pixel seen at column x from the left, row y from the top."""
        seen = self.chip.pixels()
        at = (y * WIDTH + x) * 2
        return seen[at] << 8 | seen[at + 1]

    # Past the driver

    def send(self, command, *data):
        """Send one command and its data, byte for byte."""
        self.claim()
        self.cs_pin(0)
        self.dc_pin(0)
        self.spi.write(bytes((command,)))
        self.dc_pin(1)
        for part in data:
            self.spi.write(bytes(part))
        self.cs_pin(1)
        self.release()
