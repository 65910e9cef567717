#!/usr/bin/env python3
"""Checks this folder of exported evidence: run `python3 verify.py` in it.

Needs Python 3.9 or newer and nothing else. Checks that every file is as the manifest says, that
every picture in the films marked `master` is bit for bit the one that the camera sealed, and,
where the package `cryptography` is installed, that the station signed the manifest.
"""

import hashlib
import json
import sys
from pathlib import Path

SEGMENT, CLUSTER, GROUP, TRACKS, TRACK = 0x18538067, 0x1F43B675, 0xA0, 0x1654AE6B, 0xAE
TIME, SIMPLE_BLOCK, BLOCK, NUMBER, TYPE = 0xE7, 0xA3, 0xA1, 0xD7, 0x83
PARENTS = (SEGMENT, CLUSTER, GROUP, TRACKS, TRACK)
LEAVES = (TIME, SIMPLE_BLOCK, BLOCK, NUMBER, TYPE)


def number(file, keep_marker):
    """Read one EBML number (RFC 8794); None at the end of the file."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    length = 9 - first[0].bit_length()
    data = first + file.read(length - 1)
    value = int.from_bytes(data, "big")
    marker = 1 << (7 * length)
    if not keep_marker:
        value -= marker
        if value == marker - 1:  # size not known: to the end
            value = 1 << 62
    return value


def elements(file, end):
    """Yield (id, data) of the elements that matter, in the order in which they stand."""
    while file.tell() < end:
        name = number(file, True)
        size = name and number(file, False)
        if size is None:
            return
        after = file.tell() + size
        if name in PARENTS:
            yield name, b""
            yield from elements(file, min(after, end))
        elif name in LEAVES:
            yield name, file.read(size)
        if after >= end:
            return
        file.seek(after)


def pictures(path):
    """Yield (milliseconds, bytes) of every picture of a Matroska film."""
    track = video = time = None
    with open(path, "rb") as file:
        for name, data in elements(file, path.stat().st_size):
            value = int.from_bytes(data, "big")
            if name == NUMBER:
                track = value
            elif name == TYPE and value == 1:
                video = track
            elif name == TIME:
                time = value
            elif name in (SIMPLE_BLOCK, BLOCK) and data[0] == 0x80 | video:
                yield time + int.from_bytes(data[1:3], "big", signed=True), data[4:]


def digest(path):
    """Return the SHA-256 of a file in hex."""
    total = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            total.update(piece)
    return total.hexdigest()


def check_signature(folder):
    """Return (right, sentence) about the signature of the manifest."""
    path = folder / "manifest.sig"
    if not path.exists():
        return True, "The manifest is not signed: nobody vouches for it."
    words = json.loads(path.read_text("utf-8"))
    public = bytes.fromhex(words["public_key"])
    who = hashlib.sha256(public).hexdigest()[:16]
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return (
            True,
            "The signature was NOT checked: pip install cryptography, then run this again.",
        )
    try:
        key = Ed25519PublicKey.from_public_bytes(public)
        key.verify(bytes.fromhex(words["signature"]), (folder / "manifest.json").read_bytes())
    except (InvalidSignature, ValueError):
        return False, "WRONG: the manifest was changed after it was signed."
    return True, f"The manifest is signed with key {who}; compare it with what the station says."


def check_film(folder, recording):
    """Yield a sentence for everything in a master film that is not as the camera sealed it."""
    name = recording["master"]
    expected = recording["frames"]
    count = 0
    for count, (t_ms, data) in enumerate(pictures(folder / name), 1):
        if count > len(expected):
            yield f"WRONG: {name} holds more pictures than the camera recorded."
            return
        frame = expected[count - 1]
        if hashlib.sha256(data).hexdigest() != frame["sha256"]:
            yield f"WRONG: picture {count} of {name} is not the one that the camera sealed."
        elif t_ms != frame["shown_ms"]:
            yield f"WRONG: picture {count} of {name} is shown at another time."
    if count < len(expected):
        yield f"WRONG: {name} holds {count} of {len(expected)} pictures."


def main(folder):
    """Print what was found; return 0 when everything is right."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        right, sentence = check_signature(folder)
    except (OSError, ValueError, KeyError) as error:
        print(f"WRONG: the manifest or its signature cannot be read: {error}")
        return 1
    wrong = [] if right else [sentence]
    for file in manifest["files"]:
        path = folder / file["path"]
        if not path.is_file():
            wrong.append(f"WRONG: {file['path']} is missing.")
        elif digest(path) != file["sha256"]:
            wrong.append(f"WRONG: {file['path']} was changed.")
    frames = 0
    for recording in manifest["recordings"]:
        frames += len(recording["frames"])
        if recording["master"] and (folder / recording["master"]).is_file():
            wrong += check_film(folder, recording)
    state = manifest["verification"]["verdict"]
    said = [*wrong, sentence] if right else wrong
    said.append(f"The card was found {state} when this was exported, {manifest['created_utc']}.")
    for name, pictures in manifest.get("standings", {}).items():
        said.append(f"Standing of {pictures} pictures: {name}.")
    if wrong:
        said.append(f"Of this folder {len(wrong)} thing(s) are WRONG.")
    else:
        files = len(manifest["files"])
        said.append(f"All {files} files and {frames} pictures are as they were exported.")
    print("\n".join(said))
    return 1 if wrong else 0


if __name__ == "__main__":
    given = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent
    if given in ("-h", "--help"):
        print(f"usage: python3 verify.py [FOLDER]\n\n{__doc__}")
        sys.exit(0)
    sys.exit(main(Path(given)))
