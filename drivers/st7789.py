"""Sitronix ST7789V display controller: 240x240 pixels of its 240x320.

Sources: the commands are those of dcs.py; the ST7789V's own data sheet could not be looked up. The
panel of the ESP32-S3-EYE as in esp-bsp esp32_s3_eye (2026-06-24): not turned, colours in order,
inverted. Without the maker's own commands the chip uses what its makers burnt in.
"""

from drivers.dcs import DCSPanel


class ST7789(DCSPanel):
    """One display, on a panel whose colour filter is red, green, blue."""

    ORDERS = {
        "rows": b"\x00",
        "mirrored": b"\x40",  # MX: rows, each from right to left
        "columns": b"\x20",  # MV: columns, each from the top down
    }

    SETUP = (
        (b"\x3a", b"\x55"),  # COLMOD: 16 bits per pixel
        (b"\x21", None),  # INVON: the panel is normally black
        (b"\x13", None),  # NORON
        (b"\x38", None),  # IDMOFF: all colours
    )
