"""Writes words into RGB565 pixels, high byte first, with the letters of glyphs.py.

The display takes words column by column, because a letter then lies in one piece: its cell. A
glyph is drawn 4 pixels at a time, there is no loop over pixels; what comes again is kept in an
arena, ready to be sent.

What runs at each change has at most 11 words of state: MicroPython takes more from the heap.
"""


def fonts(width_px: int):
    """Return the module with the letters for a display of `width_px` columns, 320 or 240."""
    if width_px < 320:
        from bodycam import narrow

        return narrow
    from bodycam import glyphs

    return glyphs


def mix(a: int, b: int, thirds: int) -> bytes:
    """Return the two bytes of an RGB565 colour, `thirds` of the way from `a` to `b`."""
    color = 0
    for shift, mask in ((11, 31), (5, 63), (0, 31)):
        low, high = a >> shift & mask, b >> shift & mask
        color |= (low * (3 - thirds) + high * thirds + 1) // 3 << shift
    return bytes((color >> 8, color & 255))


def text_px(font: dict, text: str) -> int:
    """Return the width of `text` in pixels. What the font lacks is like a space."""
    width = i = 0
    while i < len(text):
        width += (font.get(text[i]) or font[" "])[0]
        i += 1
    return width


class Arena:
    """`size_bytes` of memory, given out piece by piece. When it is used up, all is taken back."""

    def __init__(self, size_bytes: int):
        self._memory = memoryview(bytearray(size_bytes))
        self._tables = []
        self._at = 0

    def table(self) -> dict:
        """Return a dict to keep pieces in; it is emptied when they are taken back."""
        table = {}
        self._tables.append(table)
        return table

    def reserve(self, n: int) -> None:
        """Make sure that the next `n` bytes, at most the arena's size, are free."""
        if self._at + n > len(self._memory):
            self._at = 0
            for table in self._tables:
                table.clear()

    def take(self, n: int):
        """Return `n` bytes, at most the arena's size."""
        self.reserve(n)
        at = self._at
        self._at += n
        return self._memory[at : at + n]


class Ink:
    """Letters of `font` in one colour on ground of another, in columns of `height_px`.

    Above the letters' field stand `rim_px` rows of a third colour, `rim`. `blank` is a column
    without a letter.
    """

    def __init__(self, font, ground, letters, height_px, rim_px=0, rim=0):
        self.font = font
        self.blank = mix(rim, rim, 0) * rim_px + mix(ground, ground, 0) * (height_px - rim_px)
        self._shades = [mix(ground, letters, i) for i in range(4)]
        self._top = 2 * rim_px
        # The last 4 pixels of a glyph may stand out below.
        self._column = memoryview(bytearray(2 * height_px + 8))

    def flood(self, pixels) -> None:
        """Make all columns of `pixels` blank."""
        size = len(self.blank)
        for at in range(0, len(pixels), size):
            pixels[at : at + size] = self.blank

    def write(self, text: str, pixels, x: int) -> int:
        """Draw `text` from column `x` on, over blank columns; return its width in pixels."""
        begin = x
        for c in text:
            x += self.draw(c, pixels, x)
        return x - begin

    def draw(self, c: str, pixels, x: int) -> int:
        """Draw one letter and return its width in pixels. What the font lacks is like a space."""
        glyph = self.font.get(c) or self.font[" "]
        column, size = self._column, len(self.blank)
        column[:size] = self.blank
        ready = column[:size]
        at = (x + glyph[1]) * size
        i = 4
        while i < len(glyph):
            self._mark(glyph, i + 1, self._top + 8 * glyph[2])
            for _ in range(glyph[i]):
                pixels[at : at + size] = ready
                at += size
            i += 1 + glyph[3]
        return glyph[0]

    def _mark(self, glyph, i, at):
        shades, column = self._shades, self._column
        for b in glyph[i : i + glyph[3]]:
            quad = shades[b >> 6] + shades[b >> 4 & 3] + shades[b >> 2 & 3] + shades[b & 3]
            column[at : at + 8] = quad
            at += 8


class Cells:
    """Letters of one ink that were drawn once, for text that changes in place."""

    def __init__(self, arena: Arena, ink: Ink):
        self.ink = ink
        self._arena = arena
        self._letters = arena.table()
        self._texts = arena.table()

    def letter(self, c: str):
        """Return the cell of a letter, valid until the next one is asked for."""
        return self._letters.get(c) or self._draw(c)

    def letters(self, text: str) -> tuple:
        """Return the cells of a text that is kept, valid until something else is drawn."""
        return self._texts.get(text) or self._spell(text)

    def _spell(self, text):
        self._arena.reserve(text_px(self.ink.font, text) * len(self.ink.blank))
        cells = self._texts[text] = tuple(self.letter(c) for c in text)
        return cells

    def _draw(self, c):
        ink = self.ink
        cell = self._arena.take(text_px(ink.font, c) * len(ink.blank))
        ink.flood(cell)
        ink.draw(c, cell, 0)
        self._letters[c] = cell
        return cell


class Strip:
    """Pixels in which a block of `block_bytes` comes over and over."""

    def __init__(self, size_bytes: int, block_bytes: int):
        self.pixels = memoryview(bytearray(size_bytes))
        self._first = self.pixels[:block_bytes]
        self._doublings = []  # (where the next ones go, as many that are there)
        done = block_bytes
        while done < size_bytes:
            n = min(done, size_bytes - done)
            self._doublings.append((self.pixels[done : done + n], self.pixels[:n]))
            done += n

    def flood(self, block) -> None:
        """Fill all of it with `block`."""
        self._first[:] = block
        for pair in self._doublings:
            pair[0][:] = pair[1]

    def put(self, cell, at: int) -> int:
        """Put `cell` at byte `at`; return where the next one begins."""
        end = at + len(cell)
        self.pixels[at:end] = cell
        return end
