"""Wrong, lost, jumping and backward clocks: they change what is told of the time, and nothing
else: neither order nor keys.
"""

import pytest

from tools.evidence.log import Log
from tools.torture import bench, promises
from tools.torture.cases import KINDS

BODY = "{}+3 press twice\n+4 cut\n+1 boot\n+0 {}\n+3 press twice\n+3 hold 3\n+1 press\n+2 end\n"
CLOCKS = {
    "right": ("", "card in"),
    "unset": ("0:00 clock unset\n", "clock unset"),
    "wild": ("0:00 clock wild\n", "card in"),
    "years ahead": ("0:00 clock 2099-12-31T23:59:57Z\n", "clock 2001-01-01T00:00:00Z"),
    "backwards": ("0:00 clock 2030-01-01T00:00:05Z\n", "clock 2030-01-01T00:00:00Z"),
}


def record(folder, clock):
    """Return what a run with such a clock left: order, numbers, keys, verdict."""
    folder.mkdir()
    image = bench.new_card(folder, 1)
    first, then = CLOCKS[clock]
    outcome = bench.Bench(image, f"{first}0:00 boot\n" + BODY.format("", then), 1).play()
    assert not list(promises.broken(outcome, KINDS["clocks"]))
    log = Log(f"{image}.camera")
    order = [(entry.s, entry.code, entry.boot, entry.recording) for entry in log.entries]
    found = promises.read(image)
    numbers = [(r.segment.n, r.segment.s, r.segment.nonce) for r in found.readings]
    frames = [(t_ms, digest) for one in found.recordings for t_ms, digest, _ in one.frames]
    times = [entry.utc for entry in log.entries if entry.boot]
    return (order, numbers, frames, log.entries[-1].keys), times


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    return record(tmp_path_factory.mktemp("right") / "run", "right")


@pytest.mark.parametrize("clock", [name for name in CLOCKS if name != "right"])
def test_a_wrong_clock_changes_neither_order_nor_keys_nor_pictures(tmp_path, right, clock):
    what, times = record(tmp_path / "run", clock)
    for mine, its in zip(what, right[0], strict=True):
        if mine and isinstance(mine[0], tuple) and len(mine[0]) == 4:
            # A clock that is unset is said once more, at each boot.
            mine, its = [row[1] for row in mine], [row[1] for row in its]
            mine, its = ([code for code in codes if code != 10] for codes in (mine, its))
        assert mine == its or clock == "unset"
    assert times != right[1]
