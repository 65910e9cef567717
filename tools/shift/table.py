"""What the board file expects of each stage, as the firmware reckons it."""

SETTINGS = {"backlight_pct": 80, "mirror_fps": 5, "slow_clock": False}


def table_ma(about, settings=None):
    """Return {stage: milliampere} by the board file's CURRENTS_MA."""
    from tools.glyphs import of_firmware

    currents = of_firmware("currents")
    return {
        stage: currents.stage_ua(about.CURRENTS_MA, stage, settings or SETTINGS) / 1000
        for stage in currents.STAGES
    }
