"""The camera's own flash log: keys, events and progress in one append-only array of 256-byte
pages (FORMAT.md section 4).

The next key is safe before the current one is used, and the current one is then erased from flash:
a camera that is taken with its power off holds no key for anything that it recorded. One recovery
rule serves keys, events and progress.
"""

import json
import struct
from binascii import crc32

from micropython import const

from bodycam.blocks import segment_keys
from bodycam.errors import Fault
from bodycam.keys import cmac, kdf, wipe

PAGE_BYTES = const(256)

EPOCH = const(1)
SEALED_READ = const(2)
BOOT = const(3)
STAGE = const(4)
OPEN = const(5)
SEAL = const(6)
TORN = const(7)
MARK = const(8)
FAULT = const(9)
WARNING = const(10)
CLOCK = const(11)
CARD = const(12)
POWER = const(13)
RELEASED = const(14)
OFF = const(15)

_SEGMENT_IS_OPEN = const(0x80)
_LAST_WAS_TORN = const(0x40)
_DETAIL_BYTES = const(96)
_KEYS = const(164)
_KEYS_END = const(232)
_PROGRESS = const(232)
_ERASURES = const(3)  # attempts: a bit may need a second programming
_ASIDE_PAGES = const(16)
_RESERVED_PAGES = const(16)  # kept for SEAL and TORN, and for these, when the log is full
_RESERVED = (BOOT, FAULT, OFF)


class Log:
    """The log on `flash` (`size_bytes`, `read(at, buf)`, `program(at, buf)`; None: there is
    none). `aes` is `cryptolib.aes`.

    After `recover`: `epoch`, `device_id`, `card_id`, `seals`, `boot`, `first` (segment number of
    the epoch), `next_segment`, `released`,
    `recording` (of the newest segment) `torn` (segment number that the last power cut left open,
    else None) and `torn_entry` (sequence number of its OPEN entry).
    """

    def __init__(self, flash, aes, clock):
        self._flash = flash
        self._aes = aes
        self._clock = clock
        self._page = bytearray(PAGE_BYTES)
        self._view = memoryview(self._page)
        self._keys = bytearray(64)  # READ_s, CHECK_s for the next entry
        self._last = bytearray(16)  # MAC of the newest entry
        self._seq = 0
        self._at = 0  # next blank page
        self._refusal = "log_error"  # why nothing may be written; None once recovered
        self._newest = -1  # page of the newest entry
        self._open_page = -1
        self._progress = 0xFFFF
        # The last sector is where the next epoch is put aside.
        self.pages = flash.size_bytes // PAGE_BYTES - _ASIDE_PAGES if flash else 0
        self.boot = 0
        self.epoch = self.first = self.next_segment = self.released = self.recording = 0
        self.device_id = self.card_id = b""
        self.seals = []
        self.torn = None
        self.torn_entry = 0
        self.previous = "none"  # how the segment before the next one ended
        self.open = False

    # Recovery

    def recover(self):
        """Find the newest entry and the keys, and erase every older key.

        Reads O(log n) pages; takes 5 to 30 ms.

        Raises:
            Fault: the camera is not enrolled, or its log is damaged or missing.
        """
        if not self.pages:
            raise Fault("log_error", "no partition for the log")
        if not self._load(0) or self._code() != EPOCH:
            self._refusal = "not_enrolled"
            raise Fault(self._refusal, "the log does not begin with an epoch")
        detail = self._detail()
        self.epoch, self.first = struct.unpack_from("<II", detail, 0)
        self.next_segment = self.first
        self.device_id, self.card_id = bytes(detail[8:24]), bytes(detail[24:40])
        self.released = struct.unpack_from("<I", detail, 40)[0]
        page = 1
        while self._load(page) and self._code() == SEALED_READ:
            self.seals.append(bytes(self._detail()))
            page += 1
        self._at = self._first_blank()
        self._adopt_newest()
        self._find_open()
        self._refusal = None

    def _load(self, page):
        self._read(page * PAGE_BYTES, self._page)
        return (
            self._page[:4] == b"BWL1"
            and crc32(self._view[:160]) == struct.unpack_from("<I", self._page, 160)[0]
        )

    def _code(self):
        return self._page[8] | self._page[9] << 8

    def _detail(self):
        return self._view[48 : 48 + min(self._page[11], _DETAIL_BYTES)]

    def _first_blank(self):
        low, high = 0, self.pages
        while low < high:
            middle = (low + high) // 2
            self._read(middle * PAGE_BYTES, self._page)
            if all(byte == 0xFF for byte in self._page):
                high = middle
            else:
                low = middle + 1
        return low

    def _adopt_newest(self):
        page = self._at - 1
        while page >= 0 and not (self._load(page) and self._has_keys()):
            page -= 1
        if page < 0:
            raise Fault("log_error", "no entry of the log holds a key")
        self._newest = page
        self._keys[:] = self._view[_KEYS : _KEYS + 64]
        self._last[:] = self._view[144:160]
        self._seq = struct.unpack_from("<I", self._page, 4)[0] + 1
        self.open = bool(self._page[10] & _SEGMENT_IS_OPEN)
        self.boot, self.recording = struct.unpack_from("<HH", self._page, 12)
        if self.recording:
            self.previous = "torn" if self._page[10] & _LAST_WAS_TORN else "sealed"
        self.next_segment = struct.unpack_from("<I", self._page, 28)[0]
        # What stands behind it was torn. Before it, keys are erased up to an entry whose key was
        # erased before: everything older was erased when that one was.
        for torn in range(page + 1, self._at):
            self._tear(torn)
        page -= 1
        while page >= 0:
            valid = self._load(page)
            if any(self._view[_KEYS:_KEYS_END]):
                self._erase_keys(page)
            elif valid:
                break
            page -= 1

    def _read(self, at, buf):
        try:
            self._flash.read(at, buf)
        except OSError:
            self._again(self._flash.read, at, buf)

    def _write(self, at, buf):
        try:
            self._flash.program(at, buf)
        except OSError:
            self._again(self._flash.program, at, buf)

    def _again(self, act, at, buf):
        try:
            act(at, buf)
        except OSError as error:
            raise Fault("log_error", error)

    def _has_keys(self):
        keys = self._view[_KEYS:_KEYS_END]
        return crc32(keys[:64]) == struct.unpack_from("<I", keys, 64)[0] and any(keys[:64])

    def _find_open(self):
        # Only when the power went during a recording: its OPEN entry stands a few events back.
        page = self._newest
        while self.open and self.torn is None and page > 0:
            if self._load(page) and self._code() == OPEN:
                self.torn = struct.unpack_from("<I", self._detail(), 0)[0]
                self.torn_entry = struct.unpack_from("<I", self._page, 4)[0]
                self._open_page = page
                self._progress = struct.unpack_from("<H", self._page, _PROGRESS)[0]
            page -= 1

    def recall(self, code: int, pages: int):
        """Yield the details of the newest entries with `code`, the newest first, among the last
        `pages` pages.

        Raises:
            Fault: the flash cannot be read.
        """
        page, least = self._newest, self._newest - pages
        while page >= 0 and page > least:
            if self._load(page) and self._code() == code:
                detail = bytes(self._detail())
                wipe(self._page)
                yield detail
            page -= 1
        wipe(self._page)

    # Writing

    @property
    def full(self) -> bool:
        """Whether only the reserve for closing entries is left: no recording may start."""
        return self._at >= self.pages - _RESERVED_PAGES

    @property
    def seq(self) -> int:
        """Sequence number that the next entry will have."""
        return self._seq

    @property
    def last_mac(self) -> bytes:
        """MAC of the newest entry, 16 bytes: through its chain it stands for the whole log."""
        return bytes(self._last)

    @property
    def refusal(self) -> "str | None":
        """Why nothing may be written: a key of words.FAULTS; None once recovered."""
        return self._refusal

    @property
    def used_pages(self) -> int:
        """Pages from the first one on that are not blank."""
        return self._at

    def visit(self, tell):
        """Call `tell(code, detail)` for each entry, oldest first; it must not write. Reads every
        page: up to 0.5 s.

        Raises:
            Fault: the flash failed.
        """
        for page in range(self._at):
            if self._load(page):
                tell(self._code(), self._detail())

    def session_key(self, transcript: bytes, key):
        """Put the key of a docking into `key`, a bytearray of 32 bytes. The CHECK key of a camera
        that is not enrolled is zero.

        Raises:
            Fault: the cipher failed.
        """
        kdf(self._aes, memoryview(self._keys)[32:], b"auth", transcript, key)

    def note(self, code: int, facts: dict):
        """Append an event with `facts` as JSON; facts that do not fit into 96 bytes are cut to
        `why`. In a log that is `full` only a boot, a fault and the end are entered.

        Raises:
            Fault: the log is full or its flash failed.
        """
        if self.full and code not in _RESERVED:
            return
        detail = json.dumps(facts, separators=(",", ":")).encode()
        if len(detail) > _DETAIL_BYTES:
            why = str(facts.get("why", ""))[:40]
            detail = json.dumps({"why": why}).encode()
        self.append(code, detail)

    def append(self, code: int, detail: bytes):
        """Append an entry: program, read back, then erase the key before it.

        Two page programs, about 2 ms. A flash operation that fails once is done again.

        Raises:
            Fault: the log is full, its flash failed, or failed before: then only the next
            `recover` can say where its end is and which key is old, and nothing is written.
        """
        if self._refusal:
            raise Fault(self._refusal, "not recovered")
        if self._at >= self.pages:
            raise Fault("log_full", "%d pages" % self.pages)
        self._enter(code, detail)
        self._refusal = None

    def _enter(self, code, detail):
        for _attempt in range(2):
            if self._at >= self.pages:
                raise Fault("log_full", "%d pages" % self.pages)
            self._compose(code, detail)
            self._refusal = "log_error"  # and so it stays if anything below raises
            page, self._at = self._at, self._at + 1
            if self._program(page):
                break
            self._tear(page)
        else:
            raise Fault("log_error", "page %d does not take what is programmed" % (self._at - 1))
        self._last[:] = self._view[144:160]
        self._keys[:] = self._view[_KEYS : _KEYS + 64]
        wipe(self._page)
        # The entry stands, whatever becomes of the key before it.
        before, self._newest = self._newest, page
        self._seq += 1
        if before >= 0:
            self._erase_keys(before)

    def _compose(self, code, detail):
        page, view = self._page, self._view
        for i in range(PAGE_BYTES):
            page[i] = 0 if i < _KEYS else 0xFF
        clock = self._clock
        flags = clock.trust | (_SEGMENT_IS_OPEN if self.open else 0)
        flags |= _LAST_WAS_TORN if self.previous == "torn" else 0
        row = (b"BWL1", self._seq, code, flags, len(detail), self.boot, self.recording)
        struct.pack_into("<4sIHBBHH", page, 0, *row)
        row = (clock.uptime_ms(), clock.utc_s() or 0, self.next_segment)
        struct.pack_into("<QII", page, 16, *row)
        page[32:48] = self._last
        page[48 : 48 + len(detail)] = detail
        read, check = view[_KEYS : _KEYS + 32], view[_KEYS + 32 : _KEYS + 64]
        kdf(self._aes, memoryview(self._keys)[32:], b"log", b"", check)
        cmac(self._aes, check, view[:144], view[144:160])
        struct.pack_into("<I", page, 160, crc32(view[:160]))
        kdf(self._aes, memoryview(self._keys)[:32], b"next", b"", read)
        kdf(self._aes, memoryview(self._keys)[32:], b"next", b"", check)
        struct.pack_into("<I", page, 228, crc32(view[_KEYS : _KEYS + 64]))

    def _program(self, page):
        back = bytearray(PAGE_BYTES)
        same = self._replace(page * PAGE_BYTES, self._page, back) and back == self._page
        wipe(back)
        return same

    def _replace(self, at, buf, back):
        # Whether it was programmed and could be read back; a failure is not yet the end.
        try:
            self._write(at, buf)
            self._read(at, back)
        except Fault:
            return False
        return True

    def _tear(self, page):
        # Its magic goes first: a page without key that still looked like an entry would be one
        # twice.
        magic = bytearray(4)
        for _attempt in range(_ERASURES):
            if self._replace(page * PAGE_BYTES, bytes(4), magic) and not any(magic):
                return self._erase_keys(page)
        raise Fault("log_error", "page %d cannot be torn" % page)

    def _erase_keys(self, page):
        field = bytearray(_KEYS_END - _KEYS)
        at = page * PAGE_BYTES + _KEYS
        for _attempt in range(_ERASURES):
            wiped = self._replace(at, field, field) and not any(field)
            wipe(field)
            if wiped:
                return
        raise Fault("log_error", "page %d keeps an old key" % page)

    # Segments

    def open_segment(self, nonce: bytes, recording: int, index: int, keys) -> int:
        """Enter a new segment; put its cipher and MAC key into `keys` (bytearray of 64 bytes);
        return the entry's sequence number.

        When this returns, flash holds no key of the segment, and RAM only what is in `keys`.
        """
        segment = self.next_segment
        segment_keys(
            self._aes,
            memoryview(self._keys)[:32],
            memoryview(self._keys)[32:],
            nonce + self.card_id + struct.pack("<I", segment),
            keys,
        )
        before = self._said()
        self.next_segment = segment + 1
        self.open = True
        self.recording = recording
        self._progress = 0xFFFF
        detail = struct.pack("<I", segment) + nonce + self.card_id
        self._append_or(before, OPEN, detail + struct.pack("<II", recording, index))
        self._open_page = self._newest
        return self._seq - 1

    def acknowledged(self, block: int):
        """Note that the card has blocks 0 to `block` of the open segment: one bit of progress
        for 16 blocks.
        """
        progress = 0xFFFF << (block + 1 >> 4) & 0xFFFF
        if progress != self._progress:
            self._progress = progress
            self._write(self._open_page * PAGE_BYTES + _PROGRESS, struct.pack("<H", progress))

    def close_segment(self, code: int, segment: int, blocks: int):
        """Enter SEAL or TORN for the open segment, with its number of blocks."""
        before = self._said()
        self.open = False
        self.torn = None
        self.previous = "torn" if code == TORN else "sealed"
        self._append_or(before, code, struct.pack("<II", segment, blocks))

    def _said(self):
        # What every entry says of segments.
        return self.next_segment, self.open, self.recording, self.previous

    def _append_or(self, before, code, detail):
        try:
            self.append(code, detail)
        except Exception:
            if not self._refusal:  # nothing was programmed, and the next entry must not say it was
                self.next_segment, self.open, self.recording, self.previous = before
            raise

    @property
    def proved_blocks(self) -> int:
        """How many blocks of the torn segment the card had acknowledged, as far as the progress
        bits say: a multiple of 16.
        """
        bits = self._progress
        count = 0
        while not bits & 1 and count < 16:
            bits >>= 1
            count += 1
        return count * 16
