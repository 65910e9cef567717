"""RELEASE of a segment that every vault holds."""

from . import session as ask
from .intake import digest
from .link import MISMATCH, NOT_NOW, Refused

NOBODY = bytes(16)  # the token for a segment of an earlier epoch, which gets no entry


def release(visit, intake, n: int, blocks: int, recording: int, token) -> int:
    """Have the camera erase a segment; return 0, or the code with which it refused. That its log
    has no room (code 6) is left to the caller to say. `token(digest)` makes the token.

    Raises:
        LinkLost, Stranger: the camera does not answer.
        VaultError: the vault does not give what it holds.
    """
    told = digest(intake.digests(n) if blocks else b"")
    ask_for = {"n": n, "k": blocks, "d": told, "t": token(told)}
    try:
        visit.session.command(ask.RELEASE, ask_for)
    except Refused as refusal:
        if refusal.rc != NOT_NOW:
            why = "differs" if refusal.rc == MISMATCH else "not_erased"
            visit.report.unsafe(why, recording=recording, rc=refusal.rc)
        return refusal.rc
    visit.progress(visit.report)
    return 0


def kept(visit, finding, recording: int) -> bool:
    """Return whether a segment stays on the camera for what the reader found, and say so: what
    is damaged may be let go of, what was tampered with never.
    """
    stays = not (visit.options.release_damaged and finding.kind == "damaged")
    if stays:
        visit.report.unsafe("segment_bad", what=finding, recording=recording)
    return stays
