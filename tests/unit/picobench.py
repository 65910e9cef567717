"""A workbench: the Pico's simulated chips on their wires, and new buses."""

from boards import pico2w_arducam as board
from tests.unit import panel
from tools.sim.mcu import Mcu
from tools.sim.world import World


class PicoBench:
    """The board's wires; `spi` with camera, display and log, and `clock` for drivers."""

    def __init__(self):
        self.board = board
        self.world = World(board)
        self.mcu = Mcu(self.world, board)
        self.machine = machine = self.mcu.machine
        self.clock = panel.Clock(self.world)
        row, pin = board.SPI, machine.Pin
        wires = {name: pin(row[name]) for name in ("sck", "mosi", "miso")}
        self.spi = machine.SPI(row["id"], row["baudrate_hz"], **wires)
        self.spi_bus = self.mcu.spi_bus(row["sck"], row["mosi"], row["miso"])
        self.i2c_bus = self.mcu.i2c_bus(board.I2C["sda"], board.I2C["scl"])

    def attach(self, chip, cs):
        """Put a chip on the SPI; return its CS as a pin."""
        self.spi_bus.attach(chip, self.mcu.pad(cs))
        return self.machine.Pin(cs, self.machine.Pin.OUT, value=1)

    def i2c(self):
        """Return a new I2C object, as after boot."""
        row, pin = self.board.I2C, self.machine.Pin
        return self.machine.I2C(row["id"], scl=pin(row["scl"]), sda=pin(row["sda"]))
