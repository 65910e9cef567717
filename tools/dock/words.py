"""Every sentence that a person at a station reads, in English and German.

Facts that are findings of the evidence reader bring their own two languages.
"""

import re
from typing import NamedTuple

from firmware.bodycam import words as camera

STEPS = {
    "hello": ("finding out who it is", "wird erkannt"),
    "enrol": ("enrolling", "wird angemeldet"),
    "copy": ("copying", "wird kopiert"),
    "verify": ("verifying in the vault", "wird im Archiv geprüft"),
    "custody": ("signing", "wird beurkundet"),
    "release": ("releasing", "wird freigegeben"),
    "selftest": ("self-test", "Selbsttest"),
    "epoch": ("new keys, clock", "neue Schlüssel, Uhr"),
    "update": ("updating the firmware", "Programm wird erneuert"),
    "done": ("done", "fertig"),
}

# Why something is not yet safe: what is so, and what to do.
UNSAFE = {
    "link": (
        "{error} What was not copied is still on the camera.",
        "{error} Was nicht kopiert wurde, ist noch auf der Kamera.",
    ),
    "busy": (
        "The camera is recording, or shows a person the display. End that, then dock it again.",
        "Die Kamera nimmt auf oder zeigt jemandem das Bild. Beenden, dann neu in die Station "
        "stellen.",
    ),
    "refused": (
        "The camera refused (code {rc}). Nothing that is not in the vault was erased; try again, "
        "or read its card.",
        "Die Kamera lehnt ab (Code {rc}). Nichts wurde gelöscht, was nicht im Archiv ist; noch "
        "einmal versuchen oder die Karte auslesen.",
    ),
    "stranger": (
        "Keys do not fit: {error}. Nothing that is not in the vault was erased. Keep this camera "
        "apart and tell whoever is in charge of evidence.",
        "Die Schlüssel passen nicht zur Kamera. Nichts wurde gelöscht, was nicht im Archiv ist. "
        "Kamera gesondert verwahren und die Stelle für Beweismittel verständigen.",
    ),
    "vault": (
        "The vault failed: {error}. Nothing was erased that was not in it; dock the camera again "
        "when the vault works.",
        "Das Archiv arbeitet nicht richtig: {error}. Nichts wurde gelöscht, was nicht darin war; "
        "neu andocken, wenn das Archiv wieder geht.",
    ),
    "station": (
        "This station cannot go on: {error}. Nothing that is not in the vault was erased.",
        "Diese Station kann nicht weiterarbeiten: {error}. Nichts wurde gelöscht, was nicht im "
        "Archiv ist.",
    ),
    "unforeseen": (
        "This station stopped at what nobody foresaw ({error}). Nothing that is not in the vault "
        "was erased. Dock it again; if that does not help, read its card.",
        "Diese Station hielt bei etwas an, das niemand vorhersah ({error}). Nichts wurde "
        "gelöscht, was nicht im Archiv ist. Neu andocken; hilft das nicht, die Karte auslesen.",
    ),
    "no_check": (
        "This station has no keys for camera {camera}, epoch {epoch}: its recordings are copied, "
        "nothing is released. Dock it at its own station, or bring the keys here (`keys import`).",
        "Diese Station hat keine Schlüssel für Kamera {camera}, Epoche {epoch}: Ihre Aufnahmen "
        "sind kopiert, nichts ist freigegeben. An ihrer Station andocken oder die Schlüssel "
        "herbringen (`keys import`).",
    ),
    "not_enrolled": (
        "This camera is not enrolled and records nothing. If it is new: `dock --enrol NAME`. If "
        "it was in use, read its card first.",
        "Diese Kamera ist nicht angemeldet und nimmt nichts auf. Ist sie neu: `dock --enrol "
        "NAME`. War sie in Gebrauch, zuerst die Karte auslesen.",
    ),
    "no_card": (
        "There is no card in the camera that was prepared for it. Put one in (`card new`).",
        "In der Kamera steckt keine vorbereitete Karte. Eine einsetzen (`card new`).",
    ),
    "other_card": (
        "The card in the camera is not the one it recorded on, and of that one the vault lacks "
        "segments, or has them damaged ({count}): {numbers}. Put that card back, or read it with "
        "`vault add`, and dock again. Only when it is lost for good: `dock --port {port} "
        "--card-lost`.",
        "In der Kamera steckt nicht die Karte, auf die sie aufgenommen hat, und von dieser "
        "fehlen dem Archiv Segmente oder sind dort beschädigt ({count}): {numbers}. Diese Karte "
        "wieder einsetzen oder mit `vault add` auslesen und neu andocken. Nur wenn sie endgültig "
        "verloren ist: `dock --port {port} --card-lost`.",
    ),
    "card_lost": (
        "Segments lost or damaged with the card that was given up ({count}): {numbers}. The "
        "camera goes on "
        "with its new card. If the other one is found, read it with `vault add`.",
        "Mit der aufgegebenen Karte verloren oder beschädigt ({count} Segmente): {numbers}. Die "
        "Kamera "
        "arbeitet mit ihrer neuen Karte weiter. Findet sich die andere, sie mit `vault add` "
        "auslesen.",
    ),
    "others_card": (
        "The card in the camera is another camera's. Nothing was changed: put the right card "
        "back, or an empty one (`card new`).",
        "Die Karte in der Kamera gehört einer anderen Kamera. Nichts wurde verändert: die "
        "richtige einsetzen, oder eine leere (`card new`).",
    ),
    "found_card": (
        "The card in the camera is one that was given up as lost. Take it out, read it with "
        "`vault add`, and put the right card back, or an empty one (`card new`).",
        "Die Karte in der Kamera wurde als verloren aufgegeben. Herausnehmen, mit `vault add` "
        "auslesen und die richtige einsetzen, oder eine leere (`card new`).",
    ),
    "all_bad": (
        "Nothing was released: {what}",
        "Nichts wurde freigegeben: {what}",
    ),
    "segment_bad": (
        "Recording {recording} was copied and not released: {what} Put the card into a reader and "
        "run `card salvage`.",
        "Aufnahme {recording} wurde kopiert und nicht freigegeben: {what} Die Karte in ein "
        "Lesegerät stecken und `card salvage` ausführen.",
    ),
    "differs": (
        "Recording {recording}: the camera's card holds something else than the vault. Both are "
        "kept; keep the card.",
        "Aufnahme {recording}: Auf der Karte der Kamera steht etwas anderes als im Archiv. Beides "
        "bleibt erhalten; die Karte aufbewahren.",
    ),
    "not_erased": (
        "Recording {recording} is safe in the vault, but the camera could not erase it (code "
        "{rc}). Dock it again; if that does not help, change the card.",
        "Aufnahme {recording} ist sicher im Archiv, aber die Kamera konnte sie nicht löschen "
        "(Code {rc}). Neu andocken; hilft das nicht, die Karte wechseln.",
    ),
    "log_full": (
        "The camera's log is full. Everything is safe in the vault, but not yet released; put "
        "right what is named here, then dock it again.",
        "Das Logbuch der Kamera ist voll. Alles ist sicher im Archiv, aber noch nicht "
        "freigegeben; beheben, was hier steht, dann neu andocken.",
    ),
    "earlier_keys": (
        "{count} segments from {first} on are of epoch {epoch}, for which this station has no "
        "keys: they are copied and stay on the camera. Bring the keys here (`keys import`).",
        "{count} Segmente ab {first} sind aus Epoche {epoch}, für die diese Station keine "
        "Schlüssel hat: Sie sind kopiert und bleiben auf der Kamera. Die Schlüssel herbringen "
        "(`keys import`).",
    ),
    "earlier_log": (
        "{count} segments from {first} on are of epoch {epoch}, whose log this vault does not "
        "have from a station known here: they are copied and stay on the camera. Name the vault "
        "that was used then.",
        "{count} Segmente ab {first} sind aus Epoche {epoch}, deren Logbuch in diesem Archiv von "
        "keiner hier bekannten Station liegt: Sie sind kopiert und bleiben auf der Kamera. Das "
        "damals benutzte Archiv angeben.",
    ),
    "earlier_lost": (
        "Segment {n} of an earlier epoch cannot be read on the camera. Put its card into a reader "
        "and run `card salvage`.",
        "Segment {n} aus einer früheren Epoche ist auf der Kamera nicht lesbar. Die Karte in ein "
        "Lesegerät stecken und `card salvage` ausführen.",
    ),
    "elsewhere": (
        "Segment {n} was released at an earlier docking and is not in this vault. Name the vault "
        "that was used then.",
        "Segment {n} wurde bei einem früheren Andocken freigegeben und ist nicht in diesem "
        "Archiv. Das damals benutzte Archiv angeben.",
    ),
    "interrupted": (
        "Interrupted. What was not copied is still on the camera; dock it again.",
        "Unterbrochen. Was nicht kopiert wurde, ist noch auf der Kamera; neu andocken.",
    ),
}

# Why a camera cannot be talked to.
LINK = {
    "closed": (
        "{port} cannot be opened: put the camera into the dock again, and close what else uses "
        "the port.",
        "{port} lässt sich nicht öffnen: Kamera neu in die Station stellen und schließen, was den "
        "Anschluss sonst benutzt.",
    ),
    "silent": (
        "The camera on {port} does not answer: put it into the dock again and look at cable and "
        "plug.",
        "Die Kamera an {port} antwortet nicht: neu in die Station stellen, Kabel und Stecker "
        "ansehen.",
    ),
    "no_camera": (
        "What answers on {port} is no camera of ours: unplug it, or name the camera's port.",
        "Was an {port} antwortet, ist keine Kamera von uns: abziehen, oder den Anschluss der "
        "Kamera angeben.",
    ),
    "nonsense": (
        "What the camera on {port} answers makes no sense: dock it again; if that does not help, "
        "read its card.",
        "Was die Kamera an {port} antwortet, ergibt keinen Sinn: neu andocken; hilft das nicht, "
        "die Karte auslesen.",
    ),
    "restart": (
        "The camera on {port} has not come back after its restart: put it into the dock again. It "
        "records on with the keys and the firmware that it had, and nothing is lost.",
        "Die Kamera an {port} ist nach ihrem Neustart nicht zurückgekommen: neu in die Station "
        "stellen. Sie nimmt mit den Schlüsseln und dem Programm weiter auf, die sie hatte; "
        "verloren ist nichts.",
    ),
}

WARNINGS = {
    "clock_behind": (
        "This computer's clock is behind its own custody chain ({newest} UTC): the camera's clock "
        "was not set. Set this computer's; if it is right, say `--clock-right`.",
        "Die Uhr dieses Rechners geht hinter dem eigenen Verwahrprotokoll ({newest} UTC) nach: "
        "Die der Kamera wurde nicht gestellt. Den Rechner stellen; stimmt er, `--clock-right`.",
    ),
    "clock_ahead": (
        "This computer's clock is more than two years ahead of its own custody chain ({newest} "
        "UTC): the camera's clock was not set. Set this computer's; if it is right, say "
        "`--clock-right`.",
        "Die Uhr dieses Rechners ist dem eigenen Verwahrprotokoll ({newest} UTC) um mehr als zwei "
        "Jahre voraus: Die der Kamera wurde nicht gestellt. Den Rechner stellen; stimmt er, "
        "`--clock-right`.",
    ),
    "enrolled": (
        "This camera is enrolled already: --enrol changed nothing, and it keeps its name.",
        "Diese Kamera ist schon angemeldet: --enrol änderte nichts, ihr Name bleibt.",
    ),
    "card_there": (
        "The camera has the card that it recorded on: --card-lost changed nothing.",
        "In der Kamera ist die Karte, auf die sie aufgenommen hat: --card-lost änderte nichts.",
    ),
    "slow": (
        "USB brings {usb} KB a second and the camera records {recording}: less than twice as "
        "much. Look at cable and hub.",
        "USB liefert {usb} KB je Sekunde, aufgenommen werden {recording}: weniger als das "
        "Doppelte. Kabel und Verteiler ansehen.",
    ),
    "no_stamp": (
        "The custody entry has no time stamp yet: {error}. The next docking stamps it too.",
        "Der Eintrag im Verwahrprotokoll hat noch keinen Zeitstempel: {error}. Der nächste "
        "Vorgang stempelt ihn mit.",
    ),
    "camera": ("The camera says: {reason}.", "Die Kamera meldet: {reason}."),
    "update_board": (
        "The release is for {board}: this camera was not updated.",
        "Die Ausgabe ist für {board}: Diese Kamera wurde nicht erneuert.",
    ),
    "update_none": (
        "This camera takes no updates from a dock: use `flash`.",
        "Diese Kamera nimmt keine Erneuerung über die Station an: `flash` benutzen.",
    ),
    "update_refused": (
        "The camera does not take release {number}: {why}. It works on with what it had.",
        "Die Kamera nimmt Ausgabe {number} nicht an ({why}). Sie arbeitet mit dem weiter, was sie "
        "hatte.",
    ),
    "update_failed": (
        "Release {number} was not kept: the camera works on with what it had.",
        "Ausgabe {number} hat sich nicht bewährt: Die Kamera arbeitet mit dem weiter, was sie "
        "hatte.",
    ),
    "retire": (
        "The battery is worn out, have it changed: charged {cycles} times, {fade_pct} % less "
        "capacity, {resistance_pct} % of a new one's resistance, full and hot for {hot_full_h} h.",
        "Der Akku ist verbraucht und muss getauscht werden: {cycles}-mal geladen, {fade_pct} % "
        "weniger Kapazität, {resistance_pct} % des Widerstands eines neuen, {hot_full_h} h voll "
        "und heiß.",
    ),
    "resets": (
        "The camera's watchdog has restarted it {count} times since it was last docked.",
        "Die Kamera ist seit dem letzten Andocken {count}-mal von ihrem Wächter neu gestartet "
        "worden.",
    ),
    "lost": (
        "The camera lost {count} pictures since it was switched on.",
        "Die Kamera hat seit dem Einschalten {count} Bilder verloren.",
    ),
}

WAITING = (
    "Waiting for a camera to be plugged in; Ctrl-C ends.",
    "Warten, bis eine Kamera angesteckt wird; Strg-C beendet.",
)

CLOSING = {
    "safe": (
        "{name}: {recordings}, all safe in the vault and released.",
        "{name}: {recordings}, alles sicher im Archiv und freigegeben.",
    ),
    "empty": (
        "{name}: nothing was recorded; ready.",
        "{name}: nichts aufgenommen; bereit.",
    ),
    "not": ("{name}: NOT YET SAFE", "{name}: NOCH NICHT SICHER"),
    "none": ("No camera was docked.", "Keine Kamera angedockt."),
    "demo": (
        "Viewing keys lie in this station's folder. That is for demonstrations only: in service "
        "they never come near a station.",
        "In den Ordnern dieser Station liegen Schlüssel zum Ansehen. Das ist nur zur Vorführung: "
        "Im Dienst kommen sie nie in die Nähe einer Station.",
    ),
}


class Recordings(NamedTuple):
    """So many recordings."""

    count: int

    def say(self, language: str) -> str:
        """Return the number with its word."""
        words = {"en": ("recording", "recordings"), "de": ("Aufnahme", "Aufnahmen")}
        return f"{self.count} {words[language][self.count != 1]}"


# How the firmware notes a part that its board does not have, and who asked it for something.
_MISSING = re.compile(r"(?:\[Errno \d+\] (?:[A-Z]+: )?)?(\w+): missing")


class Reason(NamedTuple):
    """Why a camera cannot record, or what it warns of: a key of its words, or its own text."""

    key: str

    def say(self, language: str) -> str:
        """Return what the camera's display says, of a part that is missing too; else the text."""
        missing = _MISSING.fullmatch(self.key)
        key = f"{missing[1]}_missing" if missing else self.key
        pair = camera.FAULTS.get(key) or camera.WARNINGS.get(key)
        if not pair and (missing or key.isupper()):
            pair = camera.warning_line((missing[1] if missing else key).upper())
        pair = pair or [self.key] * 2
        line = pair[camera.LANGUAGES.index(language)]
        return line if isinstance(line, str) else ": ".join(line)


def say(pair: "tuple[str, str]", facts: dict) -> dict:
    """Return {"en", "de"}: a pair of sentences with their facts in them. What would drive a
    terminal or begin another line comes out as a question mark: a camera may have said it.
    """
    return {
        language: one_line(
            words.format_map({key: _fact(fact, language) for key, fact in facts.items()})
        )
        for language, words in zip(("en", "de"), pair)
    }


def one_line(text: str) -> str:
    """Return a text with a question mark for all that drives a terminal or ends a line."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _fact(fact, language):
    return fact.say(language) if hasattr(fact, "say") else fact
