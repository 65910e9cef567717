"""The firmware's application whole, on chips that are plain Python: what the model is compared
with. Time is moved by hand, card and flash are memory, and the power goes when it is told to.
"""

import hashlib
import os
import random
import shutil
import struct
import sys
from types import SimpleNamespace

from fakes import Flash, PowerCut, Time

from bodycam.profile import make
from tools.evidence.log import Log
from tools.sim.host_cpython import aes
from tools.torture import bench, promises

CPU_HZ = 240_000_000
FPS = 4
RING_BYTES = 60 * 16_240
PRE_EVENT_S = 3
STALL_MS = 4500  # what a card may take at most
PLACES, FREE = 12, 4
_PIECE = 4096  # what the card takes in a step
_SECTOR = 512
_ENODEV, _EIO = 19, 5
_BOUND = ("bodycam.app", "bodycam.chips", "bodycam.joins", "machine", "cryptolib")


def _application():
    """Return the module bodycam.app, bound to no board."""
    before = {name: sys.modules.pop(name) for name in _BOUND if name in sys.modules}
    sys.modules["machine"] = SimpleNamespace(Pin=None, reset_cause=lambda: 1, freq=lambda: CPU_HZ)
    sys.modules["cryptolib"] = SimpleNamespace(aes=aes)
    import bodycam.app as app

    for name in _BOUND:
        sys.modules.pop(name, None)
    sys.modules.update(before)
    return app


class SwitchedOff(BaseException):
    """The camera has cut its own supply."""


class CardDevice:
    """A card of `sectors` in memory. It takes 4 KiB a step, stalls, fails and is torn by a cut."""

    def __init__(self, rig, image):
        self._rig = rig
        self._image = image
        self.written = {}  # sector: content
        self.sectors = image.stat().st_size // _SECTOR
        self.inserted, self.busy = True, False
        self.stall_until_ms = 0
        self.fails = 0  # writes that fail; -1: all
        self._left = None

    def init(self):
        self._left = None
        self._there()

    def _there(self):
        if not self.inserted:
            raise OSError(_ENODEV, "no card")

    def read(self, lba, buf):
        self._there()
        with open(self._image, "rb") as file:
            file.seek(lba * _SECTOR)
            buf[:] = file.read(len(buf))
        for i in range(len(buf) // _SECTOR):
            if lba + i in self.written:
                buf[i * _SECTOR : (i + 1) * _SECTOR] = self.written[lba + i]

    def begin(self, lba, view):
        self._there()
        self._left = lba, bytes(view)

    def step(self):
        if self._left is None:
            return True
        self._there()
        self.busy = self._rig.time.now_ms < self.stall_until_ms
        if self.busy:
            return False
        if self.fails:
            self.fails -= self.fails > 0
            self._left = None
            raise OSError(_EIO, "refused")
        lba, data = self._left
        cut = self._rig.operation()
        n = self._rig.draw(_PIECE) if cut else _PIECE
        for i in range(-(-n // _SECTOR)):
            new = data[i * _SECTOR : (i + 1) * _SECTOR]
            if cut and (i + 1) * _SECTOR > n:
                new = new[: n % _SECTOR] + bytes(_SECTOR)[n % _SECTOR :]
            assert self.written.setdefault(lba + i, new) == new, "a sector was written again"
            self.written[lba + i] = new
        if cut:
            raise PowerCut
        lba, data = lba + _PIECE // _SECTOR, data[_PIECE:]
        self._left = (lba, data) if data else None
        return self._left is None

    def cancel(self):
        self._left = None


class LogFlash(Flash):
    """NOR flash, torn by a cut; `fails` operations are refused."""

    def __init__(self, rig, content):
        super().__init__(len(content))
        self.memory[:] = content
        self.rig, self.fails = rig, 0

    def program(self, at, buf):
        if self.fails:
            self.fails -= 1
            raise OSError(_EIO, "refused")
        cut = self.rig.operation()
        data = bytes(buf)[: self.rig.draw(len(buf))] if cut else bytes(buf)
        for i, value in enumerate(data):
            self.memory[at + i] &= value
        if cut:
            raise PowerCut

    def erase(self, at, n):
        self.memory[at : at + n] = b"\xff" * n


class Lens:
    """The camera: every picture is another one. `taken` are (t_ms, digest, bytes, at_ms)."""

    def __init__(self, rig):
        self._rig = rig

    def start(self, record):
        pass

    def stop(self):
        pass

    def frame_ready(self):
        return True

    def capture(self):
        return self

    def encode(self, picture):
        return self._rig.picture()


class Nothing:
    """A part that takes every call and does nothing: display, lamp, tone, motor."""

    def __getattr__(self, name):
        return lambda *args: None


class NoGauge:
    """A gauge that does not answer."""

    def __getattr__(self, name):
        raise OSError(_ENODEV, "no gauge")


class Screen:
    """In the place of the face."""

    def __init__(self, *args, **more):
        pass

    def show(self, *args):
        pass

    def step(self, now):
        return 2000

    def picture(self, picture):
        return False


class Parts:
    """In the place of the chips of a board."""

    gauge, microphone = NoGauge(), None
    blind = False

    def __init__(self, board, clock, profile, stage):
        self._rig = rig = board.RIG
        self.flash, self.card, self.camera = rig.flash, rig.device, Lens(rig)
        self.display = self.lamp = self.tone = self.motor = Nothing()
        self.rtc = SimpleNamespace(unix_s=lambda: 1_780_293_600 + rig.time.now_ms // 1000)
        self.button = SimpleNamespace(key_edges=lambda: 0)
        self.warning, self.troubles = None, []

    def unfit(self):
        return None

    def attempt(self, warning, act, name=""):
        return act()

    def set_up_display(self):
        pass

    def forgetful(self):
        return None

    def card_present(self):
        return self._rig.device.inserted

    def cable_in(self):
        return False

    def slow_clock(self, slow):
        pass

    def power_off(self):
        raise SwitchedOff


class Rig:
    """One camera with its card, on a copy of the card `base` in `folder`."""

    def __init__(self, base, folder, seed):
        self.image = folder / "card.img"
        _copy(base, self.image)
        for name in ("camera", "keys"):
            shutil.copytree(f"{base}.{name}", f"{self.image}.{name}")
        self._log = folder / "card.img.camera" / "log.bin"
        self._random = random.Random(seed)
        self.time = Time()
        self.flash = LogFlash(self, self._log.read_bytes()[: 512 * 256])
        self.device = CardDevice(self, self.image)
        self.app = None
        self.taken = []
        self.picture_bytes = 20_000
        self.cut_in = 0  # operations of card and flash until the power goes
        self._app = _application()
        self._app.Chips, self._app.join, self._app.time = Parts, Screen, self.time
        self._app.unlocked = False
        self._app.urandom = self._random.randbytes
        self._app.gc = SimpleNamespace(collect=lambda: None)
        self._board = SimpleNamespace(
            ID="model",
            CPU_HZ=CPU_HZ,
            DISPLAY={},
            CAMERA={},
            RIG=self,
            RING_BYTES=RING_BYTES,
            RECORD={"fps": FPS, "frame_bytes_max": 60_000},
            CAPS=(),
            BUTTON={},
            CARD={},
            BATTERY={"capacity_mah": 1000, "resistance_mohm": 150, "empty_mv": 3300},
            CURRENTS_MA={},
        )

    # What the chips ask

    def draw(self, n):
        return self._random.randrange(n)

    def operation(self):
        """Count one; return whether the power goes with it."""
        if not self.cut_in:
            return False
        self.cut_in -= 1
        return not self.cut_in

    def picture(self):
        n = len(self.taken)
        size = self.picture_bytes - self._random.randrange(1000)
        data = struct.pack("<II", n, size) + hashlib.sha256(b"%d" % n).digest()
        data = (data * (size // len(data) + 1))[:size]
        row = (self.app.clock.stamp(), hashlib.sha256(data).digest(), size, self.time.now_ms)
        self.taken.append(row)
        return data

    # What hands do

    def boot(self):
        """Switch on."""
        self.app = self._app.App(self._board, make(changes={"pre_event_s": PRE_EVENT_S}))
        self.app.start()

    def off(self):
        """Let the power go, or find that it went."""
        self.app = None
        self.cut_in = 0
        self.device._left = None
        self.device.stall_until_ms = 0

    def run(self, ms, until=None):
        """Let `ms` pass, or less if `until()` comes true."""
        end_ms = self.time.now_ms + ms
        while self.time.now_ms < end_ms and not (until and until()):
            wait_ms = self.app.step()
            self.time.now_ms += max(1, min(wait_ms, end_ms - self.time.now_ms))

    # What there is

    def log(self):
        """Return the log as the independent reader reads it."""
        self._log.write_bytes(bytes(self.flash.memory))
        return Log(self._log)

    def read(self):
        """Return what the independent reader finds on the card."""
        self.log()
        with open(self.image, "r+b") as file:
            for lba, sector in self.device.written.items():
                file.seek(lba * _SECTOR)
                file.write(sector)
        return promises.read(self.image)


def _copy(source, target):
    # Hardly anything of it is not blank.
    with open(source, "rb") as old, open(target, "wb") as new:
        size = new.truncate(source.stat().st_size)
        at = 0
        while at < size:
            try:
                at = os.lseek(old.fileno(), at, os.SEEK_DATA)
            except OSError:
                return
            end = os.lseek(old.fileno(), at, os.SEEK_HOLE)
            old.seek(at)
            new.seek(at)
            new.write(old.read(end - at))
            at = end


def base(folder):
    """Make a card of 12 places, 4 of them free; return its image."""
    image = bench.new_card(folder, 1)
    assert bench.layout_of(image).segments == PLACES
    bench.station(image, first=PLACES - FREE, released=0)
    return image
