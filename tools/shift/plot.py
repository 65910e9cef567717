"""Draws shifts: the charge over time, and where it went."""

import io

_COLOURS = ("#1565c0", "#c62828", "#2e7d32")
_STAGES = {"display_on": "#a5d6a7", "recording": "#ef9a9a", "armed": "#90caf9"}
_PARTS = "#455a64 #1565c0 #00838f #2e7d32 #f9a825 #ef6c00 #c62828 #6a1b9a #795548".split()
_PARTS += "#9e9e9e #bdbdbd #cfd8dc".split()


def draw(report, runs):
    """Return `runs`, [(name, result)], with the ledger of `report`, as the bytes of a .png; needs
    matplotlib.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6.4), dpi=130, layout="constrained")
    upper, lower = figure.subplots(2, 1, height_ratios=(3, 2))
    for i, (name, result) in enumerate(runs):
        _charge(upper, name, result, _COLOURS[i % len(_COLOURS)], report["hours_needed"])
    _stages(upper, runs[0][1])
    upper.set_ylabel("charge, %")
    upper.set_xlabel("hours")
    upper.set_ylim(0, 102)
    title = f"{report['board']}, {report['battery_mah']} mAh"
    upper.set_title(title, loc="left", fontsize=11)
    if any(name for name, _ in runs):
        upper.legend(frameon=False, fontsize=9)
    _ledger(lower, report["by_stage"])
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()


def _charge(axes, name, result, colour, needed_h):
    track = result["track"]
    hours = [row[0] / 3600 for row in track]
    axes.plot(hours, [row[1] / 100 for row in track], color=colour, linewidth=2, label=name)
    axes.axvline(needed_h, color="#9e9e9e", linewidth=0.8)
    died = [c for c in result["stages"] if c["to"] == "off" and c["event"] != "off"]
    if died:
        at_h = died[0]["t_ms"] / 3_600_000
        axes.plot([at_h], [1], marker="x", color=colour, markersize=10, markeredgewidth=2.5)
        axes.annotate(
            f"off at {at_h:.1f} h",
            (at_h, 3),
            color=colour,
            ha="right",
            fontsize=9,
            xytext=(-8, 8),
            textcoords="offset points",
        )
    steps = 0
    for row in track:
        if row[3] > steps:
            steps = row[3]
            axes.plot([row[0] / 3600], [row[1] / 100], marker="v", color=colour, markersize=7)
            axes.annotate(
                f"{steps}",
                (row[0] / 3600, row[1] / 100),
                color=colour,
                fontsize=9,
                ha="center",
                xytext=(0, 8),
                textcoords="offset points",
            )


def _stages(axes, result):
    changes = result["stages"]
    ends = [change["t_ms"] for change in changes[1:]] + [result["virtual_ms"]]
    for change, end_ms in zip(changes, ends, strict=True):
        if change["to"] in _STAGES:
            span = (change["t_ms"] / 3_600_000, end_ms / 3_600_000)
            axes.axvspan(*span, color=_STAGES[change["to"]], linewidth=0)


def _ledger(axes, stages):
    names = [stage for stage in stages if stages[stage]["mah"] >= 0.5]
    totals = {}
    for stage in names:
        for part, mah in stages[stage]["parts"].items():
            totals[part] = totals.get(part, 0) + mah
    left = [0.0] * len(names)
    for i, part in enumerate(sorted(totals, key=totals.get, reverse=True)):
        values = [stages[stage]["parts"].get(part, 0) for stage in names]
        colour = _PARTS[min(i, len(_PARTS) - 1)]
        axes.barh(names, values, left=left, color=colour, height=0.65, label=part)
        left = [a + b for a, b in zip(left, values, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel("mAh")
    axes.legend(
        frameon=False, fontsize=8, ncols=6, loc="upper center", bbox_to_anchor=(0.5, -0.25)
    )
