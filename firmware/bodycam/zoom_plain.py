"""The kernel of `zoom` in plain bytecode: the reference for `zoom_viper`, and what runs where
viper does not.
"""


def double(source, target, shape):
    """Double the pixels, two bytes each, of some rows of `source` into `target`, both ways.
    Allocates nothing.

    `shape`: the first pixel, pixels a row of `source`, how many of them, how many rows.
    """
    at, columns = 2 * shape[0], shape[2]
    to, row = 0, 4 * columns
    for _ in range(shape[3]):
        for i in range(at, at + 2 * columns, 2):
            target[to] = target[to + 2] = target[to + row] = target[to + row + 2] = source[i]
            target[to + 1] = target[to + 3] = source[i + 1]
            target[to + row + 1] = target[to + row + 3] = source[i + 1]
            to += 4
        to += row
        at += 2 * shape[1]
