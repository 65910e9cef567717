"""The command `flash`: firmware onto a camera; an interpreter's image made ready for it."""

import json
import shlex
import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn
from rich.table import Column, Table

from tools import boards_command
from tools.bootstrap import ROOT
from tools.flash import image as images
from tools.flash import install
from tools.flash.link import Link, LinkError, choose
from tools.progress import bar

app = typer.Typer(add_completion=False)

_PUBLIC_BYTES = 56  # of LMS with SHA-256

_FOUND = {
    "empty": "The camera has no firmware yet.",
    "complete": "",
    "unfinished": "The camera's files have no manifest: an earlier flash did not end, or they "
    "came by other means.",
}


@app.command()
def flash(
    board: Annotated[str, typer.Option(help="Board file; `boards` lists them.")],
    port: Annotated[
        str, typer.Option(help="Serial port of the camera; needless where there is only one.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    image: Annotated[
        Path | None,
        typer.Option(help="Interpreter's image: put the log's partition in, write FILE.log.bin."),
    ] = None,
    frozen: Annotated[
        Path | None, typer.Option(help="New folder for a build that freezes all.")
    ] = None,
    release_key: Annotated[
        Path | None,
        typer.Option(help="With --frozen: KEY.pub, whose signed releases the camera takes."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
):
    """Put the firmware on a camera: compile, copy what changed, verify, start it.

    It can be interrupted at any moment and run again. A recording under way ends: stop it first.
    The camera's keys, log and profile stay.
    """
    try:
        chosen = boards_command.load(board)
    except boards_command.BoardError as error:
        raise typer.BadParameter(str(error))
    screen = Console(quiet=as_json, highlight=False, markup=False, soft_wrap=True)
    if getattr(chosen, "FROZEN_ONLY", False) and not (image or frozen):
        raise typer.BadParameter(
            f"the memory of {board} does not hold the firmware as files: build an image with it "
            "(flash --frozen DIR)"
        )
    if image and frozen:
        raise typer.BadParameter("--image and --frozen are two things: one at a time")
    if release_key and not frozen:
        raise typer.BadParameter("--release-key belongs to --frozen: it is frozen into the image")
    if image:
        result = _image(chosen, image, port, screen)
    elif frozen:
        result = _frozen(chosen, frozen, release_key, screen)
    else:
        result = _camera(chosen, port, dry_run, screen)
    if as_json:
        print(json.dumps(result, ensure_ascii=False))


# Onto a camera ---------------------------------------------------------------------------------


def _camera(board, port, dry_run, screen):
    port = choose(port)
    files = install.compiled_files(board)
    total = sum(len(data) for data in files.values())
    if total > install.BUDGET_BYTES:
        raise LinkError(f"the files are {total >> 10} KiB, more than 128: make the firmware less")
    with Link(port) as link:
        about = link.call("about")
        reason = install.unfit(board, about)
        if reason:
            raise LinkError(f"{reason}. {how_to_install(board, port)}")
        link.call("hold")
        notes = _notes(board, link, port)
        plan = install.Plan(link, board, version(), files)
        other = plan.before.get("board", board.ID)
        if other != board.ID:
            raise typer.BadParameter(
                f"this camera has the firmware of {other}; if it is a {board.NAME} after all, "
                f"delete /{install.MANIFEST} on it (mpremote rm :{install.MANIFEST})"
            )
        _tell_plan(plan, total, screen)
        if not dry_run:
            _carry_out(plan, about, screen)
            link.restart()
    for note in notes:
        screen.print(f"Note: {note}", style="yellow")
    ending = "Nothing was changed." if dry_run else "The camera starts with it now."
    state = "complete already" if plan.complete else f"{plan.copy_bytes / 1024:.1f} KiB to copy"
    if not dry_run and not plan.complete:
        state = f"{plan.copy_bytes / 1024:.1f} KiB copied and verified"
    screen.print(f"{board.NAME}, firmware {version()}: {state}. {ending}")
    return {
        "board": board.ID,
        "version": version(),
        "port": port,
        "interpreter": about,
        "found": plan.found,
        "altered": plan.altered,
        "dry_run": dry_run,
        "copied_bytes": 0 if dry_run else plan.copy_bytes,
        "total_bytes": total,
        "budget_bytes": install.BUDGET_BYTES,
        "files": plan.rows,
        "notes": notes,
    }


def _notes(board, link, port):
    notes = []
    lacking = link.call("missing", list(getattr(board, "IMAGE", {}).get("modules", ())))
    if lacking:
        notes.append(
            f"this MicroPython has no module {', '.join(lacking)}, and the firmware does not "
            f"start without. {how_to_install(board, port)}"
        )
    row = getattr(board, "LOG", {})
    if "partition" in row:
        have = link.call("partition_bytes", row["partition"])
        if have < row["size_bytes"]:
            notes.append(
                f"there is no flash partition {row['partition']} of {row['size_bytes'] >> 10} KiB "
                "for the camera's log: without it the camera starts, stays in FAULT and "
                "records nothing. Chips, display and light can be worked on; stages, recordings "
                f"and the dock cannot. {how_to_install(board, port)}"
            )
    return notes


def how_to_install(board, port):
    """Return how the board's interpreter gets onto a camera, in words."""
    row = getattr(board, "IMAGE", None)
    if not row:
        return f"{board.ID}.py has no IMAGE that says which interpreter it needs"
    text = f"It needs the image {row['name']}; "
    if "partition" in getattr(board, "LOG", {}):
        text += (
            f"`python3 -m tools flash --board {board.ID} --image FILE.bin` makes it ready, then "
        )
    return text + row["install"].format(port=port or "PORT", image="FILE.bin")


def _tell_plan(plan, total, screen):
    if plan.found == "altered":
        names = ", ".join(plan.altered[:4]) + (", ..." if len(plan.altered) > 4 else "")
        screen.print(f"Files on the camera are not as its manifest says: {names}")
    elif _FOUND[plan.found]:
        screen.print(_FOUND[plan.found])
    table = Table(
        Column("file"), Column("bytes", justify="right"), Column("sha-256"), Column(""), box=None
    )
    for row in plan.rows:
        style = {"same": "dim", "copy": None, "remove": "yellow"}[row["action"]]
        table.add_row(
            row["path"], f"{row['bytes']:,}", row["sha256"][:12], row["action"], style=style
        )
    budget = install.BUDGET_BYTES
    table.add_row("all", f"{total:,}", "", f"of {budget:,}: {total * 100 // budget} %")
    screen.print(table)


def _carry_out(plan, about, screen):
    columns = (TextColumn("Copying"), BarColumn(), DownloadColumn(binary_units=True))
    with bar(*columns) as shown:
        task = shown.add_task("", total=plan.copy_bytes or None)
        plan.carry_out(about, lambda n: shown.advance(task, n))


def version():
    """Return the version of this clone's firmware."""
    line = (ROOT / "firmware" / "bodycam" / "__init__.py").read_text(encoding="utf-8")
    return line.split('VERSION = "')[1].split('"')[0]


# Without a camera ------------------------------------------------------------------------------


def _image(board, path, port, screen):
    row = getattr(board, "LOG", {})
    if "partition" not in row:
        how = how_to_install(board, port)
        raise typer.BadParameter(f"{board.NAME} needs no partition of its own. {how}")
    try:
        data, rows = images.patched(path.read_bytes(), row["partition"], row["size_bytes"])
    except (images.ImageError, FileNotFoundError, IsADirectoryError) as error:
        raise typer.BadParameter(f"{path}: {getattr(error, 'strerror', None) or error}")
    out = path.with_suffix(".log.bin")
    _write(out, data)
    _write(path.with_suffix(".log.csv"), images.csv_text(rows).encode())
    command = board.IMAGE["install"].format(port=port or "PORT", image=shlex.quote(str(out)))
    screen.print(f"{out}: the same interpreter, with this partition table:")
    for label, _, _, offset, size, _ in rows:
        screen.print(f"  {label:<10}{offset:>#10x}{size >> 10:>8} KiB")
    screen.print("Write it with (pip install esptool; a new camera: erase-flash first):")
    screen.print(f"  {command}")
    screen.print(
        "The firmware's files are gone then: flash again. Log and keys stay only where the log's "
        "partition is at the same offset as before."
    )
    partitions = [{"label": r[0], "offset": r[3], "bytes": r[4]} for r in rows]
    return {"board": board.ID, "image": str(out), "partitions": partitions, "command": command}


def _frozen(board, folder, release_key, screen):
    public = _public(release_key) if release_key else None
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise typer.BadParameter(f"{folder} is not empty; name a new folder")
    lines = [f'"""Freezes the firmware of {board.NAME} into the interpreter."""', ""]
    lines += ['include("$(PORT_DIR)/boards/manifest.py")']
    paths = boards_command.camera_files(board)
    for name, path in paths.items():
        target = folder / (name.removesuffix(".mpy").removesuffix(".py") + ".py")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    modules = ["boot.py", "main.py", "board.py"]
    if public:
        modules.append("release.py")
        text = f'"""The key that signs this camera\'s releases."""\n\nPUBLIC = {public!r}\n'
        (folder / "release.py").write_text(text, encoding="utf-8")
    lines += [f'module("{name}")' for name in modules]
    lines += [f'package("{name}")' for name in ("bodycam", "drivers")]
    manifest = folder / "manifest.py"
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if not public:
        screen.print("Without --release-key it takes no release at the dock.")
    command = _tell_build(board, manifest, screen)
    modules = sorted(paths)
    return {"board": board.ID, "manifest": str(manifest), "modules": modules, "command": command}


def _tell_build(board, manifest, screen):
    """Say how the image is built and gets onto the board; return the command that builds it."""
    row, build = board.IMAGE, board.IMAGE["build"]
    make = f"make -C ports/{build['port']} {build['make']}"
    command = f"{make} FROZEN_MANIFEST={shlex.quote(str(manifest.resolve()))}"
    least = ".".join(map(str, row["least"]))
    out = f"MICROPYTHON/ports/{build['port']}/{build['file']}"
    screen.print(
        f"{manifest.parent} has the firmware of {board.NAME}, to be frozen into an image."
    )
    screen.print(f"Build it in a clone of MicroPython {least} or newer:")
    for line in ("make -C mpy-cross", f"{make} submodules", command):
        screen.print(f"  {line}")
    if "FILE.cmake" in make:
        screen.print(f"FILE.cmake brings in the C modules of {row['name']}.")
    screen.print("Then write it onto the board, here; MICROPYTHON is that clone:")
    if "partition" in getattr(board, "LOG", {}):
        screen.print(f"  python3 -m tools flash --board {board.ID} --image {out}")
        out = out.replace(".bin", ".log.bin")
    screen.print("  " + row["install"].format(port="PORT", image=out))
    return command


def _write(path, data):
    beside = path.with_name(path.name + ".part")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _public(path):
    try:
        public = path.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}")
    if len(public) != _PUBLIC_BYTES:
        raise typer.BadParameter(f"{path} is no public release key: `release new-key` makes one")
    return public
