"""The output of the section `trusted_paths`, read back. See `script` for its form."""

from __future__ import annotations

from dataclasses import dataclass, field

from secops.hosts.acl import Acl, from_getfacl
from secops.hosts.evidence import readable
from secops.hosts.listing import FIELDS, Entry, scan_listing
from secops.hosts.trusted.places import PLACES
from secops.hosts.trusted.tree import Tree


@dataclass(frozen=True)
class Line:
    """What a line of a file names: masked tokens, see `words`."""

    number: int
    tokens: list[str]


@dataclass
class Seen:
    """What a host told: places by number of `PLACES`, what files name, the tree of all paths, and what is missing."""

    places: list[tuple[int, str]] = field(default_factory=list)
    lines: dict[str, list[Line]] = field(default_factory=dict)  # by file
    scripts: set[str] = field(default_factory=set)  # files that are shell
    entries: dict[str, Entry] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    lists: dict[str, Acl | None] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)  # patterns of which all matches were looked at
    unended: set[str] = field(default_factory=set)  # crontabs whose last line does not end
    closed: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    odd: bool = False
    no_lists: bool = False
    broken: bool = False
    ended: bool = False

    @property
    def tree(self) -> Tree:
        return Tree(self.entries, self.gone, self.lists)


def parse(data: bytes) -> Seen:
    """Never raises: a field that does not parse makes it `broken`, and one without an end was cut off."""
    seen, fields = Seen(), data.split(b"\0")
    file, at = "", 0
    while at < len(fields) - 1 and not seen.ended:
        tag = fields[at][:1]
        if not tag.isupper():
            at = _add_entries(seen, fields, at)
            continue
        text = readable(fields[at][1:])
        at += 1
        match tag:
            case b"P":
                _add_place(seen, text)
            case b"F":
                grammar, _, file = text.partition(" ")
                if grammar in ("shell", "script", "rc"):
                    seen.scripts.add(file)
            case b"N":
                _add_line(seen, file, text)
            case b"G":
                seen.gone.add(text)
            case b"A":
                seen.lists |= from_getfacl(fields[at - 1][1:])
            case b"U":
                seen.lists[text] = None
            case b"D":
                seen.closed.append(text)
            case b"T":
                seen.unread.append(text)
            case b"E":
                seen.unended.add(text)
            case b"W":
                seen.listed.add(text)
            case b"O":
                seen.odd = True
            case b"X":
                seen.no_lists = True
            case b"Z":
                seen.ended = True
            case _:
                seen.broken = True
    return seen


def _add_entries(seen: Seen, fields: list[bytes], start: int) -> int:
    """Add the records that begin at a field; the field behind the last one."""
    end = start
    while end < len(fields) - 1 and not fields[end][:1].isupper():
        end += FIELDS
    for entry in scan_listing(b"\0".join(fields[start:end]) + b"\0"):
        if entry is None:
            seen.broken = True
        else:
            seen.entries[entry.path] = entry
    return end


def _add_place(seen: Seen, text: str) -> None:
    number, _, path = text.partition(" ")
    if number.isascii() and number.isdecimal() and len(number) < 5 and int(number) < len(PLACES):
        seen.places.append((int(number), path))
    else:
        seen.broken = True


def _add_line(seen: Seen, file: str, text: str) -> None:
    number, *tokens = text.split(" ")
    if file and number.isascii() and number.isdecimal() and len(number) < 10:
        seen.lines.setdefault(file, []).append(Line(int(number), tokens))
    else:
        seen.broken = True
