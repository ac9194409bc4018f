"""Files that matter by their place: those that root obeys, those that hold secrets, those that a caller may change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from posixpath import normpath

import msgspec

from secops.core.content import Text
from secops.hosts.sudoers import Answer
from secops.hosts.sudoers_patterns import PATHNAME, PERIOD, matches_wildcard
from secops.hosts.tables import Row
from secops.privilege.files import Files
from secops.privilege.techniques import content

#: Where anyone may make files and directories. Of a link right in them see `follows_links`.
OPEN = ("/tmp/", "/var/tmp/", "/dev/shm/")  # noqa: S108 - looked for, not used

#: Why it is not sure that a caller can change a file.
OWNED = Text(": whether the caller may write there is not known", "：调用者能否写入该目录未知")

_WILD = re.compile(r"[*\[]")


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    paths: list[str]
    how: Text
    source: str


class _Files(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    files: list[_File]


@cache
def obeyed() -> Sequence[tuple[str, Text]]:
    """Patterns of files that root obeys, and how. Raises `UsageError` for content that does not fit."""
    return [(path, one.how) for one in content("obeyed", _Files).files for path in one.paths]


@cache
def secrets() -> Sequence[tuple[str, Text]]:
    """Patterns of files that hold secrets, and which. Raises `UsageError` for content that does not fit."""
    return [(path, one.how) for one in content("secret", _Files).files for path in one.paths]


def is_one(path: str, pattern: str) -> bool:
    return matches_wildcard(pattern, path, PATHNAME | (0 if "/." in pattern else PERIOD)) is True


def among(path: str, files: Sequence[tuple[str, Text]]) -> Text | None:
    """How one of the files with this path is one, or None. Without its `..`."""
    plain = normpath(path) if path.startswith("/") else path
    near = ((pattern, how) for pattern, how in files if plain.startswith(_WILD.split(pattern, maxsplit=1)[0]))
    return next((how for pattern, how in near if is_one(plain, pattern)), None)


def samples(files: Sequence[tuple[str, Text]]) -> list[str]:
    """One path of each pattern."""
    return [pattern.replace("[a-z]", "a").replace("*", "x") for pattern, _ in files]


@dataclass(frozen=True)
class Caller:
    """Who calls a program. `fixed`: the policy says in which directory.

    `followed`: whether root follows a link that they put right into a directory of `OPEN`.
    """

    name: str
    files: Files
    followed: Answer
    fixed: bool = False

    def has(self, path: str, *, linked: bool) -> Answer:
        """Whether they can put a file there, or with `linked` a link that root follows."""
        if not path.startswith("/"):
            return not self.fixed  # in the directory that they call from
        plain = normpath(path)
        if own := next((folder for folder in OPEN if plain.startswith(folder)), None):
            return True if not linked or "/" in plain.removeprefix(own) else self.followed
        return self.files.can_link(self.name, plain, self.followed) if linked else self.files.can_put(self.name, plain)


def follows_links(parameters: Iterable[Row]) -> Answer:
    """Whether root follows links of others in /tmp, by rows of `sysctl`."""
    key = "fs.protected_symlinks"
    value = next((row["value"] or row["configured"] for row in parameters if row["key"] == key), None)
    return None if value is None else value == "0"
