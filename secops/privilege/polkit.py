"""What polkit answers: a configuration asked as polkitd asks it, for one in no session at the machine's own seat.

That is the way of ssh, cron and services. What only a session at the seat may do (allow_active, allow_inactive,
`subject.active`) is not looked at: it would make every desktop's user as good as root, and no server's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from secops.hosts.polkit.local_authority import RESULTS
from secops.hosts.polkit.script import Function, Returned, Subject
from secops.hosts.polkit.values import UNKNOWN, ScriptFailure, truth
from secops.hosts.sudoers import Answer, TooLargeError
from secops.hosts.tables import Row
from secops.hosts.tables.polkit_rules import PolkitConfig
from secops.privilege.accounts import Account

#: From this version on rules are JavaScript; from that one on the primary group makes an administrator too.
_SCRIPTS, _PRIMARY = (0, 106), (121, 0)

_MAX_STEPS = 1_000_000
_TOKENS = 20  # of a rule, for one step
_ROOT = ("unix-user:0",)


@dataclass(frozen=True)
class Decision:
    """What polkit answers: yes, no, auth_self, auth_admin (`_keep` is left out), None when it cannot be told.

    `source` and `line` are what decides. `certain` is false behind a file of rules that is not understood.
    """

    result: str | None
    source: str
    line: int | None
    certain: bool = True


@dataclass(frozen=True)
class Administrators:
    """Whose password counts as an administrator's: identities, None when they are not known; and what says so."""

    identities: tuple[str, ...] | None
    source: str
    line: int | None = None
    certain: bool = True


@dataclass(frozen=True)
class Groups:
    """The groups of one host: `of` each user by number, the primary one first, and `members` but for those of primary
    groups; of two groups of one name or number the first counts."""

    of: Mapping[str, list[int]]
    names: Mapping[int, str]
    numbers: Mapping[str, int]
    members: Mapping[str, set[str]]

    @classmethod
    def from_rows(cls, groups: Sequence[Row], members: Sequence[Row]) -> Groups:
        of: dict[str, list[int]] = {}
        for row in sorted(members, key=lambda row: not row["is_primary"]):
            numbers = of.setdefault(row["user_name"], [])
            if row["gid"] not in numbers:
                numbers.append(row["gid"])
        listed: dict[str, set[str]] = {}
        for row in members:
            if not row["is_primary"]:
                listed.setdefault(row["group_name"], set()).add(row["user_name"])
        names = {row["gid"]: row["group_name"] for row in reversed(groups)}
        return cls(of, names, {row["group_name"]: row["gid"] for row in reversed(groups)}, listed)

    def named(self, account: Account) -> tuple[str, ...]:
        """The names of an account's groups; of one that a directory may hold those it was made with."""
        if account.uid is None:
            return tuple(account.groups)
        return tuple(self.names.get(gid, str(gid)) for gid in self.of.get(account.name, ()))

    def holds(self, group: str, account: Account, *, primary: bool) -> bool:
        """Whether a group, by name or number, lists the account as a member, or with `primary` is its primary one."""
        if account.uid is None:
            return group in account.groups
        gid = int(group) if _is_number(group) else self.numbers.get(group)
        if gid is None:
            return False
        listed = account.name in self.members.get(self.names.get(gid, ""), ())
        return listed or (primary and self.of.get(account.name, [])[:1] == [gid])


#: Where nothing says who is an administrator.
_ROOT_ALONE = Administrators(_ROOT, "")


class Polkit:
    """A configuration on one host, of polkit of a version (its first two numbers).

    What is asked raises `TooLargeError` when all of it takes too many steps.
    """

    def __init__(self, config: PolkitConfig, version: tuple[int, int], groups: Groups) -> None:
        self.config, self._groups, self._version, self._steps = config, groups, version, 0
        self.reads_scripts = version >= _SCRIPTS

    def decide(self, account: Account | None, action: str, details: Mapping[str, str]) -> Decision:
        """What the account is answered; without one, what anyone is. An action may be implied by another."""
        own = self._decide(account, action, details)
        if own.result == "yes":
            return own
        for other in self.config.actions.values():
            if action in other.implies:
                implied = self._decide(account, other.id, details)
                if implied.result in ("yes", None):
                    return implied
        return own

    def administrators(self, account: Account | None, action: str) -> Administrators:
        """Whose password the account is asked for where an administrator's is."""
        identities, path = self.config.administrators or ((), "")
        by_files = Administrators(identities, path) if identities else None
        if not self.reads_scripts:
            return by_files or _ROOT_ALONE
        subject, certain = self._subject(account, action, {}), True
        for file in self.config.scripts:
            if file.script is None:
                certain = False
            elif file.script.is_local_authority:
                if by_files:
                    return replace(by_files, certain=certain)
            else:
                for function in file.script.functions:
                    value, line = self._call(function, subject) if function.admin else ("", 0)
                    if truth(value) is not False:
                        return Administrators(_identities(value), file.path, line, certain)
        return _ROOT_ALONE

    def is_administrator(self, account: Account, identity: str) -> Answer:
        """Whether an identity stands for the account."""
        self._spend(1)
        kind, _, name = identity.partition(":")
        if kind == "unix-user":
            return account.uid == int(name) if _is_number(name) else account.name == name
        if kind == "unix-group":
            return self._groups.holds(name, account, primary=self._version >= _PRIMARY)
        return None if kind == "unix-netgroup" else False

    def _decide(self, account: Account | None, action: str, details: Mapping[str, str]) -> Decision:
        default = self.config.actions.get(action)
        if default is None:
            return Decision("no", "", None)
        certain = True
        if not self.reads_scripts:
            found = self._locally(account, action, of_everyone=False)
        else:
            found, certain = self._by_scripts(account, action, details)
        found = found or Decision(default.defaults["allow_any"], default.source, default.line)
        result = found.result.removesuffix("_keep") if found.result else None
        return replace(found, result=result, certain=certain)

    def _by_scripts(
        self, account: Account | None, action: str, details: Mapping[str, str]
    ) -> tuple[Decision | None, bool]:
        """What the first rule says that says anything; and whether all files before it are understood."""
        subject, certain = self._subject(account, action, details), True
        for file in self.config.scripts:
            if file.script is None:
                certain = False
            elif file.script.is_local_authority:
                if found := self._locally(account, action, of_everyone=True):
                    return found, certain
            else:
                for function in file.script.functions:
                    value, line = ("", 0) if function.admin else self._call(function, subject)
                    if truth(value) is not False:
                        return Decision(_result(value), file.path, line), certain
        return None, certain

    def _locally(self, account: Account | None, action: str, *, of_everyone: bool) -> Decision | None:
        """What the local authority says: of each folder the last entry, for a user's groups and then the user."""
        if account is None:
            asked = [entry for store in self.config.stores for entry in store if entry.is_for_action(action)]
            return Decision(None, asked[0].source, asked[0].line) if asked else None
        decision = None
        for identity in self._identities_of(account, of_everyone=of_everyone):
            for store in self.config.stores:
                self._spend(len(store))
                last = next((entry for entry in reversed(store) if entry.is_for(identity, action)), None)
                if last and last.any:
                    decision = Decision(last.any, last.source, last.line)
        return decision

    def _identities_of(self, account: Account, *, of_everyone: bool) -> Iterator[str]:
        yield from ["default"] if of_everyone else []
        yield from (f"unix-group:{name}" for name in reversed(self._groups.named(account)))
        yield f"unix-user:{account.name}"

    def _subject(self, account: Account | None, action: str, details: Mapping[str, str]) -> Subject:
        if account is None:
            return Subject(action, details, UNKNOWN, UNKNOWN)
        return Subject(action, details, account.name, self._groups.named(account))

    def _call(self, function: Function, subject: Subject) -> Returned:
        """What a rule returns: where it fails, what polkit then answers."""
        self._spend(1 + function.size // _TOKENS)
        try:
            return function(subject)
        except ScriptFailure:
            return Returned("no", function.line)

    def _spend(self, steps: int) -> None:
        self._steps += steps
        if self._steps > _MAX_STEPS:
            raise TooLargeError(f"the policy takes more than {_MAX_STEPS} steps to expand")


def _result(value: Any) -> str | None:
    if value is UNKNOWN:
        return None
    return value if value in RESULTS else "no"


def _identities(value: Any) -> tuple[str, ...] | None:
    """The identities of an array as polkit splits them; root's alone where it is none."""
    if value is UNKNOWN or (isinstance(value, tuple) and not all(isinstance(item, str) for item in value)):
        return None
    return tuple(",".join(value).split(",")) if isinstance(value, tuple) else _ROOT


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 12
