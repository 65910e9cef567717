"""The command `card`: make, look at, verify and export evidence. Words go to standard error."""

import json
import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from tools.progress import counted

from .errors import InputError

app = typer.Typer(
    no_args_is_help=True,
    help="Evidence on a card image or a card in a reader.",
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Image = Annotated[
    str,
    typer.Argument(
        help="Card image, device of a card in a reader, or VAULT/cameras/DEVICE/EPOCH."
    ),
]
Camera = Annotated[
    str | None,
    typer.Option("--camera", help="Folder of the camera's log; IMG.camera when it exists."),
]
Keys = Annotated[
    list[Path] | None,
    typer.Option("--keys", help="Folder of keys, repeatable; IMG.keys when it exists."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object and nothing else on standard output.")
]

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_WORDS = {
    "intact": ("green", "INTACT: everything is there, sealed and whole."),
    "torn-tail": ("green", "TORN TAIL: whole up to a point where a recording was broken off."),
    "incomplete": ("red", "INCOMPLETE: something that was recorded is not there."),
    "damaged": ("red", "DAMAGED: the medium lost something that was recorded."),
    "tampered": ("red", "TAMPERED: something is not as the camera wrote it."),
}


@app.command()
def new(
    image: Annotated[Path, typer.Argument(help="Image to make; nothing may be there yet.")],
    size: Annotated[str, typer.Option(help="Size, as 64M or 32G.")] = "1G",
    seed: Annotated[
        int | None, typer.Option(help="Keys follow from this number: for repeatable runs only.")
    ] = None,
    as_json: AsJson = False,
):
    """Make a card image with a demonstration camera.

    Beside IMG stand then IMG.camera and IMG.keys.
    """
    from . import card

    made = card.new(image, _bytes(size), seed)
    if as_json:
        _print(made)
        return
    _say(f"{image}: {made['segments']} segments of 4 MiB, card {made['card_id']}")
    _say(f"{image}.camera: the log of camera {card.NAME}, epoch 1")
    _say(f"{image}.keys: demonstration keys of agency, recovery and station")


@app.command()
def info(image: Image, camera: Camera = None, keys: Keys = None, as_json: AsJson = False):
    """Show what is on a card, at a glance and without verifying it."""
    from .info import info as look

    found = look(*_given(image, camera, keys))
    if as_json:
        _print(found)
    else:
        _show_info(found)


@app.command()
def verify(image: Image, camera: Camera = None, keys: Keys = None, as_json: AsJson = False):
    """Say whether all is there, whole, and written by this camera.

    Status 0 for intact and torn-tail, 1 for the other verdicts, 2 for what is not ours.
    """
    from .case import Case
    from .verdict import examine, recordings, summary, written

    given = _given(image, camera, keys)
    with counted("Verifying") as step, Case(*given) as case:
        readings = examine(case, step)
        found = summary(case, readings)
    if as_json:
        _print(found)
    else:
        _show_verdict(found, recordings(readings), written(readings))
        if not any(given[2]):
            print("Who wrote it can be told with the station's keys: --keys FOLDER")
    raise typer.Exit(0 if found["verdict"] in ("intact", "torn-tail") else 1)


@app.command()
def explain(
    image: Image,
    camera: Camera = None,
    keys: Keys = None,
    lang: Annotated[Literal["en", "de"], typer.Option(help="English or German.")] = "en",
    as_json: AsJson = False,
):
    """Say for people what is there, what is missing, and why.

    Status as of `verify`.
    """
    from .explain import explain as say

    with counted("Reading") as step:
        found = say(*_given(image, camera, keys), lang, step)
    if as_json:
        _print(found)
    else:
        _say("\n".join(found["text"]))
    raise typer.Exit(0 if found["verdict"] in ("intact", "torn-tail") else 1)


@app.command()
def export(
    image: Image,
    out: Annotated[Path, typer.Argument(help="Folder to make; it must be new or empty.")],
    camera: Camera = None,
    keys: Keys = None,
    allow_damaged: Annotated[
        bool, typer.Option("--allow-damaged", help="Export what is whole of a card that is not.")
    ] = False,
    as_json: AsJson = False,
):
    """Export recordings, signed, as films that anybody can check.

    MKV bit for bit, MP4 to view, events, a signed manifest, and verify.py.
    """
    from .export import export as write

    card, log, folders = _given(image, camera, keys)
    with counted("Exporting") as step:
        files = write(card, out, log, folders, allow_damaged, step)
    _show_files(files, out, as_json)


@app.command()
def salvage(
    image: Image,
    out: Annotated[
        Path | None, typer.Argument(help="Folder to make, new or empty; IMG.salvage by default.")
    ] = None,
    camera: Camera = None,
    keys: Keys = None,
    as_json: AsJson = False,
):
    """Get every picture out of a damaged card, log or not.

    Each has its standing. Status 0 when pictures came out. It proves less than `export`: what
    is missing is not said.
    """
    from .salvage import salvage as rescue

    out = out or Path(f"{image}.salvage")
    card, log, folders = _given(image, camera, keys)
    with counted("Salvaging") as step:
        files = rescue(card, out, log, folders, step)
    _show_files(files, out, as_json)


def _given(image, camera, keys):
    """Return card, log and folders of keys: those named, or those that stand beside the image.

    A vault gives card and log together; `--camera` may name a vault for its log alone.
    """
    from .case import beside

    if _is_vault(image):
        card, log = _from_vault(image, keys)
        return card, camera or log, tuple(keys or ())
    own_camera, own_keys = beside(image)
    if camera and _is_vault(camera) and not Path(camera, "log.bin").exists():
        camera = _from_vault(camera, keys)[1]
    return image, camera or own_camera, tuple(keys) if keys else own_keys


def given_card(image, keys):
    """Return the card that the name of an image or device, or the address of a vault means.

    Raises:
        InputError: it is a vault, and not one epoch of it.
    """
    return _given(image, None, keys)[0]


def _is_vault(name):
    return "://" in name or "/cameras/" in name or Path(name).is_dir()


def _from_vault(address, keys):
    from tools.bootstrap import need

    need("dock")
    from tools.dock.epochs import given, trusted

    return given(address, trusted(keys or ()))


def _bytes(text):
    """Return a size in bytes from words as 64M, 32G or 1000000."""
    unit = text[-1:].upper()
    number, factor = (text[:-1], _UNITS[unit]) if unit in _UNITS else (text, 1)
    if not number.isdecimal():
        raise InputError(f"{text} is not a size; write it as 64M or 32G")
    return int(number) * factor


def _print(words):
    print(json.dumps(words, ensure_ascii=False))


def _say(text):
    print(text)


def _show_files(files, out, as_json):
    if as_json:
        _print({"files": files})
        return
    for file in files:
        _say(f"{file['path']}" + (f"  {file['frames']} pictures" if file["frames"] else ""))
    if not any(file["path"].endswith(".sig") for file in files):
        _say("Not signed: no export key was given, so nobody vouches for it.")
    _say(f"To check it anywhere: python3 {shlex.quote(str(out / 'verify.py'))}")


def _show_verdict(found, recordings, written):
    from rich.console import Console
    from rich.text import Text

    from .words import count

    screen = Console(highlight=False, markup=False, emoji=False)
    color, words = _WORDS[found["verdict"]]
    if found["complete"] is None:
        words = words.replace("everything is there, sealed", "what is there is sealed")
    numbers = {
        "recording": recordings,
        "segment": found["segments"],
        "picture": found["frames"],
        "gap": found["gaps"],
    }
    counts = ", ".join(count(number, thing) for thing, number in numbers.items())
    if not found["segments"]:
        counts = "nothing recorded"
        whole = "everything is there, sealed and whole"
        words = words.replace(whole, "nothing recorded, and nothing is missing")
    screen.print(Text(words, style=f"bold {color}"))
    complete = {True: "yes", False: "no", None: "not known, because the camera's log is missing"}
    screen.print(f"Complete: {complete[found['complete']]}")
    checked = "yes" if found["authenticated"] else "not confirmed"
    screen.print(f"Written by this camera: {checked}")
    screen.print(f"Read: {counts}")
    frames = found["frames"]
    if written is not None and frames < written:
        lost = written - frames
        screen.print(f"Pictures that can still be read: {frames} of {written}; lost: {lost}.")
    for finding in found["findings"]:
        style = "" if finding["kind"] in ("note", "torn-tail") else "red"
        screen.print(Text(f"- {finding['kind']}: {finding['what']}", style=style), soft_wrap=True)


def _show_info(found):
    from rich.console import Console
    from rich.table import Table

    from .times import minutes, nearest_s

    screen = Console(highlight=False, markup=False, emoji=False)
    card, camera = found["card"], found["camera"]
    screen.print(f"Card {card['card_id'] or 'without a description'}")
    screen.print(
        f"Used: {card['segments_used']} of {card['segments'] or 'an unknown number of'} segments"
    )
    if camera:
        screen.print(f"Camera {camera['name']} ({camera['device_id']}), epoch {camera['epoch']}")
        if camera["unlocked"]:
            screen.print("It was used unlocked: whoever held it could change what it runs.")
    for finding in found["findings"]:
        screen.print(f"- {finding['kind']}: {finding['what']}", soft_wrap=True)
    if not found["recordings"]:
        screen.print("No recordings.")
        return
    names = ("No", "Start (UTC)", "Clock", "Length", "Pictures", "State")
    table = Table(*names, box=None, pad_edge=False)
    for recording in found["recordings"]:
        trust = recording["trust"]
        table.add_row(
            str(recording["recording"]),
            recording["start_utc"] or ("not known" if trust else "not readable without keys"),
            trust or "",
            minutes(1000 * nearest_s(recording["duration_ms"])),
            "not read" if recording["frames"] is None else str(recording["frames"]),
            recording["state"],
        )
    screen.print(table)
