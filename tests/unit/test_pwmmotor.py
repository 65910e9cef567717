"""The vibration motor: how strongly it turns."""

import pytest

from drivers.pwmmotor import PWMMotor
from tests.unit.chipbench import Bench
from tools.sim.chips.motor import MotorChip


@pytest.fixture
def bench():
    bench = Bench()
    bench.part = MotorChip(bench.world, bench.board, bench.mcu.pad(17))
    return bench


@pytest.fixture
def output(bench):
    return bench.machine.PWM(bench.pin(17), freq=1000, duty_u16=65535)


@pytest.fixture
def motor(output):
    return PWMMotor(output)


def test_it_stands_still_after_construction_whatever_the_output_did(bench, motor, output):
    assert bench.world.motor_pct == 0
    assert output.duty_u16() == 0


@pytest.mark.parametrize("pct", [0, 10, 50, 100])
def test_it_turns_as_strongly_as_asked_for(bench, motor, pct):
    motor.drive(pct)
    assert bench.world.motor_pct == pct


@pytest.mark.parametrize("pct", [-1, 101])
def test_an_impossible_strength_is_refused(bench, motor, pct):
    motor.drive(40)
    with pytest.raises(ValueError, match=r"0\.\.100"):
        motor.drive(pct)
    assert bench.world.motor_pct == 40


def test_deinit_stops_it_and_may_be_called_twice(bench, motor, output):
    motor.drive(100)
    motor.deinit()
    motor.deinit()
    assert output.duty_u16() == 0
    motor.drive(100)
    assert bench.world.motor_pct == 100


def test_parts_fail(bench, motor):
    motor.drive(5)
    assert bench.world.motor_pct == 0  # too weak to start
    bench.part.stuck_pct = 100
    motor.drive(0)
    assert bench.world.motor_pct == 100
    bench.part.stuck_pct = None
    bench.part.absent = True
    motor.drive(100)
    assert bench.world.motor_pct == 0
    bench.part.absent = False
    motor.drive(100)
    bench.part.power(False)
    assert bench.world.motor_pct == 0
