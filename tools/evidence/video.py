"""The two films of an export: the MKV keeps every picture bit for bit, the MP4 is a derivative."""

from fractions import Fraction

import av
from av.video.reformatter import ColorRange, Colorspace

_MS = Fraction(1, 1000)
_SIZE_PX = (320, 240)  # said of a film whose pictures do not tell
_NOT_SIZES = (0xC4, 0xC8, 0xCC)  # among the markers C0 to CF, these are not start of frame


class Master:
    """A Matroska file: pictures as the camera wrote them, captions beside them, no encoder."""

    def __init__(self, path, first: bytes, title: str):
        self._file = av.open(str(path), "w", format="matroska", options={"fflags": "+bitexact"})
        self._file.metadata["title"] = title
        width, height = jpeg_size(first) or _SIZE_PX
        self._pictures = self._file.add_mux_stream(
            "mjpeg", width=width, height=height, pix_fmt="yuvj420p"
        )
        self._captions = self._file.add_mux_stream("subrip")
        for stream in (self._pictures, self._captions):
            stream.time_base = _MS

    def picture(self, t_ms: int, jpeg: bytes) -> None:
        """Add a picture; times must not fall."""
        self._put(self._pictures, t_ms, 0, jpeg)

    def caption(self, t_ms: int, duration_ms: int, text: str) -> None:
        """Add a caption."""
        self._put(self._captions, t_ms, duration_ms, text.encode("utf-8"))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def _put(self, stream, t_ms, duration_ms, data):
        packet = av.Packet(data)
        packet.stream = stream
        packet.time_base = _MS
        packet.pts = packet.dts = t_ms
        packet.duration = duration_ms
        packet.is_keyframe = True
        self._file.mux(packet)


class Derivative:
    """An MP4 (H.264, yuv420p, plays while it loads); no file where no picture can be decoded.

    A picture that cannot be decoded is left out; the one before it stays on the screen.
    """

    def __init__(self, path, title: str, comment: str):
        self.frames = 0
        self._path, self._words = path, {"title": title, "comment": comment}
        self._decoder = av.CodecContext.create("mjpeg", "r")
        self._file = self._stream = None

    def picture(self, t_ms: int, jpeg: bytes) -> None:
        """Add a picture; times must not fall."""
        try:
            pictures = self._decoder.decode(av.Packet(jpeg))
        except av.FFmpegError:
            return
        for picture in pictures:
            if self._stream is None:
                self._begin(picture)
            stream = self._stream
            picture = picture.reformat(
                stream.width,
                stream.height,
                "yuv420p",
                dst_colorspace=Colorspace.ITU601,
                dst_color_range=ColorRange.MPEG,  # else it stays a JPEG's, 0 to 255
            )
            picture.pts, picture.time_base = t_ms, _MS
            picture.pict_type = av.video.frame.PictureType.NONE
            self._file.mux(stream.encode(picture))
            self.frames += 1

    def close(self) -> None:
        """Finish the file."""
        if self._stream:
            self._file.mux(self._stream.encode())
            self._file.close()

    def _begin(self, picture):
        self._file = av.open(str(self._path), "w", options={"movflags": "+faststart"})
        self._file.metadata.update(self._words)
        options = {"crf": "20", "preset": "veryfast"}
        stream = self._stream = self._file.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height = picture.width & ~1, picture.height & ~1
        stream.pix_fmt = "yuv420p"
        stream.codec_context.colorspace = Colorspace.ITU601
        stream.codec_context.color_range = ColorRange.MPEG
        stream.codec_context.time_base = _MS


def jpeg_size(data: bytes) -> "tuple[int, int] | None":
    """Return width and height in pixels from a JPEG's start of frame, or None."""
    at = 2
    while data[:2] == b"\xff\xd8" and at + 9 <= len(data) and data[at] == 0xFF:
        if 0xC0 <= data[at + 1] <= 0xCF and data[at + 1] not in _NOT_SIZES:
            height, width = (int.from_bytes(data[at + i : at + i + 2], "big") for i in (5, 7))
            return (width, height) if width and height else None
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
