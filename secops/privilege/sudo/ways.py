"""The ways that one host's sudoers policy opens to an account."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from secops.core.content import Text
from secops.hosts.sudoers import Command, Member, Policy
from secops.hosts.sudoers_patterns import fold
from secops.hosts.tables import Row
from secops.hosts.tables._sudo import policy_host
from secops.privilege.accounts import Account
from secops.privilege.sudo.commands import Request
from secops.privilege.sudo.freedoms import Freedoms
from secops.privilege.sudo.names import Group, Names
from secops.privilege.sudo.probes import OPEN, Opening, Probe, as_another, probes, with_group
from secops.privilege.sudo.sudo import Right, Sudo
from secops.privilege.techniques import POWERS, by_group, by_program
from secops.privilege.way import View, Way

_MAJOR = re.compile(r"(?:[0-9]{1,9}:)?([0-9]{1,9})")
_VERSION = re.compile(r"(?:[0-9]{1,9}:)?([0-9]{1,4})\.([0-9]{1,4})\.([0-9]{1,4})")

_Found = tuple[Request, Opening]

#: Commands of which it is kept what to ask.
_MOST = 1_000


class SudoWays:
    """Asks the policy of one host. Raises `TooLargeError` when it takes too many steps."""

    def __init__(self, view: View, policy: Policy) -> None:
        self._view, self._policy = view, policy
        host, switches = policy_host(view.evidence, policy)
        self.groups = _groups(view.rows("groups"))
        packages = view.rows("packages")
        self.version, self._majors = _version(packages), _majors(packages)
        gids = {name: group.gid for name, group in self.groups.items() if group.gid is not None}
        self._names = Names(host, switches, gids)
        self.sudo = Sudo(policy, self._names, version=self.version, now=datetime.now(UTC))
        self._users = {row["user_name"]: row for row in view.rows("users")}
        self._by_name = {fold(name): account for name, account in view.accounts.items()}
        self._follows = any(setting.name == "sudoedit_follow" for setting in policy.settings) or any(
            "FOLLOW" in grant.tags for rule in policy.rules for grant in rule.grants
        )
        self._freedoms = Freedoms(view, policy, self._names, self.sudo, self.version)
        self._probes: dict[Command, Sequence[Probe]] = {}

    def mark(self, account: Account) -> Hashable:
        """Accounts with the same mark have the same ways, but for those to themselves."""
        return self.sudo.mark(account), account.name if self._follows or self._freedoms.by_account else ""

    def of(self, account: Account) -> list[Way]:
        """The ways of an account, in its name; those to itself among them."""
        found = _once(way for right in self.sudo.rights(account) if not right.command.negated
                      for way in self._by_right(account, right))  # fmt: skip
        everything = {way.becomes for way in found if way.thing == "ALL" and way.certain}
        root = self._view.root.name
        return [
            replace(way, besides_all=way.thing != "ALL" and bool(everything & {root, way.becomes})) for way in found
        ]

    def _by_right(self, account: Account, right: Right) -> Iterator[Way]:
        """To root; else, by an entry that does not give root, to root by a group, and to others."""
        asked = self._asked(right.command)
        if not asked and not self._freedoms.may_open(right):
            return
        if way := self._strongest(account, right, self._view.root, asked):
            yield way
            return
        yield from self._by_groups(account, right, asked)
        for target in self._targets(account, right):
            if way := self._strongest(account, right, target, asked):
                yield way

    def _asked(self, command: Command) -> Sequence[Probe]:
        """What to ask of a command; what may open most comes first."""
        found = self._probes.get(command)
        if found is None:
            if len(self._probes) >= _MOST:
                self._probes.clear()
            asked = sorted(probes(command, self._majors), key=lambda probe: _strength(probe.openings[0]))
            found = self._probes[command] = asked
        self._policy.spend(len(found) // 16)
        return found

    def _strongest(self, account: Account, right: Right, target: Account, asked: Sequence[Probe]) -> Way | None:
        """The strongest way to the target that an entry opens, if it decides."""
        best = self._best(account, right, target, asked, None)
        if best is None or best[1].gives != "shell":
            more = sorted(self._freedoms.probes(account, right, target), key=lambda probe: _strength(probe.openings[0]))
            best = self._best(account, right, target, more, best)
        return best and self._way(account, right, *best, best[1].how)

    def _best(
        self, account: Account, right: Right, target: Account, asked: Sequence[Probe], best: _Found | None
    ) -> _Found | None:
        """The strongest opening of all that are asked, and of one that is known, with its request."""
        is_root, can_login = target.uid == 0, bool(self._users.get(target.name, {}).get("can_login"))
        for probe in asked:
            if best and _strength(best[1]) <= _strength(probe.openings[0]):
                break
            request = probe.request(target)
            for opening in self._opened(account, right, request, probe):
                fits = is_root or as_another(opening, can_login=can_login)
                if fits and (best is None or _strength(opening) < _strength(best[1])):
                    best = request, opening
        return best

    def _by_groups(self, account: Account, right: Right, asked: Sequence[Probe]) -> Iterator[Way]:
        """To root by a group that is as good as root, chosen with -g, as oneself or as another."""
        groups = [self.groups[name] for name in by_group() if name in self.groups] if right.grant.runas_groups else []
        for group in groups:
            if group.gid in account.gids:
                continue
            power = by_group()[group.name]
            ways = (
                self._way(account, right, request, opening, _with_group(group, power.how))
                for target in (account, *self._targets(account, right))
                for probe in (*asked, *self._freedoms.probes(account, right, target, group))
                for request in (replace(probe.request(target), group=group, as_user=target is not account),)
                for opening in self._opened(account, right, request, probe)
                if with_group(opening, group.name, power.gives)
            )
            if way := next((way for way in ways if way), None):
                yield replace(way, becomes=self._view.root.name, gives=power.gives)

    def _opened(self, account: Account, right: Right, request: Request, probe: Probe) -> Iterator[Opening]:
        """What a request opens where the entry may decide it, and asks for no password but one's own."""
        decision = self.sudo.decide(account, request)
        if decision.allowed is False or right not in decision.by:
            return
        if self.sudo.asks(account, request, right)[0] not in ("", "own"):
            return  # who knows root's password has it anyhow
        noexec = self.sudo.noexec(account, request, right)
        for opening in probe.openings:
            if opening.exec and noexec:
                continue
            if not opening.followed or self._may_link(account, request, right):
                yield opening

    def _way(self, account: Account, right: Right, request: Request, opening: Opening, how: Text) -> Way:
        decision = self.sudo.decide(account, request)
        own = next(one for one in decision.by if one == right)
        place, thing = (opening.by, f"Defaults {opening.by.name}") if opening.by else (right.rule, right.command.text)
        is_allowed = decision.allowed is True and own.certain
        doubt = opening.doubt if is_allowed else None
        return Way(
            account.name, request.target.name, "sudo", thing, opening.gives, _doubted(how, doubt), place.source,
            place.line, opening.program, self.sudo.asks(account, request, right)[0] or "none",
            certain=is_allowed and doubt is None, doubt=doubt.en if doubt else "",
        )  # fmt: skip

    def _may_link(self, account: Account, request: Request, right: Right) -> bool:
        """Whether sudoedit follows links also in folders of who asks, and a file to edit is in one."""
        follows = right.grant.tags.get("FOLLOW")
        if follows is None:
            follows = self.sudo.option("sudoedit_follow", account, request, otherwise=False)
        if not follows or self.sudo.option("sudoedit_checkdir", account, request, otherwise=True):
            return False
        home = self._users.get(account.name, {}).get("home") or ""
        own = (f"{home.rstrip('/')}/",) if home.count("/") > 1 else ()
        return any(word.startswith((*OPEN, *own)) for word in request.arguments)

    def _targets(self, account: Account, right: Right) -> Iterator[Account]:
        """Other accounts than root that an entry's list of targets names, each once."""
        found: dict[str, Account] = {}
        for member in self._listed(account, right):
            if not member.negated:
                found |= {one.name: one for one in self._named(member)}
        self._policy.spend(len(found))
        yield from (one for one in found.values() if one.uid != 0 and one.name != account.name)

    def _listed(self, account: Account, right: Right) -> Iterable[Member]:
        users = right.grant.runas_users
        if users is None and right.grant.runas_groups is None:
            name = self.sudo.runas_default(account, Request(self._view.root, ""))
            return [Member("uid" if name.startswith("#") else "user", name)]
        return self._policy.expand(users or (), "Runas_Alias")

    def _named(self, member: Member) -> Iterable[Account]:
        if member.kind == "user":
            known = self._view.accounts.get(member.text) or self._by_name.get(fold(member.text))
            return [known or Account(member.text)]
        return [one for one in self._view.accounts.values() if self._names.is_user(member, one) is not False]


def _strength(opening: Opening) -> tuple[bool, int]:
    """What is sure comes first."""
    return opening.doubt is not None, POWERS.index(opening.gives)


def _once(ways: Iterable[Way]) -> list[Way]:
    """The ways; of those that one setting makes of many entries one to each account, a certain one if there is any."""
    found: dict[Hashable, Way] = {}
    for number, way in enumerate(ways):
        by_setting = way.thing.startswith("Defaults ")
        key = (way.becomes, way.thing, way.source, way.line) if by_setting else number
        if key not in found or (way.certain and not found[key].certain):
            found[key] = way
    return list(found.values())


def _doubted(how: Text, doubt: Text | None) -> Text:
    if doubt is None:
        return how
    return Text(f"{how.en};{doubt.en.removeprefix(':')}", f"{how.zh}；{doubt.zh.removeprefix('：')}")


def _with_group(group: Group, how: Text) -> Text:
    return Text(f"`sudo -g {group.name}`: {how.en}", f"`sudo -g {group.name}`：{how.zh}")


def _groups(rows: Iterable[Row]) -> dict[str, Group]:
    """Groups by name; of a name that stands twice the first."""
    found: dict[str, Group] = {}
    for row in rows:
        found.setdefault(row["group_name"], Group(row["group_name"], row["gid"]))
    return found


def _version(packages: Sequence[Row]) -> tuple[int, ...] | None:
    """sudo's own version, by its package."""
    versions = (_VERSION.match(row["version"] or "") for row in packages if row["name"] == "sudo")
    return next((tuple(map(int, found.groups())) for found in versions if found), None)


def _majors(packages: Sequence[Row]) -> Mapping[str, int]:
    """The number that a package's version begins with, for packages that end a technique."""
    asked = {one.closed.package for techniques in by_program().values() for one in techniques if one.closed}
    rows = (row for row in packages if row["name"] in asked)
    return {row["name"]: int(match[1]) for row in rows if (match := _MAJOR.match(row["version"] or ""))}
