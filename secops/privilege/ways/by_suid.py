"""Ways by programs that run with more rights than whoever starts them: SUID, SGID, capabilities of the file.

A program of `techniques.yml` or `capabilities.yml` is a way. One that no package owns or that differs from its package
may be: what it does is not known. What packages bring is none. dpkg keeps no modes: there it is what Debian and others
ship with these bits (`shipped-suid.yml`); any other packaged program may have got its bit from somebody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import msgspec

from secops.core.content import Text
from secops.hosts.acl import parents
from secops.hosts.tables import Built, Row
from secops.hosts.tables._walked import walked
from secops.privilege import capabilities
from secops.privilege.access import EXECUTE, Access
from secops.privilege.techniques import (
    POWERS,
    GroupPower,
    Power,
    Technique,
    by_group,
    by_program,
    content,
    harmless,
)
from secops.privilege.way import Kind, View, Way

_STRANGE = Text("no package owns it: what it lets its user do is not known", "不属于任何软件包，可用来做什么未知")

_ADDED = Text(
    "its package manager keeps no mode, and no package is known to ship it so: what it lets its user do is not known",
    "软件包管理器不记录权限位，且未知有软件包如此发布该程序：可用来做什么未知",
)


class _Shipped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    programs: list[str]
    source: str


class _ShippedPrograms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    programs: list[_Shipped]


@cache
def shipped() -> frozenset[str]:
    """Base names of programs that packages bring SUID or SGID. Raises `UsageError` for content that does not fit."""
    return frozenset(name for one in content("shipped-suid", _ShippedPrograms).programs for name in one.programs)


@dataclass(frozen=True, slots=True)
class _Offer:
    """What one file gives to whoever may start it. `members` are a group's, who have it anyhow."""

    way: str
    becomes: str
    gives: Power
    how: Text
    program: str | None = None
    certain: bool = True
    members: frozenset[str] = frozenset()


def find(view: View, built: Built) -> Iterator[Way]:
    access = Access(view, walked(view.evidence).around, built)
    mounts, given = _Mounts(view.rows("mounts")), _Given(view)
    for row in view.rows("special_files"):
        is_armed = row["setuid"] or row["setgid"] or row.get("permitted")
        if not is_armed or row["in_container_store"] or row.get("is_script") or row.get("mode") is None:
            continue
        offers = list(_offers(row, view.root.name, given))
        if not offers or mounts.disarm(row["path"]):
            continue
        users = access.users(row, EXECUTE)
        for offer in offers:
            for user in users:
                if user != offer.becomes and user not in offer.members:
                    yield Way(user, offer.becomes, offer.way, row["path"], offer.gives, offer.how, row["path"],
                              program=offer.program, certain=offer.certain)  # fmt: skip


class _Mounts:
    """Where files give nothing to whoever starts them, or cannot be started."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._disarmed = {row["mount_point"]: row["nosuid"] or row["noexec"] for row in rows}

    def disarm(self, path: str) -> bool:
        nearest = next((above for above in parents(path) if above in self._disarmed), "/")
        return bool(self._disarmed.get(nearest))


class _Given:
    """The accounts and groups that a file's bits may give, by number: there may be many files."""

    def __init__(self, view: View) -> None:
        self.accounts = {one.uid: one.name for one in reversed(list(view.accounts.values()))} | {0: view.root.name}
        self.groups: dict[int, tuple[GroupPower, frozenset[str]]] = {}
        for gid in {row["gid"] for row in view.rows("groups")}:
            if power := by_group().get(view.group_name(gid)):
                self.groups[gid] = power, frozenset(one.name for one in view.members(gid))


def _offers(row: Row, root: str, given: _Given) -> Iterator[_Offer]:
    if row["setuid"] and row["uid"] in given.accounts:
        yield from _of_suid(row, given.accounts[row["uid"]])
    if row["setgid"] and row["gid"] in given.groups:
        yield from _of_sgid(row, root, *given.groups[row["gid"]])
    if row.get("permitted"):
        yield from _of_capabilities(row, root)


def _program(row: Row) -> str:
    """The program's name: that of the one it is a copy of, else its own."""
    return str(row.get("copy_of") or row["path"]).rpartition("/")[2]


def _techniques(row: Row) -> list[Technique]:
    """The strongest first."""
    return [one for one in by_program().get(_program(row), ()) if one.suid]


def _is_known(row: Row) -> bool:
    """Whether it is the program that it is called, as far as its package knows."""
    return "digest" not in (row.get("changed") or ())


def _doubt(row: Row) -> Text | None:
    """Why nobody can say what it does; None for a package's own, and for a copy of a program that is known."""
    if row.get("packaged") is False:
        is_known = row.get("copy_of") and _program(row) in by_program()
        return None if is_known else _STRANGE
    if changed := row.get("changed"):
        what = ", ".join(changed)
        return Text(
            f"differs from its package ({what}): what it does is not known", f"与软件包不一致（{what}），行为未知"
        )
    return None


def _doubt_of_bit(row: Row) -> Text | None:
    """`_doubt`, and of a package's own whether the package gave it the bit."""
    is_compared = row.get("packaged") is not True or "mode" in (row.get("checked") or ())
    program = _program(row)
    if is_compared or program in by_program() or program in harmless() or program in shipped():
        return _doubt(row)
    return _doubt(row) or _ADDED


def _of_suid(row: Row, becomes: str) -> Iterator[_Offer]:
    if known := _techniques(row):
        yield _Offer("suid", becomes, known[0].gives, known[0].how, _program(row), _is_known(row))
    elif doubt := _doubt_of_bit(row):
        yield _Offer("suid", becomes, "shell", doubt, certain=False)


def _of_sgid(row: Row, root: str, group: GroupPower, members: frozenset[str]) -> Iterator[_Offer]:
    known = next(((one, gives) for one in _techniques(row) if (gives := _with_group(one.gives, group.gives))), None)
    if known:
        technique, gives = known
        how = Text(f"{group.how.en}; {technique.how.en}", f"{group.how.zh}；{technique.how.zh}")
        yield _Offer("sgid", root, gives, how, _program(row), _is_known(row), members)
    elif doubt := _doubt_of_bit(row):
        yield _Offer("sgid", root, group.gives, doubt, None, False, members)


def _with_group(technique: Power, group: Power) -> Power | None:
    """What a program's power makes of the group's: a shell all of it, one that reads or writes what its files give."""
    if technique in ("shell", "load"):
        return group
    if technique in ("write", "read") and group in ("write", "read"):
        return max(technique, group, key=POWERS.index)
    return None


def _of_capabilities(row: Row, root: str) -> Iterator[_Offer]:
    program, permitted = _program(row), row["permitted"]
    if known := capabilities.usable(program, permitted, effective=row["effective"]):
        yield _Offer("capability", root, known.gives, known.how, program, _is_known(row))
    elif (doubt := _doubt(row)) and (powers := capabilities.held(permitted)):
        yield _Offer("capability", root, powers[0].gives, doubt, certain=False)


KIND = Kind("suid", ("special_files.capabilities", "special_files.package", "mounts"), find)
