"""The simulated microcontroller: what this product uses of MicroPython's module `machine`.

Runs on all three interpreters. It is strict: an unknown name is an AttributeError, a wrong keyword
a TypeError. A bus finds its devices by the board's pins; on other pins nobody answers. Every call
costs virtual time: `call_us` of the board's COSTS, a bus its own entry and the time on the wire.
Time passes before the bytes do, so that a power cut during a transfer loses that transfer.
"""

from micropython import heap_lock, heap_unlock

from tools.sim.ports import PORTS, reaches
from tools.sim.world import ChipError, PowerCut, Reset

_FILL_BYTES = 1024
_LONG_US = 1_000_000  # no interrupt takes that long
_EIO = 5


class Pad:
    """One pin of the chip: its direction, and the level on the wire.

    `uv()`, when given, is the voltage that an ADC finds there.

    `level` is what any chip on the wire sees. Undriven, a wire is pulled up. `watch(level)`, when
    given, is called at each change of level; `pwm(duty_u16, freq_hz)` and `bits(timing, data)`
    when the pin sends such a signal.

    An output has one function of the processor, and nobody else drives its wire: on a device the
    last one set up would have it, and what is read would be what the stronger of two outputs
    wants. No firmware may let it come to that.
    """

    def __init__(self, number):
        self.number = number
        self.watch = None
        self.pwm = None
        self.bits = None
        self.uv = None
        self.interrupts = False  # `watch` is an interrupt's
        self.outside = 1
        self.reset()

    def reset(self):
        """Be an input, as after power-on."""
        self.output = False
        self.function = None
        self.latch = 0
        self.level = self.outside

    def take(self, function):
        """Give the output to one of the processor's functions.

        Raises:
            ChipError: another one has it.
        """
        if self.function not in (None, function):
            raise ChipError("pin %s is %s and %s" % (self.number, self.function, function))
        self.function = function

    def set(self, level):
        """Set the output latch."""
        self.latch = level
        if self.output and level != self.level:
            self.level = level
            if self.watch:
                self.watch(level)

    def direct(self, output):
        """Drive the wire with the latch's level, or let go of it."""
        self.output = output
        self._settle()

    def drive(self, level):
        """Let the world drive the wire; the pin reads it while it is an input."""
        if self.output:
            raise ChipError("pin %s: two outputs on one wire" % self.number)
        self.outside = level
        self._settle()

    def _settle(self):
        level = self.latch if self.output else self.outside
        if level != self.level:
            self.level = level
            if self.watch:
                self.watch(level)


def _release(pads):
    for pad in pads:
        pad.function = None


class I2CBus:
    """One pair of I2C wires: chips by address.

    A chip has `address`, `read(reg, buf)` and `write(reg, data)`, and the switches `absent` and
    `nack`: while one is set it does not answer. `stuck` is a bus whose data line is held low.
    """

    def __init__(self):
        self.chips = {}
        self.stuck = False
        self.masters = []

    def attach(self, chip):
        """Put a chip on the wires."""
        for switch in ("absent", "nack"):
            if not hasattr(chip, switch):
                setattr(chip, switch, False)
        self.chips[chip.address] = chip

    def take_over(self):
        """Let something else own the wires: every `machine.I2C` made so far is cut off."""
        for master in self.masters:
            master.chips = {}
        self.masters = []


class SPIBus:
    """One set of SPI wires and the devices on it.

    A device has `selected(bool)`, `exchange(tx, rx)` and `idle_clocks(n)`. `exchange` gets the
    bytes of `tx` and writes its own to `rx`, of the same length, None, or the very same object.
    """

    def __init__(self, miso):
        self.miso = miso
        self.stuck = None  # the level at which something holds the wire of the answers
        self.devices = []
        self.active = None

    def attach(self, device, cs):
        """Put a device on the wires, selected by pad `cs` (low)."""
        self.devices.append(device)
        cs.watch = lambda level: self._select(device, level)

    def _select(self, device, level):
        if level:
            if self.active is device:
                self.active = None
        elif self.active is None:
            self.active = device
        else:
            raise ChipError("two devices selected on one bus")
        device.selected(not level)

    def idle(self, n):
        """Clock `n` bytes while nobody is selected."""
        for device in self.devices:
            device.idle_clocks(n)


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


class Pin:
    """machine.Pin."""

    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_UP = 2
    PULL_DOWN = 1

    IRQ_FALLING = 4
    IRQ_RISING = 8

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        if isinstance(id, int) and id not in self._mcu.port["pins"]:
            raise ValueError("invalid pin")
        self._pad = self._mcu.pad(id)
        self._charge = self._mcu.world.charge
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=-1, *, value=None):
        """Set level, then direction."""
        if value is not None:
            self._pad.set(1 if value else 0)
        if mode != -1:
            if mode not in (self.IN, self.OUT, self.OPEN_DRAIN):
                raise ValueError("invalid pin mode")
            if mode != self.IN:
                self._pad.take("gpio")
            self._pad.direct(mode != self.IN)

    def value(self, level=None):
        """Return the level on the wire, or set the latch."""
        self._charge(self._us)
        if level is None:
            return self._pad.level
        self._pad.set(1 if level else 0)

    def __call__(self, level=None):  # not through value(): the chip selects are hot
        """Do what `value` does."""
        self._charge(self._us)
        if level is None:
            return self._pad.level
        self._pad.set(1 if level else 0)

    def irq(self, handler, trigger, *, hard):
        """Call `handler(pin)` at each edge; it ends a light sleep, too. rp2's hard one only."""
        self._charge(self._us)
        if self._mcu.port["whole"]:
            raise TypeError("extra keyword arguments given")  # esp32 knows soft ones only
        if not hard or trigger != self.IRQ_FALLING | self.IRQ_RISING:
            raise ValueError("only a hard interrupt at both edges")
        if self._pad.watch and not self._pad.interrupts:
            raise ValueError("only one handler")
        self._pad.watch = lambda level: self._mcu.interrupt(handler, self)
        self._pad.interrupts = True

    def on(self):
        """Set the latch to 1."""
        self.value(1)

    def off(self):
        """Set the latch to 0."""
        self.value(0)


class ADC:
    """machine.ADC."""

    ATTN_0DB = 0
    ATTN_11DB = 3

    def __init__(self, pin, *, atten=ATTN_0DB):
        if atten not in (self.ATTN_0DB, self.ATTN_11DB):
            raise ValueError("atten")
        self._pad = pin._pad
        if self._pad.number not in self._mcu.port["adc"]:
            raise ValueError("invalid pin")
        self._full_uv = 3_100_000 if atten else 950_000

    def read_uv(self):
        """Return the voltage in microvolt, as far as the range goes."""
        self._mcu.world.charge(self._us)
        if self._pad.output:
            raise ChipError("adc: the pin is an output")
        uv = self._pad.uv() if self._pad.uv else 3_300_000 * self._pad.level
        return min(uv, self._full_uv)


class SDCard:
    """machine.SDCard on the processor's own controller, as ports/esp32/machine_sdcard.c has it."""

    def __init__(self, slot=1, width=1, *, sck, cmd, data, freq=20_000_000):
        if slot not in (0, 1) or width != len(data) or width not in (1, 4):
            raise ValueError("slot, width")
        self._world = self._mcu.world
        self._slot = self._mcu.sd_slots.get((sck, cmd, tuple(data)))
        self._known = False

    def _know(self, again=False):
        if again or not self._known:
            self._known = self._slot is not None and self._slot.identify()
        return self._known

    def readblocks(self, block_num, buf):
        """Fill `buf`; return whether it did, None where there is no card."""
        self._world.charge(self._us)
        return self._slot.read(block_num, buf) if self._know() else None

    def writeblocks(self, block_num, buf):
        """Write whole sectors; return whether it did, None where there is no card."""
        self._world.charge(self._us)
        return self._slot.write(block_num, buf) if self._know() else None

    def ioctl(self, cmd, arg):
        """Answer a question; -1 is no answer."""
        self._world.charge(self._us)
        if cmd == 2:
            self._known = False
            return 0
        if cmd == 3:
            return 0
        if cmd not in (1, 4, 5) or not self._know():
            return -1
        return (0, None, None, self._slot.sectors, 512)[cmd - 1]

    def info(self):
        """Return (bytes, bytes of a sector)."""
        if not self._know():
            raise OSError(110, "ETIMEDOUT")
        return self._slot.sectors * 512, 512

    def deinit(self):
        """Let go of the controller."""
        self._slot = None
        self._known = False


class I2C:
    """machine.I2C."""

    def __init__(self, id, *, scl, sda, freq=400_000):
        costs = self._mcu.board.COSTS
        self._mcu.connect("i2c", id, sda=sda, scl=scl)
        self._bus = self._mcu.i2c_bus(sda._pad.number, scl._pad.number)
        self._bus.masters.append(self)
        self.chips = self._bus.chips
        self._byte_us = costs["i2c_byte_us"] * 400_000 // freq
        # Address, register, address again: three bytes beside the data.
        self._entry_us = costs["call_us"] + costs["i2c_call_us"] + 3 * self._byte_us
        self._charge = self._mcu.world.charge

    def _chip(self, address):
        chip = self.chips.get(address)
        if chip is None or chip.absent or chip.nack or self._bus.stuck:
            self._fail(address)
        return chip

    def _fail(self, address):
        if self._bus.stuck:
            raise OSError(_EIO, "i2c: bus stuck")
        raise OSError(self._mcu.port["nobody"], "i2c: no answer at 0x%02x" % address)

    def readfrom_mem_into(self, address, reg, buf):
        """Read `len(buf)` bytes from register `reg` on."""
        self._charge(self._entry_us + len(buf) * self._byte_us)
        chip = self.chips.get(address)
        if chip is None or chip.absent or chip.nack or self._bus.stuck:
            self._fail(address)
        chip.read(reg, buf)

    def readfrom_mem(self, address, reg, n):
        """Return `n` bytes from register `reg` on."""
        buf = bytearray(n)
        self.readfrom_mem_into(address, reg, buf)
        return bytes(buf)

    def writeto_mem(self, address, reg, buf):
        """Write bytes to register `reg` on."""
        self._charge(self._entry_us + len(buf) * self._byte_us)
        self._chip(address).write(reg, buf)

    def writeto(self, address, buf, stop=True):
        """Write bytes, the first of them a register's number; return how many were taken."""
        self._charge(self._entry_us + len(buf) * self._byte_us)
        self._chip(address).write(buf[0], buf[1:])
        return len(buf)

    def scan(self):
        """Return the addresses that answer."""
        self._charge(self._entry_us * 112)
        found = []
        for address in sorted(self.chips):
            try:
                self._chip(address)
                found.append(address)
            except OSError:
                pass
        return found


class SPI:
    """machine.SPI, mode 0, 8 bits."""

    def __init__(self, id, baudrate=1_000_000, *, polarity=0, phase=0, sck, mosi, miso):
        self._outputs = self._mcu.connect("spi", id, sck=sck, mosi=mosi)
        self._mcu.connect(None, id, miso=miso)
        # Without MISO nobody is heard: the pad of no pin.
        self._miso = miso._pad if miso else self._mcu.pad(-1)
        self._bus = self._mcu.spi_bus(sck._pad.number, mosi._pad.number, self._miso.number)
        costs = self._mcu.board.COSTS
        self._entry_us = costs["call_us"] + costs["spi_call_us"]
        self._charge = self._mcu.world.charge
        self._fill = b""
        self._hz = 0
        self.init(baudrate, polarity, phase)

    def init(self, baudrate=None, polarity=0, phase=0):
        """Set the rate. Another rate routes the pins anew: MISO is an input again."""
        if polarity or phase:
            raise ValueError("mode 0 only")
        self._charge(self._entry_us)
        if baudrate and baudrate != self._hz:
            self._hz = baudrate
            self._byte_ns = 8_000_000 // (baudrate // 1000)
            self._miso.direct(False)

    def deinit(self):
        """Let go of the pins."""
        self._bus = SPIBus(self._miso)
        self._miso.direct(False)
        _release(self._outputs)

    def write(self, buf):
        """Send bytes."""
        self._charge(self._entry_us + (len(buf) * self._byte_ns + 999) // 1000)
        device = self._bus.active
        if device:
            device.exchange(buf, None)
        else:
            self._bus.idle(len(buf))

    def write_readinto(self, tx, rx):
        """Send `tx` and receive as much into `rx`, which may be the same buffer."""
        if len(tx) != len(rx):
            raise ValueError("buffers must be the same length")
        self._charge(self._entry_us + (len(tx) * self._byte_ns + 999) // 1000)
        device = self._bus.active
        if device:
            device.exchange(tx, rx)
            if self._miso.output:
                self._flood(rx, 255 * self._miso.level)
        else:
            self._bus.idle(len(tx))
            self._flood(rx, 255 * self._miso.level)
        if self._bus.stuck is not None:
            self._flood(rx, 255 * self._bus.stuck)

    def readinto(self, buf, write=0x00):
        """Receive into `buf` while sending the byte `write`."""
        if len(buf) == 1:
            buf[0] = write
        else:
            self._flood(buf, write)
        self.write_readinto(buf, buf)

    def read(self, n, write=0x00):
        """Return `n` bytes received while sending the byte `write`."""
        buf = bytearray(n)
        self.readinto(buf, write)
        return bytes(buf)

    def _flood(self, rx, value):
        fill, n = self._fill, min(len(rx), _FILL_BYTES)
        if len(fill) != n or fill[0] != value:
            fill = self._fill = bytes((value,)) * n
        if len(rx) == n:
            rx[:] = fill
        else:
            self._flood_long(memoryview(rx), fill)

    def _flood_long(self, rx, fill):
        for at in range(0, len(rx), _FILL_BYTES):
            part = rx[at : at + _FILL_BYTES]
            part[:] = fill if len(part) == _FILL_BYTES else bytes(fill[:1]) * len(part)


class PWM:
    """machine.PWM."""

    def __init__(self, pin, *, freq=5000, duty_u16=0):
        self._pad = pin._pad
        self._pad.take("pwm")
        self._freq_hz = freq
        self.duty_u16(duty_u16)

    def duty_u16(self, value=None):
        """Return or set the share of time the pin is high, of 65535."""
        self._mcu.world.charge(self._us)
        if value is None:
            return self._duty
        if not 0 <= value <= 65535:
            raise ValueError("duty_u16 must be from 0 to 65535")
        self._duty = value
        if self._pad.pwm:
            self._pad.pwm(value, self._freq_hz)

    def freq(self, hz=None):
        """Return or set the frequency."""
        self._mcu.world.charge(self._us)
        if hz is None:
            return self._freq_hz
        self._freq_hz = hz

    def deinit(self):
        """Stop."""
        self.duty_u16(0)


class I2S:
    """machine.I2S: it sends, or receives in the background.

    Receiving, it keeps `ibuf` bytes while nobody asks for them, and loses what is older.
    """

    TX = 1
    RX = 0
    MONO = 0
    STEREO = 1

    def __init__(self, id, *, sck, ws, sd, mode, bits, format, rate, ibuf):
        modes, formats = (self.TX, self.RX), (self.MONO, self.STEREO)
        if mode not in modes or bits not in (16, 32) or format not in formats:
            raise ValueError("mode")
        outputs = {"sck": sck, "ws": ws} | ({"sd": sd} if mode == self.TX else {})
        self._outputs = self._mcu.connect("i2s", id, **outputs)
        key = (sck._pad.number, ws._pad.number, sd._pad.number)
        self._sink = self._mcu.i2s_sinks.get(key)
        self._world = self._mcu.world
        self._ibuf = ibuf
        self._rate_hz = rate
        self._bits = bits
        self._bytes_per_s = rate * bits // 8 * (format + 1)
        self._empty_ms = 0
        self._source = self._mcu.i2s_sources.get(key)
        self._mode = mode
        self._begun_ms = self._world.ms
        self._taken = 0  # bytes of the stream that are read, or lost
        self._handler = self._wanted = None

    def irq(self, handler):
        """Let `handler(i2s)` be called when a buffer is full; `readinto` does not wait then."""
        self._handler = handler

    def readinto(self, buf):
        """Let `buf` be filled; return its length at once."""
        if self._bytes_per_s == 0:
            raise OSError(_EIO, "i2s: stopped")
        if self._mode != self.RX or not self._handler or self._wanted is not None:
            raise ChipError("i2s: only to receive, with a handler, one buffer at a time")
        self._world.charge(self._us)
        self._wanted = buf
        heard = (self._world.ms - self._begun_ms) * self._bytes_per_s // 1000
        self._taken = max(self._taken, heard - self._ibuf & ~1)
        ready_ms = (self._taken + len(buf)) * 1000 // self._bytes_per_s + 1
        self._world.at(max(self._begun_ms + ready_ms, self._world.ms), self._fill)
        return len(buf)

    def _fill(self):
        buf, self._wanted = self._wanted, None
        if self._bytes_per_s == 0 or buf is None or not self._source:
            return
        self._source(buf, self._taken)
        self._taken += len(buf)
        self._handler(self)

    def write(self, buf):
        """Send samples; return once the rest fits into the internal buffer, with their length."""
        if self._mode != self.TX:
            raise ChipError("i2s: it receives")
        if self._bytes_per_s == 0:
            raise OSError(_EIO, "i2s: stopped")
        self._world.charge(self._us)
        start_ms = max(self._empty_ms, self._world.ms)
        self._empty_ms = start_ms + len(buf) * 1000 // self._bytes_per_s
        if self._sink:
            self._sink(buf, self._rate_hz, self._bits)
        self._world.sleep_until(self._empty_ms - self._ibuf * 1000 // self._bytes_per_s)
        return len(buf)

    def deinit(self):
        """Stop."""
        self._bytes_per_s = 0
        _release(self._outputs)


class WDT:
    """machine.WDT."""

    def __init__(self, id=0, timeout=5000):
        if timeout > self._mcu.port["dog_ms"]:
            raise ValueError("timeout exceeds %d" % self._mcu.port["dog_ms"])
        self._timeout_ms = timeout
        self._fed_ms = self._mcu.world.ms
        self._mcu.dog = self
        self._look()

    def feed(self):
        """Say that all is well."""
        self._mcu.world.charge(self._us)
        self._fed_ms = self._mcu.world.ms

    def _look(self):
        world = self._mcu.world
        if self._mcu.dog is not self:
            return
        if world.ms - self._fed_ms >= self._timeout_ms > 0:
            self._mcu.dog = None
            raise Reset(Machine.WDT_RESET)
        world.at(self._fed_ms + self._timeout_ms, self._look)


class Mem32:
    """machine.mem32: only the two registers that turn the board's shared pin around."""

    def __init__(self, mcu):
        self._mcu = mcu

    def __setitem__(self, address, value):
        self._mcu.world.charge(self._mcu.board.COSTS["call_us"])
        shared = getattr(self._mcu.board, "SHARED_DC", None)
        if not shared or value != shared["mask"]:
            raise ChipError("mem32: not a bit of this board's shared pin")
        if address not in (shared["drive"], shared["release"]):
            raise ChipError("mem32: not a register of this board's shared pin")
        self._mcu.pad(self._mcu.board.DISPLAY["dc"]).direct(address == shared["drive"])
