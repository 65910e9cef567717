"""What differs between MicroPython's ports, by the processor's architecture (a board's MPY_ARCH).

Sources: ports/esp32/machine_pin.h and machine_adc.c, ports/rp2/machine_spi.c and machine_i2c.c;
ESP32-S3 data sheet, Pico 2 W data sheet.
"""

_ENODEV = 19
_EIO = 5

# `boots_hz` the rate at which it boots, `rates_hz` those that may be set, `nobody` the error of an
# I2C address that nobody answers, `dog_ms` the longest watchdog, `whole` whether the processor has
# its own card controller and a button that wakes it; `pins` that a board may use by number, `adc`
# those with a voltage, `muxed` where a bus reaches certain pins only: {key: (mask, value under it,
# shift of the bus's id)}.
PORTS = {
    "xtensawin": {
        "boots_hz": 160_000_000,
        "rates_hz": (20_000_000, 40_000_000, 80_000_000, 160_000_000, 240_000_000),
        "nobody": _ENODEV,
        "dog_ms": 0x7FFFFFFF,
        # 19 and 20 are USB, 26 to 32 flash and PSRAM; with octal PSRAM 33 to 37 are, too.
        "pins": tuple(range(19)) + (21,) + tuple(range(33, 49)),
        "adc": tuple(range(1, 21)),
        "muxed": {},
        "whole": True,
    },
    "armv7emsp": {
        "boots_hz": 150_000_000,
        "rates_hz": (),  # machine.freq() would leave the SPIs with a clock of 48 MHz
        "nobody": _EIO,
        "dog_ms": 16_777,
        # 23, 24, 25 and 29 are the radio's. Its own pins have names.
        "pins": tuple(range(23)) + (26, 27, 28),
        "adc": (26, 27, 28),
        "muxed": {
            "sck": (3, 2, 3),
            "mosi": (3, 3, 3),
            "miso": (3, 0, 3),
            "sda": (1, 0, 1),
            "scl": (1, 1, 1),
        },
        "whole": False,
    },
}


def reaches(port, key, id, pin):
    """Return whether the bus `id` of a port can have its wire `key` on this pin."""
    mask, value, shift = port["muxed"].get(key, (0, 0, 0))
    return not mask or pin & mask == value and pin >> shift & 1 == id
