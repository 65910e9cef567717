"""Where the battery's charge goes: what each part of the board draws, from what it really does.

The figures are the board file's CURRENTS_MA. Chips say how far they are on (`draw`), the clock and
the processor how it passes its time: at work unless it waits (`waited_ms`) or sleeps (`slept_ms`),
which are added before the time passes.
"""

from tools.sim.cell import Cell

CHARGE_MA = 300  # into the battery while a cable is in and the camera runs: estimate
_TAPER_PPM = 900_000  # from here on less and less
_CARD_MS = 250  # a card draws its current for so long after each access (application notes)
_AVERAGE_MS = 1000
_NC_PER_UAH = 3_600_000  # microampere times milliseconds
ALWAYS = ("base",)


class Energy:
    """The consumption of `board` and its battery; `cell` is None on a board without one.

    `ledger` is {(stage, part): microamperes times milliseconds}, `stage_ms` how long each stage
    lasted. `battery` are facts that differ from the board file's BATTERY, and `health_pct`.
    """

    def __init__(self, world, board, battery=None):
        self._world = world
        currents = getattr(board, "CURRENTS_MA", {})
        self._ua = {name: int(row[0] * 1000) for name, row in currents.items()}
        self._on = {name: 1000 for name in ALWAYS}  # permille of each part's current
        self._at_ms = 0
        self._card_ms = 0  # until when the card draws its current
        self.waited_ms = self.slept_ms = 0  # not yet accounted for
        self.slow = False  # the processor's clock
        self.drain = 1  # how many times as fast the battery empties as the figures say
        self.ledger = {}
        self.stage_ms = {}
        self.wakes = {}  # {stage: how often the processor woke from light sleep}
        self._window_ms = self._window_nc = 0
        self.ua = 0  # what was drawn over the last second or so
        row = dict(getattr(board, "BATTERY", None) or {})
        row.update(battery or {})
        self.empty_mv = row.get("empty_mv", 0)
        self.cell = None
        if row:
            health_pct = row.get("health_pct", 100)
            self.cell = Cell(row["capacity_mah"], row.get("resistance_mohm", 150), health_pct)

    def draw(self, part, permille):
        """Let `part` draw so much of its current from now on."""
        if self._on.get(part, 0) != permille:
            self.account()
            self._on[part] = permille

    def spend(self, part, ms):
        """Let `part` have drawn its current for `ms` milliseconds, at some time before this."""
        nc = self._enter(self._world.stage, part, ms)
        if self.cell and not self._world.cable:
            self.cell.take(nc)

    def wake(self):
        """Note that the processor wakes from light sleep."""
        stage = self._world.stage
        self.wakes[stage] = self.wakes.get(stage, 0) + 1

    def card(self):
        """Note an access to the card."""
        ms = self._world.ms
        if ms >= self._card_ms:
            self.account()
            self._on["card"] = 1000
        self._card_ms = ms + _CARD_MS

    def clock(self, slow):
        """Note the processor's clock: that of the board file, or the slow one."""
        self.account()
        self.slow = slow

    def account(self):
        """Take from the battery what was drawn since the last account."""
        now_ms = self._world.ms
        ms = now_ms - self._at_ms
        if not ms:
            return
        self._at_ms = now_ms
        stage = self._world.stage
        self.stage_ms[stage] = self.stage_ms.get(stage, 0) + ms
        nc = self._enter(stage, "off", ms) if stage == "off" else self._add_up(stage, ms, now_ms)
        self._average(ms, nc)
        if self.cell:
            self.cell.temperature_c10 = self._world.temperature_c10
            self.cell.take(-self._charge_ua() * ms if self._world.cable else nc * self.drain)

    def _add_up(self, stage, ms, now_ms):
        nc = 0
        for part, permille in self._on.items():
            if permille:
                on_ms = ms
                if part == "card":
                    on_ms = max(0, min(ms, self._card_ms - now_ms + ms))
                nc += self._enter(stage, part, on_ms * permille // 1000)
        if now_ms >= self._card_ms:
            self._on["card"] = 0
        # What was announced beyond this moment lies ahead: an act fell into the wait.
        slept_ms = min(self.slept_ms, ms)
        waited_ms = min(self.waited_ms, ms - slept_ms)
        self.slept_ms -= slept_ms
        self.waited_ms -= waited_ms
        speed = "_slow" if self.slow else ""
        nc += self._enter(stage, "sleeping", slept_ms)
        nc += self._enter(stage, "waiting" + speed, waited_ms)
        return nc + self._enter(stage, "working" + speed, ms - slept_ms - waited_ms)

    def _enter(self, stage, part, ms):
        nc = self._ua.get(part, 0) * ms
        if nc:
            key = (stage, part)
            self.ledger[key] = self.ledger.get(key, 0) + nc
        return nc

    def _average(self, ms, nc):
        self._window_ms += ms
        self._window_nc += nc
        if self._window_ms >= _AVERAGE_MS:
            self.ua = self._window_nc // self._window_ms
            self._window_ms = self._window_nc = 0

    def _charge_ua(self):
        left_ppm = 1_000_000 - self.cell.ppm
        taper_ppm = 1_000_000 - _TAPER_PPM
        return CHARGE_MA * 1000 * min(left_ppm, taper_ppm) // taper_ppm if left_ppm else 0

    # What can be measured: as of the last account (a minute ago at most), and without heap

    def charging(self):
        """Return True while current flows into the battery."""
        return bool(self._world.cable and self.cell and self._charge_ua())

    def pct(self):
        """Return the charge in percent, None on a board without a battery."""
        return self.cell.ppm // 10_000 if self.cell else None

    def mv(self):
        """Return the battery's voltage."""
        return self.cell.mv(self.net_ua())

    def net_ua(self):
        """Return what flows out of the battery, negative while it is charged."""
        return -self._charge_ua() if self._world.cable else self.ua

    def result(self):
        """Return {stage: {"ms": how long, "wakes": how often it woke from light sleep, "uah":
        {part: microampere-hours}}}.
        """
        self.account()
        stages = {stage: self._row(ms, stage) for stage, ms in self.stage_ms.items()}
        for (stage, part), nc in self.ledger.items():
            row = stages.setdefault(stage, self._row(0, stage))
            row["uah"][part] = nc // _NC_PER_UAH
        return stages

    def _row(self, ms, stage):
        return {"ms": ms, "wakes": self.wakes.get(stage, 0), "uah": {}}

    def spent(self):
        """Return whether the battery no longer carries what is drawn."""
        self.account()
        if not self.cell or self._world.cable or self._world.stage == "off":
            return False
        return self.mv() < self.empty_mv
