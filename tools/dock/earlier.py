"""Segments of earlier epochs that are still on a camera: into the vault's folder of their epoch,
judged with its keys and its log, and released.

They are left when a log had no room for releases, or by another station. Of which epoch a segment
is its blocks say; how it must be, the log that a station took before it began the next epoch.
"""

from tools.evidence import layout
from tools.evidence.errors import InputError
from tools.evidence.layout import BLOCK

from .copying import fetch
from .epochs import CAMERAS, evidence, number, trusted
from .facts import about
from .intake import Intake, grave
from .parts import is_block
from .releasing import NOBODY, kept, release


def settle(visit, hello, docked=True) -> "tuple[list[int], list[int]]":
    """Copy what is there of earlier epochs and, when `docked`, judge and release it; return the
    numbers of the segments that are released now, and of those that are not.

    Raises:
        LinkLost, Refused, Stranger: the camera does not answer, or not so.
        VaultError: a vault fails.
    """
    gone, stay, epochs = [], [], {}
    things = visit.vaults[0].things(f"{CAMERAS}/{hello.device.hex()}", "bwl")
    stored = {number(thing) for thing in things}
    for n in range(hello.released, hello.first):
        epoch, blank = _look(visit, hello.device, n, n in stored)
        if epoch is not None:
            epochs.setdefault(epoch, []).append(n)
        elif blank and n in stored:
            gone.append(n)
        else:
            visit.report.unsafe("elsewhere" if blank else "earlier_lost", n=n)
            stay.append(n)
        visit.step("copy")
    for epoch, numbers in epochs.items():
        released = _epoch(visit, hello, epoch, numbers, docked)
        gone += released
        stay += [n for n in numbers if n not in released]
    return sorted(gone), sorted(stay)


def _look(visit, device, n, stored):
    """Return the epoch of segment n, None where no block tells it; and whether its place is blank,
    of which one block is proof enough when the segment is stored.
    """
    blank = True
    for b in range(layout.BLOCKS):
        block = visit.session.piece(f"seg/{n}", b * BLOCK)
        if block is not None and is_block(block, device, n, b):
            return layout.header(block).epoch, False
        blank = blank and block is not None and block in (bytes(BLOCK), b"\xff" * BLOCK)
        if blank and stored:
            break
    return None, blank


def _epoch(visit, hello, epoch, numbers, docked):
    """Bring segments of one epoch into the vaults; return those that were released."""
    report = visit.report
    chain = visit.station.check(hello.device, epoch)
    intake = Intake(visit.vaults, hello.device, epoch)
    things, log = _known(visit, intake.folder)
    known = log.segments if log else {}
    sizes = {n: known[n].blocks if n in known else None for n in numbers}
    report.total_bytes += sum(k or layout.BLOCKS for k in sizes.values()) * BLOCK
    for n, blocks in sizes.items():
        fetch(visit, intake, n, blocks or layout.BLOCKS, open_end=not blocks)
    words = {
        "camera": {**about(hello, log), "epoch": epoch},
        "verdict": "digests only",
        "objects": sorted(intake.objects),
        "vaults": [vault.name for vault in visit.vaults],
    }
    facts = {"count": len(numbers), "first": numbers[0], "epoch": epoch}
    if not docked or not chain or not all(sizes.values()):
        visit.custody("stored", words)
        if docked:
            report.unsafe("earlier_log" if chain else "earlier_keys", **facts)
        return []
    visit.step("verify")
    intake.things = {**things, **intake.things}
    verdict = intake.judge(log, log.card, {(hello.device, epoch): chain})
    words["verdict"] = verdict["verdict"]
    words["findings"] = [finding.plain() for finding in verdict["findings"]]
    visit.custody("stored", words)
    report.found(verdict)
    segments = [known[n] for n in numbers]
    report.known(log, segments)
    everywhere, here = grave(verdict)
    if everywhere:
        report.unsafe("all_bad", what=everywhere[0])
        return []
    visit.step("release")
    released = []
    for segment in segments:
        n, recording = segment.n, segment.recording
        if n in here and kept(visit, here[n], recording):
            continue
        rc = release(visit, intake, n, sizes[n], recording, lambda told: NOBODY)
        if not rc:
            released.append(n)
        else:
            report.unsafe("not_erased", recording=recording, rc=rc)
    report.released_of(log, segments, released)
    return released


def _known(visit, place):
    """Return what the first vault holds of an epoch, and its log as a station of ours took it."""
    try:
        stations = trusted(visit.station.keyring.folders)
        card, log = evidence(visit.vaults[0], place, stations)
    except InputError:
        return {}, None
    return card.things, log
