"""Says in English or German what `explain` found: lines for people who never saw this program."""

from datetime import datetime, timezone

from .times import nearest_s
from .words import LANGUAGES, count, moment, period, pick

_VERDICTS = {
    "intact": (
        "INTACT. Everything that was recorded is there, sealed and unchanged.",
        "UNVERSEHRT. Alles Aufgezeichnete ist da, versiegelt und unverändert.",
    ),
    "torn-tail": (
        "WHOLE UP TO A BREAK. At least one recording was broken off; everything up to there is "
        "there and unchanged.",
        "VOLLSTÄNDIG BIS ZUM ABBRUCH. Mindestens eine Aufnahme brach ab; alles bis dahin ist da "
        "und unverändert.",
    ),
    "incomplete": (
        "INCOMPLETE. Something that was recorded is not on the card any more.",
        "UNVOLLSTÄNDIG. Etwas Aufgezeichnetes ist nicht mehr auf der Karte.",
    ),
    "damaged": (
        "DAMAGED. The medium has lost something that was recorded. Nothing shows that somebody "
        "put something else in its place.",
        "BESCHÄDIGT. Der Datenträger hat etwas Aufgezeichnetes verloren. Nichts spricht dafür, "
        "dass jemand etwas anderes an seine Stelle setzte.",
    ),
    "tampered": (
        "TAMPERED WITH. Something is not as this camera wrote it.",
        "VERÄNDERT. Etwas ist nicht so, wie diese Kamera es geschrieben hat.",
    ),
}
_SAYS = {
    "complete": {
        True: (
            "Missing: nothing. All that the camera's log promises is there.",
            "Es fehlt nichts: Alles, was das Logbuch der Kamera nennt, ist da.",
        ),
        False: (
            "Missing: not everything is there as it was recorded; see below.",
            "Es ist nicht alles so da, wie es aufgezeichnet wurde; siehe unten.",
        ),
        None: (
            "Missing: not known, because the camera's log was not given or cannot be used.",
            "Ob etwas fehlt, ist nicht bekannt: Das Logbuch der Kamera lag nicht vor oder ist "
            "nicht brauchbar.",
        ),
    },
    "authenticated": {
        True: (
            "Origin: confirmed. All that can be read was written by this camera.",
            "Herkunft: bestätigt. Alles Lesbare wurde von dieser Kamera geschrieben.",
        ),
        False: ("Origin: not confirmed.", "Herkunft: nicht bestätigt."),
    },
    "card": ("Card {card_id}, camera {camera}.", "Karte {card_id}, Kamera {camera}."),
    "unknown": ("not known", "nicht bekannt"),
    "none": ("There is no recording on this card.", "Auf dieser Karte ist keine Aufnahme."),
    "title": (
        "Recording {recording} of camera {camera}",
        "Aufnahme {recording} der Kamera {camera}",
    ),
    "start": (
        "Start: {start}. Length: {length}. Pictures: {frames}.",
        "Beginn: {start}. Länge: {length}. Bilder: {frames}.",
    ),
    "no-start": ("time of day not known", "Uhrzeit nicht bekannt"),
    "closed": ("not opened, no viewing key", "nicht geöffnet, kein Schlüssel zum Ansehen"),
    "end": ("End: {what}.", "Ende: {what}."),
    "gone": ("Nothing of it is on the card.", "Auf der Karte ist nichts davon."),
    "own": (
        "Origin of this recording: confirmed. All of it that can be read was written by this "
        "camera.",
        "Herkunft dieser Aufnahme: bestätigt. Alles Lesbare wurde von dieser Kamera geschrieben.",
    ),
    "not-own": (
        "Origin of this recording: not confirmed.",
        "Herkunft dieser Aufnahme: nicht bestätigt.",
    ),
    "whole": (
        "Nothing is missing in it.",
        "Darin fehlt nichts.",
    ),
    "so-far": (
        "Up to the break nothing is missing in it but the moment that had not yet reached the "
        "card.",
        "Bis zum Abbruch fehlt darin nichts außer dem Augenblick, der noch nicht auf der Karte "
        "war.",
    ),
    "unchecked": (
        "Nothing that stands on the card is damaged; whether more was there is not known.",
        "Was auf der Karte steht, ist unbeschädigt; ob mehr da war, ist nicht bekannt.",
    ),
    "gap": (
        "Gap from {start} to {end} seconds after the start: {lost}, because {cause}.",
        "Lücke von {start} bis {end} Sekunden nach Beginn: {lost}, weil {cause}.",
    ),
    "lost-pictures": ("{lost} not recorded", "{lost} nicht aufgezeichnet"),
    "lost-records": (
        "pictures or entries with {lost} running numbers are missing",
        "Bilder oder Vermerke mit {lost} laufenden Nummern fehlen",
    ),
    "general": ("The card and the log:", "Zur Karte und zum Logbuch:"),
    "known": ("How this is known:", "Woher man das weiß:"),
}
_CLOCK = {
    "unset": (
        "Clock: it was not set. No time of day is claimed.",
        "Uhr: Sie war nicht gestellt. Eine Uhrzeit wird nicht behauptet.",
    ),
    "clock chip": (
        "Clock: the camera's clock chip; ",
        "Uhr: der Uhrenbaustein der Kamera; ",
    ),
    "station": (
        "Clock: set by the station; ",
        "Uhr: von der Station gestellt; ",
    ),
    "bound": (
        "the station had told the time {age} before, so it may be wrong by up to {error}{chip}.",
        "die Station hatte {age} vorher die Zeit angegeben, sie kann also um bis zu {error} "
        "falsch gehen{chip}.",
    ),
    "chip": (
        ", if the chip was set then and has run without a break since",
        ", sofern er dabei gestellt wurde und seither ohne Unterbrechung lief",
    ),
    "no-bound": (
        "nothing shows when it was last set, so no limit of its error can be given.",
        "nichts belegt, wann sie zuletzt gestellt wurde; eine Grenze ihres Fehlers lässt sich "
        "nicht angeben.",
    ),
}
_CAUSES = {
    "ring full": (
        "the card could not take pictures fast enough; the camera noted this itself",
        "die Karte die Bilder nicht schnell genug annahm; die Kamera hat das selbst vermerkt",
    ),
    "held up": (
        "the card held up the camera meanwhile; the camera noted this itself",
        "die Karte die Kamera so lange aufhielt; die Kamera hat das selbst vermerkt",
    ),
    "card": (
        "the card did not take them; the camera noted this itself",
        "die Karte sie nicht annahm; die Kamera hat das selbst vermerkt",
    ),
    "unknown": (
        "something happened that the camera did not note",
        "etwas geschah, das die Kamera nicht vermerkte",
    ),
    "not-on-card": (
        "the blocks of the card that held them cannot be used (see the findings below)",
        "die Blöcke der Karte, in denen sie standen, nicht brauchbar sind (siehe unten)",
    ),
}
_KNOWN = {
    "digest": (
        "Each block of 16 KiB carries a check sum (SHA-256) over every bit in it: a single "
        "changed bit is noticed, and named as damage.",
        "Jeder Block von 16 KiB trägt eine Prüfsumme (SHA-256) über jedes seiner Bits: Ein "
        "einziges geändertes Bit fällt auf und wird als Schaden benannt.",
    ),
    "seal": (
        "Each block also carries a seal made with a key that the camera has since erased. Only "
        "the station's CHECK key gives it again; with that all seals were recomputed here.",
        "Jeder Block trägt außerdem ein Siegel mit einem Schlüssel, den die Kamera seither "
        "gelöscht hat. Nur der Prüfschlüssel (CHECK) der Station ergibt ihn noch einmal; damit "
        "wurden hier alle Siegel nachgerechnet.",
    ),
    "no-seal": (
        "The seals were not checked, because the station's CHECK key was not given: somebody "
        "with skill could have replaced what is here.",
        "Die Siegel wurden nicht geprüft, weil der Prüfschlüssel (CHECK) der Station nicht "
        "vorlag: Jemand mit Sachkenntnis könnte den Inhalt ausgetauscht haben.",
    ),
    "log": (
        "What must be there was read from the camera's own log. It is kept in the camera, not on "
        "the card, and numbers every part.",
        "Was da sein muss, stammt aus dem Logbuch der Kamera. Es steht in der Kamera, nicht auf "
        "der Karte, und numeriert jeden Teil.",
    ),
    "no-log": (
        "The camera's log was not given or cannot be used. So nobody can say whether whole "
        "recordings are missing.",
        "Das Logbuch der Kamera lag nicht vor oder ist nicht brauchbar. Ob ganze Aufnahmen "
        "fehlen, kann daher niemand sagen.",
    ),
    "order": (
        "The order of everything follows from the log and from running numbers, never from the "
        "clock.",
        "Die Reihenfolge ergibt sich aus dem Logbuch und aus laufenden Nummern, nie aus der Uhr.",
    ),
}


def tell(facts: dict, language: str) -> "list[str]":
    """Return the lines; a line that begins with two spaces belongs to the one above."""
    return list(_lines(facts, language))


def _lines(facts, language):
    def say(key, **words):
        return pick(_SAYS, key, language).format(**words)

    unknown = say("unknown")
    yield pick(_VERDICTS, facts["verdict"], language)
    for key in ("complete", "authenticated"):
        yield _SAYS[key][facts[key]][LANGUAGES.index(language)]
    yield say("card", card_id=facts["card_id"] or unknown, camera=facts["camera"] or unknown)
    if facts["findings"]:
        yield ""
        yield say("general")
        yield from (f"  - {finding['what']}" for finding in facts["findings"])
    if not facts["recordings"]:
        yield ""
        yield say("none")
    for recording in facts["recordings"]:
        yield ""
        yield say("title", **recording)
        known = facts["log"], facts["authenticated"]
        yield from (f"  {line}" for line in _recording(recording, *known, say, language))
    yield ""
    yield say("known")
    known = ("digest", "seal" if facts["checked"] else "no-seal")
    for key in (*known, "log" if facts["log"] else "no-log", "order"):
        yield f"  - {pick(_KNOWN, key, language)}"


def _recording(recording, log, authenticated, say, language):
    start = say("no-start")
    if recording["start_utc"]:
        start = moment(_seconds(recording["start_utc"]), language)
    frames = say("closed") if recording["frames"] is None else recording["frames"]
    length = period(nearest_s(recording["duration_ms"]), language)
    yield say("start", start=start, length=length, frames=frames)
    if not recording["blocks"]:
        yield say("gone")
    yield say("end", what=recording["ended"]["what"])
    for gap in recording["gaps"]:
        yield say(
            "gap",
            start=_tenths(gap["from_ms"], language),
            end=_tenths(gap["to_ms"], language),
            lost=_lost(gap, say, language),
            cause=pick(_CAUSES, gap["cause"], language),
        )
    if recording["state"] in ("intact", "torn-tail") and not recording["gaps"]:
        yield say("unchecked" if not log else _WHOLE[recording["state"]])
    if recording["blocks"] and not authenticated:
        yield say("own" if recording["authenticated"] else "not-own")
    yield _clock(recording["clock"], language)
    kinds = ("note", "incomplete", "damaged", "tampered")
    for finding in recording["findings"] + recording["clock"]["findings"]:
        if finding["kind"] in kinds:
            yield f"- {finding['what']}"


_WHOLE = {"intact": "whole", "torn-tail": "so-far"}


def _lost(gap, say, language):
    if gap["cause"] == "not-on-card":
        return say("lost-records", lost=gap["lost"])
    lost = gap["lost"] if type(gap["lost"]) is int else 0
    return say("lost-pictures", lost=count(lost, "picture", language))


def _clock(clock, language):
    text = pick(_CLOCK, clock["source"], language)
    if clock["source"] == "unset":
        return text
    if clock["error_s"] is None:
        return text + pick(_CLOCK, "no-bound", language)
    chip = pick(_CLOCK, "chip", language) if clock["source"] == "clock chip" else ""
    error = count(clock["error_s"], "second", language)
    age = period(clock["age_s"], language)
    return text + pick(_CLOCK, "bound", language).format(age=age, error=error, chip=chip)


def _tenths(ms, language):
    text = f"{max(0, ms) / 1000:.1f}"
    return text.replace(".", ",") if language == "de" else text


def _seconds(text):
    when = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    return int(when.timestamp())
