"""Joins a board's chips by its pins. Only app.py, joins.py and this file know `machine`.

The board file names a chip for each part, joins.py says how that chip is joined. What does not
answer is a Missing part: whoever asks it for anything gets ENODEV, and `warning` and `troubles`
say so. Nothing here decides whether the camera may record.
"""

import machine
from machine import Pin
from micropython import const

from bodycam.joins import JOIN, driver
from bodycam.missing import Dark, Missing
from bodycam.pins import clashes

_SETTLE_MS = const(10)
_NAP_MS = const(50)  # between two looks at a button that cannot wake the processor

# The parts with a select line, each perhaps on a bus with another.
_SELECTED = ("CARD", "DISPLAY", "CAMERA", "LOG")


class Chips:
    """The parts of `board` (a module of boards/), off or idle.

    `gauge`, `rtc` clock chip, `button`, `card` block device, `display` (Dark if it cannot be
    driven), `camera`; None where the
    board has none: `tone`, `lamp`, `motor`, `microphone` (also where the profile has no sound),
    `flash` of the log (no partition), `pmu` power manager. `usb` is the serial port. `blind`:
    nothing can be shown.
    `scratch` is memory that is only needed while something is recorded: a driver may use it until
    then. `clashes` are the parts with a wire of somebody else, see pins.py; they are not set up.
    `warning` is a key of words.WARNINGS, a chip's name in capitals, or None; `troubles` are
    lines for the log. Construction blocks some 100 ms.
    """

    def __init__(self, board, clock, profile, scratch=None):
        self.board = board
        self.scratch = scratch
        self.clock = clock
        self.profile = profile
        self.warning = None
        self.troubles = []
        self.clashes = clashes(board)
        self._lacks = None
        self._on_i2c = []
        self._hz = None  # of the processor, as far as it was set here
        self.stirred = bool  # whether a button with an interrupt has something to tell
        self._let_go = False  # the button, since the camera is off
        self.i2c = self.lines = self.pmu = self.spi = None
        if hasattr(board, "I2C"):
            self._join_power()
        self.gauge = self._part("GAUGE", "gauge_missing") or self._without("gauge")
        self.rtc = self._part("CLOCK", "clock_missing") or self._without("clock")
        self.button = self._part("BUTTON", "unexpected")
        self._cable = None
        if hasattr(board, "CABLE"):
            self._cable = self.attempt("unexpected", self._cable_pin, "cable", "CABLE")
        self._join_spi()
        self._detect = self.attempt("unexpected", self._card_switch, "card", "CARD")
        self.card = self._part("CARD", "unexpected")
        self.display = self._part("DISPLAY", "unexpected")
        if isinstance(self.display, Missing):
            self.display = Dark(board.DISPLAY["size_px"])
        self.tone = self._part("TONE", "tone_missing")
        self.lamp = self._part("LAMP", "lamp_missing")
        self.motor = self._part("VIBRATION", "vibration_missing")
        self.microphone = None
        if profile["audio"]:
            self.microphone = self._part("MICROPHONE", "microphone_missing")
            self.microphone = self.microphone or self._without("microphone")
        self.camera = self._part("CAMERA", "unexpected")
        self.usb = self.attempt("unexpected", lambda: driver("USBSerial")(), "usb")
        row = board.LOG
        make = JOIN[row["chip"]]
        self.flash = self.attempt("unexpected", lambda: make(self, row), row["chip"], "LOG")
        self.blind = False
        self.warning = self.warning or self._lacks

    def attempt(self, warning, act, name="", part=None):
        """Return what `act` returns; when it fails note it under `warning`, with the `name` of
        the chip, and return None. Nothing is tried with a `part` whose wires have other users.
        """
        try:
            if part in self.clashes:
                raise ValueError(self.clashes[part])
            return act()
        except (OSError, ValueError) as error:  # ValueError: there is no such pin
            if warning == "unexpected" and name:
                warning = name.upper()
            self.warning = self.warning or warning
            text = str(error)
            self.troubles.append((text if name in text else name + ": " + text)[:60])

    def chip(self, name, warning, make, part=None):
        """Return the chip that `make()` makes, a Missing one when it fails."""
        chip = self.attempt(warning, make, name, part)
        if chip is None:
            return Missing(name)
        if not isinstance(chip, Missing) and hasattr(chip, "i2c"):
            self._on_i2c.append(chip)
        return chip

    def _part(self, part, warning):
        row = getattr(self.board, part, None)
        if row is None:
            return None
        name, make = row["chip"].lower(), JOIN[row["chip"]]
        return self.chip(name, warning, lambda: make(self, row), part)

    def _without(self, name):
        # What the board never had is the last that somebody has to know.
        self._lacks = self._lacks or name + "_missing"
        self.troubles.append(name + ": missing")
        return Missing(name)

    def new_i2c(self):
        """Return the I2C bus made anew, for every chip on it: the camera's driver takes the wires
        over.
        """
        row = self.board.I2C
        i2c = machine.I2C(row["id"], scl=Pin(row["scl"]), sda=Pin(row["sda"]), freq=row["freq_hz"])
        for chip in self._on_i2c:
            chip.i2c = i2c
        return i2c

    def _join_power(self):
        board, at = self.board, self.board.I2C_CHIPS
        i2c = self.i2c = self.chip("i2c", "unexpected", self.new_i2c, "I2C")
        if hasattr(board, "EXPANDER"):
            self.lines = self.chip(
                "aw9523b", "unexpected", lambda: driver("AW9523B")(i2c, at["AW9523B"])
            )
            self.attempt("unexpected", lambda: self.lines.setup(board.EXPANDER["inputs"]))
        if "AXP2101" in at:
            self.pmu = self.chip(
                "axp2101", "unexpected", lambda: driver("AXP2101")(i2c, at["AXP2101"])
            )
            self.attempt("unexpected", lambda: self.pmu.setup(board.RAILS_MV, board.RAILS_AT_BOOT))

    def _join_spi(self):
        # All selects are high before anything is clocked.
        for part in _SELECTED:
            row = getattr(self.board, part)
            if "cs" in row and part not in self.clashes:  # its _part() tells of that
                self.attempt(
                    "unexpected", lambda cs=row["cs"]: Pin(cs, Pin.OUT, value=1), row["chip"]
                )
        self.spi = self.chip("spi", "unexpected", lambda: self.bus(self.board.SPI), "SPI")

    def bus(self, row):
        """Return the SPI bus on the pins of `row`."""
        sck, mosi, miso = (Pin(row[n]) if row[n] >= 0 else None for n in ("sck", "mosi", "miso"))
        return machine.SPI(row["id"], baudrate=row["baudrate_hz"], sck=sck, mosi=mosi, miso=miso)

    def line(self, wire):
        """Return the function that sets the level of a line: of a GPIO, high until then, or of
        an expander's, ("AW9523B", number).
        """
        if isinstance(wire, int):
            return Pin(wire, Pin.OUT, value=1)
        return lambda level: self.lines.write(wire[1], level)

    def _cable_pin(self):
        return Pin(self.board.CABLE["pin"], Pin.IN)

    def _card_switch(self):
        # The function that reads the slot's switch.
        wire = self.board.CARD.get("detect")
        if isinstance(wire, int):
            return Pin(wire, Pin.IN, Pin.PULL_UP)
        return wire and (lambda: self.lines.read(wire[1]))

    def unfit(self) -> "str | None":
        """Return why nobody could use this camera, a key of words.FAULTS: it hears no button, or
        has neither display nor lamp to show a stage. None: it can be used.
        """
        if isinstance(self.button, Missing):
            return "unexpected"
        mute = self.lamp is None or isinstance(self.lamp, Missing)
        return "display_error" if self.blind and mute else None

    def set_up_display(self):
        """Make the display ready; `blind` is whether that failed, or there is none. 15 ms."""
        name = self.board.DISPLAY["chip"]
        done = self.attempt("unexpected", lambda: self.display.setup() or True, name)
        self.blind = not done or isinstance(self.display, Dark)

    def card_present(self) -> "bool | None":
        """Return whether the slot's switch is closed; None: it has none. At most one I2C read.

        Raises:
            OSError: the expander did not answer.
        """
        return self._detect() == 0 if self._detect else None

    def cable_in(self) -> bool:
        """Return whether a cable gives power; False where nothing can tell."""
        if self._cable:
            return self._cable() == 1
        try:
            return self.pmu is not None and self.pmu.vbus()
        except OSError:
            return False

    def forgetful(self) -> "str | None":
        """Return the name of the power manager where it has forgotten how it was set up, and with
        it who gets a supply; else None. One I2C read.
        """
        try:
            if self.pmu is None or self.pmu.holds():
                return None
        except OSError:
            return None  # that it does not answer is told already
        return type(self.pmu).__name__

    def slow_clock(self, slow: bool):
        """Run the processor at the board's SLOW_HZ, or at its full rate again."""
        hz = self.board.SLOW_HZ if slow else self.board.CPU_HZ
        if hasattr(self.board, "SLOW_HZ") and hz != self._hz:
            self._hz = hz
            machine.freq(hz)

    def light_sleep(self, ms: int) -> bool:
        """Let the processor sleep for `ms` milliseconds; return whether the button ended it.

        Memory, pins and what other chips show stay as they are; a USB connection does not.
        """
        since = self.clock.ticks_ms()
        if not self.stirred():
            machine.lightsleep(ms)
        return self.stirred() or self.clock.diff(self.clock.ticks_ms(), since) < ms

    def power_off(self):
        """Cut the supply; without a power manager, sleep until the button is pressed. Returns
        where that has to wait, for the button to be let go or pressed: call it again.

        Raises:
            OSError: the power manager did not answer.
        """
        row = self.board.BUTTON
        if self.pmu:
            self.pmu.power_off()
        elif row.get("wakes"):
            self._sleep(Pin(row["pin"], Pin.IN))
        else:
            self._nap(Pin(row["pin"], Pin.IN, Pin.PULL_UP))

    def _sleep(self, button):
        import esp32

        if button():
            esp32.wake_on_ext0(button, esp32.WAKEUP_ALL_LOW)
            machine.deepsleep()

    def _nap(self, button):
        if button():
            self._let_go = True
        elif self._let_go:
            self.clock.sleep_ms(_SETTLE_MS)  # let go, it bounces
            if not button():
                machine.reset()
        machine.lightsleep(_NAP_MS)
