"""Gets every picture that is left out of a card, whatever else is broken, each with its standing.

Nothing is believed: neither superblocks nor log are needed, and every place of the card where a
block can stand is looked at. A block counts for itself; what is lost is lost alone.
"""

from array import array

from . import layout
from .clocks import Clocks
from .errors import InputError
from .export import empty, finish, publish
from .keyring import Access, Keyring
from .layout import BLOCK, BLOCKS, BODY_AT, BODY_END, BODY_SIZE, CHAINED, DATA, HEAD, SEAL
from .log import Segment, opened
from .medium import Medium
from .primitives import MAX_S, decryptor
from .recording import Recording
from .records import Malformed, Stream, opening
from .segments import Reading

# From best to worst; of a picture the worst of the blocks that it came from.
STANDINGS = ("authenticated", "only the digest is right", "damaged", "not the camera's seal")
_AUTHENTICATED, _DIGEST, _DAMAGED, _FORGED = range(4)


def salvage(image, out_dir, camera_dir=None, key_dirs=(), progress=None) -> "list[dict]":
    """Write every picture that can be deciphered into a new folder; return its files as `export`
    does. `manifest.json` has each picture's standing, one of `STANDINGS`.

    Raises:
        InputError: nothing of ours is on the card, no key opens any of it, or the folder is not
            empty.
    """
    out = empty(out_dir)
    keyring = Keyring(key_dirs)
    try:
        log = opened(camera_dir)
    except InputError:
        log = None
    with Medium(image, anything=True) as medium:
        left = Remains(medium, log, keyring, progress)
        if not left.segments:
            raise InputError(f"{image} holds no block of evidence; there is nothing to salvage")
        if not any(left.access(segment).cipher(segment) for segment in left.segments):
            raise InputError(
                f"no key opens anything on {image}: viewing needs the agency's or the recovery "
                "key of this camera, given with --keys, and either the camera's log or the first "
                "block of a segment"
            )
        return publish(out, lambda folder: _write(left, folder))


class Remains:
    """What is left on a card: `segments` in order, and where their blocks stand."""

    def __init__(self, medium, log, keyring, progress=None):
        self.log = log if log and log.epoch is not None else None
        self.keyring = keyring
        self._medium = medium
        self._at = {}  # (device, epoch, n) -> where each block stands, -1 where none does
        self._doubles = {}  # (device, epoch, n, b) -> further places
        self._places = {}  # byte of block 0 -> keys of segments that stand there
        self._heads, self._seeds = {}, {}
        self._scan(progress)
        found = (self._segment(key) for key in sorted(self._at, key=lambda key: key[1:]))
        self.segments = [segment for segment in found if segment.s <= MAX_S]
        if self.log:
            self._seeds.setdefault((log.device, log.epoch), {}).update(log.seeds)
        whos = {(segment.device, segment.epoch) for segment in self.segments}
        self._accesses = {
            who: keyring.access(*who, self._seeds.get(who, {}))
            for who in whos
            if len(who[0]) == 16
        }

    def access(self, segment) -> Access:
        """Return the keys for a segment."""
        return self._accesses.get((segment.device, segment.epoch)) or Access()

    def blocks(self, segment):
        """Yield (block number, bytes, standing) of what is left of a segment, in order."""
        key = segment.device[:8], segment.epoch, segment.n
        mac = self.access(segment).mac(segment)
        for b, at in enumerate(self._at[key]):
            places = [at, *self._doubles.get((*key, b), ())] if at >= 0 else []
            found = [(_standing(block, mac), block) for block in map(self._read, places)]
            if found:
                standing, block = min(found, key=lambda item: item[0])
                yield b, block, standing

    def _read(self, at):
        return self._medium.read(at, BLOCK)

    def _scan(self, progress):
        """Look at every place where a block can stand; those that are not whole go where their
        neighbours are.
        """
        medium, broken = self._medium, []
        for at, data in medium.written(progress):
            if data[:4] == b"BWB1" and layout.whole(data):
                self._found(at, layout.header(data), data)
            elif any(data[BODY_AT:BODY_END]):
                broken.append(at)
        for at in broken:
            key, b = self._neighbour(at) or (None, 0)
            header = medium.header(at)
            if key is None and header and header.b < BLOCKS:
                key, b = (header.device, header.epoch, header.n), header.b
            if key:
                self._put(key, b, at)
                if b == 0 and not self._heads.get(key):
                    self._head(key, self._read(at))

    def _found(self, at, header, data):
        if header.b >= BLOCKS or header.s > MAX_S:
            return
        key = header.device, header.epoch, header.n
        self._put(key, header.b, at)
        self._places.setdefault(at - header.b * BLOCK, []).append((header.b, key))
        self._heads.setdefault(key, None)
        if header.b == 0:
            self._head(key, data)

    def _put(self, key, b, at):
        places = self._at.setdefault(key, array("q", [-1]) * BLOCKS)
        if places[b] < 0:
            places[b] = at
        else:
            self._doubles.setdefault((*key, b), []).append(at)

    def _head(self, key, block):
        head = layout.head(block[BODY_AT:])
        if head and (head.device[:8], head.epoch) == key[:2]:
            self._heads[key] = head
            self._seeds.setdefault((head.device, head.epoch), {}).update(head.seeds)

    def _neighbour(self, at):
        """Return (key, block) of the segment to which a block that is not whole belongs."""
        for start, blocks in self._near(at):
            b = (at - start) // BLOCK
            nearest = min(blocks, key=lambda item: (abs(item[0] - b), item[0] > b))
            return nearest[1], b
        return None

    def _near(self, at):
        start = at - at % (BLOCK * BLOCKS)
        return [(start, self._places[start])] if start in self._places else []

    def _segment(self, key):
        """Return what a segment must be: from the log, else from its HEAD, else from a block."""
        device, epoch, n = key
        log, head = self.log, self._heads.get(key)
        listed = log and (log.device[:8], log.epoch) == key[:2] and log.segments.get(n)
        if listed:
            return listed
        header = next(layout.header(self._read(at)) for at in self._at[key] if at >= 0)
        segment = Segment(n, header.s, epoch, header.card, device, boot=header.boot)
        if head:
            segment.nonce, segment.card, segment.device = head.nonce, head.card, head.device
            segment.recording, segment.index = head.recording, head.index
        return segment


def _standing(block, mac):
    if not layout.whole(block) or block[:4] != b"BWB1":
        return _DAMAGED
    _, digest, tag, _ = layout.BLOCK_END.unpack_from(block, BODY_END)
    if mac is None:
        return _DIGEST
    return _AUTHENTICATED if mac.of(digest) == tag else _FORGED


def _write(left, folder):
    groups = {}
    for segment in left.segments:
        if left.access(segment).cipher(segment):
            who = segment.device, segment.epoch, segment.recording
            groups.setdefault(who, []).append(segment)
    clocks, films = Clocks(left.log), []
    counts = dict.fromkeys(STANDINGS, 0)
    several = len({who[:2] for who in groups}) > 1
    for (device, epoch, number), segments in groups.items():
        own = left.log and left.log.device == device
        camera = left.log.name if own else device.hex()
        name = f"recording-{number:04}" + (f"-{device[:4].hex()}-epoch-{epoch}" if several else "")
        readings = [Reading(segment) for segment in segments]
        film = Recording(camera, folder, name, readings, clocks, STANDINGS)
        stream = Stream(film.take, payload=True)
        stream.strict = False
        blocks = dict.fromkeys(STANDINGS, 0)
        before = None
        for reading in readings:
            segment = reading.segment
            if segment.index and (before is None or before + 1 != segment.index):
                stream.hole()
            before = segment.index
            for standing in _stream(left, reading, stream, film):
                blocks[STANDINGS[standing]] += 1
        film.finish()
        film.words |= {"state": "salvaged", "blocks": blocks}
        for frame in film.words["frames"]:
            counts[frame["standing"]] += 1
        films.append(film)
    closed = sorted(s.n for s in left.segments if not left.access(s).cipher(s))
    words = {
        "format": "bodycam salvage 1",
        "verification": {"verdict": "in need of salvage"},
        "standings": counts,
        "not_deciphered": closed,
        "keys": {"check_used": bool(left.keyring.checks)},
    }
    return finish(folder, films, words, left.keyring.signer)


def _stream(left, reading, stream, film):
    """Put what is left of a segment into its recording's stream; yield each block's standing."""
    segment = reading.segment
    key = left.access(segment).cipher(segment)
    expected = 0
    for b, block, standing in left.blocks(segment):
        yield standing
        header = layout.header(block)
        if standing == _DAMAGED:
            header = _plausible(header, b)
        body = block[BODY_AT:BODY_END]
        if header.kind == SEAL:
            expected = b + 1
            continue
        if header.kind == HEAD:
            reading.opening, reading.opening_ms = opening(key, body)
            film.open(reading)
            expected = max(expected, 1)
            continue
        if b != max(expected, 1) or standing != _DAMAGED and not stream.leads_to(header):
            stream.hole()
        expected = b + 1
        stream.standing = standing
        try:
            plain = bytes(CHAINED) + decryptor(key, body[:CHAINED]).update(body[CHAINED:])
            stream.piece(header, plain)
        except Malformed:
            stream.hole()


def _plausible(header, b):
    """Return the header of a damaged block with what its place tells better."""
    used = header.used if CHAINED <= header.used <= BODY_SIZE else BODY_SIZE
    first_at = header.first_at if CHAINED <= header.first_at <= used else 0
    # One wrong bit makes DATA a SEAL in its kind, and not in what it says of its content.
    sealed = header.kind == SEAL and (used, first_at) == (CHAINED + layout.SEAL_BODY.size, 0)
    kind = HEAD if b == 0 else SEAL if sealed else DATA
    return header._replace(b=b, kind=kind, used=used, first_at=first_at)
