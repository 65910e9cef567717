"""The kinds of case: what is done to the camera, as scripts, drawn from a seed.

A script is a list of lines of the language of tools/sim/script.py. `KINDS` has a row for each
kind: how its script is made, how its card is prepared, and what it may cost.
"""

from typing import Callable, NamedTuple

from tools.sim.script import CUTS
from tools.torture import bench

RECORD = ["+2.5 press twice"]
STOP = ["+1 hold 3.3", "+1 press", "+2 end"]
AGAIN = ["+1 boot", "+3 press twice", "+3.1 hold 3.3", "+1 press", "+2 end"]
BOOT = ["0:00 boot"]


class Kind(NamedTuple):
    """How cases of one kind are made and what counts for them.

    `harms`: the medium itself loses data, which the reader must say. `keeps_up`: the card is fast
    enough, so a cut costs at most 300 ms and a block. `mute`: the log cannot be written any more,
    and need not say why. `check(outcome)` yields more sentences. `needs` is what a board must
    have for it, a key of NEEDS. `own` is for what follows from bytes of the log, which each
    interpreter writes in its own order: two of them cannot be compared.
    """

    script: Callable
    prepare: "Callable | None" = None
    harms: bool = False
    keeps_up: bool = True
    mute: bool = False
    check: "Callable | None" = None
    profile: str = "nrw_order_service"
    needs: str = ""
    own: bool = False


def _s(rng, least, most):
    return f"+{rng.randrange(int(least * 1000), int(most * 1000)) / 1000:.3f}"


def _cut(rng):
    """At some moment, or at some operation of card or flash."""
    if rng.randrange(3):
        return [f"{_s(rng, 0.2, 9)} cut"]
    return [f"{_s(rng, 0, 2)} cut after {rng.randrange(1, 1200)}", "+25 cut"]


def _cut_recording(rng):
    return BOOT + RECORD + _cut(rng) + AGAIN


def _cut_anywhere(rng):
    lines = [f"0:00 cut after {rng.randrange(1, 40)}", "+0 boot", *RECORD, "+6 cut"]
    return lines + AGAIN


def _cut_booting(rng):
    lines = BOOT + RECORD + _cut(rng)
    for _ in range(rng.randrange(1, 5)):
        lines += ["+1 boot", f"+0 cut after {rng.randrange(1, 12)}", _s(rng, 1, 3) + " cut"]
    return lines + AGAIN


def _cut_again(rng):
    lines = list(BOOT)
    for _ in range(rng.randrange(2, 6)):
        lines += [*RECORD, *_cut(rng), "+1 boot"]
    return lines + ["+3 press twice", *STOP]


def _card_cut(how):
    def script(rng):
        return BOOT + [f"+1 card cut {how}"] + RECORD + _cut(rng) + AGAIN

    return script


def _during(*lines, after=(0.2, 6), then=STOP):
    """A recording during which something happens; `lines` may hold {n} from 1 to 40."""

    def script(rng):
        made = [line.format(n=rng.randrange(1, 41)) for line in lines]
        return BOOT + RECORD + [f"{_s(rng, *after)} {made[0]}", *made[1:]] + list(then)

    return script


def _stall(rng):
    return BOOT + RECORD + [f"{_s(rng, 0.5, 4)} card stall {rng.randrange(250, 4001)}"] + STOP


def _stall_cut(rng):
    return (
        BOOT
        + RECORD
        + [
            f"{_s(rng, 0.5, 4)} card stall {rng.randrange(250, 4500)}",
            f"{_s(rng, 0.1, 5)} cut",
            *AGAIN,
        ]
    )


def _slow(rng):
    # So slow that the queue overflows, or nearly; then it has time to empty.
    lines = BOOT + RECORD + [f"+1 card slow {rng.choice((5, 60, 150))}"]
    return lines + [f"{_s(rng, 30, 90)} card slow 1", "+10 hold 3.3", "+1 press", "+5 end"]


def _swap(medium):
    def script(rng):
        lines = BOOT + ["+0.5 card clone"] + RECORD
        lines += [f"{_s(rng, 1, 4)} card {medium}", "+6 press twice", "+5 card out", "+2 card in"]
        return lines + ["+7 press twice", *STOP]

    return script


def _pulled(rng):
    lines = list(BOOT)
    for _ in range(rng.randrange(1, 4)):
        lines += [*RECORD, _s(rng, 0, 5) + " card out", _s(rng, 0.3, 4) + " card in", "+6 end"[:2]]
        lines.pop()
        lines += ["+7 press"]
    return lines + STOP


def _rot(word):
    def script(rng):
        lines = (
            BOOT + RECORD + ["+4 hold 3.3", "+1 press", f"+2 card {word} {rng.randrange(1, 20)}"]
        )
        return lines + ["+1 press twice", "+4 cut", *AGAIN]

    return script


def _clocks(rng):
    lines = ["0:00 clock " + rng.choice(("unset", "wild", "2099-12-31T23:59:55Z"))]
    lines += ["+0.1 boot", *RECORD, *_cut(rng), "+1 clock " + rng.choice(("unset", "wild"))]
    return lines + AGAIN[:-1] + ["+1 clock 2001-01-01T00:00:00Z", "+1 cut", *AGAIN]


def _flash(word):
    def script(rng):
        lines = BOOT + [f"{_s(rng, 0, 5)} flash {word.format(n=rng.randrange(1, 6))}"]
        return lines + RECORD + _cut(rng) + AGAIN

    return script


def _flash_once(word):
    """Just before something is written or read there: at boot, while recording, at the end."""

    def script(rng):
        n = rng.randrange(5)
        lines = [f"0:00 flash {word}", *BOOT] if n == 0 else list(BOOT)
        lines += RECORD + [f"{_s(rng, 0.2, 9)} flash {word}"] * rng.randrange(1, 4)
        return lines + (_cut(rng) + AGAIN if n < 3 else STOP)

    return script


def _battery(rng):
    lines = BOOT + RECORD + [f"{_s(rng, 1, 5)} battery {rng.randrange(0, 4)}", "+20 battery 60"]
    return lines + ["+1 hold 1", "+4 press twice", *STOP]


def _hands(rng):
    lines, acts = list(BOOT), ("press", "press twice", "hold 3.3", "hold 6.5", "cable in")
    acts += ("cable out", "dock in", "dock out", "press", "press twice", "touch 100 100", "boot")
    for _ in range(rng.randrange(8, 30)):
        lines.append(f"{_s(rng, 0, 3)} {rng.choice(acts)}")
    return lines + ["+3 end"]


def _fill(rng):
    return BOOT + RECORD + [f"{_s(rng, 70, 90)} press twice", "+2 end"]


def _pre_event(rng):
    lines = BOOT + ["+2 hold 3.2", f"{_s(rng, 1, 40)} press twice", *_cut(rng)]
    return lines + AGAIN


# Cards


def stale(image, board=bench.BOARD):
    """Leave blocks of an older epoch at every place that the script writes to."""
    first = bench.Bench(image, "\n".join(BOOT + RECORD + ["+20 hold 3.3", "+1 press", "+2 end"]),
                        key_watch=False, board=board)  # fmt: skip
    first.play()
    bench.station(image)
    # The same places again: a place is a segment's number modulo the number of places.
    places = bench.layout_of(image).segments
    bench.station(image, first=places, released=places)


def one_place_left(image, board=bench.BOARD):
    """Let only one segment fit."""
    places = bench.layout_of(image).segments
    bench.station(image, first=places - 1, released=0)


# More that must hold


def _ends_in(*reasons):
    def check(outcome):
        seen = {reason for _, reason in outcome.faults}
        if not seen & set(reasons):
            yield f"no fault {' or '.join(reasons)}, only {sorted(seen)}"

    return check


def _no_fault(outcome):
    if outcome.faults:
        yield f"what failed once is a fault: {outcome.faults}"


def _nothing_lost(outcome):
    dropped = outcome.result["frames"]["dropped"]
    if dropped or outcome.faults:
        yield f"a stall of 4 s cost {dropped} pictures and faults {outcome.faults}"


# Without a gauge or a clock chip nothing wrong can be said. Noise is what the checksums on SPI
# find, and only there a stall is no standstill of the whole interpreter. A flash on wires of its
# own never answers with an error.
NEEDS = {
    "": lambda board: True,
    "a gauge": lambda board: hasattr(board, "GAUGE"),
    "a clock chip": lambda board: hasattr(board, "CLOCK"),
    "a card on SPI": lambda board: board.CARD["chip"] == "SDCardSPI",
    "a card on SPI and four seconds of ring": (
        lambda board: board.CARD["chip"] == "SDCardSPI" and board.RING_BYTES >= 4 << 20
    ),
    "a partition for the log": lambda board: board.LOG["chip"] == "PartitionNOR",
}


def kinds_on(board):
    """Return the kinds that make sense on `board`, a module of boards/."""
    return {name: kind for name, kind in KINDS.items() if NEEDS[kind.needs](board)}


KINDS = {
    "cut while recording": Kind(_cut_recording),
    "cut at an operation": Kind(_cut_anywhere),
    "cut while booting": Kind(_cut_booting),
    "cut again and again": Kind(_cut_again),
    "cut over stale blocks": Kind(_cut_recording, stale),
    **{
        f"cut, card: {how}": Kind(
            _card_cut(how), harms=how in ("unit", "area", "paired", "lies", "reorder")
        )
        for how in CUTS
        if how != "half"
    },
    "garbage over stale blocks": Kind(_card_cut("garbage"), stale),
    "stall of up to 4 s": Kind(
        _stall, check=_nothing_lost, needs="a card on SPI and four seconds of ring"
    ),
    "cut in a stall": Kind(_stall_cut, keeps_up=False),
    "moody card": Kind(_during("card moody", then=["+20 cut", *AGAIN]), keeps_up=False),
    "slow card": Kind(_slow, keeps_up=False),
    "dead card": Kind(_during("card dead", then=["+12 end"]), check=_ends_in("card_error")),
    "write-protected card": Kind(
        _during("card readonly", then=["+12 end"]), check=_ends_in("card_error")
    ),
    "card refuses a block": Kind(_during("card refuse 1")),
    "card refuses blocks": Kind(_during("card refuse {n}")),
    "card unreadable at boot": Kind(
        _during("cut", "+1 card unreadable {n}", then=AGAIN),
        keeps_up=False,
        needs="a card on SPI",
    ),
    "noise on the wires": Kind(
        _during("cut", "+1 card noisy {n}", then=AGAIN), needs="a card on SPI"
    ),
    "card pulled": Kind(_pulled),
    "other card": Kind(_swap("other")),
    "blank card": Kind(_swap("blank")),
    "full card put in": Kind(_swap("full")),
    "older clone": Kind(_swap("old"), harms=True),
    "bits rot": Kind(_rot("rot"), harms=True),
    "reading disturbs": Kind(_rot("disturb"), harms=True),
    "card smaller than it says": Kind(
        lambda rng: ["0:00 card fake 30", *BOOT, *RECORD, *_cut(rng), *AGAIN], harms=True
    ),
    "last place of a card": Kind(_fill, one_place_left, check=_ends_in("card_full")),
    "clocks": Kind(_clocks, needs="a clock chip"),
    "encryption gives zeros": Kind(
        _during("crypto blank", then=["+6 end"]), mute=True, check=_ends_in("crypto_error")
    ),
    "encryption does nothing": Kind(
        _during("crypto untouched", then=["+6 end"]), mute=True, check=_ends_in("crypto_error")
    ),
    "long encryption gives zeros": Kind(
        _during("crypto blank long", then=["+6 end"]), check=_ends_in("crypto_error")
    ),
    "long encryption does nothing": Kind(
        _during("crypto untouched long", then=["+6 end"]), check=_ends_in("crypto_error")
    ),
    "flash fails": Kind(_flash("fail"), check=_ends_in("log_error")),
    "flash is weak": Kind(_flash("weak {n}"), own=True),
    "flash is noisy": Kind(_flash("noisy {n}")),
    "flash refuses once": Kind(
        _flash_once("refuse 1"), check=_no_fault, needs="a partition for the log"
    ),
    "flash is once unreadable": Kind(
        _flash_once("unreadable 1"), check=_no_fault, needs="a partition for the log"
    ),
    "flash refuses": Kind(_flash("refuse {n}"), needs="a partition for the log"),
    "flash torn bit by bit": Kind(_flash("ragged")),
    "battery empty": Kind(_battery, needs="a gauge"),
    "hands": Kind(_hands),
    "pre-event memory": Kind(_pre_event, profile="pre_event_30s", keeps_up=False),
}
