"""Makes MicroPython's unix port a camera at its prompt: a littlefs in a file as its flash, and on
request the simulated chips of a board behind `machine`. Runs before the prompt, with CONFIG set.
"""

import json
import os
import sys

import vfs

with open(CONFIG) as file:  # noqa: F821  (set by whoever starts this)
    config = json.load(file)
_BLOCK_BYTES = 4096


class Flash:
    """The flash's block device. What is written is in the file, as a NOR chip keeps it."""

    def __init__(self, path, blocks):
        self.blocks = blocks
        self._left = 0
        try:
            self._file = open(path, "r+b", buffering=0)
        except OSError:
            with open(path, "wb") as new:
                new.write(b"\xff" * (blocks * _BLOCK_BYTES))
            self._file = open(path, "r+b", buffering=0)

    def readblocks(self, block, buf, offset=0):
        self._file.seek(block * _BLOCK_BYTES + offset)
        self._file.readinto(buf)

    def writeblocks(self, block, buf, offset=0):
        self._left -= 1
        if not self._left:  # the power goes while this is being written
            self._file.seek(block * _BLOCK_BYTES + offset)
            self._file.write(memoryview(buf)[: len(buf) // 2])
            os.system("kill -9 $PPID")
        self._file.seek(block * _BLOCK_BYTES + offset)
        self._file.write(buf)

    def ioctl(self, op, _):
        return {4: self.blocks, 5: _BLOCK_BYTES}.get(op, 0)


def join_chips():
    """Put a simulated board behind the modules that the firmware imports."""
    sys.path.insert(0, config["root"])
    from tools.sim import host_micropython
    from tools.sim.runner import Time
    from tools.sim.wiring import Camera
    from tools.sim.world import World

    board = __import__("boards." + config["board"], None, None, ("ID",))
    world = World(board)
    camera = Camera(world, board, host_micropython, config)
    for name in config.get("absent", ()):
        camera.chips[name].absent = True
    camera.power_on()
    world.act("card", "slow", config.get("slow_pct", 100))
    if "switch_stuck" in config:
        camera.chips["AW9523B"].drive(board.CARD["detect"][1], config["switch_stuck"])
    if "silent_after_camera" in config:
        module, chip = camera.modules["camera"], camera.chips[config["silent_after_camera"]]
        stop = module.Camera.deinit

        def deinit(self):
            stop(self)
            chip.absent = True

        module.Camera.deinit = deinit
    if config.get("deaf_cipher"):
        sys.modules["cryptolib"] = DeafCipher
    sys.modules["time"] = Time(world, board.COSTS["call_us"])
    sys.path.pop(0)


class DeafCipher:
    """The module `cryptolib` of a chip whose AES found no memory: the output stays as it was."""

    class aes:  # noqa: N801 (its name on the camera)
        def __init__(self, *_):
            pass

        def encrypt(self, data, out=None):
            return bytes(data) if out is None else out


class Machine:
    """As much of the module `machine` as a board without chips has."""

    def reset(self=None):
        print("reset")
        sys.exit(3)


if config.get("board"):
    join_chips()
    type(sys.modules["machine"]).reset = Machine.reset
else:
    sys.modules["machine"] = Machine
if config.get("frozen"):
    sys.modules["bodycam"] = type("bodycam", (), {"__file__": "bodycam/__init__.py"})
if config.get("unittest"):
    sys.path.insert(0, config["unittest"])
    __import__("unittest")
    sys.path.pop(0)
for name in list(sys.modules):
    if name.split(".")[0] in ("boards", "tools"):
        del sys.modules[name]
device = Flash(config["flash"], config["blocks"])
try:
    camera_files = vfs.VfsLfs2(device)
except OSError:
    vfs.VfsLfs2.mkfs(device)
    camera_files = vfs.VfsLfs2(device)
device._left = config.get("cut_after_writes", 0)
vfs.umount("/")
vfs.mount(camera_files, "/")
os.chdir("/")
sys.path[:] = ["", ".frozen", "/lib"]
if config.get("runs"):
    print("running")
    try:
        while True:
            pass
    except KeyboardInterrupt:
        print("left")
