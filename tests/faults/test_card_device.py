"""What the services make of a card driver that answers strangely, or not at all."""

import hashlib
import json
import struct

import pytest

from bodycam.card import Card
from bodycam.errors import Fault
from tools.evidence.case import beside
from tools.evidence.log import Log
from tools.evidence.verdict import verify
from tools.torture import bench, promises
from tools.torture.cases import KINDS

CARD = b"k" * 16


def superblock():
    sector = struct.pack("<4sI16sIIIII", b"BWS1", 1, CARD, 16_384, 256, 16_384, 4, 0)
    sector = sector.ljust(480, b"\0")
    return sector + hashlib.sha256(sector).digest()


class Reader:
    """A card driver that reads; `answers` come instead, one for each read, until none is left."""

    sectors = 1 << 20

    def __init__(self, answers=()):
        self.answers = list(answers)
        self.asked = []

    def init(self):
        pass

    def read(self, lba, buf):
        self.asked.append(lba)
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, OSError):
                raise answer
            return answer
        buf[:] = superblock()


def test_one_copy_of_the_superblock_that_cannot_be_read_is_no_fault():
    device = Reader([OSError(5, "unreadable")])
    card = Card(device)
    card.mount(CARD)
    assert card.segments == 4 and device.asked == [2048, 4096]


def test_a_card_whose_superblocks_cannot_be_read_is_broken_and_not_another_one():
    with pytest.raises(Fault, match="card_error"):
        Card(Reader([OSError(5, "unreadable")] * 2)).mount(CARD)


@pytest.mark.parametrize("answer", [False, -5, -110, True, 0, b""])
def test_a_read_that_answers_anything_at_all_is_not_trusted(answer):
    with pytest.raises(Fault, match="card_error"):
        Card(Reader([answer] * 2)).mount(CARD)


# The whole camera, whose card driver begins to lie while it records ------------------------------

RECORD = "0:00 boot\n0:02 press twice\n"
LIE_MS = 6000
FAULT_MS = 5000


class Liar:
    """Stands between the recorder and the card driver; `step` answers `answer` so many times."""

    def __init__(self, device, answer, times):
        self._device, self.answer, self.times = device, answer, times
        self.begun = []

    def __getattr__(self, name):
        return getattr(self._device, name)

    def begin(self, lba, view):
        self.begun.append(lba)
        return self._device.begin(lba, view)

    def step(self):
        if not self.times:
            return self._device.step()
        self.times -= 1
        if isinstance(self.answer, OSError):
            self._device.cancel()
            raise self.answer
        return self.answer


def lie(folder, answer, times, rest):
    """Record while the driver lies; return (outcome, the liar, when it began to lie)."""
    liars = []

    def during(it):
        if not liars and it.run.world.ms >= LIE_MS:
            card = it.run._app.card
            card.device = Liar(card.device, answer, times)
            liars.append((card.device, it.run.world.ms))

    outcome = bench.Bench(bench.new_card(folder, 1), RECORD + rest, 1).play(during)
    assert not list(promises.broken(outcome, KINDS["dead card"]))
    return outcome, *liars[0]


@pytest.mark.parametrize("answer", [None, -5, 0, 1, b"", OSError(5, "refused")])
def test_a_write_that_fails_once_is_done_again_at_the_same_place(tmp_path, answer):
    outcome, liar, _ = lie(tmp_path, answer, 1, "+9 hold 3\n+1 press\n+2 end\n")
    assert not outcome.faults
    again = [a for a, b in zip(liar.begun, liar.begun[1:], strict=False) if a == b]
    assert len(again) == 1 or liar.begun[0] not in liar.begun[1:]
    found = verify(outcome.image, *beside(outcome.image))
    assert (found["verdict"], found["complete"]) == ("intact", True)
    assert found["frames"] == outcome.result["frames"]["recorded"]


@pytest.mark.parametrize("answer", [None, -5, False, OSError(5, "refused"), OSError(110, "busy")])
def test_a_card_that_never_takes_a_block_is_a_fault_in_five_seconds_and_says_why(tmp_path, answer):
    outcome, liar, since_ms = lie(tmp_path, answer, 1 << 30, "+16 end\n")
    ((at_ms, reason),) = outcome.faults
    assert reason == "card_error" and at_ms - since_ms <= FAULT_MS
    assert len(set(liar.begun)) <= 2, "it went on to another place"
    assert len(liar.begun) <= 3
    log = Log(f"{outcome.image}.camera")
    told = [json.loads(entry.detail)["why"] for entry in log.entries if entry.code == 9]
    assert told == ["card_error"]
    found = verify(outcome.image, *beside(outcome.image))
    assert (found["verdict"], found["complete"]) == ("torn-tail", True)


@pytest.mark.parametrize("what", ["dead", "stall 3600000"])
def test_a_card_that_is_dead_or_busy_for_ever_is_a_fault_in_five_seconds(tmp_path, what):
    script = f"{RECORD}0:08 card {what}\n+16 end\n"
    outcome = bench.Bench(bench.new_card(tmp_path, 1), script, 1).play()
    assert not list(promises.broken(outcome, KINDS["dead card"]))
    ((at_ms, reason),) = outcome.faults
    assert reason == "card_error" and at_ms - 8000 <= FAULT_MS


def test_a_locked_card_is_told_at_the_start_and_when_it_is_put_in(tmp_path):
    script = "0:00 card readonly\n0:00 boot\n+2 expect fault\n"
    script += "+1 card out\n+2 card in\n+4 expect idle\n"
    image = bench.new_card(tmp_path, 1)
    outcome = bench.Bench(image, script + "+1 end\n", 1).play()
    assert not list(promises.broken(outcome, KINDS["dead card"]))
    assert outcome.faults[0][1] == "card_error"
    log = Log(f"{image}.camera")
    told = [json.loads(entry.detail) for entry in log.entries if entry.code == 9]
    assert "write-protected" in told[0]["detail"]
