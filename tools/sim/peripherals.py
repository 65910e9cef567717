"""Classes of the simulated `machine` (see mcu.py): pins, ADC, PWM, I2S, watchdog, `mem32`."""

from tools.sim.wires import release
from tools.sim.world import ChipError, Reset

_EIO = 5


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
        release(self._outputs)


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
            raise Reset(self._mcu.machine.WDT_RESET)
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
