"""An exFAT volume with one contiguous file: a PC then offers to copy a card, not to format it.

The camera never reads or writes any of it. Source: exFAT file system specification (Microsoft,
2019-08-27); section numbers below are its. All places are sectors of 512 bytes from the start of
the card. The file takes every whole place of 4 MiB from `FIRST_LBA` to the end of the volume.
"""

import struct
from datetime import datetime, timezone

from .layout import PARTITION_LBA, PLACE_SECTORS, SECTOR

HEAP_LBA = PARTITION_LBA + PLACE_SECTORS
FIRST_LBA = HEAP_LBA + PLACE_SECTORS

_FAT_OFFSET = 128  # sectors from the start of the volume; 0 to 23 are the two boot regions
_FAT_SECTORS = PLACE_SECTORS - _FAT_OFFSET
_END_OF_CHAIN = 0xFFFFFFFF
_NAME, _LABEL = "EVIDENCE.BWL", "BODYCAM"
_READ_ONLY = 1
_ALLOCATED, _CONTIGUOUS = 1, 2

_ENTRY = struct.Struct("<B31s")
_BITMAP = struct.Struct("<BB18xIQ")
_UPCASE = struct.Struct("<B3xI12xIQ")
_FILE = struct.Struct("<BBHHHIIIBBBBB7x")
_STREAM = struct.Struct("<BBBBHHQIIQ")
_BOOT = struct.Struct("<3s8s53xQQIIIIIIHHBBBBB7x")


def partition_table(sectors: int) -> bytes:
    """Return the MBR of a card of that size: one exFAT partition to the last whole place."""
    size = places(sectors) * PLACE_SECTORS + FIRST_LBA - PARTITION_LBA
    # No cylinders, heads and sectors: FE FF FF says that only the LBA counts.
    entry = struct.pack("<B3sB3sII", 0, b"\xfe\xff\xff", 7, b"\xfe\xff\xff", PARTITION_LBA, size)
    return bytes(446) + entry + bytes(48) + b"\x55\xaa"


def places(sectors: int) -> int:
    """Return how many segments a card of that many sectors has room for."""
    return max(0, (sectors - FIRST_LBA) // PLACE_SECTORS)


def volume(sectors: int, serial: int, utc: int) -> "list[tuple[int, bytes]]":
    """Return what the volume needs written, as (sector of the card, bytes); all else is zero."""
    shift = _cluster_shift(sectors)
    clusters = (PLACE_SECTORS + places(sectors) * PLACE_SECTORS) >> shift
    size = places(sectors) * PLACE_SECTORS * SECTOR
    bitmap_size = (clusters + 7) // 8
    upcase = _upcase_table()
    first = PLACE_SECTORS >> shift  # clusters before the file: bitmap, up-case table, root, spare
    taken = bytearray(bitmap_size)
    for index in (0, 1, 2, *range(first, clusters)):
        taken[index >> 3] |= 1 << (index & 7)
    root = b"".join(
        (
            _ENTRY.pack(0x83, bytes((len(_LABEL),)) + _LABEL.encode("utf-16-le").ljust(30, b"\0")),
            _BITMAP.pack(0x81, 0, 2, bitmap_size),
            _UPCASE.pack(0x82, _checksum32(upcase), 3, len(upcase)),
            _file_entries(first + 2, size, utc),
        )
    )
    percent = (clusters - first + 3) * 100 // clusters
    boot = _boot_region(sectors, clusters, shift, serial, percent)
    fat = struct.pack("<5I", 0xFFFFFFF8, *[_END_OF_CHAIN] * 4)
    metadata = (bytes(taken), upcase, root)
    return [
        (PARTITION_LBA, boot + boot),
        (PARTITION_LBA + _FAT_OFFSET, fat),
        *((HEAP_LBA + (i << shift), data) for i, data in enumerate(metadata)),
    ]


def _cluster_shift(sectors):
    """Return log2 of the sectors of a cluster: 128 KiB, or more where the FAT would not fit."""
    shift = 8
    while (sectors >> shift) + 2 > _FAT_SECTORS * SECTOR // 4:
        shift += 1
    return shift


def _boot_region(sectors, clusters, shift, serial, percent):
    """Return the 12 sectors of a boot region, 3.1: boot, extended, OEM, reserved, checksum."""
    fields = _BOOT.pack(
        b"\xeb\x76\x90",
        b"EXFAT   ",
        PARTITION_LBA,
        places(sectors) * PLACE_SECTORS + FIRST_LBA - PARTITION_LBA,
        _FAT_OFFSET,
        _FAT_SECTORS,
        HEAP_LBA - PARTITION_LBA,
        clusters,
        4,  # cluster of the root folder
        serial,
        0x0100,
        0,
        9,
        shift,
        1,
        0x80,
        percent,
    )
    # F4 halts: nothing starts from this volume.
    boot = fields + b"\xf4" * 390 + b"\x55\xaa"
    extended = (bytes(SECTOR - 4) + b"\x00\x00\x55\xaa") * 8
    region = boot + extended + bytes(2 * SECTOR)
    # 3.4: the flags and the percentage in use do not count.
    counted = region[:106] + region[108:112] + region[113:]
    return region + struct.pack("<I", _checksum32(counted)) * (SECTOR // 4)


def _file_entries(cluster, size, utc):
    """Return the directory entries of the one file, 7.4 to 7.7."""
    stamp = _stamp(utc)
    name = _NAME.encode("utf-16-le")
    stream = _STREAM.pack(
        0xC0, _ALLOCATED | _CONTIGUOUS, 0, len(_NAME), _hash16(name), 0, size, 0, cluster, size
    )
    names = b"\xc1\x00" + name.ljust(30, b"\0")
    utc_zone = 0x80
    entry = _FILE.pack(
        0x85, 2, 0, _READ_ONLY, 0, stamp, stamp, stamp, 0, 0, utc_zone, utc_zone, utc_zone
    )
    # 6.3.3: the checksum's own two bytes do not count.
    checksum = _hash16(entry[:2] + entry[4:] + stream + names)
    return entry[:2] + struct.pack("<H", checksum) + entry[4:] + stream + names


def _stamp(utc):
    """Return a time as 7.4.8 has it, two-second steps, not before 1980."""
    t = datetime.fromtimestamp(max(utc, 315_532_800), timezone.utc)
    day = (t.year - 1980) << 25 | t.month << 21 | t.day << 16
    return day | t.hour << 11 | t.minute << 5 | t.second // 2


def _upcase_table():
    """Return the smallest table of 7.2.5: the 128 mandatory letters, all others unchanged."""
    letters = [ord(chr(code).upper()) for code in range(128)]
    return struct.pack("<128HHH", *letters, 0xFFFF, 0x10000 - 128)


def _checksum32(data):
    total = 0
    for byte in data:
        total = ((total << 31 | total >> 1) + byte) & 0xFFFFFFFF
    return total


def _hash16(data):
    total = 0
    for byte in data:
        total = ((total << 15 | total >> 1) + byte) & 0xFFFF
    return total
