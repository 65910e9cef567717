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
    """Return what a run with such a clock left: (order, segments, pictures, keys, times)."""
    folder.mkdir()
    image = bench.new_card(folder, 1)
    first, then = CLOCKS[clock]
    outcome = bench.Bench(image, f"{first}0:00 boot\n" + BODY.format("", then), 1).play()
    assert not list(promises.broken(outcome, KINDS["clocks"]))
    entries = Log(f"{image}.camera").entries
    # What a camera without the time says once more, at each boot, is left out.
    order = [(entry.code, entry.boot, entry.recording) for entry in entries if entry.code != 10]
    found = promises.read(image)
    segments = [(one.segment.n, one.segment.recording, one.sealed) for one in found.readings]
    pictures = sum(len(one.frames) for one in found.recordings)
    last = entries[-1]
    return order, segments, pictures, (last.s, last.keys), [e.utc for e in entries if e.boot]


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    return record(tmp_path_factory.mktemp("right") / "run", "right")


@pytest.mark.parametrize("clock", [name for name in CLOCKS if name != "right"])
def test_a_wrong_clock_changes_neither_order_nor_keys_nor_pictures(tmp_path, right, clock):
    order, segments, pictures, (s, keys), times = record(tmp_path / "run", clock)
    assert (order, segments) == right[:2]
    # A warning that is drawn may shift a recording by a picture.
    assert abs(pictures - right[2]) <= len(segments)
    # The same number of entries, the same keys, whatever the time.
    assert s != right[3][0] or keys == right[3][1]
    assert clock == "unset" or s == right[3][0]
    assert times != right[4]
