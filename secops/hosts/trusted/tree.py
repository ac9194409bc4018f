"""Paths as a host had them: what is there, where links lead, and every point at which a path can be changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Literal

from secops.hosts.acl import Acl
from secops.hosts.listing import Entry

#: Links that are followed, as the kernel's own limit.
MAX_LINKS = 40

PointKind = Literal["file", "directory", "link"]


class Unseen(Exception):  # noqa: N818 - no error of ours
    """A path, the argument, was not looked at though its directory is there, or where a link leads is not known."""


def trail(path: str, look: Callable[[str], Entry | None]) -> Iterator[tuple[str, Entry | None]]:
    """Each thing on the way to what a path means, links followed: (where it really is, what is there).

    Ends behind the last thing, behind one that is not there (None), and where links go round.
    """
    todo = _parts(path)
    here, links = "", 0
    while todo:
        part = todo.pop()
        if part == "..":
            here = here.rpartition("/")[0]
            continue
        at = f"{here}/{part}"
        entry = look(at)
        yield at, entry
        if entry is None:
            return
        if entry.kind != "l":
            here = at
            continue
        links += 1
        if links > MAX_LINKS:
            return
        here = "" if entry.link.startswith("/") else here
        todo += _parts(entry.link)


def _parts(path: str) -> list[str]:
    """The names of a path, the last first."""
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]


@dataclass(frozen=True)
class Point:
    """A thing that decides what a path means: the file, a directory on the way, or a link.

    Of a directory, `child` is what the path leads to in it; None when nothing is there yet, or when the path means the
    directory itself. `missing` tells these apart.
    """

    path: str
    kind: PointKind
    entry: Entry
    child: Entry | None = None
    missing: bool = False


@dataclass
class Tree:
    """What was looked at: entries by path, paths that are not there though their directory is, and access lists.

    An access list is None where there is one that could not be read.
    """

    entries: Mapping[str, Entry]
    gone: Set[str] = frozenset()
    lists: Mapping[str, Acl | None] = field(default_factory=dict)

    def points(self, path: str) -> Iterator[Point]:
        """Every point at which a path can be changed, from the root on. Raises `Unseen`."""
        last: tuple[str, Entry] | None = None
        for at, entry in trail(path, self.entries.get):
            folder = at.rpartition("/")[0] or "/"
            above = self.entries.get(folder)
            if above is None or above.kind != "d":
                return
            if entry is None and at not in self.gone:
                if folder != "/":  # what is missing there is not told
                    raise Unseen(at)
                return
            if entry and entry.kind == "l" and not entry.link:
                raise Unseen(at)
            yield Point(folder, "directory", above, entry, missing=entry is None)
            if entry is None:
                return
            if entry.kind == "l" and above.mode & 0o1000:
                yield Point(at, "link", entry)
            last = (at, entry)
        if last and last[1].kind in ("f", "d"):
            yield Point(last[0], "directory" if last[1].kind == "d" else "file", last[1])

    def leads_to(self, path: str) -> str | None:
        """Where a path ends; None when that is not known, or nothing is there."""
        ends = list(trail(path, self.entries.get))
        return ends[-1][0] if ends and ends[-1][1] and ends[-1][1].kind != "l" else None

    def above(self, path: str) -> Iterator[tuple[str, Entry | None]]:
        """The directories above a real path, the root first."""
        parts = path.split("/")[1:-1]
        for count in range(len(parts) + 1):
            folder = "/" + "/".join(parts[:count])
            yield folder, self.entries.get(folder)
