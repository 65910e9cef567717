"""A docking under way: what all its steps share."""

from .custody import Chain
from .link import Link
from .report import Report
from .session import Session
from .stamp import StampError


class Visit:
    """One camera at this station, on `port`. `progress(report)` is called by `step`."""

    def __init__(self, station, vaults, port, options, progress):
        self.station, self.vaults, self.options = station, vaults, options
        self.link = Link(port)
        self.session = Session(self.link)
        self.report = Report(port)
        self.progress = progress

    def step(self, name: str) -> None:
        """Say that a step (a key of `words.STEPS`) begins, or that it goes on."""
        self.report.step = name
        self.progress(self.report)

    def custody(self, kind: str, words: dict) -> None:
        """Sign an entry and see it in every vault; time stamp it where there is a service.

        Raises:
            VaultError: a vault fails.
            OSError: it cannot be written.
        """
        self.step("custody")
        chain = Chain(self.station)
        for vault in self.vaults:
            chain.take_back(vault)
        if self.options.clock_right and chain.clock():
            words = {**words, "clock": "vouched"}
        path = chain.add(kind, words)
        for vault in self.vaults:
            chain.publish(vault)
        if self.options.stamper:
            try:
                chain.stamp(path, self.options.stamper, self.vaults)
            except StampError as error:
                self.report.warn("no_stamp", error=str(error))
