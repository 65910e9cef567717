"""An interpreter's image for an ESP32: a partition for the log is put into its table.

An image is what esptool writes from byte 0 on: second-stage loader, at 0x8000 the table, at
0x10000 the interpreter. The table has entries of 32 bytes, then an MD5 of them, then 0xFF up to
0xC00 (ESP-IDF 5.5: components/partition_table/gen_esp32part.py, docs/en/api-guides/
partition-tables.rst). The loader refuses a table that goes beyond the flash size in its own
header, whatever the chip has, so the log and the file system stay below that.
"""

import hashlib
import struct

TABLE_AT = 0x8000
SECTOR_BYTES = 0x1000

_TABLE_BYTES = 0xC00
_ENTRY = struct.Struct("<2sBBII16sI")
_MAGIC, _MD5 = b"\xaa\x50", b"\xeb\xeb" + b"\xff" * 14
_APP, _DATA, _UNDEFINED, _FAT = 0, 1, 0x06, 0x81
_IMAGE_MAGIC = 0xE9
_FILES_LEAST_BYTES = 0x80000  # for the camera's files


class ImageError(ValueError):
    """This image cannot be used; one line."""


def entries(table):
    """Return [(label, type, subtype, offset, bytes, flags)] of a partition table.

    Raises:
        ImageError: it is none, or its MD5 is wrong.
    """
    found = []
    for at in range(0, _TABLE_BYTES, _ENTRY.size):
        raw = table[at : at + _ENTRY.size]
        if raw[:2] == _MAGIC:
            _, kind, sub, offset, size, label, flags = _ENTRY.unpack(raw)
            found.append((label.rstrip(b"\0").decode(), kind, sub, offset, size, flags))
        elif raw[:16] == _MD5 and found:
            if raw[16:] != hashlib.md5(table[:at]).digest():
                raise ImageError("its partition table has a wrong checksum")
            return found
        else:
            break
    raise ImageError("there is no partition table at 0x8000")


def table_bytes(rows):
    """Return the partition table of `rows`, which are as `entries` returns them."""
    body = b"".join(
        _ENTRY.pack(_MAGIC, kind, sub, offset, size, label.encode(), flags)
        for label, kind, sub, offset, size, flags in rows
    )
    body += _MD5 + hashlib.md5(body).digest()
    return body.ljust(_TABLE_BYTES, b"\xff")


def with_log(rows, label, log_bytes, flash_bytes):
    """Return `rows` with a partition for the log, and one for the files behind it.

    Raises:
        ImageError: there is no room between the last program and the end of `flash_bytes`.
    """
    kept = [row for row in rows if row[0] not in (label, "vfs", "ffat")]
    log_at = max(row[3] + row[4] for row in kept)
    files_at = log_at + log_bytes
    if files_at + _FILES_LEAST_BYTES > flash_bytes:
        raise ImageError(
            f"behind its programs are {(flash_bytes - log_at) >> 10} KiB of the "
            f"{flash_bytes >> 20} MiB that it declares, and log and files need "
            f"{(log_bytes + _FILES_LEAST_BYTES) >> 10}: build it for a larger flash"
        )
    return [
        *kept,
        (label, _DATA, _UNDEFINED, log_at, log_bytes, 0),
        ("vfs", _DATA, _FAT, files_at, flash_bytes - files_at, 0),
    ]


def patched(image, label, log_bytes):
    """Return an image with the log's partition in its table, and the table's rows.

    Raises:
        ImageError: it is not an image for flash address 0, or has no room.
    """
    if len(image) < TABLE_AT + _TABLE_BYTES or image[0] != _IMAGE_MAGIC:
        raise ImageError("this is not an image for flash address 0 of an ESP32-S3")
    flash_bytes = 1 << 20 + (image[3] >> 4)
    rows = with_log(
        entries(image[TABLE_AT : TABLE_AT + _TABLE_BYTES]), label, log_bytes, flash_bytes
    )
    return image[:TABLE_AT] + table_bytes(rows) + image[TABLE_AT + _TABLE_BYTES :], rows


def csv_text(rows):
    """Return the table as ESP-IDF's build takes it."""
    lines = ["# Name, Type, SubType, Offset, Size"]
    for label, kind, sub, offset, size, _ in rows:
        lines.append(
            f"{label}, {'app' if kind == _APP else 'data'}, {sub}, {offset:#x}, {size:#x}"
        )
    return "\n".join(lines) + "\n"
