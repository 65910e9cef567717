"""A camera's epoch in a vault, read as if it were a card in a reader.

The evidence reader takes a `VaultCard` for a card and the log that a station took for the camera's
log; its head is what the camera proved at that docking, from the custody entry.
"""

import io
import os
import re
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)

from tools.evidence import layout
from tools.evidence.errors import InputError
from tools.evidence.log import Log
from tools.evidence.primitives import key_id

from .custody import FOLDER as CUSTODY
from .custody import Entry
from .vault import Named, Vault, VaultError

CAMERAS = "cameras"
SEGMENT = "segment-"
_ADDRESS = re.compile(r"(?P<vault>.*?)/?cameras/(?P<device>[0-9a-f]{32})/(?P<epoch>\d{6})/?")
_PLACE_BYTES = layout.PLACE_SECTORS * layout.SECTOR
_AHEAD = 65  # places behind the last segment: a reader looks whether more stands there
_SHOWN = 20


def folder(device: bytes, epoch: int) -> str:
    """Return the folder of a camera's epoch in a vault."""
    return f"{CAMERAS}/{device.hex()}/{epoch:06d}"


def number(thing: Named) -> "int | None":
    """Return the number of the segment that an object is, or None when it is none."""
    digits = thing.stem.removeprefix(SEGMENT)
    return int(digits) if thing.stem != digits and digits.isdecimal() else None


class VaultCard:
    """Segments in a vault at the places of a card. `things` maps segment numbers to objects."""

    def __init__(self, vault: Vault, things: "dict[int, Named]", card: bytes):
        self._vault, self.things = vault, things
        first, last = min(things, default=0), max(things, default=0)
        places = last - first + _AHEAD
        self._places = {n % places: n for n in things}
        fields = (b"BWS1", 1, card, layout.BLOCK, layout.BLOCKS, layout.PLACE_SECTORS, places, 0)
        sector = layout.SUPERBLOCK.pack(*fields).ljust(480, b"\0")
        self._superblock = sector + sha256(sector).digest()
        self.size_bytes = (places + 1) * _PLACE_BYTES
        self._last = None, b""

    def __str__(self):
        return self._vault.name

    def open(self, *_args, **_named) -> "io.RawIOBase":
        """Return a raw file of all of it, for reading."""
        return _File(self)

    def piece(self, at: int) -> "tuple[bytes, int]":
        """Return what stands from byte `at`, as far as it is one thing, and the byte where that
        ends; empty bytes stand for zeros.

        Raises:
            VaultError: the vault does not give the segment as it was stored.
        """
        place, offset = divmod(at, _PLACE_BYTES)
        if place:
            n = self._places.get(place - 1)
            return (
                self._segment(n)[offset:] if n is not None else b""
            ), at - offset + _PLACE_BYTES
        for lba in layout.SUPERBLOCK_LBAS:
            start = lba * layout.SECTOR
            if start <= at < start + layout.SECTOR:
                return self._superblock[at - start :], start + layout.SECTOR
            if at < start:
                return b"", start
        return b"", _PLACE_BYTES

    def _segment(self, n):
        if self._last[0] != n:
            self._last = n, self._vault.content(self.things[n])
        return self._last[1]


class _File(io.RawIOBase):
    """A raw file: `seek` and `readinto`."""

    def __init__(self, card):
        self._card, self._at = card, 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=io.SEEK_SET):
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._card.size_bytes}
        self._at = base[whence] + offset
        return self._at

    def readinto(self, view):
        room = min(len(view), self._card.size_bytes - self._at)
        if room <= 0:
            return 0
        data, end = self._card.piece(self._at)
        count = min(room, end - self._at)
        view[:count] = data[:count].ljust(count, b"\0")
        self._at += count
        return count


def entries(vault: Vault) -> "dict[str, list[Entry]]":
    """Return the custody entries in a vault, by station, in the order of their names.

    Raises:
        VaultError: the vault cannot be read.
    """
    found: dict[str, list[Entry]] = {}
    for thing in vault.things(CUSTODY, "json"):
        found.setdefault(thing.folder.split("/")[-1], []).append(Entry(vault.read(thing.key)))
    return found


def trusted(folders) -> "set[str]":
    """Return the ids of the stations whose keys, public or private, are in these folders.

    Raises:
        InputError: a key file cannot be read.
    """
    found = set()
    for path in (path for folder in folders for path in sorted(Path(folder).glob("*.pem"))):
        data = path.read_bytes()
        try:
            private = b"PRIVATE KEY" in data
            key = load_pem_private_key(data, None) if private else load_pem_public_key(data)
        except (ValueError, TypeError) as error:
            raise InputError(f"{path} is no key that can be used") from error
        public = key.public_key() if private else key
        if isinstance(public, Ed25519PublicKey):
            found.add(key_id(public).hex())
    return found


def given(address: str, stations=frozenset()) -> "tuple[VaultCard, Log | None]":
    """Return the card and the log behind `VAULT/cameras/DEVICE/EPOCH`; where the vault holds
    only one, VAULT is enough. Of custody entries those of `stations` count, of all where none is
    named.

    Raises:
        InputError: there is no such vault or epoch, or there are several.
    """
    name, place = split_address(address)
    try:
        vault = Vault(name, make=False)
        return evidence(vault, place or _only(vault), stations)
    except VaultError as error:
        raise InputError(str(error)) from error


def split_address(address: str) -> "tuple[str, str]":
    """Return the vault, and the folder in it that the address names; "" where it names none."""
    match = _ADDRESS.fullmatch(address.replace("\\", "/") if os.name == "nt" else address)
    if not match:
        return address, ""
    return match["vault"] or ".", f"{CAMERAS}/{match['device']}/{match['epoch']}"


def _only(vault):
    there = sorted({thing.folder for thing in vault.things(CAMERAS)})
    if len(there) == 1:
        return there[0]
    if not there:
        raise InputError(f"{vault.name} holds no recording: it is no card image, and no vault")
    shown = ", ".join(f"{vault.name}/{place}" for place in there[:_SHOWN])
    more = f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
    raise InputError(f"this vault holds several cameras or epochs; name one: {shown}{more}")


def evidence(vault: Vault, place: str, stations=frozenset()) -> "tuple[VaultCard, Log | None]":
    """Return card and log of one epoch in a vault, as `given`.

    Raises:
        InputError: the vault holds nothing there.
        VaultError: the vault fails.
    """
    things = vault.things(place)
    if not things:
        raise InputError(f"{vault.name} holds nothing at {place}")
    _, device, epoch = place.split("/")
    said = [
        entry.words
        for chain in entries(vault).values()
        for entry in chain
        if entry.signed
        and entry.about == (device, int(epoch))
        and (not stations or entry.key in stations)
    ]
    names = {thing.key: thing for thing in things}
    chosen, heads = {}, []
    for words in said:
        for key in words.get("objects", ()):
            if key in names and number(names[key]) is not None:
                chosen[number(names[key])] = names[key]
        head = words.get("log")
        if head and head["object"] in names:
            heads.append((head["entries"], head["mac"], names[head["object"]]))
    signed = set(chosen)
    for thing in things:
        n = number(thing)
        if n is not None and n not in signed:
            chosen[n] = max(chosen.get(n, thing), thing, key=lambda one: one.size)
    log = None
    if heads:
        count, mac, thing = max(heads, key=lambda head: head[0])
        log = Log(vault.content(thing), (count, bytes.fromhex(mac)), stored=True)
    cards = {words["camera"]["card"] for words in said if words["camera"].get("card")}
    card = bytes.fromhex(next(iter(cards), "")) or (log and log.card) or _card(vault, chosen)
    return VaultCard(vault, chosen, card), log


def _card(vault, things):
    """Return the id of the card as the HEAD of some segment names it."""
    for thing in things.values():
        head = layout.head(vault.content(thing)[layout.BODY_AT :][: layout.CLEAR])
        if head:
            return head.card
    return bytes(16)
