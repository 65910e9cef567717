"""What a board's memory is good for, and that a profile which asks for more is refused."""

from types import SimpleNamespace

from boards import m5stack_cores3
from bodycam import headroom


def board(**more):
    """A board like the reference, with `more`."""
    made = {
        "RING_BYTES": 4 << 20,
        "RECORD": {"fps": 10, "frame_bytes_max": 20_000},
        "CARD": {},
        "CAMERA": {"buffers": 2},
        "MICROPHONE": {"buffer_bytes": 16_000},
    }
    return SimpleNamespace(**{**made, **more})


def test_the_window_is_what_the_largest_frames_leave_room_for():
    assert headroom.window_s(board(), audio=False) == 20
    assert headroom.window_s(board(), audio=True) == 17
    assert headroom.window_s(m5stack_cores3, audio=False) >= 30


def test_where_the_driver_waits_in_steps_the_ring_bridges_a_stall_as_long_as_the_driver_does():
    assert headroom.stall_ms(board(), audio=False) == 4500
    assert headroom.stall_ms(board(RING_BYTES=520_000), audio=False) == 2519


def test_where_the_driver_holds_the_interpreter_the_buffers_of_camera_and_microphone_count():
    held = {"holds_interpreter": True}
    assert headroom.stall_ms(board(CARD=held), audio=False) == 200
    assert headroom.stall_ms(board(CARD=held, CAMERA={"buffers": 10}), audio=False) == 1000
    assert headroom.stall_ms(board(CARD=held, CAMERA={"buffers": 10}), audio=True) == 500
