"""Opsco SK6812 lights: what a stream of pulses makes them show."""

from tools.sim.world import ChipError

_TIMING_NS = (300, 900, 600, 600)
_TOLERANCE_NS = 150
_LATCH_US = 80


class SK6812Chip:
    """The chain of lights on the board's lamp pin; `world.lamp` is the colour of the first.

    `pixels` is what each shows, (r, g, b). Without its 5 V, for which all its switches must be on,
    it is dark. Faults: `absent`; `dead` (how many at the far end no longer shine).
    """

    def __init__(self, world, board, pad, expander=None):
        self._world = world
        self._count = board.LAMP["pixels"]
        self.absent = False
        self.dead = 0
        self._last = None
        self._supplies = {}
        self._dark()
        pad.bits = self._bits
        for _, pin in board.LAMP["power"]:
            self._switch(expander, pin)

    def _switch(self, expander, pin):
        def supply(level):
            self._supplies[pin] = level
            if not level:
                self._dark()

        expander.on_output(pin, supply)

    def power(self, on):
        """Start dark."""
        self._dark()

    def _dark(self):
        self.pixels = [(0, 0, 0)] * self._count
        self._world.lamp = (0, 0, 0)

    def _check(self, timing, data):
        for i in range(4):
            if abs(timing[i] - _TIMING_NS[i]) > _TOLERANCE_NS:
                raise ChipError("SK6812: a pulse of %d ns" % timing[i])
        if len(data) % 3:
            raise ChipError("SK6812: not whole lights")

    def _bits(self, timing, data):
        self._check(timing, data)
        if self.absent or not all(self._supplies.values()):
            return
        self._show(data)
        self._world.lamp = self.pixels[0]
        if any(self.pixels[0]):
            self._world.lamp_lit = self.pixels[0]

    def _show(self, data):
        for i in range(min(len(data) // 3, self._count - self.dead)):
            at = i * 3
            self.pixels[i] = (data[at + 1], data[at], data[at + 2])
