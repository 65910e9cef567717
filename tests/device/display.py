"""The display takes pixels, sleeps and wakes. Whoever watches sees green, then red, then dark."""

import unittest

import board
import rig


class Display(unittest.TestCase):
    """The panel as its driver sees it."""

    def setUp(self):
        self.panel = rig.chips.display
        self.panel.setup()
        self.panel.wake()

    def tearDown(self):
        self.panel.sleep()
        self.panel.sleep()

    def test_it_has_the_size_of_the_board_file(self):
        self.assertEqual(tuple(self.panel.size_px), tuple(board.DISPLAY["size_px"]))

    def test_it_shows_two_colours_in_time(self):
        width, height = self.panel.size_px
        window = self.panel.window(0, 0, width, height)
        self.panel.backlight(60)
        start_ms = rig.clock.ticks_ms()
        for color in (0x05E8, 0xD083):
            self.panel.fill(window, color)
        took_ms = rig.ms_since(start_ms)
        wire_ms = 2 * width * height * 16 * 1000 // board.SPI["baudrate_hz"]
        self.assertTrue(
            took_ms < 2 * wire_ms + 50, "%d ms, the wire needs %d" % (took_ms, wire_ms)
        )

    def test_a_piece_of_pixels_is_sent_in_every_order(self):
        pixels = rig.noise(32 * 8 * 2)
        for order in ("rows", "columns", "mirrored"):
            self.panel.send(self.panel.window(10, 20, 32, 8, order), pixels)
