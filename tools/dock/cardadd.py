"""A card in a reader, when camera or USB is dead: into the vaults as from a camera, but read only.

Without the camera's log nobody knows whether all is there, without CHECK nobody knows who wrote
it. Both are said, and what is there is stored all the same.
"""

from tools.evidence import layout
from tools.evidence.case import Case, beside
from tools.evidence.verdict import examine, judge

from .custody import Chain
from .epochs import folder
from .intake import Intake, split
from .parts import is_block


def add_card(station, vaults, image: str, camera=None, progress=None) -> dict:
    """Store a card's segments and its camera's log, write a custody entry; return verdict,
    findings and what was stored. `progress(done, total)` counts segments.

    Raises:
        InputError: it is no card of ours, or the keys or the log are another camera's.
        VaultError: a vault fails.
    """
    with Case(image, camera or beside(image)[0], station.keyring) as case:
        intakes = {}
        for done, segment in enumerate(case.segments):
            who = segment.device, segment.epoch
            intake = intakes.setdefault(who, Intake(vaults, *who))
            data = _content(case.medium, segment)
            if data:
                intake.segment(segment.n, data)
            if progress:
                progress(done + 1, len(case.segments))
        verdict = judge(case, examine(case))
        findings = [finding.plain() for finding in verdict["findings"]]
        log = case.log if case.log and case.log.epoch is not None else None
        if log:
            intakes.setdefault((log.device, log.epoch), Intake(vaults, log.device, log.epoch))
        card = case.medium.layout.card.hex() if case.medium.layout else None
        epochs = []
        for (device, epoch), intake in intakes.items():
            words = {
                "source": "card",
                "camera": {
                    "id": device.hex(),
                    "epoch": epoch,
                    "card": card,
                    "name": log.name if log and log.device == device else None,
                },
                "verdict": verdict["verdict"],
                "findings": findings,
                "vaults": [vault.name for vault in vaults],
            }
            if log and (log.device, log.epoch) == (device, epoch):
                words["log"] = _store_log(intake, log)
            words["objects"] = sorted(intake.objects)
            chain = Chain(station)
            for vault in vaults:
                chain.take_back(vault)
            chain.add("stored", words)
            for vault in vaults:
                chain.publish(vault)
            about = {"id": device.hex(), "epoch": epoch, "segments": len(intake.things)}
            epochs.append({**about, "folder": folder(device, epoch)})
    return {"verdict": verdict["verdict"], "findings": findings, "epochs": epochs}


def _content(medium, segment):
    """Return a segment's bytes up to its last block that is promised or whole."""
    at = medium.place(segment.n)
    if at is None or not segment.on_card:
        return b""
    data = medium.read(at, (segment.blocks or layout.BLOCKS) * layout.BLOCK)
    whole = [b for b, block in split(data) if is_block(block, segment.device, segment.n, b)]
    promised = segment.blocks or segment.least
    return data[: max(promised, whole[-1] + 1 if whole else 0) * layout.BLOCK]


def _store_log(intake, log):
    """Store a log read from the camera's flash, without its keys; return what to say of it.

    Its head counts only when the newest keys stand there: else it may have been cut.
    """
    pages = [log.page(entry.page) for entry in log.entries]
    zero = bytes(layout.PROGRESS_AT - layout.KEYS_AT)
    data = b"".join(p[: layout.KEYS_AT] + zero + p[layout.PROGRESS_AT :] for p in pages)
    name, head = intake.log(data), log.entries[-1]
    return {"object": name, "entries": head.s + 1, "mac": head.mac.hex()} if head.keys else None
