"""The same case on another interpreter: it must leave the same recordings and the same log.

What was seen at the seams of the run in this process holds there too, if stages, pictures, every
entry of the log and every record on the card are the same. Bytes are not: the ports order the
words of an event differently.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

from tools.evidence.layout import IN_WORDS
from tools.evidence.log import Log
from tools.sim import headless
from tools.torture import promises
from tools.torture.keylife import KeyWatch


def twin(image):
    """Copy a card with its camera and keys into a new folder; return the copy."""
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    for name in ("camera", "keys"):
        shutil.copytree(f"{image}.{name}", folder / f"{image.name}.{name}")
    with open(image, "rb") as old, open(folder / image.name, "wb") as new:
        new.truncate(os.fstat(old.fileno()).st_size)
        # A card is nearly all blank: so the copy stays sparse.
        while data := old.read(1 << 20):
            if any(data):
                new.seek(old.tell() - len(data))
                new.write(data)
    return folder / image.name


def differences(outcome, copy, on, lines, seed, kind):
    """Yield sentences about what the same case on the interpreter `on` leaves on `copy`."""
    script = copy.parent / "script.txt"
    script.write_text("\n".join(lines), encoding="utf-8")
    mine, folder = outcome.result, copy.parent / "out"
    try:
        other = headless.run(
            mine["board"], on, None, script, copy, seed, folder, profile=kind.profile
        )
    except headless.RunError as error:
        yield f"on {on} it raised: {error}"
        return
    for what in ("stages", "frames", "error"):
        if mine[what] != other[what]:
            yield f"on {on} the {what} are others: {other[what]}, not {mine[what]}"
    if _entries(outcome.image) != _entries(copy):
        yield f"on {on} the log says something else"
    here, there = promises.read(outcome.image), promises.read(copy)
    if here is None or there is None:
        if here is not there:
            yield f"on {on} the reader cannot use the card, or only there"
    elif here.recordings != there.recordings:
        yield f"on {on} the card holds something else"
    elif here.verdict["verdict"] != there.verdict["verdict"]:
        yield f"on {on} the verdict is {there.verdict['verdict']}"
    flash = SimpleNamespace(memory=(Path(f"{copy}.camera") / "log.bin").read_bytes(), program=None)
    keys = KeyWatch(copy, flash)
    keys.search()
    yield from (f"on {on} {sentence}" for sentence in keys.found)


def _entries(image):
    # `log` in an opening event and the chain follow from bytes; the entries' words do not. How an
    # error is put in words is each interpreter's own.
    return [(entry.s, entry.code, _words(entry)) for entry in Log(f"{image}.camera").entries]


def _words(entry):
    words = json.loads(entry.detail) if entry.code in IN_WORDS else {}
    words.pop("detail", None)
    return words
