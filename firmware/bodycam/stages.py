"""The de-escalation table: which stage follows which event.

Everything else in the camera follows the stage.

The ladder: the camera is present (idle), the person sees themselves (display_on), a recording runs
(recording). `recording` has one way out to the ladder: the seal is on the card. Dock and low
battery wait for it too.
"""

OFF = "off"
IDLE = "idle"
ARMED = "armed"
DISPLAY_ON = "display_on"
RECORDING = "recording"
DOCKED = "docked"
FAULT = "fault"

STAGES = (OFF, IDLE, ARMED, DISPLAY_ON, RECORDING, DOCKED, FAULT)

# Gestures, then what the camera finds out by itself.
EVENTS = ("show", "hide", "record", "arm", "mark", "ask_stop", "keep", "stop", "off") + (
    "boot",
    "timeout",
    "sealed",
    "dock",
    "undock",
    "battery_empty",
    "fault",
    "mended",
)

# (stage, event): next stage. A pair that is absent is ignored, on purpose.
TABLE = {
    (OFF, "boot"): IDLE,
    (OFF, "fault"): FAULT,
    (IDLE, "show"): DISPLAY_ON,
    (IDLE, "record"): RECORDING,
    (IDLE, "arm"): ARMED,
    (IDLE, "off"): OFF,
    (IDLE, "dock"): DOCKED,
    (IDLE, "battery_empty"): OFF,
    (IDLE, "fault"): FAULT,
    (DISPLAY_ON, "hide"): IDLE,
    (DISPLAY_ON, "timeout"): IDLE,
    (DISPLAY_ON, "record"): RECORDING,
    (DISPLAY_ON, "arm"): ARMED,
    (DISPLAY_ON, "off"): OFF,
    (DISPLAY_ON, "dock"): DOCKED,
    (DISPLAY_ON, "battery_empty"): OFF,
    (DISPLAY_ON, "fault"): FAULT,
    (ARMED, "hide"): IDLE,
    (ARMED, "timeout"): IDLE,
    (ARMED, "record"): RECORDING,
    (ARMED, "off"): OFF,
    (ARMED, "dock"): DOCKED,
    (ARMED, "battery_empty"): OFF,
    (ARMED, "fault"): FAULT,
    (RECORDING, "mark"): RECORDING,
    (RECORDING, "ask_stop"): RECORDING,
    (RECORDING, "keep"): RECORDING,
    (RECORDING, "stop"): RECORDING,
    (RECORDING, "sealed"): DISPLAY_ON,
    (RECORDING, "fault"): FAULT,
    (DOCKED, "undock"): IDLE,
    (DOCKED, "battery_empty"): OFF,
    (DOCKED, "fault"): FAULT,
    (FAULT, "mended"): IDLE,
    (FAULT, "dock"): DOCKED,
    (FAULT, "off"): OFF,
    (FAULT, "battery_empty"): OFF,
}


class Stages:
    """Holds the stage and tells its observers of every event that the table knows."""

    def __init__(self):
        self.stage = OFF
        self._observers = []

    def observe(self, tell):
        """Call `tell(before, event, after)` after each event that counts, also when the stage
        stays.
        """
        self._observers.append(tell)

    def post(self, event: str) -> bool:
        """Take `event`; return whether the table knows it in this stage.

        Raises:
            ValueError: an event that no stage knows.
        """
        after = TABLE.get((self.stage, event))
        if after is None:
            if event not in EVENTS:
                raise ValueError("no such event: " + event)
            return False
        before, self.stage = self.stage, after
        for i in range(len(self._observers)):
            self._observers[i](before, event, after)
        return True
