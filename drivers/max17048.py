"""Maxim MAX17048 fuel gauge: charge and voltage of one lithium cell, over I2C.

Source: MAX17048/MAX17049 datasheet 19-6171 revision 7 (November 2016), pages not seen; registers
as in Adafruit_MAX1704X, too. It lives on the cell that it measures: without a cell nobody answers.
Calls block for their I2C transfers only: 0.2 ms each at 400 kHz.
"""

from micropython import const

# 16 bits each, high byte first.
_VCELL = const(0x02)  # 78.125 uV per LSB; 0 until the first measurement; _SOC follows it
_SOC = const(0x04)  # 1/256 percent per LSB
_VERSION = const(0x08)  # 0x001x
_CONFIG = const(0x0C)  # high byte RCOMP; b7 sleep, b6 SOC alert, b5 ALRT, b4:0 32 - percent
_CRATE = const(0x16)  # signed, 0.208 percent per hour per LSB

_ALRT = const(0x20)
_CHARGING = const(5)  # of _CRATE: one percent per hour


class MAX17048:
    """One gauge on an I2C bus that someone else owns.

    `i2c` may be replaced at any time: a camera's driver may force the bus to be made anew.
    """

    def __init__(self, i2c, address: int = 0x36):
        """Prove that the chip is there; change nothing.

        Raises:
            OSError: nobody answers at `address` (ENODEV, on the port rp2 EIO), or not this chip
                (ENODEV).
        """
        self.i2c = i2c
        self._address = address
        self._two = bytearray(2)
        self._four = bytearray(4)
        found = self._word(_VERSION)
        if found & 0xFFF0 != 0x0010:
            raise OSError(19, "max17048: version 0x%04x at 0x%02x" % (found, address))

    def _word(self, reg):
        two = self._two
        self.i2c.readfrom_mem_into(self._address, reg, two)
        return two[0] << 8 | two[1]

    def setup(self, alert_pct: int) -> None:
        """Let `alert` tell when the charge falls below `alert_pct`, and forget an old alert.

        Raises:
            OSError: bus failure, or the register does not hold what was written (EIO).
            ValueError: not 1 to 32 percent.
        """
        if not 1 <= alert_pct <= 32:
            raise ValueError("max17048: alert at 1 to 32 percent")
        self._word(_CONFIG)
        two, low = self._two, 32 - alert_pct
        two[1] = low
        self.i2c.writeto_mem(self._address, _CONFIG, two)
        if self._word(_CONFIG) & 0x9F != low:
            raise OSError(5, "max17048: register does not hold")

    def alert(self) -> bool:
        """Return whether the charge fell below the alert's level since `setup`.

        Raises:
            OSError: bus failure.
        """
        return bool(self._word(_CONFIG) & _ALRT)

    def percent(self) -> "int | None":
        """Return the battery's charge in percent, 0 to 100; None: not known yet.

        Raises:
            OSError: bus failure, or no battery.
        """
        four = self._four
        self.i2c.readfrom_mem_into(self._address, _VCELL, four)
        if not (four[0] or four[1]):
            return None
        return min(four[2], 100)  # a full cell may read a little more

    def battery_mv(self) -> "int | None":
        """Return the battery's voltage in millivolts; None: not known yet.

        Raises:
            OSError: bus failure, or no battery.
        """
        return self._word(_VCELL) * 5 // 64 or None

    def rate_pct10_per_h(self) -> int:
        """Return how fast the charge changes, in tenths of a percent an hour; falling is negative.

        An average of some minutes; 0 until the gauge has one.

        Raises:
            OSError: bus failure.
        """
        raw = self._word(_CRATE)
        return (raw - (raw >> 15 << 16)) * 208 // 100

    def charging(self) -> bool:
        """Return True while the charge rises by at least a percent an hour.

        It follows the cable by some minutes. At rest it is False, and while the camera draws more
        than comes in.

        Raises:
            OSError: bus failure.
        """
        raw = self._word(_CRATE)
        return _CHARGING <= raw < 0x8000

    def deinit(self) -> None:
        """Do nothing: a gauge is meant to run on, for 3 to 23 uA. May be called twice."""
