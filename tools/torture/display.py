"""Reads a headline from the display's pixels."""

from tools.glyphs import of_firmware, unpack

words = of_firmware("words")
_LETTERS = {320: of_firmware("glyphs"), 240: of_firmware("narrow")}
_ROWS = range(40, 110)  # where a fault's headline may begin


def says(pixels, reason, width_px=320):
    """Return whether a display of `width_px` columns shows the headline of the fault `reason`, in
    either language.
    """
    return any(_reads(pixels, text, width_px) for text, _ in words.FAULTS[reason])


def _reads(pixels, text, width_px):
    inked = _mask(text, _LETTERS[width_px])
    x = (width_px - len(inked[0])) // 2
    for y in _ROWS:
        for dx in (-1, 0, 1):
            at = y * width_px + x + dx
            if all(_row(pixels, at + i * width_px, row) for i, row in enumerate(inked)):
                return True
    return False


def _row(pixels, first, row):
    # All that is plain ink is bright, all that is plain ground is black.
    for i, shade in enumerate(row):
        if shade not in (0, 3):
            continue
        at = (first + i) * 2
        if (pixels[at] | pixels[at + 1] > 0) != (shade == 3):
            return False
    return True


def _mask(text, glyphs):
    rows = [b""] * glyphs.LARGE_PX
    for letter in text:
        rows = [
            row + bytes(more)
            for row, more in zip(rows, unpack(glyphs.LARGE[letter], glyphs.LARGE_PX), strict=True)
        ]
    return rows
