"""One card, its camera's log and the keys given: what is to be read, and with which keys.

The common beginning of `verify`, `info` and `export`.
"""

from pathlib import Path

from .errors import InputError
from .findings import Finding
from .keyring import Access, Keyring
from .layout import BLOCK, BLOCKS
from .log import opened
from .medium import Medium
from .primitives import MAX_S
from .survey import found_at, survey

_AHEAD = 64  # segments looked for behind the last one that the log knows


def beside(image) -> "tuple[Path | None, tuple[Path, ...]]":
    """Return the folders of camera and keys beside an image: None and () where none are."""
    camera, keys = Path(f"{image}.camera"), Path(f"{image}.keys")
    return camera if camera.is_dir() else None, (keys,) if keys.is_dir() else ()


class Case:
    """A card opened with its log and keys. `segments` are those that must be read, in order.

    `image` may be an object that stands for a card (see `Medium`), `camera_dir` a `Log`,
    `key_dirs` a `Keyring`. `log` is None without a camera's folder; `authentic` tells whether the
    log's MACs were checked.

    Raises:
        InputError: the card, the log or a key cannot be used, or they do not belong together.
    """

    def __init__(self, image, camera_dir=None, key_dirs=()):
        self.keyring = key_dirs if isinstance(key_dirs, Keyring) else Keyring(key_dirs)
        self.log = opened(camera_dir)
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
            self._same_card(log)
            self.segments, seeds = log.promised, {(log.device, log.epoch): log.seeds}
            self.segments += self._unlisted(log, seeds)
        else:
            self.segments, seeds, findings = survey(self.medium)
            self.findings += findings
        self._accesses = {who: self.keyring.access(*who, some) for who, some in seeds.items()}
        self._belong(seeds)
        if log:
            self.authentic = log.authenticate(self._accesses[log.device, log.epoch])
            self.segments = [segment for segment in self.segments if not segment.released]
            self._compare(log)
        else:
            self.findings += self._strangers()
        if self.log:
            self.findings += self.log.findings

    def _surface(self):
        """Say what is wrong with the superblocks and the size."""
        medium = self.medium
        one, two = medium.copies
        if medium.layout is None:
            yield Finding("description-lost")
        elif one != two:
            yield Finding("description-forged" if one and two else "description-copy-lost")
        if medium.layout:
            end = medium.place(medium.layout.segments - 1) + BLOCK * BLOCKS
            if 0 < medium.size_bytes < end:
                yield Finding("image-short", facts={"size": medium.size_bytes, "whole": end})

    def _same_card(self, log):
        """Refuse the log of a camera that never used this card; find segments of a card whose
        description leads nowhere.
        """
        medium = self.medium
        segments = [one for one in log.segments.values() if not one.released][-_AHEAD:]
        if medium.layout and segments and not any(self._stands(s.n) for s in segments):
            described, medium.layout = medium.layout, None
            medium.search()
            if any(self._stands(s.n) for s in segments):
                self.findings.append(Finding("description-moved"))
                return
            medium.layout = described
        card = medium.layout.card if medium.layout else self._written_for()
        cards = {one.card[:8] for one in (log, *segments)}
        stranger = self._stranger(log)
        if card[:8] in cards or any(self._stands(s.n) for s in segments):
            if stranger:
                self.findings.append(Finding("log-replaced", facts={"other": stranger.hex()}))
            return
        raise InputError(
            f"{log.path} is the log of camera {log.name or log.device.hex()} with card "
            f"{log.card.hex()}, and this is card {card.hex()}: name the right camera's folder "
            "with --camera"
        )

    def _written_for(self):
        """Return the id of the card, or its first 8 bytes, that some block on it names."""
        headers = filter(None, map(self.medium.first_header, self.medium.places()))
        return next((header.card for header in headers), self.log.card)

    def _stranger(self, log):
        """Return the id of the camera that wrote on this card and is not the log's, or None.

        Who used the card before it was given to this camera is no stranger: its numbers are lower,
        or it wrote under another id of the card.
        """
        card = self.medium.layout.card if self.medium.layout else log.card
        for n in (*list(log.segments)[-_AHEAD:], *self._ahead()):
            at = self.medium.place(n)
            header = at is not None and self.medium.first_header(at)
            if header and header.card == card[:8] and header.n >= log.first:
                if header.device != log.device[:8]:
                    return header.device
        return None

    def _unlisted(self, log, seeds):
        """Return segments on the card whose entry the log has lost; their HEADs say the rest."""
        first = max(log.first, log.released, log.next - self.medium.count)
        for n in range(first, log.next) if log.damaged else ():
            if n not in log.segments and self._stands(n):
                segment = found_at(self.medium, self.medium.place(n), seeds)
                if segment and segment.nonce and segment.s <= MAX_S:
                    yield segment

    def _belong(self, seeds):
        """Refuse keys of which not one is for this card."""
        keys = self.keyring
        if not (keys.checks or keys.viewers) or not seeds:
            return
        if not any(keys.belongs(*who, some) for who, some in seeds.items()):
            folders = ", ".join(map(str, keys.folders))
            (device, epoch), *_ = seeds
            have = "".join(
                f"; there is one for camera {one.hex()}, epoch {number}"
                for one, number in keys.checks
            )
            raise InputError(
                f"no key in {folders} belongs to this card: it needs one for camera "
                f"{device.hex()}, epoch {epoch}{have}"
            )

    def _compare(self, log):
        """Hold the log against the card: nothing there that the log does not know."""
        medium = self.medium
        card = medium.layout.card if medium.layout else log.card
        if card not in {log.card} | {segment.card for segment in log.segments.values()}:
            self.findings.append(Finding("card-renamed"))
        else:
            for segment in self.segments:
                segment.on_card = segment.card == card
        ahead = (n for n in self._ahead() if self._stands(n))
        n = next(ahead, None)
        if n is not None:
            self.findings.append(Finding("log-older", n))
        if log.released < log.first:
            older = (log.released, log.first - 1)
            self.findings.append(Finding("earlier-epoch", facts={"segments": older}))

    def _ahead(self):
        """Return the numbers behind the log's last that may stand on the card."""
        return range(self.log.next, self.log.next + min(_AHEAD, self.medium.count))

    def _stands(self, n):
        """Return whether blocks of segment n of the log's camera and epoch, or of a later one,
        stand in its place.
        """
        at, log = self.medium.place(n), self.log
        found = self.medium.headers(at) if at is not None else ()
        return any(
            (header.n, header.device) == (n, log.device[:8]) and header.epoch >= log.epoch
            for header in found
        )

    def _strangers(self):
        layout = self.medium.layout
        for segment in self.segments:
            if layout and segment.card[:8] != layout.card[:8]:
                yield Finding("segment-of-other-card", segment.n)
