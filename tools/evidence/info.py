"""What is on a card, at a glance: a few sectors of each segment, nothing verified."""

from . import layout
from .case import Case
from .layout import BLOCK, BLOCKS, BODY_AT, BODY_END, FRAME, RECORD, elapsed_ms
from .log import said
from .primitives import Deciphering, decryptor
from .records import Malformed, Records, Stream
from .times import TRUST, iso

_LOOKED_AT = 24  # blocks in which a picture of 256 KB must begin


def info(image, camera_dir=None, key_dirs=()) -> dict:
    """Return the card, the camera, the occupancy and the recordings, without verifying them.

    `duration_ms` is from the first picture to the last; where no READ key opens them, from the
    first DATA block to the last, which may be later by what the card held them up.
    `start_utc` is None when the camera's clock was not set or nothing tells it, which `trust` says
    by its words or None; `frames` is None
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
            "findings": [finding.plain() for finding in case.findings],
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
        "unlocked": any(
            entry.code == layout.WARNING and said(entry).get("why") == "unlocked"
            for entry in log.entries
        ),
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
    told = words or segments[0].log_mac  # without either nobody knows whether the clock was set
    utc, trust = words.get("utc", segments[0].utc), words.get("trust", segments[0].trust)
    seals = [seal for _, seal in ends]
    headers = [header for header, _ in ends]
    times = _frame_times(case, segments, headers)
    state = "sealed"
    if None in headers:
        state = "missing"
    elif any(header.kind != layout.SEAL for header in headers):
        state = "torn"
    return {
        "recording": recording,
        "epoch": epoch,
        "start_utc": iso(utc),
        "trust": (TRUST[trust] if iso(utc) and trust in (1, 2) else TRUST[0]) if told else None,
        "duration_ms": elapsed_ms(*times) if times else 0,
        "frames": None if None in seals else sum(seal.frames for seal in seals),
        "gaps": None if None in seals else seals[-1].gaps,
        "segments": [segment.n for segment in segments],
        "state": state,
    }


def _frame_times(case, segments, ends):
    """Return the times of a recording's first and last picture, or of its first and last block
    where no picture is to be had; None without a block.
    """
    parts = [(segment, end) for segment, end in zip(segments, ends) if end]
    times = _outermost(case, parts, 1), _outermost(case, parts[::-1], -1)
    return None if None in times else times


def _outermost(case, parts, step):
    """Return the time of the first picture, or with step -1 of the last; else of the block."""
    block_ms = None
    for segment, end in parts:
        for b in range(1, end.b + 1)[::step][:_LOOKED_AT]:
            header = _header(case, segment, b)
            if header and header.kind == layout.DATA:
                block_ms = header.ms if block_ms is None else block_ms
                times = _pictures(case, segment, header)
                if times:
                    return times[::step][0]
    return block_ms


def _pictures(case, segment, header):
    """Return the times of the pictures that begin in a DATA block; none without a READ key."""
    key = case.access(segment).cipher(segment)
    if not key or not header.first_at:
        return []
    body = _body(case, segment, header.b)
    plain = bytes(16) + decryptor(key, body[:16]).update(body[16:])
    times, at = [], header.first_at
    while at + RECORD.size <= min(header.used, len(plain)):
        kind, _, _, _, t_ms, size = RECORD.unpack_from(plain, at)
        times += [t_ms] * (kind == FRAME)
        at += RECORD.size + size + -size % 4
    return times


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
    records, medium = Records(segment, Stream()), case.medium
    deciphering = Deciphering(key, segment.n, medium.buffer, medium.room)
    medium.blocks(medium.place(segment.n), 1)
    (follows,) = deciphering.take(1, 0)
    try:
        records.block(header, deciphering.bodies[0], follows)
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
