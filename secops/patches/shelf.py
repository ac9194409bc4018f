"""The shelf: feeds that were imported, each as Parquet files, and a catalogue that names them.

What the catalogue names is there whole: files are written first, the catalogue is replaced last.
"""

from __future__ import annotations

import fcntl
import gzip
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

import msgspec

from secops.core.errors import CitywallError, UsageError
from secops.core.folder import locked, writing
from secops.core.i18n import _
from secops.core.parquet_file import has_end
from secops.core.render import write_whole
from secops.core.report import FeedUse
from secops.patches.match import FeedFiles
from secops.patches.rivals import CONTRADICTIONS
from secops.patches.statement import Reject

CATALOGUE = "catalogue.json"

#: Days by which a feed's date may be ahead of ours: it may be in another time zone.
_AHEAD = 1

#: Days after which a feed counts as stale, where its import did not say otherwise.
MAX_AGE = 7


class Release(msgspec.Struct, frozen=True):
    """A release that a feed speaks of. `unfixed` counts the advisories on flaws that nothing mends yet.

    `in_passing`: only where the same advisory concerns another release, of which the feed says far more. What it does
    not say of this one then means nothing. `kinds`: package managers of which it speaks.
    """

    ecosystem: str
    release: str
    statements: int
    unfixed: int
    in_passing: bool = False
    advisories: int = 0
    kinds: list[str] = []


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """One imported feed. `source` and `digest` (SHA-256) are of the file it came from; `as_of` is its own date.

    `whole`: whoever imported it says that it holds all that its publisher has, few as it is; `part`: it is one of
    several that together do. `stem` names its files.
    """

    name: str
    format: str
    source: str
    digest: str
    as_of: date | None
    imported_at: str
    max_age: int = MAX_AGE
    whole: bool = False
    part: str = ""
    documents: int = 0
    advisories: int = 0
    statements: int = 0
    flaws: int = 0
    exploited: bool = False  # it lists exploited flaws (KEV)
    scored: bool = False  # it gives probabilities of exploitation (EPSS)
    rejects: dict[str, int] = {}
    lost: int = 0  # of the rejects: those of which nobody knows what packages they are on
    releases: list[Release] = []
    stem: str = ""

    @property
    def rejected(self) -> int:
        return sum(self.rejects.values())

    @property
    def contradictions(self) -> int:
        """Those of the rejects that count, though not as they stand."""
        return sum(self.rejects.get(why, 0) for why in CONTRADICTIONS)

    def age(self, today: date) -> int | None:
        """Days since its own date; None when it has none."""
        return (today - self.as_of).days if self.as_of else None

    def stale(self, today: date) -> bool:
        """Older than its limit; one without a date, or with one that is yet to come, may be of any age."""
        age = self.age(today)
        return age is None or not -_AHEAD <= age <= self.max_age

    def use(self, today: date) -> FeedUse:
        """What a report says of it."""
        day = self.as_of.isoformat() if self.as_of else None
        return FeedUse(self.name, day, self.age(today), self.stale(today))

    def ranked_by(self) -> str:
        """By what feeds are told newer and older: their own day, if that can be; those without one are the oldest."""
        day = min(self.as_of.isoformat(), self.imported_at[:10]) if self.as_of else ""
        return f"{day} {self.imported_at}"


#: Kinds of files of a feed: `stem` + this.
STATEMENTS, FLAWS, REJECTS = ".statements.parquet", ".flaws.parquet", ".rejects.ndjson.gz"

#: A file that is there during an import alone: all that documents say, and which of them.
SAID = ".said.parquet"

#: What an import makes on the shelf: files of a feed, the catalogue before it is in its place, DuckDB's own.
_OURS = re.compile(
    r"(?:([0-9a-f]{16})\.(?:statements|flaws|rejects|said)\.(?:parquet|ndjson\.gz)"
    r"|\.catalogue\.json\.[0-9a-f]{16}\.partial|duckdb_temp_.+)"
)


class Shelf:
    """The feeds below one folder. Files that the catalogue names are never changed, only replaced by others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def feeds(self) -> list[Feed]:
        """All feeds, by name. Raises `CitywallError` when the catalogue is damaged."""
        path = self.folder / CATALOGUE
        try:
            return msgspec.json.decode(path.read_bytes(), type=list[Feed])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.DecodeError) as error:
            hint = _("Move it away and import the feeds again.")
            raise CitywallError(_("the catalogue of feeds is damaged"), where=str(path), hint=hint) from error

    def path(self, feed: Feed, kind: str) -> Path:
        return self.folder / f"{feed.stem}{kind}"

    def files(self, feeds: Sequence[Feed]) -> list[FeedFiles]:
        """What matching reads of these feeds. Raises `CitywallError` for a file that is missing or cut off."""
        found = [
            FeedFiles(
                feed.name,
                feed.ranked_by(),
                str(self.path(feed, STATEMENTS)),
                str(self.path(feed, FLAWS)),
            )
            for feed in feeds
        ]
        for feed in found:
            if lacking := [path for path in (feed.statements, feed.flaws) if not has_end(Path(path))]:
                hint = _("Import the feed again, or remove it: `citywall patches feeds remove {name}`.")
                raise CitywallError(
                    _("the file of a feed is missing or damaged"), where=lacking[0], hint=hint.format(name=feed.name)
                )
        return found

    def rejects(self, feed: Feed) -> Iterator[Reject]:
        """Every entry of a feed that was not understood."""
        with gzip.open(self.path(feed, REJECTS), "rb") as file:
            for line in file:
                yield msgspec.json.decode(line, type=Reject)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While files of feeds are read: who changes the shelf waits."""
        with locked(self.folder, fcntl.LOCK_SH):
            yield

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Alone for a block, before and after which files that no feed needs are removed."""
        with writing(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with locked(self.folder):
                self._sweep()  # what a killed import left may be what fills the disk
                try:
                    yield
                finally:
                    self._sweep()

    def put(self, feeds: Sequence[Feed]) -> None:
        """Put feeds whose files are written in the place of those of the same names. Within `changing`."""
        new = {feed.name: feed for feed in feeds}
        self._write([*(feed for feed in self.feeds() if feed.name not in new), *new.values()])

    def remove(self, names: Sequence[str]) -> None:
        """Take feeds off the shelf. Within `changing`. Raises `UsageError` for a name that is not there."""
        feeds = self.feeds()
        if missing := set(names) - {feed.name for feed in feeds}:
            hint = _("`citywall patches feeds status` lists them.")
            raise UsageError(_("there is no such feed"), where=min(missing), hint=hint)
        self._write([feed for feed in feeds if feed.name not in names])

    def _write(self, feeds: Sequence[Feed]) -> None:
        in_order = sorted(feeds, key=lambda feed: feed.name)
        write_whole(self.folder / CATALOGUE, msgspec.json.format(msgspec.json.encode(in_order)))

    def _sweep(self) -> None:
        """Remove what replaced feeds and killed imports left. Whoever is here holds the lock."""
        with suppress(CitywallError):  # which files are needed a damaged catalogue does not tell
            stems = {feed.stem for feed in self.feeds()}
            for path in self.folder.iterdir():
                if (found := _OURS.fullmatch(path.name)) and found[1] not in stems:
                    path.unlink(missing_ok=True)
