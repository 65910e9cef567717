"""Which segments a card holds, found from the card alone: the first headers of every place.

Used without a log; then nobody can say whether more had been there.
"""

from . import layout
from .findings import Finding
from .log import Segment
from .medium import PROBED
from .primitives import MAX_S


def survey(medium) -> "tuple[list[Segment], dict, list[Finding]]":
    """Return the segments that stand on the card, their sealed seeds by epoch, and findings.

    The seeds are `{(device, epoch): {key id: sealed seed}}`. Reads at most four sectors and one
    block of each place.
    """
    segments, seeds, findings = [], {}, []
    for at in medium.places():
        header = medium.first_header(at, PROBED, damaged=True)
        if header is None:
            continue
        if medium.place(header.n) != at:
            whole = medium.first_header(at, PROBED)
            if medium.layout and whole and whole.card == medium.layout.card[:8]:
                findings.append(Finding("segment-moved", header.n))
            continue
        if header.s > MAX_S:
            findings.append(Finding("segment-impossible", header.n))
            continue
        segments.append(found_at(medium, at, seeds))
    segments.sort(key=lambda segment: segment.n)
    findings += _order(segments)
    return segments, seeds, findings


def found_at(medium, at: int, seeds: dict) -> "Segment | None":
    """Return the segment whose blocks begin at byte `at`; its sealed seeds go into `seeds`."""
    header = medium.first_header(at, PROBED, damaged=True)
    if header is None:
        return None
    segment = Segment(header.n, header.s, header.epoch, header.card, header.device)
    _complete(segment, medium.read(at, layout.BLOCK), seeds)
    segment.boot = header.boot
    return segment


def _complete(segment, block, seeds):
    """Take from the HEAD block what only stands there; without it no key can be derived."""
    header = layout.header(block)
    head = layout.head(block[layout.BODY_AT :])
    ours = (header.magic, header.kind, header.n, header.b) == (b"BWB1", layout.HEAD, segment.n, 0)
    if not ours or not head or not layout.whole(block):
        return
    segment.nonce, segment.card, segment.device = head.nonce, head.card, head.device
    segment.recording, segment.index = head.recording, head.index
    seeds.setdefault((head.device, head.epoch), {}).update(head.seeds)


def _order(segments):
    """Compare each segment with the next: sequence numbers rise, a recording has no hole."""
    for one, two in zip(segments, segments[1:]):
        if one.epoch == two.epoch and two.s <= one.s:
            yield Finding("segment-order", two.n, facts={"before": one.n})
        if one.epoch == two.epoch and one.recording == two.recording is not None:
            one.continued = True
            if two.n > one.n + 1:
                facts = {"recording": two.recording, "segments": (one.n + 1, two.n - 1)}
                yield Finding("segment-gap", one.n + 1, facts=facts)
