"""Writes words into RGB565 pixels, high byte first, with the letters of glyphs.py.

Everything goes by slice assignment, for 4 pixels and for whole rows; there is no loop over pixels.
"""


def mix(a: int, b: int, thirds: int) -> bytes:
    """Return the two bytes of an RGB565 colour, `thirds` of the way from `a` to `b`."""
    color = 0
    for shift, mask in ((11, 31), (5, 63), (0, 31)):
        low, high = a >> shift & mask, b >> shift & mask
        color |= (low * (3 - thirds) + high * thirds + 1) // 3 << shift
    return bytes((color >> 8, color & 255))


class Ink:
    """Letters of one colour on ground of another.

    `quads[b]` is what the display gets for the 4 pixels in byte `b` of a glyph, None until needed.
    """

    def __init__(self, ground: int, letters: int):
        shades = [mix(ground, letters, i) for i in range(4)]
        self._pairs = [shades[i >> 2] + shades[i & 3] for i in range(16)]
        self._block = shades[0] * 32
        self.quads = [None] * 256

    def quad(self, byte: int) -> bytes:
        """Return `quads[byte]`, made at first need."""
        quad = self._pairs[byte >> 4] + self._pairs[byte & 15]
        self.quads[byte] = quad
        return quad

    def flood(self, buf) -> None:
        """Fill `buf`, a memoryview of at least 64 bytes, with ground. Allocates nothing."""
        block = self._block
        last = len(buf) - 64
        for at in range(0, last, 64):
            buf[at : at + 64] = block
        buf[last:] = block


def text_px(font: dict, text: str) -> int:
    """Return the width of `text` in pixels. What the font lacks is like a space."""
    space = font[" "]
    width = 0
    for c in text:
        width += font.get(c, space)[0]
    return width


class Pen:
    """Writes into buffers of `stride` bytes a row, and up to 3 pixels of ground to the right."""

    def __init__(self):
        self._row = memoryview(bytearray(96))
        self._cuts = [self._row[: 8 * i] for i in range(13)]

    def write(self, font: dict, text: str, ink: Ink, buf, at: int, stride: int) -> None:
        """Write `text` with its upper left corner at byte `at` of `buf`."""
        space = font[" "]
        for c in text:
            at = self.glyph(font.get(c, space), ink, buf, at, stride)

    def glyph(self, glyph: bytes, ink: Ink, buf, at: int, stride: int) -> int:
        """Write one glyph, as tools/glyphs.py packs it; return where the next begins."""
        after = at + 2 * glyph[0]
        at += glyph[1] * stride
        quads = ink.quads
        row = self._row
        cut = self._cuts[glyph[0] + 3 >> 2]
        size = len(cut)
        i = 2
        while i < len(glyph):
            count = glyph[i]
            i += 1
            o = 0
            while o < size:
                row[o : o + 8] = quads[glyph[i]] or ink.quad(glyph[i])
                o += 8
                i += 1
            while count:
                buf[at : at + size] = cut
                at += stride
                count -= 1
        return after
