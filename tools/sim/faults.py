"""What goes wrong below the driver: the card's medium, the log's flash, the clock chip's time.

`FaultCard` lies between the simulated card and its image, `moody` gives the flash chip its moods,
`FaultClock` sets the clock chip wrong. Runs on all three interpreters. All chance follows from the
world's seed, every fault is off until an act of the script switches it on (README.md lists them),
and what a driver would see on its wires is a switch of the chips themselves.
"""

import hashlib

_EIO = 5
_SECTOR = 512
_UNIT = 1024  # sectors of a recording unit, 512 KiB
_AREA = 8192  # of an allocation unit, 4 MiB
_PAGE = 8  # of a flash page in the card, 4 KiB
_BLOCK_SECTORS = 32
_KEPT = 256  # sector writes that a card with a volatile cache may lose
_SUPERBLOCKS = (2048, 4096)
_BLOCK_MAGIC = b"BWB1"
_CLOCKS = (None, 946_684_800, 4_070_908_800, -86_400, -7200, -3, 5, 7200, 400 * 86_400)
_EARLIEST, _LATEST = 946_684_800, 4_102_444_799  # what the clock chip can show


class Chance:
    """Numbers that follow from a seed, the same on every interpreter."""

    def __init__(self, seed):
        self._state = (seed * 2_654_435_761 + 0x9E3779B9) & 0x7FFFFFFF

    def below(self, n):
        """Return a number from 0 to `n` - 1."""
        self._state = (self._state * 1_103_515_245 + 12_345) & 0x7FFFFFFF
        return (self._state >> 8) % n

    def noise(self, n):
        """Return `n` bytes of garbage."""
        out = b""
        while len(out) < n:
            out += hashlib.sha256(str(self.below(1 << 23)).encode()).digest()
        return out[:n]


class FaultCard:
    """A card's medium on the image `store`. `blocks` is how many evidence blocks were begun.

    `at_cut` names what the next loss of power does to what was under way: a method `_cut_NAME`.
    `medium` says which card is in the slot: `own`, or one whose content is kept in memory only:
    `other` (of another camera), `blank`, `old` (a clone made at the act `card clone`). A `full`
    card's superblock has no place left. `sectors` below the card's size: a fake one, where later
    addresses wrap round. `moody`: it stalls by itself, as cards do.
    """

    def __init__(self, world, store):
        self._world = world
        self._store = store
        self.size_bytes = store.size_bytes
        self.sync = store.sync
        self.close = store.close
        self.blocks = 0
        self.chance = Chance(world.seed)
        self.at_cut = None
        self.medium = "own"
        self.sectors = self._real = store.size_bytes // _SECTOR
        self.moody = False
        self._journal = []  # (lba, content before), the newest last
        self._weak = set()  # sectors that the next reading destroys
        self._clone = {}  # sector: content when the clone was made
        self._memory = {}  # what was written to a card that is not our own
        self._span = [self._real, 0]  # first sector written and the one after the last
        self._acts = {
            "cut": self._set_cut,
            "rot": self.rot,
            "disturb": self.disturb,
            "fake": self._set_size,
            "moody": self._set_moody,
            "clone": self._make_clone,
            "in": self._change,
        }
        world.on("card", self._obey)

    # Acts

    def _obey(self, word, value=0):
        act = self._acts.get(word)
        if act:
            act(value)

    def _change(self, value):
        medium = self._world.card.medium
        if medium != self.medium:
            self._memory = dict(self._clone) if medium == "old" else {}
        self.medium = medium

    def _set_cut(self, name):
        self.at_cut = getattr(self, "_cut_" + name)

    def _set_size(self, pct):
        self.sectors = self._real * pct // 100

    def _set_moody(self, value):
        self.moody = True

    def _make_clone(self, value):
        self._clone = {0: self._old(0)}

    def rot(self, bits):
        """Flip `bits` bits among the sectors written in this run."""
        for _ in range(bits):
            self._flip(self._written())

    def disturb(self, sectors):
        """Let so many sectors written in this run read well once more, and then never again."""
        for _ in range(sectors):
            self._weak.add(self._written())

    def _written(self):
        first, end = self._span
        return first + self.chance.below(end - first) if first < end else 0

    def _flip(self, lba):
        sector = bytearray(self._old(lba))
        bit = self.chance.below(_SECTOR * 8)
        sector[bit >> 3] ^= 1 << (bit & 7)
        self._store.write(lba, sector)

    # The card's side

    def readinto(self, lba, buf):
        """Fill `buf` from sector `lba` on."""
        if self.sectors != self._real:
            lba %= self.sectors
        self._store.readinto(lba, buf)
        if self._weak and lba in self._weak:
            self._weak.remove(lba)
            self._flip(lba)
        if self._world.card.full and lba in _SUPERBLOCKS:
            _superblock(buf, 36, bytes(4))
        elif self.medium != "own":
            self._read_foreign(lba, buf)

    def _read_foreign(self, lba, buf):
        if lba in self._memory:
            buf[:] = self._memory[lba]
        elif self.medium == "blank":
            buf[:] = bytes(len(buf))
        elif self.medium == "other" and lba in _SUPERBLOCKS:
            _superblock(buf, 8, b"another card's  ")

    def write(self, lba, buf):
        """Write `buf` to sector `lba` on."""
        if self.sectors != self._real:
            lba %= self.sectors
        if buf[0] == 0x42 and bytes(buf[:4]) == _BLOCK_MAGIC:
            self.blocks += 1
        if self.moody and lba % _BLOCK_SECTORS == 0:
            self._stall()
        if self.medium != "own":
            self._memory[lba] = bytes(buf)
            return
        if self.at_cut or self._clone:
            self._remember(lba)
        span = self._span
        if lba < span[0]:
            span[0] = lba
        if lba >= span[1]:
            span[1] = lba + 1
        self._store.write(lba, buf)

    def _stall(self):
        # As measured on cards: one write in ten takes 100 to 250 ms, a few a second, one in a
        # few hundred five.
        at = self.chance.below(1000)
        limit_ms = 5000 if at < 2 else 1000 if at < 12 else 250 if at < 112 else 0
        if limit_ms:
            least_ms = limit_ms * 2 // 5
            ms = least_ms + self.chance.below(limit_ms - least_ms)
            self._world.act("card", "stall", ms)

    def _old(self, lba):
        sector = bytearray(_SECTOR)
        self._store.readinto(lba, sector)
        return bytes(sector)

    def _remember(self, lba):
        old = self._old(lba)
        if self._clone and lba not in self._clone:
            self._clone[lba] = old
        if self.at_cut:
            self._journal.append((lba, old))
            if len(self._journal) > _KEPT:
                self._journal.pop(0)

    # The power goes

    def lose(self, first, end):
        """Take what the card was writing when the power went: sectors `first` to `end` - 1.

        They were accepted and not yet reported as written.
        """
        if self.medium == "own":
            cut = self.at_cut or self._cut_half
            cut(first, end)
        self._journal = []

    def _under_way(self, first, end):
        # What was remembered of this write, oldest first.
        n = end - first
        return [row for row in self._journal[-n:] if first <= row[0] < end] if n else []

    def _torn(self, lba, old):
        new, k = self._old(lba), self.chance.below(_SECTOR)
        self._store.write(lba, new[:k] + old[k:])

    def _cut_half(self, first, end):
        """The sector that was being programmed is left half written."""
        if first < end:
            new = self._old(end - 1)
            self._store.write(end - 1, new[: _SECTOR // 2] + b"\xff" * (_SECTOR // 2))

    def _cut_prefix(self, first, end):
        """Only the first bytes of the write are there."""
        rows = self._under_way(first, end)
        if rows:
            k = self.chance.below(len(rows))
            self._torn(*rows[k])
            for lba, old in rows[k + 1 :]:
                self._store.write(lba, old)

    def _cut_subset(self, first, end):
        """Any of the write's sectors may be missing."""
        for lba, old in self._under_way(first, end):
            if self.chance.below(2):
                self._store.write(lba, old)

    def _cut_torn(self, first, end):
        """One sector is partly the new content and partly the old."""
        rows = self._under_way(first, end)
        if rows:
            self._torn(*rows[self.chance.below(len(rows))])

    def _cut_garbage(self, first, end):
        """Any of the write's sectors may hold anything."""
        for lba, old in self._under_way(first, end):
            what = self.chance.below(3)
            if what:
                self._store.write(lba, old if what == 1 else self.chance.noise(_SECTOR))

    def _spoil(self, first, n, fill):
        for lba in range(first, min(first + n, self._real)):
            self._store.write(lba, fill)

    def _cut_unit(self, first, end):
        """The recording unit of 512 KiB that was being written is garbage."""
        if first < end:
            self._spoil((end - 1) // _UNIT * _UNIT, _UNIT, self.chance.noise(_SECTOR))

    def _cut_area(self, first, end):
        """The allocation unit of 4 MiB that was being written is blank."""
        if first < end:
            self._spoil((end - 1) // _AREA * _AREA, _AREA, b"\xff" * _SECTOR)

    def _cut_paired(self, first, end):
        """An earlier page of the same allocation unit is damaged with the one under way."""
        if first < end:
            self._cut_torn(first, end)
            start = (end - 1) // _AREA * _AREA
            pages = (first - start) // _PAGE
            if pages:
                page = start + self.chance.below(pages) * _PAGE
                self._spoil(page, _PAGE, self.chance.noise(_SECTOR))

    def _cut_lies(self, first, end):
        """The last writes were acknowledged and are not there."""
        lost = min(len(self._journal), 1 + self.chance.below(_KEPT))
        for lba, old in reversed(self._journal[len(self._journal) - lost :]):
            self._store.write(lba, old)

    def _cut_reorder(self, first, end):
        """Any of the last acknowledged writes are not there."""
        for lba, old in reversed(self._journal):
            if self.chance.below(3) == 0:
                self._store.write(lba, old)


def _superblock(buf, at, field):
    # Another field in a superblock, right in itself.
    if bytes(buf[:4]) == b"BWS1":
        buf[at : at + len(field)] = field
        buf[480:512] = hashlib.sha256(bytes(buf[:480])).digest()


def moody(kind):
    """Return a class of the log's flash, NORChip or one made of it, with moods.

    `weak` programs leave one bit as it was, `noisy` reads have one bit wrong; of a partition
    `refuse` programs and `unreadable` reads raise OSError. With `ragged` a cut leaves any of a
    page's bits programmed instead of its first bytes.
    """

    class FaultFlash(kind):
        def __init__(self, world, board, store=None):
            super().__init__(world, board, store)
            self.chance = Chance(world.seed + 1)
            self.weak = self.noisy = self.refuse = self.unreadable = 0
            self.ragged = False
            world.on("flash", self._obey)

        def _obey(self, word, value=True):
            setattr(self, {"fail": "failing"}.get(word, word), value)

        def read(self, offset, buf):
            self._refuses("unreadable")
            super().read(offset, buf)

        def program(self, offset, data):
            self._refuses("refuse")
            super().program(offset, data)

        def _refuses(self, what):
            left = getattr(self, what)
            if left:
                setattr(self, what, left - 1)
                raise OSError(_EIO, "flash: refused")

        def fetch(self, offset, buf):
            super().fetch(offset, buf)
            if self.noisy:
                self.noisy -= 1
                bit = self.chance.below(len(buf) * 8)
                buf[bit >> 3] ^= 1 << (bit & 7)

        def _clear(self, offset, data, start, n):
            if self.weak and n > 1:
                self.weak -= 1
                data = bytearray(data)
                # A bit that should have become 0, if the place that is drawn has one.
                data[start + self.chance.below(n)] |= 1 << self.chance.below(8)
            super()._clear(offset, data, start, n)

        def _cut_page(self, offset, data, start, n):
            if not self.ragged:
                super()._cut_page(offset, data, start, n)
                return
            noise = self.chance.noise(n)
            data = bytearray(data)
            for i in range(n):
                data[start + i] |= noise[i]
            super()._clear(offset, data, start, n)

    return FaultFlash


class FaultClock:
    """Sets the clock chip wrong, again and again, from the act `clock wild` on."""

    def __init__(self, world):
        self._world = world
        self._chance = Chance(world.seed + 2)
        world.on("wild", self.jump)

    def jump(self):
        """Set it: lost, years off, a little ahead or behind; and again 1 to 9 s later."""
        world = self._world
        wrong = _CLOCKS[self._chance.below(len(_CLOCKS))]
        if wrong is not None and abs(wrong) < _EARLIEST:
            wrong = min(max(world.unix_s() + wrong, _EARLIEST), _LATEST)
        world.act("clock", wrong)
        world.at(world.ms + 1000 + self._chance.below(8000), self.jump)
