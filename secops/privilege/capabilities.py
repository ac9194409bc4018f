"""What capabilities of a program's file give: `rules/privilege/capabilities.yml`."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase
from functools import cache

import msgspec

from secops.core.content import Text
from secops.privilege.techniques import POWERS, Power, by_program, content


class CapabilityPower(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one of some capabilities gives by the programs that can use it."""

    names: list[str]
    gives: Power
    how: Text
    source: str
    interpreter: bool = False
    techniques: list[Power] = []
    programs: list[str] = []


class _Capabilities(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    interpreters: list[str]
    capabilities: list[CapabilityPower]


@cache
def powers() -> _Capabilities:
    """The whole content. Raises `UsageError` for content that does not fit."""
    return content("capabilities", _Capabilities)


def is_interpreter(program: str) -> bool:
    """Whether it runs code of its user's choice in its own process."""
    return any(fnmatchcase(program, pattern) for pattern in powers().interpreters)


def held(permitted: Collection[str]) -> list[CapabilityPower]:
    """The powers that lie in a set of capabilities, in whatever program; the strongest first."""
    found = [one for one in powers().capabilities if "all" in permitted or set(one.names) & set(permitted)]
    return sorted(found, key=lambda one: POWERS.index(one.gives))


def usable(program: str, permitted: Collection[str], *, effective: bool) -> CapabilityPower | None:
    """The strongest power that a known program makes of its file's capabilities; None when it makes none.

    Only an interpreter can put capabilities in force that are not from the start.
    """
    interprets = is_interpreter(program)
    for power in held(permitted):
        if (power.interpreter and interprets) or (effective and _does(power, program)):
            return power
    return None


def _does(power: CapabilityPower, program: str) -> bool:
    own = (one.gives for one in by_program().get(program, ()) if one.suid and not one.exec)
    return program in power.programs or any(gives in power.techniques for gives in own)
