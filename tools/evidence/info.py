"""What is on a card, at a glance: a few sectors of each segment, nothing verified."""

from . import layout
from .case import Case
from .layout import BLOCK, BLOCKS, BODY_AT, BODY_END, elapsed_ms
from .primitives import decryptor
from .records import Malformed, Records, Stream
from .times import TRUST, iso


def info(image, camera_dir=None, key_dirs=()) -> dict:
    """Return the card, the camera, the occupancy and the recordings, without verifying them.

    `start_utc` is None when the camera's clock was not set or nothing tells it; `frames` is None
    where no READ key opens the seals or one is missing. `state` is one of `sealed`, `torn`,
    `missing`.

    Raises:
        InputError: one line about what cannot be used.
    """
    with Case(image, camera_dir, key_dirs) as case:
        return {
            "card": _card(case),
            "camera": _camera(case),
            "recordings": [_recording(case, *item) for item in _grouped(case.segments).items()],
            "findings": [finding._asdict() for finding in case.findings],
        }


def _card(case):
    medium = case.medium
    card = medium.layout
    used = len(case.segments)
    total = card.segments if card else None
    return {
        "path": str(medium.path),
        "size_bytes": medium.size_bytes,
        "card_id": card.card.hex() if card else None,
        "formatted_utc": iso(card.utc) if card else None,
        "segments": total,
        "segments_used": used,
        "used_pct": round(100 * used / total, 1) if total else None,
    }


def _camera(case):
    log = case.log
    if not log or log.epoch is None:
        return None
    return {
        "device_id": log.device.hex(),
        "name": log.name,
        "epoch": log.epoch,
        "log_entries": len(log.entries),
        "next_segment": log.next,
        "released_up_to": log.released,
    }


def _grouped(segments):
    groups = {}
    for segment in segments:
        groups.setdefault((segment.epoch, segment.recording), []).append(segment)
    return groups


def _recording(case, key, segments):
    epoch, recording = key
    ends = [_end(case, segment) for segment in segments]
    words = next(filter(None, (_opening(case, segment) for segment in segments)), {})
    utc, trust = words.get("utc", segments[0].utc), words.get("trust", segments[0].trust)
    seals = [seal for _, seal in ends]
    headers = [header for header, _ in ends]
    begins = [_header(case, segment, 0) for segment in segments]
    times = [header.ms for pair in zip(begins, headers) for header in pair if header]
    state = "sealed"
    if None in headers:
        state = "missing"
    elif any(header.kind != layout.SEAL for header in headers):
        state = "torn"
    return {
        "recording": recording,
        "epoch": epoch,
        "start_utc": iso(utc),
        "trust": TRUST[trust] if iso(utc) and trust in (1, 2) else TRUST[0],
        "duration_ms": elapsed_ms(times[0], times[-1]) if times else 0,
        "frames": None if None in seals else sum(seal.frames for seal in seals),
        "gaps": None if None in seals else seals[-1].gaps,
        "segments": [segment.n for segment in segments],
        "state": state,
    }


def _end(case, segment):
    """Return (header of the last block, its SEAL body); each None where it is not to be had."""
    if segment.blocks:
        last = segment.blocks - 1
    else:
        # The blocks of a segment stand without holes, or `verify` says so: halve until found.
        last, beyond = -1, BLOCKS
        while beyond - last > 1:
            middle = (last + beyond) // 2
            last, beyond = (middle, beyond) if _header(case, segment, middle) else (last, middle)
    header = _header(case, segment, last) if last >= 0 else None
    key = case.access(segment).cipher(segment)
    if not header or header.kind != layout.SEAL or not key:
        return header, None
    body = _body(case, segment, last)
    plain = decryptor(key, body[:16]).update(body[16:64])
    return header, layout.Seal._make(layout.SEAL_BODY.unpack_from(plain))


def _opening(case, segment):
    """Return the words in a segment's HEAD, or None where they cannot be read."""
    key, header = case.access(segment).cipher(segment), _header(case, segment, 0)
    if not key or not header:
        return None
    records = Records(segment, key, Stream())
    try:
        records.block(header, _body(case, segment, 0))
    except Malformed:
        return None
    return records.opening


def _header(case, segment, b):
    """Return the header of a segment's block, or None where another or none stands."""
    start = case.medium.place(segment.n)
    if start is None or not segment.on_card:
        return None
    header = case.medium.header(start + b * BLOCK)
    ours = header and (header.n, header.b, header.epoch) == (segment.n, b, segment.epoch)
    return header if ours else None


def _body(case, segment, b):
    start = case.medium.place(segment.n)
    return case.medium.read(start + b * BLOCK, BLOCK)[BODY_AT:BODY_END]
