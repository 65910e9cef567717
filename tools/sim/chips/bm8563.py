"""Belling BM8563 at register level: a clock that runs with the world's.

Written from the register tables of its datasheet; not from the driver. Bits that are not relevant
read as 1, so that a driver which does not mask them notices.
"""

from tools.sim.chips.i2cchip import I2CChip
from tools.sim.world import ChipError

# The bits that count in registers 00 to 0F. In 00 and 01 the others must be written 0.
_COUNT = b"\xa8\x1f\xff\x7f\x3f\x3f\x07\x9f\xff\xff\xbf\xbf\x87\x83\x83\xff"
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_EPOCH_S = 946_684_800  # 2000-01-01
_DAY_S = 86_400


def _bcd(value):
    return value // 10 << 4 | value % 10


def _month_days(year, month):
    return 29 if month == 2 and year % 4 == 0 else _MONTH_DAYS[month - 1]


class BM8563Chip(I2CChip):
    """One clock. It is right at first, as in a camera that was set up.

    `lose_time()` is an empty supply, and so is `power`: VL is set and the date is that of a new
    chip. `wrong_s`: how far it is ahead of the world.
    """

    def __init__(self, world, board):
        super().__init__(world, board, board.I2C_CHIPS["BM8563"])
        self.vl = False
        self.wrong_s = 0
        self.century = 0
        self._halted_s = None
        self._regs = bytearray(16)
        self._weekday_off = 0
        self._control()
        world.on("clock", self._set)

    def _control(self):
        self._regs[:] = b"\x08\0\0\0\0\0\0\0\0\x80\x80\x80\x80\x80\x03\0"

    def restore(self):
        """Forget everything."""
        self._control()
        self._halted_s = None
        self.lose_time()

    def lose_time(self):
        """Lose the time, as after an empty battery."""
        self.vl = True
        self._start(_EPOCH_S)

    def _set(self, unix_s):
        if unix_s is None:
            self.lose_time()
        else:
            self.vl = False
            self._start(unix_s)

    def _start(self, unix_s):
        self.wrong_s = unix_s - self.world.unix_s()
        if self._halted_s is not None:
            self._halted_s = unix_s

    def unix_s(self):
        """Return what the chip believes."""
        if self._halted_s is not None:
            return self._halted_s
        return self.world.unix_s() + self.wrong_s

    def _fields(self):
        days, second = divmod(self.unix_s() - _EPOCH_S, _DAY_S)
        year, month = 0, 1
        weekday = (days + 6 + self._weekday_off) % 7
        while days >= (366 if year % 4 == 0 else 365):
            days -= 366 if year % 4 == 0 else 365
            year += 1
        while days >= _month_days(year, month):
            days -= _month_days(year, month)
            month += 1
        return (
            _bcd(second % 60) | (0x80 if self.vl else 0),
            _bcd(second // 60 % 60),
            _bcd(second // 3600),
            _bcd(days + 1),
            weekday,
            _bcd(month) | self.century,
            _bcd(year % 100),
        )

    def read(self, reg, buf):
        """Fill `buf`; the counters stand still meanwhile."""
        self._regs[2:9] = bytes(self._fields())
        super().read(reg, buf)

    def get(self, reg):
        """Return the value read from a register."""
        if reg > 0x0F:
            self.unknown(reg)
        return self._regs[reg] | ~_COUNT[reg] & 0xFF

    def write(self, reg, data):
        """Write registers; the counters take their new values together."""
        self._regs[2:9] = bytes(self._fields())
        super().write(reg, data)
        if reg <= 8 and reg + len(data) > 2:
            self._take()
        if self._regs[0] & 0x20:
            if self._halted_s is None:
                self._halted_s = self.unix_s()
        elif self._halted_s is not None:
            unix_s, self._halted_s = self._halted_s, None
            self._start(unix_s)

    def put(self, reg, value):
        """Write a register."""
        if reg > 0x0F:
            self.unknown(reg)
        if reg < 2 and value & ~_COUNT[reg]:
            self.unknown(value, "value in register 0x%02x:" % reg)
        if reg == 1:
            value &= self._regs[1] | 0x13  # the flags can only be cleared
        self._regs[reg] = value & _COUNT[reg]

    def _number(self, reg, mask, lowest, highest):
        value = self._regs[reg] & mask
        number = (value >> 4) * 10 + (value & 0x0F)
        if value & 0x0F > 9 or not lowest <= number <= highest:
            raise ChipError("BM8563: 0x%02x is no value for register 0x%02x" % (value, reg))
        return number

    def _take(self):
        self.vl = bool(self._regs[2] & 0x80)
        self.century = self._regs[7] & 0x80
        year = self._number(8, 0xFF, 0, 99)
        month = self._number(7, 0x1F, 1, 12)
        days = self._number(5, 0x3F, 1, _month_days(year, month)) - 1
        for earlier in range(1, month):
            days += _month_days(year, earlier)
        for earlier in range(year):
            days += 366 if earlier % 4 == 0 else 365
        self._weekday_off = (self._number(6, 0x07, 0, 6) - days - 6) % 7
        time_s = self._number(4, 0x3F, 0, 23) * 3600 + self._number(3, 0x7F, 0, 59) * 60
        self._start(_EPOCH_S + days * _DAY_S + time_s + self._number(2, 0x7F, 0, 59))
