"""One camera's docking: everything downloaded, stored, read back, judged, and only then released.

The order is PROTOCOL.md section 6. Each step may be repeated, so that who was interrupted begins
again from the front and finds done what is done: a block in its part, a segment in the vault, a
release in the camera's log, the next epoch in HELLO.
"""

import secrets
import time

from tools.evidence import layout
from tools.evidence.errors import InputError
from tools.evidence.keyring import Access
from tools.evidence.layout import BLOCK
from tools.evidence.log import Log

from . import session as ask
from .custody import Chain
from .intake import Intake, digest, grave
from .link import BUSY, MISMATCH, NO_FILE, Link, LinkLost, Refused
from .parts import Part, discard
from .report import Report
from .session import Session, Stranger, release_token
from .stamp import StampError
from .vault import VaultError

_WRONG_READS = 3  # of a block whose digest does not fit, before the card is blamed
_RESTART_S = 30
_USB_FACTOR = 2  # USB must be so many times as fast as recording


class Stopped(Exception):
    """The person at the station pressed Ctrl-C; raised by `progress`."""


class Docking:
    """One camera on one port. `run` does it all and returns what happened; it raises nothing that
    a camera or a vault can cause.

    `progress(report)` is called after each block and each step. `options` are those of `dock`.
    """

    def __init__(self, station, vaults, port, options, progress=lambda report: None):
        self._station, self._vaults, self._options = station, vaults, options
        self._link = Link(port)
        self._session = Session(self._link)
        self._progress = progress
        self._stored = None
        self.report = Report(port)

    def run(self) -> Report:
        """Dock the camera; blocks until it is done or the camera is gone."""
        say = self.report.unsafe
        try:
            self._link.open()
            self._dock()
        except Stopped:
            say("interrupted")
        except LinkLost as error:
            say("link", port=self._link.port, error=str(error))
        except Refused as refusal:
            say("busy" if refusal.rc == BUSY else "refused", rc=refusal.rc)
        except Stranger as error:
            say("stranger", error=str(error))
        except VaultError as error:
            say("vault", error=str(error))
        except (InputError, OSError) as error:
            say("station", error=str(error))
        finally:
            self.report.retries = self._link.retries
            self._step("done")
            self._link.close()
        return self.report

    def _dock(self):
        self._step("hello")
        hello = self._session.hello()
        if hello.device is None:
            hello = self._enrol(hello)
            if hello is None:
                return
        self.report.met(hello)
        chain = self._station.check(hello.device, hello.epoch)
        if chain is None:
            self._copy_only(hello, "no_check")
            return
        self._session.auth(chain)
        self._clock()
        self._with_keys(self._session.said, chain)

    # With CHECK ---------------------------------------------------------------------------------

    def _with_keys(self, hello, chain):
        intake = Intake(self._vaults, hello.device, hello.epoch)
        data = self._session.file("log")
        log = self._read_log(data, chain, hello)
        self.report.known(log)
        kept = intake.log(data)
        released = {n for n, segment in log.segments.items() if segment.released}
        segments = [s for n, s in sorted(log.segments.items()) if n >= log.released]
        sizes = {s.n: self._blocks(s, s.n in released) for s in segments}
        self.report.total_bytes = sum(k for s, k in sizes.items() if s not in released) * BLOCK
        for segment in segments:
            if sizes[segment.n]:
                self._fetch(intake, segment.n, sizes[segment.n], released)
            self._step("copy")
        self._step("verify")
        checks = {(hello.device, hello.epoch): chain}
        head = log.entries[-1]
        kept_log = Log(data, (head.s + 1, head.mac), stored=True)
        verdict = intake.judge(kept_log, log.card, checks)
        everywhere, here = grave(verdict)
        self.report.found(verdict)
        words = {
            "camera": _about(hello, log),
            "verdict": verdict["verdict"],
            "findings": [finding.plain() for finding in verdict["findings"]],
            "objects": sorted(intake.objects),
            "vaults": [vault.name for vault in self._vaults],
            "log": {"object": kept, "entries": head.s + 1, "mac": head.mac.hex()},
            "recordings": _recordings(segments),
            "rate": self.report.rate(),
        }
        self._custody("stored", words)
        self._step("release")
        open_ = [s for s in segments if s.n not in released]
        gone = [n for n in released if sizes.get(n) and n not in intake.things]
        for n in gone:
            self.report.unsafe("elsewhere", n=n)
        if everywhere:
            self.report.unsafe("all_bad", what=everywhere[0])
            return self._health(intake, hello, log, ())
        for segment in open_:
            n = segment.n
            if n in here and not self._may(here[n]):
                self.report.unsafe("segment_bad", what=here[n], recording=segment.recording)
                continue
            if self._release(intake, chain, segment, sizes[n]):
                released.add(n)
        self.report.released_of(segments, released)
        left = [s.n for s in segments if s.n not in released]
        left += gone
        earlier = hello.first - hello.released
        if earlier:
            self.report.unsafe("earlier", count=earlier, first=hello.released)
        self._health(intake, hello, log, sorted(released))
        used = self.report.health.get("log_used", 0) * 2 > self.report.health.get("log_pages", 1)
        if not left and not earlier and (hello.next > hello.first or used):
            self._new_epoch(hello, log.name)

    def _read_log(self, data, chain, hello):
        """Return the camera's log, which AUTH proved to be this long, with releases proved."""
        log = Log(data)
        if len(log.entries) < hello.s or (log.device, log.epoch) != (hello.device, hello.epoch):
            raise Stranger("the camera's log is not the one that it proved to have")
        log.authenticate(Access(chain))
        return log

    def _blocks(self, segment, released):
        """Return how many blocks a segment has that is closed: the log's number, and the camera's
        where the log does not tell.
        """
        if segment.blocks is not None or released:
            return segment.blocks or segment.least
        try:
            return self._session.length(f"seg/{segment.n}") // BLOCK
        except Refused as refusal:
            if refusal.rc != NO_FILE:
                raise
            return segment.least

    def _fetch(self, intake, n, blocks, released=()):
        """Bring a segment into the vaults: from the camera where they do not have it."""
        parts = self._station.folder / "parts"
        if intake.held(n, blocks):
            self.report.total_bytes -= blocks * BLOCK if n not in released else 0
        elif n not in released:
            with Part(parts, self.report.device, n, blocks) as part:
                for b in part.missing():
                    self._block(part, n, b)
                intake.segment(n, part.content())
        discard(parts, self.report.device, n)

    def _block(self, part, n, b):
        started_s = time.monotonic()
        for _ in range(_WRONG_READS):
            block = self._session.piece(f"seg/{n}", b * BLOCK)
            if block is not None and part.whole(b, block):
                break
        else:
            self.report.damaged_blocks += 1
        if block is not None and len(block) == BLOCK:
            part.write(b, block)
        self.report.took(BLOCK, time.monotonic() - started_s)
        self._progress(self.report)

    def _release(self, intake, chain, segment, blocks):
        n = segment.n
        told = digest(intake.digests(n) if blocks else b"")
        token = release_token(chain, segment.s, n, blocks, told)
        try:
            says = self._session.command(ask.RELEASE, {"n": n, "k": blocks, "d": told, "t": token})
        except Refused as refusal:
            why = "differs" if refusal.rc == MISMATCH else "not_erased"
            self.report.unsafe(why, recording=segment.recording, rc=refusal.rc)
            return False
        self._progress(self.report)
        return says.get("n") == n

    def _may(self, finding):
        """Return whether a segment with such a finding may be released."""
        return self._options.release_damaged and finding.kind == "damaged"

    # Before it goes --------------------------------------------------------------------------

    def _health(self, intake, hello, log, released):
        """Profile, self-test and what the camera counted, into the custody entry."""
        self._step("selftest")
        if self._options.profile:
            self._session.command(ask.CONFIG, {"p": self._options.profile})
        self.report.tested(self._session.command(ask.SELFTEST, {}))
        after = intake.log(self._session.file("log"))
        recorded = _recorded_bytes_per_s(log)
        rate = self.report.rate()
        if recorded and rate and rate < _USB_FACTOR * recorded:
            self.report.warn("slow", usb=rate // 1000, recording=recorded // 1000)
        words = {
            "camera": _about(hello, log),
            "released": list(released),
            "objects": [after],
            "selftest": self.report.health,
            "rate": rate,
            "recording_rate": recorded,
            "retries": self._link.retries,
            "firmware": hello.firmware,
            "board": hello.board,
            "not_safe": [line["en"] for line in self.report.not_safe],
        }
        self._custody("released", words)

    def _new_epoch(self, hello, name):
        """Give the camera its next epoch and see that it has it."""
        self._step("epoch")
        pages = self._station.epoch(
            device=hello.device,
            card=hello.card,
            epoch=hello.epoch + 1,
            first=hello.next,
            released=hello.next,
            name=name,
            utc=int(time.time()),
        )
        self._install(pages, hello.device, hello.epoch + 1)

    def _install(self, pages, device, epoch):
        proof = digest(pages)
        for _ in range(2):
            try:
                self._session.command(ask.EPOCH, lambda: {"p": self._session.wrap(pages)})
                self._session.command(ask.CONFIRM, {"d": proof})
                break
            except (LinkLost, Stranger):
                break  # HELLO tells whether it was heard
        hello = self._back(device, epoch)
        words = {"id": device.hex(), "epoch": epoch, "card": hello.card and hello.card.hex()}
        self._custody("epoch", {"camera": words})
        self._session.auth(self._station.check(device, epoch))
        self._clock()

    def _back(self, device, epoch):
        """Wait for the camera's restart; return its HELLO in the new epoch."""
        end_s = time.monotonic() + _RESTART_S
        while time.monotonic() < end_s:
            try:
                hello = self._session.hello()
                if (hello.device, hello.epoch) == (device, epoch):
                    return hello
            except (LinkLost, Refused):
                pass
            time.sleep(0.2)
        raise LinkLost(
            "the camera has not come back with its new keys: put it into the dock again; it "
            "records on with its old ones, and nothing is lost"
        )

    def _clock(self):
        self._session.command(ask.TIME, {"utc": int(time.time())})

    # Without CHECK ------------------------------------------------------------------------------

    def _copy_only(self, hello, why):
        """Copy and verify digests; nothing is released, because nobody can prove who wrote it."""
        self.report.unsafe(why, camera=hello.device.hex(), epoch=hello.epoch)
        intake = Intake(self._vaults, hello.device, hello.epoch)
        sizes = {}
        for n in range(hello.released, hello.next):
            try:
                sizes[n] = self._session.length(f"seg/{n}") // BLOCK
            except Refused as refusal:
                if refusal.rc != NO_FILE:
                    raise
        self.report.total_bytes = sum(sizes.values()) * BLOCK
        self.report.recordings = len(sizes)
        for n, blocks in sizes.items():
            if blocks:
                self._fetch(intake, n, blocks)
            self._step("copy")
        words = {
            "camera": _about(hello, None),
            "verdict": "damaged" if self.report.damaged_blocks else "digests only",
            "objects": sorted(intake.objects),
            "vaults": [vault.name for vault in self._vaults],
            "rate": self.report.rate(),
        }
        self._custody("stored", words)

    def _enrol(self, hello):
        """Give a fresh camera its first epoch, where the person asked for it."""
        name = self._options.enrol
        if not name:
            self.report.unsafe("not_enrolled")
            return None
        if hello.card is None:
            self.report.unsafe("no_card")
            return None
        self._step("enrol")
        device = secrets.token_bytes(16)
        self._session.auth(None)
        pages = self._station.epoch(
            device=device,
            card=hello.card,
            epoch=1,
            first=hello.next,
            released=hello.next,
            name=name,
            utc=int(time.time()),
        )
        self._install(pages, device, 1)
        return self._session.hello()

    # The station's side -------------------------------------------------------------------------

    def _custody(self, kind, words):
        """Sign an entry and see it in every vault; time stamp it where there is a service."""
        self._step("custody")
        chain = Chain(self._station)
        path = chain.add(kind, words)
        for vault in self._vaults:
            chain.publish(vault)
        if self._options.stamper:
            try:
                chain.stamp(path, self._options.stamper, self._vaults)
            except StampError as error:
                self.report.warn("no_stamp", error=str(error))

    def _step(self, name):
        self.report.step = name
        self._progress(self.report)


def _about(hello, log):
    return {
        "id": hello.device.hex(),
        "epoch": hello.epoch,
        "card": hello.card.hex() if hello.card else None,
        "name": log.name if log else None,
    }


def _recordings(segments):
    """Return [{"recording", "segments", "utc"}] as the log tells them."""
    found = {}
    for segment in segments:
        one = found.setdefault(
            segment.recording,
            {"recording": segment.recording, "segments": [], "utc": segment.utc},
        )
        one["segments"].append(segment.n)
    return list(found.values())


def _recorded_bytes_per_s(log):
    """Return how fast the camera wrote, over all sealed segments; None without one."""
    opened = {s.n: s for s in log.segments.values() if s.blocks}
    size = duration_ms = 0
    for entry in log.entries:
        if entry.code == layout.SEALED and len(entry.detail) == layout.PAIR.size:
            n, blocks = layout.PAIR.unpack(entry.detail)
            segment = opened.get(n)
            if segment and segment.boot == entry.boot:
                size += blocks * BLOCK
                duration_ms += entry.uptime_ms - segment.uptime_ms
    return size * 1000 // duration_ms if duration_ms > 0 else None
