"""The command `keys`: make them, look at them, try them, take a camera to another station."""

import json
import secrets
from pathlib import Path
from typing import Annotated

import typer

from tools.evidence import keyfiles
from tools.evidence.errors import InputError
from tools.evidence.primitives import key_id

from .plain import count, plain

app = typer.Typer(
    no_args_is_help=True,
    help="The keys of agency, recovery and station. KEYS.md says who holds which.",
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Keys = Annotated[list[Path], typer.Option(help="Folder of keys; repeatable.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_FORM = "bodycam CHECK 1"


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Folder to make; it must not be there yet.")],
    as_json: AsJson = False,
):
    """Make the keys of an agency: three folders, each for another place.

    agency/ and recovery/ hold the two private viewing keys; they go into two safes, on two media,
    and never near a station. station/ is for `dock --keys`.
    """
    with plain():
        made = keyfiles.make(lambda name, size: secrets.token_bytes(size))
        part = folder.with_name(folder.name + ".part")
        try:
            if folder.exists():
                raise FileExistsError
            part.mkdir(mode=0o700)
            for name, private in made.items():
                own = part / ("station" if name == keyfiles.STATION else name)
                own.mkdir(mode=0o700)
                keyfiles.write_private(own, name, private)
            for name in keyfiles.VIEWERS:
                keyfiles.write_public(part / "station", name, made[name].public_key())
                public = made[keyfiles.STATION].public_key()
                keyfiles.write_public(part / name, keyfiles.STATION, public)
            part.rename(folder)
        except FileExistsError as error:
            raise InputError(f"{folder} is already there; keys are never overwritten") from error
        except FileNotFoundError as error:
            raise InputError(f"there is no folder {folder.parent}: make it first") from error
        except OSError as error:
            raise InputError(f"{folder} cannot be made: {error.strerror}") from error
        ids = {name: key_id(private.public_key()).hex() for name, private in made.items()}
        if as_json:
            print(json.dumps({"folder": str(folder), "ids": ids}))
            return
        print(f"{folder}/agency    {ids['agency']}  opens pictures: into the agency's safe")
        print(f"{folder}/recovery  {ids['recovery']}  opens pictures: into another safe")
        print(f"{folder}/station   {ids['export']}  for the docking station, `dock --keys`")


@app.command()
def show(keys: Keys, as_json: AsJson = False):
    """Show which keys are in folders and what each can do."""
    from .epochs import trusted

    with plain():
        rows = [row for folder in keys for row in _rows(folder)]
        stations = sorted(trusted(keys))
        if as_json:
            print(json.dumps({"keys": rows, "stations": stations}))
            return
        for row in rows:
            print(f"{row['id']}  {row['file']}: {row['can']}")


@app.command()
def drill(
    image: Annotated[str, typer.Argument(help="Card image, card in a reader, or vault.")],
    keys: Annotated[list[Path], typer.Option(help="The folder of the recovery key, alone.")],
    as_json: AsJson = False,
):
    """Try that a card and the recovery key alone are enough.

    Do it every quarter. Status 0 when all pictures were opened and every segment is whole;
    nothing is written.
    """
    from tools.evidence.cli import given_card
    from tools.evidence.keyring import Keyring
    from tools.evidence.medium import Medium

    from .drill import opened

    with plain():
        keyring = Keyring(keys)
        if not keyring.viewers:
            raise InputError("no folder given with --keys holds a viewing key")
        card = given_card(image, keys)
        with Medium(card) as medium:
            found = opened(medium, keyring, getattr(card, "things", ()))
        if as_json:
            print(json.dumps(found))
        elif not found["segments"] and not found["closed"]:
            print("FAILED: nothing recorded is there; take a card that was recorded on")
        else:
            for line in found["closed"]:
                print(f"not opened: {line}")
            print(
                f"{count(found['frames'], 'picture', 'pictures')} in "
                f"{count(found['segments'], 'segment', 'segments')} opened with "
                f"{', '.join(found['with']) or 'no key'}: "
                f"{'PASSED' if found['passed'] else 'FAILED'}"
            )
        raise typer.Exit(0 if found["passed"] else 1)


@app.command("export")
def export_(
    camera: Annotated[str, typer.Argument(help="Name or device id of the camera.")],
    out: Annotated[Path, typer.Argument(help="File to make.")],
    keys: Keys,
):
    """Write a camera's CHECK seeds into a file for another station.

    Who has that file can dock the camera and verify it, never view. Carry it by hand; delete it.
    """
    from .station import Station

    with plain():
        rows = [
            words
            for _, words in Station(keys).checks()
            if camera in (words["device_id"], words.get("name"))
        ]
        if len({words["device_id"] for words in rows}) != 1:
            raise InputError(f"this station has no camera {camera}, or several of that name")
        data = json.dumps({"form": _FORM, "checks": rows}, indent=2, ensure_ascii=False)
        try:
            keyfiles.write_secret(out, data.encode() + b"\n")
        except FileExistsError as error:
            raise InputError(f"{out} is already there and is never overwritten") from error
        print(
            f"{out}: {count(len(rows), 'epoch', 'epochs')}; now `keys import` at the other station"
        )


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="What `keys export` wrote.")],
    keys: Keys,
):
    """Take over a camera that comes from another station."""
    from .station import Station, replace

    with plain():
        station = Station(keys)
        try:
            words = json.loads(file.read_text("utf-8"))
            rows = words["checks"] if words["form"] == _FORM else None
            files = [(f"check-{_hex(row['device_id'], 16)[:16]}-{row['epoch']:06d}.json", row)
                     for row in rows if len(_hex(row["check_seed"], 32)) == 64]  # fmt: skip
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{file} is not what `keys export` writes") from error
        new = []
        for name, row in files:
            path = station.folder / name
            if not path.exists():
                new.append((path, row))
            elif json.loads(path.read_bytes()) != row:
                raise InputError(f"{path} is another key for that camera and epoch; nothing taken")
        for path, row in new:
            replace(path, json.dumps(row, indent=2, ensure_ascii=False).encode() + b"\n")
        print(f"{count(len(files), 'epoch', 'epochs')} taken over; delete {file}")


def _rows(folder):
    """Return [{"file", "id", "can"}] of what is in one folder of keys."""
    from tools.evidence.keyring import Keyring

    ring = Keyring([folder])
    rows = [
        {"file": f"{folder}/{name}.pem", "id": who.hex(), "can": "opens pictures"}
        for who, (name, _) in ring.viewers.items()
    ]
    if ring.signer:
        who = key_id(ring.signer.public_key()).hex()
        can = "signs custody entries and exports"
        rows.append({"file": f"{folder}/{keyfiles.STATION}.pem", "id": who, "can": can})
    for device, epoch in sorted(ring.checks):
        can = f"docks and verifies this camera's epoch {epoch}, never opens pictures"
        rows.append({"file": str(folder), "id": device.hex(), "can": can})
    return rows


def _hex(text, size):
    if len(bytes.fromhex(text)) != size:
        raise ValueError("wrong length")
    return text.lower()
