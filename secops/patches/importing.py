"""Import: files of feeds in, one feed a file on the shelf. Whole or not at all: until its end the old one stays."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

import msgspec

from secops.core.errors import UsageError
from secops.core.i18n import _
from secops.patches import parquet
from secops.patches.feeds import recognise
from secops.patches.feeds.container import documents
from secops.patches.feeds.format import HEAD, FeedError, PackingError
from secops.patches.feeds.suse_products import BESIDE_SLES
from secops.patches.shelf import MAX_AGE, REJECTS, Feed, Shelf
from secops.patches.statement import About, Entry, Flaw, Kind, Reject, Statement

#: Rejects of one reason that are kept with the place where they stand; those beyond are only counted.
MOST_REJECTS = 100_000

#: Characters of a feed's name.
LONGEST_NAME = 64

#: Names of advisories that mend bugs or bring something new, of Red Hat, its rebuilds, and SUSE.
_BUG_FIX = re.compile(r"(?:AL|RL|RH|EL)[BE]A-|(?:open)?SUSE-[RFO]U-")

#: Architectures by the word of another packager.
_ARCHES: dict[Kind, dict[str, str]] = {
    "dpkg": {"x86_64": "amd64", "aarch64": "arm64", "i686": "i386", "noarch": "all"},
    "rpm": {"amd64": "x86_64", "arm64": "aarch64", "i386": "i686", "all": "noarch"},
    "apk": {"amd64": "x86_64", "arm64": "aarch64", "i386": "x86", "i686": "x86"},
}

_NOT_IN_NAMES = re.compile(r"[^a-z0-9._-]+")


def import_feeds(
    shelf: Shelf,
    paths: Sequence[Path],
    *,
    name: str = "",
    as_of: date | None = None,
    max_age: int | None = None,
    whole: bool = False,
    tell: Callable[[Path], None] = lambda _path: None,
) -> list[Feed]:
    """Import every path as a feed; all of them, or none. Feeds of the same names are replaced.

    `name` is for a single path: else a feed is named by what it holds. `as_of` dates what has no date of its own.
    `max_age`: days after which it counts as stale; None: as many as before. `whole`: it has all advisories of its
    publisher, few as they are. Raises `FeedError` for what is no feed,
    `CitywallError` when the shelf cannot be written.
    """
    feeds: dict[str, Feed] = {}
    with shelf.changing():
        limits = {feed.name: feed.max_age for feed in shelf.feeds()}
        for path in paths:
            tell(path)
            feed = _import(shelf.folder, path, name, as_of, whole)
            limit = limits.get(feed.name, MAX_AGE) if max_age is None else max_age
            feed = msgspec.structs.replace(feed, max_age=limit)
            if other := feeds.get(feed.name):
                what = _("gives the feed {name}, as does {other}").format(name=feed.name, other=other.source)
                raise UsageError(what, where=str(path), hint=_("Import them one by one, each with a --name."))
            feeds[feed.name] = feed
        shelf.put(list(feeds.values()))
    return list(feeds.values())


def _import(folder: Path, path: Path, name: str, as_of: date | None, whole: bool) -> Feed:
    stem = token_hex(8)
    with Intake(folder / stem) as intake:
        for where, stream in documents(path, intake.reject):
            intake.document(where, stream, one_of_many=where != str(path))
        contents = _contents(intake, path)
    if not contents.statements and not contents.flaws:
        found = "; ".join(f"{reason} ({count})" for reason, count in intake.rejects.most_common(3))
        raise FeedError(_("holds nothing that can be used: {reason}").format(reason=found or "-"), where=str(path))
    return Feed(
        name=name or intake.name(contents),
        format=intake.format,
        source=str(path),
        digest=_digest(path),
        as_of=intake.as_of or as_of,
        imported_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        whole=whole,
        part=intake.part,
        documents=intake.documents,
        lost=intake.lost,
        rejects=dict(intake.rejects.most_common()),
        stem=stem,
        **msgspec.structs.asdict(contents),
    )


def _contents(intake: Intake, path: Path) -> parquet.Contents:
    try:
        return intake.contents()
    except MemoryError as error:
        what = _("cannot be put in order within the memory that an import may take ({limit})")
        hint = _("Import it in parts, each with a --name.")
        raise FeedError(what.format(limit=parquet.MEMORY), where=str(path), hint=hint) from error


class Intake:
    """What the documents of one feed hold, written down as it comes."""

    def __init__(self, place: Path) -> None:
        self._place, self._stack, self._rows = place, ExitStack(), ExitStack()
        self._taken = self._number = self.lost = 0
        self._document = self._modified = ""
        self.documents = 0
        self.format = self.part = self._last = ""
        self.as_of: date | None = None
        self.whole = True
        self.rejects: Counter[str] = Counter()

    def __enter__(self) -> Intake:
        self._stack.enter_context(self._rows)
        self._statements, self._flaws = (self._open(kind, self._rows) for kind in parquet.ROWS)
        self._rejects = self._open(REJECTS, self._stack)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _open(self, kind: str, stack: ExitStack) -> gzip.GzipFile:
        path = self._place.with_name(self._place.name + kind)
        return stack.enter_context(gzip.open(path, "wb", compresslevel=1))

    def document(self, where: str, stream: BinaryIO, *, one_of_many: bool) -> None:
        """Read one document. One of many that is no feed is a reject, unless some of it was taken already.

        Raises `FeedError` for one that is alone, or of another format than those before it.
        """
        self._document, self._modified, self._taken, self._number = where, "", 0, self._number + 1
        try:
            found = recognise(stream.peek(HEAD)[:HEAD], where)  # type: ignore[attr-defined]  # buffered, all of them
            if found.name != (self.format or found.name):
                what = _("is of the format {found}, others beside it are of {other}")
                raise PackingError(
                    what.format(found=found.name, other=self.format), where=where, hint=_("Import them apart.")
                )
        except PackingError:
            raise
        except FeedError as error:
            if not one_of_many:
                raise
            self.reject(Reject(where, error.what))
            return
        try:
            for entry in found.read(stream, where):
                self._take(entry)
        except PackingError:
            raise
        except FeedError as error:
            if self._taken or not one_of_many:
                raise
            self.reject(Reject(where, error.what, lost=True))
            return
        self.format = found.name
        self.documents += 1

    def _take(self, entry: Entry) -> None:
        match entry:
            case Statement():
                last, self._last = self._last, entry.advisory
                if _BUG_FIX.match(entry.advisory) and not any(flaw.startswith("CVE-") for flaw in entry.flaws):
                    if last != entry.advisory:
                        self.reject(Reject(f"{self._document}: {entry.advisory}", "mends bugs, and no flaw"))
                else:
                    self._write(entry)
            case Flaw():
                self._taken += 1
                self._flaws.write(msgspec.json.encode(entry) + b"\n")
            case Reject():
                self.reject(entry)
                for statement in entry.unclear:
                    self._write(statement)
            case About():
                changed = entry.modified or entry.as_of
                self._modified = changed.isoformat() if changed else ""
                self.as_of = max(filter(None, (self.as_of, entry.as_of)), default=None)
                self.whole &= entry.whole
                self.part = entry.part or self.part

    def _write(self, statement: Statement) -> None:
        self._taken += 1
        row = parquet.row(in_our_words(statement), self._document, self._number, self._modified)
        self._statements.write(msgspec.json.encode(row) + b"\n")

    def reject(self, reject: Reject) -> None:
        """Count what is not understood, and keep where it stands."""
        self.rejects[reject.reason] += 1
        self.lost += reject.lost
        if self.rejects[reject.reason] <= MOST_REJECTS:
            self._rejects.write(msgspec.json.encode(Reject(reject.where, reject.reason)) + b"\n")

    def contents(self) -> parquet.Contents:
        """What all documents hold together, as Parquet files; nothing can be read after that."""
        self._rows.close()
        return parquet.write(self._place.parent, self._place.name, self.reject)

    def name(self, contents: parquet.Contents) -> str:
        """What a feed of this content is called where the user does not say: its format, and whom it speaks of."""
        if self.documents == 1 and not self.whole:
            return _name(self._last) or self.format
        main = [release for release in contents.releases if not release.in_passing]
        ecosystems, releases = ({getattr(one, part) for one in main} for part in ("ecosystem", "release"))
        if "sles" in ecosystems:
            ecosystems -= BESIDE_SLES
        words = [self.format, *(ecosystems if len(ecosystems) == 1 else ()), *(releases if len(releases) == 1 else ())]
        return _name("-".join([*words, *([self.part] if self.part else ())]))


def in_our_words(statement: Statement) -> Statement:
    """With ids, architectures and releases as hosts have them, whatever case or packager's word a feed has."""
    arches = _ARCHES[statement.kind]
    return msgspec.structs.replace(
        statement,
        flaws=tuple(flaw.upper() if flaw[:4].lower() == "cve-" else flaw for flaw in statement.flaws),
        arch=tuple(arches.get(arch, arch) for arch in statement.arch),
        release=statement.release.upper() if statement.ecosystem == "kylin" else statement.release,
    )


def _name(text: str) -> str:
    """A text as a feed's name; empty when nothing of it can stand in one."""
    return _NOT_IN_NAMES.sub("-", text.lower()).strip("._-")[:LONGEST_NAME]


def _digest(path: Path) -> str:
    """SHA-256 of a file; of a folder that of its files' digests and names."""
    if path.is_dir():
        files = (file for file in sorted(path.rglob("*")) if file.is_file() and not file.is_symlink())
        parts = (f"{_digest(file)} {file.relative_to(path)}\n" for file in files)
        return hashlib.sha256("".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
