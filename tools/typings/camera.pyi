"""The C module `camera` of micropython-camera-API v0.6.2: what the drivers use of it."""

from typing import Any

class PixelFormat:
    JPEG: int
    RGB565: int

class FrameSize:
    QVGA: int
    R240X240: int

class GrabMode:
    LATEST: int

class Camera:
    def __init__(
        self,
        *,
        data_pins: list[int],
        pclk_pin: int,
        vsync_pin: int,
        href_pin: int,
        xclk_pin: int,
        sda_pin: int = ...,
        scl_pin: int = ...,
        i2c: Any = ...,
        xclk_freq: int = ...,
        pixel_format: int = ...,
        frame_size: int = ...,
        jpeg_quality: int = ...,
        fb_count: int = ...,
        grab_mode: int = ...,
    ) -> None: ...
    def capture(self) -> memoryview | None: ...
    def frame_available(self) -> bool: ...
    def deinit(self) -> None: ...
