"""Draws how a board is wired, from its board file alone: `boards --wiring DIR`.

On the left the processor with the GPIOs that the file names, on the right its parts. A line that
another chip drives is a word, not a wire. Ground and supply are not in the file, and so not in the
drawing.
"""

from html import escape

# The keys of a part whose values are pins: GPIOs, lists of them, or (chip, number) of another.
PINS = (
    *("sda", "scl", "sck", "bck", "ws", "mosi", "miso", "cmd", "data", "cs", "dc", "din", "dout"),
    *("xclk", "pclk", "vsync", "href", "reset", "backlight", "pin", "power", "detect"),
)
_COLOURS = ("#0b6e4f", "#b3261e", "#12509b", "#8a5a00", "#6a1b9a", "#00695c", "#9c2752", "#4e5b31")
_GPIO_X, _PART_X, _WIDTH = 190, 560, 900
_ROW, _GAP, _TOP = 20, 16, 70


def draw(board):
    """Return the drawing of `board` (a module of boards/) as SVG."""
    parts = sorted(_parts(board), key=lambda part: part[2])
    gpios = sorted({pin for _, rows, _ in parts for _, pin in rows if isinstance(pin, int)})
    height = _TOP + sum(_GAP + _ROW * (len(rows) + 1) for _, rows, _ in parts)
    pitch = max(_ROW, (height - _TOP - _GAP) / max(1, len(gpios)))
    height = max(height, _TOP + round(pitch * len(gpios))) + 40
    places = {gpio: _TOP + 14 + pitch * (i + 0.5) for i, gpio in enumerate(gpios)}
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(30, 36, board.NAME, size=22, weight="bold"),
        _text(30, 56, f"from boards/{board.ID}.py; ground and supply are not drawn", "#555555"),
        f'<rect x="40" y="{_TOP}" width="{_GPIO_X - 40}" height="{height - _TOP - 40}" rx="8" '
        'fill="#f1f3f4" stroke="#333333"/>',
    ]
    y = _TOP
    for i, (title, rows, _) in enumerate(parts):
        colour = _COLOURS[i % len(_COLOURS)]
        outside = title.split()[0] in getattr(board, "OUTSIDE", ())
        box = _ROW * (len(rows) + 1) + 6
        dash = ' stroke-dasharray="6 4"' if outside else ""
        out.append(
            f'<rect x="{_PART_X}" y="{y}" width="{_WIDTH - _PART_X - 30}" height="{box}" rx="6" '
            f'fill="#ffffff" stroke="{colour}" stroke-width="2"{dash}/>'
        )
        out.append(_text(_PART_X + 10, y + 16, title, colour, weight="bold"))
        for n, (signal, pin) in enumerate(rows, 1):
            at = y + 16 + _ROW * n
            out.append(_text(_PART_X + 10, at, signal))
            if isinstance(pin, int):
                out.append(_wire(places[pin], at - 4, colour))
            else:
                words = pin if isinstance(pin, str) else f"{pin[0]} {pin[1]}"
                out.append(_text(_WIDTH - 40, at, words, "#555555", anchor="end"))
        y += box + _GAP - 6
    for gpio, at in places.items():
        out.append(_text(_GPIO_X - 10, at + 4, f"GPIO{gpio}", anchor="end"))
        out.append(f'<circle cx="{_GPIO_X}" cy="{at:.1f}" r="3.5" fill="#333333"/>')
    out.append(_text(40, height - 14, _legend(board), "#555555"))
    return "\n".join([*out, "</svg>"]) + "\n"


def _parts(board):
    """Yield (title, [(signal, pin)], mean of its GPIOs) for each part with a pin."""
    for name, row in vars(board).items():
        if not name.isupper() or not isinstance(row, dict) or name == "CURRENTS_MA":
            continue
        rows = [
            (key if not isinstance(value, (list, tuple)) or _one(value) else f"{key} {i}", pin)
            for key, value in row.items()
            if key in PINS
            for i, pin in enumerate([value] if _one(value) else value)
            if pin != -1
        ]
        if name == "I2C":
            rows += [(chip, f"at {address:#x}") for chip, address in board.I2C_CHIPS.items()]
        if rows:
            numbers = [pin for _, pin in rows if isinstance(pin, int)]
            mean = sum(numbers) / len(numbers) if numbers else 99
            yield f"{name} {_what(board, name, row)}".strip(), rows, mean


def _one(value):
    # A number, a name, or a pin of another chip: ("AW9523B", 9).
    return not isinstance(value, (list, tuple)) or (
        isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str)
    )


def _what(board, name, row):
    if name == "SPI":
        parts = vars(board).items()
        return "for " + ", ".join(
            part
            for part, its in parts
            if isinstance(its, dict) and "cs" in its and "sck" not in its
        )
    return row.get("chip", "")


def _legend(board):
    outside = getattr(board, "OUTSIDE", ())
    if not outside:
        return "Everything is on the board."
    return "Dashed: not on the board, to be connected."


def _wire(y1, y2, colour):
    middle = (_GPIO_X + _PART_X) / 2
    return (
        f'<path d="M{_GPIO_X} {y1:.1f} C{middle} {y1:.1f} {middle} {y2} {_PART_X} {y2}" '
        f'fill="none" stroke="{colour}" stroke-width="1.6"/>'
    )


def _text(x, y, words, colour="#111111", size=13, weight="normal", anchor="start"):
    return (
        f'<text x="{x}" y="{y:.1f}" fill="{colour}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}">{escape(words)}</text>'
    )
