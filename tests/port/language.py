"""What the firmware relies on in MicroPython, and what a desktop hides; see tests/README.md."""

import struct
import sys

SMALL_MAX = sys.maxsize  # a word: 31 bits on the camera and on wasm, 63 on unix

# Errors carry their number, whichever port raised them.
try:
    raise OSError(19, "no answer")
except OSError as error:
    assert error.errno == 19

# struct cuts what does not fit, without a word: whoever packs must check the range.
assert struct.pack("<B", 300) == b"\x2c"

# Slice assignment into a view is the copy that the ring is built on.
slot = memoryview(bytearray(4))
slot[:] = memoryview(b"abcd")
assert bytes(slot) == b"abcd"
try:
    slot[:] = b"abc"
    raise AssertionError("a shorter source must be refused")
except ValueError:
    pass

# Integers above the small ones are objects, but right.
assert (SMALL_MAX + 1) * 2 == SMALL_MAX * 2 + 2
assert 0xFFFFFFFF & ~0xFF == 0xFFFFFF00

print("ok")
