"""What must not be released is not, and the person at the station is told what to do."""

import json
import os
import pty
import shutil
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from fakecamera import FakeCamera, plug_in
from model_writer import with_end
from plugged import Plugged, begin, dock, is_blank, recorded, stored
from typer.testing import CliRunner

from tools import cli as tools_cli
from tools.dock import cli
from tools.dock.cli import Options
from tools.dock.custody import Chain, Entry
from tools.dock.display import closing
from tools.dock.docking import Docking
from tools.dock.epochs import given
from tools.dock.ledger import check
from tools.dock.parts import Part
from tools.dock.station import Station
from tools.dock.vault import Vault
from tools.evidence.verdict import verify


def docked(line, image, vault, camera=None, **options):
    """Dock in this process, with a camera in a thread, or the one "there" before; its report."""
    if camera != "there":
        camera = camera or FakeCamera(image)
        plug_in(line[0], camera)
    station = Station([f"{image}.keys"])
    return Docking(station, [Vault(vault)], line[1], Options(**options)).run()


def reasons(report):
    return [line["what"] for line in report.not_safe]


def change(image, model, n, b, at, to):
    with open(image, "r+b") as file:
        file.seek(model.at(n, b) + at)
        file.write(to)


def test_a_forged_block_keeps_its_recording_on_the_camera(tmp_path, line):
    image, model = recorded(tmp_path / "a.img")
    forged = model.blocks[1, 2]
    forged = with_end(forged[:9_000] + b"X" + forged[9_001:], bytes(32))
    change(image, model, 1, 2, 0, forged)
    report = docked(line, image, tmp_path / "v", release_damaged=True)
    assert reasons(report) == ["segment_bad"] and report.released == 1
    assert image.read_bytes()[model.at(1, 2) :][: len(forged)] == forged
    assert report.epoch == 1 and not list(tmp_path.rglob("check-*"))


def test_a_damaged_block_is_kept_until_somebody_decides(tmp_path, line):
    image, model = recorded(tmp_path / "a.img")
    change(image, model, 0, 3, 500, b"\0" * 100)
    report = docked(line, image, tmp_path / "v")
    assert reasons(report) == ["segment_bad"] and report.released == 1
    assert report.damaged_blocks == 1
    report = docked(line, image, tmp_path / "v", "there", release_damaged=True)
    assert reasons(report) == [] and report.released == 2
    assert is_blank(image, model.at(0))


def test_a_block_that_comes_wrong_once_is_asked_for_again(tmp_path, line):
    image, model = recorded(tmp_path / "a.img")
    camera = FakeCamera(image)
    camera.lies = {(0, 1), (1, 2)}
    report = docked(line, image, tmp_path / "v", camera)
    assert reasons(report) == [] and stored(tmp_path / "v", model) == model.blocks


def test_a_card_that_cannot_read_a_block_gives_all_others(tmp_path, line):
    image, model = recorded(tmp_path / "a.img")
    camera = FakeCamera(image)
    camera.unreadable = {(0, 2)}
    report = docked(line, image, tmp_path / "v", camera)
    assert reasons(report) == ["segment_bad"]
    assert stored(tmp_path / "v", model) == {**model.blocks, (0, 2): bytes(16_384)}


def test_a_download_goes_on_at_the_block_where_it_ended(tmp_path, line):
    image, model = recorded(tmp_path / "a.img", recordings=1, frames=12)
    blocks = max(b for _, b in model.blocks) + 1
    with Part(tmp_path / "a.img.keys" / "parts", model.device, 0, blocks) as part:
        for b in range(blocks - 2):
            part.write(b, model.blocks[0, b])
        part.write(1, b"torn by a power cut".ljust(16_384))
    report = docked(line, image, tmp_path / "v")
    assert reasons(report) == [] and report.done_bytes == 3 * 16_384
    assert stored(tmp_path / "v", model) == model.blocks


def test_a_camera_with_other_keys_is_told_apart(tmp_path, line):
    image, model = recorded(tmp_path / "a.img")
    model.check_seed = bytes(32)
    model.save_keys(f"{image}.keys")
    card = image.read_bytes()
    report = docked(line, image, tmp_path / "v")
    assert reasons(report) == ["stranger"] and image.read_bytes() == card


class Vanishing(FakeCamera):
    """Answers that many messages, and is gone."""

    def __init__(self, image, answers):
        super().__init__(image)
        self.answers = answers

    def answer(self, message):
        self.answers -= 1
        return super().answer(message) if self.answers >= 0 else None


class Nonsense(FakeCamera):
    """Answers each message with a map of nonsense."""

    def do(self, group, command, write, ask, body):
        return {"v": 1, "id": 5, "len": -1, "off": "0", "data": None, "m": "text", "e": []}


def test_what_ails_a_camera_is_said_in_plain_words_and_keeps_nothing_from_being_safe(
    tmp_path, line, capsys, monkeypatch
):
    monkeypatch.setattr("tools.dock.docking._USB_FACTOR", 1000)
    image, _ = recorded(tmp_path / "a.img")
    camera = FakeCamera(image)
    worn = {"cycles": 612, "fade_pct": 31, "resistance_pct": 240, "hot_full_h": 8}
    camera.ill = {
        "battery": {"pct": 50, **worn, "retire": ["cycles", "fade_pct", "resistance_pct"]},
        **{"lost": 3, "resets": 2, "warning": "battery_retire", "fault": "camera_missing"},
        **{"parts": ["ov2640: no answer at 0x30"]},
    }
    report = docked(line, image, tmp_path / "v", camera)
    assert reasons(report) == [] and report.released == 2
    closing([report], demonstration=False)
    said = capsys.readouterr().err
    for sentence in (
        "The battery is worn out, have it changed: charged 612 times, 31 % less capacity,",
        "Der Akku ist verbraucht und muss getauscht werden: 612-mal geladen, 31 % weniger",
        "Die Kamera hat seit dem Einschalten 3 Bilder verloren.",
        "The camera's watchdog has restarted it 2 times",
        "KB je Sekunde, aufgenommen werden",
        "The camera says: NO CAMERA: Take it to the station.",
        "Die Kamera meldet: ov2640: no answer at 0x30.",
    ):
        assert sentence in said
    entry = max((tmp_path / "v").rglob("custody/*/00000001*")).read_text()
    assert '"cycles": 612' in entry and '"resets": 2' in entry


def test_a_part_that_a_camera_does_not_have_is_said_once_and_in_plain_words(
    tmp_path, line, capsys
):
    image, _ = recorded(tmp_path / "a.img", recordings=1)
    camera = FakeCamera(image)
    parts = ["gauge: missing", "clock: missing", "[Errno 19] ENODEV: clock: missing"]
    parts += ["[Errno 19] tone: missing", "bm8563: missing"]
    camera.ill = {"warning": "gauge_missing", "parts": parts}
    closing([docked(line, image, tmp_path / "v", camera)], demonstration=False)
    said = [text.strip(" !") for text in capsys.readouterr().err.splitlines()]
    for german, english in (
        ("Akkuanzeige fehlt", "No battery gauge"),
        ("Uhr fehlt", "No clock"),
        ("Ton fehlt", "No sound"),
        ("BM8563 fehlt", "BM8563 missing"),
    ):
        assert said.count(f"Die Kamera meldet: {german}.") == 1
        assert said.count(f"The camera says: {english}.") == 1
    assert sum(text.startswith("Die Kamera meldet") for text in said) == 4


@pytest.mark.parametrize("answers", [0, 9])
def test_a_camera_that_goes_silent_is_one_plain_line(tmp_path, line, answers, monkeypatch):
    monkeypatch.setattr("tools.dock.session._BLOCK_TRIES_S", (0.1, 0.1))
    monkeypatch.setattr("tools.dock.session._TRIES", 2)
    monkeypatch.setattr("tools.dock.link._TRIES", 2)
    image, model = recorded(tmp_path / "a.img")
    card = image.read_bytes()
    report = docked(line, image, tmp_path / "v", Vanishing(image, answers))
    assert reasons(report) == ["link"] and image.read_bytes() == card
    assert report.not_safe[0]["en"].startswith(f"The camera on {line[1]} does not answer: put it")
    assert report.not_safe[0]["de"].startswith(f"Die Kamera an {line[1]} antwortet nicht: neu in")


def test_what_answers_nonsense_is_no_camera(tmp_path, line):
    image, _ = recorded(tmp_path / "a.img")
    report = docked(line, image, tmp_path / "v", Nonsense(image))
    assert reasons(report) == ["link"] and "no camera" in report.not_safe[0]["en"]


def test_a_vault_that_is_gone_keeps_everything_on_the_camera(tmp_path, line):
    image, _ = recorded(tmp_path / "a.img")
    card = image.read_bytes()
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "cameras").write_text("a file where a folder should be")
    report = docked(line, image, tmp_path / "v")
    assert reasons(report) == ["vault"] and image.read_bytes() == card


def test_what_somebody_forged_into_the_vault_takes_no_recordings_place(tmp_path, line):
    image, model = recorded(tmp_path / "a.img", recordings=1, frames=4)
    count = max(b for _, b in model.blocks) + 1
    blocks = [model.blocks[0, b] for b in range(count)]
    blocks[1] = with_end(blocks[1][:9_000] + b"X" + blocks[1][9_001:], bytes(32))
    place = f"cameras/{model.device.hex()}/000001"
    forged = Vault(tmp_path / "v").put(place, "segment-00000000", "bwl", b"".join(blocks))
    report = docked(line, image, tmp_path / "v")
    assert (reasons(report), report.released) == ([], 1)
    kept = [p for p in (tmp_path / "v" / place).glob("segment-*") if p.name not in forged]
    assert [p.read_bytes() for p in kept] == [b"".join(model.blocks[0, b] for b in range(count))]


def test_a_second_vault_that_loses_its_copy_before_the_release_gets_none(tmp_path, line):
    image, _ = recorded(tmp_path / "a.img", recordings=1, frames=4)
    card = image.read_bytes()
    plug_in(line[0], FakeCamera(image))

    def unplug(report):
        if report.step == "release":
            shutil.rmtree(tmp_path / "two", ignore_errors=True)

    vaults = [Vault(tmp_path / "one"), Vault(tmp_path / "two")]
    report = Docking(Station([f"{image}.keys"]), vaults, line[1], Options(), unplug).run()
    assert reasons(report) == ["vault"] and "two lost cameras/" in report.not_safe[0]["en"]
    assert image.read_bytes() == card


def test_control_c_ends_at_the_next_block_and_says_what_is_not_safe(tmp_path):
    image, model = recorded(tmp_path / "a.img", recordings=1, frames=24, size=166_000)
    with Plugged(image) as camera:
        words = "--port", camera.port, "--vault", tmp_path / "v", "--keys", f"{image}.keys"
        process = begin(*words)
        while not list(tmp_path.rglob("*.part")):
            time.sleep(0.01)
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=30)
        assert process.returncode == 130, said
        assert '"what": "interrupted"' in out and "Unterbrochen" in said
        (one,), _ = dock(*words)
    assert one["not_safe"] == [] and one["bytes"] < len(model.blocks) * 16_384
    assert stored(tmp_path / "v", model) == model.blocks


def test_control_c_while_the_command_starts_is_one_line(monkeypatch, capsys):
    def press(name):
        raise KeyboardInterrupt

    monkeypatch.setattr("tools.cli.importlib.import_module", press)
    assert tools_cli.run("tools", ["dock"]) == 130
    assert capsys.readouterr().err.strip() == "tools dock: interrupted"


def test_who_waits_for_a_camera_is_told_so_and_how_to_end_it(monkeypatch, capsys):
    run = cli._Run(None, [], Options())
    monkeypatch.setattr(cli.signal, "signal", lambda *_: None)
    monkeypatch.setattr(cli, "_cameras", lambda: run._stop.set() or [])
    assert run.found() == []
    said = capsys.readouterr().err
    assert "Strg-C beendet" in said and "Ctrl-C ends" in said


@pytest.fixture
def a_port():
    """A serial port with nothing on it."""
    ends = pty.openpty()
    yield os.ttyname(ends[1])
    for end in ends:
        os.close(end)


def test_what_a_person_types_wrong_is_one_line_and_leaves_nothing_behind(
    tmp_path, a_port, monkeypatch
):
    image, _ = recorded(tmp_path / "a.img", recordings=0)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    profile = tmp_path / "profile.json"
    profile.write_text("5")
    before = sorted(tmp_path.iterdir())
    keys = "--keys", f"{image}.keys"
    for words, said in (
        (("--vault", tmp_path / "v", "--keys", tmp_path / "none"), "there is no folder of keys"),
        (("--vault", "", *keys), "a vault has to be named"),
        (("--vault", f"{image}.keys/v", *keys), "lie in one folder"),
        (("--vault", image.parent, *keys), "lie in one folder"),
        (("--vault", "x", *keys, "--profile", profile), "is no profile: one is"),
        (("--vault", "ftp://x/y", *keys), "cannot be used as a vault"),
        (("--vault", tmp_path, "--vault", tmp_path, *keys), "name two vaults"),
        (("--vault", tmp_path, "--vault", f"{tmp_path}/x/..", *keys), "name two vaults"),
        (("--vault", "memory:///", *keys), "cannot be used as a vault"),
        (("--vault", tmp_path.as_uri(), *keys), "cannot be used as a vault"),
        (("--vault", "x", *keys, "--timestamp", "http://x"), "belong together"),
        (("--vault", "x", *keys, "--enrol", "ü" * 27), "a camera takes 52 bytes"),
        (("--vault", "s3://x/y", *keys), "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        (("--vault", tmp_path / "v", *keys, "--port", "/dev/nope"), "there is no port /dev/nope"),
        (("--vault", tmp_path / "v", *keys, "--port", "/dev/null"), "/dev/null is no serial port"),
        (("--vault", tmp_path / "v", *keys, "--port", profile), "is no serial port"),
        (("--vault", tmp_path / "v", *keys, "--port", tmp_path), "is no serial port"),
    ):
        done = CliRunner().invoke(cli.app, [*map(str, words), "--port", a_port])
        assert done.exit_code == 2 and said in " ".join(done.stderr.replace("│", " ").split())
    assert sorted(tmp_path.iterdir()) == before


def test_a_computer_without_the_time_sets_no_camera(tmp_path, a_port, monkeypatch):
    image, _ = recorded(tmp_path / "a.img", recordings=0)
    monkeypatch.setattr("tools.dock.cli.time", SimpleNamespace(time=lambda: 100))
    words = "--vault", tmp_path / "v", "--keys", f"{image}.keys", "--port", a_port
    done = CliRunner().invoke(cli.app, [*map(str, words)])
    assert done.exit_code == 2 and "clock is wrong" in done.stderr
    assert not (tmp_path / "v").exists()


@pytest.mark.parametrize(
    ("utc", "doubt"),
    [
        (lambda now_s: now_s + 90, "clock_behind"),
        (lambda now_s: now_s - 3 * 366 * 86_400, "clock_ahead"),
        (lambda now_s: now_s + 30, None),
        (lambda now_s: now_s - 366 * 86_400, None),
    ],
)
def test_a_clock_that_does_not_follow_the_custody_chain_sets_no_camera(tmp_path, line, utc, doubt):
    image, _ = recorded(tmp_path / "a.img", recordings=1, frames=2)
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(utc(time.time())))
    Chain(Station([f"{image}.keys"])).add("stored", {"utc": when})
    camera = FakeCamera(image)
    camera.set_to = []
    camera.time = lambda ask: camera.set_to.append(ask["utc"]) or {"step": 0, "chip": True}
    for again in (camera, "there"):
        report = docked(line, image, tmp_path / "v", again)
        found = [f["what"] for f in report.findings if f["what"].startswith("clock_")]
        assert (reasons(report), found) == ([], [doubt] if doubt else [])
    said = [Entry(p.read_bytes()).words.get("clock") for p in Path(tmp_path).glob("v/custody/*/*")]
    assert said.count("doubtful") == (len(said) - 1 if doubt else 0)
    assert bool(camera.set_to) == (not doubt)
    report = docked(line, image, tmp_path / "v", "there", clock_right=True)
    assert camera.set_to and report.findings == []
    camera.set_to.clear()
    report = docked(line, image, tmp_path / "v", "there")
    assert camera.set_to and report.findings == []


def test_enrolling_a_camera_that_is_enrolled_is_said(tmp_path, line):
    image, _ = recorded(tmp_path / "a.img", recordings=0)
    report = docked(line, image, tmp_path / "v", enrol="Streife 8")
    assert reasons(report) == [] and report.name == "CAM-1"
    assert [line["what"] for line in report.findings] == ["enrolled"]


# Segments of an earlier epoch ----------------------------------------------------------------


def test_a_log_without_room_for_releases_is_followed_by_the_next(tmp_path, line):
    image, model = recorded(tmp_path / "a.img")
    camera = FakeCamera(image)
    camera.full = True
    report = docked(line, image, tmp_path / "v", camera)
    assert (reasons(report), report.recordings, report.released) == ([], 2, 2)
    assert is_blank(image, model.at(0)) and stored(tmp_path / "v", model) == model.blocks
    assert camera.epoch == 3 and camera.released_to == camera.first == camera.next == 2
    assert check(Vault(tmp_path / "v")).findings == []


@pytest.fixture
def left_over(tmp_path, line):
    """A camera in its second epoch with two segments of its first: (image, model, camera). Vault
    `v` holds the first epoch's log and segment 0.
    """
    image, model = recorded(tmp_path / "a.img")
    camera = FakeCamera(image)
    camera.full, camera.ill = True, {"log_used": 9}
    report = docked(line, image, tmp_path / "v", camera)
    assert reasons(report) == ["log_full"] and report.released == 0
    next(Path(tmp_path, "v").rglob("segment-00000001-*")).unlink()
    pages = Station([f"{image}.keys"]).epoch(
        device=model.device, card=model.card, epoch=2, first=2, released=0, name="it", utc=1
    )
    camera.log.pages = [bytearray(pages[at : at + 256]) for at in range(0, len(pages), 256)]
    camera.log.save()
    camera.full, camera.ill = False, {}
    camera.boot()
    return image, model, camera


def kinds_of(vault):
    words = [Entry(p.read_bytes()).words for p in sorted(vault.rglob("custody/*/*.json"))]
    return [(one["kind"], one["camera"]["epoch"], one.get("verdict")) for one in words]


def test_what_an_earlier_epoch_left_is_judged_with_its_keys_and_log_and_released(
    tmp_path, line, left_over
):
    image, model, camera = left_over
    report = docked(line, image, tmp_path / "v", "there")
    assert (reasons(report), report.recordings, report.released) == ([], 2, 2)
    assert is_blank(image, model.at(0)) and stored(tmp_path / "v", model) == model.blocks
    assert ("stored", 1, "intact") in kinds_of(tmp_path / "v")[2:] and camera.epoch == 3
    found = verify(*given(f"{tmp_path}/v/cameras/{model.device.hex()}/000001"))
    assert (found["verdict"], found["complete"]) == ("intact", True)


def test_what_was_forged_in_an_earlier_epoch_stays_on_the_camera(tmp_path, line, left_over):
    image, model, camera = left_over
    forged = with_end(model.blocks[1, 2][:9_000] + b"X" + model.blocks[1, 2][9_001:], bytes(32))
    change(image, model, 1, 2, 0, forged)
    report = docked(line, image, tmp_path / "v", "there", release_damaged=True)
    assert (reasons(report), report.released) == (["segment_bad"], 1)
    assert not is_blank(image, model.at(1), 4 << 20) and is_blank(image, model.at(0), 4 << 20)
    # Released in the epoch before, and there is no entry for it: it is not missed.
    again = docked(line, image, tmp_path / "v", "there")
    assert reasons(again) == ["segment_bad"] and camera.epoch == 2


@pytest.mark.parametrize("lacks", ["earlier_keys", "earlier_log"])
def test_without_keys_or_log_of_an_earlier_epoch_all_is_copied_and_stays(
    tmp_path, line, left_over, lacks
):
    image, model, camera = left_over
    card, vault = image.read_bytes(), tmp_path / "v"
    if lacks == "earlier_keys":
        for path in Path(f"{image}.keys").glob("*.json"):
            if json.loads(path.read_text()).get("epoch") == 1:
                path.unlink()
    else:
        vault = tmp_path / "another"
    report = docked(line, image, vault, "there")
    assert reasons(report) == [lacks] and camera.epoch == 2
    assert image.read_bytes() == card and stored(vault, model) == model.blocks
    assert ("stored", 1, "digests only") in kinds_of(vault)
