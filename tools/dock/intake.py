"""Evidence into the vaults: stored, read back, judged with the station's keys.

The same for what comes over USB and for a card in a reader.
"""

import time
from hashlib import sha256

from tools.evidence import layout
from tools.evidence.case import Case
from tools.evidence.keyring import Keyring
from tools.evidence.log import Log
from tools.evidence.verdict import examine, judge

from .epochs import SEGMENT, VaultCard, folder, number
from .parts import is_block
from .vault import Named, VaultError, named

_PAUSE_S = 0.5
_GRAVE = ("damaged", "incomplete", "tampered")


class Intake:
    """One camera's epoch on its way into all vaults. `things` has what the first one holds.

    `objects` are the names of what is safe in every vault; a name is the same in all of them.
    """

    def __init__(self, vaults, device: bytes, epoch: int):
        self._vaults, self._device = vaults, device
        self.folder = folder(device, epoch)
        self.things: dict[int, Named] = {}
        self.objects: dict[str, list[str]] = {}
        self.before: set[int] = set()  # segments that the first vault held before
        self._copies: dict[int, list[str]] = {}

    def segment(self, n: int, data: bytes) -> None:
        """Store a segment in every vault and read it back from each.

        Raises:
            VaultError: a vault failed three times.
        """
        keys = self._put(f"{SEGMENT}{n:08d}", "bwl", data)
        self.things[n] = named(keys[0], len(data))
        self._copies[n] = keys

    def log(self, data: bytes) -> str:
        """Store a camera's log likewise; return the object's name."""
        return self._put(f"log-{len(data) // layout.PAGE:06d}", "bin", data)[0]

    def held(self, n: int, blocks: int) -> bool:
        """Return whether the first vault holds just one segment n of so many whole blocks; it is
        then brought into the others.
        """
        there = [t for t in self._there() if number(t) == n and t.size == blocks * layout.BLOCK]
        if len({thing.sha256 for thing in there}) != 1:
            return False
        try:
            data = self._vaults[0].content(there[-1])
        except VaultError:
            return False
        if not all(is_block(block, self._device, n, b) for b, block in split(data)):
            return False
        self.segment(n, data)
        self.before.add(n)
        return True

    def largest(self, n: int) -> int:
        """Return how many blocks the largest segment n in the first vault has, 0 without one."""
        sizes = (t.size // layout.BLOCK for t in self._there() if number(t) == n)
        return max(sizes, default=0)

    def digests(self, n: int) -> bytes:
        """Return D of every block of a segment as it stands there, one after the other, read from
        the first vault; zeros for a block that the card could not read. That the others have not
        lost their copy meanwhile is made sure of.

        Raises:
            VaultError: a vault does not have it any more.
        """
        for vault, key in zip(self._vaults, self._copies[n]):
            vault.there(key, self.things[n].size)
        blocks = split(self._vaults[0].content(self.things[n]))
        return b"".join(block[layout.DIGEST_AT :][:32] for _, block in blocks)

    def judge(self, log: "Log | None", card: bytes, checks: dict) -> dict:
        """Return what the evidence reader says of what the first vault holds, with CHECK alone:
        as `verdict.judge`.

        Raises:
            InputError: log and segments do not belong together.
            VaultError: the vault cannot be read.
        """
        keyring = Keyring()
        keyring.checks = checks
        with Case(VaultCard(self._vaults[0], self.things, card), log, keyring) as case:
            return judge(case, examine(case))

    def _there(self):
        if not hasattr(self, "_listed"):
            self._listed = self._vaults[0].things(self.folder, "bwl")
        return self._listed

    def _put(self, stem, kind, data):
        keys = [self._safely(vault, stem, kind, data) for vault in self._vaults]
        for key, vault in zip(keys, self._vaults):
            self.objects.setdefault(key, []).append(vault.name)
        return keys

    def _safely(self, vault, stem, kind, data):
        for turn in range(3):
            try:
                return vault.put(self.folder, stem, kind, data)
            except VaultError:
                if turn == 2:
                    raise
                time.sleep(_PAUSE_S)


def grave(verdict: dict) -> "tuple[list, dict]":
    """Return the findings for which nothing, and {segment: finding} for which one segment, may be
    released.
    """
    bad = [f for f in verdict["findings"] if f.kind in _GRAVE]
    return [f for f in bad if f.segment is None], {
        f.segment: f for f in bad if f.segment is not None
    }


def split(data: bytes):
    """Yield (number, block) of a segment's bytes."""
    for b in range(len(data) // layout.BLOCK):
        yield b, data[b * layout.BLOCK : (b + 1) * layout.BLOCK]


def digest(data: bytes) -> bytes:
    """Return the SHA-256 of `data`."""
    return sha256(data).digest()
