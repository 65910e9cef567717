"""What a shift consists of, as a script of `sim`."""

_PER_HOUR = 14 / 12  # ten mirror uses and four recordings in twelve hours
_RECORDED = (2, 5, 9, 12)  # which of 14 uses are recordings
_MIRROR_S, _RECORDING_S = 180, 444


def typical(hours, mirror_s=_MIRROR_S):
    """Return the script of a shift of `hours` with the mix that the firmware expects.

    The officer switches the display off after `mirror_s` seconds; None: leaves that to the camera.
    """
    uses = round(hours * _PER_HOUR)
    lines = ["0:00 boot"]
    for i in range(uses):
        at_s = round((i + 0.5) * hours * 3600 / uses)
        if i % 14 in _RECORDED:
            lines += [f"{_clock(at_s)} press twice", f"{_clock(at_s + _RECORDING_S)} hold 3"]
            lines += ["+1 press", "+3 press"]
        else:
            lines.append(f"{_clock(at_s)} press")
            if mirror_s:
                lines.append(f"{_clock(at_s + mirror_s)} press")
    return "\n".join([*lines, f"{_clock(round(hours * 3600))} end", ""])


def _clock(seconds):
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
