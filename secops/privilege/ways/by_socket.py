"""Ways by sockets at which a daemon of root obeys, and by disks that may be read or written past their files."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache

import msgspec

from secops.core.content import Text
from secops.hosts.acl import Around, parents
from secops.hosts.tables import Built, Row
from secops.hosts.tables.control_sockets import seen
from secops.privilege.access import READ, WRITE, Access
from secops.privilege.techniques import POWERS, Power, by_group, content
from secops.privilege.way import Kind, View, Way


class SocketPower(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one of some sockets or device files gives to whoever may write to it, or, where it `reads`, only read it."""

    paths: list[str]
    gives: Power
    how: Text
    source: str
    reads: Power | None = None


class _Sockets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sockets: list[SocketPower]


@cache
def powers() -> list[SocketPower]:
    """The content of `rules/privilege/sockets.yml`. Raises `UsageError` when it does not fit."""
    return content("sockets", _Sockets).sockets


def find(view: View, built: Built) -> Iterator[Way]:
    found = seen(view.evidence)
    access = Access(view, found.around, built)
    for row in view.rows("control_sockets"):
        power = next((one for one in powers() if any(fnmatchcase(row["path"], path) for path in one.paths)), None)
        if power is None or _is_idle(row) or _is_anothers(row, found.around):
            continue
        told: set[str] = set()
        for bit, gives in ((WRITE, power.gives), (READ, power.reads)):
            if gives is None:
                continue
            told |= _members(view, row["gid"], gives)
            for user in access.users(row, bit):
                if user not in told:
                    told.add(user)
                    yield Way(user, view.root.name, "socket", row["path"], gives, power.how, row["path"],
                              certain=_is_certain(row))  # fmt: skip


def _is_idle(row: Row) -> bool:
    """Whether it gives nothing: nobody answers, the daemon asks further, or nothing mounted lies on the disk."""
    return row.get("listening") is False or bool(row.get("asks")) or row.get("mounted") is False


def _is_certain(row: Row) -> bool:
    return bool(row.get("mounted") if row["kind"] == "b" else row.get("listening"))


def _is_anothers(row: Row, around: Around) -> bool:
    """Whether somebody else than root made the socket, in a directory of his own: it does what he may."""
    above = next((around.entries[path] for path in parents(row["path"]) if path in around.entries), None)
    return above is not None and above.uid != 0


def _members(view: View, gid: int, gives: Power) -> set[str]:
    """The members of a socket's group when that group gives as much by itself: that way tells of them."""
    group = by_group().get(view.group_name(gid))
    if group is None or POWERS.index(group.gives) > POWERS.index(gives):
        return set()
    return {one.name for one in view.members(gid)}


KIND = Kind("socket", ("control_sockets.mounted",), find)
