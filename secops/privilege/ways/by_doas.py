"""Ways by doas: rules of its policy by which an account runs, as another, what gives the other's power."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from secops.core.content import Text
from secops.hosts.doas_conf import DoasRule
from secops.hosts.masking import HIDDEN
from secops.hosts.sudoers import TooLargeError
from secops.hosts.tables import Built
from secops.hosts.tables.doas_rules import read_doas
from secops.hosts.tables.groups import group_lines
from secops.privilege.accounts import Account
from secops.privilege.doas import Doas, Ids, Request
from secops.privilege.techniques import Power, major_versions, usable
from secops.privilege.way import Kind, View, Way, besides

#: A program that no rule names, and arguments that none can: what is permitted with them is permitted with any.
_ANY = "/citywall/any-program"
_ANYTHING = ("\0",)

#: What another account than root can be made to do.
_OF_OTHERS = ("shell", "write", "read")
_EVERYTHING = Text("any command", "任意命令")

_Found = tuple[str | None, Power, Text]  # program, power, how


def find(view: View, built: Built) -> Iterator[Way]:
    """Rules of doas.conf that make an account root, or another account that they name."""
    policy = read_doas(view.evidence, Built())
    if policy.in_force is False:
        return
    search = _Search.of(view, policy.rules, certain=policy.in_force is True)
    elsewhere = _of_a_directory(policy.rules, view.accounts) if view.has_directory else ()
    try:
        for account in (*view.accounts.values(), *elsewhere):
            if account.uid != 0:
                yield from search.ways(account)
    except TooLargeError as error:
        built.lack(str(error))


def _of_a_directory(rules: tuple[DoasRule, ...], known: Mapping[str, Account]) -> Iterator[Account]:
    """Users and groups that rules name and a directory may hold: one account each, called as the rule writes it."""
    for identity in dict.fromkeys(rule.identity for rule in rules):
        if identity not in known and not identity.removeprefix(":").isdecimal():
            yield Account(identity)


@dataclass(frozen=True)
class _Search:
    """What is asked of one host's policy. `names` are its accounts by number."""

    doas: Doas
    names: Mapping[int, str]
    certain: bool
    majors: Callable[[], Mapping[str, int]]

    @classmethod
    def of(cls, view: View, rules: tuple[DoasRule, ...], *, certain: bool) -> _Search:
        users = {account.name: account.uid for account in view.accounts.values() if account.uid is not None}
        groups = {fields[0]: int(fields[2]) for _, fields in reversed(list(group_lines(view.evidence)))}
        names = {uid: name for name, uid in reversed(users.items())} | {0: view.root.name}
        return cls(
            Doas(rules, Ids(users, groups)), names, certain, cache(lambda: major_versions(view.rows("packages")))
        )

    def ways(self, account: Account) -> Iterator[Way]:
        """The ways of one account: to root, and to those that rules name and that are not root."""
        own = self.doas.rules_for(account)
        yield from besides([way for rule in own for way in self._by(own, rule, account, 0)])
        for rule in own:
            target = self.doas.target(rule)
            if target is not None and target in self.names and target not in (0, account.uid):
                yield from self._by(own, rule, account, target)

    def _by(self, own: list[DoasRule], rule: DoasRule, account: Account, target: int) -> Iterator[Way]:
        """The strongest way that a rule opens to a target, unless a later one takes it back."""
        request = Request(target, rule.command or _ANY, rule.arguments if rule.arguments is not None else _ANYTHING)
        allowed, deciding = self.doas.decide(own, request)
        if not rule.permit or allowed is False or deciding not in (rule, None):
            return
        for program, power, how in self._opened(rule):
            if target == 0 or power in _OF_OTHERS:
                known = self.certain and allowed is True and HIDDEN not in (rule.arguments or ())
                password = "none" if "nopass" in rule.options else "own"
                yield Way(
                    account.name, self.names[target], "doas", rule.text, power, how, rule.source, rule.line,
                    program, password, certain=known,
                )  # fmt: skip
                return

    def _opened(self, rule: DoasRule) -> Iterator[_Found]:
        if rule.command is None:
            yield None, "shell", _EVERYTHING
            return
        program = rule.command.rpartition("/")[2]
        for technique in usable(program, _as_in_sudoers(rule.arguments), self.majors()):
            yield program, technique.gives, technique.how


def _as_in_sudoers(arguments: tuple[str, ...] | None) -> str | None:
    """The arguments as sudoers would have them, where a star and a leading `^` mean more than themselves."""
    if arguments is None:
        return None
    text = " ".join(arguments).replace("*", "\\*")
    return f"\\{text}" if text.startswith("^") else text


KIND = Kind("doas", ("doas_rules",), find)
