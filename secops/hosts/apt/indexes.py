"""What the section of indexes says: the versions in each, and whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from secops.hosts.apt.conf import truth

_ENDING = re.compile(r"\.(?:lz4|gz|xz|lzma|bz2|zst)$")
_SOURCE = re.compile(r"(\S+)(?: \((.*)\))?")


@dataclass(frozen=True, slots=True)
class Entry:
    """A version in an index. `phased` is the percentage of hosts that get it by now, 100 for all."""

    package: str
    version: str
    architecture: str
    source: str
    source_version: str
    phased: int = 100


@dataclass
class _File:
    """A file in the folder of lists. `faults` say why it may not be seen whole."""

    name: str
    mtime: int = 0
    faults: list[str] = field(default_factory=list)

    def fault(self, reason: str) -> None:
        self.faults.append(reason)


@dataclass
class Index(_File):
    """One package index."""

    entries: list[Entry] = field(default_factory=list)


@dataclass
class Release(_File):
    """The head of a Release file, and the folders of the indexes it lists with their bytes (None: it does not say)."""

    head: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int | None] = field(default_factory=dict)

    def says(self, name: str) -> str | None:
        """A line of the head; None when it is not there, or empty."""
        return self.head.get(name) or None

    def flag(self, name: str) -> bool:
        return truth(self.says(name) or "")

    @property
    def dated(self) -> int | None:
        """When it was made, in seconds since 1970."""
        try:
            made = parsedate_to_datetime(self.says("Date") or "")
            return int((made if made.tzinfo else made.replace(tzinfo=UTC)).timestamp())
        except (ValueError, TypeError, OverflowError, IndexError):
            return None


@dataclass
class Kept:
    """All that apt keeps in its folder of lists, by name without the ending of the packing."""

    indexes: dict[str, Index] = field(default_factory=dict)
    releases: dict[str, Release] = field(default_factory=dict)
    whole: bool = False

    def release(self, base: str) -> Release | None:
        """The Release file in the folder called `base`; the signed one before the plain one."""
        return self.releases.get(f"{base}InRelease") or self.releases.get(f"{base}Release")


def read_indexes(lines: Sequence[str]) -> Kept:
    """Read the section's records. What is none of them is passed over, and the whole then not whole."""
    kept = Kept()
    at: Index | Release | None = None
    odd = False
    for line in lines:
        word, *rest = line.split("\t")
        if word in ("list", "release") and len(rest) == 2:
            at = _begun(kept, word, rest[0], rest[1])
        elif word == "unread" and rest:
            _begun(kept, "release" if rest[0].endswith("Release") else "list", "0", rest[0]).fault("permission denied")
            at = None
        elif word == "end":
            kept.whole = not odd
        elif at is None or not _add(at, word, rest):
            odd = True
    return kept


def _begun(kept: Kept, word: str, mtime: str, name: str) -> Index | Release:
    time = int(mtime) if mtime.isascii() and mtime.isdigit() and len(mtime) < 12 else 0
    if word == "release":
        return kept.releases.setdefault(name, Release(name, time))
    plain = _ENDING.sub("", name)
    return kept.indexes.setdefault(plain, Index(plain, time))


def _add(at: Index | Release, word: str, rest: Sequence[str]) -> bool:
    """Whether it is a record of an index or of a Release file."""
    if word == "broken":
        at.fault("cannot be unpacked to its end")
    elif word == "odd" and isinstance(at, Index):
        at.fault("has entries without a name")
    elif word == "p" and len(rest) == 5 and isinstance(at, Index):
        at.entries.append(_entry(*rest))
    elif word == "h" and len(rest) == 2 and isinstance(at, Release):
        at.head.setdefault(*rest)
    elif word == "i" and len(rest) == 2 and isinstance(at, Release):
        at.sizes.setdefault(rest[0], int(rest[1]) if re.fullmatch("[0-9]{1,15}", rest[1]) else None)
    else:
        return False
    return True


def _entry(package: str, version: str, architecture: str, source: str, phased: str) -> Entry:
    found = _SOURCE.fullmatch(source)
    name, other = (found[1], found[2]) if found else (package, None)
    percent = int(phased) if re.fullmatch("[0-9]{1,3}", phased) else 100
    return Entry(package, version, architecture, name, other or version, min(percent, 100))


def newest_date(releases: Mapping[str, Release]) -> int | None:
    """The latest date of Release files."""
    return max(_dates(releases), default=None)


def _dates(releases: Mapping[str, Release]) -> Iterator[int]:
    for release in releases.values():
        if (made := release.dated) is not None and made < datetime.max.replace(tzinfo=UTC).timestamp():
            yield made
