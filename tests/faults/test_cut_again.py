"""Cut, reboot, record again: what every test of torn tails forgets that never writes after one.

The power goes at every operation of card and flash in turn, and a hundred times in a row on one
card. After each, everything that was acknowledged is there, what was written before is untouched,
and neither flash nor card holds a key that should be gone.
"""

import random
import shutil

import pytest

from tools.evidence.case import beside
from tools.evidence.verdict import verify
from tools.torture import bench, promises
from tools.torture.cases import KINDS

RUNS, PARTS = 2000, 20  # of the long test
SHORT = "0:00 boot\n0:02 press twice\n+1.2 hold 3\n+1 press\n+2 end\n"
AGAIN = "+1 boot\n+2.5 press twice\n+1 hold 3\n+1 press\n+2 end\n"
PLAIN = KINDS["cut while recording"]


def operations(folder):
    """Return what each device operation of SHORT is, in order: `flash` or `card`."""
    run = bench.Bench(bench.new_card(folder, 1), SHORT, 1, key_watch=False)
    seen, inside = [], [False]
    operation, program = run.run.world.operation, run.flash.program

    def counted():
        seen.append("flash" if inside[0] else "card")
        operation()

    def programmed(offset, data):
        inside[0] = True
        try:
            program(offset, data)
        finally:
            inside[0] = False

    run.run.world.operation, run.flash.program = counted, programmed
    outcome = run.play()
    assert not outcome.broken and not outcome.result["error"]
    return seen


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    return operations(tmp_path_factory.mktemp("operations"))


def cut_at(folder, number, more, seed):
    """Cut at operation `number`, boot, record again; return what promises were broken."""
    folder.mkdir()
    script = f"0:00 cut after {number}\n{more}{SHORT.removesuffix('+2 end' + chr(10))}+9 cut\n"
    image = bench.new_card(folder, seed)
    outcome = bench.Bench(image, script + AGAIN, seed).play()
    boots = outcome.result["boots"]
    return list(promises.broken(outcome, PLAIN)), boots


# In parts, because a single test is ended after two minutes.
@pytest.mark.parametrize(
    "part", [0, *(pytest.param(i, marks=pytest.mark.full) for i in range(1, PARTS))]
)
def test_a_cut_at_every_operation_of_flash_and_card(tmp_path, every, seed, full, part):
    rng = random.Random(seed + part)
    flash = [i for i, what in enumerate(every, 1) if what == "flash"]
    card = [i for i, what in enumerate(every, 1) if what == "card"]
    assert len(flash) >= 16 and len(card) >= 200
    if full:
        numbers = [i % len(every) + 1 for i in range(part, RUNS, PARTS)]
        numbers += flash[part::PARTS] * 3
    else:
        numbers = flash + rng.sample(card, 8)
    for turn, number in enumerate(numbers):
        # What a cut leaves of the page or the write is drawn too.
        more = rng.choice(("", "0:00 flash ragged\n"))
        more += rng.choice(("", "0:00 card cut subset\n", "0:00 card cut garbage\n"))
        folder = tmp_path / str(turn)
        broken, boots = cut_at(folder, number, more, seed + turn)
        assert not broken, (number, every[number - 1], more, seed + turn, broken)
        assert boots == 2, "the cut did not come"
        shutil.rmtree(folder)
    print(f"{len(numbers)} runs, {len(every)} operations of which {len(flash)} of the flash")


def test_cut_after_cut_nothing_grows_and_nothing_is_lost(tmp_path, seed, full):
    rng = random.Random(seed)
    rounds = 100 if full else 10
    lines = ["0:00 card cut " + rng.choice(("prefix", "subset", "torn", "garbage"))]
    for _ in range(rounds):
        lines += ["+1 boot", "+2.2 press twice", f"+0 cut after {rng.randrange(1, 500)}", "+8 cut"]
    lines += AGAIN.splitlines()
    image = bench.new_card(tmp_path, seed, bench.SIZE_BYTES + (rounds << 22))
    outcome = bench.Bench(image, "\n".join(lines), seed).play()
    assert not list(promises.broken(outcome, PLAIN))
    assert outcome.result["boots"] == rounds + 1
    segments = [n for attempt in outcome.attempts for n in attempt.segments]
    # A number comes again when the cut took its entry in the log.
    assert segments == sorted(segments) and len(set(segments)) > rounds // 2
    found = promises.read(image)
    lost_ms = [ms for ms, *_ in promises.losses(outcome, found)]
    print(f"{rounds} rounds: at most {max(lost_ms)} ms lost at a cut")
    first, last = lost_ms[: rounds // 2], lost_ms[rounds // 2 :]
    assert max(last) <= max(*first, promises.LOSS_MS) + 200
    judged = verify(image, *beside(image))
    assert judged["complete"] is True and judged["authenticated"] is True
