"""Draws shifts: the charge over time, and where it went."""

import io

from tools.shift import words

_COLOURS = ("#1565c0", "#c62828", "#2e7d32")
_STAGES = {"display_on": "#a5d6a7", "recording": "#ef9a9a", "armed": "#90caf9"}
# In the order in which they are stacked; what belongs together is of one hue.
PARTS = {
    "base": "#455a64",
    "off": "#b0bec5",
    "sleeping": "#0d47a1",
    "waiting": "#1976d2",
    "waiting_slow": "#64b5f6",
    "working": "#00838f",
    "working_slow": "#4dd0e1",
    "display": "#ffb300",
    "backlight": "#ffe082",
    "sensor_ready": "#1b5e20",
    "sensor": "#66bb6a",
    "card": "#ef6c00",
    "lamp_ready": "#4a148c",
    "lamp": "#ab47bc",
    "motor": "#795548",
    "tone": "#bcaaa4",
}
_TOGETHER_H = 0.5  # steps that follow one another so soon share a label


def draw(report, runs):
    """Return `runs`, [(name, result)], with the ledger of `report`, as the bytes of a .png; needs
    matplotlib.
    """
    from matplotlib.figure import Figure

    from tools.boards_command import load

    figure = Figure(figsize=(10, 6.4), dpi=130, layout="constrained")
    upper, lower = figure.subplots(2, 1, height_ratios=(3, 2))
    for i, (name, result) in enumerate(runs):
        _charge(upper, name, result, _COLOURS[i % len(_COLOURS)], report["hours_needed"])
    _stages(upper, runs[0][1])
    upper.set_ylabel("charge, %")
    upper.set_xlabel("hours")
    upper.set_ylim(0, 102)
    title = f"{load(report['board']).NAME}, {words.battery(report)}"
    upper.set_title(title, loc="left", fontsize=11)
    # Beside the title: inside it would lie over a band.
    upper.legend(frameon=False, fontsize=9, ncols=6, loc="lower right", bbox_to_anchor=(1, 1))
    _tell_steps(upper, report["given_up"])
    _ledger(lower, report["by_stage"])
    name = runs[0][0]
    lower.set_title(f"where it went{name and ', '}{name}", loc="left", fontsize=11)
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()


def _charge(axes, name, result, colour, needed_h):
    track = result["track"]
    hours = [row[0] / 3600 for row in track]
    axes.plot(
        hours, [row[1] / 100 for row in track], color=colour, linewidth=2, label=name or "charge"
    )
    axes.axvline(needed_h, color="#9e9e9e", linewidth=0.8)
    died = [c for c in result["stages"] if c["to"] == "off" and c["event"] != "off"]
    if died:
        at_h = died[0]["t_ms"] / 3_600_000
        pct = ([0] + [row[1] / 100 for row in track if row[0] <= at_h * 3600])[-1]
        axes.plot([at_h], [pct], marker="x", color=colour, markersize=10, markeredgewidth=2.5)
        axes.annotate(
            f"off at {at_h:.1f} h",
            (at_h, pct),
            color=colour,
            fontsize=9,
            xytext=(8, 8),
            textcoords="offset points",
        )
    _steps(axes, track, colour)


def _steps(axes, track, colour):
    groups, steps = [], 0
    for second, charge, _, step, *_ in track:
        if step <= steps:
            continue
        steps, at = step, (second / 3600, charge / 100)
        if not groups or at[0] - groups[-1][-1][1][0] > _TOGETHER_H:
            groups.append([])
        groups[-1].append((step, at))
        axes.plot(*at, marker="o", color=colour, markersize=6, markeredgecolor="white", zorder=3)
    for group in groups:
        (first, at), last = group[0], group[-1][0]
        label = f"step {first}" if first == last else f"steps {first} to {last}"
        about = {"xytext": (5, 7), "textcoords": "offset points", "fontsize": 9, "color": colour}
        axes.annotate(label, at, **about)


def _tell_steps(axes, given_up):
    steps = [f"{row['steps']}: {words.setting(row)}" for row in given_up]
    if steps:
        axes.set_xlabel("hours\nsteps " + "; ".join(steps), fontsize=9)


def _stages(axes, result):
    changes = result["stages"]
    labels = {stage: words.stage(stage) for stage in _STAGES}
    ends = [change["t_ms"] for change in changes[1:]] + [result["virtual_ms"]]
    for change, end_ms in zip(changes, ends, strict=True):
        if change["to"] in _STAGES:
            span = (change["t_ms"] / 3_600_000, end_ms / 3_600_000)
            colour, label = _STAGES[change["to"]], labels.pop(change["to"], None)
            axes.axvspan(*span, color=colour, linewidth=0, label=label)


def _ledger(axes, stages):
    names = [stage for stage in stages if stages[stage]["mah"] >= 0.5]
    labels, left = [words.stage(stage) for stage in names], [0.0] * len(names)
    for part, colour in PARTS.items():
        values = [stages[stage]["parts"].get(part, 0) for stage in names]
        if any(values):
            axes.barh(
                labels,
                values,
                left=left,
                color=colour,
                height=0.65,
                label=words.part(part),
            )
            left = [a + b for a, b in zip(left, values, strict=True)]
    for row, mah in enumerate(left):
        axes.text(mah, row, f" {mah:.0f}", va="center", fontsize=9)
    axes.set_xlim(0, 1.08 * max(left, default=1))
    axes.invert_yaxis()
    axes.set_xlabel("mAh")
    axes.legend(
        frameon=False, fontsize=8, ncols=6, loc="upper center", bbox_to_anchor=(0.5, -0.25)
    )
