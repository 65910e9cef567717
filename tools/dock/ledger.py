"""What a whole vault holds, and whether it still does: every object, every custody chain."""

from dataclasses import dataclass, field
from hashlib import sha256

from . import custody, stamp
from .epochs import CUSTODY, entries, number
from .vault import Vault, VaultError

DIGESTS_ONLY = "digests only"  # the verdict of a station without the camera's keys


@dataclass
class Found:
    """What is wrong with a vault: [{"kind", "object", "what"}], and what was read."""

    findings: list = field(default_factory=list)
    objects: int = 0
    bytes: int = 0
    entries: int = 0
    stamped: int = 0

    def say(self, kind, name, what):
        """Add a finding; `kind` is one of missing, altered, custody, unsigned, foreign."""
        self.findings.append({"kind": kind, "object": name, "what": what})


def check(vault: Vault, stations=frozenset(), roots=(), progress=None, place="") -> Found:
    """Read all of a vault and return what is wrong with it.

    Every object must have the hash in its name; every object that a custody entry names must be
    there, or only those of `place` (a folder: for what was handed out of a larger vault); every
    chain must be whole and its station's. `stations` are the ids of those to trust,
    `roots` the certificates that vouch for time stamps. `progress(done, total)` counts objects.

    Raises:
        VaultError: the vault cannot be listed, or is none.
    """
    found = Found()
    every = vault.keys()
    names = {key for key, _ in every}
    good = {}
    things = {thing.key: thing for thing in _things(vault)}
    for done, (key, size) in enumerate(every):
        thing = things.get(key)
        if thing is None:
            found.say("foreign", key, f"{key} is nothing that a station writes")
        elif _right(vault, thing, found):
            good.setdefault((thing.folder, thing.stem, thing.sha256), key)
        found.objects += 1
        found.bytes += size
        if progress:
            progress(done + 1, len(every))
    for finding in found.findings:
        thing = things.get(finding["object"])
        other = thing and good.get((thing.folder, thing.stem, thing.sha256))
        if other:
            finding["what"] += f"; {other} is whole"
    _chains(vault, found, names, stations, place)
    _stamps(vault, found, roots)
    return found


def _things(vault):
    things = vault.things()
    if not things:
        raise VaultError(f"{vault.name} is no vault: nothing in it is what a station writes")
    return things


def _right(vault, thing, found):
    try:
        if sha256(vault.read(thing.key)).hexdigest() == thing.sha256:
            return True
        found.say("altered", thing.key, f"{thing.key} is not what was stored under that name")
    except VaultError as error:
        found.say("missing", thing.key, str(error))
    return False


def _chains(vault, found, names, stations, place):
    for station, chain in entries(vault).items():
        found.entries += len(chain)
        for what in custody.read(chain, station):
            found.say("custody", f"{CUSTODY}/{station}", what)
        if stations and station not in stations:
            what = f"station {station} is none of those whose keys were given"
            found.say("unsigned", f"{CUSTODY}/{station}", what)
        for entry in chain:
            for name in entry.words.get("objects", ()) if entry.signed else ():
                if name not in names and name.startswith(place):
                    what = f"{name} is gone; entry {entry.seq} of station {station} stored it"
                    found.say("missing", name, what)
                    names.add(name)  # said once


def _stamps(vault, found, roots):
    for thing in vault.things(CUSTODY, "tsr"):
        stamped = [one for one in vault.things(thing.folder, "json") if one.stem == thing.stem]
        try:
            for one in stamped:
                stamp.check(vault.read(thing.key), vault.read(one.key), list(roots))
                found.stamped += 1
        except (stamp.StampError, VaultError) as error:
            found.say("custody", thing.key, f"{thing.key}: {error}")


def listing(vault: Vault) -> "list[dict]":
    """Return what is there of each camera and epoch, from names and custody entries alone.

    Raises:
        VaultError: the vault cannot be read, or is none.
    """
    rows = {}
    for thing in _things(vault):
        if thing.folder.startswith(f"{CUSTODY}/"):
            continue
        _, device, epoch = thing.folder.split("/")
        row = rows.setdefault(
            (device, int(epoch)),
            {
                "id": device, "epoch": int(epoch), "name": None, "segments": 0, "bytes": 0,
                "recordings": [], "docked": None, "station": None, "verdict": None,
                "address": f"{vault.name.rstrip('/')}/{thing.folder}",
            },
        )  # fmt: skip
        row["bytes"] += thing.size
        row["segments"] += number(thing) is not None
    said = [(e.words.get("utc") or "", who, e) for who, c in entries(vault).items() for e in c]
    judged: dict = {}  # objects that the reader has judged, of each row
    for utc, station, entry in sorted(said, key=lambda one: one[0]):
        row = rows.get(entry.about)
        if row is None or not entry.signed or entry.words.get("kind") != "stored":
            continue
        words, known = entry.words, judged.setdefault(entry.about, set())
        row["name"] = words["camera"].get("name") or row["name"]
        row["docked"], row["station"] = utc or None, station
        objects = set(words.get("objects") or ())
        if words.get("verdict") != DIGESTS_ONLY:
            known |= objects
            row["verdict"] = words.get("verdict")
        elif not row["verdict"] or not objects <= known:
            row["verdict"] = DIGESTS_ONLY
        recordings = {one["recording"]: one for one in row["recordings"]}
        recordings |= {one["recording"]: one for one in words.get("recordings") or ()}
        row["recordings"] = [recordings[number] for number in sorted(recordings)]
    return [rows[key] for key in sorted(rows)]
