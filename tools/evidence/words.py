"""Every sentence of the reader, in English and German, under the code that a program may lean on.

`FINDINGS` is the list of all that can be found: what each does to the verdict, and its words.
"""

from datetime import datetime, timezone

LANGUAGES = ("en", "de")

# code: (kind, English, German). Braces are facts; `place` and `Place` are the segment with its
# recording, `blocks` the block or blocks, `entry` an entry of the log.
FINDINGS = {
    # The card
    "description-lost": (
        "damaged",
        "Both copies of the card's description are damaged; segments were searched for.",
        "Beide Exemplare der Kartenbeschreibung sind beschädigt; die Segmente wurden gesucht.",
    ),
    "description-copy-lost": (
        "note",
        "One of the two copies of the card's description is damaged; the other was used.",
        "Eines der beiden Exemplare der Kartenbeschreibung ist beschädigt; das andere gilt.",
    ),
    "description-forged": (
        "tampered",
        "The two copies of the card's description contradict each other: one was rewritten.",
        "Die beiden Exemplare der Kartenbeschreibung widersprechen sich: "
        "eines wurde umgeschrieben.",
    ),
    "description-moved": (
        "tampered",
        "The card's description names places where no segment stands; they stand elsewhere.",
        "Die Kartenbeschreibung nennt Plätze, an denen kein Segment steht; sie stehen anderswo.",
    ),
    "image-short": (
        "note",
        "The image has {size} of {whole} bytes: it is not the whole card.",
        "Das Abbild hat {size} von {whole} Bytes: Es ist nicht die ganze Karte.",
    ),
    "card-renamed": (
        "tampered",
        "The card's description names another card than the camera's log.",
        "Die Kartenbeschreibung nennt eine andere Karte als das Logbuch der Kamera.",
    ),
    "card-older": (
        "incomplete",
        "From segment {first} on nothing is on the card, though the camera's log says that it was "
        "written up to segment {last}: the card is in an earlier state, or its end was erased.",
        "Ab Segment {first} steht nichts auf der Karte, obwohl laut Logbuch der Kamera bis "
        "Segment {last} geschrieben wurde: Die Karte hat einen früheren Stand, oder ihr Ende "
        "wurde gelöscht.",
    ),
    "earlier-epoch": (
        "note",
        "On the card {segments} of an earlier epoch may stand; this log does not cover it.",
        "Auf der Karte kann noch {segments} einer früheren Epoche stehen; dieses Logbuch "
        "erfasst das nicht.",
    ),
    # Segments
    "segment-missing": (
        "incomplete",
        "{Place} is missing: the camera's log says that it was written.",
        "{Place} fehlt: Laut Logbuch der Kamera wurde es geschrieben.",
    ),
    "segment-gap": (
        "incomplete",
        "Between parts of recording {recording} on the card {segments} is missing.",
        "Zwischen Teilen der Aufnahme {recording} fehlt auf der Karte {segments}.",
    ),
    "segment-on-other-card": (
        "incomplete",
        "Segment {n} was recorded on another card, {card}.",
        "Segment {n} wurde auf eine andere Karte aufgenommen, {card}.",
    ),
    "segment-of-other-card": (
        "tampered",
        "Segment {n} names another card than this one.",
        "Segment {n} nennt eine andere Karte als diese.",
    ),
    "segment-moved": (
        "tampered",
        "Segment {n} stands in a place where it does not belong.",
        "Segment {n} steht an einem Platz, an den es nicht gehört.",
    ),
    "segment-order": (
        "tampered",
        "Segment {n} claims to have been begun before segment {before}: "
        "their order is not the camera's.",
        "Segment {n} soll vor Segment {before} begonnen worden sein: "
        "Das ist nicht die Reihenfolge der Kamera.",
    ),
    "segment-impossible": (
        "tampered",
        "Segment {n} names an entry that no camera's log can have.",
        "Segment {n} nennt einen Eintrag, den kein Logbuch einer Kamera haben kann.",
    ),
    # Blocks
    "block-damaged": (
        "damaged",
        "{Blocks} of {place}: damaged; the card no longer gives back what the camera wrote.",
        "{Blocks} von {place}: beschädigt; die Karte gibt nicht mehr wieder, was die Kamera "
        "geschrieben hat.",
    ),
    "block-unreadable": (
        "damaged",
        "{Blocks} of {place}: damaged; the card cannot be read there.",
        "{Blocks} von {place}: beschädigt; die Karte lässt sich dort nicht lesen.",
    ),
    "block-missing": (
        "incomplete",
        "{Blocks} of {place}: missing; nothing is written there.",
        "{Blocks} von {place}: fehlt; dort ist nichts geschrieben.",
    ),
    "tail-missing": (
        "incomplete",
        "{Blocks} of {place}: missing; nothing is written there, and it was the end.",
        "{Blocks} von {place}: fehlt; dort ist nichts geschrieben, und es war das Ende.",
    ),
    "block-older": (
        "incomplete",
        "{Blocks} of {place}: missing; an older block from another time stands there, "
        "of segment {other}.",
        "{Blocks} von {place}: fehlt; dort steht ein älterer Block aus einer anderen Zeit, "
        "von Segment {other}.",
    ),
    "block-reordered": (
        "tampered",
        "{Blocks} of {place}: not in its place; "
        "block {other[1]} of segment {other[0]} was put there.",
        "{Blocks} von {place}: nicht an seinem Platz; dorthin kam Block {other[1]} von "
        "Segment {other[0]}.",
    ),
    "block-moved": (
        "tampered",
        "{Blocks} of {place}: not in its place; "
        "block {other[1]} of segment {other[0]} was put there.",
        "{Blocks} von {place}: nicht an seinem Platz; dorthin kam Block {other[1]} von "
        "Segment {other[0]}.",
    ),
    "block-of-other-card": (
        "tampered",
        "{Blocks} of {place}: not in its place; a block from another card was put there.",
        "{Blocks} von {place}: nicht an seinem Platz; dorthin kam ein Block von einer anderen "
        "Karte.",
    ),
    "block-of-other-camera": (
        "tampered",
        "{Blocks} of {place}: not in its place; a block from another camera was put there.",
        "{Blocks} von {place}: nicht an seinem Platz; dorthin kam ein Block einer anderen Kamera.",
    ),
    "block-header": (
        "tampered",
        "{Blocks} of {place}: not as this camera wrote it: it names another entry of the log.",
        "{Blocks} von {place}: nicht, wie diese Kamera es schrieb: nennt einen anderen Eintrag "
        "des Logbuchs.",
    ),
    "block-forged": (
        "tampered",
        "{Blocks} of {place}: whole, but not written by this camera with its key.",
        "{Blocks} von {place}: unbeschädigt, aber nicht von dieser Kamera mit ihrem Schlüssel "
        "geschrieben.",
    ),
    "block-field": (
        "tampered",
        "{Blocks} of {place}: not as a camera writes it: a field of it is wrong.",
        "{Blocks} von {place}: nicht, wie eine Kamera schreibt: ein Feld ist falsch.",
    ),
    "block-format": (
        "tampered",
        "{Blocks} of {place}: not as a camera writes it: {why}.",
        "{Blocks} von {place}: nicht, wie eine Kamera schreibt: {why}.",
    ),
    "seal-damaged": (
        "damaged",
        "{Place} has lost its seal: the recording goes on in the next segment.",
        "{Place} hat sein Siegel verloren: Die Aufnahme geht im nächsten Segment weiter.",
    ),
    "seal-missing": (
        "incomplete",
        "{Place} has lost its seal: the recording goes on in the next segment.",
        "{Place} hat sein Siegel verloren: Die Aufnahme geht im nächsten Segment weiter.",
    ),
    "torn": (
        "torn-tail",
        "{Place} ends without a seal after {count} and {seconds}: {ended}.{began}",
        "{Place} endet ohne Siegel nach {count} und {seconds}: {ended}.{began}",
    ),
    "torn-empty": (
        "torn-tail",
        "{Place} was opened and broken off before its first block was written: {ended}.",
        "{Place} wurde begonnen und brach ab, bevor sein erster Block geschrieben war: {ended}.",
    ),
    "records-unknown": (
        "note",
        "{Place} holds records of a kind that this reader does not know.",
        "{Place} enthält Daten einer Art, die dieses Programm nicht kennt.",
    ),
    "words-unusable": (
        "note",
        "{Place} holds words that no camera writes, as a time that is no number; they were left "
        "out or replaced.",
        "{Place} enthält Angaben, die keine Kamera schreibt, etwa eine Zeit, die keine Zahl ist; "
        "sie wurden weggelassen oder ersetzt.",
    ),
    "gaps-miscounted": (
        "note",
        "The seal of {place} counts other gaps than were recorded.",
        "Das Siegel von {place} zählt andere Lücken, als aufgezeichnet sind.",
    ),
    # The log
    "log-older": (
        "tampered",
        "The card holds segment {n}, and the camera's log ends before it: "
        "the log is an old one or was cut short.",
        "Auf der Karte steht Segment {n}, und das Logbuch der Kamera endet davor: "
        "Es ist ein altes, oder es wurde gekürzt.",
    ),
    "log-replaced": (
        "tampered",
        "The card holds segments of camera {other}, and the log beside it is another camera's: "
        "one of them was exchanged.",
        "Auf der Karte stehen Segmente der Kamera {other}, und das Logbuch dazu gehört einer "
        "anderen Kamera: Eines von beiden wurde ausgetauscht.",
    ),
    "log-altered": (
        "tampered",
        "{entry} was altered: its seal is not the camera's.",
        "{entry} wurde verändert: Das Siegel ist nicht das der Kamera.",
    ),
    "log-keys": (
        "tampered",
        "The keys in the camera's log are not those of this epoch.",
        "Die Schlüssel im Logbuch der Kamera sind nicht die dieser Epoche.",
    ),
    "wrong-check-key": (
        "tampered",
        "No entry of the camera's log fits the CHECK key that was given: "
        "the key is wrong, or the whole log was written by somebody else.",
        "Kein Eintrag im Logbuch der Kamera passt zum angegebenen Prüfschlüssel (CHECK): "
        "Der Schlüssel ist falsch, oder jemand anders hat das ganze Logbuch geschrieben.",
    ),
    "log-misplaced": (
        "tampered",
        "{entry} stands where it does not belong.",
        "{entry} steht, wo er nicht hingehört.",
    ),
    "log-missing": (
        "tampered",
        "{entries} of the camera's log missing: removed or replaced.",
        "Im Logbuch der Kamera fehlt {entries}: entfernt oder ersetzt.",
    ),
    "log-page-damaged": (
        "damaged",
        "{entries} of the camera's log cannot be read: what stands there is damaged.",
        "{entries} im Logbuch der Kamera ist nicht lesbar: Was dort steht, ist beschädigt.",
    ),
    "log-chain": (
        "tampered",
        "{entry} does not follow the one before it.",
        "{entry} folgt nicht auf den davor.",
    ),
    "log-bytes": (
        "tampered",
        "{entry} holds bytes that no camera writes.",
        "{entry} enthält Bytes, die keine Kamera schreibt.",
    ),
    "log-torn": (
        "note",
        "{pages} of the camera's log cannot be read, as after a power cut.",
        "{pages} im Logbuch der Kamera nicht lesbar, wie nach einem Stromausfall.",
    ),
    "log-cut": (
        "tampered",
        "The end of the camera's log is missing: later entries were there.",
        "Das Ende des Logbuchs der Kamera fehlt: Es gab spätere Einträge.",
    ),
    "log-newest-damaged": (
        "damaged",
        "The newest entry of the camera's log is damaged.",
        "Der neueste Eintrag im Logbuch der Kamera ist beschädigt.",
    ),
    "log-keys-left": (
        "note",
        "The camera's log still holds keys that should have been erased.",
        "Das Logbuch der Kamera enthält noch Schlüssel, die gelöscht sein sollten.",
    ),
    "log-unused": (
        "note",
        "Unused bytes of the camera's log are not blank.",
        "Unbenutzte Bytes im Logbuch der Kamera sind nicht leer.",
    ),
    "log-code": (
        "note",
        "{entry} has a code that this reader does not know.",
        "{entry} hat einen Code, den dieses Programm nicht kennt.",
    ),
    "log-contradiction": (
        "tampered",
        "{entry} contradicts the entries before it.",
        "{entry} widerspricht den Einträgen davor.",
    ),
    "log-release-forged": (
        "tampered",
        "{entry} releases a segment, and no station gave it out: somebody else wrote it. The "
        "segment must still be there.",
        "{entry} gibt ein Segment frei, was keine Station getan hat: Jemand anders hat ihn "
        "geschrieben. Das Segment muss weiterhin da sein.",
    ),
    "log-release-unchecked": (
        "note",
        "The camera's log says that segments were released to a station. Without the CHECK key "
        "that is not checked.",
        "Das Logbuch der Kamera sagt, dass Segmente an eine Station übergeben wurden. Ohne den "
        "CHECK-Schlüssel ist das nicht geprüft.",
    ),
    "log-count": (
        "tampered",
        "{entry} counts the segments differently.",
        "{entry} zählt die Segmente anders.",
    ),
    "log-first-missing": (
        "tampered",
        "The first entry of the camera's log, which names the camera, is missing.",
        "Der erste Eintrag im Logbuch, der die Kamera nennt, fehlt.",
    ),
    "log-first-damaged": (
        "damaged",
        "The first entry of the camera's log, which names the camera, is damaged.",
        "Der erste Eintrag im Logbuch, der die Kamera nennt, ist beschädigt.",
    ),
    # The clock: no order depends on it
    "clock-unset": (
        "note",
        "The camera's clock was not set (boot {boot}): there is no time of day, only the order "
        "and the time since switching on.",
        "Die Uhr der Kamera war nicht gestellt (Start {boot}): Es gibt keine Uhrzeit, nur die "
        "Reihenfolge und die Zeit seit dem Einschalten.",
    ),
    "clock-stepped": (
        "note",
        "The camera's clock was changed by {step_s} seconds while the camera was on, at {at}.",
        "Die Uhr der Kamera wurde im Betrieb um {step_s} Sekunden verstellt, um {at}.",
    ),
    "clock-backwards": (
        "note",
        "The camera's clock went back by {step_s} seconds between two times it was switched on, "
        "at {at}.",
        "Die Uhr der Kamera ging zwischen zwei Einschaltungen um {step_s} Sekunden zurück, um "
        "{at}.",
    ),
    "clock-early": (
        "note",
        "The camera's clock was wrong: {at} is before the time at which the station gave it out.",
        "Die Uhr der Kamera ging falsch: {at} liegt vor der Ausgabe durch die Station.",
    ),
    "clock-late": (
        "note",
        "The camera's clock was wrong: {at} has not yet come.",
        "Die Uhr der Kamera ging falsch: {at} liegt in der Zukunft.",
    ),
    "clock-step-inside": (
        "note",
        "The clock was changed by {step_s} seconds during the recording.",
        "Die Uhr wurde während der Aufnahme um {step_s} Sekunden verstellt.",
    ),
    # What a court should know although it changes nothing
    "no-log": (
        "note",
        "Without the camera's log nobody can say whether anything is missing from the card.",
        "Ohne das Logbuch der Kamera kann niemand sagen, ob auf der Karte etwas fehlt.",
    ),
    "no-check": (
        "note",
        "Not everything was checked to be this camera's: a station's CHECK key is missing.",
        "Nicht alles wurde darauf geprüft, ob es von dieser Kamera ist: Ein Prüfschlüssel "
        "(CHECK) der Station fehlt.",
    ),
    "no-read": (
        "note",
        "Pictures of {segments} were not counted: no viewing key opens them.",
        "Bilder aus {segments} wurden nicht gezählt: Kein Schlüssel zum Ansehen öffnet sie.",
    ),
    "gaps": (
        "note",
        "Recording {recording} has {gaps} that the camera itself wrote down: "
        "{pictures} could not be recorded.",
        "Aufnahme {recording} hat {gaps}, die die Kamera selbst vermerkt hat: "
        "{pictures} nicht aufgezeichnet.",
    ),
}

# Why an authentic block is not as FORMAT.md says, and how a recording ended.
REASONS = {
    "first-place": (
        "its first record is said to stand where none can",
        "der erste Datensatz soll stehen, wo keiner stehen kann",
    ),
    "before-first": (
        "something stands before the recording's first record",
        "vor dem ersten Datensatz der Aufnahme steht etwas",
    ),
    "record-padding": (
        "the padding of a record is not zero",
        "die Füllung eines Datensatzes ist nicht null",
    ),
    "first-record": (
        "the header names another first record",
        "der Kopf nennt einen anderen ersten Datensatz",
    ),
    "record-number": (
        "a record's number does not follow",
        "die Nummer eines Datensatzes folgt nicht auf die davor",
    ),
    "record-field": ("a field of a record is wrong", "ein Feld eines Datensatzes ist falsch"),
    "after-content": (
        "bytes after its content are not zero",
        "nach dem Inhalt stehen Bytes, die nicht null sind",
    ),
    "chaining": (
        "it does not decipher after the block before it",
        "er lässt sich nicht nach dem Block davor entschlüsseln",
    ),
    "opening-record": (
        "its record is not the camera's opening words",
        "der Datensatz ist nicht der, mit dem eine Kamera beginnt",
    ),
    "opening-recording": (
        "the opening words name another recording",
        "die ersten Angaben nennen eine andere Aufnahme",
    ),
    "opening-log": (
        "the opening words name another entry of the camera's log",
        "die ersten Angaben nennen einen anderen Eintrag des Logbuchs",
    ),
    "seal-length": ("the seal has a wrong length", "das Siegel hat eine falsche Länge"),
    "seal-blocks": (
        "the seal counts other blocks than there are",
        "das Siegel zählt andere Blöcke, als da sind",
    ),
    "seal-records": (
        "the seal counts other records than there are",
        "das Siegel zählt andere Datensätze, als da sind",
    ),
    "event-words": (
        "the words of an event cannot be read",
        "die Angaben eines Ereignisses sind nicht lesbar",
    ),
}

# How a recording ended.
ENDINGS = {
    "sealed": (
        "it was stopped and sealed properly",
        "sie wurde ordnungsgemäß beendet und versiegelt",
    ),
    "button": (
        "it was stopped with the button and sealed properly",
        "sie wurde mit der Taste beendet und ordnungsgemäß versiegelt",
    ),
    "dock": (
        "it was stopped because the camera was put into the station, and sealed properly",
        "sie endete, weil die Kamera in die Station gesteckt wurde, und wurde ordnungsgemäß "
        "versiegelt",
    ),
    "battery_empty": (
        "the battery was empty; the camera itself stopped it and sealed it properly",
        "der Akku war leer; die Kamera beendete und versiegelte sie selbst ordnungsgemäß",
    ),
    "card_full": (
        "the card was full; the camera itself stopped it and sealed it properly",
        "die Karte war voll; die Kamera beendete und versiegelte sie selbst ordnungsgemäß",
    ),
    "power": (
        "it was broken off because the power went (battery removed, empty or failed), as the "
        "camera's log says",
        "sie brach ab, weil der Strom ausfiel (Akku entnommen, leer oder defekt), wie das "
        "Logbuch der Kamera sagt",
    ),
    "battery": (
        "it was broken off because the power went; the camera's log warned of an empty battery "
        "before",
        "sie brach ab, weil der Strom ausfiel; das Logbuch der Kamera warnte vorher vor leerem "
        "Akku",
    ),
    "watchdog": (
        "it was broken off because the camera's program stopped and its watchdog restarted it, as "
        "the camera's log says",
        "sie brach ab, weil das Programm der Kamera stehen blieb und ihr Wächter sie neu "
        "startete, wie das Logbuch der Kamera sagt",
    ),
    "open": (
        "the camera's log ends in the middle of it: the power went, and the camera was not "
        "switched on again before its log was read",
        "das Logbuch der Kamera endet mitten darin: Der Strom fiel aus, und die Kamera wurde vor "
        "dem Auslesen nicht wieder eingeschaltet",
    ),
    "fault": (
        "it was broken off by a fault, as the camera's log says: {fault}",
        "sie brach durch eine Störung ab, wie das Logbuch der Kamera sagt: {fault}",
    ),
    "unknown": (
        "without the camera's log nobody can say whether more had been written",
        "ohne das Logbuch der Kamera kann niemand sagen, ob mehr geschrieben war",
    ),
    "missing": (
        "its end is not on the card",
        "ihr Ende ist nicht auf der Karte",
    ),
}
STOPS = ("button", "dock", "battery_empty", "card_full")  # `why` of the recording's own `stop`

# FORMAT.md section 4, `why` of FAULT.
FAULTS = {
    "card_missing": ("the card was pulled out", "die Karte wurde herausgezogen"),
    "card_full": ("the card was full", "die Karte war voll"),
    "card_error": (
        "the card could no longer be written",
        "die Karte ließ sich nicht mehr beschreiben",
    ),
    "card_foreign": ("another card was in the camera", "eine fremde Karte war in der Kamera"),
    "camera_missing": (
        "the image sensor did not answer",
        "der Bildsensor antwortete nicht",
    ),
    "camera_error": ("the image sensor failed", "der Bildsensor versagte"),
    "display_error": ("the display failed", "die Anzeige versagte"),
    "log_error": (
        "the camera's own memory for its log failed",
        "der eigene Speicher für das Logbuch versagte",
    ),
    "log_full": ("the camera's log was full", "das Logbuch der Kamera war voll"),
    "not_enrolled": (
        "the camera was not enrolled at a station",
        "die Kamera war an keiner Station angemeldet",
    ),
    "crypto_error": ("the encryption failed", "die Verschlüsselung versagte"),
    "firmware": ("the firmware could not start", "die Firmware konnte nicht starten"),
    "battery_empty": ("the battery was empty", "der Akku war leer"),
    "unexpected": ("an error in the camera itself", "ein Fehler in der Kamera selbst"),
}
_UNNAMED = ("one that it does not name", "eine, die es nicht benennt")

# FORMAT.md section 4: what kind of thing an entry of the log says.
ENTRIES = {
    "EPOCH": ("the station began this log", "die Station begann dieses Logbuch"),
    "SEALED_READ": (
        "a key to view, sealed for its owner",
        "ein Schlüssel zum Ansehen, für seinen Inhaber versiegelt",
    ),
    "BOOT": ("switched on or restarted", "eingeschaltet oder neu gestartet"),
    "STAGE": ("another stage", "andere Stufe"),
    "OPEN": ("segment begun", "Segment begonnen"),
    "SEAL": ("segment sealed", "Segment versiegelt"),
    "TORN": ("segment without a seal", "Segment ohne Siegel"),
    "MARK": ("button while recording", "Taste während der Aufnahme"),
    "FAULT": ("fault", "Störung"),
    "WARNING": ("warning", "Warnung"),
    "CLOCK": ("clock set by the station", "Uhr von der Station gestellt"),
    "CARD": ("memory card", "Speicherkarte"),
    "POWER": ("what the camera learned of its battery", "was die Kamera über ihren Akku lernte"),
    "RELEASED": ("segment released by the station", "Segment von der Station freigegeben"),
    "OFF": ("switched off", "ausgeschaltet"),
}

# number: singular and plural of what is counted, in the form in which the sentences want it.
_THINGS = {
    "block": (("block", "blocks"), ("Block", "Blöcken")),
    "second": (("second", "seconds"), ("Sekunde", "Sekunden")),
    "minute": (("minute", "minutes"), ("Minute", "Minuten")),
    "hour": (("hour", "hours"), ("Stunde", "Stunden")),
    "day": (("day", "days"), ("Tag", "Tage")),
    "segment": (("segment", "segments"), ("Segment", "Segmenten")),
    "recording": (("recording", "recordings"), ("Aufnahme", "Aufnahmen")),
    "gap": (("gap", "gaps"), ("Lücke", "Lücken")),
    "picture": (("picture", "pictures"), ("Bild", "Bilder")),
    "page": (("page", "pages"), ("Seite", "Seiten")),
}
_NAMES = {
    "block": (("Block", "Blocks"), ("Block", "Blöcke")),
    "segment": (("segment", "segments"), ("Segment", "Segmente")),
    "entry": (("Entry", "Entries"), ("Eintrag", "Einträge")),
}
_TO = (" to ", " bis ")


def count(number: int, thing: str, language: str = "en") -> str:
    """Return the number with its thing, in the plural where it must be."""
    return f"{number} {_THINGS[thing][LANGUAGES.index(language)][number != 1]}"


def period(seconds: int, language: str = "en") -> str:
    """Return a length of time in its two largest units: `1 hour 5 minutes`."""
    parts, rest = [], seconds
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        number, rest = divmod(rest, size)
        if number or parts or size == 1:
            parts.append((number, unit))
    return " ".join(count(*part, language) for part in parts[:2])


def span(first: int, last: int, thing: str, language: str = "en") -> str:
    """Return `Block 3` or `Blocks 3 to 5`."""
    which = LANGUAGES.index(language)
    name = _NAMES[thing][which][first != last]
    return f"{name} {first}" if first == last else f"{name} {first}{_TO[which]}{last}"


def pick(table: dict, key: str, language: str = "en") -> str:
    """Return the words under a key of a table of (English, German); the key where it is new."""
    return table[key][LANGUAGES.index(language)] if key in table else f"“{key}”"


def ending(ended: "tuple[str, dict]", language: str = "en") -> str:
    """Return how a recording ended, in words that go on after a colon."""
    how, facts = ended
    text = pick(ENDINGS, how, language)
    if how == "fault":
        why = facts.get("why")
        named = pick(FAULTS, why, language) if isinstance(why, str) and why else None
        text = text.format(fault=named or _UNNAMED[LANGUAGES.index(language)])
    if facts.get("utc"):
        text += (", {}", ", {}")[LANGUAGES.index(language)].format(moment(facts["utc"], language))
    return text


def moment(utc: int, language: str = "en") -> str:
    """Return a time in words: `1 June 2026, 06:00:24 UTC`."""
    t = datetime.fromtimestamp(utc, timezone.utc)
    month = _MONTHS[LANGUAGES.index(language)][t.month - 1]
    dot = "." if language == "de" else ""
    return f"{t.day}{dot} {month} {t.year}, {t:%H:%M:%S} UTC"


_MONTHS = (
    "January February March April May June July "
    "August September October November December".split(),
    "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),
)

# A fact that is no word yet: how it is said in a language.
_RENDER = {
    "blocks": lambda fact, language: span(*fact, "block", language),
    "segments": lambda fact, language: (
        count(fact, "segment", language)
        if isinstance(fact, int)
        else span(*fact, "segment", language)
    ),
    "entries": lambda fact, language: span(*fact, "entry", language),
    "pages": lambda fact, language: count(fact, "page", language),
    "count": lambda fact, language: count(fact, "block", language),
    "seconds": lambda fact, language: count(fact, "second", language),
    "gaps": lambda fact, language: count(fact, "gap", language),
    "pictures": lambda fact, language: count(fact, "picture", language),
    "ended": ending,
    "at": lambda fact, language: moment(fact, language),
    "why": lambda fact, language: pick(REASONS, fact, language),
    "began": lambda fact, language: pick(_BEGAN, fact, language),
    "entry": lambda fact, language: (
        "Entry {} of the camera's log ({})",
        "Eintrag {} im Logbuch der Kamera ({})",
    )[LANGUAGES.index(language)].format(fact[0], pick(ENTRIES, fact[1], language)),
}
_BEGAN = {
    "": ("", ""),
    "more": (" One more block had been begun.", " Ein weiterer Block war begonnen."),
}


def sentence(code: str, facts: dict, language: str = "en") -> str:
    """Return what is said of a finding."""
    words = {
        name: _RENDER[name](fact, language) if name in _RENDER else fact
        for name, fact in facts.items()
    }
    if "n" in facts:
        number = facts.get("recording")
        word = ("recording", "Aufnahme")[LANGUAGES.index(language)]
        where = f"egment {facts['n']}" + ("" if number is None else f" ({word} {number})")
        words |= {"Place": "S" + where, "place": ("s" if language == "en" else "S") + where}
    if "blocks" in words:
        words["Blocks"] = words["blocks"]
    return FINDINGS[code][1 + LANGUAGES.index(language)].format(**words)
