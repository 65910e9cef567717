"""One card, its camera's log and the keys given: what is to be read, and with which keys.

The common beginning of `verify`, `info` and `export`.
"""

from pathlib import Path

from .errors import InputError
from .findings import Finding, span
from .keyring import Access, Keyring
from .layout import BLOCK, BLOCKS
from .log import Log
from .medium import Medium
from .survey import survey

_AHEAD = 64  # segments looked for behind the last one that the log knows


def beside(image) -> "tuple[Path | None, tuple[Path, ...]]":
    """Return the folders of camera and keys beside an image: None and () where none are."""
    camera, keys = Path(f"{image}.camera"), Path(f"{image}.keys")
    return camera if camera.is_dir() else None, (keys,) if keys.is_dir() else ()


class Case:
    """A card opened with its log and keys. `segments` are those that must be read, in order.

    `log` is None without a camera's folder; `authentic` tells whether the log's MACs were checked.

    Raises:
        InputError: the card, the log or a key cannot be used, or they do not belong together.
    """

    def __init__(self, image, camera_dir=None, key_dirs=()):
        self.keyring = Keyring(key_dirs)
        self.log = Log(camera_dir) if camera_dir else None
        self.medium = Medium(image)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        """Close the card; may be called twice."""
        self.medium.close()

    def access(self, segment) -> Access:
        """Return the keys for a segment: of its own camera and epoch."""
        return self._accesses.get((segment.device, segment.epoch)) or Access()

    def _prepare(self):
        self.authentic = False
        self.findings = list(self._surface())
        log = self.log if self.log and self.log.epoch is not None else None
        if log:
            self.segments, seeds = log.promised, {(log.device, log.epoch): log.seeds}
        else:
            self.segments, seeds, findings = survey(self.medium)
            self.findings += findings
        self._accesses = {who: self.keyring.access(*who, some) for who, some in seeds.items()}
        self._belong(seeds)
        if log:
            self._compare(log)
        else:
            self.findings += self._strangers()
        if self.log:
            self.findings += self.log.findings

    def _surface(self):
        """Say what is wrong with the superblocks and the size."""
        medium = self.medium
        if medium.layout is None:
            what = "Both copies of the card's description are damaged; segments were searched for."
            yield Finding("damaged", None, None, what)
        elif None in medium.copies or medium.copies[0] != medium.copies[1]:
            what = (
                "One of the two copies of the card's description is damaged; the other was used."
            )
            yield Finding("note", None, None, what)
        if medium.layout:
            end = medium.place(medium.layout.segments - 1) + BLOCK * BLOCKS
            if 0 < medium.size_bytes < end:
                what = (
                    f"The image has {medium.size_bytes} of {end} bytes: it is not the whole card."
                )
                yield Finding("note", None, None, what)

    def _belong(self, seeds):
        """Refuse keys of which not one is for this card."""
        keys = self.keyring
        if not (keys.checks or keys.viewers) or not seeds:
            return
        if not any(keys.belongs(*who, some) for who, some in seeds.items()):
            folders = ", ".join(map(str, keys.folders))
            (device, epoch), *_ = seeds
            raise InputError(
                f"no key in {folders} belongs to this card: it needs one for camera "
                f"{device.hex()}, epoch {epoch}"
            )

    def _compare(self, log):
        """Hold the log against the card: the same one, with nothing that the log does not know."""
        medium = self.medium
        self.authentic = log.authenticate(self._accesses[log.device, log.epoch])
        card = medium.layout.card if medium.layout else log.card
        cards = {log.card} | {segment.card for segment in log.segments.values()}
        if card not in cards:
            if not any(self._stands(segment.n) for segment in self.segments[:_AHEAD]):
                raise InputError(
                    f"{log.path} is the log of a camera with card {log.card.hex()}, and this is "
                    f"card {card.hex()}; name the right camera's folder with --camera"
                )
            self._say(
                "tampered", "The card's description names another card than the camera's log."
            )
        else:
            for segment in self.segments:
                segment.on_card = segment.card == card
        ahead = (n for n in range(log.next, log.next + _AHEAD) if self._stands(n))
        n = next(ahead, None)
        if n is not None:
            what = (
                f"The card holds segment {n}, and the camera's log ends before it: "
                "the log is an old one or was cut short."
            )
            self._say("tampered", what, n)
        if log.released < log.first:
            old = span(log.released, log.first - 1, "segment")
            self._say(
                "note",
                f"On the card {old} of an earlier epoch may stand; this log does not cover it.",
            )

    def _stands(self, n):
        """Return whether blocks of segment n of the log's camera and epoch stand in its place."""
        at = self.medium.place(n)
        header = at is not None and self.medium.first_header(at)
        ours = (n, self.log.epoch, self.log.device[:8])
        return bool(header) and (header.n, header.epoch, header.device) == ours

    def _strangers(self):
        layout = self.medium.layout
        for segment in self.segments:
            if layout and segment.card[:8] != layout.card[:8]:
                what = f"Segment {segment.n} names another card than this one."
                yield Finding("tampered", segment.n, None, what)

    def _say(self, kind, what, n=None):
        self.findings.append(Finding(kind, n, None, what))
