"""The battery's readings: what is told of each, the alarms on the way down, and the end."""

import pytest

from bodycam.power import Power


class Gauge:
    """A gauge that answers `pct`, or fails when that is an error."""

    pct = 50
    plugged = False

    def percent(self):
        if isinstance(self.pct, OSError):
            raise self.pct
        return self.pct

    def charging(self):
        return self.plugged


@pytest.fixture
def it():
    gauge, told = Gauge(), []
    power = Power(
        gauge,
        lambda: False,
        lambda pct: told.append(("sample", pct)),
        lambda pct: told.append(("alarm", pct)),
        lambda: told.append("empty"),
    )

    def read(pct):
        gauge.pct = pct
        del told[:]
        assert power.step(0) == 10_000
        return list(told)

    read.gauge, read.power = gauge, power
    return read


def test_every_reading_is_a_sample_for_the_recording(it):
    assert it(83) == [("sample", 83)] and it(83) == [("sample", 83)]


def test_each_alarm_comes_once_on_the_way_down_and_again_after_charging(it):
    it(21)
    assert it(20) == [("sample", 20), ("alarm", 20)]
    assert it(19) == [("sample", 19)]
    assert it(9) == [("sample", 9), ("alarm", 9)]
    it.gauge.plugged = True
    assert it(15) == [("sample", 15)]
    it.gauge.plugged = False
    assert it(15) == [("sample", 15), ("alarm", 15)]


def test_empty_is_said_again_and_again_but_not_on_a_cable(it):
    it(10)
    assert it(3)[-1] == "empty" and it(2)[-1] == "empty"
    it.gauge.plugged = True
    assert it(2) == [("sample", 2)]


def test_a_gauge_that_does_not_answer_is_no_battery_and_no_alarm(it):
    assert it(OSError(19, "gone")) == []
    assert it.power.percent is None and it.power.errors == 1


def test_a_board_without_a_gauge_is_asked_hardly_ever():
    assert Power(None, None, None, None, None).step(0) == 600_000
