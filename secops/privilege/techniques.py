"""What programs, groups and actions of polkit give to whoever may use them as root: `rules/privilege/`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Literal, TypeVar

import msgspec

from secops.core.content import Text, read_as, shipped
from secops.hosts.tables import Row

T = TypeVar("T")

_MAJOR = re.compile(r"(?:[0-9]{1,9}:)?([0-9]{1,9})")

Power = Literal["shell", "write", "read", "load", "account"]
When = Literal["any", "none", "bare", "free"]

#: Words with which every program says something of itself, and ends.
_ENDS = ("--help", "--version")

#: The strongest first: of several ways that one entry opens, the first is told.
POWERS: Sequence[Power] = ("shell", "account", "load", "write", "read")


class Closed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A package, and the major version of it with which a technique came to its end."""

    package: str
    major: int


class Technique(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one of some programs gives a power to whoever runs it as root.

    `when`: whatever its arguments are, without any but options, without any at all, or with free ones. `exec`: only by
    starting another program. `suid`: also when the program's file is SUID root. `batch`: words, or their beginnings,
    with which it does not work, as the program then does one thing and ends. `code`: those of them where whoever may
    choose words beside them says what is done. `opens`: arguments with which it works, though a rule fixes them, as
    `lines` has them.
    """

    programs: list[str]
    gives: Power
    when: When
    exec: bool
    suid: bool
    how: Text
    source: str
    batch: list[str] = []
    code: list[str] = []
    opens: list[str] = []
    closed: Closed | None = None

    def fits(self, arguments: str | None) -> bool:
        """Whether it works with the arguments that a rule fixes (None = any), as far as `opens` does not say more."""
        if arguments is None:
            return True
        words = arguments.split()
        if self.when == "any":
            return not self.ends(words)
        is_without = not words or (self.when == "none" and all(word.startswith("-") for word in words))
        return self.when != "free" and is_without and not self.ends(words)

    def ends(self, words: Iterable[str]) -> bool:
        """Whether the program does one thing and ends, with one of these words."""
        return any(word in _ENDS or word.startswith(tuple(self.batch)) for word in words)

    def is_code(self, word: str) -> bool:
        """Whether free words beside this one say what the program does."""
        return word.startswith(tuple(self.code))


class Harmless(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Programs that give nothing, whatever their arguments are."""

    programs: list[str]
    source: str


class GroupPower(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What members of a group of one of these names may do."""

    names: list[str]
    gives: Power
    how: Text
    source: str


class Chosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A detail whose value the caller makes up, from a major version of a package on."""

    detail: str
    package: str
    major: int


class ActionPower(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What whoever is authorized to an action of polkit may do, and by which program.

    `details` are what polkit is told of the request, with values that no rule names. `runs`: it runs a program of
    choice as a user of choice, and polkit is told of both.
    """

    id: str
    gives: Power
    program: str
    details: dict[str, str]
    how: Text
    source: str
    runs: bool = False
    chosen: Chosen | None = None


class _Actions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    actions: list[ActionPower]


class _Techniques(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    techniques: list[Technique]
    called: list[str]


class _Harmless(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    programs: list[Harmless]


class _Groups(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    groups: list[GroupPower]


@cache
def by_program() -> dict[str, list[Technique]]:
    """Techniques by the program's base name, the strongest first. Raises `UsageError` for content that does not fit."""
    found: dict[str, list[Technique]] = {}
    for technique in content("techniques", _Techniques).techniques:
        for program in technique.programs:
            found.setdefault(program, []).append(technique)
    for techniques in found.values():
        techniques.sort(key=lambda technique: POWERS.index(technique.gives))
    return found


@cache
def called() -> frozenset[str]:
    """Base names of programs that do what they are called: by another name they are another program."""
    return frozenset(content("techniques", _Techniques).called)


@cache
def harmless() -> frozenset[str]:
    """Base names of programs that are known to give nothing."""
    return frozenset(name for one in content("harmless", _Harmless).programs for name in one.programs)


@cache
def by_group() -> dict[str, GroupPower]:
    """Powers by group name."""
    return {name: group for group in content("groups", _Groups).groups for name in group.names}


@cache
def by_action() -> dict[str, ActionPower]:
    """Powers by the id of an action of polkit."""
    return {action.id: action for action in content("polkit-actions", _Actions).actions}


def usable(program: str, majors: Mapping[str, int]) -> list[Technique]:
    """Techniques of a program, the strongest first, on a host with packages of these versions."""
    return [
        technique
        for technique in by_program().get(program, ())
        if not (technique.closed and majors.get(technique.closed.package, 0) >= technique.closed.major)
    ]


def major_versions(packages: Iterable[Row]) -> dict[str, int]:
    """The number that a package's version begins with, for packages that techniques and actions hang on."""
    asked = {t.closed.package for techniques in by_program().values() for t in techniques if t.closed}
    asked |= {action.chosen.package for action in by_action().values() if action.chosen}
    rows = (row for row in packages if row["name"] in asked)
    return {row["name"]: int(match[1]) for row in rows if (match := _MAJOR.match(row["version"] or ""))}


def content(name: str, kind: type[T]) -> T:
    """A file of `rules/privilege/`. Raises `UsageError` when it does not fit `kind`."""
    return read_as(shipped("rules") / "privilege" / f"{name}.yml", kind)
