"""The run loop: who has a turn, when, and what happens to a service that fails."""

import pytest
from fakes import Time

from bodycam.clock import Clock
from bodycam.errors import Fault
from bodycam.loop import Loop


class Bench:
    """A loop of services that note when they were called and wait as long as they are told."""

    def __init__(self, *waits_ms):
        self.time = Time()
        self.start_ms = self.time.now_ms
        self.turns = []
        self.troubles = []
        self.raises = {}
        services = [self._service(i, wait_ms) for i, wait_ms in enumerate(waits_ms)]
        self.loop = Loop(Clock(self.time), services, lambda *what: self.troubles.append(what))

    def _service(self, i, wait_ms):
        def service(now):
            self.turns.append((i, self.time.now_ms - self.start_ms))
            if i in self.raises:
                raise self.raises[i]
            return wait_ms

        return service

    def run(self, ms):
        end_ms = self.time.now_ms + ms
        while self.time.now_ms < end_ms:
            self.time.now_ms = min(end_ms, self.time.now_ms + self.loop.step())

    def turns_of(self, place):
        return [ms for i, ms in self.turns if i == place]


def test_the_first_service_that_is_due_has_its_turn_and_then_the_loop_looks_again():
    bench = Bench(50, 1000, 1000)
    assert [bench.loop.step() for _ in range(3)] == [0, 0, 50]
    assert [i for i, _ in bench.turns] == [0, 1, 2]


def test_each_service_waits_as_long_as_it_asked_for_and_ticks_may_wrap_meanwhile():
    bench = Bench(50, 400)
    bench.run(2000)
    assert bench.turns_of(0) == list(range(0, 2000, 50))
    assert bench.turns_of(1) == list(range(0, 2000, 400))


@pytest.mark.parametrize("error", [OSError(5, "bus"), Fault("card_error")])
def test_a_service_that_fails_is_told_of_and_called_again_after_200_ms(error):
    bench = Bench(50, 1000)
    bench.raises[1] = error
    bench.run(500)
    assert bench.turns_of(1) == [0, 200, 400]
    assert bench.troubles == [(1, error)] * 3
    assert bench.turns_of(0) == list(range(0, 500, 50))


def test_what_nobody_foresaw_leaves_the_loop():
    bench = Bench(50)
    bench.raises[0] = KeyError("x")
    with pytest.raises(KeyError):
        bench.loop.step()
    assert not bench.troubles


def test_who_is_hurried_has_a_turn_at_once():
    bench = Bench(1000, 1000, 1000)
    bench.run(10)
    bench.turns.clear()
    bench.loop.hurry(2)
    bench.loop.step()
    assert [i for i, _ in bench.turns] == [2]
    bench.loop.hurry_from(1)
    bench.run(10)
    assert [i for i, _ in bench.turns] == [2, 1, 2]
