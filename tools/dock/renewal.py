"""A camera's next epoch, or its first: new keys, and the clock."""

import secrets
import time

from . import session as ask
from .custody import Chain
from .intake import digest
from .link import LinkLost, Refused
from .session import Stranger

_RESTART_S = 30


def enrol(visit, hello, name: str):
    """Give a fresh camera its first epoch; return its HELLO in it.

    Raises:
        LinkLost, Refused, Stranger: the camera does not take it.
        InputError, OSError: the station has no keys, or cannot write them.
    """
    visit.step("enrol")
    device = secrets.token_bytes(16)
    visit.session.auth(None)
    _install(visit, hello, device, 1, name, hello.next)
    return visit.session.hello()


def new_epoch(visit, hello, name: str, released: int) -> None:
    """Give the camera its next epoch, in which segments below `released` are gone, and see that
    it has it. Raises what `enrol` does.
    """
    visit.step("epoch")
    _install(visit, hello, hello.device, hello.epoch + 1, name, released)


def clock(visit) -> None:
    """Set the camera's clock, where the station's own is not in doubt."""
    doubt = None if visit.options.clock_right else Chain(visit.station).clock()
    if doubt:
        visit.report.warn(doubt[0], newest=doubt[1])
        return
    visit.session.command(ask.TIME, {"utc": int(time.time())})


def back(visit, device: bytes, epoch: int):
    """Wait for the camera's restart; return its HELLO in `epoch`, with a session.

    Raises:
        LinkLost: it has not come within half a minute.
    """
    end_s = time.monotonic() + _RESTART_S
    while time.monotonic() < end_s:
        try:
            hello = visit.session.hello()
            if (hello.device, hello.epoch) == (device, epoch):
                return hello
        except (LinkLost, Refused):
            pass
        time.sleep(0.2)
    raise LinkLost("restart", visit.link.port)


def _install(visit, hello, device, epoch, name, released):
    session, station = visit.session, visit.station
    pages = station.epoch(
        device=device,
        card=hello.card,
        epoch=epoch,
        first=hello.next,
        released=released,
        name=name,
        utc=int(time.time()),
    )
    try:
        session.command(ask.EPOCH, lambda: {"p": session.wrap(pages)})
        session.command(ask.CONFIRM, {"d": digest(pages)})
    except (LinkLost, Stranger):
        pass  # HELLO tells whether it was heard
    hello = back(visit, device, epoch)
    words = {"id": device.hex(), "epoch": epoch, "card": hello.card and hello.card.hex()}
    visit.custody("epoch", {"camera": words})
    session.auth(station.check(device, epoch))
    clock(visit)
