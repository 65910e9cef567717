"""X-Powers AXP2101 power manager: rails, battery, cable and the power key, over I2C.

Source: AXP2101 datasheet revision 0.1 (X-Powers, 28 April 2019); "p. 33" below is a page of it.
Where revision 1.4 is stricter, its figure is used and named. Calls block for their I2C transfers
only: 0.2 ms each at 400 kHz.
"""

from micropython import const

_STATUS1 = const(0x00)  # p. 21; b5 VBUS good, b3 battery present
_STATUS2 = const(0x01)  # p. 21; b6:5 battery current: 01 charging
_CHIP_ID = const(0x03)  # p. 22; parts in use answer 0x4A (XPowersLib 0.3.3, M5Unified 0.2.14)
_COMMON = const(0x10)  # p. 22; POR 0x30; b0 power off
_OFF_BY = const(0x22)  # p. 26; b2 over-temperature, b1 key held, b0 that restarts instead
_KEY_TIMES = const(0x27)  # p. 28; b5:4 long, b3:2 off, b1:0 on
_ADC_ON = const(0x30)  # p. 30; b0 battery, b1 TS, b2 VBUS, b3 system, b4 die
_VBAT_H = const(0x34)  # p. 31; b5:0 high bits, read before the low byte (p. 18); 1 mV per LSB
_TDIE_H = const(0x3C)  # 22 C + (7274 - raw) / 20 (XPowersLib 0.3.3)
_IRQ_ON = const(0x40)  # p. 32; three bytes, bits as in _IRQ
_KEY_EDGES = const(0x03)  # of its second register: both edges of the power key
_IRQ = const(0x48)  # p. 34; three bytes; writing 1 clears
_KEY_IRQ = const(0x49)  # p. 34; b1 negative edge (pressed), b0 positive edge (released)
_RAIL_ON = const(0x90)  # p. 44
_PERCENT = const(0xA4)  # p. 47

_ID = const(0x4A)
_POR_COMMON = const(0x30)
# Held for 10 s it switches off whatever the firmware does; on after 512 ms; no long press.
_KEY_OFF_10S_ON_512MS = const(0x1D)
_OFF_BY_KEY_AND_HEAT = const(0x06)
_ADC_CHANNELS = const(0x1F)
_EDGES = const(0x03)
_RAIL_REGS = const(11)

# name: (enable register, its bit, voltage register, millivolt per step, highest step); lowest is
# 500 mV. p. 44 to 46; DLDO1 ends at 3.3 V in revision 1.4. For CPUSLDO and DLDO2 the page counts
# 20 steps to 1400 mV, which are 19.
_RAILS = {
    "ALDO1": (0x90, 0x01, 0x92, 100, 0x1E),
    "ALDO2": (0x90, 0x02, 0x93, 100, 0x1E),
    "ALDO3": (0x90, 0x04, 0x94, 100, 0x1E),
    "ALDO4": (0x90, 0x08, 0x95, 100, 0x1E),
    "BLDO1": (0x90, 0x10, 0x96, 100, 0x1E),
    "BLDO2": (0x90, 0x20, 0x97, 100, 0x1E),
    "CPUSLDO": (0x90, 0x40, 0x98, 50, 0x12),
    "DLDO1": (0x90, 0x80, 0x99, 100, 0x1C),
    "DLDO2": (0x91, 0x01, 0x9A, 50, 0x12),
}
_ON_REG = const(0)  # places in a row
_BIT = const(1)
_MV_REG = const(2)
_STEP_MV = const(3)
_HIGHEST = const(4)
# Edges read -> pressed is bit 0, released is bit 1: the register has them the other way round.
_PRESSED_RELEASED = b"\x00\x02\x01\x03"


class AXP2101:
    """One power manager on an I2C bus that someone else owns.

    `i2c` may be replaced at any time: the camera's driver forces the bus to be made anew.
    """

    def __init__(self, i2c, address: int = 0x34):
        """Prove that the chip is there; change nothing.

        Raises:
            OSError: nobody answers at `address`, or not this chip (ENODEV).
        """
        self.i2c = i2c
        self._address = address
        self._one = bytearray(1)
        self._two = bytearray(2)
        found = self._read(_CHIP_ID)
        if found != _ID:
            raise OSError(19, "axp2101: id 0x%02x at 0x%02x" % (found, address))

    def _read(self, reg):
        self.i2c.readfrom_mem_into(self._address, reg, self._one)
        return self._one[0]

    def _write(self, reg, value):
        self._one[0] = value
        self.i2c.writeto_mem(self._address, reg, self._one)

    def setup(self, rails_mv: dict, rails_on: tuple) -> None:
        """Configure the chip: rails, power key, measurements.

        `rails_mv` gives millivolts by rail name, None leaves the voltage as it is; `rails_on`
        names the rails to switch on, all others but DLDO2 are switched off.

        Raises:
            OSError: bus failure, or the registers do not hold what was written (EIO).
            ValueError: no such rail, or it cannot give that voltage.
        """
        self._write(_COMMON, _POR_COMMON)
        self._write(_OFF_BY, _OFF_BY_KEY_AND_HEAT)
        self._write(_KEY_TIMES, _KEY_OFF_10S_ON_512MS)
        self._write(_ADC_ON, _ADC_CHANNELS)
        # A status bit is only set while its enable bit is (p. 19), and edges are off by default.
        # Nothing else is enabled, so that the chip's interrupt line rests high.
        self.i2c.writeto_mem(self._address, _IRQ_ON, bytes((0, _KEY_EDGES, 0)))
        self.i2c.writeto_mem(self._address, _IRQ, b"\xff\xff\xff")
        for name, mv in rails_mv.items():
            if mv is not None:
                self.rail_mv(name, mv)
        on = 0
        for name in rails_on:
            rail = self._rail(name)
            if rail[_ON_REG] == _RAIL_ON:
                on |= rail[_BIT]
            else:
                self.rail(name, True)
        self._write(_RAIL_ON, on)
        self._check(rails_mv, on)

    def holds(self) -> bool:
        """Return whether the chip has kept what `setup` wrote; after a dip of its supply it has
        not, and its rails are as its maker set them.

        Raises:
            OSError: bus failure.
        """
        return self._read(_IRQ_ON + 1) == _KEY_EDGES

    def _check(self, rails_mv, on):
        held = bytearray(_RAIL_REGS)
        self.i2c.readfrom_mem_into(self._address, _RAIL_ON, held)
        good = held[0] == on and self._read(_KEY_TIMES) == _KEY_OFF_10S_ON_512MS
        for name, mv in rails_mv.items():
            rail = self._rail(name)
            steps = held[rail[_MV_REG] - _RAIL_ON] & 0x1F
            if mv is not None and 500 + steps * rail[_STEP_MV] != mv:
                good = False
        if not good:
            raise OSError(5, "axp2101: registers do not hold")

    def rail(self, name: str, on: bool) -> None:
        """Switch the rail `name` on or off.

        Raises:
            OSError: bus failure.
            ValueError: no such rail.
        """
        rail = self._rail(name)
        value = self._read(rail[_ON_REG])
        value = value | rail[_BIT] if on else value & ~rail[_BIT]
        self._write(rail[_ON_REG], value)

    def rail_mv(self, name: str, mv: int) -> None:
        """Set the voltage of the rail `name` in millivolts; whether it is on does not change.

        Raises:
            OSError: bus failure.
            ValueError: no such rail, or it cannot give exactly that voltage.
        """
        rail = self._rail(name)
        steps, rest = divmod(mv - 500, rail[_STEP_MV])
        if rest or not 0 <= steps <= rail[_HIGHEST]:
            raise ValueError("axp2101: %s cannot give %d mV" % (name, mv))
        self._write(rail[_MV_REG], steps)

    def _rail(self, name):
        if name not in _RAILS:
            raise ValueError("axp2101: no rail " + name)
        return _RAILS[name]

    def percent(self) -> "int | None":
        """Return the battery's charge in percent, None: no battery, or a gauge talking nonsense.

        Raises:
            OSError: bus failure.
        """
        if not self._read(_STATUS1) & 0x08:
            return None
        pct = self._read(_PERCENT)
        return pct if pct <= 100 else None

    def charge_pct100(self) -> "int | None":
        """Return the charge in hundredths of a percent, in the middle of the percent that the
        gauge shows; None as for `percent`.

        Raises:
            OSError: bus failure.
        """
        pct = self.percent()
        return None if pct is None else min(pct * 100 + 50, 10_000)

    def temperature_c10(self) -> int:
        """Return the chip's temperature in tenths of a degree Celsius, some above the battery's.

        Raises:
            OSError: bus failure.
        """
        self.i2c.readfrom_mem_into(self._address, _TDIE_H, self._two)
        return 220 + (7274 - ((self._two[0] & 0x3F) << 8 | self._two[1])) // 2

    def battery_mv(self) -> "int | None":
        """Return the battery's voltage in millivolts, or None with no battery.

        Raises:
            OSError: bus failure.
        """
        if not self._read(_STATUS1) & 0x08:
            return None
        self.i2c.readfrom_mem_into(self._address, _VBAT_H, self._two)
        return (self._two[0] & 0x3F) << 8 | self._two[1]

    def charging(self) -> bool:
        """Return True while current flows into the battery."""
        return self._read(_STATUS2) & 0x60 == 0x20

    def vbus(self) -> bool:
        """Return True while a cable supplies usable power."""
        return bool(self._read(_STATUS1) & 0x20)

    def key_edges(self) -> int:
        """Return what the power key did since the last call: bit 0 pressed, bit 1 released.

        With both set it was at least one press or the end of one and the next one's beginning.
        Call it every 50 ms while a gesture may be under way, or presses merge. Allocates nothing;
        writes only when a bit is set, and clears only the bits it read.

        Raises:
            OSError: bus failure.
        """
        self.i2c.readfrom_mem_into(self._address, _KEY_IRQ, self._one)
        edges = self._one[0] & _EDGES
        if edges:
            self._write(_KEY_IRQ, edges)
        return _PRESSED_RELEASED[edges]

    def power_off(self) -> None:
        """Switch everything off, this processor too; the power key or a cable starts it again."""
        self._write(_COMMON, _POR_COMMON | 0x01)

    def deinit(self) -> None:
        """Switch every rail of this driver off, and its interrupts. May be called twice."""
        self.i2c.writeto_mem(self._address, _IRQ_ON, b"\x00\x00\x00")
        self.i2c.writeto_mem(self._address, _RAIL_ON, b"\x00\x00")
