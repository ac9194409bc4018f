"""Which duty a right belongs to that does not make its holder root: `rules/privilege/duties.yml`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Literal

import msgspec

from secops.privilege import techniques
from secops.privilege.roles.levels import Level

#: What may stand at the end of a name that belongs to nobody: test1, admin_02. More digits number people.
_NUMBER = re.compile(r"[._-]?[0-9]{0,2}$")

Duty = Literal["security", "audit"]


class CommandDuty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The duty of who may run one of some programs as root: with any arguments, or with those of files or services."""

    duty: Duty
    programs: list[str]
    source: str
    paths: list[str] = []
    services: list[str] = []

    def fits(self, arguments: str | None, verbs: Sequence[str]) -> bool:
        """Whether it is for the arguments that sudo fixes (None = any)."""
        words = [word for word in (arguments or "").split() if not word.startswith("-")]
        if self.paths:
            files = [word for word in words if "/" in word]
            return bool(files) and all(self._is_below(word) for word in files)
        if self.services:
            named = [word.removesuffix(".service") for word in words if word not in verbs]
            return bool(named) and all(name in self.services for name in named)
        return True

    def _is_below(self, word: str) -> bool:
        inside = any(word.startswith(path) if path.endswith("/") else word == path for path in self.paths)
        return inside and "/../" not in f"{word}/"


class GroupDuty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The duty of the members of some groups, but for the accounts that programs have in them."""

    names: list[str]
    duty: Duty
    usual: list[str]
    source: str


class Duties(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file. `verbs` are no names of services, `generic` names that belong to nobody."""

    commands: list[CommandDuty]
    groups: list[GroupDuty]
    verbs: list[str]
    generic: list[str]


def of_command(command: str, arguments: str | None) -> Level:
    """The duty of who may run a command as root that does not make them root: an operator's when no other is known."""
    known = _by_program().get(command.rpartition("/")[2], ())
    verbs = content().verbs
    return next((Level(entry.duty) for entry in known if entry.fits(arguments, verbs)), Level.OPERATOR)


def of_group(group: str, user: str) -> Level | None:
    """The duty of a group's member; None when the group has none, or the account is that of a program."""
    entry = _by_group().get(group)
    return Level(entry.duty) if entry and user not in entry.usual else None


def is_generic(user: str) -> bool:
    """Whether a login name belongs to nobody: admin, test1, 公用."""
    return _NUMBER.sub("", user.lower(), count=1) in _generic()


@cache
def _by_program() -> dict[str, list[CommandDuty]]:
    found: dict[str, list[CommandDuty]] = {}
    for entry in content().commands:
        for program in entry.programs:
            found.setdefault(program, []).append(entry)
    return found


@cache
def _by_group() -> dict[str, GroupDuty]:
    return {name: entry for entry in content().groups for name in entry.names}


@cache
def _generic() -> frozenset[str]:
    return frozenset(content().generic)


@cache
def content() -> Duties:
    """All duties. Raises `UsageError` for content that does not fit."""
    return techniques.content("duties", Duties)
