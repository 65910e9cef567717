"""main.py with something in the firmware that nobody foresaw: it says FAULT and starts anew, on
every board, and never ends at the prompt but by Ctrl-C. On MicroPython's unix port.
"""

import json
import random
import subprocess

import pytest
from conftest import ROOT, _command, _environment
from test_board_heap import configure

from tools import boards_command

# What is broken in the firmware, and what must be seen of it: the display's words, the lamp, an
# entry in the log; and after how many seconds it starts anew. None: it goes to the prompt.
BOTH, LAMP = ("display", "lamp"), ("lamp",)
CASES = {
    "a module": (BOTH, "can't import name", 60),
    "the display's driver": (LAMP, "no attribute", 60),
    "the camera's driver": (BOTH, "no attribute", 60),
    "the port's driver": (BOTH, "no attribute", 60),
    "memory": (BOTH, "MemoryError", 60),
    "a constructor": (BOTH, "on purpose", 60),
    "the start": (BOTH, "on purpose", 60),
    "the face": (LAMP, "on purpose", 62),
    "the lamp and the log": (("display",), None, 62),
    "a recording": (BOTH, "on purpose", 66),
    "after a minute": (BOTH, "on purpose", 70),
    "the last words": ((), None, 60),
    "the board file": ((), None, 60),
    "nothing, Ctrl-C": ((), None, None),
    "a module, Ctrl-C": (BOTH, "can't import name", None),
}
ALWAYS = "a module"  # beside one that is drawn

# Runs inside the interpreter, once for each case; `about` is put in front of it.
SCRIPT = """
import gc, json, sys

from tools.sim import host_micropython as host
from tools.sim.runner import Time
from tools.sim.wiring import Camera
from tools.sim.world import Reset, World

AMBER = b"\\xfd\\x80"


class Broken(Exception):
    pass


def broken(*args, **more):
    raise Broken("on purpose")


def full(*args):
    raise MemoryError("memory allocation failed")


def ctrl_c():
    raise KeyboardInterrupt


def empty(name):
    # The module is there, and nothing in it.
    sys.modules[name] = object()


def part(name):
    # A name of the firmware: module, class and so on.
    words = name.split(".")
    found = __import__("bodycam." + words[0], None, None, (words[1],))
    for word in words[1:]:
        found = getattr(found, word)
    return found


def spoil(name, what=broken):
    owner, _, last = name.rpartition(".")
    if "." in owner:
        setattr(part(owner), last, what)
    else:
        setattr(__import__("bodycam." + owner, None, None, (last,)), last, what)


def spoil_at(ms, *names):
    for name in names:
        world.at(ms, spoil, name)


board = __import__("boards." + about["board"], None, None, ("ID",))
cases = {
    "a module": lambda: empty("bodycam.power"),
    "the display's driver": lambda: empty("drivers." + board.DISPLAY["chip"].lower()),
    "the camera's driver": lambda: empty("drivers." + board.CAMERA["chip"].lower()),
    "the port's driver": lambda: empty("drivers.usbserial"),
    "memory": lambda: spoil("ring.Ring", full),
    "a constructor": lambda: spoil("eye.Eye"),
    "the start": lambda: spoil("stages.Stages.post"),
    "the face": lambda: spoil_at(2000, "face.Face.show"),
    "the lamp and the log": lambda: spoil_at(2000, "signals.Signals._step_light", "log.Log.note"),
    "a recording": lambda: spoil_at(3000, "ring.Ring.push"),
    "after a minute": lambda: spoil_at(62_000, "room.Room.alarm"),
    "the last words": lambda: (empty("bodycam.power"), empty("bodycam.lastwords")),
    "the board file": lambda: empty("board"),
    "nothing, Ctrl-C": lambda: world.at(4000, ctrl_c),
    "a module, Ctrl-C": lambda: (empty("bodycam.power"), world.at(2000, ctrl_c)),
}


def entries(camera, name):
    # How many entries of the log tell of it.
    text = about["cases"][name]
    return bytes(camera.chips["NOR"].memory).count(text) if text else 0


def play(name):
    global world
    for module in list(sys.modules):
        if module.split(".")[0] in ("bodycam", "drivers", "board"):
            del sys.modules[module]
    gc.collect()
    world = World(board)
    camera = Camera(world, board, host, about)
    sys.modules["board"] = board
    sys.modules["time"] = Time(world, board.COSTS["call_us"])
    camera.power_on()
    before = entries(camera, name)
    world.at(1500, world.act, "press", 2)
    world.at(150_000, ctrl_c)  # it does not end by itself
    seen, lit = set(), [0]

    def look():
        # After what was recorded, the front says nothing but what it says last.
        if camera.pixels().count(AMBER) > 12_000:
            seen.add("display")
        r, g, b = world.lamp
        lit[0] += g > 0 == b and (r > g or r == 0 and board.LAMP["chip"] == "LED")
        if lit[0] > 8:  # not the pulses of a camera that works
            seen.add("lamp")
        world.at(world.ms + 130, look)

    look()
    cases[name]()
    try:
        exec(main, {})
        end = "prompt"
    except Reset:
        end = "reset"
    except KeyboardInterrupt:
        end = "interrupted"
    camera.close()
    told = [name, end, world.ms // 1000, sorted(seen), entries(camera, name) - before]
    print("=", json.dumps(told))


with open(about["main"]) as file:
    main = file.read()
for name in about["cases"]:
    play(name)
"""


@pytest.mark.parametrize("board_id", boards_command.board_ids())
def test_what_nobody_foresaw_is_fault_and_a_new_start_and_never_the_prompt(
    board_id, tmp_path, seed, full
):
    board = boards_command.load(board_id)
    about = json.loads(configure(board, tmp_path).read_text())
    about["main"] = str(ROOT / "firmware" / "main.py")
    drawn = (
        list(CASES) if full else {ALWAYS, random.Random(f"{seed} {board_id}").choice(list(CASES))}
    )
    about["cases"] = {name: (CASES[name][1] or "").encode() for name in drawn}
    script = tmp_path / "play.py"
    script.write_text(f"about = {about}\n{SCRIPT}")
    done = subprocess.run(
        [*_command("unix"), "-X", "heapsize=64m", script],
        cwd=ROOT,
        env=_environment("firmware", "."),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert not done.returncode, done.stdout + done.stderr
    found = [json.loads(line[2:]) for line in done.stdout.splitlines() if line[:2] == "= "]
    assert {row[0] for row in found} == set(drawn)
    for name, end, seconds, seen, entries in found:
        told, text, resets_s = CASES[name]
        assert end == ("reset" if resets_s else "interrupted"), (name, end, done.stdout)
        assert resets_s is None or resets_s <= seconds <= resets_s + 6, (name, seconds)
        assert ("display" in seen) == ("display" in told), (name, seen)
        assert "lamp" in seen or "lamp" not in told or not resets_s, (name, seen)
        assert entries >= 1 if text else entries == 0, (name, entries)
