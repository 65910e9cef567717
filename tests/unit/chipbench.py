"""A workbench: the reference board's simulated chips on their wires, and new I2C objects."""

import json

from boards import m5stack_cores3 as board
from tools.sim import host_cpython
from tools.sim.chips import gc0308 as sensor
from tools.sim.chips.aw9523b import AW9523BChip
from tools.sim.chips.aw88298 import AW88298Chip
from tools.sim.chips.axp2101 import AXP2101Chip
from tools.sim.chips.bm8563 import BM8563Chip
from tools.sim.chips.gc0308 import GC0308Chip
from tools.sim.mcu import Mcu
from tools.sim.world import World

SIZE_PX = (320, 240)
PICTURE_BYTES = SIZE_PX[0] * SIZE_PX[1] * 2


class Bench:
    """The board's chips, all powered."""

    def __init__(self):
        self.board = board
        self.world = World(board)
        self.mcu = Mcu(self.world, board)
        self.machine = self.mcu.machine
        self.bus = self.mcu.i2c_bus(board.I2C["sda"], board.I2C["scl"])
        self.pmu = self._put(AXP2101Chip(self.world, board))
        self.expander = self._put(AW9523BChip(self.world, board))
        self.rtc = self._put(BM8563Chip(self.world, board))
        self.amplifier = self._put(AW88298Chip(self.world, board, self.pmu, self.expander))
        self.sensor = self._put(GC0308Chip(self.world, board, self.pmu, self.expander))
        self.clock = Clock(self.world)

    def _put(self, chip):
        self.bus.attach(chip)
        return chip

    def pin(self, number, *args, **more):
        return self.machine.Pin(number, *args, **more)

    def i2c(self):
        """Return a new I2C object, as after boot."""
        wires = self.board.I2C
        return self.machine.I2C(0, scl=self.pin(wires["scl"]), sda=self.pin(wires["sda"]))

    def camera(self, folder):
        """Return the modules `camera` and `jpeg`, with the clip in `folder`."""
        clip = self.clip = sensor.Clip(host_cpython, str(folder))
        module = sensor.CameraModule(self.world, self.board, self.sensor, self.bus, clip)
        return module, sensor.JPEGModule(self.world, self.board, clip, module)


class Clock:
    """What a driver needs of the clock, in the world's time."""

    def __init__(self, world):
        self._world = world

    def sleep_ms(self, ms):
        self._world.sleep(ms)


class I2CSpy:
    """An I2C that counts what passes."""

    def __init__(self, i2c):
        self._i2c = i2c
        self.reads = []
        self.writes = []

    def readfrom_mem_into(self, address, reg, buf):
        self._i2c.readfrom_mem_into(address, reg, buf)
        self.reads.append((reg, bytes(buf)))

    def writeto_mem(self, address, reg, buf):
        self.writes.append((reg, bytes(buf)))
        self._i2c.writeto_mem(address, reg, buf)


def picture(i, size_px=SIZE_PX):
    """Return picture `i` of the test's clip."""
    return bytes((i * 50 + 3, 255 - i)) * (size_px[0] * size_px[1])


def jpeg(i, n=2000):
    """Return what stands for its JPEG."""
    return b"\xff\xd8" + bytes((i,)) * (n + i) + b"\xff\xd9"


def make_clip(folder, count=3, picture_ms=100, jpeg_bytes=2000, size_px=SIZE_PX, show_px=None):
    """Write a clip of plain pictures."""
    jpegs = [jpeg(i, jpeg_bytes) for i in range(count)]
    offsets = [0]
    for data in jpegs:
        offsets.append(offsets[-1] + len(data))
    about = {
        "w": size_px[0],
        "h": size_px[1],
        "show_px": show_px or size_px,
        "count": count,
        "duration_ms": count * picture_ms,
        "starts_ms": [i * picture_ms for i in range(count)],
        "jpeg_offsets": offsets,
        "jpeg_quality": board.CAMERA["jpeg_quality"],
    }
    (folder / "clip.json").write_text(json.dumps(about))
    (folder / "clip.rgb").write_bytes(
        b"".join(picture(i, show_px or size_px) for i in range(count))
    )
    (folder / "clip.jpg").write_bytes(b"".join(jpegs))
    return folder
