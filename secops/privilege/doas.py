"""What doas lets an account do: a policy asked as doas asks it. Of the rules that match, the last one decides."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from secops.hosts.doas_conf import DoasRule
from secops.hosts.masking import HIDDEN
from secops.hosts.sudoers import MAX_STEPS, Answer, TooLargeError
from secops.privilege.accounts import Account

#: The first number that doas takes for no id, as it is built everywhere.
_NO_ID = 65_535

_NUMBER = re.compile(r"[ \t\n\v\f\r]*(?:\+|-(?=0+\Z))?0*([0-9]{1,5})")  # as strtonum(3) reads it


@dataclass(frozen=True)
class Ids:
    """The numbers of a host's users and groups, by name."""

    users: Mapping[str, int]
    groups: Mapping[str, int]


def number_of(name: str, known: Mapping[str, int]) -> int | None:
    """The id that a name or number of a rule stands for; None for what doas takes for no id."""
    if name in known:
        return known[name] if known[name] != _NO_ID else None
    found = _NUMBER.fullmatch(name)
    return int(found[1]) if found and int(found[1]) < _NO_ID else None


@dataclass(frozen=True)
class Request:
    """What is asked: a command, as typed, with its arguments, as the user with the number `target`."""

    target: int
    command: str
    arguments: tuple[str, ...] = ()


class Doas:
    """The rules of a policy on one host. What is asked raises `TooLargeError` when all of it takes too many steps."""

    def __init__(self, rules: Sequence[DoasRule], ids: Ids) -> None:
        self._rules, self._ids, self._steps = rules, ids, 0

    def rules_for(self, account: Account) -> list[DoasRule]:
        """The rules for an account: by its number, or by the name of one that a directory may hold."""
        self._spend(len(self._rules))
        return [rule for rule in self._rules if self._is_for(rule, account)]

    def decide(self, own: Sequence[DoasRule], request: Request) -> tuple[Answer, DoasRule | None]:
        """Whether an account with these rules is permitted, and by which rule.

        None: it hangs on arguments that were not seen.
        """
        self._spend(len(own))
        doubt: set[Answer] = set()
        for rule in reversed(own):
            matched = self._concerns(rule, request)
            if matched:
                return (None if doubt - {rule.permit} else rule.permit), rule
            if matched is None:
                doubt.add(rule.permit)
        return (None if True in doubt else False), None

    def target(self, rule: DoasRule) -> int | None:
        """The number of the user that the rule names as target."""
        return None if rule.target is None else number_of(rule.target, self._ids.users)

    def number(self, user: str) -> int | None:
        """The number of a user of the host."""
        return self._ids.users.get(user)

    def _is_for(self, rule: DoasRule, account: Account) -> bool:
        if account.uid is None:
            return rule.identity == account.name
        if rule.identity.startswith(":"):
            return number_of(rule.identity[1:], self._ids.groups) in account.gids
        return number_of(rule.identity, self._ids.users) == account.uid

    def _concerns(self, rule: DoasRule, request: Request) -> Answer:
        if rule.target is not None and self.target(rule) != request.target:
            return False
        if rule.command is not None and rule.command != request.command:
            return False
        if rule.command is None or rule.arguments is None:
            return True
        if HIDDEN in rule.arguments:
            return True if rule.arguments is request.arguments else None
        return rule.arguments == request.arguments

    def _spend(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise TooLargeError(f"the policy takes more than {MAX_STEPS} steps to expand")
