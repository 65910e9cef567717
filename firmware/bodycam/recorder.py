"""The recorder: ring to card.

Hot path: one bounded piece of work per step, no heap per frame of its own. A step asks the card to
go on; where that has all that it was handed, the step also seals a piece of the ring into a block,
or opens or seals a segment, and hands what is sealed to the card. It never waits for the card: a
stall only lets the ring fill. Two blocks are written at a time when the second one comes soon.
Garbage is collected here alone.
"""

import json

from micropython import const

from bodycam import blocks, ring
from bodycam.kernel import piece, reserve
from bodycam.ring import FRAME
from bodycam.segments import Segments

_IDLE = const(0)
_RUNNING = const(1)
_STOPPING = const(2)

_BUSY_MS = const(2)
_BREATH_STEPS = const(7)  # and one more: then what is less urgent has its turn too
_CLOCK_MS = const(10_000)
_GARBAGE_LIMIT_BYTES = const(1_500_000)  # or half of the ring: small ones have small heaps
_BLOCK_GARBAGE_BYTES = const(448)  # at most
_WAIT_MS = const(1000)
_PAIR_MS = const(125)  # so long a block waits for a second one: a power cut takes both

_WAIT = const(1)  # as in `blocks`

# Places in the tally. An attribute would cost four times as much at each frame.
_GARBAGE_BYTES = const(0)  # of frames since the last collection
_RECORDED = const(1)
_SEALED_AT = const(2)  # ticks_ms

# Places in what was missed.
_FRAMES = const(0)
_SOUND_BYTES = const(1)
_EVENTS = const(2)
_FROM_MS = const(3)
_TO_MS = const(4)
_LARGEST = const(5)  # bytes
_LATE = const(6)  # 1: the loop was held up
_WHYS = ("ring full", "held up")
_MISSED = const(7)

_GAP_BYTES = const(256)  # of a GAP record at most, and of the header behind it

_PRE_EVENT_FRAME = FRAME | ring.PRE_EVENT
_PRE_EVENT_AUDIO = ring.AUDIO | ring.PRE_EVENT


class Recorder:
    """Records what `frame` is given until `stop`; then `sealed()` is called, once the SEAL is
    on the card and in the log.

    `opening((recording, index))` returns the `open` event of a segment, JSON bytes, `nonce()` 16
    random bytes, `collect()` collects garbage. The ring's memory is wiped at the end.
    """

    def __init__(self, frames, card, journal, sealer, clock, profile, hooks):
        self.ring, self._memory, self._words = frames, frames.memory, frames.words
        self.segments = Segments(card, journal, sealer, clock, hooks["opening"], hooks["nonce"])
        self._made = sealer.made
        self._log = journal
        self._clock, self._diff = clock, clock.diff
        self._flush_ms = profile["flush_ms"]
        self._pre_event_ms = profile["pre_event_s"] * 1000
        self._sealed = hooks["sealed"]
        self._collect = hooks["collect"]
        self._garbage_limit_bytes = min(_GARBAGE_LIMIT_BYTES, len(self._memory) // 2)
        self._state = _IDLE
        self._steps = 0
        self._why = None  # of a recording whose start is not told yet
        self._ending = self._behind = False
        self._missed = [0] * _MISSED  # since the last GAP record
        self._tally = [0, 0, 0]
        self.missed = 0  # frames, sounds and events that had no room, since boot

    def wants_frames(self) -> bool:
        """Return whether frames are taken: into a recording, or while none runs into the pre-event
        memory; not while one is being sealed.
        """
        return self._state != _STOPPING

    def recorded(self) -> int:
        """Return how many frames were taken into recordings since boot."""
        return self._tally[_RECORDED]

    def busy(self) -> bool:
        """Return whether a recording runs or is being sealed."""
        return self._state != _IDLE

    # Producer

    def start(self, why: str):
        """Begin a recording with what the ring holds; frames are accepted from now on."""
        self._start_ms = self._clock.stamp()
        self._state = _RUNNING
        self._index = 0
        self._why = why
        self.segments.counts[2] = self.segments.counts[3] = 0

    def stop(self, why: str, reason: int = blocks.STOPPED):
        """Accept no more frames, write what waits, and seal."""
        if self.busy() and self._state != _STOPPING:
            self.event({"event": "stop", "why": why})
            self._state = _STOPPING
            self._reason = reason

    def frame(self, t_ms, data) -> bool:
        """Take one JPEG into the recording or, while none runs, into the pre-event memory;
        return whether it was taken. One copy; allocates nothing.
        """
        tally, n = self._tally, len(data)
        if type(data) is bytes:  # garbage from now on; a view of a camera's buffer is not
            tally[_GARBAGE_BYTES] += n
        if self._state == _IDLE:
            return self.ring.push(_PRE_EVENT_FRAME, t_ms, data)
        if self._behind and not self._tell_gap():
            return self._miss(_FRAMES, t_ms, data)
        at = reserve(self._words, FRAME, t_ms, n)
        if at < 0:
            return self._miss(_FRAMES, t_ms, data)
        self._memory[at : at + n] = data
        tally[_RECORDED] += 1
        return True

    def skipped(self, frames: int, ms: int):
        """Take note of pictures that nobody had the time to take in the last `ms`."""
        to_ms = self._clock.stamp()
        while frames:
            self._miss(_FRAMES, to_ms - ms & 0x3FFFFFFF, b"")
            frames -= 1
        self._missed[_TO_MS] = to_ms
        self._missed[_LATE] = 1

    def sound(self, t_ms, data) -> bool:
        """Take 16-bit mono samples of 16 kHz, as `frame` takes pictures."""
        if self._state == _IDLE:
            return self.ring.push(_PRE_EVENT_AUDIO, t_ms, data)
        return self._put(ring.AUDIO, t_ms, data) or self._miss(_SOUND_BYTES, t_ms, data)

    def event(self, facts: dict):
        """Put an event into the recording's stream; outside a recording it does nothing."""
        if self.busy():
            self._tell_start()
            t_ms = self._clock.stamp()
            text = json.dumps(facts).encode()
            self._put(ring.EVENT, t_ms, text) or self._miss(_EVENTS, t_ms, text)

    def _tell_start(self):
        why, self._why = self._why, None
        if why:
            self.event({"event": "start", "why": why})

    def _put(self, kind, t_ms, data):
        return (not self._behind or self._tell_gap()) and self.ring.push(kind, t_ms, data)

    def _miss(self, what, t_ms, data):
        missed = self._missed
        if not self._behind:
            self._behind = True
            for i in range(_MISSED):
                missed[i] = 0
            missed[_FROM_MS] = t_ms
        missed[_TO_MS] = t_ms
        missed[what] += len(data) if what == _SOUND_BYTES else 1
        missed[_LARGEST] = max(missed[_LARGEST], len(data))
        self.missed += 1
        return False

    def _tell_gap(self):
        # Only once there is room for what was refused, so that one stall is one gap.
        missed = self._missed
        frames = self.ring
        if frames.used_bytes and frames.room_bytes < missed[_LARGEST] + _GAP_BYTES:
            return False
        frames.push(ring.GAP, self._clock.stamp(), _gap(missed))
        self._behind = False
        self.segments.counts[2] += 1
        self.segments.counts[3] += missed[_FRAMES]
        return True

    # Consumer

    def step(self, now: int) -> int:
        """Do one bounded piece of work; return milliseconds until the next.

        Blocks at most one block's cipher, digest and card step.

        Raises:
            Fault: the log or the cipher failed, or the card has no room; `abort` then.
            OSError: the card failed; `again` then.
        """
        segments = self.segments
        if segments.last and not segments.takes(self.ring.used_bytes):
            self.stop("card_full", blocks.CARD_ERROR)  # while all that waits still has a place
        if segments.writing:
            if not segments.step(now):
                return self._breathe()
            if self._ending:
                return self._end()
        if segments.ready:
            n = piece(self._words, False)
            if n:
                return self._add(now, n)
        return self._wait() if self._state == _IDLE else self._next(now)

    def _breathe(self):
        self._steps = self._steps + 1 & _BREATH_STEPS
        return _BUSY_MS if self.segments.stalled() else int(not self._steps)

    def again(self, error):
        """Take the OSError that a step raised: the card gets a second chance.

        Raises:
            Fault: it had that, or was no use; `abort` then.
        """
        self.segments.again(error)
        self._hold()  # it may have been the first HEAD

    def abort(self):
        """Give up the recording after a Fault: note in the log how much of the segment the card
        has.
        """
        self._over()
        self.segments.abort()

    def _wait(self):
        # Between recordings; in the pre-event memory the frames of some time.
        if self.ring.used_bytes:
            self.ring.trim(self._oldest_ms(self._clock.stamp()))
        if self._tally[_GARBAGE_BYTES] > self._garbage_limit_bytes:
            self._tidy()
        return _WAIT_MS

    def _oldest_ms(self, now_ms):
        return now_ms - self._pre_event_ms & 0x3FFFFFFF

    def _tidy(self):
        self._tally[_GARBAGE_BYTES] = 0
        self._collect()

    def _end(self):
        self._over()
        self._sealed()
        return 0

    def _over(self):
        self._state = _IDLE
        self._ending = self._behind = False
        self.ring.clear()

    def _add(self, now, n):
        segments, tally = self.segments, self._tally
        segments.add(self.ring, n)
        tally[_GARBAGE_BYTES] += _BLOCK_GARBAGE_BYTES
        if not segments.writing and self._diff(now, tally[_SEALED_AT]) > _PAIR_MS:
            segments.flush()  # the second one would not come soon either
        tally[_SEALED_AT] = now
        return 0

    def _next(self, now):
        segments = self.segments
        if not segments.is_open:
            return self._open(segments)
        waited_ms = self._diff(now, self._tally[_SEALED_AT])
        hurry = self._state == _STOPPING or (
            self._tally[_GARBAGE_BYTES] > self._garbage_limit_bytes and self._frame_waits()
        )
        if not segments.ready:
            self._seal(not self.ring.used_bytes)
        elif (hurry or waited_ms >= self._flush_ms) and piece(self._words, True):
            return self._add(now, piece(self._words, True))
        elif self._behind:
            self._tell_gap()
        elif self._state == _STOPPING:
            self._seal(True)
        elif self._made[_WAIT] and (hurry or waited_ms >= _PAIR_MS):
            segments.flush()
        else:
            return self._rest(now, waited_ms)
        return 0

    def _seal(self, over):
        # A recording that ends with its segment's last block needs no other one for its seal.
        self._ending = over = over and self._state == _STOPPING and not self._behind
        reason = self._reason if over else blocks.SEGMENT_FULL
        self.segments.seal(reason, self.ring.next_seq())

    def _open(self, segments):
        index = self._index
        self._index = index + 1
        segments.open((self._log.recording + (not index), index))
        self._hold()
        return 0

    def _hold(self):
        # Only once the HEAD is handed over, so that nothing keeps it from its way.
        frames = self.ring
        if not frames.held:
            frames.trim(self._oldest_ms(self._start_ms))
            frames.shorten(self.segments.room_bytes() // 2)  # what comes next needs room, too
            frames.hold()
            self._tally[_SEALED_AT] = self._told_at = self._clock.ticks_ms()
        self._tell_start()

    def _frame_waits(self):
        return self._made[_WAIT] or self.ring.frame_waits()

    def _rest(self, now, waited_ms):
        if self._tally[_GARBAGE_BYTES] > self._garbage_limit_bytes and not self._frame_waits():
            self._tidy()
        if self._diff(now, self._told_at) >= _CLOCK_MS:
            self._told_at = now
            self.event({"event": "clock", "utc": self._clock.utc_s(), "trust": self._clock.trust})
        wait_ms = (_PAIR_MS if self._made[_WAIT] else self._flush_ms) - waited_ms
        if wait_ms <= 0:
            self._tally[_SEALED_AT], wait_ms = now, self._flush_ms
        return wait_ms


def _gap(missed):
    names = ("lost", "audio_bytes", "events", "from_ms", "to_ms")
    return json.dumps(dict(zip(names, missed), why=_WHYS[missed[_LATE]])).encode()
