"""What the firmware holds in its memory: every buffer that its objects reach.

What a camera keeps after it has been disarmed, or has sealed, is what somebody finds who takes it
while it runs. Objects of the simulation are not followed, nor what a cipher of the interpreter
keeps to itself.
"""

import gc
from types import BuiltinFunctionType, ModuleType

from tools.torture.keylife import PIECE

_FIRMWARE = ("bodycam", "drivers")
_LARGE_BYTES = 1 << 20
_BUFFERS = (bytes, bytearray, memoryview)


def buffers(*roots):
    """Yield (what holds it, content) of every buffer that the firmware's objects reach."""
    seen, todo = set(), [(root, "") for root in roots]
    while todo:
        item, holder = todo.pop()
        if id(item) in seen or isinstance(item, (type, ModuleType, BuiltinFunctionType)):
            continue
        seen.add(id(item))
        if isinstance(item, _BUFFERS):
            whole = item.obj if isinstance(item, memoryview) else item
            if whole is item or id(whole) not in seen:
                seen.add(id(whole))
                yield holder, whole
            continue
        home = type(item).__module__
        if home.partition(".")[0] in _FIRMWARE:
            holder = type(item).__name__
        elif home != "builtins" or _foreign(item):
            continue
        todo += ((part, holder) for part in gc.get_referents(item))


def _foreign(item):
    # The names of a module that is not the firmware's.
    name = item.get("__name__") if isinstance(item, dict) else None
    return isinstance(name, str) and name.partition(".")[0] not in _FIRMWARE


def filled(content):
    """Return what stands in a buffer, without the zeros around it."""
    data = bytes(content)
    return b"" if data == bytes(len(data)) else data.strip(b"\0")


def audit(app, stage, keys, pictures):
    """Yield a sentence for each key that should be gone, and each of `pictures`, that `app` holds.

    `keys` is a KeyWatch.
    """
    # While pictures are kept, the largest buffer is theirs, and it takes long to search.
    held = [
        (holder, filled(content))
        for holder, content in buffers(app)
        if pictures or len(content) < _LARGE_BYTES
    ]
    gone = {key[:PIECE]: name for key, name in keys.derived().items()}
    for holder, content in held:
        if len(content) < PIECE:
            continue
        for piece, name in gone.items():
            if piece in content:
                yield f"memory: {holder} holds {name} in {stage}"
        if any(sample in content for sample in pictures):
            yield f"memory: {holder} holds a picture in {stage}"
