"""The front display on MicroPython: what is drawn arrives, and then nothing is allocated."""

import gc

from boards import m5stack_cores3 as board
from bodycam.face import Face
from drivers.ili9342c import ILI9342C
from tools.sim.chips.ili9342c import ILI9342CChip
from tools.sim.mcu import Mcu
from tools.sim.world import World


class Clock:
    def __init__(self, world):
        self.world = world

    def ticks_ms(self):
        return self.world.ms

    def diff(self, a, b):
        return a - b

    def sleep_ms(self, ms):
        self.world.sleep(ms)


class Wire:
    """Takes everything."""

    def __init__(self):
        self.count = 0

    def write(self, buf):
        self.count += 1


def nothing(level=0):
    pass


def settle(face, now_ms):
    while not face.step(now_ms):
        pass


def heap_of(act, times):
    act()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(times):
        act()
    used = gc.mem_alloc() - before
    gc.enable()
    return used


def pixel(chip, x, y):
    seen = chip.pixels()
    at = (y * 320 + x) * 2
    return seen[at] << 8 | seen[at + 1]


# What is drawn arrives.
world = World(board)
mcu = Mcu(world, board)
machine = mcu.machine
chip = ILI9342CChip(world, board, mcu.pad(35))
mcu.spi_bus(36, 37, 35).attach(chip, mcu.pad(3))
Pin = machine.Pin
spi = machine.SPI(1, 20_000_000, sck=Pin(36), mosi=Pin(37), miso=Pin(35))


def claim():
    machine.mem32[board.SHARED_DC["drive"]] = board.SHARED_DC["mask"]


def release():
    machine.mem32[board.SHARED_DC["release"]] = board.SHARED_DC["mask"]


cs = Pin(3, Pin.OUT, value=1)
display = ILI9342C(spi, cs, Pin(35), Clock(world), chip.backlight, chip.reset, claim, release)
display.setup()
face = Face(display)
face.show("recording", 0, 61_000)
settle(face, 0)
picture = memoryview(bytearray(b"\x12\x34" * 76800))
picture[(23 * 320 + 20) * 2] = 0x56
assert face.picture(picture)
assert pixel(chip, 299, 12) == 0x5634
assert pixel(chip, 20, 12) == 0x1234
assert pixel(chip, 2, 100) == pixel(chip, 317, 100) == pixel(chip, 160, 2) == 0xD083

# Nothing is allocated while a recording runs.
face = Face(ILI9342C(Wire(), nothing, nothing, Clock(world), nothing, nothing))
face.show("recording", 0, 0, None, False, "clock_unset", "63 %")
settle(face, 0)
settle(face, 2000)


class Recording:
    now_ms = 4000

    def second(self):
        self.now_ms += 1000
        face.show("recording", self.now_ms, self.now_ms, None, False, "clock_unset", "63 %")
        settle(face, self.now_ms)


recording = Recording()
for _ in range(12):
    recording.second()  # every digit was seen once
assert heap_of(recording.second, 20) == 0
assert heap_of(lambda: face.picture(picture), 20) == 0

print("ok")
