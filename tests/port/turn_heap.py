# on: unix
"""A turn of the run loop takes nothing from the heap, and nor do the driver calls on its path, not
even for a moment.
"""

import gc

import micropython

from boards import m5stack_cores3 as board
from bodycam.clock import Clock
from bodycam.controls import Controls
from bodycam.loop import Loop
from bodycam.power import Power
from bodycam.profile import make
from bodycam.savings import table_ua
from bodycam.signals import Signals
from bodycam.stages import RECORDING, Stages
from drivers.aw9523b import AW9523B
from drivers.axp2101 import AXP2101
from drivers.crc16_viper import crc16
from drivers.gc0308 import GC0308
from drivers.sdcardspi import SDCardSPI
from tools.sim import host_micropython as host
from tools.sim.chips.aw9523b import AW9523BChip
from tools.sim.chips.axp2101 import AXP2101Chip
from tools.sim.chips.sdcard import SDCardChip
from tools.sim.mcu import Mcu
from tools.sim.runner import Time
from tools.sim.world import World

BLOCK_BYTES = 16_384
SETTINGS = {"backlight_pct": 80, "mirror_fps": 5, "slow_clock": False}


def taken_bytes(act, times):
    """Return what the heap gave out meanwhile, also what it got back at once."""
    act(times)
    gc.collect()
    before = micropython.mem_total()
    act(times)
    return micropython.mem_total() - before


def nothing(*values):
    pass


world = World(board)
clock = Clock(Time(world, board.COSTS["call_us"]))
mcu = Mcu(world, board)
Pin, I2C, SPI = mcu.machine.Pin, mcu.machine.I2C, mcu.machine.SPI

# The run loop.


def idle(now):
    return 0


turns = Loop(clock, (idle, idle, idle), nothing)


def turn(times):
    for _ in range(times):
        turns.step()


assert taken_bytes(turn, 1000) == 0

# Power, button and expander, on simulated chips.
bus = mcu.i2c_bus(12, 11)
bus.attach(AXP2101Chip(world, board))
bus.attach(AW9523BChip(world, board))
i2c = I2C(0, scl=Pin(11), sda=Pin(12))
pmu, lines = AXP2101(i2c), AW9523B(i2c)


def poll(times):
    for _ in range(times):
        pmu.key_edges()
        pmu.percent()
        pmu.battery_mv()
        pmu.charging()
        pmu.vbus()
        lines.read(4)
        lines.write(8, 1)


assert taken_bytes(poll, 200) == 0

# A block for a simulated card.


class Memory:
    """A card's content that nobody reads again."""

    size_bytes = 1 << 30

    def readinto(self, lba, buf):
        pass

    def write(self, lba, buf):
        pass


card_chip = SDCardChip(world, board, Memory(), host.crc16)
wires = board.SPI
pins = (Pin(wires["sck"]), Pin(wires["mosi"]), Pin(wires["miso"]))
mcu.spi_bus(wires["sck"], wires["mosi"], wires["miso"]).attach(
    card_chip, mcu.pad(board.CARD["cs"])
)
spi = SPI(1, 400_000, sck=pins[0], mosi=pins[1], miso=pins[2])
cs = Pin(board.CARD["cs"], Pin.OUT, value=1)
card = SDCardSPI(spi, cs, clock, crc16, lambda hz: spi.init(baudrate=hz), 20_000_000)
card_chip.power(True)
card.init()
block = memoryview(bytearray(BLOCK_BYTES))
sector = bytearray(512)


def write(times):
    for i in range(times):
        card.begin(i * 32, block)
        while not card.step():
            clock.sleep_ms(1)


def read(times):
    for i in range(times):
        card.read(i, sector)


assert taken_bytes(write, 10) == 0
assert taken_bytes(read, 10) == 0
assert card_chip.sectors_written == 2 * 10 * 32

# A picture, as far as the module hands it over.
picture = memoryview(bytearray(16))


class Sensor:
    """The modules camera and jpeg, with one picture."""

    class PixelFormat:
        RGB565 = 0

    class FrameSize:
        QVGA = 0

    class GrabMode:
        LATEST = 0

    def Camera(self, **settings):
        return self

    def Encoder(self, *settings, quality):
        return self

    def frame_available(self):
        return True

    def capture(self):
        return picture

    def encode(self, picture):
        return b"jpeg"


sensor = Sensor()
eye = GC0308(sensor, sensor, i2c, board.CAMERA, clock, nothing, nothing, lambda: i2c)
eye.start()


def look(times):
    for _ in range(times):
        if eye.frame_ready():
            assert eye.encode(eye.capture()) == b"jpeg"


assert taken_bytes(look, 100) == 0

# The services that have a turn all day.


class Part:
    """Lamp, tone and motor."""

    def color(self, r, g, b):
        pass

    def tone(self, hz, ms):
        pass

    def sleep(self):
        pass

    def drive(self, pct):
        pass


profile, stages, part = make(), Stages(), Part()
signals = Signals(clock, profile, part, part, part)
controls = Controls(clock, stages, profile, nothing)
hooks = {"sample": lambda pct: None, "alarm": nothing, "empty": nothing, "lasts": nothing}
power = Power(pmu, pmu.vbus, clock, board.BATTERY, table_ua(board, SETTINGS), hooks)


def serve(times):
    for _ in range(times):
        now = clock.tick()
        signals.step(now)
        power.step(now)
        controls.step(now, False, False)
        clock.sleep_ms(100)


signals.stage(RECORDING)
signals.play("start")
assert taken_bytes(serve, 100) == 0

print("ok")
