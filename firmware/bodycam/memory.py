"""Memory seen as integers of 16 and 32 bits, where the interpreter reads and writes them without
a call.
"""

try:
    import uctypes

    def words_of(memory, n: int):
        """Return the first `n` words of 32 bits of `memory`, which must be kept, as a sequence."""
        return _integers(memory, n | uctypes.INT32)

    def halves_of(memory, n: int):
        """Return the first `n` words of 16 bits, unsigned, of `memory`, as `words_of` does."""
        return _integers(memory, n | uctypes.UINT16)

    def _integers(memory, shape):
        shape = {"items": (uctypes.ARRAY, shape)}
        return uctypes.struct(uctypes.addressof(memory), shape, uctypes.NATIVE).items

except ImportError:

    def words_of(memory, n: int):
        """Return the first `n` words of 32 bits of `memory`, as a sequence."""
        return memoryview(memory)[: 4 * n].cast("i")

    def halves_of(memory, n: int):
        """Return the first `n` words of 16 bits, unsigned, of `memory`, as a sequence."""
        return memoryview(memory)[: 2 * n].cast("H")
