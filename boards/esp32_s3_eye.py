"""Espressif ESP32-S3-EYE v2.2, with a microSD card and a lithium cell on its battery connector.

Data only: no imports, no calls. Pins from esp-bsp esp32_s3_eye (2026-06-24) and camera_pins.h of
micropython-camera-API v0.6.2. It has no power manager, no gauge and no clock chip. Nothing here
was tried on a device yet.
"""

ID = "esp32_s3_eye"
NAME = "ESP32-S3-EYE"
CAPS = ("camera", "display", "card", "lamp", "microphone", "dock")
MPY_ARCH = "xtensawin"
CPU_HZ = 240_000_000
SLOW_HZ = 80_000_000  # enough where nothing is recorded; the buses keep their rates

# The interpreter that it needs: its release images bring the C module. {image} and {port} are
# filled in.
IMAGE = {
    "name": "ESP32S3_EYE of micropython-camera-API 0.6.2 or newer",
    "least": (1, 27, 0),
    "modules": ("camera", "cryptolib", "esp32"),
    "build": {
        "port": "esp32",
        "make": "BOARD=ESP32_GENERIC_S3 BOARD_VARIANT=SPIRAM_OCT USER_C_MODULES=FILE.cmake",
        "file": "build-ESP32_GENERIC_S3-SPIRAM_OCT/firmware.bin",
    },
    "install": "esptool --chip esp32s3 --port {port} write-flash 0 {image}",
}

# The display alone; nothing is read from it. The panel allows 80 MHz; half of it: estimate of what
# the pins' routing through the GPIO matrix bears.
SPI = {"id": 2, "sck": 21, "mosi": 47, "miso": -1, "baudrate_hz": 40_000_000}

# D/C and CS are UART0's pins: the boot's text moves them before the display is set up. Its light
# is on while the pin is low.
DISPLAY = {
    "chip": "ST7789",
    "cs": 44,
    "dc": 43,
    "backlight": 48,
    "backlight_hz": 5000,
    "backlight_inverted": True,
    "size_px": (240, 240),
}

# One bit wide, on the processor's controller. There is no switch in the slot.
CARD = {
    "chip": "SDMMC",
    "slot": 0,
    "sck": 39,
    "cmd": 38,
    "data": [40],
    "holds_interpreter": True,
}

# Its SCCB has pins of its own. To be shown it takes pictures of the display's size.
CAMERA = {
    "chip": "OV2640",
    "data": [11, 9, 8, 10, 12, 18, 17, 16],
    "vsync": 6,
    "href": 7,
    "pclk": 13,
    "xclk": 15,
    "xclk_hz": 16_000_000,
    "sda": 4,
    "scl": 5,
    "size_px": (320, 240),
    "show_px": (240, 240),
    "jpeg_quality": 80,
    "buffers": 2,
}

# MSM261S4030H0. The buffer is half a second: what a card may hold up the interpreter for.
MICROPHONE = {
    "chip": "I2SMicrophone",
    "i2s_id": 0,
    "sck": 41,
    "ws": 42,
    "din": 2,
    "buffer_bytes": 16_000,
}

# UP+ of the four buttons on the ladder: the one that is low enough to wake the processor.
BUTTON = {
    "chip": "ADCLadder",
    "pin": 1,
    "centre_mv": 380,
    "tolerance_mv": 100,
    "poll_ms": 20,
    "wakes": True,
    "ends_light_sleep": True,
}

# Green. Which level lights it: estimate.
LAMP = {"chip": "LED", "pin": 3, "lit_level": 1, "color": (0, 160, 0)}

# Where the flash log lives: a partition of its own, 1 MiB.
LOG = {"chip": "PartitionNOR", "partition": "bodylog", "size_bytes": 1_048_576}

# What the interpreter's heap has: the PSRAM less the camera's buffers (estimate).
HEAP_BYTES = 7_500_000
RING_BYTES = 4_194_304
# The board has a connector and comes without a cell: one of 2,000 mAh. Its resistance with
# protection and contacts: estimate. Below `empty_mv` the supply of 3.3 V gives way.
BATTERY = {"capacity_mah": 2000, "resistance_mohm": 150, "empty_mv": 3300}

# Where sources contradict each other: which was followed. `doctor` asks the device.
DOUBTS = {
    "display": "GPIO43 and 44 are its D/C and CS as in esp-bsp, and UART0 of the stock image, "
    "whose boot text toggles them",
}

# A GPIO with two users, and the rule that keeps them apart.
SHARED = {}

# The largest picture is that of a busy scene at this quality: estimate, twice that of a calm one.
RECORD = {"size_px": (320, 240), "fps": 12, "frame_bytes_max": 16_000}
MIRROR_FPS = 5

# What work costs, in microseconds of virtual time. Each figure: source, or "estimate".
COSTS = {
    # As on the M5Stack CoreS3, which has the same processor; octal PSRAM is faster: estimate.
    "call_us": 20,
    "step_us": 60,
    "spi_call_us": 30,
    # OV2640 start: SCCB table of some 200 writes at 100 kHz and one test frame (estimate).
    "camera_start_us": 250_000,
    # 15 pictures a second at 16 MHz of XCLK in JPEG: estimate from 30 a second at CIF and 24 MHz
    # (OV2640 product brief).
    "camera_frame_us": 66_000,
    # PSRAM to PSRAM 21.2 MB/s (project-x51 esp32-s3-memorycopy): two copies of each recorded byte.
    "copy_us_per_kib": 48,
    # AES-256-CBC in block mode about 8 MB/s (CycloneCRYPTO 8) and SHA-256 at 8 MB/s (estimate).
    "aes_us_per_kib": 122,
    "sha_us_per_kib": 122,
    # From PSRAM the controller takes single sectors: 200 KB/s, between 150 and 250 (estimate).
    "card_sector_us": 2_560,
    # SPI NOR page program typ. 0.4 to 0.7 ms (W25Q128JV rev. J, 9.6), sector erase typ. 45 ms.
    "flash_program_us": 700,
    "flash_erase_us": 45_000,
    # From light sleep to the first line after it: estimate.
    "wake_us": 1_000,
    # From reset to the first line of main.py: as on the M5Stack CoreS3 (estimate).
    "boot_us": 900_000,
    # One collection with a 4 MiB ring in the heap (estimate from PSRAM bandwidth).
    "gc_us": 120_000,
}

# What each part draws from the battery at 3.7 V: (milliampere, measured | datasheet | estimate,
# from where). The supply's loss and the ratio of the voltages cancel out: 3.3 / (3.7 x 0.88) is
# 1.01.
# `slow` is at SLOW_HZ.
CURRENTS_MA = {
    # In deep sleep the camera's supply stays on, too.
    "off": (17, "estimate", "M5Camera in deep sleep, with the same sensor (msr-r.net)"),
    # With no switch for the camera's supply: its sensor rests without a clock.
    "base": (19, "estimate", "the same, and regulators, PSRAM at rest, card at rest"),
    # ESP32-S3 in light sleep: 0.78 mA at 3.3 V measured, on another board (MoleNet V6).
    "sleeping": (0.8, "estimate", "MoleNet V6 of ComNets Bremen"),
    # With no code running: 32.3 mA at 3.3 V measured, on the same.
    "waiting": (33, "estimate", "MoleNet V6 of ComNets Bremen"),
    "working": (66, "estimate", "ESP32-S3 data sheet, both cores, 240 MHz: 33 to 92 mA"),
    "waiting_slow": (22, "estimate", "ESP32-S3 data sheet, 80 MHz: 22 to 42 mA"),
    "working_slow": (36, "estimate", "the same"),
    "display": (6, "datasheet", "ST7789V, normal mode"),
    "backlight": (40, "estimate", "two white LEDs behind 1.3 inches"),
    "sensor": (40, "estimate", "what OpenMV saves when its sensor sleeps"),
    "card": (60, "estimate", "SD cards: 100 mA at most at 25 MHz"),
    "lamp": (3, "estimate", "a green LED"),
}
