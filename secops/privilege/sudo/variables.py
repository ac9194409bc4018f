"""Variables of the environment that take over a program: `rules/privilege/environment.yml`, and whom they work on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from posixpath import basename, dirname
from typing import Literal

import msgspec

from secops.core.content import Text
from secops.hosts.sudoers import Answer
from secops.privilege.techniques import Power, content

#: Where packages put programs, which are there and linked dynamically unless it is known otherwise.
SYSTEM = ("/bin", "/sbin", "/usr/bin", "/usr/sbin")

UNLINKED = Text(": whether the program is linked dynamically is not known", "：该程序是否动态链接未知")
UNREAD = Text(": whether the program heeds it is not known", "：该程序是否受其影响未知")


class Variable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Variables of one effect, as the content's head describes them."""

    names: list[str]
    gives: Power
    on: Literal["linked", "scripts", "named"]
    checked: bool
    exec: bool
    how: Text
    source: str
    programs: list[str] = []
    suffixes: list[str] = []
    words: list[str] = []
    anywhere: bool = False
    unsure: bool = False

    def works_on(self, path: str, arguments: str | None) -> Answer:
        """Whether a program with the arguments that a rule fixes (None = any) obeys; None: nobody knows."""
        name = basename(path)
        if self.on == "linked":
            return True if dirname(path) in SYSTEM and name not in environment().static else None
        if name in self.programs and (self.on == "named" or dirname(path) in SYSTEM):
            fits = arguments is None or not self.words or any(word in arguments.split() for word in self.words)
            return fits and (None if self.unsure else True)
        return None if self.on == "scripts" and self._may_be_script(path, name) else False

    def _may_be_script(self, path: str, name: str) -> bool:
        _, dot, suffix = name.rpartition(".")
        if dot and f".{suffix}" in _suffixes():
            return f".{suffix}" in self.suffixes
        return self.anywhere or dirname(path) not in SYSTEM

    @property
    def doubt(self) -> Text:
        return UNLINKED if self.on == "linked" else UNREAD


class _Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    variables: list[Variable]
    static: list[str]
    kept: list[str]
    vetted: list[str]
    removed: list[str]


@cache
def environment() -> _Environment:
    """The content. Raises `UsageError` when it does not fit."""
    return content("environment", _Environment)


@cache
def _suffixes() -> frozenset[str]:
    return frozenset(suffix for one in environment().variables for suffix in one.suffixes)


def is_named(pattern: str, name: str, *, whole: bool = False) -> bool:
    """Whether an entry of sudo's lists takes in a variable with a value of the caller's choice.

    An entry `NAME=value` takes in what has that value; `whole`: only one for every value counts. `*` stands for
    anything, and nothing else does.
    """
    wanted, has_value, value = pattern.partition("=")
    if has_value and ("*" not in value or (whole and value.strip("*"))):
        return False
    return _fits(wanted.split("*"), name)


def _fits(parts: Sequence[str], name: str) -> bool:
    first, *rest = parts
    if not rest:
        return name == first
    *middle, last = rest
    if not name.startswith(first) or len(name) < len(first) + len(last) or not name.endswith(last):
        return False
    start, end = len(first), len(name) - len(last)
    for part in middle:
        found = name.find(part, start, end)
        if found < 0:
            return False
        start = found + len(part)
    return True
