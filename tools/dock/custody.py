"""What a station did with evidence: signed entries, each holding the hash of the one before.

An entry is a file of two lines of JSON: what is said, and the Ed25519 signature of that line with
the key it was made with. VAULT.md has the fields. The station keeps its chain in its own folder
and copies it into every vault that it uses; `read` checks one from a vault.
"""

import contextlib
import json
import re
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tools.evidence.errors import InputError
from tools.evidence.primitives import key_id

from .station import Station, replace

FOLDER = "custody"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_BEHIND_S = 60  # this computer's clock may be behind its newest entry
_AHEAD_S = 2 * 366 * 86_400  # and ahead of it

# What is read from entries; who may write into a vault may have signed anything.
_HEX = re.compile("([0-9a-f]{2})*")
_SHAPE = {
    "seq": (None, int),
    "utc": (None, str),
    "kind": (None, str),
    "verdict": (None, str),
    "objects": (None, [str]),
    "camera": (
        None,
        {"id": _HEX, "epoch": int, "card": (None, _HEX), "name": (None, str)},
    ),
    "log": (None, {"object": str, "entries": int, "mac": _HEX}),
    "recordings": (None, [{"recording": int, "segments": [int], "utc": (None, int)}]),
}


class Chain:
    """One station's own chain, on its disk.

    Raises:
        OSError: the folder cannot be made or read.
    """

    def __init__(self, station: Station):
        self._station = station
        self._folder = station.folder / FOLDER
        self._folder.mkdir(exist_ok=True)

    def paths(self) -> "list[Path]":
        """Return the entries' files, oldest first."""
        return sorted(self._folder.glob("*.json"))

    def add(self, kind: str, said: dict) -> Path:
        """Sign an entry, put it at the end of the chain and on the disk; return its file.

        Raises:
            InputError: an entry is missing before it.
            OSError: it cannot be written.
        """
        with self._station.alone():
            before = self.paths()
            for number, path in enumerate(before):
                if path.stem != f"{number:08d}":
                    raise InputError(
                        f"custody entry {number} is missing in {self._folder}: copy it back from "
                        f"custody/{self._station.id} of a vault"
                    )
            words = {
                "kind": kind,
                "seq": len(before),
                "previous": sha256(before[-1].read_bytes()).hexdigest() if before else None,
                "station": self._station.id,
                "utc": _now(),
                **({"clock": "doubtful"} if self.clock() else {}),
                **said,
            }
            line = json.dumps(words, sort_keys=True, ensure_ascii=False).encode() + b"\n"
            signer = self._station.signer
            seal = {
                "key": signer.public_key().public_bytes_raw().hex(),
                "signature": signer.sign(line).hex(),
            }
            path = self._folder / f"{len(before):08d}.json"
            replace(path, line + json.dumps(seal).encode() + b"\n")
            return path

    def clock(self) -> "tuple[str, str] | None":
        """Return what speaks against this computer's clock, "clock_behind" or "clock_ahead", and
        the newest time in the chain; None when nothing does. An entry made by a doubtful clock
        does not count; what came before one for which somebody vouched does not either.
        """
        newest = None
        for path in self.paths():
            words = Entry(path.read_bytes()).words
            if words.get("clock") == "doubtful":
                continue
            with contextlib.suppress(KeyError, TypeError, ValueError):
                utc = datetime.strptime(words["utc"], _TIME).replace(tzinfo=timezone.utc)
                newest = utc if not newest or words.get("clock") == "vouched" else max(newest, utc)
        ahead_s = newest and (datetime.now(timezone.utc) - newest).total_seconds()
        if not newest or -_BEHIND_S <= ahead_s <= _AHEAD_S:
            return None
        return "clock_behind" if ahead_s < 0 else "clock_ahead", newest.strftime(_TIME)

    def take_back(self, vault) -> None:
        """Bring back from a vault what this folder lacks at the chain's end, as after a backup of
        it was restored: else the next entry would be a second one of its number. Once for each
        vault.

        Raises:
            VaultError: the vault fails.
            OSError: an entry cannot be written.
        """
        if vault.name in self._station.taken_back:
            return
        with self._station.alone():
            own = self.paths()
            last = sha256(own[-1].read_bytes()).hexdigest() if own else None
            for thing in vault.things(f"{FOLDER}/{self._station.id}", "json"):
                if int(thing.stem) != len(own):
                    continue
                data = vault.read(thing.key)
                entry = Entry(data)
                if not entry.signed or entry.key != self._station.id:
                    continue
                if (entry.seq, entry.words.get("previous")) == (len(own), last):
                    own.append(self._folder / f"{thing.stem}.json")
                    replace(own[-1], data)
                    last = entry.hash
        self._station.taken_back.add(vault.name)

    def publish(self, vault) -> None:
        """Copy into a vault what it does not have of the chain; each entry is read back.

        Raises:
            VaultError: the vault fails.
        """
        folder = f"{FOLDER}/{self._station.id}"
        there = {(thing.stem, thing.sha256) for thing in vault.things(folder, "json")}
        for path in self.paths():
            data = path.read_bytes()
            if (path.stem, sha256(data).hexdigest()) not in there:
                vault.put(folder, path.stem, "json", data)

    def stamp(self, path: Path, stamper, vaults) -> None:
        """Have an entry time stamped, and store the stamp beside it and in the vaults.

        Raises:
            StampError: the service did not.
            VaultError: a vault fails.
        """
        stamp = stamper.stamp(path.read_bytes())
        replace(path.with_suffix(".tsr"), stamp)
        for vault in vaults:
            vault.put(f"{FOLDER}/{self._station.id}", path.stem, "tsr", stamp)


class Entry:
    """One entry, read from anywhere. `words` is {} and `key` None where it is no entry.

    `signed` tells whether the signature fits the words and the key; whose key it is, the reader of
    the chain must know.
    """

    def __init__(self, data: bytes):
        self.hash = sha256(data).hexdigest()
        self.words, self.key, self.signed = {}, None, False
        try:
            line, seal, rest = data.split(b"\n")
            seal, words = json.loads(seal), json.loads(line)
            if not _fits(words, _SHAPE):
                return
            raw = bytes.fromhex(seal["key"])
            self.words, self.key = words, key_id(raw).hex()
            Ed25519PublicKey.from_public_bytes(raw).verify(
                bytes.fromhex(seal["signature"]), line + b"\n"
            )
            self.signed = not rest
        except (ValueError, KeyError, TypeError, RecursionError, InvalidSignature):
            pass

    @property
    def about(self) -> "tuple[str, int] | None":
        """Device id in hex and epoch of the camera it is about, None where it is about none."""
        camera = self.words.get("camera")
        return (camera.get("id"), camera.get("epoch")) if isinstance(camera, dict) else None

    @property
    def seq(self) -> int:
        """Its number in its station's chain, -1 where it has none."""
        seq = self.words.get("seq")
        return seq if type(seq) is int else -1


def read(entries: "list[Entry]", station: str) -> "list[str]":
    """Return what is wrong with one station's chain, as sentences; entries in any order."""
    ours = [e for e in entries if e.signed and station == e.key == e.words.get("station")]
    wrong = [f"a custody entry is not signed by station {station}"] * (len(entries) - len(ours))
    before = None
    for number, entry in enumerate(sorted(ours, key=lambda entry: entry.seq)):
        if entry.seq > number:
            return [*wrong, f"custody entry {number} of station {station} is missing"]
        if entry.seq < number:
            return [*wrong, f"there are two custody entries {entry.seq} of station {station}"]
        if entry.words.get("previous") != (before and before.hash):
            wrong.append(f"custody entry {number} of station {station} does not follow the last")
        before = entry
    return wrong


def _fits(value, shape):
    """Return whether a value of JSON has a shape: a type, a pattern, one of several in a tuple, a
    list of one, a map with these keys and others; None where nothing is.
    """
    if isinstance(shape, tuple):
        return any(_fits(value, one) for one in shape)
    if isinstance(shape, list):
        return type(value) is list and all(_fits(one, shape[0]) for one in value)
    if isinstance(shape, dict):
        return type(value) is dict and all(_fits(value.get(key), shape[key]) for key in shape)
    if isinstance(shape, re.Pattern):
        return type(value) is str and shape.fullmatch(value) is not None
    return value is None if shape is None else type(value) is shape


def _now():
    return datetime.now(timezone.utc).strftime(_TIME)
