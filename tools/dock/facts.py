"""What custody entries say of a camera and its log."""

from tools.evidence import layout
from tools.evidence.layout import BLOCK


def about(hello, log=None) -> dict:
    """Return who the camera is; its name, and which card it recorded on, from the log."""
    card = log.card if log else hello.card
    return {
        "id": hello.device.hex(),
        "epoch": hello.epoch,
        "card": card.hex() if card else None,
        "name": log.name if log else None,
    }


def stored(visit, hello, log, name: str, verdict, intake, segments) -> dict:
    """Return what a custody entry says when a docked camera's segments are in every vault; `name`
    is the log's there.
    """
    head = log.entries[-1]
    return {
        "camera": about(hello, log),
        "verdict": verdict["verdict"],
        "findings": [finding.plain() for finding in verdict["findings"]],
        "objects": sorted(intake.objects),
        "vaults": [vault.name for vault in visit.vaults],
        "log": {"object": name, "entries": head.s + 1, "mac": head.mac.hex()},
        "recordings": recordings(segments),
        "rate": visit.report.rate(),
    }


def spans(numbers: "list[int]") -> str:
    """Return sorted numbers as people write them: 0-3, 7."""
    found = []
    for n in numbers:
        if found and found[-1][1] == n - 1:
            found[-1][1] = n
        else:
            found.append([n, n])
    return ", ".join(f"{a}-{b}" if a < b else f"{a}" for a, b in found)


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
