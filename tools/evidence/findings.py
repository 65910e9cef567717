"""What a reader says: code, place and facts of a finding; the worst gives the verdict."""

from typing import NamedTuple

from .words import FINDINGS, sentence

# From best to worst. A note never changes the verdict.
KINDS = ("note", "torn-tail", "incomplete", "damaged", "tampered")


class Finding(NamedTuple):
    """One thing that is worth saying; `segment` and `block` are None where it concerns none.

    `code` is a key of `words.FINDINGS`, `facts` what its sentence needs.
    """

    code: str
    segment: "int | None" = None
    block: "int | None" = None
    facts: dict = {}

    @property
    def kind(self) -> str:
        """What it does to the verdict: one of `KINDS`."""
        return FINDINGS[self.code][0]

    def say(self, language: str = "en") -> str:
        """Return the sentence for people."""
        facts = self.facts if self.segment is None else {"n": self.segment, **self.facts}
        return sentence(self.code, facts, language)

    def plain(self, language: str = "en") -> dict:
        """Return it as JSON has it."""
        return {
            "kind": self.kind,
            "code": self.code,
            "segment": self.segment,
            "block": self.block,
            "what": self.say(language),
        }


def worst(findings) -> str:
    """Return the verdict that these findings give."""
    rank = max((KINDS.index(finding.kind) for finding in findings), default=0)
    return KINDS[rank] if rank else "intact"
