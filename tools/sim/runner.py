"""One run of the firmware in the simulated world: from the script's first act to its end.

Runs on all three interpreters. Something outside (headless.py, wasm_host.mjs, the page) makes a
`Run` and calls `slice()` until it returns False, because MicroPython's WebAssembly port frees
memory only between two calls into Python.

The firmware is used as it is copied to a camera; only the names `time`, `gc` and `urandom` of
`bodycam.app` are replaced. What the interpreter's own work costs in virtual time is stated in
README.md beside this file.
"""

import hashlib
import json
import sys
import time

from tools.sim.wiring import Camera
from tools.sim.world import PowerCut, Reset, ScriptEnd, World

_TICKS_MASK = 0x3FFFFFFF
_TICKS_AT_BOOT = 0x40000000 - 1000  # one second before ticks wrap, on every boot
_SLICE_STEPS = 5000  # a few megabytes of garbage at most
_PICTURES_PER_STAGE = 3
_SEAL_LIMIT_MS = 15_000  # how long `end` waits for a recording to be sealed
_SETTLE_MS = 1000  # and then for the display to show it
_HOLD_MARGIN_MS = 200
_TRACK_MS = 60_000
_CONFIRM_AFTER_MS = 1000


class Time:
    """The module `time`, in virtual time. Ticks wrap as on the camera."""

    def __init__(self, world, call_us):
        self._world = world
        self._call_us = call_us
        self.boot()
        if hasattr(time, "ticks_add") and time.ticks_add(_TICKS_MASK, 1) == 0:
            # This interpreter's ticks wrap as the camera's: its own functions are quicker.
            self.ticks_diff = time.ticks_diff
            self.ticks_add = time.ticks_add

    def boot(self):
        """Let the ticks begin anew."""
        # Below zero, so that the sum is a small integer: an interrupt asks with a locked heap.
        self._offset_ms = _TICKS_AT_BOOT - self._world.ms - _TICKS_MASK - 1

    def ticks_ms(self):
        """Return a wrapping count of milliseconds."""
        world = self._world
        us = world.us + self._call_us
        if us < 1000:
            world.us = us
        else:
            world.charge(self._call_us)
        return (self._offset_ms + world.ms) & _TICKS_MASK

    def ticks_us(self):
        """Return a wrapping count of microseconds."""
        world = self._world
        world.charge(self._call_us)
        return ((self._offset_ms + world.ms) * 1000 + world.us) & _TICKS_MASK

    def ticks_diff(self, a, b):
        """Return `a` - `b`, of ticks less than half a period apart. Costs nothing."""
        return ((a - b + 0x20000000) & _TICKS_MASK) - 0x20000000

    def ticks_add(self, ticks, delta):
        """Return ticks `delta` later. Costs nothing."""
        return (ticks + delta) & _TICKS_MASK

    def sleep_ms(self, ms):
        """Sleep."""
        self._world.charge(self._call_us)
        if ms > 0:
            self._world.energy.waited_ms += ms
            self._world.sleep(ms)

    def sleep_us(self, us):
        """Sleep."""
        self._world.charge(self._call_us + max(0, us))


class GC:
    """The module `gc`: a collection costs virtual time, and nothing is collected here.

    The interpreter collects by itself when its own heap is full; that is not the camera's heap.
    """

    def __init__(self, world, gc_us):
        self._world = world
        self._gc_us = gc_us

    def collect(self):
        """Let the time of one collection pass."""
        self._world.charge(self._gc_us)

    def enable(self):
        """Do nothing."""

    def disable(self):
        """Do nothing."""

    def threshold(self, n=-1):
        """Do nothing."""


class Run:
    """One run. `config` is what headless.py writes:

    `board` `profile` `changes` `battery` `seed`, `acts` as script.parse() gives them, `clip` (a
    prepared folder),
    `card` (an image), `camera` (the camera's own files), `out` (for pictures and the result).
    """

    def __init__(self, host, config):
        self.config = config
        self.more = True
        self.error = ""
        self._board = __import__("boards." + config["board"], None, None, ("ID",))
        self.world = World(self._board, config["seed"], config.get("battery"))
        self.world.on("cut", self._cut)  # before the chips hear of it
        self.camera = Camera(self.world, self._board, host, config)
        self._host = host
        self._app = None
        self._booting = self._ending = False
        self._boots = 0
        self._stages = []
        self._frames = {"captured": 0, "recorded": 0, "mirrored": 0}
        self._collections = 0
        self._pictures = []
        self._look = False  # whether to keep what is seen when the firmware's turn ends
        self._kept = None  # row of the result
        self._visits = {}
        self._presses = [0, 0]  # when the button last went down, the newest last
        self._delays = []
        # [second, charge in 1/100 %, stage, steps given up, minutes, percent, what is shown]
        self._track = []
        self._awaited = None  # what was known when a recording began, until its first picture
        self._draws = 0
        costs = self._board.COSTS
        self._step_us = costs["step_us"]
        # How many times as long the same bytecode takes at the slow clock.
        self._slower = self._board.CPU_HZ // getattr(self._board, "SLOW_HZ", self._board.CPU_HZ)
        self._time = Time(self.world, costs["call_us"])
        self._gc = GC(self.world, costs["gc_us"])
        self.world.on("boot", self._boot_soon)
        self.world.on("key", self._key)
        self.world.on("expect", self._expect)
        self.world.on("end", self._end)
        self.world.load(config["acts"])
        if config.get("battery") is not None:
            self._follow_battery()

    def stay_off(self, ms):
        """Pass `ms` milliseconds with the camera off."""
        self.world.sleep(ms)

    def doze(self, ms):
        """Let the camera pass `ms` milliseconds until its next turn."""
        self._app.rest(ms)

    def tell(self, stage):
        """Tell of a change of stage as it happens."""
        print("!", json.dumps(stage))

    def slice(self, ms, steps=_SLICE_STEPS):
        """Run for `ms` milliseconds of virtual time; return whether the run goes on.

        It ends earlier after `steps` steps of the firmware.
        """
        until_ms = self.world.ms + ms
        self._steps = steps
        try:
            while self.more and self._steps > 0 and self.world.ms < until_ms:
                if self._app is None:
                    self._rest(until_ms)
                else:
                    self._work(until_ms)
        except PowerCut:
            self._power_off("cut")
        except Reset as reset:
            self._power_off("reset")
            self.camera.mcu.reset_cause = reset.args[0]
            self._booting = True
        except ScriptEnd as end:
            self._finish(str(end))
        return self.more

    def result(self):
        """Return what happened, as `sim --json` gives it, without the time on the wall."""
        counts = self._frames
        card = self.camera.card_store
        return {
            "board": self.config["board"],
            "profile": self.config["profile"],
            "seed": self.config["seed"],
            "stages": self._stages,
            "frames": {
                "captured": counts["captured"],
                "recorded": counts["recorded"],
                "dropped": counts["captured"] - counts["recorded"],
                "mirrored": counts["mirrored"],
            },
            "card": {
                "blocks_written": card.blocks if card else 0,
                # Counted on the wire: what was accepted in `recording` may be programmed after it.
                "bytes_written_outside_recording": self._bytes_outside(),
            },
            "gc_collections_while_recording": self._collections,
            "battery_pct": self.world.battery_pct(),
            "energy": self.world.energy.result(),
            "track": self._track,
            "virtual_ms": self.world.ms,
            "boots": self._boots,
            "pictures": self._pictures,
            "delays": self._delays,
            "error": self.error,
        }

    def _bytes_outside(self):
        chip = self.camera.card_chip
        return chip.sectors_outside * 512 if chip else 0

    # Power

    def _boot_soon(self):
        if self._app is None:
            self._booting = True

    def _rest(self, until_ms):
        world = self.world
        if self._ending:
            self._finish("")
        elif self._booting:
            self._booting = False
            self._boot()
        else:
            self.stay_off(max(0, min(until_ms, world.next_ms) - world.ms))

    def _boot(self):
        world = self.world
        self._time.boot()
        self.camera.power_on()
        self._boots += 1
        world.charge(self._board.COSTS["boot_us"])
        import bodycam.app as firmware
        from bodycam.profile import make

        firmware.time = self._time
        firmware.gc = self._gc
        firmware.urandom = self._urandom
        firmware.unlocked = self.config.get("unlocked", False)
        folder = self.config["camera"] or self.config["out"]
        values = make(self.config["profile"], self.config.get("changes"))
        self._app = firmware.App(self._board, values, profile_path=folder + "/profile.json")
        self._app.observe(self._staged)
        self._app.start()

    def _cut(self):
        self._switched_off("cut")

    def _switched_off(self, event):
        before = self.world.stage
        if before != "off":
            # The firmware's own way to `off` ends in the power manager, before it tells of it.
            own = self._app.stages.stage == "off"
            self._staged(before, "off" if own else event, "off")

    def _power_off(self, event):
        self._switched_off(event)
        self._tally()
        self.camera.power_off()
        self.camera.mcu.reset_cause = 1

    def _work(self, until_ms):
        world = self.world
        step = self._app.step
        while self._steps > 0 and world.ms < until_ms:
            self._steps -= 1
            wait_ms = step()
            self._charge_step()
            if wait_ms > 0:
                self.doze(wait_ms)
            if self._looked_after():
                return

    def _looked_after(self):
        # Notes what there is to note after a turn; returns whether the run is over.
        if self._awaited and self._app.counters["recorded"] != self._awaited[0]:
            self._note_delay()
        if self._look:
            self._look = False
            self._keep_picture(self.world.stage)
        if self._ending and self.world.ms >= self._end_ms:
            self._finish("")
            return True
        return False

    def _charge_step(self):
        slower = self._slower if self.world.energy.slow else 1
        self.world.charge(self._step_us * slower)

    def _urandom(self, n):
        out = b""
        while len(out) < n:
            self._draws += 1
            text = "%d %d" % (self.config["seed"], self._draws)
            out += hashlib.sha256(text.encode()).digest()
        return out[:n]

    # What is seen of the firmware

    def _staged(self, before, event, after):
        stage = {"t_ms": self.world.ms, "from": before, "event": event, "to": after}
        if before != after:
            if after == "fault":
                stage["reason"] = self._app.procedure.reason
            self._stages.append(stage)
            self.tell(stage)
            self._leave_picture(before)
            self.world.enter(after)
            if self._ending:
                self._end_ms = self.world.ms + _SETTLE_MS
            if after == "recording":
                self._awaited = (self._app.counters["recorded"], self.world.ms, self._presses)

    def _follow_battery(self):
        world, app = self.world, self._app
        row = [world.ms // 1000, world.energy.cell.ppm // 100, world.stage, 0, None, None, None]
        if app:
            row[3:] = [app.savings.given_up, app.power.minutes_expected(), app.power.percent]
            row.append(self._battery_words(app))
        self._track.append(row)
        world.at(world.ms + _TRACK_MS, self._follow_battery)

    def _battery_words(self, app):
        # From a copy: the camera's own words are steadied by what was shown.
        return type(app.lasting)(app.power, app.clock, app.profile).text(self.world.stage)[1]

    def _key(self, down):
        if down:
            self._presses = [self._presses[1], self.world.ms]
            # What comes of a press may be half drawn when the stage ends; so is a question.
            self._look = self._app is not None and not self._app.procedure.controls.asking

    def _note_delay(self):
        # From the first press of the two. Seen from idle when that press also opened the display.
        _, stage_ms, presses = self._awaited
        self._awaited = None
        pressed_ms, now_ms = presses[0], self.world.ms
        stages = [row for row in self._stages if row["t_ms"] >= pressed_ms]
        camera_ms = max(self.world.camera_ms, stage_ms)
        parts = (
            ("two presses", presses[1] - pressed_ms),
            ("until the stage", stage_ms - presses[1]),
            ("camera start", camera_ms - stage_ms),
            ("picture, encoded", now_ms - camera_ms),
        )
        parts = [{"what": what, "ms": ms} for what, ms in parts]
        row = {"from": stages[0]["from"], "ms": now_ms - pressed_ms, "parts": parts}
        self._delays.append(row)

    def _tally(self):
        if self._app is None:
            return
        counters = self._app.counters
        for name in self._frames:
            self._frames[name] += counters[name]
        self._collections += self._app.collections
        self._app = None

    def _keep_picture(self, stage):
        # In its file, not here: what is measured of the firmware's memory is in this heap.
        self._kept = None
        visit = self._visits.get(stage, 0) + 1
        pixels = None
        if stage != "off" and visit <= _PICTURES_PER_STAGE:
            pixels = self.camera.pixels()
        if pixels is None:
            return
        name = "%s-%d.rgb565" % (stage, visit)
        self._host.write_bytes(self.config["out"] + "/" + name, pixels)
        lamp = self.world.lamp_lit
        self._kept = {"t_ms": self.world.ms, "stage": stage, "file": name, "lamp": lamp}

    def _leave_picture(self, stage):
        if not self._kept or self._kept["stage"] != stage:
            self._keep_picture(stage)
        self._visits[stage] = self._visits.get(stage, 0) + 1
        if self._kept:
            self._pictures.append(self._kept)
        self._kept, self._look = None, False

    # Acts

    def _expect(self, stage):
        now = self.world.stage
        if stage != now:
            line = self.world.line
            raise ScriptEnd("line %d: the stage is %s, not %s" % (line, now, stage))

    def _end(self):
        self._ending = True
        world = self.world
        self._end_ms = world.ms
        if world.stage == "recording":
            self._end_ms += _SEAL_LIMIT_MS
            from bodycam.profile import make

            hold_ms = (
                make(self.config["profile"], self.config.get("changes"))["hold_ms"]
                + _HOLD_MARGIN_MS
            )
            world.act("hold", hold_ms)
            world.at(world.ms + hold_ms + _CONFIRM_AFTER_MS, world.act, "press")

    def _finish(self, error):
        self._tally()
        self.more = False
        self.error = error
        self._leave_picture(self.world.stage)
        self.camera.close()


def start(host, config_path):
    """Return the Run that a configuration file describes."""
    return Run(host, json.loads(host.read_text(config_path)))


def finish(host, run):
    """Write the result beside the pictures; return the exit status."""
    host.write_text(run.config["out"] + "/result.json", json.dumps(run.result()))
    return 1 if run.error else 0


def main(host, config_path, slice_ms=60_000):
    """Run a configuration file to its end and exit; tell each slice's end on standard output."""
    run = start(host, config_path)
    while run.slice(slice_ms):
        print("@", run.world.ms)
    sys.exit(finish(host, run))
