"""Verifies LMS signatures, RFC 8554 with SHA-256: hashes alone, as MicroPython has no public-key
cryptography. They also hold against a quantum computer.

Whoever signs must never use a leaf twice; whoever verifies keeps nothing.
"""

import struct
from hashlib import sha256

PUBLIC_BYTES = 56

# RFC 8554 4.1 and 5.1: code: bits of a digit, chains, shift of the checksum; code: height.
_ONE_TIME = {1: (1, 265, 7), 2: (2, 133, 6), 3: (4, 67, 4), 4: (8, 34, 0)}
_TREES = {5: 5, 6: 10, 7: 15, 8: 20, 9: 25}

_PUBLIC, _MESSAGE, _LEAF, _NODE = b"\x80\x80", b"\x81\x81", b"\x82\x82", b"\x83\x83"


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether `signature` is one of `message` under the LMS key `public` (56 bytes).

    Blocks for at most 1,005 hashes with digits of 4 bits, some 0.1 s on an ESP32-S3 (estimate),
    with digits of 8 for up to 8,670.
    """
    if len(public) != PUBLIC_BYTES:
        return False
    tree, kind = struct.unpack(">II", public[:8])
    if tree not in _TREES or kind not in _ONE_TIME:
        return False
    height, chains = _TREES[tree], _ONE_TIME[kind][1]
    path_at = 44 + 32 * chains
    if len(signature) != path_at + 32 * height:
        return False
    leaf, its_kind = struct.unpack(">II", signature[:8])
    if its_kind != kind or leaf >> height:
        return False
    if struct.unpack(">I", signature[path_at - 4 : path_at])[0] != tree:
        return False
    who = public[8:24]
    key = _one_time_key(kind, who + signature[:4], message, signature[8 : path_at - 4])
    node = leaf + (1 << height)
    value = sha256(who + struct.pack(">I", node) + _LEAF + key).digest()
    for at in range(path_at, path_at + 32 * height, 32):
        beside = signature[at : at + 32]
        pair = beside + value if node & 1 else value + beside
        node >>= 1
        value = sha256(who + struct.pack(">I", node) + _NODE + pair).digest()
    return value == public[24:]


def _one_time_key(kind, who, message, signature):
    # RFC 8554, algorithm 4b: every chain is gone on with to its end.
    width, chains, shift = _ONE_TIME[kind]
    top = (1 << width) - 1
    digest = sha256(who + _MESSAGE + signature[:32] + message).digest()
    total = sum(top - _digit(digest, i, width) for i in range(256 // width))
    digest += struct.pack(">H", total << shift)
    ends = sha256(who + _PUBLIC)
    for i in range(chains):
        value = signature[32 * i + 32 : 32 * i + 64]
        begin = who + struct.pack(">H", i)
        for step in range(_digit(digest, i, width), top):
            value = sha256(begin + bytes((step,)) + value).digest()
        ends.update(value)
    return ends.digest()


def _digit(digest, i, width):
    at = i * width
    return digest[at >> 3] >> 8 - width - (at & 7) & (1 << width) - 1
