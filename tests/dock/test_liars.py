"""Cameras that lie: whatever one answers, the docking ends with a line, and never looks safe."""

import cbor2
import pytest
from fakecamera import FakeCamera
from model_writer import cmac, u32
from plugged import recorded, stored
from test_trouble import docked, reasons

from tools.dock.link import Link, LinkLost, _Port
from tools.dock.session import Session

HELLO, LENGTH, PIECE, SELFTEST = (64, 0), (8, 1), (8, 0), (64, 7)


class Liar(FakeCamera):
    """Answers as a camera does, but where `lie(what it is asked, answer)` says something else, as
    one that has the keys can: MACs are right.
    """

    def __init__(self, image, where, lie):
        super().__init__(image)
        self.where, self.lie = where, lie

    def do(self, group, command, write, ask, body):
        said = super().do(group, command, write, ask, body)
        if (group, command) != self.where:
            return said
        if "b" not in said:
            return self.lie(said)
        inner = self.lie(cbor2.loads(said["b"]))
        inner = inner if isinstance(inner, bytes) else cbor2.dumps(inner)
        about = b"say" + bytes((command,)) + u32(ask["c"])
        return {"b": inner, "m": cmac(self.key, about + inner)}


@pytest.mark.parametrize(
    ("where", "lie", "reason"),
    [
        (LENGTH, lambda said: {}, "link"),
        (LENGTH, lambda said: {"len": "4096"}, "link"),
        (LENGTH, lambda said: {"len": -1}, "link"),
        (LENGTH, lambda said: {"len": 1 << 60}, "link"),
        (PIECE, lambda said: {**said, "data": said["data"][:1]}, "link"),
        (PIECE, lambda said: {**said, "data": b"\xff" * len(said["data"])}, "station"),
        (HELLO, lambda said: {**said, "next": 1 << 40}, "link"),
        (HELLO, lambda said: {**said, "e": 77, "first": 1 << 31, "next": 1 << 31}, "link"),
        (HELLO, lambda said: {**said, "card": b""}, "no_card"),
        (HELLO, lambda said: {**said, "card": bytes(15) + b"x"}, "other_card"),
        (SELFTEST, lambda said: [1], "link"),
        (SELFTEST, lambda said: b"\xff", "link"),
        (SELFTEST, lambda said: b"\xa1\x61x" + b"\x81" * 20_000 + b"\x01", "link"),
        (SELFTEST, lambda said: {**said, "parts": [{"a": 1}]}, "unforeseen"),
        (SELFTEST, lambda said: {**said, "boots": b"bytes"}, "unforeseen"),
        (SELFTEST, lambda said: {**said, "log_used": "many"}, "unforeseen"),
    ],
)
def test_an_answer_without_sense_is_a_line_and_is_never_safe(
    tmp_path,
    line,
    where,
    lie,
    reason,
):
    image, model = recorded(tmp_path / "a.img", recordings=1, frames=2)
    card = image.read_bytes()
    report = docked(line, image, tmp_path / "v", Liar(image, where, lie))
    assert reasons(report) == [reason] and "\n" not in report.not_safe[0]["en"]
    assert image.read_bytes() == card or stored(tmp_path / "v", model) == model.blocks


class Panic(BaseException):
    """As a library in Rust raises."""


def test_what_nobody_foresaw_is_never_safe(tmp_path, line, monkeypatch):
    image, _ = recorded(tmp_path / "a.img", recordings=1, frames=2)

    def panic(*_):
        raise Panic("request valid")

    monkeypatch.setattr("tools.dock.intake.Intake.log", panic)
    assert reasons(docked(line, image, tmp_path / "v")) == ["unforeseen"]


def test_a_port_that_is_gone_is_waited_for_once(tmp_path, monkeypatch):
    monkeypatch.setattr(Link.open, "__defaults__", (0.1,))
    tried = []
    monkeypatch.setattr(_Port, "connect", lambda self, *_: tried.append(1) or gone())

    async def gone():
        raise TimeoutError

    session = Session(Link("/dev/gone"))
    session.said, session._key = None, bytes(32)
    for ask in (
        lambda: session.piece("log", 0),
        lambda: session.command(SELFTEST[1], {}),
    ):
        tried.clear()
        with pytest.raises(LinkLost):
            ask()
        assert len(tried) == 1
    session.link.close()


def test_what_a_camera_says_drives_no_terminal(tmp_path, line):
    image, _ = recorded(tmp_path / "a.img", recordings=1, frames=2)

    def lie(said):
        return {**said, "parts": ["\x1b[2Jall\nsafe"]}

    report = docked(line, image, tmp_path / "v", Liar(image, SELFTEST, lie))
    (found,) = [one for one in report.findings if one["what"] == "camera"]
    assert found["en"] == "The camera says: ?[2Jall?safe."


def test_a_code_that_is_no_number_is_no_answer(tmp_path, line, monkeypatch):
    monkeypatch.setattr("tools.dock.link._TRIES", 2)
    image, _ = recorded(tmp_path / "a.img", recordings=0)
    report = docked(line, image, tmp_path / "v", Liar(image, HELLO, lambda said: {"rc": "\x1b"}))
    assert reasons(report) == ["link"]
