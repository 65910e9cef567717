"""The run loop: gives every service its turn, the most important one first.

A step runs the first service that is due and then looks again from the top, so capture and card go
before the mirror, always; nothing is called earlier than it asked for.
"""

from micropython import const

from bodycam.errors import Fault

_AGAIN_MS = const(200)  # after a service has failed


class Loop:
    """Runs `services`, by priority: each takes the ticks and returns milliseconds until its
    next turn.

    The first one is periodic: its next turn counts from the beginning of this one.
    `trouble(place, error)` takes the Fault or OSError of a service; the service is called again
    0.2 s later.
    """

    def __init__(self, clock, services, trouble):
        self._clock = clock
        self._services = services
        self._trouble = trouble
        self._due = [0] * len(services)  # in uptime milliseconds
        self._turns = self._run()

    def step(self) -> int:
        """Run one service if any is due; return milliseconds until the next is, 0 for at once.

        Allocates nothing. What a service raises beside Fault and OSError ends the loop for good.
        """
        return next(self._turns)

    def _run(self):
        # A generator keeps its frame from turn to turn. A function that looks at what it has
        # caught needs more than eleven words of state, and so a new frame at every call.
        clock, due, services = self._clock, self._due, self._services
        while True:
            now = clock.tick()
            began_ms = clock.up_ms
            for i in range(len(due)):
                if due[i] <= began_ms:
                    try:
                        wait_ms = services[i](now)
                    except (Fault, OSError) as error:
                        self._trouble(i, error)
                        wait_ms = _AGAIN_MS
                    due[i] = (clock.uptime_ms() if i else began_ms) + wait_ms
                    break
            wait_ms = min(due) - clock.up_ms
            yield wait_ms if wait_ms > 0 else 0

    def hurry(self, place: int):
        """Let the service at this place have a turn at once."""
        self._due[place] = 0

    def hurry_from(self, place: int):
        """Let every service from this place on have a turn at once."""
        for i in range(place, len(self._due)):
            self._due[i] = 0
