"""Reads a headline from the display's pixels."""

import functools
import re

from tools.glyphs import of_firmware, unpack

words = of_firmware("words")
_LETTERS = {320: of_firmware("glyphs"), 240: of_firmware("narrow")}
_ROWS = range(40, 110)  # where a fault's headline may begin
_LIT = bytes([0] + [1] * 255)
# Plain ink is bright, plain ground is black; the two shades between may be either.
_PATTERN = bytes.maketrans(bytes((0, 1, 2, 3)), b"\0..\1")


def says(pixels, reason, width_px=320):
    """Return whether a display of `width_px` columns shows the headline of the fault `reason`, in
    either language.
    """
    bright = _bright(pixels)
    return any(_reads(bright, text, width_px) for text, _ in words.FAULTS[reason])


def _bright(pixels):
    """Return a byte for each pixel: 1 where it is not black."""
    high, low = (int.from_bytes(pixels[i::2].translate(_LIT)) for i in (0, 1))
    return (high | low).to_bytes(len(pixels) // 2)


def _reads(bright, text, width_px):
    rows, text_px = _rows(text, width_px)
    x = (width_px - text_px) // 2
    for y in _ROWS:
        for dx in (-1, 0, 1):
            at = y * width_px + x + dx
            if all(row.match(bright, at + i * width_px) for i, row in enumerate(rows)):
                return True
    return False


@functools.cache
def _rows(text, width_px):
    """Return what finds each row of a text, and how many columns it has."""
    inked = _mask(text, _LETTERS[width_px])
    return [re.compile(row.translate(_PATTERN), re.DOTALL) for row in inked], len(inked[0])


def _mask(text, glyphs):
    rows = [b""] * glyphs.LARGE_PX
    for letter in text:
        rows = [
            row + bytes(more)
            for row, more in zip(rows, unpack(glyphs.LARGE[letter], glyphs.LARGE_PX), strict=True)
        ]
    return rows
