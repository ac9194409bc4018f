"""What sudo lets an account do: a policy asked as sudo asks it. Of what matches, the last entry decides.

Answers are True, False or None: it hangs on what is not known here (a netgroup, a group of a plugin, a network, a
digest). None is never taken for a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from posixpath import dirname

from secops.hosts.sudoers import Answer, Command, Grant, Member, Policy, Rule, Setting, decides, is_host
from secops.privilege.accounts import Account
from secops.privilege.patterns import is_wild, matches_arguments, matches_path, matches_regex

_ALIAS = {"user": "User_Alias", "host": "Host_Alias", "runas": "Runas_Alias", "command": "Cmnd_Alias"}

_LONGEST_ID = 20  # digits, with zeros before it

#: Where a merged /usr leads: the same file by both names.
_MERGED = ("/bin/", "/sbin/", "/lib/", "/lib64/")


@dataclass(frozen=True)
class Request:
    """What is asked: to run a command (absolute path, or sudoedit) with arguments as `target`, without -g.

    `pattern` asks for whatever an entry allows whose arguments are written so; `arguments` are then an example.
    """

    target: Account
    command: str
    arguments: Sequence[str] = ()
    pattern: str | None = None

    @property
    def joined(self) -> str:
        return " ".join(self.arguments)


@dataclass(frozen=True)
class Right:
    """One command of a rule that is for an account on this host; `certain` unless that hangs on what is not known."""

    rule: Rule
    grant: Grant
    command: Command
    certain: bool


@dataclass(frozen=True)
class Decision:
    """What sudo answers. `right` is the entry that decides, None when none does or when it cannot be told which."""

    allowed: Answer
    right: Right | None = None
    asks: str = ""  # whose password: "", own, target, root or runas_default


class Sudo:
    """A policy on one host. `host` is its name; with `whole` it is all of it, and there is no domain behind it.

    Whatever is asked raises `TooLargeError` when all answers together take too many steps.
    """

    def __init__(self, policy: Policy, host: str | None, *, whole: bool = False) -> None:
        here = partial(is_host, host=host, whole=whole)
        self._policy, self._is_host = policy, here
        self._users = {id(rule): tuple(policy.expand(rule.users, _ALIAS["user"])) for rule in policy.rules}
        self._here = {id(rule): decides(list(policy.expand(rule.hosts, _ALIAS["host"])), here) for rule in policy.rules}
        self._scopes = {id(setting): tuple(policy.expand_scope(setting)) for setting in policy.settings}

    @property
    def named(self) -> Iterator[Member]:
        """Whom the rules are for, as written."""
        for users in self._users.values():
            yield from users

    def rights(self, account: Account) -> Iterator[Right]:
        """The entries for the account on this host, the deciding first: in sudo's order from the end."""
        for rule in reversed(self._policy.rules):
            self._policy.spend()
            here = self._here[id(rule)]
            users = (
                decides(self._users[id(rule)], lambda member: is_user(member, account)) if here is not False else here
            )
            if users is False or here is False:
                continue
            for grant in reversed(rule.grants):
                for command in reversed(list(self._policy.expand([grant.command], _ALIAS["command"]))):
                    yield Right(rule, grant, command, bool(users and here))

    def decide(self, account: Account, request: Request) -> Decision:
        """What sudo answers to the request."""
        doubt: set[Answer] = set()
        for right in self.rights(account):
            matched = self.concerns(right, account, request)
            if matched is False:
                continue
            answer = not right.command.negated
            if matched and right.certain:
                if doubt - {answer}:
                    return Decision(None)
                return Decision(answer, right, self._asks(account, request, right) if answer else "")
            doubt.add(answer)
        return Decision(None if True in doubt else False)

    def concerns(self, right: Right, account: Account, request: Request) -> Answer:
        """Whether an entry for the account is also for the target and the command."""
        return both(self.runs_as(right, account, request), is_command(right.command, request))

    def runs_as(self, right: Right, account: Account, request: Request) -> Answer:
        """Whether an entry is for the target user."""
        users, groups = right.grant.runas_users, right.grant.runas_groups
        if users is None and groups is None:
            return request.target.name == self.text("runas_default", account, "root")
        if not users:  # `()` is for oneself, `(:group)` for oneself with -g alone
            return groups is None and request.target.name == account.name
        members = list(self._policy.expand(users, _ALIAS["runas"]))
        return decides(members, lambda member: is_user(member, request.target))

    def flag(self, name: str, account: Account, request: Request, *, otherwise: bool = False) -> bool:
        """A boolean option of Defaults in force: command scopes before runas, and these before the others."""
        for scope in ("command", "runas", "user"):
            if setting := self._setting(name, scope, account, request):
                return not setting.negated
        return otherwise

    def text(self, name: str, account: Account, otherwise: str) -> str:
        setting = self._setting(name, "user", account, None)
        return setting.value if setting and setting.value else otherwise

    def noexec(self, account: Account, request: Request, right: Right) -> bool:
        """Whether the command may not start others."""
        given = right.grant.tags.get("EXEC")
        return not given if given is not None else self.flag("noexec", account, request)

    def _asks(self, account: Account, request: Request, right: Right) -> str:
        """Whose password is asked for."""
        given = right.grant.tags.get("PASSWD")
        asked = given if given is not None else self.flag("authenticate", account, request, otherwise=True)
        same = account.name == request.target.name or account.uid == 0
        if not asked or same or self.text("exempt_group", account, "") in account.groups:
            return ""
        for option, whose in (("rootpw", "root"), ("targetpw", "target"), ("runaspw", "runas_default")):
            if self.flag(option, account, request):
                return whose
        return "own"

    def _setting(self, name: str, scope: str, account: Account, request: Request | None) -> Setting | None:
        """The last setting of a round that is for the account or the request; what is not known does not match."""
        matches: dict[str, Callable[[Member], Answer]] = {
            "user": lambda member: is_user(member, account),
            "host": self._is_host,
            "global": lambda _: True,
        }
        if request:
            matches |= {
                "runas": lambda member: is_user(member, request.target),
                "command": lambda member: isinstance(member, Command) and is_command(member, request),
            }
        round_ = (scope,) if scope in ("runas", "command") else ("user", "host", "global")
        for setting in reversed(self._policy.settings):
            if setting.name != name or setting.scope not in round_:
                continue
            if setting.scope == "global" or decides(self._scopes[id(setting)], matches[setting.scope]):
                return setting
        return None


def both(one: Answer, other: Answer) -> Answer:
    """AND of three values."""
    if one is False or other is False:
        return False
    return True if one and other else None


def any_of(answers: Iterable[Answer]) -> Answer:
    """OR of three values."""
    seen = set(answers)
    return True if True in seen else None if None in seen else False


def is_user(member: Member, account: Account) -> Answer:
    """Whether an entry of a list of users or of targets stands for the account."""
    match member.kind:
        case "all":
            return True
        case "user":
            return member.text == account.name
        case "uid":
            return None if account.uid is None else _is_id(member.text[1:], {account.uid})
        case "group":
            return member.text[1:] in account.groups
        case "gid":
            return _is_id(member.text[2:], account.gids)
    return None  # a netgroup, a group of a plugin


def _is_id(text: str, ids: Collection[int]) -> bool:
    """Whether a number as written is one of the ids; what is none, or too long to be one, is not."""
    return text.isascii() and text.isdecimal() and len(text) <= _LONGEST_ID and int(text) in ids


def is_command(command: Command, request: Request) -> Answer:
    """Whether an entry stands for the command asked. One with a digest does only while the file has it."""
    found = _is_command(command, request)
    return None if found and command.digests else found


def _is_command(command: Command, request: Request) -> Answer:
    is_edit = request.command == "sudoedit"
    if command.kind == "all":
        return True
    if command.kind in ("list", "alias"):
        return False
    if is_edit or command.kind == "edit":
        return is_edit and command.kind == "edit" and _has_arguments(command, request, edit=True)
    if command.kind == "directory":
        return command.text in [dirname(name) + "/" for name in both_names(request.command)]
    if command.kind == "regex":
        named = matches_regex(command.text, request.command)
    elif is_wild(command.text):
        named = any_of(matches_path(command.text, name) for name in both_names(request.command))
    else:
        named = command.text in both_names(request.command)
    return both(named, _has_arguments(command, request)) if named is not False else False


def _has_arguments(command: Command, request: Request, *, edit: bool = False) -> Answer:
    if command.arguments is None or command.arguments == request.pattern:
        return True
    if command.arguments == "":
        return not request.arguments
    return matches_arguments(command.arguments, request.joined, edit=edit)


def both_names(path: str) -> list[str]:
    """A path, and where /usr is merged its other name: sudo compares files, and both lead to the same."""
    for short in _MERGED:
        if path.startswith(short):
            return [path, f"/usr{path}"]
        if path.startswith(f"/usr{short}"):
            return [path, path.removeprefix("/usr")]
    return [path]
