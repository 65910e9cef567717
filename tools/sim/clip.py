"""Prepare a video for the simulated camera: each picture as the sensor gives it, and as JPEG.

A prepared clip is a folder: `clip.rgb` (RGB565, big endian, one picture after the other),
`clip.jpg` (the JPEGs, one after the other) and `clip.json` (`w` `h` `show_px` `count`
`duration_ms` `starts_ms` `jpeg_offsets` `jpeg_quality`; one offset more than pictures). Pictures
are scaled and cropped to fill the sensor. The JPEGs are made from the RGB565 pictures, as the
camera does it. A sensor that is shown in another size, `show_px`, gives the middle of them so:
then `clip.rgb` is in that size.
"""

import hashlib
import json
import math
import os
import random
import shutil
import tempfile
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageOps

FRAMES_MAX = 1800
_FORMAT = "2"  # part of the cache key: another number makes every clip anew
_SCENE_FPS = 12
_SCENE_S = 8


class ClipError(Exception):
    """What is wrong with a video, in one line."""


def prepare(video, size_px, quality, cache_dir, progress=None, say=None, show_px=None):
    """Return the folder of the prepared clip.

    `video` is a path, or None for the built-in scene. `progress(done, of)` hears of the pictures;
    `of` is None where a file does not tell. `say(text)` hears that a clip was cut short.

    Raises:
        ClipError: the file cannot be read or is no video.
    """
    show_px = show_px or size_px
    folder = Path(cache_dir) / _key(video, size_px, show_px, quality)
    if (folder / "clip.json").exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        pictures = _decode(video, size_px, say) if video else _scene(size_px)
        _write(fresh, pictures, size_px, show_px, quality, progress or (lambda done, of: None))
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def _key(video, size_px, show_px, quality):
    what = "scene"
    if video:
        try:
            with open(video, "rb") as file:
                what = hashlib.file_digest(file, "sha256").hexdigest()[:32]
        except OSError as error:
            raise ClipError(f"cannot read the video {video}: {error.strerror}") from None
    shown = "" if show_px == size_px else f"-{show_px[0]}x{show_px[1]}"
    return f"{what}-{size_px[0]}x{size_px[1]}{shown}-q{quality}-{_FORMAT}"


def _write(folder, pictures, size_px, show_px, quality, progress):
    starts_ms, offsets = [], [0]
    duration_ms = 0
    with open(folder / "clip.rgb", "wb") as rgb, open(folder / "clip.jpg", "wb") as jpg:
        for start_ms, duration_ms, of, picture in pictures:  # noqa: B007 (the last one counts)
            whole = _image(picture, size_px)
            rgb.write(picture if show_px == size_px else _shown(whole, show_px))
            whole.save(jpg, "JPEG", quality=quality, subsampling="4:2:0")
            starts_ms.append(start_ms)
            offsets.append(jpg.tell())
            progress(len(starts_ms), of)
    about = {
        "w": size_px[0],
        "h": size_px[1],
        "show_px": show_px,
        "count": len(starts_ms),
        "duration_ms": duration_ms,
        "starts_ms": starts_ms,
        "jpeg_offsets": offsets,
        "jpeg_quality": quality,
    }
    (folder / "clip.json").write_text(json.dumps(about), encoding="utf-8")


def _image(rgb565, size_px):
    little = bytearray(len(rgb565))
    little[0::2], little[1::2] = rgb565[1::2], rgb565[0::2]
    return Image.frombytes("RGB", size_px, bytes(little), "raw", "BGR;16")


def _shown(picture, show_px):
    return _rgb565(ImageOps.fit(picture, show_px, Image.Resampling.BOX))


def _decode(video, size_px, say):
    """Yield (start_ms, end_ms, of, picture)."""
    import av  # here: it takes 0.08 s, and most runs find their clip prepared

    try:
        with av.open(str(video)) as container:
            if not container.streams.video:
                raise ClipError(f"{video} has no picture")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            step_ms = round(1000 / stream.average_rate) if stream.average_rate else 40
            graph = None
            first_s = start_ms = count = 0
            for frame in container.decode(stream):
                if count == FRAMES_MAX:
                    if say:
                        say(f"{video}: only the first {FRAMES_MAX} pictures are used")
                    break
                if graph is None:
                    graph = _graph(frame, size_px)
                    first_s = frame.time or 0
                if count:
                    at_ms = start_ms + step_ms
                    if frame.time is not None:
                        at_ms = round((frame.time - first_s) * 1000)
                    start_ms = max(start_ms + 1, at_ms)
                graph.push(frame)
                count += 1
                yield start_ms, start_ms + step_ms, stream.frames or None, _plane(graph.pull())
    except av.error.FFmpegError as error:
        raise ClipError(f"{video} is not a video that can be read: {error.strerror}") from None
    if not count:
        raise ClipError(f"{video} has no picture")


def _graph(frame, size_px):
    import av.filter

    w, h = size_px
    turn = {90: "cclock", -90: "clock", 270: "clock"}.get(frame.rotation)
    steps = [("transpose", turn)] if turn else []
    if frame.rotation in (180, -180):
        steps = [("hflip", None), ("vflip", None)]
    steps += [
        ("scale", f"{w}:{h}:force_original_aspect_ratio=increase:sws_dither=none"),
        ("crop", f"{w}:{h}"),
        ("format", "rgb565be"),
        ("buffersink", None),
    ]
    graph = av.filter.Graph()
    last = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )
    for name, args in steps:
        step = graph.add(name, args)
        last.link_to(step)
        last = step
    graph.configure()
    return graph


def _plane(frame):
    data = bytes(frame.planes[0])
    line, row = frame.planes[0].line_size, frame.width * 2
    if line == row:
        return data[: row * frame.height]
    return b"".join(data[y * line : y * line + row] for y in range(frame.height))


# The built-in scene: someone comes closer across a square, talks with both arms, and steps back.


def _scene(size_px):
    """Yield (start_ms, end_ms, of, picture)."""
    count = _SCENE_FPS * _SCENE_S
    noise = _noise(size_px)
    for i in range(count):
        picture = _draw(i / count).resize(size_px, Image.Resampling.LANCZOS)
        grain = ImageChops.offset(noise, 37 * i % size_px[0], 53 * i % size_px[1])
        picture = ImageChops.add(picture, grain, 1, -6)
        start_ms = i * 1000 // _SCENE_FPS
        yield start_ms, (i + 1) * 1000 // _SCENE_FPS, count, _rgb565(picture)


def _noise(size_px):
    grain = random.Random(1)
    values = bytes(min(12, max(0, round(grain.gauss(6, 1.6)))) for _ in range(math.prod(size_px)))
    return Image.frombytes("L", size_px, values).convert("RGB")


def _rgb565(picture):
    r, g, b = picture.split()
    # The two bytes of each pixel as two grey pictures, then interleaved.
    high = ImageChops.add(r.point(lambda v: v & 0xF8), g.point(lambda v: v >> 5))
    low = ImageChops.add(g.point(lambda v: (v & 0x1C) << 3), b.point(lambda v: v >> 3))
    return Image.merge("LA", (high, low)).tobytes()


# left, top, width, tone
_HOUSES = ((0, 90, 150, 112), (150, 140, 120, 126), (420, 70, 110, 140), (530, 120, 110, 112))


def _draw(t):
    """Return the scene at `t`, 0 to 1, at 640 x 480."""
    picture = Image.new("RGB", (640, 480))
    draw = ImageDraw.Draw(picture)
    for y in range(300):
        draw.line((0, y, 640, y), fill=(150 + y // 6, 178 + y // 8, 205 + y // 12))
    for x, top, wide, tone in _HOUSES:
        draw.rectangle((x, top, x + wide, 310), fill=(tone, tone - 16, tone - 28))
        for wx in range(x + 14, x + wide - 20, 30):
            for wy in range(top + 16, 280, 40):
                draw.rectangle((wx, wy, wx + 14, wy + 22), fill=(70, 84, 100))
    draw.rectangle((0, 300, 640, 480), fill=(128, 124, 118))
    for i in range(-8, 9):
        draw.line((320 + i * 30, 300, 320 + i * 130, 480), fill=(112, 108, 102), width=2)
    for y in (316, 340, 376, 428):
        draw.line((0, y, 640, y), fill=(112, 108, 102), width=2)
    draw.rectangle((470, 60, 476, 320), fill=(58, 60, 62))
    draw.ellipse((456, 44, 490, 66), fill=(236, 226, 190))
    _person(draw, t)
    return picture


def _person(draw, t):
    near = (1 - math.cos(2 * math.pi * t)) / 2
    scale = 0.75 + 0.75 * near
    x = 320 + 70 * math.sin(2 * math.pi * t)
    ground = 330 + 190 * near
    talk = math.sin(2 * math.pi * 5 * t)
    stride = math.sin(2 * math.pi * 8 * t) * (1 - near)

    def at(dx, dy):
        return x + dx * scale, ground - dy * scale

    def limb(points, width, fill):
        draw.line([at(*p) for p in points], fill=fill, width=round(width * scale), joint="curve")
        for p in (points[0], points[-1]):
            disc(p, width / 2, fill)

    def disc(centre, radius, fill):
        cx, cy = at(*centre)
        r = radius * scale
        draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=fill)

    trousers, jacket, skin = (46, 52, 68), (150, 46, 44), (214, 172, 142)
    draw.ellipse((*at(-46, 8), *at(46, -10)), fill=(100, 96, 92))
    limb(((-14, 100), (-16 + 14 * stride, 52), (-16 + 26 * stride, 6)), 22, trousers)
    limb(((14, 100), (16 - 14 * stride, 52), (16 - 26 * stride, 6)), 22, trousers)
    draw.polygon([at(-34, 198), at(34, 198), at(26, 96), at(-26, 96)], fill=jacket)
    disc((-28, 192), 12, jacket)
    disc((28, 192), 12, jacket)
    draw.line([at(0, 198), at(0, 100)], fill=(112, 32, 32), width=max(1, round(3 * scale)))
    reach = 34 * talk * (0.35 + 0.65 * near)
    limb(((-34, 190), (-52, 150), (-44 - reach / 2, 128 + abs(reach))), 17, jacket)
    limb(((34, 190), (54, 152), (50 + reach / 2, 132 + max(0, reach) * 1.6)), 17, jacket)
    disc((-44 - reach / 2, 128 + abs(reach)), 10, skin)
    disc((50 + reach / 2, 132 + max(0, reach) * 1.6), 10, skin)
    limb(((0, 196), (0, 210)), 18, skin)
    draw.ellipse((*at(-21, 256), *at(21, 202)), fill=skin)
    draw.pieslice((*at(-23, 262), *at(23, 212)), 180, 360, fill=(64, 46, 36))
    for side in (-8, 8):
        disc((side, 230), 2.6, (40, 34, 32))
    mouth = 1 + 4 * abs(talk)
    draw.ellipse((*at(-7, 214 + mouth), *at(7, 214 - mouth)), fill=(120, 52, 50))
