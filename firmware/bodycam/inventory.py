"""What can be taken from a camera: its segments, and the log with its keys blanked, as files."""

from array import array
from hashlib import sha256

from micropython import const

from bodycam import log
from bodycam.blocks import BLOCK_BYTES, SEGMENT_BLOCKS
from bodycam.session import BAD_STATE, NO_FILE, Refusal

_PAGES_AT_ONCE = const(64)  # of the log: as many bytes as a block
_KEYS = const(164)
_KEYS_END = const(232)
_DIGEST_SECTOR = const(31)  # of a block, the last one
_DIGEST = const(460)  # in it
_RELEASED = const(0x8000)


class Inventory:
    """The files of `card` and `journal`, the log, whose flash is `flash`. `memory` is for one
    block; others may use it whenever `forget` was called after.
    """

    def __init__(self, card, journal, flash, memory):
        self._card = card
        self._log = journal
        self._flash = flash
        self._view = memoryview(memory)[:BLOCK_BYTES]
        self._sector = self._view[:512]
        self._blank = bytes(_KEYS_END - _KEYS)
        self._blocks = None  # of each segment of this epoch; 0 while it is not closed
        self._known = None
        self._held = None  # (name, number) of what is in the block buffer
        self._next = None  # and of what will be asked for, as it seems

    def _count(self):
        # Once for every segment that came: reads the whole log, up to 0.5 s.
        journal = self._log
        now = (journal.epoch, journal.next_segment, journal.open)
        if self._known != now:
            counts = array("H", [0] * (journal.next_segment - journal.first))
            journal.visit(lambda code, detail: self._enter(counts, code, detail))
            self._blocks, self._known = counts, now
        return self._blocks

    def _enter(self, counts, code, detail):
        if code not in (log.SEAL, log.TORN, log.RELEASED) or len(detail) < 8:
            return
        place = int.from_bytes(detail[:4], "little") - self._log.first
        if 0 <= place < len(counts):
            if code == log.RELEASED:
                counts[place] |= _RELEASED
            else:
                counts[place] = min(int.from_bytes(detail[4:8], "little"), SEGMENT_BLOCKS)

    def blocks(self, segment: int) -> int:
        """Return the blocks of a closed segment that is not released below the epoch's mark; 256
        for one of an earlier epoch.

        Raises:
            Refusal: there is none such.
        """
        journal = self._log
        if journal.refusal or not journal.released <= segment < journal.next_segment:
            raise Refusal(NO_FILE)
        if segment < journal.first:
            return SEGMENT_BLOCKS
        blocks = self._count()[segment - journal.first] & ~_RELEASED
        if not blocks:
            raise Refusal(NO_FILE)
        return blocks

    def is_released(self, segment: int) -> bool:
        """Return whether RELEASED is entered for a segment of this epoch."""
        place = segment - self._log.first
        return place >= 0 and bool(self._count()[place] & _RELEASED)

    def release(self, segment: int):
        """Note that RELEASED has been entered."""
        self._count()[segment - self._log.first] |= _RELEASED

    def own_card(self):
        """Make sure that the card in the slot is the one that belongs to the log.

        Raises:
            Refusal: it is not.
        """
        if self._card.card_id != self._log.card_id or not self._card.card_id:
            raise Refusal(BAD_STATE)

    def size(self, name: str, log_too: bool) -> int:
        """Return the bytes of a file; that of `log` only when `log_too`.

        Raises:
            Refusal: there is no such file, or not now.
        """
        if name == "log" and log_too:
            return self._log.used_pages * log.PAGE_BYTES
        segment = _segment(name)
        blocks = self.blocks(segment)
        self.own_card()
        if self.is_released(segment):
            raise Refusal(NO_FILE)
        return blocks * BLOCK_BYTES

    def read(self, name: str, number: int) -> memoryview:
        """Return the `number`-th 16 KiB of a file whose `size` was asked; valid until the next
        call. Beyond the end of `log` it is anything.

        Raises:
            OSError: card or flash failed.
        """
        which = name, number
        if name == "log":
            self._held = None
            self._read_log(number * _PAGES_AT_ONCE)
        elif self._held != which:
            self._held = None
            self._must(self._card.lba(_segment(name), number), self._view)
            self._held = which
        return self._view

    def forget(self):
        """Forget which block was read last: somebody else uses the memory now."""
        self._held = self._next = None

    def expect(self, name: str, number: int):
        """Note which block will be asked for next: `read_ahead` has it then."""
        self._next = name, number

    def read_ahead(self):
        """Read the expected block while nothing else is asked for. Fails in silence."""
        if self._next:
            name, number = self._next
            self._next = None
            try:
                self.read(name, number)
            except OSError:
                pass

    def _read_log(self, page):
        for i in range(min(_PAGES_AT_ONCE, self._log.used_pages - page)):
            at = i * log.PAGE_BYTES
            self._flash.read((page + i) * log.PAGE_BYTES, self._view[at : at + log.PAGE_BYTES])
            self._view[at + _KEYS : at + _KEYS_END] = self._blank

    def _must(self, lba, buf):
        # Block devices report failure in more than one way: False, a negative number.
        if self._card.device.read(lba, buf) is not None:
            raise OSError(5, "card: not read")

    def root(self, segment: int, blocks: int):
        """Return the SHA-256 over the digests of a segment's blocks, 32 zero bytes standing for
        one that cannot be read. A generator: yields None every 16 blocks.
        """
        self.forget()
        whole, blank = sha256(), bytes(32)
        for block in range(blocks):
            digest = blank
            try:
                self._must(self._card.lba(segment, block) + _DIGEST_SECTOR, self._sector)
                digest = self._sector[_DIGEST : _DIGEST + 32]
            except OSError:
                pass
            whole.update(digest)
            if block & 15 == 15:
                yield None
        return whole.digest()

    def fill_of(self, lba: int) -> "int | None":
        """Return the byte that 16 KiB of the card from sector `lba` on consist of, None when it
        is not one of 0 and 255.

        Raises:
            OSError: the card failed.
        """
        self.forget()
        self._must(lba, self._view)
        fill = self._view[0]
        return fill if fill in (0, 255) and self._view == bytes((fill,)) * BLOCK_BYTES else None


def _segment(name):
    # "seg/" and a number, written in one way only.
    digits = name[4:]
    if name[:4] != "seg/" or not 0 < len(digits) <= 10 or not digits.isdigit():
        raise Refusal(NO_FILE)
    segment = int(digits)
    if str(segment) != digits:
        raise Refusal(NO_FILE)
    return segment
