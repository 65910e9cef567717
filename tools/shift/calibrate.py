"""Fits each stage's current to discharge logs: least squares over all readings at once.

Between two readings the charge falls by the sum of the stages' currents times their durations;
each discharge begins at a charge of its own. A gauge's percents are coarse, but there are
hundreds.
"""

from tools.glyphs import of_firmware

_TOP_PCT, _BOTTOM_PCT = 97, 4  # beyond, gauges stay where they are
_HEADING = "seconds,stage,pct"
_MOST_S = 1e10  # since 1970 there were fewer
_MOST_OFF_PCT = 5  # from what was found: gauges wander by two or three
_LEAST_ROWS = 10  # of a discharge, on average: a camera writes one a minute


class CalibrationError(Exception):
    """What is wrong with a log, in one plain line."""


def read(path):
    """Return [[(seconds, stage, pct)]], one list for each discharge in the file.

    Raises:
        CalibrationError: it is no discharge log.
    """
    discharges, stages = [], of_firmware("stages").STAGES
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CalibrationError(
            getattr(error, "strerror", None) or "it is not UTF-8; save it as UTF-8"
        ) from None
    for number, line in enumerate(lines, 1):
        if line.strip() in ("", _HEADING) or line.startswith("#"):
            continue
        words = line.split(",")
        try:
            row = (_number(words[0], _MOST_S), words[1].strip(), _number(words[2], 100))
        except (IndexError, ValueError):
            raise CalibrationError(f"line {number} is not {_HEADING}") from None
        if row[1] not in stages:
            known = ", ".join(stages)
            raise CalibrationError(f"line {number}: no stage {row[1]!r}; there are {known}")
        if not discharges or row[0] < discharges[-1][-1][0]:
            discharges.append([])
        discharges[-1].append(row)
    if not discharges:
        raise CalibrationError("it has no readings")
    if len(discharges) > 1 and sum(map(len, discharges)) < _LEAST_ROWS * len(discharges):
        raise CalibrationError(
            f"its seconds begin anew {len(discharges) - 1} times: bring its lines into their order"
        )
    return discharges


def fit(discharges, capacity_mah):
    """Return {stage: {"ma", "unsure_ma", "share_pct" of the charge}}.

    Raises:
        CalibrationError: the stages cannot be told apart by these logs.
    """
    stages = sorted({stage for rows in discharges for _, stage, _ in rows})
    equations = [row for i, rows in enumerate(discharges) for row in _rows(rows, stages, i)]
    width = len(stages) + len(discharges)
    if len(equations) < 2 * width:
        raise CalibrationError("too few readings between full and empty")
    normal = [[0.0] * (width + 1) for _ in range(width)]
    for hours, discharge, left_mah_pct in equations:
        row = hours + [1.0 if i == discharge else 0.0 for i in range(len(discharges))]
        left_mah = left_mah_pct * capacity_mah / 100
        for i in range(width):
            for j in range(width):
                normal[i][j] += row[i] * row[j]
            normal[i][width] += row[i] * left_mah
    inverse = _invert([line[:width] for line in normal])
    answer = [sum(inverse[i][j] * normal[j][width] for j in range(width)) for i in range(width)]
    if min(answer[: len(stages)]) > -0.01:  # milliampere
        raise CalibrationError("the charge does not fall, so it is no discharge")
    off = 0.0
    for hours, discharge, pct in equations:
        row = hours + [1.0 if i == discharge else 0.0 for i in range(len(discharges))]
        said = sum(a * b for a, b in zip(row, answer, strict=True))
        off += (said - pct * capacity_mah / 100) ** 2
    off_pct = 100 * (off / len(equations)) ** 0.5 / capacity_mah
    if off_pct > _MOST_OFF_PCT:
        raise CalibrationError(
            f"the readings contradict one another, by {off_pct:.0f} % of the charge: take each "
            "discharge alone, and leave out what is not this camera on this battery"
        )
    # Neighbouring readings are wrong together: as if every twentieth were one.
    variance = off / max(1, len(equations) / 20 - width)
    found = {}
    for i, stage in enumerate(stages):
        drawn_h = sum(_durations(rows, stages)[i] for rows in discharges)
        found[stage] = {
            "ma": round(-answer[i], 2),
            "unsure_ma": round((variance * inverse[i][i]) ** 0.5, 2),
            "share_pct": round(-answer[i] * drawn_h / capacity_mah / len(discharges) * 100),
        }
        if found[stage]["ma"] < -2 * found[stage]["unsure_ma"]:
            raise CalibrationError(
                f"the battery charges in {stage}: pull the cable, and try again"
            )
    return found


def _number(word, most):
    # NaN is none either: the sums below have to stay finite.
    number = float(word)
    if not 0 <= number <= most:
        raise ValueError
    return number


def _rows(rows, stages, discharge):
    # (hours in each stage until then, negative; number of the discharge; percent)
    hours, at_s, stage_now = [0.0] * len(stages), rows[0][0], rows[0][1]
    for seconds, stage, pct in rows:
        hours[stages.index(stage_now)] += (seconds - at_s) / 3600
        at_s, stage_now = seconds, stage
        if _BOTTOM_PCT <= pct <= _TOP_PCT:
            yield list(hours), discharge, pct


def _durations(rows, stages):
    hours = [0.0] * len(stages)
    for (at_s, stage, _), (next_s, _, _) in zip(rows, rows[1:], strict=False):
        hours[stages.index(stage)] += (next_s - at_s) / 3600
    return hours


def _invert(matrix):
    n = len(matrix)
    rows = [line + [float(i == j) for j in range(n)] for i, line in enumerate(matrix)]
    for i in range(n):
        best = max(range(i, n), key=lambda j: abs(rows[j][i]))
        rows[i], rows[best] = rows[best], rows[i]
        if abs(rows[i][i]) < 1e-9:
            raise CalibrationError("a stage never varies, so it cannot be told from the others")
        pivot = rows[i][i]
        rows[i] = [value / pivot for value in rows[i]]
        for j in range(n):
            if j != i and rows[j][i]:
                factor = rows[j][i]
                rows[j] = [a - factor * b for a, b in zip(rows[j], rows[i], strict=True)]
    return [line[n:] for line in rows]
