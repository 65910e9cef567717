"""A camera in which another card is than the one it recorded on: it goes on with that card, once
the vaults hold what was on the other one, or the person at the station gave that up.
"""

from . import facts, renewal
from .epochs import CAMERAS, entries, number, trusted
from .intake import Intake, grave

GIVEN_UP = "other_card"  # key of a custody entry: where the segments of the card that is gone are


def go_on(visit, intake, hello, log, name, judged) -> None:
    """Begin the camera's next epoch with the card that is in it, or say what keeps it from that.

    `name` is the log's in the vault; `judged()` returns what the evidence reader says of what
    `intake` holds. What is where is signed before the camera forgets it.

    Raises:
        LinkLost, Refused, Stranger: the camera does not answer, or not so.
        VaultError: a vault fails.
        OSError: custody or keys cannot be written.
    """
    report, lost = visit.report, visit.options.card_lost
    used = _used(visit, hello)
    if used:
        report.unsafe(used)
        return
    segments = [s for n, s in sorted(log.segments.items()) if n >= log.released]
    held = {s.n for s in segments if _held(intake, s.n, s.blocks, s.least)}
    verdict = judged()
    everywhere, bad = grave(verdict)
    if everywhere:
        report.found(verdict)
        report.unsafe("all_bad", what=everywhere[0])
        return
    released = {s.n for s in segments if s.released}
    for n in sorted(released - held):
        report.unsafe("elsewhere", n=n)
    where = {n: _earlier(visit, hello, n) for n in range(hello.released, hello.first)}
    things = {key: thing.key for key, thing in intake.things.items()}
    there = {number(thing) for thing in visit.vaults[0].things(intake.folder, "bwl")}
    sources = _sources(visit)
    for n in (s.n for s in segments):
        if n in released:
            where[n] = "released"
        elif n in held and n not in bad:
            where[n] = sources.get(things[n], "vault")
        else:
            where[n] = "damaged" if n in there else "lost"
    missing = sorted(n for n, place in where.items() if place in ("damaged", "lost"))
    about = {"count": len(missing), "numbers": facts.spans(missing), "port": report.port}
    if not lost and (missing or released - held):
        if missing:
            report.unsafe("other_card", **about)
        return
    report.found(verdict)
    report.released_of(log, segments, {n for n in where if n not in missing})
    words = facts.stored(visit, hello, log, name, verdict, intake, segments)
    places = {place: sorted(n for n in where if where[n] == place) for place in where.values()}
    words[GIVEN_UP] = {"now": hello.card.hex(), "given_up": bool(missing), "segments": places}
    visit.custody("stored", words)
    if missing:
        report.unsafe("card_lost", **about)
    visit.health(intake, hello, log, sorted(released))
    renewal.new_epoch(visit, hello, log.name, hello.next)


def _held(intake, n, blocks, least):
    """Return whether every vault has segment n whole; where the log does not tell its blocks, the
    largest that there is counts, if it has what the log proves.
    """
    blocks = blocks or intake.largest(n)
    return blocks >= max(least, 1) and intake.held(n, blocks)


def _earlier(visit, hello, n):
    """Return where segment n of an earlier epoch is. Whose log it was is not in the camera."""
    device = f"{CAMERAS}/{hello.device.hex()}"
    things = [t for t in visit.vaults[0].things(device, "bwl") if number(t) == n]
    for epoch in sorted({int(thing.folder.split("/")[-1]) for thing in things}):
        intake = Intake(visit.vaults, hello.device, epoch)
        if epoch < hello.epoch and _held(intake, n, None, 1):
            return _sources(visit).get(intake.things[n].key, "vault")
    return "damaged" if things else "lost"


def _sources(visit):
    """Return {object: "camera" or "card"}: from where a station known here says that it stored it
    first.
    """
    known, found = trusted(visit.station.keyring.folders), {}
    for chain in entries(visit.vaults[0]).values():
        for entry in chain:
            if entry.signed and entry.key in known and entry.words.get("kind") == "stored":
                source = "card" if entry.words.get("source") == "card" else "camera"
                for key in entry.words.get("objects") or ():
                    found.setdefault(key, source)
    return found


def _used(visit, hello):
    """Return why the card in the camera must not be recorded over, None when it may."""
    newest = {}
    for _, words in visit.station.checks():
        who = words["device_id"]
        newest[who] = max(newest.get(who, (0, "")), (words["epoch"], words["card_id"]))
    newest.pop(hello.device.hex(), None)
    if hello.card.hex() in (card for _, card in newest.values()):
        return "others_card"
    for chain in entries(visit.vaults[0]).values():
        for entry in chain:
            about = entry.words.get(GIVEN_UP) if entry.signed else None
            gone = isinstance(about, dict) and about.get("given_up")
            if gone and (entry.words.get("camera") or {}).get("card") == hello.card.hex():
                return "found_card"
    return None
