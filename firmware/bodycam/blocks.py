"""Blocks of the evidence log: header, cipher, digest, tag and commit word, made in one staging
buffer. Hot path.

The layout is FORMAT.md section 6. Per block one hash object, its digest and two views of the
ring are made; everything else is reused.
"""

from binascii import crc32
from hashlib import sha256

from micropython import const

from bodycam.errors import Fault
from bodycam.kernel import describe
from bodycam.keys import DigestMAC, kdf, wipe
from bodycam.memory import halves_of, words_of
from bodycam.ring import EVENT

BLOCK_BYTES = const(16_384)
SEGMENT_BLOCKS = const(256)
STAGE_BLOCKS = const(2)  # that are written at once when several wait
STAGE_BYTES = const(32_768)

LAST = const(0)
WAIT = const(1)
_OPENED = const(2)  # t_ms of HEAD

HEAD = const(1)
SEAL = const(3)

STOPPED = const(1)
SEGMENT_FULL = const(2)
BATTERY = const(3)
CARD_ERROR = const(4)

_CBC = const(2)
_HEADER_WORDS = const(16)
_NUMBERS = const(72)  # words of the body of HEAD and SEAL that are set one by one
_BODY = const(64)
_CLEAR_END = const(320)  # of HEAD
_BODY_END = const(16_320)
_PREFIX_BYTES = const(16)
_PIECE_BYTES = const(16_240)  # of a block that is full
_DIGEST = const(16_332)
_COMMIT = const(16_380)

# Words of the header.
_KIND = const(1)  # with the version and the flags
_SEGMENT = const(2)
_BLOCK = const(3)
_ENTRY = const(4)
_EPOCH = const(5)
_USED = const(6)
_FIRST_SEQ = const(7)
_FIRST_AT = const(8)
_T_MS = const(9)
_BOOT = const(14)

_BLANK = bytes(16)


class _Slot:
    """One block of the stage, cut into the views that its making needs."""

    def __init__(self, block):
        self.block = block
        self.words = words_of(block, _HEADER_WORDS)
        self.header, self.end = block[:_BODY], block[_BODY_END:]
        self.body = block[_BODY:_BODY_END]
        self.numbers = words_of(self.body, _NUMBERS)
        self.last = block[_BODY_END - 16 : _BODY_END]
        self.head_body = block[_CLEAR_END:_BODY_END]
        self.digested = block[:_DIGEST]
        self.signed = block[_DIGEST:_COMMIT]
        self.commit = halves_of(block[_COMMIT:], 2)
        self.digest, self.tag = self.signed[:32], self.signed[32:]


class Sealer:
    """Makes the blocks of one segment after another in `stage`, a bytearray of STAGE_BYTES (a
    port may place it in DMA memory).

    `aes` is `cryptolib.aes`, `owner` what all segments say of the camera: (device_id, card_id,
    epoch, seals), ids of 16 bytes and up to two sealed READ seeds of 88. Put a segment's cipher
    and MAC key into `keys` (64 bytes), then call `open`, `data` for each piece, and `seal`; each
    leaves a finished block in the stage, behind those that wait there. `made` is a list: at LAST
    the number of the last finished block in its segment, to be set to -1 before `open`, at WAIT
    how many wait, to be set to 0 then and when they are written. `stages[n]` is the view of n
    blocks.
    """

    def __init__(self, aes, stage, owner):
        self._aes = aes
        stage = memoryview(stage)
        cuts = range(0, len(stage) + 1, BLOCK_BYTES)
        self.stages = [stage[:at] for at in cuts]
        self._slots = [_Slot(blocks[-BLOCK_BYTES:]) for blocks in self.stages[1:]]
        self._zeros = memoryview(bytes(_BODY_END - _BODY))
        self._end = self._zeros[: BLOCK_BYTES - _BODY_END]
        self._plain = bytearray(16)
        self.keys = memoryview(bytearray(64))
        self._cipher_key, self._mac_key = self.keys[:32], self.keys[32:]
        self._mac = DigestMAC(aes)
        self._cipher = None
        self.made = [0, 0, 0]
        self._describe(*owner)

    def _describe(self, device_id, card_id, epoch, seals):
        # What all headers, and what all bodies of HEAD have in common.
        self._header = bytearray(_BODY)
        self._header[:4] = b"BWB1"
        self._header[40:48] = card_id[:8]
        self._header[48:56] = device_id[:8]
        self._words = words_of(self._header, _HEADER_WORDS)
        self._words[_EPOCH] = epoch
        known = bytearray(_BODY)
        known[16:48] = card_id + device_id
        numbers = words_of(known, _HEADER_WORDS)
        numbers[12] = epoch
        numbers[15] = len(seals)
        self._known = known + b"".join(seals)

    def open(self, names, event, t_ms: int):
        """Take a new segment's `keys`, wiped here, and make its block 0.

        `names` is (segment, entry, boot, nonce, (recording, index)), `event` the JSON bytes of the
        `open` event.
        """
        self.made[_OPENED] = t_ms
        self._cipher = self._aes(self._cipher_key, _CBC, _BLANK)
        self._mac.begin(self._mac_key)
        self.keys[:] = self._zeros[:64]
        self._outline(names)
        slot = self._next(HEAD, t_ms)
        slot.body[: len(self._known)] = self._known
        slot.body[:16] = names[3]
        slot.numbers[13], slot.numbers[14] = names[4]
        self._put_event(slot, t_ms, event)
        self._encipher(slot.head_body, slot.head_body, slot.last)
        self._close(slot)

    def _outline(self, names):
        self._words[_SEGMENT] = names[0]
        self._words[_ENTRY] = names[1]
        self._words[_BOOT] = names[2]
        for slot in self._slots:  # all of it: between two segments the stage may be another's
            slot.header[:] = self._header
            slot.end[:] = self._end

    def _put_event(self, slot, t_ms, event):
        numbers, n = slot.numbers, len(event)
        numbers[64] = slot.words[_SEGMENT]
        numbers[68] = EVENT
        numbers[70] = t_ms
        numbers[71] = n
        slot.body[288 : 288 + n] = event
        slot.words[_USED] = 288 + n + 3 & -4

    def data(self, frames, n: int, t_ms: int):
        """Encipher the piece of `n` bytes that was found last in the ring `frames` into a DATA
        block.

        Bounded: AES and SHA-256 of 16 KiB.
        """
        slot = self._slots[self.made[WAIT]]
        source = describe(slot.words, frames.words, self.made[LAST] + 1, t_ms)
        # The same name again: a local more, and each call would take its frame from the heap.
        source = frames.memory[source : source + n + _PREFIX_BYTES]
        if n < _PIECE_BYTES:
            source = self._copy(slot.body, source)
        self._encipher(source, slot.body, slot.last)
        self._close(slot)

    def _copy(self, body, source):
        body[: len(source)] = source
        body[len(source) :] = self._zeros[: len(body) - len(source)]
        return body

    def seal(self, counts, reason: int, next_seq: int, t_ms: int):
        """Make the SEAL block. `counts` are records and frames of this segment, gaps and lost
        frames of the recording.
        """
        slot = self._next(SEAL, t_ms)
        slot.numbers[0] = slot.words[_SEGMENT]
        slot.numbers[1] = slot.words[_BLOCK]
        slot.numbers[4] = self.made[LAST] + 2
        slot.numbers[5] = counts[0]
        slot.numbers[6] = counts[1]
        slot.numbers[7] = counts[2]
        slot.numbers[8] = counts[3]
        slot.numbers[9] = reason
        slot.numbers[10] = self.made[_OPENED]
        slot.numbers[11] = t_ms
        slot.numbers[12] = next_seq
        slot.words[_USED] = 52
        self._encipher(slot.body, slot.body, slot.last)
        self._close(slot)
        self.end()

    def end(self):
        """Forget the keys of the segment."""
        self._mac.end()
        self._cipher = None
        wipe(self.keys)

    def _next(self, kind, t_ms):
        slot = self._slots[self.made[WAIT]]
        words = slot.words
        words[_KIND] = 1 | kind << 8
        words[_BLOCK] = self.made[LAST] + 1
        words[_FIRST_SEQ] = words[_FIRST_AT] = 0
        words[_T_MS] = t_ms
        slot.body[:] = self._zeros
        return slot

    def _encipher(self, source, target, last):
        # MicroPython's cryptolib ignores the result of mbedtls_aes_crypt_cbc, and on ESP32-S3 the
        # driver can fail and leave the output blank or untouched. Either would then be tagged as
        # if it were the recording. `last` are the last 16 bytes of `target`.
        plain = self._plain
        plain[:] = source[-16:]
        last[:] = plain
        self._cipher.encrypt(source, target)
        if last == plain or last == _BLANK:
            target[:] = self._zeros[: len(target)]  # it may be the plaintext
            raise Fault("crypto_error", "AES failed at block %d" % (self.made[LAST] + 1))

    def _close(self, slot):
        digest = sha256(slot.digested).digest()
        slot.digest[:] = digest
        slot.tag[:] = self._mac.tag(digest)
        word = crc32(slot.signed)
        slot.commit[0], slot.commit[1] = word & 0xFFFF, word >> 16
        made = self.made  # a list: to set an attribute costs as much as two calls
        made[LAST] += 1
        made[WAIT] += 1


def segment_keys(aes, read, check, context, keys):
    """Put the cipher key (from `read`) and the MAC key (from `check`) of a segment into `keys`,
    a bytearray of 64 bytes.
    """
    view = memoryview(keys)
    kdf(aes, read, b"key", context, view[:32])
    kdf(aes, check, b"key", context, view[32:])
