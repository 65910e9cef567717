"""A button on a pin."""

from drivers.debounce import Debounce


class GPIOButton:
    """One button on an input pin that someone else owns, called for its level.

    It has to be read every 20 ms: a press that begins and ends between two readings is not seen.
    """

    def __init__(self, pin, clock, pressed_level: int = 0):
        self._pin = pin
        self._pressed_level = pressed_level
        self._debounce = Debounce(clock)

    def key_edges(self) -> int:
        """Return what happened since the last call: 1 pressed, 2 released, 0."""
        return self._debounce.edges(self._pin() == self._pressed_level)
