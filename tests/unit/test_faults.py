"""What each injected fault does to card, flash, clock and cipher, and nothing more."""

import pytest
from conftest import ROOT

from boards import m5stack_cores3 as board
from tools.evidence import card as evidence_card
from tools.evidence import layout
from tools.sim import faults, host_cpython
from tools.sim.chips.nor import NORChip
from tools.sim.faults import FaultCard, FaultClock, moody
from tools.sim.script import CUTS
from tools.sim.wiring import Crypto
from tools.sim.world import PowerCut, World

FIRST = 16_384  # where the blocks begin
WRITTEN = range(FIRST, FIRST + 96)  # three blocks; the third is under way at the cut
UNDER_WAY = WRITTEN[64:]


def sector(lba, of=1):
    return bytes([of, lba & 0xFF]) * 256


class Rig:
    """A card with old content everywhere, on which three blocks are written."""

    def __init__(self, image, how=None, seed=3):
        evidence_card.new(image, evidence_card.SMALLEST_BYTES, seed=1)
        self.world = World(board, seed)
        self.store = host_cpython.open_store(str(image))
        for lba in range(FIRST - 8, FIRST + 2048):
            self.store.write(lba, sector(lba, of=9))
        self.card = FaultCard(self.world, self.store)
        if how:
            self.world.act("card", "cut", how)
        for lba in WRITTEN:
            self.card.write(lba, sector(lba))

    def at(self, lba):
        buf = bytearray(512)
        self.store.readinto(lba, buf)
        return bytes(buf)

    def new(self):
        return {lba for lba in WRITTEN if self.at(lba) == sector(lba)}

    def old(self):
        return {lba for lba in WRITTEN if self.at(lba) == sector(lba, of=9)}


@pytest.fixture
def rig(tmp_path):
    made = []

    def make(how=None, seed=3):
        made.append(Rig(tmp_path / f"{len(made)}.img", how, seed))
        return made[-1]

    yield make
    for it in made:
        it.store.close()


def cut(it):
    it.card.lose(UNDER_WAY[0], UNDER_WAY[-1] + 1)
    return it


def test_the_script_knows_exactly_the_cuts_there_are():
    there = {name.removeprefix("_cut_") for name in dir(FaultCard) if name.startswith("_cut_")}
    assert there == set(CUTS)


@pytest.mark.parametrize("how", ["half", "prefix", "subset", "torn", "garbage"])
@pytest.mark.parametrize("seed", range(5))
def test_a_cut_harms_only_what_was_under_way(rig, how, seed):
    it = cut(rig(how, seed))
    assert it.new() >= set(WRITTEN) - set(UNDER_WAY)
    assert it.at(UNDER_WAY[-1] + 1) == sector(UNDER_WAY[-1] + 1, of=9)


def test_what_is_left_is_what_the_name_says(rig):
    left = {how: cut(rig(how)) for how in ("half", "prefix", "subset", "torn", "garbage")}
    torn = UNDER_WAY[-1]
    assert left["half"].at(torn) == sector(torn)[:256] + b"\xff" * 256
    kept = sorted(left["prefix"].new() & set(UNDER_WAY))
    assert kept == list(UNDER_WAY)[: len(kept)] and len(left["prefix"].old()) == 31 - len(kept)
    assert left["subset"].new() | left["subset"].old() == set(WRITTEN)
    assert 4 < len(left["subset"].old()) < 28
    (one,) = set(WRITTEN) - left["torn"].new() - left["torn"].old() or {None}
    assert one in UNDER_WAY and not left["torn"].old()
    garbage = set(WRITTEN) - left["garbage"].new() - left["garbage"].old()
    assert 3 < len(garbage) < 25 and left["garbage"].old()


def test_a_unit_and_an_area_take_acknowledged_blocks_with_them(rig):
    unit, area = cut(rig("unit")), cut(rig("area"))
    assert not unit.new() and unit.at(FIRST + 1023) != sector(FIRST + 1023, of=9)
    assert unit.at(FIRST + 1024) == sector(FIRST + 1024, of=9)
    assert area.at(FIRST) == area.at(FIRST + 2047) == b"\xff" * 512
    assert area.at(FIRST - 1) == sector(FIRST - 1, of=9)


def test_a_paired_page_was_acknowledged_and_is_gone(rig):
    it = cut(rig("paired"))
    gone = sorted(set(WRITTEN[:64]) - it.new())
    assert len(gone) == 8 and gone[0] % 8 == 0 and gone[-1] - gone[0] == 7


@pytest.mark.parametrize("seed", range(4))
def test_a_card_that_lies_has_lost_its_last_writes_or_any_of_them(rig, seed):
    lies = cut(rig("lies", seed)).old()
    assert lies and sorted(lies) == list(WRITTEN)[-len(lies) :]
    any_of_them = cut(rig("reorder", seed)).old()
    assert 10 < len(any_of_them) < 60 and any_of_them & set(WRITTEN[:64])


def test_nothing_is_lost_when_nothing_was_under_way(rig):
    for how in ("half", "prefix", "subset", "torn", "garbage", "unit", "area", "paired"):
        it = rig(how)
        it.card.lose(UNDER_WAY[-1] + 1, UNDER_WAY[-1] + 1)
        assert it.new() == set(WRITTEN), how


def test_rot_flips_so_many_bits_of_what_was_written(rig):
    it = rig()
    it.world.act("card", "rot", 5)
    flipped = 0
    for lba in WRITTEN:
        pair = zip(it.at(lba), sector(lba), strict=True)
        flipped += sum((a ^ b).bit_count() for a, b in pair)
    assert flipped == 5


def test_a_disturbed_sector_reads_well_once_and_then_never_again(rig):
    it, buf = rig(), bytearray(512)
    it.world.act("card", "disturb", 1)
    bad = {1: [], 2: []}
    for turn in bad:
        for lba in WRITTEN:
            it.card.readinto(lba, buf)
            if bytes(buf) != sector(lba):
                bad[turn].append(lba)
    assert not bad[1] and len(bad[2]) == 1


def test_a_fake_card_wraps_round(rig):
    it = rig()
    it.world.act("card", "fake", 50)
    real = it.store.size_bytes // 512 // 2
    it.card.write(real + 7, sector(7))
    assert it.at(7) == sector(7)
    buf = bytearray(512)
    it.card.readinto(real + 7, buf)
    assert bytes(buf) == sector(7)


@pytest.mark.parametrize("medium", ["other", "blank", "old"])
def test_another_card_is_put_in_and_ours_is_not_touched(rig, medium):
    it, buf = rig(), bytearray(512)
    it.world.act("card", "clone")
    it.card.write(FIRST, sector(0, of=4))
    it.world.act("card", medium)
    it.world.sleep(2000)
    it.card.readinto(2048, buf)
    told = layout.superblock(bytes(buf))
    own = layout.superblock(it.at(2048))
    assert (told and told.card == own.card) is (None if medium == "blank" else medium == "old")
    it.card.readinto(FIRST, buf)
    if medium == "old":
        assert bytes(buf) == sector(FIRST), "a clone knows nothing of what came later"
    it.card.write(FIRST + 1, sector(0, of=5))
    it.card.readinto(FIRST + 1, buf)
    assert bytes(buf) == sector(0, of=5)
    assert it.at(FIRST + 1) == sector(FIRST + 1)
    it.world.act("card", "in")
    it.card.readinto(FIRST, buf)
    assert bytes(buf) == sector(0, of=4)


def test_a_moody_card_stalls_as_cards_do(rig):
    it, stalls = rig(), []
    it.world.on("card", lambda word, ms=0: stalls.append(ms))
    it.world.act("card", "moody")
    del stalls[:]
    for block in range(2000):
        it.card.write(FIRST + block % 64 * 32, sector(0))
    assert 150 < len(stalls) < 300 and max(stalls) <= 5000
    assert sum(ms > 250 for ms in stalls) < 60 and any(ms > 250 for ms in stalls)


@pytest.fixture
def flash():
    world = World(board, 4)
    return world, moody(NORChip)(world, board)


def test_weak_flash_leaves_a_bit_and_noise_does_not_stay(flash):
    world, chip = flash
    world.act("flash", "weak", 1)
    chip.program(0, bytes(256))
    buf = bytearray(256)
    chip.read(0, buf)
    assert sum(value.bit_count() for value in buf) <= 1
    world.act("flash", "noisy", 1)
    chip.read(512, buf)
    assert sum(value.bit_count() for value in buf) == 256 * 8 - 1
    chip.read(512, buf)
    assert bytes(buf) == b"\xff" * 256


def test_a_ragged_cut_leaves_any_of_a_pages_bits(flash):
    world, chip = flash
    world.act("flash", "ragged", True)
    world.act("cut", 2)
    chip.program(0, bytes(256))
    with pytest.raises(PowerCut):
        chip.program(256, bytes(256))
    buf = bytearray(512)
    chip.read(0, buf)
    assert not any(buf[:256])
    assert 256 * 3 < sum(value.bit_count() for value in buf[256:]) < 256 * 5


def test_flash_that_fails_refuses(flash):
    world, chip = flash
    world.act("flash", "fail")
    with pytest.raises(OSError):
        chip.program(0, b"\0")


def test_a_wild_clock_is_lost_ahead_behind_and_back():
    world, seen = World(board, 4), []
    FaultClock(world)
    world.on("clock", lambda unix_s: seen.append((unix_s, world.unix_s())))
    world.act("clock", "wild")
    world.sleep(300_000)
    steps = [told - true for told, true in seen if told is not None]
    assert len(seen) > 30 and len(steps) < len(seen)
    assert min(steps) < -86_000 < 86_400 < max(steps)
    assert any(-10 < step < 10 for step in steps)


@pytest.mark.parametrize("how", ["blank", "untouched"])
@pytest.mark.parametrize("long", [False, True])
def test_a_cipher_fails_in_silence(how, long):
    world = World(board)
    aes = Crypto(world, board.COSTS, host_cpython.aes).aes
    world.act("crypto", how, *([1024] if long else []))
    cipher = aes(bytes(32), 2, bytes(16))
    for n in (32, 2048):
        out = bytearray(b"x" * n)
        cipher.encrypt(bytes(n), out)
        fails = n == 2048 or not long
        expected = bytes(n) if how == "blank" else b"x" * n
        assert (out == expected) == fails
    world.act("crypto", "sound")
    out = bytearray(2048)
    aes(bytes(32), 2, bytes(16)).encrypt(bytes(2048), out)
    assert any(out)


def test_faults_are_the_same_on_every_interpreter(run_on):
    script = ROOT / "tests" / "port" / "faults_equal.py"
    printed = {run_on(on, script) for on in ("cpython", "unix", "wasm")}
    assert len(printed) == 1
    assert faults.Chance(1).below(1000) == faults.Chance(1).below(1000)
