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
    sources, cards = _sources(visit)
    where = _earlier(visit, hello, sources)
    for segment in segments:
        n = segment.n
        if n in released:
            where[n] = "released"
        elif n in held and n not in bad:
            where[n] = sources.get(intake.things[n].key, "vault")
        elif intake.largest(n):
            where[n] = "damaged"
        elif not (segment.blocks or segment.least) and log.card.hex() in cards:
            where[n] = "empty"  # cut at once: the card was read, and nothing was there
        else:
            where[n] = "lost"
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


def _earlier(visit, hello, sources):
    """Return {segment: where it is} of those of earlier epochs, whose logs the camera has not."""
    things = visit.vaults[0].things(f"{CAMERAS}/{hello.device.hex()}", "bwl")
    epochs = {n: set() for n in range(hello.released, hello.first)}
    for thing in things:
        epochs.get(number(thing), set()).add(int(thing.folder.split("/")[-1]))
    where = {}
    for n, found in epochs.items():
        where[n] = "damaged" if found else "lost"
        for epoch in sorted(e for e in found if e < hello.epoch):
            intake = Intake(visit.vaults, hello.device, epoch)
            if _held(intake, n, None, 1):
                where[n] = sources.get(intake.things[n].key, "vault")
    return where


def _sources(visit):
    """Return {object: "camera" or "card"}, from where a station known here says that it stored it
    first; and the ids of cards that were read in a reader.
    """
    known, found, cards = trusted(visit.station.keyring.folders), {}, set()
    for chain in entries(visit.vaults[0]).values():
        for entry in chain:
            if entry.signed and entry.key in known and entry.words.get("kind") == "stored":
                source = "card" if entry.words.get("source") == "card" else "camera"
                if source == "card":
                    cards.add((entry.words.get("camera") or {}).get("card"))
                for key in entry.words.get("objects") or ():
                    found.setdefault(key, source)
    return found, cards


def _used(visit, hello):
    """Return why the card in the camera must not be recorded over, None when it may."""
    newest, own = {}, set()
    for _, words in visit.station.checks():
        who, card = words["device_id"], words.get("card_id", "")
        newest[who] = max(newest.get(who, (0, "")), (words["epoch"], card))
        own |= {card} if who == hello.device.hex() else set()
    if hello.card.hex() in {card for _, card in newest.values()} - own:
        return "others_card"
    for chain in entries(visit.vaults[0]).values():
        for entry in chain:
            about = entry.words.get(GIVEN_UP) if entry.signed else None
            gone = isinstance(about, dict) and about.get("given_up")
            if gone and (entry.words.get("camera") or {}).get("card") == hello.card.hex():
                return "found_card"
    return None
