"""The card on the processor's controller: what fails is an error, whatever shape it comes in."""

import pytest

from drivers.sdmmc import SDMMC
from tests.unit.eyebench import Bench
from tools.sim.chips.sdmmc import SDMMCChip
from tools.sim.world import ChipError, PowerCut

SECTORS = 64


class Store:
    """A card's content in memory."""

    size_bytes = SECTORS * 512

    def __init__(self):
        self.data = bytearray(b"\xee" * self.size_bytes)

    def readinto(self, lba, buf):
        buf[:] = self.data[lba * 512 : lba * 512 + len(buf)]

    def write(self, lba, buf):
        self.data[lba * 512 : lba * 512 + len(buf)] = buf


@pytest.fixture
def bench():
    bench = Bench()
    bench.store = Store()
    bench.chip = SDMMCChip(bench.world, bench.board, bench.store)
    bench.chip.power(True)
    bench.mcu.attach_sd(39, 38, [40], bench.chip)
    bench.device = bench.machine.SDCard(slot=0, width=1, sck=39, cmd=38, data=[40])
    bench.card = SDMMC(bench.device)
    return bench


@pytest.fixture
def card(bench):
    bench.card.init()
    return bench.card


def pattern(sectors):
    return memoryview(bytes((i * 7 + i // 512) & 255 for i in range(sectors * 512)))


def test_what_was_written_is_read(bench, card):
    assert card.sectors == SECTORS
    data = pattern(20)
    card.write(5, data)
    buf = bytearray(len(data))
    card.read(5, buf)
    assert buf == data
    assert bench.store.data[: 5 * 512] == b"\xee" * (5 * 512)
    assert bench.store.data[25 * 512 :] == b"\xee" * (39 * 512)


def test_a_step_writes_4_kib_and_holds_up_the_interpreter_no_longer(bench, card):
    card.begin(0, pattern(20))
    steps = 0
    done = False
    while not done:
        before_ms = bench.world.ms
        done = card.step()
        steps += 1
        assert bench.world.ms - before_ms <= 27
        assert not card.busy
        assert bench.chip.sectors_written == min(8 * steps, 20)
    assert steps == 3
    assert card.step()


def test_the_same_view_is_cut_once_and_four_are_remembered(card):
    views = [pattern(8 + i) for i in range(5)]
    for view in views:
        card.write(0, view)
    kept = [row[0] for row in card._kept]
    assert kept == views[1:]
    pieces = card._kept[0][1]
    card.write(0, views[1])
    assert card._kept[0][1] is pieces


@pytest.mark.parametrize("answer", [False, None, 0, -1, 1])
def test_every_answer_but_true_is_an_error(answer):
    class Device:
        def ioctl(self, cmd, arg):
            return {1: 0, 2: 0, 4: 64, 5: 512}[cmd]

        def readblocks(self, lba, buf):
            return answer

        writeblocks = readblocks

    card = SDMMC(Device())
    card.init()
    for act in (card.read, card.write):
        with pytest.raises(OSError) as caught:
            act(0, bytearray(512))
        assert caught.value.errno == 5
    with pytest.raises(OSError):
        card.erase(0, 1)
    card.begin(0, bytearray(512))  # the write is over


def test_an_oserror_of_the_controller_passes_and_ends_the_write():
    class Device:
        def ioctl(self, cmd, arg):
            return {1: 0, 2: 0, 4: 64, 5: 512}[cmd]

        def writeblocks(self, lba, buf):
            raise OSError(110, "timeout")

    card = SDMMC(Device())
    card.init()
    card.begin(0, bytearray(1024))
    with pytest.raises(OSError, match="timeout"):
        card.step()
    assert card.step()


@pytest.mark.parametrize(
    "answers, errno",
    [
        ({1: -1}, 19),
        ({1: None}, 19),
        ({5: 1024}, 5),
        ({5: -1}, 5),
        ({4: -1}, 5),
        ({4: None}, 5),
        ({4: 0}, 5),
    ],
)
def test_a_card_that_cannot_be_identified_is_told(answers, errno):
    class Device:
        def ioctl(self, cmd, arg):
            return {1: 0, 2: 0, 4: 64, 5: 512, **answers}[cmd]

    card = SDMMC(Device())
    with pytest.raises(OSError) as caught:
        card.init()
    assert caught.value.errno == errno
    assert card.sectors == 0


def test_without_a_card_there_is_no_device(bench):
    bench.world.act("card", "out")
    before_ms = bench.world.ms
    with pytest.raises(OSError) as caught:
        bench.card.init()
    assert caught.value.errno == 19
    assert bench.world.ms - before_ms <= 1100
    with pytest.raises(OSError) as caught:
        bench.card.read(0, bytearray(512))
    assert caught.value.errno == 19


def test_a_card_pulled_within_a_write_is_an_error_and_another_one_works(bench, card):
    card.begin(0, pattern(16))
    assert not card.step()
    bench.world.act("card", "out")
    with pytest.raises(OSError):
        card.step()
    bench.world.act("card", "in")
    with pytest.raises(OSError):
        card.read(0, bytearray(512))
    card.init()
    card.write(0, pattern(16))
    assert bench.store.data[: 16 * 512] == pattern(16)


@pytest.mark.parametrize("word", ["readonly", "dead"])
def test_a_locked_or_dead_card_is_an_error(bench, card, word):
    bench.world.act("card", word)
    with pytest.raises(OSError):
        card.write(0, pattern(1))
    assert bench.chip.sectors_written == 0


def test_a_stall_holds_up_the_interpreter_and_loses_nothing(bench, card):
    bench.world.act("card", "stall", 700)
    card.write(0, pattern(8))
    assert 700 <= bench.world.ms <= 900
    assert bench.store.data[: 8 * 512] == pattern(8)


def test_a_slow_card_is_slow(bench, card):
    before_ms = bench.world.ms
    bench.world.act("card", "slow", 300)
    card.write(0, pattern(8))
    assert 60 <= bench.world.ms - before_ms <= 64


def test_a_power_cut_tears_one_sector(bench, card):
    bench.world.on("cut", lambda: bench.chip.power(False))
    bench.world.at(bench.world.ms + 6, bench.world.act, "cut")
    with pytest.raises(PowerCut):
        card.write(0, pattern(8))
    whole = pattern(8)
    assert bench.store.data[: 2 * 512] == whole[: 2 * 512]
    assert bench.store.data[1024:1280] == whole[1024:1280]
    assert bench.store.data[1280:] == b"\xee" * (SECTORS * 512 - 1280)


def test_cancel_drops_the_rest(bench, card):
    card.begin(0, pattern(16))
    card.step()
    card.cancel()
    assert card.step()
    assert bench.chip.sectors_written == 8
    card.read(0, bytearray(512))


def test_erase_overwrites_with_zeros(bench, card):
    card.erase(3, 21)
    assert bench.store.data[3 * 512 : 24 * 512] == bytes(21 * 512)
    assert bench.store.data[: 3 * 512] + bench.store.data[24 * 512 :] == b"\xee" * (43 * 512)


@pytest.mark.parametrize("lba, n", [(-1, 512), (64, 512), (63, 1024), (0, 0), (0, 100)])
def test_what_is_not_on_the_card_is_refused(card, lba, n):
    for act in (card.read, card.begin, card.write):
        with pytest.raises(ValueError, match="sectors"):
            act(lba, bytearray(n))


def test_one_write_at_a_time(card):
    card.begin(0, pattern(16))
    for act in (card.begin, card.read):
        with pytest.raises(OSError) as caught:
            act(0, bytearray(512))
        assert caught.value.errno == 16


def test_deinit_may_be_called_twice_and_init_follows_it(bench, card):
    card.deinit()
    card.deinit()
    assert card.sectors == 0
    card.init()
    card.write(0, pattern(1))


def test_writes_outside_a_recording_are_counted(bench, card):
    card.write(0, pattern(3))
    bench.world.enter("recording")
    card.write(0, pattern(5))
    assert (bench.chip.sectors_written, bench.chip.sectors_outside) == (8, 3)


# machine.SDCard itself ------------------------------------------------------------------------


def test_the_controller_answers_as_the_real_one(bench):
    device = bench.device
    assert device.info() == (SECTORS * 512, 512)
    assert device.ioctl(3, 0) == 0 and device.ioctl(9, 0) == -1
    bench.chip.failing = 1
    assert device.writeblocks(0, bytes(512)) is False
    with pytest.raises(ChipError, match="whole"):
        device.writeblocks(0, bytes(100))
    bench.chip.power(False)
    assert device.ioctl(2, 0) == 0
    assert device.readblocks(0, bytearray(512)) is None
    with pytest.raises(OSError):
        device.info()
    device.deinit()
    assert device.ioctl(1, 0) == -1
    for wrong in ({"slot": 2, "width": 1}, {"slot": 0, "width": 4}):
        with pytest.raises(ValueError):
            bench.machine.SDCard(sck=39, cmd=38, data=[40], **wrong)
