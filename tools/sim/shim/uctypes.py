"""MicroPython's `uctypes`, as far as the firmware uses it, for CPython."""

import ctypes


def addressof(obj) -> int:
    """Return the address of the memory behind `obj`, which must be writable."""
    return ctypes.addressof(ctypes.c_char.from_buffer(obj))
