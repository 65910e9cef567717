"""The face on a display of 240 columns: the same words, as high, on a smaller front."""

import pytest

from bodycam import glyphs, narrow, words
from bodycam.face import Face
from bodycam.lettering import text_px
from tests.unit.test_st7789 import HEIGHT, WIDTH, Rig
from tools.glyphs import narrow_source, unpack

FRAME, BAND_Y = 12, 182
BLACK, WHITE, GREEN, RED, BLUE, AMBER = 0x0000, 0xFFFF, 0x05E8, 0xD083, 0x12DB, 0xFD80


@pytest.fixture(params=[True, False], ids=["mirrors", "mirrors not"])
def rig(request):
    rig = Rig()
    rig.display.setup()
    rig.mirrors = request.param
    rig.face = Face(rig.display, rig.mirrors)
    return rig


def show(rig, stage, since_ms=0, **more):
    rig.face.show(stage, 0, since_ms, **more)
    for _ in range(20):
        if rig.face.step(0):
            return
    raise AssertionError("it draws for ever")


def reads(rig, text, font, x, y, ground, letters):
    """Whether the text stands at column x, row y."""
    seen = rig.chip.pixels()
    height = narrow.LARGE_PX if font is narrow.LARGE else narrow.MEDIUM_PX
    for c in text:
        for i, row in enumerate(unpack(font[c], height)):
            for j, shade in enumerate(row):
                at = ((y + i) * WIDTH + x + j) * 2
                color = seen[at] << 8 | seen[at + 1]
                if shade in (0, 3) and color != (letters if shade else ground):
                    return False
        x += font[c][0]
    return True


def middle(text, font=narrow.LARGE):
    return (WIDTH - text_px(font, text)) // 2


def test_the_letters_are_made_from_the_wide_ones():
    made = {}
    exec(narrow_source(glyphs), made)
    assert (made["LARGE"], made["MEDIUM"]) == (narrow.LARGE, narrow.MEDIUM), "run tools.glyphs"


@pytest.mark.parametrize("c", "EHINRTU")
def test_large_capitals_are_36_px_high(c):
    rows = unpack(narrow.LARGE[c], narrow.LARGE_PX)
    assert len([row for row in rows if max(row) > 1]) >= 36


def test_everything_fits():
    inside = WIDTH - 2 * FRAME
    for pair in words.STAGES.values():
        assert all(text_px(narrow.LARGE, text) <= WIDTH - 12 for text in pair)
    for languages in words.FAULTS.values():
        for headline, advice in languages:
            assert text_px(narrow.LARGE, headline) <= inside
            assert text_px(narrow.MEDIUM, advice) <= inside
    for pair in [*words.WARNINGS.values(), words.ASK_STOP]:
        assert all(text_px(narrow.MEDIUM, text) <= inside - 12 for text in pair), pair
    time_px = max(text_px(narrow.LARGE, text) for text in ("00:00", "00h00"))
    assert max(text_px(narrow.LARGE, text) for text in words.STAGES["recording"]) + 6 <= (
        WIDTH - WIDTH * 59 // 160
    )
    assert time_px <= WIDTH * 59 // 160


def test_display_on_says_that_nothing_is_recorded(rig):
    show(rig, "display_on")
    assert reads(rig, "KEINE AUFNAHME", narrow.LARGE, middle("KEINE AUFNAHME"), 183, GREEN, BLACK)
    show(rig, "display_on", 2000)
    assert reads(rig, "NOT RECORDING", narrow.LARGE, middle("NOT RECORDING"), 183, GREEN, BLACK)
    assert {rig.pixel(x, y) for x in (0, 11, 228, 239) for y in (0, 100, 181, 239)} == {GREEN}


def test_recording_says_so_with_the_running_time(rig):
    show(rig, "recording", 125_000)
    assert reads(rig, "AUFNAHME", narrow.LARGE, 6, 183, RED, WHITE) or reads(
        rig, "RECORDING", narrow.LARGE, 6, 183, RED, WHITE
    )
    x = WIDTH - 6 - text_px(narrow.LARGE, "02:05")
    assert reads(rig, "02:05", narrow.LARGE, x, 183, RED, WHITE)


def test_a_fault_says_what_is_wrong_and_what_to_do(rig):
    show(rig, "fault", reason="card_missing")
    assert reads(rig, "KARTE FEHLT", narrow.LARGE, middle("KARTE FEHLT"), 58, BLACK, WHITE)
    text = "Karte einsetzen"
    assert reads(rig, text, narrow.MEDIUM, middle(text, narrow.MEDIUM), 116, BLACK, AMBER)


def test_a_warning_and_the_question_stand_in_the_bar(rig):
    show(rig, "display_on", warning="clock_missing", battery=("63 %", "63 %"))
    assert reads(rig, "Uhr fehlt", narrow.MEDIUM, 18, 4, AMBER, BLACK)
    x = WIDTH - 18 - text_px(narrow.MEDIUM, "63 %")
    assert reads(rig, "63 %", narrow.MEDIUM, x, 4, AMBER, BLACK)
    show(rig, "recording", ask=True)
    assert reads(rig, words.ASK_STOP[0], narrow.MEDIUM, 18, 4, WHITE, RED)


def test_the_picture_is_mirrored_within_the_frame(rig):
    show(rig, "display_on")
    raw = bytearray(b"\x12\x34" * (WIDTH * HEIGHT))
    x, y = 40, 100
    at = ((y + (HEIGHT - BAND_Y + FRAME) // 3 - FRAME) * WIDTH + WIDTH - 1 - x) * 2
    raw[at : at + 2] = b"\xab\xcd"
    assert rig.face.picture(memoryview(raw))
    assert rig.pixel(x, y) == 0xABCD
    assert rig.pixel(x + 1, y) == rig.pixel(FRAME, 20) == 0x1234
    assert rig.pixel(5, y) == rig.pixel(235, y) == GREEN


@pytest.mark.parametrize("stage", ["recording", "armed"])
def test_without_a_mirror_the_frame_fills_while_pictures_are_encoded(rig, stage):
    show(rig, stage)
    raw = memoryview(bytearray(WIDTH * HEIGHT * 2))
    assert rig.face.picture(raw) is rig.mirrors
    if not rig.mirrors:
        assert rig.pixel(120, 100) == {"recording": RED, "armed": BLUE}[stage]
