"""What a card or a log says in JSON, made safe to use.

A MAC tells who wrote it, not that it makes sense: whoever takes a camera has its newest keys and
writes what they like.
"""

import json
from math import isfinite

# Numbers that a reader counts with: whole, not negative, below this.
_BELOW = {"utc": 1 << 32, "trust": 3, "lost": 1 << 32, "from_ms": 1 << 32, "to_ms": 1 << 32}


def claims(data: bytes) -> "tuple[dict, bool]":
    """Return the words of a JSON object, and whether all of them can be used: a value that cannot
    is None, and what is no text in a text is replaced.

    Raises:
        ValueError: it is no object.
    """
    try:
        words = json.loads(data)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(words, dict):
        raise ValueError("no object")
    usable = {_shown(name): _usable(name, value) for name, value in words.items()}
    return usable, usable == words


def _usable(name, value):
    if isinstance(value, str) and name not in _BELOW:
        return _shown(value)
    if isinstance(value, (str, list, dict)) or isinstance(value, float) and not isfinite(value):
        return None
    if name in _BELOW and not (type(value) is int and 0 <= value < _BELOW[name]):
        return None
    return value


def _shown(text):
    """Return text without halves of surrogate pairs, which no file can hold."""
    return text.encode("utf-8", "replace").decode()
