"""Which accounts can change a point, and by what: those that have the right there and reach it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from secops.hosts.acl import Acl
from secops.hosts.trusted.access import READ, SEARCH, WRITE, By, Who, granted
from secops.hosts.trusted.tree import Point, Tree

#: Accounts that are asked about a point, over all points: what a hostile host can make us do.
MAX_STEPS = 500_000

#: Every account of the host, in place of their names.
EVERYONE = "*"


class TooManyError(Exception):
    """More accounts and points than `MAX_STEPS`."""


@dataclass
class Changers:
    """The accounts of a host, root's left out, and its groups, asked about one tree."""

    tree: Tree
    accounts: Sequence[Who]
    groups: frozenset[int] = frozenset()
    steps: int = 0
    _known: dict[tuple[Point, int, int], list[tuple[By, list[str]]]] = field(default_factory=dict)

    @cached_property
    def _by_uid(self) -> dict[int, list[Who]]:
        found: dict[int, list[Who]] = {}
        for who in self.accounts:
            found.setdefault(who.uid, []).append(who)
        return found

    @cached_property
    def _by_gid(self) -> dict[int, list[Who]]:
        found: dict[int, list[Who]] = {}
        for who in self.accounts:
            for gid in who.gids:
                found.setdefault(gid, []).append(who)
        return found

    def of(self, point: Point, owner: int, *, reading: bool = False) -> list[tuple[By, list[str]]]:
        """By what the point can be changed (or read), and the accounts that can, but for `owner`, whose it is.

        No account, where a number belongs to none of the host's. Raises `TooManyError`.
        """
        bits = READ if reading else WRITE if point.kind == "file" else WRITE | SEARCH
        if not self._open(point, bits):
            return []
        key = point, owner, bits
        if key not in self._known:
            self._known[key] = list(self._find(point, owner, bits))
        return self._known[key]

    def _open(self, point: Point, bits: int) -> bool:
        """Whether anyone but root may at all: what nearly every point is not."""
        return point.entry.uid != 0 or point.path in self.tree.lists or point.entry.mode & (bits * 0o11 & 0o66) != 0

    def _find(self, point: Point, owner: int, bits: int) -> Iterator[tuple[By, list[str]]]:
        found: dict[By, list[str]] = {}
        entry = point.entry
        own = point.kind == "link" or (point.child is not None and entry.mode & 0o1000 != 0)  # the owner alone may
        named = self._by_uid.get(entry.uid, []) if own else list(self._named(point))
        for who in named:
            self._ask(who, point, owner, bits, found)
        others = self._others(point, owner, bits, named, found) if entry.mode & bits == bits and not own else []
        yield from found.items()
        if others:
            yield ("anyone", None), others
        if entry.uid not in (0, owner) and entry.uid not in self._by_uid:
            yield ("user", entry.uid), []
        if not own and entry.mode >> 3 & bits == bits and entry.gid not in (0, *self.groups, *self._by_gid):
            yield ("group", entry.gid), []

    def _ask(self, who: Who, point: Point, owner: int, bits: int, found: dict[By, list[str]]) -> None:
        """Add an account to those that can, if it can."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise TooManyError
        by = granted(who, point.entry, self.tree.lists.get(point.path), bits)
        if by and who.uid != owner and self._reaches(who, point.path):
            found.setdefault(by, []).append(who.name)

    def _named(self, point: Point) -> Iterable[Who]:
        """Accounts that the rights of a point are about, each once: its owner, its group, those of its access list."""
        acl = self.tree.lists.get(point.path) or Acl()
        uids, gids = (point.entry.uid, *acl.users), (point.entry.gid, *acl.groups)
        found = [who for uid in uids for who in self._by_uid.get(uid, ())]
        found += (who for gid in gids for who in self._by_gid.get(gid, ()))
        return {who.name: who for who in found}.values()

    def _others(
        self, point: Point, owner: int, bits: int, named: Sequence[Who], found: dict[By, list[str]]
    ) -> list[str]:
        """Accounts that can, of those that its rights are not about; everyone, if no account is left out at all."""
        asked = {who.name for who in named}
        others = [who for who in self.accounts if who.name not in asked and who.uid != owner]
        if not self._is_open_to_all(point.path):
            by_others: dict[By, list[str]] = {}
            for who in others:
                self._ask(who, point, owner, bits, by_others)
            names = by_others.get(("anyone", None), [])
        else:
            names = [who.name for who in others]
        everyone = len(names) == len(others) and sum(map(len, found.values())) == sum(who.uid != owner for who in named)
        return [EVERYONE] if names and everyone else names

    def _is_open_to_all(self, path: str) -> bool:
        """Whether no account is kept from a path by a directory above it."""
        return all(
            folder is not None and folder.mode & 0o11 == 0o11 and at not in self.tree.lists
            for at, folder in self.tree.above(path)
        )

    def _reaches(self, who: Who, path: str) -> bool:
        """Whether an account may search every directory above a path."""
        return all(
            folder is not None and granted(who, folder, self.tree.lists.get(at), SEARCH)
            for at, folder in self.tree.above(path)
        )
