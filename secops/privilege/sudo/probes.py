"""What to ask sudo of an entry, to see whether it still holds, and what each answer would open: `rules/privilege/`."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import msgspec

from secops.core.content import Text
from secops.hosts.sudoers import Command, Setting
from secops.hosts.sudoers_patterns import PATHNAME, PERIOD, matches_wildcard
from secops.privilege.accounts import Account
from secops.privilege.patterns import is_wild
from secops.privilege.sudo.commands import EDIT, Request, is_command
from secops.privilege.techniques import Power, by_program, content, usable

#: Where programs are looked for that a directory or a wildcard takes in.
_FOLDERS = ("/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/")

#: A program that no rule names: what is allowed for it is allowed for all.
ANY = "/citywall/any-program"
#: Where anyone may put a link or a directory.
OPEN = ("/tmp/", "/var/tmp/", "/dev/shm/")  # noqa: S108 - looked for, not used

_NOBODY = Account("")
_EVERYTHING = Text("any command", "任意命令")
_LINKED = Text(
    "a link to any file in its place, which sudoedit follows", "将其替换为指向任意文件的链接，sudoedit 会跟随链接"
)
_STEM = re.compile(r"[\\?*\[\]^].*", re.DOTALL)


class _Obeyed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    paths: list[str]
    how: Text
    source: str


class _ObeyedFiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    files: list[_Obeyed]


class _RootOnly(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    programs: list[str]
    but_for: list[str] = []


class _RootOnlyPrograms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    programs: list[_RootOnly]


@dataclass(frozen=True)
class Opening:
    """What a request gives when it is allowed. `exec`: only by starting another program. `followed`: only by a link.

    `by` is the setting that makes it so, None where the entry does. `doubt`: what is not known, as said after a place.
    """

    program: str | None
    gives: Power
    how: Text
    exec: bool = False
    followed: bool = False
    by: Setting | None = None
    doubt: Text | None = None


@dataclass(frozen=True)
class Probe:
    """A command with arguments, or whatever has arguments of a pattern, and what it opens, the strongest first."""

    command: str
    arguments: Sequence[str]
    pattern: str | None
    openings: Sequence[Opening]

    def request(self, target: Account) -> Request:
        return Request(target, self.command, self.arguments, self.pattern)


def probes(command: Command, majors: Mapping[str, int]) -> Iterator[Probe]:
    """What to ask of an entry's command, on a host with packages of these major versions."""
    if command.kind == "all":
        yield Probe(ANY, (), None, _all())
    elif command.kind == "edit":
        yield from _edits(command, majors)
    else:
        words = tuple((command.arguments or "").replace("*", "x").split())
        for path in programs(command):
            if openings := _openings(path.rpartition("/")[2], command.arguments, majors):
                yield Probe(path, words, command.arguments, openings)


@cache
def _all() -> Sequence[Opening]:
    return Opening(None, "shell", _EVERYTHING, exec=True), Opening(None, "write", _EVERYTHING)


def _openings(program: str, arguments: str | None, majors: Mapping[str, int]) -> list[Opening]:
    return [Opening(program, one.gives, one.how, one.exec) for one in usable(program, arguments, majors)]


def _edits(command: Command, majors: Mapping[str, int]) -> Iterator[Probe]:
    """Files to edit: any, or those that root obeys; then those that may be replaced by a link."""
    if command.arguments is None:
        yield Probe(EDIT, ("/etc/shadow",), None, _openings(EDIT, None, majors))
        return
    for path, how in _candidates(command.arguments):
        yield Probe(EDIT, path.split(), None, [Opening(EDIT, "write", how)])
    yield Probe(EDIT, command.arguments.split(), command.arguments, [Opening(EDIT, "write", _LINKED, followed=True)])


def _candidates(arguments: str) -> Iterator[tuple[str, Text]]:
    """Files that root obeys and that arguments may name: those that they are, or examples of what a pattern takes."""
    example = arguments.replace("*", "x").replace("?", "x")
    if not arguments.startswith("^"):
        for word in example.split():
            yield from ((example, how) for pattern, how in obeyed() if is_obeyed(word, pattern))
    if is_wild(arguments) or arguments.startswith("^"):
        stem = "" if arguments.startswith("^") else _STEM.sub("", arguments)
        for pattern, how in obeyed():
            if pattern.startswith(stem) or stem.startswith(pattern.partition("*")[0]):
                yield pattern.replace("*", "x"), how


def is_obeyed(path: str, pattern: str) -> bool:
    return matches_wildcard(pattern, path, PATHNAME | (0 if "/." in pattern else PERIOD)) is True


def programs(command: Command) -> Iterator[str]:
    """Paths of known programs that an entry's command takes in, whatever its arguments."""
    if command.kind == "path" and not is_wild(command.text):
        yield command.text
        return
    named = replace(command, arguments=None, digests=())
    stem = "" if command.kind == "regex" else _STEM.sub("", command.text)
    for path in _known(stem):
        if is_command(named, Request(_NOBODY, path)) is not False:
            yield path


def _known(stem: str) -> Sequence[str]:
    """Paths where programs that open something may be; those alone that begin so, by one of a merged /usr's names."""
    paths = _paths()
    if not stem or stem in ("/", "/usr", "/usr/"):
        return paths
    stem = stem if stem.startswith("/usr") or not f"/usr{stem}".startswith(("/usr/bin", "/usr/sbin")) else f"/usr{stem}"
    return paths[bisect_left(paths, stem) : bisect_left(paths, f"{stem}\U0010ffff")]


@cache
def _paths() -> Sequence[str]:
    return sorted(folder + program for program in by_program() for folder in _FOLDERS)


def as_another(opening: Opening, *, can_login: bool) -> bool:
    """Whether it gives an account that is not root. What it may write counts where it logs in and obeys its files."""
    if opening.program in _root_only():
        return False
    return opening.gives in ("shell", "load") or (opening.gives == "write" and can_login)


def with_group(opening: Opening, group: str, power: Power) -> bool:
    """Whether it gives the power of a group that it runs with, as who asks."""
    obeys = opening.program not in _root_only() or group in _root_only()[opening.program]
    runs = opening.gives == "shell" or (opening.gives == "load" and opening.program is None)  # code of its own
    return obeys and (runs or opening.gives == power)


@cache
def obeyed() -> Sequence[tuple[str, Text]]:
    """Patterns of files that root obeys, and how. Raises `UsageError` for content that does not fit."""
    return [(path, one.how) for one in content("obeyed", _ObeyedFiles).files for path in one.paths]


@cache
def _root_only() -> Mapping[str | None, Sequence[str]]:
    """Programs that obey root alone, each with groups that it obeys too."""
    lines = content("root-only", _RootOnlyPrograms).programs
    return {program: line.but_for for line in lines for program in line.programs}
