"""What came of one camera's docking: counts for JSON, sentences in two languages for people."""

from .words import UNSAFE, WARNINGS, Reason, say

_SAID_BETTER = ("battery_retire", "frames_lost")  # with figures
_WORN = ("cycles", "fade_pct", "resistance_pct", "hot_full_h")


class Report:
    """Filled while a camera is docked, read by the progress display and the closing list.

    `not_safe` and `findings` are lists of {"what", "en", "de"}; `step` is a key of `words.STEPS`.
    """

    def __init__(self, port: str):
        self.port, self.step = port, "hello"
        self.device: "bytes | None" = None
        self.name = ""
        self.epoch = None
        self.recordings = self.released = 0
        self.total_bytes = self.done_bytes = self.damaged_blocks = self.retries = 0
        self.health: dict = {}
        self.not_safe: list[dict] = []
        self.findings: list[dict] = []
        self._busy_s = 0.0
        self._recordings: set = set()  # (epoch, number)
        self._released: set = set()

    @property
    def label(self) -> str:
        """What a person calls this camera."""
        return self.name or (self.device.hex()[:8] if self.device else self.port)

    def met(self, hello) -> None:
        """Take what HELLO says."""
        self.device, self.epoch = hello.device, hello.epoch

    def known(self, log, segments) -> None:
        """Take what an epoch's log says, and that these segments of it are to be docked."""
        self.name = self.name or log.name  # the newest epoch's comes first
        self._recordings |= {(log.epoch, segment.recording) for segment in segments}
        self.recordings = len(self._recordings)

    def took(self, size_bytes: int, duration_s: float) -> None:
        """Count what a download brought, and how long it took."""
        self.done_bytes += size_bytes
        self._busy_s += duration_s

    def rate(self) -> "int | None":
        """Return the bytes per second of the downloads; None when there were none."""
        return round(self.done_bytes / self._busy_s) if self._busy_s else None

    def found(self, verdict: dict) -> None:
        """Take the reader's findings, but for what every docking has."""
        for finding in verdict["findings"]:
            if finding.code not in ("no-read",):
                words = {"en": finding.say("en"), "de": finding.say("de")}
                self.findings.append({"what": finding.code, "kind": finding.kind, **words})

    def released_of(self, log, segments, released) -> None:
        """Count the recordings of which every one of these segments is released."""
        kept = {segment.recording for segment in segments if segment.n not in released}
        every = {segment.recording for segment in segments}
        self._released |= {(log.epoch, recording) for recording in every - kept}
        self.released = len(self._released)

    def tested(self, health: dict) -> None:
        """Take the answer to SELFTEST."""
        self.health = {str(key)[:40]: value for key, value in health.items()}
        parts, battery = self.health.get("parts"), self.health.get("battery")
        said = [self.health.get("fault"), self.health.get("warning")]
        said += parts if isinstance(parts, list) else []
        for reason in dict.fromkeys(filter(None, said)):
            if reason not in _SAID_BETTER:
                self.warn("camera", reason=Reason(str(reason)[:80]))
        for count in ("lost", "resets"):
            if self.health.get(count):
                self.warn(count, count=self.health[count])
        if isinstance(battery, dict) and battery.get("retire"):
            self.warn("retire", **{name: battery.get(name) for name in _WORN})

    def unsafe(self, code: str, **facts) -> None:
        """Add to what is not yet safe; the first word for each thing stands."""
        line = {"what": code, **say(UNSAFE[code], facts)}
        if line not in self.not_safe:
            self.not_safe.append(line)

    def warn(self, code: str, **facts) -> None:
        """Add something worth knowing that keeps nothing from being safe."""
        line = {"what": code, "kind": "warning", **say(WARNINGS[code], facts)}
        if line not in self.findings:
            self.findings.append(line)

    def plain(self) -> dict:
        """Return it as JSON has it."""
        return {
            "id": self.device.hex() if self.device else None,
            "name": self.name,
            "port": self.port,
            "epoch": self.epoch,
            "recordings": self.recordings,
            "bytes": self.done_bytes,
            "bytes_per_s": self.rate(),
            "retries": self.retries,
            "released": self.released,
            "not_safe": self.not_safe,
            "findings": self.findings,
            "selftest": self.health,
        }
