"""A release from the station into the slots of the real firmware, over a pty."""

import hashlib
import json
import os
import pty
import threading
import time
import tty

import pyhsslms
import pytest
from fakecamera import FakeCamera, plug_in
from plugged import recorded

from bodycam.slots import Slots
from bodycam.update import Update
from tests.unit import dock_rig
from tools.dock.cli import Options
from tools.dock.custody import Chain, Entry
from tools.dock.docking import Docking, Stopped
from tools.dock.station import Station
from tools.dock.updating import Release
from tools.dock.vault import Vault
from tools.evidence import keyfiles
from tools.evidence.errors import InputError

FILES = {
    "board.mpy": b"M\x06board" * 40,
    "bodycam/app.mpy": b"M\x06app" * 2000,
    **{f"drivers/chip{n}.mpy": b"M\x06%d" % n * 30 for n in range(10)},
}


class Port:
    """The camera's serial port: a pty's master."""

    def __init__(self, master):
        self._master = master

    def readinto(self, buf):
        try:
            data = os.read(self._master, len(buf))
        except BlockingIOError:
            return 0
        buf[: len(data)] = data
        return len(data)

    def write(self, buf):
        buf = bytes(buf)
        while buf:
            try:
                buf = buf[os.write(self._master, buf) :]
            except BlockingIOError:
                time.sleep(0.001)

    def hold(self, on):
        pass


class Running:
    """The firmware's dock with two slots in `folder`, in a thread; `works` tells whether what it
    starts gets so far as to confirm. A context manager.
    """

    def __init__(self, folder, public, monkeypatch, works=True):
        self._folder, self._public, self.works = folder, public, works
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.port = os.ttyname(self._slave)
        monkeypatch.setattr(dock_rig, "Serial", lambda: Port(self._master))
        self.camera = dock_rig.enrolled()
        self.started, self.written = [], 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _boot(self):
        slots = Slots("rig", self._public, str(self._folder))
        self.started.append(slots.enter()[-2:])
        write = slots.write

        def counted(path, offset, data):
            self.written += len(data)
            return write(path, offset, data)

        slots.write = counted
        self.camera.update = Update(slots)
        self.camera.boot()
        if self.works:
            slots.confirm()

    def _run(self):
        self._boot()
        while not self._end.is_set():
            try:
                if self.camera.step():
                    time.sleep(0.001)
            except dock_rig.Restart:
                self._boot()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()
        os.close(self._slave)
        os.close(self._master)


@pytest.fixture(scope="module")
def key():
    return pyhsslms.LmsPrivateKey(pyhsslms.lms_sha256_m32_h5, pyhsslms.lmots_sha256_n32_w2)


@pytest.fixture
def camera(tmp_path, key, monkeypatch):
    (tmp_path / "flash").mkdir()
    with Running(tmp_path / "flash", key.publicKey().serialize(), monkeypatch) as running:
        yield running


@pytest.fixture
def station(tmp_path):
    image, _ = recorded(tmp_path / "keys.img", recordings=0)
    check = keyfiles.check_file(
        device=dock_rig.DEVICE, card=dock_rig.CARD_ID, epoch=3, name="rig",
        check=dock_rig.CHECK, viewers={},
    )  # fmt: skip
    (tmp_path / "keys.img.keys" / "check-rig.json").write_bytes(check)
    return Station([f"{image}.keys"])


def released(folder, key, number, board="rig"):
    """Make a release as `release sign` does; return its folder."""
    about = {name: [len(data), hashlib.sha256(data).hexdigest()] for name, data in FILES.items()}
    row = {"board": board, "version": "9", "number": number, "files": about}
    manifest = json.dumps(row).encode()
    signed = {"manifest.json": manifest, "manifest.lms": key.sign(manifest)}
    for name, data in {**FILES, **signed}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def docked(station, vault, port, release, progress=lambda report: None):
    """Return the report, and what the custody entries say of updates."""
    options = Options(release=Release(release))
    report = Docking(station, [Vault(vault)], port, options, progress).run()
    entries = [Entry(path.read_bytes()).words for path in Chain(station).paths()]
    return report, [words["update"]["result"] for words in entries if words["kind"] == "update"]


def said(report):
    return [line["what"] for line in report.findings if line["what"].startswith("update")]


def test_a_release_goes_into_the_other_slot_is_started_and_stays(tmp_path, key, camera, station):
    for number, slot in ((1, "/a"), (2, "/b")):
        release = released(tmp_path / str(number), key, number)
        report, results = docked(station, tmp_path / "v", camera.port, release)
        assert report.not_safe == [] and said(report) == []
        assert results == ["installed"] * number and camera.started[-1] == slot
        for name, data in FILES.items():
            assert (tmp_path / "flash" / slot[1:] / name).read_bytes() == data
    # What runs already is not sent again, and an older one is not taken.
    report, results = docked(station, tmp_path / "v", camera.port, tmp_path / "2")
    assert results == ["installed"] * 2 and said(report) == []
    report, results = docked(station, tmp_path / "v", camera.port, tmp_path / "1")
    assert results[2:] == ["update_refused"] and said(report) == ["update_refused"]
    assert report.not_safe == [] and camera.started == ["", "/a", "/b"]


def test_a_download_that_was_interrupted_goes_on_with_the_files_that_are_missing(
    tmp_path, key, camera, station
):
    release, all_bytes = released(tmp_path / "r", key, 1), sum(map(len, FILES.values()))

    def stop(report):
        if report.step == "update" and camera.written > 6000:
            raise Stopped

    report, results = docked(station, tmp_path / "v", camera.port, release, stop)
    assert [line["what"] for line in report.not_safe] == ["interrupted"] and results == []
    first = camera.written
    assert 6000 < first < all_bytes and camera.started == [""]
    report, results = docked(station, tmp_path / "v", camera.port, release)
    assert results == ["installed"] and camera.written < first + all_bytes
    assert camera.started == ["", "/a"]


def test_what_another_key_signed_is_not_taken(tmp_path, camera, station):
    other = pyhsslms.LmsPrivateKey(pyhsslms.lms_sha256_m32_h5, pyhsslms.lmots_sha256_n32_w2)
    release = released(tmp_path / "r", other, 1)
    report, results = docked(station, tmp_path / "v", camera.port, release)
    assert results == said(report) == ["update_refused"] and camera.started == [""]
    (line,) = [line for line in report.findings if line["what"] == "update_refused"]
    assert "not signed with this camera's release key" in line["en"] and camera.written == 0


def test_a_release_that_does_not_work_is_given_up_and_told(tmp_path, key, camera, station):
    camera.works = False
    boot = camera._boot

    def twice():  # its watchdog restarts it
        boot()
        if camera.started[-1]:
            boot()

    camera._boot = twice
    release = released(tmp_path / "r", key, 1)
    report, results = docked(station, tmp_path / "v", camera.port, release)
    assert results == said(report) == ["update_failed"]
    assert camera.started == ["", "/a", ""] and report.not_safe == []


def test_other_boards_and_cameras_without_slots_are_left_alone(tmp_path, key, camera, station):
    release = released(tmp_path / "r", key, 1, board="m5stack_cores3")
    report, results = docked(station, tmp_path / "v", camera.port, release)
    assert said(report) == ["update_board"] and results == [] and camera.written == 0
    image, _ = recorded(tmp_path / "a.img")
    master, slave = pty.openpty()
    tty.setraw(slave)
    plug_in(master, FakeCamera(image))
    release = released(tmp_path / "s", key, 1, board="fake")
    own = Station([f"{image}.keys"])
    report, results = docked(own, tmp_path / "v", os.ttyname(slave), release)
    assert said(report) == ["update_none"] and (results, report.released) == ([], 2)
    os.close(slave)
    os.close(master)


def test_a_release_that_is_not_whole_is_one_line(tmp_path, key):
    release = released(tmp_path / "r", key, 1)
    (release / "board.mpy").write_bytes(b"other")
    with pytest.raises(InputError, match="not the file that was signed"):
        Release(release)
    with pytest.raises(InputError, match="is no release"):
        Release(tmp_path)
