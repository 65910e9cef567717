# on: unix
"""What is called all day long takes nothing from the heap."""

import micropython

from drivers.aw9523b import AW9523B
from drivers.aw88298 import AW88298
from drivers.axp2101 import AXP2101
from drivers.pwmmotor import PWMMotor
from drivers.sk6812 import SK6812


class Bus:
    """Answers every register with one byte."""

    value = 0

    def readfrom_mem_into(self, address, reg, buf):
        for i in range(len(buf)):
            buf[i] = self.value

    def writeto_mem(self, address, reg, buf):
        pass

    def write(self, buf):
        return len(buf)

    def duty_u16(self, value):
        pass


def bitstream(pin, encoding, timing, data):
    pass


bus = Bus()
bus.value = 0x4A
pmu = AXP2101(bus)
bus.value = 0x23
lines = AW9523B(bus)
lamp = SK6812(None, bitstream, 3)
motor = PWMMotor(bus)


class Amplifier(Bus):
    """Says who it is, and that its clock is locked."""

    def readfrom_mem_into(self, address, reg, buf):
        buf[0], buf[1] = (0x18, 0x52) if reg == 0 else (0, 1)


amp = AW88298(Amplifier(), bus)
amp.setup()
amp.tone(880, 100)


def all_day():
    for i in range(1000):
        bus.value = i & 0xFF
        pmu.key_edges()
        pmu.percent()
        pmu.battery_mv()
        pmu.charging()
        pmu.vbus()
        lines.read(4)
        lines.write(8, i & 1)
        lamp.color(i & 0xFF, 0, 0)
        motor.drive(i % 101)
        amp.tone(880 if i & 1 else 1760, 100)


all_day()
before = micropython.mem_total()
all_day()
assert micropython.mem_total() == before, "taken, even if it was given back at once"
print("ok")
