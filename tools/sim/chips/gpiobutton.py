"""A button that pulls its pin low while the world's hand presses it; its contacts bounce."""

_BOUNCES = 2


class GPIOButtonChip:
    """The button on the pad. Faults: `absent` (nothing is felt), `held` (it is stuck, pressed)."""

    def __init__(self, world, board, pad):
        self._world = world
        self._pad = pad
        self.absent = self.held = False
        world.on("key", self._key)

    def power(self, on):
        """Do nothing: a contact."""

    def _key(self, down):
        self._touch(down)
        for i in range(_BOUNCES):
            at_ms = self._world.ms + 1 + 2 * i
            self._world.at(at_ms, self._touch, not down)
            self._world.at(at_ms + 1, self._touch, down)

    def _touch(self, down):
        self._pad.drive(0 if (down or self.held) and not self.absent else 1)
