"""What a camera gets, what of it is there already, and the copying of the rest.

A camera never has half of a version that starts. New files are written beside the old ones, into
`/new`, and their SHA-256 is computed there by the camera. Only then `main.py` gives way to
held.py, every file goes into its place, `main.py` comes back, and last `/manifest.json`, with
all digests. Until the exchange, which takes a second or two, the old version is whole; whatever
was copied into `/new` before an interruption is used the next time. After one in the exchange the
camera itself goes on with it when it starts.
"""

import ast
import hashlib
import json
from pathlib import Path

from tools import boards_command
from tools.flash.link import CameraError, LinkError

BUDGET_BYTES = 128 * 1024
MANIFEST = "manifest.json"

_FOLDERS = ("bodycam", "drivers")  # nobody else's files belong there
_NEW = "/new"
_SLOTS = "slots.json"  # would start another version than the one that is flashed
_HELD = Path(__file__).with_name("held.py")
_BATCH = 10  # files in one question to the camera
_SPARE_BLOCKS = 8  # of the camera's file system, for folders and its own bookkeeping
_ENOSPC = 28

_MPY_VERSION = 6
# py/persistentcode.h, MP_NATIVE_ARCH_*: their numbers in sys.implementation._mpy.
_ARCHS = (
    *("none", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp"),
    *("xtensa", "xtensawin", "rv32imc", "rv64imc"),
)


def compiled_files(board):
    """Return {path on the camera: its bytes}, compiled for the board.

    Raises:
        BoardError: a file does not compile, or the board names a chip without a driver.
    """
    return {
        name: boards_command.compiled(path, board.MPY_ARCH)
        if name.endswith(".mpy")
        else _bare(path)
        for name, path in boards_command.camera_files(board).items()
    }


def _bare(path):
    # What starts a camera has to be source: without comments, which cost it a kilobyte of flash.
    _docstring, *lines = ast.parse(path.read_text("utf-8")).body
    return ast.unparse(lines).encode() + b"\n"


def arch_of(mpy):
    """Return mpy-cross's name of an architecture from `sys.implementation._mpy`."""
    number = mpy >> 10 & 0x0F
    return _ARCHS[number] if number < len(_ARCHS) else str(number)


def unfit(board, about):
    """Return why an interpreter (`about` of on_camera.py) cannot run the board's files, or ""."""
    image = getattr(board, "IMAGE", {})
    wants = image.get("name", "MicroPython")
    version = ".".join(str(part) for part in about["version"])
    least = image.get("least", (1, 23, 0))
    if about["name"] != "micropython":
        return f"this is {about['name']} {version}; {board.NAME} needs {wants}"
    if tuple(about["version"]) < tuple(least):
        needs = ".".join(str(part) for part in least)
        return (
            f"MicroPython {version} is too old, {needs} is the least; {board.NAME} needs {wants}"
        )
    if about["mpy"] & 0xFF != _MPY_VERSION:
        return f"this MicroPython does not load .mpy files of version {_MPY_VERSION}: use {wants}"
    if arch_of(about["mpy"]) != board.MPY_ARCH:
        return (
            f"this processor runs {arch_of(about['mpy'])} code, {board.NAME} {board.MPY_ARCH}: "
            "another board? See --board"
        )
    return ""


class Plan:
    """What must change on the camera at `link` so that it has exactly `files`.

    `rows` are {`path` `bytes` `sha256` `action`}; an action is `same`, `copy` or `remove`. `found`
    is how the camera was: `empty`, `complete`, `unfinished` (an earlier flash did not end, or the
    files came by other means), `altered` (files are not as its manifest says: `altered` names
    them).

    Raises:
        LinkError: the line was lost.
    """

    def __init__(self, link, board, version, files):
        self._link = link
        self._files = files
        about = {name: described(data) for name, data in files.items()}
        self._manifest = json.dumps(
            {"board": board.ID, "version": version, "files": about}, sort_keys=True
        ).encode()
        had = link.call("text", "/" + MANIFEST)
        self.before = _parsed(had)
        strays = self._strays()
        known = dict.fromkeys([*files, *self.before.get("files", ()), *strays])
        there = dict(zip(known, self._digests(known)))
        self.rows = [
            {"path": name, "bytes": n, "sha256": sha, "action": "copy"}
            | ({"action": "same"} if there[name] == [n, sha] else {})
            for name, (n, sha) in about.items()
        ]
        for name in strays:
            n, sha = there[name]
            self.rows.append({"path": name, "bytes": n, "sha256": sha, "action": "remove"})
        self.altered = [n for n, is_ in self.before.get("files", {}).items() if there[n] != is_]
        self.found = "complete" if self.before else "unfinished"
        if self.altered:
            self.found = "altered"
        elif not self.before and not any(there.values()):
            self.found = "empty"
        self._listed = had.encode() == self._manifest

    @property
    def complete(self):
        """Whether nothing is left to do."""
        return self._listed and all(row["action"] == "same" for row in self.rows)

    def todo(self, action):
        """Return the paths with one action."""
        return [row["path"] for row in self.rows if row["action"] == action]

    @property
    def copy_bytes(self):
        """How many bytes are to be copied."""
        return sum(len(self._files[name]) for name in self.todo("copy"))

    def carry_out(self, about, progress):
        """Do it; `progress(bytes)` is called as bytes are copied.

        Raises:
            LinkError: no room (nothing was changed), the line was lost, or the camera's flash
                gives back other bytes than it was given.
        """
        if self.complete:
            return
        link = self._link
        # main.py comes along always: during the exchange another stands in its place.
        new = {name: self._files[name] for name in [*self.todo("copy"), "main.py"]}
        staged = dict(zip(new, self._digests([_NEW + "/" + name for name in new])))
        missing = {n: data for n, data in new.items() if staged[n] != described(data)}
        self._need_room(missing, about)
        try:
            if self.found == "empty":  # a camera that is cut off now would be silent, too
                link.put("/main.py", self._held())
            for path in (_NEW, *(f"{_NEW}/{folder}" for folder in _FOLDERS)):
                link.call("folder", path)
            for name, data in missing.items():
                link.put(f"{_NEW}/{name}", data, progress)
            link.put(f"{_NEW}/held.py", self._held())
            link.put(f"{_NEW}/{MANIFEST}", self._manifest)
        except CameraError as error:
            if error.number != _ENOSPC:
                raise
            self._tidy(new)
            raise LinkError(_full(error))
        self._verify(new, _NEW + "/")
        for folder in _FOLDERS:
            link.call("folder", "/" + folder)
        self._move([("held.py", "main.py")])
        self._move([(name, name) for name in new if name != "main.py"])
        for batch in _batches(["/" + name for name in self.todo("remove")]):
            link.call("remove", batch)
        self._move([("main.py", "main.py")])
        self._verify(self._files, "/")
        self._move([(MANIFEST, MANIFEST)])
        self._tidy(new)

    # Inside

    def _held(self):
        return f"STRAYS = {self.todo('remove')!r}\n".encode() + _HELD.read_bytes()

    def _strays(self):
        # In MicroPython x.py goes before x.mpy.
        files = self._files
        root = set(self._link.call("names", "/"))
        twins = [name[:-4] + ".py" for name in files if name.endswith(".mpy") and "/" not in name]
        strays = [name for name in [*twins, _SLOTS] if name in root]
        for folder in _FOLDERS:
            names = self._link.call("names", "/" + folder)
            strays += sorted(f"{folder}/{name}" for name in names)
        return [name for name in strays if name not in files]

    def _digests(self, paths):
        found = []
        for batch in _batches([path if path[0] == "/" else "/" + path for path in paths]):
            found += self._link.call("digests", batch)
        return found

    def _verify(self, files, top):
        for name, told in zip(files, self._digests([top + name for name in files])):
            if told != described(files[name]):
                raise LinkError(
                    f"{name} is not on the camera as it was sent: run the same command again; if "
                    "this stays, the flash chip is worn"
                )

    def _move(self, pairs):
        for batch in _batches([[f"{_NEW}/{source}", "/" + to] for source, to in pairs]):
            self._link.call("move", batch)

    def _need_room(self, files, about):
        block_bytes = about["block_bytes"]
        blocks = sum(-(-len(data) // block_bytes) for data in files.values()) + _SPARE_BLOCKS
        need = blocks * block_bytes
        if need > about["flash_free_bytes"]:
            self._tidy(())
            free = about["flash_free_bytes"] >> 10
            raise LinkError(_full(f"{need >> 10} KiB are needed and {free} KiB free"))

    def _tidy(self, names):
        paths = [*names, "held.py", MANIFEST, *_FOLDERS]
        for batch in _batches([f"{_NEW}/{name}" for name in paths] + [_NEW]):
            self._link.call("remove", batch)


def _full(why):
    return (
        f"no room in the camera's flash ({why}): nothing was changed; delete files that are not "
        "the firmware's (mpremote ls, mpremote rm), then run the same command again"
    )


def described(data):
    """Return [bytes, SHA-256 in hex] of a file, as a manifest has it."""
    return [len(data), hashlib.sha256(data).hexdigest()]


def _parsed(text):
    """Return a manifest; {} for one that is not there or is not one."""
    try:
        found = json.loads(text)
        return found if isinstance(found["files"], dict) and found["board"] else {}
    except (ValueError, KeyError, TypeError):
        return {}


def _batches(items):
    items = list(items)
    return [items[at : at + _BATCH] for at in range(0, len(items), _BATCH)]
