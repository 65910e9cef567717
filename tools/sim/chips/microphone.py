"""A microphone on I2S: what it hears is a ramp, so that every lost or doubled sample shows."""

_RAMP = 1 << 16  # bytes: 15-bit samples, little endian


class MicrophoneChip:
    """One microphone. Sample i of the stream since the I2S began is i modulo 32768.

    Fault: `silent` (all samples 0).
    """

    def __init__(self, world, board):
        self.silent = False
        ramp = bytearray(_RAMP)
        for i in range(_RAMP // 2):
            ramp[2 * i] = i & 255
            ramp[2 * i + 1] = i >> 8
        self._ramp = memoryview(ramp)

    def power(self, on):
        """Do nothing: it has no state."""

    def speak(self, buf, at):
        """Fill `buf` from byte `at` of the stream on."""
        if self.silent:
            buf[:] = bytes(len(buf))
            return
        at %= _RAMP
        n = min(len(buf), _RAMP - at)
        buf[:n] = self._ramp[at : at + n]
        if n < len(buf):
            buf[n:] = self._ramp[: len(buf) - n]
