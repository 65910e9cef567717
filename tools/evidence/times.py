"""Times and lengths in words and in ISO 8601."""

from datetime import datetime, timezone

TRUST = ("clock not set", "the camera's own clock", "clock set by a station")


def iso(utc: "int | None") -> "str | None":
    """Return a time in seconds since 1970 as ISO 8601 in UTC; None where it is none."""
    if type(utc) is not int or not 0 <= utc < 1 << 32:
        return None
    return datetime.fromtimestamp(utc, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def nearest_s(ms: int) -> int:
    """Return a recording's length in whole seconds, as it is told everywhere."""
    return (ms + 500) // 1000


def minutes(ms: int) -> str:
    """Return a length of time as minutes and seconds, or with hours."""
    seconds = ms // 1000
    hours, rest = divmod(seconds, 3600)
    text = f"{rest // 60:02}:{rest % 60:02}"
    return f"{hours}:{text}" if hours else text
