"""A camera's end of the dock on memories instead of chips, and a station to talk to it.

For CPython and the unix port. Flash and card count operations; the power goes at the one named.
"""

import struct
import sys
from binascii import a2b_base64, b2a_base64
from hashlib import sha256

from bodycam import cbor, epoch, log
from bodycam.card import Card
from bodycam.clock import Clock
from bodycam.dock import Dock
from bodycam.errors import Fault
from bodycam.keys import cmac, kdf
from bodycam.log import Log
from bodycam.stages import Stages

if sys.implementation.name == "cpython":
    from tools.sim.host_cpython import aes
    from tools.sim.host_cpython import firmware_crc16 as crc16
else:
    from cryptolib import aes

    from drivers.crc16_viper import crc16

FIRST_LBA = 8192
PLACE_SECTORS = 8192
DEVICE, CARD_ID = b"d" * 16, b"c" * 16
READ, CHECK = bytes(range(32)), bytes(range(100, 132))


START = b"\x06\x09"  # of a message on the wire


class PowerCut(Exception):
    """The power went; nothing of the firmware catches it."""


class Restart(Exception):
    """The camera restarts."""


class Power:
    """Counts device operations; 0: the power stays."""

    def __init__(self):
        self.cut_in = self.count = 0

    def operation(self):
        self.count += 1
        if self.cut_in:
            self.cut_in -= 1
            if not self.cut_in:
                raise PowerCut


class Flash:
    """NOR flash. A cut leaves `part` hundredths of the operation done."""

    def __init__(self, power, size_bytes=32 * 1024):
        self.size_bytes = size_bytes
        self.memory = bytearray(b"\xff" * size_bytes)
        self.part = 50
        self._power = power

    def read(self, at, buf):
        buf[:] = self.memory[at : at + len(buf)]

    def program(self, at, buf):
        for page in range(0, len(buf), 256):
            piece = bytes(buf[page : page + 256])
            try:
                self._power.operation()
            except PowerCut:
                self._clear(at + page, piece[: len(piece) * self.part // 100])
                raise
            self._clear(at + page, piece)

    def _clear(self, at, piece):
        for i in range(len(piece)):
            self.memory[at + i] &= piece[i]

    def erase(self, at, n):
        assert at % 4096 == 0 and n % 4096 == 0
        for sector in range(at, at + n, 4096):
            done = 4096
            try:
                self._power.operation()
            except PowerCut:
                done = 4096 * self.part // 100
                self.memory[sector : sector + done] = b"\xff" * done
                for i in range(sector + done, sector + 4096):
                    self.memory[i] |= i * 37 & 0xFF
                raise
            self.memory[sector : sector + 4096] = b"\xff" * 4096


class Device:
    """A card's sectors, as its driver gives them; `bad` are those that cannot be read."""

    def __init__(self, power, places):
        self.sectors = FIRST_LBA + places * PLACE_SECTORS
        self.content = {}
        self.bad = set()
        self.erased = 0
        self._power = power
        self._zeros = bytes(512)

    def init(self):
        pass

    def read(self, lba, buf):
        for i in range(len(buf) // 512):
            if lba + i in self.bad:
                raise OSError(5)
            buf[i * 512 : i * 512 + 512] = self.content.get(lba + i, self._zeros)

    def put(self, lba, data):
        for i in range(len(data) // 512):
            self.content[lba + i] = bytes(data[i * 512 : i * 512 + 512])

    def erase(self, lba, sectors):
        self._power.operation()
        self.erased += sectors
        for i in range(lba, lba + sectors):
            self.content.pop(i, None)


def superblock(card_id, places):
    data = bytearray(480)
    struct.pack_into("<4sI16s5I", data, 0, b"BWS1", 1, card_id, 16_384, 256, FIRST_LBA, places, 1)
    return bytes(data) + sha256(data).digest()


class Serial:
    """The USB serial port."""

    def __init__(self):
        self.came = b""
        self.sent = []
        self.held = False

    def readinto(self, buf):
        n = min(len(buf), len(self.came))
        buf[:n] = self.came[:n]
        self.came = self.came[n:]
        return n

    def write(self, buf):
        self.sent.append(bytes(buf))
        return True

    def hold(self, on):
        self.held = on


class Ticks:
    """The module `time`, moved by hand, one second before the ticks wrap."""

    def __init__(self):
        self.now_ms = (1 << 30) - 1000

    def ticks_ms(self):
        return self.now_ms & 0x3FFFFFFF

    def ticks_us(self):
        return self.now_ms * 1000 & 0x3FFFFFFF

    def ticks_diff(self, a, b):
        return ((a - b + 0x20000000) & 0x3FFFFFFF) - 0x20000000

    def ticks_add(self, a, delta):
        return (a + delta) & 0x3FFFFFFF

    def sleep_ms(self, ms):
        self.now_ms += ms

    def sleep_us(self, us):
        pass


class Plain:
    """Whatever attributes it is given."""

    def __init__(self, **more):
        for name in more:
            setattr(self, name, more[name])


class RTC:
    def __init__(self):
        self.utc_s = None

    def set_unix_s(self, utc_s):
        self.utc_s = utc_s


class Camera:
    """What app.py joins, as far as the dock asks for it. `boot` is a start of the camera."""

    def __init__(
        self, places=4, card_id=CARD_ID, flash_bytes=32 * 1024, profile_path="profile.json"
    ):
        self.power_supply = Power()
        self.flash = Flash(self.power_supply, flash_bytes)
        self.device = Device(self.power_supply, places)
        self.device.put(2048, superblock(card_id, places))
        self.profile_path = profile_path
        self.board = Plain(ID="rig")
        self.update = None
        self.battery = {"pct": 77, "retire": []}
        self.learned = [1000] * 10
        self.randoms = 0
        self.cable = True

    def boot(self):
        self.time = Ticks()
        self.clock = Clock(self.time)
        self.usb = Serial()
        self.rtc = RTC()
        pmu = Plain()
        self.chips = Plain(
            usb=self.usb, flash=self.flash, rtc=self.rtc, pmu=pmu, cable_in=lambda: self.cable
        )
        self.chips.scratch = bytearray(16_384)
        self.chips.troubles = []
        self.log = Log(self.flash, aes, self.clock)
        self.fault = None
        self.kept = epoch.settle(self.flash)
        try:
            self.log.recover()
            self.log.boot += 1
            self.log.note(log.BOOT, {"cause": 1})
        except Fault as fault:
            self.fault = fault.reason
        self.card = Card(self.device)
        try:
            self.card.mount(self.log.card_id)
        except Fault as fault:
            self.fault = self.fault or fault.reason
        stages = Stages()
        stages.post("fault" if self.fault else "boot")
        undock = lambda: stages.post("undock")  # noqa: E731
        self.procedure = Plain(stages=stages, reason=self.fault, warning=None, undock=undock)
        self.recorder = Plain(missed=0, segments=Plain(slowest_ms=0))
        self.keeper = Plain(report=lambda: self.battery, facts=lambda: {"use": self.learned})
        self.dock = Dock(self, crc16, aes, self._random)
        stages.observe(self.dock.follow)
        return self

    def _random(self, n):
        self.randoms += 1
        return sha256(b"%d" % self.randoms).digest()[:n]

    def restart(self):
        raise Restart

    @property
    def stage(self):
        return self.procedure.stages.stage

    def step(self, ms=1):
        """One turn of the run loop."""
        wait_ms = self.dock.step(self.clock.tick())
        self.time.now_ms += ms
        return wait_ms

    def wait(self, ms):
        """Let the camera alone for some time."""
        end = self.time.now_ms + ms
        while self.time.now_ms < end:
            self.step(max(1, self.step()))


def enrolled(segments=0, **more):
    """Return a camera with an epoch, made by its own log, and some sealed segments of 3 blocks."""
    camera = Camera(**more)
    journal = Log(camera.flash, aes, Clock(Ticks()))
    journal._refusal, journal._keys[:] = None, READ + CHECK
    journal.append(log.EPOCH, struct.pack("<II16s16sI", 3, 0, DEVICE, CARD_ID, 0) + b"rig")
    journal.device_id, journal.card_id = DEVICE, CARD_ID
    for n in range(segments):
        journal.open_segment(bytes(16), n + 1, 0, bytearray(64))
        for b in range(3):
            block = sha256(b"%d %d" % (n, b)).digest() * 512
            camera.device.put(FIRST_LBA + n * PLACE_SECTORS + b * 32, block)
        journal.close_segment(log.SEAL, n, 3)
    return camera.boot()


# The other end


def framed(message):
    """Return the lines of a message."""
    data = struct.pack(">H", len(message) + 2) + message
    data += struct.pack(">H", crc16(message, 0, len(message)))
    text = b2a_base64(data)[:-1]
    lines = [text[at : at + 124] for at in range(0, len(text), 124)]
    return b"\x06\x09" + b"\n\x04\x14".join(lines) + b"\n"


def unframed(lines):
    """Return the message of lines, whose CRC must be right."""
    data = b""
    for i, line in enumerate(lines.split(b"\n")[:-1]):
        assert len(line) < 127 and line[:2] == (b"\x04\x14" if i else b"\x06\x09")
        data += a2b_base64(line[2:])
    message = data[2:-2]
    assert struct.unpack(">H", data[:2])[0] == len(data) - 2
    assert struct.unpack(">H", data[-2:])[0] == crc16(message, 0, len(message))
    return message


def encoded(value):
    buf = bytearray(4096)
    return bytes(memoryview(buf)[: cbor.encode(value, buf, 0)])


def message(op, group, command, data, seq=0):
    return struct.pack(">BBHHBB", 8 | op, 0, len(data), group, seq, command) + data


class Station:
    """A client that has the CHECK key of the camera's newest entry, or believes so."""

    def __init__(self, camera, check=None, at=0):
        self.camera = camera
        self.check, self.at = check, at
        self.counter = 0
        self.seq = 0

    def raw(self, data, steps=3000):
        """Send bytes; return the messages that come back."""
        usb = self.camera.usb
        usb.came += data
        idle = 0
        for _ in range(steps):
            idle = idle + 1 if self.camera.step() else 0
            if idle > 2 and not usb.came:
                break
        sent, usb.sent = b"".join(usb.sent), []
        return [unframed(START + lines) for lines in sent.split(START)[1:]]

    def ask(self, op, group, command, body):
        """Return the answer's body as a dict; `body` is a dict or bytes as they are."""
        data = body if isinstance(body, bytes) else encoded(body)
        self.seq = self.seq + 1 & 0xFF
        (answer,) = self.raw(framed(message(op, group, command, data, self.seq)))
        head = struct.unpack(">BBHHBB", answer[:8])
        assert head == (8 | op + 1, 0, len(answer) - 8, group, self.seq, command)
        self.body = answer[8:]
        return cbor.decode(memoryview(self.body))

    def hello(self, **changes):
        body = {"v": 1, "n": bytes(range(16))}
        body.update(changes)
        self.sent = encoded(body)
        answer = self.ask(2, 64, 0, self.sent)
        if "s" in answer:
            key = bytearray(self.check or bytes(32))
            for _ in range(answer["s"] - self.at if self.check else 0):
                kdf(aes, key, b"next", b"", key)
            self.key = bytearray(32)
            kdf(aes, key, b"auth", sha256(self.sent + self.body).digest(), self.key)
        return answer

    def mac(self, text):
        tag = bytearray(16)
        cmac(aes, self.key, text, tag)
        return bytes(tag)

    def authenticate(self):
        hello = self.hello()
        answer = self.ask(2, 64, 1, {"m": self.mac(b"station")})
        assert answer["m"] == self.mac(b"camera")
        self.counter = 0
        return hello

    def request(self, command, body, counter=None):
        """Return the bytes of an authenticated request."""
        self.counter += 1
        counter = counter or self.counter
        inner = encoded(body)
        tag = self.mac(b"ask" + struct.pack("<BI", command, counter) + inner)
        return encoded({"c": counter, "b": inner, "m": tag})

    def command(self, command, body):
        """Return the answer of a command, or the `rc` of its refusal."""
        answer = self.ask(2, 64, command, self.request(command, body))
        if "rc" in answer:
            return answer["rc"]
        start = b"say" + struct.pack("<BI", command, self.counter)
        assert answer["m"] == self.mac(start + answer["b"])
        return cbor.decode(memoryview(answer["b"]))

    def wrapped(self, pages):
        key = bytearray(32)
        kdf(aes, self.key, b"wrap", b"", key)
        out = bytearray(len(pages))
        aes(key, 2, bytes(16)).encrypt(pages, out)
        return bytes(out)

    def release(self, n, blocks=3, token=b"t" * 16, digest=None):
        if digest is None:
            whole, sector = sha256(), bytearray(512)
            for b in range(blocks):
                lba = self.camera.card.lba(n, b) + 31
                if lba in self.camera.device.bad:
                    whole.update(bytes(32))
                else:
                    self.camera.device.read(lba, sector)
                    whole.update(sector[460:492])
            digest = whole.digest()
        return self.command(2, {"n": n, "k": blocks, "d": digest, "t": token})


def docked(camera, check=CHECK):
    """Return a station with a session."""
    station = Station(camera, check)
    station.authenticate()
    return station
