"""What the figures should be, and the table that shows them beside it."""

import operator

from rich import box
from rich.table import Column, Table

_AT_LEAST = ("at least", operator.ge)
_AT_MOST = ("at most", operator.le)

LABELS = {
    "floor": "a bare copy",
    "ring": "this ring",
    "deque": "deque of bytes",
    "list": "list of bytes",
    "slots": "64 KB slots",
    "class_ring": "ring by the book",
    "asyncio_queue": "asyncio queue",
    "ringio": "RingIO, 64 KB",
}

# what, where in the result, how it is written, bound and goal; judged on the unix port only
_RING = [
    (f"push, {size}", f"ring.ratio.{key}", "{:.0%}", _AT_LEAST, goal)
    for size, key, goal in (
        ("16 KB pictures", "16384", 0.72),
        ("24 KB", "24576", 0.75),
        ("48 KB", "49152", 0.80),
        ("0.6 to 60 KB mixed", "mix", 0.72),
    )
]
_REFERENCE = [
    (f"in bytecode, {size}", f"ring.reference_ratio.{key}", "{:.0%}", _AT_LEAST, goal)
    for size, key, goal in (
        ("16 KB", "16384", 0.28),
        ("24 KB", "24576", 0.30),
        ("48 KB", "49152", 0.38),
        ("mixed", "mix", 0.28),
    )
]
SECTIONS = (
    ("ring, share of the bare copy's throughput", (*_RING, *_REFERENCE)),
    (
        "ring",
        (
            ("overhead, in empty calls", "ring.overhead_calls", "{:.1f}", _AT_MOST, 2.5),
            ("times as fast as a deque, mixed", "ring.times_deque", "{:.0f}", _AT_LEAST, 15),
            ("slowest push, us", "ring.worst_us", "{:.0f}", None, None),
            ("a deque's slowest, times", "ring.worst_below_deque", "{:.0f}", _AT_LEAST, 10),
            (
                "heap kept per picture, bytes",
                "ring.heap_bytes_per_frame",
                "{:.0f}",
                _AT_MOST,
                0,
            ),
            (
                "heap asked for per picture, bytes",
                "ring.transient_bytes_per_frame",
                "{:.0f}",
                _AT_MOST,
                0,
            ),
            (
                "pushes with the heap locked",
                "ring.pushes_without_heap",
                "{}",
                _AT_LEAST,
                10_000,
            ),
            (
                "pictures of 24 KB in memory, least",
                "ring.payload_share_24576",
                "{:.1%}",
                _AT_LEAST,
                0.98,
            ),
            ("mixed, least", "ring.payload_share", "{:.1%}", _AT_LEAST, 0.98),
            ("mixed, mean", "ring.payload_share_mean", "{:.1%}", None, None),
            (
                "overhead by size of ring, range in us",
                "ring.overhead_us_range_by_ring_mib",
                "{:.2f}",
                _AT_MOST,
                0.2,
            ),
            (
                "overhead by length of recording, range in us",
                "ring.overhead_us_range_by_length_s",
                "{:.2f}",
                _AT_MOST,
                0.2,
            ),
        ),
    ),
    (
        "ring to card",
        (
            ("seal, share of AES and SHA", "seal.ratio", "{:.0%}", _AT_LEAST, 0.95),
            (
                "garbage per block, bytes",
                "seal.garbage_bytes_per_block",
                "{:.0f}",
                _AT_MOST,
                448,
            ),
            ("record, share of the bare calls", "record.ratio", "{:.0%}", _AT_LEAST, 0.92),
            (
                "write commands per MiB, live",
                "record.write_commands_per_mb",
                "{:.1f}",
                _AT_MOST,
                36,
            ),
            (
                "write commands per MiB, window draining",
                "trigger.drain_commands_per_mb",
                "{:.1f}",
                _AT_MOST,
                36,
            ),
            ("card over pictures", "record.device_over_payload", "{:.3f}", _AT_MOST, 1.03),
            ("writes of a file system", "record.fs_writes", "{}", _AT_MOST, 0),
            (
                "first block after the trigger, over bare",
                "trigger.first_block_over_raw",
                "{:.2f}",
                _AT_MOST,
                1.3,
            ),
            ("window drains, share of bare", "trigger.drain_ratio", "{:.0%}", _AT_LEAST, 0.95),
            ("push while it drains, 99 %, us", "trigger.push_p99_us", "{:.0f}", None, None),
        ),
    ),
    (
        "collector",
        (
            ("pause with the ring, us", "gc.pause_us", "{:.0f}", None, None),
            ("pause without, us", "gc.pause_without_ring_us", "{:.0f}", None, None),
            ("seconds recorded", "gc.simulated_s", "{}", None, None),
            (
                "collections while a picture waits",
                "gc.collections_with_frames",
                "{}",
                _AT_MOST,
                0,
            ),
        ),
    ),
    (
        "display",
        (
            (
                "dearest change, over one framebuf.blit",
                "display.worst_change_over_blit",
                "{:.3f}",
                _AT_MOST,
                0.125,
            ),
            ("live picture, us", "display.mirror_cpu_us", "{:.0f}", None, None),
            (
                "heap asked for per change, bytes",
                "display.transient_bytes_per_change",
                "{:.0f}",
                None,
                None,
            ),
        ),
    ),
)


def figure(result, path):
    """Return the figure at `path` ("ring.ratio.mix") of a result, None where it has none."""
    for key in path.split("."):
        result = (result or {}).get(key)
    return result


def met(result, path, bound, goal):
    """Return whether the figure is as it should be; None where that is not judged."""
    value = figure(result, path)
    if not bound or value is None or result["interpreter"] != "unix":
        return None
    return bound[1](value, goal)


def tables(result):
    """Return rich tables: each figure with its spread and its goal, then the peers."""
    table = Table("", Column("", justify="right"), "5 to 95 %", "goal", box=box.SIMPLE)
    for title, rows in SECTIONS:
        table.add_section()
        measured = any(figure(result, path) is not None for _, path, *_ in rows)
        table.add_row(f"[bold]{title}[/]", "" if measured else "-")
        if not measured:
            continue
        for what, path, form, bound, goal in rows:
            table.add_row(*_row(result, what, path, form, bound, goal))
    return table, _peers(result)


def _row(result, what, path, form, bound, goal):
    value = figure(result, path)
    if value is None:
        return f"  {what}", "-"
    verdict = met(result, path, bound, goal)
    colour = {True: "green", False: "red", None: "default"}[verdict]
    spread = result["spread"].get(path)
    text = f"{form.format(spread[0])} to {form.format(spread[1])}" if spread else ""
    said = "" if verdict is None else f"{bound[0]} {form.format(goal)}"
    return f"  {what}", f"[{colour}]{form.format(value)}[/]", text, said


def _peers(result):
    right = [Column(name, justify="right") for name in ("of the bare copy", "slowest push, us")]
    right += [Column(name, justify="right") for name in ("heap, bytes", "of 4 MiB held")]
    table = Table(Column("0.6 to 60 KB mixed"), *right, box=box.SIMPLE)
    ring = result["ring"]
    ring = ring | {"ratio": ring["ratio"]["mix"], "held_share": ring["payload_share_mean"]}
    for name, row in [("ring", ring), *result["peers"].items()]:
        table.add_row(
            LABELS[name],
            _shown("{:.1%}", row["ratio"]),
            _shown("{:.0f}", row["worst_us"]),
            _shown("{:.0f}", row["heap_bytes_per_frame"]),
            _shown("{:.0%}", row["held_share"]),
        )
    return table


def _shown(form, value):
    return "-" if value is None else form.format(value)
