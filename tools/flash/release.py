"""The command `release`: a signed update, for cameras that nobody can reach by `flash`.

The signature is LMS (RFC 8554), which the camera verifies with SHA-256 alone. Its private key is
a counter, too: whoever uses one leaf twice gives the key away. The counter is written to the key's
file before a signature leaves this program, and a copy of that file must never sign.
"""

import json
import os
from pathlib import Path
from typing import Annotated

import pyhsslms
import typer
from rich.console import Console
from rich.status import Status

from tools import boards_command
from tools.flash import install
from tools.flash.cli import version

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Signed updates, which the dock gives to cameras without a prompt.",
    rich_markup_mode=None,
)

MANIFEST, SIGNATURE = "manifest.json", "manifest.lms"
# A camera never goes back: a slip of the hand must not leave it without a higher number.
_MOST = 999_999_999


@app.command("new-key")
def new_key(
    key: Annotated[Path, typer.Argument(help="New file for the private key.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
):
    """Make a release key, good for 1,024 releases.

    KEY is private; cameras trust KEY.pub.
    """
    if key.exists():
        raise typer.BadParameter(f"{key} is there already: a release key is never overwritten")
    with _busy("making 1,024 one-time keys"):
        made = pyhsslms.LmsPrivateKey(pyhsslms.lms_sha256_m32_h10, pyhsslms.lmots_sha256_n32_w4)
    _store(key, made)
    public = made.publicKey().serialize()
    key.with_name(key.name + ".pub").write_bytes(public)
    if as_json:
        print(json.dumps({"key": str(key), "public": public.hex()}))
    else:
        print(f"{key}: keep it off line, in one place; a second copy that signs breaks it.")
        print(f"{key}.pub goes into the image: `flash --frozen DIR --release-key {key}.pub`.")


@app.command()
def sign(
    folder: Annotated[Path, typer.Argument(help="New folder for the release.")],
    board: Annotated[str, typer.Option(help="Board file; `boards` lists them.")],
    key: Annotated[Path, typer.Option(help="The private key, made by `new-key`.")],
    number: Annotated[int, typer.Option(min=1, max=_MOST, help="Higher than before, per board.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
):
    """Compile the firmware for a board, and sign it as release NUMBER."""
    try:
        chosen = boards_command.load(board)
    except boards_command.BoardError as error:
        raise typer.BadParameter(str(error))
    if folder.exists():
        raise typer.BadParameter(f"{folder} is there already; name a new folder")
    with _busy("compiling, and reading the key"):
        private, signed = _read(key)
        last = signed.get(board, 0)
        if number <= last:
            raise typer.BadParameter(
                f"{key} signed release {last} for this board already: number this one "
                f"{last + 1} or higher"
            )
        files = {n: d for n, d in install.compiled_files(chosen).items() if n.endswith(".mpy")}
    about = {name: install.described(data) for name, data in files.items()}
    row = {"board": chosen.ID, "version": version(), "number": number, "files": about}
    manifest = json.dumps(row, sort_keys=True).encode()
    signature = private.sign(manifest)
    _store(key, private, {**signed, board: number})  # before anybody has the signature
    for name, data in {**files, MANIFEST: manifest, SIGNATURE: signature}.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    left = private.remaining()
    if as_json:
        told = {"board": chosen.ID, "number": number, "folder": str(folder), "left": left}
        print(json.dumps(told))
    else:
        print(f"{folder}: release {number} of {chosen.NAME}; the key is good for {left} more.")


def _busy(what):
    return Status(what, console=Console(stderr=True))


def _read(path):
    """Return the private key, and {board: number} of the last releases that it signed."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        signed = dict(stored.get("signed", {}))
        private = pyhsslms.LmsPrivateKey.deserialize(bytes.fromhex(stored["lms"]))
    except (AttributeError, OSError, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "strerror", None) or "not a release key"
        raise typer.BadParameter(f"{path}: {reason}; `release new-key` makes one")
    if private.is_exhausted():
        raise typer.BadParameter(f"{path} has signed all it can: make a new key and new images")
    return private, signed


def _store(path, private, signed=None):
    # Whole or not at all, and on the disk before this returns.
    new = path.with_name(path.name + ".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps({"lms": private.serialize().hex(), "signed": signed or {}}))
        file.flush()
        os.fsync(descriptor)
    os.replace(new, path)
