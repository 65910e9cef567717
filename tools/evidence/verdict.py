"""Verifies a card: reads every segment that must be there and gives one verdict."""

from functools import partial

from .case import Case
from .findings import Finding, worst
from .records import Stream
from .segments import Reading, read_segment


def verify(image, camera_dir=None, key_dirs=(), progress=None) -> dict:
    """Return verdict, completeness, authenticity, counts and findings of a card or image.

    Without `camera_dir` there is no log and `complete` is None; without `key_dirs` only the
    medium is checked. Nothing is looked for beside the image: `case.beside` does that.
    `progress(done, total)` is called after each segment.

    Raises:
        InputError: one line about what cannot be used.
    """
    with Case(image, camera_dir, key_dirs) as case:
        return summary(case, examine(case, progress))


def examine(case: Case, progress=None, take=None) -> list[Reading]:
    """Read all segments of a case and return what was found of each.

    `take(segment, record)` gets every whole record, with the first segment of its recording.
    """
    readings = []
    for segment, stream in streams(case.segments, take):
        readings.append(_read(case, segment, stream))
        if progress:
            progress(len(readings), len(case.segments))
    return readings


def streams(segments, take=None):
    """Yield each segment with the stream that its records go into, one for each recording."""
    before = stream = None
    for segment in segments:
        one = (segment.epoch, segment.recording)
        if before is None or (before.epoch, before.recording) != one or segment.recording is None:
            stream = Stream(partial(take, segment) if take else None)
            before = None
        if segment.index and (before is None or before.index + 1 != segment.index):
            stream.hole()
        yield segment, stream
        before = segment


def _read(case, segment, stream):
    if segment.on_card:
        return read_segment(case.medium, segment, case.access(segment), stream)
    stream.hole()
    reading = Reading(segment)
    facts = {"card": segment.card.hex()}
    reading.findings.append(Finding("segment-on-other-card", segment.n, facts=facts))
    return reading


def summary(case: Case, readings: list[Reading]) -> dict:
    """Return the verdict on a case whose segments were read."""
    words = judge(case, readings)
    return {**words, "findings": [finding.plain() for finding in words["findings"]]}


def judge(case: Case, readings: list[Reading]) -> dict:
    """Return the same with its findings as they are."""
    _cut_off(case, readings)
    findings = case.findings + [finding for reading in readings for finding in reading.findings]
    log = case.log if case.log and case.log.epoch is not None else None
    kinds = {finding.kind for finding in findings}
    complete = not kinds & {"incomplete", "damaged", "tampered"} if log else None
    checked = [reading.authentic for reading in readings] + [case.authentic] * bool(log)
    authenticated = bool(checked) and all(checked) and "tampered" not in kinds
    findings += _notes(case, readings, checked)
    return {
        "verdict": worst(findings),
        "complete": complete,
        "authenticated": authenticated,
        "segments": len(readings),
        "frames": sum(reading.frames for reading in readings),
        "gaps": sum(reading.gaps for reading in readings),
        "findings": findings,
    }


def recordings(readings: list[Reading]) -> int:
    """Return of how many recordings segments were read; one that nothing names is of none."""
    named = {(reading.segment.epoch, reading.segment.recording) for reading in readings}
    return sum(recording is not None for _, recording in named)


def written(readings: list[Reading]) -> "int | None":
    """Return how many pictures were written, as the seals count; None where one is not read."""
    counts = [reading.written for reading in readings]
    return None if None in counts else sum(counts)


def _cut_off(case, readings):
    """Say in one finding that the last segments are not there: the card was rolled back, or they
    were erased together; an image that is too short tells that itself.
    """
    gone = []
    for reading in reversed(readings):
        if [finding.code for finding in reading.findings] != ["segment-missing"]:
            break
        gone.append(reading)
    if gone and not any(finding.code == "image-short" for finding in case.findings):
        for reading in gone:
            reading.findings.clear()
        first, last = gone[-1].segment.n, gone[0].segment.n
        gone[-1].findings.append(
            Finding("card-older", first, facts={"first": first, "last": last})
        )


def _notes(case, readings, checked):
    """Yield what the court should know although it changes nothing."""
    if not case.log:
        yield Finding("no-log")
    if not all(checked):
        yield Finding("no-check")
    closed = sum(not reading.deciphered for reading in readings)
    if closed:
        yield Finding("no-read", facts={"segments": closed})
    gaps = {}
    for reading in readings:
        if reading.gaps:
            sums = gaps.setdefault(reading.segment.recording, [0, 0])
            sums[0] += reading.gaps
            sums[1] += reading.lost
    for recording, (number, lost) in gaps.items():
        facts = {"recording": recording, "gaps": number, "pictures": lost}
        yield Finding("gaps", facts=facts)
