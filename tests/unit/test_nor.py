"""The log's flash: bits that only go one way, sectors, limits, and power cuts in the middle."""

import pytest

from drivers.nor import SECTOR_BYTES, PartitionNOR
from tests.unit.chipbench import board
from tools.sim import host_cpython
from tools.sim.chips.nor import ESP32Module, NORChip
from tools.sim.world import ChipError, PowerCut, World

SIZE_BYTES = board.LOG["size_bytes"]


@pytest.fixture
def world():
    return World(board)


@pytest.fixture
def chip(world):
    return NORChip(world, board)


@pytest.fixture
def flash(chip):
    return PartitionNOR(ESP32Module(chip), "bodylog")


def read(flash, offset, n):
    buf = bytearray(n)
    flash.read(offset, buf)
    return bytes(buf)


@pytest.mark.parametrize("label", ["vfs", "", "bodylo"])
def test_an_image_without_the_partition_is_no_device(chip, label):
    with pytest.raises(OSError, match="no partition " + label) as caught:
        PartitionNOR(ESP32Module(chip), label)
    assert caught.value.errno == 19


def test_a_stock_image_is_no_device(chip):
    chip.absent = True
    with pytest.raises(OSError) as caught:
        PartitionNOR(ESP32Module(chip), "bodylog")
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


def test_programming_only_clears_bits(chip, flash):
    flash.program(100, b"\xf0")
    flash.program(100, b"\x3c")
    assert read(flash, 100, 1) == b"\x30"
    assert chip.lost_ones == 1


def test_erasing_sets_whole_sectors_and_no_other(flash):
    flash.program(0, bytes(3 * SECTOR_BYTES))
    flash.erase(SECTOR_BYTES, SECTOR_BYTES)
    assert read(flash, SECTOR_BYTES - 1, 2) == b"\x00\xff"
    assert read(flash, 2 * SECTOR_BYTES - 1, 2) == b"\xff\x00"
    flash.erase(0, 3 * SECTOR_BYTES)
    assert read(flash, 0, 3 * SECTOR_BYTES) == b"\xff" * (3 * SECTOR_BYTES)


@pytest.mark.parametrize(("offset", "n"), [(0, 100), (100, SECTOR_BYTES), (1, SECTOR_BYTES - 1)])
def test_only_whole_sectors_can_be_erased(chip, flash, offset, n):
    with pytest.raises(ValueError, match="sectors"):
        flash.erase(offset, n)
    assert chip.erases == 0


@pytest.mark.parametrize(("offset", "n"), [(-1, 1), (SIZE_BYTES, 1), (SIZE_BYTES - 1, 2)])
def test_nothing_reaches_beyond_the_partition(flash, offset, n):
    for call in (
        lambda: flash.read(offset, bytearray(n)),
        lambda: flash.program(offset, bytes(n)),
        lambda: flash.erase(offset, n),
    ):
        with pytest.raises(ValueError, match="beyond"):
            call()


def test_programming_takes_time_for_each_page_it_touches(world, flash):
    def took_us(offset, n):
        before_us = world.ms * 1000 + world.us
        flash.program(offset, bytes(n))
        return world.ms * 1000 + world.us - before_us

    page_us, call_us = board.COSTS["flash_program_us"], board.COSTS["call_us"]
    assert took_us(0, 256) == page_us + call_us
    assert took_us(128, 256) == 2 * page_us + call_us
    assert took_us(4096, 1) == page_us + call_us


def test_erasing_takes_time_for_each_sector(world, flash):
    flash.erase(0, 2 * SECTOR_BYTES)
    assert world.ms == 2 * board.COSTS["flash_erase_us"] // 1000


def test_a_power_cut_leaves_the_first_part_of_a_page(world, chip, flash):
    prefixes = set()
    for i in range(20):
        offset = i * SECTOR_BYTES
        world.at(world.ms + 2 + i, world.act, "cut")
        with pytest.raises(PowerCut):
            flash.program(offset, bytes(64 * 256))
        got = read(flash, offset, 64 * 256)
        done = got.index(b"\xff")
        assert got[done:].strip(b"\xff") == b""
        prefixes.add(done % 256)
        flash.erase(offset, 64 * 256 // SECTOR_BYTES * SECTOR_BYTES)
    assert len(prefixes) > 5


def test_a_power_cut_leaves_a_sector_neither_old_nor_erased(world, flash):
    flash.program(0, bytes(SECTOR_BYTES))
    world.at(20, world.act, "cut")
    with pytest.raises(PowerCut):
        flash.erase(0, SECTOR_BYTES)
    got = read(flash, 0, SECTOR_BYTES)
    assert got not in (bytes(SECTOR_BYTES), b"\xff" * SECTOR_BYTES)


def test_a_cut_erase_can_be_repeated(world, flash):
    world.at(20, world.act, "cut")
    with pytest.raises(PowerCut):
        flash.erase(0, SECTOR_BYTES)
    flash.erase(0, SECTOR_BYTES)
    assert read(flash, 0, SECTOR_BYTES) == b"\xff" * SECTOR_BYTES


def test_failing_flash_is_an_error(chip, flash):
    chip.failing = True
    for call in (lambda: flash.program(0, b"\0"), lambda: flash.erase(0, SECTOR_BYTES)):
        with pytest.raises(OSError, match="ESP_FAIL"):
            call()
    assert read(flash, 0, 1) == b"\xff"


def test_a_worn_sector_keeps_its_zeros(chip, flash):
    flash.program(0, bytes(2 * SECTOR_BYTES))
    chip.worn = 1
    flash.erase(0, 2 * SECTOR_BYTES)
    assert read(flash, SECTOR_BYTES - 1, 2) == b"\xff\x00"


# The chip and its module ----------------------------------------------------------------------


def test_a_file_keeps_what_was_written(world, tmp_path):
    def mount():
        store = host_cpython.open_store(str(tmp_path / "log.bin"), SIZE_BYTES)
        chip = NORChip(world, board, store)
        return PartitionNOR(ESP32Module(chip), "bodylog"), store

    flash, store = mount()
    assert read(flash, 0, 16) == b"\xff" * 16
    flash.program(700, b"hello")
    flash.erase(SECTOR_BYTES, SECTOR_BYTES)
    store.close()
    flash, store = mount()
    assert read(flash, 699, 7) == b"\xffhello\xff"
    store.close()


def test_the_partition_answers_as_the_c_module_does(chip):
    partition = ESP32Module(chip).Partition
    assert partition.find() == []  # applications only
    (found,) = partition.find(partition.TYPE_DATA)
    assert found.info() == (1, 0x40, 0x600000, SIZE_BYTES, "bodylog", False)
    assert (found.ioctl(4, 0), found.ioctl(5, 0), found.ioctl(3, 0)) == (
        SIZE_BYTES // 4096,
        4096,
        0,
    )
    found.writeblocks(1, bytes(4096))  # which erases first
    found.writeblocks(1, b"\x01" * 4096)
    buf = bytearray(2)
    found.readblocks(1, buf)
    assert buf == b"\x01\x01"
    with pytest.raises(OSError):
        found.writeblocks(1, b"\x01")
    with pytest.raises(OSError):
        found.writeblocks(SIZE_BYTES // 4096, b"\x01", 0)
    with pytest.raises(OSError):
        found.readblocks(SIZE_BYTES // 4096, buf)
    with pytest.raises(ChipError):
        found.ioctl(9, 0)
    with pytest.raises(OSError):
        partition("vfs")
    with pytest.raises(TypeError):
        partition.find(name="bodylog")
