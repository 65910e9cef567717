"""Every driver against its simulated chip: the same things happen on every interpreter."""

import json

from boards import m5stack_cores3 as board
from drivers.aw9523b import AW9523B
from drivers.aw88298 import AW88298
from drivers.axp2101 import AXP2101
from drivers.bm8563 import BM8563
from drivers.gc0308 import GC0308
from drivers.nor import PartitionNOR
from drivers.pwmmotor import PWMMotor
from drivers.sk6812 import SK6812
from tools.sim.chips import gc0308 as sensor
from tools.sim.chips.aw9523b import AW9523BChip
from tools.sim.chips.aw88298 import AW88298Chip
from tools.sim.chips.axp2101 import AXP2101Chip
from tools.sim.chips.bm8563 import BM8563Chip
from tools.sim.chips.motor import MotorChip
from tools.sim.chips.nor import ESP32Module, NORChip
from tools.sim.chips.sk6812 import SK6812Chip
from tools.sim.mcu import Mcu
from tools.sim.world import START_UNIX_S, ChipError, PowerCut, World

PICTURE_BYTES = 320 * 240 * 2


class Store:
    """A file in memory."""

    def __init__(self, data):
        self._data = memoryview(data)

    def read_at(self, offset, buf):
        memoryview(buf)[:] = self._data[offset : offset + len(buf)]

    def close(self):
        pass


class SignedStore(Store):
    """Fills the signed buffers of pictures, on CPython too."""

    def read_at(self, offset, buf):
        for i in range(0, len(buf), 2):
            buf[i], buf[i + 1] = offset // PICTURE_BYTES, 7


class Host:
    """A clip of two pictures, in memory."""

    def read_text(self, path):
        about = {"w": 320, "h": 240, "count": 2, "duration_ms": 400, "starts_ms": [0, 200]}
        about.update({"jpeg_offsets": [0, 3, 7], "jpeg_quality": 80})
        return json.dumps(about)

    def open_store(self, path, size_bytes=0, writable=True):
        return SignedStore(b"") if path.endswith(".rgb") else Store(b"onetwoo")


world = World(board)
mcu = Mcu(world, board)
machine = mcu.machine
Pin = machine.Pin
bus = mcu.i2c_bus(12, 11)


def i2c():
    return machine.I2C(0, scl=Pin(11), sda=Pin(12))


pmu_chip = AXP2101Chip(world, board)
line_chip = AW9523BChip(world, board)
rtc_chip = BM8563Chip(world, board)
amp_chip = AW88298Chip(world, board, pmu_chip, line_chip)
eye_chip = sensor.GC0308Chip(world, board, pmu_chip, line_chip)
for chip in (pmu_chip, line_chip, rtc_chip, amp_chip, eye_chip):
    bus.attach(chip)
SK6812Chip(world, board, mcu.pad(9), line_chip)
MotorChip(world, board, mcu.pad(17))
mcu.attach_i2s(34, 33, 13, amp_chip.hear)

# Expander and power manager, as at boot.
lines = AW9523B(i2c())
lines.setup((3, 4, 10, 11))
pmu = AXP2101(i2c())
pmu.setup(board.RAILS_MV, board.RAILS_AT_BOOT)
assert (pmu.percent(), pmu.battery_mv(), pmu.vbus(), pmu.charging()) == (100, 4200, False, False)
world.act("press")
assert pmu.key_edges() == 1
world.sleep(200)
assert (pmu.key_edges(), pmu.key_edges()) == (2, 0)
line_chip.drive(4, 0)
assert (lines.read(4), lines.read(3)) == (0, 1)

# The clock: its seconds do not fit into a small integer of the camera.
rtc = BM8563(i2c())
assert rtc.unix_s() == START_UNIX_S
for unix_s in (951_782_400, 1_780_293_600, 4_102_444_799):
    rtc.set_unix_s(unix_s)
    assert rtc.unix_s() == unix_s
world.act("clock", None)
assert rtc.unix_s() is None

# Tone, lamp, motor.
lines.write(2, 1)
sound = machine.I2S(
    1,
    sck=Pin(34),
    ws=Pin(33),
    sd=Pin(13),
    mode=machine.I2S.TX,
    bits=16,
    format=machine.I2S.MONO,
    rate=8000,
    ibuf=16000,
)
amp = AW88298(i2c(), sound)
amp.setup()
amp.tone(880, 600)
world.sleep(700)
amp.tone(2400, 40)
assert [tone[1:] for tone in world.tones] == [(880, 600), (2400, 40)], world.tones
amp.deinit()
lamp = SK6812(Pin(9, Pin.OUT), machine.bitstream, 3)
lines.write(1, 1)
lines.write(15, 1)
lamp.color(160, 0, 3)
assert world.lamp == (160, 0, 3)
motor = PWMMotor(machine.PWM(Pin(17), freq=1000, duty_u16=0))
motor.drive(100)
assert world.motor_pct == 100

# The camera takes the bus and gives it back.


class Clock:
    sleep_ms = world.sleep


def rebind():
    new = i2c()
    for driver in (lines, pmu, rtc, amp):
        driver.i2c = new
    return new


clip = sensor.Clip(Host(), "clip")
module = sensor.CameraModule(world, board, eye_chip, bus, clip)
eye = GC0308(
    module,
    sensor.JPEGModule(world, board, clip, module),
    i2c(),
    board.CAMERA,
    Clock,
    pmu.rail,
    lambda level: lines.write(8, level),
    rebind,
)
eye.start()
seen = {}
for _ in range(6):
    picture = eye.capture()
    assert len(picture) == PICTURE_BYTES
    seen[picture[0]] = eye.encode(picture)
assert seen == {0: b"one", 1: b"twoo"}, seen
assert pmu.vbus() is False
picture[0] = 9
try:
    eye.encode(picture)
    raise AssertionError("no such picture")
except OSError as error:
    assert error.args[0] == 5
eye.stop()
assert pmu.percent() is not None

# The log's flash.
flash = PartitionNOR(ESP32Module(NORChip(world, board)), "bodylog")
flash.program(4090, b"0123456789")
flash.program(4090, b"\x00")
data = bytearray(11)
flash.read(4089, data)
assert data == b"\xff\x00123456789"
flash.erase(0, 4096)
flash.read(4089, data)
assert data == b"\xff" * 7 + b"6789"

# Who breaks a chip's rules is told.
try:
    i2c().writeto_mem(0x34, 0x64, b"\x00")
    raise AssertionError("5 V into the battery")
except ChipError:
    pass
try:
    pmu.power_off()
    raise AssertionError("still there")
except PowerCut:
    pass

print("ok")
