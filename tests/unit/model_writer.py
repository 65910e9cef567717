"""A slow, obvious writer of cards and logs for the reader's tests, from FORMAT.md alone.

It shares no code with the reader or the firmware: every field is packed here by hand, one after
the other, so that the three check each other. `Camera` keeps blocks and log pages in memory;
`save` puts them into files. What a test wants broken it breaks in `blocks`, `pages` or the files.
"""

import hashlib
import json
import random
import zlib
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

FRAME, AUDIO, EVENT, GAP = 1, 2, 3, 4
FIRST_LBA = 16_384


def u8(x):
    return x.to_bytes(1, "little")


def u16(x):
    return x.to_bytes(2, "little")


def u32(x):
    return x.to_bytes(4, "little")


def u64(x):
    return x.to_bytes(8, "little")


def cmac(key, data):
    mac = CMAC(algorithms.AES(key))
    mac.update(data)
    return mac.finalize()


def kdf(key, label, context=b""):
    """SP 800-108r1, 4.1, written out."""
    out = b""
    for i in (1, 2):
        fixed = label.encode("ascii") + b"\0" + context + b"\x00\x00\x01\x00"
        out += cmac(key, i.to_bytes(4, "big") + fixed)
    return out


def chain(seed, s):
    """X_s."""
    for _ in range(s):
        seed = kdf(seed, "next")
    return seed


def key_id(public):
    return hashlib.sha256(public.public_bytes_raw()).digest()[:8]


def record_bytes(kind, flags, seq, t_ms, data):
    """A record of a stream: header, bytes, padding."""
    head = u8(kind) + u8(flags) + u16(0) + u32(seq) + u32(t_ms % (1 << 30)) + u32(len(data))
    return head + data + bytes((4 - len(data) % 4) % 4)


def block_bytes(mac_key, kind, n, b, s, epoch, used, first, ms, card, device, boot, body, flags=0):
    """One block of 16,384 bytes; `first` is (sequence number, place) of the first record."""
    data = b"BWB1" + u8(1) + u8(kind) + u16(flags)
    data += u32(n) + u32(b) + u32(s) + u32(epoch) + u32(used) + u32(first[0]) + u32(first[1])
    data += u32(ms) + card[:8] + device[:8] + u32(boot) + u32(0)
    data += body + bytes(12)
    assert len(data) == 16_332
    return with_end(data, mac_key)


def with_end(data, mac_key, tag=None):
    """Append D, T (or another `tag`) and the commit word to the first 16,332 bytes of a block."""
    digest = hashlib.sha256(data[:16_332]).digest()
    tag = tag or cmac(mac_key, digest)
    return data[:16_332] + digest + tag + u32(zlib.crc32(digest + tag))


class Camera:
    """A camera, its card and its station; segment numbers, times and keys are plain attributes."""

    def __init__(self, places=6, epoch=1, first=0, released=0, seed=1, name="MODEL-7"):
        self.random = random.Random(seed)
        self.card, self.device = self.random.randbytes(16), self.random.randbytes(16)
        self.places, self.epoch, self.first = places, epoch, first
        self.blocks, self.open = {}, None
        self.agency = X25519PrivateKey.from_private_bytes(self.random.randbytes(32))
        self.recovery = X25519PrivateKey.from_private_bytes(self.random.randbytes(32))
        self.export = Ed25519PrivateKey.from_private_bytes(self.random.randbytes(32))
        self.start_epoch(epoch, first, released, name)

    def start_epoch(self, epoch, first, released, name="MODEL-7"):
        """Erase the log and begin it anew with fresh seeds, as a station does."""
        self.epoch, self.next, self.boot, self.s = epoch, first, 0, 0
        self.recording = 0
        self.read_seed, self.check_seed = self.random.randbytes(32), self.random.randbytes(32)
        self.pages, self.newest, self.mac = [], None, bytes(16)
        self.uptime_ms, self.spent_ms, self.utc = 0, 0, 1_780_293_600
        self.seeds = []
        detail = u32(epoch) + u32(first) + self.device + self.card + u32(released)
        self.entry(1, detail + name.encode("utf-8"))
        suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
        for private in (self.agency, self.recovery):
            public = private.public_key()
            info = b"bodycam READ 1" + self.device + u32(epoch)
            sealed = key_id(public) + suite.encrypt(self.read_seed, public, info=info)
            self.seeds.append(sealed)
            self.entry(2, sealed)

    # The log ----------------------------------------------------------------------------------

    def entry(self, code, detail, trust=2):
        """Append an entry; return its sequence number."""
        if isinstance(detail, dict):
            detail = json.dumps(detail).encode()
        check = chain(self.check_seed, self.s)
        open_bit = 0x80 if self.open else 0
        page = b"BWL1" + u32(self.s) + u16(code) + u8(trust | open_bit) + u8(len(detail))
        page += (
            u16(self.boot)
            + u16(self.recording)
            + u64(self.uptime_ms)
            + u32(self.utc if trust else 0)
        )
        page += u32(self.next) + self.mac + detail + bytes(96 - len(detail))
        self.mac = cmac(kdf(check, "log"), page)
        page += self.mac
        page += u32(zlib.crc32(page))
        keys = chain(self.read_seed, self.s + 1) + chain(self.check_seed, self.s + 1)
        page += keys + u32(zlib.crc32(keys)) + u16(0xFFFF) + b"\xff" * 22
        assert len(page) == 256
        if self.newest is not None:
            self.pages[self.newest][164:232] = bytes(68)
        self.newest = len(self.pages)
        self.pages.append(bytearray(page))
        self.s += 1
        return self.s - 1

    def progress(self, n_page, blocks):
        """Clear the progress bits of an OPEN entry's page for so many blocks acknowledged."""
        word = 0xFFFF
        for bit in range(blocks // 16):
            word &= ~(1 << bit)
        self.pages[n_page][232:234] = u16(word)

    # Recordings -------------------------------------------------------------------------------

    def record(self, frames=6, seal=True, **more):
        """Record one whole recording of one segment; return its segment number."""
        self.start_recording()
        n = self.start_segment(**more)
        self.frames(frames)
        if seal:
            self.seal()
        return n

    def start_recording(self, seq=0, lead=0):
        """Begin a recording: the first record is number `seq`, behind `lead` zero bytes."""
        self.recording += 1
        self.index, self.seq, self.lead = 0, seq, lead
        self.gaps = self.lost = 0
        self.rest = b""  # of a record that runs on into the next segment

    def start_segment(self, trust=2):
        """Write OPEN and HEAD; return the segment's number."""
        n, self.next = self.next, self.next + 1
        nonce = self.random.randbytes(16)
        self.open = True
        detail = u32(n) + nonce + self.card + u32(self.recording) + u32(self.index)
        s = self.entry(5, detail, trust)
        context = nonce + self.card + u32(n)
        self.cipher_key = kdf(chain(self.read_seed, s), "key", context)
        self.mac_key = kdf(chain(self.check_seed, s), "key", context)
        self.open = {"n": n, "s": s, "page": self.newest, "b": 0, "mac": self.mac}
        self.encrypt = Cipher(algorithms.AES(self.cipher_key), modes.CBC(bytes(16))).encryptor()
        self.plain, self.first_record = b"", (0, 0)
        self.records = self.pictures = 0
        self.opened_ms = self.uptime_ms
        self.write_head(nonce, trust)
        # What is left of a record from the segment before goes first.
        rest, self.rest = self.rest, b""
        self.append(rest)
        return n

    def opening(self, trust):
        """The words in HEAD."""
        return {
            "event": "open",
            "log": self.open["mac"].hex(),
            "utc": self.utc if trust else None,
            "trust": trust,
            "boot": self.boot,
            "battery_pct": 80,
            "board": "model",
            "firmware": "0",
            "profile": "test",
            "epoch": self.epoch,
            "recording": self.recording,
            "index": self.index,
            "previous": "none",
        }

    def write_head(self, nonce, trust):
        clear = nonce + self.card + self.device + u32(self.epoch) + u32(self.recording)
        clear += u32(self.index) + u32(2) + self.seeds[0] + self.seeds[1]
        clear += bytes(256 - len(clear))
        words = json.dumps(self.opening(trust)).encode()
        secret = u32(self.open["n"]) + u32(0) + bytes(8)
        secret += record_bytes(EVENT, 0, 0, self.uptime_ms, words)
        used = 256 + len(secret)
        secret += bytes(16_256 - used)
        self.put(1, used, (0, 0), clear + self.encrypt.update(secret))

    def put(self, kind, used, first, body, flags=0):
        """Finish a block: its body is as it goes onto the card."""
        o = self.open
        self.blocks[o["n"], o["b"]] = block_bytes(
            self.mac_key, kind, o["n"], o["b"], o["s"], self.epoch, used, first,
            self.uptime_ms % (1 << 30), self.card, self.device, self.boot, body, flags,
        )  # fmt: skip
        o["b"] += 1
        if o["b"] % 16 == 0:
            self.progress(o["page"], o["b"])

    def put_cipher(self, kind=2, flags=0):
        """Encipher what is in `plain` and finish the block."""
        used = len(self.plain)
        body = self.encrypt.update(self.plain + bytes(16_256 - used))
        self.put(kind, used, self.first_record, body, flags)
        self.plain, self.first_record = b"", (0, 0)

    def start_block(self):
        self.plain = u32(self.open["n"]) + u32(self.open["b"]) + bytes(8)
        self.plain, self.lead = self.plain + bytes(self.lead), 0

    def append(self, data):
        """Append bytes to the stream, into as many blocks as it takes."""
        while data:
            if not self.plain:
                self.start_block()
            room = 16_256 - len(self.plain)
            self.plain, data = self.plain + data[:room], data[room:]
            if len(self.plain) == 16_256:
                self.put_cipher()

    def add(self, kind, data, pre=False, split=0):
        """Add a record; its last `split` bytes wait for the next segment."""
        if not self.plain:
            self.start_block()
        if self.first_record == (0, 0):
            self.first_record = (self.seq, len(self.plain))
        data = record_bytes(kind, 1 if pre else 0, self.seq, self.uptime_ms, data)
        self.append(data[: len(data) - split])
        self.rest = data[len(data) - split :]
        self.seq += 1
        self.records += 1

    def event(self, words):
        self.add(EVENT, json.dumps(words).encode())

    def frame(self, data, pre=False, split=0):
        self.pictures += 1
        self.add(FRAME, data, pre, split)

    def gap(self, lost, why="card"):
        now = self.uptime_ms % (1 << 30)
        words = {"lost": lost, "from_ms": now - 100, "to_ms": now, "why": why}
        self.add(GAP, json.dumps(words).encode())
        self.gaps += 1
        self.lost += lost

    def frames(self, number, size=9_000, every_ms=125):
        """Add pictures of random bytes between the two marks of a JPEG."""
        for _ in range(number):
            self.frame(b"\xff\xd8" + self.random.randbytes(size - 4) + b"\xff\xd9")
            self.tick(every_ms)

    def tick(self, ms):
        self.uptime_ms += ms
        self.spent_ms += ms
        self.utc = 1_780_293_600 + self.spent_ms // 1000

    def flush(self):
        """Close the block as the flush timer does."""
        if self.plain:
            self.put_cipher(flags=1)

    def seal(self, reason=1, log=True):
        """Seal the open segment on the card and, with `log`, in the log; return its blocks."""
        if self.plain:
            self.put_cipher()
        o = self.open
        self.start_block()
        for value in (
            o["b"] + 1, self.records, self.pictures, self.gaps, self.lost, reason,
            self.opened_ms % (1 << 30), self.uptime_ms % (1 << 30), self.seq,
        ):  # fmt: skip
            self.plain += u32(value)
        self.put_cipher(kind=3)
        self.open = None
        if log:
            self.entry(6, u32(o["n"]) + u32(o["b"]))
        self.index += 1
        return o["b"]

    def cut(self):
        """The power goes: what was not yet a block is lost; the next boot says what it found."""
        o, self.open = self.open, None
        self.plain = b""
        self.boot += 1
        self.uptime_ms = 0
        self.entry(3, {"cause": "power"})
        if o:
            self.entry(7, u32(o["n"]) + u32(o["b"]))

    # Files ------------------------------------------------------------------------------------

    def at(self, n, b=0):
        """The byte of the card where a block stands."""
        return (FIRST_LBA + (n % self.places) * 8192 + b * 32) * 512

    def superblock(self):
        data = b"BWS1" + u32(1) + self.card + u32(16_384) + u32(256) + u32(FIRST_LBA)
        data += u32(self.places) + u32(1_780_293_600)
        data += bytes(480 - len(data))
        return data + hashlib.sha256(data).digest()

    def save(self, path):
        """Write card, log and keys as `IMG`, `IMG.camera`, `IMG.keys`; return the image's path."""
        path = Path(path)
        with open(path, "wb") as file:
            file.truncate(self.at(self.places - 1) + 4 * 1024 * 1024)
            for lba in (2048, 4096):
                file.seek(lba * 512)
                file.write(self.superblock())
            for (n, b), data in self.blocks.items():
                file.seek(self.at(n, b))
                file.write(data)
        self.save_log(f"{path}.camera")
        self.save_keys(f"{path}.keys")
        return path

    def save_log(self, folder):
        Path(folder).mkdir(exist_ok=True)
        log = b"".join(bytes(page) for page in self.pages)
        Path(folder, "log.bin").write_bytes(log + b"\xff" * (65_536 - len(log)))

    def save_keys(self, folder, names=("agency", "recovery", "export", "station")):
        folder = Path(folder)
        folder.mkdir(exist_ok=True)
        for name in names:
            if name == "station":
                words = {
                    "device_id": self.device.hex(),
                    "card_id": self.card.hex(),
                    "epoch": self.epoch,
                    "check_seed": self.check_seed.hex(),
                }
                (folder / "station.json").write_text(json.dumps(words))
                continue
            pem = getattr(self, name).private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            (folder / f"{name}.pem").write_bytes(pem)
