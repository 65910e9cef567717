"""A microphone with an I2S output that needs no master clock, such as the MSM261S4030H0.

Source: MicroPython's documentation of machine.I2S; with a handler set, `readinto` returns at once
and the handler is called when the buffer is full. The microphone gives 24 bits of which the upper
16 are taken.
"""


class I2SMicrophone:
    """One microphone. `open_i2s()` returns a machine.I2S that receives, and starts it.

    Off after construction. Samples come in pieces of `piece_bytes`; while nobody reads,
    machine.I2S keeps as much as its own buffer holds and loses the oldest.
    """

    def __init__(self, open_i2s, piece_bytes: int = 640):
        self._open = open_i2s
        self._i2s = None
        self._pieces = [memoryview(bytearray(piece_bytes)) for _ in range(2)]
        self._filling = 0
        self._full = False
        self._on_full = self._note  # bound once: binding takes memory

    def start(self) -> None:
        """Begin to listen. Does nothing when started already.

        Raises:
            OSError: no I2S peripheral is free.
        """
        if self._i2s:
            return
        self._full = False
        self._i2s = self._open()
        self._i2s.irq(self._on_full)
        self._i2s.readinto(self._pieces[self._filling])

    def _note(self, i2s):
        self._full = True

    def read(self):
        """Return the next piece, valid until the next call; None: none is full yet.

        Does not block, allocates nothing.

        Raises:
            OSError: machine.I2S failed.
        """
        if not self._full or not self._i2s:
            return None
        self._full = False
        piece = self._pieces[self._filling]
        self._filling = 1 - self._filling
        self._i2s.readinto(self._pieces[self._filling])
        return piece

    def stop(self) -> None:
        """Stop to listen; what was not read is wiped. May be called twice."""
        if self._i2s:
            self._i2s.deinit()
            self._i2s = None
        for piece in self._pieces:
            piece[:] = bytes(len(piece))

    deinit = stop
