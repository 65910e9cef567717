"""The buses of the simulated `machine` (see mcu.py): I2C, SPI and SDCard."""

from tools.sim.wires import SPIBus, release

_FILL_BYTES = 1024
_EIO = 5


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
        release(self._outputs)

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
