"""The script language: times, verbs, and one line for every mistake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.sim.script import ScriptError, parse

EXAMPLE = """
0:00  boot
0:05  press          # show the person the mirror
+1    expect display_on
+20   press twice    # it escalates
+90   press          # marker
+30   hold 3
+1    press          # yes, stop
+1    expect display_on
+60   end
"""


def test_the_example_of_the_handbook():
    assert parse(EXAMPLE) == [
        (0, "boot", [], 2),
        (5_000, "press", [1], 3),
        (6_000, "expect", ["display_on"], 4),
        (26_000, "press", [2], 5),
        (116_250, "press", [1], 6),
        (146_250, "hold", [3000], 7),
        (150_250, "press", [1], 8),
        (151_250, "expect", ["display_on"], 9),
        (211_250, "end", [], 10),
    ]


@pytest.mark.parametrize(
    ("word", "ms"),
    [
        ("0:00", 0),
        ("1:02", 62_000),
        ("90:00", 5_400_000),
        ("1:00:00", 3_600_000),
        ("0:01.25", 1250),
    ],
)
def test_times(word, ms):
    assert parse(word + " boot")[0][0] == ms


@pytest.mark.parametrize(
    ("words", "verb", "args"),
    [
        ("touch 10 200", "touch", [10, 200]),
        ("cable in", "cable", [True]),
        ("dock out", "dock", [False]),
        ("card out", "card", ["out"]),
        ("card stall 2000", "card", ["stall", 2000]),
        ("card cut garbage", "card", ["cut", "garbage"]),
        ("card rot 3", "card", ["rot", 3]),
        ("card old", "card", ["old"]),
        ("flash weak 2", "flash", ["weak", 2]),
        ("flash fail", "flash", ["fail"]),
        ("crypto blank", "crypto", ["blank"]),
        ("crypto untouched long", "crypto", ["untouched", 1024]),
        ("cut after 12", "cut", [12]),
        ("clock wild", "clock", ["wild"]),
        ("card slow 2.5", "card", ["slow", 250]),
        ("battery 5", "battery", [5]),
        ("temperature -7.5", "temperature", [-75]),
        ("clock 2026-06-01T06:00:00Z", "clock", [1_780_293_600]),
        ("clock 2026-06-01T08:00:00+02:00", "clock", [1_780_293_600]),
        ("clock 2026-06-01T06:00:00", "clock", [1_780_293_600]),
        ("clock unset", "clock", [None]),
        ("cut", "cut", []),
        ("hold 0.5", "hold", [500]),
    ],
)
def test_verbs(words, verb, args):
    assert parse("0:01 " + words)[0] == (1000, verb, args, 1)


def test_a_script_without_end_ends_with_its_last_act():
    assert parse("0:00 boot\n0:10 hold 3\n# over\n")[-1] == (13_000, "end", [], 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the script has no acts"),
        ("# nothing\n\n", "line 1: the script has no acts"),
        ("0:00 boot\nsoon press", "line 2: 'soon' is no time"),
        ("0:70 press", "line 1: '0:70' is no time: 60 seconds are a minute"),
        ("1:60:00 press", "60 seconds are a minute"),
        ("0:5 press", "is no time"),
        ("+x press", "line 1: 'x' is no number"),
        ("+-1 press", "is no number that fits here"),
        ("0:10 boot\n0:09 press", "line 2: '0:09' is before the line above"),
        ("0:00", "line 1: the verb is missing"),
        ("0:00 pres", "line 1: unknown verb 'pres'"),
        ("0:00 press thrice", "line 1: 'press thrice' should be: press, or press twice"),
        ("0:00 hold", "should be: hold SECONDS"),
        ("0:00 hold 0", "line 1: '0' is no number that fits here"),
        ("0:00 touch 1", "should be: touch X Y"),
        ("0:00 touch -1 5", "should be: touch X Y"),
        ("0:00 cable", "should be: cable in, or cable out"),
        ("0:00 card", "should be: card in"),
        ("0:00 card eaten", "should be: card in"),
        ("0:00 card stall", "should be: card in"),
        ("0:00 card slow 0.5", "is no number that fits here"),
        ("0:00 battery 101", "should be: battery PERCENT"),
        ("0:00 temperature 999", "should be: temperature CELSIUS"),
        ("0:00 clock noon", "should be: clock 2026"),
        ("0:00 clock 1999-01-01T00:00:00Z", "should be: clock 2026"),
        ("0:00 card cut pie", "should be: card in"),
        ("0:00 card fake 100", "should be: card in"),
        ("0:00 flash weak", "should be: flash fail"),
        ("0:00 crypto strange", "should be: crypto blank"),
        ("0:00 cut after 0", "should be: cut, or cut after N"),
        ("0:00 cut now", "should be: cut, or cut after N"),
        ("0:00 expect panic", "line 1: 'panic' is no stage"),
        ("0:00 end\n0:01 press", "line 2: nothing can follow 'end'"),
        ("200:00:00 boot", "line 1: a script lasts at most 7 days"),
    ],
)
def test_mistakes_are_one_line_with_the_line_number(text, message):
    with pytest.raises(ScriptError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=200))
def test_any_text_is_a_script_or_a_script_error(text):
    try:
        acts = parse(text)
    except ScriptError as error:
        assert str(error).startswith("line ")  # noqa: PT017
    else:
        assert acts[-1][1] == "end"


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=20))
def test_relative_times_add_up(waits_ms):
    text = "\n".join(f"+{ms // 1000}.{ms % 1000:03} press" for ms in waits_ms)
    acts = parse(text)
    assert acts[-2][0] == sum(waits_ms)
