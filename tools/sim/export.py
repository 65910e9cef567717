"""Builds the page: one HTML file that holds the camera, its interpreter, its chips and its keys.

Everything is in that one file, so that it works from any web server and from a thumb drive, where
a browser refuses to load modules, workers and WebAssembly from beside it. Its content security
policy names the digest of its one script and its one style sheet, and allows no request at all.
"""

import ast
import base64
import gzip
import hashlib
import json
import re
import subprocess
import tempfile
from errno import EEXIST
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tools import bootstrap
from tools.boards_command import board_ids, load
from tools.evidence import card as evidence_card
from tools.evidence import words as evidence_words
from tools.evidence.primitives import open_seed

ROOT = bootstrap.ROOT
PAGE = Path(__file__).resolve().parent / "page"
CARD_BYTES = 128 << 20
_PACKAGE = "@micropython/micropython-webassembly-pyscript"
_LEFT_OUT = ("host_cpython", "host_micropython", "host_files", "cli", "clip", "headless", "script")
_LEFT_OUT += ("export", "page_server", "shoot", "serve", "live")
_MARK = "<title>Bodycam</title>"
_SECTOR = 512
_LOG_USED = 4096  # of the flash partition; the rest is blank
_SEALED_AT = 256 + 48 + 8  # in the log: the READ seed as the agency may open it

_POLICY = (
    "default-src 'none'; script-src 'sha256-{script}' 'wasm-unsafe-eval'; "
    "style-src 'sha256-{style}'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "worker-src blob:; connect-src 'none'; font-src 'none'; base-uri 'none'; form-action 'none'"
)


def export(folder, board="m5stack_cores3"):
    """Write the page into `folder` as index.html; return its path.

    `board` is the one that is shown first.

    Raises:
        FileExistsError: there is a page of somebody else's.
        OSError: the folder cannot be written.
        tools.bootstrap.SetupError: what builds the page is not to be had.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path, part = folder / "index.html", folder / "index.html.part"
    if path.exists() and _MARK not in path.read_text(encoding="utf-8", errors="replace"):
        raise FileExistsError(EEXIST, f"{path} is another page", path)
    try:
        part.write_text(build(board), encoding="utf-8", newline="\n")
        return part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def build(board="m5stack_cores3"):
    """Return the page's text."""
    node = bootstrap.node()
    worker = _bundle(node, PAGE / "machine" / "worker.mjs")
    # A page that was opened from a file may start no worker that is a module.
    worker = f'"use strict";(async()=>{{{worker}}})()'
    script = _bundle(node, PAGE / "ui" / "main.mjs")
    data = {
        "worker": _packed(worker.encode()),
        "wasm": _packed((ROOT / "node_modules" / _PACKAGE / "micropython.wasm").read_bytes()),
        "sources": _packed(json.dumps(_sources()).encode()),
        "card": _card(),
        "boards": {name: _board(load(name)) for name in board_ids()},
        "board": board,
        "profiles": _profiles(),
        "words": page_words(),
    }
    script = f"const BODYCAM={json.dumps(data, separators=(',', ':'))};\n{script}"
    script = script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    style = (PAGE / "style.css").read_text(encoding="utf-8")
    policy = _POLICY.format(script=_digest(script), style=_digest(style))
    parts = {"POLICY": policy, "STYLE": style, "SCRIPT": script}
    page = (PAGE / "index.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{([A-Z]+)\}\}", lambda match: parts[match[1]], page)


def policy(text):
    """Return the content security policy that a built page names."""
    return re.search(r'http-equiv="Content-Security-Policy"\s+content="([^"]+)"', text)[1]


def _digest(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _packed(data):
    return base64.b64encode(gzip.compress(data, 9, mtime=0)).decode()


def _bundle(node, entry):
    options = ["--bundle", "--format=esm", "--minify", "--charset=utf8", "--log-level=warning"]
    options += ['--define:import.meta.url="https://nowhere.invalid/"', "--target=es2022"]
    options += [f"--external:{name}" for name in ("fs", "path", "url", "module", "crypto")]
    command = [node, ROOT / "node_modules" / "esbuild" / "bin" / "esbuild", entry, *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode:
        raise bootstrap.SetupError(f"esbuild: {done.stderr.strip()}")
    return done.stdout


def _sources():
    """Return the camera's files and those of the simulated chips: {path: text}."""
    sources = {"/tools/__init__.py": ""}
    for folder in ("firmware/bodycam", "drivers", "boards", "tools/sim", "tools/sim/chips"):
        for path in sorted((ROOT / folder).glob("*.py")):
            if path.stem not in _LEFT_OUT or folder != "tools/sim":
                sources[f"/{folder}/{path.name}"] = _plain(path.read_text(encoding="utf-8"))
    return sources


def _plain(text):
    """Return a module without its docstrings, in as many lines."""
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        body = getattr(node, "body", None)
        documented = isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        if documented and body and ast.get_docstring(node, clean=False) is not None:
            first, last = body[0].lineno - 1, body[0].end_lineno
            indent = lines[first][: body[0].col_offset]
            lines[first:last] = [indent + "0"] + [""] * (last - first - 1)
    return "\n".join(lines)


def _card():
    """Return a demonstration camera's card, log and keys, as `card new` makes them."""
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "card.img"
        evidence_card.new(image, CARD_BYTES, seed=0)
        log = Path(f"{image}.camera", "log.bin").read_bytes()[:_LOG_USED]
        keys = Path(f"{image}.keys")
        texts = key_files(keys)
        with open(image, "rb") as file:
            pieces = list(_written(file))
    return {
        "size_bytes": CARD_BYTES,
        "pieces": pieces,
        "log": _packed(log),
        "keys": raw_keys(texts, log),
        "files": texts,
    }


def key_files(folder):
    """Return the station's key file and the agency's key of a demonstration: {name: text}."""
    names = ("station.json", "agency.pem")
    return {name: (folder / name).read_text(encoding="utf-8") for name in names}


def raw_keys(texts, log):
    """Return the demonstration's keys in hex; `read` for a browser that cannot open the seed."""
    station = json.loads(texts["station.json"])
    agency = load_pem_private_key(texts["agency.pem"].encode(), None)
    sealed = log[_SEALED_AT : _SEALED_AT + 80]
    read = open_seed(sealed, agency, bytes.fromhex(station["device_id"]), station["epoch"])
    keys = {
        "check": bytes.fromhex(station["check_seed"]),
        "agency": agency.private_bytes_raw(),
        "agencyPublic": agency.public_key().public_bytes_raw(),
        "read": read,
    }
    return {name: key.hex() for name, key in keys.items()}


def _written(file):
    """Yield [byte, content in base64] of each sector that is not zero."""
    for sector in range(8192 * 2):
        file.seek(sector * _SECTOR)
        data = file.read(_SECTOR)
        if any(data):
            yield [sector * _SECTOR, base64.b64encode(data).decode()]


def _board(board):
    """Return what the page tells of a board."""
    return {
        "name": board.NAME,
        "caps": board.CAPS,
        "display_px": board.DISPLAY["size_px"],
        "lens_px": board.CAMERA["size_px"],
        "record": board.RECORD,
        "battery": getattr(board, "BATTERY", None),
        "ring_bytes": board.RING_BYTES,
        "log_bytes": board.LOG["size_bytes"],
        "quality": board.CAMERA.get("jpeg_quality"),
    }


def _literals(name):
    """Return what a file of literals of the firmware has, by name."""
    code = (ROOT / "firmware" / "bodycam" / f"{name}.py").read_text(encoding="utf-8")
    found = {}
    exec(compile(code, name, "exec"), found)  # noqa: S102 (our own file of literals)
    return found


def _profiles():
    """Return the names of the use profiles."""
    return list(_literals("profile")["PROFILES"])


def page_words():
    """Return the camera's own words, its table of stages, and the evidence reader's words for what
    the log says; all as (German, English).
    """
    words, stages = _literals("words"), _literals("stages")
    table = [[*pair, after] for pair, after in stages["TABLE"].items()]
    names = ("STAGES", "FAULTS", "WARNINGS")
    told = {"entries": evidence_words.ENTRIES, "causes": evidence_words.FAULTS}
    return {
        **{name.lower(): words[name] for name in names},
        **{name: {key: pair[::-1] for key, pair in rows.items()} for name, rows in told.items()},
        "table": table,
    }
