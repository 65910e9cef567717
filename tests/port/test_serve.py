"""`sim --serve`: a client that knows nothing of ours reads a camera, and how fast."""

import asyncio
import hashlib
import os
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from conftest import ROOT

# crcmod, which smpclient asks for, has no wheels.
sys.path.append(str(ROOT / "tools" / "dock" / "shim"))

import smpclient  # noqa: E402
from smpclient.requests.file_management import (  # noqa: E402
    FileClose,
    FileDownload,
    FileHashChecksum,
    FileStatus,
    FileUpload,
    SupportedFileHashChecksumTypes,
)
from smpclient.requests.os_management import EchoWrite, MCUMgrParametersRead  # noqa: E402
from smpclient.transport.serial import SMPSerialTransport  # noqa: E402

from tools.evidence.verdict import verify  # noqa: E402

SEGMENT_BYTES = 4 << 20
SCRIPT = "0:00 boot\n0:05 press twice\n+62 hold 3\n+1 press\n+2 expect display_on\n+1 end\n"


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A card with a recording of more than one segment."""
    folder = tmp_path_factory.mktemp("serve")
    script = folder / "script.txt"
    script.write_text(SCRIPT)
    path = folder / "card.img"
    command("sim", "--headless", "--script", script, "--card", path, "--out", folder / "out")
    return path


def command(*words):
    subprocess.run([sys.executable, "-m", "tools", *map(str, words)], cwd=ROOT, check=True)


class Served:
    """`sim --serve` for some images; `ports` are the paths it prints."""

    def __init__(self, *images, board="m5stack_cores3"):
        words = [word for image in images for word in ("--card", str(image))]
        words += ["--board", board]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tools", "sim", "--serve", *words],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ports = []
        for _ in images:
            word, port = self.process.stdout.readline().split()
            assert word == "port"
            self.ports.append(port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        assert self.process.wait(10) == 0
        self.process.stdout.close()


@contextmanager
def started(words):
    """Give the first line that a process prints; end it afterwards."""
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def talk(port, act, timeout_s=10):
    """Return what `await act(client)` gives, with a stock client."""

    async def run():
        async with smpclient.SMPClient(SMPSerialTransport(), port, timeout_s) as client:
            return await act(client)

    return asyncio.run(run())


async def download(client, size=SEGMENT_BYTES):
    """Return the first `size` bytes of the first segment, and the bytes a second."""
    data, start = bytearray(), time.monotonic()
    while len(data) < size:
        data += (await client.request(FileDownload(name="seg/0", off=len(data)))).data
    return bytes(data), len(data) / (time.monotonic() - start)


async def look_around(client):
    assert (await client.request(EchoWrite(d="Guten Tag"))).r == "Guten Tag"
    parameters = await client.request(MCUMgrParametersRead())
    assert (parameters.buf_size, parameters.buf_count) == (2048, 1)
    assert set((await client.request(SupportedFileHashChecksumTypes())).types) == {
        "sha256",
        "crc32",
    }
    assert (await client.request(FileStatus(name="seg/0"))).len == SEGMENT_BYTES
    whole = await client.request(FileHashChecksum(name="seg/0"))
    assert (await client.request(FileStatus(name="log"))).rc == 5
    assert (await client.request(FileUpload(name="seg/0", off=0, data=b"x", len=1))).rc == 8
    await client.request(FileClose())
    data, _ = await download(client)
    assert hashlib.sha256(data).digest() == whole.output
    return data


def test_a_stock_client_reads_echo_parameters_and_files(image):
    with Served(image, board="esp32_s3_eye") as served:
        data = talk(served.ports[0], look_around)
    with open(image, "rb") as file:
        content = file.read(64 << 20)
    assert data in content
    result = verify(image, f"{image}.camera", [f"{image}.keys"])
    assert result["verdict"] == "intact"


def test_the_rate_is_a_megabyte_a_second_and_what_the_client_can_take(image):
    """Beside a server on CPython that has the bytes at hand.

    On the board whose card is read in one call: on the other, the wires of its card are simulated
    byte for byte, which takes longer than all that the camera itself does.
    """
    bare = [sys.executable, str(ROOT / "tests" / "port" / "bare_smp.txt")]
    rates = []
    with Served(image, board="esp32_s3_eye") as served, started(bare) as plain:
        for _ in range(8):
            _, camera_rate = talk(served.ports[0], lambda client: download(client, 1 << 20))
            _, bare_rate = talk(plain, lambda client: download(client, 1 << 20))
            rates.append((camera_rate, bare_rate))
            print(f"camera {camera_rate / 1e6:.2f} MB/s, bare {bare_rate / 1e6:.2f} MB/s")
            # On a busy computer this client takes less than a megabyte a second from any server.
            if camera_rate >= max(0.8 * bare_rate, min(1e6, 0.9 * bare_rate)):
                return
    pytest.fail(f"bytes a second, camera and bare: {rates}")


def test_two_cameras_at_once_and_a_client_that_dies(image, tmp_path):
    with Served(image, tmp_path / "new.img") as served:
        first, second = served.ports
        fd = os.open(first, os.O_RDWR | os.O_NOCTTY)
        os.write(fd, b"\x06\x09AAAA")  # the rest never comes, and nobody reads
        os.close(fd)
        for port in (first, second, first):
            # What the first of them asks at once ends the line that was begun, and is not heard.
            said = talk(port, lambda client: client.request(EchoWrite(d="x")), timeout_s=2)
            assert said.r == "x"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--card IMG"),
        (["--card", "a.img", "--card", "a.img"], "another one for each"),
        (["--card", "a.img", "--on", "wasm"], "no serial port"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line(words, said, tmp_path):
    serve = [sys.executable, "-m", "tools", "sim", "--serve", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(serve, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 2 and said in done.stderr and not done.stdout
    assert len(done.stderr.strip().splitlines()) == 1
