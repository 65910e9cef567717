"""Every word on the front display, as pairs (German, English).

What is drawn large is in capitals: STAGES, and the headlines of FAULTS. tools/glyphs.py draws the
letters that occur here, and only those: run it after a change that adds one.
"""

LANGUAGES = ("de", "en")

# The stage. `idle` and `off` leave the display dark: their words are for captions.
STAGES = {
    "off": ("AUS", "OFF"),
    "idle": ("BEREIT", "PRESENT"),
    "display_on": ("KEINE AUFNAHME", "NOT RECORDING"),
    "armed": ("VORPUFFER AN", "PRE-BUFFER ON"),
    "recording": ("AUFNAHME", "RECORDING"),
    "docked": ("ANGEDOCKT", "DOCKED"),
    "fault": ("STÖRUNG", "FAULT"),
}

# Why the camera cannot record: (headline, what to do) in each language.
FAULTS = {
    "card_missing": (("KARTE FEHLT", "Karte einsetzen"), ("NO CARD", "Insert the card")),
    "card_full": (
        ("KARTE VOLL", "An der Station entladen"),
        ("CARD FULL", "Empty it at the station"),
    ),
    "card_error": (("KARTE DEFEKT", "Karte austauschen"), ("CARD BROKEN", "Replace the card")),
    "card_foreign": (
        ("FREMDE KARTE", "Karte gehört nicht zur Kamera"),
        ("OTHER CARD", "Not this camera's card"),
    ),
    "camera_missing": (
        ("KEINE KAMERA", "Gerät zur Station bringen"),
        ("NO CAMERA", "Take it to the station"),
    ),
    "camera_error": (
        ("KAMERAFEHLER", "Aus- und wieder einschalten"),
        ("CAMERA ERROR", "Switch off and on again"),
    ),
    "display_error": (
        ("ANZEIGE DEFEKT", "Gerät zur Station bringen"),
        ("DISPLAY ERROR", "Take it to the station"),
    ),
    "log_error": (
        ("LOG DEFEKT", "Gerät zur Station bringen"),
        ("LOG ERROR", "Take it to the station"),
    ),
    "log_full": (("LOG VOLL", "An der Station entladen"), ("LOG FULL", "Empty it at the station")),
    "not_enrolled": (
        ("NICHT ERFASST", "An der Station anmelden"),
        ("NOT ENROLLED", "Enrol it at the station"),
    ),
    "crypto_error": (
        ("KRYPTOFEHLER", "Gerät zur Station bringen"),
        ("CRYPTO ERROR", "Take it to the station"),
    ),
    "battery_empty": (("AKKU LEER", "Gerät laden"), ("BATTERY EMPTY", "Charge the device")),
    "firmware": (
        ("STARTFEHLER", "Gerät zur Station bringen"),
        ("START ERROR", "Take it to the station"),
    ),
    "unexpected": (
        ("GERÄTEFEHLER", "Aus- und wieder einschalten"),
        ("DEVICE ERROR", "Switch off and on again"),
    ),
}

# What only degrades, or is worth knowing: one small line; recording works.
WARNINGS = {
    "clock_unset": ("Uhr nicht gestellt", "Clock not set"),
    "clock_missing": ("Uhr fehlt", "No clock"),
    "gauge_missing": ("Akkuanzeige fehlt", "No battery gauge"),
    "tone_missing": ("Ton fehlt", "No sound"),
    "lamp_missing": ("Licht fehlt", "No lamp"),
    "vibration_missing": ("Vibration fehlt", "No vibration"),
    "microphone_missing": ("Mikrofon fehlt", "No microphone"),
    "touch_missing": ("Touch fehlt", "No touch"),
    "battery_low": ("Akku fast leer", "Battery low"),
    "battery_retire": ("Akku tauschen lassen", "Replace the battery"),
    "saves_light": ("Akku: dunkler", "Battery: dimmed"),
    "saves_mirror": ("Akku: Bild langsamer", "Battery: slower mirror"),
    "saves_timeout": ("Akku: kürzer an", "Battery: off sooner"),
    "saves_clock": ("Akku: rechnet langsamer", "Battery: slower chip"),
    "saves_more_light": ("Akku: noch dunkler", "Battery: dimmed again"),
    "saves_armed": ("Akku: kein Vorpuffer", "Battery: no pre-buffer"),
    "card_80": ("Karte zu 80 % voll", "Card 80 % full"),
    "card_90": ("Karte zu 90 % voll", "Card 90 % full"),
    "card_98": ("Karte fast voll", "Card nearly full"),
    "window_short": ("Vorpuffer verkürzt", "Pre-buffer shortened"),
    "window_refused": ("Vorpuffer zu lang", "Pre-buffer too long"),
    "frames_lost": ("Bilder verloren", "Frames lost"),
    "hot": ("Gerät zu heiß", "Device too hot"),
    "restarted": ("Neu gestartet", "Restarted"),
    "unlocked": ("ENTSPERRT: nicht im Dienst", "UNLOCKED: not for duty"),
    "unexpected": ("Gerät prüfen lassen", "Have the device checked"),
}

# A chip without words of its own: its name, in these letters, comes first.
CHIP_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
CHIP_MISSING = (" fehlt", " missing")


def warning_line(warning: str) -> tuple:
    """Return the line of a warning: a key of WARNINGS, or the name of a chip in capitals."""
    if warning.isupper():
        return tuple(warning + text for text in CHIP_MISSING)
    return WARNINGS.get(warning) or WARNINGS["unexpected"]


# How long the battery lasts. %s is a time such as 22:40 or ~22:40, 5 h, or 40 min.
UNTIL = ("bis %s", "until %s")
LEFT = ("noch %s", "%s left")
CHARGING = ("lädt: %d %%", "charging: %d %%")
BATTERY_UNKNOWN = ("Akku: ?", "Battery: ?")

# The question that the second press answers.
ASK_STOP = ("STOPP? NOCHMAL DRÜCKEN", "STOP? PRESS AGAIN")

# What lasting.py writes into the battery text beside the letters above.
BATTERY_CHARS = "0123456789 %,.:+~?hmin<>"
