"""The camera's flash log: what stands there, whether it is the camera's, what it promises.

FORMAT.md section 4. `Log` reads without keys; `authenticate` checks the MACs with CHECK.
"""

from dataclasses import dataclass
from pathlib import Path

from . import layout
from .errors import InputError
from .findings import Finding, count, span
from .primitives import entry_mac

_BLANK = b"\xff" * layout.PAGE
_LARGEST = 64 << 20  # bytes; no camera has such a partition, and a wrong file may be any size


@dataclass(slots=True)
class Segment:
    """What a segment must be: from the log's OPEN entry, or from its own blocks without a log."""

    n: int
    s: int
    epoch: int
    card: bytes
    device: bytes
    nonce: "bytes | None" = None
    recording: "int | None" = None
    index: int = 0
    boot: "int | None" = None
    utc: "int | None" = None
    trust: int = 0
    uptime_ms: int = 0
    log_mac: "bytes | None" = None  # MAC of the OPEN entry
    blocks: "int | None" = None  # what a SEAL entry promises
    least: int = 0  # blocks that progress bits or a TORN entry prove
    continued: bool = False  # the recording goes on in the next segment
    on_card: bool = True


class Log:
    """One epoch of a camera's log, read from the image of its flash partition.

    `device`, `card`, `epoch` are None when the entry that names them is gone.

    Raises:
        InputError: it is not there, or holds no entry at all.
    """

    def __init__(self, source):
        path = Path(source)
        self.path = path / "log.bin" if path.is_dir() else path
        try:
            if self.path.stat().st_size > _LARGEST:
                raise InputError(f"{self.path} is too large to be a camera's log")
            self._data = self.path.read_bytes()
        except OSError as error:
            raise InputError(
                f"cannot read the camera's log {self.path}: {error.strerror}"
            ) from error
        self.findings: list[Finding] = []
        self.device = self.card = self.epoch = None
        self.name = ""
        self.first = self.released = self.next = 0
        self.seeds: dict[bytes, bytes] = {}
        self.segments: dict[int, Segment] = {}
        self.entries = self._in_order()
        if not self.entries:
            raise InputError(f"{self.path} holds no entry of a camera's log")
        self._newest()
        for entry in self.entries:
            self._apply(entry)
        if self.epoch is None:
            self._say(
                "tampered",
                "The first entry of the camera's log, which names the camera, is missing.",
            )

    @property
    def promised(self) -> list[Segment]:
        """The segments that must be on a card: opened and not released."""
        return [segment for n, segment in sorted(self.segments.items()) if n >= self.released]

    def page(self, number: int) -> bytes:
        """Return one page of 256 bytes."""
        return self._data[number * layout.PAGE : (number + 1) * layout.PAGE]

    def authenticate(self, access) -> bool:
        """Check every MAC and the newest keys; return False when there is no CHECK key for it."""
        if access.check is None:
            return False
        for entry in self.entries:
            if entry_mac(access.check.at(entry.s)).of(self.page(entry.page)[:144]) != entry.mac:
                self._say("tampered", f"{_name(entry)} was altered: its seal is not the camera's.")
        last = self.entries[-1]
        chains = (access.read, access.check)
        if last.keys and any(c and c.at(last.s + 1) != key for c, key in zip(chains, last.keys)):
            self._say("tampered", "The keys in the camera's log are not those of this epoch.")
        return True

    def _say(self, kind, what, segment=None):
        self.findings.append(Finding(kind, segment, None, what))

    def _in_order(self):
        """Return the valid entries in their order, and say what is missing between them."""
        entries, torn, expected, previous = [], 0, 0, bytes(16)
        pages = len(self._data) // layout.PAGE
        newest = self._newest_page(pages)
        for number in range(pages):
            page = self.page(number)
            if page == _BLANK:
                continue
            entry = layout.entry(page, number)
            if entry is None or number > newest:
                torn += 1
            elif not expected <= entry.s < pages:
                self._say("tampered", f"{_name(entry)} stands where it does not belong.")
            else:
                if entry.s > expected:
                    what = span(expected, entry.s - 1, "Entry").replace("Entrys", "Entries")
                    verb = "is" if entry.s == expected + 1 else "are"
                    self._say("tampered", f"{what} of the camera's log {verb} missing.")
                elif entry.previous != previous:
                    self._say("tampered", f"{_name(entry)} does not follow the one before it.")
                if any(entry.padding):
                    self._say("tampered", f"{_name(entry)} holds bytes that no camera writes.")
                entries.append(entry)
                expected, previous = entry.s + 1, entry.mac
        if torn:
            what = (
                f"{count(torn, 'page')} of the camera's log cannot be read, as after a power cut."
            )
            self._say("note", what)
        return entries

    def _newest_page(self, pages):
        """Return the page of the newest entry with keys: what stands behind it was torn.

        Where no entry has keys the end of the log is lost, and all pages count.
        """
        for number in reversed(range(pages)):
            entry = layout.entry(self.page(number), number)
            if entry and entry.keys:
                return number
        return pages

    def _newest(self):
        """Say so when the newest entry is not the newest that the camera wrote."""
        *older, last = self.entries
        if last.keys is None:
            if last.wiped:
                self._say(
                    "tampered", "The end of the camera's log is missing: later entries were there."
                )
            else:
                self._say("damaged", "The newest entry of the camera's log is damaged.")
        if any(entry.keys for entry in older[:-1]):
            self._say("note", "The camera's log still holds keys that should have been erased.")
        spares = (
            e.spare.strip(b"\xff") or e.code != layout.OPEN and e.progress != 0xFFFF
            for e in self.entries
        )
        if any(spares):
            self._say("note", "Unused bytes of the camera's log are not blank.")

    def _apply(self, entry):
        """Follow one entry: what does the log promise after it."""
        apply = _APPLY.get(entry.code)
        if entry.code not in layout.CODES:
            self._say("note", f"{_name(entry)} has a code that this reader does not know.")
        elif apply and not apply(self, entry):
            self._say("tampered", f"{_name(entry)} contradicts the entries before it.")
        elif entry.next != self.next and self.epoch is not None:
            self._say("tampered", f"{_name(entry)} counts the segments differently.")
        self.next = entry.next

    def _epoch(self, entry):
        if entry.s or len(entry.detail) < layout.EPOCH_DETAIL.size:
            return False
        fields = layout.EPOCH_DETAIL.unpack_from(entry.detail)
        self.epoch, self.first, self.device, self.card, self.released = fields
        self.name = entry.detail[layout.EPOCH_DETAIL.size :].decode("utf-8", "replace")
        self.next = self.first
        return True

    def _sealed_read(self, entry):
        if len(entry.detail) != layout.SEALED_SEED.size:
            return False
        name, sealed = layout.SEALED_SEED.unpack(entry.detail)
        self.seeds[name] = sealed
        return True

    def _open(self, entry):
        if len(entry.detail) != layout.OPEN_DETAIL.size or self.epoch is None:
            return False
        n, nonce, card, recording, index = layout.OPEN_DETAIL.unpack(entry.detail)
        right = n == self.next
        before = self.segments.get(n - 1)
        if before and before.recording == recording and index == before.index + 1:
            before.continued = True
        self.segments[n] = Segment(
            n,
            entry.s,
            self.epoch,
            card,
            self.device,
            nonce,
            recording,
            index,
            entry.boot,
            entry.utc if entry.trust else None,
            entry.trust,
            entry.uptime_ms,
            entry.mac,
            least=16 * (16 - entry.progress.bit_count()),
        )
        self.next = n + 1
        return right

    def _sealed(self, entry):
        segment, blocks = self._pair(entry)
        if not segment or segment.blocks is not None or not 2 <= blocks <= layout.BLOCKS:
            return False
        segment.blocks = blocks
        return True

    def _torn(self, entry):
        segment, blocks = self._pair(entry)
        if not segment or segment.blocks is not None or blocks > layout.BLOCKS:
            return False
        segment.least = max(segment.least, blocks)
        return True

    def _pair(self, entry):
        """Return the segment and the number that a SEAL or TORN entry names."""
        if len(entry.detail) != layout.PAIR.size:
            return None, 0
        n, blocks = layout.PAIR.unpack(entry.detail)
        return self.segments.get(n), blocks

    def _released(self, entry):
        if len(entry.detail) != 4:
            return False
        upto = int.from_bytes(entry.detail, "little")
        right = self.released <= upto <= self.next
        self.released = max(self.released, upto)
        return right


_APPLY = {
    layout.EPOCH: Log._epoch,
    layout.SEALED_READ: Log._sealed_read,
    layout.OPEN: Log._open,
    layout.SEALED: Log._sealed,
    layout.TORN: Log._torn,
    layout.RELEASED: Log._released,
}


def _name(entry):
    return f"Entry {entry.s} of the camera's log ({layout.CODES.get(entry.code, entry.code)})"
