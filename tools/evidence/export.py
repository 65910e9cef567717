"""Exports recordings for people who have no camera and no keys: films, events, a signed manifest.

Per recording: an MKV with the pictures bit for bit, an MP4 derived from it, the events as JSON,
the sound as it was recorded. Beside them `manifest.json`, its signature, and `verify.py`.
"""

import json
import os
import shutil
import tempfile
import time
import wave
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from . import layout
from .case import Case
from .errors import InputError
from .findings import worst
from .primitives import key_id
from .records import Stream
from .segments import read_segment
from .times import TRUST, iso, minutes
from .verdict import examine, summary

_HERE = Path(__file__).parent
_SOUND_HZ = 16_000
_REFUSED = ("tampered", "damaged", "incomplete")
_DERIVATIVE = (
    "Derivative for viewing, encoded anew. The evidence is the MKV beside it with manifest.json."
)


def export(
    image, out_dir, camera_dir=None, key_dirs=(), allow_damaged=False, progress=None
) -> "list[dict]":
    """Export every recording into a new folder; return its files as `path`, `sha256`, `frames`,
    `duration_ms` (both 0 where it is no film).

    The folder appears whole or not at all. Without `allow_damaged` only what is intact or ends
    torn is exported. `progress(done, total)` counts segments, each read twice.

    Raises:
        InputError: no viewing key, a verdict that forbids it, or the folder is not empty.
    """
    out = Path(out_dir)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is already there; export into a new folder")
    with Case(image, camera_dir, key_dirs) as case:
        if not any(case.access(segment).read for segment in case.segments):
            raise InputError(_why_nothing(case))
        total = 2 * len(case.segments)

        def step(done, _):
            if progress:
                progress(done, total)

        readings = examine(case, step)
        verification = summary(case, readings)
        if verification["verdict"] in _REFUSED and not allow_damaged:
            worst_first = [f for f in verification["findings"] if f["kind"] in _REFUSED]
            raise InputError(
                f"the card is {verification['verdict']} and was not exported: "
                f"{worst_first[0]['what']} Add --allow-damaged to export what is whole"
            )
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            part = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
            try:
                files = _write(case, readings, verification, part, step)
                if out.exists():
                    out.rmdir()
                os.chmod(part, 0o755)
                os.rename(part, out)
            finally:
                shutil.rmtree(part, ignore_errors=True)
        except OSError as error:
            raise InputError(f"cannot write {out}: {error.strerror or error}") from error
    return [{**file, "path": str(out / file["path"])} for file in files]


def _why_nothing(case):
    if not case.segments:
        return "there is no recording on this card"
    if not case.keyring.viewers:
        return "viewing needs the agency's or the recovery key; give its folder with --keys"
    return "none of the viewing keys given is for this card; give the right folder with --keys"


def _write(case, readings, verification, folder, step):
    """Write everything into `folder`; return its files with their paths inside it."""
    groups = {}
    for reading in readings:
        if reading.deciphered and reading.blocks:
            key = (reading.segment.epoch, reading.segment.recording)
            groups.setdefault(key, []).append(reading)
    films, done = [], len(readings)
    several = len({epoch for epoch, _ in groups}) > 1
    for (epoch, number), parts in groups.items():
        name = f"recording-{number:04}" + (f"-epoch-{epoch}" if several else "")
        film = _Recording(case, folder, name, parts)
        stream, before = Stream(film.take, payload=True), None
        for reading in parts:
            segment = reading.segment
            if segment.index and (before is None or before.index + 1 != segment.index):
                stream.hole()
            before = segment
            film.open(reading)
            again = read_segment(case.medium, segment, case.access(segment), stream)
            if (again.blocks, again.frames) != (reading.blocks, reading.frames):
                raise InputError(
                    f"the card gave other data for segment {segment.n} when it was read "
                    "again; make an image of it and export that"
                )
            done += 1
            step(done, None)
        film.finish()
        films.append(film)
    step(2 * len(readings), None)
    shutil.copyfile(_HERE / "standalone.py", folder / "verify.py")
    files = [file for film in films for file in film.files]
    files.append(_file(folder / "verify.py", "checker"))
    manifest = {
        "format": "bodycam export 1",
        "created_utc": iso(int(time.time())),
        "tool": _tool(),
        "card": _origin(case),
        "verification": verification,
        "keys": {
            "read_with": sorted(
                {case.access(r.segment).viewer for p in groups.values() for r in p}
            ),
            "check_used": case.authentic or any(reading.authentic for reading in readings),
        },
        "recordings": [film.words for film in films],
        "files": files,
    }
    path = folder / "manifest.json"
    path.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", "utf-8")
    files = [*files, _file(path, "manifest")]
    signer = case.keyring.signer
    if signer:
        public = signer.public_key()
        words = {
            "algorithm": "Ed25519",
            "key_id": key_id(public).hex(),
            "public_key": public.public_bytes_raw().hex(),
            "signature": signer.sign(path.read_bytes()).hex(),
        }
        signature = folder / "manifest.sig"
        signature.write_text(json.dumps(words, indent=1) + "\n", "utf-8")
        files.append(_file(signature, "signature"))
    return [
        {name: file[name] for name in ("path", "sha256", "frames", "duration_ms")}
        for file in files
    ]


class _Recording:
    """One recording on its way into files: takes records, ends with `files` and `words`.

    Its times count from the first record; the camera's count from boot.
    """

    def __init__(self, case, folder, name, readings):
        segments = [reading.segment for reading in readings]
        findings = [finding for reading in readings for finding in reading.findings]
        verdict = worst(findings)
        self._folder, self._name = folder, name
        self._camera = case.log.name if case.log else segments[0].device.hex()
        self._master = self._derivative = self._sound = None
        self._frames, self._events, self.files = [], [], []
        self._zero_ms = None
        self._clock = (None, 0, 0)  # UTC, how far to trust it, when it was said
        self._shown_ms = self._captioned_s = -1
        self.words = {
            "recording": segments[0].recording,
            "epoch": segments[0].epoch,
            "state": "sealed" if verdict == "intact" else verdict,
            "segments": [segment.n for segment in segments],
            "gaps": sum(reading.gaps for reading in readings),
            "pictures_lost": sum(reading.lost for reading in readings),
            "findings": [finding._asdict() for finding in findings],
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
        utc = self._utc(record)
        if utc is None:
            return f"{minutes(self._shown_ms)} since the start ({TRUST[0]})\n{where}"
        when = iso(utc).replace("T", " ").replace("Z", " UTC")
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
        gap = {"event": "gap"} if record.kind == layout.GAP else {}
        event = {
            "seq": record.seq,
            "t_ms": self._since_start(record),
            "at_utc": iso(self._utc(record)),
        }
        self._events.append({**event, **gap, **words})

    def finish(self):
        """Close the films and the sound, write the events."""
        folder, name, words = self._folder, self._name, self.words
        film = {"frames": len(self._frames), "duration_ms": max(self._shown_ms, 0)}
        words |= {"duration_ms": film["duration_ms"], "master": None, "not_decodable": 0}
        if self._master:
            self._master.close()
            self._derivative.close()
            words["master"] = f"{name}.mkv"
            words["not_decodable"] = film["frames"] - self._derivative.frames
            self.files.append(_file(folder / f"{name}.mkv", "master", **film))
        if self._master and self._derivative.frames:
            film["frames"] = self._derivative.frames
            self.files.append(_file(folder / f"{name}.derivative.mp4", "derivative", **film))
        if self._sound:
            self._sound.close()
            self.files.append(_file(folder / f"{name}.wav", "sound"))
        events = folder / f"{name}.events.json"
        events.write_text(json.dumps(self._events, indent=1, ensure_ascii=False) + "\n", "utf-8")
        self.files.append(_file(events, "events"))
        words["frames"] = self._frames


def _file(path, role, frames=0, duration_ms=0):
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


def _tool():
    """Return name, version and a digest over the reader's own source."""
    total = sha256()
    for path in sorted(_HERE.glob("*.py")):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    try:
        number = version("bodycam")
    except PackageNotFoundError:
        number = "from a clone"
    return {"name": "bodycam evidence reader", "version": number, "sha256": total.hexdigest()}


def _origin(case):
    log, card = case.log, case.medium.layout
    return {
        "card_id": card.card.hex() if card else None,
        "device_id": case.segments[0].device.hex(),
        "camera": log.name if log else None,
        "epoch": case.segments[0].epoch,
        "log_entries": len(log.entries) if log else None,
    }
