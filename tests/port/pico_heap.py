# on: unix
"""What the Pico's drivers do all day takes nothing from the heap, but a view for each picture."""

import micropython

from drivers.arducammega import ArducamMega
from drivers.gpiobutton import GPIOButton
from drivers.max17048 import MAX17048

VIEW_BYTES = 32  # one object of four words: 16 bytes on the camera
N = 1000


class SPI:
    """A camera of which every register is ready, and every picture has 2000 bytes."""

    regs = {0x00: 0, 0x40: 0x82, 0x44: 0x06, 0x45: 0xD0, 0x46: 0x07, 0x47: 0}
    jpeg = b"\xff\xd8" + bytes(1996) + b"\xff\xd9"

    def write(self, buf):
        pass

    def write_readinto(self, tx, rx):
        rx[2] = self.regs[tx[0]]

    def readinto(self, buf):
        buf[:] = self.jpeg


class I2C:
    """A gauge that answers every register with its version."""

    def readfrom_mem_into(self, address, reg, buf):
        buf[0], buf[1] = 0x00, 0x12


class Clock:
    def ticks_ms(self):
        return 7

    def diff(self, a, b):
        return a - b

    def sleep_ms(self, ms):
        pass


class Pin:
    """A button that is pressed for every second look."""

    level = 1

    def __call__(self):
        self.level ^= 1
        return self.level


def cs(level):
    pass


def mask(state=0):
    return state


eye = ArducamMega(SPI(), cs, Clock(), (320, 240), 1, 12_000)
eye.start()
gauge = MAX17048(I2C())
button = GPIOButton(Pin(), Clock(), mask, mask)


def pictures():
    for _ in range(N):
        eye.frame_ready()
        eye.frame_ready()
        eye.encode(eye.capture())


def questions():
    for _ in range(N):
        gauge.percent()
        gauge.battery_mv()
        gauge.charging()
        gauge.rate_pct10_per_h()
        gauge.alert()


def interrupts():
    micropython.heap_lock()
    for _ in range(N):
        button.edge()
        button.key_edges()
        button.pending()
    micropython.heap_unlock()


def taken(act):
    act()
    before = micropython.mem_total()
    act()
    return micropython.mem_total() - before


assert taken(questions) == 0
assert taken(interrupts) == 0
assert taken(pictures) == N * VIEW_BYTES, taken(pictures) / N
print("ok")
