"""No function that runs repeatedly while the camera works takes its frame from the heap.

It would be garbage at every call, and slow behind a ring of 4 MiB.
"""

import pytest
from conftest import ROOT
from statewords import LIMIT_WORDS, state_words

FOLDERS = ("firmware/bodycam", "drivers", "tools/sim/chips")
# What of tools/sim runs inside MicroPython.
SIMULATION = (
    "buses",
    "faults",
    "host_files",
    "host_micropython",
    "host_wasm",
    "mcu",
    "peripherals",
    "runner",
    "wires",
    "wiring",
    "world",
)
PATHS = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.py"))]
PATHS += [ROOT / "tools" / "sim" / (name + ".py") for name in SIMULATION]

BOOT = "once a boot"
START = "at a start of the camera, which takes 0.3 s"
EVENT = "once for a press, a stage, a segment or an entry of the log"
FAILURE = "after a failure only"
UPDATE = "at a boot from a slot, and at the dock"
SETUP = "when a card or a clock is set up, never while the camera is worn"
CUT = "when the power goes"
LESSON = "when the gauge has fallen by six percent"
DRAWN = "when words or a dot are drawn for the first time"

FRAME = "for a frame of a station only, or at boot"

# Files of which only these functions run while no station is there.
DOCKING = {
    "drivers/usbserial.py": ("USBSerial.any", "USBSerial.readinto"),
    "firmware/bodycam/cbor.py": (),
    "firmware/bodycam/custody.py": (),
    "firmware/bodycam/dock.py": ("Dock.step", "Dock._wait"),
    "firmware/bodycam/epoch.py": (),
    "firmware/bodycam/inventory.py": (),
    "firmware/bodycam/session.py": (),
    "firmware/bodycam/smp.py": ("Link.receive",),
}

# (file, function): why it does not run repeatedly.
EXCEPTIONS = {
    ("firmware/bodycam/app.py", "App.__init__"): BOOT,
    ("firmware/bodycam/app.py", "App._fault_of"): BOOT,
    ("firmware/bodycam/app.py", "App._join_recorder"): BOOT,
    ("firmware/bodycam/app.py", "App._note_boot"): BOOT,
    ("firmware/bodycam/app.py", "App._join_power"): BOOT,
    ("firmware/bodycam/clock.py", "is_eu_summer"): DRAWN,
    ("firmware/bodycam/currents.py", "stage_ua"): EVENT,
    ("firmware/bodycam/health.py", "Health.facts"): EVENT,
    ("firmware/bodycam/lastwords.py", "tell"): FAILURE,
    ("firmware/bodycam/keeper.py", "Keeper.restore"): BOOT,
    ("firmware/bodycam/keeper.py", "Keeper._read"): BOOT,
    ("firmware/bodycam/learning.py", "Learning.compare"): LESSON,
    ("firmware/bodycam/learning.py", "Learning._spread"): BOOT,
    ("firmware/bodycam/learning.py", "_product.<listcomp>"): LESSON,
    ("firmware/bodycam/learning.py", "Learning.unsure_permille.<listcomp>"): LESSON,
    ("firmware/bodycam/learning.py", "Learning.appetite_pct"): EVENT,
    ("firmware/bodycam/learning.py", "Learning.row.<listcomp>"): EVENT,
    ("firmware/bodycam/outlook.py", "Outlook.mix"): "once a minute",
    ("firmware/bodycam/outlook.py", "Outlook._fade"): "once in seven shifts",
    ("firmware/bodycam/outlook.py", "Outlook._row"): EVENT,
    ("firmware/bodycam/power.py", "Power.__init__"): BOOT,
    ("firmware/bodycam/procedure.py", "Procedure.saved"): EVENT,
    ("firmware/bodycam/savings.py", "Savings._give_up"): EVENT,
    ("firmware/bodycam/savings.py", "table_ua.<dictcomp>"): EVENT,
    ("firmware/bodycam/blocks.py", "segment_keys"): EVENT,
    ("firmware/bodycam/card.py", "Card._adopt"): "when a card is put in",
    ("firmware/bodycam/card.py", "Card._find"): "when a card is put in",
    ("firmware/bodycam/card.py", "Card._count"): "at a boot after a power cut",
    ("firmware/bodycam/card.py", "Card.count_blocks"): "at a boot after a power cut",
    ("firmware/bodycam/card.py", "Card.mount"): "when a card is put in",
    ("firmware/bodycam/chips.py", "Chips.__init__"): BOOT,
    ("firmware/bodycam/chips.py", "Chips.attempt"): BOOT,
    ("firmware/bodycam/chips.py", "Chips.chip"): BOOT,
    ("firmware/bodycam/chips.py", "Chips._part"): BOOT,
    ("firmware/bodycam/pins.py", "clashes"): BOOT,
    ("firmware/bodycam/chips.py", "Chips.new_i2c"): START,
    ("firmware/bodycam/chips.py", "Chips._join_spi"): BOOT,
    ("firmware/bodycam/chips.py", "Chips.bus"): BOOT,
    ("firmware/bodycam/zoom_plain.py", "double"): "where the interpreter has no viper",
    ("firmware/bodycam/zoom.py", "Zoom._cut"): DRAWN,
    ("firmware/bodycam/joins.py", "_card_spi"): BOOT,
    ("firmware/bodycam/joins.py", "_card_mmc"): BOOT,
    ("firmware/bodycam/joins.py", "_panel"): BOOT,
    ("firmware/bodycam/joins.py", "_amplifier"): BOOT,
    ("firmware/bodycam/joins.py", "_microphone.receive"): BOOT,
    ("firmware/bodycam/joins.py", "_gc0308"): BOOT,
    ("tools/sim/wiring.py", "Crypto.__init__"): BOOT,
    ("tools/sim/wiring.py", "Camera.__init__"): BOOT,
    ("tools/sim/wiring.py", "_display"): BOOT,
    ("tools/sim/wiring.py", "Camera.select"): BOOT,
    ("tools/sim/wiring.py", "_i2c"): BOOT,
    ("tools/sim/wiring.py", "_gc0308"): BOOT,
    ("tools/sim/wiring.py", "_module"): BOOT,
    ("firmware/bodycam/eye.py", "Eye._start"): START,
    ("firmware/bodycam/keys.py", "cmac"): EVENT,
    ("firmware/bodycam/keys.py", "kdf"): EVENT,
    ("firmware/bodycam/log.py", "Log._again"): "when the flash has failed",
    ("firmware/bodycam/log.py", "Log._append_or"): EVENT,
    ("firmware/bodycam/log.py", "Log.close_segment"): EVENT,
    ("firmware/bodycam/log.py", "Log._compose"): EVENT,
    ("firmware/bodycam/log.py", "Log._erase_keys"): EVENT,
    ("firmware/bodycam/log.py", "Log._read"): EVENT,
    ("firmware/bodycam/log.py", "Log._replace"): EVENT,
    ("firmware/bodycam/log.py", "Log._write"): EVENT + ", and once for 16 blocks",
    ("firmware/bodycam/log.py", "Log.open_segment"): EVENT,
    ("firmware/bodycam/lms.py", "verify"): UPDATE,
    ("firmware/bodycam/lms.py", "_one_time_key"): UPDATE,
    ("firmware/bodycam/slots.py", "Slots.write"): UPDATE,
    ("firmware/bodycam/update.py", "Update.__call__"): UPDATE,
    ("firmware/bodycam/update.py", "Update._begin"): UPDATE,
    ("firmware/bodycam/slots.py", "Slots._load"): UPDATE,
    ("firmware/bodycam/slots.py", "Slots._save"): UPDATE,
    ("firmware/bodycam/slots.py", "Slots._trusted"): UPDATE,
    ("firmware/bodycam/slots.py", "Slots._sound"): UPDATE,
    ("firmware/bodycam/slots.py", "Slots._number"): UPDATE,
    ("firmware/bodycam/slots.py", "Slots._wrong.<listcomp>"): UPDATE,
    ("firmware/bodycam/slots.py", "Slots._digest"): UPDATE,
    ("firmware/bodycam/slots.py", "Slots._put"): UPDATE,
    ("firmware/bodycam/slots.py", "Slots._tidy"): UPDATE,
    ("firmware/bodycam/procedure.py", "Procedure.__init__"): BOOT,
    ("firmware/bodycam/procedure.py", "Procedure._mend"): FAILURE,
    ("firmware/bodycam/procedure.py", "Procedure.undock"): EVENT,
    ("firmware/bodycam/procedure.py", "Procedure._note"): EVENT,
    ("firmware/bodycam/procedure.py", "Procedure._trouble"): FAILURE,
    ("firmware/bodycam/procedure.py", "Procedure._give_up"): FAILURE,
    ("firmware/bodycam/profile.py", "load"): BOOT,
    ("firmware/bodycam/profile.py", "make"): BOOT,
    ("firmware/bodycam/recorder.py", "Recorder.__init__"): BOOT,
    ("firmware/bodycam/segments.py", "Segments.again"): FAILURE,
    ("drivers/arducammega.py", "ArducamMega.__init__"): BOOT,
    ("drivers/aw88298.py", "AW88298.__init__.<listcomp>"): BOOT,
    ("drivers/aw9523b.py", "AW9523B.setup"): BOOT,
    ("drivers/axp2101.py", "AXP2101._check"): BOOT,
    ("drivers/axp2101.py", "AXP2101.setup"): BOOT,
    ("drivers/bm8563.py", "BM8563.set_unix_s"): SETUP,
    ("drivers/bm8563.py", "BM8563.unix_s"): BOOT,
    ("drivers/crc16.py", "_fill"): "at the first sector",
    ("drivers/gc0308.py", "GC0308.__init__"): BOOT,
    ("drivers/gc0308.py", "GC0308._open"): START,
    ("drivers/gc0308.py", "GC0308.start"): START,
    ("drivers/ov2640.py", "OV2640._open"): START,
    ("drivers/sdmmc.py", "SDMMC.erase"): SETUP,
    ("drivers/sdmmc.py", "_cut.<listcomp>"): "at the first write of a buffer",
    ("drivers/sdcardspi.py", "SDCardSPI.__init__"): BOOT,
    ("drivers/sdwriter.py", "SDWriter.__init__"): BOOT,
    ("drivers/sdcardspi.py", "SDCardSPI.deinit"): "at the end",
    ("drivers/sdcardspi.py", "SDCardSPI.erase"): SETUP,
    ("drivers/w25q.py", "W25Q.__init__"): BOOT,
    ("drivers/w25q.py", "W25Q.program"): EVENT + ", and once for 16 blocks",
    ("tools/sim/mcu.py", "Mcu.connect"): BOOT,
    ("tools/sim/buses.py", "I2C.__init__"): START,
    ("drivers/sdwriter.py", "_sectors.<listcomp>"): "at the first write of a buffer",
    ("tools/sim/chips/aw88298.py", "AW88298Chip.__init__"): BOOT,
    ("tools/sim/chips/axp2101.py", "AXP2101Chip._reset"): BOOT,
    ("tools/sim/chips/bm8563.py", "BM8563Chip._fields"): BOOT,
    ("tools/sim/chips/bm8563.py", "BM8563Chip._take"): SETUP,
    ("tools/sim/chips/gc0308.py", "Camera.__init__"): START,
    ("tools/sim/chips/gc0308.py", "CameraModule.__init__"): BOOT,
    ("tools/sim/chips/gc0308.py", "GC0308Chip.__init__"): BOOT,
    ("tools/sim/chips/dcs.py", "DCSChip.__init__"): BOOT,
    ("tools/sim/chips/nor.py", "NORChip._clear"): EVENT + ", and once for 16 blocks",
    ("tools/sim/chips/nor.py", "NORChip._cut_page"): CUT,
    ("tools/sim/chips/nor.py", "NORChip._keep"): EVENT + ", and once for 16 blocks",
    ("tools/sim/chips/nor.py", "NORChip.erase"): SETUP,
    ("tools/sim/chips/nor.py", "NORChip.program"): EVENT + ", and once for 16 blocks",
    ("tools/sim/chips/ov2640.py", "CameraModule.__init__"): BOOT,
    ("tools/sim/chips/sdcard.py", "SDCardChip.__init__"): BOOT,
    ("tools/sim/chips/sdcard.py", "SDCardChip._erase"): SETUP,
    ("tools/sim/chips/sdcard.py", "SDCardChip._read_ocr"): "when a card is put in",
    ("tools/sim/chips/sdregisters.py", "csd_of"): "when a card is put in",
    ("tools/sim/chips/sdwire.py", "SDWire.__init__"): BOOT,
    ("tools/sim/chips/sk6812.py", "SK6812Chip.__init__"): BOOT,
    ("tools/sim/faults.py", "FaultCard._cut_garbage"): CUT,
    ("tools/sim/faults.py", "FaultCard._cut_lies"): CUT,
    ("tools/sim/faults.py", "FaultCard._cut_paired"): CUT,
    ("tools/sim/faults.py", "FaultCard._cut_prefix"): CUT,
    ("tools/sim/faults.py", "FaultCard._cut_reorder"): CUT,
    ("tools/sim/faults.py", "FaultCard._cut_subset"): CUT,
    ("tools/sim/faults.py", "FaultCard._torn"): CUT,
    ("tools/sim/faults.py", "FaultCard._under_way.<listcomp>"): CUT,
    ("tools/sim/faults.py", "moody.FaultFlash._clear"): EVENT + ", and once for 16 blocks",
    ("tools/sim/faults.py", "moody.FaultFlash._cut_page"): CUT,
    ("tools/sim/chips/w25q.py", "W25QChip._answer"): EVENT + ", and once for 16 blocks",
    ("tools/sim/chips/w25q.py", "W25QChip._do"): EVENT + ", and once for 16 blocks",
    ("tools/sim/host_files.py", "Store._grow"): BOOT,
    ("tools/sim/buses.py", "I2C.scan"): SETUP,
    ("tools/sim/peripherals.py", "I2S.__init__"): BOOT,
    ("tools/sim/mcu.py", "Machine.__init__"): BOOT,
    ("tools/sim/buses.py", "SDCard.__init__"): BOOT,
    ("tools/sim/buses.py", "SPI.__init__"): BOOT,
    ("tools/sim/runner.py", "Run._boot"): BOOT,
    (
        "tools/sim/buses.py",
        "SPI._flood_long",
    ): "for more than 1 KiB at once",
    ("tools/sim/runner.py", "Run._note_delay"): "once a recording",
    ("tools/sim/runner.py", "Run._tally"): BOOT,
    ("tools/sim/runner.py", "Run.slice"): "once for 5000 steps or a minute",
    ("tools/sim/world.py", "World.load"): BOOT,
    ("firmware/bodycam/bar.py", "Bar.__init__"): BOOT,
    ("firmware/bodycam/face.py", "Face.__init__"): BOOT,
    ("firmware/bodycam/face.py", "Face.__init__.<dictcomp>"): BOOT,
    ("firmware/bodycam/lettering.py", "Ink.__init__"): BOOT,
    ("firmware/bodycam/lettering.py", "Ink.__init__.<listcomp>"): BOOT,
    ("firmware/bodycam/lettering.py", "Ink._mark"): DRAWN,
    ("firmware/bodycam/lettering.py", "Ink.draw"): DRAWN,
    ("firmware/bodycam/lettering.py", "Ink.flood"): DRAWN,
    ("firmware/bodycam/lettering.py", "Ink.write"): DRAWN,
    ("firmware/bodycam/lettering.py", "mix"): DRAWN,
    ("firmware/bodycam/looks.py", "Look.__init__"): BOOT,
    ("firmware/bodycam/looks.py", "Look.__init__.<listcomp>"): BOOT,
    ("firmware/bodycam/mirror.py", "Mirror.__init__"): BOOT,
    ("firmware/bodycam/mirror.py", "Mirror._draw_dot"): DRAWN,
    ("firmware/bodycam/panels.py", "Reason.__init__"): BOOT,
    ("firmware/bodycam/mirror.py", "_Place.__init__"): BOOT,
    ("firmware/bodycam/panels.py", "Clock._cut"): DRAWN,
    ("firmware/bodycam/panels.py", "Clock._cut.<listcomp>"): DRAWN,
    ("firmware/bodycam/panels.py", "Reason._write"): DRAWN,
    ("drivers/dcs.py", "DCSPanel.__init__"): BOOT,
    ("drivers/dcs.py", "DCSPanel._command"): "at setup, wake and sleep",
    ("drivers/dcs.py", "DCSPanel.window"): BOOT,
    ("tools/sim/chips/dcs.py", "DCSChip._put_columns"): "when somebody looks",
    ("tools/sim/chips/dcs.py", "DCSChip._settle"): "when somebody looks",
    ("tools/sim/chips/dcs.py", "DCSChip._settles"): "when somebody looks",
}


def name_of(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", PATHS, ids=name_of)
def test_what_runs_repeatedly_has_at_most_eleven_words_of_state(path):
    above = {name: words for name, words in state_words(path) if words > LIMIT_WORDS}
    if name_of(path) in DOCKING:
        assert not above.keys() & set(DOCKING[name_of(path)]), FRAME
        return
    allowed = {name for file, name in EXCEPTIONS if file == name_of(path)}
    assert above.keys() - allowed == set(), above
    assert allowed - above.keys() == set(), "no longer above the limit: take them off the table"


def test_the_table_names_files_that_are_checked():
    assert {file for file, _ in EXCEPTIONS} | DOCKING.keys() <= {name_of(path) for path in PATHS}


def test_the_count_is_the_one_the_heap_shows(run_on):
    script = ROOT / "tests" / "port" / "state_words.py"
    words = dict(state_words(script))
    assert (words["eleven"], words["twelve"]) == (11, 12)
    assert (words["eleven_with_try"], words["twelve_with_try"]) == (11, 12)
    assert run_on("unix", script).endswith("ok\n")
