"""GalaxyCore GC0308 on the board's I2C, and the modules `camera` and `jpeg` that drive it.

Sources: GC0308 application note V1.04 (order of power and reset); micropython-camera-API v0.6.2
and mp_jpeg 0.3.1 (the C modules' arguments and errors). The pictures are those of a prepared clip
(clip.py), which loops at its own time base. The encoder's rule that its input is aligned to 16
bytes cannot be checked here: Python sees no addresses.
"""

import json
from array import array

from tools.sim.chips.i2cchip import I2CChip
from tools.sim.world import ChipError

_RESET_AFTER_MS = 3
_FRAME_TIMEOUT_MS = 4000
_ENOENT = 2
_EOPNOTSUPP = 95
_NOT_FOUND = -0x105  # ESP_ERR_NOT_FOUND
SIZES = {1: (160, 120), 5: (240, 240), 6: (320, 240), 10: (640, 480)}


class GC0308Chip(I2CChip):
    """One sensor; it answers while its three rails are on and its reset line is high.

    Faults beside those of every chip: `failing_starts` (how many starts in a row find no sensor),
    `no_picture` (nothing comes over the data lines), `noisy` (one byte of each picture is wrong).
    """

    def __init__(self, world, board, pmu, expander):
        super().__init__(world, board, board.I2C_CHIPS["GC0308"])
        self.failing_starts = 0
        self.no_picture = False
        self.noisy = False
        self._on_mv = {}
        self._high = False
        self._on_ms = world.ms
        expander.on_output(board.CAMERA["reset"][1], self._reset)
        for name in board.CAMERA["rails"]:
            self._rail(pmu, name)

    def _rail(self, pmu, name):
        def supply(mv):
            if mv and not self._on_mv.get(name):
                if self._high:
                    raise ChipError("GC0308: %s came while the reset line was high" % name)
                self._on_ms = self.world.ms
            self._on_mv[name] = mv
            self._settle()

        pmu.on_rail(name, supply)

    def _reset(self, level):
        supplied = self._on_mv and all(self._on_mv.values())
        if level and supplied and self.world.ms - self._on_ms < _RESET_AFTER_MS:
            raise ChipError("GC0308: out of reset less than 3 ms after its supply")
        self._high = bool(level)
        self._settle()

    def _settle(self):
        rails = self.board.CAMERA["rails"]
        supplied = all(self._on_mv.get(name) for name in rails)
        self.powered = self._high and supplied
        self.world.energy.draw("sensor", 1000 if supplied else 0)

    def power(self, on):
        """Do nothing: the rails are what counts."""

    def get(self, reg):
        """Return the value read from a register: only the identity is known."""
        if reg:
            self.unknown(reg)
        return 0x9B

    def put(self, reg, value):
        """Refuse: the C module configures the sensor, nobody else."""
        self.unknown(reg, "writable register")


class Clip:
    """A prepared clip: pictures by number, as RGB565 of `show_px` and as JPEG of `size_px`."""

    def __init__(self, host, path):
        about = json.loads(host.read_text(path + "/clip.json"))
        self.size_px = (about["w"], about["h"])
        self.show_px = tuple(about.get("show_px", self.size_px))
        self.picture_bytes = self.show_px[0] * self.show_px[1] * 2
        self.count = about["count"]
        self.quality = about["jpeg_quality"]
        self._duration_ms = about["duration_ms"]
        self._starts_ms = array("i", about["starts_ms"])
        self._offsets = array("i", about["jpeg_offsets"])
        self._rgb = host.open_store(path + "/clip.rgb", writable=False)
        self._jpg = host.open_store(path + "/clip.jpg", writable=False)
        self._jpeg = bytearray(max(self.jpeg_bytes(i) for i in range(self.count)))
        self._jpeg_view = memoryview(self._jpeg)
        self._scratch = None  # a picture to compare with, where the board encodes

    def at(self, ms):
        """Return the number of the picture that is seen at `ms` of the script's time."""
        ms %= self._duration_ms
        starts_ms = self._starts_ms
        low, high = 0, self.count
        while high - low > 1:
            middle = (low + high) // 2
            if starts_ms[middle] <= ms:
                low = middle
            else:
                high = middle
        return low

    def picture(self, i, buf):
        """Fill `buf` with picture `i`."""
        self._rgb.read_at(i * self.picture_bytes, buf)

    def jpeg_bytes(self, i):
        """Return the length of the JPEG of picture `i`."""
        return self._offsets[i + 1] - self._offsets[i]

    def jpeg(self, i):
        """Return the JPEG of picture `i`, as fresh bytes."""
        view = self._jpeg_view[: self.jpeg_bytes(i)]
        self._jpg.read_at(self._offsets[i], view)
        return bytes(view)

    def encoded(self, i, buf):
        """Return the JPEG of the picture in `buf`, which should be number `i`; None: of none."""
        if i is None or not self._is(i, buf):
            i = next((i for i in range(self.count) if self._is(i, buf)), None)
        return None if i is None else self.jpeg(i)

    def _is(self, i, buf):
        if self._scratch is None:
            self._scratch = memoryview(array("b", bytes(self.picture_bytes)))
        self.picture(i, self._scratch)
        return _same(self._scratch, buf)

    def close(self):
        """Close the files."""
        self._rgb.close()
        self._jpg.close()


class PixelFormat:
    """camera.PixelFormat."""

    RGB565 = 0
    YUV422 = 1
    YUV420 = 2
    GRAYSCALE = 3
    JPEG = 4
    RGB888 = 5
    RAW = 6
    RGB444 = 7
    RGB555 = 8


class FrameSize:
    """camera.FrameSize."""

    R96X96 = 0
    QQVGA = 1
    R128x128 = 2
    QCIF = 3
    HQVGA = 4
    R240X240 = 5
    QVGA = 6
    R320X320 = 7
    CIF = 8
    HVGA = 9
    VGA = 10
    SVGA = 11
    XGA = 12
    HD = 13
    SXGA = 14
    UXGA = 15
    FHD = 16
    P_HD = 17
    P_3MP = 18
    QXGA = 19
    QHD = 20
    WQXGA = 21
    P_FHD = 22
    QSXGA = 23


class GrabMode:
    """camera.GrabMode."""

    WHEN_EMPTY = 0
    LATEST = 1


class CameraModule:
    """The module `camera`. `i2c_bus` is the bus that the sensor's SCCB shares, None if it has its
    own.
    """

    def __init__(self, world, board, chip, i2c_bus, clip):
        class _Camera(self.camera_class()):
            _world = world
            _board = board
            _chip = chip
            _bus = i2c_bus
            _clip = clip
            _module = self

        self.Camera = _Camera
        self.PixelFormat = PixelFormat
        self.FrameSize = FrameSize
        self.GrabMode = GrabMode
        self.active = None  # the one Camera that is initialised
        self.shown = None  # the number of the picture that was delivered last

    def camera_class(self):
        """Return what stands behind the name Camera."""
        return Camera

    def Version(self):
        """Return the module's version."""
        return "0.6.2"

    def power(self, on):
        """Forget the camera: the processor lost its power."""
        self.active = None
        self.shown = None


class Camera:
    """camera.Camera."""

    SENSOR = "GC0308"

    def __init__(
        self,
        *,
        data_pins,
        pclk_pin,
        vsync_pin,
        href_pin,
        xclk_pin,
        sda_pin=-1,
        scl_pin=-1,
        i2c=None,
        xclk_freq=20_000_000,
        powerdown_pin=-1,
        reset_pin=-1,
        pixel_format=PixelFormat.RGB565,
        frame_size=FrameSize.QQVGA,
        jpeg_quality=85,
        fb_count=2,
        grab_mode=GrabMode.LATEST,
        init=True,
    ):
        if not isinstance(data_pins, (list, bytearray)):
            raise TypeError("data_pins must be a list or bytearray")
        if len(data_pins) != 8:
            raise ValueError("data_pins must have 8 elements")
        if not 0 <= jpeg_quality <= 100:
            raise ValueError("jpeg quality must be in range 0-100")
        if xclk_freq < 1000:
            xclk_freq *= 1_000_000
        if xclk_freq > 40_000_000:
            raise ValueError("xclk frequency cannot be grather than 40MHz")
        if grab_mode not in (GrabMode.WHEN_EMPTY, GrabMode.LATEST):
            raise ValueError("Invalid grab_mode")
        if not 0 <= pixel_format <= PixelFormat.RGB555:
            raise ValueError("Invalid pixel_format")
        pins = self._board.CAMERA
        self._wired = (
            list(data_pins) == pins["data"]
            and (pclk_pin, vsync_pin, href_pin) == (pins["pclk"], pins["vsync"], pins["href"])
            and xclk_pin == pins["xclk"]
            and powerdown_pin == reset_pin == -1
        )
        wires = self._board.I2C if self._bus else pins
        self._reaches = (sda_pin, scl_pin) == (wires["sda"], wires["scl"])
        if i2c is not None:
            self._reaches = self._bus is not None and i2c.chips is self._bus.chips
        self._jpeg_quality = jpeg_quality
        self._fb_count = min(max(fb_count, 1), 2)
        self._pixel_format = pixel_format
        self._frame_size = frame_size
        self._grab_mode = grab_mode
        self._initialised = False
        if self._module.active:
            self._module.active.deinit()
        self.init()
        if self.capture() is None:
            self.deinit()
            raise OSError(
                "Failed to capture initial frame. "
                "Construct a new object with appropriate configuration."
            )
        if not init:
            self.deinit()

    def init(self):
        """Start the sensor. If it works or not, the I2C bus is not MicroPython's afterwards."""
        if self._initialised:
            return
        chip = self._chip
        self._take_bus()
        self._world.charge(self._board.COSTS["call_us"] + self._board.COSTS["camera_start_us"])
        if chip.failing_starts:
            chip.failing_starts -= 1
            raise OSError(_NOT_FOUND, "ESP_ERR_NOT_FOUND")
        if self._bus and self._bus.chips.get(chip.address) is not chip:
            raise OSError(_NOT_FOUND, "ESP_ERR_NOT_FOUND")  # another chip's identity
        if not self._reaches or chip.absent or chip.nack:
            raise OSError(_NOT_FOUND, "ESP_ERR_NOT_FOUND")
        self._check_format()
        self._start_ms = self._world.camera_ms = self._world.ms
        self._clocked(True)
        self._frame_ms = self._board.COSTS["camera_frame_us"] // 1000
        self._delivered = 0
        self._initialised = True
        self._module.active = self

    def _check_format(self):
        if self._pixel_format == PixelFormat.JPEG:
            raise OSError(-_EOPNOTSUPP, "ESP_ERR_NOT_SUPPORTED")
        size_px = SIZES.get(self._frame_size)
        if self._pixel_format != PixelFormat.RGB565 or size_px != self._clip.show_px:
            raise ChipError("GC0308: the clip is not in this format and size")
        self._buf = array("b", bytes(self._clip.picture_bytes))

    def deinit(self):
        """Stop the sensor, and take the I2C bus along."""
        if self._initialised:
            self._initialised = False
            self._clocked(False)
            self._module.active = None
            self._take_bus()
            self._world.charge(self._board.COSTS["call_us"])

    def _clocked(self, on):
        """Hear whether the sensor has a clock. This one draws its current from its rails on."""

    def _take_bus(self):
        if self._bus:
            self._bus.take_over()

    def _check_init(self):
        self._world.charge(self._board.COSTS["call_us"])
        if not self._initialised:
            raise OSError(_ENOENT, "camera: not initialised")

    def _done(self):
        # How many pictures the sensor has completed.
        return (self._world.ms - self._start_ms) // self._frame_ms

    def _alive(self):
        chip = self._chip
        return self._wired and not (chip.no_picture or chip.absent or chip.nack)

    def frame_available(self):
        """Return whether a picture waits that was not delivered yet."""
        self._check_init()
        return self._alive() and self._done() > self._delivered

    def free_buffer(self):
        """Give the last picture's memory back."""
        self._check_init()

    def capture(self):
        """Return the newest picture; wait for one; None when none comes."""
        self._check_init()
        if not self._alive():
            self._world.sleep(_FRAME_TIMEOUT_MS)
            return None
        if self._done() <= self._delivered:
            self._world.sleep_until(self._start_ms + (self._delivered + 1) * self._frame_ms)
        self._delivered = self._done()
        i = self._clip.at(self._start_ms + self._delivered * self._frame_ms)
        self._module.shown = i
        return self._deliver(i)

    def _deliver(self, i):
        # Always anew: the firmware may have painted the mirror's frame into the picture before.
        self._clip.picture(i, self._buf)
        if self._chip.noisy:
            self._buf[self._delivered % len(self._buf)] ^= 0x55
        return memoryview(self._buf)

    def reconfigure(self, *, frame_size=None, pixel_format=None, grab_mode=None, fb_count=None):
        """Stop and start with other settings."""
        self._check_init()
        if frame_size is not None:
            self._frame_size = frame_size
        if pixel_format is not None:
            self._pixel_format = pixel_format
        if grab_mode is not None:
            self._grab_mode = grab_mode
        if fb_count is not None:
            self._fb_count = fb_count
        self.deinit()
        self.init()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.deinit()

    @property
    def pixel_width(self):
        """Pixels a line."""
        return self._clip.size_px[0]

    @property
    def pixel_height(self):
        """Lines."""
        return self._clip.size_px[1]

    @property
    def sensor_name(self):
        """What the sensor is called."""
        return self.SENSOR

    @property
    def fb_count(self):
        """How many frame buffers there are."""
        return self._fb_count


class JPEGModule:
    """The module `jpeg`. It gives back the clip's JPEG of the picture it is handed."""

    def __init__(self, world, board, clip, camera_module):
        class _Encoder(Encoder):
            _world = world
            _board = board
            _clip = clip
            _camera = camera_module

        self.Encoder = _Encoder

    def version(self):
        """Return the library's version."""
        return "1.0.0"


class Encoder:
    """jpeg.Encoder."""

    def __init__(self, height, width, pixel_format, *, quality=90, rotation=0):
        if pixel_format not in (
            "RGB565_BE",
            "RGB565_LE",
            "RGB888",
            "RGBA",
            "GRAY",
            "YCbYCr",
            "YCbY2YCrY2",
            "CbYCrY",
        ):
            raise ValueError("Format %s not supported" % pixel_format)
        clip = self._clip
        if pixel_format != "RGB565_BE" or (width, height) != clip.size_px or rotation:
            raise ChipError("jpeg: the clip is not in this format and size")
        if quality != clip.quality:
            raise ChipError("jpeg: the clip was prepared with quality %d" % clip.quality)
        self._output_bytes = width * height

    def encode(self, buf):
        """Return the JPEG of the picture in `buf`."""
        costs = self._board.COSTS
        self._world.charge(costs["call_us"] + costs["jpeg_encode_us"])
        jpeg = self._clip.encoded(self._camera.shown, buf)
        if jpeg is None or len(jpeg) > self._output_bytes:
            raise RuntimeError("JPEG encoding failed")
        self._world.charge(len(jpeg) * costs["copy_us_per_kib"] >> 10)
        return jpeg


if hasattr(memoryview, "cast"):

    def _same(a, b):
        # CPython compares views item by item, and a signed byte is no unsigned one.
        return bytes(a) == bytes(b)

else:

    def _same(a, b):
        return a == b
