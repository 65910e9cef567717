"""The simulated microcontroller: pins, buses and what their calls cost."""

from types import SimpleNamespace

import pytest

from tests.unit.picobench import PicoBench
from tools.sim.mcu import Mcu
from tools.sim.world import ChipError, PowerCut, Reset, World

BOARD = SimpleNamespace(
    MPY_ARCH="xtensawin",
    CPU_HZ=240_000_000,
    CURRENTS_MA={},
    DISPLAY={"dc": 35},
    SHARED_DC={"drive": 0x60004030, "release": 0x60004034, "mask": 8},
    COSTS={"call_us": 20, "i2c_byte_us": 23, "i2c_call_us": 60, "spi_call_us": 30},
)


class Register:
    """An I2C chip of 256 registers."""

    address = 0x34

    def __init__(self):
        self.memory = bytearray(range(256))

    def read(self, reg, buf):
        buf[:] = self.memory[reg : reg + len(buf)]

    def write(self, reg, data):
        self.memory[reg : reg + len(data)] = data


class Echo:
    """An SPI device that answers every byte with its complement."""

    def __init__(self):
        self.log = []
        self.idle = 0

    def selected(self, on):
        self.log.append(on)

    def exchange(self, tx, rx):
        self.log.append(bytes(tx))
        if rx is not None:
            rx[:] = bytes(b ^ 0xFF for b in tx)

    def idle_clocks(self, n):
        self.idle += n


@pytest.fixture
def mcu():
    return Mcu(World(BOARD), BOARD)


@pytest.fixture
def machine(mcu):
    return mcu.machine


def make_i2c(machine, sda=12, scl=11):
    return machine.I2C(0, scl=machine.Pin(scl), sda=machine.Pin(sda), freq=400_000)


def make_spi(machine, hz=20_000_000, sck=36):
    pin = machine.Pin
    return machine.SPI(1, hz, sck=pin(sck), mosi=pin(37), miso=pin(35))


@pytest.fixture
def echo(mcu):
    device = Echo()
    mcu.spi_bus(36, 37, 35).attach(device, mcu.pad(4))
    return device


def elapsed_us(mcu, call):
    world = mcu.world
    before = world.ms * 1000 + world.us
    call()
    return world.ms * 1000 + world.us - before


def test_unknown_names_and_keywords_are_errors(machine):
    with pytest.raises(AttributeError):
        machine.TouchPad  # noqa: B018
    with pytest.raises(TypeError):
        machine.Pin(4, wrong=1)
    with pytest.raises(TypeError):
        machine.I2C(0, 11, 12)


def test_a_pin_reads_the_wire_and_drives_it_only_as_an_output(mcu, machine):
    pin = machine.Pin(4, machine.Pin.OUT, value=0)
    assert mcu.pad(4).level == 0
    assert machine.Pin(4)() == 0
    pin.init(machine.Pin.IN)
    assert mcu.pad(4).level == 1
    mcu.pad(4).drive(0)
    assert pin.value() == 0
    pin.on()
    assert pin() == 0


def test_a_call_costs_what_the_board_says(mcu, machine, echo):
    cs = machine.Pin(4, machine.Pin.OUT, value=1)
    assert elapsed_us(mcu, lambda: cs(1)) == 20
    i2c = make_i2c(machine)
    mcu.i2c_bus(12, 11).attach(Register())
    one = bytearray(1)
    read = lambda: i2c.readfrom_mem_into(0x34, 3, one)  # noqa: E731
    assert elapsed_us(mcu, read) == 20 + 60 + 4 * 23
    spi = make_spi(machine)
    # 1000 bytes at 20 MHz are 400 us on the wire.
    assert elapsed_us(mcu, lambda: spi.write(bytes(1000))) == 20 + 30 + 400


def test_time_passes_before_the_bytes_do(mcu, machine):
    chip = Register()
    mcu.i2c_bus(12, 11).attach(chip)
    i2c = make_i2c(machine)
    mcu.world.load([(mcu.world.ms + 1, "cut", [], 1)])
    with pytest.raises(PowerCut):
        i2c.writeto_mem(0x34, 0, bytes(range(100, 200)))
    assert chip.memory[0] == 0


def test_i2c_reads_and_writes_registers(mcu, machine):
    mcu.i2c_bus(12, 11).attach(Register())
    i2c = make_i2c(machine)
    assert i2c.readfrom_mem(0x34, 5, 3) == b"\x05\x06\x07"
    i2c.writeto(0x34, b"\x05\xaa\xbb")
    assert i2c.readfrom_mem(0x34, 5, 3) == b"\xaa\xbb\x07"
    assert i2c.scan() == [0x34]


@pytest.mark.parametrize("switch", ["absent", "nack"])
def test_a_silent_chip_is_enodev(mcu, machine, switch):
    chip = Register()
    mcu.i2c_bus(12, 11).attach(chip)
    setattr(chip, switch, True)
    with pytest.raises(OSError, match="0x34") as caught:
        make_i2c(machine).readfrom_mem(0x34, 0, 1)
    assert caught.value.errno == 19


def test_a_stuck_bus_is_eio(mcu, machine):
    mcu.i2c_bus(12, 11).attach(Register())
    mcu.i2c_bus(12, 11).stuck = True
    with pytest.raises(OSError, match="stuck") as caught:
        make_i2c(machine).readfrom_mem(0x34, 0, 1)
    assert caught.value.errno == 5


def test_on_other_pins_nobody_answers(mcu, machine, echo):
    mcu.i2c_bus(12, 11).attach(Register())
    assert make_i2c(machine, sda=2, scl=1).scan() == []
    machine.Pin(4, machine.Pin.OUT, value=1)(0)
    assert make_spi(machine, sck=7).read(2) == b"\xff\xff"


def test_a_bus_taken_over_by_the_camera_needs_a_new_object(mcu, machine):
    mcu.i2c_bus(12, 11).attach(Register())
    i2c = make_i2c(machine)
    mcu.i2c_bus(12, 11).take_over()
    with pytest.raises(OSError, match="no answer"):
        i2c.readfrom_mem(0x34, 0, 1)
    assert make_i2c(machine).readfrom_mem(0x34, 9, 1) == b"\x09"


def test_spi_speaks_to_the_selected_device(machine, echo):
    cs = machine.Pin(4, machine.Pin.OUT, value=1)
    spi = make_spi(machine)
    spi.write(b"\xff" * 10)
    assert echo.idle == 10
    cs(0)
    buf = bytearray(b"\x01\x02")
    spi.write_readinto(buf, buf)
    assert buf == b"\xfe\xfd"
    assert spi.read(3, 0x0F) == b"\xf0\xf0\xf0"
    cs(1)
    assert echo.log == [True, b"\x01\x02", b"\x0f\x0f\x0f", False]
    assert spi.read(2) == b"\xff\xff"


def test_two_selected_devices_are_an_error(mcu, machine, echo):
    mcu.spi_bus(36, 37, 35).attach(Echo(), mcu.pad(3))
    machine.Pin(4, machine.Pin.OUT, value=0)
    with pytest.raises(ChipError, match="two devices"):
        machine.Pin(3, machine.Pin.OUT, value=0)


def test_a_driven_shared_pin_drowns_the_answer(mcu, machine, echo):
    spi = make_spi(machine)
    cs = machine.Pin(4, machine.Pin.OUT, value=0)
    machine.mem32[0x60004030] = 8
    assert spi.read(2) == b"\x00\x00"
    machine.mem32[0x60004034] = 8
    assert spi.read(2) == b"\xff\xff"
    cs(1)
    machine.mem32[0x60004030] = 8
    spi.init(baudrate=400_000)
    assert not mcu.pad(35).output


def test_mem32_is_for_the_shared_pin_only(machine):
    for address, value in ((0x60004030, 4), (0x60004000, 8)):
        with pytest.raises(ChipError):
            machine.mem32[address] = value


def test_i2s_blocks_until_the_rest_fits(mcu, machine):
    heard = []
    mcu.attach_i2s(34, 33, 13, lambda buf, rate_hz, bits: heard.append((len(buf), rate_hz, bits)))
    pin = machine.Pin
    i2s = machine.I2S(
        1,
        sck=pin(34),
        ws=pin(33),
        sd=pin(13),
        mode=machine.I2S.TX,
        bits=16,
        format=machine.I2S.MONO,
        rate=8000,
        ibuf=4000,
    )
    assert i2s.write(bytes(4000)) == 4000
    assert mcu.world.ms < 5
    i2s.write(bytes(1600))
    assert 95 <= mcu.world.ms <= 105
    assert heard == [(4000, 8000, 16), (1600, 8000, 16)]


def test_pwm_and_bitstream_reach_what_hangs_on_the_pin(mcu, machine):
    seen = []
    mcu.pad(17).pwm = lambda duty, hz: seen.append((duty, hz))
    mcu.pad(9).bits = lambda timing, data: seen.append(bytes(data))
    pwm = machine.PWM(machine.Pin(17), freq=1000, duty_u16=0)
    pwm.duty_u16(40_000)
    pwm.deinit()
    pin = machine.Pin(9, machine.Pin.OUT)
    machine.bitstream(pin, 0, (300, 900, 600, 600), b"abc")
    assert seen == [(0, 1000), (40_000, 1000), (0, 1000), b"abc"]


def test_a_watchdog_that_is_not_fed_restarts(mcu, machine):
    dog = machine.WDT(timeout=1000)
    for _ in range(5):
        mcu.world.sleep(900)
        dog.feed()
    with pytest.raises(Reset) as caught:
        mcu.world.sleep(1500)
    assert caught.value.args == (machine.WDT_RESET,)


def test_an_output_has_one_function_and_one_driver(mcu, machine):
    pin = machine.Pin
    make_spi(machine)
    for take in (
        lambda: pin(36, pin.OUT),
        lambda: machine.PWM(pin(37)),
        lambda: make_i2c(machine, sda=36),
        lambda: machine.SPI(2, sck=pin(36), mosi=pin(7), miso=None),
    ):
        with pytest.raises(ChipError, match="pin 3[67] is spi 1 and "):
            take()
    make_spi(machine).deinit()
    pin(36, pin.OUT)
    with pytest.raises(ChipError, match="two outputs"):
        mcu.pad(36).drive(0)
    mcu.power(False)
    make_spi(machine)


@pytest.mark.parametrize("number", [-1, 19, 26, 49])
def test_a_pin_that_the_processor_has_not_is_a_value_error(machine, number):
    with pytest.raises(ValueError, match="invalid pin"):
        machine.Pin(number)
    with pytest.raises(ValueError, match="invalid pin"):
        machine.ADC(machine.Pin(21))


def test_the_rp2_leads_a_bus_to_its_own_pins_only():
    board = SimpleNamespace(**{**vars(BOARD), "MPY_ARCH": "armv7emsp"})
    machine = Mcu(World(board), board).machine
    pin, spi = machine.Pin, {"sck": 18, "mosi": 19, "miso": 16}
    machine.SPI(0, **{key: pin(n) for key, n in spi.items()})
    for key, n in (("sck", 10), ("mosi", 18), ("miso", 17)):
        with pytest.raises(ValueError, match="bad " + key.upper()):
            machine.SPI(0, **{k: pin(at) for k, at in {**spi, key: n}.items()})
    with pytest.raises(ValueError, match="bad SCL"):
        machine.I2C(0, sda=pin(4), scl=pin(7))


def test_power_off_forgets_pins_and_the_watchdog(mcu, machine, echo):
    machine.WDT(timeout=1000)
    machine.Pin(4, machine.Pin.OUT, value=0)
    mcu.power(False)
    assert mcu.pad(4).level == 1
    assert mcu.spi_bus(36, 37, 35).active is None
    mcu.world.sleep(5000)


def test_a_hard_interrupt_happens_at_both_edges_or_after_the_mask_and_ends_a_light_sleep():
    mcu = PicoBench().mcu
    machine, pad, levels = mcu.machine, mcu.pad(3), []
    pin = machine.Pin(3, machine.Pin.IN)
    both = pin.IRQ_FALLING | pin.IRQ_RISING
    pin.irq(lambda edge: levels.append(edge()), both, hard=True)
    for level in (0, 0, 1):
        pad.drive(level)
    assert levels == [0, 1]
    enabled = machine.disable_irq()
    within = machine.disable_irq()
    pad.drive(0)
    machine.enable_irq(within)
    assert levels == [0, 1]
    machine.enable_irq(enabled)
    assert levels == [0, 1, 0]
    began_ms = mcu.world.ms
    mcu.world.at(began_ms + 50, pad.drive, 1)
    machine.lightsleep(500)
    assert mcu.world.ms < began_ms + 60 and levels == [0, 1, 0, 1]
    mcu.power(False)
    pad.drive(0)
    assert levels == [0, 1, 0, 1]


def test_an_interrupt_that_no_port_has_is_an_error(machine):
    pico = PicoBench().machine
    pin = pico.Pin(3, pico.Pin.IN)
    for trigger, hard in ((pin.IRQ_FALLING, True), (pin.IRQ_FALLING | pin.IRQ_RISING, False)):
        with pytest.raises(ValueError, match="hard interrupt at both edges"):
            pin.irq(print, trigger, hard=hard)
    with pytest.raises(TypeError, match="keyword"):
        machine.Pin(3).irq(print, pin.IRQ_FALLING | pin.IRQ_RISING, hard=True)


def test_a_camera_has_an_id_that_follows_from_the_seed():
    ids = {Mcu(World(BOARD, seed), BOARD).machine.unique_id() for seed in range(3)}
    assert len(ids) == 3
    assert all(len(i) == 8 for i in ids)
