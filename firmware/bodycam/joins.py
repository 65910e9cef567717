"""How each chip is joined: JOIN, {chip: function (chips, row of the board file) -> its driver}.

With chips.py the only file that knows drivers. A driver is imported when its chip is joined: a
camera carries those of its own board. Raises what the driver's constructor does.
"""

import machine
from machine import Pin

from bodycam.missing import Missing

try:
    from drivers.crc16_viper import crc16
except (ImportError, SyntaxError, AttributeError, ValueError):
    from drivers.crc16 import crc16

_TONE_RATE_HZ = 8000
_SOUND_RATE_HZ = 16_000

_FILES = {"PartitionNOR": "nor"}  # whose file has another name


def driver(name: str):
    """Return the driver's class for the chip `name`."""
    file = "drivers." + _FILES.get(name, name.lower())
    return getattr(__import__(file, None, None, (name,)), name)


def _nothing():
    pass


def _shared_dc(board):
    # The functions that make D/C an output, and an input again.
    shared, mem32 = getattr(board, "SHARED_DC", None), machine.mem32
    if not shared:
        return _nothing, _nothing

    def claim():
        mem32[shared["drive"]] = shared["mask"]

    def release():
        mem32[shared["release"]] = shared["mask"]

    return claim, release


def _pmu(chips, row):
    return chips.pmu


def _on_bus(chips, row):
    return driver(row["chip"])(chips.i2c, chips.board.I2C_CHIPS[row["chip"]])


def _adc_ladder(chips, row):
    if row.get("ends_light_sleep"):
        import esp32

        esp32.wake_on_ext0(Pin(row["pin"]), esp32.WAKEUP_ALL_LOW)
    adc = machine.ADC(Pin(row["pin"]), atten=machine.ADC.ATTN_11DB)
    limits = (row["centre_mv"], row["tolerance_mv"])
    return driver("ADCLadder")(adc, chips.clock, *limits)


def _gpio_button(chips, row):
    pin = Pin(row["pin"], Pin.IN, Pin.PULL_UP)
    masks = (machine.disable_irq, machine.enable_irq)
    button = driver("GPIOButton")(pin, chips.clock, *masks)
    # Hard: at once, also while a picture comes in. It ends a light sleep, too.
    pin.irq(button.edge, Pin.IRQ_FALLING | Pin.IRQ_RISING, hard=True)
    chips.stirred = button.pending
    return button


def _select(chips, row):
    # Without a bus nobody is selected: the line would stay low, and hold up everybody's.
    if "sck" not in row and isinstance(chips.spi, Missing):
        raise OSError(19, "spi: missing")
    return Pin(row["cs"], Pin.OUT, value=1)


def _card_spi(chips, row):
    wires = row if "sck" in row else chips.board.SPI  # a bus of its own, or the one of all
    spi = chips.bus(wires) if wires is row else chips.spi
    release = _shared_dc(chips.board)[1]
    release()

    def rate(hz):
        spi.init(baudrate=hz)
        release()

    made = driver("SDCardSPI")
    return made(spi, _select(chips, row), chips.clock, crc16, rate, wires["baudrate_hz"])


def _card_mmc(chips, row):
    data = row["data"]
    wires = {"sck": row["sck"], "cmd": row["cmd"], "data": data}
    return driver("SDMMC")(machine.SDCard(slot=row["slot"], width=len(data), **wires))


def _own_rate(chips, row):
    # The functions that set the bus to the display's rate, and back.
    spi, own_hz, common_hz = chips.spi, row["baudrate_hz"], chips.board.SPI["baudrate_hz"]
    return lambda: spi.init(baudrate=own_hz), lambda: spi.init(baudrate=common_hz)


def _panel(chips, row):
    select = _select(chips, row)
    dc = Pin(row["dc"], Pin.OUT, value=1)
    claim, release = _own_rate(chips, row) if "baudrate_hz" in row else _shared_dc(chips.board)
    release()
    light = _light_pwm if isinstance(row["backlight"], int) else _light_rail
    reset = chips.line(row["reset"]) if "reset" in row else None
    wiring = (light(chips, row), reset, claim, release, row["size_px"])
    return driver(row["chip"])(chips.spi, select, dc, chips.clock, *wiring)


def _light_rail(chips, row):
    name = row["backlight"][1]
    low_mv, high_mv = row["backlight_mv"]

    def light(pct):
        if pct:
            chips.pmu.rail_mv(name, low_mv + (high_mv - low_mv) * pct // 10_000 * 100)
        chips.pmu.rail(name, pct > 0)

    return light


def _light_pwm(chips, row):
    dark = 65535 if row["backlight_inverted"] else 0
    pwm = machine.PWM(Pin(row["backlight"]), freq=row["backlight_hz"], duty_u16=dark)
    return lambda pct: pwm.duty_u16(abs(dark - 65535 * pct // 100))


def _amplifier(chips, row):
    i2s = machine.I2S
    chips.attempt("tone_missing", lambda: chips.lines.write(row["reset"][1], 1))
    wires = {"sck": Pin(row["bck"]), "ws": Pin(row["ws"]), "sd": Pin(row["dout"])}
    kind = {"mode": i2s.TX, "bits": 16, "format": i2s.MONO}
    sound = i2s(row["i2s_id"], rate=_TONE_RATE_HZ, ibuf=2 * _TONE_RATE_HZ, **wires, **kind)
    at = chips.board.I2C_CHIPS["AW88298"]
    tone = driver("AW88298")(chips.i2c, sound, at, _TONE_RATE_HZ)
    tone.setup()
    tone.volume_pct(chips.profile["tone_pct"])
    return tone


def _lights(chips, row):
    def power():
        for wire in row["power"]:
            chips.line(wire)(1)

    chips.attempt("lamp_missing", power)
    return driver("SK6812")(Pin(row["pin"], Pin.OUT), machine.bitstream, row["pixels"])


def _led(chips, row):
    return driver("LED")(Pin(row["pin"], Pin.OUT), row["lit_level"])


def _motor(chips, row):
    pwm = machine.PWM(Pin(row["pin"]), freq=row["freq_hz"], duty_u16=0)
    return driver("PWMMotor")(pwm)


def _microphone(chips, row):
    def receive():
        i2s = machine.I2S
        wires = {"sck": Pin(row["sck"]), "ws": Pin(row["ws"]), "sd": Pin(row["din"])}
        kind = {"mode": i2s.RX, "bits": 16, "format": i2s.MONO}
        return i2s(row["i2s_id"], rate=_SOUND_RATE_HZ, ibuf=row["buffer_bytes"], **wires, **kind)

    return driver("I2SMicrophone")(receive)


def _gc0308(chips, row):
    import camera
    import jpeg

    def rail(name, on):
        chips.pmu.rail(name, on)

    switches = (rail, chips.line(row["reset"]), chips.new_i2c)
    return driver("GC0308")(camera, jpeg, chips.i2c, row, chips.clock, *switches)


def _ov2640(chips, row):
    import camera

    return driver("OV2640")(camera, row)


def _arducam(chips, row):
    sizes = (row["size_px"], row["quality"], chips.board.RECORD["frame_bytes_max"], row["show_px"])
    made = driver("ArducamMega")
    return made(chips.spi, _select(chips, row), chips.clock, *sizes, chips.scratch)


def _w25q(chips, row):
    return driver("W25Q")(chips.spi, _select(chips, row), chips.clock)


def _nor(chips, row):
    import esp32

    return driver("PartitionNOR")(esp32, row["partition"])


JOIN = {
    "AXP2101": _pmu,
    "BM8563": _on_bus,
    "MAX17048": _on_bus,
    "ADCLadder": _adc_ladder,
    "GPIOButton": _gpio_button,
    "SDCardSPI": _card_spi,
    "SDMMC": _card_mmc,
    "ILI9342C": _panel,
    "ST7789": _panel,
    "AW88298": _amplifier,
    "SK6812": _lights,
    "LED": _led,
    "PWMMotor": _motor,
    "I2SMicrophone": _microphone,
    "GC0308": _gc0308,
    "OV2640": _ov2640,
    "ArducamMega": _arducam,
    "PartitionNOR": _nor,
    "W25Q": _w25q,
}
