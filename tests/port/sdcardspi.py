"""The card's driver and the simulated card: a random model, and no heap on the way of a block."""

import micropython

import boards.m5stack_cores3 as board
from bodycam.clock import Clock
from drivers.crc16 import crc16
from drivers.sdcardspi import SDCardSPI
from tools.sim.chips.sdcard import SDCardChip
from tools.sim.mcu import Mcu
from tools.sim.runner import Time
from tools.sim.world import World

SECTORS = 1024
CALLS = 150


class Store:
    """Sectors in one piece of memory."""

    def __init__(self):
        self.size_bytes = SECTORS * 512
        self.memory = bytearray(self.size_bytes)

    def readinto(self, lba, buf):
        buf[:] = memoryview(self.memory)[lba * 512 : lba * 512 + len(buf)]

    def write(self, lba, buf):
        self.memory[lba * 512 : lba * 512 + len(buf)] = buf


class Nowhere:
    """Sectors of nothing, which takes no heap."""

    size_bytes = SECTORS * 512

    def readinto(self, lba, buf):
        pass

    def write(self, lba, buf):
        pass


def host_crc16(buf, n):
    return crc16(buf, 0, n)


def build(store, kind):
    world = World(board)
    mcu = Mcu(world, board)
    chip = SDCardChip(world, board, store, host_crc16, kind)
    row = board.SPI
    mcu.spi_bus(row["sck"], row["mosi"], row["miso"]).attach(chip, mcu.pad(board.CARD["cs"]))
    chip.power(True)
    pin = mcu.machine.Pin
    cs = pin(board.CARD["cs"], pin.OUT, value=1)
    spi = mcu.machine.SPI(
        row["id"],
        baudrate=row["baudrate_hz"],
        sck=pin(row["sck"]),
        mosi=pin(row["mosi"]),
        miso=pin(row["miso"]),
    )
    clock = Clock(Time(world, board.COSTS["call_us"]))
    rate = lambda hz: spi.init(baudrate=hz)  # noqa: E731
    card = SDCardSPI(spi, cs, clock, crc16, rate, row["baudrate_hz"])
    card.init()
    assert card.sectors == SECTORS
    return card, chip


seed = 1


def draw(n):
    global seed
    seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
    return (seed >> 12) % n


def model(kind):
    store = Store()
    card, chip = build(store, kind)
    want = bytearray(SECTORS * 512)
    views = [memoryview(bytearray(n * 512)) for n in (1, 2, 5, 32)]
    for _ in range(CALLS):
        view = views[draw(4)]
        n = len(view) // 512
        lba = draw(SECTORS - n + 1)
        part = memoryview(want)[lba * 512 : (lba + n) * 512]
        what = draw(5)
        if what == 0:
            card.read(lba, view)
            assert view == part
        elif what == 1:
            card.erase(lba, n)
            part[:] = bytes(len(view))
        elif what == 2:
            chip.reject(1)
            try:
                card.write(lba, view)
                raise AssertionError("a refused sector went unnoticed")
            except OSError as error:
                assert error.errno == 5
        else:
            for i in range(0, len(view), 3):
                view[i] = draw(256)
            card.write(lba, view)
            part[:] = view
    assert store.memory == want
    assert chip.ignored == chip.paused == 0


def write(card, view):
    card.begin(3, view)
    while not card.step():
        pass


def no_heap():
    card, chip = build(Nowhere(), "high")
    view = memoryview(bytearray(32 * 512))
    write(card, view)
    card.read(3, view)
    micropython.heap_lock()
    write(card, view)
    card.read(3, view)
    micropython.heap_unlock()
    if hasattr(micropython, "mem_total"):  # counts also what is taken and given back at once
        before = micropython.mem_total()
        write(card, view)
        card.read(3, view)
        assert micropython.mem_total() == before


model("high")
model("standard")
no_heap()
print("ok")
