"""A light on a pin: `world.lamp` is its colour while it shines."""


class LEDChip:
    """One light. Fault: `absent`."""

    def __init__(self, world, board, pad):
        self._world = world
        self._lit = board.LAMP["lit_level"]
        self._color = board.LAMP["color"]
        self.absent = False
        pad.watch = self._level

    def power(self, on):
        """Be dark: the processor's pins are inputs after a start."""
        self._world.lamp = (0, 0, 0)
        self._world.energy.draw("lamp", 0)

    def _level(self, level):
        lit = level == self._lit and not self.absent
        self._world.lamp = self._color if lit else (0, 0, 0)
        self._world.energy.draw("lamp", 1000 if lit else 0)
        if lit:
            self._world.lamp_lit = self._color
