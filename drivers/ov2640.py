"""OmniVision OV2640 camera, through the C module `camera`: it makes JPEG itself, or RGB565.

Sources: module `camera` of micropython-camera-API v0.6.2 (the sensor's registers are its business,
over an SCCB of its own); 16 MHz of XCLK, with which esp32-camera takes pictures into PSRAM without
losing any, as in esp-bsp esp32_s3_eye.

The sensor gives one format at a time: JPEG to record, or RGB565 of the display's size to show. To
change it is to start anew.
"""

_SIZES = {(160, 120): "QQVGA", (240, 240): "R240X240", (320, 240): "QVGA", (640, 480): "VGA"}


class OV2640:
    """One camera. Off after construction. `pins` is the board's CAMERA.

    The board has no switch for its supply: stopped, it still draws some.
    """

    def __init__(self, camera, pins: dict):
        self._module = camera
        self._pins = pins
        self._camera = None
        self._records = None

    def start(self, record: bool = True) -> None:
        """Begin to take pictures: JPEG if `record`, else RGB565 to be shown.

        Blocks for the C module's start with its test picture, some 0.25 s (estimate). Does nothing
        when started so already.

        Raises:
            OSError: the sensor does not answer or gives no picture; it is off again then.
        """
        if self._camera and self._records == record:
            return
        self.stop()
        self._camera = self._open(record)
        self._records = record

    def _open(self, record):
        pins, module = self._pins, self._module
        size_px = pins["size_px"] if record else pins["show_px"]
        formats = module.PixelFormat
        return module.Camera(
            data_pins=pins["data"],
            pclk_pin=pins["pclk"],
            vsync_pin=pins["vsync"],
            href_pin=pins["href"],
            xclk_pin=pins["xclk"],
            sda_pin=pins["sda"],
            scl_pin=pins["scl"],
            xclk_freq=pins["xclk_hz"],
            pixel_format=formats.JPEG if record else formats.RGB565,
            frame_size=getattr(module.FrameSize, _SIZES[size_px]),
            jpeg_quality=pins["jpeg_quality"],
            fb_count=pins["buffers"],
            grab_mode=module.GrabMode.LATEST,
        )

    def stop(self) -> None:
        """Stop taking pictures. May be called twice."""
        if self._camera:
            camera, self._camera = self._camera, None
            try:
                camera.deinit()
            except OSError:
                pass  # it was not running: all that can go wrong (ESP_ERR_INVALID_STATE)

    def frame_ready(self) -> bool:
        """Return True when `capture` will not have to wait."""
        return bool(self._camera) and self._camera.frame_available()

    def capture(self) -> "memoryview | None":
        """Return the newest picture, JPEG or RGB565 with the high byte first; None: none came, or
        not started.

        Waits for it (`frame_ready`), at most 4 s in the C module. The memory is the module's:
        valid until the next `capture` or `stop`.

        Raises:
            OSError: the module lost the camera.
        """
        return self._camera.capture() if self._camera else None

    def encode(self, picture):
        """Return a picture taken to be recorded: it is a JPEG already.

        Raises:
            OSError: it is none (EIO).
        """
        if len(picture) < 4 or picture[0] & 0xFF != 0xFF or picture[1] & 0xFF != 0xD8:
            raise OSError(5, "ov2640: no JPEG")
        return picture

    deinit = stop
