"""Segments on their way: from the camera, block by block, into the vaults."""

import time

from tools.evidence.layout import BLOCK

from .parts import Part, discard

_WRONG_READS = 3  # of a block whose digest does not fit, before the card is blamed


def fetch(visit, intake, n: int, blocks: int, released=(), open_end=False) -> None:
    """Bring a segment into the vaults: from the camera where they do not have it, and it is not
    one of `released`. With an open end nobody knows how many of the `blocks` are the segment's: it
    ends with the last that is whole.

    Raises:
        LinkLost, Refused: the camera does not answer, or has no such segment.
        VaultError: a vault failed three times.
    """
    parts, report = visit.station.folder / "parts", visit.report
    if not open_end and intake.held(n, blocks):
        report.total_bytes -= blocks * BLOCK if n not in released else 0
    elif n not in released:
        with Part(parts, report.device, n, blocks) as part:
            for b in part.missing():
                _block(visit, part, n, b, open_end)
            data = part.content()
            if open_end:
                missing = set(part.missing())
                whole = [b for b in range(blocks) if b not in missing]
                data = data[: (whole[-1] + 1 if whole else 0) * BLOCK]
            intake.segment(n, data)
    discard(parts, report.device, n)


def _block(visit, part, n, b, once):
    report, started_s = visit.report, time.monotonic()
    for _ in range(1 if once else _WRONG_READS):
        block = visit.session.piece(f"seg/{n}", b * BLOCK)
        if block is not None and part.whole(b, block):
            break
    else:
        report.damaged_blocks += not once
    if block is not None and len(block) == BLOCK:
        part.write(b, block)
    report.took(BLOCK, time.monotonic() - started_s)
    visit.progress(report)
