"""Other ways to keep the newest pictures in memory, each as its users write it, kept small and
honest: what the ring of the camera is compared with.

All have the same three parts. `Peer(capacity_bytes, frame_bytes)` holds about `capacity_bytes` of
pictures of about `frame_bytes`. `push(kind, t_ms, data)` takes a picture, the oldest make room.
`pop()` returns the oldest (kind, t_ms, bytes), or None.

Runs on MicroPython and on CPython.
"""

import struct
from array import array
from collections import deque

try:
    from asyncio import Event
except ImportError:  # a port without it
    Event = None
try:
    from micropython import RingIO
except ImportError:  # CPython
    RingIO = None

SLOT_BYTES = 65_536


class Deque:
    """`collections.deque` of (kind, t_ms, bytes): what most programs do.

    From the standard library. Bounded by number, so its memory follows the size of the pictures;
    every picture is a fresh bytes object of many heap blocks.
    """

    NAME = "deque"

    def __init__(self, capacity_bytes, frame_bytes):
        self._queue = deque((), max(1, capacity_bytes // frame_bytes))

    def push(self, kind, t_ms, data):
        """Take a copy; the deque drops its oldest itself."""
        self._queue.append((kind, t_ms, bytes(data)))

    def pop(self):
        """Return the oldest, or None."""
        return self._queue.popleft() if self._queue else None


class List:
    """A list of (kind, t_ms, bytes), bounded by bytes.

    The usual answer where a deque is not exact enough. `pop(0)` moves the whole list.
    """

    NAME = "list"

    def __init__(self, capacity_bytes, frame_bytes):
        self._queue = []
        self._capacity_bytes = capacity_bytes
        self._used_bytes = 0

    def push(self, kind, t_ms, data):
        """Take a copy, after the oldest have gone."""
        self._used_bytes += len(data)
        while self._used_bytes > self._capacity_bytes:
            self._used_bytes -= len(self._queue.pop(0)[2])
        self._queue.append((kind, t_ms, bytes(data)))

    def pop(self):
        """Return the oldest, or None."""
        if not self._queue:
            return None
        self._used_bytes -= len(self._queue[0][2])
        return self._queue.pop(0)


class Slots:
    """Fixed slots of 64 KiB, as OpenMV's memory streams and camera drivers have.

    Fast and without garbage, but a slot is as large as the largest picture: of 4 MiB with
    pictures of 13 KB a fifth is used.
    """

    NAME = "slots"

    def __init__(self, capacity_bytes, frame_bytes):
        memory = memoryview(bytearray(capacity_bytes))
        count = len(memory) // SLOT_BYTES
        self._slots = [memory[i * SLOT_BYTES : (i + 1) * SLOT_BYTES] for i in range(count)]
        self._kinds, self._times_ms, self._lengths = [array("i", [0] * count) for _ in range(3)]
        self._next = self._waiting = 0

    def push(self, kind, t_ms, data):
        """Copy into the next slot."""
        i = self._next
        self._slots[i][: len(data)] = data
        self._kinds[i] = kind
        self._times_ms[i] = t_ms
        self._lengths[i] = len(data)
        self._next = (i + 1) % len(self._slots)
        if self._waiting < len(self._slots):
            self._waiting += 1

    def pop(self):
        """Return the oldest, or None."""
        if not self._waiting:
            return None
        i = (self._next - self._waiting) % len(self._slots)
        self._waiting -= 1
        data = bytes(self._slots[i][: self._lengths[i]])
        return self._kinds[i], self._times_ms[i], data


class ClassRing:
    """A byte ring as it is written first: a class with attributes, a list of (kind, t_ms, start,
    length), and two copies where a picture meets the end of the memory.

    Keeps all bytes, but every store to an attribute looks its name up, and tuples and slices are
    garbage.
    """

    NAME = "class_ring"

    def __init__(self, capacity_bytes, frame_bytes):
        self._memory = memoryview(bytearray(capacity_bytes))
        self._size_bytes = len(self._memory)
        self._records = []
        self._write = self._used_bytes = 0

    def push(self, kind, t_ms, data):
        """Copy in, in two parts at the end of the memory."""
        n = len(data)
        while self._used_bytes + n > self._size_bytes:
            self._used_bytes -= self._records.pop(0)[3]
        at, first = self._write, min(n, self._size_bytes - self._write)
        self._memory[at : at + first] = data[:first]
        if first < n:
            self._memory[: n - first] = data[first:]
        self._records.append((kind, t_ms, at, n))
        self._write = (at + n) % self._size_bytes
        self._used_bytes += n

    def pop(self):
        """Return the oldest, or None."""
        if not self._records:
            return None
        kind, t_ms, at, n = self._records.pop(0)
        self._used_bytes -= n
        data = bytes(self._memory[at : at + n])
        return kind, t_ms, data + bytes(self._memory[: n - len(data)])


class AsyncioQueue:
    """A ring of references between tasks, as the ring queues for asyncio are: a preallocated list,
    two indexes, an Event for each side.

    It passes handles, so the picture must be copied to outlive the camera's buffer. Bounded by
    number.
    """

    NAME = "asyncio_queue"

    def __init__(self, capacity_bytes, frame_bytes):
        self._items = [None] * (max(1, capacity_bytes // frame_bytes) + 1)
        self._write = self._read = 0
        self._came = Event()
        self._went = Event()

    def push(self, kind, t_ms, data):
        """Put a copy, without waiting: the oldest reference is overwritten."""
        self._items[self._write] = (kind, t_ms, bytes(data))
        self._write = (self._write + 1) % len(self._items)
        if self._write == self._read:
            self._read = (self._read + 1) % len(self._items)
        self._came.set()
        self._came.clear()

    def pop(self):
        """Get the oldest without waiting, or None."""
        if self._read == self._write:
            return None
        item, self._items[self._read] = self._items[self._read], None
        self._read = (self._read + 1) % len(self._items)
        self._went.set()
        self._went.clear()
        return item

    async def put(self, kind, t_ms, data):
        """Put, after waiting for room."""
        while (self._write + 1) % len(self._items) == self._read:
            await self._went.wait()
        self.push(kind, t_ms, data)

    async def get(self):
        """Wait for the oldest and return it."""
        while self._read == self._write:
            await self._came.wait()
        return self.pop()


class RingIOQueue:
    """`micropython.RingIO`, the ring in C that MicroPython brings, with a header before each
    picture.

    A stream of bytes of at most 65,534: one or two pictures. What makes room is read out.
    MicroPython only.
    """

    NAME = "ringio"
    LIMIT_BYTES = 65_534

    def __init__(self, capacity_bytes, frame_bytes):
        self._size_bytes = min(capacity_bytes, self.LIMIT_BYTES)
        self._ring = RingIO(self._size_bytes)
        self._head = bytearray(12)
        self._away = bytearray(self._size_bytes)

    def push(self, kind, t_ms, data):
        """Write header and picture, after reading out as many as must go."""
        ring, n = self._ring, len(data)
        while ring.any() + n + 12 > self._size_bytes:
            ring.readinto(self._head)
            ring.readinto(self._away, struct.unpack_from("<I", self._head, 8)[0])
        struct.pack_into("<III", self._head, 0, kind, t_ms, n)
        ring.write(self._head)
        ring.write(data)

    def pop(self):
        """Return the oldest, or None."""
        if not self._ring.any():
            return None
        kind, t_ms, n = struct.unpack("<III", self._ring.read(12))
        return kind, t_ms, self._ring.read(n)


PEERS = [Deque, List, Slots, ClassRing]
if Event:
    PEERS.append(AsyncioQueue)
if RingIO:
    PEERS.append(RingIOQueue)
