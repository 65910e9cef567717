"""The parts of the board without a power manager: the same on every interpreter, and what is
called all day long takes nothing from the heap.
"""

import gc

import micropython

from boards import esp32_s3_eye as board
from bodycam.clock import Clock
from bodycam.ear import Ear
from drivers.adcladder import ADCLadder
from drivers.i2smicrophone import I2SMicrophone
from drivers.led import LED
from drivers.sdmmc import SDMMC
from tools.sim.chips.adcladder import ADCLadderChip
from tools.sim.chips.led import LEDChip
from tools.sim.chips.microphone import MicrophoneChip
from tools.sim.chips.sdmmc import SDMMCChip
from tools.sim.mcu import Mcu
from tools.sim.runner import Time
from tools.sim.world import World


class Memory:
    """A card's content."""

    size_bytes = 1 << 20
    last = None

    def readinto(self, lba, buf):
        buf[0] = lba & 255

    def write(self, lba, buf):
        self.last = lba


def taken_bytes(act):
    if not hasattr(micropython, "mem_total"):
        act()
        return 0
    act()
    gc.collect()
    before = micropython.mem_total()
    act()
    return micropython.mem_total() - before


world = World(board)
clock = Clock(Time(world, board.COSTS["call_us"]))
mcu = Mcu(world, board)
machine = mcu.machine
Pin = machine.Pin

# Buttons and light.
ADCLadderChip(world, board, mcu.pad(1))
LEDChip(world, board, mcu.pad(3))
ladder = ADCLadder(machine.ADC(Pin(1), atten=machine.ADC.ATTN_11DB), clock, 380)
led = LED(Pin(3, Pin.OUT))
seen = []


def watch(ms):
    while ms > 0:
        edges = ladder.key_edges()
        if edges:
            seen.append(edges)
        clock.sleep_ms(20)
        ms -= 20


watch(100)
world.act("press", 2)
watch(800)
assert seen == [1, 2, 1, 2], seen


class Pad:
    """What a driver calls, without the world."""

    def read_uv(self):
        return 3_100_000

    def __call__(self, level=None):
        return 1


quiet = (ADCLadder(Pad(), clock, 380), LED(Pad()))


def all_day():
    for i in range(500):
        quiet[0].key_edges()
        quiet[1].color(i & 1, 0, 0)


assert taken_bytes(all_day) == 0
led.color(1, 0, 0)
assert world.lamp == (0, 160, 0)

# The card, on a controller that takes nothing itself.
store = Memory()
chip = SDMMCChip(world, board, store)
mcu.attach_sd(39, 38, [40], chip)
chip.power(True)
card = SDMMC(machine.SDCard(slot=0, width=1, sck=39, cmd=38, data=[40]))
card.init()
block = memoryview(bytearray(32_768))
sector = bytearray(512)
card.write(64, block)
card.read(77, sector)
assert (chip.sectors_written, store.last, sector[0]) == (64, 127, 77)


class Controller:
    """machine.SDCard without a card."""

    def ioctl(self, cmd, arg):
        return (0, 0, 0, 2048, 512)[cmd - 1]

    def readblocks(self, lba, buf):
        return True

    writeblocks = readblocks


quick = SDMMC(Controller())
quick.init()


def write():
    for i in range(20):
        quick.begin(i * 64, block)
        while not quick.step():
            pass
        quick.read(i, sector)


assert taken_bytes(write) == 0

# The microphone and the ear.
mcu.attach_i2s_source(41, 42, 2, MicrophoneChip(world, board).speak)


def receive():
    wires = {"sck": Pin(41), "ws": Pin(42), "sd": Pin(2)}
    kind = {"mode": machine.I2S.RX, "bits": 16, "format": machine.I2S.MONO}
    return machine.I2S(0, rate=16_000, ibuf=16_000, **wires, **kind)


class Recorder:
    """Keeps the first sample of each piece."""

    def __init__(self):
        self.firsts = []

    def wants_frames(self):
        return True

    def sound(self, t_ms, data):
        self.firsts.append(data[0] | data[1] << 8)


recorder = Recorder()
ear = Ear(I2SMicrophone(receive), recorder, clock)
ear.listen(True)
end_ms = world.ms + 2000
while world.ms < end_ms:
    clock.sleep_ms(ear.step(clock.tick()))
assert recorder.firsts == [i * 320 for i in range(len(recorder.firsts))]
assert len(recorder.firsts) > 95


class Stream:
    """A machine.I2S whose buffers are full at once."""

    def irq(self, handler):
        self._handler = handler

    def readinto(self, buf):
        self._handler(self)


class Listener:
    def wants_frames(self):
        return True

    def sound(self, t_ms, data):
        pass


heard = Ear(I2SMicrophone(Stream), Listener(), clock)
heard.listen(True)


def hear():
    for _ in range(500):
        heard.step(0)


assert taken_bytes(hear) == 0
print("ok")
