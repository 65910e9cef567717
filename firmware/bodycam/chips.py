"""Joins a board's chips by its pins. With app.py the only file that knows drivers and `machine`.

What does not answer is a Missing part: whoever asks it for anything gets ENODEV, and `warning` and
`troubles` say so. Nothing here decides whether the camera may record.
"""

import camera
import esp32
import jpeg
import machine
from machine import Pin

from drivers.aw9523b import AW9523B
from drivers.aw88298 import AW88298
from drivers.axp2101 import AXP2101
from drivers.bm8563 import BM8563
from drivers.gc0308 import GC0308
from drivers.ili9342c import ILI9342C
from drivers.nor import PartitionNOR
from drivers.pwmmotor import PWMMotor
from drivers.sdcardspi import SDCardSPI
from drivers.sk6812 import SK6812

try:
    from drivers.crc16_viper import crc16
except (ImportError, SyntaxError, AttributeError, ValueError):
    from drivers.crc16 import crc16

_TONE_RATE_HZ = 8000


class Missing:
    """Stands where a chip should be."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        raise OSError(19, self._name + ": missing")


class Chips:
    """The parts of `board` (a module of boards/), off or idle.

    `pmu` power manager (gauge and button too), `rtc` clock chip, `card` block device, `display`,
    `tone`, `lamp`, `motor`, `camera`, `flash` of the log (None: no partition). `warning` is a key
    of words.WARNINGS or None, `troubles` are lines for the log. Construction blocks some 100 ms.
    """

    def __init__(self, board, clock, profile):
        self._board = board
        self._clock = clock
        self.warning = None
        self.troubles = []
        self._on_i2c = []
        self._join_power()
        self._join_spi()
        self._join_signals(profile)
        self._join_camera()
        try:
            self.flash = PartitionNOR(esp32, board.LOG["partition"])
        except OSError:
            self.flash = None

    def attempt(self, warning, act):
        """Return what `act` returns; when it fails note it under `warning` and return None."""
        try:
            return act()
        except OSError as error:
            self.warning = self.warning or warning
            self.troubles.append(str(error)[:60])

    def _chip(self, name, warning, make):
        chip = self.attempt(warning, make)
        if chip is None:
            return Missing(name)
        if hasattr(chip, "i2c"):
            self._on_i2c.append(chip)
        return chip

    def _new_i2c(self):
        # The camera's driver takes the wires over: afterwards every chip needs the bus made anew.
        row = self._board.I2C
        i2c = machine.I2C(row["id"], scl=Pin(row["scl"]), sda=Pin(row["sda"]), freq=row["freq_hz"])
        for chip in self._on_i2c:
            chip.i2c = i2c
        return i2c

    def _join_power(self):
        board, at = self._board, self._board.I2C_CHIPS
        i2c = self._i2c = self._new_i2c()
        self._lines = self._chip("aw9523b", "unexpected", lambda: AW9523B(i2c, at["AW9523B"]))
        self.attempt("unexpected", lambda: self._lines.setup(board.EXPANDER["inputs"]))
        self.pmu = self._chip("axp2101", "gauge_missing", lambda: AXP2101(i2c, at["AXP2101"]))
        self.attempt("unexpected", lambda: self.pmu.setup(board.RAILS_MV, board.RAILS_AT_BOOT))
        self.rtc = self._chip("bm8563", "clock_missing", lambda: BM8563(i2c, at["BM8563"]))

    def _join_spi(self):
        board, panel, shared = self._board, self._board.DISPLAY, self._board.SHARED_DC
        row, mem32 = board.SPI, machine.mem32
        # Both selects are high before anything is clocked.
        card_cs = Pin(board.CARD["cs"], Pin.OUT, value=1)
        panel_cs = Pin(panel["cs"], Pin.OUT, value=1)
        dc = Pin(panel["dc"], Pin.OUT, value=1)
        rate_hz = row["baudrate_hz"]
        wires = {name: Pin(row[name]) for name in ("sck", "mosi", "miso")}
        spi = machine.SPI(row["id"], baudrate=rate_hz, **wires)

        def claim():
            mem32[shared["drive"]] = shared["mask"]

        def release():
            mem32[shared["release"]] = shared["mask"]

        def rate(hz):
            spi.init(baudrate=hz)
            release()

        def reset(level):
            self._lines.write(panel["reset"][1], level)

        release()
        self.card = SDCardSPI(spi, card_cs, self._clock, crc16, rate, rate_hz)
        wiring = (self._backlight, reset, claim, release, panel["size_px"])
        self.display = ILI9342C(spi, panel_cs, dc, self._clock, *wiring)

    def _join_signals(self, profile):
        board = self._board
        row, i2s = board.TONE, machine.I2S
        self.attempt("tone_missing", lambda: self._lines.write(row["reset"][1], 1))
        self.attempt("lamp_missing", self._power_lamp)
        wires = {"sck": Pin(row["bck"]), "ws": Pin(row["ws"]), "sd": Pin(row["dout"])}
        kind = {"mode": i2s.TX, "bits": 16, "format": i2s.MONO}
        sound = i2s(row["i2s_id"], rate=_TONE_RATE_HZ, ibuf=2 * _TONE_RATE_HZ, **wires, **kind)
        at = board.I2C_CHIPS["AW88298"]
        self.tone = self._chip(
            "aw88298", "tone_missing", lambda: AW88298(self._i2c, sound, at, _TONE_RATE_HZ)
        )
        self.attempt("tone_missing", lambda: self.tone.setup())
        self.attempt("tone_missing", lambda: self.tone.volume_pct(profile["tone_pct"]))
        lamp = Pin(board.LAMP["pin"], Pin.OUT)
        self.lamp = SK6812(lamp, machine.bitstream, board.LAMP["pixels"])
        row = board.VIBRATION
        self.motor = PWMMotor(machine.PWM(Pin(row["pin"]), freq=row["freq_hz"], duty_u16=0))

    def _power_lamp(self):
        for _chip, line in self._board.LAMP["power"]:
            self._lines.write(line, 1)

    def _join_camera(self):
        pins = self._board.CAMERA

        def reset(level):
            self._lines.write(pins["reset"][1], level)

        def rail(name, on):
            self.pmu.rail(name, on)

        switches = (rail, reset, self._new_i2c)
        self.camera = GC0308(camera, jpeg, self._i2c, pins, self._clock, *switches)
        self._on_i2c.append(self.camera)

    def _backlight(self, pct):
        name = self._board.DISPLAY["backlight"][1]
        if pct:
            low_mv, high_mv = self._board.DISPLAY["backlight_mv"]
            mv = low_mv + (high_mv - low_mv) * pct // 10_000 * 100
            self.pmu.rail_mv(name, mv)
        self.pmu.rail(name, pct > 0)

    def card_present(self) -> bool:
        """Return whether the slot's switch is closed. One I2C read.

        Raises:
            OSError: the expander did not answer.
        """
        return self._lines.read(self._board.CARD["detect"][1]) == 0
