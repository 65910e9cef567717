"""A signed release for a camera that has nothing left to lose: PROTOCOL.md, UPDATE."""

import json
import time
from hashlib import sha256
from pathlib import Path

from tools.evidence.errors import InputError

from . import renewal
from . import session as ask
from .link import NO_COMMAND, Refused

_PIECE_BYTES = 1800  # with what stands around it a message takes 2,044
_BEGIN, _DATA, _END, _STATUS = range(4)
_TRIES = 3
_TRIAL_S = 10  # until a release that works has said so


class Release:
    """What `release sign` made in `folder`: `board`, `number`, `version`, files by path.

    Raises:
        InputError: it is none, or a file is not the one that was signed.
    """

    def __init__(self, folder: Path):
        try:
            self.manifest = (folder / "manifest.json").read_bytes()
            self.signature = (folder / "manifest.lms").read_bytes()
            about = json.loads(self.manifest)
            self.board, self.number = about["board"], int(about["number"])
            self.version = str(about["version"])
            self.files = {path: (folder / path).read_bytes() for path in about["files"]}
            wrong = [
                path
                for path, (size, digest) in about["files"].items()
                if (len(self.files[path]), sha256(self.files[path]).hexdigest()) != (size, digest)
            ]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{folder} is no release; `release sign` makes one") from error
        if wrong:
            raise InputError(f"{folder}: {wrong[0]} is not the file that was signed")


class _No(Exception):
    """The camera does not take it; the text is the camera's."""


def update(visit, release: Release, hello) -> None:
    """Give the camera a release, restart it, and see what runs then; a custody entry says what
    came of it. Files that are there already, whole, are not sent again.

    Raises:
        LinkLost, Stranger: the camera has not come back.
        VaultError: the custody entry cannot be stored.
    """
    if release.board != hello.board:
        visit.report.warn("update_board", board=release.board)
        return
    visit.step("update")
    try:
        came = _given(visit, release, hello)
    except Refused as refusal:
        came = "update_none" if refusal.rc == NO_COMMAND else "update_failed"
    except _No as why:
        came = "update_refused"
        visit.report.warn(came, number=release.number, why=why)
    else:
        if came == "current":
            return
    if came in ("update_none", "update_failed"):
        visit.report.warn(came, number=release.number)
    if came != "update_none":
        words = {"release": release.number, "version": release.version, "result": came}
        camera = {"id": hello.device.hex(), "epoch": hello.epoch, "card": None}
        if hello.card:
            camera["card"] = hello.card.hex()
        visit.custody("update", {"camera": camera, "update": words})


def _given(visit, release, hello):
    if _ask(visit, {"do": _STATUS}).get("number") == release.number:
        return "current"
    need = _begun(visit, release)
    while need:
        for path in need:
            _send(visit, path, release.files[path])
        before, need = need, _begun(visit, release)
        if need == before:
            raise _No(f"{need[0]} does not stay")
    _ask(visit, {"do": _END})
    chain = visit.station.check(hello.device, hello.epoch)
    renewal.back(visit, hello.device, hello.epoch)
    visit.session.auth(chain)
    renewal.clock(visit)
    end_s = time.monotonic() + _TRIAL_S
    while True:
        runs = _ask(visit, {"do": _STATUS})
        if not runs.get("on_trial") or time.monotonic() > end_s:
            break
        time.sleep(0.5)
    right = runs.get("number") == release.number and not runs.get("on_trial")
    return "installed" if right else "update_failed"


def _begun(visit, release):
    """Begin, or go on; return the paths that the camera needs next."""
    text, at, answer = release.manifest + release.signature, 0, {}
    about = {"do": _BEGIN, "k": len(release.manifest), "n": len(text)}
    for _ in range(3 * (len(text) // _PIECE_BYTES + 1)):
        answer = _ask(visit, {**about, "o": at, "d": text[at : at + _PIECE_BYTES]})
        if "need" in answer:
            return [path for path in answer["need"] if path in release.files]
        at = answer.get("n") or 0
    raise _No("it does not take the manifest")


def _send(visit, path, data):
    # A piece whose answer was lost is refused when it comes again: then the file begins anew.
    for turn in range(_TRIES):
        try:
            for at in range(0, len(data), _PIECE_BYTES):
                _ask(visit, {"do": _DATA, "f": path, "o": at, "d": data[at : at + _PIECE_BYTES]})
                visit.step("update")
            return
        except _No:
            if turn + 1 == _TRIES:
                raise


def _ask(visit, body):
    answer = visit.session.command(ask.UPDATE, body)
    if "why" in answer:
        raise _No(str(answer["why"])[:120])
    return answer
