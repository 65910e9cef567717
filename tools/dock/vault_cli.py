"""The command `vault`: what is in it, is it still there, find it, hand it out, add a card."""

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

import typer

from tools.evidence.errors import InputError
from tools.progress import counted

from .plain import count, plain
from .vault import Vault, VaultError
from .words import one_line

app = typer.Typer(
    no_args_is_help=True,
    help="Where recordings are kept, written once.",
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Url = Annotated[str, typer.Argument(help="Folder, or URL as s3://bucket/prefix.")]
Address = Annotated[str, typer.Argument(help="VAULT, or VAULT/cameras/DEVICE/EPOCH of it.")]
Keys = Annotated[list[Path] | None, typer.Option(help="Folder of keys; repeatable.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("list")
def list_(vault: Url, as_json: AsJson = False):
    """List cameras and epochs, and when they were docked."""
    from .ledger import listing

    with plain():
        _rows(listing(Vault(vault, make=False)), as_json)


@app.command()
def find(
    vault: Url,
    camera: Annotated[str, typer.Option(help="Name or beginning of the id of a camera.")] = "",
    since: Annotated[str, typer.Option(help="Recorded on this day or later: 2026-11-22.")] = "",
    until: Annotated[str, typer.Option(help="Recorded on this day or before.")] = "",
    as_json: AsJson = False,
):
    """Find recordings by camera and day (UTC). Status 1 when there are none.

    A recording whose time nobody knows may be of any day: it is shown, and said to be such.
    """
    from .ledger import listing

    with plain():
        found = []
        first, last = _day(since), _day(until)
        for row in listing(Vault(vault, make=False)):
            if camera and camera != row["name"] and not row["id"].startswith(camera.lower()):
                continue
            untold = _untold(row)
            row["recordings"] = [
                one for one in row["recordings"] if _within(one["utc"], first, last)
            ]
            if row["recordings"] or untold:
                found.append(row)
        _rows(found, as_json)
        raise typer.Exit(0 if found else 1)


@app.command()
def verify(
    address: Address,
    keys: Keys = None,
    timestamp_ca: Annotated[
        Path | None, typer.Option(help="PEM file with the certificates that vouch for stamps.")
    ] = None,
    as_json: AsJson = False,
):
    """Read everything, and name what is missing or altered.

    Broken chains of custody too. Of a vault with one epoch of a larger one, as `vault export`
    makes it, name that epoch: then the others are not missed. Status 0 when all is as it was
    stored. What was recorded is judged by `card verify`.
    """
    from .epochs import split_address, trusted
    from .ledger import check
    from .stamp import certificates

    with plain():
        roots = certificates(timestamp_ca) if timestamp_ca else ()
        name, place = split_address(address)
        vault = Vault(name, make=False)
        if place and not vault.things(place):
            raise InputError(f"{name} holds nothing at {place}")
        with counted("Verifying") as step:
            found = check(vault, trusted(keys or ()), roots, step, place)
        verdict = "altered" if found.findings else "as stored"
        if as_json:
            print(json.dumps({"verdict": verdict, **vars(found)}))
        else:
            for finding in found.findings:
                print(f"{finding['kind']}: {one_line(finding['what'])}")
            print(
                f"{verdict.upper()}: {count(found.objects, 'object', 'objects')}, "
                f"{found.bytes / (1 << 20):.1f} MiB, "
                f"{count(found.entries, 'custody entry', 'custody entries')}, "
                f"{count(found.stamped, 'time stamp', 'time stamps')}"
            )
        raise typer.Exit(1 if found.findings else 0)


@app.command()
def export(
    address: Address,
    out: Annotated[str, typer.Argument(help="Vault to copy to: a folder or a URL, new or empty.")],
    as_json: AsJson = False,
):
    """Copy the originals of an epoch, or of all, to another vault.

    Every custody entry goes along. What comes out is a vault: `vault verify` and `card` read it.
    Nothing is deciphered. What is altered is named and left out; then the status is 1.
    """
    from .epochs import CUSTODY, split_address

    with plain():
        name, place = split_address(address)
        source, altered = Vault(name, make=False), []
        things = [*source.things(place or "cameras"), *source.things(CUSTODY)]
        if not things:
            raise InputError(f"{address} holds nothing that could be handed out")
        target = Vault(out)
        if target.keys():
            raise InputError(f"{out} is not empty; name a new folder")
        with counted("Copying") as step:
            for done, thing in enumerate(things):
                try:
                    data = source.content(thing)
                except VaultError as error:
                    altered.append(str(error))
                else:
                    target.put(thing.folder, thing.stem, thing.kind, data)
                step(done + 1, len(things))
        copied = len(things) - len(altered)
        if as_json:
            print(json.dumps({"objects": copied, "altered": altered}))
        else:
            for what in altered:
                print(f"not copied: {one_line(what)}")
            print(f"{out}: {count(copied, 'object', 'objects')}, each read back")
            there = "/".join([out.rstrip("/"), place] if place else [out])
            print(f"anybody can read it again: vault verify {there}")
        raise typer.Exit(1 if altered else 0)


@app.command()
def add(
    image: Annotated[str, typer.Argument(help="Card image, or the device of a card in a reader.")],
    vault: Annotated[list[str], typer.Option(help="Folder or URL; a second one gets a copy.")],
    keys: Annotated[list[Path], typer.Option(help="The station's folder of keys; repeatable.")],
    camera: Annotated[
        str | None, typer.Option(help="Folder of the camera's log; IMG.camera when it exists.")
    ] = None,
    as_json: AsJson = False,
):
    """Store what is on a card, when camera or USB is dead. The card is only read.

    Status 0 when all that was recorded is safe in the vault.
    """
    from tools.evidence.medium import Medium

    from .cardadd import add_card
    from .station import Station

    with plain():
        station = Station(keys)
        with Medium(image):
            pass  # a card that cannot be opened leaves no vault behind
        vaults = [Vault(url) for url in vault]
        with counted("Storing") as step:
            found = add_card(station, vaults, image, camera, step)
        if as_json:
            print(json.dumps(found))
        else:
            for epoch in found["epochs"]:
                segments = count(epoch["segments"], "segment", "segments")
                print(f"camera {epoch['id']}, epoch {epoch['epoch']}: {segments}")
            for line in found["findings"]:
                print(f"- {line['kind']}: {line['what']}")
            print(f"{found['verdict'].upper()}. The card was not changed; keep it until released.")
        raise typer.Exit(0 if found["verdict"] in ("intact", "torn-tail") else 1)


def _rows(rows, as_json):
    if as_json:
        print(json.dumps({"epochs": rows}))
        return
    for row in rows:
        docked = one_line(f"docked {row['docked']}, {row['verdict']}")
        print(
            f"{one_line(row['name'] or 'camera')} ({row['id'][:8]}), epoch {row['epoch']}: "
            f"{count(len(row['recordings']), 'recording', 'recordings')}, "
            f"{row['bytes'] / (1 << 20):.1f} MiB, "
            f"{docked if row['docked'] else 'no custody entry'}"
        )
        print(f"  {row['address']}")
        unknown = sum(one["utc"] is None for one in row["recordings"])
        before = f", before the docking on {one_line(row['docked'][:10])}" if row["docked"] else ""
        if unknown:
            recordings = count(unknown, "recording", "recordings")
            print(f"  {recordings} at an unknown time{before}: the camera's clock was not set")
        if _untold(row):
            segments = count(row["segments"], "segment", "segments")
            print(f"  {segments} recorded at an unknown time{before}: `card info` reads it there")
    if not rows:
        print("Nothing there.")


def _untold(row):
    """Return whether there are segments and no custody entry tells of their recordings."""
    return row["segments"] and not row["recordings"]


def _day(text):
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone.utc).timestamp()
    except ValueError as error:
        raise InputError(f"{text} is not a day; write it as 2026-11-22") from error


def _within(utc, first, last):
    """Return whether a time, None when nobody knew it, may be between two days, both included."""
    if utc is None:
        return True
    return (first is None or utc >= first) and (last is None or utc < last + 86_400)
