"""What a board's memory is good for: seconds before a recording, milliseconds of a card's stall.

From the board file's data alone: RING_BYTES, RECORD and CARD; CAMERA["buffers"] and
MICROPHONE["buffer_bytes"] where the card's driver holds up the interpreter.
"""

_HEADER_BYTES = 16
_PAYLOAD_PCT = 97  # of the ring, at least: what does not fit at its end, and one record
_SOUND_BYTES_PER_S = 32_000  # 16-bit mono at 16 kHz
_SOUND_RECORDS_PER_S = 50
_PATIENCE_MS = 4500  # for one write, a little less than segments.py has


def bytes_per_s(board, audio: bool) -> int:
    """Return what a recording puts into the ring in a second, at most."""
    row = board.RECORD
    bytes_per_s = row["fps"] * (row["frame_bytes_max"] + _HEADER_BYTES)
    if audio:
        bytes_per_s += _SOUND_BYTES_PER_S + _SOUND_RECORDS_PER_S * _HEADER_BYTES
    return bytes_per_s


def window_s(board, audio: bool) -> int:
    """Return how many seconds before a recording the ring holds for certain."""
    return board.RING_BYTES * _PAYLOAD_PCT // 100 // bytes_per_s(board, audio)


def stall_ms(board, audio: bool) -> int:
    """Return how long the card may stall without a loss.

    Between the steps of a driver that does not wait, the ring takes what comes. One that holds up
    the interpreter leaves it to the buffers of camera and microphone.
    """
    if not board.CARD.get("holds_interpreter"):
        ring_ms = board.RING_BYTES * _PAYLOAD_PCT // 100 * 1000 // bytes_per_s(board, audio)
        return min(ring_ms, _PATIENCE_MS)
    camera_ms = board.CAMERA["buffers"] * 1000 // board.RECORD["fps"]
    if not audio:
        return camera_ms
    return min(camera_ms, board.MICROPHONE["buffer_bytes"] * 1000 // _SOUND_BYTES_PER_S)
