"""The kernel of `zoom` in viper: `zoom_plain` does the same.

Where viper does not exist, the import fails (SyntaxError, AttributeError or ValueError).
"""

import micropython


@micropython.viper
def double(source: ptr16, target: ptr32, shape: ptr32):
    """Double the pixels of some rows of `source` into `target`. Allocates nothing.

    `shape`: the first pixel, pixels a row of `source`, how many of them, how many rows.
    """
    at = shape[0]
    skip = shape[1] - shape[2]
    columns = shape[2]
    rows = shape[3]
    to = 0
    while rows:
        end = to + columns
        while to < end:
            pixel = source[at]
            pixel |= pixel << 16
            target[to] = pixel
            target[to + columns] = pixel
            at += 1
            to += 1
        to += columns
        at += skip
        rows -= 1
