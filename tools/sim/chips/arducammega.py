"""ArduCAM Mega at the level of its SPI registers: sensor, JPEG and the memory of one picture.

Written from the Mega SPI Camera Series Application Note (September 2023) and Arducam's SDK, not
from the driver. Strict beyond the note, as the SDK is: a millisecond after each write, settings
only while idle, one dummy byte in the first burst after a picture and none in those that follow.
Pictures are those of a prepared clip, at its own time base: JPEGs of one size, or RGB565 of the
size in which they are shown. Runs on all three interpreters.
"""

from micropython import const

from tools.sim.world import ChipError

_SETTINGS = (0x0A, 0x20, 0x21, 0x2A)
_SIZES = {(96, 96): 10, (128, 128): 11, (320, 240): 1, (320, 320): 12, (640, 480): 2}
_SIZE_AT_RESET = const(2)
_QUIET_US = const(1000)
_STORE_BYTES = const(65_536)  # more than a picture of any size here
_IDENTITY = (0x81, 0x82, 0x83, 0x84)
_NEWER = const(0x83)  # from here on the sensor sleeps while the bit is 0
_DATE = b"\x17\x02\x14"  # 2023-02-20


class ArducamMegaChip:
    """One camera. `clip` has `at(ms)`, `jpeg(i)`, `picture(i, buf)`; `identity` is register 0x40.

    `asleep` and `pictures` (taken since power-on) are to be looked at, and `shown`, the number of
    the picture in the memory. Faults: `absent` (nothing drives MISO), `stuck` (never idle),
    `no_picture` (none is ever complete), `slow_pct` (how long a picture takes), `cut_bytes`
    (missing at a picture's end), `padding_bytes` (zeros behind it), `lies_bytes` (the length that
    the registers tell, whatever it is), `headless` (the first byte is wrong).
    """

    def __init__(self, world, board, clip, identity=0x82):
        self._world = world
        self._clip = clip
        self._config_us = board.COSTS["camera_config_us"]
        self._reset_us = board.COSTS["camera_start_us"]
        self._frame_us = board.COSTS["camera_frame_us"]
        row = board.CAMERA
        self._sizes = {1: _SIZES[row["size_px"]], 2: _SIZES[row["show_px"]]}  # by format
        self._shown = bytearray(row["show_px"][0] * row["show_px"][1] * 2)
        self._store = bytearray(_STORE_BYTES)  # for all pictures, as on the chip
        self.identity = identity
        self.absent = self.stuck = self.no_picture = self.headless = False
        self.slow_pct = 100
        self.cut_bytes = self.padding_bytes = 0
        self.lies_bytes = None
        self._selected = False
        self.power(True)

    def _now_us(self):
        return self._world.ms * 1000 + self._world.us

    # Supply and reset

    def power(self, on):
        """Switch the supply; switched on, it starts from its reset state."""
        self.powered = on
        self.pictures = 0
        self.shown = None
        self._quiet_us = 0
        self._reset()

    def _reset(self):
        awake = 0x07 if self.identity >= _NEWER else 0x05
        self._regs = {0x00: 0x00, 0x02: awake, 0x21: _SIZE_AT_RESET}
        self._busy_us = self._now_us() + self._reset_us
        self._draw()
        self._done_us = None  # when the picture under way is complete
        self._flag = False  # a picture was completed, and nobody cleared it
        self._memory = b""
        self._read_at = -1  # before the dummy byte

    @property
    def asleep(self):
        """Whether the sensor sleeps."""
        sleeps = self._regs[0x02] & 0x02
        return not sleeps if self.identity >= _NEWER else bool(sleeps)

    def _draw(self):
        on = self.powered and not self.absent
        self._world.energy.draw("sensor_ready", 1000 if on else 0)
        self._world.energy.draw("sensor", 1000 if on and not self.asleep else 0)

    # Wires

    def selected(self, on):
        """Take an edge of CS; raised, it ends what was begun."""
        if on:
            self._selected = True
            self._command = -1
            self._count = 0
        elif self._selected:
            self._selected = False
            self._finish()

    def idle_clocks(self, n):
        """Hear nothing."""

    def exchange(self, tx, rx):
        """Take bytes, answer bytes.

        Raises:
            ChipError: whatever the application note does not allow.
        """
        if self.absent or not self.powered:
            if rx is not None:
                rx[:] = b"\xff" * len(rx)
            return
        at = 0
        while at < len(tx):
            if self._command == 0x3C and len(tx) - at > 2:
                self._burst(rx, at, len(tx) - at)
                return
            out = self._byte(tx[at])
            if rx is not None:
                rx[at] = out
            at += 1

    def _byte(self, value):
        count = self._count
        self._count = count + 1
        if count == 0:
            self._command = value
            return 0
        if self._command == 0x3C:
            return self._next()
        if self._command & 0x80:
            self._value = value
            return 0
        return self._answer(self._command) if count == 2 else 0

    def _finish(self):
        if self._command < 0 or self.absent or not self.powered:
            return
        if self._command & 0x80:
            if self._count != 2:
                raise ChipError("ArducamMega: a write has two bytes, not %d" % self._count)
            self._put(self._command & 0x7F, self._value)
        elif self._command != 0x3C and self._count != 3:
            raise ChipError("ArducamMega: a read has three bytes, not %d" % self._count)

    # Registers

    def _check_quiet(self):
        now_us = self._now_us()
        if now_us < self._quiet_us:
            raise ChipError("ArducamMega: less than a millisecond after a write")
        return now_us

    def _answer(self, reg):
        self._check_quiet()
        if reg == 0x40:
            return self.identity
        if 0x41 <= reg <= 0x43:
            return _DATE[reg - 0x41]
        if reg == 0x44:
            return self._state()
        if 0x45 <= reg <= 0x47:
            return self._length() >> 8 * (reg - 0x45) & 0xFF
        if reg in self._regs and reg < 0x20:
            return self._regs[reg]
        raise ChipError("ArducamMega: no readable register 0x%02x" % reg)

    def _state(self):
        now_us = self._now_us()
        if self._done_us is not None and now_us >= self._done_us:
            self._complete()
        idle = now_us >= self._busy_us and not self.stuck
        return (2 if idle else 1) | (4 if self._flag else 0)

    def _length(self):
        return len(self._memory) if self.lies_bytes is None else self.lies_bytes

    def _put(self, reg, value):
        now_us = self._check_quiet()
        self._quiet_us = now_us + _QUIET_US
        if reg == 0x07 and value == 0x40:
            self._reset()
            self._quiet_us = now_us + _QUIET_US
        elif reg == 0x02 and value in (0x05, 0x07):
            self._regs[reg] = value
            self._draw()
            self._busy_us = now_us + self._config_us
        elif reg == 0x00:
            self._regs[reg] = value
        elif reg == 0x04 and value in (1, 2):
            self._control(value, now_us)
        elif reg in _SETTINGS:
            self._set(reg, value, now_us)
        else:
            raise ChipError("ArducamMega: 0x%02x into register 0x%02x" % (value, reg))

    def _set(self, reg, value, now_us):
        if now_us < self._busy_us:
            raise ChipError("ArducamMega: register 0x%02x written while busy" % reg)
        if self.asleep:
            raise ChipError("ArducamMega: register 0x%02x written while asleep" % reg)
        if reg == 0x21 and self._regs[reg] == value:
            raise ChipError("ArducamMega: the same resolution again blanks the next picture")
        if self._done_us is not None:
            raise ChipError("ArducamMega: register 0x%02x written during a picture" % reg)
        sizes = tuple(self._sizes.values())
        allowed = {0x0A: (0x78,), 0x20: (1, 2), 0x21: sizes, 0x2A: (0, 1, 2)}
        if value not in allowed[reg]:
            raise ChipError("ArducamMega: 0x%02x into register 0x%02x" % (value, reg))
        self._regs[reg] = value
        self._draw()
        self._busy_us = now_us + self._config_us
        self._world.camera_ms = self._busy_us // 1000

    def _control(self, value, now_us):
        if value == 1:
            self._flag = False
            return
        if self._flag:
            raise ChipError("ArducamMega: a picture begun with the last one's flag still set")
        for reg in _SETTINGS:
            if reg not in self._regs:
                raise ChipError("ArducamMega: a picture before register 0x%02x is set" % reg)
        if self.asleep:
            raise ChipError("ArducamMega: a picture taken asleep")
        if self._regs[0x21] != self._sizes[self._regs[0x20]]:
            raise ChipError("ArducamMega: the clip is not in this format and size")
        self._done_us = now_us + self._frame_us * self.slow_pct // 100

    # Pictures

    def _complete(self):
        done_us, self._done_us = self._done_us, None
        if self.no_picture:
            return
        self.shown = self._clip.at(done_us // 1000)
        picture = self._picture(self.shown)
        if self.headless:
            picture = b"\x00" + picture[1:]
        if self.cut_bytes or self.padding_bytes:
            picture = picture[: len(picture) - self.cut_bytes] + bytes(self.padding_bytes)
        self._store[: len(picture)] = picture
        self._memory = memoryview(self._store)[: len(picture)]
        self._read_at = -1
        self._flag = True
        self.pictures += 1

    def _picture(self, i):
        if self._regs[0x20] == 1:
            return self._clip.jpeg(i)
        self._clip.picture(i, self._shown)
        return self._shown

    def _next(self):
        at = self._read_at
        self._read_at = at + 1
        if not self._flag or at >= self._length():
            raise ChipError("ArducamMega: read beyond the picture")
        return self._memory[at] if 0 <= at < len(self._memory) else 0

    def _burst(self, rx, at, n):
        # The same as byte by byte, for a picture in one piece.
        start = self._read_at
        if start < 0 or rx is None or start + n > len(self._memory) or not self._flag:
            while n:
                out = self._next()
                if rx is not None:
                    rx[at] = out
                at, n = at + 1, n - 1
            return
        rx[at : at + n] = self._memory[start : start + n]
        self._read_at = start + n
