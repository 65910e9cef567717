"""One camera's docking: everything downloaded, stored, read back, judged, and only then released.

The order is PROTOCOL.md section 6. Each step may be repeated, so that who was interrupted begins
again from the front and finds done what is done: a block in its part, a segment in the vault, a
release in the camera's log, the next epoch in HELLO.
"""

from functools import partial

from tools.evidence.errors import InputError
from tools.evidence.keyring import Access
from tools.evidence.layout import BLOCK
from tools.evidence.log import Log

from . import earlier, facts, othercard, renewal
from . import session as ask
from .copying import fetch
from .intake import Intake, grave
from .link import BUSY, NO_FILE, NOT_NOW, LinkLost, Refused
from .releasing import kept, release
from .report import Report
from .session import Stranger, release_token
from .updating import update
from .vault import VaultError
from .visit import Visit

_USB_FACTOR = 2  # USB must be so many times as fast as recording


class Stopped(Exception):
    """The person at the station pressed Ctrl-C; raised by `progress`."""


class Docking(Visit):
    """One camera on one port. `run` does it all and returns what happened; it raises nothing that
    a camera or a vault can cause.

    `progress(report)` is called after each block and each step. `options` are those of `dock`.
    """

    def __init__(self, station, vaults, port, options, progress=lambda report: None):
        super().__init__(station, vaults, port, options, progress)

    def run(self) -> Report:
        """Dock the camera; blocks until it is done or the camera is gone."""
        say = self.report.unsafe
        try:
            self.link.open()
            self._dock()
        except Stopped:
            say("interrupted")
        except LinkLost as error:
            say("link", error=error)
        except Refused as refusal:
            say("busy" if refusal.rc == BUSY else "refused", rc=refusal.rc)
        except Stranger as error:
            say("stranger", error=str(error))
        except VaultError as error:
            say("vault", error=str(error))
        except (InputError, OSError) as error:
            say("station", error=str(error))
        except BaseException as error:  # noqa: BLE001  what nobody foresaw must never look safe
            say("unforeseen", error=f"{type(error).__name__}: {error}")
        finally:
            self.report.retries = self.link.retries
            self.step("done")
            self.link.close()
        return self.report

    def _dock(self):
        self.step("hello")
        hello = self.session.hello()
        if hello.device is None:
            hello = self._enrol(hello)
            if hello is None:
                return
        elif self.options.enrol:
            self.report.warn("enrolled")
        self.report.met(hello)
        if hello.card is None:
            self.report.unsafe("no_card")
            return
        chain = self.station.check(hello.device, hello.epoch)
        if chain is None:
            self._copy_only(hello, "no_check")
            return
        self.session.auth(chain)
        renewal.clock(self)
        self._with_keys(self.session.said, chain)

    # With CHECK ---------------------------------------------------------------------------------

    def _with_keys(self, hello, chain):
        intake = Intake(self.vaults, hello.device, hello.epoch)
        data = self.session.file("log")
        log = self._read_log(data, chain, hello)
        name = intake.log(data)
        released = {n for n, segment in log.segments.items() if segment.released}
        segments = [s for n, s in sorted(log.segments.items()) if n >= log.released]
        self.report.known(log, segments)
        checks, head = {(hello.device, hello.epoch): chain}, log.entries[-1]
        kept_log = Log(data, (head.s + 1, head.mac), stored=True)
        judged = partial(intake.judge, kept_log, log.card, checks)
        if hello.card != log.card:
            return othercard.go_on(self, intake, hello, log, name, judged)
        if self.options.card_lost:
            self.report.warn("card_there")
        sizes = {s.n: self._blocks(s, s.n in released) for s in segments}
        self.report.total_bytes += sum(k for s, k in sizes.items() if s not in released) * BLOCK
        for segment in segments:
            if sizes[segment.n]:
                fetch(self, intake, segment.n, sizes[segment.n], released)
            self.step("copy")
        self.step("verify")
        verdict = judged()
        everywhere, here = grave(verdict)
        doubtful = [n for n in here if n in intake.before and n not in released]
        if doubtful:
            # Somebody put it there, or the card could not read it then.
            for n in doubtful:
                self.report.total_bytes += sizes[n] * BLOCK
                fetch(self, intake, n, sizes[n], again=True)
            self.step("verify")
            verdict = judged()
            everywhere, here = grave(verdict)
        self.report.found(verdict)
        self.custody("stored", facts.stored(self, hello, log, name, verdict, intake, segments))
        self.step("release")
        open_ = [s for s in segments if s.n not in released]
        gone = [n for n in released if sizes.get(n) and n not in intake.things]
        for n in gone:
            self.report.unsafe("elsewhere", n=n)
        if everywhere:
            self.report.unsafe("all_bad", what=everywhere[0])
            return self.health(intake, hello, log, ())
        full = False
        for segment in open_:
            n, recording = segment.n, segment.recording
            if n in here and kept(self, here[n], recording):
                continue
            token = partial(release_token, chain, segment.s, n, sizes[n])
            rc = release(self, intake, n, sizes[n], recording, token)
            full = full or rc == NOT_NOW
            if not rc:
                released.add(n)
        self.report.released_of(log, segments, released)
        left = [s.n for s in segments if s.n not in released]
        left += gone
        earlier_gone, stay = earlier.settle(self, hello)
        self.health(intake, hello, log, sorted([*released, *earlier_gone]))
        health = self.report.health
        used = health.get("log_used", 0) * 2 > health.get("log_pages", 1)
        if full and used and not self.report.not_safe:
            # Without room for entries they are released as those of an earlier epoch.
            renewal.new_epoch(self, hello, log.name, hello.released)
            hello = self.session.said
            return self._with_keys(hello, self.station.check(hello.device, hello.epoch))
        if full:
            self.report.unsafe("log_full")
        elif not left and not stay and (hello.next > hello.released or used):
            renewal.new_epoch(self, hello, log.name, hello.next)
        if self.options.release and not self.report.not_safe:
            update(self, self.options.release, self.session.said)

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
            return self.session.length(f"seg/{segment.n}") // BLOCK
        except Refused as refusal:
            if refusal.rc != NO_FILE:
                raise
            return segment.least

    # Before it goes --------------------------------------------------------------------------

    def health(self, intake, hello, log, released):
        """Profile, self-test and what the camera counted, into the custody entry."""
        self.step("selftest")
        if self.options.profile:
            self.session.command(ask.CONFIG, {"p": self.options.profile})
        self.report.tested(self.session.command(ask.SELFTEST, {}))
        after = intake.log(self.session.file("log"))
        recorded = facts.recorded_bytes_per_s(log)
        rate = self.report.rate()
        if recorded and rate and rate < _USB_FACTOR * recorded:
            self.report.warn("slow", usb=rate // 1000, recording=recorded // 1000)
        words = {
            "camera": facts.about(hello, log),
            "released": list(released),
            "objects": [after],
            "selftest": self.report.health,
            "rate": rate,
            "recording_rate": recorded,
            "retries": self.link.retries,
            "firmware": hello.firmware,
            "board": hello.board,
            "not_safe": [line["en"] for line in self.report.not_safe],
        }
        self.custody("released", words)

    # Without CHECK ------------------------------------------------------------------------------

    def _copy_only(self, hello, why):
        """Copy and verify digests; nothing is released, because nobody can prove who wrote it."""
        self.report.unsafe(why, camera=hello.device.hex(), epoch=hello.epoch)
        intake = Intake(self.vaults, hello.device, hello.epoch)
        sizes = {}
        for n in range(hello.first, hello.next):
            try:
                sizes[n] = self.session.length(f"seg/{n}") // BLOCK
            except Refused as refusal:
                if refusal.rc != NO_FILE:
                    raise
            self.step("copy")
        self.report.total_bytes = sum(sizes.values()) * BLOCK
        self.report.recordings = len(sizes)
        for n, blocks in sizes.items():
            if blocks:
                fetch(self, intake, n, blocks)
            self.step("copy")
        words = {
            "camera": facts.about(hello),
            "verdict": "damaged" if self.report.damaged_blocks else "digests only",
            "objects": sorted(intake.objects),
            "vaults": [vault.name for vault in self.vaults],
            "rate": self.report.rate(),
        }
        self.custody("stored", words)
        earlier.settle(self, hello, docked=False)

    def _enrol(self, hello):
        """Enrol a fresh camera where the person asked for it; return its HELLO, or None."""
        if not self.options.enrol:
            self.report.unsafe("not_enrolled")
        elif hello.card is None:
            self.report.unsafe("no_card")
        else:
            return renewal.enrol(self, hello, self.options.enrol)
        return None
