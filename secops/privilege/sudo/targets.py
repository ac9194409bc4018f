"""As whom the entries of sudoers let run: lists of target users and groups, and how sudo's versions read them.

`(users)`, `(users:groups)`, `(:groups)`, `()` for oneself, and none at all for the user of `runas_default`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from secops.hosts.sudoers import Member, Policy
from secops.hosts.sudoers_answer import ALLOW, DENY, SILENT, outcome
from secops.privilege.accounts import Account
from secops.privilege.sudo.commands import Request
from secops.privilege.sudo.lists import Lists
from secops.privilege.sudo.names import Names

#: The version that reads lists with groups in another way.
_OTHERWISE = (1, 9, 14)

_Members = tuple[Member, ...] | None


@dataclass(frozen=True)
class _Pair:
    """The lists of one entry. `users` and `groups` are numbers of lists, None where there is none."""

    users: int | None
    groups: int | None
    by_default: bool  # neither is given
    has_alias: bool


class Targets:
    """The pairs of lists of a policy, by number. `version` is sudo's, None when not known: then all must agree."""

    def __init__(self, policy: Policy, names: Names, version: tuple[int, ...] | None) -> None:
        self._policy, self._names = policy, names
        self._readings = (True, False) if version is None else (version < _OTHERWISE,)
        self._users = Lists(policy, "Runas_Alias", names.key)
        self._groups = Lists(policy, "Runas_Alias", names.group_key)
        self._numbers: dict[tuple[_Members, _Members], int] = {}
        self._pairs: list[_Pair] = []
        self._has_groups = False
        self._by_users: dict[int | None, list[int]] = {}
        self._by_groups: dict[int | None, list[int]] = {}

    def number(self, users: _Members, groups: _Members) -> int:
        """The number of an entry's lists."""
        known = self._numbers.get((users, groups))
        if known is None:
            known = self._numbers[users, groups] = len(self._pairs)
            pair = _Pair(
                self._users.number(users) if users else None,
                self._groups.number(groups) if groups else None,
                users is None and groups is None,
                any(self._is_alias(member) for member in (*(users or ()), *(groups or ()))),
            )
            self._pairs.append(pair)
            self._has_groups = self._has_groups or bool(groups)
            self._by_users.setdefault(pair.users, []).append(known)
            self._by_groups.setdefault(pair.groups, []).append(known)
        return known

    def _is_alias(self, member: Member) -> bool:
        return member.kind == "alias" and ("Runas_Alias", member.text) in self._policy.aliases

    def mark(self, account: Account) -> Hashable:
        """What tells accounts apart that ask for a group without another user."""
        return tuple(self._of(account).items()) if self._has_groups else None

    def _of(self, target: Account) -> dict[int, int]:
        return self._users.outcomes(self._names.keys(target), lambda member: self._names.is_user(member, target))

    def outcomes(self, account: Account, request: Request, default: tuple[str, bool]) -> dict[int, int]:
        """What the lists come to for the target, and the group, by number; those that say nothing are left out.

        `default` is the user of runas_default, and whether that is sure.
        """
        users = self._of(request.target)
        groups: dict[int, int] = {}
        if group := request.group:
            groups = self._groups.outcomes(
                self._names.group_keys(group), lambda member: self._names.is_group(member, group)
            )
        asked = _Asked(self._names, default, account, request)
        found: dict[int, int] = {}
        of_any = asked.is_self and request.group is not None and True in self._readings
        for number in range(len(self._pairs)) if of_any else self._candidates(users, groups):
            self._policy.spend()
            pair = self._pairs[number]
            user = SILENT if pair.users is None else users.get(pair.users, SILENT)
            chosen = SILENT if pair.groups is None else groups.get(pair.groups, SILENT)
            said = 0
            for old in self._readings:
                said |= asked.before(pair, user, chosen) if old else asked.since(pair, user, chosen)
            if said != SILENT:
                found[number] = said
        return found

    def _candidates(self, users: dict[int, int], groups: dict[int, int]) -> Iterator[int]:
        """The pairs that may say something: those of a list that does, and those that name no user."""
        numbers = [*self._by_users.get(None, ())]
        numbers += [number for users_ in users for number in self._by_users[users_]]
        numbers += [number for groups_ in groups for number in self._by_groups[groups_]]
        return iter(dict.fromkeys(numbers))


@dataclass(frozen=True)
class _Asked:
    """A request, to be held against one pair after the other."""

    names: Names
    default: tuple[str, bool]
    account: Account
    request: Request

    @property
    def is_self(self) -> bool:
        return self.request.target.name == self.account.name

    def before(self, pair: _Pair, user: int, group: int) -> int:
        """As sudo before 1.9.14. It takes aliases otherwise with -g, but for oneself and a group that one is not in."""
        if pair.by_default and self.request.as_user:
            return self._default()
        if not self.request.as_user:
            user = SILENT
        elif pair.users is None and pair.groups is None:
            user = self._self()
        if self.request.group is None:
            return user
        if self.is_self:
            user = _instead(user, ALLOW)
        if pair.has_alias and not (self.is_self and self._of_target() == SILENT):
            return ALLOW | DENY | SILENT
        return _joined(user, _instead(group, self._of_target()))

    def since(self, pair: _Pair, user: int, group: int) -> int:
        """As sudo since 1.9.14."""
        if pair.by_default:
            user = self._default()
        elif pair.users is None:
            user = self._self()
        if self.request.group is None:
            return user
        chosen = _instead(group, self._of_target()) if user & ALLOW else group
        if group == ALLOW and self.is_self:
            user = _instead(user, ALLOW)
        return _joined(user, chosen)

    def _default(self) -> int:
        name, sure = self.default
        member = Member("uid" if name.startswith("#") else "user", name)
        said = outcome(self.names.is_user(member, self.request.target), negated=False)
        return said if sure else said | ALLOW | SILENT

    def _self(self) -> int:
        return ALLOW if self.is_self else SILENT

    def _of_target(self) -> int:
        """A group that is not in a list may still be chosen when it is one of the target's."""
        group = self.request.group
        return ALLOW if group and group.gid is not None and group.gid in self.request.target.gids else SILENT


def _instead(said: int, other: int) -> int:
    """What is said, and something else where nothing is."""
    return (said & ~SILENT) | other if said & SILENT else said


def _joined(user: int, group: int) -> int:
    """sudo refuses where one list does, and allows where both do."""
    found = DENY if (user | group) & DENY else 0
    if user & ALLOW and group & ALLOW:
        found |= ALLOW
    return found if user in (ALLOW, DENY) and group in (ALLOW, DENY) else found | SILENT
