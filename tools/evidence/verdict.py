"""Verifies a card: reads every segment that must be there and gives one verdict."""

from .case import Case
from .findings import Finding, count, worst
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


def examine(case: Case, progress=None) -> list[Reading]:
    """Read all segments of a case and return what was found of each."""
    readings = []
    for segment, stream in streams(case.segments):
        readings.append(_read(case, segment, stream))
        if progress:
            progress(len(readings), len(case.segments))
    return readings


def streams(segments):
    """Yield each segment with the stream that its records go into, one for each recording."""
    before = stream = None
    for segment in segments:
        one = (segment.epoch, segment.recording)
        if before is None or (before.epoch, before.recording) != one or segment.recording is None:
            stream = Stream()
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
    what = f"Segment {segment.n} was recorded on another card, {segment.card.hex()}."
    reading.findings.append(Finding("incomplete", segment.n, None, what))
    return reading


def summary(case: Case, readings: list[Reading]) -> dict:
    """Return the verdict on a case whose segments were read."""
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
        "findings": [finding._asdict() for finding in findings],
    }


def _notes(case, readings, checked):
    """Yield what the court should know although it changes nothing."""
    if not case.log:
        what = "Without the camera's log nobody can say whether anything is missing from the card."
        yield Finding("note", None, None, what)
    if not all(checked):
        what = "Not everything was checked to be this camera's: a station's CHECK key is missing."
        yield Finding("note", None, None, what)
    closed = sum(not reading.deciphered for reading in readings)
    if closed:
        what = (
            f"Pictures of {count(closed, 'segment')} were not counted: no viewing key opens them."
        )
        yield Finding("note", None, None, what)
    gaps = {}
    for reading in readings:
        if reading.gaps:
            sums = gaps.setdefault(reading.segment.recording, [0, 0])
            sums[0] += reading.gaps
            sums[1] += reading.lost
    for recording, (number, lost) in gaps.items():
        what = (
            f"Recording {recording} has {count(number, 'gap')} that the camera itself wrote down: "
            f"{count(lost, 'picture')} could not be recorded."
        )
        yield Finding("note", None, None, what)
