"""GalaxyCore GC0308 camera, through the C modules `camera` and `jpeg`: it makes no JPEG itself.

Sources: module `camera` of micropython-camera-API v0.6.2 and module `jpeg` of mp_jpeg 0.3.1 (the
sensor's registers are their business, over SCCB on the board's I2C pins); power-up order from the
GC0308 application note V1.04. The encoder needs its input aligned to 16 bytes: hand it the whole
picture from `capture`, never a slice.
"""

_SIZES = {(160, 120): "QQVGA", (320, 240): "QVGA", (640, 480): "VGA"}


class GC0308:
    """One camera. Off after construction, and drawing no current until `start`.

    `pins` is the board's CAMERA; `rail(name, on)` switches a supply, `reset(level)` the sensor's
    reset line. The C module takes the I2C bus over: after every start and stop, failed ones too,
    `rebind()` is called to make the bus anew, hand it to the other drivers, and return it.
    """

    def __init__(self, camera, jpeg, i2c, pins: dict, clock, rail, reset, rebind):
        """Allocate the encoder (a byte a pixel, outside of the heap); touch no hardware."""
        self.i2c = i2c
        self._module = camera
        self._pins = pins
        self._clock = clock
        self._rail = rail
        self._reset = reset
        self._rebind = rebind
        self._camera = None
        width, height = pins["size_px"]
        # The third argument's name differs between versions of the module, so it goes by place.
        self._encoder = jpeg.Encoder(height, width, "RGB565_BE", quality=pins["jpeg_quality"])

    def start(self, record: bool = True) -> None:
        """Power the sensor and begin to take pictures, which are the same for card and display.

        Blocks for `settle_ms` and the C module's start with its test picture, some 0.3 s. Does
        nothing when started already.

        Raises:
            OSError: the sensor does not answer or gives no picture; it is off again then.
        """
        if self._camera:
            return
        failed = None
        try:
            self._power_up()
            self._camera = self._open()
        except OSError as error:
            failed = error
        self.i2c = self._rebind()
        if failed:
            self._power_down()
            raise failed

    def _power_up(self):
        self._reset(0)
        for name in self._pins["rails"]:
            self._rail(name, True)
        self._clock.sleep_ms(self._pins["settle_ms"])
        self._reset(1)
        self._clock.sleep_ms(3)

    def _open(self):
        pins, module = self._pins, self._module
        return module.Camera(
            data_pins=pins["data"],
            pclk_pin=pins["pclk"],
            vsync_pin=pins["vsync"],
            href_pin=pins["href"],
            xclk_pin=pins["xclk"],
            i2c=self.i2c,
            pixel_format=module.PixelFormat.RGB565,
            frame_size=getattr(module.FrameSize, _SIZES[pins["size_px"]]),
            fb_count=2,
            grab_mode=module.GrabMode.LATEST,
        )

    def stop(self) -> None:
        """Stop taking pictures and cut the sensor's power. May be called twice.

        Raises:
            OSError: bus failure.
        """
        if self._camera:
            camera, self._camera = self._camera, None
            try:
                camera.deinit()
            except OSError:
                pass  # it was not running: all that can go wrong (ESP_ERR_INVALID_STATE)
            self.i2c = self._rebind()
        self._power_down()

    def _power_down(self):
        self._reset(0)
        for name in reversed(self._pins["rails"]):
            self._rail(name, False)

    def frame_ready(self) -> bool:
        """Return True when `capture` will not have to wait."""
        return bool(self._camera) and self._camera.frame_available()

    def capture(self) -> "memoryview | None":
        """Return the newest picture as RGB565, high byte first; None: none came, or not started.

        Waits for it (`frame_ready`), at most 4 s in the C module. The memory is the module's:
        valid until the next `capture` or `stop`. Its items are signed; use it as a buffer.

        Raises:
            OSError: the module lost the camera.
        """
        return self._camera.capture() if self._camera else None

    def encode(self, picture) -> bytes:
        """Return `picture`, whole as `capture` gave it, as a JPEG. Blocks for some 54 ms.

        The bytes are fresh from the heap at every call.

        Raises:
            OSError: the picture would not compress into a byte a pixel, or is no picture (EIO).
        """
        try:
            return self._encoder.encode(picture)
        except RuntimeError:
            raise OSError(5, "gc0308: picture does not compress")

    deinit = stop
