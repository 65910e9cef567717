"""Joins the services to a board's chips, starts the camera and keeps it running.

Without card, camera or flash log there is no recording: FAULT. Everything else that is missing is
an amber warning, and recording works.
"""

import builtins
import gc
import json
import os
import time

import machine
from cryptolib import aes

from bodycam import VERSION, epoch, headroom, log, profile
from bodycam.blocks import STAGE_BYTES, Sealer
from bodycam.card import Card
from bodycam.chips import Chips
from bodycam.clock import CHIP, Clock
from bodycam.ear import Ear
from bodycam.errors import Fault
from bodycam.eye import Eye
from bodycam.face import join
from bodycam.joins import crc16
from bodycam.keeper import Keeper
from bodycam.lasting import Lasting
from bodycam.power import Power
from bodycam.procedure import Procedure
from bodycam.recorder import Recorder
from bodycam.ring import Ring
from bodycam.savings import Savings
from bodycam.update import Update

urandom = os.urandom

# Whoever has the prompt of an interpreter with a compiler has the camera: not for duty.
unlocked = hasattr(builtins, "exec")

_WATCHDOG_MS = 10_000
_FLUSH_MS = 100  # until the last answer is on the wire
_PROFILE = "/profile.json"


class App:
    """The camera on `board` (a module of boards/) with a profile's `values`; None: those that are
    stored at `profile_path`. `slots` is told when this firmware works; None: it is started without
    them.

    Construction takes about 1 s. Then `run()`, or `start()` and `step()` over and over. `stages`
    is the stage table at work.
    """

    def __init__(self, board, values=None, slots=None, profile_path=_PROFILE):
        self.board = board
        self.slots = slots
        self.clock = Clock(time)
        self.profile_path = profile_path
        self.profile = values or profile.load(profile_path)
        self.collections = 0
        self.watchdog = None  # until it is armed
        if machine.freq() != board.CPU_HZ:
            machine.freq(board.CPU_HZ)
        # The largest memory first, while the heap is in one piece.
        frames = Ring(bytearray(board.RING_BYTES))
        stage = bytearray(STAGE_BYTES)
        self.chips = chips = Chips(board, self.clock, self.profile, stage)
        self.log = log.Log(chips.flash, aes, self.clock)
        self._check_window()
        self._set_clock()
        if unlocked:
            chips.warning = "unlocked"  # before any other: it is what the person in front may know
            chips.troubles.append("unlocked")
        self._kept = b""  # of the epoch before
        self._log_fault = self._fault_of(self._recover)
        self.card = Card(chips.card)
        # The card goes into SPI mode before the display's first traffic: one that has not might
        # answer it.
        self._card_fault = self._fault_of(self.mount)
        chips.set_up_display()
        self.face = join(board, chips.display, self.profile["backlight_pct"])
        self.recorder = self._join_recorder(frames, stage)
        self.eye = Eye(chips.camera, self.recorder, self.clock, self.face.picture)
        self.ear = Ear(chips.microphone, self.recorder, self.clock)
        self._join_power()
        self.update = Update(slots) if slots else None  # takes the dock's UPDATE
        self.dock = self._join_dock()
        self.procedure = Procedure(self, self.profile, board)
        self.stages = self.procedure.stages
        if self.dock:
            self.stages.observe(self.dock.follow)

    def _check_window(self):
        # Seconds before a recording are promised, or there are none.
        values = self.profile
        if values["pre_event_s"] > headroom.window_s(self.board, values["audio"]):
            values["pre_event_s"] = 0
            self.chips.warning = self.chips.warning or "window_refused"
            self.chips.troubles.append("window_refused")

    def _set_clock(self):
        chips = self.chips
        utc_s = chips.attempt("clock_missing", lambda: chips.rtc.unix_s())
        if utc_s is None:
            chips.warning = chips.warning or "clock_unset"
        else:
            self.clock.set_utc(utc_s, CHIP)

    def _recover(self):
        self._kept = epoch.settle(self.chips.flash)
        self.log.recover()

    def _join_recorder(self, frames, stage):
        journal = self.log
        ids = (journal.device_id or bytes(16), journal.card_id or bytes(16))
        hooks = {
            "opening": self._opening,
            "nonce": lambda: urandom(16),
            "sealed": lambda: self.procedure.sealed(),
            "collect": self._collect,
        }
        sealer = Sealer(aes, stage, ids + (journal.epoch, journal.seals))
        return Recorder(frames, self.card, journal, sealer, self.clock, self.profile, hooks)

    def _join_power(self):
        board, chips, clock = self.board, self.chips, self.clock
        hooks = {
            "sample": self._battery_sample,
            "alarm": lambda text: self.procedure.battery_low(text),
            "empty": lambda: self.procedure.battery_empty(),
            "lasts": self._battery_lasts,
        }
        self.savings = Savings(board, self.profile, clock, self._saved)
        table_ua = self.savings.table_ua()
        self.power = Power(chips.gauge, chips.cable_in, clock, board.BATTERY, table_ua, hooks)
        self.keeper = Keeper(self.power, self.savings, self.log, clock, self.profile)
        self.lasting = Lasting(self.power, clock, self.profile)

    def _join_dock(self):
        if "dock" not in self.board.CAPS:
            return None
        from bodycam.dock import Dock  # no memory for it where it is not used

        return Dock(self, crc16, aes, lambda n: urandom(n))

    # What the services ask of the board

    def mount(self):
        """Put the card into service.

        Raises:
            Fault: it is missing, broken, full, or not this camera's.
        """
        if self.chips.card_present() is False:
            raise Fault("card_missing")
        self.card.mount(self.log.card_id)
        if self.card.room(self.log.next_segment, self.log.released) <= 0:
            raise Fault("card_full")

    def mend(self):
        """Put a card into service that was put in later than the camera was started.

        Raises:
            Fault: as `mount`, or nothing can be entered in the log.
        """
        if self.log.refusal:
            raise Fault(self.log.refusal)
        fault = self._fault_of(self.mount)
        fault = self._fault_of(self._close_torn) or fault
        if fault:
            raise fault

    def mirror_ms(self) -> int:
        """Return the milliseconds between mirrored pictures while pictures are encoded too; 0
        for none.
        """
        if "mirror_while_recording" not in self.board.CAPS:
            return 0
        return 1000 // self.board.MIRROR_FPS

    def _battery_sample(self, pct):
        self.recorder.event({"event": "battery", "pct": pct})

    def _battery_lasts(self):
        self.keeper.lasts()

    def _saved(self, step, given_up):
        self.procedure.saved(step, given_up)

    def _collect(self):
        gc.collect()
        self.collections += 1

    def _opening(self, which):
        journal, clock = self.log, self.clock
        facts = {
            "event": "open",
            "recording": which[0],
            "index": which[1],
            "board": self.board.ID,
            "firmware": VERSION,
            "profile": self.profile["name"],
            "log": journal.last_mac.hex(),
            "epoch": journal.epoch,
            "boot": journal.boot,
            "utc": clock.utc_s(),
            "trust": clock.trust,
            "battery_pct": self.power.percent,
            "previous": journal.previous,
        }
        return json.dumps(facts).encode()

    def restart(self):
        """Start anew, once what was sent is on the wire. Does not return."""
        self.clock.sleep_ms(_FLUSH_MS)
        machine.reset()

    # Run

    def _fault_of(self, act):
        try:
            act()
        except Fault as fault:
            return fault
        except OSError as error:
            return Fault("unexpected", error)

    def start(self):
        """Enter the boot in the log, close what a power cut left open, go to `idle` or `fault`."""
        fault = self._log_fault or self._fault_of(self._note_boot)
        fault = fault or self._fault_of(self._close_torn) or self._card_fault
        unfit = self.chips.unfit()
        if unfit:
            fault = Fault(unfit, str(self.chips.troubles))
        if fault:
            self.procedure.fail(fault.reason, fault.detail)
        else:
            self.stages.post("boot")

    def _note_boot(self):
        self.log.boot += 1
        stall_ms = headroom.stall_ms(self.board, self.profile["audio"])
        self.keeper.restore(self._kept)
        facts = {"firmware": VERSION, "cause": machine.reset_cause(), "stall_ms": stall_ms}
        if self.slots:
            facts["release"] = self.slots.status()["number"]
            if self.slots.gave_up:
                self.chips.troubles.append("release %d did not work" % self.slots.gave_up)
        self.log.note(log.BOOT, facts)
        if self._kept:
            self.keeper.keep()
        for trouble in self.chips.troubles:
            self.log.note(log.WARNING, {"why": trouble})
        if self.power.health.facts()["retire"]:
            self.procedure.warn("battery_retire")

    def _close_torn(self):
        # What the last power cut left open is counted and closed in the log as soon as the card is
        # there, also if it is full; nothing on the card is changed.
        journal = self.log
        if journal.torn is None or self.card.card_id != journal.card_id:
            return
        proved = journal.proved_blocks
        blocks = self.card.count_blocks(journal.torn, journal.torn_entry, proved)
        journal.close_segment(log.TORN, journal.torn, blocks)

    def observe(self, tell):
        """Call `tell(before, event, after)` after each event of the stage table."""
        self.stages.observe(tell)

    @property
    def counters(self) -> dict:
        """Since boot: frames `captured` for and `recorded` in recordings, `mirrored` on the
        display.
        """
        return {
            "captured": self.eye.captured,
            "recorded": self.recorder.recorded(),
            "mirrored": self.eye.mirrored,
        }

    def step(self) -> int:
        """Do the most urgent work; return milliseconds to sleep."""
        return self.procedure.step()

    def rest(self, wait_ms: int):
        """Pass `wait_ms` milliseconds until the next turn, in light sleep where nothing has to go
        on meanwhile; less when the button is pressed, on a board where that wakes.
        """
        if not self.procedure.may_sleep(self.power.cable):
            self.clock.sleep_ms(wait_ms)
        elif self.chips.light_sleep(wait_ms):
            self.procedure.woken()

    def run(self):
        """Run for ever; KeyboardInterrupt leaves, and so does what nobody foresaw: main.py.

        The watchdog (10 s) is armed after the first turn, and not while a cable is in: it cannot
        be stopped again for a host that wants the prompt.
        """
        self.start()
        self.step()
        if self.slots and self.procedure.reason != "unexpected":
            self.slots.confirm()
        while True:
            wait_ms = self.step()
            if wait_ms:
                self.rest(min(wait_ms, _WATCHDOG_MS // 2))
            if self.watchdog:
                self.watchdog.feed()
            elif not self.chips.cable_in():
                self.watchdog = machine.WDT(timeout=_WATCHDOG_MS)

    def give_up(self, detail: str):
        """Close what can be closed and enter `detail` in the log: this camera starts anew."""
        self.chips.usb.hold(False)
        self.procedure.fail("unexpected", detail)
