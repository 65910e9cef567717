"""ILITEK ILI9342C display controller: 320x240 pixels.

Sources: the ILI9342C shares the commands of the ILI9341 (data sheet V1.11: 8.2.29 and 9.3 for the
order of pixels); start-up table of the CoreS3 from M5GFX 0.2.17.
"""

from drivers.dcs import DCSPanel


class ILI9342C(DCSPanel):
    """One display, on a panel whose colour filter is blue, green, red."""

    ORDERS = {
        "rows": b"\x08",
        "mirrored": b"\x48",  # MX: rows, each from right to left
        "columns": b"\x28",  # MV: columns, each from the top down
    }

    SETUP = (
        (b"\xc8", b"\xff\x93\x42"),  # opens the maker's commands
        (b"\xc0", b"\x12\x12"),
        (b"\xc1", b"\x03"),
        (b"\xc5", b"\xf2"),
        (b"\xb0", b"\xe0"),
        (b"\xf6", b"\x01\x00\x00"),
        (b"\xe0", b"\x00\x0c\x11\x04\x11\x08\x37\x89\x4c\x06\x0c\x0a\x2e\x34\x0f"),
        (b"\xe1", b"\x00\x0b\x11\x05\x13\x09\x33\x67\x48\x07\x0e\x0b\x2e\x33\x0f"),
        (b"\xb6", b"\x08\x82\x1d\x04"),
        (b"\x3a", b"\x55"),  # COLMOD: 16 bits per pixel
        (b"\x21", None),  # INVON: the panel is normally black
        (b"\x38", None),  # IDMOFF: all colours
    )
