"""The camera's flash log: what stands there, whether it is the camera's, what it promises.

FORMAT.md section 4. `Log` reads without keys; `authenticate` checks the MACs with CHECK.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from . import layout
from .claims import claims, shown
from .errors import InputError
from .findings import Finding
from .primitives import MAX_S, entry_mac, release_mac

_BLANK = b"\xff" * layout.PAGE
_BATTERY = ("battery_low", "battery_empty")
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
    released: "tuple | None" = None  # the RELEASED entry: its name, what it releases, its token
    on_card: bool = True
    ended: tuple = ("unknown", {})  # how its recording ended: key of words.ENDINGS, facts


class Log:
    """One epoch of a camera's log, read from the image of its flash partition.

    `source` is a folder with `log.bin`, that file, or its bytes. `head`, of a log that a station
    took, is (entries, MAC of the newest) as the camera proved it: such a log has no keys.
    `stored` says that what was released is read from where it was stored: it must be there too.
    `device`, `card`, `epoch` are None when the entry that names them is gone.

    Raises:
        InputError: it is not there, or holds no entry at all.
    """

    def __init__(self, source, head=None, stored=False):
        self._head, self._stored = head, stored
        if isinstance(source, bytes):
            self.path, self._data = "the log", source
        else:
            self._read(Path(source))
        self.findings: list[Finding] = []
        self.device = self.card = self.epoch = None
        self.name = ""
        self.first = self.released = self.next = 0
        self.seeds: dict[bytes, bytes] = {}
        self.segments: dict[int, Segment] = {}
        self._holes = set()  # entries in front of which others cannot be read
        self.entries = self._in_order()
        if not self.entries:
            raise InputError(f"{self.path} holds no entry of a camera's log")
        self._newest()
        self._sure = True  # no entry before was lost
        for entry in self.entries:
            self._apply(entry)
        if self.epoch is None:
            page = self.page(0)
            gone = page == _BLANK or layout.entry(page, 0)
            self._say("log-first-missing" if gone else "log-first-damaged")
        for segment in self.segments.values():
            segment.ended = self._ended(segment)

    def _read(self, path):
        self.path = path / "log.bin" if path.is_dir() else path
        try:
            if self.path.stat().st_size > _LARGEST:
                raise InputError(f"{self.path} is too large to be a camera's log")
            self._data = _begun(self.path.read_bytes())
        except OSError as error:
            raise InputError(
                f"cannot read the camera's log {self.path}: {error.strerror}"
            ) from error

    @property
    def damaged(self) -> bool:
        """Whether entries are missing in between."""
        return bool(self._holes)

    @property
    def promised(self) -> list[Segment]:
        """The segments that must be on a card: opened and not released."""
        return [segment for n, segment in sorted(self.segments.items()) if n >= self.released]

    def _check_releases(self, check):
        """Find the releases that no station gave: what they release stays promised."""
        for segment in self.segments.values():
            if segment.released and segment.s <= MAX_S:
                name, what, token = segment.released
                if release_mac(check.at(segment.s)).of(what) != token:
                    self._say("log-release-forged", entry=name)
                    segment.released = None

    def page(self, number: int) -> bytes:
        """Return one page of 256 bytes."""
        return self._data[number * layout.PAGE : (number + 1) * layout.PAGE]

    def _take_back(self):
        for segment in self.segments.values() if self._stored else ():
            segment.released = None

    def authenticate(self, access) -> bool:
        """Check every MAC and the newest keys; return False when there is no CHECK key for it."""
        if access.check is None:
            if any(segment.released for segment in self.segments.values()) and not self._stored:
                self._say("log-release-unchecked")
            self._take_back()
            return False
        self._check_releases(access.check)
        self._take_back()
        altered = [
            entry
            for entry in self.entries
            if entry_mac(access.check.at(entry.s)).of(self.page(entry.page)[:144]) != entry.mac
        ]
        if len(altered) == len(self.entries):
            self._say("wrong-check-key")
            return True
        for entry in altered:
            self._say("log-altered", entry=_name(entry))
        last = self.entries[-1]
        chains = (access.read, access.check)
        if last.keys and any(c and c.at(last.s + 1) != key for c, key in zip(chains, last.keys)):
            self._say("log-keys")
        return True

    def _say(self, code, **facts):
        self.findings.append(Finding(code, facts=facts))

    def _in_order(self):
        """Return the valid entries in their order, and say what is missing between them."""
        entries, torn, expected, previous = [], 0, 0, bytes(16)
        room = len(self._data) // layout.PAGE
        written_bytes = len(self._data.rstrip(b"\xff"))
        pages = min(room, -(-written_bytes // layout.PAGE))
        newest = self._newest_page(pages)
        unreadable = 0  # pages since the last entry that are neither entry nor blank
        for number in range(pages):
            page = self.page(number)
            if page == _BLANK:
                continue
            entry = layout.entry(page, number)
            if entry is None or number > newest:
                unreadable += 1
                continue
            if not expected <= entry.s < room:
                self._say("log-misplaced", entry=_name(entry))
                continue
            gone = entry.s - expected
            if gone:
                # A page that the flash lost is still in its entry's place; a removed one is not.
                code = "log-page-damaged" if unreadable >= gone else "log-missing"
                self._say(code, entries=(expected, entry.s - 1))
                self._holes.add(entry.s)
                unreadable = max(0, unreadable - gone)
            elif entry.previous != previous:
                self._say("log-chain", entry=_name(entry))
            if any(entry.padding):
                self._say("log-bytes", entry=_name(entry))
            entries.append(entry)
            expected, previous = entry.s + 1, entry.mac
            torn, unreadable = torn + unreadable, 0
        self._behind = unreadable
        if torn + unreadable:
            self._say("log-torn", pages=torn + unreadable)
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
        if last.keys is None and self._head != (last.s + 1, last.mac):
            cut = last.wiped and not self._behind
            self._say("log-cut" if cut else "log-newest-damaged")
        if any(entry.keys for entry in older[:-1]):
            self._say("log-keys-left")
        if any(map(_unused, self.entries)) or not all(e.wiped or e.keys for e in older[:-1]):
            self._say("log-unused")

    def _apply(self, entry):
        """Follow one entry: what does the log promise after it.

        Behind an entry that was lost contradictions prove nothing: it may have said anything.
        """
        apply = _APPLY.get(entry.code)
        self._sure = self._sure and entry.s not in self._holes
        if entry.code not in layout.CODES:
            self._say("log-code", entry=_name(entry))
        elif apply and not apply(self, entry):
            if self._sure:
                self._say("log-contradiction", entry=_name(entry))
        elif entry.next != self.next and self.epoch is not None and self._sure:
            self._say("log-count", entry=_name(entry))
        self.next = entry.next

    def _ended(self, segment):
        """Return how the recording in a segment ended, as far as the log tells."""
        low = None
        for entry in self.entries:
            if entry.s <= segment.s:
                continue
            words = said(entry)
            why, here = words.get("why"), entry.boot == segment.boot
            if entry.code == layout.OPEN:
                break
            if entry.code in (layout.FAULT, layout.WARNING) and here and why in _BATTERY:
                low = words
            elif entry.code == layout.FAULT and here:
                return "fault", words
            elif segment.blocks is not None and entry.code == layout.STAGE:
                if words.get("from") == "recording":
                    break  # what comes later befell a camera that did not record any more
            elif entry.code == layout.BOOT and segment.blocks is None:
                if low or words.get("cause") != layout.WATCHDOG:
                    return ("battery", low) if low else ("power", {})
                return "watchdog", {}
        if segment.blocks is not None:
            return "sealed", {}
        return ("battery", low) if low else ("open", {})

    def _epoch(self, entry):
        if entry.s or len(entry.detail) < layout.EPOCH_DETAIL.size:
            return False
        fields = layout.EPOCH_DETAIL.unpack_from(entry.detail)
        self.epoch, self.first, self.device, self.card, self.released = fields
        self.name = shown(entry.detail[layout.EPOCH_DETAIL.size :].decode("utf-8", "replace"))
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
            least=16 * _cleared(entry.progress),
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

    def _release(self, entry):
        if len(entry.detail) != layout.RELEASE.size:
            return False
        n, blocks, _, token = layout.RELEASE.unpack(entry.detail)
        segment = self.segments.get(n)
        if not segment or blocks != (segment.blocks or segment.least) or segment.released:
            return False
        segment.released = _name(entry), entry.detail[:-16], token
        return True


_APPLY = {
    layout.EPOCH: Log._epoch,
    layout.SEALED_READ: Log._sealed_read,
    layout.OPEN: Log._open,
    layout.SEALED: Log._sealed,
    layout.TORN: Log._torn,
    layout.RELEASED: Log._release,
}


def opened(source) -> "Log | None":
    """Return the log in a folder or file; a `Log`, and None, as they are.

    Raises:
        InputError: as `Log`.
    """
    return source if source is None or isinstance(source, Log) else Log(source)


def _begun(data):
    """Return the log without what is put aside at its end; where that has been confirmed and the
    camera has not booted since, it is the log.
    """
    if len(data) <= layout.ASIDE or len(data) % layout.ASIDE:
        return data  # no whole flash partition
    aside = data[-layout.ASIDE :]
    magic, pages, digest = layout.ASIDE_MARK.unpack_from(aside, layout.ASIDE - layout.PAGE)
    begun = aside[: pages * layout.PAGE] if pages <= 3 else b""
    if magic == b"BWC1" and sha256(begun).digest() == digest:
        return begun.ljust(len(data) - layout.ASIDE, b"\xff")
    return data[: -layout.ASIDE]


def said(entry) -> dict:
    """Return the JSON words of an entry; empty where it has none or they cannot be read."""
    try:
        return claims(entry.detail)[0] if entry.code in layout.IN_WORDS else {}
    except ValueError:
        return {}


def _cleared(progress):
    """Return how many bits from bit 0 up are cleared without a hole: others prove nothing."""
    return next((bit for bit in range(16) if progress >> bit & 1), 16)


def _unused(entry):
    """Return whether bytes that nobody uses hold something."""
    blank = 0xFFFF << (_cleared(entry.progress) if entry.code == layout.OPEN else 0)
    return bool(entry.spare.strip(b"\xff")) or entry.progress != blank & 0xFFFF


def _name(entry):
    return entry.s, layout.CODES.get(entry.code, entry.code)
