"""The station against the real firmware: `sim --serve` on MicroPython's unix port."""

import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from plugged import dock, environment

from bodycam import VERSION
from tools.bootstrap import ROOT
from tools.dock.custody import Entry
from tools.dock.epochs import given
from tools.dock.link import BLOCK, Link
from tools.dock.session import Session
from tools.evidence import card
from tools.evidence.keyring import Keyring
from tools.evidence.verdict import verify
from tools.sim import serve

SCRIPT = """
0:00 boot
0:02 press
+1 press twice
+40 hold 3
+1 press
+2 end
"""
SIM = [sys.executable, str(ROOT / "tools"), "sim"]


def simulated(folder, image, *options):
    """Let the camera of `image` record by SCRIPT."""
    (folder / "script").write_text(SCRIPT)
    record = [*SIM, "--headless", "--script", folder / "script", "--card", image, *options]
    subprocess.run(record, env=environment(), check=True, capture_output=True, timeout=90)


@contextmanager
def plugged_in(image):
    """The camera of `image` in its dock, in real time: its port."""
    process = subprocess.Popen(
        [*SIM, "--serve", "--card", image],
        env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    yield process.stdout.readline().split()[1].decode()
    process.communicate(timeout=20)


@pytest.fixture
def served(tmp_path, seed):
    """A camera that recorded, docked: (image, port)."""
    image = tmp_path / "a.img"
    card.new(image, 64 << 20, seed)
    simulated(tmp_path, image)
    with plugged_in(image) as port:
        yield image, port


def test_a_fresh_camera_is_enrolled_through_the_dock_and_records(tmp_path, seed):
    image, keys = tmp_path / "a.img", tmp_path / "keys"
    card.new(image, 64 << 20, seed)
    log = Path(f"{image}.camera", "log.bin")
    log.write_bytes(b"\xff" * log.stat().st_size)
    run = [sys.executable, str(ROOT / "tools"), "keys", "new", str(keys)]
    subprocess.run(run, env=environment(), check=True, capture_output=True, timeout=60)
    vault = ("--vault", tmp_path / "v", "--keys", keys / "station")
    with plugged_in(image) as port:
        (one,), _ = dock("--port", port, *vault, "--enrol", "CAM-1")
    assert one["not_safe"] == []
    simulated(tmp_path, image, "--on", "cpython")
    found = verify(image, f"{image}.camera", [keys / "station", keys / "agency"])
    assert (found["verdict"], found["complete"], found["authenticated"]) == ("intact", True, True)
    assert found["frames"] > 200


def test_cards_that_are_made_together_are_different_cameras(tmp_path, monkeypatch):
    monkeypatch.setattr(serve, "_start", lambda *_: None)
    monkeypatch.setattr(serve, "_wait", lambda *_: None)
    images = [tmp_path / f"{name}.img" for name in "abc"]
    serve.serve("m5stack_cores3", "unix", images, "nrw_order_service", 7, lambda text: None)
    checks = [json.loads(Path(f"{image}.keys/station.json").read_text()) for image in images]
    for secret in ("device_id", "card_id", "check_seed", "agency_key_id"):
        assert len({words[secret] for words in checks}) == 3


def bare_bytes_per_s(port, size):
    """How fast smpclient alone downloads the first segment."""

    from smpclient import SMPClient
    from smpclient.requests.file_management import FileDownload
    from smpclient.transport.serial import SMPSerialTransport

    async def download():
        async with SMPClient(SMPSerialTransport(), port) as client:
            start_s, at = time.monotonic(), 0
            while at < size:
                answer = await client.request(FileDownload(name="seg/0", off=at))
                at += len(answer.data)
            return size / (time.monotonic() - start_s)

    return asyncio.run(download())


def own_bytes_per_s(port, size):
    session = Session(Link(port))
    session.link.open()
    start_s = time.monotonic()
    for at in range(0, size, BLOCK):
        session.piece("seg/0", at)
    rate = size / (time.monotonic() - start_s)
    session.link.close()
    return rate


def _look_at_health(vault):
    """What the real camera says of itself is in the custody entry."""
    chain = [Entry(path.read_bytes()).words for path in sorted(vault.rglob("custody/*/*"))]
    (said,) = [words for words in chain if words["kind"] == "released"]
    assert said["firmware"] == VERSION and said["board"] == "m5stack_cores3"
    assert said["rate"] > 0 and said["recording_rate"] > 0 and said["retries"] >= 0
    health = said["selftest"]
    assert (health["resets"], health["lost"], health["fault"], health["parts"]) == (0, 0, None, [])
    assert health["boots"] >= 2 and 0 < health["read_us"][0] <= health["read_us"][1]
    assert health["write_ms"] >= 0 and 0 < health["log_used"] < health["log_pages"]
    battery = health["battery"]
    assert 0 <= battery["pct"] <= 100 and battery["minutes"] > 0 and len(battery["use"]) == 10
    assert (battery["cycles"], battery["retire"]) == (0, [])


def test_the_real_firmware_is_docked_as_fast_as_it_can_be(served, tmp_path):
    image, port = served
    size = 64 * BLOCK
    # The best of three each: other programs run on this computer too.
    own = max(own_bytes_per_s(port, size) for _ in range(3))
    bare = max(bare_bytes_per_s(port, size) for _ in range(3))
    print(f"{own / 1e6:.2f} MB/s, smpclient alone {bare / 1e6:.2f} MB/s")
    assert own >= 1e6 and own >= 0.8 * bare
    (one,), _ = dock("--port", port, "--vault", tmp_path / "v", "--keys", f"{image}.keys")
    assert (one["recordings"], one["released"], one["not_safe"]) == (1, 1, [])
    found = verify(*given(str(tmp_path / "v")), Keyring([f"{image}.keys"]))
    assert (found["verdict"], found["complete"], found["authenticated"]) == ("intact", True, True)
    assert found["frames"] > 200
    log = Path(f"{image}.camera", "log.bin").read_bytes()
    assert log[:4] == b"BWL1" and os.path.getsize(image) == 64 << 20
    assert log[48:52] == b"\2\0\0\0" and b'"use":[' in log  # learned in the last epoch
    _look_at_health(tmp_path / "v")
    empty = verify(image, f"{image}.camera", [f"{image}.keys"])
    assert (empty["verdict"], empty["segments"]) == ("intact", 0)
