"""Listens to the traffic between the firmware's drivers and the simulated chips.

Runs on all three interpreters. A tap replaces the chip's own functions while it listens, and puts
them back: without it nothing is slower.
"""

_KEPT = 200  # rows between two tellings; more are counted, not kept

_rows = []
_missed = [0]
_undo = []


def _note(*row):
    if len(_rows) < _KEPT:
        _rows.append(row)
    else:
        _missed[0] += 1


def _tap_registers(world, name, chip):
    # A register chip: `read(reg, buf)` and `write(reg, data)`.
    read, write = chip.read, chip.write

    def tapped_read(reg, buf):
        read(reg, buf)
        _note(world.ms, name, "r", reg, bytes(buf[:8]).hex())

    def tapped_write(reg, data):
        write(reg, data)
        _note(world.ms, name, "w", reg, bytes(data[:8]).hex())

    chip.read, chip.write = tapped_read, tapped_write
    _undo.append((chip, "read", "write"))


def _tap_display(world, name, chip):
    begin, parameters = chip._begin, chip._parameters

    def tapped_begin(tx):
        begin(tx)
        _note(world.ms, name, "w", tx[0], "")

    def tapped_parameters(tx):
        _note(world.ms, name, "p", chip._command or 0, bytes(tx[:8]).hex())
        parameters(tx)

    chip._begin, chip._parameters = tapped_begin, tapped_parameters
    _undo.append((chip, "_begin", "_parameters"))


def _tap_commands(world, name, chip):
    # A card on SPI: its commands, 6 bytes each.
    answer = chip._answer

    def tapped_answer(index):
        frame = bytes(chip._frame)
        _note(world.ms, name, "a" if chip._application_next else "c", index, frame[1:5].hex())
        answer(index)

    chip._answer = tapped_answer
    _undo.append((chip, "_answer"))


def _tap_sectors(world, name, chip):
    # A card on the processor's controller: whole sectors.
    read, write = chip.read, chip.write

    def tapped_read(lba, buf):
        _note(world.ms, name, "r", lba, "%d bytes" % len(buf))
        return read(lba, buf)

    def tapped_write(lba, buf):
        _note(world.ms, name, "w", lba, "%d bytes" % len(buf))
        return write(lba, buf)

    chip.read, chip.write = tapped_read, tapped_write
    _undo.append((chip, "read", "write"))


_KINDS = (
    ("_answer", _tap_commands),
    ("_begin", _tap_display),
    ("identify", _tap_sectors),
    ("address", _tap_registers),
)


def listen(camera, on):
    """Listen to every chip of the camera that has registers or commands, or stop."""
    while _undo:
        chip, *names = _undo.pop()
        for name in names:
            delattr(chip, name)
    del _rows[:]
    if on:
        for name in camera.chips:
            chip = camera.chips[name]
            for mark, tapped in _KINDS:
                if hasattr(chip, mark):
                    tapped(camera.world, name, chip)
                    break


def tell(to):
    """Hand over what was heard: `to("traffic", text, left_out)`, a row a line."""
    if _rows:
        text = "\n".join("%d %s %s %d %s" % row for row in _rows)
        to("traffic", text, _missed[0])
        del _rows[:]
        _missed[0] = 0
