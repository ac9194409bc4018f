"""Ways by doas: rules of its policy by which an account runs, as another, what gives the other's power."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from secops.core.content import Text
from secops.hosts.doas_conf import DoasRule
from secops.hosts.masking import HIDDEN
from secops.hosts.sudoers import Answer, TooLargeError
from secops.hosts.tables import Built
from secops.hosts.tables.doas_rules import read_doas
from secops.hosts.tables.groups import group_lines
from secops.hosts.tables.hosts import os_release
from secops.privilege.accounts import Account
from secops.privilege.doas import Doas, Ids, Request
from secops.privilege.doas_environment import openings
from secops.privilege.files import Files, Ground
from secops.privilege.fits import Fit, fits, is_all_mine
from secops.privilege.places import OWNED, Caller, follows_links
from secops.privilege.sudo.unread import is_read, tell_unread
from secops.privilege.techniques import POWERS
from secops.privilege.way import Kind, View, Way, besides

#: A program that no rule names, and arguments that none can: what is permitted with them is permitted with any.
_ANY = "/citywall/any-program"
_ANYTHING = ("\0",)

#: What another account than root can be made to do.
_OF_OTHERS = ("shell", "write", "read")
_EVERYTHING = Text("any command", "任意命令")


def find(view: View, built: Built) -> Iterator[Way]:
    """Rules of doas.conf that make an account root, or another account that they name."""
    policy = read_doas(view.evidence, Built())
    if policy.in_force is False:
        return
    search = _Search.of(view, policy.rules, certain=policy.in_force is True)
    elsewhere = _of_a_directory(policy.rules, view.accounts) if view.has_directory else ()
    try:
        for account in (*view.accounts.values(), *view.chosen.values(), *elsewhere):
            if account.uid != 0:
                yield from search.ways(account)
        tell_unread(search.unread, built)
    except TooLargeError as error:
        built.lack(str(error))


def _of_a_directory(rules: tuple[DoasRule, ...], known: Mapping[str, Account]) -> Iterator[Account]:
    """Users and groups that rules name and a directory may hold: one account each, called as the rule writes it."""
    for identity in dict.fromkeys(rule.identity for rule in rules):
        if identity not in known and not identity.removeprefix(":").isdecimal():
            yield Account(identity)


@dataclass(frozen=True)
class _Search:
    """What is asked of one host's policy.

    `names` are its accounts by number, `locked` those whose shell gives no session;
    `followed` is whether root follows links in /tmp.
    """

    doas: Doas
    names: Mapping[int, str]
    locked: frozenset[str]
    followed: Answer
    has_directory: bool
    certain: bool
    files: Files
    ground: Ground
    musl: bool
    unread: dict[tuple[str, str], None] = field(default_factory=dict)  # rules and commands

    @classmethod
    def of(cls, view: View, rules: tuple[DoasRule, ...], *, certain: bool) -> _Search:
        users = {account.name: account.uid for account in view.accounts.values() if account.uid is not None}
        groups = {fields[0]: int(fields[2]) for _, fields in reversed(list(group_lines(view.evidence)))}
        names = {uid: name for name, uid in reversed(users.items())} | {0: view.root.name}
        locked = frozenset(row["user_name"] for row in view.rows("users") if not row["can_login"])
        followed = follows_links(view.rows("sysctl"))
        doas, musl = Doas(rules, Ids(users, groups)), os_release(view.evidence).get("ID") == "alpine"
        return cls(doas, names, locked, followed, view.has_directory, certain, view.files, view.ground, musl)

    def ways(self, account: Account) -> Iterator[Way]:
        """The ways of one account: to root, and to those that rules name and that are not root."""
        own = self.doas.rules_for(account)
        yield from besides([way for rule in own for way in self._by(own, rule, account, 0)])
        for rule in own:
            target = self.doas.target(rule)
            if target is not None and target in self.names and target not in (0, account.uid):
                yield from self._by(own, rule, account, target)

    def _by(self, own: list[DoasRule], rule: DoasRule, account: Account, target: int) -> Iterator[Way]:
        """The strongest way that a rule opens to a target, and to each account named, unless a later one ends it."""
        request = Request(target, rule.command or _ANY, rule.arguments if rule.arguments is not None else _ANYTHING)
        allowed, deciding = self.doas.decide(own, request)
        if not rule.permit or allowed is False or deciding not in (rule, None):
            return
        if rule.command and rule.arguments is None and not is_read(rule.command, self.ground):
            self.unread[f"{rule.source}:{rule.line}", rule.command] = None
        known = self.certain and allowed is True and HIDDEN not in (rule.arguments or ())
        told: set[str] = set()
        caller = Caller(account.name, self.files, self.followed)
        for fit, doubt in self._opened(rule, caller):
            becomes = self._becomes(fit, target)
            if becomes is None or becomes in told or becomes == account.name:
                continue
            told.add(becomes)
            password = "none" if "nopass" in rule.options else "own"
            yield Way(
                account.name, becomes, "doas", rule.text, fit.gives, fit.how, rule.source, rule.line,
                fit.program, password, certain=known and doubt is None, doubt=doubt.en if doubt else "",
            )  # fmt: skip

    def _becomes(self, fit: Fit, target: int) -> str | None:
        """The account that a rule leads to by a program: its target, or one that the arguments of root's name."""
        if fit.user is None:
            gives = target == 0 or fit.program is None or fit.gives in _OF_OTHERS
            return self.names[target] if gives else None
        if target != 0:
            return None
        if fit.login and fit.user in self.locked:
            return None
        uid = self.doas.number(fit.user)
        return self.names.get(uid, fit.user) if uid is not None else fit.user if self.has_directory else None

    def _opened(self, rule: DoasRule, caller: Caller) -> Iterator[tuple[Fit, Text | None]]:
        """What a rule opens, and what is not known of it; what is certain comes first, and of that the strongest."""
        if rule.command is None:
            yield Fit(None, "shell", _EVERYTHING, exec=True), None
            return
        arguments = None if rule.arguments is None else " ".join(rule.arguments)
        found = list[tuple[Fit, Text | None]]()
        for fit in fits(self.ground.program(rule.command), arguments, self.ground):
            mine = is_all_mine(fit, caller)
            found += [(fit, None if mine else OWNED)] if mine is not False else []
        found += ((one.fit, one.doubt) for one in openings(rule, caller, musl=self.musl))
        yield from sorted(found, key=lambda one: (one[1] is not None, POWERS.index(one[0].gives)))


KIND = Kind("doas", ("doas_rules",), find)
