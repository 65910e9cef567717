"""Runs on the camera, at its prompt: what `flash` and `doctor` ask of its files. Sent as text.

Only what every MicroPython has. `tell(function, words...)` prints one JSON object: "is", or
"error" and "errno".
"""

import binascii
import hashlib
import json
import os
import sys

_open = None  # the file that is being written
_buf = bytearray(2048)


def tell(function, *words):
    """Print what a function returns, or what stopped it."""
    try:
        told = {"is": function(*words)}
    except (OSError, MemoryError, ImportError, AttributeError, ValueError, TypeError) as error:
        number = error.errno if isinstance(error, OSError) else None
        told = {"error": "%s %s" % (type(error).__name__, error), "errno": number or 0}
    print(json.dumps(told))


def about():
    """Return what this interpreter is, and its free flash and heap in bytes."""
    import gc

    gc.collect()
    stat = os.statvfs("/")
    return {
        "name": sys.implementation.name,
        "version": list(sys.implementation.version[:3]),
        "mpy": getattr(sys.implementation, "_mpy", 0),
        "machine": getattr(sys.implementation, "_machine", "?"),
        "block_bytes": stat[0],
        "flash_bytes": stat[0] * stat[2],
        "flash_free_bytes": stat[0] * stat[4],
        "heap_free_bytes": gc.mem_free(),
    }


def missing(names):
    """Return which of the C modules `names` this interpreter lacks."""
    lacking = []
    for name in names:
        try:
            __import__(name)
        except ImportError:
            lacking.append(name)
    return lacking


def partition_bytes(label):
    """Return the size of a flash partition, 0 where there is none."""
    try:
        import esp32
    except ImportError:
        return 0
    found = esp32.Partition.find(1, label=label)
    return found[0].ioctl(4, 0) * 4096 if found else 0


def hold():
    """Keep a watchdog that the camera's program armed from biting while files are written."""
    try:
        import machine

        # It cannot be stopped; on an ESP32 the newest limit holds. Then the camera starts anew.
        machine.WDT(timeout=600_000)
    except (ImportError, AttributeError, ValueError, TypeError):
        pass


def names(folder):
    """Return the names of a folder's files; none for a folder that is not there."""
    try:
        return [row[0] for row in os.ilistdir(folder) if row[1] == 0x8000]
    except OSError:
        return []


def digest(path):
    """Return [bytes, SHA-256 in hex] of a file; None for one that is not there."""
    try:
        file = open(path, "rb")
    except OSError:
        return None
    sha, total, view = hashlib.sha256(), 0, memoryview(_buf)
    with file:
        while True:
            n = file.readinto(_buf)
            if not n:
                break
            sha.update(view[:n])
            total += n
    return [total, binascii.hexlify(sha.digest()).decode()]


def digests(paths):
    """Return what `digest` says of each."""
    return [digest(path) for path in paths]


def text(path):
    """Return a file's text; "" for one that is not there."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def piece(path, at, size):
    """Return `size` bytes of a file from `at` on, as text."""
    with open(path, "rb") as file:
        file.seek(at)
        return file.read(size).decode()


def folder(path):
    """Make a folder, unless it is there."""
    try:
        os.mkdir(path)
    except OSError:
        os.stat(path)


def begin(path):
    """Begin to write a file."""
    global _open
    _open = open(path, "wb")


def write(piece):
    """Write on, from base64."""
    _open.write(binascii.a2b_base64(piece))


def end():
    """Close the file that was begun, so that it is in the flash."""
    global _open
    file, _open = _open, None
    file.close()


def move(pairs):
    """Put each file in the place of another, one after the other."""
    for source, target in pairs:
        os.rename(source, target)


def remove(paths):
    """Remove files and empty folders, those that are there."""
    for path in paths:
        try:
            os.stat(path)
        except OSError:
            continue
        try:
            os.remove(path)
        except OSError:
            os.rmdir(path)
