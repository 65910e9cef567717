"""The simulated world: time, hands, cable, battery, card slot, and what a camera shows of itself.

Runs on all three interpreters. Everything happens in virtual time: `World.charge()` and
`World.sleep()` are the only ways in which time passes, and both run the acts of the script at
exactly the millisecond they are due.
"""

from micropython import const

from tools.sim.energy import Energy

_NEVER = const(0x3FFFFFFF)
_PRESS_MS = const(80)
_SECOND_PRESS_MS = const(250)
_SWAP_MS = const(1500)  # to take a card out and put another in
_SWAPS = ("full", "other", "blank", "old")
_ACCOUNT_MS = const(60_000)  # the battery is accounted for at least this often

START_UNIX_S = 1_780_293_600  # 2026-06-01T06:00:00Z


class PowerCut(BaseException):
    """The power is gone. Passes through the firmware as it must: nothing in it may catch this."""


class Reset(BaseException):
    """The processor restarts, its board keeps its power. The argument is the reset cause."""


class ScriptEnd(BaseException):
    """The script is over, or one of its expectations was wrong (then with a text)."""


class ChipError(BaseException):
    """A driver broke a chip's rules: an unknown register, a wrong order, two devices selected."""


class CardSlot:
    """What hands and wear do to the card; the simulated card obeys these switches."""

    def __init__(self):
        self.restore()

    def restore(self):
        """Put a sound card in."""
        self.inserted = True
        self.full = False
        self.medium = "own"
        self.readonly = False
        self.dead = False
        self.stall_until_ms = 0
        self.slow_pct = 100


class World:
    """One camera's surroundings.

    Read by the page and the tests: `lamp` (r, g, b), `motor_pct`, `tones` [(t_ms, hz, ms)],
    `stage`, `button` (held down), `cable`, `dock`, `temperature_c10`, `card` (a CardSlot),
    `touched` (x, y) or None, `line` (of the script, while an act runs). `energy` is where the
    battery's charge goes; `battery` are facts in place of the board file's, see energy.py.
    """

    def __init__(self, board, seed=0, battery=None):
        self.board = board
        self.seed = seed
        self.ms = 0
        self.us = 0
        self.next_ms = _NEVER
        self.line = 0
        self.lamp = (0, 0, 0)
        self.camera_ms = 0  # when the camera last began to deliver
        self.lamp_lit = (0, 0, 0)  # the last colour in this stage that was not dark
        self.motor_pct = 0
        self.tones = []
        self.stage = "off"
        self.cut_in = 0  # device operations until the power goes; 0: it stays
        self.button = False
        self.cable = False
        self.dock = False
        self.temperature_c10 = 250
        self.card = CardSlot()
        self.touched = None
        self._agenda = []  # latest first, so that the next act is taken from the end
        self._handlers = {}
        self.energy = Energy(self, board, battery)
        self.at(_ACCOUNT_MS, self._account_again)

    # Time

    def charge(self, us):
        """Let `us` microseconds pass.

        Raises:
            PowerCut, Reset, ScriptEnd: when an act that does so falls due meanwhile.
        """
        us += self.us
        if us < 1000:
            self.us = us
            return
        self.us = us % 1000
        us = self.ms + us // 1000
        if us < self.next_ms:
            self.ms = us
        else:
            self._pass(us)

    def sleep(self, ms):
        """Let `ms` milliseconds pass."""
        ms += self.ms
        if ms < self.next_ms:
            self.ms = ms
        else:
            self._pass(ms)

    def sleep_until(self, ms):
        """Let time pass until `ms` of the script's time, and do what is due by then."""
        if ms >= self.ms:
            self.sleep(ms - self.ms)

    def _pass(self, ms):
        agenda = self._agenda
        while self.next_ms <= ms:
            at_ms, fn, args, line = agenda.pop()
            self.next_ms = agenda[-1][0] if agenda else _NEVER
            if at_ms > self.ms:
                self.ms = at_ms
            self.line = line
            fn(*args)
        if ms > self.ms:
            self.ms = ms

    def at(self, ms, fn, *args, line=0):
        """Call `fn(*args)` at `ms` of the script's time, after what is already due then.

        It must not charge time.
        """
        self._queue((ms, fn, args, line))

    def _queue(self, act):
        agenda = self._agenda
        i = len(agenda)
        while i and agenda[i - 1][0] <= act[0]:
            i -= 1
        agenda.insert(i, act)
        self.next_ms = agenda[-1][0]

    def load(self, acts):
        """Queue the script: (t_ms, verb, args, line) each."""
        for t_ms, verb, args, line in acts:
            self.at(t_ms, self.act, verb, *args, line=line)

    def unix_s(self):
        """Return the true time, seconds since 1970-01-01 UTC; the clock chip may differ."""
        return START_UNIX_S + self.ms // 1000

    # Acts

    def on(self, verb, fn):
        """Call `fn(*args)` at each act `verb`, after the world's own part and earlier handlers.

        Arguments: `key` (down), `touch` (x, y), `cable` (in), `dock` (in), `card` (word, value),
        `flash` and `crypto` (word), `wild` (the clock chip from now on, see faults.py),
        `battery` (percent), `temperature` (tenths of a degree Celsius), `clock` (Unix seconds, or
        None for a clock that lost its time), `stage` (name), `cut`, `boot`, `end`, `expect`
        (stage).
        """
        self._handlers.setdefault(verb, []).append(fn)

    def act(self, verb, *args):
        """Do one act of the script now."""
        own = getattr(self, "_" + verb, None)
        if own:
            own(*args)
        else:
            self._tell(verb, *args)

    def _tell(self, verb, *args):
        for fn in self._handlers.get(verb, ()):
            fn(*args)

    def _key(self, down):
        if down != self.button:
            self.button = down
            self._tell("key", down)

    def _press(self, times=1):
        for i in range(times):
            self._hold(_PRESS_MS, i * _SECOND_PRESS_MS)

    def _hold(self, ms, later_ms=0):
        start_ms = self.ms + later_ms
        if later_ms:
            self.at(start_ms, self._key, True)
        else:
            self._key(True)
        self.at(start_ms + ms, self._key, False)

    def _touch(self, x, y):
        self.touched = (x, y)
        self._tell("touch", x, y)
        self.at(self.ms + _PRESS_MS, self._untouch)

    def _untouch(self):
        self.touched = None

    def _cable(self, inserted):
        self.energy.account()
        self.cable = inserted
        self._tell("cable", inserted)

    def _dock(self, inserted):
        self._cable(inserted)
        self.dock = inserted
        self._tell("dock", inserted)

    def _card(self, word, value=0):
        slot = self.card
        if word == "in":
            slot.restore()
        elif word == "out":
            slot.inserted = False
        elif word in _SWAPS:
            # The hand takes the card out and puts another one in.
            slot.full, slot.inserted = word == "full", False
            slot.medium = "own" if slot.full else word
            self.at(self.ms + _SWAP_MS, self._swapped_in)
            word = "out"
        elif word == "stall":
            slot.stall_until_ms = self.ms + value
        elif word == "slow":
            slot.slow_pct = value
        elif word in ("readonly", "dead"):
            setattr(slot, word, True)
        self._tell("card", word, value)

    def _swapped_in(self):
        self.card.inserted = True
        self._tell("card", "in", 0)

    def _temperature(self, c10):
        self.temperature_c10 = c10
        self._tell("temperature", c10)

    def _cut(self, operations=0):
        if operations:
            self.cut_in = operations
            return
        # The chips lose their power first: a `finally` in the firmware reaches nothing any more.
        self._tell("cut")
        raise PowerCut

    def operation(self):
        """Count a device operation: a sector the card took, a page of flash programmed or erased.

        Raises:
            PowerCut: it was the one that the script named.
        """
        if self.cut_in:
            self.cut_in -= 1
            if not self.cut_in:
                self._cut()

    def _clock(self, unix_s):
        if unix_s == "wild":
            self._tell("wild")
        else:
            self._tell("clock", unix_s)

    # Battery

    def enter(self, stage):
        """Note that the camera is in `stage`."""
        self.energy.account()
        self.stage = stage
        self._tell("stage", stage)

    def battery_pct(self):
        """Return the battery's charge in percent, None on a board without one."""
        return self.energy.pct()

    def charging(self):
        """Return True while current flows into the battery."""
        return self.energy.charging()

    def _battery(self, percent):
        self.energy.account()
        self.energy.cell.charge(percent)
        self._tell("battery", percent)

    def _drain(self, times):
        self.energy.account()
        self.energy.drain = times

    def _account_again(self):
        self.at(self.ms + _ACCOUNT_MS, self._account_again)
        if self.energy.spent():
            self._cut()
