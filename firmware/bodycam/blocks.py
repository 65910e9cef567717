"""Blocks of the evidence log: header, cipher, digest, tag and commit word, made in one staging
buffer. Hot path.

The layout is FORMAT.md section 6. Per block one hash object is made (its digest is the only fresh
bytes object); everything else is reused.
"""

import hashlib
import struct
from binascii import crc32

from micropython import const

from bodycam.errors import Fault
from bodycam.keys import DigestMAC, kdf, wipe
from bodycam.ring import PIECE_BYTES

BLOCK_BYTES = const(16_384)
SEGMENT_BLOCKS = const(256)

HEAD = const(1)
DATA = const(2)
SEAL = const(3)

STOPPED = const(1)
SEGMENT_FULL = const(2)
BATTERY = const(3)
CARD_ERROR = const(4)
FAILED = const(5)

_CBC = const(2)
_BODY = const(64)
_CLEAR_END = const(320)  # of HEAD
_BODY_END = const(16_320)
_DIGEST = const(16_332)
_TAG = const(16_364)
_COMMIT = const(16_380)

_pack = struct.pack_into


class Sealer:
    """Makes the blocks of one segment after another in `stage`, a bytearray of 16,384 bytes (a
    port may place it in DMA memory).

    `aes` is `cryptolib.aes`, `card_id` and `device_id` have 16 bytes. After `begin`, call `head`,
    then `data` for each piece, then `seal`; each leaves a finished block in `stage`, and the
    number of the block it made in `block`.
    """

    def __init__(self, aes, stage, device_id, card_id):
        self._aes = aes
        self.stage = memoryview(stage)
        self._digested = self.stage[:_DIGEST]
        self._signed = self.stage[_DIGEST:_COMMIT]
        self._first = self.stage[_BODY : _BODY + 16]
        self._rest = self.stage[_BODY + 16 : _BODY_END]
        self._head_body = self.stage[_CLEAR_END:_BODY_END]
        self._body = self.stage[_BODY:_BODY_END]
        self._zeros = memoryview(bytes(_BODY_END - _BODY))
        self._device_id = bytes(device_id)
        self._card_id = bytes(card_id)
        self._plain = bytearray(16)
        self._cipher = self._mac = None
        self.block = 0

    def begin(self, keys, segment: int, entry: int, epoch: int, boot: int):
        """Take the cipher and MAC key of a new segment (a bytearray of 64 bytes, wiped here)
        and what its headers say.
        """
        view = memoryview(keys)
        self._cipher = self._aes(view[:32], _CBC, bytes(16))
        self._mac = DigestMAC(self._aes, view[32:])
        wipe(keys)
        stage = self.stage
        stage[:_BODY] = self._zeros[:_BODY]
        stage[_BODY_END:] = self._zeros[: BLOCK_BYTES - _BODY_END]
        _pack("<4sBBHII", stage, 0, b"BWB1", 1, 0, 0, segment, 0)
        _pack("<II", stage, 16, entry, epoch)
        stage[40:48] = self._card_id[:8]
        stage[48:56] = self._device_id[:8]
        _pack("<I", stage, 56, boot)
        self._segment = segment
        self.block = -1

    def head(self, nonce, epoch: int, recording: int, index: int, seals, event, t_ms: int):
        """Make block 0. `seals` are up to two sealed READ seeds of 88 bytes, `event` the JSON
        bytes of the `open` event.
        """
        body = self._body
        body[:] = self._zeros
        body[0:16] = nonce
        body[16:32] = self._card_id
        body[32:48] = self._device_id
        _pack("<IIII", body, 48, epoch, recording, index, len(seals))
        for i, seal in enumerate(seals):
            body[64 + 88 * i : 152 + 88 * i] = seal
        _pack("<II", body, 256, self._segment, 0)
        _pack("<IIII", body, 272, 3, 0, t_ms, len(event))
        body[288 : 288 + len(event)] = event
        self._header(HEAD, 0, 288 + len(event) + 3 & -4, t_ms)
        self._encipher(self._head_body, self._head_body)
        self._close()

    def data(self, frames, piece: int, t_ms: int):
        """Encipher a piece of the ring `frames`, as it says itself, into a DATA block.

        Bounded: AES and SHA-256 of 16 KiB.
        """
        used = frames.used
        self._header(DATA, used < PIECE_BYTES, used + 16, t_ms)
        if frames.first_at(piece) >= 0:
            self._note_first(frames.first_seq(piece), frames.first_at(piece))
        self._prefix()
        self._encipher(frames.view(piece), self._rest)
        self._close()

    def _note_first(self, seq, at):
        _pack("<II", self.stage, 28, seq, at + 16)

    def seal(self, counts, reason: int, first_ms: int, last_ms: int, next_seq: int, t_ms: int):
        """Make the SEAL block. `counts` are records, frames, gaps and lost frames of this
        segment.
        """
        body = self._body
        body[16:] = self._zeros[16:]
        _pack("<IIIII", body, 16, self.block + 2, counts[0], counts[1], counts[2], counts[3])
        _pack("<IIII", body, 36, reason, first_ms, last_ms, next_seq)
        self._header(SEAL, 0, 52, t_ms)
        self._prefix()
        self._encipher(self._rest, self._rest)
        self._close()
        self._cipher = self._mac = None

    def _header(self, kind, flags, used, t_ms):
        self.block += 1
        stage = self.stage
        stage[5] = kind
        stage[6] = flags
        _pack("<I", stage, 12, self.block)
        _pack("<II", stage, 24, used, 0)
        _pack("<II", stage, 32, 0, t_ms)

    def _prefix(self):
        first = self._first
        _pack("<II", first, 0, self._segment, self.block)
        _pack("<II", first, 8, 0, 0)
        self._encipher(first, first)

    def _encipher(self, source, target):
        # MicroPython's cryptolib ignores the result of mbedtls_aes_crypt_cbc, and on ESP32-S3 the
        # driver can fail and leave the output blank or untouched. Either would then be tagged as
        # if it were the recording.
        self._remember(source, len(source) - 16)
        self._cipher.encrypt(source, target)
        if self._failed(target, len(target) - 16):
            raise Fault("crypto_error", "AES failed at block %d" % self.block)

    def _remember(self, source, at):
        plain = self._plain
        for i in range(16):
            plain[i] = source[at + i]

    def _failed(self, target, at):
        plain = self._plain
        same = blank = True
        for i in range(16):
            if target[at + i] != plain[i]:
                same = False
            if target[at + i]:
                blank = False
        return same or blank

    def _close(self):
        stage = self.stage
        digest = hashlib.sha256(self._digested).digest()
        stage[_DIGEST:_TAG] = digest
        stage[_TAG:_COMMIT] = self._mac.tag(digest)
        _pack("<I", stage, _COMMIT, crc32(self._signed))


def segment_keys(aes, read, check, context, keys):
    """Put the cipher key (from `read`) and the MAC key (from `check`) of a segment into `keys`,
    a bytearray of 64 bytes.
    """
    view = memoryview(keys)
    kdf(aes, read, b"key", context, view[:32])
    kdf(aes, check, b"key", context, view[32:])
