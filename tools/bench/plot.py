"""Draws a result of the bench: throughput by size of picture, and the slowest push."""

from tools.bench.goals import LABELS

_COLOURS = {
    "floor": "#000000",
    "ring": "#c62828",
    "slots": "#1565c0",
    "class_ring": "#00838f",
    "ringio": "#6a1b9a",
    "deque": "#616161",
    "list": "#9e9e9e",
    "asyncio_queue": "#ef6c00",
}


_APART_PCT = 6  # names of two lines, at least


def draw(result, path):
    """Draw into `path`, a .png or .svg, with matplotlib: the group `plot`.

    Raises:
        OSError: it cannot be written.
    """
    from matplotlib.figure import Figure

    designs = {"ring": result["ring"], **result["peers"]}
    slow = {name: row["worst_us"] for name, row in designs.items() if row["worst_us"]}
    if slow:
        slow["floor"] = result["ring"]["floor_worst_us"]
    figure = Figure(figsize=(10, 3.9 if slow else 4.4), dpi=150, layout="constrained")
    left, *right = figure.subplots(1, 2 if slow else 1, squeeze=False)[0]
    _throughput(left, designs)
    if slow:
        _slowest(right[0], slow)
    figure.savefig(path)


def _throughput(axes, designs):
    ends = {}
    for name, row in designs.items():
        sizes = [size for size in row["ratio_by_size"] if size != "mix"]
        kib = [int(size) / 1024 for size in sizes]
        shares = [row["ratio_by_size"][size] * 100 for size in sizes]
        axes.plot(kib, shares, color=_COLOURS[name], marker="o", **_weight(name))
        ends[name] = shares[-1]
    lowest = -_APART_PCT
    for name in sorted(ends, key=ends.get):
        lowest = max(ends[name], lowest + _APART_PCT)
        axes.text(kib[-1] * 1.12, lowest, LABELS[name], color=_COLOURS[name], va="center")
    axes.set_xscale("log", base=2)
    axes.set_xticks(kib, [f"{size:.0f}" for size in kib])
    axes.minorticks_off()
    axes.set_ylim(0, 105)
    axes.set_xlabel("size of a picture, KiB")
    axes.set_title("Throughput, in % of a bare copy", loc="left", fontsize=11)
    _plain(axes)


def _slowest(axes, slow):
    names = sorted(slow, key=slow.get, reverse=True)
    values = [slow[name] for name in names]
    bars = axes.barh([LABELS[name] for name in names], values, height=0.6)
    for bar, name in zip(bars, names):
        bar.set_color(_COLOURS[name])
    axes.bar_label(bars, [f"{value:,.0f} µs" for value in values], padding=4, fontsize=9)
    axes.set_xscale("log")
    axes.set_xlim(min(values) / 3, max(values) * 6)
    axes.set_title("Slowest of 6,000 pushes, small heap", loc="left", fontsize=11)
    _plain(axes)


def _weight(name):
    ring = name == "ring"
    return {"linewidth": 2.5 if ring else 1.3, "markersize": 5 if ring else 3}


def _plain(axes):
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="both", color="#e0e0e0", linewidth=0.6)
    axes.set_axisbelow(True)
