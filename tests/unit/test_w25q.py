"""Flash on SPI for the log: bits that only go one way, sectors, limits, and power cuts."""

import pytest

from drivers.w25q import SECTOR_BYTES, W25Q
from tests.unit.picobench import PicoBench, board
from tools.sim import host_cpython
from tools.sim.chips.w25q import W25QChip
from tools.sim.world import ChipError, PowerCut

SIZE_BYTES = board.LOG["size_bytes"]


@pytest.fixture
def bench():
    bench = PicoBench()
    bench.chip = W25QChip(bench.world, board)
    bench.cs = bench.attach(bench.chip, board.LOG["cs"])
    return bench


@pytest.fixture
def flash(bench):
    return W25Q(bench.spi, bench.cs, bench.clock)


def read(flash, offset, n):
    buf = bytearray(n)
    flash.read(offset, buf)
    return bytes(buf)


def swap(bench, *sent):
    buf = bytearray(sent)
    bench.cs(0)
    bench.spi.write_readinto(buf, buf)
    bench.cs(1)
    return bytes(buf)


@pytest.mark.parametrize("fault", [{"absent": True}, {"maker": 0xC8}, {"_capacity": 0x19}])
def test_another_chip_or_none_is_no_device(bench, fault):
    for name, value in fault.items():
        setattr(bench.chip, name, value)
    with pytest.raises(OSError, match="w25q: id") as caught:
        W25Q(bench.spi, bench.cs, bench.clock)
    assert caught.value.errno == 19


def test_new_flash_is_all_ones(flash):
    assert flash.size_bytes == SIZE_BYTES
    assert read(flash, 0, 64) == read(flash, SIZE_BYTES - 64, 64) == b"\xff" * 64


@pytest.mark.parametrize("offset", [0, 1, 255, 4090, 4096, SIZE_BYTES - 600])
def test_what_is_programmed_is_read_wherever_it_lies(flash, offset):
    data = bytes(i * 7 & 0xFF for i in range(600))
    flash.program(offset, data)
    assert read(flash, offset, 600) == data
    if offset:
        assert read(flash, offset - 1, 1) == b"\xff"


def test_programming_only_clears_bits(bench, flash):
    flash.program(100, b"\xf0")
    flash.program(100, b"\x3c")
    assert read(flash, 100, 1) == b"\x30"
    assert bench.chip.lost_ones == 1


def test_nothing_to_program_is_nothing(bench, flash):
    start_ms = bench.world.ms
    flash.program(0, b"")
    assert bench.world.ms == start_ms


def test_erasing_sets_whole_sectors_and_no_other(bench, flash):
    flash.program(0, bytes(3 * SECTOR_BYTES))
    flash.erase(SECTOR_BYTES, SECTOR_BYTES)
    assert read(flash, SECTOR_BYTES - 1, 2) == b"\x00\xff"
    assert read(flash, 2 * SECTOR_BYTES - 1, 2) == b"\xff\x00"
    flash.erase(0, 3 * SECTOR_BYTES)
    assert read(flash, 0, 3 * SECTOR_BYTES) == b"\xff" * (3 * SECTOR_BYTES)
    assert bench.chip.erases == 4


@pytest.mark.parametrize(("offset", "n"), [(0, 100), (100, SECTOR_BYTES), (1, SECTOR_BYTES - 1)])
def test_only_whole_sectors_can_be_erased(bench, flash, offset, n):
    with pytest.raises(ValueError, match="whole sectors"):
        flash.erase(offset, n)
    assert bench.chip.erases == 0


@pytest.mark.parametrize("offset", [-1, SIZE_BYTES - 3, SIZE_BYTES])
def test_beyond_the_flash_is_the_callers_mistake(flash, offset):
    with pytest.raises(ValueError, match="beyond"):
        flash.read(offset, bytearray(4))
    with pytest.raises(ValueError, match="beyond"):
        flash.program(offset, bytes(4))
    with pytest.raises(ValueError, match="beyond"):
        flash.erase(SIZE_BYTES, SECTOR_BYTES)


def test_a_page_takes_its_programming_time_and_a_sector_its_erasing_time(bench, flash):
    start_ms = bench.world.ms
    flash.program(0, bytes(256))
    assert bench.world.ms - start_ms <= 1
    flash.erase(0, SECTOR_BYTES)
    assert 45 <= bench.world.ms - start_ms <= 47


def test_a_protected_chip_is_an_io_error(bench, flash):
    bench.chip.protected = True
    with pytest.raises(OSError, match="does not take a write") as caught:
        flash.program(0, b"\x00")
    assert caught.value.errno == 5


def test_a_chip_that_is_pulled_out_is_an_io_error(bench, flash):
    bench.chip.absent = True
    with pytest.raises(OSError, match="does not take a write"):
        flash.erase(0, SECTOR_BYTES)


@pytest.mark.parametrize("limit_ms", [10, 500])
def test_a_chip_that_stays_busy_is_given_up(bench, flash, limit_ms):
    bench.chip.stuck = True
    start_ms = bench.world.ms
    with pytest.raises(OSError, match="busy for %d ms" % limit_ms) as caught:
        flash.program(0, b"\x00") if limit_ms == 10 else flash.erase(0, SECTOR_BYTES)
    assert caught.value.errno == 110
    assert limit_ms <= bench.world.ms - start_ms <= limit_ms + 3


def test_flash_that_takes_nothing_says_nothing_and_reading_tells(bench, flash):
    bench.chip.failing = True
    flash.program(0, b"\x00")
    assert read(flash, 0, 1) == b"\xff"


def test_a_worn_sector_does_not_erase(bench, flash):
    bench.chip.worn = 1
    flash.program(SECTOR_BYTES, b"\x00")
    flash.erase(0, 2 * SECTOR_BYTES)
    assert read(flash, SECTOR_BYTES, 1) == b"\x00"


def test_it_sleeps_deaf_and_a_new_driver_wakes_it(bench, flash):
    flash.program(0, b"\x12")
    flash.deinit()
    flash.deinit()
    assert read(flash, 0, 1) == b"\xff"  # nobody drives the line
    assert read(W25Q(bench.spi, bench.cs, bench.clock), 0, 1) == b"\x12"


@pytest.mark.parametrize("us", [50, 150, 399])
def test_a_cut_while_programming_leaves_a_part(bench, flash, us):
    bench.world.sleep(1000)
    swap(bench, 0x06)
    swap(bench, 0x02, 0, 0, 0, *bytes(200))
    bench.world.charge(us)
    bench.chip.power(False)
    bench.chip.power(True)
    done = read(W25Q(bench.spi, bench.cs, bench.clock), 0, 200)
    assert done == bytes(done.count(0)) + b"\xff" * done.count(0xFF)


def test_a_cut_while_erasing_leaves_neither_old_nor_erased(bench, flash):
    flash.program(0, bytes(SECTOR_BYTES))
    bench.world.on("cut", lambda: bench.chip.power(False))
    bench.world.at(bench.world.ms + 10, bench.world.act, "cut")
    with pytest.raises(PowerCut):
        flash.erase(0, SECTOR_BYTES)
    bench.chip.power(True)
    bench.cs(1)
    left = read(W25Q(bench.spi, bench.cs, bench.clock), 0, SECTOR_BYTES)
    assert left not in (bytes(SECTOR_BYTES), b"\xff" * SECTOR_BYTES)


def test_what_is_programmed_stays_in_the_store(tmp_path, bench):
    path = str(tmp_path / "log.bin")
    for value in (b"\x12", None):
        bench = PicoBench()
        store = host_cpython.open_store(path, SIZE_BYTES)
        chip = W25QChip(bench.world, board, store)
        cs = bench.attach(chip, board.LOG["cs"])
        flash = W25Q(bench.spi, cs, bench.clock)
        if value:
            flash.program(5000, value)
            assert read(flash, 5000, 1) == value
        store.close()
    assert read(flash, 4999, 3) == b"\xff\x12\xff"


# The chip itself ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "what"),
    [
        ((0xC7,), "no command 0xc7"),
        ((0x03, 0), "cut short"),
        ((0x02, 0, 0, 0, 1), "not enabled"),
        ((0x20, 0, 0, 0), "not enabled"),
        ((0x03, 0xFF, 0xFF, 0xFF, 0), "beyond the end"),
    ],
)
def test_the_chip_refuses_what_its_data_sheet_does_not_know(bench, sent, what):
    with pytest.raises(ChipError, match=what):
        swap(bench, *sent)


@pytest.mark.parametrize(
    ("sent", "what"),
    [
        ((0x02, 0, 0, 0xFF, 1, 2), "page's end"),
        ((0x02, 0, 0, 0), "page's end"),
        ((0x20, 0, 0, 1), "no place"),
        ((0x02, 0xFF, 0, 0, 1), "no place"),
        ((0x20, 0, 0, 0, 0), "page's end"),
    ],
)
def test_the_chip_refuses_a_wrong_place(bench, sent, what):
    swap(bench, 0x06)
    with pytest.raises(ChipError, match=what):
        swap(bench, *sent)


def test_the_chip_answers_its_status_only_while_busy(bench):
    swap(bench, 0x06)
    assert swap(bench, 0x05, 0, 0)[1:] == b"\x02\x02"
    swap(bench, 0x20, 0, 0, 0)
    assert swap(bench, 0x05, 0)[1] & 1
    with pytest.raises(ChipError, match="busy"):
        swap(bench, 0x03, 0, 0, 0, 0)
    bench.world.sleep(50)
    assert swap(bench, 0x05, 0)[1] == 0
    assert swap(bench, 0x9F, 0, 0, 0, 0)[1:] == b"\xef\x40\x15\xef"
