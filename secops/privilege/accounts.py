"""Accounts as sudo, doas and the kernel see them: a name, a number, and the groups of both kinds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from secops.hosts.tables import Row


@dataclass(frozen=True)
class Account:
    """An account of one host. `groups` and `gids` hold its primary and its other groups.

    A number has one name: of groups that share one, the first.
    """

    name: str
    uid: int | None = None
    groups: frozenset[str] = field(default=frozenset())
    gids: frozenset[int] = field(default=frozenset())


def accounts(users: Iterable[Row], members: Iterable[Row], named: Iterable[Row] = ()) -> dict[str, Account]:
    """Accounts by name, from rows of `users`, `group_members` and `groups` of one host.

    Of a name that stands twice the first.
    """
    names: dict[int, str] = {}
    for row in named:
        names.setdefault(row["gid"], row["group_name"])
    groups: dict[str, set[str]] = {}
    gids: dict[str, set[int]] = {}
    for row in members:
        if row["group_name"] is not None:
            name: str = row["group_name"]
            groups.setdefault(row["user_name"], set()).add(names.get(row["gid"], name))
        if row["gid"] is not None:
            gids.setdefault(row["user_name"], set()).add(row["gid"])
    found: dict[str, Account] = {}
    for row in users:
        name = row["user_name"]
        primary = {row["gid"]} if row.get("gid") is not None else set()
        found.setdefault(
            name,
            Account(name, row["uid"], frozenset(groups.get(name, ())), frozenset(gids.get(name, set()) | primary)),
        )
    return found


def root_of(found: Mapping[str, Account]) -> Account:
    """The account that is root: by name, else by number, else one as every system has it."""
    by_number = (account for account in found.values() if account.uid == 0)
    return found.get("root") or next(by_number, Account("root", 0, frozenset({"root"}), frozenset({0})))
