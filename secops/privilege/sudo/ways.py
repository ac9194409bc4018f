"""The ways that one host's sudoers policy opens to an account."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property

from secops.core.content import Text
from secops.hosts.sudoers import Command, Member, Policy
from secops.hosts.sudoers_patterns import fold
from secops.hosts.tables._sudo import policy_host
from secops.privilege.accounts import Account
from secops.privilege.fits import Fit, is_all_mine
from secops.privilege.lines import plain
from secops.privilege.places import OPEN, OWNED, Caller, follows_links
from secops.privilege.sudo.commands import Request
from secops.privilege.sudo.facts import groups_of, paths_in, version_of, words_in
from secops.privilege.sudo.freedoms import Freedoms
from secops.privilege.sudo.groups import RIGHTS, choosable, how_with, step
from secops.privilege.sudo.names import Names
from secops.privilege.sudo.probes import Known, Opening, Probe, as_another, plainness, probes, rank, with_group
from secops.privilege.sudo.sudo import Right, Sudo
from secops.privilege.sudo.unread import is_unread
from secops.privilege.techniques import by_group
from secops.privilege.way import View, Way

_Found = tuple[Request, Opening]

#: Commands of which it is kept what to ask.
_MOST = 1_000

#: Why an entry that asks for a password may give nothing.
_NO_TRY = Text(
    ": a password is asked for, and passwd_tries lets nobody enter one", "：需要口令，而 passwd_tries 不允许输入口令"
)

#: Commands that nobody has looked at, of those that are told.
_MOST_UNREAD = 5


class SudoWays:
    """Asks the policy of one host. Raises `TooLargeError` when it takes too many steps."""

    def __init__(self, view: View, policy: Policy) -> None:
        self._view, self._policy = view, policy
        host, switches = policy_host(view.evidence, policy)
        self.groups = groups_of(view.rows("groups"))
        packages = view.rows("packages")
        self.version = version_of(packages)
        gids = {name: group.gid for name, group in self.groups.items() if group.gid is not None}
        self._names = Names(host, switches, gids)
        self.sudo = Sudo(policy, self._names, version=self.version, now=datetime.now(UTC))
        self._users = {row["user_name"]: row for row in view.rows("users")}
        self._by_name = {fold(name): account for name, account in view.accounts.items()}
        self._freedoms = Freedoms(view, policy, self._names, self.sudo, self.version)
        self._in_arguments = words_in(policy)
        self._followed = follows_links(view.rows("sysctl"))
        others = [name for name, account in view.accounts.items() if account.uid != 0]
        named = frozenset(row["name"] for row in packages)
        self._known = Known(view.ground, named, [view.root.name])
        self._others = replace(self._known, users=others)
        self.unread: dict[tuple[str, str], None] = {}  # places and commands of which it is not known what they do
        self._probes: dict[tuple[Command, int], Sequence[Probe]] = {}

    def mark(self, account: Account) -> Hashable:
        """Accounts with the same mark have the same ways, but for those to themselves."""
        own = (account.name, self._home(account))
        by_account = account.name if self._freedoms.by_account or account.name in self._changers else ""
        return self.sudo.mark(account), by_account, *(word if word in self._in_arguments else "" for word in own)

    @cached_property
    def _changers(self) -> frozenset[str]:
        """The accounts that can change any file that arguments name."""
        paths = paths_in(self._in_arguments)
        self._policy.spend(len(paths))
        return frozenset(name for path in paths for name in self._view.files.changers_of(path))

    def of(self, account: Account) -> list[Way]:
        """The ways of an account, in its name; those to itself among them."""
        found = _once(way for right in self.sudo.rights(account) if not right.command.negated
                      for way in self._by_right(account, right))  # fmt: skip
        everything = {way.becomes for way in found if way.thing == "ALL" and way.certain}
        root = self._view.root.name
        if root not in everything:
            self._note_unread(account)
        return [
            replace(way, besides_all=way.thing != "ALL" and bool(everything & {root, way.becomes})) for way in found
        ]

    def _by_right(self, account: Account, right: Right) -> Iterator[Way]:
        """To root; else, by an entry that does not give root, to root by a group, and to others."""
        asked = self._asked(right.command, self._known)
        if asked or self._freedoms.may_open(right):
            if way := self._strongest(account, right, self._view.root, asked):
                yield way
                return
            yield from self._by_groups(account, right, asked)
            for target in self._targets(account, right):
                if way := self._strongest(account, right, target, asked):
                    yield way
        yield from self._by_names(account, right)

    def _note_unread(self, account: Account) -> None:
        """Note entries by which an account runs what nobody has looked at: a few, and each once."""
        for right in self.sudo.rights(account):
            place = f"{right.rule.source}:{right.rule.line}", right.command.text
            if (
                len(self.unread) < _MOST_UNREAD
                and place not in self.unread
                and is_unread(right.command, self._known.ground)
            ):
                asked = Request(self._view.root, right.command.text, pattern=right.command.arguments)
                targets = (self._view.root, *self._targets(account, right))
                if any(right in self.sudo.decide(account, replace(asked, target=one)).by for one in targets):
                    self.unread[place] = None

    def _asked(self, command: Command, known: Known) -> Sequence[Probe]:
        """What to ask of a command; what may open most comes first."""
        key = command, id(known)
        found = self._probes.get(key)
        if found is None:
            if len(self._probes) >= _MOST:
                self._probes.clear()
            found = self._probes[key] = sorted(probes(command, known), key=plainness)
        self._policy.spend(len(found) // 16)
        return found

    def _strongest(self, account: Account, right: Right, target: Account, asked: Sequence[Probe]) -> Way | None:
        """The strongest way to the target that an entry opens, if it decides."""
        best = self._best(account, right, target, asked, None)
        if best is None or best[1].fit.gives != "shell" or best[1].doubt:
            more = sorted(self._freedoms.probes(account, right, target), key=lambda probe: rank(probe.openings[0]))
            best = self._best(account, right, target, more, best)
        return self._way(account, right, *best, best[1].fit.how) if best else None

    def _best(
        self, account: Account, right: Right, target: Account, asked: Sequence[Probe], best: _Found | None
    ) -> _Found | None:
        """The strongest opening of all that are asked, and of one that is known, with its request."""
        is_root, can_login = target.uid == 0, bool(self._users.get(target.name, {}).get("can_login"))
        for probe in asked:
            if best and rank(best[1]) <= rank(probe.openings[0]):
                break
            request = probe.request(target)
            for opening in self._opened(account, right, request, probe):
                fits = self._is_root(opening.fit.user) if is_root else as_another(opening.fit, can_login=can_login)
                if fits and (best is None or rank(opening) < rank(best[1])):
                    best = request, opening
        return best

    def _is_root(self, user: str | None) -> bool:
        """Whether arguments that name an account, or none, lead to root."""
        known = self._view.accounts.get(user) if user else self._view.root
        return known is not None and known.uid == 0

    def _by_names(self, account: Account, right: Right) -> Iterator[Way]:
        """To other accounts, which the arguments of a program name that root runs."""
        best: dict[str, _Found] = {}
        is_open = plain(right.command.arguments or "") is None
        for probe in self._asked(right.command, self._others if is_open else self._known):
            first, named = rank(probe.openings[0]), {opening.fit.user for opening in probe.openings}
            if not any(user and (user not in best or first < rank(best[user][1])) for user in named):
                continue
            request = probe.request(self._view.root)
            for opening in self._opened(account, right, request, probe):
                user = opening.fit.user
                if user and self._may_be(user, opening.fit):
                    best[user] = min(
                        best.get(user, (request, opening)), (request, opening), key=lambda one: rank(one[1])
                    )
        self._policy.spend(len(best))
        for user, found in best.items():
            if user != account.name:
                yield replace(self._way(account, right, *found, found[1].fit.how), becomes=user)

    def _may_be(self, user: str, fit: Fit) -> bool:
        """Whether there is such an account, and it is not root: a directory may hold any."""
        known = self._view.accounts.get(user)
        if known is None:
            return self._view.has_directory
        return known.uid != 0 and (not fit.login or bool(self._users.get(user, {}).get("can_login")))

    def _by_groups(self, account: Account, right: Right, asked: Sequence[Probe]) -> Iterator[Way]:
        """By a group, chosen with -g as oneself or as another: to root where it is as good, else to the group."""
        root = self._view.root.name
        for group in choosable(self._policy, right, self.groups, account):
            power = by_group().get(group.name)
            gives, how = (power.gives, power.how) if power else (None, RIGHTS)
            ways = (
                self._way(account, right, request, opening, how_with(group, how))
                for target in (account, *self._targets(account, right))
                for probe in (*asked, *self._freedoms.probes(account, right, target, group))
                for request in (replace(probe.request(target), group=group, as_user=target is not account),)
                for opening in self._opened(account, right, request, probe)
                if with_group(opening.fit, group.name, gives)
            )
            if (way := next(ways, None)) is None:
                continue
            if power:
                yield replace(way, becomes=root, gives=power.gives)
            else:
                self._view.chosen.setdefault(step(group).name, step(group))
                yield replace(way, becomes=step(group).name, gives="shell")

    def _opened(self, account: Account, right: Right, request: Request, probe: Probe) -> Iterator[Opening]:
        """What a request opens where the entry may decide it, and asks for no password but one's own."""
        decision = self.sudo.decide(account, request)
        if decision.allowed is False or right not in decision.by:
            return
        asked = self.sudo.asks(account, request, right)[0]
        if asked not in ("", "own"):
            return  # who knows root's password has it anyhow
        refused = _NO_TRY if asked and self.sudo.defaults.takes_no_password(account, request) else None
        noexec = self.sudo.noexec(account, request, right)
        fixed = right.grant.options.get("CWD", "*") != "*"
        caller = Caller(account.name, self._view.files, self._followed, fixed)
        for opening in probe.openings:
            if (opening.fit.exec and noexec) or (opening.followed and not self._may_link(account, request, right)):
                continue
            mine = is_all_mine(opening.fit, caller)
            if mine is not False:
                yield replace(opening, doubt=opening.doubt or refused or (None if mine else OWNED))

    def _way(self, account: Account, right: Right, request: Request, opening: Opening, how: Text) -> Way:
        decision = self.sudo.decide(account, request)
        own = next(one for one in decision.by if one == right)
        place, thing = (opening.by, f"Defaults {opening.by.name}") if opening.by else (right.rule, right.command.text)
        is_allowed = decision.allowed is True and own.certain
        doubt = opening.doubt if is_allowed else None
        return Way(
            account.name, request.target.name, "sudo", thing, opening.fit.gives, _doubted(how, doubt), place.source,
            place.line, opening.fit.program, self.sudo.asks(account, request, right)[0] or "none",
            certain=is_allowed and doubt is None, doubt=doubt.en if doubt else "",
        )  # fmt: skip

    def _home(self, account: Account) -> str:
        return self._users.get(account.name, {}).get("home") or ""

    def _may_link(self, account: Account, request: Request, right: Right) -> bool:
        """Whether sudoedit follows links also in folders of who asks, and a file to edit is in one."""
        follows = right.grant.tags.get("FOLLOW")
        if follows is None:
            follows = self.sudo.option("sudoedit_follow", account, request, otherwise=False)
        if not follows or self.sudo.option("sudoedit_checkdir", account, request, otherwise=True):
            return False
        home = self._home(account)
        own = (f"{home.rstrip('/')}/",) if home.count("/") > 1 else ()
        return any(
            word.startswith((*OPEN, *own)) or self._view.files.can_link(account.name, word, self._followed)
            for word in request.arguments
        )

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
