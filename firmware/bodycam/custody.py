"""What an authenticated station may do to a camera: the commands of PROTOCOL.md section 4.

Each takes the body that the session has checked, and returns the answer's; one that takes long is
a generator that yields None while it works, and then the answer.
"""

import json
import struct
from hashlib import sha256

from micropython import const

from bodycam import epoch, log, profile
from bodycam.clock import STATION
from bodycam.session import (
    BAD_STATE,
    BAD_VALUE,
    UNKNOWN,
    WRONG_DIGEST,
    Refusal,
    field,
)

_PLACE_SECTORS = const(8192)
_ERASED_AT_ONCE = const(256)  # sectors: 1 s at most on a card without CMD38
_BLOCK_SECTORS = const(32)
_EARLIEST_S = const(1_577_836_800)  # 2020-01-01
_PROFILE_BYTES = const(1024)
_READS = const(16)
_WATCHDOG_RESET = const(3)
_TROUBLES = const(6)
_TROUBLE_CHARS = const(40)


class Custody:
    """The commands on one camera. `parts` is what app.py joined, `session` the docking,
    `inventory` its files.
    """

    def __init__(self, parts, session, inventory):
        self._parts = parts
        self._log = parts.log
        self._card = parts.card
        self._session = session
        self._inventory = inventory
        self._aside = None  # digest of the epoch that EPOCH put aside in this session
        self.restart = False  # once the answer is out
        self.commands = {
            2: self._release,
            3: self._time,
            4: self._epoch,
            5: self._confirm,
            6: self._config,
            7: self._selftest,
            8: self._update,
        }

    def begin(self):
        """A session has begun: what an earlier one prepared counts no more."""
        self._aside = None

    # Release

    def _release(self, body):
        inventory, journal = self._inventory, self._log
        segment, blocks = field(body, "n", int), field(body, "k", int, 1, 256)
        digest, token = field(body, "d", bytes, 32, 32), field(body, "t", bytes, 16, 16)
        known = inventory.blocks(segment)
        inventory.own_card()
        if blocks != known and segment >= journal.first:
            raise Refusal(WRONG_DIGEST)
        if not inventory.is_released(segment):
            found = yield from inventory.root(segment, blocks)
            if found != digest:
                raise Refusal(WRONG_DIGEST)
            if segment >= journal.first:
                if journal.full:
                    raise Refusal(BAD_STATE)
                detail = struct.pack("<II", segment, blocks) + digest + token
                journal.append(log.RELEASED, detail)
                inventory.release(segment)
        start = self._card.lba(segment, 0)
        for at in range(0, _PLACE_SECTORS, _ERASED_AT_ONCE):
            self._card.device.erase(start + at, _ERASED_AT_ONCE)
            yield None
        first = inventory.fill_of(start)
        for at in range(0, _PLACE_SECTORS, _BLOCK_SECTORS):
            fill = inventory.fill_of(start + at)
            if fill is None or fill != first:
                raise OSError(5, "card: not erased")
            yield None
        yield {"n": segment, "fill": first}

    # Time

    def _time(self, body):
        utc_s = field(body, "utc", int, _EARLIEST_S)
        parts = self._parts
        step_s = parts.clock.set_utc(utc_s, STATION)
        self._note(log.CLOCK, {"utc": utc_s, "step": step_s})
        try:
            parts.chips.rtc.set_unix_s(utc_s)
        except (OSError, ValueError):
            return {"step": step_s, "chip": False}
        return {"step": step_s, "chip": True}

    def _note(self, code, facts):
        if not self._log.refusal:
            self._log.note(code, facts)

    # Epoch

    def _epoch(self, body):
        sealed = field(body, "p", bytes, log.PAGE_BYTES, 3 * log.PAGE_BYTES)
        if len(sealed) % log.PAGE_BYTES:
            raise Refusal(BAD_VALUE)
        pages = self._session.unwrap(sealed)
        self._check_epoch(*epoch.opening(pages))
        kept = json.dumps(self._parts.keeper.facts()).encode()
        self._aside = epoch.put_aside(self._parts.chips.flash, pages, kept)
        for i in range(len(pages)):
            pages[i] = 0
        return {"d": self._aside}

    def _check_epoch(self, number, first, device, card, released):
        journal, enrolled = self._log, not self._log.refusal
        if not self._card.card_id:
            raise Refusal(BAD_STATE)
        same = enrolled and card == journal.card_id
        right = (
            card == self._card.card_id
            and number >= 1
            and released <= first
            and first - released <= self._card.segments
            and (not enrolled or number == journal.epoch + 1 and device == journal.device_id)
            and (not enrolled or first >= journal.next_segment)
            and (not same or released >= journal.released)
        )
        if not right:
            raise Refusal(BAD_VALUE)

    def _confirm(self, body):
        digest = field(body, "d", bytes, 32, 32)
        if digest != self._aside:
            raise Refusal(BAD_STATE)
        self._aside = None
        self.restart = True  # whatever comes: which epoch counts is what the next boot reads
        if not epoch.confirm(self._parts.chips.flash, digest):
            raise Refusal(BAD_STATE)
        return {}

    # Profile, test, update

    def _config(self, body):
        text = field(body, "p", str, 2, _PROFILE_BYTES)
        try:
            stored = json.loads(text)
            profile.make(stored["name"], stored["changes"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Refusal(BAD_VALUE)
        profile.store(self._parts.profile_path, text)
        return {"d": sha256(text.encode()).digest()}

    def _selftest(self, body):
        parts, journal = self._parts, self._log
        boots = [0, 0]

        def count(code, detail):
            if code == log.BOOT:
                boots[0] += 1
                boots[1] += json.loads(bytes(detail)).get("cause") == _WATCHDOG_RESET

        if not journal.refusal:
            journal.visit(count)
        read_us = yield from self._read_times()
        yield {
            "boots": boots[0],
            "resets": boots[1],
            "lost": parts.recorder.missed,
            "read_us": read_us,
            "write_ms": parts.recorder.segments.slowest_ms,
            "fault": parts.procedure.reason,
            "warning": parts.procedure.warning,
            "parts": [trouble[:_TROUBLE_CHARS] for trouble in parts.chips.troubles[:_TROUBLES]],
            "battery": parts.keeper.report(),
            "log_pages": journal.pages,
            "log_used": journal.used_pages,
        }

    def _read_times(self):
        # Yields None while it reads; then the mean and the worst, None when the card failed.
        clock, card, total_us, worst_us = self._parts.clock, self._card, 0, 0
        if not card.card_id:
            return None
        for i in range(_READS):
            start = clock.ticks_us()
            try:
                self._inventory.fill_of(card.lba(i * card.segments // _READS, 0))
            except OSError:
                return None
            took_us = clock.diff(clock.ticks_us(), start)
            total_us, worst_us = total_us + took_us, max(worst_us, took_us)
            yield None
        return [total_us // _READS, worst_us]

    def _update(self, body):
        update = self._parts.update
        if update is None:
            raise Refusal(UNKNOWN)
        answer = update(body)
        self.restart = not answer  # the next boot tries what is complete
        return answer
