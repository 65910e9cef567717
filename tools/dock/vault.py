"""A vault: where recordings are kept, written once and never changed. VAULT.md has the layout.

Every object's name ends with the SHA-256 of its content, so that two stations can never mean
different bytes by one name, and an altered object tells on itself.
"""

import contextlib
import os
import re
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    NotFoundError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import LocalStore, from_url

TRIES = 3  # names for one content, and readings of one object, before a vault is given up
_NAME = re.compile(
    r"(?P<folder>cameras/[0-9a-f]{32}/[0-9]{6,10}|custody/[0-9a-f]{16})"
    r"/(?P<stem>(segment-|log-)?[0-9]{6,10})-(?P<sha256>[0-9a-f]{64})"
    r"(-(?P<turn>[2-9]))?\.(?P<kind>bwl|bin|json|tsr)"
)
_S3_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_NO_STORES = ("memory:", "file:", "http:", "https:")  # gone with the process; not synced
_RETRY = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
_CLIENT = {"timeout": timedelta(seconds=60), "connect_timeout": timedelta(seconds=10)}


# What a store refuses, and what it means.
_MEANINGS = (
    (NotFoundError, "there is no such thing; look at its name"),
    ((PermissionDeniedError, UnauthenticatedError), "its keys are not those for it"),
)


class VaultError(OSError):
    """A vault does not do what it must; the text is one line for the person at the station."""


class Named(NamedTuple):
    """What an object's name says; `turn` is 1 unless an object before it was found altered."""

    key: str
    folder: str
    stem: str
    sha256: str
    turn: int
    kind: str
    size: int


def named(key: str, size: int = 0) -> "Named | None":
    """Return what the name of an object says, or None when it is none of ours."""
    match = _NAME.fullmatch(key)
    if not match:
        return None
    turn = int(match["turn"] or 1)
    return Named(key, match["folder"], match["stem"], match["sha256"], turn, match["kind"], size)


class Vault:
    """A folder, or a store of objects by its URL (`s3://bucket/prefix`).

    What a store needs beside its URL comes from the environment, as `AWS_ACCESS_KEY_ID`,
    `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_ALLOW_HTTP`. `make` makes a
    folder that is missing.

    Raises:
        VaultError: the URL means nothing, or the folder cannot be made.
    """

    def __init__(self, url, make=True):
        self.name = str(url)
        if not self.name.strip():
            raise VaultError("a vault has to be named: a folder, or a URL as s3://bucket/prefix")
        self._folder = None if "://" in self.name else Path(self.name)
        if self._folder is not None and not make and not self._folder.is_dir():
            what = "that is a file" if self._folder.exists() else "no such folder"
            raise VaultError(f"there is no vault at {self.name}: {what}")
        if self.name.startswith("s3:") and not all(map(os.environ.get, _S3_KEYS)):
            # Without them the library would ask the address where a cloud has its keys.
            raise VaultError(
                f"{self.name} cannot be used as a vault: set {' and '.join(_S3_KEYS)} to its keys"
            )
        try:
            if self._folder is not None:
                self._store = LocalStore(self._folder, mkdir=make)
            else:
                plain = os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true")
                client = {**_CLIENT, "allow_http": plain}
                options = {"retry_config": _RETRY, "client_options": client}
                if self.name.startswith(_NO_STORES):
                    raise ValueError("no store of objects that lasts")
                self._store = from_url(self.name, **options)
        except (BaseError, OSError, ValueError, TypeError) as error:
            what = _said(error)
            if self._folder is None:
                what = "name a folder, or a URL as s3://bucket/prefix"
            raise VaultError(f"{self.name} cannot be used as a vault: {what}") from error

    def put(self, folder: str, stem: str, kind: str, data: bytes) -> str:
        """Store `data`, read it back from the vault, compare; return the object's name.

        Where just these bytes are already stored, by whomever, nothing is written. Where the vault
        holds other bytes under that name it has altered them: they stay for `verify`, and the next
        name is taken.

        Raises:
            VaultError: the vault refuses, or has not given back what it was given.
        """
        digest = sha256(data).hexdigest()
        for turn in range(1, TRIES + 1):
            key = f"{folder}/{stem}-{digest}{f'-{turn}' if turn > 1 else ''}.{kind}"
            try:
                obstore.put(self._store, key, data, mode="create")
            except AlreadyExistsError:
                pass
            except (BaseError, OSError) as error:
                raise VaultError(f"{self.name} does not take {key}: {_said(error)}") from error
            self._settle(key)
            if self.holds(key, digest, len(data)):
                return key
        raise VaultError(f"{self.name} gives back other bytes than it was given, for {key}")

    def holds(self, key: str, digest: str, size: int) -> bool:
        """Return whether the vault gives out just these bytes, read from it now.

        A reading that comes out wrong is done again: what is stored may be right.

        Raises:
            VaultError: it cannot be read.
        """
        for _ in range(TRIES):
            data = self.read(key)
            if len(data) == size and sha256(data).hexdigest() == digest:
                return True
        return False

    def there(self, key: str, size: int) -> None:
        """Make sure that an object of this size is there, without reading it.

        Raises:
            VaultError: it is not.
        """
        try:
            if obstore.head(self._store, key)["size"] == size:
                return
        except (BaseError, OSError) as error:
            raise VaultError(f"{self.name} lost {key}: {_said(error)}") from error
        raise VaultError(f"{self.name} has altered {key}")

    def read(self, key: str) -> bytes:
        """Return an object's bytes, whatever they are.

        Raises:
            VaultError: it is not there, or cannot be read.
        """
        try:
            return bytes(obstore.get(self._store, key).bytes())
        except (BaseError, OSError) as error:
            raise VaultError(f"{self.name} does not give {key}: {_said(error)}") from error

    def content(self, thing: Named) -> bytes:
        """Return the bytes of an object of ours, as its name says they are.

        Raises:
            VaultError: it is altered, or cannot be read.
        """
        for _ in range(TRIES):
            data = self.read(thing.key)
            if sha256(data).hexdigest() == thing.sha256:
                return data
        raise VaultError(f"{self.name}: {thing.key} is altered")

    def keys(self, folder: str = "") -> "list[tuple[str, int]]":
        """Return name and size in bytes of every object below a folder, sorted by name.

        Raises:
            VaultError: it cannot be listed.
        """
        try:
            found = [
                (meta["path"], meta["size"])
                for some in obstore.list(self._store, folder or None)
                for meta in some
            ]
        except (BaseError, OSError) as error:
            raise VaultError(f"{self.name} cannot be listed: {_said(error)}") from error
        return sorted(found)

    def things(self, folder: str = "", kind: str = "") -> "list[Named]":
        """Return what of ours is below a folder, of one kind or of all, sorted by name."""
        every = [named(key, size) for key, size in self.keys(folder)]
        return [thing for thing in every if thing and kind in ("", thing.kind)]

    def _settle(self, key):
        """Bring a file to the disk and out of the system's memory, so that reading it back reads
        the disk. A store behind a URL has done its part when it answers.
        """
        if self._folder is None:
            return
        path = self._folder / key
        try:
            with open(path, "r+b") as file:
                sync(file.fileno())
                if hasattr(os, "posix_fadvise"):
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            sync_folder(path.parent)
        except OSError as error:
            raise VaultError(f"{self.name} does not keep {key}: {_said(error)}") from error


def sync(handle: int) -> None:
    """Bring an open file to the medium. On macOS `fsync` leaves it in the drive's memory."""
    os.fsync(handle)
    if hasattr(fcntl, "F_FULLFSYNC"):
        with contextlib.suppress(OSError):  # a share of the network has no such thing
            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)


def sync_folder(folder) -> None:
    """Bring a folder's names to the disk, where the system can do that."""
    if os.name != "nt":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _said(error):
    """Return in a line what a store says, without the inside of its library."""
    for kind, what in _MEANINGS:
        if isinstance(error, kind):
            return what
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    system = re.search(r"([A-Z][a-z ]+) \(os error \d+\)", str(error))
    if system:
        return system[1].lower()
    if "404 Not Found" in str(error):
        return "there is no such bucket; look at its name"
    if "builder error" in str(error):
        return "its address is not https; for another set AWS_ALLOW_HTTP=true"
    if "error sending request" in str(error):
        return "it does not answer; look at its address and the network"
    return str(error).split("\n", 1)[0].split(" in 0", 1)[0][:300]
