"""The procedure: what follows each event of the stage table."""

from micropython import const

from bodycam import log, stages
from bodycam.blocks import BATTERY, STOPPED
from bodycam.controls import Controls
from bodycam.errors import Fault
from bodycam.loop import Loop
from bodycam.power import LOW_PCT
from bodycam.room import Room
from bodycam.signals import Signals
from bodycam.stages import ARMED, DISPLAY_ON, FAULT, IDLE, OFF, RECORDING

_KEYS = const(0)
_EYE = const(1)
_EAR = const(2)
_RECORDER = const(3)
_SIGNALS = const(4)
_LOOK = const(5)
_MIRROR = const(8)

_KEY_MS = const(50)
_IDLE_KEY_MS = const(100)
_WATCH_MS = const(1000)
_SETTLE_MS = const(300)  # after the button has woken the processor
_PROMPT_MS = const(60_000)
_MEND_MS = const(5000)
_MOUNTS = const(3)  # attempts at a card that was put in: contacts bounce
_FACE_MS = const(2000)
_BATTERY_MS = const(4000)

# event: the sequence that is played for it.
_SOUNDS = {
    "show": "tick",
    "record": "start",
    "mark": "mark",
    "ask_stop": "ask",
    "sealed": "stop",
    "fault": "fault",
}

# A card that failed is trusted again when somebody has put it, or another, in; a camera after a
# while, and so is a card in a slot without a switch. The other faults stay until the next boot.
_CARD_FAULTS = ("card_missing", "card_full", "card_error", "card_foreign")
_EYE_FAULTS = ("camera_missing", "camera_error")


class Procedure:
    """One camera at work. `parts` is what app.py joined: see there for its names.

    `step` is the run loop's body.
    """

    def __init__(self, parts, profile, board):
        self.parts = parts
        self.profile = profile
        self._record_ms = 1000 // board.RECORD["fps"]
        self._poll_ms = board.BUTTON.get("poll_ms")  # None: it latches its edges
        self._wakes = board.BUTTON.get("ends_light_sleep", False)  # from light sleep
        clock = self._clock = parts.clock
        self.stages = stages.Stages()
        self.signals = Signals(
            clock,
            profile,
            parts.chips.lamp,
            parts.chips.tone,
            parts.chips.motor,
            parts.chips.blind,
        )
        self.controls = Controls(clock, self.stages, profile, self.gesture)
        self.reason = None  # key of words.FAULTS
        self.warning = parts.chips.warning  # key of words.WARNINGS
        self._since = self._woken = clock.ticks_ms()
        self._card_in = True
        self._mounts = 0
        self._lost = self._dropped = 0
        self._room = Room(parts.card, parts.log)
        self._leaving = None  # event that waits for the seal
        self._battery = None  # as the display shows it
        self.stages.observe(self._follow)
        # By priority; the constants above are places in it.
        services = (
            self._keys,
            self._eye,
            parts.ear.step,
            parts.recorder.step,
            self.signals.step,
            self._look,
            self._watch,
            parts.power.step,
            parts.eye.mirror,
        )
        if parts.dock:
            services += (parts.dock.step,)
        self._loop = Loop(clock, services, self._trouble)
        self.step = self._loop.step

    # Sleep

    def may_sleep(self, cable: bool) -> bool:
        """Return whether nothing has to go on between two turns but what other chips do: `idle`,
        dark and silent, without a cable, and not in the first minute, in which somebody at a
        board whose cable nothing tells may want its prompt.
        """
        return (
            self.stages.stage == IDLE
            and not cable
            and self.signals.silent
            and self._clock.up_ms >= _PROMPT_MS
        )

    def woken(self):
        """The button ended a light sleep: look at it at once, and for a while."""
        self._woken = self._clock.ticks_ms()
        self._loop.hurry(_KEYS)

    # Services

    def _keys(self, now):
        edges = self.parts.chips.button.key_edges()
        busy = self.controls.step(now, edges & 1, edges & 2)
        if self._poll_ms:
            asleep = self._wakes and not busy and self.may_sleep(self.parts.power.cable)
            if asleep and self._clock.diff(now, self._woken) > _SETTLE_MS:
                return _WATCH_MS  # pressed before that, it wakes the processor
            return self._poll_ms
        # The power key latches its edges, so while nothing is under way it may be read less often.
        return _KEY_MS if busy or self.stages.stage != IDLE else _IDLE_KEY_MS

    def _eye(self, now):
        if self._poll_ms and self.controls.waiting and not self.parts.eye.running:
            # The camera's start would hide a second press from a button that latches nothing; and
            # then the camera starts once, to record.
            return self._poll_ms
        wait_ms = self.parts.eye.step(now)
        self._loop.hurry(_MIRROR)  # there may be a picture to show
        return wait_ms

    def _trouble(self, place, error):
        """Take what a service raised."""
        try:
            if place == _RECORDER and not isinstance(error, Fault):
                self.parts.recorder.again(error)
                return
        except Fault as fault:
            error = fault
        if isinstance(error, Fault):
            self.fail(error.reason, error.detail)
        else:
            # A bus that failed outside of card and camera: the service is called again, the
            # officer is told.
            self.warn("microphone_missing" if place == _EAR else "unexpected", str(error))

    def _look(self, now):
        """Keep the display up to date, end one that nobody needs, and cut the supply in `off`."""
        stage = self.stages.stage
        if stage == OFF:
            return self._off(now)
        if stage == DISPLAY_ON or stage == ARMED:
            shown_ms = self._clock.diff(now, self._since)
            if shown_ms >= self.parts.savings.settings["display_timeout_s"] * 1000:
                self.stages.post("timeout")
        self._battery = self._told_battery(now)
        self._show(now)
        return min(_FACE_MS, self.parts.face.step(now))

    def _off(self, now):
        try:
            self._show(now)
            if not self.parts.face.step(now):
                return 0
        except OSError:
            pass  # its light goes with the supply
        self.parts.chips.power_off()
        return 0

    def _told_battery(self, now):
        # It takes rows from the picture: it is shown for a moment, and while it is low.
        power = self.parts.power
        low = power.known and power.percent <= LOW_PCT
        if low or self._clock.diff(now, self._since) < _BATTERY_MS:
            return self.parts.lasting.text(self.stages.stage)

    def _show(self, now):
        self.parts.face.show(
            self.stages.stage,
            now,
            self._clock.diff(now, self._since),
            self.reason,
            self.controls.asking,
            self.warning,
            self._battery,
        )

    def _watch(self, now):
        """Look after the card and after faults that mend."""
        stage = self.stages.stage
        if stage == OFF:
            return _WATCH_MS
        if self.parts.recorder.missed != self._lost:
            self._lost = self.parts.recorder.missed
            self.warn("frames_lost", "%d" % self._lost)
        if self.parts.recorder.ring.dropped != self._dropped:
            self._dropped = self.parts.recorder.ring.dropped
            self.warn("window_short")
        alarm = self._room.alarm()
        if alarm:
            self.warn(alarm)
            self.signals.play("warning")
        present = self.parts.chips.card_present()
        if present is False and self._card_in and stage != FAULT:
            self.fail("card_missing", "pulled")
        if present and not self._card_in:
            self._mounts = _MOUNTS
        self._card_in = present
        if stage == FAULT:
            mends = _EYE_FAULTS if present is not None else _EYE_FAULTS + _CARD_FAULTS
            if self.reason in _CARD_FAULTS and present and self._mounts:
                self._mounts -= 1
                self._mend(now)
            elif self.reason in mends and self._clock.diff(now, self._since) >= _MEND_MS:
                self._mend(now)
        return _WATCH_MS

    def _mend(self, now):
        self._since = now
        try:
            self.parts.mend()
        except Fault as fault:
            if fault.reason != self.reason:
                self.fail(fault.reason, fault.detail)
            return
        self._mounts = 0
        if self.stages.post("mended"):
            self.reason = None

    # Events

    def gesture(self, event: str):
        """Take what the button means: nothing while a recording is being sealed, whose stream
        takes no marker any more.
        """
        if self.stages.stage == RECORDING and not self.parts.recorder.wants_frames():
            return
        if event == "record":
            self._record()
        elif event != "arm" or self.parts.savings.settings["pre_event_s"]:
            self.stages.post(event)

    def _record(self):
        # Room in card and log is known beforehand: a recording that cannot be opened never shows
        # red.
        if (self.stages.stage, "record") not in stages.TABLE:
            return
        if self._room.refusal:
            self.fail(self._room.refusal)
        else:
            self.stages.post("record")

    def sealed(self):
        """The recorder has sealed: leave the stage, and do what waited for it."""
        self.stages.post("sealed")
        event, self._leaving = self._leaving, None
        if event:
            self.stages.post(event)
        elif self._room.refusal:
            self.fail(self._room.refusal)  # said now, not when the next recording is wanted

    def leave(self, event: str, reason: int = STOPPED):
        """Post `event` (`dock`, `battery_empty`) now, or once a running recording is sealed."""
        if self.stages.stage == RECORDING:
            self._leaving = event
            self.parts.recorder.stop(event, reason)
        else:
            self.stages.post(event)

    def undock(self):
        """Leave the dock: the card is looked at again, as at boot. Blocks up to 1.2 s."""
        try:
            self.parts.mend()
        except Fault as fault:
            self.fail(fault.reason, fault.detail)
        else:
            self.stages.post("undock")

    def battery_empty(self):
        """Seal what runs, then switch off."""
        self.leave("battery_empty", BATTERY)

    def battery_low(self, text: str):
        """Warn of what is left: one of power.ALARMS."""
        self.warning = None  # each level is said and entered
        self.warn("battery_low", text)
        self.signals.play("low_battery")

    def saved(self, step, given_up: bool):
        """Put in force, and say, what savings.py has given up or given back."""
        warning, setting, _ = step
        settings = self.parts.savings.settings
        self.parts.face.light(settings["backlight_pct"])
        self._set_clock()
        if given_up:
            self.warn(warning, "%s %d" % (setting, settings[setting]))
            self.signals.play("warning")
        else:
            self._note(log.POWER, {"back": warning})
            self.warning = None if self.warning == warning else self.warning
        if self.stages.stage == ARMED and not settings["pre_event_s"]:
            self.stages.post("timeout")
        elif self.stages.stage == DISPLAY_ON:
            self._look_around()

    def _set_clock(self):
        # Whoever records, or may at any moment have to encode, has the whole processor.
        slow = self.parts.savings.settings["slow_clock"]
        self.parts.chips.slow_clock(slow and self.stages.stage in (IDLE, DISPLAY_ON))

    def _look_around(self):
        mirror_ms = 1000 // self.parts.savings.settings["mirror_fps"]
        self.parts.eye.look(False, mirror_ms, mirror_ms)

    def warn(self, warning: str, detail: str = ""):
        """Show an amber warning (key of words.WARNINGS) and enter it; recording goes on."""
        if warning == self.warning or self.warning and warning == "unexpected":
            return  # what is known more exactly stays
        self.warning = warning
        self._loop.hurry(_LOOK)
        self._note(log.WARNING, {"why": warning, "detail": detail[:40]})
        self.parts.recorder.event({"event": "warning", "why": warning})

    def fail(self, reason: str, detail: str = ""):
        """Go to FAULT with `reason` (key of words.FAULTS): close what can be closed, enter it,
        say it.
        """
        chip = self.parts.chips.forgetful()
        if chip and reason in _CARD_FAULTS + _EYE_FAULTS:
            # Without its supply a card or a camera is silent: the fault is not theirs.
            self.warning, reason, detail = chip, "unexpected", chip + " reset; " + detail
        self.reason = reason
        self._give_up()
        self._note(log.FAULT, {"why": reason, "detail": detail[:48]})
        self._loop.hurry(_LOOK)
        self.stages.post("fault")

    def _give_up(self):
        if self.parts.recorder.busy():
            try:
                self.parts.recorder.abort()
            except Fault as fault:
                self.reason = fault.reason

    def _note(self, code, facts):
        journal = self.parts.log
        if journal.refusal:
            return  # that was said, and must keep nobody from the dock or from switching off
        try:
            journal.note(code, facts)
        except Fault as fault:
            # The log itself is what failed: nothing may be recorded any more, and the display says
            # so.
            self.reason = fault.reason
            self._give_up()
            self.stages.post("fault")

    # What follows a change of stage

    def _follow(self, before, event, after):
        if event in _SOUNDS:
            self.signals.play(_SOUNDS[event])
        self._loop.hurry(_LOOK)
        self._loop.hurry(_SIGNALS)
        recorder = self.parts.recorder
        if before == after:
            if event == "stop":
                recorder.stop("button")
            else:
                recorder.event({"event": event})
                self._note(log.MARK, {"event": event})
            return
        self._since = self._clock.ticks_ms()
        self.parts.power.enter(after)
        self._set_clock()
        if after == RECORDING:
            recorder.start(event)
        self._enter(before, after)
        self._note(log.STAGE, {"from": before, "to": after, "why": event})
        if after == OFF or after == stages.DOCKED:
            self._keep()

    def _keep(self):
        try:
            self.parts.keeper.keep()
        except Fault:
            pass  # who ends has said so already, and the log takes no more

    def _enter(self, before, after):
        self.signals.stage(after)
        if after == RECORDING or after == ARMED:
            self.parts.eye.look(True, self._record_ms, self.parts.mirror_ms())
        elif after == DISPLAY_ON:
            self._look_around()
        else:
            self.parts.eye.close()
        self.parts.ear.listen(after == RECORDING or after == ARMED)
        if before == ARMED and after != RECORDING:
            self.parts.recorder.ring.clear()
        if after == IDLE or after == OFF:
            self.reason = None
        # A stage has changed: every service but the keys decides anew when it is due.
        self._loop.hurry_from(_EYE)
