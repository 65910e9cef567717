"""What the front display costs the processor: each kind of change, and the live picture.

The real face and the real driver draw on wires that take everything: pins and the SPI's write()
are C functions, as on a camera, that do nothing. So what is measured is Python's work; the time on
the bus follows from the bytes.

`change_over_blit`: a turn is one `show` and the `step` calls until nothing is left to draw. What a
change costs is the time of turns that bring it, less that of as many turns that bring none, which
are due anyway. It is divided by the time that `framebuf.FrameBuffer.blit` needs to put regions of
the same sizes in pixels into a 320x240 RGB565 frame buffer, one for each window that was painted.
A sample is a few turns with the change, as many without, and the blits, one after the other, so
that a slow moment of the machine hits all three; a layout is another face on a heap that is filled
differently. The figure is the median of all samples.

The changes: the other language's words, without and with the time; a second of the running time,
and a minute, where all four digits change; the battery's text, without and with a note beside it;
a note in the other language, with the words; another stage as a whole, there and back, in one
colour, with the battery and with dashes; what is wrong in a fault, in the other language. What is
measured is what comes again: all of it has been drawn before.

Heap: `micropython.mem_total()`, transient, and `gc.mem_alloc()` after a collection, retained, for
one change of the kind that takes most, and for one picture.
"""

import gc
import time

import framebuf
import micropython

from bodycam.face import Face
from drivers.ili9342c import ILI9342C
from tools.bench.workers import common

BAUD_HZ = 20_000_000  # of the display's bus on the first board
LAYOUTS, REPETITIONS, CHANGES = 3, 9, 10
PICTURE_BYTES = 320 * 240 * 2
TEXTS = ("63 %", "62 %")
NOTE = "clock_unset"


class Wire:
    """An SPI that takes everything: its write() is C and does nothing."""

    def __init__(self):
        self.write = len


class Tally:
    """An SPI that counts what it takes."""

    def __init__(self):
        self.sent_bytes = 0

    def write(self, buf):
        """Count the bytes."""
        self.sent_bytes += len(buf)


class Watched(ILI9342C):
    """A driver that notes the size of each window that pixels are sent to."""

    def window(self, x, y, w, h, order="rows"):
        """Return a window that knows its size."""
        return super().window(x, y, w, h, order) + ((w, h),)

    def send(self, window, pixels):
        """Note the window's size."""
        self.sizes.append(window[-1])

    def fill(self, window, rgb565):
        """Note the window's size."""
        self.sizes.append(window[-1])


class Clock:
    """The driver's waiting is not what is measured."""

    def ticks_ms(self):
        """Return 0."""
        return 0

    def diff(self, a, b):
        """Return `a` - `b`."""
        return a - b

    def sleep_ms(self, ms):
        """Return at once."""


class Bench:
    """A face on `display` whose time is what the caller says."""

    def __init__(self, display):
        self.face = Face(display)
        self.stage, self.since_ms = "idle", 0
        self.battery = self.warning = self.reason = None
        self.turn = 0

    def show(self):
        """Show what is set and draw all of it."""
        face = self.face
        face.show(self.stage, 0, self.since_ms, self.reason, False, self.warning, self.battery)
        while not face.step(0):
            pass

    def begin(self, stage, since_ms=0, battery=None, warning=None, reason=None):
        """Set what is shown, and draw it."""
        self.stage, self.since_ms, self.battery = stage, since_ms, battery
        self.warning, self.reason = warning, reason
        self.show()
        return self

    # One change each

    def language(self):
        """Go on by two seconds."""
        self.since_ms += 2000
        self.show()

    def second(self):
        """Go on by a second, to and fro between two that share language and minute."""
        self.turn ^= 1
        self.since_ms = 8000 + 1000 * self.turn
        self.show()

    def minute(self):
        """Go to and fro between 9:59 and 10:00, in the same language."""
        self.turn ^= 1
        self.since_ms = 598_000 if self.turn else 600_000
        self.show()

    def charge(self):
        """Show one percent less, or more again."""
        self.turn ^= 1
        self.battery = TEXTS[self.turn]
        self.show()

    def ladder(self):
        """Go to and fro between display and recording."""
        self.turn ^= 1
        self.stage = "recording" if self.turn else "display_on"
        self.show()

    def dashes(self):
        """Go to and fro between display and armed."""
        self.turn ^= 1
        self.stage = "armed" if self.turn else "display_on"
        self.show()


# name: (the change, where it begins)
KINDS = {
    "words": (Bench.language, {"stage": "display_on"}),
    "words beside the time": (Bench.language, {"stage": "recording"}),
    "second": (Bench.second, {"stage": "recording", "since_ms": 8000}),
    "minute": (Bench.minute, {"stage": "recording", "since_ms": 598_000}),
    "battery": (Bench.charge, {"stage": "display_on", "battery": TEXTS[0]}),
    "battery beside a note": (
        Bench.charge,
        {"stage": "display_on", "battery": TEXTS[0], "warning": NOTE},
    ),
    "note": (Bench.language, {"stage": "display_on", "warning": NOTE}),
    "stage": (Bench.ladder, {"stage": "display_on"}),
    "stage with the battery": (Bench.ladder, {"stage": "display_on", "battery": TEXTS[0]}),
    "stage with dashes": (Bench.dashes, {"stage": "display_on"}),
    "reason": (Bench.language, {"stage": "fault", "reason": "card_foreign"}),
}


def wires(kind, spi):
    """Return a driver of this kind on wires that take everything."""
    pin, hand_over = callable, gc.isenabled
    return kind(spi, pin, pin, Clock(), pin, pin, hand_over, hand_over)


def sizes_of(change, start):
    """Return the sizes of the windows that two changes, there and back, send."""
    display = wires(Watched, Wire())
    display.sizes = []
    bench = Bench(display).begin(**start)
    for _ in range(4):
        change(bench)
    del display.sizes[:]
    change(bench)
    change(bench)
    return display.sizes


class Blits:
    """Puts regions of these sizes into a frame buffer, by blit."""

    def __init__(self, sizes):
        self._target = framebuf.FrameBuffer(bytearray(PICTURE_BYTES), 320, 240, framebuf.RGB565)
        memory = bytearray(PICTURE_BYTES)
        self._sources = [framebuf.FrameBuffer(memory, w, h, framebuf.RGB565) for w, h in sizes]

    def run(self):
        """Do one blit for each."""
        for source in self._sources:
            self._target.blit(source, 0, 0)


def time_us(act, times):
    """Return how long `times` calls take."""
    ticks_us = time.ticks_us
    began = ticks_us()
    for _ in range(times):
        act()
    return time.ticks_diff(ticks_us(), began)


def heap_of(act, times):
    """Return what a call takes from the heap, on average of `times`: bytes (retained, transient).

    Transient is None on a port that does not count (wasm).
    """
    counts = hasattr(micropython, "mem_total")
    act()
    gc.collect()
    retained, total = gc.mem_alloc(), micropython.mem_total() if counts else 0
    for _ in range(times):
        act()
    total = micropython.mem_total() - total if counts else None
    gc.collect()
    retained = max(0, gc.mem_alloc() - retained)
    return -(-retained // times), -(-total // times) if counts else None


def median(values):
    """Return the median."""
    return sorted(values)[len(values) // 2]


class Kind:
    """One kind of change: `act` brings it, `rest` does not, `blit` puts regions of its sizes."""

    def __init__(self, change, start):
        self.blit = Blits(sizes_of(change, start)).run
        bench = Bench(wires(ILI9342C, Wire())).begin(**start)
        self.act = lambda: change(bench)
        self.rest = bench.show
        for _ in range(40):  # until every digit was seen
            self.act()

    def sample(self):
        """Return the cost of a change over that of its blits."""
        # There and back are two changes, and the regions of both are in one `blit`.
        cost_us = time_us(self.act, 2 * CHANGES) - time_us(self.rest, 2 * CHANGES)
        return cost_us / time_us(self.blit, CHANGES)


def changes(seed):
    """Return {kind: median of change over blit}, and the most bytes (retained, transient)."""
    samples = {name: [] for name in KINDS}
    heap = [0, 0]
    layout = common.Layout(seed)
    for _ in range(LAYOUTS):
        layout.pad()
        for name, row in KINDS.items():
            gc.collect()
            kind = Kind(*row)
            kind.sample()
            samples[name] += [kind.sample() for _ in range(REPETITIONS)]
            taken = heap_of(kind.act, 2 * CHANGES)
            heap = [None if new is None else max(new, old) for new, old in zip(taken, heap)]
    return {name: median(samples[name]) for name in KINDS}, heap


def mirror():
    """Return (processor us, bus us, (retained, transient)) of a live picture in a recording."""
    memory = [bytearray(PICTURE_BYTES) for _ in range(2)]
    # A camera's pictures are new objects each time, in the same two places.
    pictures = [memoryview(memory[i & 1]) for i in range(6)]
    tally = Tally()
    bench = Bench(wires(ILI9342C, tally)).begin("recording")
    tally.sent_bytes = 0
    bench.face.picture(pictures[0])
    face = Bench(wires(ILI9342C, Wire())).begin("recording").face
    turn = [0]

    def act():
        turn[0] = (turn[0] + 1) % 6
        face.picture(pictures[turn[0]])

    time_us(act, CHANGES)
    cost_us = median([time_us(act, CHANGES) for _ in range(REPETITIONS)]) / CHANGES
    return cost_us, tally.sent_bytes * 8_000_000 // BAUD_HZ, heap_of(act, CHANGES)


def run(seed):
    """Measure once; a generator as all workers are."""
    ratios, heap = changes(seed)
    yield
    cost_us, bus_us, taken = mirror()
    found = {
        "change_over_blit": {name: round(ratio, 4) for name, ratio in ratios.items()},
        "worst_change_over_blit": round(max(ratios.values()), 4),
        "mirror_cpu_us": round(cost_us, 1),
        "mirror_bus_us": bus_us,
        "heap_bytes_per_change": heap[0],
        "transient_bytes_per_change": heap[1],
        "heap_bytes_per_mirror": taken[0],
        "transient_bytes_per_mirror": taken[1],
    }
    common.tell(found)
