"""What is trusted on a host, by whom, and where that stands: the fixed places, and what files there name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from posixpath import basename

from secops.hosts.trusted import roles
from secops.hosts.trusted.commands import Run, runs
from secops.hosts.trusted.idle import Idle
from secops.hosts.trusted.places import PLACES, Place
from secops.hosts.trusted.roles import Role
from secops.hosts.trusted.spread import Spread
from secops.hosts.trusted.stream import Line, Seen
from secops.hosts.units import KINDS, kind_of

ROOT = "root"

#: What stands before the program that runs a script.
INTERPRETER = "#!"

#: What a variable's value is, by its name; else what files there name.
VARIABLES = {
    "PATH=": roles.PATH_DIRECTORY, "LD_PRELOAD=": roles.LIBRARY, "LD_LIBRARY_PATH=": roles.LIBRARY_DIRECTORY,
    "PYTHONPATH=": roles.LIBRARY_DIRECTORY, "PERL5LIB=": roles.LIBRARY_DIRECTORY,
}  # fmt: skip

#: What is done with a directory, by the program that takes names of files in it for options.
_TRICKED = {
    **dict.fromkeys(("tar", "rsync", "zip"), roles.OPTION_NAMES),
    **dict.fromkeys(("7z", "7za", "7zr"), roles.LIST_NAMES),
    **dict.fromkeys(("chown", "chgrp", "chmod"), roles.OWNER_NAMES),
}  # fmt: skip

#: Arguments of pam_env.
_PAM_ENVIRONMENT = frozenset({"envfile=", "conffile="})

_PYTHON = re.compile("(/.+)/bin/python[0-9.]*")

#: Roles of what is run, and so may be a script; a script of sshd's is asked by sshd, what it runs is not.
_RUN = frozenset({
    roles.CRON_JOB, roles.UNIT_PROGRAM, roles.BOOT_PROGRAM, roles.LOGIN_PROGRAM, roles.PAM_MODULE, roles.SUDO_TARGET,
    roles.UDEV_PROGRAM, roles.LOGROTATE_PROGRAM, roles.PACKAGE_HOOK, roles.FORCED_COMMAND, roles.KEYS_COMMAND,
    roles.HOOK_PROGRAM, roles.SSH_CLIENT,
})  # fmt: skip
_OF_SCRIPTS = {roles.KEYS_COMMAND: roles.SSHD}


@dataclass(frozen=True)
class Trusted:
    """A path that is trusted. `user` is the account whose power who may change it gets, None where that is not known;
    `source` None: by our list. Not `certain`: it is there, and maybe nothing runs or reads it. `read` and `optional` as
    in `commands.Run`.
    """

    path: str
    role: Role
    user: str | None = ROOT
    source: str | None = None
    line: int | None = None
    certain: bool = True
    read: bool = field(default=False, compare=False)
    optional: bool = field(default=False, compare=False)

    @classmethod
    def of(cls, run: Run, role: Role, source: str, line: int) -> Trusted:
        """What a line of a file runs."""
        role = roles.SSHD if run.printed else _TRICKED.get(run.tricked, role)
        certain = run.printed in ("", "cat")  # what others print hangs on what they are asked for
        return cls(run.path, role, run.user, source, line, certain, run.read, run.optional)


def fixed(seen: Seen, homes: Mapping[str, Sequence[str]], idle: Idle) -> Iterator[Trusted]:
    """The places that are there. `homes` are accounts by the home that they share. Units are left to `units`."""
    for number, path in seen.places:
        place = PLACES[number]
        if place.grammar != "unit" or kind_of(path) not in (*KINDS, "conf"):
            users = _users(place, path, homes)
            certain = idle.is_run(place, path, users)
            yield from (Trusted(path, place.role, user, certain=certain) for user in users)


def named(seen: Seen, homes: Mapping[str, Sequence[str]], logins: Sequence[str], idle: Idle) -> Iterator[Trusted]:
    """What files name, but for units and sudo's policy. `logins` are whom sshd lets in: root, when it may."""
    for number, path in seen.places:
        place = PLACES[number]
        if place.names and place.grammar != "unit" and path in seen.lines:
            lines = seen.lines[path]
            if place.grammar == "sshd":
                yield from _of_sshd(path, lines, logins)
            elif place.grammar == "xinetd":
                yield from _of_xinetd(path, lines)
            else:
                users = _users(place, path, homes)
                certain = idle.is_run(place, path, users)
                for user in users:
                    found = _of_lines(place, path, lines, user)
                    yield from found if certain else (replace(one, certain=False) for one in found)


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


def _of_lines(place: Place, path: str, lines: Iterable[Line], user: str) -> Iterator[Trusted]:
    role = place.names
    assert role  # noqa: S101 - asked before
    running: str | None = user  # of a file of logrotate: as whom its scripts run
    for line in _told(lines, read=place.role is roles.LOGIN_SCRIPT):
        head, rest = line.tokens[0] if line.tokens else "", line.tokens[1:]
        if head == "su=":
            running = _user(rest, user)
        elif place.grammar == "pam":
            yield from _of_pam(path, line, user)
        elif place.grammar in ("words", "rules"):
            found = (word for word in line.tokens if word.startswith("/"))
            yield from (Trusted(word, role, user, path, line.number) for word in found)
        elif place.grammar in ("cron", "tab", "anacron", "inetd") and not _is_variable(head):
            yield from _of_shell(line, rest, path, role, _user(line.tokens[:1], None))
        else:
            yield from _of_shell(line, line.tokens, path, role, user if _is_variable(head) else running)


def _of_pam(path: str, line: Line, user: str) -> Iterator[Trusted]:
    """A rule's module, and the files that it reads: what a list decides hangs on the rules around it."""
    for before, word in pairwise(["", *line.tokens]):
        if word.startswith("/"):
            role = roles.PAM_SETTING if before.endswith("=") else roles.PAM_MODULE
            certain = role is roles.PAM_MODULE or before in _PAM_ENVIRONMENT
            yield Trusted(word, role, user, path, line.number, certain)


def _told(lines: Iterable[Line], *, read: bool) -> Iterator[Line]:
    """The lines of a script that count: the first does not say what runs one that is only read."""
    for line in lines:
        if line.tokens[:1] != [INTERPRETER]:
            yield line
        elif not read:
            yield Line(line.number, line.tokens[1:])


def _is_variable(head: str) -> bool:
    return head.endswith("=") and head != "="


def _of_shell(line: Line, tokens: Sequence[str], path: str, role: Role, user: str | None) -> Iterator[Trusted]:
    """What a line of shell runs or reads, or the value of a variable there."""
    head = tokens[0] if tokens else ""
    if _is_variable(head):
        kind = VARIABLES.get(head, role)
        yield from (Trusted(word, kind, user, path, line.number) for word in tokens[1:] if word.startswith("/"))
        return
    answers = role in (roles.KEYS_COMMAND, roles.SSHD)
    for run in runs(tokens, user, answers=answers):
        yield Trusted.of(run, role, path, line.number)


def _of_sshd(path: str, lines: Iterable[Line], logins: Sequence[str]) -> Iterator[Trusted]:
    """What sshd reads, and what it runs at logins: of those that the lines stand behind `Match` for."""
    users: Sequence[str | None] = logins
    for line in lines:
        head, rest = line.tokens[0] if line.tokens else "", line.tokens[1:]
        if head == "match=":
            users = logins if rest == ["*"] else [_user([token], None) for token in rest]
        elif head == "forcecommand=":
            for user in users:
                yield from _of_shell(line, rest, path, roles.FORCED_COMMAND, user)
        elif head.endswith("="):
            yield from _of_shell(line, rest, path, roles.KEYS_COMMAND, ROOT)
        else:
            found = (word for word in line.tokens if word.startswith("/"))
            yield from (Trusted(word, roles.SSHD, ROOT, path, line.number) for word in found)


def _of_xinetd(path: str, lines: Iterable[Line]) -> Iterator[Trusted]:
    """The servers of services that are not disabled."""
    servers, user, disabled = list[tuple[str, int]](), list[str](), False
    for line in lines:
        match line.tokens:
            case ["begin="]:
                servers, user, disabled = [], [], False
            case ["server=", server]:
                servers.append((server, line.number))
            case ["user=", *user]:
                pass
            case ["disable=", *switch]:
                disabled = bool(switch)
            case ["end="] if not disabled:
                yield from (
                    Trusted(server, roles.BOOT_PROGRAM, _user(user, ROOT), path, number)
                    for server, number in servers
                    if server.startswith("/")
                )


def scripts(seen: Seen, trusted: Iterable[Trusted]) -> Iterator[Trusted]:
    """All that is trusted, and what the scripts among it run or read in their turn, each as who runs the script; what a
    directory of programs holds, and what a Python of its own loads.
    """
    spread = Spread(seen.tree, seen.listed)
    for each in _scripts(seen, trusted):
        yield each
        if each.role in _RUN:
            yield from _in_directory(spread, each)
            yield from _environment(spread, each)


def _in_directory(spread: Spread, each: Trusted) -> Iterator[Trusted]:
    """What a line runs by a wildcard in a directory, as far as it was looked at."""
    if each.path.endswith("/") and each.role is not roles.SUDO_TARGET:
        for pattern in spread.ends.get(each.path, ()):
            found = (path for path in spread.of_wildcard(pattern) if not path.endswith("/"))
            certain = (
                each.certain and each.role is not roles.UNIT_PROGRAM
            )  # which stands for the instance is known there
            yield from (replace(each, path=path, certain=certain) for path in found)


def _environment(spread: Spread, each: Trusted) -> Iterator[Trusted]:
    """The setting and the modules of a Python that has its own."""
    found = _PYTHON.fullmatch(each.path)
    setting = f"{found[1]}/pyvenv.cfg" if found else ""
    pattern = f"{found[1]}/lib*/python3*/site-packages" if found else ""
    if setting in spread.tree.entries and pattern in spread.listed:
        yield replace(each, path=setting)
        yield from (replace(each, path=path) for path in spread.of_wildcard(pattern) if not path.endswith("/"))


def _scripts(seen: Seen, trusted: Iterable[Trusted]) -> Iterator[Trusted]:
    told = set[tuple[str, str | None, bool, bool]]()
    for each in trusted:
        yield each
        todo = [each] if each.role in _RUN else []
        while todo:
            script = todo.pop()
            how = script.path, script.user, script.read, script.certain
            if script.path in seen.scripts and how not in told:
                told.add(how)
                role = _OF_SCRIPTS.get(script.role, script.role)
                for line in _told(seen.lines.get(script.path, ()), read=script.read):
                    found = [
                        replace(one, certain=one.certain and script.certain)
                        for one in _of_shell(line, line.tokens, script.path, role, script.user)
                    ]
                    yield from found
                    todo += (one for one in found if one.role is role)


def _user(tokens: Sequence[str], default: str | None) -> str | None:
    """The account that a token names; None when it is none of the host's own."""
    if not tokens:
        return default
    return tokens[0][1:] if tokens[0].startswith("~") else None
