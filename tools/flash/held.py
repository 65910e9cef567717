"""The camera's main.py while files are exchanged: where a flash was interrupted then, it ends it.

What has been verified in /new goes into its place as the manifest there says, and what STRAYS
names goes; then the firmware starts. Where a file is neither here nor there it says so and leaves
the prompt: half of a version never starts. Sent by install.py, with STRAYS put in front.
"""

import binascii
import hashlib
import json
import os

import machine


def digest(path):
    """Return [bytes, SHA-256 in hex] of a file; None for one that is not there."""
    try:
        file = open(path, "rb")
    except OSError:
        return None
    sha, total = hashlib.sha256(), 0
    with file:
        piece = file.read(2048)
        while piece:
            sha.update(piece)
            total += len(piece)
            piece = file.read(2048)
    return [total, binascii.hexlify(sha.digest()).decode()]


try:
    # After a cut within a rename littlefs (2.9 and later) does not find the file behind the one
    # that was moved, until something is about to be written; then it ends the rename.
    os.mkdir("/new")
except OSError:
    pass  # it is there
try:
    with open("/new/manifest.json") as file:
        files = json.load(file)["files"]
except (OSError, ValueError):
    files = {"manifest.json": []}  # not even the list of them came
new = [name for name in files if digest("/new/" + name) == files[name]]
if all(name in new or digest("/" + name) == files[name] for name in files):
    for name in new:
        if name != "main.py":
            os.rename("/new/" + name, "/" + name)
    for name in STRAYS:  # noqa: F821
        if digest("/" + name):
            os.remove("/" + name)
    os.rename("/new/main.py", "/main.py")
    os.rename("/new/manifest.json", "/manifest.json")
    machine.reset()
print("bodycam: not flashed to the end; run the command flash again")
