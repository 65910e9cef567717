"""ArduCAM Mega camera (3 and 5 megapixel), over SPI: it makes JPEG or RGB565, and keeps a picture.

Sources: "Mega SPI Camera Series Application Note" of September 2023, sections 2 to 4 (SPI and
registers 0x00 to 0x35); Arducam's SDK, ArducamCamera.c of 2023-02-20 (the others, and the
millisecond after a write); Zephyr's arducam_mega.c (sleep of the newer sensors, limits of waits).

SPI mode 0 at 8 MHz: faster writes are taken and spoil the picture. The resolution must not be
written with the value that it has, which blanks the next picture; at reset that is 640x480.

It gives one format at a time: JPEG to record, or a small RGB565 to show (high byte first:
estimate, no source says it).
"""

from micropython import const

_TEST = const(0x00)  # 0 at reset
_POWER = const(0x02)  # b2 supply, b1 sleep (not asleep on sensors _2), b0 out of reset
_FIFO = const(0x04)  # b1 take a picture, b0 clear b2 of _STATE
_RESET = const(0x07)  # b6 everything
_ADDRESS = const(0x0A)  # of the sensor
_FORMAT = const(0x20)
_RESOLUTION = const(0x21)
_QUALITY = const(0x2A)  # 0 high, 1 medium, 2 low
_BURST = const(0x3C)
_ID = const(0x40)
_STATE = const(0x44)  # b2 picture complete, b1:0 2 when idle
_LENGTH = const(0x45)  # three registers, lowest byte first

_WRITE = const(0x80)
_MARK = const(0xA5)
_IDLE = const(2)
_DONE = const(0x04)
_CLEAR = const(0x01)
_TAKE = const(0x02)
_RESET_ALL = const(0x40)
_SENSOR = const(0x78)
_JPEG = const(0x01)
_RGB565 = const(0x02)
_SIZE_AT_RESET = const(0x02)
_SLEEP_BIT = const(0x02)
# What _POWER is while awake, by identity: 5MP_1, 3MP_1, 5MP_2, 3MP_2.
_AWAKE = {0x81: 0x05, 0x82: 0x05, 0x83: 0x07, 0x84: 0x07}

_SIZES = {(96, 96): 0x0A, (128, 128): 0x0B, (320, 240): 0x01, (320, 320): 0x0C}
_START_MS = const(2000)  # Zephyr waits 1 s after a reset
_CONFIG_MS = const(500)
_PICTURE_MS = const(500)  # Zephyr gives up after 400
_ZEROS = memoryview(bytes(512))
_END = b"\xff\xd9"
_PADDING_BYTES = const(2048)  # behind the end of a JPEG, at most: estimate


class ArducamMega:
    """One camera with an SPI bus and CS pin that someone else owns. Asleep until `start`.

    `size_px` of what is recorded and `show_px` of what is shown are of four that are small enough
    for a processor without external memory; `quality` is 0 (best) to 2; larger JPEGs than
    `frame_bytes_max` are refused. Pictures to be shown go into `memory`, which may be anybody's
    who needs it only while pictures are recorded; None: into memory of its own.
    """

    def __init__(
        self,
        spi,
        cs,
        clock,
        size_px: tuple,
        quality: int,
        frame_bytes_max: int,
        show_px: tuple = (96, 96),
        memory=None,
    ):
        """Allocate a JPEG's memory; touch no hardware: the camera wakes slower than we do.

        Raises:
            ValueError: no such size or quality, or `memory` is too small.
        """
        if size_px not in _SIZES or show_px not in _SIZES or not 0 <= quality <= 2:
            raise ValueError("arducammega: no such size or quality")
        self._spi = spi
        self._cs = cs
        self._clock = clock
        self._quality = quality
        # By `record`: format and resolution.
        self._formats = ((_RGB565, _SIZES[show_px]), (_JPEG, _SIZES[size_px]))
        self._two = bytearray(2)
        self._three = bytearray(3)
        show_bytes = show_px[0] * show_px[1] * 2
        self._frame = bytearray(frame_bytes_max + 511 & -512)  # wiped by 512
        self._jpeg_bytes_max = frame_bytes_max
        self._view = memoryview(self._frame)
        self._shown = memoryview(memory or bytearray(show_bytes))[:show_bytes]
        if len(self._shown) != show_bytes:
            raise ValueError("arducammega: %d bytes to show a picture" % len(self._shown))
        self._asleep = 0  # what to write into _POWER, 0 until the sensor is known
        self._good = False  # set up, and the last picture came
        self._format, self._resolution = None, _SIZE_AT_RESET
        self._records = None  # what it was started for; None: it sleeps
        self._taking = False
        self._taken_ms = 0

    def _read(self, reg):
        three = self._three
        three[0] = reg
        three[1] = three[2] = 0
        self._cs(0)
        self._spi.write_readinto(three, three)
        self._cs(1)
        return three[2]

    def _write(self, reg, value):
        self._two[0] = reg | _WRITE
        self._two[1] = value
        self._cs(0)
        self._spi.write(self._two)
        self._cs(1)
        self._clock.sleep_ms(1)

    def _settle(self, limit_ms):
        clock = self._clock
        start = clock.ticks_ms()
        while self._read(_STATE) & 3 != _IDLE:
            if clock.diff(clock.ticks_ms(), start) > limit_ms:
                raise OSError(110, "arducammega: busy for %d ms" % limit_ms)
            clock.sleep_ms(2)

    def start(self, record: bool = True) -> None:
        """Wake the camera and let it make JPEGs if `record`, else small RGB565 pictures.

        A camera that was set up, and whose last pictures were good, is not set up again: some
        50 ms to wake, some 60 ms for the other format, at most 0.5 s each. The first time takes
        0.2 s if its supply has been on for some 1 s, and some 1 s, at most 6, if it has to be
        reset. Does nothing when started so already.

        Raises:
            OSError: it does not get ready (ETIMEDOUT), is no ArduCAM Mega (ENODEV) or the bus
                failed; it is asleep again then, if it listens.
        """
        if self._records is record:
            return
        try:
            self._finish()
            # The mark goes with a reset or the supply, and the settings cannot be read.
            if not self._good or self._read(_TEST) != _MARK:
                self._set_up()
            elif self._records is None:
                self._set(_POWER, self._asleep ^ _SLEEP_BIT)
            self._change(*self._formats[record])
        except OSError:
            self._good = False
            self.stop()
            raise
        self._records = record
        self._good = True

    def _set_up(self):
        if self._read(_TEST):  # 0 fresh from its supply
            self._write(_RESET, _RESET_ALL)
        self._settle(_START_MS)
        found = self._read(_ID)
        if found not in _AWAKE:
            raise OSError(19, "arducammega: id 0x%02x" % found)
        self._format, self._resolution = None, _SIZE_AT_RESET
        self._asleep = _AWAKE[found] ^ _SLEEP_BIT
        self._set(_POWER, _AWAKE[found])
        self._set(_ADDRESS, _SENSOR)
        self._set(_QUALITY, self._quality)
        self._set(_TEST, _MARK)

    def _change(self, form, resolution):
        if form != self._format:
            self._set(_FORMAT, form)
            self._format = form
        if resolution != self._resolution:
            self._set(_RESOLUTION, resolution)
            self._resolution = resolution

    def _set(self, reg, value):
        self._write(reg, value)
        self._settle(_CONFIG_MS)

    def _forget(self, view):
        at = len(view)
        while at:
            at -= 512
            view[at : at + 512] = _ZEROS

    def _finish(self):
        self._forget(self._view)
        if self._records is False:  # in a recording that memory may be somebody else's
            self._forget(self._shown)
        # Half a picture in its memory would cost a reset.
        while self._taking and not self._read(_STATE) & _DONE:
            if self._clock.diff(self._clock.ticks_ms(), self._taken_ms) > _PICTURE_MS:
                self._good = False
                break
            self._clock.sleep_ms(2)
        self._taking = False

    def stop(self) -> None:
        """Let the sensor sleep, and wipe the last picture. May be called twice.

        Blocks for 1 ms, and until a picture under way is complete: 0.1 s, at most 0.5.

        Raises:
            OSError: bus failure.
        """
        self._finish()
        self._records = None
        if self._asleep:
            self._write(_POWER, self._asleep)

    def frame_ready(self) -> bool:
        """Return True when `capture` will not have to wait; begin a picture if none is under way.

        A picture is so never older than the call that began it. One that does not come within
        0.5 s is begun anew. Blocks for 2 ms when it begins one. Allocates nothing.

        Raises:
            OSError: bus failure.
        """
        if self._records is None:
            return False
        if self._taking and self._read(_STATE) & _DONE:
            return True
        now = self._clock.ticks_ms()
        if not self._taking or self._clock.diff(now, self._taken_ms) > _PICTURE_MS:
            self._good = self._good and not self._taking
            self._write(_FIFO, _CLEAR)
            self._write(_FIFO, _TAKE)
            self._taken_ms = now
            self._taking = True
        return False

    def capture(self) -> "memoryview | None":
        """Return a picture, JPEG or RGB565; None: none came, or not started.

        Waits for it (`frame_ready`), at most 0.5 s, and for its bytes: 1 ms a KiB at 8 MHz. The
        memory is the driver's: valid until the next `capture`. Takes one small object from the
        heap for the view of a JPEG, two if it is padded.

        Raises:
            OSError: what came is larger than `frame_bytes_max`, or is not a picture to be shown
                (EFBIG), or not a whole JPEG (EIO), or the bus failed.
        """
        if not self._await():
            return None
        self._taking = self._good = False
        n = self._read(_LENGTH) | self._read(_LENGTH + 1) << 8 | self._read(_LENGTH + 2) << 16
        if self._records:
            return self._jpeg(n)
        if not 0 <= n - len(self._shown) <= _PADDING_BYTES:
            raise OSError(27, "arducammega: %d bytes" % n)
        self._receive(self._shown)
        self._good = True
        return self._shown

    def _jpeg(self, n):
        if not 4 <= n <= self._jpeg_bytes_max:
            raise OSError(27, "arducammega: %d bytes" % n)
        picture = self._view[:n]
        self._receive(picture)
        return self._whole(picture)

    def _await(self):
        clock = self._clock
        start = clock.ticks_ms()
        while not self.frame_ready():
            if self._records is None or clock.diff(clock.ticks_ms(), start) > _PICTURE_MS:
                self._good = False
                return False
            clock.sleep_ms(2)
        return True

    def _receive(self, picture):
        # The first burst after a picture has one byte more in front.
        self._two[0] = _BURST
        self._two[1] = 0
        self._cs(0)
        self._spi.write(self._two)
        self._spi.readinto(picture)
        self._cs(1)

    def _whole(self, picture):
        n = len(picture)
        end = self._frame.rfind(_END, max(0, n - _PADDING_BYTES), n) + 2
        if end < 4 or picture[0] != 0xFF or picture[1] != 0xD8:
            raise OSError(5, "arducammega: no whole JPEG in %d bytes" % n)
        self._good = True
        return picture if end == n else self._view[:end]

    def encode(self, picture):
        """Return a picture taken to be recorded: it is a JPEG already."""
        return picture

    deinit = stop
