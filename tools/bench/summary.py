"""From what the workers told in many runs to one figure each: the median, with its spread."""

import math
import statistics

from tools.bench.runner import DESIGNS

SIZES = ("16384", "24576", "49152", "mix")


def percentile(values, share):
    """Return the value that `share` (0 to 1) of the values do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


class Figures:
    """Takes the values of a figure from all runs, returns their median, and keeps the spread:
    `spread` is {name: [5th percentile, 95th percentile]}.
    """

    def __init__(self):
        self.spread = {}

    def median(self, name, values):
        """Return the median of those values that are not None; None where there are none."""
        values = [value for value in values if value is not None]
        if not values:
            return None
        self.spread[name] = [_short(percentile(values, share)) for share in (0.05, 0.95)]
        return _short(statistics.median(values))


def build(interpreter, runs, seed, found):
    """Return what `bench --json` prints, from what `runner.measure` found."""
    figures = Figures()
    result = {
        "interpreter": interpreter,
        "runs": runs,
        "seed": seed,
        "ring": _ring(figures, found),
        "peers": _peers(figures, found),
        "seal": _part(figures, found, "seal", _SEAL),
        "record": _part(figures, found, "record", _RECORD),
        "trigger": _part(figures, found, "trigger", _TRIGGER),
        "gc": _gc(figures, found),
        "spread": figures.spread,
    }
    deque_us = result["peers"]["deque"]["worst_us"]
    ring_us = result["ring"]["worst_us"]
    result["ring"]["worst_below_deque"] = _short(deque_us / ring_us) if ring_us else None
    if "display" in found:
        result["display"] = found["display"][0]
    return result


_SEAL = ("ratio", "block_bytes", "garbage_bytes_per_block", "floor_us", "seal_us")
_RECORD = (
    *("ratio", "write_commands_per_mb", "device_over_payload", "fs_writes"),
    *("floor_us", "record_us"),
)
_NEVER = {"fs_writes", "collections_with_frames"}  # not even once in all runs
_WORST = {
    "heap_bytes_per_frame": max,
    "transient_bytes_per_frame": max,
    "pushes_without_heap": min,
}
_TRIGGER = (
    *("first_block_over_raw", "first_block_us", "first_data_block_us", "raw_block_us"),
    *("drain_ratio", "drain_blocks", "drain_commands_per_mb", "push_p99_us", "idle_p99_us"),
)


def _ring(figures, found):
    rows, deque_rows = found["ring"], found["peers"]
    shares = [{size: each["ratio"] for size, each in row["sizes"].items()} for row in rows]
    ring = {}
    for key in ("ratio", "reference_ratio", "floor_us", "push_us"):
        ring[key] = {
            size: figures.median(f"ring.{key}.{size}", [row["sizes"][size][key] for row in rows])
            for size in SIZES
        }
    ring["ratio_by_size"] = _by_size(figures, "ring", shares)
    for key in ("overhead_calls", "overhead_us"):
        ring[key] = figures.median(f"ring.{key}", [row[key] for row in rows])
    for key, worst in _WORST.items():
        values = [row[key] for row in rows]
        ring[key] = None if None in values else worst(values)
    ring["times_deque"] = figures.median(
        "ring.times_deque",
        [row["ratios"]["mix"]["ring"] / row["ratios"]["mix"]["deque"] for row in deque_rows],
    )
    ring |= _latency(figures, found, "ring")
    ring["floor_worst_us"] = _latency(figures, found, "floor")["worst_us"]
    return ring | _scale(figures, found["scale"])


def _latency(figures, found, design):
    rows = found.get(f"latency.{design}", [])
    name = design if design == "ring" else f"peers.{design}"
    return {
        key: figures.median(f"{name}.{key}", [row[key] for row in rows])
        for key in ("median_us", "p99_us", "worst_us")
    }


def _scale(figures, rows):
    shares = ("payload_share", "payload_share_24576")
    scale = {name: min(row[name] for row in rows) for name in shares}
    scale["payload_share_mean"] = figures.median(
        "ring.payload_share_mean", [row["payload_share_mean"] for row in rows]
    )
    for key in ("overhead_us_by_ring_mib", "overhead_us_by_length_s"):
        scale[key] = {
            at: figures.median(f"ring.{key}.{at}", [row[key][at] for row in rows])
            for at in sorted(rows[0][key], key=int)
        }
        scale[key.replace("_by_", "_range_by_")] = _short(
            max(scale[key].values()) - min(scale[key].values())
        )
    return scale


def _by_size(figures, name, rows):
    """Return the medians of rows of {size: share}, the sizes in order."""
    return {
        size: figures.median(f"{name}.ratio_by_size.{size}", [row[size] for row in rows])
        for size in sorted(rows[0], key=lambda size: (size == "mix", size.zfill(6)))
    }


def _peers(figures, found):
    rows = found["peers"]
    peers = {}
    for name in DESIGNS:
        if name in rows[0]["peers"]:
            ratios = [
                {size: shares[name] for size, shares in row["ratios"].items()} for row in rows
            ]
            by_size = _by_size(figures, f"peers.{name}", ratios)
            peers[name] = {"ratio": by_size["mix"]} | _latency(figures, found, name)
            for key in ("heap_bytes_per_frame", "held_share"):
                peers[name][key] = figures.median(
                    f"peers.{name}.{key}", [row["peers"][name][key] for row in rows]
                )
            peers[name]["ratio_by_size"] = by_size
    return peers


def _part(figures, found, worker, keys):
    rows = found.get(worker, [])
    part = {key: figures.median(f"{worker}.{key}", [row.get(key) for row in rows]) for key in keys}
    for key in _NEVER.intersection(keys):
        part[key] = max((row[key] for row in rows), default=None)
    return part


def _gc(figures, found):
    part = _part(figures, found, "pause", ("pause_us", "pause_without_ring_us"))
    return part | _part(
        figures, found, "hour", ("simulated_s", "collections", "collections_with_frames")
    )


def _short(value):
    """Return a float with four digits, which is more than any of them is worth."""
    return value if isinstance(value, int) else float(f"{value:.4g}")
