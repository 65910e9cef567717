"""The display controller ST7789V on the ESP32-S3-EYE's panel.

Source: the shared command set; how many parameters its own commands have is from M5GFX 0.2.17,
the data sheet could not be looked up. The panel's colour filter is red, green, blue; of the
memory's 320 rows it shows 240.
"""

from tools.sim.chips.dcs import DCSChip


class ST7789Chip(DCSChip):
    """One display."""

    NAME = "st7789"
    MEMORY_PX = (240, 320)
    BGR = False
    MAKER = {0xB0: 2, 0xB2: 5, 0xB7: 1, 0xBB: 1, 0xC6: 1, 0xD0: 2, 0xE0: 14, 0xE1: 14}
    SETEXTC = None
