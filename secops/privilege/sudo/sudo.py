"""What sudo lets an account do: a policy asked as sudo asks it. Of what matches, the last entry decides.

Answers are True, False or None: it hangs on what is not known here (a netgroup, a group of a plugin, a network, a
digest). None is never taken for a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from secops.hosts.sudoers import Answer, Command, Grant, Member, Policy, Rule, is_host
from secops.hosts.sudoers_answer import ALLOW, DENY, SILENT, allows, outcome
from secops.privilege.accounts import Account
from secops.privilege.sudo.commands import Request, command_key, command_keys, is_command
from secops.privilege.sudo.defaults import Defaults
from secops.privilege.sudo.lists import Lists
from secops.privilege.sudo.names import Names
from secops.privilege.sudo.targets import Targets
from secops.privilege.sudo.times import in_force

#: Answers kept, of requests and accounts.
_MOST = 10_000

#: Whose password is asked for, by the option that says so: of several the first.
_ASKED = (("rootpw", "root"), ("runaspw", "runas_default"), ("targetpw", "target"))


@dataclass(frozen=True)
class Right:
    """One command of a rule that is for an account on this host; `certain` unless that hangs on what is not known.

    `position` is the place of its entry among all commands of rules.
    """

    position: int
    rule: Rule = field(compare=False)
    grant: Grant = field(compare=False)
    command: Command
    certain: bool = field(compare=False)


@dataclass(frozen=True)
class Decision:
    """What sudo answers, and the entries that may decide it, the last first: one where that is known."""

    allowed: Answer
    by: tuple[Right, ...] = ()


@dataclass(frozen=True)
class _Entry:
    """One command of a rule as written, with the numbers of its lists. `said` is what its time comes to."""

    rule: Rule
    grant: Grant
    users: int
    hosts: int
    targets: int
    commands: int
    said: int


@dataclass(frozen=True)
class _Reached:
    """What lists come to for a subject, by number, and how many entries have one of them."""

    said: dict[int, int]
    count: int


class _Postings:
    """Entries by the number of one of their lists."""

    def __init__(self) -> None:
        self._lists: dict[int, list[int]] = {}

    def add(self, number: int, position: int) -> None:
        self._lists.setdefault(number, []).append(position)

    def reached(self, said: dict[int, int]) -> _Reached:
        return _Reached(said, sum(len(self._lists.get(number, ())) for number in said))

    def latest(self, numbers: Iterable[int]) -> list[int]:
        """The entries with these lists, the last first."""
        return sorted((place for number in numbers for place in self._lists.get(number, ())), reverse=True)


class Sudo:
    """A policy on one host. `version` is that of sudo there, None when not known; `now` the time, with a zone.

    Whatever is asked raises `TooLargeError` when all answers together take too many steps.
    """

    def __init__(
        self,
        policy: Policy,
        names: Names,
        *,
        version: tuple[int, ...] | None = None,
        now: datetime | None = None,
    ) -> None:
        self._policy, self._names = policy, names
        self._users = Lists(policy, "User_Alias", names.key)
        self._hosts = Lists(policy, "Host_Alias", lambda _: None)
        self._commands = Lists(policy, "Cmnd_Alias", command_key)
        self._targets = Targets(policy, names, version)
        self.defaults = Defaults(policy, names)
        self._entries: list[_Entry] = []
        self._by_users, self._by_targets, self._by_commands = _Postings(), _Postings(), _Postings()
        self._kept: dict[Hashable, _Reached] = {}
        self._expanded: dict[int, Sequence[Command]] = {}
        for rule in policy.rules:
            self._add(rule, now)

    def _add(self, rule: Rule, now: datetime | None) -> None:
        users, hosts = self._users.number(rule.users), self._hosts.number(rule.hosts)
        for position, grant in enumerate(rule.grants, start=len(self._entries)):
            said = outcome(in_force(grant.options, now), negated=False)
            targets = self._targets.number(grant.runas_users, grant.runas_groups)
            commands = self._commands.number((grant.command,))
            self._entries.append(_Entry(rule, grant, users, hosts, targets, commands, said))
            if said & ALLOW:
                self._by_users.add(users, position)
                self._by_targets.add(targets, position)
                self._by_commands.add(commands, position)

    @property
    def named(self) -> Iterator[Member]:
        """Whom the rules are for, as written."""
        for rule in self._policy.rules:
            yield from self._policy.expand(rule.users, "User_Alias")

    def rights(self, account: Account) -> Iterator[Right]:
        """The entries for the account on this host, the deciding first: in sudo's order from the end.

        Of entries with the same targets and commands the last decides whatever is asked: where that is certain, those
        before it are left out.
        """
        users, told = self._users_of(account), set()
        for position in self._by_users.latest(users.said):
            self._policy.spend()
            entry = self._entries[position]
            is_for = self._is_for(entry, account, users)
            same = entry.targets, entry.commands
            if same in told or not is_for & ALLOW:
                continue
            certain = is_for == ALLOW
            if certain:
                told.add(same)
            for command in self._commands_in(entry):
                yield Right(position, entry.rule, entry.grant, command, certain)

    def decide(self, account: Account, request: Request) -> Decision:
        """What sudo answers to the request."""
        by: list[Right] = []
        said = SILENT
        for position, one in self._matching(account, request):
            if one == SILENT:
                continue
            by += self._members(position, request, certain=not one & SILENT)
            said = (said & ~SILENT) | one
            if not one & SILENT:
                break
        found = said & ~SILENT | (DENY if said & SILENT else 0)
        return Decision(allows(found), tuple(by))

    def _matching(self, account: Account, request: Request) -> Iterator[tuple[int, int]]:
        """Entries that may be for the account and the target, the last first, and what each says to the command."""
        users, commands = self._users_of(account), self._commands_of(request)
        targets = self._targets_of(account, request)
        ways = ((self._by_users, users), (self._by_commands, commands), (self._by_targets, targets))
        postings, fewest = min(ways, key=lambda way: way[1].count)
        for position in postings.latest(fewest.said):
            self._policy.spend()
            entry = self._entries[position]
            is_for = _all(self._is_for(entry, account, users), targets.said.get(entry.targets, SILENT))
            if is_for & ALLOW:
                yield position, commands.said.get(entry.commands, SILENT) | (is_for & SILENT)

    def _is_for(self, entry: _Entry, account: Account, users: _Reached) -> int:
        """Whether an entry is for the account, here and now."""
        here = self._here(account).get(entry.hosts, SILENT)
        return _all(users.said.get(entry.users, SILENT), here, entry.said)

    def _here(self, account: Account) -> dict[int, int]:
        host = self._names.host
        user = account.name if host.by_user else None
        return self._once(
            ("here", user),
            lambda: _Reached(self._hosts.outcomes((), lambda member: is_host(member, host, user)), 0),
        ).said

    def _members(self, position: int, request: Request, *, certain: bool) -> Iterator[Right]:
        """The commands of an entry that may decide."""
        entry = self._entries[position]
        for command in self._commands_in(entry):
            self._policy.spend()
            match = is_command(command, request)
            if match is not False:
                yield Right(position, entry.rule, entry.grant, command, certain and bool(match))
            if match:
                return

    def _commands_in(self, entry: _Entry) -> Sequence[Command]:
        """The commands of an entry, the last first."""
        found = self._expanded.get(entry.commands)
        if found is None:
            found = [*self._policy.expand([entry.grant.command], "Cmnd_Alias")][::-1]
            self._expanded[entry.commands] = found
        return found

    def asks(self, account: Account, request: Request, right: Right) -> tuple[str, bool]:
        """Whose password is asked for (own, target, root, runas_default; empty for none), and whether that is sure."""
        asked, sure = right.grant.tags.get("PASSWD"), True
        if asked is None:
            asked, sure = self.defaults.flag("authenticate", account, request, otherwise=True)
        if not asked or self._is_same(account, request):
            return "", sure
        exempt, sure_of_group = self.defaults.text("exempt_group", account, request, "")
        member = self._names.is_member(exempt, account) if exempt else False
        if member:
            return "", sure and sure_of_group
        sure = sure and sure_of_group and member is False
        for option, whose in _ASKED:
            given, known = self.defaults.flag(option, account, request)
            sure = sure and known
            if given:
                return whose, sure
        return "own", sure

    def _is_same(self, account: Account, request: Request) -> bool:
        """Whether sudo trusts who asks: root, and who stays what they are."""
        if account.uid == 0:
            return True
        group = request.group is None or self._names.is_member(request.group.name, account) is True
        return account.uid is not None and account.uid == request.target.uid and group

    def noexec(self, account: Account, request: Request, right: Right) -> bool:
        """Whether the command may not start others, or only such as the policy allows too (INTERCEPT)."""
        for tag, option, when in (("EXEC", "noexec", False), ("INTERCEPT", "intercept", True)):
            given = right.grant.tags.get(tag)
            if (given is when) if given is not None else self.defaults.flag(option, account, request)[0]:
                return True
        return False

    def runas_default(self, account: Account, request: Request) -> str:
        return self.defaults.text("runas_default", account, request, "root")[0]

    def option(self, name: str, account: Account, request: Request, *, otherwise: bool) -> bool:
        return self.defaults.flag(name, account, request, otherwise=otherwise)[0]

    def mark(self, account: Account) -> Hashable:
        """Accounts with the same mark get the same answers, but for what they ask of themselves by their number."""
        users = tuple(self._users_of(account).said.items())
        if self._names.host.by_user:
            return account.name
        return users, self.defaults.mark(account), self._targets.mark(account), account.uid == 0

    def _users_of(self, account: Account) -> _Reached:
        def reached() -> _Reached:
            said = self._users.outcomes(self._names.keys(account), lambda one: self._names.is_user(one, account))
            return self._by_users.reached(said)

        return self._once(("user", account.name), reached)

    def _commands_of(self, request: Request) -> _Reached:
        def reached() -> _Reached:
            said = self._commands.outcomes(command_keys(request), lambda one: is_command(one, request))
            return self._by_commands.reached(said)

        return self._once(("command", request.what), reached)

    def _targets_of(self, account: Account, request: Request) -> _Reached:
        default = self.defaults.text("runas_default", account, request, "root")
        is_self = account.name == request.target.name
        return self._once(
            ("target", request.target.name, request.group, request.as_user, is_self, default),
            lambda: self._by_targets.reached(self._targets.outcomes(account, request, default)),
        )

    def _once(self, key: Hashable, reached: Callable[[], _Reached]) -> _Reached:
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= _MOST:
                self._kept.clear()
            found = self._kept[key] = reached()
        return found


def _all(*said: int) -> int:
    """ALLOW where all say so; SILENT too where it is not sure."""
    if not all(one & ALLOW for one in said):
        return SILENT
    return ALLOW if all(one == ALLOW for one in said) else ALLOW | SILENT


def is_user(member: Member, account: Account) -> Answer:
    """Whether an entry stands for the account, of a host of which no more is known."""
    return _PLAIN.is_user(member, account)


_PLAIN = Names()
