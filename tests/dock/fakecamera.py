"""A camera as a station sees it, written from PROTOCOL.md and FORMAT.md alone, strict and slow.

It shares no code with the firmware, nor with the station: two cameras written apart keep each
other honest. Run as `fakecamera.py FD IMG [NOISE_PCT SEED [VAULT...]]` it serves the file
descriptor of a pty's master; card and log stay in `IMG` and `IMG.camera/log.bin`, so it may be
killed at any time. With noise so many in a hundred pieces of 4,096 bytes that it sends lose a
byte, and as many get a flipped bit. With vaults it writes `IMG.early` when it is told to release
what one of them lacks.
"""

import base64
import binascii
import hashlib
import json
import os
import random
import struct
import sys
import threading
import zlib
from pathlib import Path

import cbor2
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from model_writer import cmac, kdf, u16, u32, u64

BLOCK, PAGE = 16_384, 256
OPEN, SEAL, TORN, RELEASED = 5, 6, 7, 14


class No(Exception):
    """A refusal with this code."""


class Log:
    """The used pages of a log file; appending does what section 4 of FORMAT.md says."""

    def __init__(self, path):
        self.path = Path(path)
        data = self.path.read_bytes()
        self.room = len(data)
        pages = [bytearray(data[at : at + PAGE]) for at in range(0, len(data), PAGE)]
        self.pages = [page for page in pages if page[:4] == b"BWL1"]

    @property
    def keys(self):
        """READ and CHECK of the next entry; CHECK is zero where no epoch is."""
        if not self.pages:
            return bytes(32), bytes(32)
        page = self.pages[-1]
        assert u32(zlib.crc32(bytes(page[164:228]))) == page[228:232]
        return bytes(page[164:196]), bytes(page[196:228])

    def entries(self):
        for page in self.pages:
            yield int.from_bytes(page[8:10], "little"), bytes(page[48 : 48 + page[11]]), page

    def add(self, code, detail, utc=0):
        """Append an entry and erase the keys of the one before."""
        last, s = self.pages[-1], len(self.pages)
        read, check = self.keys
        page = b"BWL1" + u32(s) + u16(code) + bytes((2 if utc else 0, len(detail)))
        page += bytes(last[12:16]) + u64(int.from_bytes(last[16:24], "little") + 10) + u32(utc)
        page += bytes(last[28:32]) + bytes(last[144:160]) + detail.ljust(96, b"\0")
        page += cmac(kdf(check, "log"), page)
        page += u32(zlib.crc32(page))
        keys = kdf(read, "next") + kdf(check, "next")
        page += keys + u32(zlib.crc32(keys)) + u16(0xFFFF) + b"\xff" * 22
        self.pages.append(bytearray(page))
        last[164:232] = bytes(68)
        self.save()

    def save(self):
        data = b"".join(bytes(page) for page in self.pages).ljust(self.room, b"\xff")
        part = self.path.with_suffix(".new")
        part.write_bytes(data)
        os.replace(part, self.path)


class FakeCamera:
    """The camera behind the framing: `answer` takes a message and returns one, or None."""

    def __init__(self, image, vaults=()):
        self.image, self.vaults = Path(image), vaults
        self.log = Log(f"{image}.camera/log.bin")
        with open(image, "rb") as file:
            file.seek(2048 * 512)
            sector = file.read(512)
        self.card, self.has_card = sector[8:24], sector[:4] == b"BWS1"
        self.first_lba, self.places = struct.unpack_from("<II", sector, 32)
        self.unreadable = set()  # (segment, block)
        self.lies = set()  # blocks that are altered on their way
        self.ill = {}  # what SELFTEST says instead
        self.full = False  # the log takes no RELEASED in this epoch
        self.boot()

    def boot(self):
        self.hello = self.key = self.pending = self.auth_check = None
        self.counter = 0
        self.state()

    def state(self):
        """What the log says."""
        self.device, self.epoch, self.first, self.released_to, self.next = b"", 0, 0, 0, 0
        self.own_card = b""
        self.opened, self.closed, self.released = {}, {}, {}
        for code, detail, page in self.log.entries():
            if code == 1:
                self.epoch, self.first = struct.unpack_from("<II", detail)
                self.device, self.own_card = detail[8:24], detail[24:40]
                self.released_to = struct.unpack_from("<I", detail, 40)[0]
            elif code == OPEN:
                self.opened[struct.unpack_from("<I", detail)[0]] = page
            elif code in (SEAL, TORN):
                n, blocks = struct.unpack("<II", detail)
                self.closed[n] = blocks
            elif code == RELEASED:
                n, blocks = struct.unpack_from("<II", detail)
                self.released[n] = detail
            self.next = int.from_bytes(page[28:32], "little")

    # Messages ---------------------------------------------------------------------------------

    def answer(self, message):
        op, _, length, group, sequence, command = struct.unpack_from(">BBHHBB", message)
        if length != len(message) - 8 or op & 7 not in (0, 2):
            return None
        body = message[8:]
        try:
            said = self.do(group, command, op & 7 == 2, cbor2.loads(body), body)
        except No as no:
            said = {"rc": no.args[0]}
        except cbor2.CBORDecodeError:
            said = {"rc": 3}
        out = cbor2.dumps(said)
        if (group, command) == (64, 0) and "rc" not in said:
            self.bodies = body + out
        return struct.pack(">BBHHBB", (op | 1) & 0xFF, 0, len(out), group, sequence, command) + out

    def do(self, group, command, write, ask, body):
        if (group, command, write) == (0, 0, True):
            return {"r": ask["d"]}
        if (group, command, write) == (0, 6, False):
            return {"buf_size": 2048, "buf_count": 1}
        if group == 8 and not write and command in (0, 1):
            return self.file(ask, command)
        if group == 64 and write:
            return self.custody(command, ask)
        raise No(8)

    def file(self, ask, command):
        name = ask["name"]
        if name == "log":
            if self.key is None:
                raise No(11)
            data = b"".join(
                bytes(page[:164]) + bytes(68) + bytes(page[232:]) for page in self.log.pages
            )
            return self.piece(ask, command, len(data), lambda at, size: data[at : at + size])
        kind, _, digits = name.partition("/")
        if kind != "seg" or not digits.isdecimal() or str(int(digits)) != digits:
            raise No(5)
        self.look_at_card()
        n = int(digits)
        if n in self.released or not (n in self.closed or self.released_to <= n < self.first):
            raise No(5)

        def read(at, size):
            if (n, at // BLOCK) in self.unreadable:
                raise No(1)
            with open(self.image, "rb") as file:
                file.seek(self.place(n) + at)
                data = file.read(size)
            if (n, at // BLOCK) in self.lies:
                self.lies.discard((n, at // BLOCK))
                data = data[:100] + bytes((data[100] ^ 1,)) + data[101:]
            return data

        return self.piece(ask, command, self.closed.get(n, 256) * BLOCK, read)

    def piece(self, ask, command, size, read):
        if command == 1:
            return {"len": size}
        off = ask["off"]
        if not isinstance(off, int) or not 0 <= off <= size:
            raise No(3)
        said = {"off": off, "data": read(off, min(size, (off // BLOCK + 1) * BLOCK) - off)}
        return said | ({"len": size} if off == 0 else {})

    def place(self, n):
        return (self.first_lba + n % self.places * 8192) * 512

    # Custody ----------------------------------------------------------------------------------

    def custody(self, command, ask):
        if command == 0:
            assert ask["v"] == 1 and len(ask["n"]) == 16
            self.key = None
            self.auth_check = self.log.keys[1]
            return {
                "v": 1, "n": os.urandom(16), "id": self.device, "e": self.epoch,
                "s": len(self.log.pages), "first": self.first, "next": self.next,
                "rel": self.released_to, "card": self.card if self.has_card else b"",
                "places": self.places, "fw": "0.1.0", "board": "fake",
            }  # fmt: skip
        if command == 1:
            if self.auth_check is None:
                raise No(11)
            check, self.auth_check = self.auth_check, None
            key = kdf(check, "auth", hashlib.sha256(self.bodies).digest())
            if ask["m"] != cmac(key, b"station"):
                raise No(11)
            self.key, self.counter = key, 0
            if self.log.pages:
                self.log.add(4, json.dumps({"from": "idle", "to": "docked"}).encode())
            return {"m": cmac(key, b"camera")}
        if self.key is None or ask["c"] <= self.counter:
            raise No(11)
        about = bytes((command,)) + u32(ask["c"])
        if ask["m"] != cmac(self.key, b"ask" + about + ask["b"]):
            raise No(11)
        self.counter = ask["c"]
        key = self.key
        do = {2: self.release, 3: self.time, 4: self.new_epoch, 5: self.confirm, 6: self.config,
              7: self.selftest}.get(command)  # fmt: skip
        if do is None:
            raise No(8)
        out = cbor2.dumps(do(cbor2.loads(ask["b"]) if ask["b"] else {}))
        return {"b": out, "m": cmac(key, b"say" + about + out)}

    def release(self, ask):
        n, blocks, digest, token = ask["n"], ask["k"], ask["d"], ask["t"]
        self.look_at_card()
        if n not in self.released:
            earlier = self.released_to <= n < self.first
            if not earlier and self.closed.get(n) != blocks:
                raise No(3)
            if digest != self.digest(n, blocks):
                raise No(9)
            if earlier:
                assert token == bytes(16)
            elif self.full:
                raise No(6)
            self.look(n, blocks)
            if not earlier:
                self.log.add(RELEASED, u32(n) + u32(blocks) + digest + token)
                self.state()
        with open(self.image, "r+b") as file:
            file.seek(self.place(n))
            file.write(bytes(4 << 20))
            file.flush()
            file.seek(self.place(n))
            assert file.read(4 << 20) == bytes(4 << 20)
        return {"n": n, "fill": 0}

    def look_at_card(self):
        """Refuse what only the card that belongs to the log has."""
        if self.card != self.own_card:
            raise No(6)

    def look(self, n, blocks):
        """Leave a file when a vault lacks what is to be released."""
        with open(self.image, "rb") as file:
            file.seek(self.place(n))
            name = hashlib.sha256(file.read(blocks * BLOCK)).hexdigest()
        for vault in self.vaults:
            found = [p.read_bytes() for p in Path(vault).rglob(f"segment-{n:08d}-{name}*")]
            if name not in map(lambda data: hashlib.sha256(data).hexdigest(), found):
                Path(f"{self.image}.early").write_text(f"segment {n} is not in {vault}")

    def digest(self, n, blocks):
        whole = hashlib.sha256()
        with open(self.image, "rb") as file:
            for b in range(blocks):
                file.seek(self.place(n) + b * BLOCK + 16_332)
                gone = (n, b) in self.unreadable
                whole.update(bytes(32) if gone else file.read(32))
        return whole.digest()

    def time(self, ask):
        if self.log.pages:
            self.log.add(11, json.dumps({"utc": ask["utc"], "step": 0}).encode(), ask["utc"])
        return {"step": 0, "chip": True}

    def new_epoch(self, ask):
        data = ask["p"]
        if len(data) not in (256, 512, 768):
            raise No(3)
        cipher = Cipher(algorithms.AES(kdf(self.key, "wrap")), modes.CBC(bytes(16)))
        data = cipher.decryptor().update(data)
        pages = [data[at : at + PAGE] for at in range(0, len(data), PAGE)]
        for s, page in enumerate(pages):
            right = page[:4] == b"BWL1" and page[4:8] == u32(s)
            if not right or u32(zlib.crc32(page[:160])) != page[160:164]:
                raise No(3)
            keys = page[164:228]
            if page[228:232] != (u32(zlib.crc32(keys)) if s == len(pages) - 1 else bytes(4)):
                raise No(3)
        epoch, first = struct.unpack_from("<II", pages[0], 48)
        device, card = pages[0][56:72], pages[0][72:88]
        released = struct.unpack_from("<I", pages[0], 88)[0]
        right = (
            (epoch == self.epoch + 1 or not self.device)
            and (device == self.device or not self.device)
            and card == self.card
            and self.released_to <= released <= first
            and first >= self.next
        )
        if not right:
            raise No(3)
        self.pending = data
        return {"d": hashlib.sha256(data).digest()}

    def confirm(self, ask):
        if self.pending is None:
            raise No(6)
        if ask["d"] != hashlib.sha256(self.pending).digest():
            raise No(9)
        pages = [self.pending[at : at + PAGE] for at in range(0, len(self.pending), PAGE)]
        self.log.pages = [bytearray(page) for page in pages]
        self.log.save()
        self.full = False
        self.boot()
        return {}

    def config(self, ask):
        json.loads(ask["p"])
        Path(f"{self.image}.camera/profile.json").write_text(ask["p"])
        return {"d": hashlib.sha256(ask["p"].encode()).digest()}

    def selftest(self, ask):
        return {
            "boots": 1, "resets": 0, "lost": 0, "read_us": [1000, 2000], "write_ms": 0,
            "fault": None, "warning": None, "parts": [], "battery": {"pct": 80, "retire": []},
            "log_pages": 256, "log_used": 256 if self.full else len(self.log.pages),
            "heap_bytes": 100_000, **self.ill,
        }  # fmt: skip


# The line ------------------------------------------------------------------------------------


def frame(message):
    """A message as lines."""
    data = struct.pack(">H", len(message) + 2) + message
    data = base64.b64encode(data + struct.pack(">H", binascii.crc_hqx(message, 0)))
    pieces = [data[at : at + 124] for at in range(0, len(data), 124)]
    return b"".join(
        (b"\x04\x14" if i else b"\x06\x09") + piece + b"\n" for i, piece in enumerate(pieces)
    )


class Unframing:
    """Takes lines, gives messages; drops whatever is wrong."""

    def __init__(self):
        self.bytes = b""
        self.frame = None

    def feed(self, data):
        self.bytes += data
        *lines, self.bytes = self.bytes.split(b"\n")
        for line in lines:
            message = self.line(line)
            if message is not None:
                yield message

    def line(self, line):
        at = line.rfind(b"\x06\x09")
        begins = at >= 0
        try:
            piece = base64.b64decode(line[at + 2 if begins else 2 :], validate=True)
        except binascii.Error:
            self.frame = None
            return None
        if begins:
            self.frame = piece
        elif self.frame is None or line[:2] != b"\x04\x14":
            self.frame = None
            return None
        else:
            self.frame += piece
        if len(self.frame) < 2:
            return None
        length = struct.unpack_from(">H", self.frame)[0]
        if length > 2046 or len(self.frame) - 2 > length:
            self.frame = None
            return None
        if len(self.frame) - 2 < length:
            return None
        message, crc = self.frame[2:-2], self.frame[-2:]
        self.frame = None
        return message if struct.pack(">H", binascii.crc_hqx(message, 0)) == crc else None


def serve(handle, camera, noise_pct=0.0, seed=0):
    """Answer on a pty's master until it is closed."""
    unframing, drawn = Unframing(), random.Random(seed)
    while True:
        try:
            data = os.read(handle, 4096)
        except OSError:
            return
        for message in unframing.feed(data):
            answer = camera.answer(message)
            out = frame(answer) if answer else b""
            for at in range(0, len(out), 4096):
                piece = bytearray(out[at : at + 4096])
                if drawn.random() * 100 < noise_pct:
                    del piece[drawn.randrange(len(piece))]
                if drawn.random() * 100 < noise_pct and piece:
                    piece[drawn.randrange(len(piece))] ^= 1 << drawn.randrange(8)
                while piece:
                    del piece[: os.write(handle, piece)]


def plug_in(handle, camera):
    """Answer on a pty's master in a thread, until the other end is closed."""
    # On a handle of its own: the number of one that a test has closed may be the next test's line.
    threading.Thread(target=_serve_own, args=(os.dup(handle), camera), daemon=True).start()


def _serve_own(handle, camera):
    serve(handle, camera)
    os.close(handle)


if __name__ == "__main__":
    noise_pct, seed = (float(sys.argv[3]), int(sys.argv[4])) if sys.argv[3:] else (0.0, 0)
    serve(int(sys.argv[1]), FakeCamera(sys.argv[2], sys.argv[5:]), noise_pct, seed)
