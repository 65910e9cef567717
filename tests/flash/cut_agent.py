"""The file system of a camera on NOR flash in memory, for test_flash_cuts.py: a line of JSON in, a
line out. Runs on MicroPython's unix port.

{"do": name, "words": []} calls a function of on_camera.py; {"cut": n} lets the power go within the
n-th operation of the flash from now on; {"boot": 1} starts anew, and runs main.py where that is
held.py. The answer is "= " and {"is": what came of it}, or {"gone": 1}: the power is. What is said
beside that is of files that were open when it went.
"""

import json
import os
import sys

import vfs

BLOCK_BYTES, BLOCKS = 4096, 64


class Cut(Exception):
    """The power is gone."""


class Restart(Exception):
    """What machine.reset() does."""


class Flash:
    """An erase sets the bits of a block, a write clears some of what is erased; one that the
    power leaves in is half done.
    """

    def __init__(self, data):
        self.data = data
        self.left = -1
        self.operations = 0

    def readblocks(self, block, buf, offset=0):
        at = block * BLOCK_BYTES + offset
        buf[:] = self.data[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        at = block * BLOCK_BYTES + offset
        assert self.data[at : at + len(buf)] == b"\xff" * len(buf), "it is not erased"
        self._change(at, bytes(buf))

    def ioctl(self, op, arg):
        if op == 6:
            self._change(arg * BLOCK_BYTES, b"\xff" * BLOCK_BYTES)
        return {4: BLOCKS, 5: BLOCK_BYTES}.get(op, 0)

    def _change(self, at, new):
        if self.left:
            self.left -= 1
            self.operations += 1
            n = len(new) if self.left else len(new) // 2
            self.data[at : at + n] = new[:n]
        if not self.left:
            raise Cut


class Machine:
    """As much of the module `machine` as held.py asks for."""

    @staticmethod
    def reset():
        raise Restart


def source(name):
    with open(root + "/tools/flash/" + name) as file:
        return file.read()


def boot(data):
    """Return (flash, functions) of a camera that starts with these bytes in its flash."""
    flash, functions = Flash(data), {}
    vfs.umount("/")
    vfs.mount(vfs.VfsLfs2(flash), "/")
    os.chdir("/")
    exec(on_camera, functions)
    return flash, functions


def run_main(functions):
    """Return what held.py says as main.py, "reset" for a restart; None: another stands there."""
    main = functions["text"]("/main.py")
    if not main.endswith(held):
        return None
    said = []
    try:
        exec(main, {"print": said.append})
    except Restart:
        return "reset"
    return said[0]


def obey(request):
    global flash, functions
    if "do" in request:
        return functions[request["do"]](*request["words"])
    if "cut" in request:
        flash.left = request["cut"]
    if "boot" in request:
        # In a copy: what the dead camera had open writes nothing here when it is collected.
        flash, functions = boot(bytearray(flash.data))
        return run_main(functions)
    return flash.operations


root = os.getcwd()
on_camera, held = source("on_camera.py"), source("held.py")
sys.modules["machine"] = Machine
flash = Flash(bytearray(b"\xff" * (BLOCKS * BLOCK_BYTES)))
vfs.VfsLfs2.mkfs(flash)
flash, functions = boot(flash.data)
while True:
    line = sys.stdin.readline()
    if not line:
        break
    try:
        print("=", json.dumps({"is": obey(json.loads(line))}))
    except Cut:
        print('= {"gone": 1}')
