"""A docking: who is at the other end, proved with the chain of CHECK keys, and the MACs of what
is said then (tools/dock/PROTOCOL.md sections 3 and 4).
"""

import struct
from hashlib import sha256

from micropython import const

from bodycam.keys import cmac, kdf, wipe

BAD_VALUE = const(3)
NO_FILE = const(5)
BAD_STATE = const(6)
UNKNOWN = const(8)
WRONG_DIGEST = const(9)
BUSY = const(10)
DENIED = const(11)

_NONCE_BYTES = const(16)
_LONGEST_WAIT_S = const(60)
_CBC = const(2)


class Refusal(Exception):
    """A request is refused: its argument is the `rc` of the answer."""


def field(body, name: str, kind, low=0, high=0xFFFFFFFF):
    """Return `body[name]`, of type `kind`: an int, or the length of what has one, is within
    `low` and `high`.

    Raises:
        Refusal: it is not.
    """
    value = body.get(name)
    if type(value) is not kind or not low <= (value if kind is int else len(value)) <= high:
        raise Refusal(BAD_VALUE)
    return value


class Session:
    """The handshake and what follows it. `journal` is the log, `aes` `cryptolib.aes`, `urandom`
    as in `os`; `failed(n)` is told of the n-th wrong AUTH in a row.
    """

    def __init__(self, journal, aes, clock, urandom, failed):
        self._log = journal
        self._aes = aes
        self._clock = clock
        self._urandom = urandom
        self._failed = failed
        self._key = bytearray(32)
        self._offered = bytearray(32)  # key of a HELLO that AUTH did not follow yet
        self._pending = False
        self._tag = bytearray(16)
        self._counter = 0
        self._wrong = 0  # AUTHs in a row
        self._wrong_at = 0
        self.open = False

    def nonce(self) -> bytes:
        """Return 16 bytes for the answer to HELLO."""
        return self._urandom(_NONCE_BYTES)

    def offer(self, request, answer):
        """Derive the key from HELLO as it was sent, both ways; it is good for one AUTH."""
        digest = sha256(request)
        digest.update(answer)
        self._log.session_key(digest.digest(), self._offered)
        self._pending = True

    def authenticate(self, body) -> bytes:
        """Return the camera's proof when AUTH is right; the session is then `open`.

        Raises:
            Refusal: too early after a wrong one, without HELLO, or wrong.
        """
        proof = field(body, "m", bytes, 16, 16)
        if self._wrong and self._waits():
            raise Refusal(BUSY)
        if not self._pending:
            raise Refusal(DENIED)
        self._pending = False
        cmac(self._aes, self._offered, b"station", self._tag)
        if not _same(self._tag, proof):
            wipe(self._offered)
            self._wrong += 1
            self._wrong_at = self._clock.ticks_ms()
            self._failed(self._wrong)
            raise Refusal(DENIED)
        self._wrong = self._counter = 0
        self._key[:] = self._offered
        wipe(self._offered)
        self.open = True
        cmac(self._aes, self._key, b"camera", self._tag)
        return bytes(self._tag)

    def _waits(self):
        wait_s = min(_LONGEST_WAIT_S, 1 << min(self._wrong - 1, 6))
        now = self._clock.ticks_ms()
        return self._clock.diff(now, self._wrong_at) < wait_s * 1000

    def check(self, command: int, body) -> bytes:
        """Return the inner body of a command whose MAC and counter are right.

        Raises:
            Refusal: there is no session, or they are not.
        """
        counter = field(body, "c", int, 1)
        inner = field(body, "b", bytes)
        proof = field(body, "m", bytes, 16, 16)
        if not self.open or counter <= self._counter:
            raise Refusal(DENIED)
        self._sign(b"ask", command, counter, inner)
        if not _same(self._tag, proof):
            raise Refusal(DENIED)
        self._counter = counter
        return inner

    def answer(self, command: int, inner) -> dict:
        """Return the answer around `inner`, with its MAC."""
        self._sign(b"say", command, self._counter, inner)
        return {"b": inner, "m": bytes(self._tag)}

    def _sign(self, word, command, counter, inner):
        start = word + struct.pack("<BI", command, counter)
        cmac(self._aes, self._key, start + bytes(inner), self._tag)

    def unwrap(self, sealed: bytes) -> bytearray:
        """Return what the station enciphered for this camera in this session."""
        key = bytearray(32)
        kdf(self._aes, self._key, b"wrap", b"", key)
        plain = bytearray(len(sealed))
        self._aes(key, _CBC, bytes(16)).decrypt(sealed, plain)
        wipe(key)
        return plain

    def close(self):
        """End the session and forget its keys."""
        self.open = self._pending = False
        wipe(self._key)
        wipe(self._offered)


def _same(a, b):
    # In a time that does not depend on where they differ.
    wrong = 0
    for i in range(len(a)):
        wrong |= a[i] ^ b[i]
    return not wrong
