"""What a reader says: kind, place and sentence of a finding; the worst gives the verdict."""

from typing import NamedTuple

# From best to worst. A note never changes the verdict.
KINDS = ("note", "torn-tail", "incomplete", "damaged", "tampered")


class Finding(NamedTuple):
    """One thing that is worth saying; `segment` and `block` are None where it concerns none."""

    kind: str
    segment: "int | None"
    block: "int | None"
    what: str


def worst(findings) -> str:
    """Return the verdict that these findings give."""
    rank = max((KINDS.index(finding.kind) for finding in findings), default=0)
    return KINDS[rank] if rank else "intact"


def count(number: int, thing: str) -> str:
    """Return the number with its thing, in the plural where it must be."""
    return f"{number} {thing}" + ("" if number == 1 else "s")


def span(first: int, last: int, thing: str) -> str:
    """Return `block 3` or `blocks 3 to 5`."""
    return f"{thing} {first}" if first == last else f"{thing}s {first} to {last}"
