"""The SD card driver against the simulated card, over the simulated bus."""

import binascii
import random
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import boards.m5stack_cores3 as board
from bodycam.clock import Clock
from drivers import sdwriter
from drivers.crc16 import crc16
from drivers.sdcardspi import SDCardSPI
from tools.sim.chips.sdcard import SDCardChip
from tools.sim.chips.sdslot import CRC_ERROR, WRITE_ERROR
from tools.sim.mcu import Mcu
from tools.sim.runner import Time
from tools.sim.world import ChipError, PowerCut, World

SECTORS = 2048
ENODEV, EIO, EBUSY, EROFS, ETIMEDOUT = 19, 5, 16, 30, 110


class Store:
    """Sectors in memory; those never written are zero."""

    def __init__(self, sectors=SECTORS):
        self.size_bytes = sectors * 512
        self.sectors = {}

    def readinto(self, lba, buf):
        assert len(buf) == 512
        buf[:] = self.sectors.get(lba, bytes(512))

    def write(self, lba, buf):
        for i in range(len(buf) // 512):
            self.sectors[lba + i] = bytes(buf[i * 512 : i * 512 + 512])


def host_crc16(buf, n):
    return binascii.crc_hqx(memoryview(buf)[:n], 0)


def build(store=None, kind="high", initialised=True, baudrate_hz=20_000_000, **options):
    """Return a world with a card in it: `.world .mcu .chip .card .store .rates .spi .cs`."""
    world = World(board)
    world.stage = "recording"
    mcu = Mcu(world, board)
    store = store or Store()
    chip = SDCardChip(world, board, store, host_crc16, kind)
    row = board.SPI
    mcu.spi_bus(row["sck"], row["mosi"], row["miso"]).attach(chip, mcu.pad(board.CARD["cs"]))
    chip.power(True)
    it = SimpleNamespace(world=world, mcu=mcu, chip=chip, store=store, rates=[])
    boot(it, baudrate_hz, **options)
    if initialised:
        it.card.init()
    return it


def boot(it, baudrate_hz=20_000_000, **options):
    """Give it a driver that knows nothing of the card, as a freshly started processor has."""
    machine, row = it.mcu.machine, board.SPI
    pin = machine.Pin
    it.cs = pin(board.CARD["cs"], pin.OUT, value=1)
    pads = {name: pin(row[name]) for name in ("sck", "mosi", "miso")}
    it.spi = machine.SPI(row["id"], baudrate=baudrate_hz, **pads)

    def rate(hz):
        it.rates.append(hz)
        it.spi.init(baudrate=hz)

    it.clock = Clock(Time(it.world, board.COSTS["call_us"]))
    arguments = {"crc16": crc16, "rate": rate, "baudrate_hz": baudrate_hz, **options}
    it.card = SDCardSPI(it.spi, it.cs, it.clock, **arguments)


@pytest.fixture
def it():
    """A card that was initialised; afterwards, that the driver kept the rules."""
    made = build()
    yield made
    assert_rules_kept(made)


def assert_rules_kept(it):
    assert it.chip.ignored == 0, "bytes sent to a busy card"
    assert it.chip.paused == 0, "deselected within a transfer"
    assert it.cs.value() == 1
    assert not it.chip.holds_miso


def pattern(n, seed=1):
    return random.Random(seed).randbytes(n * 512)


def now_us(it):
    return it.world.ms * 1000 + it.world.us


def errno_of(call, *args):
    with pytest.raises(OSError) as caught:
        call(*args)
    assert caught.value.args[1].startswith(("sdcard: ", "spi: "))
    return caught.value.errno


def steps(it, limit=100_000):
    """Step to the end as the recorder does; return how long each step took, in microseconds."""
    took = []
    for _ in range(limit):
        start_us = now_us(it)
        done = it.card.step()
        took.append(now_us(it) - start_us)
        assert it.mcu.pad(board.CARD["cs"]).level == 1
        if done:
            return took
        it.world.charge(board.COSTS["step_us"])
    raise AssertionError("never done")


# Identification


@pytest.mark.parametrize("kind", ["high", "standard", "old"])
def test_every_kind_of_card_reads_back_what_was_written(kind):
    it = build(kind=kind)
    assert it.card.sectors == SECTORS
    it.card.write(7, pattern(5))
    got = bytearray(5 * 512)
    it.card.read(7, got)
    assert got == pattern(5)
    assert b"".join(it.store.sectors[lba] for lba in range(7, 12)) == pattern(5)
    it.card.write(SECTORS - 1, pattern(1))
    assert it.store.sectors[SECTORS - 1] == pattern(1)
    assert_rules_kept(it)


@pytest.mark.parametrize(
    ("kind", "sectors"),
    [("high", 1024), ("high", 2 << 20), ("high", 61 << 20), ("high", 1 << 32)]
    + [
        ("standard", 4),
        ("standard", 4096 * 4),
        ("standard", 1 << 21),
        ("standard", 1 << 22),
        ("old", 62_976),
    ],
)
def test_the_capacity_is_read_from_the_csd(kind, sectors):
    it = build(Store(sectors), kind)
    assert it.card.sectors == sectors
    lba = sectors - 3
    it.card.write(lba, pattern(3))
    assert it.store.sectors[lba + 2] == pattern(3)[1024:]


def test_identification_is_slow_and_then_the_bus_has_its_rate_again():
    it = build()
    assert it.rates == [400_000, 20_000_000]
    assert bytes(it.card.cid[:8]) == b"\x03SDBCSIM"


def test_identification_takes_less_than_100_ms():
    it = build(initialised=False)
    start_us = now_us(it)
    it.card.init()
    assert now_us(it) - start_us < 100_000


def test_the_chip_notices_a_bus_that_is_too_fast_for_identification():
    it = build(initialised=False)
    it.card._rate = lambda hz: None
    with pytest.raises(ChipError, match="400 kHz|74 clocks"):
        it.card.init()


def test_the_rate_comes_back_also_without_a_card():
    it = build(initialised=False)
    it.chip.remove()
    assert errno_of(it.card.init) == ENODEV
    assert it.rates == [400_000, 20_000_000]
    assert it.card.sectors == 0
    assert_rules_kept(it)


def test_a_card_that_echoes_another_pattern_is_not_used():
    it = build(initialised=False)
    exchange = it.chip.exchange

    def damage(tx, rx):
        exchange(tx, rx)
        if rx is not None and len(rx) == 1 and rx[0] == 0xAA:
            rx[0] = 0xA8

    it.chip.exchange = damage
    assert errno_of(it.card.init) == EIO
    assert it.card.sectors == 0


def test_no_supply_is_no_card():
    it = build(initialised=False)
    it.chip.power(False)
    assert errno_of(it.card.init) == ENODEV
    it.chip.power(True)
    it.card.init()
    assert it.card.sectors == SECTORS


def test_before_init_there_is_no_card():
    it = build(initialised=False)
    assert errno_of(it.card.read, 0, bytearray(512)) == ENODEV
    assert errno_of(it.card.begin, 0, bytearray(512)) == ENODEV
    assert it.card.step() is True


def test_init_deinit_init():
    it = build()
    it.card.deinit()
    it.card.deinit()
    assert errno_of(it.card.read, 0, bytearray(512)) == ENODEV
    it.card.init()
    it.card.write(0, pattern(1))
    assert_rules_kept(it)


# Calls that make no sense


@pytest.mark.parametrize(
    ("lba", "size_bytes"),
    [(0, 0), (0, 511), (0, 513), (-1, 512), (SECTORS, 512), (SECTORS - 1, 1024)],
)
def test_only_whole_sectors_of_the_card(it, lba, size_bytes):
    with pytest.raises(ValueError):
        it.card.begin(lba, bytearray(size_bytes))
    with pytest.raises(ValueError):
        it.card.read(lba, bytearray(size_bytes))
    assert it.card.step() is True


def test_one_write_at_a_time(it):
    it.card.begin(0, pattern(2))
    assert errno_of(it.card.begin, 0, pattern(2)) == EBUSY
    assert errno_of(it.card.read, 0, bytearray(512)) == EBUSY
    assert errno_of(it.card.erase, 0, 1) == EBUSY
    steps(it)
    assert it.store.sectors[1] == pattern(2)[512:]


# The path of a block


def test_one_command_a_block_and_one_exchange_a_sector(it):
    whole = []
    exchange = it.chip.exchange
    it.chip.exchange = lambda tx, rx: (whole.append(len(tx)), exchange(tx, rx))
    it.card.write(64, pattern(32))
    assert it.chip.write_commands == 1
    assert whole.count(517) == 32
    assert sum(whole) < 32 * 517 + 100 * 256


def test_a_block_takes_less_than_20_ms_of_steps_of_7_ms(it):
    it.card.begin(0, pattern(32))
    took = steps(it)
    assert sum(took) < 20_000
    assert max(took) <= 7_000


def test_the_same_view_is_cut_once(it):
    view = memoryview(bytearray(pattern(4)))
    it.card.write(0, view)
    parts = it.card._parts
    view[0] = 0x99
    it.card.write(8, view)
    assert it.card._parts is parts
    assert it.store.sectors[8][0] == 0x99
    for _ in range(9):
        it.card.write(0, bytearray(512))
    assert len(it.card._kept) == 4


def test_bytes_outside_recording_are_counted(it):
    it.card.write(0, pattern(3))
    assert (it.chip.sectors_written, it.chip.sectors_outside) == (3, 0)
    it.world.stage = "idle"
    it.card.write(0, pattern(2))
    assert (it.chip.sectors_written, it.chip.sectors_outside) == (5, 2)


def test_another_device_may_use_the_bus_between_two_steps(it):
    heard = []
    other = SimpleNamespace(
        selected=lambda on: None,
        idle_clocks=lambda n: None,
        exchange=lambda tx, rx: heard.append(bytes(tx)),
    )
    bus = it.mcu.spi_bus(36, 37, 35)
    bus.attach(other, it.mcu.pad(3))
    other_cs = it.mcu.machine.Pin(3, 3, value=1)
    it.card.begin(0, pattern(32))
    turns = 0
    while not it.card.step():
        other_cs(0)
        it.spi.write(b"\xfc\x40\x00" * 50)
        other_cs(1)
        turns += 1
    assert turns >= 2
    assert len(heard) == turns
    assert it.store.sectors[31] == pattern(32)[-512:]


def test_an_erased_sector_reads_as_zeros_and_its_neighbours_stay():
    it = build(Store(20_480))
    it.card.write(8188, pattern(10))
    frames = []
    exchange = it.chip.exchange
    it.chip.exchange = lambda tx, rx: (frames.append(bytes(tx[1:2])), exchange(tx, rx))
    it.card.erase(8190, 3)
    assert frames.count(b"\x66") == 2  # CMD38, for each of the two areas of 4 MiB
    it.chip.exchange = exchange
    got = bytearray(10 * 512)
    it.card.read(8188, got)
    assert got == pattern(10)[:1024] + bytes(3 * 512) + pattern(10)[5 * 512 :]
    with pytest.raises(ValueError):
        it.card.erase(20_479, 2)
    assert_rules_kept(it)


# Stalls


def test_a_stalled_card_costs_each_step_little(it):
    it.card.begin(0, pattern(32))
    it.card.step()
    it.world.act("card", "stall", 600)
    start_ms = it.world.ms
    waits = 0
    while it.world.ms - start_ms < 590:
        start_us = now_us(it)
        assert it.card.step() is False
        waits += 1
        assert now_us(it) - start_us < (500 if waits > 2 else 2_200)
        it.world.sleep(2)
    steps(it)
    assert it.store.sectors[31] == pattern(32)[-512:]


def test_a_card_busy_for_5_s_is_given_up(it):
    it.card.begin(0, pattern(32))
    it.card.step()
    it.world.act("card", "stall", 60_000)
    start_ms = it.world.ms
    with pytest.raises(OSError) as caught:
        while not it.card.step():
            it.world.sleep(2)
    assert caught.value.errno == ETIMEDOUT
    assert 5_000 <= it.world.ms - start_ms <= 5_050
    assert it.card.step() is True


def test_a_long_pause_between_steps_is_not_a_stall(it):
    it.card.begin(0, pattern(32))
    it.card.step()
    it.world.sleep(20_000)
    steps(it)
    assert it.store.sectors[31] == pattern(32)[-512:]


def test_a_stall_over_the_wrap_of_the_ticks():
    it = build()
    it.card.begin(0, pattern(32))
    it.world.sleep_until(800)  # ticks wrap one second after boot
    it.card.step()
    it.world.act("card", "stall", 3_000)
    while not it.card.step():
        it.world.sleep(2)
    assert it.world.ms > 3_000
    assert it.store.sectors[31] == pattern(32)[-512:]


def test_a_card_may_stall_at_the_first_sector(it):
    it.world.act("card", "stall", 600)
    start_ms = it.world.ms
    it.card.write(0, pattern(1))
    assert 600 <= it.world.ms - start_ms < 620


def test_a_slow_card_is_slow(it):
    it.card.begin(0, pattern(32))
    normal_us = sum(steps(it))
    it.world.act("card", "slow", 1000)
    it.card.begin(0, pattern(32))
    assert sum(steps(it)) > 3 * normal_us


def test_a_read_that_stalls_comes_late_or_is_given_up(it):
    it.card.write(0, pattern(1))
    got = bytearray(512)
    it.world.act("card", "stall", 700)
    it.card.read(0, got)
    assert got == pattern(1)
    it.world.act("card", "stall", 10_000)
    assert errno_of(it.card.read, 0, got) == ETIMEDOUT
    it.chip.paused = 0  # it had to be left in its read
    it.card.init()
    it.card.read(0, got)


def test_every_sector_of_a_read_may_stall(it):
    start_ms = it.world.ms
    it.chip.stall(3_000)
    for later_ms in (2_900, 5_800):
        it.world.at(start_ms + later_ms, it.chip.stall, 3_000)
    it.card.read(0, bytearray(3 * 512))
    assert it.world.ms - start_ms > 8_000


# Refusals


def refused_write(it):
    it.card.begin(0, pattern(32))
    with pytest.raises(OSError) as caught:
        steps(it)
    assert it.card.step() is True
    return caught.value


@pytest.mark.parametrize("response", [CRC_ERROR, WRITE_ERROR, 0x00, 0xFF, 0xE7])
def test_a_refused_sector_is_an_error_and_the_next_write_works(it, response):
    it.card.write(0, pattern(32, seed=2))
    it.chip.reject(1, response)
    error = refused_write(it)
    assert error.errno == EIO
    assert "response %d," % response in error.args[1]
    assert it.store.sectors[0] == pattern(32, seed=2)[:512]
    it.card.write(0, pattern(32))
    assert it.store.sectors[31] == pattern(32)[-512:]


@pytest.mark.parametrize("after", range(8))
def test_the_answer_to_cmd12_is_read_to_its_end(it, after):
    exchange = it.chip.exchange

    def refuse_one(tx, rx):
        if it.chip.sectors_written == after and not it.chip.refused:
            it.chip.reject(1)
        exchange(tx, rx)

    it.chip.exchange = refuse_one
    assert refused_write(it).errno == EIO
    assert it.chip.sectors_written == after


def test_a_packet_damaged_on_the_wire_is_refused_by_the_card(it):
    it.card._crc16 = lambda buf, start, n: crc16(buf, start, n) ^ 0x0100
    assert refused_write(it).errno == EIO
    assert it.chip.sectors_written == 0
    assert it.chip.refused == 1


def test_a_write_protected_card_says_so(it):
    it.world.act("card", "readonly")
    assert refused_write(it).errno == EROFS
    assert errno_of(it.card.erase, 0, 1) == EROFS
    assert it.store.sectors == {}


@pytest.mark.parametrize("kind", ["high", "standard"])
def test_a_card_that_is_locked_is_refused_when_it_is_identified(kind):
    it = build(Store(4096), kind)
    it.world.act("card", "readonly")
    assert errno_of(it.card.init) == EROFS
    assert it.card.sectors == 0


def test_an_error_that_only_the_status_shows(it):
    it.chip.fail_status()
    assert refused_write(it).errno == EIO
    it.card.write(0, pattern(1))


def test_a_command_damaged_on_the_wire_is_an_error(it):
    exchange = it.chip.exchange

    def damage(tx, rx):
        if len(tx) == 7:
            tx[3] ^= 0x04
        exchange(tx, rx)

    it.chip.exchange = damage
    assert errno_of(it.card.read, 9, bytearray(512)) == EIO
    it.chip.exchange = exchange
    it.card.read(9, bytearray(512))


# Reading errors


@pytest.mark.parametrize("sectors", [1, 4])
def test_a_bit_flipped_on_the_wire_is_noticed(it, sectors):
    got = bytearray(sectors * 512)
    it.chip.flip(1)
    assert errno_of(it.card.read, 3, got) == EIO
    it.card.read(3, got)


def test_a_bit_flipped_in_the_memory_is_not(it):
    it.card.write(3, pattern(1))
    it.chip.flip(1, on_wire=False)
    got = bytearray(512)
    it.card.read(3, got)
    assert sum(a != b for a, b in zip(got, pattern(1))) == 1


@pytest.mark.parametrize("sectors", [1, 4])
def test_a_sector_that_cannot_be_read_is_an_error(it, sectors):
    it.chip.fail_reads(1)
    assert errno_of(it.card.read, 3, bytearray(sectors * 512)) == EIO
    it.card.read(3, bytearray(sectors * 512))


def test_reading_up_to_the_last_sector(it):
    it.card.write(SECTORS - 4, pattern(4))
    got = bytearray(4 * 512)
    it.card.read(SECTORS - 4, got)
    assert got == pattern(4)


# Hands


def test_a_card_pulled_between_two_steps(it):
    it.card.begin(0, pattern(32))
    it.card.step()
    it.world.act("card", "out")
    with pytest.raises(OSError) as caught:
        steps(it)
    assert caught.value.errno == ENODEV
    assert it.chip.detect() == 1
    assert errno_of(it.card.init) == ENODEV
    it.world.act("card", "in")
    it.card.init()
    it.card.write(0, pattern(32))
    assert it.store.sectors[31] == pattern(32)[-512:]


@pytest.mark.parametrize("at_us", range(300, 16_000, 1_111))
def test_a_card_pulled_at_any_moment(it, at_us):
    """All sectors before the last are whole, the last one is whole or torn, the rest is old."""
    it.world.sleep(1)
    it.card.begin(0, pattern(32))
    it.world.at(it.world.ms + at_us // 1000, it.chip.remove)
    it.world.charge(at_us % 1000)
    with pytest.raises(OSError) as caught:
        steps(it)
    assert caught.value.errno == ENODEV
    done = sorted(it.store.sectors)
    assert done == list(range(len(done)))
    for lba in done[:-1]:
        assert it.store.sectors[lba] == pattern(32)[lba * 512 :][:512]


def test_another_card_put_in_unnoticed_is_not_written_to(it):
    it.card.begin(0, pattern(32))
    it.card.step()
    other = Store()
    it.chip.insert(other, serial=7)
    with pytest.raises(OSError) as caught:
        steps(it)
    assert caught.value.errno == ENODEV
    assert other.sectors == {}
    cid = bytes(it.card.cid)
    it.card.init()
    assert bytes(it.card.cid) != cid


def test_a_card_that_dies_silent(it):
    it.world.act("card", "dead")
    assert errno_of(it.card.read, 0, bytearray(512)) == ENODEV
    assert errno_of(it.card.init) == ENODEV


def test_a_card_that_dies_busy(it):
    it.card.begin(0, pattern(32))
    it.card.step()
    it.world.act("card", "dead")
    with pytest.raises(OSError) as caught:
        while not it.card.step():
            it.world.sleep(2)
    assert caught.value.errno == ETIMEDOUT
    it.card.cancel()
    assert errno_of(it.card.init) == ETIMEDOUT
    it.world.act("card", "in")
    it.card.init()


def test_a_failing_bus_passes_through(it):
    it.card.begin(0, pattern(32))
    it.card.step()
    it.chip.eio = True
    assert errno_of(it.card.step) == EIO
    it.card.cancel()
    it.chip.eio = False
    it.card.init()
    it.card.write(0, pattern(1))


@pytest.mark.parametrize(
    "after",
    [
        lambda card: card.write(0, pattern(2)),
        lambda card: card.read(0, bytearray(512)),
        lambda card: card.erase(0, 1),
        lambda card: card.deinit(),
        lambda card: card.init(),
    ],
)
def test_cancel_leaves_the_rest_and_the_card_usable(it, after):
    it.card.write(0, pattern(32, seed=2))
    it.card.begin(0, pattern(32))
    it.card.step()
    it.card.cancel()
    it.card.cancel()
    assert it.card.step() is True
    assert it.store.sectors[0] == pattern(32)[:512]
    assert it.store.sectors[31] == pattern(32, seed=2)[-512:]
    after(it.card)
    it.card.init()
    it.card.write(0, pattern(32))
    assert it.store.sectors[31] == pattern(32)[-512:]


@pytest.mark.parametrize("between", [lambda card: None, lambda card: card.init()])
def test_cancel_of_a_refused_write_ends_it_with_cmd12(it, monkeypatch, between):
    monkeypatch.setattr(sdwriter, "_TURNS", 2)  # a step gets no further than to the refusal
    it.chip.reject(1)
    it.card.begin(0, pattern(1))
    it.card.step()
    assert it.chip.refused == 1
    it.card.cancel()
    between(it.card)
    it.card.write(0, pattern(2))
    assert it.store.sectors[1] == pattern(2)[512:]


def test_deinit_ends_a_write(it):
    it.card.begin(0, pattern(32))
    it.card.step()
    it.card.deinit()
    it.world.sleep(10)
    assert command(it, 13) == 0x00  # illegal while data blocks are expected
    it.cs(1)
    it.spi.write(b"\xff")


def test_a_card_that_stays_busy_leaves_the_bus_free(it):
    it.card.begin(0, pattern(32))
    it.card.step()
    it.card.cancel()
    it.world.act("card", "stall", 30_000)
    assert errno_of(it.card.read, 0, bytearray(512)) == ETIMEDOUT
    assert it.cs.value() == 1
    assert errno_of(it.card.erase, 0, 1) == ETIMEDOUT
    assert it.cs.value() == 1
    it.card.deinit()
    assert it.cs.value() == 1
    it.world.sleep(20_000)
    it.card.init()


def test_cancel_after_a_bus_error_ends_the_write(it):
    it.card.begin(0, pattern(32))
    it.card.step()
    it.chip.eio = True
    assert errno_of(it.card.step) == EIO
    it.chip.eio = False
    it.card.cancel()
    it.card.write(0, pattern(32))
    assert it.store.sectors[31] == pattern(32)[-512:]


# Power


@pytest.mark.parametrize("tear", [False, True])
def test_a_power_cut_while_writing(tear):
    it = build()
    it.chip.tear = tear
    it.world.on("cut", lambda: it.chip.power(False))
    it.card.begin(0, pattern(32))
    it.world.sleep(1)
    it.world.at(it.world.ms + 5, it.world.act, "cut")
    with pytest.raises(PowerCut):
        steps(it)
    done = sorted(it.store.sectors)
    assert 0 < len(done) < 32
    whole = [it.store.sectors[lba] == pattern(32)[lba * 512 :][:512] for lba in done]
    assert all(whole[:-1])
    assert whole[-1] or tear
    it.mcu.power(False)
    it.chip.power(True)
    boot(it)
    it.card.init()
    it.card.write(0, pattern(32))
    assert_rules_kept(it)


def test_a_processor_that_restarts_while_the_card_waits_for_a_sector(it):
    it.card.begin(0, pattern(32))
    it.card.step()
    boot(it)
    it.card.init()
    it.card.write(0, pattern(32))
    assert it.store.sectors[31] == pattern(32)[-512:]


def test_a_processor_that_restarts_within_a_sector():
    it = build()
    it.card.begin(0, pattern(32))
    it.card.step()
    it.world.sleep(5)
    it.cs(0)
    it.spi.write(b"\xff\xfc" + bytes(100))
    boot(it)
    it.card.init()
    assert it.chip.paused == 1
    it.card.write(0, pattern(32))
    assert it.store.sectors[31] == pattern(32)[-512:]


# The chip's own rules


def raw(initialised=True):
    it = build(initialised=initialised)
    it.spi.init(baudrate=400_000)
    return it


def command(it, index, argument=0, crc7=None):
    frame = bytearray(bytes((0x40 | index,)) + argument.to_bytes(4, "big"))
    crc = 0
    for byte in frame:
        for bit in range(7, -1, -1):
            crc = crc << 1 & 0x7F ^ (0x09 if crc >> 6 ^ byte >> bit & 1 else 0)
    frame.append((crc if crc7 is None else crc7) << 1 | 1)
    it.cs(0)
    it.spi.write(b"\xff" + bytes(frame))
    got = it.spi.read(8, 0xFF)
    return next((byte for byte in got if byte < 0x80), 0xFF)


def test_the_frames_of_the_specification():
    it = raw(initialised=False)
    it.spi.write(b"\xff" * 10)
    it.cs(0)
    it.spi.write(b"\x40\x00\x00\x00\x00\x95")  # 7.2.2
    assert it.spi.read(2, 0xFF) == b"\xff\x01"
    it.spi.write(b"\x48\x00\x00\x01\xaa\x87")
    assert it.spi.read(6, 0xFF) == b"\xff\x01\x00\x00\x01\xaa"


def test_fewer_than_74_clocks_are_too_few():
    it = raw(initialised=False)
    it.spi.write(b"\xff" * 9)
    with pytest.raises(ChipError, match="74"):
        command(it, 0)


def test_before_cmd0_there_is_silence():
    it = raw(initialised=False)
    it.spi.write(b"\xff" * 10)
    assert command(it, 58) == 0xFF
    assert command(it, 0, crc7=0) == 0xFF
    assert command(it, 0) == 0x01


def test_acmd41_needs_cmd8():
    it = raw(initialised=False)
    it.spi.write(b"\xff" * 10)
    command(it, 0)
    command(it, 55)
    with pytest.raises(ChipError, match="CMD8"):
        command(it, 41, 1 << 30)


def test_nothing_but_acmd41_while_the_card_gets_ready():
    it = raw(initialised=False)
    it.spi.write(b"\xff" * 10)
    command(it, 0)
    command(it, 8, 0x1AA)
    command(it, 55)
    assert command(it, 41, 1 << 30) == 0x01
    with pytest.raises(ChipError, match="CMD58"):
        command(it, 58)


def test_a_high_capacity_card_waits_for_a_host_that_knows_it():
    it = raw(initialised=False)
    it.spi.write(b"\xff" * 10)
    command(it, 0)
    command(it, 8, 0x1AA)
    for _ in range(3):
        command(it, 55)
        assert command(it, 41, 0) == 0x01
        it.world.sleep(100)


@pytest.mark.parametrize(
    ("index", "argument", "r1"),
    [(1, 0, 0x04), (41, 0, 0x04), (8, 0x1AA, 0x04), (12, 0, 0x04), (16, 256, 0x40)]
    + [(17, SECTORS, 0x40), (25, SECTORS, 0x40), (33, 0, 0x10), (38, 0, 0x10)],
)
def test_what_a_ready_card_answers_to_the_wrong_command(index, argument, r1):
    it = raw()
    if index == 12:
        it.cs(0)
        it.spi.write(b"\xff\x4c\x00\x00\x00\x00\x61")
        assert it.spi.read(3, 0xFF) == b"\x3f\xff\x04"
    else:
        assert command(it, index, argument) == r1


def test_a_standard_card_wants_addresses_of_sectors():
    it = build(kind="standard")
    assert command(it, 17, 513) == 0x20


def test_a_wrong_crc7_is_answered_and_the_command_not_done():
    it = raw()
    assert command(it, 25, 0, crc7=0) == 0x08
    assert command(it, 13) == 0x00


def test_a_command_to_a_busy_card_is_ignored():
    it = build()
    assert command(it, 25, 0) == 0
    it.spi.write_readinto(it.card._packet, bytearray(517))
    it.world.act("card", "stall", 100)
    it.spi.write(b"\xff\x4d\x00\x00\x00\x00\x0d")
    assert it.chip.ignored > 0
    assert it.spi.read(8, 0xFF) == bytes(8)


@pytest.mark.parametrize(
    ("sent", "text"),
    [(b"\xfc", "busy"), (b"\xfd", "busy")],
)
def test_a_token_to_a_busy_card_is_a_mistake(sent, text):
    it = build()
    command(it, 25, 0)
    it.card._packet[1:515] = bytes(514)
    it.spi.write_readinto(it.card._packet, bytearray(517))
    with pytest.raises(ChipError, match=text):
        it.spi.write(sent)


def test_a_token_needs_a_byte_before_it():
    it = build()
    it.cs(0)
    it.spi.write(b"\xff\x59\x00\x00\x00\x00\x03")
    assert it.spi.read(2, 0xFF) == b"\xff\x00"
    with pytest.raises(ChipError, match="7.5"):
        it.spi.write(b"\xfc")


def test_a_card_that_has_just_died_takes_any_bytes():
    it = build()
    command(it, 25, 0)
    it.chip.die()
    got = bytearray(b"\xfc" + bytes(600))
    it.spi.write_readinto(got, got)
    assert got == bytes(601)


def test_a_token_must_not_come_with_the_response():
    it = build()
    it.cs(0)
    it.spi.write(b"\xff\x59\x00\x00\x00\x00\x03")
    it.spi.read(1, 0xFF)
    with pytest.raises(ChipError, match="7.5"):
        it.spi.write(b"\xfc")


def test_a_packet_to_a_busy_card_is_a_mistake():
    it = build()
    command(it, 25, 0)
    packet = b"\xfc" + bytes(514) + b"\xff\xff"
    answer = bytearray(517)
    it.spi.write_readinto(packet, answer)
    assert answer[515:] == b"\xe5\x00"
    with pytest.raises(ChipError):
        it.spi.write_readinto(packet, answer)


def test_a_token_that_no_write_waits_for_is_a_mistake():
    it = build()
    it.cs(0)
    with pytest.raises(ChipError, match="token"):
        it.spi.write(b"\xfc")


def test_after_a_refused_block_only_cmd12_may_follow():
    it = build()
    command(it, 25, 0)
    answer = bytearray(517)
    it.card._packet[1:515] = b"\x01" * 514
    it.spi.write_readinto(it.card._packet, answer)
    assert answer[515] & 0x1F == 0x0B
    with pytest.raises(ChipError, match="CMD12"):
        it.spi.write(b"\xff\xfd")


# Models


@given(st.data())
def test_any_mix_of_calls_equals_a_dictionary(data):
    it = build(kind=data.draw(st.sampled_from(["high", "standard"])))
    model = {}
    views = [bytearray(n * 512) for n in (1, 2, 5, 9)]
    for _ in range(data.draw(st.integers(1, 12))):
        view = data.draw(st.sampled_from(views))
        n = len(view) // 512
        lba = data.draw(st.integers(0, 24))
        action = data.draw(st.sampled_from(["write", "read", "erase", "refuse", "cancel"]))
        if action == "read":
            it.card.read(lba, view)
            want = b"".join(model.get(lba + i, bytes(512)) for i in range(n))
            assert view == want
            continue
        if action == "erase":
            it.card.erase(lba, n)
            view[:] = bytes(len(view))
        else:
            view[:] = data.draw(st.randoms(use_true_random=False)).randbytes(len(view))
            if action == "refuse":
                it.chip.reject(1)
                assert errno_of(it.card.write, lba, view) == EIO
                continue
            if action == "cancel":
                it.card.begin(lba, view)
                it.card.cancel()
                continue
            it.card.write(lba, view)
        model.update({lba + i: bytes(view[i * 512 : i * 512 + 512]) for i in range(n)})
    assert {**dict.fromkeys(model, bytes(512)), **it.store.sectors} == model
    assert_rules_kept(it)


@settings(deadline=None)
@given(st.data())
def test_bytes_in_any_grouping_have_the_same_effect(data):
    """What whole exchanges do by the short way, single bytes do by the state machine."""
    sent = []
    it = build()
    exchange, selected = it.chip.exchange, it.chip.selected

    def keep(tx, rx):
        before = bytes(tx)
        got = bytearray(len(before))
        exchange(tx, got)
        if rx is not None:
            rx[:] = got
        sent.append((it.world.ms, it.world.us, before, bytes(got)))

    def keep_edge(on):
        sent.append((it.world.ms, it.world.us, on, None))
        selected(on)

    it.chip.exchange, it.chip.selected = keep, keep_edge
    it.card.write(3, pattern(data.draw(st.integers(1, 6))))
    it.chip.reject(data.draw(st.integers(0, 1)), CRC_ERROR)
    other = Store()
    other.sectors.update(it.store.sectors)
    replayed_from = len(sent)
    twin = build(other)
    twin.world.ms, twin.world.us = it.world.ms, it.world.us
    twin.chip.reject(it.chip._rejects, CRC_ERROR)
    try:
        it.card.write(4, pattern(4, seed=2))
    except OSError:
        assert it.chip.refused
    it.card.read(2, bytearray(512))
    it.card.read(2, bytearray(3 * 512))
    sizes = data.draw(st.lists(st.sampled_from([1, 2, 3, 60, 515, 516, 517, 600]), min_size=1))
    turn = 0
    for ms, us, tx, want in sent[replayed_from:]:
        twin.world.ms, twin.world.us = ms, us
        if want is None:
            twin.chip.selected(tx)
            continue
        got = bytearray(tx)
        at = 0
        while at < len(tx):
            n = sizes[turn % len(sizes)]
            turn += 1
            piece = memoryview(got)[at : at + n]
            twin.chip.exchange(piece, piece)
            at += n
        assert got == want
    assert twin.store.sectors == it.store.sectors
    assert twin.chip.refused == it.chip.refused
