"""What the camera promises, checked with the independent reader. Each check yields sentences.

The limits: a cut costs at most `LOSS_MS` and one block while the card keeps up, at most the queue
while it does not. Where a fault harms the medium itself the reader must say so, and nothing else.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256

from tools.evidence import layout
from tools.evidence.case import Case, beside
from tools.evidence.errors import InputError
from tools.evidence.log import Log
from tools.evidence.records import Stream
from tools.evidence.segments import read_segment
from tools.evidence.verdict import summary
from tools.torture import bench, entries
from tools.torture.keylife import written

LOSS_MS = 300
BLOCK_BYTES = 16_240
QUEUE_BYTES = 4 << 20
WINDOWS_MS = {"pre_event_30s": 30_000}
_SLACK_MS = 1500  # pictures are dropped once a second
_CHUNK = 16
_FAULT = 9  # code of a log entry

# Written down again here, not imported: what may follow what. A cut may end anything.
_LADDER = {
    ("off", "boot", "idle"),
    ("off", "fault", "fault"),
    ("idle", "show", "display_on"),
    ("display_on", "hide", "idle"),
    ("display_on", "timeout", "idle"),
    ("armed", "hide", "idle"),
    ("armed", "timeout", "idle"),
    ("recording", "sealed", "display_on"),
    ("docked", "undock", "idle"),
    ("fault", "mended", "idle"),
    ("fault", "dock", "docked"),
    *((stage, "record", "recording") for stage in ("idle", "display_on", "armed")),
    *((stage, "arm", "armed") for stage in ("idle", "display_on")),
    *((stage, "dock", "docked") for stage in ("idle", "display_on", "armed")),
    *((stage, "off", "off") for stage in ("idle", "display_on", "armed", "fault")),
    *(
        (stage, "battery_empty", "off")
        for stage in ("idle", "display_on", "armed", "fault", "docked")
    ),
    *(
        (stage, "fault", "fault")
        for stage in ("idle", "display_on", "armed", "recording", "docked")
    ),
}
# The log itself cannot say these.
_SILENT_FAULTS = ("log_error", "log_full", "not_enrolled")


@dataclass
class Found:
    """What the reader found on a card. `frames` are [(t_ms, digest, pre-event)] by segment."""

    verdict: dict
    readings: list
    recordings: list = field(default_factory=list)  # Recorded


@dataclass
class Recorded:
    """One recording on the card."""

    segments: list = field(default_factory=list)
    frames: list = field(default_factory=list)
    events: list = field(default_factory=list)  # their words, in order
    lost: int = 0
    lost_events: int = 0
    sealed: bool = False
    whole: bool = False


def read(image):
    """Return what stands on a card, or None when the reader refuses it with a plain sentence."""
    readings, recordings = [], []
    try:
        case = Case(image, *beside(image))
    except InputError:
        return None
    with case:
        before = stream = None
        for segment in case.segments:
            if before is None or before.recording != segment.recording:
                one = Recorded()
                recordings.append(one)
                stream = Stream(_taker(one), payload=True)
            elif before.index + 1 != segment.index:
                stream.hole()
            before = segment
            reading = read_segment(case.medium, segment, case.access(segment), stream)
            readings.append(reading)
            one.segments.append(segment.n)
            one.sealed = reading.sealed
            one.whole = stream.whole
        return Found(summary(case, readings), readings, recordings)


def _taker(one):
    def take(record):
        if record.kind == layout.FRAME:
            pre = bool(record.flags & layout.PRE_EVENT)
            one.frames.append((record.t_ms, sha256(record.data).digest(), pre))
        elif record.kind == layout.EVENT:
            one.events.append(record.data)
        elif record.kind == layout.GAP:
            one.lost += record.data["lost"]
            one.lost_events += record.data["events"]

    return take


def broken(outcome, kind):
    """Yield a sentence for every promise that this run broke; `kind` is a row of cases.KINDS."""
    if outcome.broken:
        yield f"it raised: {outcome.broken}"
        return
    if outcome.result["error"]:
        yield f"the script expected otherwise: {outcome.result['error']}"
    yield from _ladder(outcome)
    yield from _outside(outcome)
    yield from _counts(outcome)
    yield from _said(outcome, kind)
    yield from outcome.keys.found if outcome.keys else ()
    yield from outcome.held
    yield from entries.broken(outcome, kind)
    yield from _hidden(outcome)
    found = read(outcome.image)
    if found is None:
        if not kind.harms:
            yield "the reader cannot use the card any more"
        return
    yield from _verdict(outcome, found, kind)
    yield from _frames(outcome, found, kind)
    if not kind.harms:
        for attempt, one in pairs(outcome, found):
            if one:
                yield from entries.missing(attempt, one)
                yield from _window(outcome, attempt, one)
        yield from _acknowledged(outcome, found)
        yield from _loss(outcome, found, kind)


def _ladder(outcome):
    for row in outcome.result["stages"]:
        change = (row["from"], row["event"], row["to"])
        if row["event"] not in ("cut", "reset") and change not in _LADDER:
            yield "stages: {} -{}-> {} is no step of the table".format(*change)


def _outside(outcome):
    count = outcome.result["card"]["bytes_written_outside_recording"]
    if count:
        yield f"{count} bytes were written to the card outside a recording"
    if outcome.overwritten:
        yield f"sector {outcome.overwritten[0]} was written again with other content"


def _counts(outcome):
    """Compare the camera's own counters with what was seen: captured = recorded + dropped."""
    frames, cuts = outcome.result["frames"], outcome.result["boots"]
    seen = [row.taken for attempt in outcome.attempts for row in attempt.frames]
    due = len(seen) + sum(attempt.skipped for attempt in outcome.attempts)
    # A picture during whose handing over the power went may be counted and was not seen.
    if not 0 <= frames["captured"] - due <= cuts:
        yield f"counters: {frames['captured']} pictures captured, {due} were due"
    if not 0 <= frames["recorded"] - sum(seen) <= cuts:
        yield f"counters: {frames['recorded']} pictures recorded, {sum(seen)} were taken"


def _said(outcome, kind):
    for reason in outcome.unsaid:
        yield f"the display does not say {reason}"
    log = Log(f"{outcome.image}.camera")
    told = Counter(_why(entry) for entry in log.entries if entry.code == _FAULT)
    reasons = Counter(reason for _, reason in outcome.faults)
    if kind.mute or any(reason in _SILENT_FAULTS for reason in reasons):
        return
    for reason in reasons - told:
        yield f"the log does not say {reason}"


def _why(entry):
    return json.loads(entry.detail).get("why")


def _hidden(outcome):
    """Look for plaintext of known pictures and for bodies that are not enciphered."""
    samples = bench.samples(outcome.clip)
    for piece in written(outcome.image):
        for sample in samples:
            if piece.find(sample) >= 0:
                yield "the card holds plaintext of a picture"
                return
        for at in range(0, len(piece), layout.BLOCK):
            block = piece[at : at + layout.BLOCK]
            if block[:4] == b"BWB1" and len(block) == layout.BLOCK and _blank(block):
                yield "a block on the card has a body that is not enciphered"
                return


def _blank(block):
    # In CBC no two pieces of 16 bytes of a body are ever alike; of stale or torn content they may
    # be, and then the block's own digest does not fit.
    body = block[layout.BODY_AT + layout.CLEAR : layout.BODY_END]
    chunks = {body[i : i + _CHUNK] for i in range(0, len(body), _CHUNK)}
    if len(chunks) == len(body) // _CHUNK:
        return False
    return layout.sha256(block[: layout.DIGEST_AT]).digest() == block[16_332:16_364]


def _verdict(outcome, found, kind):
    verdict, complete = found.verdict["verdict"], found.verdict["complete"]
    if verdict == "tampered":
        what = [row["what"] for row in found.verdict["findings"] if row["kind"] == "tampered"]
        yield f"honest faults are called tampering: {what[0]}"
    elif not kind.harms and (verdict not in ("intact", "torn-tail") or not complete):
        what = [row["what"] for row in found.verdict["findings"] if row["kind"] != "note"]
        yield f"the verdict is {verdict}: {what[0] if what else complete}"


def _acknowledged(outcome, found):
    there = {reading.segment.n: reading.blocks for reading in found.readings}
    for n, blocks in outcome.acknowledged.items():
        if n in there and there[n] < blocks:
            yield f"segment {n}: {blocks} blocks were acknowledged, {there[n]} are there"


def pairs(outcome, found):
    """Yield (attempt, recording on the card or None)."""
    # A segment whose OPEN entry was torn has left nothing: the next recording has its number.
    owner = {n: attempt for attempt in outcome.attempts for n in attempt.segments}
    there = {id(owner[n]): one for one in found.recordings for n in one.segments if n in owner}
    for attempt in outcome.attempts:
        yield attempt, there.get(id(attempt))


def _frames(outcome, found, kind):
    known = {(row.t_ms, row.digest) for row in outcome.before}
    seen = set()
    for attempt, one in pairs(outcome, found):
        if one is None:
            continue
        seen.add(id(one))
        taken = [(row.t_ms, row.digest) for row in attempt.frames if row.taken]
        refused = len(attempt.frames) - len(taken) + attempt.skipped
        mine = [row[:2] for row in one.frames if not row[2]]
        pre = [row[:2] for row in one.frames if row[2]]
        what = f"segment {one.segments[0]}"
        if not set(pre) <= known or not _within(mine, taken):
            yield f"{what}: it holds a picture that the camera did not take, or out of order"
        elif mine != taken[: len(mine)] and one.whole and not kind.harms:
            yield f"{what}: a picture is missing between others, and no gap says so"
        elif one.sealed and one.whole and len(mine) != len(taken):
            yield f"{what}: sealed with {len(mine)} of {len(taken)} pictures"
        if one.sealed and one.whole and one.lost != refused:
            yield f"{what}: {refused} pictures were refused, its gaps say {one.lost}"
        elif one.lost > refused:
            yield f"{what}: its gaps say {one.lost} pictures, only {refused} were refused"
        if len(mine) < len(taken) and found.verdict["verdict"] == "intact":
            yield f"{what}: pictures are lost and the verdict is intact"
    strange = (one for one in found.recordings if id(one) not in seen and one.frames)
    if any(one.segments[0] >= outcome.first for one in strange):
        yield "the card holds a recording that the camera did not make"


def _window(outcome, attempt, one):
    """Judge the pictures from before the start."""
    limit_ms = WINDOWS_MS.get(outcome.result["profile"], 0)
    ages_ms = {(row.t_ms, row.digest): attempt.began_ms - row.at_ms for row in outcome.before}
    pre = {row[:2] for row in one.frames if row[2]}
    oldest_ms = max((ages_ms[row] for row in pre if row in ages_ms), default=0)
    what = f"segment {one.segments[0]}"
    if oldest_ms > limit_ms + _SLACK_MS:
        yield f"{what}: it holds a picture of {oldest_ms} ms before its start, not {limit_ms}"
    if attempt.armed_ms is None or attempt.dropped or not one.whole or len(pre) == len(one.frames):
        return
    held_ms = min(limit_ms - _SLACK_MS, attempt.began_ms - attempt.armed_ms)
    due = {row for row, ms in ages_ms.items() if 0 <= ms <= held_ms}
    if due - pre:
        yield f"{what}: {len(due - pre)} pictures of the time before its start are missing"


def _within(some, all_of_them):
    # Whether the first is part of the second, in its order.
    rest = iter(all_of_them)
    return all(row in rest for row in some)


def losses(outcome, found):
    """Yield (ms, bytes older than LOSS_MS) that each cut cost, 0, 0 for none, and the ms that
    LOSS_MS and a block last at the pictures' rate.
    """
    for attempt, one in pairs(outcome, found):
        if attempt.cut_ms is None:
            continue
        kept = {row[:2] for row in one.frames} if one else set()
        lost = [row for row in attempt.frames if row.taken and (row.t_ms, row.digest) not in kept]
        ages = [attempt.cut_ms - row.at_ms for row in lost]
        # Of the oldest a part may be on the card; then the block that was under way.
        old = sum(row.size_bytes for row, ms in zip(lost[1:], ages[1:]) if ms > LOSS_MS)
        yield max(ages, default=0), old, LOSS_MS + _block_ms(attempt)


def _block_ms(attempt):
    """Return for how long a block lasts, and the picture whose beginning is in the one before."""
    taken = [row for row in attempt.frames if row.taken]
    if len(taken) < 2:
        return 0
    span_ms = taken[-1].at_ms - taken[0].at_ms
    size_bytes = sum(row.size_bytes for row in taken[1:])
    return round(span_ms * (BLOCK_BYTES / size_bytes + 1 / (len(taken) - 1)))


def _loss(outcome, found, kind):
    limit = BLOCK_BYTES if kind.keeps_up else QUEUE_BYTES
    for ms, old_bytes, _ in losses(outcome, found):
        if old_bytes > limit:
            yield f"a cut cost pictures of {ms} ms, {old_bytes} bytes older than {LOSS_MS} ms"
