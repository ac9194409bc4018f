"""What the section of dnf's indexes says: for each folder its versions, advisories and module streams."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_NUMBER = re.compile("[0-9]{1,15}")
_FIELDS = {"p": 7, "u": 3, "k": 5, "m": 5, "a": 1, "d": 2, "revision": 1, "data": 3, "odd": 1, "broken": 0}


def whole_version(epoch: str, version: str, release: str) -> str:
    """`[epoch:]version-release` without an epoch of zero, as the table of packages has it."""
    number = epoch.lstrip("0")
    return f"{number}:{version}-{release}" if number else f"{version}-{release}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A version in an index. `version` is whole: `[epoch:]version-release`."""

    package: str
    version: str
    architecture: str
    source: str = ""
    vendor: str = ""

    @property
    def nevra(self) -> str:
        """As modules name it, always with an epoch."""
        epoch, mark, rest = self.version.rpartition(":")
        return f"{self.package}-{epoch if mark else 0}:{rest}.{self.architecture}"


@dataclass
class Advisory:
    """What updateinfo says of some versions. `kind` is security, bugfix, enhancement or another word of the vendor."""

    kind: str
    severity: str
    name: str
    brought: list[Entry] = field(default_factory=list)


@dataclass
class Stream:
    """A build of a module's stream, and those of its packages of which one is installed."""

    module: str
    stream: str
    artifacts: list[str] = field(default_factory=list)


@dataclass
class Index:
    """What is kept of one repository. `made` is when its newest file was made, by its own word; `types` are those of
    the files that it lists; `faults` say why it may lack something."""

    folder: str
    mtime: int = 0
    made: int = 0
    types: set[str] = field(default_factory=set)
    entries: list[Entry] = field(default_factory=list)
    advisories: list[Advisory] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)
    defaults: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


@dataclass
class Kept:
    """All that is kept. `whole` is whether it was told to its end, in a form that is known."""

    indexes: list[Index] = field(default_factory=list)
    whole: bool = False

    def add(self, word: str, rest: Sequence[str]) -> bool:
        """Take one record; False when it is none."""
        if word == "repo" and len(rest) == 2:
            self.indexes.append(Index(rest[1], _number(rest[0])))
        elif word == "unread" and len(rest) == 1:
            self.indexes.append(Index(rest[0], faults=["permission denied"]))
        elif self.indexes and _FIELDS.get(word) == len(rest):
            return _add(self.indexes[-1], word, rest)
        else:
            return False
        return True


def read_indexes(lines: Sequence[str]) -> Kept:
    """Read the section's records. What is none of them is passed over, and the whole then not whole."""
    kept, odd = Kept(), False
    for line in lines:
        word, *rest = line.split("\t")
        if word == "end":
            kept.whole = not odd
        elif not kept.add(word, rest):
            odd = True
    return kept


def _number(text: str) -> int:
    return int(text) if _NUMBER.fullmatch(text) else 0


def _add(index: Index, word: str, rest: Sequence[str]) -> bool:
    if word == "p":
        name, epoch, version, release, architecture, source, vendor = rest
        index.entries.append(Entry(name, whole_version(epoch, version, release), architecture, source, vendor))
    elif word == "k" and index.advisories:
        index.advisories[-1].brought.append(Entry(rest[0], whole_version(*rest[1:4]), rest[4]))
    elif word == "a" and index.streams:
        index.streams[-1].artifacts.append(rest[0])
    elif word == "u":
        index.advisories.append(Advisory(rest[0], rest[1], rest[2]))
    elif word == "m":
        index.streams.append(Stream(rest[0], rest[1]))
    elif word == "d":
        index.defaults[rest[0]] = rest[1]
    else:
        return _add_of_files(index, word, rest)
    return True


def _add_of_files(index: Index, word: str, rest: Sequence[str]) -> bool:
    if word == "data":
        index.types.add(rest[0])
        index.made = max(index.made, _number(rest[1]))
    elif word == "broken":
        index.faults.append("a file of it is not there, or cannot be read to its end")
    elif word == "odd":
        index.faults.append("has entries of another form")
    return word in ("data", "broken", "odd", "revision")
