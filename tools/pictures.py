"""PNG pictures of the simulated camera: what its display shows, and the camera from the front."""

from array import array

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from tools.glyphs import of_firmware, unpack

_DISPLAY_PX = (320, 240)  # the larger one; a narrower one stands in the middle of its place
_SCALE = 2  # of the display's pixels in the front view
_FINE = 2  # shapes are drawn this much larger, then reduced: smooth edges

# The front view, in pixels of the finished picture.
_SIZE = (840, 1060)
_BODY = (60, 96, 780, 890)
_GLASS = (78, 114, 762, 872)
_DISPLAY_AT = (100, 150)
_LENS_AT = (420, 752)
_LAMP = (320, 62, 520, 96)
_MICROPHONE_AT = ((205, 752), (217, 752), (229, 752))
_WORDS_Y = 928

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


def camera_png(raw: bytes, lamp_rgb: "tuple[int, int, int]", stage: str, path) -> None:
    """Write a front view of the camera to the PNG file `path`.

    `raw` is the display's pixels, 240 rows of RGB565, high byte first, all zero while dark;
    `lamp_rgb` the lamp's colour, 0 to 255 each; `stage` names the words below.
    """
    scene = Image.new("RGB", (_SIZE[0] * _FINE, _SIZE[1] * _FINE), _PAPER)
    _draw_body(scene, lamp_rgb)
    scene = scene.resize(_SIZE, Image.Resampling.LANCZOS)
    if any(raw):
        width = len(raw) // 2 // _DISPLAY_PX[1]
        seen = _image(raw, (width, _DISPLAY_PX[1]))
        size = (width * _SCALE, _DISPLAY_PX[1] * _SCALE)
        at = (_DISPLAY_AT[0] + (_DISPLAY_PX[0] - width) // 2 * _SCALE, _DISPLAY_AT[1])
        scene.paste(seen.resize(size, Image.Resampling.NEAREST), at)
    scene = _shine(scene, lamp_rgb)
    _draw_words(scene, stage)
    scene.save(path)


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


def _draw_body(scene, lamp_rgb):
    shadow = Image.new("L", scene.size)
    x0, y0, x1, y1 = _BODY
    ImageDraw.Draw(shadow).rounded_rectangle(_fine(x0, y0 + 16, x1, y1 + 16), 80, fill=110)
    shadow = shadow.filter(ImageFilter.GaussianBlur(18 * _FINE))
    scene.paste((60, 66, 76), mask=shadow)
    draw = ImageDraw.Draw(scene)
    draw.rounded_rectangle(_fine(*_LAMP), 14 * _FINE, fill=_lamp_color(lamp_rgb))
    draw.rounded_rectangle(_fine(*_BODY), 40 * _FINE, fill=(74, 79, 87))
    draw.rounded_rectangle(_fine(x0 + 3, y0 + 3, x1 - 3, y1 - 3), 37 * _FINE, fill=(52, 56, 62))
    draw.rounded_rectangle(_fine(*_GLASS), 26 * _FINE, fill=(14, 15, 17))
    x, y = _DISPLAY_AT
    right, bottom = x + _DISPLAY_PX[0] * _SCALE, y + _DISPLAY_PX[1] * _SCALE
    draw.rectangle(_fine(x, y, right, bottom), fill=(20, 21, 24))
    x, y = _LENS_AT
    for radius, color in _LENS:
        draw.ellipse(_fine(x - radius, y - radius, x + radius, y + radius), fill=color)
    draw.ellipse(_fine(x - 16, y - 18, x - 4, y - 6), fill=(120, 140, 176))
    draw.ellipse(_fine(x + 8, y + 8, x + 13, y + 13), fill=(64, 78, 110))
    for x, y in _MICROPHONE_AT:
        draw.ellipse(_fine(x - 3, y - 3, x + 3, y + 3), fill=(44, 47, 52))


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


def _shine(scene, lamp_rgb):
    if not any(lamp_rgb):
        return scene
    x0, y0, x1, y1 = _LAMP
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
