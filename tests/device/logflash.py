"""The log's flash is NOR flash: programming clears bits, only an erase sets them."""

import unittest

import board
import rig

_SECTOR_BYTES = 4096


class LogFlash(unittest.TestCase):
    """Its last sector, as long as the log has not come so far."""

    def setUp(self):
        self.flash = rig.chips.flash

    def test_it_is_there_and_large_enough(self):
        self.assertTrue(self.flash is not None, "nothing can be recorded: no flash for the log")
        self.assertTrue(self.flash.size_bytes >= board.LOG["size_bytes"])

    def test_bits_are_cleared_by_programming_and_set_by_erasing(self):
        flash, page = self.flash, bytearray(256)
        if flash is None:
            self.fail("no flash for the log")
        at = flash.size_bytes - _SECTOR_BYTES
        for offset in range(at, at + _SECTOR_BYTES, 256):
            flash.read(offset, page)
            if any(byte != 0xFF for byte in page):
                self.skipTest("the log reaches into its last sector: nothing is tried there")
        data = rig.noise(256)
        try:
            flash.program(at, data)
            flash.read(at, page)
            self.assertEqual(page, data)
            flash.program(at + 64, bytes(8))  # as the log erases a key
            flash.read(at, page)
            self.assertEqual(page[64:72], bytes(8))
            self.assertEqual(page[:64], data[:64])
            flash.program(at, b"\xff" * 256)  # sets nothing
            flash.read(at, page)
            self.assertEqual(page[:64], data[:64])
        finally:
            flash.erase(at, _SECTOR_BYTES)
        flash.read(at, page)
        self.assertEqual(page, b"\xff" * 256)

    def test_beyond_its_end_is_refused(self):
        if self.flash is None:
            self.fail("no flash for the log")
        self.assertRaises(ValueError, self.flash.read, self.flash.size_bytes, bytearray(1))
