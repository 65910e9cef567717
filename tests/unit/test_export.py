"""Exports: pictures bit for bit, a derivative to view, a manifest that anyone can check."""

import io
import json
import subprocess
import sys
import wave
from hashlib import sha256

import av
import pytest
from av.video.reformatter import ColorRange, Colorspace
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from model_writer import AUDIO, Camera
from PIL import Image
from typer.testing import CliRunner

from tools import cli as tools
from tools.evidence import cli, standalone
from tools.evidence.case import beside
from tools.evidence.errors import InputError
from tools.evidence.export import export
from tools.evidence.video import Derivative, jpeg_size


def jpegs(number, size=(160, 120)):
    """Real pictures, each of another grey."""
    made = []
    for i in range(number):
        file = io.BytesIO()
        Image.new("RGB", size, (10 * i,) * 3).save(file, "JPEG", quality=80)
        made.append(file.getvalue())
    return made


@pytest.fixture(scope="module")
def pictures():
    made = jpegs(24)
    assert len(set(made)) == 24 and jpeg_size(made[0]) == (160, 120)
    return made


@pytest.fixture
def day(tmp_path, pictures):
    """Two recordings: one over two segments with pictures from before, one torn; both real."""
    camera = Camera()
    camera.uptime_ms = (1 << 30) - 900
    camera.start_recording()
    camera.start_segment()
    camera.event({"event": "start", "why": "record"})
    camera.frame(pictures[0], pre=True)
    camera.tick(125)
    for picture in pictures[1:10]:
        camera.frame(picture)
        camera.tick(125)
    camera.event({"event": "mark"})
    camera.frame(pictures[10], split=500)
    camera.seal(reason=2)
    camera.start_segment()
    camera.tick(125)
    camera.gap(lost=2)
    camera.frame(pictures[11])
    camera.seal()
    camera.start_recording()
    camera.start_segment(trust=0)
    for picture in pictures[12:24]:
        camera.frame(picture)
        camera.tick(200)
    camera.flush()
    camera.cut()
    camera.path = camera.save(tmp_path / "card.img")
    camera.out = tmp_path / "out"
    return camera


def run_verify(folder):
    script = folder / "verify.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert done.stderr == ""
    return done.returncode, done.stdout


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text("utf-8"))


# What comes out ------------------------------------------------------------------------------


def test_the_files_are_those_that_are_returned(day):
    files = export(day.path, day.out, *beside(day.path))
    assert {file["path"] for file in files} == {str(path) for path in day.out.iterdir()}
    for file in files:
        with open(file["path"], "rb") as one:
            assert sha256(one.read()).hexdigest() == file["sha256"]
        assert set(file) == {"path", "sha256", "frames", "duration_ms"}
    films = [(f["path"].rsplit("/", 1)[-1], f["frames"]) for f in files if f["frames"]]
    assert films == [
        ("recording-0001.mkv", 12),
        ("recording-0001.derivative.mp4", 12),
        ("recording-0002.mkv", 12),
        ("recording-0002.derivative.mp4", 12),
    ]


def test_the_mkv_holds_every_picture_bit_for_bit_at_its_time(day, pictures):
    export(day.path, day.out, *beside(day.path))
    with av.open(str(day.out / "recording-0001.mkv")) as film:
        assert [stream.type for stream in film.streams] == ["video", "subtitle"]
        packets = [(p.stream.type, p.pts, bytes(p)) for p in film.demux() if p.size]
    shown = [packet for packet in packets if packet[0] == "video"]
    assert [data for _, _, data in shown] == pictures[:12]
    assert [pts for _, pts, _ in shown] == [125 * i for i in range(10)] + [1250, 1375]
    captions = [data.decode() for kind, _, data in packets if kind == "subtitle"]
    assert captions == [
        "2026-06-01 06:00:00 UTC (clock set by a station)\nMODEL-7, recording 1",
        "2026-06-01 06:00:01 UTC (clock set by a station)\nMODEL-7, recording 1",
    ]


def test_a_clock_that_was_not_set_is_not_invented(day):
    export(day.path, day.out, *beside(day.path))
    with av.open(str(day.out / "recording-0002.mkv")) as film:
        captions = [bytes(packet).decode() for packet in film.demux(subtitles=0)]
    assert captions[0].startswith("00:00 since the start (clock not set)")
    _, torn = manifest(day.out)["recordings"]
    assert (torn["start_utc"], torn["trust"]) == (None, "clock not set")


def test_the_mp4_plays_anywhere_and_says_what_it_is(day):
    export(day.path, day.out, *beside(day.path))
    path = day.out / "recording-0001.derivative.mp4"
    with av.open(str(path)) as film:
        (stream,) = film.streams
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height) == (160, 120)
        assert "DERIVATIVE" in film.metadata["title"]
        assert "not" not in film.metadata["title"] and "evidence" in film.metadata["comment"]
        times = [round(frame.time * 1000) for frame in film.decode(video=0)]
    assert times == [125 * i for i in range(10)] + [1250, 1375]
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_the_mp4_is_as_dark_and_as_light_as_the_pictures(tmp_path):
    """A JPEG's luma runs from 0 to 255, a film's from 16 to 235; players cut what is beyond."""
    greys = (0, 8, 16, 128, 240, 255)
    film = Derivative(tmp_path / "film.mp4", "title", "comment")
    for i, grey in enumerate(greys):
        file = io.BytesIO()
        Image.new("RGB", (160, 120), (grey,) * 3).save(file, "JPEG", quality=80)
        film.picture(125 * i, file.getvalue())
    film.close()
    with av.open(str(tmp_path / "film.mp4")) as made:
        context = made.streams.video[0].codec_context
        assert (context.color_range, context.colorspace) == (ColorRange.MPEG, Colorspace.ITU601)
        shown = [int(frame.to_ndarray(format="rgb24").mean()) for frame in made.decode(video=0)]
    assert all(abs(one - grey) <= 2 for one, grey in zip(shown, greys, strict=True)), shown


def test_events_are_told_with_their_times(day):
    export(day.path, day.out, *beside(day.path))
    events = json.loads((day.out / "recording-0001.events.json").read_text())
    assert [(event["t_ms"], event["event"]) for event in events] == [
        (0, "start"),
        (1250, "mark"),
        (1375, "gap"),
    ]
    assert events[0]["at_utc"] == "2026-06-01T06:00:00Z"
    assert events[2]["lost"] == 2


def test_sound_is_kept_as_it_was(tmp_path, pictures):
    camera = Camera()
    camera.start_recording()
    camera.start_segment()
    camera.frame(pictures[0])
    camera.tick(40)
    camera.add(AUDIO, bytes(range(256)) * 4)
    camera.add(AUDIO, bytes(range(256)) * 4)
    camera.seal()
    card = camera.save(tmp_path / "card.img")
    export(card, tmp_path / "out", *beside(card))
    with wave.open(str(tmp_path / "out" / "recording-0001.wav")) as sound:
        assert sound.getparams()[:4] == (1, 2, 16_000, 1024)
        assert sound.readframes(1024) == bytes(range(256)) * 8
    assert manifest(tmp_path / "out")["recordings"][0]["sound_from_ms"] == 40


def test_a_picture_that_cannot_be_decoded_is_kept_and_left_out_of_the_derivative(
    tmp_path, pictures
):
    camera = Camera()
    camera.start_recording()
    camera.start_segment()
    for picture in (b"no picture at all", pictures[0], b"\xff\xd8\xff", pictures[1]):
        camera.frame(picture)
        camera.tick(100)
    camera.seal()
    card = camera.save(tmp_path / "card.img")
    files = export(card, tmp_path / "out", *beside(card))
    frames = {f["path"].rsplit(".", 1)[-1]: f["frames"] for f in files if f["frames"]}
    assert frames == {"mkv": 4, "mp4": 2}
    assert manifest(tmp_path / "out")["recordings"][0]["not_decodable"] == 2
    assert run_verify(tmp_path / "out")[0] == 0


def test_a_recording_without_pictures_has_its_events(tmp_path):
    camera = Camera()
    camera.start_recording()
    camera.start_segment()
    camera.event({"event": "start"})
    camera.seal()
    card = camera.save(tmp_path / "card.img")
    files = export(card, tmp_path / "out", *beside(card))
    assert [f["frames"] for f in files] == [0] * len(files)
    assert (tmp_path / "out" / "recording-0001.events.json").exists()
    assert run_verify(tmp_path / "out")[0] == 0


# The manifest --------------------------------------------------------------------------------


def test_the_manifest_says_what_was_found_with_which_keys(day, pictures):
    export(day.path, day.out, *beside(day.path))
    words = manifest(day.out)
    assert words["verification"]["verdict"] == "torn-tail"
    assert words["card"]["card_id"] == day.card.hex()
    assert words["card"]["camera"] == "MODEL-7"
    assert words["keys"]["read_with"][0].startswith("agency ")
    assert words["keys"]["check_used"] is True
    first, torn = words["recordings"]
    assert (first["state"], torn["state"]) == ("sealed", "torn-tail")
    assert (first["gaps"], first["pictures_lost"]) == (1, 2)
    assert first["start_utc"] == "2026-06-01T06:00:00Z"
    assert [frame["sha256"] for frame in first["frames"]] == [
        sha256(picture).hexdigest() for picture in pictures[:12]
    ]
    assert [frame.get("pre_event", False) for frame in first["frames"]] == [True] + [False] * 11
    assert "ends without a seal" in torn["findings"][0]["what"]
    roles = {file["path"]: file["role"] for file in words["files"]}
    assert roles["recording-0001.mkv"] == "master"
    assert roles["recording-0001.derivative.mp4"] == "derivative"


def test_the_station_signed_the_manifest(day):
    export(day.path, day.out, *beside(day.path))
    words = json.loads((day.out / "manifest.sig").read_text())
    public = bytes.fromhex(words["public_key"])
    assert public == day.export.public_key().public_bytes_raw()
    key = Ed25519PublicKey.from_public_bytes(public)
    key.verify(bytes.fromhex(words["signature"]), (day.out / "manifest.json").read_bytes())


def test_without_a_signing_key_it_is_said(day, tmp_path):
    day.save_keys(tmp_path / "viewer", ["recovery"])
    export(day.path, day.out, f"{day.path}.camera", [tmp_path / "viewer"])
    assert not (day.out / "manifest.sig").exists()
    status, said = run_verify(day.out)
    assert status == 0 and "not signed" in said
    assert manifest(day.out)["verification"]["authenticated"] is False


# Anyone can check it -------------------------------------------------------------------------


def test_the_checker_needs_the_standard_library_only(day):
    export(day.path, day.out, *beside(day.path))
    isolated = [sys.executable, "-S", "-E", "verify.py"]
    done = subprocess.run(isolated, cwd=day.out, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "signature was NOT checked" in done.stdout
    assert "All 7 files and 24 pictures are as they were exported." in done.stdout


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_the_checker_says_how_it_is_used(word):
    script = [sys.executable, standalone.__file__, word]
    done = subprocess.run(script, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: python3 verify.py [FOLDER]")


def test_the_checker_names_what_was_changed(day, capsys):
    export(day.path, day.out, *beside(day.path))
    assert run_verify(day.out)[0] == 0
    film = day.out / "recording-0001.mkv"
    whole = film.read_bytes()

    def said(name, data):
        (day.out / name).write_bytes(data)
        assert standalone.main(day.out) == 1
        return capsys.readouterr().out

    at = whole.index(b"\xff\xd8\xff", len(whole) // 2) + 200
    flipped = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
    text = said("recording-0001.mkv", flipped)
    assert "recording-0001.mkv was changed" in text
    assert "is not the one that the camera sealed" in text
    assert "pictures" in said("recording-0001.mkv", whole[: len(whole) // 2])
    film.unlink()
    assert standalone.main(day.out) == 1
    assert "recording-0001.mkv is missing" in capsys.readouterr().out
    film.write_bytes(whole)
    assert standalone.main(day.out) == 0
    words = (day.out / "manifest.json").read_bytes()
    assert "changed after it was signed" in said(
        "manifest.json", words.replace(b"MODEL", b"OTHER")
    )
    assert "cannot be read" in said("manifest.json", b"{")


# What is refused -----------------------------------------------------------------------------


def test_without_a_viewing_key_nothing_is_exported(day, tmp_path):
    day.save_keys(tmp_path / "check", ["station", "export"])
    with pytest.raises(InputError, match="give its folder with --keys"):
        export(day.path, day.out, f"{day.path}.camera", [tmp_path / "check"])
    other = Camera(seed=5)
    other.save_keys(tmp_path / "other", ["agency"])
    with pytest.raises(InputError, match="give the right folder|belongs to this card"):
        export(day.path, day.out, f"{day.path}.camera", [tmp_path / "check", tmp_path / "other"])
    assert not day.out.exists()


def test_an_empty_card_has_nothing_to_export(tmp_path):
    card = Camera().save(tmp_path / "card.img")
    with pytest.raises(InputError, match="no recording"):
        export(card, tmp_path / "out", *beside(card))


def test_damage_is_refused_unless_it_is_allowed(day, pictures):
    with open(day.path, "r+b") as file:
        file.seek(day.at(0, 1) + 700)
        file.write(b"damage")
    with pytest.raises(InputError, match="damaged .* Block 1 of segment 0 .* --allow-damaged"):
        export(day.path, day.out, *beside(day.path))
    assert not day.out.exists()
    export(day.path, day.out, *beside(day.path), allow_damaged=True)
    words = manifest(day.out)
    assert words["verification"]["verdict"] == "damaged"
    first, _ = words["recordings"]
    assert first["state"] == "damaged"
    hashes = [sha256(picture).hexdigest() for picture in pictures]
    assert 0 < len(first["frames"]) < 12
    assert {frame["sha256"] for frame in first["frames"]} <= set(hashes)
    assert run_verify(day.out)[0] == 0


def test_an_export_never_mixes_with_what_is_there(day):
    day.out.mkdir()
    export(day.path, day.out, *beside(day.path))
    with pytest.raises(InputError, match="already there"):
        export(day.path, day.out, *beside(day.path))


def test_a_failed_export_leaves_nothing(day, monkeypatch):
    from tools.evidence import video

    def failing(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(video.Derivative, "close", failing)
    with pytest.raises(InputError, match="cannot write .*No space left"):
        export(day.path, day.out, *beside(day.path))
    assert not day.out.exists()
    assert not list(day.out.parent.glob(".out*"))


def test_a_card_that_changes_between_two_readings_is_refused(day, monkeypatch):
    from tools.evidence import export as module

    real = module.examine

    def examine(case, progress):
        readings = real(case, progress)
        with open(day.path, "r+b") as file:
            file.seek(day.at(0, 1) + 700)
            file.write(b"damage")
        return readings

    monkeypatch.setattr(module, "examine", examine)
    with pytest.raises(InputError, match="gave other data for segment 0"):
        export(day.path, day.out, *beside(day.path))


def test_the_command_prints_the_files(day, capsys):
    done = CliRunner().invoke(cli.app, ["export", str(day.path), str(day.out), "--json"])
    assert done.exit_code == 0 and done.stderr == ""
    files = json.loads(done.stdout)["files"]
    assert sum(file["frames"] for file in files if file["path"].endswith(".mkv")) == 24
    assert tools.run("tools", ["card", "export", str(day.path), str(day.out)]) == 2
    assert "already there" in capsys.readouterr().err
