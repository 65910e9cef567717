"""M5Stack CoreS3 (K128, with camera; not the SE) with its DIN base, RGB unit on Port B and
vibration unit on Port C.

Data only: no imports, no calls. Pins and power-up from M5GFX 0.2.17, M5Unified 0.2.14 and esp-bsp
m5stack_core_s3 (2026-06-24); where they differ the comment says which was followed. Nothing here
was tried on a device yet.
"""

ID = "m5stack_cores3"
NAME = "M5Stack CoreS3"
CAPS = (
    "camera",
    "display",
    "mirror_while_recording",
    "card",
    "battery",
    "clock",
    "power_key",
    "lamp",
    "tone",
    "vibration",
    "dock",
)
MPY_ARCH = "xtensawin"
CPU_HZ = 240_000_000
SLOW_HZ = 80_000_000  # enough where nothing is recorded; the buses keep their rates

# The interpreter that it needs: its release images bring these C modules. Quad PSRAM, so never the
# image for octal. {image} and {port} are filled in.
IMAGE = {
    "name": "ESP32_GENERIC_S3 of micropython-camera-API 0.6.2 or newer",
    "least": (1, 27, 0),
    "modules": ("camera", "jpeg", "cryptolib", "esp32"),
    "build": {
        "port": "esp32",
        "make": "BOARD=ESP32_GENERIC_S3 USER_C_MODULES=FILE.cmake",
        "file": "build-ESP32_GENERIC_S3/firmware.bin",
    },
    "install": "esptool --chip esp32s3 --port {port} write-flash 0 {image}",
}

# The internal bus is also the camera's SCCB: after every camera start and stop the I2C object is
# made anew.
I2C = {"id": 0, "sda": 12, "scl": 11, "freq_hz": 400_000}
I2C_CHIPS = {"AXP2101": 0x34, "AW9523B": 0x58, "BM8563": 0x51, "AW88298": 0x36, "GC0308": 0x21}

# Lines of the expander that other chips drive: P0_3, P0_4 card detect, P1_2 touch and P1_3
# amplifier interrupt. M5GFX makes the same four inputs.
EXPANDER = {"chip": "AW9523B", "inputs": (3, 4, 10, 11)}

# Display and card must run at one rate: machine.SPI.init() with another rate frees the bus and
# routes the pins anew.
SPI = {"id": 1, "sck": 36, "mosi": 37, "miso": 35, "baudrate_hz": 20_000_000}

# LCD_RST is P1_1 as in esp-bsp and m5stack-core; M5GFX toggles bit 5 of the same register.
DISPLAY = {
    "chip": "ILI9342C",
    "cs": 3,
    "dc": 35,
    "reset": ("AW9523B", 9),
    "backlight": ("AXP2101", "DLDO1"),
    "backlight_mv": (2500, 3300),
    "size_px": (320, 240),
}

# GPIO35 is D/C while the display is selected and MISO while the card is: driven only inside a
# display call. Address and mask of GPIO_ENABLE1_W1TS and _W1TC, ESP32-S3 TRM v1.4, chapter 6 (GPIO
# 32 is bit 0).
SHARED_DC = {"drive": 0x60004030, "release": 0x60004034, "mask": 8}

CARD = {"chip": "SDCardSPI", "cs": 4, "detect": ("AW9523B", 4), "rail": "ALDO4"}

CAMERA = {
    "chip": "GC0308",
    "data": [39, 40, 41, 42, 15, 16, 48, 47],
    "vsync": 46,
    "href": 38,
    "pclk": 45,
    "xclk": -1,
    "reset": ("AW9523B", 8),
    "size_px": (320, 240),
    "jpeg_quality": 80,
    "rails": ("ALDO3", "BLDO1", "BLDO2"),
    "settle_ms": 100,
}

TONE = {
    "chip": "AW88298",
    "i2s_id": 1,
    "bck": 34,
    "ws": 33,
    "dout": 13,
    "reset": ("AW9523B", 2),
    "rail": "ALDO1",
}
LAMP = {"chip": "SK6812", "pin": 9, "pixels": 3, "power": (("AW9523B", 1), ("AW9523B", 15))}
VIBRATION = {"chip": "PWMMotor", "pin": 17, "freq_hz": 1000}
BUTTON = {"chip": "AXP2101"}
GAUGE = {"chip": "AXP2101"}
CLOCK = {"chip": "BM8563"}

# Rails in millivolt as M5Unified sets them; None leaves the EFUSE voltage.
RAILS_MV = {
    "ALDO1": 1800,
    "ALDO2": 3300,
    "ALDO3": 3300,
    "ALDO4": 3300,
    "BLDO1": None,
    "BLDO2": None,
    "DLDO1": 2500,
}
RAILS_AT_BOOT = ("ALDO1", "ALDO4")

# Where the flash log lives: a partition of its own, 1 MiB.
LOG = {"chip": "PartitionNOR", "partition": "bodylog", "size_bytes": 1_048_576}

# What the interpreter's heap has: the PSRAM less the camera's buffers (estimate).
HEAP_BYTES = 7_500_000
RING_BYTES = 4_194_304
# A 2,000 mAh cell on the battery connector; the DIN base's own 500 mAh do not last a shift. Its
# resistance with protection and contacts: estimate. Below `empty_mv` the supply of 3.3 V gives
# way.
BATTERY = {"capacity_mah": 2000, "resistance_mohm": 150, "empty_mv": 3300, "own_mah": 500}

# Where sources contradict each other: which was followed. `doctor` asks the device.
DOUBTS = {
    "display": "its reset is P1_1 as in esp-bsp and m5stack-core, M5GFX toggles bit 5 of the same "
    "register; GPIO35 is D/C and MISO by M5GFX's rule, esp-bsp says that display and card do not "
    "work together",
    "card": "P0_4 is the switch of its slot as in M5GFX, esp-bsp drives it to supply the card",
    "battery": "VBAT has 14 bits as on the data sheet's page 40, XPowersLib takes 13",
    "i2c_after": "Camera(i2c=) does not own the bus as its source says, others make the bus anew "
    "after every start and stop, and so does this firmware",
}

# Not on the board: whoever builds the camera connects it.
OUTSIDE = ("LAMP", "VIBRATION")

# A GPIO with two users, and the rule that keeps them apart.
SHARED = {
    36: "SPI clock of display and card: a driver call selects, transfers and deselects",
    37: "SPI data out of display and card: the same",
    35: "display D/C and card MISO: an output only inside a display call (SHARED_DC)",
    12: "I2C data of the chips and of the camera's SCCB: made anew after camera start and stop",
    11: "I2C clock of the chips and of the camera's SCCB: made anew after camera start and stop",
}

# The largest picture is that of a busy scene at this quality: estimate, twice that of a calm one.
RECORD = {"size_px": (320, 240), "fps": 8, "frame_bytes_max": 16_000}
MIRROR_FPS = 3

# What work costs, in microseconds of virtual time. Each figure: source, or "estimate".
COSTS = {
    # One bytecode-to-C call with its argument handling at 240 MHz with code in PSRAM: estimate
    # from 25 us per pyboard-class call.
    "call_us": 20,
    # The run loop's own bytecode per step of a service: estimate.
    "step_us": 60,
    # I2C at 400 kHz: 9 bits a byte, plus driver entry (estimate 60 us).
    "i2c_byte_us": 23,
    "i2c_call_us": 60,
    # SPI driver entry: estimate. The wire time follows from baudrate_hz.
    "spi_call_us": 30,
    # GC0308 start: SCCB table of some 240 writes at 400 kHz and one test frame (estimate).
    "camera_start_us": 180_000,
    "camera_frame_us": 66_000,
    # esp_new_jpeg, 320x240, README of mp_jpeg 0.3.1: 17.6 fps at q90, 19.6 fps at q80.
    "jpeg_encode_us": 54_000,
    # PSRAM to PSRAM 21.2 MB/s (project-x51 esp32-s3-memorycopy): two copies of each recorded byte.
    "copy_us_per_kib": 48,
    # AES-256-CBC in block mode about 8 MB/s (CycloneCRYPTO 8) and SHA-256 at 8 MB/s (estimate).
    "aes_us_per_kib": 122,
    "sha_us_per_kib": 122,
    # SD: programming time of a sector within a multi-block write, and of the last one (estimate: a
    # Class 10 card).
    "card_sector_us": 150,
    "card_stop_us": 3_000,
    # SPI NOR page program typ. 0.4 to 0.7 ms (W25Q128JV rev. J, 9.6), sector erase typ. 45 ms.
    "flash_program_us": 700,
    "flash_erase_us": 45_000,
    # From light sleep to the first line after it: estimate.
    "wake_us": 1_000,
    # From reset to the first line of main.py: ROM, second-stage loader, PSRAM test, imports of
    # .mpy files (estimate).
    "boot_us": 900_000,
    # One collection with a 4 MiB ring in the heap (estimate from PSRAM bandwidth).
    "gc_us": 120_000,
}

# What each part draws from the battery at 3.7 V: (milliampere, measured | datasheet | estimate,
# from where). The supply's loss and the ratio of the voltages cancel out: 3.3 / (3.7 x 0.88) is
# 1.01.
# `slow` is at SLOW_HZ; `ready` is what a part draws while it has its supply and does nothing.
CURRENTS_MA = {
    "off": (0.05, "estimate", "power manager and clock chip alone"),
    # On for as long as the camera is: neither has a switch that leaves the rest running. The card
    # keeps its supply, or the first recorded picture would come too late.
    "base": (4.5, "estimate", "regulators, PSRAM at rest, sensors, touch, card at rest, codec"),
    # ESP32-S3 in light sleep: 0.78 mA at 3.3 V measured, on another board (MoleNet V6).
    "sleeping": (0.8, "estimate", "MoleNet V6 of ComNets Bremen"),
    # With no code running: 32.3 mA at 3.3 V measured, on the same.
    "waiting": (33, "estimate", "MoleNet V6 of ComNets Bremen"),
    "working": (66, "estimate", "ESP32-S3 data sheet, both cores, 240 MHz: 33 to 92 mA"),
    "waiting_slow": (22, "estimate", "ESP32-S3 data sheet, 80 MHz: 22 to 42 mA"),
    "working_slow": (36, "estimate", "the same"),
    "display": (6, "datasheet", "ST7789V, normal mode; the ILI9342C is its like"),
    # 43 and 95 mA at 50 and 100 % on an M5Core2, whose panel has the same size (furble's wiki).
    "backlight": (95, "estimate", "M5Core2, measured by furble"),
    "sensor": (40, "estimate", "what OpenMV saves when its sensor sleeps"),
    "card": (60, "estimate", "SD cards: 100 mA at most at 25 MHz"),
    # Three lights, 12 mA a colour; the boost converter to 5 V and three lights that are dark.
    "lamp": (110, "estimate", "SK6812 data sheet, 12 mA a colour"),
    "lamp_ready": (5, "estimate", "SK6812, 1 mA each, and a boost converter's own"),
    "motor": (80, "estimate", "coin motors"),
    "tone": (60, "estimate", "AW88298 at 70 % into 8 ohm"),
}
