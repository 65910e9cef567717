"""A vibration motor on a PWM output: `world.motor_pct` is how strongly it turns."""

_STARTS_PCT = 10  # below it the motor does not turn


class MotorChip:
    """The motor on the vibration pin. Faults: `absent`, `stuck_pct` (a shorted transistor)."""

    def __init__(self, world, board, pad):
        self._world = world
        self.absent = False
        self.stuck_pct = None
        pad.pwm = self._pwm

    def power(self, on):
        """Stand still."""
        self._world.motor_pct = 0
        self._world.energy.draw("motor", 0)

    def _pwm(self, duty_u16, freq_hz):
        pct = (duty_u16 * 100 + 32767) // 65535
        if pct < _STARTS_PCT or self.absent:
            pct = 0
        if self.stuck_pct is not None:
            pct = self.stuck_pct
        self._world.motor_pct = pct
        self._world.energy.draw("motor", pct * 10)
