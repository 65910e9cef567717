"""A card that stalls: the firmware's ring, recorder, log and card driver against the simulated
card, in virtual time, at rates beyond those of today's boards.
"""

import json
import random

import pytest
from fakes import Flash

import boards.m5stack_cores3 as board
from bodycam import ring as rings
from bodycam.blocks import STAGE_BYTES, Sealer
from bodycam.card import Card
from bodycam.clock import Clock
from bodycam.errors import Fault
from bodycam.log import BOOT, Log
from bodycam.loop import Loop
from bodycam.profile import make
from bodycam.recorder import Recorder
from bodycam.ring import Ring
from drivers.sdcardspi import SDCardSPI
from tools.evidence import card as cards
from tools.evidence.case import beside
from tools.evidence.verdict import verify
from tools.sim import host_cpython
from tools.sim.chips.sdcard import SDCardChip
from tools.sim.mcu import Mcu
from tools.sim.runner import Time
from tools.sim.wiring import Crypto
from tools.sim.world import World
from tools.torture.keylife import KeyWatch

FRAME_BYTES = 26_000
SOUND_MS = 20
SOUND_BYTES = 640  # of 16-bit mono at 16 kHz
RECORDER = 2  # the recorder's place among the services


def _opening(log, which):
    facts = {"event": "open", "recording": which[0], "index": which[1]}
    facts |= {"log": log.last_mac.hex(), "epoch": log.epoch, "boot": log.boot}
    return json.dumps(facts).encode()


class Desk:
    """A recorder on a simulated card, fed with frames of about 26 KB and with sound."""

    def __init__(self, image, fps, seed, pre_event_s=0):
        costs = board.COSTS
        self.image = image
        cards.new(image, seed=1)
        self._log_file = image.parent / f"{image.name}.camera" / "log.bin"
        flash = self._flash = Flash(self._log_file.stat().st_size)
        flash.memory[:] = self._log_file.read_bytes()
        self.keys = KeyWatch(image, flash)
        world = self.world = World(board)
        world.stage = "recording"
        clock = self.clock = Clock(Time(world, costs["call_us"]))
        mcu = Mcu(world, board)
        self.store = host_cpython.open_store(str(image))
        self.chip = SDCardChip(world, board, self.store, host_cpython.crc16)
        row, pin = board.SPI, mcu.machine.Pin
        wires = mcu.spi_bus(row["sck"], row["mosi"], row["miso"])
        wires.attach(self.chip, mcu.pad(board.CARD["cs"]))
        self.chip.power(True)
        pads = {name: pin(row[name]) for name in ("sck", "mosi", "miso")}
        spi = mcu.machine.SPI(row["id"], baudrate=row["baudrate_hz"], **pads)
        device = SDCardSPI(
            spi,
            pin(board.CARD["cs"], pin.OUT, value=1),
            clock,
            crc16=host_cpython.firmware_crc16,
            rate=lambda hz: spi.init(baudrate=hz),
            baudrate_hz=row["baudrate_hz"],
        )
        aes = Crypto(world, costs, host_cpython.aes).aes
        log = Log(flash, aes, clock)
        log.recover()
        log.boot += 1
        log.note(BOOT, {})
        card = Card(device)
        card.mount(log.card_id)
        sealer = Sealer(
            aes, bytearray(STAGE_BYTES), (log.device_id, log.card_id, log.epoch, log.seals)
        )
        hooks = {
            "opening": lambda which: _opening(log, which),
            "nonce": lambda: bytes(range(16)),
            "sealed": lambda: setattr(self, "sealed", True),
            "collect": self._collect,
        }
        self.ring = Ring(bytearray(board.RING_BYTES))
        profile = make(changes={"pre_event_s": pre_event_s})
        parts = (self.ring, card, log, sealer, clock, profile, hooks)
        self.recorder = Recorder(*parts)
        self._noise = random.Random(seed).randbytes(FRAME_BYTES * 2)
        self._random = random.Random(seed)
        self._period_us = 1_000_000 // fps
        self._copy_us_per_kib = costs["copy_us_per_kib"]
        self.sealed = False
        self.given = self.taken = self.sounds = self.collections = 0
        self.worst_late_ms = self.most_bytes = 0
        self.gaps = []
        self._spy()
        self._due_us = self._now_us()
        self._heard_ms = world.ms
        services = (self._see, self._hear, self.recorder.step)
        self._loop = Loop(clock, services, self._trouble)

    def _spy(self):
        push = self.ring.push

        def spy(kind, t_ms, data):
            done = push(kind, t_ms, data)
            if done and kind == rings.GAP:
                self.gaps.append(json.loads(data))
            return done

        self.ring.push = spy

    def _trouble(self, place, error):
        if place != RECORDER or isinstance(error, Fault):
            raise error
        self.recorder.again(error)

    def _collect(self):
        assert not (self.recorder.busy() and self.ring.frame_waits()), "a frame waits"
        self.collections += 1

    def _now_us(self):
        return self.world.ms * 1000 + self.world.us

    def _see(self, _now):
        late_us = self._now_us() - self._due_us
        if late_us >= 0:
            self._due_us += self._period_us
            self.worst_late_ms = max(self.worst_late_ms, late_us // 1000)
            if self.recorder.wants_frames():
                self._show()
        return max(0, (self._due_us - self._now_us()) // 1000)

    def _show(self):
        n = FRAME_BYTES + self._random.randrange(-2000, 2000)
        at = self._random.randrange(len(self._noise) - n)
        self.world.charge(n * self._copy_us_per_kib >> 10)
        self.given += self.recorder.busy()
        took = self.recorder.frame(self.clock.stamp(), self._noise[at : at + n])
        self.taken += took and self.recorder.busy()
        self.most_bytes = max(self.most_bytes, self.ring.used_bytes)

    def _hear(self, _now):
        while self.world.ms - self._heard_ms >= SOUND_MS:
            self._heard_ms += SOUND_MS
            if self.recorder.wants_frames():
                self.sounds += SOUND_BYTES
                self.recorder.sound(self.clock.stamp(), self._noise[:SOUND_BYTES])
        return SOUND_MS

    def run(self, ms):
        """Let `ms` milliseconds pass."""
        end_ms = self.world.ms + ms
        while self.world.ms < end_ms:
            wait_ms = self._loop.step()
            self.world.charge(board.COSTS["step_us"])
            if wait_ms > 0:
                self.world.sleep(min(wait_ms, max(1, end_ms - self.world.ms)))

    def start(self):
        self.recorder.start("record")
        self._loop.hurry(RECORDER)

    def finish(self):
        """Stop, seal, and return what the independent reader says of the card."""
        self.recorder.stop("button")
        self._loop.hurry(RECORDER)
        for _ in range(100):
            if self.sealed:
                break
            self.run(100)
        assert self.sealed
        self._log_file.write_bytes(bytes(self._flash.memory))
        self.keys.search()
        assert self.keys.operations and not self.keys.found
        return verify(self.image, *beside(self.image))


@pytest.fixture
def desk(tmp_path, seed):
    made = []

    def make_one(fps, **more):
        made.append(Desk(tmp_path / "card.img", fps, seed, **more))
        return made[0]

    yield make_one
    made[0].store.close()


def assert_nothing_lost(desk, found):
    assert desk.taken == desk.given > 0
    assert desk.gaps == [] and found["gaps"] == 0
    assert found["verdict"] == "intact" and found["frames"] == desk.taken
    # A camera with two buffers keeps a picture that long.
    assert desk.worst_late_ms <= desk._period_us // 1000


# fps, milliseconds of a stall, seconds from one to the next
STALLS = [
    (15, 250, 5),
    (15, 500, 5),
    (15, 1000, 20),
    (15, 2000, 20),
    (15, 4000, 30),
    (25, 1000, 30),
]


@pytest.mark.parametrize("fps, stall_ms, every_s", STALLS)
def test_no_frame_is_lost_while_a_card_stalls(desk, fps, stall_ms, every_s):
    it = desk(fps)
    it.start()
    for _ in range(1 if every_s > 5 else 4):
        it.run(2000)
        it.chip.stall(stall_ms)
        it.run((every_s - 2) * 1000)
    found = it.finish()
    print(f"{fps} fps, {stall_ms} ms: ring at most {it.most_bytes} bytes, ", end="")
    print(f"frames at most {it.worst_late_ms} ms late, {it.collections} collections")
    assert_nothing_lost(it, found)


def test_what_a_longer_stall_costs_is_counted_to_the_frame_in_a_gap(desk):
    it = desk(15)
    it.start()
    it.run(2000)
    for _ in range(3):
        it.chip.stall(4500)  # just what is borne
        it.run(5000)
    it.run(20_000)
    found = it.finish()
    lost = it.given - it.taken
    print(f"{lost} of {it.given} frames lost in {len(it.gaps)} gaps")
    assert lost > 30
    assert sum(gap["lost"] for gap in it.gaps) == lost
    assert 1 <= len(it.gaps) <= 3
    assert sum(gap["audio_bytes"] for gap in it.gaps) > 0
    assert found["verdict"] == "intact" and found["frames"] == it.taken
    assert found["gaps"] == len(it.gaps)


def test_the_trigger_hands_over_the_window_without_a_lost_or_doubled_frame(desk):
    it = desk(15, pre_event_s=5)
    it.run(12_000)
    it.start()
    assert it.ring.used_bytes > 4.8 * 15 * FRAME_BYTES
    before = it.recorder.recorded()
    it.run(6000)
    found = it.finish()
    window = found["frames"] - (it.recorder.recorded() - before)
    print(f"{window} frames from before the trigger")
    assert 5 * 15 - 1 <= window <= 5 * 15 + 1
    assert it.taken == it.given and found["gaps"] == 0 and found["verdict"] == "intact"
    assert it.worst_late_ms <= it._period_us // 1000


def test_collections_happen_only_while_no_frame_waits_over_an_hour(desk, full):
    it = desk(8)
    it.start()
    it.run(3_600_000 if full else 60_000)
    found = it.finish()
    print(f"{it.collections} collections")
    assert it.collections >= 5
    assert_nothing_lost(it, found)
