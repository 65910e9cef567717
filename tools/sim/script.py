"""The language of the simulation's scripts: one act a line, a time, a verb, its words.

    0:00  boot
    0:05  press twice    # it escalates
    +90   press          # 90 s after the end of the line before
    +1    expect recording
    +1    end

A time is `m:ss`, `h:mm:ss` or `+SECONDS`. `parse()` turns a script into acts at absolute times,
ready for `World.load()`, and finds every mistake that can be found without running it.
"""

import re
from datetime import UTC, datetime

# What the act `card cut` may name: the methods of faults.FaultCard.
CUTS = (
    "area",
    "garbage",
    "half",
    "lies",
    "paired",
    "prefix",
    "reorder",
    "subset",
    "torn",
    "unit",
)
_CARD_WORDS = (
    *("in", "out", "full", "other", "blank", "clone", "old"),
    *("moody", "readonly", "dead"),
)
_COUNTED = {  # words of `card` with a number: the largest
    "refuse": 10_000,
    "unreadable": 10_000,
    "noisy": 10_000,
    "rot": 10_000,
    "disturb": 10_000,
    "fake": 99,
}
GAUGES = ("sound", "stuck", "jump", "wild", "reset")
_CLOCK_WORDS = {"unset": None, "wild": "wild"}
STAGES = ("off", "idle", "armed", "display_on", "recording", "docked", "fault")
_LIMIT_MS = 7 * 24 * 3_600_000
_SECOND_PRESS_MS = 250

_CLOCK_TIME = re.compile(r"(?:(\d+):)?(\d{1,3}):(\d\d(?:\.\d{1,3})?)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


class ScriptError(Exception):
    """A script's mistake, in one line that begins with its line number."""


def parse(text):
    """Return the acts of a script: [(t_ms, verb, [arguments], line)], in order, ending with `end`.

    Raises:
        ScriptError: with the first mistake.
    """
    acts = []
    begin_ms = end_ms = line = 0
    for line, content in enumerate(text.splitlines(), 1):
        words = content.split("#")[0].split()
        if not words:
            continue
        try:
            if acts and acts[-1][1] == "end":
                raise ScriptError("nothing can follow 'end'")
            t_ms = _time(words[0], end_ms)
            if t_ms < begin_ms:
                raise ScriptError(f"'{words[0]}' is before the line above")
            verb, args, length_ms = _act(words[1:])
        except ScriptError as error:
            raise ScriptError(f"line {line}: {error}") from None
        acts.append((t_ms, verb, args, line))
        begin_ms, end_ms = t_ms, t_ms + length_ms
        if end_ms > _LIMIT_MS:
            raise ScriptError(f"line {line}: a script lasts at most 7 days")
    if not acts:
        raise ScriptError("line 1: the script has no acts")
    if acts[-1][1] != "end":
        acts.append((end_ms, "end", [], line))
    return acts


def _time(word, end_ms):
    if word.startswith("+"):
        return end_ms + _thousandths(word[1:], low=0)
    match = _CLOCK_TIME.fullmatch(word)
    if not match:
        raise ScriptError(f"'{word}' is no time: m:ss, h:mm:ss or +SECONDS")
    hours, minutes, seconds = match.groups()
    ms = _thousandths(seconds)
    if ms >= 60_000 or (hours and int(minutes) >= 60):
        raise ScriptError(f"'{word}' is no time: 60 seconds are a minute")
    return (int(hours or 0) * 60 + int(minutes)) * 60_000 + ms


def _act(words):
    if not words:
        raise ScriptError("the verb is missing")
    verb = words[0]
    if verb not in _VERBS:
        raise ScriptError(f"unknown verb '{verb}'")
    usage, read = _VERBS[verb]
    try:
        args, length_ms = read(words[1:])
    except (ValueError, KeyError, IndexError):
        raise ScriptError(f"'{' '.join(words)}' should be: {usage}") from None
    return verb, args, length_ms


def _thousandths(word, low=None, scale=1000):
    if not _NUMBER.fullmatch(word) or (low is not None and float(word) < low):
        raise ScriptError(f"'{word}' is no number that fits here")
    return round(float(word) * scale)


def _whole(word, low, high):
    number = int(word)
    if not low <= number <= high:
        raise ValueError
    return number


def _nothing(words):
    if words:
        raise ValueError
    return [], 0


def _press(words):
    if words not in ([], ["twice"]):
        raise ValueError
    return ([2], _SECOND_PRESS_MS) if words else ([1], 0)


def _hold(words):
    (seconds,) = words
    ms = _thousandths(seconds, low=0.01)
    return [ms], ms


def _touch(words):
    x, y = words
    return [_whole(x, 0, 4095), _whole(y, 0, 4095)], 0


def _in_out(words):
    (word,) = words
    return [{"in": True, "out": False}[word]], 0


def _card(words):
    if words[0] == "stall":
        _, ms = words
        return ["stall", _whole(ms, 1, 3_600_000)], 0
    if words[0] == "slow":
        _, factor = words
        return ["slow", _thousandths(factor, low=1, scale=100)], 0
    if words[0] == "cut":
        _, how = words
        if how not in CUTS:
            raise ValueError
        return ["cut", how], 0
    if words[0] in _COUNTED:
        word, number = words
        return [word, _whole(number, 1, _COUNTED[word])], 0
    (word,) = words
    if word not in _CARD_WORDS:
        raise ValueError
    return [word], 0


def _flash(words):
    if words in (["fail"], ["ragged"]):
        return words, 0
    word, number = words
    if word not in ("weak", "noisy", "refuse", "unreadable"):
        raise ValueError
    return [word, _whole(number, 1, 1000)], 0


def _crypto(words):
    word, *rest = words
    if rest not in ([], ["long"]) or word not in ("blank", "untouched", "sound"):
        raise ValueError
    return [word, 1024] if rest else [word], 0


def _cut(words):
    if not words:
        return [], 0
    after, number = words
    if after != "after":
        raise ValueError
    return [_whole(number, 1, 1_000_000)], 0


def _battery(words):
    (percent,) = words
    return [_whole(percent, 0, 100)], 0


def _gauge(words):
    (word,) = words
    if word not in GAUGES:
        raise ValueError
    return [word], 0


def _temperature(words):
    (celsius,) = words
    c10 = _thousandths(celsius, scale=10)
    return [_whole(c10, -500, 1500)], 0


def _clock(words):
    (word,) = words
    if word in _CLOCK_WORDS:
        return [_CLOCK_WORDS[word]], 0
    moment = datetime.fromisoformat(word)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if not 2000 <= moment.astimezone(UTC).year < 2100:
        raise ValueError
    return [int(moment.timestamp())], 0


def _expect(words):
    (stage,) = words
    if stage not in STAGES:
        raise ScriptError(f"'{stage}' is no stage: {', '.join(STAGES)}")
    return [stage], 0


_VERBS = {
    "press": ("press, or press twice", _press),
    "hold": ("hold SECONDS", _hold),
    "touch": ("touch X Y", _touch),
    "cable": ("cable in, or cable out", _in_out),
    "dock": ("dock in, or dock out", _in_out),
    "card": (
        "card in, out, full, other, blank, clone, old, stall MS, slow FACTOR, moody, readonly, "
        f"dead, refuse N, unreadable N, noisy N, rot N, disturb N, fake PERCENT, or cut "
        f"{'|'.join(CUTS)}",
        _card,
    ),
    "flash": ("flash fail, ragged, weak N, noisy N, refuse N or unreadable N", _flash),
    "crypto": ("crypto blank, untouched or sound, and perhaps long", _crypto),
    "battery": ("battery PERCENT, 0 to 100", _battery),
    "gauge": (f"gauge {', '.join(GAUGES)}", _gauge),
    "temperature": ("temperature CELSIUS, -50 to 150", _temperature),
    "clock": ("clock 2026-06-01T06:00:00Z, unset or wild", _clock),
    "cut": ("cut, or cut after N", _cut),
    "boot": ("boot, alone", _nothing),
    "expect": ("expect STAGE", _expect),
    "end": ("end, alone", _nothing),
}
