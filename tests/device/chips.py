"""Every chip that the board file names answers, and gives values that can be true."""

import unittest

import board
import rig


class Chips(unittest.TestCase):
    """The parts, one by one."""

    def test_all_parts_are_there(self):
        absent = [
            name for name in ("gauge", "clock", "microphone") if not hasattr(board, name.upper())
        ]
        known = tuple(name + ": missing" for name in absent)
        self.assertEqual([line for line in rig.chips.troubles if not line.endswith(known)], [])

    def test_every_address_of_the_i2c_bus_answers(self):
        rig.needs(self, "I2C")
        answering = rig.chips.new_i2c().scan()
        off = board.CAMERA["chip"]  # has no supply before its start
        for name, at in board.I2C_CHIPS.items():
            if name != off:
                self.assertIn(at, answering, "%s at 0x%02x is silent" % (name, at))

    def test_battery(self):
        rig.needs(self, "GAUGE")
        percent = rig.chips.gauge.percent()
        if percent is None:
            self.skipTest("no battery is connected")
        self.assertTrue(0 <= percent <= 100)
        millivolts = rig.chips.gauge.battery_mv()
        self.assertTrue(2500 <= millivolts <= 4500, "%s mV" % millivolts)

    def test_the_clock_does_not_go_back(self):
        rig.needs(self, "CLOCK")
        first_s = rig.chips.rtc.unix_s()
        if first_s is None:
            self.skipTest("nobody has set the clock")
        rig.clock.sleep_ms(1200)
        self.assertTrue(1 <= rig.chips.rtc.unix_s() - first_s <= 3)

    def test_the_button_tells_its_edges(self):
        self.assertIn(rig.chips.button.key_edges(), (0, 1, 2, 3))

    def test_the_lamp_takes_its_colours(self):
        rig.needs(self, "LAMP")
        for color in ((0, 160, 0), (160, 0, 0), (0, 0, 0)):
            rig.chips.lamp.color(*color)
            rig.clock.sleep_ms(200)

    def test_the_motor_turns_and_stops(self):
        rig.needs(self, "VIBRATION")
        rig.chips.motor.drive(80)
        rig.clock.sleep_ms(200)
        rig.chips.motor.drive(0)

    def test_two_tones(self):
        rig.needs(self, "TONE")
        rig.chips.tone.tone(880, 150)
        rig.clock.sleep_ms(300)
        rig.chips.tone.tone(660, 150)
        rig.clock.sleep_ms(300)

    def test_the_microphone_hears_something_and_starts_twice(self):
        rig.needs(self, "MICROPHONE")
        ear = rig.chips.microphone
        for _ in range(2):
            ear.start()
            start_ms, pieces = rig.clock.ticks_ms(), 0
            while pieces < 5 and rig.ms_since(start_ms) < 2000:
                piece = ear.read()
                if piece is None:
                    rig.clock.sleep_ms(5)
                else:
                    pieces += 1
            ear.stop()
            self.assertEqual(pieces, 5)
