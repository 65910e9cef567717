"""What stands where a chip should be."""


class Missing:
    """Stands where a chip should be."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        raise OSError(19, self._name + ": missing")


class Dark:
    """Stands where a display should be: nothing is seen."""

    def __init__(self, size_px):
        self.size_px = size_px

    def window(self, *place):
        """Return what `send` and `fill` are given."""
        return place

    def __getattr__(self, name):
        return _nothing


def _nothing(*args):
    pass
