"""The face: what is read and seen, and what never is. Through driver and simulated display."""

import ast
import random
import re
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from bodycam import glyphs, stages, words
from bodycam.face import Face
from bodycam.lettering import Ink, text_px
from tests.unit.panel import HEIGHT, PICTURE_BYTES, WIDTH, Panel
from tools import pictures
from tools.boards_command import board_ids, load
from tools.glyphs import characters, unpack

ROOT = Path(__file__).resolve().parents[2]
FRAME, BAND_Y = 12, 182
BLACK, WHITE, GREEN, RED, BLUE, AMBER = 0x0000, 0xFFFF, 0x05E8, 0xD083, 0x12DB, 0xFD80
TICKS = 1 << 30


class Rig(Panel):
    """A face on a display; time is what the caller says."""

    def __init__(self, **more):
        super().__init__()
        self.display.setup()
        self.world.sleep(200)
        self.face = Face(self.display, **more)

    def show(self, stage, since_ms=0, now_ms=0, **more):
        """Show a stage and draw all of it."""
        self.face.show(stage, now_ms, since_ms, **more)
        return self.draw(now_ms)

    def draw(self, now_ms):
        """Draw all that is to be drawn; return the face's last answer."""
        for _ in range(20):
            wait_ms = self.face.step(now_ms)
            if wait_ms:
                return wait_ms
        raise AssertionError("it draws for ever")

    def picture(self, raw=None):
        return self.face.picture(memoryview(bytearray(raw or PICTURE)))

    def band(self):
        return self.chip.pixels()[BAND_Y * 640 :]

    def top(self):
        return self.chip.pixels()[: FRAME * 640]

    def corners(self):
        return [self.pixel(x, y) for x in (2, WIDTH - 3) for y in (20, BAND_Y - 3, HEIGHT - 3)]

    def reads(self, text, font, x, y, ground, letters):
        """Whether the text stands at column x, row y: all that is plain ink or plain ground."""
        seen = self.chip.pixels()
        height = glyphs.LARGE_PX if font is glyphs.LARGE else glyphs.MEDIUM_PX
        for c in text:
            for i, row in enumerate(unpack(font[c], height)):
                for j, shade in enumerate(row):
                    at = ((y + i) * WIDTH + x + j) * 2
                    color = seen[at] << 8 | seen[at + 1]
                    if shade in (0, 3) and color != (letters if shade else ground):
                        return False
            x += font[c][0]
        return True

    def says(self, text, ground, letters):
        """Whether the band's words are `text`, in the middle."""
        x = (WIDTH - text_px(glyphs.LARGE, text)) // 2
        return self.reads(text, glyphs.LARGE, x, BAND_Y + 1, ground, letters)


def _picture():
    # Every pixel tells its column and row; none is black or a colour of a frame.
    return b"".join(
        (0x4000 | x << 5 | y & 31).to_bytes(2, "big") for y in range(HEIGHT) for x in range(WIDTH)
    )


PICTURE = _picture()


@pytest.fixture
def rig():
    return Rig()


# Words ----------------------------------------------------------------------------------------


def test_every_letter_has_been_drawn():
    for name, chars in characters(words).items():
        assert set(getattr(glyphs, name)) == set(chars), "run tools.glyphs"


def test_the_letters_take_less_than_16_kib():
    tables = (glyphs.LARGE, glyphs.MEDIUM)
    assert sum(len(glyph) for table in tables for glyph in table.values()) < 16 * 1024


@pytest.mark.parametrize("c", "EHINRTU")
def test_large_capitals_are_36_px_high(c):
    rows = unpack(glyphs.LARGE[c], glyphs.LARGE_PX)
    assert len([row for row in rows if max(row) > 1]) >= 36


def test_every_stage_has_words():
    assert set(words.STAGES) == set(stages.STAGES)


def test_all_words_fit():
    inside = WIDTH - 2 * FRAME
    for pair in words.STAGES.values():
        assert all(text_px(glyphs.LARGE, text) <= WIDTH - 12 for text in pair)
    for languages in words.FAULTS.values():
        for headline, advice in languages:
            assert text_px(glyphs.LARGE, headline) <= inside, headline
            assert text_px(glyphs.MEDIUM, advice) <= inside, advice
    for table in (words.WARNINGS, {"": words.ASK_STOP}):
        for pair in table.values():
            assert all(text_px(glyphs.MEDIUM, text) <= inside - 12 for text in pair), pair


def test_the_firmware_knows_the_reason_of_each_fault_and_warning():
    # Where the first argument is a literal; `fail` and `warn` take the same keys.
    tables = {"Fault": words.FAULTS, "fail": words.FAULTS, "warn": {**words.WARNINGS}}
    for path in (ROOT / "firmware").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                for key in ast.walk(node.args[0]) if name in tables else ():
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        assert key.value in tables[name], f"{path.name}:{node.lineno}"


# What each stage looks like -------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["off", "idle"])
def test_off_and_idle_are_dark_and_draw_no_current(rig, stage):
    rig.show("display_on")
    rig.show(stage)
    assert not rig.chip.lit()
    assert rig.chip.backlight_pct == 0
    assert rig.chip.pixels() == bytes(PICTURE_BYTES)
    assert not rig.picture()


def test_display_on_is_green_and_says_that_nothing_is_recorded(rig):
    rig.show("display_on")
    assert rig.picture()
    assert rig.corners() == [GREEN] * 6
    assert rig.says("KEINE AUFNAHME", GREEN, BLACK)
    rig.show("display_on", since_ms=2000)
    assert rig.says("NOT RECORDING", GREEN, BLACK)


def test_recording_is_red_and_says_how_long(rig):
    rig.show("recording", since_ms=62_000 * 2 + 1000)
    assert rig.picture()
    assert rig.corners() == [RED] * 6
    assert rig.reads("AUFNAHME", glyphs.LARGE, 6, BAND_Y + 1, RED, WHITE)
    x = WIDTH - 6 - text_px(glyphs.LARGE, "02:05")
    assert rig.reads("02:05", glyphs.LARGE, x, BAND_Y + 1, RED, WHITE)


@pytest.mark.parametrize(
    ("since_s", "text", "margin"),
    [
        (0, "00:00", 6),
        (59, "00:59", 6),
        (600, "10:00", 6),
        (5999, "99:59", 6),
        (6000, "01h40", 4),
        (43_260, "12h01", 4),
    ],
)
def test_the_running_time_counts_minutes_then_hours(rig, since_s, text, margin):
    rig.show("recording", since_ms=since_s * 1000)
    x = WIDTH - margin - text_px(glyphs.LARGE, text)
    assert rig.reads(text, glyphs.LARGE, x, BAND_Y + 1, RED, WHITE)


def test_armed_is_blue_and_white_never_red(rig):
    rig.show("armed")
    rig.picture()
    assert rig.says("VORPUFFER AN", BLUE, WHITE)
    left = {rig.pixel(2, y) for y in range(FRAME, BAND_Y)}
    assert left == {rig.pixel(WIDTH - 3, y) for y in range(FRAME, BAND_Y)} == {BLUE, WHITE}
    assert {rig.pixel(x, 2) for x in range(WIDTH)} == {BLUE, WHITE}


def test_a_fault_is_amber_and_says_why_and_what_to_do(rig):
    rig.show("fault", reason="card_missing")
    assert rig.says("STÖRUNG", AMBER, BLACK)
    x = (WIDTH - text_px(glyphs.LARGE, "KARTE FEHLT")) // 2
    assert rig.reads("KARTE FEHLT", glyphs.LARGE, x, 58, BLACK, WHITE)
    rig.show("fault", since_ms=2000, reason="card_missing")
    assert rig.says("FAULT", AMBER, BLACK)
    x = (WIDTH - text_px(glyphs.MEDIUM, "Insert the card")) // 2
    assert rig.reads("Insert the card", glyphs.MEDIUM, x, 116, BLACK, AMBER)


@pytest.mark.parametrize("reason", [None, "never heard of"])
def test_an_unknown_reason_reads_unexpected(rig, reason):
    rig.show("fault", reason="unexpected")
    expected = rig.chip.pixels()
    rig.show("fault", reason=reason)
    assert rig.chip.pixels() == expected


def test_a_reason_that_changes_is_read_at_once(rig):
    rig.show("fault", reason="card_missing")
    rig.show("fault", reason="log_full")
    x = (WIDTH - text_px(glyphs.LARGE, "LOG VOLL")) // 2
    assert rig.reads("LOG VOLL", glyphs.LARGE, x, 58, BLACK, WHITE)


def test_no_two_stages_share_colour_or_words(rig):
    seen = set()
    for stage in ("display_on", "armed", "recording", "docked", "fault"):
        rig.show(stage)
        seen.add((rig.pixel(2, HEIGHT - 3), rig.band()))
    assert len({color for color, _ in seen}) == len({band for _, band in seen}) == 5


def test_in_the_dock_nobody_is_seen(rig):
    rig.show("display_on")
    rig.picture()
    rig.show("docked")
    assert not rig.picture()
    assert rig.pixel(160, 100) == BLACK


# The picture ----------------------------------------------------------------------------------


def test_the_picture_is_mirrored_and_framed_on_all_four_sides(rig):
    rig.show("display_on")
    rig.picture()
    for y in (FRAME, 90, BAND_Y - 1):
        row = y + (HEIGHT - BAND_Y + FRAME) // 3 - FRAME
        for x in (FRAME, 100, WIDTH - FRAME - 1):
            assert rig.pixel(x, y) == 0x4000 | (WIDTH - 1 - x) << 5 | row & 31
        for x in (0, FRAME - 1, WIDTH - FRAME, WIDTH - 1):
            assert rig.pixel(x, y) == GREEN
    assert {rig.pixel(x, y) for x in range(0, WIDTH, 7) for y in (0, FRAME - 1)} == {GREEN}


def test_the_picture_is_one_transfer_of_44_ms(rig):
    rig.show("display_on")
    rig.picture()
    writes, before = rig.chip.writes, rig.world.ms
    rig.picture()
    assert rig.chip.writes == writes + 1
    assert rig.world.ms - before <= 45


def test_a_camera_with_signed_items_is_welcome(rig):
    rig.show("display_on")
    assert rig.face.picture(memoryview(bytearray(PICTURE)).cast("b"))
    assert rig.pixel(100, 90) == 0x4000 | (WIDTH - 101) << 5 | (90 + 11) & 31


def test_words_come_before_the_picture(rig):
    rig.face.show("display_on", 0, 0)
    assert not rig.picture()
    rig.draw(0)
    assert rig.picture()


def test_the_recording_dot_blinks(rig):
    at = (WIDTH - 39, FRAME + 8 + 15)
    rig.show("recording", since_ms=400)
    rig.picture()
    assert rig.pixel(*at) == RED
    rig.show("recording", since_ms=600)
    rig.picture()
    assert rig.pixel(*at) != RED
    rig.show("recording", since_ms=1000)
    rig.picture()
    assert rig.pixel(*at) == RED


def test_the_dot_goes_with_the_recording(rig):
    rig.show("recording")
    rig.picture()
    rig.show("display_on")
    assert all(rig.pixel(x, y) != RED for x in range(WIDTH) for y in range(0, HEIGHT, 3))


def test_nobody_sees_who_stood_there_before(rig):
    rig.show("display_on")
    rig.picture()
    rig.show("idle")
    rig.face.show("display_on", 0, 0)
    while not rig.face.step(0):
        if rig.chip.lit():
            assert rig.pixel(160, 100) == BLACK
    assert rig.chip.lit()
    assert rig.pixel(160, 100) == BLACK


def test_nonsense_in_a_fresh_memory_is_never_lit(rig):
    rig.face.show("recording", 0, 0)
    while not rig.face.step(0):
        assert not rig.chip.lit()
    seen = rig.chip.pixels()
    assert seen.count(b"\x5a\xa5") == 0


def test_a_board_that_cannot_mirror_while_recording_shows_frame_words_and_time():
    rig = Rig(mirrors=False)
    rig.show("display_on")
    assert rig.picture()
    rig.show("recording")
    assert not rig.picture()
    assert rig.corners() == [RED] * 6
    assert rig.pixel(160, 100) == RED
    assert rig.reads("AUFNAHME", glyphs.LARGE, 6, BAND_Y + 1, RED, WHITE)
    rig.show("display_on")
    assert rig.pixel(160, 100) == BLACK
    assert rig.picture()


# The line above -------------------------------------------------------------------------------


def test_the_question_is_asked_and_recording_still_said(rig):
    rig.show("recording", warning="clock_unset", ask=True)
    rig.picture()
    assert rig.reads(words.ASK_STOP[0], glyphs.MEDIUM, 18, 4, WHITE, RED)
    assert rig.reads("AUFNAHME", glyphs.LARGE, 6, BAND_Y + 1, RED, WHITE)
    rig.show("recording", since_ms=2000, warning="clock_unset", ask=True)
    assert rig.reads(words.ASK_STOP[1], glyphs.MEDIUM, 18, 4, WHITE, RED)
    rig.show("recording", since_ms=2000, warning="clock_unset")
    assert rig.reads("Clock not set", glyphs.MEDIUM, 18, 4, AMBER, BLACK)
    rig.show("recording", since_ms=2000)
    rig.picture()
    assert rig.pixel(160, 5) == RED
    assert rig.corners() == [RED] * 6


def test_a_warning_is_amber_and_an_unknown_one_unexpected(rig):
    rig.show("display_on", warning="tone_missing")
    assert rig.reads("Ton fehlt", glyphs.MEDIUM, 18, 4, AMBER, BLACK)
    rig.show("display_on", warning="never heard of")
    assert rig.reads(words.WARNINGS["unexpected"][0], glyphs.MEDIUM, 18, 4, AMBER, BLACK)


def test_the_battery_stands_right_and_makes_room(rig):
    x = WIDTH - 18 - text_px(glyphs.MEDIUM, "6:40 h")
    rig.show("display_on", battery=("6:40 h", "6:40 h"))
    assert rig.reads("6:40 h", glyphs.MEDIUM, x, 4, GREEN, BLACK)
    rig.show("display_on", battery=("6:40 h", "6:40 h"), warning="clock_unset")
    assert rig.reads("6:40 h", glyphs.MEDIUM, x, 4, AMBER, BLACK)
    rig.show("display_on", battery=("6:40 h", "6:40 h"), warning="unlocked")
    assert not rig.reads("6:40 h", glyphs.MEDIUM, x, 4, AMBER, BLACK)
    assert rig.reads(words.WARNINGS["unlocked"][0], glyphs.MEDIUM, 18, 4, AMBER, BLACK)


def test_the_battery_changes_in_place_as_if_drawn_anew(rig):
    for text in ("63 %", "62 %", "100 %", "7 %", "8 %", None, "8 %"):
        battery = text and (text, text)
        for warning in (None, "hot"):
            for since_ms in (0, 2000):
                rig.show("recording", since_ms=since_ms, battery=battery, warning=warning)
                anew = Rig()
                anew.show("recording", since_ms=since_ms, battery=battery, warning=warning)
                assert rig.chip.pixels()[: 34 * 640] == anew.chip.pixels()[: 34 * 640], battery


@pytest.mark.parametrize("stage", ["display_on", "fault", "docked"])
def test_the_line_comes_and_goes_without_a_trace(rig, stage):
    rig.show(stage)
    before = rig.chip.pixels()
    rig.show(stage, warning="hot")
    assert rig.chip.pixels() != before
    rig.show(stage)
    assert rig.chip.pixels() == before


@pytest.mark.parametrize("stage", ["display_on", "armed", "recording"])
def test_no_half_of_the_line_stays_until_the_next_picture(rig, stage):
    rig.show(stage, battery=("bis 22:40", "until 22:40"))
    rig.picture()
    rig.show(stage, battery=None)
    sides = {rig.pixel(x, y) for x in range(FRAME, WIDTH - FRAME) for y in range(FRAME, 34)}
    assert len(sides) == 1 and sides < {GREEN, RED, BLUE}
    below = rig.chip.pixels()[34 * 640 : BAND_Y * 640]
    rig.picture()
    assert sides != {rig.pixel(WIDTH // 2, FRAME)} and below != rig.chip.pixels()[34 * 640 :]


def test_a_character_that_the_font_lacks_is_a_space(rig):
    rig.show("display_on", battery=("6€", "6€"))
    x = WIDTH - 18 - text_px(glyphs.MEDIUM, "6 ")
    assert rig.reads("6 ", glyphs.MEDIUM, x, 4, GREEN, BLACK)


# Time -----------------------------------------------------------------------------------------


def test_languages_alternate_every_two_seconds(rig):
    bands = []
    for since_ms in (0, 1999, 2000, 3999, 4000):
        rig.show("display_on", since_ms=since_ms)
        bands.append(rig.band())
    assert bands[0] == bands[1] == bands[4]
    assert bands[2] == bands[3] != bands[0]


def test_time_goes_on_without_show_and_over_the_wrap_of_ticks(rig):
    began = TICKS - 500
    rig.show("recording", now_ms=began)
    for seconds, text in ((1, "00:01"), (3, "00:03")):
        rig.draw((began + seconds * 1000) % TICKS)
        x = WIDTH - 6 - text_px(glyphs.LARGE, text)
        assert rig.reads(text, glyphs.LARGE, x, BAND_Y + 1, RED, WHITE)
    assert rig.reads("RECORDING", glyphs.LARGE, 6, BAND_Y + 1, RED, WHITE)


def test_it_asks_to_be_called_when_something_changes(rig):
    assert rig.show("display_on", since_ms=300) == 1700
    assert rig.show("recording", since_ms=300) == 200
    assert rig.show("recording", since_ms=1900) == 100
    assert rig.show("idle") >= 60_000


def test_what_stays_the_same_is_not_drawn_again(rig):
    rig.show("recording", since_ms=8000, battery=("63 %", "63 %"))
    writes = rig.chip.writes
    rig.show("recording", since_ms=8900, battery=("63 %", "63 %"))
    assert rig.chip.writes == writes
    rig.show("recording", since_ms=9000, battery=("63 %", "63 %"))
    assert rig.chip.writes == writes + 1  # the time alone


def test_no_step_takes_longer_than_it_says(rig):
    for stage in ("display_on", "recording", "fault", "armed", "docked"):
        for since_ms in (0, 2000):
            rig.face.show(stage, 0, since_ms, "card_full", False, "hot", "63 %")
            while True:
                before = rig.world.ms
                done = rig.face.step(0)
                assert rig.world.ms - before <= 42
                if done:
                    break


def test_a_display_that_fails_is_tried_again(rig):
    rig.face.show("display_on", 0, 0)
    backlight = rig.display.backlight

    def broken(pct):
        raise OSError(19, "axp2101: no answer")

    rig.display.backlight = broken
    for _ in range(2):
        with pytest.raises(OSError, match="no answer"):
            rig.draw(0)
    rig.display.backlight = backlight
    rig.draw(0)
    assert rig.chip.lit()


def test_a_show_that_is_overtaken_leaves_the_display_dark(rig):
    rig.face.show("display_on", 0, 0)
    rig.face.step(0)
    rig.show("idle")
    assert not rig.chip.lit()
    rig.show("recording")
    assert rig.chip.lit()
    assert rig.corners() == [RED] * 6


def test_a_face_with_little_memory_looks_the_same(rig, seed):
    dice = random.Random(seed)
    small = Rig(kept_bytes=0)
    for _ in range(60):
        what = {
            "stage": dice.choice(("display_on", "recording", "armed", "fault", "docked")),
            "since_ms": dice.randrange(20_000_000) // 500 * 500,
            "reason": dice.choice((None, "card_full", "card_missing")),
            "ask": dice.random() < 0.2,
            "warning": dice.choice((None, None, "hot", "clock_unset")),
            "battery": dice.choice((None, ("63 %", "63 %"), ("noch 5 h", "5 h left"))),
        }
        rig.show(**what)
        small.show(**what)
        assert small.chip.pixels() == rig.chip.pixels(), what


def test_what_is_kept_has_room_for_display_and_recording(rig, monkeypatch):
    drawn = []
    draw = Ink.draw
    monkeypatch.setattr(Ink, "draw", lambda *args: drawn.append(args[1]) or draw(*args))
    for _ in range(3):
        del drawn[:]
        for stage in ("display_on", "recording"):
            for since_ms in range(0, 12_000, 1000):
                rig.show(stage, since_ms=since_ms, battery=("63 %", "63 %"))
    assert not drawn


# Pictures for people --------------------------------------------------------------------------


def test_a_picture_of_the_display_has_its_pixels(rig, tmp_path):
    rig.show("recording")
    rig.picture()
    pictures.picture_png(rig.chip.pixels(), WIDTH, HEIGHT, tmp_path / "display.png")
    with Image.open(tmp_path / "display.png") as image:
        assert image.size == (WIDTH, HEIGHT)
        assert image.getpixel((2, 2)) == (213, 16, 24)


def test_the_camera_from_the_front_shows_the_display_as_it_is(rig, tmp_path):
    colors = {}
    for stage, lamp in (("idle", (0, 0, 0)), ("display_on", (0, 90, 0)), ("fault", (140, 70, 0))):
        rig.show(stage)
        path = tmp_path / (stage + ".png")
        pictures.camera_png(rig.chip.pixels(), lamp, stage, path, "m5stack_cores3")
        with Image.open(path) as image:
            colors[stage] = image.getpixel((104, 620)), image.getpixel((420, 80))
    assert colors["display_on"][0] == (0, 190, 65)
    assert max(colors["idle"][0]) < 30
    assert len({lamp for _, lamp in colors.values()}) == 3


@pytest.mark.parametrize("board", board_ids())
def test_a_display_fills_its_place_on_the_body_of_its_board(board, tmp_path):
    width, height = load(board).DISPLAY["size_px"]
    path = tmp_path / "camera.png"
    pictures.camera_png(b"\xf8\x00" * width * height, (0, 0, 0), "idle", path, board)
    with Image.open(path) as image:
        far = ImageChops.difference(image, Image.new("RGB", image.size, (255, 0, 0))).convert("L")
        left, top, right, bottom = far.point(lambda v: 255 * (v < 8)).getbbox()
        assert (right - left) * height == (bottom - top) * width
        # Beside it stands the body, and no place that the display left dark.
        edge = image.getpixel((left - 32, (top + bottom) // 2))
        assert edge not in ((20, 21, 24), (14, 15, 17))


def test_the_generated_file_names_its_licence():
    text = (ROOT / "firmware" / "bodycam" / "glyphs.py").read_text(encoding="utf-8")
    assert "The Barlow Project Authors" in text
    licence = re.search(r"firmware/[\w.-]+\.txt", text).group()
    assert "SIL OPEN FONT LICENSE" in (ROOT / licence).read_text(encoding="utf-8")
