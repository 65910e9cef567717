"""The use profile: what law, station and officer allow, with ranges.

The camera keeps one as /profile.json.

Defaults are those of municipal order services in North Rhine-Westphalia: § 15c PolG NRW names no
pre-recording, so it is zero, and sound is off.
"""

import json
import os

# name: (default, lowest, highest); booleans have no range.
RANGES = {
    "pre_event_s": (0, 0, 120),
    "audio": (False, None, None),
    "display_timeout_s": (600, 30, 3600),
    "remind_s": (120, 30, 600),
    "double_ms": (350, 250, 600),
    "hold_ms": (3000, 2000, 5000),
    "off_ms": (6000, 5000, 9000),
    "confirm_ms": (5000, 3000, 10000),
    "flush_ms": (250, 100, 1000),
    "mirror_fps": (5, 1, 15),
    "backlight_pct": (80, 10, 100),
    "tone_pct": (70, 0, 100),
}

# What differs from the defaults, by profile.
PROFILES = {
    "nrw_order_service": {},
    "pre_event_30s": {"pre_event_s": 30},
    "sound": {"audio": True},
}

DEFAULT = "nrw_order_service"


def make(name: str = DEFAULT, changes: "dict | None" = None) -> dict:
    """Return the values of profile `name` with `changes` applied, and its name under "name".

    Raises:
        ValueError: an unknown profile or setting, or a value out of its range; the text names it.
    """
    if name not in PROFILES:
        raise ValueError("unknown profile %s; known: %s" % (name, ", ".join(sorted(PROFILES))))
    values = {key: row[0] for key, row in RANGES.items()}
    values.update(PROFILES[name])
    values.update(changes or {})
    for key, value in values.items():
        if key not in RANGES:
            raise ValueError("profile %s: unknown setting %s" % (name, key))
        default, lowest, highest = RANGES[key]
        if type(value) is not type(default):
            raise ValueError("profile %s: %s must be %s" % (name, key, type(default).__name__))
        if lowest is not None and not lowest <= value <= highest:
            raise ValueError(
                "profile %s: %s is %d, not within %d to %d" % (name, key, value, lowest, highest)
            )
    values["name"] = name
    return values


def load(path: str) -> dict:
    """Return the profile stored at `path` as {"name", "changes"}; the default one when there is
    no file.

    Raises:
        ValueError: the file is not a profile.
    """
    try:
        with open(path) as file:
            stored = json.load(file)
    except OSError:
        return make()
    return make(stored.get("name", DEFAULT), stored.get("changes"))


def store(path: str, text: str):
    """Keep `text`, which `make` has accepted, at `path`: as a whole, or the old one stays.

    Raises:
        OSError: the file system failed.
    """
    with open(path + ".new", "w") as file:
        file.write(text)
    os.rename(path + ".new", path)
