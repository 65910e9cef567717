"""Raspberry Pi Pico 2 W on stock MicroPython, with ArduCAM Mega 3MP, MAX17048, PCF8563, ST7789,
W25Q16JV and a card slot, all of them breakout boards.

Data only: no imports, no calls. A circuit of our own: the functions of the pins from the Pico 2 W
data sheet, the camera's from CE-Arducam-MicroPython. Nothing here was tried on a device yet.

The port counts time from 1970 (MICROPY_EPOCH_IS_1970), the other boards' from 2000: the clock
chip's driver speaks of seconds since 1970 and asks no port.
"""

ID = "pico2w_arducam"
NAME = "Pico 2 W with ArduCAM Mega"
CAPS = ("camera", "display", "card", "battery", "clock", "lamp", "vibration", "dock")
MPY_ARCH = "armv7emsp"
# Copied files take their size in RAM, and with them the heap is full: `flash` refuses to copy.
FROZEN_ONLY = True
# As it boots. Setting it would leave the SPIs with a clock of 48 MHz.
CPU_HZ = 150_000_000

# The interpreter that it needs: everything here is a bus device. {image} and {port} are filled in.
IMAGE = {
    "name": "RPI_PICO2_W, MicroPython's own",
    "least": (1, 27, 0),
    "modules": ("cryptolib", "rp2"),
    "build": {
        "port": "rp2",
        "make": "BOARD=RPI_PICO2_W",
        "file": "build-RPI_PICO2_W/firmware.uf2",
    },
    "install": "picotool load -x {image}  (or hold BOOTSEL while plugging it in, and copy {image} "
    "onto the drive RP2350 that appears)",
}

# The PCF8563 has the registers of the BM8563: that driver serves both.
I2C = {"id": 0, "sda": 4, "scl": 5, "freq_hz": 400_000}
I2C_CHIPS = {"MAX17048": 0x36, "BM8563": 0x51}

# For camera, display and log; each driver call sets the rate that it needs. The camera takes
# faster writes and spoils the picture then. The port's divider makes 7.5 MHz of it.
SPI = {"id": 0, "sck": 18, "mosi": 19, "miso": 16, "baudrate_hz": 8_000_000}

DISPLAY = {
    "chip": "ST7789",
    "cs": 20,
    "dc": 21,
    "reset": 22,
    "backlight": 15,
    "backlight_hz": 5000,
    "backlight_inverted": False,
    # The panel allows 62.5 MHz; a third of it: estimate of what wires of 10 cm bear. 18.75 MHz by
    # the divider.
    "baudrate_hz": 20_000_000,
    "kept_bytes": 34_816,  # holds the words of one stage
    "size_px": (240, 240),
}

# On a bus of its own, as a block is written in steps between which others get their turn. 18.75
# MHz by the divider.
CARD = {
    "chip": "SDCardSPI",
    "id": 1,
    "sck": 10,
    "mosi": 11,
    "miso": 12,
    "cs": 13,
    "detect": 9,
    "baudrate_hz": 20_000_000,
}

# `quality` 0 to 2, 1 is medium; what that is in percent is an estimate. To be shown it takes small
# pictures: the module's own are 35 ms on the bus, larger ones would keep the button waiting.
CAMERA = {
    "chip": "ArducamMega",
    "cs": 17,
    "size_px": (320, 240),
    "show_px": (128, 128),
    "quality": 1,
    "jpeg_quality": 60,
}

LAMP = {"chip": "SK6812", "pin": 2, "pixels": 1, "power": ()}
VIBRATION = {"chip": "PWMMotor", "pin": 6, "freq_hz": 1000}
# Its interrupt keeps what happens between two looks.
BUTTON = {"chip": "GPIOButton", "pin": 3, "poll_ms": 20, "ends_light_sleep": True}
# High while USB gives power (Pico 2 W data sheet, 2.1: on the radio's GPIO).
CABLE = {"pin": "WL_GPIO2"}
GAUGE = {"chip": "MAX17048"}
CLOCK = {"chip": "BM8563"}

# Where the flash log lives: a chip of its own. The processor's flash has no place for it: the
# stock image mounts all of rp2.Flash at boot and formats it when the file system there is smaller,
# and below it rp2.Flash does not reach.
LOG = {"chip": "W25Q", "cs": 14, "size_bytes": 2_097_152}

# What the interpreter's heap has, without its tables: 520 KiB less stack, Wi-Fi and TLS, which
# take 72 KiB on a Pico W (estimate).
HEAP_BYTES = 430_000
# What is large in it, in bytes, beside what modules, drivers and services keep; what is left, and
# the largest piece of it, was measured with small integers of 31 bits, as here, by
# tests/port/test_board_heap.py:
#    65,536  the ring
#   106,000  the front's letters and strips
#    32,768  blocks on their way to the card; before a recording the picture to be shown; at the
#            dock a block that is handed out
#    12,000  the camera's JPEG
#    21,600  the dock's messages
#    79,000  left while docked (30,000), 89,000 while recording (14,000): garbage until collected
# The ring bridges a stall of the card of 1 s at the largest pictures, and of 2 s at usual ones.
RING_BYTES = 65_536
# One cell, of at most 4,300 mAh.
BATTERY = {"capacity_mah": 4000, "resistance_mohm": 150, "empty_mv": 3300}

# Not on the board: whoever builds the camera connects it. All of it.
OUTSIDE = ("I2C", "SPI", "DISPLAY", "CARD", "CAMERA", "LAMP", "VIBRATION", "BUTTON", "LOG")

# A GPIO with two users, and the rule that keeps them apart.
SHARED = {
    18: "SPI clock of camera, display and log: a driver call selects, transfers and deselects",
    19: "SPI data out of camera, display and log: the same",
    16: "SPI data in of camera and log: the same",
}

# The largest picture is that of a busy scene at medium quality: estimate. The ring holds five: a
# second.
RECORD = {"size_px": (320, 240), "fps": 5, "frame_bytes_max": 12_000}
# While it records the camera gives JPEG, and nothing here decodes it.
MIRROR_FPS = 0

# What work costs, in microseconds of virtual time. Each figure: source, or "estimate".
COSTS = {
    # One bytecode-to-C call with its argument handling at 150 MHz from cached flash: estimate.
    "call_us": 10,
    # The run loop's own bytecode per step of a service: estimate.
    "step_us": 60,
    # I2C at 400 kHz: 9 bits a byte, plus driver entry (estimate).
    "i2c_byte_us": 23,
    "i2c_call_us": 40,
    # SPI driver entry, with DMA: estimate. The wire time follows from baudrate_hz.
    "spi_call_us": 15,
    # From reset to idle: Zephyr's driver waits 1 s, Arducam's until it is idle. Estimate.
    "camera_start_us": 800_000,
    # From a setting to idle again: estimate from 10 ms waits in Arducam's examples.
    "camera_config_us": 30_000,
    # From the command to a whole picture: the sensor's next frame at 15 a second, which begins
    # half a frame later on average (estimate).
    "camera_frame_us": 100_000,
    # SRAM to SRAM, memcpy at 100 MB/s (estimate): two copies of each recorded byte.
    "copy_us_per_kib": 20,
    # mbedtls in software, AES-256-CBC at 1.2 MB/s and SHA-256 at 4 MB/s (estimates).
    "aes_us_per_kib": 850,
    "sha_us_per_kib": 250,
    # SD: programming time of a sector within a multi-block write, and of the last one (estimate: a
    # Class 10 card).
    "card_sector_us": 150,
    "card_stop_us": 3_000,
    # W25Q128JV rev. J, 9.6: page program typ. 0.4 ms, with its command and data 0.7; sector erase
    # typ. 45 ms.
    "flash_program_us": 400,
    "flash_erase_us": 45_000,
    # From light sleep to the first line after it: estimate.
    "wake_us": 1_000,
    # From reset to the first line of main.py, and imports of .mpy files (estimate).
    "boot_us": 700_000,
    # One collection of a 440 kB heap (estimate).
    "gc_us": 15_000,
}

# What each part draws from the battery at 3.7 V: (milliampere, measured | datasheet | estimate,
# from where). `ready` is what a part draws while it has its supply and does nothing. A Pico cannot
# switch itself off: "off" is its sleep, and a slide switch is the rest.
CURRENTS_MA = {
    "off": (3, "estimate", "asleep; breakout boards with regulators of their own"),
    "base": (3, "estimate", "breakout boards, flash and card at rest, radio off"),
    "sleeping": (1.5, "estimate", "0.99 mA on a Pico (measured when the port got it)"),
    "waiting": (18, "estimate", "21 mA on a Pico that does nothing"),
    "working": (24, "estimate", "the same, at work"),
    "display": (6, "datasheet", "ST7789V, normal mode"),
    "backlight": (40, "estimate", "two white LEDs behind 1.3 inches"),
    "sensor_ready": (20, "estimate", "ArduCAM Mega asleep: nothing published"),
    "sensor": (100, "estimate", "ArduCAM Mega at work, beside that: nothing published"),
    "card": (60, "estimate", "SD cards: 100 mA at most at 25 MHz"),
    "lamp": (36, "estimate", "SK6812 data sheet, 12 mA a colour"),
    "lamp_ready": (1, "estimate", "SK6812, dark"),
    "motor": (80, "estimate", "coin motors"),
}
