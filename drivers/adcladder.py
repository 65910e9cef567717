"""One of several buttons that share a pin: each pulls it to a voltage of its own."""

from drivers.debounce import Debounce


class ADCLadder:
    """The button of a ladder that pulls to `centre_mv`, on an ADC that someone else owns.

    Within `tolerance_mv` of it the button goes down; it is up again outside of that and
    `hysteresis_mv` more. Two buttons at once are read as another one, or none. It has to be read
    every 20 ms: a press that begins and ends between two readings is not seen.
    """

    def __init__(self, adc, clock, centre_mv, tolerance_mv=100, hysteresis_mv=50):
        self._adc = adc
        self._centre_mv = centre_mv
        self._limits_mv = (tolerance_mv, tolerance_mv + hysteresis_mv)
        self._inside = False
        self._debounce = Debounce(clock)

    def key_edges(self) -> int:
        """Return what happened since the last call: 1 pressed, 2 released, 0.

        Raises:
            OSError: the ADC failed.
        """
        off_mv = abs(self._adc.read_uv() // 1000 - self._centre_mv)
        self._inside = off_mv <= self._limits_mv[self._inside]
        return self._debounce.edges(self._inside)
