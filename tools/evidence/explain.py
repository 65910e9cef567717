"""What is on a card, what is missing, why, and how it is known: for people, and as facts.

`explain` gathers the facts; `telling` says them in English or German.
"""

from . import layout
from .case import Case
from .clocks import Clocks, Steps
from .findings import worst
from .times import iso, nearest_s
from .verdict import examine, judge
from .words import STOPS, ending


def explain(image, camera_dir=None, key_dirs=(), language="en", progress=None) -> dict:
    """Return everything that can be said of a card; sentences are in `language`.

    `text` is the whole of it as lines. Times are from the recording's first record.

    Raises:
        InputError: one line about what cannot be used.
    """
    from .telling import tell

    with Case(image, camera_dir, key_dirs) as case:
        streams = {}

        def take(segment, record):
            streams.setdefault((segment.epoch, segment.recording), Told()).take(record)

        readings = examine(case, progress, take)
        found = judge(case, readings)
        clocks = Clocks(case.log)
        groups = {}
        for reading in readings:
            key = (reading.segment.epoch, reading.segment.recording)
            groups.setdefault(key, []).append(reading)
        log = case.log if case.log and case.log.epoch is not None else None
        camera = log.name or log.device.hex() if log else None
        own = {id(f) for reading in readings for f in reading.findings}
        facts = {
            "language": language,
            **{name: found[name] for name in ("verdict", "complete", "authenticated")},
            "card_id": case.medium.layout.card.hex() if case.medium.layout else None,
            "camera": camera,
            "device_id": log.device.hex() if log else None,
            "checked": case.authentic,
            "log": log is not None,
            "recordings": [
                recording(key, parts, streams.get(key, Told()), clocks, camera, language)
                for key, parts in groups.items()
            ],
            "findings": [f.plain(language) for f in found["findings"] if id(f) not in own],
        }
    return {**facts, "text": tell(facts, language)}


class Told:
    """What the stream of one recording tells: times, pictures, gaps, clock, why it ended."""

    def __init__(self):
        self.first_ms = self.last_ms = self.stop = None
        self.frames = 0
        self.gaps, self.steps = [], Steps()
        self._zero_ms = self._before = None

    def take(self, record) -> None:
        """Take the next whole record."""
        if self._zero_ms is None:
            self._zero_ms = record.t_ms
        now_ms = layout.elapsed_ms(self._zero_ms, record.t_ms)
        before = self._before
        if before and record.seq > before[0] + 1:
            lost = record.seq - before[0] - 1
            self._gap("not-on-card", before[1], now_ms, lost)
        self._before = record.seq, now_ms
        if record.kind == layout.FRAME:
            self.frames += 1
            self.first_ms = now_ms if self.first_ms is None else self.first_ms
            self.last_ms = now_ms
        elif record.kind == layout.GAP:
            words = record.data
            times = [words.get(name) for name in ("from_ms", "to_ms")]
            known = all(type(t) is int for t in times)
            start, end = (layout.elapsed_ms(self._zero_ms, t) if known else now_ms for t in times)
            why = words.get("why")
            cause = why if isinstance(why, str) and why else "unknown"
            self._gap(cause, start, end, words.get("lost"))
        elif record.kind == layout.EVENT:
            if record.data.get("event") == "clock":
                self.steps.say(record.data.get("utc"), record.data.get("trust"), record.t_ms)
            elif record.data.get("event") == "stop":
                self.stop = record.data.get("why")

    def _gap(self, cause, from_ms, to_ms, lost):
        self.gaps.append({"cause": cause, "from_ms": from_ms, "to_ms": to_ms, "lost": lost})


def recording(key, parts, told, clocks, camera, language) -> dict:
    """Return what is known of one recording; `parts` are the readings of its segments."""
    epoch, number = key
    first, last = parts[0].segment, parts[-1].segment
    words = parts[0].opening
    utc, trust = words.get("utc", first.utc), words.get("trust", first.trust)
    findings = [finding for reading in parts for finding in reading.findings]
    if told.first_ms is not None:
        length_ms = told.last_ms - told.first_ms
    else:
        times = [ms for reading in parts for ms in reading.data_ms or ()]
        length_ms = layout.elapsed_ms(times[0], times[-1]) if times else 0
    clock = clocks.of(first, last, utc, trust, told.steps.found)
    ended = last.ended
    if parts[-1].sealed and ended[0] in ("sealed", "unknown"):
        ended = (told.stop if told.stop in STOPS else "sealed"), {}
    elif last.continued:
        ended = "missing", {}
    known = clock["source"] != "unset"
    return {
        "recording": number,
        "epoch": epoch,
        "camera": camera or first.device.hex(),
        "start_utc": iso(utc) if known else None,
        "end_utc": iso(utc + nearest_s(length_ms)) if known else None,
        "duration_ms": length_ms,
        "frames": told.frames if all(reading.deciphered for reading in parts) else None,
        "segments": [reading.segment.n for reading in parts],
        "blocks": sum(reading.blocks for reading in parts),
        "state": worst(findings),
        "authenticated": all(reading.authentic and reading.blocks for reading in parts)
        and worst(findings) != "tampered",
        "ended": {"cause": ended[0], "what": ending(ended, language), **_detail(ended)},
        "gaps": told.gaps,
        "clock": {
            **clock,
            "set_utc": iso(clock["set_utc"]),
            "findings": [finding.plain(language) for finding in clock["findings"]],
        },
        "findings": [finding.plain(language) for finding in findings],
    }


def _detail(ended):
    return {name: ended[1][name] for name in ("why", "detail") if name in ended[1]}
