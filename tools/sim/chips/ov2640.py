"""OmniVision OV2640, and the module `camera` that drives it over an SCCB of its own.

Sources: micropython-camera-API v0.6.2 (the C module's arguments and errors); esp-bsp
esp32_s3_eye (its pins and clock). To be shown it gives the prepared picture, to be recorded the
prepared JPEG.
"""

from tools.sim.chips import gc0308
from tools.sim.chips.gc0308 import Clip, FrameSize, PixelFormat  # noqa: F401 (Clip: for wiring)
from tools.sim.world import ChipError


class OV2640Chip:
    """One sensor; it has its supply with the processor.

    Faults: `absent`, `nack`, `failing_starts` (how many starts in a row find no sensor),
    `no_picture` (nothing comes over the data lines), `noisy` (one byte of each picture is wrong).
    """

    def __init__(self, world, board):
        self.absent = self.nack = self.no_picture = self.noisy = False
        self.failing_starts = 0

    def power(self, on):
        """Do nothing: the C module configures it at every start."""


class CameraModule(gc0308.CameraModule):
    """The module `camera` on a board whose sensor has I2C pins of its own."""

    def __init__(self, world, board, chip, i2c_bus, clip):
        super().__init__(world, board, chip, None, clip)

    def camera_class(self):
        """Return what stands behind the name Camera."""
        return Camera


class Camera(gc0308.Camera):
    """camera.Camera, with a sensor that makes JPEG."""

    SENSOR = "OV2640"

    def _check_format(self):
        jpeg = self._pixel_format == PixelFormat.JPEG
        size_px, clip = gc0308.SIZES.get(self._frame_size), self._clip
        if jpeg and size_px == clip.size_px:
            if self._jpeg_quality != clip.quality:
                raise ChipError("OV2640: the clip was prepared with another quality")
            self._bytes = bytearray(1)
            return
        if self._pixel_format != PixelFormat.RGB565 or size_px != clip.show_px:
            raise ChipError("OV2640: the clip is not in this format and size")
        # Unsigned: CPython would not copy signed items between views of different kinds.
        self._bytes = bytearray(clip.picture_bytes)

    def _deliver(self, i):
        if self._pixel_format == PixelFormat.JPEG:
            self._bytes = bytearray(self._clip.jpeg(i))
            self._world.charge(len(self._bytes) * self._board.COSTS["copy_us_per_kib"] >> 10)
        else:
            self._clip.picture(i, self._bytes)
        if self._chip.noisy:
            self._bytes[self._delivered % len(self._bytes)] ^= 0x55
        return memoryview(self._bytes)
