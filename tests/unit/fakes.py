"""Small stand-ins for plain collaborators: a clock that is moved by hand, and a flash that only
clears bits.
"""

TICKS = 1 << 30


class Time:
    """MicroPython's `time`, moved by hand. Begins one second before the ticks wrap."""

    def __init__(self):
        self.now_ms = TICKS - 1000

    def ticks_ms(self):
        return self.now_ms % TICKS

    def ticks_us(self):
        return self.now_ms * 1000 % TICKS

    @staticmethod
    def ticks_diff(a, b):
        return (a - b + TICKS // 2) % TICKS - TICKS // 2

    @staticmethod
    def ticks_add(a, delta):
        return (a + delta) % TICKS

    def sleep_ms(self, ms):
        self.now_ms += ms

    def sleep_us(self, us):
        self.now_ms += us // 1000


class Flash:
    """NOR flash: programming clears bits. `cut_after` bytes programmed, the power goes."""

    def __init__(self, size_bytes=64 * 256):
        self.size_bytes = size_bytes
        self.memory = bytearray(b"\xff" * size_bytes)
        self.cut_after = None
        self.programs = []

    def read(self, at, buf):
        buf[:] = self.memory[at : at + len(buf)]

    def program(self, at, buf):
        self.programs.append((at, len(buf)))
        for i, value in enumerate(bytes(buf)):
            if self.cut_after is not None:
                if not self.cut_after:
                    raise PowerCut
                self.cut_after -= 1
            self.memory[at + i] &= value


class PowerCut(BaseException):
    """The power went."""
