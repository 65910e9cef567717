"""The display controller ILI9342C on its CoreS3 panel.

Sources: ILI9341 data sheet V1.11, whose commands the ILI9342C shares; the maker's commands are
those of the CoreS3's start-up table. The panel's colour filter is blue, green, red.
"""

from tools.sim.chips.dcs import DCSChip


class ILI9342CChip(DCSChip):
    """One display of 320x240."""

    NAME = "ili9342c"
    MEMORY_PX = (320, 240)
    BGR = True
    # command: number of parameters; they are open after SETEXTC.
    MAKER = {0xB0: 1, 0xB6: 4, 0xC0: 2, 0xC1: 1, 0xC5: 1, 0xE0: 15, 0xE1: 15, 0xF6: 3}
    SETEXTC = b"\xff\x93\x42"
