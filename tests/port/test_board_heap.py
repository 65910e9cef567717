"""The heap of each board, where small integers have 31 bits as on the device: what is free in each
stage, and how large a piece.

The simulated chips live in the same heap, in front of the firmware; fillers leave exactly what
the board has, and a reserve for garbage: this port frees nothing within a call.

Modules that are frozen into the image leave their code and their names in the flash; what they
make when they are run stays in the heap. Both are measured here: what importing all .mpy files
takes, and what it takes to run the same modules once more from code that was compiled before.
"""

import functools
import json
import re
import subprocess

import pytest
from conftest import ROOT

from tools import boards_command, bootstrap
from tools.evidence import card
from tools.sim import clip, headless
from tools.sim.script import parse

WORK = (
    "0:40 boot\n0:43 press\n+3 press twice\n+3 press\n+2 hold 3\n+1 press\n+2 press\n"
    "+1 dock in\n+3 dock out\n+2 end\n"
)
STAGES = {"idle", "display_on", "recording", "docked"}
# board: bytes that are free in every stage, the largest piece before boot, once all that is large
# is in place, and the largest in every stage, at least; there the reserve for garbage counts as
# lying elsewhere. None: where the heap is smaller than that reserve, such a piece tells nothing.
LEAST = {
    "m5stack_cores3": (2_200_000, 2_700_000, 1_000_000),
    "esp32_s3_eye": (2_400_000, 2_700_000, 1_000_000),
    "pico2w_arducam": (40_000, 100_000, None),
}
GARBAGE_BYTES = 3_000_000
SIMULATED_BYTES = 6_000_000

# Runs inside the interpreter; `about` is put in front of it.
PROBE = """
import micropython, sys

micropython.opt_level(3)
stages, fillers, kept, sizes = {}, [], [], []


def fill(free, largest):
    # First the holes that the chips left, then the large piece but for what the board has.
    if not fillers:
        fillers.append([bytearray(50_000) for _ in range((free - largest) // 50_000)])
    else:
        about["holes_bytes"] = free - largest
        fillers.append(bytearray(largest - about["heap_bytes"] - about["garbage_bytes"]))


def imported(name):
    __import__(name)


def compiled(name):
    path = about["sources"][name]
    kept.append(compile(host.read_text(path), path, "exec"))


def executed(code):
    names = {"__name__": "again"}
    exec(code, names)
    kept.append(names)


class Display:
    def __init__(self, size_px):
        self.size_px = size_px

    def window(self, *place):
        return place

    def __getattr__(self, name):
        return lambda *args: None


def put(board):
    # What is large, in the order of app.py.
    from bodycam import blocks, face, ring

    kept.append(ring.Ring(bytearray(board.RING_BYTES)))
    kept.append(bytearray(blocks.STAGE_BYTES))
    kept.append(bytearray(board.RECORD["frame_bytes_max"]))
    kept.append(face.join(board, Display(board.DISPLAY["size_px"]), 80))


def steps():
    # One for each call, between which what nobody needs is freed.
    sys.modules.update(run.camera.modules)
    for act in (imported, compiled, executed)[: 3 if about["frozen"] else 1]:
        todo = kept[:] if act is executed else about["names"]
        yield
        sizes.append(about["used"])
        for i in range(0, len(todo), 8):
            for each in todo[i : i + 8]:
                act(each)
            yield
        sizes.append(about["used"])
        if act is imported:
            put(run._board)
            yield
            print("= piece", about["largest"])
            kept.clear()
    if about["frozen"]:
        print("= frozen", sizes[1] - sizes[0] - (sizes[5] - sizes[4]))
    todo = each = None
    kept.clear()
    while True:
        yield


before_boot = steps()


def probe(run, heap):
    total, about["used"], free, largest = heap
    spared = about["garbage_bytes"] + about["holes_bytes"]
    if len(fillers) < 2:
        fill(free, largest)
        about["total"] = total
    elif total != about["total"]:
        raise MemoryError("the heap had to grow")
    elif not run._app and not stages:
        about["largest"] = largest - spared
        next(before_boot)
    elif run._app and run.world.ms > 41_500:
        free, stage = free - spared, run.world.stage
        before = stages.get(stage, heap)
        stages[stage] = min(free, before[0]), min(largest, free, before[1])
    if not run.more:
        for stage in stages:
            print("=", stage, *stages[stage])
"""


@pytest.mark.parametrize("board_id", boards_command.board_ids())
def test_the_firmware_fits_into_the_heap_and_leaves_room(board_id, tmp_path, record_property):
    board = boards_command.load(board_id)
    free = measured(board, tmp_path)
    frozen_bytes, piece = free.pop("frozen", (0,))[0], free.pop("piece")[0]
    where = "in files"
    if frozen_bytes:
        where = f"in the image ({frozen_bytes:,} less)"
        free = {name: [n + frozen_bytes for n in row] for name, row in free.items()}
        piece += frozen_bytes  # the modules lie in front of it
    least, least_before, least_piece = LEAST[board_id]
    text = ", ".join(
        f"{name} {row[0]:,}" + (f" (piece {row[1]:,})" if least_piece else "")
        for name, row in free.items()
    )
    record_property(
        "measured",
        f"{board_id}: free of {board.HEAP_BYTES:,} bytes of heap, firmware {where}: {text}; "
        f"piece before boot {piece:,}",
    )
    assert set(free) == STAGES
    assert min(row[0] for row in free.values()) >= least, free
    assert piece >= least_before
    assert least_piece is None or min(row[1] for row in free.values()) >= least_piece, free


def measured(board, folder):
    """Return {stage: (free bytes, largest piece)}, and beside that `piece`: (the largest before
    boot,) and `frozen`: (bytes that the modules take less when they are frozen,).
    """
    sources = compile_firmware(folder, board)
    about = {"heap_bytes": board.HEAP_BYTES, "garbage_bytes": GARBAGE_BYTES, "used": 0}
    about["frozen"] = getattr(board, "FROZEN_ONLY", False)
    about |= {"holes_bytes": 0, "names": list(sources), "sources": sources}
    (folder / "probe.py").write_text(f"about = {about}\n{PROBE}")
    package = bootstrap.NODE_MODULES / "@micropython" / "micropython-webassembly-pyscript"
    host = ROOT / "tools" / "sim" / "wasm_host.mjs"
    command = [bootstrap.node(), host, package, ROOT, configure(board, folder), "", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found = re.findall(r"^= (\w+) (.+)$", done.stdout, re.MULTILINE)
    return {name: [int(n) for n in numbers.split()] for name, numbers in found}


def configure(board, folder):
    """Write the configuration of a run, with a new card; return its path."""
    image, row = folder / "card.img", board.CAMERA
    card.new(image, seed=1)
    film = bootstrap.clip("carphone_pristine.mp4")
    place, sizes = bootstrap.CACHE / "pictures", (row["size_px"], row["jpeg_quality"])
    config = {
        "board": board.ID,
        "profile": "nrw_order_service",
        "seed": 1,
        "acts": [list(act) for act in parse(WORK)],
        "clip": str(clip.prepare(film, *sizes, place, show_px=row.get("show_px"))),
        "card": str(image),
        "camera": f"{image}.camera",
        "station": headless.station_of(image),
        "out": str(folder),
        "heap_bytes": board.HEAP_BYTES + GARBAGE_BYTES + SIMULATED_BYTES,
    }
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return path


def compile_firmware(folder, board):
    """Compile what runs on a camera into `folder`, without machine code, which has no port here;
    return {module: its source}, for those that a board has.
    """
    own = set(boards_command.camera_files(board).values())
    sources = {}
    for path in [*(ROOT / "firmware" / "bodycam").glob("*.py"), *(ROOT / "drivers").glob("*.py")]:
        if path.stem.endswith("_viper"):
            continue
        name = f"{path.parent.name}.{path.stem}"
        place(folder / path.relative_to(ROOT).with_suffix(".mpy"), path, board)
        if path in own and path.stem not in ("__init__", "usbserial"):
            sources[name] = str(path)
    source = ROOT / "boards" / f"{board.ID}.py"
    place(folder / "firmware" / "board.mpy", source, board)
    return dict(sorted(sources.items())) | {"board": str(source)}


def place(target, path, board):
    """Compile one file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(compiled(path, board.MPY_ARCH))


compiled = functools.cache(boards_command.compiled)  # two boards have the same processor
