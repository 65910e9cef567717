"""Runs on the camera, at its prompt, after on_camera.py: what `doctor` asks of its chips.

The chips are powered and asked by the firmware's own `Chips`, but the firmware does not run: no
stage, no log entry, no recording.
"""

import gc
import time

_SECTOR_BYTES = 512
_BLOCK_BYTES = 16384
_BLOCK_SECTORS = _BLOCK_BYTES // _SECTOR_BYTES
_MARKS = ((2048, b"BWS1"), (4096, b"BWS1"), (8192, b"BWB1"))
_LIMIT_MS = 5_000
_chips = None
_scratch_lba = None  # where a card without evidence may be written to


def _ms_since(start_us):
    return time.ticks_diff(time.ticks_us(), start_us) // 1000


def join():
    """Power the board's chips; return what failed, and how long the card may stall."""
    global _chips
    import board

    from bodycam import VERSION, headroom, profile
    from bodycam.chips import Chips
    from bodycam.clock import Clock

    gc.collect()
    values = profile.load("/profile.json")
    _chips = Chips(board, Clock(time), values)
    return {
        "board": board.ID,
        "version": VERSION,
        "troubles": _chips.troubles,
        "stall_ms": headroom.stall_ms(board, values["audio"]),
    }


def scan(bus, scl, sda, freq_hz):
    """Return the addresses that answer on an I2C bus."""
    from machine import I2C, Pin

    return I2C(bus, scl=Pin(scl), sda=Pin(sda), freq=freq_hz).scan()


def card():
    """Return the card's size in sectors, whether it holds evidence, its reading speed; and what
    the slot's switch says of it, None without a switch.
    """
    global _scratch_lba
    _scratch_lba = None
    switch = _chips.card_present()
    device = _chips.card
    try:
        device.init()
    except OSError:
        if switch is False:
            return {"sectors": 0, "switch": False}
        raise
    sector = bytearray(_SECTOR_BYTES)
    evidence = False
    for lba, mark in _MARKS:
        device.read(lba, sector)
        evidence = evidence or sector[:4] == mark
    if not evidence:
        _scratch_lba = device.sectors // 2 // 8192 * 8192
    block = memoryview(bytearray(_BLOCK_BYTES))
    start_us = time.ticks_us()
    for i in range(16):
        device.read(i * _BLOCK_SECTORS, block)
    return {
        "sectors": device.sectors,
        "evidence": evidence,
        "switch": switch,
        "read_kib_per_s": 256 * 1000 // max(1, _ms_since(start_us)),
    }


def write_card(number):
    """Write one block of 16 KiB in the middle of the card; return how many milliseconds it took.

    Raises:
        ValueError: the card holds evidence, or `card` did not look.
    """
    if _scratch_lba is None:
        raise ValueError("the card holds evidence")
    device, data = _chips.card, memoryview(bytearray(_BLOCK_BYTES))
    gc.collect()
    start_us = time.ticks_us()
    device.begin(_scratch_lba + number * _BLOCK_SECTORS, data)
    while not device.step():
        pass
    return _ms_since(start_us)


def battery():
    """Return percent and millivolts of the battery; None for what the gauge cannot tell."""
    return [_chips.gauge.percent(), _chips.gauge.battery_mv()]


def show():
    """Show green, then red, then nothing; return whether the card reads as before, None for none.

    On a board where display and card share lines it is after this that a card may be lost.
    """
    before, after = bytearray(_SECTOR_BYTES), bytearray(_SECTOR_BYTES)
    there = bool(getattr(_chips.card, "sectors", 0))
    if there:
        _chips.card.read(0, before)
    panel = _chips.display
    panel.setup()
    panel.wake()
    window = panel.window(0, 0, *panel.size_px)
    for color in (0x05E8, 0xD083):
        panel.fill(window, color)
        panel.backlight(80)
        time.sleep_ms(700)
    panel.sleep()
    if not there:
        return None
    _chips.card.read(0, after)
    return before == after


def frozen():
    """Return whether the firmware is in the interpreter, and no file goes before it."""
    import os

    try:
        name = __import__("bodycam").__file__
        os.stat("/" + name)
    except (ImportError, AttributeError):
        return False
    except OSError:
        return True
    return False


def pictures(count):
    """Return how long the sensor takes to start and for a picture, and what came."""
    sensor = _chips.camera
    start_us = time.ticks_us()
    sensor.start()
    try:
        started_ms = _ms_since(start_us)
        gc.collect()
        sizes, start_us = [], time.ticks_us()
        while len(sizes) < count and _ms_since(start_us) < _LIMIT_MS:
            picture = sensor.capture()
            if picture is not None:
                sizes.append(len(picture))
        return {"start_ms": started_ms, "ms": _ms_since(start_us), "sizes": sizes}
    finally:
        sensor.stop()


def ciphers(key, iv, text):
    """Return AES-256-CBC of a block, the SHA-256 of one, and of 16 KiB of ciphertext; in hex."""
    import binascii
    import hashlib

    from cryptolib import aes

    key, iv, text = (binascii.unhexlify(word) for word in (key, iv, text))
    block = aes(key, 2, iv).encrypt(text)
    long = bytearray(_BLOCK_BYTES)
    aes(key, 2, iv).encrypt(long, long)
    found = (block, hashlib.sha256(text).digest(), hashlib.sha256(long).digest())
    return [binascii.hexlify(each).decode() for each in found]
