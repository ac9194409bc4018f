"""Who may do what with a file, as the kernel decides it: owner, access list, groups, others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from secops.hosts.listing import Entry

READ, WRITE, SEARCH = 4, 2, 1

WriterKind = Literal["user", "group", "anyone", "acl_user", "acl_group"]

#: By what an account has a right: the kind, and the number of the user or group; None for everybody's.
By = tuple[WriterKind, int | None]

_ENTRY = re.compile(r"(user|group|mask|other):([0-9]{0,10}):([r-])([w-])([xst-])")


@dataclass(frozen=True)
class Who:
    """An account. `gids` are its primary and its other groups."""

    name: str
    uid: int
    gids: frozenset[int]


@dataclass(frozen=True)
class Acl:
    """An access list: rights by user and by group, already under its mask."""

    users: Mapping[int, int] = field(default_factory=dict)
    groups: Mapping[int, int] = field(default_factory=dict)
    group: int = 0  # of the file's own group


def parse_acl(lines: Iterable[str]) -> Acl | None:
    """An access list from entries as `getfacl -n` writes them; None when one does not parse."""
    rights: dict[tuple[str, str], int] = {}
    for line in lines:
        found = _ENTRY.fullmatch(line)
        if found is None:
            return None
        r, w, x = (found[at] != "-" for at in (3, 4, 5))
        rights[found[1], found[2]] = r * READ | w * WRITE | x * SEARCH
    mask = rights.get(("mask", ""), 7)
    users, groups = (
        {int(number): bits & mask for (kind, number), bits in rights.items() if kind == wanted and number}
        for wanted in ("user", "group")
    )
    return Acl(users, groups, rights.get(("group", ""), 0) & mask)


def granted(who: Who, entry: Entry, acl: Acl | None, bits: int) -> By | None:
    """By what an account has all of `bits`; None when it has not. Root is not asked for. An owner may give them."""
    if who.uid == entry.uid:
        return "user", entry.uid
    if acl and who.uid in acl.users:
        return ("acl_user", who.uid) if acl.users[who.uid] & bits == bits else None
    classes = list(_groups(who, entry, acl))
    if classes:
        return next((by for by, rights in classes if rights & bits == bits), None)
    return ("anyone", None) if entry.mode & bits == bits else None


def _groups(who: Who, entry: Entry, acl: Acl | None) -> Iterator[tuple[By, int]]:
    """The entries for groups that an account is in, with their rights."""
    if entry.gid in who.gids:
        yield ("group", entry.gid), acl.group if acl else entry.mode >> 3 & 7
    if acl:
        yield from ((("acl_group", gid), rights) for gid, rights in acl.groups.items() if gid in who.gids)
