"""Which segments a card holds, found from the card alone: the first headers of every place.

Used without a log; then nobody can say whether more had been there.
"""

from . import layout
from .findings import Finding, span
from .log import Segment
from .primitives import MAX_S


def survey(medium) -> "tuple[list[Segment], dict, list[Finding]]":
    """Return the segments that stand on the card, their sealed seeds by epoch, and findings.

    The seeds are `{(device, epoch): {key id: sealed seed}}`. Reads at most four sectors and one
    block of each place.
    """
    segments, seeds, findings = [], {}, []
    for at in medium.places():
        header = medium.first_header(at)
        if header is None or medium.place(header.n) != at:
            continue
        if header.s > MAX_S:
            what = f"Segment {header.n} names an entry that no camera's log can have."
            findings.append(Finding("tampered", header.n, None, what))
            continue
        segment = Segment(header.n, header.s, header.epoch, header.card, header.device)
        _complete(segment, medium.read(at, layout.BLOCK), seeds)
        segment.boot = header.boot
        segments.append(segment)
    segments.sort(key=lambda segment: segment.n)
    findings += _order(segments)
    return segments, seeds, findings


def _complete(segment, block, seeds):
    """Take from the HEAD block what only stands there; without it no key can be derived."""
    header = layout.header(block)
    head = layout.head(block[layout.BODY_AT :])
    ours = (header.magic, header.kind, header.n, header.b) == (b"BWB1", layout.HEAD, segment.n, 0)
    whole = layout.sha256(block[: layout.DIGEST_AT]).digest() == block[layout.DIGEST_AT :][:32]
    if not ours or not head or not whole:
        return
    segment.nonce, segment.card, segment.device = head.nonce, head.card, head.device
    segment.recording, segment.index = head.recording, head.index
    seeds.setdefault((head.device, head.epoch), {}).update(head.seeds)


def _order(segments):
    """Compare each segment with the next: sequence numbers rise, a recording has no hole."""
    for one, two in zip(segments, segments[1:]):
        if one.epoch == two.epoch and two.s <= one.s:
            what = (
                f"Segment {two.n} claims to have been begun before segment {one.n}: "
                "their order is not the camera's."
            )
            yield Finding("tampered", two.n, None, what)
        if one.epoch == two.epoch and one.recording == two.recording is not None:
            one.continued = True
            if two.n > one.n + 1:
                lost = span(one.n + 1, two.n - 1, "segment")
                what = f"Between parts of recording {two.recording} on the card {lost} is missing."
                yield Finding("incomplete", one.n + 1, None, what)
