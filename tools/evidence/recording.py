"""One recording on its way into files: films, sound, events, and what the manifest says of it."""

import json
import wave
from hashlib import sha256
from pathlib import Path

from . import layout
from .clocks import Steps
from .findings import worst
from .times import TRUST, iso, minutes

_SOUND_HZ = 16_000
_DERIVATIVE = (
    "Derivative for viewing, encoded anew. The evidence is the MKV beside it with manifest.json."
)


class Recording:
    """One recording on its way into files: takes records, ends with `files` and `words`.

    Its times count from the first record; the camera's count from boot.
    """

    def __init__(self, camera: str, folder: Path, name: str, readings: list, clocks, standings=()):
        segments = [reading.segment for reading in readings]
        findings = [finding for reading in readings for finding in reading.findings]
        verdict = worst(findings)
        self._folder, self._name = folder, name
        self._camera = camera
        self._master = self._derivative = self._sound = None
        self._frames, self._events, self.files = [], [], []
        self._began = None  # UTC and trust in the first opening words
        self._zero_ms = None
        self._clock = (None, 0, 0)  # UTC, how far to trust it, when it was said
        self._clocks, self._steps = clocks, Steps()
        self._span = segments[0], segments[-1]
        self._standings = standings
        self._shown_ms = self._captioned_s = -1
        self.words = {
            "recording": segments[0].recording,
            "epoch": segments[0].epoch,
            "state": "sealed" if verdict == "intact" else verdict,
            "segments": [segment.n for segment in segments],
            "gaps": sum(reading.gaps for reading in readings),
            "pictures_lost": sum(reading.lost for reading in readings),
            "findings": [finding.plain() for finding in findings],
        }

    def open(self, reading):
        """Begin a segment with the words in its HEAD."""
        words = reading.opening
        if words:
            self._set_clock(words, reading.opening_ms)
            known = {key: words.get(key) for key in ("board", "firmware", "profile")}
            self.words.setdefault("camera", known)
            self.words.setdefault("start_utc", iso(self._clock[0]))
            self.words.setdefault("trust", TRUST[self._clock[1]])
            self._began = self._began or self._clock[:2]

    def take(self, record):
        """Take the next whole record of the recording."""
        if self._zero_ms is None:
            self._zero_ms = record.t_ms
        if record.kind == layout.FRAME:
            self._picture(record)
        elif record.kind == layout.AUDIO:
            self._hear(record)
        elif record.kind in (layout.EVENT, layout.GAP):
            self._event(record)

    def _since_start(self, record):
        return layout.elapsed_ms(self._zero_ms, record.t_ms)

    def _set_clock(self, words, t_ms):
        utc, trust = words.get("utc"), words.get("trust")
        known = type(utc) is int and trust in (1, 2)
        self._clock = (utc, trust, t_ms) if known else (None, 0, t_ms)

    def _utc(self, record):
        """Return when a record was made, in seconds since 1970, or None."""
        utc, _, said_ms = self._clock
        return None if utc is None else utc + round(layout.elapsed_ms(said_ms, record.t_ms) / 1000)

    def _picture(self, record):
        t_ms = self._since_start(record)
        # A film's times may not fall; the record's own time stays in the manifest.
        self._shown_ms = max(self._shown_ms, t_ms, 0)
        if self._master is None:
            self._begin(record.data)
        if self._shown_ms // 1000 > self._captioned_s:
            self._captioned_s = self._shown_ms // 1000
            self._master.caption(self._shown_ms, 1000, self._caption(record))
        for film in (self._master, self._derivative):
            film.picture(self._shown_ms, record.data)
        frame = {
            "seq": record.seq,
            "t_ms": t_ms,
            "shown_ms": self._shown_ms,
            "bytes": len(record.data),
            "sha256": sha256(record.data).hexdigest(),
        }
        if record.flags & layout.PRE_EVENT:
            frame["pre_event"] = True
        if self._standings:
            frame["standing"] = self._standings[record.standing]
        self._frames.append(frame)

    def _begin(self, jpeg):
        from .video import Derivative, Master

        title = f"{self._camera}, recording {self.words['recording']}"
        path = self._folder / self._name
        self._master = Master(f"{path}.mkv", jpeg, title)
        self._derivative = Derivative(
            f"{path}.derivative.mp4", f"DERIVATIVE of {title}", _DERIVATIVE
        )

    def _caption(self, record):
        where = f"{self._camera}, recording {self.words['recording']}"
        when = iso(self._utc(record))
        if when is None:
            return f"{minutes(self._shown_ms)} since the start ({TRUST[0]})\n{where}"
        when = when.replace("T", " ").replace("Z", " UTC")
        return f"{when} ({TRUST[self._clock[1]]})\n{where}"

    def _hear(self, record):
        if self._sound is None:
            self._sound = wave.open(str(self._folder / f"{self._name}.wav"), "wb")
            self._sound.setparams((1, 2, _SOUND_HZ, 0, "NONE", ""))
            self.words["sound_from_ms"] = self._since_start(record)
        self._sound.writeframesraw(record.data)

    def _event(self, record):
        words = record.data
        if words.get("event") == "clock":
            self._set_clock(words, record.t_ms)
            self._steps.say(words.get("utc"), words.get("trust"), self._since_start(record))
        gap = {}
        if record.kind == layout.GAP:
            # Its times are the camera's; everything here counts from the recording's start.
            shift = record.t_ms - self._since_start(record)
            gap = {"event": "gap"}
            known = [key for key in ("from_ms", "to_ms") if words.get(key) is not None]
            words = {**words, **{key: words[key] - shift for key in known}}
        event = {
            "seq": record.seq,
            "t_ms": self._since_start(record),
            "at_utc": iso(self._utc(record)),
        }
        self._events.append({**event, **gap, **words, **event})

    def finish(self):
        """Close the films and the sound, write the events."""
        folder, name, words = self._folder, self._name, self.words
        film = {"frames": len(self._frames), "duration_ms": max(self._shown_ms, 0)}
        words |= {"duration_ms": film["duration_ms"], "master": None, "not_decodable": 0}
        clock = self._clocks.of(*self._span, *(self._began or (None, 0)), self._steps.found)
        clock["findings"] = [finding.plain() for finding in clock["findings"]]
        words["clock"] = {**clock, "set_utc": iso(clock["set_utc"])}
        words.setdefault("start_utc", None)
        words.setdefault("trust", TRUST[0])
        if self._master:
            self._master.close()
            self._derivative.close()
            words["master"] = f"{name}.mkv"
            words["not_decodable"] = film["frames"] - self._derivative.frames
            self.files.append(described(folder / f"{name}.mkv", "master", **film))
        if self._master and self._derivative.frames:
            film["frames"] = self._derivative.frames
            self.files.append(described(folder / f"{name}.derivative.mp4", "derivative", **film))
        if self._sound:
            self._sound.close()
            self.files.append(described(folder / f"{name}.wav", "sound"))
        events = folder / f"{name}.events.json"
        events.write_text(json.dumps(self._events, indent=1, ensure_ascii=False) + "\n", "utf-8")
        self.files.append(described(events, "events"))
        words["frames"] = self._frames


def described(path: Path, role: str, frames: int = 0, duration_ms: int = 0) -> dict:
    """Return what a manifest says of a file."""
    with open(path, "rb") as file:
        total = sha256()
        for piece in iter(lambda: file.read(1 << 20), b""):
            total.update(piece)
    return {
        "path": path.name,
        "role": role,
        "bytes": path.stat().st_size,
        "sha256": total.hexdigest(),
        "frames": frames,
        "duration_ms": duration_ms,
    }
