"""CBOR (RFC 8949) as far as the dock's protocol uses it: bounded, and of definite length."""

import struct

from micropython import const

_DEPTH = const(4)
_ENTRIES = const(16)
_SIMPLE = {0xF4: False, 0xF5: True, 0xF6: None}


def decode(data):
    """Return the value that `data`, a memoryview, holds: int (below 2^32 in size), bytes, str,
    bool, None, list, dict. What it copies is no longer than `data`.

    Raises:
        ValueError: it is malformed, of another kind, deeper than 4, or has more than 16 entries
            in one list or map.
    """
    try:
        value, at = _item(data, 0, 1)
    except (IndexError, UnicodeError) as error:
        raise ValueError("cbor: %s" % error)
    if at != len(data):
        raise ValueError("cbor: something follows")
    return value


def _item(data, at, depth):
    first = data[at]
    if first in _SIMPLE:
        return _SIMPLE[first], at + 1
    kind, n = first >> 5, first & 31
    if kind > 5 or n > 26:
        raise ValueError("cbor: not of a kind known here")
    at += 1
    if n >= 24:
        length = 1 << n - 24
        n = 0
        for i in range(length):
            n = n << 8 | data[at + i]
        at += length
    if kind < 2:
        return (-1 - n if kind else n), at
    if kind < 4:
        if at + n > len(data):
            raise ValueError("cbor: too short")
        text = bytes(data[at : at + n])
        return (str(text, "utf-8") if kind == 3 else text), at + n
    if depth > _DEPTH or n > _ENTRIES:
        raise ValueError("cbor: too deep or too many")
    return _list(data, at, n, depth) if kind == 4 else _map(data, at, n, depth)


def _list(data, at, n, depth):
    items = []
    for _ in range(n):
        item, at = _item(data, at, depth + 1)
        items.append(item)
    return items, at


def _map(data, at, n, depth):
    items = {}
    for _ in range(n):
        key, at = _item(data, at, depth + 1)
        if type(key) is not str or key in items:
            raise ValueError("cbor: a key that is no text, or twice")
        items[key], at = _item(data, at, depth + 1)
    return items, at


def encode(value, buf, at: int) -> int:
    """Write `value` into the bytearray `buf` from `at` on; return where it ends.

    Raises:
        TypeError: a kind that `decode` does not return.
        ValueError: it does not fit.
    """
    if value is None or value is True or value is False:
        return _put(buf, at, b"\xf6" if value is None else b"\xf5" if value else b"\xf4")
    if isinstance(value, int):
        return _head(buf, at, 0x20, -1 - value) if value < 0 else _head(buf, at, 0, value)
    if isinstance(value, str):
        value = value.encode()
        return _put(buf, _head(buf, at, 0x60, len(value)), value)
    if isinstance(value, dict):
        at = _head(buf, at, 0xA0, len(value))
        for key in value:
            at = encode(value[key], buf, encode(key, buf, at))
        return at
    if isinstance(value, (list, tuple)):
        at = _head(buf, at, 0x80, len(value))
        for item in value:
            at = encode(item, buf, at)
        return at
    return _put(buf, _head(buf, at, 0x40, len(value)), value)


def _head(buf, at, kind, n):
    if n < 24:
        return _put(buf, at, bytes((kind | n,)))
    if n < 256:
        return _put(buf, at, bytes((kind | 24, n)))
    if n < 65536:
        return _put(buf, at, struct.pack(">BH", kind | 25, n))
    if n >> 32:
        raise ValueError("cbor: the number is too large")
    return _put(buf, at, struct.pack(">BI", kind | 26, n))


def _put(buf, at, data):
    end = at + len(data)
    if end > len(buf):
        raise ValueError("cbor: no room")
    buf[at:end] = data
    return end
