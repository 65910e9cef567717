"""Exports recordings for people who have no camera and no keys: films, events, a signed manifest.

Per recording: an MKV with the pictures bit for bit, an MP4 derived from it, the events as JSON,
the sound as it was recorded. Beside them `manifest.json`, its signature, and `verify.py`.
"""

import json
import os
import shutil
import tempfile
import time
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .case import Case
from .clocks import Clocks
from .errors import InputError
from .primitives import key_id
from .recording import Recording, described
from .records import Stream
from .segments import read_segment
from .times import iso
from .verdict import examine, summary

_HERE = Path(__file__).parent
_REFUSED = ("tampered", "damaged", "incomplete")


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
    out = empty(out_dir)
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
            verdict = verification["verdict"]
            why = next(f["what"] for f in verification["findings"] if f["kind"] == verdict)
            raise InputError(
                f"the card is {verdict} and was not exported: {why} "
                "Add --allow-damaged to export what is whole"
            )
        return publish(out, lambda part: _write(case, readings, verification, part, step))


def empty(out_dir) -> Path:
    """Return the folder to write into.

    Raises:
        InputError: something is there.
    """
    out = Path(out_dir)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is already there; export into a new folder")
    return out


def publish(out: Path, write) -> "list[dict]":
    """Let `write(folder)` fill a folder that appears as `out`, whole or not at all; return its
    files.

    Raises:
        InputError: it cannot be written.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        try:
            files = write(part)
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
    clocks = Clocks(case.log)
    several = len({epoch for epoch, _ in groups}) > 1
    for (epoch, number), parts in groups.items():
        name = f"recording-{number:04}" + (f"-epoch-{epoch}" if several else "")
        camera = case.log.name if case.log else parts[0].segment.device.hex()
        film = Recording(camera, folder, name, parts, clocks)
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
    viewers = {case.access(reading.segment).viewer for part in groups.values() for reading in part}
    words = {
        "format": "bodycam export 1",
        "card": _origin(case),
        "verification": verification,
        "keys": {
            "read_with": sorted(viewers),
            "check_used": case.authentic or any(reading.authentic for reading in readings),
        },
    }
    return finish(folder, films, words, case.keyring.signer)


def finish(folder, films, words: dict, signer) -> "list[dict]":
    """Add checker, manifest and signature to a folder of films; return its files."""
    shutil.copyfile(_HERE / "standalone.py", folder / "verify.py")
    files = [file for film in films for file in film.files]
    files.append(described(folder / "verify.py", "checker"))
    manifest = {
        **words,
        "created_utc": iso(int(time.time())),
        "tool": _tool(),
        "recordings": [film.words for film in films],
        "files": files,
    }
    path = folder / "manifest.json"
    path.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", "utf-8")
    files = [*files, described(path, "manifest")]
    if signer:
        public = signer.public_key()
        signed = {
            "algorithm": "Ed25519",
            "key_id": key_id(public).hex(),
            "public_key": public.public_bytes_raw().hex(),
            "signature": signer.sign(path.read_bytes()).hex(),
        }
        signature = folder / "manifest.sig"
        signature.write_text(json.dumps(signed, indent=1) + "\n", "utf-8")
        files.append(described(signature, "signature"))
    return [
        {name: file[name] for name in ("path", "sha256", "frames", "duration_ms")}
        for file in files
    ]


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
