# on: unix
"""A power cut at every write to the flash while a release is installed, tried and confirmed: the
old version starts or the new one, whole, and afterwards the release can be installed again.
"""

import hashlib
import json

import vfs

import bodycam.slots
from bodycam.slots import Slots

BLOCK_BYTES = 4096
BLOCKS = 48

# Signatures have tests of their own; here a hash stands for them, to be quick.
bodycam.slots.verify = lambda public, message, signature: (
    hashlib.sha256(message).digest() == signature
)


class Cut(Exception):
    """The power is gone."""


class Flash:
    """NOR flash in memory, whose power goes in the middle of operation `left`."""

    def __init__(self, data=None):
        self.data = data or bytearray(b"\xff" * (BLOCKS * BLOCK_BYTES))
        self.left = -1
        self.operations = 0

    def readblocks(self, block, buf, offset=0):
        at = block * BLOCK_BYTES + offset
        buf[:] = self.data[at : at + len(buf)]

    def _change(self, at, new):
        self.operations += 1
        if self.operations == self.left:
            half = len(new) // 2
            self.data[at : at + half] = new[:half]
            raise Cut()
        if self.left > 0 and self.operations > self.left:
            raise Cut()
        self.data[at : at + len(new)] = new

    def writeblocks(self, block, buf, offset=0):
        self._change(block * BLOCK_BYTES + offset, bytes(buf))

    def ioctl(self, op, arg):
        if op == 6:
            self._change(arg * BLOCK_BYTES, b"\xff" * BLOCK_BYTES)
        return {4: BLOCKS, 5: BLOCK_BYTES}.get(op, 0)


def release(number):
    files = {"board.mpy": b"b%d" % number * 20, "bodycam/app.mpy": b"a%d" % number * 2500}
    about = {}
    for path, data in files.items():
        digest = hashlib.sha256(data).digest()
        about[path] = [len(data), "".join("%02x" % byte for byte in digest)]
    row = {"board": "it", "version": "1", "number": number, "files": about}
    manifest = json.dumps(row).encode()
    return manifest, hashlib.sha256(manifest).digest(), files


def boot():
    slots = Slots("it", b"key", "/f")
    return slots.enter(), slots


def install(slots, number):
    manifest, signature, files = release(number)
    for path in slots.begin(manifest, signature):
        for at in range(0, len(files[path]), 2000):
            slots.write(path, at, files[path][at : at + 2000])
    slots.switch()


def number_of(folder):
    with open(folder + "/manifest.json") as file:
        number = json.load(file)["number"]
    for path, data in release(number)[2].items():
        with open(folder + "/" + path, "rb") as file:
            assert file.read() == data, path
    return number


def life():
    """From release 1 to 2: what a dock does, and the camera after it."""
    install(boot()[1], 2)
    folder, slots = boot()
    assert number_of(folder) == 2
    slots.confirm()


flash = Flash()
vfs.VfsLfs2.mkfs(flash)
vfs.mount(vfs.VfsLfs2(flash), "/f")
install(boot()[1], 1)
boot()[1].confirm()
vfs.umount("/f")
base = bytes(flash.data)

flash = Flash(bytearray(base))
vfs.mount(vfs.VfsLfs2(flash), "/f")
life()
vfs.umount("/f")
total = flash.operations
assert total > 20

seen = set()
for cut in range(1, total + 1):
    flash = Flash(bytearray(base))
    vfs.mount(vfs.VfsLfs2(flash), "/f")
    flash.left = cut
    try:
        life()
    except (Cut, OSError):
        pass
    try:
        vfs.umount("/f")
    except (Cut, OSError):
        pass
    flash = Flash(flash.data)
    vfs.mount(vfs.VfsLfs2(flash), "/f")
    folder, slots = boot()
    first = number_of(folder)
    assert first in (1, 2), cut
    seen.add((first, slots.on_trial))
    if slots.on_trial:
        slots.confirm()
    elif first == 1:
        install(slots, 2)
        folder, slots = boot()
        slots.confirm()
    folder, slots = boot()
    assert number_of(folder) == 2 and slots.status()["least"] == 2, cut
    vfs.umount("/f")
assert seen == {(1, False), (2, True), (2, False)}, seen
print(total, "cuts")
print("ok")
