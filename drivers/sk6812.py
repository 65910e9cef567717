"""Opsco SK6812: a chain of RGB lights on one pin.

Source: SK6812 datasheet (Shenzhen Opsco): a 0 is 0.3 us high and 0.9 us low, a 1 is 0.6 and 0.6,
each within 0.15 us; 24 bits a light in the order green, red, blue; at least 80 us low make them
take effect. The page of that table could not be looked up.
"""

_TIMING_NS = (300, 900, 600, 600)  # high and low of a 0, high and low of a 1


class SK6812:
    """`pixels` lights on an output pin that someone else owns, all of one colour.

    `bitstream` is `machine.bitstream`. Without 5 V on the chain nothing shows, and nothing tells.
    """

    def __init__(self, pin, bitstream, pixels: int):
        self._pin = pin
        self._bitstream = bitstream
        self._grb = bytearray(pixels * 3)

    def color(self, r: int, g: int, b: int) -> None:
        """Set all lights to a colour, 0 to 255 each. Blocks for 29 us a light; allocates nothing.

        Calls must be at least 80 us apart, which a call from Python always is.

        Raises:
            ValueError: a component is not in 0..255.
        """
        if not 0 <= r | g | b <= 255:
            raise ValueError("sk6812: 0..255")
        for i in range(0, len(self._grb), 3):
            self._grb[i] = g
            self._grb[i + 1] = r
            self._grb[i + 2] = b
        self._bitstream(self._pin, 0, _TIMING_NS, self._grb)

    def deinit(self) -> None:
        """Make all lights dark. May be called twice."""
        self.color(0, 0, 0)
