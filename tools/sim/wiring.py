"""Builds a simulated board from its board file: every chip on the pins, rails and resets it names.

Runs on all three interpreters. The chip `NAME` is the class `NAMEChip` of `chips/name.py`. What is
soldered to what stands in the functions at the end, one for each part of a board file. `Camera` is
the result: something that has power or not, and that can be looked at.
"""

import sys

from tools.sim.chips.gc0308 import Clip
from tools.sim.faults import FaultCard, FaultClock, moody
from tools.sim.mcu import Mcu
from tools.sim.port import Port, Station

_LOG_FILE = "log.bin"  # in the folder of the camera's own files
_CRYPTO_MIN_BYTES = 1024
_PROCESSOR_RAIL = "DCDC1"  # 3.3 V for the processor, and what is always on with it
_SUPPLY_MV = 3300


class Crypto:
    """The module `cryptolib`: the host's cipher, at the camera's speed.

    A call of 1 KiB or more costs what encrypting and hashing that many bytes costs on the board:
    the firmware hashes every byte that it encrypts, and `hashlib` is the interpreter's own.
    Shorter calls, for keys and tags, cost a call.

    `fails`: None, or how every encryption fails without a word, as some ports' do: `blank` (the
    output is zeros) or `untouched` (it is what it was). The act `crypto` sets it, with `long` for
    calls of 1 KiB or more only: what a port that finds no memory for its DMA does.
    """

    def __init__(self, world, costs, host_aes):
        per_kib_us = costs["aes_us_per_kib"] + costs["sha_us_per_kib"]
        call_us = costs["call_us"]
        self.fails, self.fails_from = None, 0
        world.on("crypto", self._obey)
        owner = self

        class aes:  # noqa: N801 (its name on the camera)
            """cryptolib.aes."""

            def __init__(self, key, mode, iv=None):
                self._aes = host_aes(key, mode, iv) if mode == 2 else host_aes(key, mode)
                world.charge(call_us)

            def encrypt(self, data, out=None):
                """Encrypt whole blocks into `out`, or return them."""
                self._charge(len(data))
                if owner.fails and len(data) >= owner.fails_from:
                    return owner.fail(data, out)
                if out is None:
                    return self._aes.encrypt(data)
                return self._aes.encrypt(data, out)

            def decrypt(self, data, out=None):
                """Decrypt whole blocks into `out`, or return them."""
                self._charge(len(data))
                if out is None:
                    return self._aes.decrypt(data)
                return self._aes.decrypt(data, out)

            def _charge(self, n):
                world.charge(call_us if n < _CRYPTO_MIN_BYTES else n * per_kib_us >> 10)

        self.aes = aes

    def _obey(self, word, bytes_least=0):
        self.fails = None if word == "sound" else word
        self.fails_from = bytes_least

    def fail(self, data, out):
        """Do what a failing encryption does."""
        if out is None:
            return bytes(len(data))
        if self.fails == "blank":
            for i in range(len(data)):
                out[i] = 0
        return out


class Kernel:
    """A module with a kernel in viper, on interpreters that have none."""

    def __init__(self, name, kernel):
        setattr(self, name, kernel)


class Supply:
    """The supply of a board without a power manager: all of it, or nothing."""

    def __init__(self):
        self.on = False
        self._parts = []

    def on_rail(self, name, fn):
        """Call `fn(mv)` at every change, and at once."""
        self._parts.append(fn)
        fn(_SUPPLY_MV if self.on else 0)

    def power(self, on):
        """Switch it."""
        self.on = on
        for fn in self._parts:
            fn(_SUPPLY_MV if on else 0)


class Camera:
    """One simulated camera. `chips` holds its chips by name, `mcu` its pins.

    `config` needs `clip`, a prepared clip; `card` and `camera`, an image and a folder, may be
    None: then there is no card, and the log's flash is forgotten with the run.
    """

    def __init__(self, world, board, host, config):
        self.world = world
        self.board = board
        self.host = host
        self.config = config
        self.mcu = Mcu(world, board)
        self.chips = {}
        self.card_store = self.card_chip = None
        self.pmu = Supply()
        self.i2c = self.expander = None
        self.modules = {
            "machine": self.mcu.machine,
            "cryptolib": Crypto(world, board.COSTS, host.aes),
        }
        if host.firmware_crc16:
            self.modules["drivers.crc16_viper"] = Kernel("crc16", host.firmware_crc16)
            self.modules["bodycam.zoom_viper"] = Kernel("double", host.firmware_double)
        self.port = self.modules["drivers.usbserial"] = Port(world)
        Station(world, self.port, host.crc16, host.aes, config.get("station"))
        self._closing = []
        self._processor_parts = [self.mcu]
        for function, join in _FUNCTIONS:
            if hasattr(board, function):
                join(self, getattr(board, function))
        world.on("cut", self.cut)

    def make(self, name, *args, rail=None):
        """Make the chip `name`; with `rail`, give it its power from there."""
        made = getattr(self.simulation(name), name + "Chip")(self.world, self.board, *args)
        self.chips[name] = made
        if rail:
            self.pmu.on_rail(rail, lambda mv: made.power(mv > 0))
        return made

    def select(self, chip, row, wires=None):
        """Put a chip on the SPI, or on one with the pins of `wires`."""
        wires = wires or self.board.SPI
        bus = self.mcu.spi_bus(wires["sck"], wires["mosi"], wires["miso"])
        bus.attach(chip, self.mcu.pad(row["cs"]))

    def simulation(self, name):
        """Return the Python module that simulates the chip `name`."""
        return __import__("tools.sim.chips." + name.lower(), None, None, (name + "Chip",))

    def store(self, path, size_bytes=0, writable=True):
        """Open a file of the host; it is closed with the camera."""
        store = self.host.open_store(path, size_bytes, writable)
        self._closing.append(store)
        return store

    # Life

    def power_on(self):
        """Switch the board on, unless its power key has done so."""
        if not self.pmu.on:
            self.pmu.power(True)
        self.mcu.asleep = False
        sys.modules.update(self.modules)

    def power_off(self):
        """Let the processor lose its state: it was switched off, or restarts."""
        for part in self._processor_parts:
            part.power(False)

    def cut(self):
        """Take the battery away."""
        self.pmu.power(False)

    def close(self):
        """Close all files."""
        for file in self._closing:
            file.close()
        self._closing = []

    # Eyes

    def pixels(self):
        """Return what the display shows: RGB565, high byte first. None without a display."""
        if not hasattr(self.board, "DISPLAY"):
            return None
        return self.chips[self.board.DISPLAY["chip"]].pixels()


def _i2c(camera, row):
    """Join the chips of the I2C, first those on which all else depends."""
    camera.i2c = bus = camera.mcu.i2c_bus(row["sda"], row["scl"])
    FaultClock(camera.world)
    for name, make in _ON_I2C:
        if name in camera.board.I2C_CHIPS:
            bus.attach(make(camera, name))


def _pmu(camera, name):
    camera.pmu = camera.make(name)
    camera.pmu.power(False)
    camera.pmu.started = lambda: camera.world.act("boot")
    return camera.pmu


def _expander(camera, name):
    camera.expander = camera.make(name, rail=_PROCESSOR_RAIL)
    return camera.expander


# The others have their supply from the battery.
_ON_I2C = (
    ("AXP2101", _pmu),
    ("AW9523B", _expander),
    ("BM8563", Camera.make),
    ("MAX17048", Camera.make),
)


def _display(camera, row):
    mcu = camera.mcu
    display = camera.make(row["chip"], mcu.pad(row["dc"]), rail=_PROCESSOR_RAIL)
    camera.select(display, row)
    if camera.host.quicken:
        camera.host.quicken(display)
    wire = row.get("reset")
    if isinstance(wire, int):
        mcu.pad(wire).watch = display.reset
    elif wire:
        camera.expander.on_output(wire[1], display.reset)
    if "backlight_mv" in row:
        _light_rail(camera, row, display)
    else:
        _light_pwm(camera, row, display)


def _light_rail(camera, row, display):
    low_mv, high_mv = row["backlight_mv"]

    def backlight(mv):
        display.backlight(max(1, (mv - low_mv) * 100 // (high_mv - low_mv)) if mv else 0)

    camera.pmu.on_rail(row["backlight"][1], backlight)


def _light_pwm(camera, row, display):
    dark = 65535 if row["backlight_inverted"] else 0

    def backlight(duty_u16, freq_hz):
        display.backlight((abs(dark - duty_u16) * 100 + 32767) // 65535)

    camera.mcu.pad(row["backlight"]).pwm = backlight


def _card(camera, row):
    world = camera.world
    if camera.config["card"]:
        camera.card_store = FaultCard(world, camera.store(camera.config["card"]))
        camera.card_chip = _CARDS[row["chip"]](camera, row)
    else:
        world.card.inserted = False
    if "detect" in row:
        _detect(camera, row["detect"])


def _card_spi(camera, row):
    rail = row.get("rail", _PROCESSOR_RAIL)
    card = camera.make("SDCard", camera.card_store, camera.host.crc16, rail=rail)
    camera.select(card, row, row if "sck" in row else None)
    return card


def _card_mmc(camera, row):
    card = camera.make("SDMMC", camera.card_store, rail=_PROCESSOR_RAIL)
    camera.mcu.attach_sd(row["sck"], row["cmd"], row["data"], card)
    return card


_CARDS = {"SDCardSPI": _card_spi, "SDMMC": _card_mmc}


def _detect(camera, wire):
    world = camera.world

    def detect(word="", value=0):
        level = 0 if world.card.inserted else 1
        if isinstance(wire, int):
            camera.mcu.pad(wire).drive(level)
        else:
            camera.expander.drive(wire[1], level)

    world.on("card", detect)
    detect()


def _eye(camera, row):
    lens = getattr(camera.host, "Lens", None)  # a host that has pictures of its own
    clip = lens(row) if lens else Clip(camera.host, camera.config["clip"])
    camera._closing.append(clip)
    _EYES[row["chip"]](camera, row, clip)


def _gc0308(camera, row, clip):
    chip = camera.make(row["chip"], camera.pmu, camera.expander)
    camera.i2c.attach(chip)
    module = _module(camera, row, chip, camera.i2c, clip)
    jpeg = camera.simulation(row["chip"]).JPEGModule(camera.world, camera.board, clip, module)
    camera.modules["jpeg"] = jpeg


def _ov2640(camera, row, clip):
    _module(camera, row, camera.make(row["chip"]), None, clip)


def _module(camera, row, chip, bus, clip):
    simulation = camera.simulation(row["chip"])
    module = simulation.CameraModule(camera.world, camera.board, chip, bus, clip)
    camera.modules["camera"] = module
    camera._processor_parts.append(module)
    return module


def _arducam(camera, row, clip):
    camera.select(camera.make(row["chip"], clip, rail=_PROCESSOR_RAIL), row)


_EYES = {"GC0308": _gc0308, "OV2640": _ov2640, "ArducamMega": _arducam}


def _tone(camera, row):
    chip = camera.make(row["chip"], camera.pmu, camera.expander)
    camera.i2c.attach(chip)
    camera.mcu.attach_i2s(row["bck"], row["ws"], row["dout"], chip.hear)


def _lamp(camera, row):
    pad = camera.mcu.pad(row["pin"])
    if row.get("power"):
        camera.make(row["chip"], pad, camera.expander)
    else:
        camera.make(row["chip"], pad, rail=_PROCESSOR_RAIL)


def _microphone(camera, row):
    chip = camera.make("Microphone")
    camera.mcu.attach_i2s_source(row["sck"], row["ws"], row["din"], chip.speak)


def _button(camera, row):
    if "pin" not in row:
        return  # the power manager's
    camera.make(row["chip"], camera.mcu.pad(row["pin"]))

    def wake(down):
        if camera.mcu.wake():
            camera.world.act("boot")

    camera.world.on("key", wake)


def _cable(camera, row):
    pad = camera.mcu.pad(row["pin"])

    def plug(inserted=False):
        pad.drive(1 if inserted else 0)

    camera.world.on("cable", plug)
    plug()


def _vibration(camera, row):
    camera.make("Motor", camera.mcu.pad(row["pin"]), rail=_PROCESSOR_RAIL)


def _log(camera, row):
    folder = camera.config["camera"]
    store = camera.store(folder + "/" + _LOG_FILE, row["size_bytes"]) if folder else None
    _LOGS[row["chip"]](camera, row, store)


def _partition(camera, row, store):
    simulation = camera.simulation("NOR")
    chip = camera.chips["NOR"] = moody(simulation.NORChip)(camera.world, camera.board, store)
    esp32 = camera.modules["esp32"] = simulation.ESP32Module(chip)
    esp32.WAKEUP_ALL_LOW, esp32.wake_on_ext0 = False, camera.mcu.wake_on_ext0


def _w25q(camera, row, store):
    kind = moody(camera.simulation("W25Q").W25QChip)
    chip = camera.chips["NOR"] = kind(camera.world, camera.board, store)
    camera.pmu.on_rail(_PROCESSOR_RAIL, lambda mv: chip.power(mv > 0))
    camera.select(chip, row)


_LOGS = {"PartitionNOR": _partition, "W25Q": _w25q}


_FUNCTIONS = (
    ("I2C", _i2c),
    ("DISPLAY", _display),
    ("CARD", _card),
    ("CAMERA", _eye),
    ("TONE", _tone),
    ("LAMP", _lamp),
    ("VIBRATION", _vibration),
    ("MICROPHONE", _microphone),
    ("BUTTON", _button),
    ("CABLE", _cable),
    ("LOG", _log),
)
