"""Listing records: what `Listing` and `Walk` sections hold, NUL-framed so that any byte may stand in a name.

Eight fields a record, each ended by NUL: mode, uid, gid, size, mtime, path, link target, and an empty one as a check.
The mode is GNU find's type letter and octal permissions (`f4755`) or, from stat(1), `x` and the raw mode in hex.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from secops.core.inert import readable

FIELDS = 8

#: Shell that puts into `$show` a snippet which prints the records of the paths in "$@"; `$gnu` says which find it is.
SHOW_SH = r"""if [ "$gnu" ]; then
  show='find "$@" -maxdepth 0 -printf "%y%m\0%U\0%G\0%s\0%T@\0%p\0%l\0\0" 2>/dev/null'
else
  show='for f do [ -e "$f" ] || [ -L "$f" ] || continue
    stat -c "x%f %u %g %s %Y" "$f" 2>/dev/null | tr " \n" "\0\0"
    l=; [ ! -L "$f" ] || l=$(readlink "$f"); printf "%s\0%s\0\0" "$f" "$l"; done'
fi
"""
_NUMBER = re.compile(rb"-?\d{1,18}")  # a time before 1970 is negative, and any user can set one


@dataclass(frozen=True)
class Entry:
    """One path. `kind` is find's letter (f d l p s b c), `mode` its twelve permission bits, `mtime` in seconds."""

    path: str
    kind: str
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    link: str = ""


def parse_listing(data: bytes) -> list[Entry]:
    """The entries of a listing; whatever does not parse as a record is left out (see `scan_listing`)."""
    return [entry for entry in scan_listing(data) if entry is not None]


def scan_listing(data: bytes) -> Iterator[Entry | None]:
    """Entries in order; None stands for a record that does not parse, after which nothing more is read."""
    fields = data.split(b"\0")
    for at in range(0, len(fields) - 1, FIELDS):
        entry = _entry(fields[at : at + FIELDS])
        yield entry
        if entry is None:
            return


def records(data: bytes, tags: Mapping[bytes, int]) -> Iterator[tuple[bytes, list[bytes]]]:
    """(tag, fields) of each record of a mixed stream, where `tags` tells how many fields follow each tag.

    A listing record has the empty tag. Reading ends at what does not parse.
    """
    fields = data.split(b"\0")
    at = 0
    while at < len(fields) - 1:
        tag = fields[at]
        start, count = (at + 1, tags[tag]) if tag in tags else (at, FIELDS)
        if start + count > len(fields) - 1:
            return
        yield (tag if tag in tags else b""), fields[start : start + count]
        at = start + count


def _entry(fields: list[bytes]) -> Entry | None:
    if len(fields) != FIELDS or fields[-1]:
        return None
    mode, path, link = fields[0], fields[5], fields[6]
    numbers = [_NUMBER.match(number) for number in fields[1:5]]
    if not all(numbers) or not path:
        return None
    uid, gid, size, mtime = (int(match.group()) for match in numbers if match)
    try:
        kind, bits = (_raw_mode(int(mode[1:], 16))) if mode[:1] == b"x" else (mode[:1].decode(), int(mode[1:], 8))
    except ValueError:
        return None
    return Entry(readable(path), kind, bits & 0o7777, uid, gid, size, mtime, readable(link))


_LETTERS = {stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l", stat.S_IFIFO: "p", stat.S_IFSOCK: "s",
            stat.S_IFBLK: "b", stat.S_IFCHR: "c"}  # fmt: skip


def _raw_mode(mode: int) -> tuple[str, int]:
    return _LETTERS.get(stat.S_IFMT(mode), "?"), stat.S_IMODE(mode)


def record(path: bytes, status: tuple[int, int, int, int, int], link: bytes = b"") -> bytes:
    """One record as the script writes it, from (st_mode, uid, gid, size, mtime): for the image carrier and tests."""
    mode, *numbers = status
    return b"\0".join([b"x%x" % mode, *(b"%d" % max(0, number) for number in numbers), path, link, b"", b""])
