"""The heap of each board, where small integers have 31 bits as on the device: what is free in each
stage, and how large a piece once the firmware and its large memories are in place.

The simulated chips live in the same heap, in front of the firmware; fillers leave exactly what
the board has, and a reserve for garbage: this port frees nothing within a call.
"""

import json
import re
import subprocess

import pytest
from conftest import ROOT

from tools import boards_command, bootstrap
from tools.evidence import card
from tools.sim import clip
from tools.sim.script import parse

BOOT = "0:08 boot\n0:11 end\n"
WORK = "0:08 boot\n0:11 press\n+3 press twice\n+3 press\n+2 hold 3\n+1 press\n+2 end\n"
TIGHT_BYTES = 1_000_000  # a board with less has to show that it also works in its heap
# board: bytes that are free in every stage, and the largest piece before boot, at least.
LEAST = {
    "m5stack_cores3": (2_500_000, 2_700_000),
    "esp32_s3_eye": (2_500_000, 2_700_000),
    "pico2w_arducam": (30_000, 100_000),
}
GARBAGE_BYTES = 3_000_000
SIMULATED_BYTES = 6_000_000
# These need the module `machine`, which is there from boot on, or are one board's only.
LATE = ("app", "chips", "joins", "glyphs", "narrow", "zoom", "__init__")

# Runs inside the interpreter; `about` is put in front of it.
PROBE = """
stages, fillers, large = {}, [], []


class Display:
    def __init__(self, size_px):
        self.size_px = size_px

    def window(self, *place):
        return place

    def __getattr__(self, name):
        return lambda *args: None


def fill(free, largest):
    # First the holes that the chips left, then the large piece but for what the board has.
    if not fillers:
        fillers.append([bytearray(50_000) for _ in range((free - largest) // 50_000)])
    else:
        about["holes_bytes"] = free - largest
        fillers.append(bytearray(largest - about["heap_bytes"] - about["garbage_bytes"]))


def put(board):
    # What is large, in the order of app.py.
    from bodycam import blocks, face, ring

    large.append(ring.Ring(bytearray(board.RING_BYTES)))
    large.append(bytearray(blocks.STAGE_BYTES))
    large.append(bytearray(board.RECORD["frame_bytes_max"]))
    kept = {n: board.DISPLAY[n] for n in ("kept_bytes",) if n in board.DISPLAY}
    shown_px = board.CAMERA.get("show_px")
    large.append(face.Face(Display(board.DISPLAY["size_px"]), True, picture_px=shown_px, **kept))


def probe(run, heap):
    total, used, free, largest = heap
    free -= about["garbage_bytes"] + about["holes_bytes"]
    if len(fillers) < 2:
        fill(heap[2], largest)
        about["total"] = total
    elif total != about["total"]:
        raise MemoryError("the heap had to grow")
    elif about["names"]:
        for name in about["names"][-12:]:
            __import__(name)
        del about["names"][-12:]
    elif not large:
        put(run._board)
    elif run._app is None and large[0]:
        print("= piece", largest - about["garbage_bytes"] - about["holes_bytes"])
        for i in range(len(large)):
            large[i] = None
    elif run._app and run.world.ms > 9500:
        stages[run.world.stage] = min(free, stages.get(run.world.stage, free))
    if not run.more:
        for stage in stages:
            print("=", stage, stages[stage])
"""


@pytest.mark.parametrize("board_id", boards_command.board_ids())
def test_the_firmware_fits_into_the_heap_and_leaves_room(board_id, tmp_path):
    board = boards_command.load(board_id)
    free = measured(board, tmp_path)
    print(f"\n{board_id}: of {board.HEAP_BYTES} bytes of heap are free: {free}")
    piece = free.pop("piece")
    if getattr(board, "FROZEN_ONLY", False):
        # Frozen into the image, a module takes at most a tenth of its file.
        files = boards_command.camera_files(board)
        paths = [path for name, path in files.items() if name.endswith(".mpy")]
        code_bytes = sum(len(boards_command.compiled(path, board.MPY_ARCH)) for path in paths)
        free = {stage: n + code_bytes * 9 // 10 for stage, n in free.items()}
        piece += code_bytes * 9 // 10  # the modules lie in front of it
        print("with the firmware in the image:", free)
    assert "idle" in free and ("recording" in free or board.HEAP_BYTES >= TIGHT_BYTES)
    assert min(free.values()) >= LEAST[board_id][0]
    assert piece >= LEAST[board_id][1]


def measured(board, folder):
    """Return {stage: free bytes}, and `piece`, the largest free piece once all large memories are
    in place.
    """
    names = compile_firmware(folder, board.MPY_ARCH)
    about = {"heap_bytes": board.HEAP_BYTES, "garbage_bytes": GARBAGE_BYTES, "names": names}
    about["holes_bytes"] = 0
    (folder / "probe.py").write_text(f"about = {about}\n{PROBE}")
    package = bootstrap.NODE_MODULES / "@micropython" / "micropython-webassembly-pyscript"
    host = ROOT / "tools" / "sim" / "wasm_host.mjs"
    command = [bootstrap.node(), host, package, ROOT, configure(board, folder), "", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found = re.findall(r"^= (\w+) (-?\d+)", done.stdout, re.MULTILINE)
    return {name: int(free) for name, free in found}


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
        "acts": [list(act) for act in parse(WORK if board.HEAP_BYTES < TIGHT_BYTES else BOOT)],
        "clip": str(clip.prepare(film, *sizes, place, show_px=row.get("show_px"))),
        "card": str(image),
        "camera": f"{image}.camera",
        "out": str(folder),
        "heap_bytes": board.HEAP_BYTES + GARBAGE_BYTES + SIMULATED_BYTES,
    }
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return path


def compile_firmware(folder, arch):
    """Compile what runs on a camera into `folder`, without machine code, which has no port here;
    return the modules that can be imported before boot.
    """
    names = []
    for path in [*(ROOT / "firmware" / "bodycam").glob("*.py"), *(ROOT / "drivers").glob("*.py")]:
        if not path.stem.endswith("_viper"):
            target = folder / path.relative_to(ROOT).with_suffix(".mpy")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(boards_command.compiled(path, arch))
            if path.parent.name == "bodycam" and path.stem not in LATE:
                names.append("bodycam." + path.stem)
    return sorted(names)
