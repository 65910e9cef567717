"""The simulated microcontroller: what this product uses of MicroPython's module `machine`.

Runs on all three interpreters. It is strict: an unknown name is an AttributeError, a wrong keyword
a TypeError. A bus finds its devices by the board's pins; on other pins nobody answers. Every call
costs virtual time: `call_us` of the board's COSTS, a bus its own entry and the time on the wire.
Time passes before the bytes do, so that a power cut during a transfer loses that transfer.
"""

from micropython import heap_lock, heap_unlock

from tools.sim.buses import I2C, SPI, SDCard
from tools.sim.peripherals import ADC, I2S, PWM, WDT, Mem32, Pin
from tools.sim.ports import PORTS, reaches
from tools.sim.wires import I2CBus, Pad, SPIBus
from tools.sim.world import ChipError, PowerCut, Reset

_LONG_US = 1_000_000  # no interrupt takes that long


class Mcu:
    """One microcontroller: pins, buses, and `machine`, the module that the firmware imports.

    `machine` stays the same object from boot to boot, as the firmware's imports do.
    """

    def __init__(self, world, board):
        self.world = world
        self.board = board
        self.port = PORTS[board.MPY_ARCH]
        self.pads = {}
        self.i2c_buses = {}
        self.spi_buses = {}
        self.i2s_sinks = {}
        self.i2s_sources = {}
        self.sd_slots = {}
        self.edge = False  # an interrupt since the light sleep began
        self.masked = 0  # interrupts wait
        self.waiting = None  # the one that does
        self.wake_pad = None  # which pad wakes it from deep sleep, while low
        self.asleep = False
        self.reset_cause = 1
        self.dog = None
        self.machine = Machine(self)

    def pad(self, number):
        """Return the pad of a GPIO."""
        if number not in self.pads:
            self.pads[number] = Pad(number)
        return self.pads[number]

    def i2c_bus(self, sda, scl):
        """Return the I2C bus on these pins; make it if need be."""
        return self.i2c_buses.setdefault((sda, scl), I2CBus())

    def spi_bus(self, sck, mosi, miso):
        """Return the SPI bus on these pins; make it if need be."""
        key = (sck, mosi, miso)
        if key not in self.spi_buses:
            self.spi_buses[key] = SPIBus(self.pad(miso))
        return self.spi_buses[key]

    def connect(self, function, id, **wires):
        """Give the outputs of a bus to its `function`, unless that is None; return their pads.

        Raises:
            ValueError: the port cannot lead this bus to such a pin.
        """
        for key, pin in wires.items():
            if pin and not reaches(self.port, key, id, pin._pad.number):
                raise ValueError("bad %s pin" % key.upper())
        pads = [pin._pad for pin in wires.values() if function]
        for pad in pads:
            pad.take("%s %d" % (function, id))
        return pads

    def attach_i2s(self, sck, ws, sd, sink):
        """Let `sink(buf, rate_hz, bits)` hear what an I2S on these pins sends."""
        self.i2s_sinks[(sck, ws, sd)] = sink

    def attach_i2s_source(self, sck, ws, sd, source):
        """Let an I2S on these pins hear `source(buf, at)`: it fills `buf` from byte `at` on."""
        self.i2s_sources[(sck, ws, sd)] = source

    def attach_sd(self, sck, cmd, data, slot):
        """Put a card slot on these pins of the SD controller."""
        self.sd_slots[(sck, cmd, tuple(data))] = slot

    def wake_on_ext0(self, pin, level):
        """Let a low level at `pin` end a deep sleep: the function of the module `esp32`."""
        if level:
            raise ChipError("esp32: only a low level wakes here")
        self.wake_pad = pin._pad

    def roused(self):
        """Return whether a pin ends a light sleep: by its level, or by an edge in it."""
        return self.edge or self.wake_pad is not None and not self.wake_pad.level

    def interrupt(self, handler, pin):
        """Call a hard interrupt's `handler(pin)`, or let it wait while they are masked."""
        self.edge = True
        if self.masked:
            self.waiting = (handler, pin)
            return
        # The heap is locked in it, and nothing else happens: its time passes afterwards.
        self.world.us -= _LONG_US
        heap_lock()
        try:
            handler(pin)
        finally:
            heap_unlock()
            self.world.us += _LONG_US

    def wake(self):
        """End a deep sleep, if the pad that wakes it is low; return whether it did."""
        if self.asleep and self.wake_pad and not self.wake_pad.level:
            self.asleep = False
            self.reset_cause = Machine.DEEPSLEEP_RESET
            return True
        return False

    def power(self, on):
        """Lose all state: it starts from its reset either way."""
        self.dog = None
        self.masked, self.waiting = 0, None
        self.machine.hz = self.port["boots_hz"]
        for bus in self.spi_buses.values():
            bus.active = None
        for pad in self.pads.values():
            watch, pad.watch = pad.watch, None
            pad.reset()
            pad.watch = None if pad.interrupts else watch
            pad.interrupts = False


class Machine:
    """The module `machine`."""

    PWRON_RESET = 1
    HARD_RESET = 2
    WDT_RESET = 3
    DEEPSLEEP_RESET = 4
    SOFT_RESET = 5

    def __init__(self, mcu):
        self._mcu = mcu
        self.hz = mcu.port["boots_hz"]
        bound = {"_mcu": mcu, "_us": mcu.board.COSTS["call_us"]}
        for made in (Pin, ADC, I2C, SPI, PWM, I2S, WDT) + (SDCard,) * mcu.port["whole"]:
            setattr(self, made.__name__, type(made.__name__, (made,), bound))
        self.mem32 = Mem32(mcu)

    def _charge(self):
        self._mcu.world.charge(self._mcu.board.COSTS["call_us"])

    def freq(self, hz=None):
        """Return or set the processor's frequency."""
        self._charge()
        if hz is None:
            return self.hz
        if hz not in self._mcu.port["rates_hz"]:
            raise ValueError("cannot change frequency to %d Hz" % hz)
        self.hz = hz
        self._mcu.world.energy.clock(hz < self._mcu.board.CPU_HZ)

    def unique_id(self):
        """Return 8 bytes that follow from the world's seed."""
        return b"BODY" + (self._mcu.world.seed & 0xFFFFFFFF).to_bytes(4, "big")

    def reset_cause(self):
        """Return why the processor started."""
        return self._mcu.reset_cause

    def reset(self):
        """Restart."""
        raise Reset(self.HARD_RESET)

    def soft_reset(self):
        """Restart the interpreter."""
        raise Reset(self.SOFT_RESET)

    def deepsleep(self):
        """Sleep until the pad that wakes it; then it starts anew."""
        if not self._mcu.port["whole"]:
            raise ChipError("machine: nothing but a reset would end this sleep")
        self._mcu.asleep = True
        raise PowerCut

    def lightsleep(self, ms):
        """Sleep for `ms` milliseconds, or until the pad that wakes it is low."""
        mcu, world = self._mcu, self._mcu.world
        self._charge()
        until_ms = world.ms + ms
        mcu.edge = False
        while world.ms < until_ms and not mcu.roused():
            wait_ms = min(until_ms, world.next_ms) - world.ms
            world.energy.slept_ms += wait_ms
            world.sleep(wait_ms)
        world.energy.wake()
        world.charge(mcu.board.COSTS["wake_us"])

    def disable_irq(self):
        """Let interrupts wait; return what `enable_irq` takes."""
        self._charge()
        state, self._mcu.masked = self._mcu.masked, 1
        return state

    def enable_irq(self, state):
        """Let interrupts happen again, unless they did not before; one may have waited."""
        self._charge()
        self._mcu.masked = state
        waiting = self._mcu.waiting
        if waiting and not state:
            self._mcu.waiting = None
            self._mcu.interrupt(*waiting)

    def bitstream(self, pin, encoding, timing, data):
        """Send `data` as pulses. `timing` in nanoseconds: (high 0, low 0, high 1, low 1)."""
        if encoding != 0 or len(timing) != 4:
            raise ValueError("encoding")
        self._charge()
        self._mcu.world.charge(len(data) * 8 * (timing[0] + timing[1]) // 1000)
        if pin._pad.bits and pin._pad.output:
            pin._pad.bits(timing, data)
