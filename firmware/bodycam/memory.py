"""Memory seen as integers of 16 and 32 bits, where the interpreter reads and writes them without
a call.
"""

try:
    from uctypes import ARRAY, INT32, NATIVE, UINT16, addressof, struct

    def words_of(memory, n: int):
        """Return the first `n` words of 32 bits of `memory`, which must be kept, as a sequence."""
        return _integers(memory, n | INT32)

    def halves_of(memory, n: int):
        """Return the first `n` words of 16 bits, unsigned, of `memory`, as `words_of` does."""
        return _integers(memory, n | UINT16)

    def _integers(memory, shape):
        return struct(addressof(memory), {"items": (ARRAY, shape)}, NATIVE).items

except ImportError:

    def words_of(memory, n: int):
        """Return the first `n` words of 32 bits of `memory`, as a sequence."""
        return memoryview(memory)[: 4 * n].cast("i")

    def halves_of(memory, n: int):
        """Return the first `n` words of 16 bits, unsigned, of `memory`, as a sequence."""
        return memoryview(memory)[: 2 * n].cast("H")
