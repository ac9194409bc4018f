"""The files of polkit's local authority: what it authorizes (.pkla) and who is an administrator (.conf).

They are key files as GLib reads them: one bad line and nothing of the file counts, for polkit and here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

#: What an authorization may be.
RESULTS = frozenset({"no", "yes", "auth_self", "auth_self_keep", "auth_admin", "auth_admin_keep"})

_GROUP = re.compile(r"\[([^\[\]\x00-\x1f\x7f]+)\][ \t]*")
_KEY = re.compile(r"([^\s=\[\]](?:[^=\[\]\n]*[^\s=\[\]])?)[ \t]*(?:\[[^\[\]=]*\])?=[ \t]*([^\n]*)")


class KeyFileError(ValueError):
    """The file holds escapes, which are not read here."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


@dataclass(frozen=True)
class Entry:
    """One authorization: for identities and actions, both as globs. A result is None where the entry gives none."""

    identities: tuple[str, ...]
    actions: tuple[str, ...]
    any: str | None
    inactive: str | None
    active: str | None
    source: str
    line: int

    def is_for(self, identity: str, action: str) -> bool:
        """Whether it is for `unix-user:NAME`, `unix-group:NAME` or `default`, and the action."""
        return self.is_for_action(action) and any(_matches(glob, identity) for glob in self.identities)

    def is_for_action(self, action: str) -> bool:
        return any(_matches(glob, action) for glob in self.actions)


def entries(text: str, source: str) -> list[Entry]:
    """The authorizations of one .pkla file in order. Those that polkit skips are left out. Raises `KeyFileError`."""
    found = (_entry(keys, source, line) for line, keys in _groups(text).values())
    return [entry for entry in found if entry]


def administrators(text: str) -> tuple[str, ...] | None:
    """The identities that one .conf file names, None when it says nothing of them. Raises `KeyFileError`."""
    _, keys = _groups(text).get("Configuration", (0, {}))
    return _list(keys["AdminIdentities"]) if "AdminIdentities" in keys else None


def _groups(text: str) -> dict[str, tuple[int, dict[str, str]]]:
    """The line of each group and its keys; none of a file that GLib refuses.

    A group that stands twice is one; of a key the last value counts.
    """
    groups: dict[str, tuple[int, dict[str, str]]] = {}
    keys: dict[str, str] | None = None
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.removesuffix("\r").lstrip(" \t\r\f\v")
        if not line or line.startswith("#"):
            continue
        if "\\" in line or "\0" in line:
            raise KeyFileError(number)
        if group := _GROUP.fullmatch(line):
            keys = groups.setdefault(group[1], (number, {}))[1]
        elif keys is not None and (pair := _KEY.fullmatch(line)):
            keys[pair[1]] = pair[2]
        else:
            return {}
    return groups


def _entry(keys: Mapping[str, str], source: str, line: int) -> Entry | None:
    results = [keys.get(f"Result{name}") for name in ("Any", "Inactive", "Active")]
    given = [result for result in results if result is not None]
    if "Identity" not in keys or "Action" not in keys or not given or any(result not in RESULTS for result in given):
        return None
    return Entry(_list(keys["Identity"]), _list(keys["Action"]), results[0], results[1], results[2], source, line)


def _list(value: str) -> tuple[str, ...]:
    items = value.split(";")
    return tuple(items[:-1] if items[-1] == "" else items)


def _matches(glob: str, text: str) -> bool:
    """GLib's patterns, whose only marks are `*` and `?`."""
    return fnmatchcase(text, glob.replace("[", "[[]"))
