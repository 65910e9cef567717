"""One run of the firmware in this process, and everything that was seen of it.

The run is the one of `sim --on cpython`, on a card of its own. What is noted here is noted at the
seams between the firmware's parts: pictures handed to the recorder, blocks that the card has
acknowledged, entries of the log. Nothing of the firmware is replaced.
"""

import io
import json
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from tools import bootstrap
from tools.evidence import card as evidence_card
from tools.evidence import layout
from tools.evidence.enrol import epoch_log
from tools.evidence.keyring import Keyring
from tools.evidence.log import Log
from tools.sim import clip as clips
from tools.sim import headless, host_cpython
from tools.sim.runner import Run
from tools.sim.script import parse
from tools.sim.world import ChipError
from tools.torture.display import says
from tools.torture.keylife import KeyWatch
from tools.torture.ram import audit

BOARD = "m5stack_cores3"
SIZE_BYTES = evidence_card.SMALLEST_BYTES + (8 << 22)  # 12 places
_SLICE_MS = 250
_SAMPLES = 24  # pictures whose plaintext is looked for
_LIMIT_MS = 7_200_000
_SHOWN_MS = 3000  # a display has this long to say why
_PRIVATE = ("armed", "recording")  # stages in which pictures are kept
_FORGET_MS = 500  # until what is not needed any more is gone from memory
_START_MS = 1000
_SHORT_MS, _LONG_MS = 1500, 3200  # a press that certainly does not ask, or does


@dataclass
class Attempt:
    """One recording that the firmware began; `segments` are those that it opened."""

    boot: int
    began_ms: int
    frames: list = field(default_factory=list)  # Frame
    stopped: bool = False  # it is being sealed
    skipped: int = 0  # pictures that nobody took, because the card held up the interpreter
    segments: list = field(default_factory=list)
    events: list = field(default_factory=list)  # of the stage table, while it ran
    presses: list = field(default_factory=list)  # (when it ended, whether it was short for sure)
    armed_ms: "int | None" = None  # since when pictures were kept for it
    dropped: bool = False  # the queue was too small for the window
    cut_ms: "int | None" = None  # when the power went, if it did meanwhile
    ended_ms: "int | None" = None


@dataclass
class Frame:
    """One picture as it was handed over; `at_ms` is the world's time."""

    at_ms: int
    t_ms: int
    digest: bytes
    size_bytes: int
    taken: bool


@dataclass
class Outcome:
    """What one run did."""

    image: Path
    clip: Path
    result: dict
    first: int  # segment that this run could open first
    attempts: list
    before: list  # pictures before any recording
    acknowledged: dict  # segment: number of blocks
    faults: list  # (world's ms, reason)
    overwritten: list
    unsaid: list  # reasons that the display did not show
    told: list  # (boot, stage, event, stage after) of the stage table
    held: list  # sentences about what memory still held
    keys: KeyWatch
    broken: str = ""  # what the simulation or the firmware raised


def new_card(folder, seed, size_bytes=SIZE_BYTES):
    """Make a card with its camera and keys; return the image's path."""
    image = Path(folder) / "card.img"
    evidence_card.new(image, size_bytes=size_bytes, seed=seed)
    return image


def station(image, first=None, released=None):
    """Begin a new epoch as a station does, after everything on the card was released.

    `first` is the number of the next segment, `released` the one below which places are free; both
    are what the log says, unless named.
    """
    folder, keys = Path(f"{image}.camera"), Path(f"{image}.keys")
    old, words = Log(folder), json.loads((keys / "station.json").read_text("utf-8"))
    epoch = old.epoch + 1
    seeds = {name: sha256(b"%s %d " % (name.encode(), epoch) + old.device).digest()
             for name in ("read", "check")}  # fmt: skip
    viewers = {name: private for name, private in Keyring((keys,)).viewers.values()}
    first = old.next if first is None else first
    log = epoch_log(
        device=old.device,
        card=old.card,
        epoch=epoch,
        first=first,
        released=first if released is None else released,
        name=old.name,
        utc=words.get("utc", 1_780_293_600),
        recipients=[viewers[name].public_key() for name in ("agency", "recovery")],
        **seeds,
    )
    (folder / "log.bin").write_bytes(log)
    words |= {"epoch": epoch, "check_seed": seeds["check"].hex()}
    (keys / "station.json").write_text(json.dumps(words), "utf-8")


def scene(board=BOARD):
    """Return the folder of the built-in scene, prepared for the board's sensor."""
    row = headless.load(board).CAMERA
    folder, shown = bootstrap.CACHE / "pictures", row.get("show_px")
    return clips.prepare(None, row["size_px"], row["jpeg_quality"], folder, show_px=shown)


def samples(clip):
    """Return pieces of the clip's pictures, the common beginning of all of them first."""
    pictures = clip_pictures(clip)
    some = pictures[:: max(1, len(pictures) // _SAMPLES)]
    return [some[0][2:34]] + [data[len(data) // 2 :][:24] for data in some]


def clip_pictures(clip):
    """Return the JPEGs that the simulated camera has before its lens."""
    offsets = json.loads((clip / "clip.json").read_text())["jpeg_offsets"]
    data = (clip / "clip.jpg").read_bytes()
    return [data[a:b] for a, b in zip(offsets, offsets[1:]) if b > a]


class Bench:
    """Runs `script` on the card `image` in this process. `run` is made by `sim`'s own runner."""

    def __init__(
        self, image, script, seed=0, profile="nrw_order_service", key_watch=True, board=BOARD
    ):
        self.image = Path(image)
        self.clip = scene(board)
        self._pictures = samples(self.clip)
        self._width_px = headless.load(board).DISPLAY["size_px"][0]
        config = {
            "board": board,
            "profile": profile,
            "seed": seed,
            "acts": [list(act) for act in parse(script)],
            "clip": str(self.clip),
            "card": str(image),
            "camera": f"{image}.camera",
            "station": headless.station_of(image),
            "out": str(self.image.parent),
        }
        self.first = Log(f"{image}.camera").next
        self._modules = _firmware_modules()
        self.run = Run(host_cpython, config)
        self.attempts, self.before, self.acknowledged = [], [], {}
        self.faults, self.overwritten, self.unsaid = [], [], []
        self._due_ms = None  # when the display must have said why
        self.told, self.held = [], []
        self._audit_ms = None  # when the memory is looked into
        self._armed_ms = self._pressed = None
        self._asks = False
        self._stage = "off"
        self._first = {}  # lba: what was written there first
        self._boot, self.run._boot = self.run._boot, self._booted
        self.run.world.on("stage", self._staged)
        self.run.world.on("key", self._key)
        self.flash = self.run.camera.chips["NOR"]
        self.card = self.run.camera.card_chip
        self.keys = KeyWatch(self.image, self.flash) if key_watch else None
        self._watch_card()

    def play(self, during=None):
        """Run to the end and return the Outcome. `during(bench)` is called after each slice."""
        broken = ""
        try:
            with redirect_stdout(io.StringIO()):
                while self.run.slice(_SLICE_MS):
                    self._look()
                    if during:
                        during(self)
                    if self.run.world.ms > _LIMIT_MS:
                        broken = "the script does not end"
                        break
        except (Exception, ChipError) as error:  # noqa: BLE001 (whatever it is, it is reported)
            broken = f"{type(error).__name__}: {error}"
        finally:
            result = self.run.result()
            self.run.camera.close()
            _restore(self._modules)
        if self.keys:
            self.keys.search()
        return Outcome(
            self.image, self.clip, result, self.first, self.attempts, self.before,
            self.acknowledged, self.faults, self.overwritten, self.unsaid, self.told, self.held,
            self.keys, broken,
        )  # fmt: skip

    # Seams

    def _booted(self):
        self._boot()
        app = self.run._app
        self.recorder, self.journal = app.recorder, app.log
        self._number = self.run._boots
        self._asks = False
        app.observe(self._observe)
        for owner, name, seam in (
            (app.recorder, "start", self._started),
            (app.recorder, "frame", self._frame),
            (app.recorder, "skipped", self._skipped),
            (app.log, "open_segment", self._opened),
            (app.log, "acknowledged", self._acknowledge),
        ):
            setattr(owner, name, _around(getattr(owner, name), seam))

    def _started(self, act, why):
        one = Attempt(self._number, self.run.world.ms, armed_ms=self._armed_ms)
        self.attempts.append(one)
        done = act(why)
        one.dropped = self.recorder.ring.dropped > 0
        return done

    def _observe(self, before, event, after):
        self.told.append((self._number, before, event, after))
        if before == "recording":
            self.attempts[-1].events.append(event)
            self.attempts[-1].stopped |= event == "stop"
        self._asks = event == "ask_stop" or self._asks and event not in ("keep", "stop", "sealed")
        self._armed_ms = self.run.world.ms if after == "armed" else None

    def _frame(self, act, t_ms, data):
        busy = self.recorder.busy()
        taken = act(t_ms, data)
        row = Frame(self.run.world.ms, t_ms, sha256(data).digest(), len(data), taken)
        (self.attempts[-1].frames if busy else self.before).append(row)
        return taken

    def _skipped(self, act, frames, ms):
        self.attempts[-1].skipped += frames
        return act(frames, ms)

    def _opened(self, act, *args):
        self.attempts[-1].segments.append(self.journal.next_segment)
        return act(*args)

    def _acknowledge(self, act, block):
        self.acknowledged[self.attempts[-1].segments[-1]] = block + 1
        return act(block)

    # What the world does and sees

    def _key(self, down):
        # A short press while it records is a marker, unless it answers a question.
        now_ms = self.run.world.ms
        if down:
            marks = self._stage == "recording" and not self._asks
            self._pressed = now_ms if marks and not self.attempts[-1].stopped else None
        elif self._pressed and self._stage == "recording":
            one, held_ms = self.attempts[-1], now_ms - self._pressed
            # A polled button is not looked at while the camera starts: the beginning of a long
            # press, seen together with the end of the one before, is a short one, too.
            if held_ms < _LONG_MS or self._pressed - one.began_ms < _START_MS:
                sure = held_ms < _SHORT_MS and now_ms - one.began_ms > _START_MS
                one.presses.append((now_ms, sure))

    def _staged(self, stage):
        before, self._stage = self._stage, stage
        if before in _PRIVATE or stage == "recording":
            self._audit_ms = self.run.world.ms + _FORGET_MS
        if before == "recording" and self.attempts:
            self.attempts[-1].ended_ms = self.run.world.ms
            if stage == "off":
                self.attempts[-1].cut_ms = self.run.world.ms
        if stage == "fault":
            self.faults.append((self.run.world.ms, self.run._app.procedure.reason))
            self._due_ms = self.run.world.ms + _SHOWN_MS

    def _look(self):
        due_ms = self._audit_ms
        if due_ms and self.run.world.ms >= due_ms and self.keys and self._stage != "off":
            self._audit_ms = None
            pictures = () if self._stage in _PRIVATE else self._pictures
            self.held += audit(self.run._app, self._stage, self.keys, pictures)
        if self._stage != "fault":
            return
        reason, now_ms = self.run._app.procedure.reason, self.run.world.ms
        if reason != self.faults[-1][1]:
            self.faults.append((now_ms, reason))
            self._due_ms = now_ms + _SHOWN_MS
        if self._due_ms is not None and now_ms >= self._due_ms:
            self._due_ms = None
            if not says(self.run.camera.pixels(), reason, self._width_px):
                self.unsaid.append(reason)

    def _watch_card(self):
        store = self.card.store
        write = store.write

        def watched(lba, buf):
            if store.medium == "own" and store.sectors * 512 == store.size_bytes:
                data = bytes(buf)
                if self._first.setdefault(lba, data) != data:
                    self.overwritten.append(lba)
            write(lba, buf)

        store.write = watched


def _around(act, seam):
    return lambda *args: seam(act, *args)


# What knows `machine`, and what the simulated camera puts in its place.
_BOUND = ("bodycam.app", "bodycam.chips", "bodycam.joins", "drivers.crc16_viper")
_BOUND += ("machine", "cryptolib", "camera", "jpeg", "esp32")


def _firmware_modules():
    """Forget what is bound to the camera of another run; return it, for `_restore`."""
    return {name: sys.modules.pop(name) for name in _BOUND if name in sys.modules}


def _restore(before):
    for name in _BOUND:
        sys.modules.pop(name, None)
    sys.modules.update(before)


def layout_of(image):
    """Return the superblock of a card."""
    with open(image, "rb") as file:
        file.seek(layout.SUPERBLOCK_LBAS[0] * layout.SECTOR)
        return layout.superblock(file.read(layout.SECTOR))
