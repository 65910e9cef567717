"""The camera in the page: a run whose clock, hands and lens are the browser's.

Runs on MicroPython's WebAssembly port, in the page's worker (page/machine/worker.mjs), which calls
`start` once, `slice` over and over, and `act`, `look` and `taps` between two slices. What hands do
is queued for the next millisecond, so that the same acts from a script give the same run.
"""

import gc
import json
import sys

import _host
from uctypes import addressof, bytearray_at, bytes_at

import tools.sim.host_wasm as host
from tools.sim import tap
from tools.sim.runner import Run

# This port collects between two calls into Python, by default after every 16 KiB: with a ring of
# 4 MiB in its heap that takes most of a core.
_COLLECT_BYTES = 24 << 20

_OPEN_BYTES = 1 << 20

_run = None


def _fill_holes():
    """Return what fills every hole in the heap below what is free in one piece.

    Loading leaves holes of a few bytes, and this port looks through all of them whenever it needs
    more: without them it is twice as fast.
    """
    gc.collect()
    above = addressof(bytearray(_OPEN_BYTES))
    filler = ()
    while id(filler) < above:
        filler = (filler,)
    return filler


class Lens:
    """What chips that take pictures ask for: here whatever stands before the page's camera.

    A picture's number is the time it was asked for.
    """

    def __init__(self, row):
        self.size_px = row["size_px"]
        self.show_px = row.get("show_px", self.size_px)
        self.picture_bytes = 2 * self.show_px[0] * self.show_px[1]
        self.quality = row.get("jpeg_quality", 80)
        self.mood = 0
        self._seen_ms = -1
        # Beside this heap: one search for room less.
        self._jpeg_at = _host.memory(2 * self.size_px[0] * self.size_px[1])

    def at(self, ms):
        """Look; return the number of what is seen."""
        if ms != self._seen_ms:
            _host.look(ms, self.mood)
            self._seen_ms = ms
        return ms

    def picture(self, i, buf):
        """Fill `buf` with the middle of what was seen last, in the size that is shown."""
        _host.picture(addressof(buf), *self.show_px)

    def jpeg(self, i):
        """Return the JPEG of what was seen last."""
        return self._encode(0)

    def encoded(self, i, buf):
        """Return the JPEG of the picture in `buf`."""
        return self._encode(addressof(buf))

    def _encode(self, address):
        n = _host.jpeg(address, *self.size_px, self.quality, self._jpeg_at)
        return bytes_at(self._jpeg_at, n)

    def close(self):
        """Do nothing: nothing is open."""


class Live(Run):
    """One camera in the page."""

    def __init__(self, config):
        self.happened = []
        self.lens = None
        self.writes_ms = []  # how long the card took, write by write, since the last look
        self._shown = None
        self._tones = 0
        self._ring_at = 0
        self._wake_ms = 0  # until when the run loop sleeps
        self._filler = None
        super().__init__(self._host_with_lens(), config)
        self.world.on("mood", self._mood)

    def _work(self, until_ms):
        # No wait goes beyond the slice: between two of them hands may do something.
        world, step = self.world, self._app.step
        while self._steps > 0 and world.ms < until_ms:
            if world.ms >= self._wake_ms:
                self._steps -= 1
                wait_ms = step()
                self._charge_step()
                self._wake_ms = world.ms + wait_ms
            ms = min(self._wake_ms, until_ms) - world.ms
            if ms > 0:
                due_ms = world.ms + ms
                self.doze(ms)
                if world.ms < due_ms:  # something woke it
                    self._wake_ms = world.ms
            if (self._awaited or self._ending) and self._looked_after():
                return

    def _boot(self):
        self._wake_ms = 0
        super()._boot()

    def _host_with_lens(self):
        def lens(row):
            self.lens = Lens(row)
            return self.lens

        host.Lens = lens
        return host

    def _mood(self, mood):
        self.lens.mood = mood

    def _staged(self, before, event, after):
        row = {"t_ms": self.world.ms, "from": before, "event": event, "to": after}
        if after == "fault":
            row["reason"] = self._app.procedure.reason
        self.happened.append(row)
        if before != after:
            self.world.enter(after)

    def _boot(self):
        sys.modules.update(self.camera.modules)
        import bodycam.app as firmware

        firmware.bytearray = self._memory
        super()._boot()
        self._filler = self._filler or _fill_holes()
        self._time_writes(self._app.card.device)
        self._quicken(self.camera.chips[self.board.DISPLAY["chip"]])

    def _memory(self, n):
        # The ring lies beside this heap: every search for room would go past it.
        if n != self._board.RING_BYTES:
            return bytearray(n)
        if not self._ring_at:
            self._ring_at = _host.memory(n)
        _host.wipe(self._ring_at, n)
        return bytearray_at(self._ring_at, n)

    def _quicken(self, display):
        # What takes the display's memory a step a pixel is done by the page. Nothing here moves.
        gram, mirrored = addressof(display._gram), addressof(display._mirrored)
        row_bytes = display._row_bytes

        def turn_rows(first, end):
            _host.turn_rows(gram, row_bytes, mirrored, first, end)

        def put_columns(window, sent, count):
            _host.put_columns(gram, row_bytes, *window, addressof(sent), count)

        display._turn_rows, display._put_columns = turn_rows, put_columns

    def _time_writes(self, device):
        # From the moment that the card is given blocks to the moment that it has written them.
        world, writes_ms = self.world, self.writes_ms
        begin, step = device.begin, device.step
        begun_ms = [0]

        def timed_begin(*args):
            begun_ms[0] = world.ms
            return begin(*args)

        def timed_step():
            answer = step()
            if not device.busy:
                writes_ms.append(world.ms - begun_ms[0])
            return answer

        device.begin, device.step = timed_begin, timed_step

    def step(self, ms):
        """Let at most `ms` pass; return the time."""
        self.slice(ms)
        return self.world.ms

    def look(self):
        """Tell the page what is new."""
        for row in self.happened:
            _host.tell("event", json.dumps(row))
        self.happened = []
        tap.tell(_host.tell)
        self._show()
        _host.tell("state", json.dumps(self.state()))
        del self.writes_ms[:]

    def _show(self):
        display = self.camera.chips[self.board.DISPLAY["chip"]]
        seen = (display.writes, display.lit(), display.backlight_pct)
        if seen != self._shown:
            self._shown = seen
            pixels = display.pixels()
            width = self.board.DISPLAY["size_px"][0]
            light = display.backlight_pct if display.lit() else 0
            _host.show(addressof(pixels), len(pixels), width, light)

    @property
    def board(self):
        """The board file."""
        return self._board

    def _new_tones(self):
        # The newest may still grow, sample by sample: it is told again with its new length.
        tones = self.world.tones
        first = max(0, self._tones - 1)
        self._tones = len(tones)
        return tones[first:]

    def _camera_utc_s(self):
        # To look costs the camera no time: else it would do the same acts at other milliseconds.
        call_us, self._time._call_us = self._time._call_us, 0
        utc_s = self._app.clock.utc_s()
        self._time._call_us = call_us
        return utc_s

    def _lasts(self, power):
        """Return {stage: [minutes left, microamperes]} as the camera reckons; None: unknown."""
        if not power.known:
            return None
        ua = power.learning.ua
        return {stage: [power.outlook.minutes(stage), ua[stage]] for stage in ua}

    def state(self):
        """Return what can be seen of the camera and of its world."""
        world, app = self.world, self._app
        slot, chip = world.card, self.camera.card_chip
        state = {
            "ms": world.ms,
            "unix_s": world.unix_s(),
            "stage": world.stage,
            "on": app is not None,
            "lamp": world.lamp,
            "motor_pct": world.motor_pct,
            "tones": self._new_tones(),
            "button": world.button,
            "battery_pct": world.battery_pct(),
            "charging": world.charging(),
            "cable": world.cable,
            "dock": world.dock,
            "temperature_c10": world.temperature_c10,
            "drain": world.energy.drain,
            "mood": self.lens.mood,
            "card": [slot.inserted, slot.full, slot.readonly, slot.dead, slot.slow_pct],
            "stalled_ms": max(0, slot.stall_until_ms - world.ms),
            "written_bytes": chip.sectors_written * 512,
            "outside_bytes": chip.sectors_outside * 512,
            "writes_ms": self.writes_ms,
        }
        if app:
            ring = app.recorder.ring
            state["ring_bytes"] = [ring.used_bytes, self.board.RING_BYTES]
            state["reason"] = app.procedure.reason
            state["warning"] = app.procedure.warning
            state["asking"] = app.procedure.controls.asking
            state["utc_s"], state["trust"] = self._camera_utc_s(), app.clock.trust
            state["camera_pct"] = app.power.percent
            state["lasts"] = self._lasts(app.power)
            for name in self._frames:
                state[name] = self._frames[name] + app.counters[name]
        else:
            state.update(self._frames)
        return state


def start(config_text):
    """Make the camera that a configuration describes, and tell how it looks."""
    global _run
    gc.threshold(_COLLECT_BYTES)
    _run = Live(json.loads(config_text))
    _run.look()


def slice(ms):
    """Let at most `ms` pass; return the time."""
    return _run.step(ms)


def act(text):
    """Do an act, a JSON list of verb and arguments, at the next millisecond."""
    world, words = _run.world, json.loads(text)
    world.at(world.ms + 1, world.act, *words)


def look():
    """Tell the page what is new."""
    _run.look()


def taps(on):
    """Listen to the chips' traffic, or stop listening."""
    tap.listen(_run.camera, on)
