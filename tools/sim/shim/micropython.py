"""What the module `micropython` offers, for CPython: constants, and a heap that cannot be locked.

`native` and `viper` are absent on purpose: code that asks for them takes its plain branch.
"""


def const(value):
    """Return `value`."""
    return value


def heap_lock():
    """Do nothing."""


def heap_unlock():
    """Do nothing."""


def kbd_intr(char):
    """Do nothing."""


def alloc_emergency_exception_buf(size_bytes):
    """Do nothing."""
