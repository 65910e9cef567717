"""The card gives back what it was given, on a place where no evidence is."""

import unittest

import rig

_BLOCK_BYTES = 16384
_MARKS = ((2048, b"BWS1"), (4096, b"BWS1"), (8192, b"BWB1"))


class Card(unittest.TestCase):
    """A block device of sectors."""

    def _device(self):
        if rig.chips.card_present() is False:
            self.skipTest("no card in the slot")
        rig.chips.card.init()
        return rig.chips.card

    def test_it_has_a_size_and_begins_twice(self):
        device = self._device()
        sectors = device.sectors
        self.assertTrue(sectors >= 1 << 14, "%d sectors" % sectors)
        device.init()
        self.assertEqual(device.sectors, sectors)

    def test_a_sector_reads_the_same_twice(self):
        device = self._device()
        one, two = bytearray(512), bytearray(512)
        device.read(0, one)
        device.read(0, two)
        self.assertEqual(one, two)

    def test_blocks_written_read_back(self):
        device = self._device()
        sector = bytearray(512)
        for lba, mark in _MARKS:
            device.read(lba, sector)
            if sector[:4] == mark:
                self.skipTest("the card holds evidence; only a recording writes there")
        if not rig.scratch_card:
            self.skipTest("writing was not allowed: --scratch-card, if all on the card may go")
        middle = device.sectors // 2 // 32 * 32
        data, back = rig.noise(2 * _BLOCK_BYTES), bytearray(_BLOCK_BYTES)
        # One block, then two by one command.
        for lba, view in ((middle, memoryview(data)[:_BLOCK_BYTES]), (middle + 32, data)):
            device.begin(lba, memoryview(view))
            start_ms = rig.clock.ticks_ms()
            while not device.step():
                self.assertTrue(rig.ms_since(start_ms) < 5000, "the card stays busy")
        for block in range(3):
            device.read(middle + 32 * block, back)
            at = max(0, block - 1) * _BLOCK_BYTES
            self.assertEqual(back, data[at : at + _BLOCK_BYTES])
