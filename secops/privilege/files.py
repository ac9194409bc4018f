"""Files of one host that policies name: what is run or read, where links lead, and who can change them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from posixpath import basename, normpath

from secops.core.content import Text
from secops.hosts.evidence import Evidence, Status
from secops.hosts.sudoers import Answer
from secops.hosts.tables import Built
from secops.hosts.tables.trusted_files import all_trusted
from secops.hosts.trusted.changers import EVERYONE, TooManyError
from secops.hosts.trusted.host import Host
from secops.hosts.trusted.script import TRUSTED_PATHS
from secops.hosts.trusted.tree import Point, Unseen
from secops.privilege.techniques import by_program, called

_TAB = re.compile(r"(?:/var/spool/cron(?:/crontabs|/tabs)?|/etc/crontabs)/([^/]+)")
_JOB = Text("a job that cron runs as this account", "写入由 cron 以该账户身份运行的任务")

#: A directory in which anyone may make files, and only change their own.
_STICKY = 0o1002


@dataclass(frozen=True)
class Files:
    """Answers from what was collected; of what was not looked at it is None. Nothing is read before it is asked for."""

    evidence: Evidence
    root: str = "root"

    @cached_property
    def _host(self) -> Host:
        return Host.of(self.evidence)

    @cached_property
    def trusted(self) -> Mapping[str, Mapping[str, Text]]:
        """What is run or read, by path: for each account as whom how."""
        found: dict[str, dict[str, Text]] = {}
        for one in all_trusted(self._host, Built()):
            if one.user is None or one.path.endswith("/"):
                continue
            for path in {normpath(one.path), self.leads_to(one.path) or one.path}:
                found.setdefault(path, {}).setdefault(one.user, one.role.doing)
        return found

    def trusted_at(self, path: str) -> Mapping[str, Text]:
        """As whom a file is run or read, and how."""
        if not path.startswith("/"):
            return {}
        return self.trusted.get(normpath(path)) or self.trusted.get(self.leads_to(path) or "", {})

    def leads_to(self, path: str) -> str | None:
        """Where a path ends, links followed; None when that is not known."""
        return self._host.seen.tree.leads_to(path)

    def can_put(self, name: str, path: str) -> Answer:
        """Whether an account can have a file of its own there."""
        points, unseen = self._points(path)
        return self._can_change(name, points, known=not unseen)

    def can_link(self, name: str, path: str, followed: Answer) -> Answer:
        """Whether it can have a link there that root follows. `followed`: those too that others put into /tmp.

        What was not looked at in a directory that was is taken for no link.
        """
        points, unseen = self._points(path)
        points, known = list(filter(_is_replaceable, points)), unseen in ("", path)
        found = self._can_change(name, [point for point in points if not _is_sticky(point)], known=known)
        if (
            found is not True
            and followed is not False
            and self._can_change(name, filter(_is_sticky, points), known=True)
        ):
            return followed
        return found

    def changers_of(self, path: str) -> set[str]:
        """The accounts that can change something on the way to a path, or to where it would be."""
        with suppress(TooManyError):
            return {name for point in self._points(path)[0] for _, accounts in self._of(point) for name in accounts}
        return set(self._host.uids)

    def _points(self, path: str) -> tuple[list[Point], str]:
        """The points of a path, and what was not looked at; `?` where that is not known."""
        points = list[Point]()
        try:
            points += self._host.seen.tree.points(path)
        except Unseen as unseen:
            above = str(unseen).rpartition("/")[0]
            entry = self._host.seen.tree.entries.get(above)
            is_folder = entry is not None and entry.kind == "d"
            points += [Point(above, "directory", entry, missing=True)] if entry and is_folder else []
            return points, str(unseen) if is_folder else "?"
        return points, "" if self.evidence[TRUSTED_PATHS.name].status is Status.OK else "?"

    def _can_change(self, name: str, points: Iterable[Point], *, known: bool) -> Answer:
        try:
            answers = [self._is_among(name, accounts) for point in points for _, accounts in self._of(point)]
        except TooManyError:
            return None
        return True if True in answers else False if known and None not in answers else None

    def _of(self, point: Point) -> Iterable[tuple[object, Sequence[str]]]:
        return self._host.changers.of(point, -1)

    def _is_among(self, name: str, accounts: Sequence[str]) -> Answer:
        """Whether it is one of those that can; of an account that the host does not list that is not known."""
        if name in accounts or EVERYONE in accounts:
            return True
        return False if name in self._host.uids else None


def _is_replaceable(point: Point) -> bool:
    """Whether who can change it can put a link on the way."""
    return point.kind == "link" or (point.kind == "directory" and (point.missing or point.child is not None))


def _is_sticky(point: Point) -> bool:
    return point.kind == "directory" and point.entry.mode & _STICKY == _STICKY


@dataclass(frozen=True)
class Ground:
    """What is known of a host: major versions of packages by name, and its files; without any nothing of them is."""

    majors: Mapping[str, int] = field(default_factory=dict)
    files: Files | None = None

    def program(self, path: str) -> str:
        """The base name by which a program is known: its own, or that of the file to which links lead."""
        name = basename(path)
        if name in by_program() or self.files is None or not path.startswith("/"):
            return name
        real = basename(self.files.leads_to(path) or path)
        return real if real in by_program() and real not in called() else name

    def trusted_at(self, path: str) -> Mapping[str, Text]:
        """As whom a file is run or read, and how: also a crontab that is not there yet."""
        found = self.files.trusted_at(path) if self.files else {}
        tab = _TAB.fullmatch(normpath(path))
        return found or ({tab[1]: _JOB} if tab else {})

    def is_root(self, user: str) -> bool:
        return self.files is not None and user == self.files.root
