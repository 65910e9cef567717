"""The quarterly drill: do a card, or a vault, and one viewing key alone open every recording?"""

from tools.evidence.primitives import MAX_S
from tools.evidence.segments import read_segment
from tools.evidence.survey import survey
from tools.evidence.verdict import streams


def opened(medium, keyring, promised=()) -> dict:
    """Return how many pictures of how many segments a keyring opens without log or CHECK;
    `promised` are the numbers of those that must be there.

    `passed` is true when there is something, and every block of every segment was opened.
    """
    segments, seeds, _ = survey(medium)
    frames, closed, used = 0, [], set()
    for segment, stream in streams([s for s in segments if s.s <= MAX_S]):
        who = segment.device, segment.epoch
        access = keyring.access(*who, seeds.get(who, {}))
        access.check = None
        reading = read_segment(medium, segment, access, stream)
        frames += reading.frames
        bad = [f for f in reading.findings if f.kind not in ("note", "torn-tail")]
        if not reading.deciphered:
            closed.append(f"segment {segment.n}: no key given opens it")
        else:
            used.add(access.viewer)
            closed += [finding.say() for finding in bad]
    gone = sorted({*promised} - {segment.n for segment in segments})
    closed += [f"segment {n}: the vault does not give it as it was stored" for n in gone]
    return {
        "passed": bool(segments) and not closed,
        "segments": len(segments),
        "frames": frames,
        "with": sorted(used),
        "closed": closed,
    }
