"""PNG pictures of the simulated camera: what its display shows, and the camera from the front."""

from array import array
from typing import NamedTuple

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from tools.glyphs import of_firmware, unpack

_ROWS = 240  # of the display, on every board
_FINE = 2  # shapes are drawn this much larger, then reduced: smooth edges

# The front view, in pixels of the finished picture: for each board its body, and the parts on it
# from below to above. The places are those of the page, tools/sim/page/ui/bodies.mjs.
_SIZE = (840, 1060)
_WORDS_Y = 928
_GLASS = (14, 15, 17)
_COPPER = (200, 165, 72)
_HOLE = (16, 20, 24)


def _around(x, y, radius):
    return x - radius, y - radius, x + radius, y + radius


def _dots(radius, color, *places):
    return tuple((_around(x, y, radius), radius, color) for x, y in places)


def _holes(*places):
    return _dots(9, _COPPER, *places) + _dots(5, _HOLE, *places)


class _Body(NamedTuple):
    """`parts` are (box, radius of the corners, colour); `lens` is (x, y, size)."""

    shell: tuple
    parts: tuple
    lens: tuple
    lamp: tuple  # a box
    display: tuple  # the box of the pixels


_BODIES = {
    "m5stack_cores3": _Body(
        shell=((60, 96, 780, 890), 40, (74, 79, 87)),
        parts=(
            ((63, 99, 777, 887), 37, (52, 56, 62)),
            ((78, 114, 762, 872), 26, _GLASS),
            *_dots(3, (44, 47, 52), (205, 752), (217, 752), (229, 752)),
        ),
        lens=(420, 752, 1),
        lamp=(320, 62, 520, 96),
        display=(100, 150, 740, 630),
    ),
    "esp32_s3_eye": _Body(
        shell=((140, 50, 700, 890), 44, (207, 204, 196)),
        parts=(
            ((143, 53, 697, 887), 41, (233, 231, 226)),
            ((158, 300, 682, 840), 20, _GLASS),
            *_dots(7, (185, 181, 171), (236, 866), (420, 866), (604, 866)),
        ),
        lens=(420, 182, 1.25),
        lamp=(612, 92, 646, 114),
        display=(180, 330, 660, 810),
    ),
    # Breakout boards behind the openings of a printed case.
    "pico2w_arducam": _Body(
        shell=((160, 50, 680, 890), 38, (74, 86, 97)),
        parts=(
            ((163, 53, 677, 887), 35, (93, 107, 120)),
            ((322, 92, 518, 288), 12, (20, 24, 28)),
            *_holes((340, 110), (500, 110), (340, 270), (500, 270)),
            ((190, 336, 650, 846), 14, (23, 49, 77)),
            *_holes((208, 354), (632, 354), (208, 828), (632, 828)),
            ((210, 390, 630, 810), 6, _GLASS),
        ),
        lens=(420, 190, 1.1),
        lamp=(572, 104, 628, 128),
        display=(220, 400, 620, 800),
    ),
}

_UNLIT = (176, 182, 190)
_PAPER = (236, 239, 242)
_INK = (28, 32, 38)
_PALE_INK = (110, 118, 128)
_LENS = (  # radius, colour, from the outside in
    (58, (34, 37, 42)),
    (50, (12, 13, 15)),
    (36, (24, 27, 34)),
    (28, (10, 12, 18)),
    (19, (30, 44, 74)),
    (11, (8, 10, 20)),
)


def _image(raw, size_px):
    # Pillow reads RGB565 with the low byte first.
    pixels = array("H", bytes(raw))
    pixels.byteswap()
    return Image.frombytes("RGB", size_px, pixels.tobytes(), "raw", "BGR;16")


def picture_png(raw: bytes, w: int, h: int, path) -> None:
    """Write `raw`, RGB565 with the high byte first, `w` by `h` pixels, to the PNG file `path`."""
    _image(raw, (w, h)).save(path)


def camera_png(raw: bytes, lamp_rgb: "tuple[int, int, int]", stage: str, path, board: str) -> None:
    """Write a front view of the camera to the PNG file `path`.

    `raw` is the display's pixels, RGB565 with the high byte first, all zero while dark;
    `lamp_rgb` the lamp's colour, 0 to 255 each; `stage` names the words below. A board without
    a drawing of its own looks as the CoreS3 does.
    """
    body = _BODIES.get(board, _BODIES["m5stack_cores3"])
    scene = Image.new("RGB", (_SIZE[0] * _FINE, _SIZE[1] * _FINE), _PAPER)
    _draw_body(scene, body, lamp_rgb)
    scene = scene.resize(_SIZE, Image.Resampling.LANCZOS)
    if any(raw):
        _draw_display(scene, body.display, raw)
    scene = _shine(scene, body.lamp, lamp_rgb)
    _draw_words(scene, stage)
    scene.save(path)


def _draw_display(scene, box, raw):
    left, top, right, bottom = box
    width = len(raw) // 2 // _ROWS
    seen_px = width * (bottom - top) // _ROWS, bottom - top
    seen = _image(raw, (width, _ROWS)).resize(seen_px, Image.Resampling.BOX)
    scene.paste(seen, (left + (right - left - seen_px[0]) // 2, top))


def row_png(paths, path) -> None:
    """Write the pictures of `paths` side by side to the PNG file `path`, at half their size."""
    pictures = [Image.open(one) for one in paths]
    row = Image.new(
        "RGB", (sum(p.width for p in pictures), max(p.height for p in pictures)), _PAPER
    )
    x = 0
    for picture in pictures:
        row.paste(picture, (x, 0))
        x += picture.width
    row.reduce(2).save(path, optimize=True)


def _fine(*numbers):
    return [n * _FINE for n in numbers]


def _draw_body(scene, body, lamp_rgb):
    shadow = Image.new("L", scene.size)
    (x0, y0, x1, y1), radius, _color = body.shell
    box = _fine(x0, y0 + 16, x1, y1 + 16)
    ImageDraw.Draw(shadow).rounded_rectangle(box, radius * _FINE, fill=110)
    shadow = shadow.filter(ImageFilter.GaussianBlur(18 * _FINE))
    scene.paste((60, 66, 76), mask=shadow)
    draw = ImageDraw.Draw(scene)
    lamp = body.lamp, (body.lamp[3] - body.lamp[1]) / 2.4, _lamp_color(lamp_rgb)
    display = body.display, 0, (20, 21, 24)
    for box, radius, color in (body.shell, *body.parts, lamp, display):
        draw.rounded_rectangle(_fine(*box), radius * _FINE, fill=color)
    x, y, size = body.lens
    for radius, color in _LENS:
        draw.ellipse(_fine(*_around(x, y, radius * size)), fill=color)
    draw.ellipse(_fine(*_around(x - 10 * size, y - 12 * size, 6 * size)), fill=(120, 140, 176))
    draw.ellipse(_fine(*_around(x + 10 * size, y + 10 * size, 3 * size)), fill=(64, 78, 110))


def _lamp_color(lamp_rgb):
    # The eye sees a weak light-emitting diode as a bright one.
    brightest = max(lamp_rgb)
    if not brightest:
        return _UNLIT
    light = _light(lamp_rgb)
    color = [90 + 165 * value // brightest for value in lamp_rgb]
    return tuple(round(a + (b - a) * light) for a, b in zip(_UNLIT, color))


def _light(lamp_rgb):
    return min(1.0, max(lamp_rgb) / 80) ** 0.5


def _shine(scene, lamp, lamp_rgb):
    if not any(lamp_rgb):
        return scene
    x0, y0, x1, y1 = lamp
    glow = Image.new("L", scene.size)
    ImageDraw.Draw(glow).rounded_rectangle((x0 - 10, y0 - 6, x1 + 10, y1 + 6), 20, fill=255)
    light = _light(lamp_rgb)
    glow = glow.filter(ImageFilter.GaussianBlur(26)).point(
        lambda v: min(255, round(2 * v * light))
    )
    # On light paper a glow tints: it takes away what is not its colour.
    color = Image.new("RGB", scene.size, _lamp_color(lamp_rgb))
    return Image.composite(ImageChops.multiply(scene, color), scene, glow)


def _draw_words(scene, stage):
    german, english = of_firmware("words").STAGES[stage]
    _write(scene, german, _WORDS_Y, _INK)
    _write(scene, english, _WORDS_Y + 50, _PALE_INK)


def _write(scene, text, y, color):
    glyphs = of_firmware("glyphs")
    font, height_px = glyphs.LARGE, glyphs.LARGE_PX
    x = (scene.width - sum(font[c][0] for c in text)) // 2
    for c in text:
        rows = b"".join(unpack(font[c], height_px))
        mask = Image.frombytes("L", (font[c][0], height_px), bytes(value * 85 for value in rows))
        scene.paste(color, (x, y), mask)
        x += font[c][0]
