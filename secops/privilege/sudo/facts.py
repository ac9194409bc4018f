"""What a policy of sudo is asked with on one host: its groups, sudo's version, the words of its commands' arguments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from secops.hosts.sudoers import Command, Policy
from secops.hosts.tables import Row
from secops.privilege.sudo.names import Group

_VERSION = re.compile(r"(?:[0-9]{1,9}:)?([0-9]{1,4})\.([0-9]{1,4})\.([0-9]{1,4})")

#: What parts the words of arguments that name accounts and files.
_WORD = re.compile(r"[\s=:,|]+")

#: Where a path goes on with what is not fixed.
_OPEN = re.compile(r"[\\*?\[\](){}^$]|\.[*+]")

#: The deepest home that is looked for in paths.
_DEEP = 12


def words_in(policy: Policy) -> frozenset[str]:
    """Words that arguments of the policy's commands are of, and the directories that lead to them."""
    aliased = [member for (kind, _), members in policy.aliases.items() if kind == "Cmnd_Alias" for member in members]
    commands = [*aliased, *(grant.command for rule in policy.rules for grant in rule.grants)]
    words = {word for one in commands if isinstance(one, Command) for word in _WORD.split(one.arguments or "")}
    paths = (word.split("/") for word in words if word.startswith("/"))
    return frozenset(words | {"/".join(names[:end]) for names in paths for end in range(2, min(len(names), _DEEP))})


def paths_in(words: Iterable[str]) -> set[str]:
    """The paths among words; of one that is not fixed the directory up to where it is."""
    begins = ((word, _OPEN.split(word, maxsplit=1)[0]) for word in words if word.startswith("/"))
    return {begin if begin == word else begin.rpartition("/")[0] for word, begin in begins}


def groups_of(rows: Iterable[Row]) -> dict[str, Group]:
    """Groups by name; of a name that stands twice the first."""
    found: dict[str, Group] = {}
    for row in rows:
        found.setdefault(row["group_name"], Group(row["group_name"], row["gid"]))
    return found


def version_of(packages: Sequence[Row]) -> tuple[int, ...] | None:
    """sudo's own version, by its package."""
    versions = (_VERSION.match(row["version"] or "") for row in packages if row["name"] == "sudo")
    return next((tuple(map(int, found.groups())) for found in versions if found), None)
