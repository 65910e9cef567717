"""The flash log: entries, keys and progress, and what a power cut at any byte leaves."""

import random
import zlib
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from fakes import Flash, PowerCut, Time

from bodycam import log as codes
from bodycam.clock import STATION, Clock
from bodycam.errors import Fault
from bodycam.log import Log
from tools.evidence.enrol import epoch_log
from tools.evidence.primitives import Chain
from tools.sim.host_cpython import aes

READ, CHECK = bytes(range(32)), bytes(range(100, 132))
DEVICE, CARD = b"d" * 16, b"c" * 16
PAGES = 64


@cache
def image() -> bytes:
    """Return what a station has written to a camera."""
    recipients = [
        X25519PrivateKey.from_private_bytes(bytes([n]) * 32).public_key() for n in (1, 2)
    ]
    return epoch_log(
        device=DEVICE,
        card=CARD,
        epoch=3,
        first=7,
        released=5,
        name="Kamera 4",
        utc=1_780_000_000,
        read=READ,
        check=CHECK,
        recipients=recipients,
    )


def enrolled(pages=PAGES) -> Flash:
    """Return the flash of a camera that a station has just enrolled."""
    flash = Flash(pages * 256)
    flash.memory[:] = image()[: len(flash.memory)]
    return flash


def booted(flash) -> Log:
    """Return a log that was recovered from `flash`."""
    clock = Clock(Time())
    clock.set_utc(1_780_000_100, STATION)
    journal = Log(flash, aes, clock)
    journal.recover()
    return journal


@cache
def key(seed, s):
    """Return key `s` of a chain."""
    return Chain(seed).at(s)


def old_keys_in(flash, newest: int):
    """Return which chain keys up to index `newest` stand anywhere in flash."""
    memory = bytes(flash.memory)
    return [
        (name, s)
        for name, seed in (("READ", READ), ("CHECK", CHECK))
        for s in range(newest + 1)
        if key(seed, s) in memory
    ]


def test_a_new_camera_finds_what_the_station_gave_it():
    journal = booted(enrolled())
    assert (journal.epoch, journal.next_segment, journal.released, journal.seq) == (3, 7, 5, 3)
    assert (journal.device_id, journal.card_id) == (DEVICE, CARD)
    assert [len(seal) for seal in journal.seals] == [88, 88]
    assert journal.torn is None and journal.recording == 0


def test_a_blank_flash_is_a_camera_that_is_not_enrolled():
    with pytest.raises(Fault) as fault:
        booted(Flash())
    assert fault.value.reason == "not_enrolled"


def test_a_missing_partition_is_a_log_error():
    with pytest.raises(Fault) as fault:
        booted(None)
    assert fault.value.reason == "log_error"


def test_the_next_boot_goes_on_where_the_last_one_ended():
    flash = enrolled()
    first = booted(flash)
    first.boot = 1
    for i in range(5):
        first.note(codes.STAGE, {"from": "idle", "to": "display_on", "why": str(i)})
    again = booted(flash)
    assert (again.seq, again.boot, again.last_mac) == (first.seq, 1, first.last_mac)


def test_after_every_entry_flash_holds_the_next_key_and_no_older_one():
    flash = enrolled()
    journal = booted(flash)
    for _ in range(12):
        journal.note(codes.MARK, {"event": "mark"})
        assert old_keys_in(flash, journal.seq - 1) == []
        assert Chain(READ).at(journal.seq) in bytes(flash.memory)
        assert Chain(CHECK).at(journal.seq) in bytes(flash.memory)


def test_while_a_segment_is_open_flash_holds_nothing_of_its_keys():
    flash = enrolled()
    journal = booted(flash)
    keys = bytearray(64)
    entry = journal.open_segment(b"n" * 16, 1, 0, keys)
    assert any(keys)
    assert old_keys_in(flash, entry) == []
    assert bytes(keys[:32]) not in bytes(flash.memory)


def test_a_segment_that_found_no_memory_was_never_opened():
    flash = enrolled()
    journal = booted(flash)
    journal.open_segment(b"n" * 16, 1, 0, bytearray(64))
    journal.close_segment(codes.SEAL, journal.next_segment - 1, 7)
    first, calls = journal.next_segment, []

    def poor(*arguments):
        calls.append(arguments)
        if len(calls) == 20:
            raise MemoryError
        return aes(*arguments)

    journal._aes = poor
    with pytest.raises(MemoryError):
        journal.open_segment(b"n" * 16, 2, 0, bytearray(64))
    journal._aes = aes
    journal.note(codes.FAULT, {"why": "unexpected"})
    again = booted(flash)
    assert (again.next_segment, again.recording, again.torn) == (first, 1, None)
    assert not again.open and again.previous == "sealed"


def test_a_detail_that_is_too_long_is_cut_to_its_reason():
    flash = enrolled()
    journal = booted(flash)
    journal.note(codes.WARNING, {"why": "gauge_missing", "detail": "x" * 200})
    assert booted(flash).seq == 4


def test_progress_bits_prove_what_the_card_acknowledged():
    flash = enrolled()
    journal = booted(flash)
    journal.open_segment(b"n" * 16, 1, 0, bytearray(64))
    for block in range(40):
        journal.acknowledged(block)
    again = booted(flash)
    assert again.torn == 7 and again.proved_blocks == 32
    assert again.torn_entry == 3


def test_a_closed_segment_is_not_torn():
    flash = enrolled()
    journal = booted(flash)
    journal.open_segment(b"n" * 16, 9, 0, bytearray(64))
    journal.close_segment(codes.SEAL, 7, 30)
    again = booted(flash)
    assert again.torn is None and again.next_segment == 8 and again.recording == 9


def test_a_full_log_keeps_a_reserve_for_the_end():
    flash = enrolled()
    journal = booted(flash)
    while not journal.full:
        journal.note(codes.STAGE, {"why": "x"})
    journal.note(codes.FAULT, {"why": "log_full"})
    with pytest.raises(Fault) as fault:
        for _ in range(PAGES):
            journal.note(codes.FAULT, {"why": "x"})
    assert fault.value.reason == "log_full"


def scenario(journal):
    """One recording with everything the log sees of it."""
    journal.boot += 1
    journal.note(codes.BOOT, {"cause": 1})
    if journal.torn is not None:
        journal.close_segment(codes.TORN, journal.torn, journal.proved_blocks)
    segment = journal.next_segment
    journal.open_segment(b"n" * 16, journal.recording + 1, 0, bytearray(64))
    for block in range(17):
        journal.acknowledged(block)
    journal.close_segment(codes.SEAL, segment, 17)


def test_a_cut_at_any_byte_loses_no_entry_and_leaves_no_old_key():
    whole = enrolled()
    scenario(booted(whole))
    total = sum(n for _, n in whole.programs)
    for cut in range(total):
        flash = enrolled()
        flash.cut_after = cut
        with pytest.raises(PowerCut):
            scenario(booted(flash))
        flash.cut_after = None
        journal = booted(flash)
        assert old_keys_in(flash, journal.seq - 1) == [], cut
        scenario(journal)
        again = booted(flash)
        assert again.torn is None and again.seq == journal.seq, cut


def test_a_hundred_cuts_in_a_row_leave_a_log_that_works(seed):
    rng = random.Random(seed)
    flash = enrolled(4096)
    for _ in range(100):
        flash.cut_after = rng.randrange(3000)
        try:
            scenario(booted(flash))
        except PowerCut:
            pass
    flash.cut_after = None
    journal = booted(flash)
    assert old_keys_in(flash, journal.seq - 1) == []
    scenario(journal)


def test_a_page_that_does_not_take_is_left_and_the_next_one_used():
    flash = enrolled()
    journal = booted(flash)
    flash.memory[3 * 256 + 50] = 0  # a stuck cell in the page that is written next
    journal.note(codes.MARK, {"event": "mark"})
    again = booted(flash)
    assert again.seq == journal.seq == 4
    assert old_keys_in(flash, 3) == []


def test_entries_are_those_of_the_format():
    flash = enrolled()
    journal = booted(flash)
    journal.note(codes.MARK, {"event": "mark"})
    page = bytes(flash.memory[3 * 256 : 4 * 256])
    assert page[:8] == b"BWL1\x03\0\0\0" and page[8:12] == bytes((8, 0, 2, 16))
    assert zlib.crc32(page[:160]) == int.from_bytes(page[160:164], "little")
    assert zlib.crc32(page[164:228]) == int.from_bytes(page[228:232], "little")


def test_a_flash_that_fails_is_a_log_error_and_never_taken_for_the_card():
    flash = enrolled()
    journal = booted(flash)

    def fail(at, buf):
        raise OSError(5, "flash")

    flash.program = fail
    with pytest.raises(Fault) as fault:
        journal.note(codes.MARK, {"event": "mark"})
    assert fault.value.reason == "log_error"
    with pytest.raises(Fault):
        journal.acknowledged(15)


@pytest.mark.parametrize("fault, damage", [("not_enrolled", 0), ("log_error", 2)])
def test_a_log_that_cannot_be_recovered_is_never_written_to(fault, damage):
    flash = enrolled()
    flash.memory[damage * 256 + 170] ^= 0xFF  # of the newest entry the keys
    if fault == "not_enrolled":
        flash.memory[:4] = b"XWL1"
    before = bytes(flash.memory)
    journal = Log(flash, aes, Clock(Time()))
    with pytest.raises(Fault, match=fault):
        journal.recover()
    with pytest.raises(Fault, match=fault):
        journal.note(codes.FAULT, {"why": fault})
    assert flash.memory == before


def test_a_key_that_cannot_be_erased_is_a_fault_and_the_next_boot_erases_it():
    flash = enrolled()
    journal = booted(flash)
    stuck = flash.program

    def program(at, buf):
        stuck(at, buf)
        if at % 256 == 164 and flash.sticks:
            flash.sticks -= 1
            flash.memory[at + 11] = 0x80

    flash.program = program
    flash.sticks = 2
    journal.note(codes.BOOT, {})
    assert not old_keys_in(flash, journal.seq - 1)
    flash.sticks = 3
    with pytest.raises(Fault, match="log_error"):
        journal.note(codes.BOOT, {})
    # Another entry would hide from the next boot which page still owes its key.
    with pytest.raises(Fault, match="log_error"):
        journal.note(codes.FAULT, {"why": "log_error"})
    journal = booted(flash)
    journal.note(codes.BOOT, {})
    numbers = [
        int.from_bytes(flash.memory[at + 4 : at + 8], "little")
        for at in range(0, journal.seq * 256, 256)
    ]
    assert numbers == list(range(journal.seq))
    assert not old_keys_in(flash, journal.seq - 1)


@pytest.mark.parametrize("when", ["before", "after", "reading"])
def test_a_flash_operation_that_fails_once_changes_nothing_but_a_page(when):
    # Whichever of the operations of three entries it is.
    for number in range(1, 16):
        flash = enrolled()
        journal = booted(flash)
        count = [0]

        def once(act, at, buf, raises_first=when == "before", count=count, number=number):
            count[0] += 1
            if count[0] == number and raises_first:
                raise OSError(5, "once")
            act(at, buf)
            if count[0] == number:
                raise OSError(5, "once")

        name = "read" if when == "reading" else "program"
        real = getattr(flash, name)
        setattr(flash, name, lambda at, buf, real=real, once=once: once(real, at, buf))
        for _ in range(3):
            journal.note(codes.BOOT, {})
        setattr(flash, name, real)
        again = booted(flash)
        assert again.seq == journal.seq, number
        again.note(codes.BOOT, {})
        pages = [bytes(flash.memory[at : at + 256]) for at in range(0, PAGES * 256, 256)]
        numbers = [int.from_bytes(page[4:8], "little") for page in pages if page[:4] == b"BWL1"]
        assert numbers == list(range(again.seq)), number
        assert not old_keys_in(flash, again.seq - 1), number


def test_a_full_log_keeps_its_last_pages_for_what_must_be_said():
    flash = enrolled()
    journal = booted(flash)
    for _ in range(2 * PAGES):
        journal.note(codes.MARK, {"event": "mark"})
    assert journal.full and journal.seq < PAGES - 14
    journal.note(codes.FAULT, {"why": "log_full"})
    journal.close_segment(codes.TORN, 7, 3)
    assert booted(flash).seq == journal.seq


@pytest.mark.parametrize("what", ["open", "close"])
def test_a_cipher_that_fails_at_a_segments_entry_leaves_the_log_as_it_was(what):
    flash = enrolled()
    journal = booted(flash)
    journal.open_segment(bytes(16), 1, 0, bytearray(64))
    if what == "open":
        journal.close_segment(codes.SEAL, 7, 5)
    compose = journal._compose

    def fail(code, detail):
        journal._compose = compose
        raise Fault("crypto_error", "AES failed")

    journal._compose = fail
    with pytest.raises(Fault, match="crypto_error"):
        if what == "open":
            journal.open_segment(bytes(16), 2, 0, bytearray(64))
        else:
            journal.close_segment(codes.SEAL, 7, 5)
    journal.note(codes.FAULT, {"why": "crypto_error"})
    again = booted(flash)
    assert again.torn == (None if what == "open" else 7)
    assert (again.next_segment, again.recording) == (8, 1)
