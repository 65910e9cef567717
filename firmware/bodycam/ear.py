"""The ear: hands what the microphone hears to the recorder, while the stage and the profile allow
it.
"""

from micropython import const

_PIECE_MS = const(10)  # half of a piece: none waits for long
_NEVER_MS = const(60_000)


class Ear:
    """`microphone` has `start()`, `stop()` and `read()`, a piece of 16-bit mono at 16 kHz or None;
    it is None itself where the profile has no sound.
    """

    def __init__(self, microphone, recorder, clock):
        self._microphone = microphone
        self._recorder = recorder
        self._clock = clock
        self._wanted = False
        self._runs = False

    def listen(self, on: bool):
        """Listen from the next step on, or stop now and forget what was not recorded."""
        self._wanted = on and self._microphone is not None
        if not self._wanted and self._runs:
            self._runs = False
            self._microphone.stop()

    def step(self, now: int) -> int:
        """Hand on what was heard; return milliseconds until the next piece.

        Does not block, allocates nothing.

        Raises:
            OSError: the microphone failed; the next call tries again.
        """
        if not self._wanted:
            return _NEVER_MS
        if not self._runs:
            self._microphone.start()
            self._runs = True
        piece = self._microphone.read()
        if piece is None:
            return _PIECE_MS
        if self._recorder.wants_frames():
            self._recorder.sound(self._clock.stamp(), piece)
        return 0
