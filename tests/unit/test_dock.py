"""The camera's end of the dock, with frames made by hand."""

import hashlib
import json
import struct
import zlib

import pytest

from bodycam import log
from tests.unit.dock_rig import (
    CARD_ID,
    CHECK,
    DEVICE,
    FIRST_LBA,
    PLACE_SECTORS,
    Camera,
    Restart,
    Station,
    docked,
    encoded,
    enrolled,
    framed,
    message,
)
from tools.evidence.enrol import epoch_log
from tools.evidence.primitives import Chain

UTC = 1_790_000_000


@pytest.fixture
def camera():
    return enrolled(segments=2)


def pages(**changes):
    """Return the first pages of a next epoch's log."""
    facts = {
        "device": DEVICE,
        "card": CARD_ID,
        "epoch": 4,
        "first": 2,
        "released": 2,
        "name": "rig",
        "utc": UTC,
        "read": b"r" * 32,
        "check": b"k" * 32,
        "recipients": [],
    }
    facts.update(changes)
    return epoch_log(**facts)[: 256 * (1 + len(facts["recipients"]))]


def entries(camera):
    found = []
    camera.log.visit(lambda code, detail: found.append((code, bytes(detail))))
    return found


# Standard groups


def test_an_echo_needs_no_session_and_leaves_the_stage(camera):
    station = Station(camera)
    assert station.ask(2, 0, 0, {"d": "hello"}) == {"r": "hello"}
    assert station.ask(0, 0, 6, {}) == {"buf_size": 2048, "buf_count": 1}
    assert camera.stage == "idle"


def test_a_segment_is_read_block_by_block_from_any_offset(camera):
    station = Station(camera)
    size = 3 * 16_384
    assert station.ask(0, 8, 1, {"name": "seg/1"}) == {"len": size}
    got, answer = b"", {}
    while len(got) < size:
        answer = station.ask(0, 8, 0, {"name": "seg/1", "off": len(got)})
        assert answer["off"] == len(got) and ("len" in answer) == (not got)
        got += answer["data"]
    expected = b"".join(hashlib.sha256(b"1 %d" % b).digest() * 512 for b in range(3))
    assert got == expected
    for off in (1, 16_383, 16_384, 40_000, size - 1, size):
        data = station.ask(0, 8, 0, {"name": "seg/1", "off": off})["data"]
        assert data == expected[off : (off // 16_384 + 1) * 16_384]
    whole = station.ask(0, 8, 2, {"name": "seg/1"})
    assert whole["output"] == hashlib.sha256(expected).digest() and whole["len"] == size
    part = station.ask(0, 8, 2, {"name": "seg/1", "type": "crc32", "off": 5, "len": 20_000})
    assert part["output"] == zlib.crc32(expected[5:20_005])


@pytest.mark.parametrize(
    "name", ["seg/2", "seg/01", "seg/", "seg/-1", "seg/1/", "../log", "log", "seg/99999999999", ""]
)
def test_there_are_no_other_names(camera, name):
    assert Station(camera).ask(0, 8, 1, {"name": name}) == {"rc": 5}
    assert Station(camera).ask(0, 8, 0, {"name": name, "off": 0}) == {"rc": 5}


def test_nothing_is_written_by_the_file_group(camera):
    body = {"name": "seg/0", "off": 0, "data": b"x", "len": 1}
    assert Station(camera).ask(2, 8, 0, body) == {"rc": 8}


@pytest.mark.parametrize("off", [-1, 3 * 16_384 + 1, 1 << 31, "0", None, True])
def test_an_offset_beyond_the_file_is_refused(camera, off):
    assert Station(camera).ask(0, 8, 0, {"name": "seg/0", "off": off}) == {"rc": 3}


@pytest.mark.parametrize(("event", "rc"), [("show", 10), ("record", 10), ("arm", 10)])
def test_segments_are_not_read_while_the_camera_is_at_work(camera, event, rc):
    camera.procedure.stages.post(event)
    assert Station(camera).ask(0, 8, 1, {"name": "seg/0"}) == {"rc": rc}


def test_what_the_camera_did_in_the_memory_of_a_block_is_not_handed_out(camera):
    station = Station(camera)
    asked = {"name": "seg/0", "off": 0}
    data = station.ask(0, 8, 0, asked)["data"]
    camera.wait(50)  # reads ahead
    for event in ("show", "hide"):
        camera.procedure.stages.post(event)
        camera.chips.scratch[:] = b"picture!" * 2048
    assert station.ask(0, 8, 0, asked)["data"] == data
    following = station.ask(0, 8, 0, {"name": "seg/0", "off": 16_384})["data"]
    assert len(following) == 16_384 and b"picture!" not in following


def test_a_digest_that_is_overtaken_by_a_recording_ends_and_touches_nothing(camera):
    station = Station(camera)
    read = camera.device.read

    def overtaken(lba, buf):
        camera.device.read = None  # nothing is read any more
        read(lba, buf)
        camera.procedure.stages.post("record")

    camera.device.read = overtaken
    assert station.ask(0, 8, 2, {"name": "seg/0"}) == {"rc": 10}


def test_a_block_that_cannot_be_read_is_an_error_and_the_next_one_is_not(camera):
    camera.device.bad.add(FIRST_LBA + 40)
    station = Station(camera)
    assert station.ask(0, 8, 0, {"name": "seg/0", "off": 16_384}) == {"rc": 1}
    assert len(station.ask(0, 8, 0, {"name": "seg/0", "off": 32_768})["data"]) == 16_384


# Framing


def test_what_is_no_frame_is_dropped_and_the_next_one_counts(camera):
    station = Station(camera)
    good = framed(message(2, 0, 0, encoded({"d": "x"})))
    noise = [
        b"\n\n\x06\n\x06\x09\n",
        b"\x04\x14AAAA\n",  # continues nothing
        b"\x06\x09" + b"A" * 300 + b"\n",  # too long
        good[:20] + b"\n",  # cut off
        good.replace(b"\x06\x09", b"\x06\x09AA", 1),
        bytes(range(256)),
        b"\x06\x09//8=\n" + b"\x04\x14" + b"A" * 124 + b"\n",  # promises 65,535 bytes
    ]
    for piece in noise:
        assert station.raw(b"\n" + piece + b"\n" + good) == station.raw(good), piece


def test_a_request_may_come_in_any_pieces(camera):
    station = Station(camera)
    body = encoded({"d": "x" * 900})
    frame = framed(message(2, 0, 0, body))
    whole = station.raw(frame)
    assert whole[0][8:] == encoded({"r": "x" * 900})
    for at in range(len(frame)):
        got = station.raw(frame[at : at + 1])
        assert got == ([] if at < len(frame) - 1 else whole)


def test_a_version_1_client_is_answered_in_version_1(camera):
    request = bytearray(message(2, 0, 0, encoded({"d": ""})))
    request[0] = 2
    (answer,) = Station(camera).raw(framed(bytes(request)))
    assert answer[0] == 3


# Session


def test_a_station_with_the_key_docks_the_camera_and_a_cable_does_not(camera):
    camera.wait(5000)
    assert camera.stage == "idle"
    station = Station(camera, CHECK)
    hello = station.authenticate()
    assert camera.stage == "docked" and camera.usb.held
    assert (hello["id"], hello["e"], hello["card"]) == (DEVICE, 3, CARD_ID)
    assert (hello["first"], hello["next"], hello["rel"], hello["places"]) == (0, 2, 0, 4)


def test_a_wrong_key_is_refused_later_and_later_and_noted(camera):
    thief, waits = Station(camera, b"?" * 32), []
    for _ in range(9):
        thief.hello()
        assert thief.ask(2, 64, 1, {"m": thief.mac(b"station")}) == {"rc": 11}
        start = camera.time.now_ms
        while thief.ask(2, 64, 1, {"m": bytes(16)}) == {"rc": 10}:
            camera.time.now_ms += 100
        waits.append(round((camera.time.now_ms - start) / 1000))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    noted = [json.loads(detail) for code, detail in entries(camera) if code == log.WARNING]
    assert [(row["why"], row["detail"]) for row in noted] == [
        ("dock_refused", str(n)) for n in (1, 2, 4, 8)
    ]
    assert Station(camera).ask(0, 8, 1, {"name": "seg/0"}) == {"len": 3 * 16_384}
    assert camera.stage == "idle"
    docked(camera)


def test_a_hello_is_good_for_one_auth(camera):
    station = docked(camera)
    assert station.ask(2, 64, 1, {"m": station.mac(b"station")}) == {"rc": 11}


def test_a_recorded_docking_opens_nothing_later(camera):
    """The camera's nonce and key are new each time."""
    station = Station(camera, CHECK)
    station.hello()
    proof = {"m": station.mac(b"station")}
    station.ask(2, 64, 1, proof)
    station.ask(2, 64, 0, station.sent)
    assert station.ask(2, 64, 1, proof) == {"rc": 11}


def test_a_counter_is_used_once(camera):
    station = docked(camera)
    frame = station.request(3, {"utc": UTC})
    assert "b" in station.ask(2, 64, 3, frame)
    assert station.ask(2, 64, 3, frame) == {"rc": 11}
    assert station.ask(2, 64, 3, station.request(3, {"utc": UTC}, counter=1)) == {"rc": 11}


def test_a_command_without_its_mac_does_nothing(camera):
    station = docked(camera)
    body = {"c": 9, "b": encoded({"utc": UTC}), "m": bytes(16)}
    assert station.ask(2, 64, 3, body) == {"rc": 11}
    assert camera.clock.trust == 0 and camera.rtc.utc_s is None
    # Nor does that of another command.
    right = station.request(3, {"utc": UTC})
    assert station.ask(2, 64, 7, right) == {"rc": 11}


def test_the_session_ends_with_the_cable_and_after_a_minute_of_silence(camera):
    for end in ("cable", "silence"):
        station = docked(camera)
        camera.cable = end != "cable"
        camera.wait(5000 if end == "cable" else 61_000)
        camera.cable = True
        assert camera.stage == "idle" and not camera.usb.held
        assert station.command(7, {}) == 11
        assert station.ask(0, 8, 1, {"name": "log"}) == {"rc": 5}


def test_a_recording_is_not_ended_by_a_station(camera):
    camera.procedure.stages.post("record")
    station = Station(camera, CHECK)
    station.hello()
    assert station.ask(2, 64, 1, {"m": station.mac(b"station")}) == {"rc": 10}
    assert camera.stage == "recording"


def test_a_camera_that_was_at_fault_restarts_when_it_leaves_the_dock(camera):
    camera.procedure.stages.post("fault")
    docked(camera)
    assert camera.stage == "docked"
    with pytest.raises(Restart):
        camera.wait(62_000)


# Commands


def test_the_log_is_handed_out_without_its_keys(camera):
    station = docked(camera)
    size = station.ask(0, 8, 1, {"name": "log"})["len"]
    assert size == camera.log.used_pages * 256
    data = station.ask(0, 8, 0, {"name": "log", "off": 0})["data"]
    memory = bytes(camera.flash.memory[:size])
    for at in range(0, size, 256):
        assert data[at : at + 164] == memory[at : at + 164]
        assert not any(data[at + 164 : at + 232])
    assert any(memory[size - 256 + 164 : size - 256 + 228])


def test_a_released_segment_is_erased_entered_and_gone(camera):
    station = docked(camera)
    assert station.release(0) == {"n": 0, "fill": 0}
    assert not [lba for lba in camera.device.content if FIRST_LBA <= lba < FIRST_LBA + 8192]
    assert station.ask(0, 8, 1, {"name": "seg/0"}) == {"rc": 5}
    code, detail = entries(camera)[-1]
    assert code == log.RELEASED and len(detail) == 56 and detail[-16:] == b"t" * 16
    assert struct.unpack_from("<II", detail) == (0, 3)
    count = len(entries(camera))
    assert station.release(0) == {"n": 0, "fill": 0}  # heard again: erased again, not entered
    assert len(entries(camera)) == count
    assert station.ask(0, 8, 1, {"name": "seg/1"}) == {"len": 3 * 16_384}


@pytest.mark.parametrize(
    ("changes", "rc"),
    [
        ({"n": 2}, 5),
        ({"n": 1 << 31}, 5),
        ({"n": -1}, 3),
        ({"blocks": 2}, 9),
        ({"blocks": 4}, 9),
        ({"digest": bytes(32)}, 9),
        ({"digest": bytes(31)}, 3),
        ({"token": b""}, 3),
        ({"blocks": 0, "digest": bytes(32)}, 3),
    ],
)
def test_what_is_not_stored_is_not_released(camera, changes, rc):
    station, before = docked(camera), dict(camera.device.content)
    count = len(entries(camera))
    more = {"n": 0, **changes}
    assert station.release(**more) == rc
    assert camera.device.content == before and len(entries(camera)) == count


def test_an_unreadable_block_counts_as_zeros_and_an_erase_that_fails_is_told(camera):
    station = docked(camera)
    camera.device.bad.add(FIRST_LBA + 63)
    assert station.release(0) == 1  # entered, erased, and not read back
    camera.device.bad.clear()
    assert station.release(0) == {"n": 0, "fill": 0}


def test_another_card_is_neither_read_nor_released_and_the_next_epoch_may_have_it(camera):
    camera.device.put(2048, Camera(card_id=b"x" * 16).device.content[2048])
    camera.boot()
    station = docked(camera)
    assert station.ask(0, 8, 1, {"name": "seg/0"}) == {"rc": 6}
    assert station.release(0) == 6
    digest = change(station, card=b"x" * 16)
    with pytest.raises(Restart):
        station.command(5, {"d": digest})
    camera.boot()
    assert (camera.log.epoch, camera.log.released, camera.log.card_id) == (4, 2, b"x" * 16)
    assert camera.stage == "idle"


def test_time_is_set_in_clock_and_chip_and_entered(camera):
    station = docked(camera)
    assert station.command(3, {"utc": UTC}) == {"step": None, "chip": True}
    assert station.command(3, {"utc": UTC + 60})["step"] == 60
    assert camera.clock.trust == 2 and camera.rtc.utc_s == UTC + 60
    assert station.command(3, {"utc": 5}) == 3
    assert [code for code, _ in entries(camera)].count(log.CLOCK) == 2


def test_a_profile_is_checked_and_stored_whole(camera, tmp_path):
    camera.profile_path = str(tmp_path / "profile.json")
    station = docked(camera)
    text = json.dumps({"name": "nrw_order_service", "changes": {"tone_pct": 30}})
    assert station.command(6, {"p": text}) == {"d": hashlib.sha256(text.encode()).digest()}
    for wrong in ("{}", "[]", "x", '{"name": "no", "changes": {}}', text.replace("30", "300")):
        assert station.command(6, {"p": wrong}) == 3
        assert (tmp_path / "profile.json").read_text() == text


def test_the_self_test_counts_and_measures(camera):
    answer = docked(camera).command(7, {})
    assert answer["boots"] == 1 and answer["resets"] == 0 and answer["lost"] == 0
    assert answer["battery"] == camera.battery and len(answer["read_us"]) == 2
    assert answer["log_pages"] == 112 and answer["log_used"] == camera.log.used_pages
    assert answer["parts"] == []


def test_the_longest_self_test_is_answered(camera):
    camera.chips.troubles = ["ov2640: no answer at 0x30, or another chip" * 2] * 20
    keys = ("pct", "minutes", "mohm", "cycles", "full_h", "hot_full_h", "resistance_pct")
    camera.battery = {key: (1 << 31) - 1 for key in keys}
    camera.battery.update({"use": [65_535] * 10, "retire": list(keys), "fade_pct": 99})
    answer = docked(camera).command(7, {})
    assert answer["battery"] == camera.battery
    assert len(answer["parts"]) == 6 and {len(text) for text in answer["parts"]} == {40}


def test_an_update_is_passed_on_or_unknown(camera):
    station = docked(camera)
    assert station.command(8, {"do": 0}) == 8
    camera.update = lambda body: {"took": body["do"]}
    assert station.command(8, {"do": 0}) == {"took": 0}


# Epoch


def change(station, **changes):
    """Put a next epoch aside; return its digest, or the refusal."""
    answer = station.command(4, {"p": station.wrapped(pages(**changes))})
    return answer["d"] if isinstance(answer, dict) else answer


def test_an_epoch_counts_from_its_confirmation(camera):
    station = docked(camera)
    digest = change(station)
    camera.boot()
    assert camera.log.epoch == 3 and camera.kept == b""  # not confirmed: the old one goes on
    station = docked(camera)
    assert station.command(5, {"d": digest}) == 6  # and what was put aside is forgotten
    digest = change(station)
    with pytest.raises(Restart):
        station.command(5, {"d": digest})
    camera.boot()
    assert json.loads(camera.kept) == {"use": camera.learned}
    assert (camera.log.epoch, camera.log.first, camera.log.released) == (4, 2, 2)
    assert camera.stage == "idle"
    again = Station(camera, Chain(b"k" * 32).at(1), at=1)
    assert again.authenticate()["e"] == 4
    assert camera.stage == "docked"


def test_a_confirmation_that_cannot_be_read_back_ends_the_old_epoch_too(camera, monkeypatch):
    station = docked(camera)
    digest = change(station)
    flash, mark = camera.flash, camera.flash.size_bytes - 4096 + 3840
    program, read, marked = flash.program, flash.read, []

    def programs(at, buf):
        program(at, buf)
        marked.extend([at] if at == mark else [])

    def reads(at, buf):
        if at == mark and marked.pop():
            raise OSError(5, "flash")
        read(at, buf)

    monkeypatch.setattr(flash, "program", programs)
    monkeypatch.setattr(flash, "read", reads)
    with pytest.raises(Restart):
        station.command(5, {"d": digest})


@pytest.mark.parametrize(
    "changes",
    [
        {"epoch": 3},
        {"epoch": 5},
        {"device": b"x" * 16},
        {"card": b"x" * 16},
        {"first": 1, "released": 1},
        {"released": 3},
        {"first": 7, "released": 2},
    ],
)
def test_an_epoch_that_does_not_follow_is_refused(camera, changes):
    assert change(docked(camera), **changes) == 3


def test_pages_that_are_no_log_are_refused(camera):
    station, right = docked(camera), pages()
    for at in (0, 4, 8, 14, 60, 150, 161, 170, 228, 233):
        wrong = bytearray(right)
        wrong[at] ^= 1
        assert station.command(4, {"p": station.wrapped(wrong)}) == 3, at
    for wrong in (b"", right[:255], right * 4):
        assert station.command(4, {"p": wrong}) == 3
    assert station.command(5, {"d": bytes(32)}) == 6


def test_a_fresh_camera_is_enrolled_with_the_key_that_everybody_knows():
    camera = Camera().boot()
    assert camera.stage == "fault"
    station = Station(camera)
    hello = station.authenticate()
    assert (hello["id"], hello["e"], hello["s"], hello["card"]) == (b"", 0, 0, CARD_ID)
    digest = change(station, epoch=1, first=0, released=0)
    with pytest.raises(Restart):
        station.command(5, {"d": digest})
    camera.boot()
    assert (camera.log.epoch, camera.log.device_id, camera.stage) == (1, DEVICE, "idle")
    assert Station(camera).hello()["id"] == DEVICE
    thief = Station(camera)
    thief.hello()
    assert thief.ask(2, 64, 1, {"m": thief.mac(b"station")}) == {"rc": 11}


def test_a_camera_whose_log_is_damaged_is_not_taken_for_a_fresh_one(camera):
    camera.flash.memory[0] = 0
    camera.boot()
    assert camera.fault == "not_enrolled"
    assert Station(camera).hello() == {"rc": 6}


def test_segments_of_an_earlier_epoch_are_read_and_released_without_an_entry(camera):
    station = docked(camera)
    digest = change(station, released=0)
    with pytest.raises(Restart):
        station.command(5, {"d": digest})
    camera.boot()
    station = Station(camera, Chain(b"k" * 32).at(1), at=1)
    station.authenticate()
    assert station.ask(0, 8, 1, {"name": "seg/1"}) == {"len": 256 * 16_384}
    assert station.release(1, 3, bytes(16)) == {"n": 1, "fill": 0}
    assert log.RELEASED not in [code for code, _ in entries(camera)]
    assert PLACE_SECTORS == camera.device.erased
