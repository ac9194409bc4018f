"""Ways by sudo: entries of its policy by which an account runs, as another, what gives the other's power."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace

from secops.hosts.sudoers import Member, TooLargeError
from secops.hosts.tables import Built
from secops.hosts.tables._sudo import SECTIONS, read_policy, tell_faults
from secops.privilege.accounts import Account
from secops.privilege.sudo.unread import tell_unread
from secops.privilege.sudo.ways import SudoWays
from secops.privilege.way import EVERYONE, Kind, View, Way

#: sudo before this refuses every request while a line of the policy is broken.
_RECOVERS = (1, 9, 3)

#: What stands for every account: it has no name that a rule could except.
_ANYONE = Account("")


def find(view: View, built: Built) -> Iterator[Way]:
    """Entries of the sudoers policy that make an account root, or another account."""
    built.problems += [problem for section in SECTIONS if (problem := view.evidence.problem(section))]
    policy = read_policy(view.evidence, built)
    try:
        asked = SudoWays(view, policy)
        tell_faults(policy, built)
        if policy.broken and asked.version and asked.version < _RECOVERS:
            built.lack(
                "sudo before 1.9.3 refuses all requests while a line is broken: a newer one would do as told here"
            )
        yield from _told(view, asked)
        tell_unread(asked.unread, built)
    except TooLargeError as error:
        built.lack(str(error))


def _told(view: View, asked: SudoWays) -> Iterator[Way]:
    """The ways of each account; those that all local accounts go are one for everyone."""
    known: dict[Hashable, list[Way]] = {}

    def ways(account: Account) -> list[Way]:
        mark = asked.mark(account)
        if mark not in known:
            known[mark] = asked.of(account)
        return known[mark]

    local = {account.name: ways(account) for account in view.accounts.values() if account.uid != 0}
    for_all = _for_all(ways(_ANYONE), local.values()) if local else {}
    yield from (replace(way, user=EVERYONE) for way in for_all.values())
    elsewhere = {account.name: ways(account) for account in _of_a_directory(view, asked)}
    own = {id(found): [way for way in found if not _is_among(way, for_all)] for found in known.values()}
    for name, found in (*local.items(), *elsewhere.items()):
        for way in own[id(found)]:
            if not _is_same(view, name, way.becomes):
                yield replace(way, user=name)
    yield from _of_steps(view, ways, for_all)


def _of_steps(view: View, ways: Callable[[Account], list[Way]], for_all: dict[Hashable, Way]) -> Iterator[Way]:
    """The ways of groups that may be chosen, and of those that they may choose in their turn."""
    done = set[str]()
    while todo := [step for name, step in view.chosen.items() if name not in done]:
        for step in todo:
            done.add(step.name)
            yield from (replace(way, user=step.name) for way in ways(step) if not _is_among(way, for_all))


def _for_all(anyone: Iterable[Way], others: Iterable[Sequence[Way]]) -> dict[Hashable, Way]:
    """The ways of anyone that every local account has too."""
    found = {_place(way): way for way in anyone if way.certain}
    for ways in {id(ways): ways for ways in others}.values():
        places = {_place(way) for way in ways}
        found = {place: way for place, way in found.items() if place in places}
    return found


def _is_among(way: Way, for_all: dict[Hashable, Way]) -> bool:
    told = for_all.get(_place(way))
    return told is not None and replace(told, user=way.user) == way


def _place(way: Way) -> Hashable:
    return way.becomes, way.thing, way.source, way.line


def _is_same(view: View, name: str, other: str) -> bool:
    """Whether two names are one account to the kernel."""
    one, two = view.accounts.get(name), view.accounts.get(other)
    return name == other or (one is not None and two is not None and one.uid == two.uid)


def _of_a_directory(view: View, asked: SudoWays) -> Iterator[Account]:
    """Users and groups that rules name and a directory may hold: one account each, called as the rule writes it."""
    if not view.has_directory:
        return
    for member in dict.fromkeys(replace(member, negated=False) for member in asked.sudo.named):
        number = _number(member)
        match member.kind:
            case "user" if member.text not in view.accounts:
                yield Account(member.text)
            case "uid" if number is not None and not view.names_of(number):
                yield Account(member.text, number)
            case "gid" if number is not None:
                yield Account(member.text, gids=frozenset({number}))
            case "group":
                group = asked.groups.get(member.text[1:])
                gids = frozenset({group.gid} if group and group.gid is not None else ())
                yield Account(member.text, groups=frozenset({member.text[1:]}), gids=gids)


def _number(member: Member) -> int | None:
    text = member.text.lstrip("%#")
    return int(text) if member.kind in ("uid", "gid") and text.isdecimal() and len(text) <= 10 else None


KIND = Kind("sudo", (), find)
