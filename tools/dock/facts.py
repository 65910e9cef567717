"""What custody entries say of a camera and its log."""

from tools.evidence import layout
from tools.evidence.layout import BLOCK


def about(hello, log=None) -> dict:
    """Return who the camera is; its name only where there is a log."""
    return {
        "id": hello.device.hex(),
        "epoch": hello.epoch,
        "card": hello.card.hex() if hello.card else None,
        "name": log.name if log else None,
    }


def recordings(segments) -> "list[dict]":
    """Return [{"recording", "segments", "utc"}] as the log tells them."""
    found = {}
    for segment in segments:
        one = found.setdefault(
            segment.recording,
            {"recording": segment.recording, "segments": [], "utc": segment.utc},
        )
        one["segments"].append(segment.n)
    return list(found.values())


def recorded_bytes_per_s(log) -> "int | None":
    """Return how fast the camera wrote, over all sealed segments; None without one."""
    opened = {s.n: s for s in log.segments.values() if s.blocks}
    size = duration_ms = 0
    for entry in log.entries:
        if entry.code == layout.SEALED and len(entry.detail) == layout.PAIR.size:
            n, blocks = layout.PAIR.unpack(entry.detail)
            segment = opened.get(n)
            if segment and segment.boot == entry.boot:
                size += blocks * BLOCK
                duration_ms += entry.uptime_ms - segment.uptime_ms
    return size * 1000 // duration_ms if duration_ms > 0 else None
