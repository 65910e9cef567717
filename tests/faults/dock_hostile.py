# on: unix, cpython
"""Hostile frames: none crashes the camera, changes anything before AUTH, or is accepted twice, and
the heap stays as it is. Prints what was sent and what was answered.

Environment: FRAMES, SEED.
"""

import gc
import os
import struct

from bodycam import log
from tests.unit.dock_rig import Station, docked, encoded, enrolled, framed, message

FRAMES = int(os.getenv("FRAMES") or 20_000)
SEED = int(os.getenv("SEED") or 1)


class Chance:
    """Numbers that follow from a seed (Marsaglia's xorshift32)."""

    def __init__(self, seed):
        self._state = seed & 0xFFFFFFFF or 1

    def below(self, n):
        x = self._state
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        self._state = x
        return x % n

    def bytes(self, n):
        return bytes(self.below(256) for _ in range(n))

    def of(self, things):
        return things[self.below(len(things))]


chance = Chance(SEED)
camera = enrolled(segments=2, profile_path="/nowhere/profile.json")
answers = {}


def state():
    """Return what nobody without the key may change: of the log all but warnings of AUTH."""
    entered = []

    def enter(code, detail):
        if code != log.WARNING or b"dock_refused" not in bytes(detail):
            entered.append(bytes(detail))

    camera.log.visit(enter)
    things = (entered, len(camera.device.content), camera.device.erased, camera.fault)
    return things + (camera.stage, camera.clock.trust, camera.rtc.utc_s, camera.usb.held)


# What is sent. Each returns bytes for the wire.

_NAMES = (
    "seg/0",
    "seg/1",
    "seg/9",
    "../seg/0",
    "seg/../log",
    "log",
    "/",
    "",
    "seg/0\x00",
    "seg/٣",
)
_GROUPS = (0, 1, 8, 8, 64, 64, 64, 65, 0xFFFF)


def value(depth=0):
    """Return anything that CBOR can say, encoded; often wrong."""
    kind = chance.below(12)
    if kind < 3:
        return encoded(chance.below(1 << 30) - (1 << 29))
    if kind < 5:
        return encoded(chance.bytes(chance.below(40)))
    if kind < 6:
        return encoded(chance.of(_NAMES))
    if kind < 7:
        return chance.of((b"\xf4", b"\xf5", b"\xf6", b"\xf7", b"\xf9\x00\x00", b"\xfb" + bytes(8)))
    if kind < 8:  # claims much more than there is
        return chance.of((b"\x5b", b"\x7b", b"\x9b", b"\xbb")) + b"\x7f" * chance.below(9)
    if kind < 9:
        return chance.of((b"\x5a", b"\x7a", b"\x9a", b"\xba")) + b"\xff\xff\xff\xff"
    if kind < 10:
        return (
            chance.of((b"\x9f", b"\xbf", b"\x5f", b"\x7f")) + b"\x01" * chance.below(9) + b"\xff"
        )
    if depth > 5:
        return chance.bytes(3)
    if kind < 11:
        n = chance.below(20)
        return encoded([None] * min(n, 3))[:1] + b"".join(value(depth + 1) for _ in range(n % 4))
    return fields(depth + 1)


_KEYS = ("name", "off", "len", "type", "d", "v", "n", "m", "c", "b", "k", "t", "utc", "p", "zz")


def fields(depth=0):
    n = chance.below(5)
    body = bytes((0xA0 | n,))
    for _ in range(n):
        key = encoded(chance.of(_KEYS)) if chance.below(20) else value(depth)
        body += key + value(depth)
    return body


def nested():
    deep = chance.below(1800)
    return chance.of((b"\x81", b"\xa1\x61a", b"\xc1")) * (deep // 3) + b"\x01"


def shaped():
    """A well-formed frame with a body that is not."""
    body = chance.of((fields, fields, fields, value, nested))()
    head = message(chance.below(8), chance.of(_GROUPS), chance.below(10), body[:2030])
    return framed(head)


def plausible():
    """A right body of the file group or the handshake, with one thing wrong or nothing."""
    body = {"name": chance.of(_NAMES), "off": chance.of((0, 16_384, 49_152, -1, 1 << 31, 5))}
    if chance.below(2):
        return framed(message(0, 8, chance.below(4), encoded(body)))
    hello = {"v": chance.below(3), "n": chance.bytes(chance.of((16, 16, 16, 15, 0, 64)))}
    return framed(message(2, 64, 0, encoded(hello)))


def commanded():
    """A command with a MAC from nowhere."""
    inner = encoded({"n": chance.below(3), "k": 3, "d": bytes(32), "t": bytes(16), "utc": 1 << 31})
    body = {"c": chance.below(1 << 20), "b": inner, "m": chance.bytes(16)}
    return framed(message(2, 64, chance.of((1, 2, 3, 4, 5, 6, 7, 8)), encoded(body)))


def long_headed():
    """A header that lies about its length, or a frame that does."""
    data = message(2, 0, 0, encoded({"d": "x" * chance.below(60)}))
    wrong = bytearray(data)
    struct.pack_into(">H", wrong, 2, chance.below(65536))
    if chance.below(2):
        return framed(bytes(wrong))
    return framed(data + chance.bytes(chance.below(2500)))


def flipped():
    """A right frame with a few bits wrong."""
    data = bytearray(framed(message(2, 64, 0, encoded({"v": 1, "n": chance.bytes(16)}))))
    for _ in range(1 + chance.below(3)):
        data[chance.below(len(data))] ^= 1 << chance.below(8)
    return bytes(data)


def noise():
    return chance.bytes(chance.below(300)) + chance.of((b"\n", b"", b"\x06\x09", b"\x04\x14"))


KINDS = (shaped, shaped, shaped, plausible, commanded, commanded, long_headed, flipped, noise)


def send(data):
    # On a line of its own: what came before may have had no end.
    for answer in Station(camera).raw(b"\n" + data):
        rc = answer[-1] if len(answer) == 13 and answer[8:12] == b"\xa1brc" else 0
        answers[rc] = answers.get(rc, 0) + 1


def memory():
    gc.collect()
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0


# Without a session: nothing changes.

before, heap = state(), None
for i in range(FRAMES):
    if i % 500 == 0 and i:
        assert state() == before, "something changed after %d frames, seed %d" % (i, SEED)
        assert not camera.dock._session.open
        if heap is None and i == 2000:
            heap = memory()
    send(chance.of(KINDS)())
assert state() == before
if heap is not None:
    grown = memory() - heap
    assert grown < 2048, "the heap grew by %d bytes" % grown

# AUTH with nothing right: only its warning is entered, with the numbers 1, 2, 4 ...

entries = []
Station(camera).raw(b"\n")  # the end of the last line
for _ in range(40):
    thief = Station(camera, b"?" * 32)
    thief.hello()
    thief.ask(2, 64, 1, {"m": chance.bytes(16)})
    camera.time.now_ms += 61_000
camera.log.visit(lambda code, detail: entries.append(code))
assert 6 <= entries.count(log.WARNING) < 32 and camera.stage == "idle"

# With a session: every frame of a real docking, again, and in another session: none is accepted.

station = docked(camera)
recorded = []
for body in ({"utc": 1_790_000_000}, {"utc": 1_790_000_100}):
    data = station.request(3, body)
    recorded.append(message(2, 64, 3, data))
    station.raw(framed(recorded[-1]))
recorded.append(
    message(2, 64, 2, station.request(2, {"n": 0, "k": 3, "d": bytes(32), "t": bytes(16)}))
)
station.raw(framed(recorded[-1]))
before = (bytes(camera.flash.memory), len(camera.device.content), camera.rtc.utc_s)
replays = 0
for again in range(3):
    for frame in recorded:
        (answer,) = station.raw(framed(frame))
        assert answer[8:] == encoded({"rc": 11})
        replays += 1
    if again == 1:
        station = docked(camera)  # which enters nothing here: the stage has no observer
assert before == (bytes(camera.flash.memory), len(camera.device.content), camera.rtc.utc_s)

# Behind a right MAC: bodies of every kind, and still nothing but an answer.

for _ in range(max(200, FRAMES // 20)):
    command = chance.of((2, 4, 5, 6, 8, 99))
    inner = fields()
    station.counter += 1
    tag = station.mac(b"ask" + struct.pack("<BI", command, station.counter) + inner)
    body = encoded({"c": station.counter, "b": inner, "m": tag})
    (answer,) = station.raw(framed(message(2, 64, command, body)))
    assert answer[8:12] == b"\xa1brc", (command, inner)
assert before == (bytes(camera.flash.memory), len(camera.device.content), camera.rtc.utc_s)

print("frames", FRAMES, "answers", answers, "replays", replays, "seed", SEED)
print("ok")
