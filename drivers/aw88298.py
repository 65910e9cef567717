"""Awinic AW88298: amplifier and speaker, configured over I2C, fed over I2S.

Sources: M5Unified 0.2.14 (values that work on this board); Awinic's register list of part 0x1852,
Linux driver aw882xx (meanings and reset values); the power-up order of datasheet V1.6, table 2, as
quoted by other firmware. The datasheet itself could not be looked up, so there are no pages.
Registers are 16 bits, big-endian.
"""

import math

from micropython import const

_ID = const(0x00)  # 0x1852; write 0x55AA resets
_SYSST = const(0x01)  # b8 switching, b0 PLL locked
_SYSCTRL = const(0x04)  # b14:12 gain 16, b6 I2S on, b1 amplifier off, b0 power down
_SYSCTRL2 = const(0x05)  # b5 DC cancelling, b4 mute, b3:0 boost peak current 3.5 A
_I2SCTRL = const(0x06)  # b12 receive, b11:10 left, b7:4 sample width and clocks, b3:0 rate
_HAGCCFG4 = const(0x0C)  # b15:12 minus 6 dB steps, b11:8 minus 0.5 dB steps, b7:0 hold time
_BSTCTRL2 = const(0x61)  # b14:12 000: no boost

_CHIP_ID = const(0x1852)
_RUN = const(0x4040)
_STAGE_OFF = const(0x4042)
_DOWN = const(0x4043)
_SOUND = const(0x0008)
_MUTE = const(0x0018)
_I2S = const(0x14C0)
_HOLD = const(0x0064)
_NO_BOOST = const(0x0673)

_RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_PEAK = const(20000)
_BLOCKS_PER_S = const(20)
_PLL_POLLS = const(40)  # 0.2 ms each: 8 ms


class AW88298:
    """One amplifier on an I2C bus and an I2S output that someone else owns.

    The I2S must exist, and so be clocking, before `tone` is called: the chip has no other clock.
    Its reset must be released and its rail on before construction. `i2c` may be replaced at any
    time: the camera's driver forces the bus to be made anew.
    """

    def __init__(self, i2c, i2s, address: int = 0x36, rate_hz: int = 8000):
        """Prove that the chip is there. The I2S sends 16-bit mono at `rate_hz`.

        Raises:
            OSError: nobody answers at `address`, or not this chip (ENODEV): MAX17048 gauges have
                the same address.
            ValueError: a rate the chip does not know.
        """
        self.i2c = i2c
        self._i2s = i2s
        self._address = address
        self._word = bytearray(2)
        if rate_hz not in _RATES_HZ:
            raise ValueError("aw88298: no rate %d Hz" % rate_hz)
        self._rate_hz = rate_hz
        self._block = bytearray(rate_hz // _BLOCKS_PER_S * 2)
        self._view = memoryview(self._block)
        self._periods = 0
        self._sine = [int(_PEAK * math.sin(i * math.pi / 32)) for i in range(64)]
        self._awake = False
        self._sysctrl2 = _SOUND
        found = self._read(_ID)
        if found != _CHIP_ID:
            raise OSError(19, "aw88298: id 0x%04x at 0x%02x" % (found, address))

    def _read(self, reg):
        self.i2c.readfrom_mem_into(self._address, reg, self._word)
        return self._word[0] << 8 | self._word[1]

    def _write(self, reg, value):
        self._word[0] = value >> 8
        self._word[1] = value & 0xFF
        self.i2c.writeto_mem(self._address, reg, self._word)

    def setup(self) -> None:
        """Configure the chip, full volume, and leave it powered down until the first tone.

        Raises:
            OSError: bus failure.
        """
        self.sleep()
        self._write(_BSTCTRL2, _NO_BOOST)
        self._write(_I2SCTRL, _I2S | _RATES_HZ.index(self._rate_hz))
        self.volume_pct(100)

    def volume_pct(self, v: int) -> None:
        """Set the volume in percent: 0 is silent, then 0.5 dB a percent, 100 is loudest.

        Raises:
            OSError: bus failure.
            ValueError: not in 0..100.
        """
        if not 0 <= v <= 100:
            raise ValueError("aw88298: 0..100")
        steps = 100 - v
        self._write(_HAGCCFG4, (steps // 12 << 4 | steps % 12) << 8 | _HOLD)
        self._sysctrl2 = _SOUND if v else _MUTE
        if self._awake:
            self._write(_SYSCTRL2, self._sysctrl2)

    def tone(self, hz: int, ms: int) -> None:
        """Begin a tone of `hz`, down to the next 20 Hz, for `ms` milliseconds.

        Returns once the rest fits into the I2S's buffer; `ms` bounds that. A new `hz` costs some
        8 ms to compute, the first tone after sleep up to 8 ms for the clock to lock. Allocates one
        view unless the tone is whole blocks of 50 ms.

        Raises:
            OSError: bus failure, or the chip finds no clock (ETIMEDOUT).
            ValueError: `hz` not from 20 to below half the rate.
        """
        periods = hz // _BLOCKS_PER_S
        if not 0 < periods * 2 * _BLOCKS_PER_S < self._rate_hz:
            raise ValueError("aw88298: no tone of %d Hz" % hz)
        if not self._awake:
            self._wake()
        if periods != self._periods:
            self._render(periods)
        # Whole periods only: a tone that ends at zero does not click.
        hz = periods * _BLOCKS_PER_S
        left = hz * ms // 1000 * self._rate_hz // hz * 2
        while left >= len(self._block):
            self._i2s.write(self._block)
            left -= len(self._block)
        if left:
            self._i2s.write(self._view[:left])

    def _render(self, periods):
        # A whole number of periods, so that the block can follow itself.
        block = self._block
        for at in range(0, len(block), 2):
            sample = self._sine[at * periods * 64 // len(block) & 63]
            block[at] = sample & 0xFF
            block[at + 1] = sample >> 8 & 0xFF
        self._periods = periods

    def _wake(self):
        self._write(_SYSCTRL, _STAGE_OFF)
        for _ in range(_PLL_POLLS):
            if self._read(_SYSST) & 1:
                break
        else:
            self._write(_SYSCTRL, _DOWN)
            raise OSError(110, "aw88298: no clock")
        self._write(_SYSCTRL, _RUN)
        self._write(_SYSCTRL2, self._sysctrl2)
        self._awake = True

    def sleep(self) -> None:
        """Mute and power down; the next tone wakes the chip. Cuts a running tone off.

        Raises:
            OSError: bus failure.
        """
        self._awake = False
        self._write(_SYSCTRL2, _MUTE)
        self._write(_SYSCTRL, _DOWN)

    def deinit(self) -> None:
        """Power down. May be called twice; the I2S stays with its owner."""
        self.sleep()
