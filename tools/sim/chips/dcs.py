"""Display controllers on their panels, at the level of the commands of MIPI's display command set.

Source: ILI9341 data sheet V1.11 (8.2, 15.4). The panels show true colours with INVON, as they are
normally black, and with that MADCTL BGR which their colour filter wants.
Runs on all three interpreters.
"""

from array import array

from micropython import const

from tools.sim.world import ChipError

_COMMAND_MS = const(5)
_SLEEP_MS = const(120)
_RAMWR = const(0x2C)


class DCSChip:
    """One display. `dc` is the pad of its D/C line, `level` 0 for commands.

    A chip gives NAME, MEMORY_PX (columns, rows), BGR, MAKER (its own commands and how many
    parameters each has) and SETEXTC, the key that opens them; None: they are always open.
    Without a reset line in the board file its reset is high. Of the memory the panel
    shows the upper `board.DISPLAY["size_px"]`.

    `lenient`: what no data sheet allows is ignored, as a real one does that hears nonsense on a
    board wired wrongly. `writes` counts memory writes, so that a page knows whether to look again.
    """

    def __init__(self, world, board, dc):
        self._world = world
        self._dc = dc
        self._width, self._height = self.MEMORY_PX
        self._row_bytes = 2 * self._width
        self._seen = board.DISPLAY["size_px"][1] * self._row_bytes
        self._commands = {
            0x01: (0, self._swreset),
            0x10: (0, self._slpin),
            0x11: (0, self._slpout),
            0x13: (0, self._nothing),
            0x20: (0, self._invoff),
            0x21: (0, self._invon),
            0x28: (0, self._dispoff),
            0x29: (0, self._dispon),
            0x2A: (4, self._caset),
            0x2B: (4, self._raset),
            0x2C: (0, self._ramwr),
            0x36: (1, self._madctl),
            0x38: (0, self._nothing),
            0x3A: (1, self._colmod),
        }
        if self.SETEXTC:
            self._commands[0xC8] = (3, self._setextc)
        for command, count in self.MAKER.items():
            self._commands[command] = (count, self._maker)
        self._gram = bytearray(self._row_bytes * self._height)
        self._nonsense = bytearray(b"\x5a\xa5" * (len(self._gram) // 2))
        # Rows lie as they were sent; a 1 here says that the row was sent from right to left.
        self._mirrored = bytearray(self._height)
        self._flags = (bytes(self._height), b"\x01" * self._height)
        # What was sent column by column is put into place when somebody looks, because that takes
        # a step for each pixel: (x0, x1, y0, y1): [bytes as sent, how many]. None overlap.
        self._columns = {}
        self._sent = bytearray(len(self._gram))  # for all of them
        self._waiting = 0
        self._dark = bytes(self._seen)
        self._data = bytearray(16)
        self.writes = 0
        self.lenient = False
        self.backlight_pct = 0
        self._reset_high = not board.DISPLAY.get("reset")
        self.power(True)

    # Wires

    def power(self, on):
        """Switch the supply. The memory holds nonsense after power-on."""
        self._powered = on
        self._gram[:] = self._nonsense
        self._columns, self._waiting = {}, 0
        self._defaults()
        self.reset(self._reset_high)

    def reset(self, level):
        """Set the reset line."""
        self._reset_high = bool(level)
        self._listening = self._powered and self._reset_high
        if not level:
            self._defaults()
        # 15.4: 5 ms until the first command, 120 ms until Sleep Out.
        self._ready_ms = self._world.ms + _COMMAND_MS
        self._turn_ms = self._world.ms + _SLEEP_MS

    def backlight(self, pct):
        """Set the light behind the panel."""
        self.backlight_pct = pct
        self._world.energy.draw("backlight", pct * 10)

    def selected(self, on):
        """Take an edge of CS."""
        if not on and self._listening and not self.lenient:
            self._finish()

    def idle_clocks(self, n):
        """Hear nothing."""

    def exchange(self, tx, rx):
        """Take commands and data; drive nothing.

        Raises:
            ChipError: whatever the data sheet does not allow.
        """
        if rx is not None:
            rx[:] = b"\xff" * len(rx)
        if not self._listening:
            return
        if self.lenient:
            self._forgive(tx)
        else:
            self._hear(tx)

    def _forgive(self, tx):
        try:
            self._hear(tx)
        except ChipError:
            self._command = None

    def _hear(self, tx):
        if not self._dc.level:
            self._begin(tx)
        elif self._command == _RAMWR:
            if self._late is None:
                self._pixels(tx, len(tx))
            else:
                self._keep(memoryview(tx))
        else:
            self._parameters(tx)

    # Commands

    def _begin(self, tx):
        self._finish()
        if len(tx) != 1:
            raise ChipError(self.NAME + ": more than one command at once")
        command = tx[0]
        if command not in self._commands:
            raise ChipError(self.NAME + ": unknown command 0x%02x" % command)
        if command in self.MAKER and not self._open:
            raise ChipError(self.NAME + ": 0x%02x before SETEXTC" % command)
        if self._world.ms < self._ready_ms:
            raise ChipError(
                self.NAME + ": 0x%02x within 5 ms of a reset or sleep command" % command
            )
        self._command = command
        self._count, act = self._commands[command]
        self._got = 0
        if not self._count:
            act()

    def _parameters(self, tx):
        if self._command is None or self._got + len(tx) > self._count:
            raise ChipError(self.NAME + ": data that no command asked for")
        self._data[self._got : self._got + len(tx)] = tx
        self._got += len(tx)
        if self._got == self._count:
            self._commands[self._command][1]()

    def _finish(self):
        if self._command is None:
            return
        if self._command == _RAMWR and self._at & 1:
            raise ChipError(self.NAME + ": half a pixel")
        if self._got != self._count:
            raise ChipError(self.NAME + ": 0x%02x has too few parameters" % self._command)
        self._command = None

    def _defaults(self):
        self._command = None
        self._open = self.SETEXTC is None
        self._on = self._inverted = self._bgr = False
        self._awake = False
        self._mx = self._mv = 0
        self._late = None
        self._x0, self._x1, self._y0, self._y1 = 0, self._width - 1, 0, self._height - 1
        self._at = 0
        self._colmod_is = 0x66

    def _swreset(self):
        self._defaults()
        self.reset(True)

    def _turn(self, awake):
        if awake == self._awake:
            return
        if self._world.ms < self._turn_ms:
            raise ChipError(
                self.NAME + ": SLPIN and SLPOUT within 120 ms of each other or of a reset"
            )
        self._awake = awake
        self._world.energy.draw("display", 1000 if awake else 0)
        self._ready_ms = self._world.ms + _COMMAND_MS
        self._turn_ms = self._world.ms + _SLEEP_MS

    def _slpin(self):
        self._turn(False)

    def _slpout(self):
        self._turn(True)

    def _nothing(self):
        pass

    def _maker(self):
        pass

    def _invoff(self):
        self._inverted = False

    def _invon(self):
        self._inverted = True

    def _dispoff(self):
        self._on = False

    def _dispon(self):
        self._on = True

    def _limits(self, end):
        data = self._data
        first, last = data[0] << 8 | data[1], data[2] << 8 | data[3]
        if not first <= last < end:
            raise ChipError(self.NAME + ": window %d to %d of %d" % (first, last, end))
        return first, last

    def _caset(self):
        if self._mv:
            self._y0, self._y1 = self._limits(self._height)
        else:
            self._x0, self._x1 = self._limits(self._width)

    def _raset(self):
        if self._mv:
            self._x0, self._x1 = self._limits(self._width)
        else:
            self._y0, self._y1 = self._limits(self._height)

    def _madctl(self):
        if self._data[0] & ~0x48 and self._data[0] & ~0x28:
            raise ChipError(self.NAME + ": MADCTL 0x%02x is not simulated" % self._data[0])
        self._mx = self._data[0] >> 6
        self._mv = self._data[0] >> 5 & 1
        self._bgr = bool(self._data[0] & 8)

    def _colmod(self):
        if self._data[0] not in (0x55, 0x66):
            raise ChipError(self.NAME + ": COLMOD 0x%02x" % self._data[0])
        self._colmod_is = self._data[0]

    def _setextc(self):
        self._open = bytes(self._data[:3]) == self.SETEXTC

    def _ramwr(self):
        if self._colmod_is != 0x55:
            raise ChipError(self.NAME + ": 18 bits per pixel are not simulated")
        self._at = 0
        self.writes += 1
        window = (self._x0, self._x1, self._y0, self._y1)
        if self._columns and self._settles(window):
            self._settle()
        self._late = None
        if self._mv:
            self._late = self._columns.get(window) or self._await(window)

    def _await(self, window):
        n = (self._x1 - self._x0 + 1) * (self._y1 - self._y0 + 1) * 2
        begun, self._waiting = self._waiting, self._waiting + n
        self._columns[window] = [memoryview(self._sent)[begun : begun + n], 0]
        return self._columns[window]

    # Memory

    def _settles(self, window):
        # Whether this window would write over what waits. Rows may be mirrored: all of a row then.
        if self._mv and window in self._columns:
            return False
        left, right, top, bottom = window
        if not self._mv:
            left, right = 0, self._width - 1
        for x0, x1, y0, y1 in self._columns:
            if x0 <= right and left <= x1 and y0 <= bottom and top <= y1:
                return True
        return False

    def _settle(self):
        for window, (sent, count) in self._columns.items():
            self._turn_rows(window[2], window[3] + 1)
            self._put_columns(window, sent, count)
        self._columns, self._waiting = {}, 0

    # A host may put functions of its own in place of these: they take a step a pixel.

    def _put_columns(self, window, sent, count):
        x0, x1, y0, y1 = window
        gram, at = self._gram, 0
        for x in range(x0, x1 + 1):
            for start in range(
                y0 * self._row_bytes + 2 * x, (y1 + 1) * self._row_bytes, self._row_bytes
            ):
                if at >= count:
                    return
                gram[start] = sent[at]
                gram[start + 1] = sent[at + 1]
                at += 2

    def _turn_rows(self, first, end):
        for row in range(first, end):
            if self._mirrored[row]:
                self._turn_row(row)

    def _keep(self, view):
        sent, count = self._late
        while len(view):
            n = min(len(view), len(sent) - self._at)
            sent[self._at : self._at + n] = view[:n]
            self._at += n
            count = max(count, self._at)
            if self._at == len(sent):  # the pointer is back at the window's start
                self._at = 0
            view = view[n:]
        self._late[1] = count

    def _pixels(self, tx, n):
        at = self._at
        full = (
            self._x1 - self._x0 == self._width - 1
            and at % self._row_bytes == 0
            and n % self._row_bytes == 0
        )
        if full and at + n <= (self._y1 - self._y0 + 1) * self._row_bytes:
            self._whole_rows(tx, self._y0 * self._row_bytes + at, n)
            self._at = at + n
            return
        self._piecewise(memoryview(tx))

    def _whole_rows(self, tx, at, n):
        self._gram[at : at + n] = tx
        at //= self._row_bytes
        n //= self._row_bytes
        self._mirrored[at : at + n] = self._flags[self._mx][:n]

    def _piecewise(self, view):
        width = (self._x1 - self._x0 + 1) * 2
        while len(view):
            row, column = divmod(self._at, width)
            if row > self._y1 - self._y0:  # the pointer is back at the window's start
                self._at = row = column = 0
            part = view[: width - column]
            self._part_of_row(row, column, part)
            view = view[len(part) :]

    def _part_of_row(self, row, column, part):
        row += self._y0
        if self._mirrored[row] != self._mx:
            self._turn_row(row)
        at = row * self._row_bytes + self._x0 * 2 + column
        self._gram[at : at + len(part)] = part
        self._at += len(part)

    def _turn_row(self, row):
        at = row * self._row_bytes
        pixels = array("H", bytes(self._gram[at : at + self._row_bytes]))
        self._gram[at : at + self._row_bytes] = bytes(array("H", reversed(pixels)))
        self._mirrored[row] ^= 1

    # Eyes

    def lit(self):
        """Return True while light comes out of the panel."""
        return bool(self._powered and self._awake and self._on and self.backlight_pct)

    def pixels(self):
        """Return what is seen in front: RGB565, high byte first; zeros while dark."""
        if not self.lit():
            return self._dark
        self._settle()
        self._turn_rows(0, self._height)
        seen = bytes(memoryview(self._gram)[: self._seen])
        if not self._inverted:
            seen = bytes(b ^ 0xFF for b in seen)
        if self._bgr != self.BGR:
            seen = _swap_red_and_blue(seen)
        return seen


def _swap_red_and_blue(pixels):
    out = bytearray(len(pixels))
    for i in range(0, len(pixels), 2):
        high, low = pixels[i], pixels[i + 1]
        out[i] = low << 3 & 0xF8 | high & 7
        out[i + 1] = low & 0xE0 | high >> 3
    return bytes(out)
