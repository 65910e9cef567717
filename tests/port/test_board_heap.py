"""The heap of each board, where small integers have 31 bits as on the device: what is free in each
stage, and the largest piece of it.

Before the simulated chips are made, exactly the board's heap is kept free in the interpreter's;
the firmware finds it first. The interpreter's own map of its memory, after a collection, says what
is free there. What lies elsewhere by then, the firmware's or the chips', counts as taken.

This port collects between two calls only, so the camera runs some steps a call. With much memory
they are many: its holes are those of a camera that boots without a collection. With little they
are few, and the constructor of App is taken statement by statement.

Modules that are frozen into the image leave their code and their names in the flash: for such a
board they are compiled first, in front of its heap, and run from there when they are imported.
"""

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
    "0:20 boot\n0:23 press\n+3 press twice\n+3 press\n+2 hold 3\n+1 press\n+2 press\n"
    "+1 dock in\n+3 dock out\n+2 end\n"
)
STAGES = {"idle", "display_on", "recording", "docked"}
# board: bytes that are free, and the largest piece, in every stage, at least.
LEAST = {
    "m5stack_cores3": (2_300_000, 1_000_000),
    "esp32_s3_eye": (2_500_000, 1_200_000),
    "pico2w_arducam": (70_000, 12_000),
}
SIMULATED_BYTES = 6_000_000
# Steps between two collections. A small heap is full of garbage after few.
SLICE_STEPS = {False: 250, True: 12}
LATER = ("bodycam.lastwords",)  # imported when the camera is in trouble
FROZEN = "import frozen\nfrozen.run(globals())\n"  # a module whose code lies elsewhere

# Runs inside the interpreter; `about` is put in front of it.
PROBE = """
import micropython, sys, uctypes

micropython.opt_level(3)
stages, held, kept, codes, built = {}, [], [], {}, []


class frozen:
    def run(names):
        del names["frozen"]
        exec(codes[names["__name__"]], names)


def compiled(name):
    path = about["frozen"][name]
    text = host.read_text(path)
    codes[name] = compile(in_steps(text) if name == "bodycam.app" else text, path, "exec")


def in_steps(text):
    # A board whose memory is small collects garbage while it boots: the constructor of App becomes
    # a generator that stops before each of its statements.
    before, rest = text.split("    def __init__(", 1)
    own, after = rest.split("\\n\\n    def ", 1)
    head, body = own.split(":\\n", 1)
    lines = [("        yield\\n" if line[8] != " " else "") + line for line in body.split("\\n")]
    body = "\\n".join(lines) + "\\n"
    return before + "    def built(" + head + ":\\n" + body + "\\n    def " + after


class Begun(Exception):
    pass


def boot():
    # As the run's own, in many calls.
    import bodycam.app as firmware

    run._booting, run._steps = True, 0
    if not built:

        def begin(*words, **more):
            app = object.__new__(plain)
            built.extend((app, app.built(*words, **more)))
            raise Begun

        plain, firmware.App = firmware.App, begin
        try:
            boot_at_once()
        except Begun:
            firmware.App = plain
    elif next(built[1], built):
        run._booting, run._app = False, built[0]
        built.clear()
        run._app.observe(run._staged)
        run._app.start()


def grouped(act, names):
    # A few for each call, between which what nobody needs is freed.
    for i in range(0, len(names), 4):
        for name in names[i : i + 4]:
            act(name)
        yield True


def reserving():
    # Before the chips are built: the board's heap is kept free for it, low in the interpreter's.
    yield from grouped(compiled, list(about["frozen"]))
    held.append(bytearray(about["heap_bytes"]))
    at = uctypes.addressof(held[0])
    for n in (1000, 100, 1):  # no room in front of it, which would be taken first
        while True:
            one = bytearray(n)
            if uctypes.addressof(one) > at:
                break
            kept.append(one)
    yield at


def before_boot():
    global reserve, boot_at_once
    boot_at_once = run._boot
    held.clear()
    reserve = None  # it may point there
    sys.modules["frozen"] = frozen
    sys.modules.update(run.camera.modules)
    yield True
    yield from grouped(__import__, about["names"])
    if codes:
        run._boot = boot
    while True:
        yield True


reserve = reserving()
prepare = before_boot()


def probe(run):
    # Whether to look at the heap now.
    if not run._app and not stages:
        next(prepare)
        return "elsewhere" not in about
    if not run.more:
        for stage in stages:
            print("=", stage, *stages[stage])
    about["looks"] += 1
    new = run.world.stage not in stages
    if not run._app or run.world.ms < 21_500 or not new and about["looks"] % about["each"]:
        return False
    run.camera.pixels()
    return True


def note(run, free, largest, elsewhere):
    # What found no place in the board's heap, and what the chips took, counts as taken there.
    over = elsewhere - about.setdefault("elsewhere", elsewhere)
    if run._app:
        free -= over
        before = stages.get(run.world.stage, (free, largest, 0))
        best = min(free, before[0]), min(largest, before[1]), max(over, before[2])
        stages[run.world.stage] = best
"""


@pytest.mark.parametrize("board_id", boards_command.board_ids())
def test_the_firmware_fits_into_the_heap_and_leaves_room(board_id, tmp_path, record_property):
    board = boards_command.load(board_id)
    found = measured(board, tmp_path)
    where = "in the image" if is_frozen(board) else "in files"
    text = ", ".join(f"{name} {free:,} ({piece:,})" for name, (free, piece, _) in found.items())
    over = max(over for _, _, over in found.values())
    record_property(
        "measured",
        f"{board_id}: heap {board.HEAP_BYTES:,} bytes, firmware {where}; free (largest piece): "
        f"{text}; {over:,} lay elsewhere",
    )
    assert set(found) == STAGES
    assert min(free for free, _, _ in found.values()) >= LEAST[board_id][0], found
    assert min(piece for _, piece, _ in found.values()) >= LEAST[board_id][1], found


def is_frozen(board):
    return getattr(board, "FROZEN_ONLY", False)


def measured(board, folder):
    """Return {stage: (bytes that are free, the largest piece, bytes that lay elsewhere)}."""
    sources = compile_firmware(folder, board)
    about = {
        "looks": 0,
        "each": 20 if is_frozen(board) else 5,
        "heap_bytes": board.HEAP_BYTES,
        "names": [n for n in sources if n not in LATER],
    }
    about["frozen"] = sources if is_frozen(board) else {}
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
        "heap_bytes": board.HEAP_BYTES,
        "slice_steps": SLICE_STEPS[is_frozen(board)],
        "interpreter_bytes": board.HEAP_BYTES + SIMULATED_BYTES,
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
        mine = path in own and path.stem not in ("__init__", "usbserial")
        place(folder / path.relative_to(ROOT), path, board, mine)
        if mine:
            sources[name] = str(path)
    source = ROOT / "boards" / f"{board.ID}.py"
    place(folder / "firmware" / "board.py", source, board, True)
    return dict(sorted(sources.items())) | {"board": str(source)}


def place(target, path, board, mine):
    """Compile one file, or leave in its place what runs it from elsewhere."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if mine and is_frozen(board):
        target.write_text(FROZEN)
    else:
        target.with_suffix(".mpy").write_bytes(boards_command.compiled(path, board.MPY_ARCH))
