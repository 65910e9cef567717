"""The SPI mode of SD cards: commands with their CRC7, data with their CRC16, and waiting.

Source: SD Specifications, Part 1, Physical Layer Simplified Specification, Version 4.10 (SD
Association, 22 January 2013); chapter 7 is SPI mode, and the numbers below are sections of it.

Every wait has an end. Hot path: `_ready`.
"""

from micropython import const

_EIO = const(5)
_ENODEV = const(19)
_EROFS = const(30)
_ETIMEDOUT = const(110)

_STOP_TRANSMISSION = const(12)  # 7.3.1.3: commands
_SEND_STATUS = const(13)

_SILENT = const(0xFF)
_WRITE_PROTECTED = const(0x20)  # 7.3.2.3: second byte of R2
_READ_TOKEN = const(0xFE)  # 7.3.3.2

_LAST_LOOK = const(255)
_ONE = b"\xff"
_ONES = b"\xff" * 256  # one look at a busy card: 0.1 ms at 20 MHz

_LIMIT_MS = const(5000)  # 4.6.2.2 allows a write 500 ms; cards have been seen to take longer
_R1_BYTES = const(9)  # the response comes within eight bytes
_LOOKS = const(20)


class SDBus:
    """What every call to a card is made of; CS is low but between calls.

    `crc16(buf, start, n)` is one of drivers/crc16*.py.
    """

    def __init__(self, spi, cs, clock, crc16):
        self._spi = spi
        self._cs = cs
        self._clock = clock
        self._crc16 = crc16
        self._seen = bytearray(len(_ONES))
        self._frame = bytearray(b"\xff\x00\x00\x00\x00\x00\x00")
        self._one = bytearray(1)
        self.busy = False
        self._since = -1  # ticks when the card was first seen busy at the end of a step
        self._shift = 0  # 9 for a card that counts bytes, not sectors
        cs(1)

    def _release(self):
        self._cs(1)
        self._spi.write(_ONE)

    def _wait(self, limit_ms):
        while not self._ready():
            self._be_patient(limit_ms)
            self._clock.sleep_ms(1)

    def _ready(self):
        # The last byte counts: just selected, the card pulls MISO low only after a clock.
        self._spi.write_readinto(_ONES, self._seen)
        if self._seen[_LAST_LOOK] != 0xFF:
            return False
        self.busy = False
        if self._since >= 0:
            self._since = -1
        return True

    def _be_patient(self, limit_ms):
        now = self._clock.ticks_ms()
        if self._since < 0:
            self._since = now
        elif self._clock.diff(now, self._since) > limit_ms:
            raise OSError(_ETIMEDOUT, "sdcard: busy for %d ms" % limit_ms)

    def _at(self, index, lba):
        # Address by halves: on a card that counts bytes the whole would not be a small integer.
        shift = self._shift
        self._must(index, lba >> 16 - shift, (lba & 0xFFFF) << shift & 0xFFFF)

    def _must(self, index, high=0, low=0, want=0):
        r1 = self._command(index, high, low)
        if r1 == _SILENT:
            raise OSError(_ENODEV, "sdcard: no answer")
        if r1 != want:
            raise OSError(_EIO, "sdcard: CMD%d answered 0x%02x" % (index, r1))

    def _command(self, index, high=0, low=0):
        frame = self._frame
        frame[1] = 0x40 | index
        frame[2] = high >> 8
        frame[3] = high & 0xFF
        frame[4] = low >> 8
        frame[5] = low & 0xFF
        frame[6] = _crc7(frame) | 1
        self._spi.write(frame)
        if index == _STOP_TRANSMISSION:
            self._byte()  # still data, or nothing
        return self._r1()

    def _r1(self):
        for _ in range(_R1_BYTES):
            r1 = self._byte()
            if r1 < 0x80:
                return r1
        return _SILENT

    def _byte(self):
        self._spi.readinto(self._one, 0xFF)
        return self._one[0]

    def _judge(self, refused):
        r1 = self._command(_SEND_STATUS)
        status = self._byte()
        if r1 == _SILENT:
            raise OSError(_ENODEV, "sdcard: no answer")
        if r1 or status or refused is not None:
            code = _EROFS if status & _WRITE_PROTECTED else _EIO
            raise OSError(code, "sdcard: data response %s, R2 %02x %02x" % (refused, r1, status))

    def _receive(self, view):
        token = 0xFF
        looks = 0
        while token == 0xFF:
            if looks < _LOOKS:
                looks += 1
            else:
                self._be_patient(_LIMIT_MS)
                self._clock.sleep_ms(1)
            token = self._byte()
        self._since = -1
        if token != _READ_TOKEN:
            raise OSError(_EIO, "sdcard: read error 0x%02x" % token)
        self._spi.readinto(view, 0xFF)
        if self._crc16(view, 0, len(view)):  # over data and CRC: 0
            raise OSError(_EIO, "sdcard: wrong CRC")


def _crc7(frame):
    # 4.5: x^7 + x^3 + 1, one byte a step, kept in the upper seven bits.
    crc = 0
    for i in range(1, 6):
        crc ^= frame[i]
        crc ^= crc >> 4 ^ crc >> 7
        crc = (crc << 4 ^ crc << 1) & 0xFF
    return crc
