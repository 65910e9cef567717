"""The command `sim`: a camera on this computer, without hardware."""

import json
import shutil
import sys
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)

_OF_CAMERAS = {"on", "card", "profile", "seed"}  # what --serve takes, too
_OF_A_RUN = _OF_CAMERAS | {"video", "script", "keys", "out", "as_json"}
_MARKS = {"display_on": "green", "recording": "red", "armed": "blue", "fault": "yellow"}


@app.command()
def sim(
    context: typer.Context,
    headless: Annotated[
        bool, typer.Option("--headless", help="Only run a script, and say how it went.")
    ] = False,
    demo: Annotated[
        bool,
        typer.Option("--demo", help="Run a script; leave pictures, the card and its film."),
    ] = False,
    export: Annotated[
        Path | None, typer.Option(help="Write the page into this folder, as one file.")
    ] = None,
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="Where the page is served; 0 takes a free one."),
    ] = 0,
    serve: Annotated[
        bool, typer.Option("--serve", help="Dock a camera for each --card, behind ptys.")
    ] = False,
    board: Annotated[
        str, typer.Option(help="Board file; `boards` lists them.")
    ] = "m5stack_cores3",
    on: Annotated[
        str, typer.Option(help="cpython, unix or wasm; unix where it is to be had.")
    ] = "",
    video: Annotated[
        Path | None, typer.Option(help="What the lens sees; default a built-in scene.")
    ] = None,
    script: Annotated[
        Path | None, typer.Option(help="What the hands do; default a whole intervention.")
    ] = None,
    card: Annotated[
        list[Path] | None,
        typer.Option(help="Card image, made with camera and keys if absent; --serve takes many."),
    ] = None,
    keys: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of keys to verify and export with, repeatable; IMG.keys."),
    ] = None,
    profile: Annotated[str, typer.Option(help="Use profile.")] = "nrw_order_service",
    seed: Annotated[int, typer.Option(help="All chance follows from it.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="New folder for displays, result and console.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
):
    """Try a camera on this computer: a scene before the lens, hands on the button, a card in the
    slot.

    It opens a page in the browser, served to this computer alone until Ctrl-C. --export writes the
    same page for any web server or a thumb drive.

    With --headless or --demo a script runs without the page; only then there are the options from
    --on to --json. Status 0 when the script's expectations were met, 1 when not, 2 for input that
    cannot be used.
    """
    if serve:
        _refuse(context, _OF_A_RUN - _OF_CAMERAS)
        return _answer(_serve, board, on, card or (), profile, seed)
    if not (headless or demo):
        _refuse(context, _OF_A_RUN)
        return _page(board, export, port)
    if len(card or ()) > 1:
        raise typer.BadParameter("one --card at a time; only --serve takes many")
    if demo or out:
        out = _new_folder(out)
    camera = (board, on, video, script, card[0] if card else None, seed, out, profile)
    return _answer(_play, camera, keys or (), demo, as_json)


def _refuse(context, names):
    """Refuse options that were given, and that only a run without the page takes."""
    for option in context.command.params:
        source = context.get_parameter_source(option.name)
        if option.name in names and source and source.name == "COMMANDLINE":
            raise typer.BadParameter(f"{option.opts[0]} needs --headless or --demo: add one")


def _answer(act, *args):
    """Return what `act` does, as an exit status."""
    from tools.sim import headless

    try:
        return act(*args)
    except headless.InputError as error:
        raise typer.BadParameter(str(error)) from None
    except headless.RunError as error:
        raise typer.TyperException(str(error)) from None


def _play(camera, keys, demo, as_json):
    from tools.sim import headless

    board, on, video, script, card, seed, out, profile = camera
    passing = None if out else Path(tempfile.mkdtemp(prefix="bodycam-"))
    try:
        with _screen() as (progress, say, tell):
            on = on or _interpreter(say)
            others = (video, script, card, seed, out or passing, profile)
            result = headless.run(board, on, *others, progress, say, tell if demo else None, keys)
        if as_json or result["error"]:
            passing = None  # its files are named, or tell why
    except headless.RunError:
        passing = None  # the line that is said names a file in it
        raise
    finally:
        if passing:
            shutil.rmtree(passing, ignore_errors=True)
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
    to = sys.stderr if as_json else sys.stdout
    name = script or "the built-in script"
    if demo:
        _leave(result, Path(result["out"]), keys, to)
    elif not as_json:
        kept = f"displays, result and console are in {result['out']}"
        if passing:
            kept = "not kept: displays, result and console (--out DIR keeps them)"
            kept += "" if card else "; the card (--card IMG)"
        _summary(result, kept, to)
    if result["error"]:
        raise typer.TyperException(f"{name}: {result['error']}")
    if not as_json:
        number = headless.expectations(script)
        met = f"{number} of {number} expectations met" if number else "it expects nothing"
        print(f"{name} ran to its end: {met}", file=to)


def _page(board, folder, port):
    from tools.boards_command import BoardError, load
    from tools.sim import export, page_server

    try:
        load(board)
    except BoardError as error:
        raise typer.BadParameter(str(error)) from None
    if folder:
        return _export(folder, board)
    try:
        page_server.serve(export.build(board), port, _say)
    except OSError as error:
        raise typer.BadParameter(
            f"the page cannot be served on port {port} ({error.strerror}); name another --port, "
            "or leave it out for a free one"
        ) from None
    return 0


def _export(folder, board):
    from tools.sim import export

    try:
        print(export.export(folder, board))
    except OSError as error:
        what = "a file" if folder.is_file() else error.strerror
        raise typer.BadParameter(
            f"the page cannot go into {folder} ({what}); name another folder"
        ) from None


def _serve(board, on, cards, profile, seed):
    from tools.sim.serve import serve

    try:
        serve(board, on or _interpreter(_say), cards, profile, seed, _say)
    except KeyboardInterrupt:
        pass
    return 0


def _interpreter(say):
    from tools import bootstrap

    if bootstrap.micropython() is None:
        say("MicroPython's unix port has no build for this computer; the firmware runs on CPython")
        return "cpython"
    return "unix"


def _new_folder(out):
    """Return a folder that is new or empty."""
    if out:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise typer.BadParameter(f"{out} is not empty; name a new folder")
        return out
    number = 1
    while Path(f"bodycam-demo-{number}").exists():
        number += 1
    return Path(f"bodycam-demo-{number}")


@contextmanager
def _screen():
    """Give (progress, say, tell), which write to standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn

    from tools.progress import bar

    screen = Console(stderr=True, highlight=False, soft_wrap=True)
    words = {"video": "Preparing the scene", "script": "Running"}
    tasks = {}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
    )
    shown = bar(*columns, console=screen)

    def progress(what, done, of):
        if what not in tasks:
            tasks[what] = shown.add_task(words.get(what, what), total=of)
        shown.update(tasks[what], completed=done, total=of)

    def tell(change):
        color = _MARKS.get(change["to"], "dim")
        why = f" ({change['reason'].replace('_', ' ')})" if "reason" in change else ""
        stage = f"[{color}]{change['to']:<11}[/]"
        screen.print(f"  {_clock(change['t_ms'])}  {stage} {change['event']}{why}")

    with shown:
        yield progress, partial(screen.print, markup=False), tell


def _clock(t_ms):
    seconds, ms = divmod(t_ms, 1000)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}.{ms // 100}"


def _say(text):
    print(text, file=sys.stderr)


def _summary(result, kept, to):
    frames, card = result["frames"], result["card"]
    took = f"{_clock(result['virtual_ms'])} in {result['wall_ms'] / 1000:.1f} s"
    battery = f"battery {result['battery_pct']} %"
    print(f"{result['board']} on {result['interpreter']}: {took}; {battery}", file=to)
    print(f"pictures: {frames['recorded']} of {frames['captured']} recorded", file=to)
    print(f"          {frames['mirrored']} mirrored", file=to)
    outside = card["bytes_written_outside_recording"]
    print(f"card: {card['blocks_written']} blocks; {outside} bytes outside a recording", file=to)
    _tell_delays(result, to)
    print(kept, file=to)


def _tell_delays(result, to):
    for row in result["delays"]:
        parts = ", ".join(f"{part['what']} {part['ms']} ms" for part in row["parts"])
        print(
            f"from {row['from']} to the first recorded picture: {row['ms']} ms ({parts})", file=to
        )


def _leave(result, folder, keys, to):
    """Draw the camera in each stage, verify the card, export the video; say where it all is."""
    from tools.evidence.case import beside
    from tools.evidence.export import export
    from tools.evidence.verdict import verify
    from tools.pictures import camera_png, row_png

    drawn = {}
    for picture in result["pictures"]:
        stage = picture["stage"]
        if stage not in drawn:
            raw = (folder / picture["file"]).read_bytes()
            drawn[stage] = folder / f"{stage}.png"
            camera_png(raw, tuple(picture["lamp"]), stage, drawn[stage], result["board"])
    if drawn:
        row_png(drawn.values(), folder / "stages.png")
    image = Path(result["card"]["path"])
    camera, own_keys = beside(image)
    keys = tuple(keys or own_keys)
    found = verify(image, camera, keys)
    frames, outside = result["frames"], result["card"]["bytes_written_outside_recording"]
    whole = "complete" if found["complete"] else "not complete"
    print(
        f"Taken into recordings: {frames['recorded']} pictures; lost: {frames['dropped']}", file=to
    )
    print(f"Written to the card outside a recording: {outside} bytes", file=to)
    _tell_delays(result, to)
    print(f"The card is {found['verdict']} and {whole}, with {found['frames']} pictures", file=to)
    film = "nothing was recorded"
    if found["frames"]:
        export(image, folder / "export", camera, keys)
        film = "the film in export/"
    print(f"In {folder}: the camera in each stage (.png), card.img; {film}", file=to)
