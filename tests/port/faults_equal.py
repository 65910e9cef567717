"""The faults below the drivers: the same from the same seed on every interpreter."""

import binascii

import boards.m5stack_cores3 as board
from tools.sim.chips.nor import NORChip
from tools.sim.faults import FaultCard, FaultClock, moody
from tools.sim.world import PowerCut, World

CUTS = "area garbage half lies paired prefix reorder subset torn unit".split()
SECTORS = 20_480


class Memory:
    """A store of sectors."""

    size_bytes = SECTORS * 512

    def __init__(self):
        self.sectors = {}

    def readinto(self, lba, buf):
        buf[:] = self.sectors.get(lba) or bytes(512)

    def write(self, lba, buf):
        self.sectors[lba] = bytes(buf)

    def sync(self):
        pass

    close = sync

    def crc(self):
        crc = 0
        for lba in sorted(self.sectors):
            crc = binascii.crc32(self.sectors[lba], crc)
        return "%08x" % crc


def cut(how):
    world, store = World(board, 5), Memory()
    card = FaultCard(world, store)
    world.act("card", "cut", how)
    for lba in range(16_384, 16_384 + 96):
        card.write(lba, bytes([lba & 0xFF]) * 512)
    card.lose(16_384 + 64, 16_384 + 96)
    world.act("card", "rot", 9)
    return store.crc()


def flash():
    world = World(board, 5)
    chip = moody(NORChip)(world, board)
    for word, value in (("weak", 2), ("noisy", 2), ("ragged", True)):
        world.act("flash", word, value)
    buf = bytearray(256)
    crc = 0
    for page in range(3):
        chip.program(page * 256, bytes(range(256)))
        chip.read(page * 256, buf)
        crc = binascii.crc32(buf, crc)
    world.act("cut", 1)
    try:
        chip.program(1024, bytes(256))
        print("no cut")
    except PowerCut:
        pass
    chip.read(1024, buf)
    return "%08x" % binascii.crc32(buf, crc)


def clocks():
    world, seen = World(board, 5), []
    FaultClock(world)
    world.on("clock", seen.append)
    world.act("clock", "wild")
    world.sleep(60_000)
    return seen


for how in CUTS:
    print(how, cut(how))
print(flash())
print(clocks())
print("ok")
