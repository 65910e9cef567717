"""The two films of an export: the MKV keeps every picture bit for bit, the MP4 is a derivative."""

from fractions import Fraction

import av

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


def derive_mp4(source, target, title: str, comment: str) -> int:
    """Make an MP4 (H.264, yuv420p, starts while it loads) from an MKV; return pictures left out.

    A picture that cannot be decoded is left out; the one before it stays on the screen.
    """
    left_out = 0
    with (
        av.open(str(source)) as film,
        av.open(str(target), "w", options={"movflags": "+faststart"}) as file,
    ):
        file.metadata.update(title=title, comment=comment)
        stream = None
        for packet in film.demux(video=0):
            try:
                pictures = packet.decode() if packet.size else []
            except av.FFmpegError:
                pictures = []
            left_out += packet.size > 0 and not pictures
            for picture in pictures:
                if stream is None:
                    stream = _h264(file, picture)
                picture = picture.reformat(stream.width, stream.height, "yuv420p")
                picture.pts, picture.time_base = packet.pts, _MS
                picture.pict_type = av.video.frame.PictureType.NONE
                file.mux(stream.encode(picture))
        if stream:
            file.mux(stream.encode())
    return left_out


def _h264(file, picture):
    stream = file.add_stream("libx264", rate=30, options={"crf": "20", "preset": "veryfast"})
    stream.width, stream.height = picture.width & ~1, picture.height & ~1
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = _MS
    return stream


def jpeg_size(data: bytes) -> "tuple[int, int] | None":
    """Return width and height in pixels from a JPEG's start of frame, or None."""
    at = 2
    while data[:2] == b"\xff\xd8" and at + 9 <= len(data) and data[at] == 0xFF:
        if 0xC0 <= data[at + 1] <= 0xCF and data[at + 1] not in _NOT_SIZES:
            height, width = (int.from_bytes(data[at + i : at + i + 2], "big") for i in (5, 7))
            return (width, height) if width and height else None
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
