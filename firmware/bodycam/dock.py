"""The camera in the dock: answers SMP requests on the USB serial port, one at a time, within the
run loop (tools/dock/PROTOCOL.md).

Anybody may read sealed segments; what changes the camera needs a session. A cable alone does
nothing: the stage `docked` begins when a station has authenticated itself.
"""

import struct
from binascii import crc32
from hashlib import sha256

from micropython import const

from bodycam import VERSION, cbor, epoch, log
from bodycam.blocks import BLOCK_BYTES
from bodycam.custody import Custody
from bodycam.errors import Fault
from bodycam.inventory import Inventory
from bodycam.session import BAD_STATE, BAD_VALUE, BUSY, UNKNOWN, Refusal, Session, field
from bodycam.smp import BUFFER_BYTES, HEADER_BYTES, Link
from bodycam.stages import ARMED, DISPLAY_ON, DOCKED, FAULT, RECORDING

_FAILED = const(1)
_READ = const(0)
_WRITE = const(2)
_CUSTODY = const(64)
_HELLO = const(0)
_AUTH = const(1)

_QUICK_MS = const(2)  # between looks at the port while a station is there
_SLOW_MS = const(250)
_THERE_MS = const(2000)  # a station counts as there so long after its last frame
_SILENT_MS = const(60_000)
_OVERHEAD_BYTES = const(128)  # of an answer beside a block

_AT_WORK = (RECORDING, ARMED, DISPLAY_ON)  # stages in which no file is read
_TYPES = {"sha256": {"format": 1, "size": 32}, "crc32": {"format": 0, "size": 4}}


class Dock:
    """The camera's end of the protocol. `parts` is what app.py joined: see there for its names;
    `crc16` is one of drivers/crc16*.py.
    """

    def __init__(self, parts, crc16, aes, urandom):
        self._parts = parts
        self._log = parts.log
        self._clock = parts.clock
        self._link = Link(parts.chips.usb, crc16, BLOCK_BYTES + _OVERHEAD_BYTES)
        self._inner = bytearray(1024)
        self._session = Session(parts.log, aes, parts.clock, urandom, self._refused)
        # Where no file is read, that memory is the recorder's and the camera's.
        memory = parts.chips.scratch
        self._inventory = Inventory(parts.card, parts.log, parts.chips.flash, memory)
        self._custody = Custody(parts, self._session, self._inventory)
        self._job = None  # a generator that works on the answer
        self._asked = (0, 0, 0, 0)  # first byte, group, sequence number, command
        self._heard = parts.clock.ticks_ms()
        self._there = False
        self._mend = False  # only a restart tells whether the camera can record now
        self._commands = {
            (0, 0): (_WRITE, self._echo),
            (0, 6): (_READ, self._parameters),
            (8, 0): (_READ, self._download),
            (8, 1): (_READ, self._status),
            (8, 2): (_READ, self._hash),
            (8, 3): (_READ, self._types),
            (8, 4): (_WRITE, self._close),
            (_CUSTODY, _HELLO): (_WRITE, self._hello),
            (_CUSTODY, _AUTH): (_WRITE, self._authenticate),
        }

    def step(self, now: int) -> int:
        """Take what came, or go on with an answer; return milliseconds until the next look.

        Blocks for one block of the card, one piece of an erase (1 s at most), or one answer on
        the wire.
        """
        job = self._job
        if job:
            self._answer(lambda: next(job))
            return 0
        request = self._link.receive()
        if request is None:
            return self._wait(now)
        self._heard, self._there = now, True
        self._serve(request)
        return 0

    def follow(self, before, event, after):
        """Give up what is being read, where the camera gets to work."""
        if after in _AT_WORK:
            self._inventory.forget()
            if self._job:
                self._job = _busy()

    def _wait(self, now):
        silent_ms = self._clock.diff(now, self._heard)
        if silent_ms > _THERE_MS:
            self._there = False
        if self._session.open:
            self._look_after(silent_ms)
        if self._parts.procedure.stages.stage not in _AT_WORK:
            self._inventory.read_ahead()
        return _QUICK_MS if self._there else _SLOW_MS

    def _look_after(self, silent_ms):
        parts = self._parts
        if parts.procedure.stages.stage != DOCKED:
            self._end()
        elif silent_ms > _SILENT_MS or not self._there and self._unplugged():
            self._end()
            if self._mend or self._log.refusal:
                parts.restart()
            parts.procedure.undock()

    def _unplugged(self):
        chips = self._parts.chips
        return chips.pmu is not None and not chips.cable_in()

    def _end(self):
        self._session.close()
        self._parts.chips.usb.hold(False)
        self._there = False

    # Requests and answers

    def _serve(self, request):
        first, _, _, group, seq, command = struct.unpack_from(">BBHHBB", request, 0)
        self._asked = (first, group, seq, command)
        self._answer(lambda: self._dispatch(request[HEADER_BYTES:]))

    def _dispatch(self, data):
        first, group, _, command = self._asked
        if group == _CUSTODY and command in self._custody.commands and first & 7 == _WRITE:
            inner = self._session.check(command, self._decode(data))
            return self._custody.commands[command](self._decode(memoryview(inner)))
        way, act = self._commands.get((group, command), (None, None))
        if way != first & 7:
            raise Refusal(UNKNOWN)
        body = self._decode(data)
        return act(body, data) if act == self._hello else act(body)

    def _decode(self, data):
        try:
            body = cbor.decode(data)
        except ValueError:
            body = None
        if type(body) is not dict:
            raise Refusal(BAD_VALUE)
        return body

    def _answer(self, act):
        # What an act returns is the answer; a generator goes on in later steps.
        answer, refused = None, 0
        try:
            answer = act()
            if hasattr(answer, "send"):
                self._job = answer
                return
            if answer is None:
                return
        except Refusal as refusal:
            refused = refusal.args[0]
        except (OSError, Fault):
            refused = _FAILED
        self._job = None
        self._reply({"rc": refused} if refused else answer, not refused)
        if self._custody.restart:
            self._parts.restart()

    def _reply(self, answer, right):
        first, group, seq, command = self._asked
        if right and group == _CUSTODY and command in self._custody.commands:
            end = cbor.encode(answer, self._inner, 0)
            answer = self._session.answer(command, self._inner[:end])
        link = self._link
        at = link.OUT_AT + HEADER_BYTES
        end = cbor.encode(answer, link.out, at)
        op = (first & 0x18) | (first & 7) + 1
        struct.pack_into(">BBHHBB", link.out, link.OUT_AT, op, 0, end - at, group, seq, command)
        link.done()
        link.send(end - link.OUT_AT)

    # Standard groups

    def _echo(self, body):
        return {"r": field(body, "d", str)}

    def _parameters(self, body):
        return {"buf_size": BUFFER_BYTES, "buf_count": 1}

    def _size(self, body):
        if self._parts.procedure.stages.stage in _AT_WORK:
            raise Refusal(BUSY)
        return self._inventory.size(field(body, "name", str), self._session.open)

    def _download(self, body):
        size = self._size(body)
        at = field(body, "off", int, 0, size)
        answer = {"off": at, "data": b""}
        if at < size:
            number, start = divmod(at, BLOCK_BYTES)
            end = min(BLOCK_BYTES, size - number * BLOCK_BYTES)
            answer["data"] = self._inventory.read(body["name"], number)[start:end]
            if (number + 1) * BLOCK_BYTES < size and body["name"] != "log":
                self._inventory.expect(body["name"], number + 1)
        if not at:
            answer["len"] = size
        return answer

    def _status(self, body):
        return {"len": self._size(body)}

    def _hash(self, body):
        size = self._size(body)
        start = field(body, "off", int, 0, size) if "off" in body else 0
        end = start + (field(body, "len", int, 0, size - start) if "len" in body else size - start)
        kind = field(body, "type", str) if "type" in body else "sha256"
        if kind not in _TYPES:
            raise Refusal(BAD_VALUE)
        return self._digest(body["name"], kind, start, end)

    def _digest(self, name, kind, start, end):
        whole, crc, at = sha256(), 0, start
        while at < end:
            number, low = divmod(at, BLOCK_BYTES)
            high = min(BLOCK_BYTES, end - number * BLOCK_BYTES)
            piece = self._inventory.read(name, number)[low:high]
            if kind == "crc32":
                crc = crc32(piece, crc)
            else:
                whole.update(piece)
            at += high - low
            yield None
        output = crc if kind == "crc32" else whole.digest()
        yield {"type": kind, "off": start, "len": end - start, "output": output}

    def _types(self, body):
        return {"types": _TYPES}

    def _close(self, body):
        return {}

    # Session

    def _hello(self, body, data):
        field(body, "v", int, 1, 1)
        field(body, "n", bytes, 16, 16)
        journal, card, fresh = self._log, self._parts.card, False
        if journal.refusal:
            flash = self._parts.chips.flash
            fresh = journal.refusal == "not_enrolled" and epoch.is_blank(flash)
            if not fresh:
                raise Refusal(BAD_STATE)
        answer = {
            "v": 1,
            "n": self._session.nonce(),
            "id": journal.device_id,
            "e": journal.epoch,
            "s": journal.seq,
            "first": journal.first,
            "next": journal.next_segment,
            "rel": journal.released,
            "card": card.card_id,
            "places": card.segments,
            "fw": VERSION,
            "board": self._parts.board.ID,
        }
        end = cbor.encode(answer, self._inner, 0)
        self._session.offer(data, memoryview(self._inner)[:end])
        return answer

    def _authenticate(self, body):
        parts = self._parts
        stage = parts.procedure.stages.stage
        if stage == RECORDING:
            raise Refusal(BUSY)
        proof = self._session.authenticate(body)
        self._custody.begin()
        if stage != DOCKED:
            self._mend = stage == FAULT
            parts.procedure.stages.post("dock")
        parts.chips.usb.hold(True)
        return {"m": proof}

    def _refused(self, times):
        if not times & times - 1 and not self._log.refusal:
            facts = {"why": "dock_refused", "detail": "%d" % times}
            self._log.note(log.WARNING, facts)


def _busy():
    # A job that was broken off.
    raise Refusal(BUSY)
    yield
