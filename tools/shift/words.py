"""What a shift is told in: plain words for stages, for parts that draw, and for settings."""

_STAGES = {"idle": "present", "display_on": "display on"}
_PARTS = {
    "base": "always on",
    "sleeping": "light sleep",
    "waiting": "processor waits",
    "waiting_slow": "waits, slow clock",
    "working": "processor works",
    "working_slow": "works, slow clock",
    "sensor_ready": "sensor, ready",
    "lamp_ready": "lamp, dark",
    "lamp": "lamp, lit",
    "motor": "vibration",
}
_SETTINGS = {
    "backlight_pct": "backlight at {} %",
    "mirror_fps": "live picture at {} a second",
    "display_timeout_s": "display off after {} s",
    "pre_event_s": "{} s of pre-event memory",
}


def stage(name: str) -> str:
    """Return a stage in words."""
    return _STAGES.get(name, name)


def part(name: str) -> str:
    """Return a part of a board, one of its CURRENTS_MA, in words."""
    return _PARTS.get(name, name)


def setting(row) -> str:
    """Return a row's `setting` and `value` in words."""
    if row["setting"] == "slow_clock":
        return "slower processor clock"
    return _SETTINGS[row["setting"]].format(row["value"])


def battery(report) -> str:
    """Return the battery of a report, its age and its temperature."""
    aged = f", {report['health_pct']} % of it left by age" if report["health_pct"] < 100 else ""
    return f"{report['battery_mah']} mAh{aged}, at {report['temperature_c']} °C"


def length(hours: float) -> str:
    """Return the length of a script: hours, or minutes or seconds of a short one."""
    if hours >= 1:
        return f"{hours:.1f} hours"
    seconds = round(hours * 3600)
    return f"{seconds // 60} minutes" if seconds >= 120 else f"{seconds} seconds"
