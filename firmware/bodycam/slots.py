"""Two slots for the firmware, beside the one that came with the interpreter or by `flash`: an
update is written into the slot that does not run, verified, and tried once.

A slot is a folder, /a or /b, with `manifest.json`, `manifest.lms` (its signature) and the files.
`/slots.json` says which one is started. It is replaced as a whole, by a rename, which littlefs
does or does not: a power cut leaves the old version or the new one. A version that does not come
so far as to `confirm` is not started a second time. What is started was verified in the same boot.

The number of a release only grows: one that is lower than the last confirmed is refused.
"""

import json
import os
from binascii import hexlify
from hashlib import sha256

from bodycam.lms import verify

_FOLDERS = ("bodycam", "drivers")
_FILES_MAX = 100
_FILE_BYTES_MAX = 65_536
_ALL_BYTES_MAX = 196_608
_BLANK = {"confirmed": "", "trying": "", "tries": 0, "least": 0, "failed": 0}


class Refused(Exception):
    """An update is not taken; the text says why."""


class Slots:
    """The slots of a board `board_id`, for releases signed with the LMS key `public`.

    `public` is None where no release is trusted: then nothing is started from a slot. `top` is
    where the slots are. `running` is the slot that was started, "" for none; `gave_up` is the
    number of the release whose trial ended in this boot, 0 for none.
    """

    def __init__(self, board_id: str, public: "bytes | None", top: str = ""):
        self._board_id = board_id
        self._public = public
        self._top = top
        self._state: dict = self._load()
        self._files = {}  # of the update under way: path: (bytes, SHA-256 in hex)
        self._target = ""
        self.running = ""
        self.gave_up = 0

    # At boot

    def enter(self) -> str:
        """Choose what is started and return its folder, "" for what lies outside of the slots.

        A slot that is on trial loses its try before anything of it runs. Verifying 100 KiB blocks
        for some 0.3 s (estimate).
        """
        state = self._state
        slot = state["trying"]
        if slot and not state["tries"]:
            self.gave_up = state["failed"] = self._number(slot)
            state["trying"] = slot = ""
            self._keep()
        elif slot:
            state["tries"] = 0
            slot = slot if self._keep() else ""
        for candidate in (slot, state["confirmed"]):
            if candidate and self._sound(candidate):
                self.running = candidate
                return self._top + "/" + candidate
        return ""

    @property
    def on_trial(self) -> bool:
        """Whether what runs has not been confirmed."""
        return self.running != "" and self.running == self._state["trying"]

    def confirm(self) -> None:
        """Keep what runs: it works. Does nothing where it was kept before, and where the file
        system fails: then the version before this one starts the next time.
        """
        if self.on_trial:
            number = self._number(self.running)
            self._state = dict(_BLANK, confirmed=self.running, least=number)
            self._keep()

    # For the dock

    def status(self) -> dict:
        """Return `running`, the release `number` that runs (0: none), the `least` that is taken,
        `on_trial`, and `failed`, the release that was given up last (0: none).
        """
        number = self._number(self.running) if self.running else 0
        state = self._state
        row = {"running": self.running, "number": number, "on_trial": self.on_trial}
        return dict(row, least=state["least"], failed=state["failed"])

    def begin(self, manifest: bytes, signature: bytes) -> list:
        """Begin with a release, or go on with the same one; return the paths still to be written.

        Raises:
            Refused: not signed with the key, for another board, too old, or too large.
            OSError: the file system is full or failed.
        """
        about = self._trusted(manifest, signature)
        if about["number"] <= self._state["least"]:
            row = (about["number"], self._state["least"])
            raise Refused("release %d is not newer than %d" % row)
        if self.on_trial:
            raise Refused("what runs is on trial")
        self._target = slot = "b" if self.running == "a" or self._confirmed("a") else "a"
        if self._state["trying"]:
            self._state["trying"] = ""
            self._save()
        self._files = about["files"]
        self._tidy(slot)
        self._put(slot, "manifest.json", manifest)
        self._put(slot, "manifest.lms", signature)
        return self._wrong(slot, self._files)

    def write(self, path: str, offset: int, data: bytes) -> int:
        """Write a piece of one of the release's files; return how long it is now.

        A file begins at offset 0, which empties it, and goes on where it ends.

        Raises:
            Refused: no such file, a gap, or more than the manifest says.
            OSError: the file system is full or failed.
        """
        if path not in self._files:
            raise Refused("no file of this release: " + path[:40])
        if offset + len(data) > self._files[path][0]:
            raise Refused("longer than its manifest says: " + path)
        name = self._name(self._target, path)
        if offset and self._size(name) != offset:
            raise Refused("a gap: %s has %d bytes" % (path, self._size(name)))
        with open(name, "ab" if offset else "wb") as file:
            file.write(data)
        return offset + len(data)

    def verify(self) -> list:
        """Return the paths that are not as the manifest says; none: it is complete."""
        return self._wrong(self._target, self._files)

    def switch(self) -> None:
        """Let the next boot try the release. The caller restarts the camera.

        Raises:
            Refused: it is not complete.
        """
        if not self._files or self.verify():
            raise Refused("the release is not complete")
        self._state["trying"], self._state["tries"] = self._target, 1
        self._save()
        self._files = {}

    # State

    def _load(self):
        state = dict(_BLANK)
        try:
            with open(self._top + "/slots.json") as file:
                stored = json.load(file)
            if all(type(stored[key]) is type(value) for key, value in state.items()):
                state.update(stored)
        except (OSError, ValueError, KeyError, TypeError):
            pass  # none yet, or not ours: what lies outside of the slots is started
        return state

    def _save(self):
        name = self._top + "/slots.json"
        with open(name + ".new", "w") as file:
            file.write(json.dumps(self._state))
        os.rename(name + ".new", name)

    def _keep(self):
        # A camera starts whatever its file system does: then without a trial.
        try:
            self._save()
        except OSError:
            return False
        return True

    def _confirmed(self, slot):
        return self._state["confirmed"] == slot

    # Releases

    def _trusted(self, manifest, signature):
        if self._public is None or not verify(self._public, manifest, signature):
            raise Refused("not signed with this camera's release key")
        about = json.loads(manifest)
        if about["board"] != self._board_id:
            raise Refused("a release for " + about["board"])
        files = about["files"]
        if len(files) > _FILES_MAX or sum(row[0] for row in files.values()) > _ALL_BYTES_MAX:
            raise Refused("too large")
        for path, row in files.items():
            if not _plain(path) or row[0] > _FILE_BYTES_MAX:
                raise Refused("not a file of the firmware: " + path[:40])
        return about

    def _sound(self, slot):
        try:
            with open(self._name(slot, "manifest.json"), "rb") as file:
                manifest = file.read()
            with open(self._name(slot, "manifest.lms"), "rb") as file:
                about = self._trusted(manifest, file.read())
        except (OSError, Refused):
            return False
        return not self._wrong(slot, about["files"])

    def _number(self, slot):
        try:
            with open(self._name(slot, "manifest.json")) as file:
                return json.load(file)["number"]
        except (OSError, ValueError, KeyError):
            return 0

    def _wrong(self, slot, files):
        return [path for path, row in files.items() if self._digest(slot, path) != list(row)]

    def _digest(self, slot, path):
        sha, total, piece = sha256(), 0, memoryview(bytearray(2048))
        try:
            with open(self._name(slot, path), "rb") as file:
                while True:
                    n = file.readinto(piece)
                    if not n:
                        break
                    sha.update(piece[:n])
                    total += n
        except OSError:
            return None
        return [total, hexlify(sha.digest()).decode()]

    # Files

    def _name(self, slot, path):
        return self._top + "/" + slot + "/" + path

    def _size(self, name):
        try:
            return os.stat(name)[6]
        except OSError:
            return 0

    def _put(self, slot, path, data):
        with open(self._name(slot, path), "wb") as file:
            file.write(data)

    def _tidy(self, slot):
        # Makes the folders, and removes what is not of the release: it would take room, and in
        # MicroPython x.py goes before x.mpy.
        top = self._top + "/" + slot
        for folder in (top, top + "/bodycam", top + "/drivers"):
            try:
                os.mkdir(folder)
            except OSError:
                os.stat(folder)
        for folder in ("", "bodycam/", "drivers/"):
            for name in os.listdir(top + "/" + folder):
                path = folder + name
                if path not in self._files and path not in _FOLDERS:
                    os.remove(self._name(slot, path))


def _plain(path):
    # board.mpy, bodycam/x.mpy or drivers/x.mpy
    folder, _, name = path.rpartition("/")
    stem = name[:-4]
    letters = all("a" <= c <= "z" or "0" <= c <= "9" or c == "_" for c in stem)
    if not stem or not letters or name[-4:] != ".mpy":
        return False
    return folder in _FOLDERS or path == "board.mpy"
