"""The recorder: ring to card.

Hot path: one bounded piece of work per step, no heap per frame of its own.

A step is one of: ask the card to go on, seal a piece of the ring into a block and hand it to the
card, open or seal a segment. It never waits for the card: a stall only lets the ring fill.
Collections run here alone, when no frame waits.
"""

import json

from micropython import const

from bodycam import blocks, log, ring
from bodycam.errors import Fault

_IDLE = const(0)
_OPENING = const(1)
_RUNNING = const(2)
_STOPPING = const(3)

_LAST_DATA_BLOCK = const(254)
_BUSY_MS = const(2)
_ETIMEDOUT = const(110)
_CLOCK_MS = const(10_000)
_GARBAGE_BYTES = const(1_500_000)


class Recorder:
    """Records what `frame` is given until `stop`; then `sealed()` is called, once the SEAL is
    on the card and in the log.

    `facts()` returns the dict for the `open` event, `nonce()` 16 random bytes, `collect()`
    collects garbage. The ring's memory is wiped at the end.
    """

    def __init__(self, frames, card, journal, sealer, clock, profile, hooks):
        self.ring = frames
        self._card = card
        self._log = journal
        self._sealer = sealer
        self._clock = clock
        self._flush_ms = profile["flush_ms"]
        self._pre_event_ms = profile["pre_event_s"] * 1000
        self._facts = hooks["facts"]
        self._nonce = hooks["nonce"]
        self._sealed = hooks["sealed"]
        self._collect = hooks["collect"]
        self._state = _IDLE
        self._writing = self._retried = self._closing = False
        self._segment_open = False
        self._keys = bytearray(64)
        self._counts = [
            0,
            0,
            0,
            0,
        ]  # records, frames of the segment; gaps, lost frames of the recording
        self.garbage_bytes = 0
        self.recorded = 0  # frames taken into recordings since boot

    @property
    def wants_frames(self) -> bool:
        """Whether frames are taken: into a recording, or while none runs into the pre-event
        memory; not while one is being sealed.
        """
        return self._state != _STOPPING

    @property
    def busy(self) -> bool:
        """Whether a recording runs or is being sealed."""
        return self._state != _IDLE

    # Producer

    def start(self, why: str):
        """Begin a recording with what the ring holds; frames are accepted from now on."""
        now = self._clock.ticks_ms()
        self.ring.hold()
        self._state = _OPENING
        self._index = 0
        self._reason = blocks.STOPPED
        self._gap_from = self._gap_to = self._gap_lost = 0
        self._counts[2] = self._counts[3] = 0
        self._next_seq = -1
        self._sealed_at = self._told_at = now
        self._recording = self._log.recording + 1
        self.event({"event": "start", "why": why})

    def stop(self, why: str, reason: int = blocks.STOPPED):
        """Accept no more frames, write what waits, and seal."""
        if self.busy and self._state != _STOPPING:
            self.event({"event": "stop", "why": why})
            self._state = _STOPPING
            self._reason = reason

    def frame(self, t_ms: int, data) -> bool:
        """Take one JPEG into the recording or, while none runs, into the pre-event memory;
        return whether it was taken.
        """
        self.garbage_bytes += len(data)
        if not self.busy:
            self.ring.push(ring.FRAME | ring.PRE_EVENT, t_ms, data)
            self.ring.trim(t_ms - self._pre_event_ms)
            return True
        if (self._gap_lost == 0 or self._tell_gap()) and self.ring.push(ring.FRAME, t_ms, data):
            self.recorded += 1
            return True
        self._gap_to = t_ms
        if self._gap_lost == 0:
            self._gap_from = t_ms
        self._gap_lost += 1
        return False

    def event(self, facts: dict):
        """Put an event into the recording's stream; outside a recording it does nothing."""
        if self.busy:
            self.ring.push(ring.EVENT, self._clock.stamp(), json.dumps(facts).encode())

    def _tell_gap(self):
        text = json.dumps(
            {
                "lost": self._gap_lost,
                "from_ms": self._gap_from,
                "to_ms": self._gap_to,
                "why": "ring full",
            }
        )
        if not self.ring.push(ring.GAP, self._clock.stamp(), text.encode()):
            return False
        self._counts[2] += 1
        self._counts[3] += self._gap_lost
        self._gap_lost = 0
        return True

    # Consumer

    def step(self, now: int) -> int:
        """Do one bounded piece of work; return milliseconds until the next.

        Blocks at most one block's cipher, digest and card step.

        Raises:
            Fault: the log or the cipher failed, or the card has no room; `abort` then.
            OSError: the card failed; `again` then.
        """
        if self._state == _IDLE:
            return 1000
        return self._go_on(now) if self._writing else self._next(now)

    def again(self, error):
        """Take the OSError that a step raised: write once more, the same bytes at the same place.

        A card remaps a bad sector by itself. One that was silent for 5 s is not asked again.

        Raises:
            Fault: it was the second time, the card timed out, or it was no write; `abort` then.
        """
        if self._retried or not self._writing or error.errno == _ETIMEDOUT:
            raise Fault("card_error", error)
        self._retried = True
        try:
            self._card.device.cancel()
            self._card.device.begin(self._lba, self._sealer.stage)
        except OSError as second:
            raise Fault("card_error", second)

    def abort(self):
        """Give up the recording after a Fault: note in the log how much of the segment the card
        has.
        """
        if self._segment_open:
            self._segment_open = False
            self._log.close_segment(log.TORN, self._segment, self._acknowledged + 1)
        self._writing = False
        self._state = _IDLE
        self.ring.clear()

    def _go_on(self, now):
        if not self._card.device.step():
            return _BUSY_MS
        self._writing = self._retried = False
        block = self._sealer.block
        self._acknowledged = block
        self._log.acknowledged(block)
        if self._closing:
            self._closed(now)
        return 0

    def _next(self, now):
        if not self._segment_open:
            self._open(now)
        elif self._sealer.block == _LAST_DATA_BLOCK:
            self._seal(blocks.SEGMENT_FULL)
        elif not self._seal_piece(now):
            if self._state == _STOPPING:
                self._seal(self._reason)
            else:
                return self._rest(now)
        return 0

    def _seal_piece(self, now):
        frames = self.ring
        early = self.garbage_bytes > _GARBAGE_BYTES or self._state == _STOPPING
        early = early or self._clock.diff(now, self._sealed_at) >= self._flush_ms
        piece = frames.piece(early)
        if piece < 0:
            return False
        if self._next_seq < 0:
            self._next_seq = frames.first_seq(piece)
        self._count(frames.records(piece), frames.frames(piece))
        self._sealer.data(frames, piece, self._clock.stamp())
        frames.release()
        self._sealed_at = now
        self._write()
        return True

    def _count(self, records, pictures):
        self._counts[0] += records
        self._counts[1] += pictures
        self._next_seq += records

    def _rest(self, now):
        if self.garbage_bytes > _GARBAGE_BYTES and self.ring.used_bytes == 0:
            self.garbage_bytes = 0
            self._collect()
        if self._clock.diff(now, self._told_at) >= _CLOCK_MS:
            self._told_at = now
            self.event({"event": "clock", "utc": self._clock.utc_s(), "trust": self._clock.trust})
        if self.ring.used_bytes == 0:
            self._sealed_at = now
        return max(1, min(_CLOCK_MS, self._flush_ms - self._clock.diff(now, self._sealed_at)))

    def _open(self, now):
        journal = self._log
        if journal.full:
            raise Fault("log_full", "dock the camera")
        self._segment = journal.next_segment
        if self._card.room(self._segment, journal.released) <= 0:
            raise Fault("card_full", "segment %d" % self._segment)
        nonce = self._nonce()
        entry = journal.open_segment(nonce, self._recording, self._index, self._keys)
        self._segment_open = True
        self._acknowledged = -1
        self._counts[0] = self._counts[1] = 0
        self._opened_ms = self._clock.stamp()
        self._sealer.begin(self._keys, self._segment, entry, journal.epoch, journal.boot)
        facts = self._facts()
        facts.update({"event": "open", "recording": self._recording, "index": self._index})
        self._sealer.head(
            nonce,
            journal.epoch,
            self._recording,
            self._index,
            journal.seals,
            json.dumps(facts).encode(),
            self._opened_ms,
        )
        self._index += 1
        if self._state == _OPENING:
            self._state = _RUNNING
        self._closing = False
        self._write()

    def _seal(self, reason):
        self._sealer.seal(
            self._counts,
            reason,
            self._opened_ms,
            self._clock.stamp(),
            max(self._next_seq, 0),
            self._clock.stamp(),
        )
        self._closing = True
        self._close_reason = reason
        self._write()

    def _write(self):
        self._lba = self._card.lba(self._segment, self._sealer.block)
        self._writing = True
        self._card.device.begin(self._lba, self._sealer.stage)

    def _closed(self, now):
        self._segment_open = False
        self._log.close_segment(log.SEAL, self._segment, self._sealer.block + 1)
        if self._close_reason != blocks.SEGMENT_FULL:
            self._state = _IDLE
            self.ring.clear()
            self._sealed()
