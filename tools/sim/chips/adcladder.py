"""Buttons on a ladder of resistors, of which the world's hand presses one; its contacts bounce."""

_UP_UV = 3_300_000
_BOUNCE_MS = 4


class ADCLadderChip:
    """The ladder on the pad. Faults: `noise_uv`, `other_mv` (another button is held)."""

    def __init__(self, world, board, pad):
        self._world = world
        self._down_uv = board.BUTTON["centre_mv"] * 1000
        self._pad = pad
        self.noise_uv = 30_000
        self.other_mv = None
        self._changed_ms = -_BOUNCE_MS
        pad.uv = self._uv
        world.on("key", self._key)

    def power(self, on):
        """Do nothing: resistors."""

    def _key(self, down):
        self._changed_ms = self._world.ms
        self._pad.drive(0 if down else 1)

    def _uv(self):
        world = self._world
        since_ms = world.ms - self._changed_ms
        down = world.button
        if since_ms < _BOUNCE_MS and since_ms & 1:
            down = not down
        if self.other_mv is not None and not down:
            return self.other_mv * 1000
        noise_uv = self.noise_uv if world.us & 1 else -self.noise_uv
        return (self._down_uv if down else _UP_UV) + noise_uv
