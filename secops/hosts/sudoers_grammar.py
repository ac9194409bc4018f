"""The grammar of sudoers: one entry's tokens → aliases, Defaults settings, rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from secops.hosts.sudoers_tokens import SudoersError, Token

_INHERITED_TOGETHER = ("ROLE", "TYPE")
_TIMEOUT = re.compile(r"(?=[0-9])(?:[0-9]{1,9}d)?(?:[0-9]{1,9}h)?(?:[0-9]{1,9}m)?(?:[0-9]{1,9}s?)?", re.IGNORECASE)
_TIME = re.compile(r"[0-9]{10}(?:[0-9]{2}){0,2}(?:[.,][0-9])?(?:Z|[+-][0-9]{2}(?:[0-9]{2})?)?")
_UID = re.compile(r"#-?[0-9]+")


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of a list. Kinds: user uid group gid nonunix netgroup host network all alias; for commands see there.

    `text` is as written, without quoting: alice, #1000, %wheel, +admins, ALL.
    """

    kind: str
    text: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Command(Member):
    """A command: kind path, directory, regex, edit (sudoedit), list, all, alias.

    `arguments` None = any, "" = none.
    """

    arguments: str | None = None
    digests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """One command of a rule, with what the commands before it in the list hand down.

    `runas_users` None = the default (root), () = the invoking user alone; `runas_groups` None = no group to choose.
    """

    command: Command
    runas_users: tuple[Member, ...] | None
    runas_groups: tuple[Member, ...] | None
    tags: Mapping[str, bool]  # PASSWD, EXEC, SETENV …: True, or False for the NO form; absent when not given
    options: Mapping[str, str]  # CWD, ROLE, NOTAFTER …


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may run what on which hosts: one host section of a user specification."""

    users: tuple[Member, ...]
    hosts: tuple[Member, ...]
    grants: tuple[Grant, ...]
    source: str
    line: int


@dataclass(frozen=True, slots=True)
class Setting:
    """One option of a Defaults entry. `operator` is empty for booleans, else `=`, `+=` or `-=`."""

    scope: str  # global, user, host, runas or command
    members: tuple[Member, ...]
    name: str
    negated: bool
    operator: str
    value: str | None
    source: str
    line: int


@dataclass(frozen=True, slots=True)
class Alias:
    kind: str
    name: str
    members: tuple[Member, ...]


AnyMember = TypeVar("AnyMember", bound=Member)


class Parser:
    """Recursive descent over the tokens of one entry. Every method raises `SudoersError`.

    `faults` are those of parts that sudo leaves out of an entry that it else takes.
    """

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.faults: list[str] = []

    def peek(self) -> str:
        return self.tokens[self.at].kind if self.at < len(self.tokens) else ""

    def take(self, *kinds: str) -> Token:
        if self.peek() not in kinds:
            if not self.peek():
                raise SudoersError("unexpected end of the entry")
            found = self.tokens[self.at]
            raise SudoersError(found.text if found.kind == "error" else f"unexpected {found.text or found.kind}")
        self.at += 1
        return self.tokens[self.at - 1]

    def skip(self, kind: str) -> bool:
        found = self.peek() == kind
        self.at += found
        return found

    def separated(self, separator: str, item: Callable[[], AnyMember]) -> tuple[AnyMember, ...]:
        items = [item()]
        while self.skip(separator):
            items.append(item())
        return tuple(items)

    def end(self) -> None:
        if self.peek():
            self.take("")

    def aliases(self, kind: str) -> Iterator[Alias]:
        item = {"Host_Alias": self.host, "Cmnd_Alias": self.command}.get(kind, self.user)
        more = True
        while more:
            name = self.take("alias").text
            self.take("=")
            members: tuple[Member, ...] = self.separated(",", item)
            yield Alias(kind, name, members)
            more = self.skip(":")
        self.end()

    def settings(self, scope: str, source: str, line: int) -> list[Setting]:
        items = {"user": self.user, "runas": self.user, "host": self.host, "command": self.command}
        members: tuple[Member, ...] = self.separated(",", items[scope]) if scope in items else ()
        self.take("settings")
        found = [self.setting(scope, members, source, line)]
        while self.skip(","):
            found.append(self.setting(scope, members, source, line))
        self.end()
        return found

    def setting(self, scope: str, members: tuple[Member, ...], source: str, line: int) -> Setting:
        negated, name = self.skip("!"), self.take("name").text
        operator = value = None
        if not negated and self.peek() == "operator":
            operator, value = self.take("operator").text, self.take("value").text
        return Setting(scope, members, name, negated, operator or "", value, source, line)

    def rules(self, source: str, line: int) -> list[Rule]:
        """sudo leaves out a later section that is broken, where it finds its end at once."""
        users = self.separated(",", self.user)
        found = [Rule(users, *self.section(), source, line)]
        while self.skip(":"):
            try:
                found.append(Rule(users, *self.section(), source, line))
            except SudoersError as error:
                if self.peek() not in ("", ":"):
                    raise
                self.faults.append(str(error))
        self.end()
        return found

    def section(self) -> tuple[tuple[Member, ...], tuple[Grant, ...]]:
        hosts = self.separated(",", self.host)
        self.take("=")
        grants = [self.grant(None)]
        while self.skip(","):
            grants.append(self.grant(grants[-1]))
        return hosts, tuple(grants)

    def grant(self, before: Grant | None) -> Grant:
        users, groups = self.runas()
        options, tags = self.options(), self.tags()
        if before:
            if users is None and groups is None:
                users, groups = before.runas_users, before.runas_groups
            if options.keys() & _INHERITED_TOGETHER:
                options = dict.fromkeys(_INHERITED_TOGETHER, "") | options  # neither is handed down
            options = {**before.options, **options}
            tags = {**before.tags, **tags}
        options = {name: value for name, value in options.items() if value}
        return Grant(self.command(), users, groups, tags, options)

    def runas(self) -> tuple[tuple[Member, ...] | None, tuple[Member, ...] | None]:
        if not self.skip("("):
            return None, None
        users: tuple[Member, ...] = ()
        groups: tuple[Member, ...] | None = None
        if self.peek() not in (":", ")"):
            users = self.separated(",", self.user)
        if self.skip(":") and (users or self.peek() != ")"):
            groups = self.separated(",", self.runas_group)
        self.take(")")
        return users, groups

    def options(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while self.peek() == "option":
            name = self.take("option").text
            self.take("=")
            value = self.take("word").text
            if not _option_is_valid(name, value):
                raise SudoersError(f"not a value of {name}")
            found[name] = value
        return found

    def tags(self) -> dict[str, bool]:
        found: dict[str, bool] = {}
        while self.peek() == "tag":
            tag = self.take("tag").text
            found[tag.removeprefix("NO")] = not tag.startswith("NO")
        return found

    def user(self) -> Member:
        return self.member("alias", "ALL", "netgroup", "group", "word")

    def host(self) -> Member:
        member = self.member("alias", "ALL", "netgroup", "network", "word")
        return replace(member, kind="host") if member.kind in ("user", "uid") else member

    def runas_group(self) -> Member:
        return self.member("alias", "ALL", "word")

    def member(self, *kinds: str) -> Member:
        negated, token = self.skip("!"), self.take(*kinds)
        kind = {"ALL": "all", "word": "uid" if _UID.fullmatch(token.text) else "user"}.get(token.kind, token.kind)
        if kind == "group":
            kind = {":": "nonunix", "#": "gid"}.get(token.text[1:2], "group")
        return Member(kind, token.text, negated)

    def command(self) -> Command:
        digests: list[str] = []
        while self.peek() == "digest":
            digests.append(self.take("digest").text)
            if not self.skip(","):
                break
            if self.peek() not in ("digest", "no digest"):
                self.take("digest")
        if self.peek() == "no digest":
            raise SudoersError(f"not a {self.take('no digest').text} digest")
        negated = self.skip("!")
        if self.peek() == "lost":
            raise SudoersError(f"sudo loses {self.take('lost').text}, as a Windows line end stands behind it")
        token = self.take("ALL", "command") if digests else self.take("ALL", "alias", "command", "word")
        if token.kind == "word" and token.text != "list":
            raise SudoersError(f"{token.text} is not an absolute path")
        arguments = "" if token.arguments == '""' else token.arguments
        return Command(_command_kind(token), token.text, negated, arguments, tuple(digests))


def _command_kind(token: Token) -> str:
    if token.kind != "command":
        return {"ALL": "all", "word": "list"}.get(token.kind, token.kind)
    if token.text == "sudoedit":
        return "edit"
    if token.text.startswith("^"):
        return "regex"
    return "directory" if token.text.endswith("/") else "path"


def _option_is_valid(name: str, value: str) -> bool:
    if name in ("CWD", "CHROOT"):
        return value == "*" or value.startswith(("/", "~"))
    if name == "TIMEOUT":
        return _TIMEOUT.fullmatch(value) is not None
    return not name.startswith("NOT") or _TIME.fullmatch(value) is not None
