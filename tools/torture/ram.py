"""What the firmware holds in its memory: every buffer that its objects reach.

What a camera keeps after it has been disarmed, or has sealed, is what somebody finds who takes it
while it runs. Objects of the simulation are not followed, nor what a cipher of the interpreter
keeps to itself.
"""

import gc
from types import BuiltinFunctionType, ModuleType

from tools.torture.keylife import PIECE, used

_FIRMWARE = ("bodycam", "drivers")
_LARGE_BYTES = 1 << 20
_STEP_BYTES = 4096  # in which blanks are left out
_BUFFERS = (bytes, bytearray, memoryview)
_PLAIN = (str, int, float, type(None))  # by far the most, and they lead nowhere
_ELSEWHERE = (type, ModuleType, BuiltinFunctionType)


def buffers(*roots):
    """Yield (what holds it, content) of every buffer that the firmware's objects reach."""
    seen, todo = set(), [(root, "") for root in roots]
    while todo:
        item, holder = todo.pop()
        if isinstance(item, _PLAIN) or id(item) in seen or isinstance(item, _ELSEWHERE):
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


def audit(app, stage, keys, pictures):
    """Yield a sentence for each key that should be gone, and each of `pictures`, that `app` holds.

    `keys` is a KeyWatch.
    """
    # While pictures are kept, the largest buffer is theirs, and it takes long to search.
    held = [
        (holder, used(bytes(content), b"\0", _STEP_BYTES))
        for holder, content in buffers(app)
        if len(content) >= PIECE and (pictures or len(content) < _LARGE_BYTES)
    ]
    gone = {key[:PIECE]: name for key, name in keys.derived().items()}
    for holder, content in held:
        for piece, name in gone.items():
            if piece in content:
                yield f"memory: {holder} holds {name} in {stage}"
        if any(sample in content for sample in pictures):
            yield f"memory: {holder} holds a picture in {stage}"
