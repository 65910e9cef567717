"""The eye: runs the camera while the stage needs it, paces its pictures, hands each to the
recorder and then to the mirror.
"""

from micropython import const

from bodycam.errors import Fault

_ATTEMPTS = const(3)
_BLIND = const(8)  # pictures in a row that could not be used: about one second
_BLIND_MS = const(1500)  # without a picture
_REST_MS = const(3000)  # after boot: by then every sensor listens
_READY_MS = const(5)  # until the next look for one


class Eye:
    """`camera` has `start(record)`, `stop()`, `frame_ready()`, `capture()`, `encode(picture)`;
    `show(picture)` sends a picture to the mirror and returns whether it did.

    The picture belongs to the driver and is valid until the next capture, so mirror and recorder
    share it: the recorder first.
    """

    def __init__(self, camera, recorder, clock, show):
        self._camera = camera
        self._recorder = recorder
        self._clock = clock
        self._show = show
        self._record = False
        self._wanted = False
        self._running = None  # `record` as the camera was started with; None: it is off
        self._period_ms = 1000
        self._mirror_ms = 0  # 0: no mirror
        self._due = self._mirrored_at = clock.ticks_ms()
        self._failures = 0
        self._seen = self._due
        self._rested = False  # some sensors wake with their supply
        self._picture = None
        self.captured = 0  # frames handed to a recording
        self.mirrored = 0

    @property
    def running(self) -> bool:
        """Whether the camera is started."""
        return self._running is not None

    def look(self, record: bool, period_ms: int, mirror_ms: int):
        """Take a picture every `period_ms`, for the recorder if `record`, and show one every
        `mirror_ms` (0: none).
        """
        self._wanted = True
        self._record, self._period_ms, self._mirror_ms = record, period_ms, mirror_ms
        self._due = self._clock.ticks_ms()

    def close(self):
        """Stop the camera and take its supply away."""
        self._wanted = False
        self._picture = None
        self._failures = 0
        if self._running is not None:
            self._running = None
            self._camera.stop()

    def step(self, now: int) -> int:
        """Take the next picture if it is due; return milliseconds until the next.

        Blocks for one frame and its encoding, or for the start (0.3 s). A camera that gives one
        format at a time starts anew when pictures are recorded now, or no longer.

        Raises:
            Fault: the camera does not start or delivers no pictures.
        """
        if not self._wanted:
            if not self._rested and self._clock.up_ms >= _REST_MS:
                self._rested = True
                self._camera.stop()
            return 1000
        if self._running is not self._record:
            return self._start()
        wait_ms = self._clock.diff(self._due, now)
        if wait_ms > 0:
            return wait_ms
        if not self._ready(now):
            return _READY_MS
        if wait_ms <= -self._period_ms:
            self._skip(-wait_ms // self._period_ms, now)
        self._due = self._clock.add(self._due, self._period_ms)
        self._take()
        return 0

    def _skip(self, periods, now):
        # Something held up the whole loop, as a card can: what was due meanwhile was not taken.
        self._due = now
        if self._record and self._recorder.busy() and self._recorder.wants_frames():
            self.captured += periods
            self._recorder.skipped(periods, periods * self._period_ms)

    def _ready(self, now):
        # The C module would wait four seconds for a picture, and the keys with it.
        try:
            if self._camera.frame_ready():
                self._seen = now
                return True
        except OSError:
            pass
        if self._clock.diff(now, self._seen) > _BLIND_MS:
            raise Fault("camera_error", "no picture")
        return False

    def mirror(self, now: int) -> int:
        """Show the newest picture if it is time; return milliseconds until the next.

        Call it after each `step`, too.
        Blocks for one display transfer (about 50 ms).
        """
        if self._picture is None or not self._mirror_ms:
            return 1000
        wait_ms = self._mirror_ms - self._clock.diff(now, self._mirrored_at)
        if wait_ms > 0:
            return wait_ms
        self._mirrored_at = now
        if self._show(self._picture):
            self.mirrored += 1
        self._picture = None
        return 0

    def _start(self):
        try:
            self._picture = self._running = None
            self._camera.start(self._record)
        except OSError as error:
            self._failures += 1
            if self._failures >= _ATTEMPTS:
                raise Fault("camera_missing", error)
            return 50
        self._failures = 0
        self._running = self._record
        self._due = self._seen = self._clock.ticks_ms()
        return 0

    def _take(self):
        try:
            picture = self._camera.capture()
            if picture is not None:
                self._hand_on(picture)
        except OSError:
            picture = None
        self._picture = picture
        self._failures = 0 if picture is not None else self._failures + 1
        if self._failures >= _BLIND:
            raise Fault("camera_error", "no picture")

    def _hand_on(self, picture):
        if self._record and self._recorder.wants_frames():
            jpeg = self._camera.encode(picture)
            if self._recorder.busy():
                self.captured += 1
            self._recorder.frame(self._clock.stamp(), jpeg)
