"""What is trusted on a host, by whom, and where that stands: the fixed places, and what files there name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename

from secops.hosts.trusted import roles
from secops.hosts.trusted.commands import runs
from secops.hosts.trusted.places import PLACES, Place
from secops.hosts.trusted.roles import Role
from secops.hosts.trusted.stream import Line, Seen
from secops.hosts.units import KINDS, kind_of

ROOT = "root"

#: What a variable's value is, by its name; else what files there name.
_VARIABLES = {
    "PATH=": roles.PATH_DIRECTORY, "LD_PRELOAD=": roles.LIBRARY, "LD_LIBRARY_PATH=": roles.LIBRARY_DIRECTORY,
    "PYTHONPATH=": roles.LIBRARY_DIRECTORY, "PERL5LIB=": roles.LIBRARY_DIRECTORY,
}  # fmt: skip


@dataclass(frozen=True)
class Trusted:
    """A path that is trusted. `user` is the account whose power who may change it gets, None where that is not known;
    `source` None: by our list.
    """

    path: str
    role: Role
    user: str | None = ROOT
    source: str | None = None
    line: int | None = None


def fixed(seen: Seen, homes: Mapping[str, Sequence[str]]) -> Iterator[Trusted]:
    """The places that are there. `homes` are accounts by the home that they share. Units are left to `units`."""
    for number, path in seen.places:
        place = PLACES[number]
        if place.grammar != "unit" or kind_of(path) not in (*KINDS, "conf"):
            for user in _users(place, path, homes):
                yield Trusted(path, place.role, user)


def named(seen: Seen, homes: Mapping[str, Sequence[str]]) -> Iterator[Trusted]:
    """What files name, but for units and sudo's policy."""
    for number, path in seen.places:
        place = PLACES[number]
        if place.names and place.grammar != "unit" and path in seen.lines:
            for user in _users(place, path, homes):
                yield from _of_file(place, path, seen.lines[path], user)


def _users(place: Place, path: str, homes: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """Whose a place is: by its name of a crontab and of keys outside homes, a home's, else root's."""
    in_home = place.patterns[0].startswith("~/")
    keys = place.role is roles.AUTHORIZED_KEYS and not in_home and path not in place.patterns
    if keys or place.role is roles.CRON_SPOOL:
        return [basename(path)]
    if not in_home:
        return [ROOT]
    found = (re.fullmatch(_inside(pattern), path) for pattern in place.patterns)
    return next((homes[match[1]] for match in found if match and match[1] in homes), ())


def _inside(pattern: str) -> str:
    """A pattern of homes as a regular expression: its first group is the home."""
    inner = "/" + pattern[2:] if pattern != "~/" else ""
    return "(.*)" + "[^/]*".join(re.escape(part) for part in inner.split("*"))


def _of_file(place: Place, path: str, lines: Iterable[Line], user: str) -> Iterator[Trusted]:
    role = place.names
    assert role  # noqa: S101 - asked before
    running: str | None = user  # of a file of logrotate: as whom its scripts run
    for line in lines:
        head, rest = line.tokens[0] if line.tokens else "", line.tokens[1:]
        if head == "su=":
            running = _user(rest, user)
        elif head.endswith("=") and head != "=":
            kind = _VARIABLES.get(head, role)
            yield from (Trusted(word, kind, user, path, line.number) for word in rest if word.startswith("/"))
        elif place.grammar in ("words", "rules", "sshd"):
            found = (word for word in line.tokens if word.startswith("/"))
            yield from (Trusted(word, role, user, path, line.number) for word in found)
        else:
            by_line = place.grammar in ("cron", "tab", "anacron")
            owner = _user(line.tokens[:1], None) if by_line else running
            for run in runs(rest if by_line else line.tokens, owner):
                yield Trusted(run.path, role, run.user, path, line.number)


def _user(tokens: Sequence[str], default: str | None) -> str | None:
    """The account that a token names; None when it is none of the host's own."""
    if not tokens:
        return default
    return tokens[0][1:] if tokens[0].startswith("~") else None
