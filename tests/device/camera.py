"""The camera gives pictures, after every start."""

import unittest

import board
import rig

_LIMIT_MS = 5000


class Camera(unittest.TestCase):
    """The sensor, and what makes its pictures JPEGs."""

    def setUp(self):
        self.eye = rig.chips.camera

    def tearDown(self):
        self.eye.stop()
        self.eye.stop()

    def _picture(self):
        start_ms = rig.clock.ticks_ms()
        while rig.ms_since(start_ms) < _LIMIT_MS:
            picture = self.eye.capture()
            if picture is not None:
                return picture
            rig.clock.sleep_ms(5)
        self.fail("no picture in 5 s")

    def test_a_picture_to_be_recorded_is_a_jpeg_within_the_boards_limit(self):
        self.eye.start()
        jpeg = memoryview(self.eye.encode(self._picture()))
        self.assertEqual(bytes(jpeg[:2]), b"\xff\xd8")
        self.assertTrue(b"\xff\xd9" in bytes(jpeg[-64:]))
        self.assertTrue(len(jpeg) <= board.RECORD["frame_bytes_max"], "%d bytes" % len(jpeg))

    def test_it_starts_again_after_a_stop(self):
        for _ in range(2):
            self.eye.start()
            self.assertTrue(len(self._picture()) > 0)
            self.eye.stop()
        self.assertIsNone(self.eye.capture())

    def test_other_chips_answer_while_it_runs_and_after_it(self):
        rig.needs(self, "CLOCK")
        self.eye.start()
        self._picture()
        rig.chips.rtc.unix_s()
        self.eye.stop()
        rig.chips.rtc.unix_s()

    def test_it_takes_the_pictures_that_the_board_file_promises(self):
        self.eye.start()
        self._picture()
        start_ms = rig.clock.ticks_ms()
        for _ in range(8):
            self.eye.encode(self._picture())
        fps = 8000 // max(1, rig.ms_since(start_ms))
        wants = board.RECORD["fps"]
        self.assertTrue(fps >= wants, "%d a second, not %d: is it dark?" % (fps, wants))
