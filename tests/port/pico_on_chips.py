"""The Pico's drivers against their simulated chips: the same happens on every interpreter."""

from boards import pico2w_arducam as board
from drivers.arducammega import ArducamMega
from drivers.bm8563 import BM8563
from drivers.gpiobutton import GPIOButton
from drivers.max17048 import MAX17048
from drivers.w25q import W25Q
from tools.sim.chips.arducammega import ArducamMegaChip
from tools.sim.chips.bm8563 import BM8563Chip
from tools.sim.chips.gpiobutton import GPIOButtonChip
from tools.sim.chips.max17048 import MAX17048Chip
from tools.sim.chips.w25q import W25QChip
from tools.sim.mcu import Mcu
from tools.sim.world import START_UNIX_S, ChipError, World


class Clip:
    """Two pictures, a fifth of a second each."""

    jpegs = (b"\xff\xd8" + b"one" * 500 + b"\xff\xd9", b"\xff\xd8" + b"two" * 700 + b"\xff\xd9")

    def at(self, ms):
        return ms // 200 % 2

    def jpeg(self, i):
        return self.jpegs[i]

    def picture(self, i, buf):
        buf[0] = i


world = World(board)
mcu = Mcu(world, board)
Pin = mcu.machine.Pin
row = board.SPI
bus = mcu.spi_bus(row["sck"], row["mosi"], row["miso"])
wires = {name: Pin(row[name]) for name in ("sck", "mosi", "miso")}
spi = mcu.machine.SPI(row["id"], row["baudrate_hz"], **wires)


class Clock:
    sleep_ms = staticmethod(world.sleep)

    def ticks_ms():
        return world.ms

    def diff(a, b):
        return a - b


def select(chip, pin):
    bus.attach(chip, mcu.pad(pin))
    return Pin(pin, Pin.OUT, value=1)


# A press between two looks.
GPIOButtonChip(world, board, mcu.pad(3))
contact = Pin(3, Pin.IN, Pin.PULL_UP)
button = GPIOButton(contact, Clock, mcu.machine.disable_irq, mcu.machine.enable_irq)
contact.irq(button.edge, Pin.IRQ_FALLING | Pin.IRQ_RISING, hard=True)
world.act("hold", 30)
world.sleep(200)
assert button.key_edges() == 3 and button.key_edges() == 0

# Camera and log share their wires.
eye_chip = ArducamMegaChip(world, board, Clip())
eye_cs = select(eye_chip, board.CAMERA["cs"])
flash_chip = W25QChip(world, board)
flash = W25Q(spi, select(flash_chip, board.LOG["cs"]), Clock)
size_px, frame_bytes = board.CAMERA["size_px"], board.RECORD["frame_bytes_max"]
show_px = board.CAMERA["show_px"]
eye = ArducamMega(spi, eye_cs, Clock, size_px, board.CAMERA["quality"], frame_bytes, show_px)
eye.start()
seen = set()
for i in range(8):
    eye.frame_ready()
    flash.program(i * 100, bytes((i,)) * 100)
    world.sleep(120)
    assert eye.frame_ready()
    seen.add(bytes(eye.capture()))
assert seen == set(Clip.jpegs)
eye.start(False)
assert len(eye.capture()) == show_px[0] * show_px[1] * 2
eye.start(True)
data = bytearray(800)
flash.read(0, data)
assert data == b"".join(bytes((i,)) * 100 for i in range(8))
flash.erase(0, 4096)
flash.read(0, data)
assert data == b"\xff" * 800
eye_chip.cut_bytes = 1
try:
    eye.capture()
    raise AssertionError("no whole picture")
except OSError as error:
    assert error.args[0] == 5
eye.stop()
assert eye_chip.asleep

# Gauge and clock. The seconds do not fit into a small integer of the camera.
wires = mcu.i2c_bus(board.I2C["sda"], board.I2C["scl"])
gauge_chip = MAX17048Chip(world, board)
rtc_chip = BM8563Chip(world, board)
wires.attach(gauge_chip)
wires.attach(rtc_chip)
i2c = mcu.machine.I2C(0, scl=Pin(board.I2C["scl"]), sda=Pin(board.I2C["sda"]))
gauge = MAX17048(i2c)
world.act("battery", 100)
assert (gauge.percent(), gauge.charging()) == (100, False)
assert 4199 <= gauge.battery_mv() <= 4200
gauge_chip.lies_rate = -0x8000
assert gauge.rate_pct10_per_h() == -68158
gauge.setup(10)
world.act("battery", 9)
assert gauge.alert()
rtc = BM8563(i2c)
assert rtc.unix_s() == START_UNIX_S + world.ms // 1000
world.act("clock", None)
assert rtc.unix_s() is None

# Who breaks a chip's rules is told.
try:
    i2c.writeto_mem(0x36, 0x02, b"\x00\x00")
    raise AssertionError("a voltage cannot be written")
except ChipError:
    pass

print("ok")
