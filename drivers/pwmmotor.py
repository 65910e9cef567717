"""A vibration motor behind a transistor, on a PWM output."""


class PWMMotor:
    """One motor on a PWM output that someone else owns."""

    def __init__(self, pwm):
        self._pwm = pwm
        self.drive(0)

    def drive(self, pct: int) -> None:
        """Turn with `pct` percent of full strength, 0 stops. Returns at once; allocates nothing.

        Raises:
            ValueError: not in 0..100.
        """
        if not 0 <= pct <= 100:
            raise ValueError("pwmmotor: 0..100")
        self._pwm.duty_u16(65535 * pct // 100)

    def deinit(self) -> None:
        """Stop. May be called twice."""
        self.drive(0)
