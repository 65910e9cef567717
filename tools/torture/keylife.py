"""Whether keys are gone when they must be: derives all of them and searches flash and card.

A camera that is taken holds no key for anything it recorded. So at any moment its flash holds the
chain's newest value and, until the entry before is erased, the one before; nothing else of either
chain, no entry's key, no segment's. The card never holds any.
"""

import errno
import os
from pathlib import Path

from tools.evidence import layout
from tools.evidence.keyring import Keyring
from tools.evidence.log import Log
from tools.evidence.primitives import kdf, segment_key

_ERASED = bytes(64)
PIECE = 8  # bytes of a key that tell it: what a torn page of flash still holds counts too
_PARTS = range(0, 32, PIECE)


class KeyWatch:
    """Watches every page operation of the flash chip `chip` of the camera beside `image`.

    `found` are sentences, one for each key that should have been gone.
    """

    def __init__(self, image, chip):
        self._image = Path(image)
        self._chip = chip
        log = Log(Path(f"{image}.camera"))
        access = Keyring((Path(f"{image}.keys"),)).access(log.device, log.epoch, log.seeds)
        self._chains = {"READ": access.read, "CHECK": access.check}
        self._card = log.card
        self._newest = log.entries[-1].s
        self._known = 0  # chain values below this are in `_old`
        self._old = {}  # piece of a key that must be gone: its name
        self._opened = {}  # segment: (index, nonce)
        for entry in log.entries:
            self._note(entry)
        self.found = []
        self.operations = 0
        chip.program = self._around(chip.program)

    def _around(self, act):
        def program(offset, data):
            try:
                act(offset, data)
            finally:
                self.operations += 1
                self._operated(offset)

        return program

    def _page(self, number):
        at = number * layout.PAGE
        return bytes(self._chip.memory[at : at + layout.PAGE])

    def _operated(self, offset):
        page = offset // layout.PAGE
        entry = layout.entry(self._page(page), page)
        if entry and entry.keys and entry.s > self._newest:
            self._newest = entry.s
            self._note(entry)
        self._learn()
        for number in range(page + 1):
            field = self._page(number)[layout.KEYS_AT : layout.PROGRESS_AT - 4]
            if field == _ERASED:
                continue
            for at in range(0, 64, PIECE):
                self._judge(field[at : at + PIECE], f"page {number} of the log")

    def _note(self, entry):
        if entry.code == layout.OPEN:
            fields = layout.OPEN_DETAIL.unpack(entry.detail)
            self._opened[fields[0]] = (entry.s, fields[1])

    def _learn(self):
        for s in range(self._known, self._newest):
            for name, chain in self._chains.items():
                self._forbid(chain.at(s), f"{name}_{s}")
        self._known = max(self._known, self._newest)

    def _forbid(self, key, name):
        for at in _PARTS:
            self._old[key[at : at + PIECE]] = name

    def _judge(self, piece, where):
        name = self._old.get(piece)
        if name:
            what = f"{where} holds {name} while entry {self._newest} is the newest"
            if what not in self.found:
                self.found.append(what)

    def derived(self):
        """Return {key: name} of all keys that no medium may ever hold, and old chain values."""
        keys = {}
        for name, chain in self._chains.items():
            for s in range(self._newest):
                keys[chain.at(s)] = f"{name}_{s}"
        for s in range(self._newest + 2):
            keys[kdf(self._chains["CHECK"].at(s), b"log")] = f"key of entry {s}"
        for n, (s, nonce) in self._opened.items():
            for name, chain in self._chains.items():
                keys[segment_key(chain.at(s), nonce, self._card, n)] = f"{name} of segment {n}"
        return keys

    def search(self):
        """Search the whole of both images, byte by byte, for every key that should be gone."""
        keys = self.derived()
        newest = {
            chain.at(s): f"{name}_{s}"
            for name, chain in self._chains.items()
            for s in (self._newest, self._newest + 1)
        }
        self._scan(used(bytes(self._chip.memory), b"\xff", layout.PAGE), keys, "the log", _PARTS)
        for piece in written(self._image):
            self._scan(piece, {**keys, **newest}, "the card", _PARTS[:1])

    def _scan(self, data, keys, where, parts):
        for key, name in keys.items():
            for at in parts:
                if data.find(key[at : at + PIECE]) >= 0:
                    self.found.append(f"{where} holds {name} (entry {self._newest} is the newest)")
                    break


def written(image):
    """Yield what stands on a card from its first place on, place by place, without blanks."""
    step = layout.BLOCK * layout.BLOCKS
    with open(image, "rb") as file:
        file.seek(layout.SUPERBLOCK_LBAS[0] * layout.SECTOR)
        first = layout.superblock(file.read(layout.SECTOR)).first_lba * layout.SECTOR
        for at in range(first, os.fstat(file.fileno()).st_size, step):
            if _is_hole(file, at, step):
                continue
            file.seek(at)
            data = used(file.read(step), b"\0", layout.BLOCK)
            if data:
                yield data


def _is_hole(file, at, n):
    # A sparse image says by itself where nothing was ever written.
    try:
        return os.lseek(file.fileno(), at, os.SEEK_DATA) >= at + n
    except AttributeError:
        return False
    except OSError as error:
        return error.errno == errno.ENXIO


def used(data, blank, step):
    """Return `data` without the blank steps at its end."""
    end, nothing = len(data), blank * step
    while end and data[end - step : end] == nothing:
        end -= step
    return data[:end]
