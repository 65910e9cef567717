"""Belling BM8563 and NXP PCF8563 clocks: the time of day, kept while the camera is off, over I2C.

Source: BM8563 datasheet (Shanghai Belling), "p. 8" below is a page of it; the PCF8563 has the same
registers and address. Calls block for their I2C transfers only: 0.4 ms at 400 kHz.
"""

from micropython import const

_CONTROL1 = const(0x00)  # p. 7; b7 TEST1, b5 STOP, b3 TESTC
_SECONDS = const(0x02)  # p. 8; b7 VL: the time is not to be trusted; b6:0 BCD

# What follows them (p. 6): minutes, hours, days, weekdays, months with b7 the century (M5Unified
# takes 1 for 19xx), years.

_TEST1_OR_STOP = const(0xA0)
# Which bits of registers 02 to 08 are the number; the others read as anything (p. 6).
_MASKS = b"\x7f\x7f\x3f\x3f\x07\x1f\xff"
_YEAR_2000_S = const(946_684_800)
_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


def _days_before(year, month):
    """Return the days from 2000-01-01 to the first of `month` (1 to 13) of 2000 + `year`."""
    leap = month > 2 and year % 4 == 0
    return year * 365 + (year + 3) // 4 + _DAYS_BEFORE[month - 1] + leap


class BM8563:
    """One clock chip on an I2C bus that someone else owns.

    `i2c` may be replaced at any time: the camera's driver forces the bus to be made anew.
    """

    def __init__(self, i2c, address: int = 0x51):
        """Prove that somebody answers; the chip has no identity to check.

        Raises:
            OSError: nobody answers at `address` (ENODEV).
        """
        self.i2c = i2c
        self._address = address
        self._regs = bytearray(9)
        self._time = memoryview(self._regs)[_SECONDS:]
        i2c.readfrom_mem_into(address, _CONTROL1, self._regs)

    def unix_s(self) -> "int | None":
        """Return seconds since 1970-01-01 UTC, or None: never set, power lost, halted, or no date.

        All registers come in one burst, during which the counters stand still (p. 6).

        Raises:
            OSError: bus failure.
        """
        self.i2c.readfrom_mem_into(self._address, _CONTROL1, self._regs)
        time = self._time
        if self._regs[0] & _TEST1_OR_STOP or time[0] & 0x80 or time[5] & 0x80:
            return None
        for i in range(7):
            bcd = time[i] & _MASKS[i]
            if bcd & 0x0F > 9 or bcd > 0x99:
                return None
            time[i] = (bcd >> 4) * 10 + (bcd & 0x0F)
        second, minute, hour, day, _, month, year = time
        if second > 59 or minute > 59 or hour > 23 or not 1 <= month <= 12:
            return None
        days = _days_before(year, month)
        if not 1 <= day <= _days_before(year, month + 1) - days:
            return None
        days += day - 1
        return _YEAR_2000_S + days * 86400 + hour * 3600 + minute * 60 + second

    def set_unix_s(self, unix_s: int) -> None:
        """Set the clock, to within a second, and declare its time good.

        Raises:
            OSError: bus failure.
            ValueError: not in the years 2000 to 2099, which are all the chip knows.
        """
        days, seconds = divmod(unix_s - _YEAR_2000_S, 86400)
        year = days * 4 // 1461
        if not 0 <= year <= 99:
            raise ValueError("bm8563: not in 2000..2099")
        month = 12
        while _days_before(year, month) > days:
            month -= 1
        day = days - _days_before(year, month) + 1
        regs = self._regs
        regs[0] = regs[1] = 0  # running, no test mode, no interrupts
        values = (
            seconds % 60,
            seconds // 60 % 60,
            seconds // 3600,
            day,
            (days + 6) % 7,  # 2000-01-01 was a Saturday, 0 is Sunday
            month,
            year,
        )
        for i in range(7):
            regs[_SECONDS + i] = values[i] // 10 << 4 | values[i] % 10
        self.i2c.writeto_mem(self._address, _CONTROL1, regs)

    def deinit(self) -> None:
        """Do nothing: the clock is meant to run on. May be called twice."""
