"""Each board with each of its chips missing, swapped or losing its registers, with a stuck bus, a
dip of the supply and a wrong pin, all at boot: FAULT where nothing can be recorded, an amber
warning elsewhere, with the part's name; never a hang or an exception.
"""

import json
import random
from types import SimpleNamespace

import pytest

from bodycam import pins
from tools import boards_command, bootstrap
from tools.evidence import card
from tools.sim import clip, host_cpython
from tools.sim.runner import Run
from tools.sim.script import parse

BOARDS = boards_command.board_ids()
BOOT_MS = 10_000  # the watchdog's time: no boot takes longer
AMBER = bytes((0xFD, 0x80))
SCRIPT = "0:00 boot\n0:03 press\n+1 end\n"
CAMERAS = ("GC0308", "OV2640", "ArducamMega")
# What each part ends in, on all boards: FAULT with one of these reasons, or one of these
# warnings.
# The name of a chip that has no words of its own stands in the warning.
FAULT = {
    "NOR": ("log_error",),
    "card": ("card_missing", "card_error"),
    "AW9523B": ("unexpected", "card_missing", "card_error"),
    "AXP2101": ("unexpected", "card_missing", "card_error"),
    **{name: ("camera_missing",) for name in CAMERAS},
}
WARNING = {
    "BM8563": ("clock_missing", "clock_unset"),
    "MAX17048": ("gauge_missing",),
    "AW88298": ("tone_missing",),
    "AW9523B": ("AW9523B",),
    "AXP2101": ("AXP2101",),
}


class Stranger:
    """Another chip at the same address, of which every register reads the same."""

    absent = nack = False

    def read(self, reg, buf):
        for i in range(len(buf)):
            buf[i] = 0xA5

    def write(self, reg, data):
        pass


def swap(run, name):
    """Put another chip in the place of this one."""
    chip = run.camera.chips[name]
    if hasattr(chip, "address"):
        run.camera.i2c.chips[chip.address] = Stranger()
    else:
        setattr(chip, {"NOR": "maker", "ArducamMega": "identity"}[name], 0x55)


def lose_registers(run, name):
    """Let the chip forget its registers every few milliseconds, from before boot until after."""
    for ms in range(700, 1500, 23):
        run.world.at(ms, run.camera.chips[name].brown_out)


def remove(run, name):
    """Take the part away."""
    if name == "card":
        run.world.act("card", "out")
    else:
        run.camera.chips[name].absent = True


def cases():
    """Yield (board, part, what to do with it), each with its name."""
    for board_id in BOARDS:
        board = boards_command.load(board_id)
        at = getattr(board, "I2C_CHIPS", {})
        eye = board.CAMERA["chip"]
        for part in sorted({*at, eye, "NOR", "card"}):
            yield board_id, part, remove
        for part in sorted({*at} | {"NOR", eye} & {"NOR" * ("cs" in board.LOG), "ArducamMega"}):
            yield board_id, part, swap
        for part in sorted(set(at) - {"AW9523B", eye}):
            yield board_id, part, lose_registers


@pytest.fixture
def bench(tmp_path, forget_firmware):
    """A function (board's id, script) -> a run on CPython in this process."""
    image = tmp_path / "card.img"
    card.new(image, seed=1)
    film = bootstrap.clip("carphone_pristine.mp4")

    def make(board_id, script=SCRIPT, changes=None):
        forget_firmware()
        row = boards_command.load(board_id).CAMERA
        place, sizes = bootstrap.CACHE / "pictures", (row["size_px"], row["jpeg_quality"])
        config = {
            "board": board_id,
            "profile": "nrw_order_service",
            "changes": changes,
            "seed": 1,
            "acts": [list(act) for act in parse(script)],
            "clip": str(clip.prepare(film, *sizes, place, show_px=row.get("show_px"))),
            "card": str(image),
            "camera": f"{image}.camera",
            "out": str(tmp_path),
        }
        return Run(host_cpython, json.loads(json.dumps(config)))

    return make


def play(run):
    """Run to the end; return what the camera was like just before it."""
    seen = {"amber": 0, "lamp": [], "shakes": False, "warning": None, "reason": None}
    while run.slice(100):
        assert run.world.ms < 60_000, "it does not end"
        seen["lamp"].append(run.world.lamp)
        seen["shakes"] |= run.world.motor_pct > 0
        if run._app:
            if run.world.stage in ("display_on", "fault"):
                seen["amber"] = max(seen["amber"], run.camera.pixels().count(AMBER))
            seen["warning"] = run._app.procedure.warning
            seen["troubles"] = run._app.chips.troubles
    stages = run.result()["stages"]
    assert stages and stages[0]["t_ms"] <= BOOT_MS
    reasons = [row["reason"] for row in stages if "reason" in row]
    seen["fault"], seen["reason"] = bool(reasons), reasons[0] if reasons else None
    return seen


def is_told(run, seen):
    """Assert that somebody in front sees it, or the wearer feels it."""
    lamp = any(r > g > b == 0 for r, g, b in seen["lamp"])
    if run.camera.board.LAMP["chip"] == "LED":  # of one colour: by its blinking, twice a second
        lit = sum(max(color) > 0 for color in seen["lamp"])
        lamp = len(seen["lamp"]) // 4 < lit < len(seen["lamp"]) * 3 // 4
    assert seen["amber"] > 500 or lamp or seen["shakes"], seen


@pytest.mark.parametrize(
    "board_id, part, what",
    [pytest.param(*row, id="-".join((*row[:2], row[2].__name__))) for row in cases()],
)
def test_a_part_that_fails_at_boot_is_a_fault_or_a_warning_and_named(bench, board_id, part, what):
    run = bench(board_id, SCRIPT if part not in CAMERAS else SCRIPT.replace("+1", "+7"))
    what(run, part)
    seen = play(run)
    harmless = what is lose_registers and not seen["fault"] and not seen["warning"]
    if harmless:
        return  # it held nothing that matters until it was set up
    assert seen["fault"] == (part in FAULT), seen
    if seen["fault"]:
        assert seen["reason"] in FAULT[part], seen
        if what is lose_registers:  # not whom it left without a supply
            assert (seen["reason"], seen["warning"]) == ("unexpected", part), seen
    if part in WARNING and what is not lose_registers:
        assert seen["warning"] in WARNING[part], seen
    is_told(run, seen)


@pytest.mark.parametrize("board_id", BOARDS)
@pytest.mark.parametrize("level", [0, 1])
def test_stuck_buses_at_boot_are_told_in_bounded_time(bench, board_id, level):
    run = bench(board_id)
    for bus in run.camera.mcu.spi_buses.values():
        bus.stuck = level
    if run.camera.i2c:
        run.camera.i2c.stuck = True
    seen = play(run)
    reads = "SDMMC" not in str(run._board.CARD)  # that board hears nothing over SPI or I2C
    assert seen["fault"] == reads
    if reads:
        is_told(run, seen)


@pytest.mark.parametrize("board_id", BOARDS)
def test_a_dip_of_the_supply_at_any_moment_of_boot_leaves_a_camera_that_boots(
    bench, board_id, seed, full
):
    rng = random.Random(seed)
    script, at_ms = "0:00 boot\n", 0
    for _ in range(40 if full else 6):
        at_ms += 2000
        script += f"{at_ms // 60000}:{at_ms % 60000 / 1000:06.3f} boot\n"
        cut_ms = at_ms + rng.randrange(1100)
        script += f"{cut_ms // 60000}:{cut_ms % 60000 / 1000:06.3f} cut\n"
    seen = play(bench(board_id, script + "+1 boot\n+3 expect idle\n+1 press\n+1 end\n"))
    assert not seen["fault"] and seen["reason"] is None


def moved():
    """Yield (board, part, key, wrong wire): each wire of each board on each other one that its
    file knows, on a free pin, and on one that the processor has not.
    """
    for board_id in BOARDS:
        board = boards_command.load(board_id)
        rows = {part: getattr(board, part) for part in pins.PARTS if hasattr(board, part)}
        own = [
            (part, key, wire)
            for part, row in rows.items()
            for key in pins.KEYS
            for wire in pins.wires(row.get(key))
        ]
        free = {"xtensawin": 14, "armv7emsp": 28}[board.MPY_ARCH]
        for part, key, wire in own:
            same = {to for _, _, to in own if type(to) is type(wire)}  # no line for a pin
            for to in sorted(same - {wire}) + [free, 99] * isinstance(wire, int):
                yield board_id, part, key, wire, to


def rewired(run, part, key, wire, to):
    """Let the firmware, and nobody else, believe that a wire of `part` is another."""
    rows = {name: getattr(run._board, name) for name in vars(run._board) if name.isupper()}
    now = rows[part][key]
    if isinstance(now, (list, tuple)) and now != wire:
        to = type(now)(to if each == wire else each for each in now)
    rows[part] = {**rows[part], key: to}
    run._board = SimpleNamespace(**rows)


_SHARES = 12

# Outputs that nobody reads back, and inputs that rest at the level of no wire: on a free pin
# nothing in the camera can know. Nor can it of a display that has a bus of its own.
UNHEARD = ("DISPLAY", "LAMP", "VIBRATION", "BUTTON", "TONE", "MICROPHONE")
UNHEARD_BUS = ("esp32_s3_eye", "SPI")
# The voices of a camera: each speaks through these parts.
VOICES = {
    "m5stack_cores3": ({"DISPLAY", "SPI", "I2C"}, {"LAMP", "I2C"}, {"VIBRATION"}),
    "esp32_s3_eye": ({"DISPLAY", "SPI"}, {"LAMP"}),
    "pico2w_arducam": ({"DISPLAY", "SPI"}, {"LAMP"}, {"VIBRATION"}),
}


@pytest.mark.parametrize("share", range(_SHARES))
def test_every_wrong_pin_is_told_and_the_card_stays_as_it_was(bench, seed, full, share):
    rows = list(moved())[share::_SHARES]
    for row in rows if full else random.Random(seed + share).sample(rows, 1):
        board_id, part, key, wire, to = row
        run = bench(
            board_id,
            SCRIPT.replace("+1", "+15") if part == "CAMERA" else SCRIPT,
            {"audio": True} if part == "MICROPHONE" else None,
        )
        rewired(run, part, key, wire, to)
        run.camera.chips[run.camera.board.DISPLAY["chip"]].lenient = key == "dc"
        clashes = set(pins.clashes(run._board))
        seen = play(run)
        assert run.result()["card"]["bytes_written_outside_recording"] == 0, row
        if clashes:
            assert any("is both" in trouble for trouble in seen["troubles"]), (row, seen)
        elif to != 99 and (part in UNHEARD or (board_id, part) == UNHEARD_BUS):
            continue
        assert seen["fault"] or seen["warning"], (row, seen)
        if all(voice & clashes for voice in VOICES[board_id]):
            assert seen["fault"], (row, seen)  # it refuses, and only its log and the tools say why
        else:
            is_told(run, seen)
