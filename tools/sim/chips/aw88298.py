"""Awinic AW88298 at register level: what the speaker would be heard to play.

Written from Awinic's list of registers, access rights and reset values for part 0x1852; not from
the driver.
"""

from tools.sim.chips.i2cchip import I2CChip
from tools.sim.world import ChipError

# register: (reset value, writable)
_TABLE = {
    0x00: (0x1852, True),  # reads the identity; 0x55AA resets
    0x01: (0x0000, False),
    0x02: (0x0000, False),
    0x03: (0xEFBF, True),
    0x04: (0x4003, True),
    0x05: (0x0038, True),
    0x06: (0x14E8, True),
    0x07: (0x0330, True),
    0x09: (0x0000, True),
    0x0A: (0x0000, True),
    0x0B: (0x0000, True),
    0x0C: (0x0064, True),
    0x10: (0x0000, False),
    0x12: (0x0000, False),
    0x13: (0x0019, False),
    0x14: (0x0000, False),
    0x60: (0x0000, True),
    0x61: (0x6673, True),
}
_RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 96000, 192000)
_NEVER = {0x04: 0x8004, 0x05: 0xFF00, 0x06: 0xC000}  # bits that have no meaning
_SOFT_RESET = 0x55AA
_POWER_DOWN, _STAGE_OFF, _I2S_ON, _MUTE, _RECEIVE = 0x01, 0x02, 0x40, 0x10, 0x1000


class AW88298Chip(I2CChip):
    """One amplifier; it answers while its rail is on and its reset line high.

    What it plays goes to `world.tones` as (t_ms, hz, ms), the frequency by counting periods. It is
    fed by `hear`, which is given to the microcontroller's I2S.
    Faults beside those of every chip: `clocked` False (the PLL finds no clock, nothing is heard).
    """

    def __init__(self, world, board, pmu, expander):
        super().__init__(world, board, board.I2C_CHIPS["AW88298"])
        self.clocked = True
        self._regs = {}
        self._rail = self._released = False
        self._end_ms = 0
        self._samples = self._periods = 0
        pmu.on_rail(board.TONE["rail"], self._supply)
        expander.on_output(board.TONE["reset"][1], self._reset)

    def _supply(self, mv):
        self._rail = mv > 0
        self._settle()

    def _reset(self, level):
        self._released = bool(level)
        self._settle()

    def _settle(self):
        self.powered = self._rail and self._released
        self.restore()

    def power(self, on):
        """Do nothing: rail and reset line are what counts."""

    def restore(self):
        """Reset."""
        for reg, (value, _) in _TABLE.items():
            self._regs[reg] = value
        self._fall_silent()

    def read(self, reg, buf):
        """Fill `buf` with registers of two bytes, high byte first."""
        self._check(reg, buf)
        for i in range(0, len(buf), 2):
            value = self._get(reg)
            buf[i] = value >> 8
            buf[i + 1] = value & 0xFF
            reg += 1

    def write(self, reg, data):
        """Write registers of two bytes, high byte first."""
        self._check(reg, data)
        for i in range(0, len(data), 2):
            value = data[i] << 8 | data[i + 1]
            self._put(reg, value)
            reg += 1

    def _check(self, reg, buf):
        if not len(buf) or len(buf) % 2:
            raise ChipError("AW88298: registers have two bytes")

    def _get(self, reg):
        if reg not in _TABLE:
            self.unknown(reg)
        if reg in self.stuck:
            return self.stuck[reg]
        if reg == 0x01:
            locked = self.clocked and not self._regs[0x04] & _POWER_DOWN
            return (0x0001 if locked else 0) | (0x0100 if self._playing() else 0)
        return self._regs[reg]

    def _put(self, reg, value):
        if reg not in _TABLE or not _TABLE[reg][1]:
            self.unknown(reg, "writable register")
        if reg == 0x00:
            if value != _SOFT_RESET:
                raise ChipError("AW88298: only 0x55aa may be written to 0x00")
            self.restore()
            return
        if value & _NEVER.get(reg, 0) or reg == 0x06 and self._no_i2s(value):
            raise ChipError("AW88298: 0x%04x is reserved in 0x%02x" % (value, reg))
        self._regs[reg] = value
        if not self._playing():
            self._fall_silent()

    def _fall_silent(self):
        # What the I2S still holds of the last tone is not heard.
        if self._samples:
            self._samples = 0
            start_ms, hz, ms = self.world.tones.pop()
            ms = min(ms, self.world.ms - start_ms)
            if ms > 0:
                self.world.tones.append((start_ms, hz, ms))

    def _no_i2s(self, value):
        rate, clocks, mode, channel = value & 15, value >> 4 & 3, value >> 8 & 3, value >> 10 & 3
        return rate >= len(_RATES_HZ) or clocks == 3 or mode == 3 or channel == 0

    def _playing(self):
        regs = self._regs
        return (
            self.powered
            and not self.absent
            and self.clocked
            and regs[0x04] & (_POWER_DOWN | _STAGE_OFF | _I2S_ON) == _I2S_ON
            and not regs[0x05] & _MUTE
            and bool(regs[0x06] & _RECEIVE)
        )

    def hear(self, buf, rate_hz, bits):
        """Take what the I2S sends, mono, and note the tone in it."""
        frame = bits // 8
        periods = 0
        if self._playing() and _RATES_HZ[self._regs[0x06] & 0x0F] == rate_hz:
            periods = _periods_in(buf, frame)
        self._take(len(buf) // frame, periods, rate_hz)

    def _take(self, samples, periods, rate_hz):
        start_ms = max(self._end_ms, self.world.ms)
        if start_ms > self._end_ms + 1 or not periods:
            self._samples = 0
        self._end_ms = start_ms + samples * 1000 // rate_hz
        if periods:
            self._note(start_ms, samples, periods, rate_hz)
            self.world.energy.spend("tone", samples * 1000 // rate_hz)

    def _note(self, start_ms, samples, periods, rate_hz):
        if self._samples and self._sounds_like(samples, periods * rate_hz // samples, rate_hz):
            start_ms = self.world.tones.pop()[0]
            samples += self._samples
            periods += self._periods
        self._samples, self._periods = samples, periods
        ms = samples * 1000 // rate_hz
        self.world.tones.append((start_ms, periods * rate_hz // samples, ms))

    def _sounds_like(self, samples, hz, rate_hz):
        last_hz = self.world.tones[-1][1]
        return abs(last_hz - hz) * samples <= rate_hz + hz * samples // 50


def _periods_in(buf, frame):
    # The sign is in the highest byte; a period begins where it turns positive.
    negative = True
    periods = 0
    i = frame - 1
    while i < len(buf):
        if buf[i] & 0x80:
            negative = True
        elif negative and (buf[i] or buf[i - 1]):
            negative = False
            periods += 1
        i += frame
    return periods
