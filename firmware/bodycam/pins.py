"""Which wires of a board file have two users: a mistake that is seen before anything is driven.

On the camera whoever is set up last would have the pin, two outputs would fight over the wire, two
chips would hear the same transfer. So neither of the two is set up: the others work, and say so.
"""

PARTS = ("I2C", "SPI", "LOG", "CARD", "CAMERA", "DISPLAY", "LAMP", "VIBRATION", "TONE")
PARTS += ("BUTTON", "CABLE", "MICROPHONE")
# The keys of a part whose values are wires: a GPIO by number or name, a list of them, or
# (chip, line) of another chip.
KEYS = ("sda", "scl", "sck", "mosi", "miso", "cs", "dc", "cmd", "data", "vsync", "href", "pclk")
KEYS += ("xclk", "reset", "power", "detect", "backlight", "bck", "ws", "dout", "din", "pin")


def wires(value) -> tuple:
    """Return the wires that the value of a key names."""
    if isinstance(value, (list, tuple)) and not (value and isinstance(value[0], str)):
        return tuple(value)
    return () if value is None or value == -1 else (value,)


def clashes(board) -> dict:
    """Return {part: what is wrong, in a line} of each part of `board` (a module of boards/) with a
    wire that has another user, too.

    The one wire that two may share is D/C and MISO, where SHARED_DC tells how it is turned around.
    """
    users, found = {}, {}
    for part in PARTS:
        row = getattr(board, part, {})
        for key in KEYS:
            for wire in wires(row.get(key)):
                users.setdefault(wire, []).append((part, key))
    if hasattr(board, "SHARED_DC") and board.DISPLAY["dc"] == board.SPI["miso"]:
        users[board.DISPLAY["dc"]].remove(("DISPLAY", "dc"))
    for wire, those in users.items():
        if len(those) > 1:
            text = "pin %s is both %s %s and %s %s" % ((wire,) + those[0] + those[1])
            for part, _ in those:
                found.setdefault(part, text)
    return found
