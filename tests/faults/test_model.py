"""Any order of what hands, card, flash and power do: what stands on the card and in the log then
is what an obvious model says.

The model knows nothing of the firmware. It writes down, operation by operation, which entries the
log must have and which pictures and events which recording must hold; the reader says what is.
"""

import json
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from fakes import PowerCut
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)
from modelrig import FREE, PLACES, PRE_EVENT_S, STALL_MS, Rig, SwitchedOff, base

from tools.evidence import layout

EXAMPLES, STEPS = 24, 30
LOSS_MS, BLOCK_BYTES = 300, 16_240
SETTLE_MS = 1300  # the camera looks after its card once a second
LARGE_BYTES = 60_000  # pictures of which a stall can cost some
NEARLY_FULL_BYTES = 2_400_000  # in the last place: some seconds more fill it

# Where a button leads; what is not here does nothing.
BUTTONS = {
    ("idle", "show"): "display_on",
    ("idle", "arm"): "armed",
    ("idle", "off"): "off",
    ("display_on", "hide"): "idle",
    ("display_on", "arm"): "armed",
    ("display_on", "off"): "off",
    ("armed", "hide"): "idle",
    ("armed", "off"): "off",
    ("fault", "off"): "off",
}
# What is pressed, mostly where it does something.
PRESSES = {
    "idle": ("show", "arm", "hide"),
    "display_on": ("show", "hide", "arm"),
    "armed": ("arm", "hide", "mark"),
    "recording": ("mark", "ask_stop", "keep", "show", "off"),
    "fault": ("show", "mark"),
}
WORDS = ("mark", "ask_stop", "keep")  # they change no stage
ALARMS = {FREE - 2: "card_80", FREE - 1: "card_90", FREE: "card_98"}  # by places used
FIRST = PLACES - FREE  # number of the first segment
WINDOW_MS = PRE_EVENT_S * 1000
UNASKED = ("open", "clock", "battery", "warning")  # events that come by themselves
CARD_FAULTS = ("card_missing", "card_full")
NAMES = {
    layout.BOOT: "boot",
    layout.SEALED: "seal",
    layout.TORN: "torn",
    layout.MARK: "mark",
    layout.FAULT: "fault",
}


@dataclass
class Recording:
    """What one recording must hold. Pictures are counted from the first that was ever taken."""

    window: int  # the first that was taken since it was armed
    began: int
    began_ms: int
    events: list = field(default_factory=lambda: ["start"])
    ended: int = 0
    end: str = ""  # seal, torn (the camera closed it), cut
    cut_ms: int = 0
    troubled: bool = False  # the card did not keep up
    crowded: bool = False  # more may have come than the queue holds


class Camera(RuleBasedStateMachine):
    """The camera and, beside it, the model."""

    image = None  # of the card that each begins with

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="model-"))
        self.stage, self.reason = "off", None
        self.card = True
        self.used = 0  # places
        self.log, self.warnings = [], []
        self.recordings = []
        self.armed = 0  # pictures taken before it was armed
        self.opened = 0  # and before the newest segment was opened
        self.alarms = 0  # warnings of earlier boots

    @initialize(seed=st.integers(0, 1 << 30))
    def begin(self, seed):
        self.rig = Rig(self.image, self.folder, seed)
        self.known = len(self.rig.log().entries)

    def teardown(self):
        try:
            if hasattr(self, "rig"):
                if self.stage != "off":
                    self._cut(len(self.log))
                self._compare_card()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    # What is done --------------------------------------------------------------------------

    @rule(data=st.data())
    def act(self, data):
        """Do one thing of those that make sense in this stage."""
        self.draw = lambda some: data.draw(st.sampled_from(some))
        self.number = lambda least, most: data.draw(st.integers(least, most))
        getattr(self, self.draw(CHOICES[self.stage]))()

    def _operations(self, most):
        # Until the power goes; mostly it stays.
        return self.draw((0, 0, 1)) and self.number(1, most)

    def boot(self):
        self._let(100)
        self.rig.cut_in = self._operations(40)
        self.alarms = len(self.warnings)

        def model():
            self.log.append(("boot",))
            if self._open and self.card:
                self._close("torn")
            if not self.card:
                self._fault("card_missing")
            elif self.used >= FREE:
                self._fault("card_full")
            else:
                self._go("boot", "idle")

        self._do(self.rig.boot, model)
        self._let(SETTLE_MS)
        self._alarmed()

    def press(self):
        word = self.draw(PRESSES[self.stage])

        def model():
            after = BUTTONS.get((self.stage, word))
            if after:
                self._go(word, after)
                self.armed = len(self.rig.taken)
            elif self.stage == "recording" and word in WORDS:
                self.log.append(("mark", word))
                self.recordings[-1].events.append(word)

        gesture = self.rig.app.procedure.gesture
        self._do(lambda: gesture(word), model)
        self._let(200)

    def record(self):
        rig, ms = self.rig, self.number(100, 4000)

        def model():
            if self.used >= FREE:
                self._fault("card_full")
                return
            window = self.armed if self.stage == "armed" else len(rig.taken)
            one = Recording(window, len(rig.taken), rig.time.now_ms)
            one.crowded = rig.picture_bytes >= LARGE_BYTES
            one.troubled = rig.time.now_ms < rig.device.stall_until_ms
            self._go("record", "recording")
            self.recordings.append(one)

        self._do(lambda: rig.app.procedure.gesture("record"), model)
        if self.stage == "recording":
            rig.cut_in = self._operations(300)
            self._do(lambda: rig.run(20), lambda: self.log.append(("open",)))
        self._let(ms)
        if ms > SETTLE_MS:
            self._alarmed()

    def wait(self):
        self._let(self.number(100, 6000))

    def scene(self):
        self.rig.picture_bytes = self.draw((2000, 20_000, LARGE_BYTES))
        self.recordings[-1].crowded |= self.rig.picture_bytes == LARGE_BYTES

    def stop(self):
        how = self.draw(("stop", "stop", "stop", "dock", "battery_empty"))
        self.rig.cut_in = self._operations(40)
        rig, procedure = self.rig, self.rig.app.procedure
        acts = {"stop": lambda: procedure.gesture("stop"), "dock": lambda: procedure.leave("dock"),
                "battery_empty": procedure.battery_empty}  # fmt: skip

        def act():
            acts[how]()
            rig.run(2 * STALL_MS, lambda: rig.app.stages.stage != "recording")

        def model():
            self._sealed()
            if how != "stop":
                self._go(how, "docked" if how == "dock" else "off")
            elif self.used >= FREE:
                self._fault("card_full")

        self._do(act, model)

    def put_away(self):
        how = self.draw(("battery_empty", "off", "dock", "dock"))
        if self.stage == "fault" and self.reason not in CARD_FAULTS:
            return  # a card that refuses what is written looks well until it is written to
        procedure = self.rig.app.procedure

        def model():
            after = "docked" if how == "dock" else "off"
            if self.stage != after and not (self.stage == "docked" and how == "off"):
                self._go(how, after)

        act = procedure.gesture if how == "off" else procedure.leave
        self._do(lambda: act(how), model)
        self._let(200)

    def undock(self):
        def model():
            if self._open and self.card:
                self._close("torn")
            if not self.card:
                self._fault("card_missing")
            elif self.used >= FREE:
                self._fault("card_full")
            else:
                self._go("undock", "idle")

        self._do(self.rig.app.procedure.undock, model)
        self._let(200)

    def trouble(self):
        what = self.draw(("stall", "stall", "stall", "refuse", "flash", "flash", "die", "pull"))
        device, one = self.rig.device, self.recordings[-1]
        one.troubled = True
        if what == "stall":
            device.stall_until_ms = self.rig.time.now_ms + self.number(50, STALL_MS)
        elif what == "refuse":
            device.fails = 1
        elif what == "flash":
            self.rig.flash.fails = 1
        elif what == "die":
            device.fails = -1
            self._fail_recording("card_error")
        else:
            device.inserted = self.card = False
            self._fail_recording("card_missing", "card_error")

    def card_out(self):
        """Take it out, if it is in."""
        if not self.card:
            return
        self.rig.device.inserted = self.card = False
        if self.stage in ("off", "fault"):
            self._let(SETTLE_MS)
        else:
            self._do(lambda: self.rig.run(SETTLE_MS), lambda: self._fault("card_missing"))

    def card_in(self):
        """Put it in, anew if it is in."""
        self.card_out()
        device = self.rig.device
        device.inserted = self.card = True
        device.fails, device.stall_until_ms = 0, 0

        def model():
            if self._open and self.stage != "docked":
                self._close("torn")
            if self.stage == "fault" and self.used >= FREE:
                if self.reason != "card_full":
                    self._fault("card_full")
            elif self.stage == "fault":
                self._go("mended", "idle")

        if self.stage != "off":
            self._do(lambda: self.rig.run(3 * SETTLE_MS), model)

    def cut(self):
        self.rig.cut_in = self._operations(200)
        if self.rig.cut_in:
            self._let(self.number(100, 4000))
        if self.stage != "off":
            self._cut(len(self.log))

    # How it is done ------------------------------------------------------------------------

    def _do(self, act, model=lambda: None):
        """Do it to both. When the power goes meanwhile, some of it was done."""
        entries = len(self.log)
        try:
            act()
        except PowerCut:
            model()
            self._cut(entries)
            return
        except SwitchedOff:
            model()
            assert self.stage == "off"
            self.rig.off()
        else:
            model()
        found = self._found_log()
        assert _alike(found, self.log), (found[entries:], self.log[entries:])
        self._adopt(found)

    def _let(self, ms):
        """Let time pass; a place that is nearly full is filled to its end."""
        rig = self.rig
        if self.stage == "off":
            rig.time.now_ms += ms
            if rig.app:
                self._do(lambda: rig.run(100))
            return
        self._do(lambda: rig.run(ms))
        came = sum(row[2] for row in rig.taken[self.opened :])
        last = self.stage == "recording" and self.used == FREE
        if not last or came < NEARLY_FULL_BYTES:
            return
        rig.picture_bytes = max(rig.picture_bytes, 20_000)

        def full():
            self._sealed()
            self._fault("card_full")

        self._do(lambda: rig.run(90_000, lambda: rig.app.stages.stage == "fault"), full)

    def _fail_recording(self, *reasons):
        rig = self.rig

        def model():
            self._ended("torn")
            self._close("torn")
            self._fault(*reasons)

        self._do(lambda: rig.run(5000, lambda: rig.app.stages.stage == "fault"), model)
        self._let(SETTLE_MS)

    def _cut(self, entries):
        # The model has done all of it; the log says how much of it was done.
        self.rig.off()
        found = self._found_log()
        assert len(found) >= entries and _alike(found, self.log[: len(found)]), (found, self.log)
        self._adopt(found)
        self.stage = "off"
        # What has no entry in the log has left nothing.
        del self.recordings[sum(row == ("open",) for row in found) :]
        if self._open and self.recordings[-1].end != "cut":
            self._ended("cut")
            self.recordings[-1].cut_ms = self.rig.time.now_ms

    # The model -----------------------------------------------------------------------------

    @property
    def _open(self):
        """Whether a segment is, as far as the log says."""
        rows = [row for row in self.log if row[0] in ("open", "seal", "torn")]
        return bool(rows) and rows[-1] == ("open",)

    def _go(self, event, after):
        self.log.append(("stage", self.stage, after, event))
        self.stage = after

    def _fault(self, *reasons):
        self.log.append(("fault", reasons))
        if self.stage != "fault":
            self._go("fault", "fault")

    def _close(self, how):
        self.log.append((how,))

    def _ended(self, how):
        one = self.recordings[-1]
        one.end, one.ended = how, len(self.rig.taken)

    def _sealed(self):
        self.recordings[-1].events.append("stop")
        self._ended("seal")
        self._close("seal")
        self._go("sealed", "display_on")

    # What there is -------------------------------------------------------------------------

    def _found_log(self):
        """Return the log's rows as the model writes them; a recording's later segments go on."""
        rows, self.warnings, self.segments = [], [], 0
        for entry in self.rig.log().entries[self.known :]:
            if entry.code in layout.IN_WORDS:
                facts = json.loads(entry.detail)
            if entry.code == layout.STAGE:
                rows.append(("stage", facts["from"], facts["to"], facts["why"]))
            elif entry.code == layout.WARNING:
                self.warnings.append(facts["why"])
            elif entry.code == layout.OPEN:
                n, _, _, _, index = layout.OPEN_DETAIL.unpack(entry.detail)
                assert n == FIRST + self.segments, "a segment's number is not the next one"
                self.segments += 1
                assert not index or rows.pop() == ("seal",)
                if not index:
                    rows.append(("open",))
            else:
                more = {layout.MARK: "event", layout.FAULT: "why"}.get(entry.code)
                rows.append((NAMES[entry.code], facts[more]) if more else (NAMES[entry.code],))
        return rows

    def _adopt(self, found):
        self.log = [(row[0], row[1:]) if row[0] == "fault" else row for row in found]
        faults = [row[1] for row in found if row[0] == "fault"]
        self.reason = faults[-1] if faults else None
        if self.segments != self.used:
            self.used, self.opened = self.segments, len(self.rig.taken)

    def _alarmed(self):
        # A card that is not in tells nothing of its room.
        if self.stage not in ("off", "fault"):
            said = [why for why in self.warnings[self.alarms :] if why.startswith("card_")]
            assert said[-1:] == [ALARMS[self.used]] if self.used in ALARMS else not said

    def _compare_card(self):
        found = self.rig.read()
        assert found is not None, "the reader refuses the card"
        assert len(found.recordings) == len(self.recordings)
        for one, there in zip(self.recordings, found.recordings, strict=True):
            self._compare(one, there)
        verdict = "intact" if all(there.sealed for there in found.recordings) else "torn-tail"
        told = [row for row in found.verdict["findings"] if row["kind"] not in ("note", "torn")]
        assert (found.verdict["verdict"], found.verdict["complete"]) == (verdict, True), told

    def _compare(self, one, there):
        taken = self.rig.taken[one.began : one.ended]
        mine = [row[1] for row in there.frames if not row[2]]
        events = [row["event"] for row in there.events if row["event"] not in UNASKED]
        _part(mine, [row[1] for row in taken], there.lost, one, there)
        _part(events, one.events, there.lost_events, one, there)
        self._compare_window(one, there, bool(mine) or one.end == "seal")
        if one.end == "seal":
            assert there.sealed and there.whole
            assert not there.lost or "frames_lost" in self.warnings
        elif one.end == "cut" and not one.troubled:
            late = [row[2] for row in taken[len(mine) :] if one.cut_ms - row[3] > LOSS_MS]
            assert sum(late[1:]) <= BLOCK_BYTES, "a cut cost more than 300 ms and a block"

    def _compare_window(self, one, there, all_of_it):
        pre = [row[1] for row in there.frames if row[2]]
        held = self.rig.taken[one.window : one.began]
        if not all_of_it:
            return
        assert pre == [row[1] for row in held[len(held) - len(pre) :]]
        ages_ms = [one.began_ms - row[3] for row in held]
        assert all(ms <= WINDOW_MS + 50 for ms in ages_ms[len(held) - len(pre) :])
        due = sum(ms < WINDOW_MS - 50 for ms in ages_ms)
        assert len(pre) >= due or one.crowded


def _alike(found, wanted):
    return len(found) == len(wanted) and all(
        row == want or row[0] == want[0] == "fault" and row[1] in want[1]
        for row, want in zip(found, wanted, strict=True)
    )


def _part(some, all_of_them, lost, one, there):
    """Check that `some` is what must be there of `all_of_them`."""
    if one.crowded:
        rest = iter(all_of_them)
        assert all(row in rest for row in some), "out of order, or never taken"
    else:
        assert not lost and some == all_of_them[: len(some)]
    if one.end == "seal":
        assert 0 <= len(all_of_them) - len(some) <= lost


# What is drawn from, by stage; what leads to more comes more often.
_AWAKE = ("record",) * 5 + ("press",) * 4 + ("wait", "put_away", "card_out", "cut")
CHOICES = {
    "off": ("boot", "boot", "boot", "boot", "card_out", "card_in"),
    "idle": _AWAKE,
    "display_on": _AWAKE,
    "armed": (*_AWAKE, "wait", "record"),
    "recording": ("wait", "wait", "press", "press", "scene", "stop", "stop", "trouble", "cut"),
    "fault": ("card_in", "card_in", "card_in", "press", "wait", "put_away"),
    "docked": ("undock", "undock", "undock", "put_away", "card_out", "card_in", "cut"),
}

# The test --------------------------------------------------------------------------------------


def test_card_and_log_hold_what_the_model_says(tmp_path, full):
    Camera.image = base(tmp_path)
    some = settings(
        max_examples=EXAMPLES * (25 if full else 1),
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # to shrink what was found takes minutes
    )
    run_state_machine_as_test(Camera, settings=some)
