"""What a station asks of a camera: PROTOCOL.md sections 3 to 7.

A `Session` says HELLO, proves CHECK with AUTH, and numbers and signs its commands. When the
camera has forgotten the session it begins another one by itself: commands may be repeated.
"""

import hmac
import secrets
from hashlib import sha256
from typing import NamedTuple

import cbor2
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tools.evidence.layout import PAGE
from tools.evidence.primitives import MAX_S, Chain, Mac, kdf

from .link import BLOCK, CUSTODY, FILES, NO_SESSION, UNREADABLE, Link, LinkLost, Refused

HELLO, AUTH, RELEASE, TIME, EPOCH, CONFIRM, CONFIG, SELFTEST, UPDATE = range(9)

_WAIT_S = {RELEASE: 70.0, SELFTEST: 5.0, EPOCH: 3.0, CONFIRM: 3.0, UPDATE: 8.0}
_TRIES = 5
_BLOCK_TRIES_S = (1.0, 1.0, 1.0, 2.0, 4.0, 8.0, 8.0)  # a card that stalls takes 6 s
_NOBODY = bytes(32)  # CHECK of a camera that is not enrolled
_LARGEST_BYTES = MAX_S * PAGE  # of a file: a log whose keys can still be counted to
_MOST_SEGMENTS = 1 << 20  # on one camera: a card of 4 TiB


class Stranger(Exception):
    """The camera does not prove that it has this camera's keys, or does not accept ours."""


class Hello(NamedTuple):
    """What a camera says about itself; nothing of it is proved before AUTH.

    `device` is None when it is not enrolled, `card` None when no card of ours is in it.
    """

    device: "bytes | None"
    epoch: int
    s: int
    first: int
    next: int
    released: int
    card: "bytes | None"
    places: int
    firmware: str
    board: str


class Session:
    """A talk with one camera. Blocks as long as it takes: a second, RELEASE a minute."""

    def __init__(self, link: Link):
        self.link = link
        self._key = self._chain = None
        self._counter = 0
        self._bodies = b""

    def hello(self) -> Hello:
        """Ask the camera who it is; ends what session there was.

        Raises:
            LinkLost: it does not answer.
            Refused: it is no camera of ours.
        """
        self._key = None
        request = {"v": 1, "n": secrets.token_bytes(16)}
        sent, got, says = self.link.exchange(CUSTODY, HELLO, request)
        try:
            hello = _hello(says)
        except (KeyError, TypeError, ValueError) as error:
            raise LinkLost("no_camera", self.link.port) from error
        self._bodies, self.said = sent + got, hello
        return hello

    def auth(self, chain: "Chain | None") -> None:
        """Prove that we have CHECK and have the camera prove it; None for one not enrolled.

        Says HELLO again where its answer was lost.

        Raises:
            Stranger: one of the two proofs is wrong.
            Refused: it is busy (code 10).
            LinkLost: it does not answer.
        """
        self._chain = chain
        for turn in range(_TRIES):
            if turn:
                self.hello()
            check = _NOBODY if self.said.device is None else chain.at(self.said.s)
            key = kdf(check, b"auth", sha256(self._bodies).digest())
            try:
                ask = {"m": Mac(key).of(b"station")}
                says = self.link.exchange(CUSTODY, AUTH, ask, wait_s=2.0, tries=1)[2]
            except LinkLost as lost:
                if lost.closed:
                    raise
                continue
            except Refused as refusal:
                if refusal.rc == NO_SESSION:
                    raise Stranger("the camera does not accept the keys of this station")
                raise
            if not _same(says.get("m"), Mac(key).of(b"camera")):
                raise Stranger("the camera does not prove that it is the one it says")
            self._key, self._counter = key, 0
            return
        raise LinkLost("silent", self.link.port)

    def command(self, command: int, body) -> dict:
        """Return the camera's answer, which its MAC proves. `body` is a dict, or a function that
        returns it for the session as it is.

        Raises:
            Refused: the camera refused.
            Stranger: a new session was needed, and a proof in it was wrong.
            LinkLost: it does not answer.
        """
        for _ in range(_TRIES):
            if self._key is None:
                self._again()
            inner = cbor2.dumps(body() if callable(body) else body, canonical=True)
            self._counter += 1
            counter, mac = self._counter, Mac(self._key)
            about = bytes((command,)) + self._counter.to_bytes(4, "little")
            ask = {"c": counter, "b": inner, "m": mac.of(b"ask" + about + inner)}
            try:
                wait_s = _WAIT_S.get(command, 2.0)
                says = self.link.exchange(CUSTODY, command, ask, wait_s=wait_s, tries=1)[2]
            except LinkLost as lost:
                if lost.closed:
                    raise
                continue  # once more, with a higher counter
            except Refused as refusal:
                if refusal.rc != NO_SESSION:
                    raise
                self._key = None
                continue
            inner_back = says.get("b")
            if isinstance(inner_back, bytes):
                if _same(says.get("m"), mac.of(b"say" + about + inner_back)):
                    return self._understood(inner_back)
        raise LinkLost("silent", self.link.port)

    def wrap(self, pages: bytes) -> bytes:
        """Return the pages enciphered for EPOCH under the key of the session that there is."""
        cipher = Cipher(algorithms.AES(kdf(self._key, b"wrap")), modes.CBC(bytes(16)))
        return cipher.encryptor().update(pages)

    def length(self, name: str) -> int:
        """Return the length of a file in bytes.

        Raises:
            Refused: there is none, or not now.
            LinkLost: it does not answer.
        """
        size = self.link.ask(FILES, 1, {"name": name}, wait_s=3.0).get("len")
        if type(size) is not int or not 0 <= size <= _LARGEST_BYTES:
            raise LinkLost("nonsense", self.link.port)
        return size

    def piece(self, name: str, off: int) -> "bytes | None":
        """Return what stands at `off` of a file up to the next multiple of 16 KiB, or None when
        the card cannot read it.

        Raises:
            Refused: there is no such file, or not now.
            LinkLost: it does not answer, for some 25 s.
        """
        for turn, wait_s in enumerate(_BLOCK_TRIES_S):
            self.link.retries += turn > 0
            try:
                request = {"name": name, "off": off}
                says = self.link.exchange(FILES, 0, request, write=False, wait_s=wait_s, tries=1)[
                    2
                ]
            except LinkLost as lost:
                if lost.closed:
                    raise
                continue
            except Refused as refusal:
                if refusal.rc == UNREADABLE:
                    return None
                raise
            if says.get("off") == off and isinstance(says.get("data"), bytes):
                return says["data"]
        raise LinkLost("silent", self.link.port)

    def file(self, name: str) -> bytes:
        """Return a whole small file, as the log.

        Raises:
            Refused: there is none, not now, or it cannot be read.
            LinkLost: it does not answer.
        """
        data, size = b"", self.length(name)
        while len(data) < size:
            piece = self.piece(name, len(data))
            if not piece:
                raise Refused(UNREADABLE)
            if len(piece) < min(BLOCK, size - len(data)):
                raise LinkLost("nonsense", self.link.port)
            data += piece
        return data

    def _understood(self, inner):
        try:
            answer = cbor2.loads(inner) if inner else {}
        except (ValueError, cbor2.CBORDecodeError) as error:
            raise LinkLost("nonsense", self.link.port) from error
        if not isinstance(answer, dict):
            raise LinkLost("nonsense", self.link.port)
        return answer

    def _again(self):
        before = self.said
        if self.hello().device != before.device:
            raise Stranger("another camera answers on this port")
        self.auth(self._chain)


def release_token(chain: Chain, s: int, n: int, blocks: int, digest: bytes) -> bytes:
    """Return t of RELEASE: what only who has CHECK can make, and can check later."""
    about = n.to_bytes(4, "little") + blocks.to_bytes(4, "little") + digest
    return Mac(kdf(chain.at(s), b"release")).of(about)


def _same(given, right):
    return isinstance(given, bytes) and hmac.compare_digest(given, right)


def _hello(says):
    numbers = [says[key] for key in ("e", "s", "first", "next", "rel", "places")]
    if any(type(number) is not int or number < 0 for number in numbers) or says["v"] != 1:
        raise ValueError("not a number")
    if len(says["id"]) not in (0, 16) or len(says["card"]) not in (0, 16) or says["s"] > MAX_S:
        raise ValueError("not an id")
    epoch, s, first, after, released, places = numbers
    if not released <= first <= after < min(1 << 32, released + _MOST_SEGMENTS):
        raise ValueError("not numbers of segments")  # nobody has proved them: they are counted to
    device, card = bytes(says["id"]) or None, bytes(says["card"]) or None
    words = str(says["fw"])[:64], str(says["board"])[:64]
    return Hello(device, epoch, s, first, after, released, card, places, *words)
