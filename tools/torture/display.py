"""Reads a headline from the display's pixels."""

from tools.glyphs import of_firmware, unpack

glyphs, words = of_firmware("glyphs"), of_firmware("words")

_WIDTH = 320
_ROWS = range(40, 110)  # where a fault's headline may begin


def says(pixels, reason):
    """Return whether the display shows the headline of the fault `reason`, in either language."""
    return any(_reads(pixels, text) for text, _ in words.FAULTS[reason])


def _reads(pixels, text):
    inked = _mask(text)
    width = len(inked[0])
    x = (_WIDTH - width) // 2
    for y in _ROWS:
        for dx in (-1, 0, 1):
            if all(_row(pixels, x + dx, y + i, row) for i, row in enumerate(inked)):
                return True
    return False


def _row(pixels, x, y, row):
    # All that is plain ink is bright, all that is plain ground is black.
    for i, shade in enumerate(row):
        if shade not in (0, 3):
            continue
        at = ((y * _WIDTH) + x + i) * 2
        if (pixels[at] | pixels[at + 1] > 0) != (shade == 3):
            return False
    return True


def _mask(text):
    rows = [b""] * glyphs.LARGE_PX
    for letter in text:
        rows = [
            row + bytes(more)
            for row, more in zip(rows, unpack(glyphs.LARGE[letter], glyphs.LARGE_PX), strict=True)
        ]
    return rows
