"""What a card or a log says in text and JSON, made safe to use and to show.

A MAC tells who wrote it, not that it makes sense: whoever takes a camera has its newest keys and
writes what they like.
"""

import json
import re
from math import isfinite

# Numbers that a reader counts with: whole, not negative, below this.
_BELOW = {"utc": 1 << 32, "trust": 3, "lost": 1 << 32, "from_ms": 1 << 32, "to_ms": 1 << 32}

# What moves the cursor of a screen, begins a line or turns the direction of writing.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def shown(text: str) -> str:
    """Return text that is safe on a screen and in a file: control characters as `\\u001b`, and `?`
    for halves of surrogate pairs.
    """
    text = text.encode("utf-8", "replace").decode()
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def claims(data: bytes) -> "tuple[dict, bool]":
    """Return the words of a JSON object, and whether all of them can be used: a value that cannot
    is None, and text is as `shown` returns it.

    Raises:
        ValueError: it is no object.
    """
    try:
        words = json.loads(data)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(words, dict):
        raise ValueError("no object")
    usable = {shown(name): _usable(name, value) for name, value in words.items()}
    return usable, usable == words


def _usable(name, value):
    if isinstance(value, str) and name not in _BELOW:
        return shown(value)
    if isinstance(value, (str, list, dict)) or isinstance(value, float) and not isfinite(value):
        return None
    if name in _BELOW and not (type(value) is int and 0 <= value < _BELOW[name]):
        return None
    return value
