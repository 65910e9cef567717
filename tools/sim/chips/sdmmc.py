"""An SD card behind the processor's own controller: what machine.SDCard makes of it.

The wire's protocol is the controller's business; here a call takes its time, sector by sector, and
what the hands do to the card shows as a call that fails. Runs on all three interpreters.
"""

from tools.sim.world import ChipError

_SECTOR = 512
_IDENTIFY_MS = 60  # estimate
_SILENT_MS = 1000  # estimate: until the controller gives up


class SDMMCChip:
    """One slot and the card in it, which obeys the world's act `card`.

    `store` has `size_bytes`, `readinto(lba, buf)` and `write(lba, buf)`. Counters:
    `sectors_written`, and `sectors_outside` (written in any stage but `recording`). Faults:
    `failing` (how many calls in a row fail), `tear` (a sector that is being programmed when the
    power goes is left half written; True by default).
    """

    def __init__(self, world, board, store):
        self._world = world
        self._card = world.card
        self._sector_us = board.COSTS["card_sector_us"]
        self.store = store
        self.sectors = store.size_bytes // _SECTOR
        self.sectors_written = self.sectors_outside = 0
        self.failing = 0
        self.tear = True
        self._known = False
        self._programming = None  # (sector, its data)
        self._powered = False
        world.on("card", self._obey)

    def power(self, on):
        """Switch the supply; what is being programmed is torn."""
        self._powered = on
        self._known = False
        if self._programming and not on:
            lba, data = self._programming
            self._programming = None
            if self.tear:
                torn = bytearray(_SECTOR)
                self.store.readinto(lba, torn)
                torn[: _SECTOR // 2] = data[: _SECTOR // 2]
                self.store.write(lba, torn)

    def _obey(self, word, value=0):
        if word in ("in", "out"):
            self._known = False  # another one, or none: it has to be identified

    def _answers(self):
        card = self._card
        if self.failing:
            self.failing -= 1
            return False
        return self._powered and card.inserted and not card.dead

    def identify(self):
        """Return whether there is a card that answers."""
        self._known = self._answers()
        self._world.sleep(_IDENTIFY_MS if self._known else _SILENT_MS)
        return self._known

    def _check(self, lba, n):
        if n % _SECTOR or not n:
            raise ChipError("sdmmc: %d bytes are not whole sectors" % n)
        if not self._answers() or not self._known:
            self._world.sleep(_SILENT_MS)
            return False
        return lba + n // _SECTOR <= self.sectors

    def read(self, lba, buf):
        """Fill `buf`; return whether it did."""
        if not self._check(lba, len(buf)):
            return False
        self._world.charge(len(buf) // _SECTOR * self._sector_us)
        self.store.readinto(lba, buf)
        return True

    def write(self, lba, buf):
        """Write whole sectors, one after the other; return whether it did."""
        if not self._check(lba, len(buf)) or self._card.readonly:
            return False
        buf = memoryview(buf)
        while len(buf):
            if not self._program(lba, buf[:_SECTOR]):
                return False
            lba += 1
            buf = buf[_SECTOR:]
        return True

    def _program(self, lba, sector):
        self._programming = (lba, sector)
        self._world.charge(self._sector_us * self._card.slow_pct // 100)
        self._world.sleep_until(self._card.stall_until_ms)
        self._programming = None
        if not self._known or self._card.dead:
            return False
        self.store.write(lba, sector)
        self.sectors_written += 1
        if self._world.stage != "recording":
            self.sectors_outside += 1
        return True
