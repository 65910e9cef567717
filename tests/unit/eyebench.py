"""A workbench: the ESP32-S3-EYE's processor and world, and what a test puts on its pins."""

from boards import esp32_s3_eye as board
from tools.sim.mcu import Mcu
from tools.sim.world import World


class Clock:
    """What a driver needs of the clock, in the world's time."""

    def __init__(self, world):
        self._world = world

    def ticks_ms(self):
        return self._world.ms

    @staticmethod
    def diff(a, b):
        return a - b


class Bench:
    """`machine` of the board, its world and clock."""

    def __init__(self):
        self.board = board
        self.world = World(board, seed=1)
        self.mcu = Mcu(self.world, board)
        self.machine = self.mcu.machine
        self.clock = Clock(self.world)
