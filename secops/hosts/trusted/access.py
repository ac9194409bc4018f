"""Who may do what with a file, and by what: its owner, its access list, its group, or everybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from secops.hosts.acl import Acl, from_mode
from secops.hosts.listing import Entry

READ, WRITE, SEARCH = 4, 2, 1

WriterKind = Literal["user", "group", "anyone", "acl_user", "acl_group"]

#: By what an account has a right: the kind, and the number of the user or group; None for everybody's.
By = tuple[WriterKind, int | None]


@dataclass(frozen=True)
class Who:
    """An account. `gids` are its primary and its other groups."""

    name: str
    uid: int
    gids: frozenset[int]


def granted(who: Who, entry: Entry, acl: Acl | None, bits: int) -> By | None:
    """By what an account has all of `bits`; None when it has not. Root is not asked for. An owner may give them."""
    if who.uid == entry.uid:
        return "user", entry.uid
    rights = acl or from_mode(entry.mode)
    if who.uid in rights.users:
        return ("acl_user", who.uid) if rights.users[who.uid] & rights.mask & bits == bits else None
    classes = list(_groups(who, entry, rights))
    if classes:
        return next((by for by, own in classes if own & rights.mask & bits == bits), None)
    return ("anyone", None) if rights.other & bits == bits else None


def _groups(who: Who, entry: Entry, rights: Acl) -> Iterator[tuple[By, int]]:
    """The entries for groups that an account is in, with what they give before the mask."""
    if entry.gid in who.gids:
        yield ("group", entry.gid), rights.group
    yield from ((("acl_group", gid), own) for gid, own in rights.groups.items() if gid in who.gids)
