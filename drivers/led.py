"""A light of one colour on a pin."""


class LED:
    """One light on an output pin that someone else owns, called with its level."""

    def __init__(self, pin, lit_level: int = 1):
        self._pin = pin
        self._lit_level = lit_level
        self.color(0, 0, 0)

    def color(self, r: int, g: int, b: int) -> None:
        """Shine for every colour but black: patterns tell the stages apart. Allocates nothing.

        Raises:
            ValueError: not in 0..255.
        """
        if not (0 <= r <= 255 and 0 <= g <= 255 and 0 <= b <= 255):
            raise ValueError("led: 0..255")
        self._pin(self._lit_level if r or g or b else 1 - self._lit_level)

    def deinit(self) -> None:
        """Be dark. May be called twice."""
        self.color(0, 0, 0)
