"""`roles.yml`: who should hold which level where. The format is in docs/roles.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

import msgspec

from secops.core.content import read_as
from secops.core.errors import UsageError
from secops.core.i18n import N_, _
from secops.privilege.roles.levels import SEPARATE, Level
from secops.privilege.roles.posts import UNUSED_DAYS, Account, Grant, Holder, Kind, Names, Roles, Shared, Word

_LONGEST = 253
_HINT = N_("The format of roles.yml is in docs/roles.md.")


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account: login name, and the hosts where it is meant (all when there are none). Both may be globs."""

    login: str
    hosts: list[str] = []


class Right(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A level, the hosts where it is held (all when there are none), and its last day."""

    level: Level
    hosts: list[str] = []
    until: date | None = None


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody with accounts, and one level (on some hosts) or several in `levels`. `until` ends them all."""

    name: str
    accounts: list[str | Login]
    level: Level | None = None
    hosts: list[str] = []
    levels: list[Right] = []
    until: date | None = None


class Service(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account that a program uses, and who answers for it."""

    account: str | Login
    owner: str
    purpose: str
    level: Level
    until: date | None = None


class Excepted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account that needs a reason: for emergencies, or used by several people."""

    account: str | Login
    reason: str
    until: date | None = None


class Joined(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two duties that one person may hold here all the same, and why."""

    duties: list[Level]
    reason: str


class RolesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    people: list[Person] = []
    services: list[Service] = []
    break_glass: list[Excepted] = []
    shared: list[Excepted] = []
    host_groups: dict[str, list[str]] = {}
    separate: list[list[Level]] = []
    may_join: list[Joined] = []
    unused_days: int = UNUSED_DAYS


def load(path: Path) -> Roles:
    """What a file declares. Raises `UsageError` that names the file, and the line or the field."""
    file = read_as(path, RolesFile, hint=_(_HINT))
    for place, fault in _faults(file):
        raise UsageError(f"{fault} - at `$.{place}`", where=str(path), hint=_(_HINT))
    joined = {frozenset(entry.duties) for entry in file.may_join}
    separate = (SEPARATE | {frozenset(pair) for pair in file.separate}) - joined
    shared = [Shared(_account(entry.account, file), entry.until) for entry in file.shared]
    return Roles(tuple(_holders(file)), tuple(shared), separate, file.unused_days, str(path), tuple(_words(file)))


def _holders(file: RolesFile) -> Iterator[Holder]:
    for person in file.people:
        rights = person.levels or [Right(level, person.hosts) for level in (person.level,) if level]
        grants = [Grant(r.level, _names(r.hosts, file), _earlier(r.until, person.until)) for r in rights]
        yield _holder("person", person.name, person.accounts, grants, file)
    for service in file.services:
        grant = Grant(service.level, Names(), service.until)
        yield _holder("service", service.owner, [service.account], [grant], file)
    for entry in file.break_glass:
        grant = Grant(Level.SYSTEM, Names(), entry.until)
        yield _holder("break_glass", entry.reason, [entry.account], [grant], file)


def _holder(kind: Kind, name: str, accounts: Iterable[str | Login], grants: Iterable[Grant], file: RolesFile) -> Holder:
    return Holder(kind, name, tuple(_account(account, file) for account in accounts), tuple(grants))


def _account(account: str | Login, file: RolesFile) -> Account:
    """`login@host` is short for both; a login that holds an @ itself is written as a mapping."""
    if isinstance(account, Login):
        return Account(Names.of([account.login]), _names(account.hosts, file), account.login)
    login, at, host = account.rpartition("@")
    return Account(Names.of([login if at else host]), _names([host] if at else [], file), login if at else host)


def _names(hosts: Iterable[str], file: RolesFile) -> Names:
    """Hosts by name, glob or group; a group goes before a host of its name."""
    return Names.of([name for host in hosts for name in file.host_groups.get(host, [host])])


def _words(file: RolesFile) -> Iterator[Word]:
    """What names hosts and accounts. A group of hosts is looked at where it is made, not where it is used."""
    for number, person in enumerate(file.people):
        for account in person.accounts:
            yield from _words_of(f"people[{number}].accounts", account, file)
        yield from _hosts(f"people[{number}].hosts", person.hosts, file)
        for right in person.levels:
            yield from _hosts(f"people[{number}].levels", right.hosts, file)
    entries: dict[str, Sequence[Service | Excepted]] = {
        "services": file.services, "break_glass": file.break_glass, "shared": file.shared,
    }  # fmt: skip
    for kind, those in entries.items():
        for number, entry in enumerate(those):
            yield from _words_of(f"{kind}[{number}].account", entry.account, file)
    for name, hosts in file.host_groups.items():
        yield from (Word(f"host_groups.{name}", host, Names.of([host])) for host in hosts)


def _words_of(place: str, written: str | Login, file: RolesFile) -> Iterator[Word]:
    account = _account(written, file)
    if isinstance(written, Login):
        yield Word(place, written.login, account.hosts, account)
        yield from _hosts(place, written.hosts, file)
    else:
        _login, at, host = written.rpartition("@")
        yield Word(place, written, account.hosts, account, host if at else "")


def _hosts(place: str, hosts: Iterable[str], file: RolesFile) -> Iterator[Word]:
    yield from (Word(place, host, Names.of([host])) for host in hosts if host not in file.host_groups)


def _earlier(one: date | None, other: date | None) -> date | None:
    return min((day for day in (one, other) if day), default=None)


def _faults(file: RolesFile) -> Iterator[tuple[str, str]]:
    """(place, what is wrong there) of what fits the format and means nothing."""
    if not (file.people or file.services or file.break_glass):
        yield "people", _("declares nobody")
    if file.unused_days < 1:
        yield "unused_days", _("must be at least one day")
    yield from _faults_of_people(file.people)
    for number, service in enumerate(file.services):
        yield from _unfit(f"services[{number}]", service.owner, service.purpose, *_written(service.account))
    for kind, entries in (("break_glass", file.break_glass), ("shared", file.shared)):
        for number, entry in enumerate(entries):
            yield from _unfit(f"{kind}[{number}]", entry.reason, *_written(entry.account))
    for name, hosts in file.host_groups.items():
        yield from _unfit(f"host_groups.{name}", name, *(hosts or [""]))
    for kind, pairs in (("separate", file.separate), ("may_join", [entry.duties for entry in file.may_join])):
        for number, pair in enumerate(pairs):
            if len(pair) != 2 or pair[0] == pair[1]:
                yield f"{kind}[{number}]", _("name two different duties")
    for number, joined in enumerate(file.may_join):
        yield from _unfit(f"may_join[{number}].reason", joined.reason)


def _faults_of_people(people: Iterable[Person]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for number, person in enumerate(people):
        place = f"people[{number}]"
        accounts = [word for account in person.accounts for word in _written(account)]
        yield from _unfit(place, person.name, *accounts, *person.hosts, *(h for r in person.levels for h in r.hosts))
        if not accounts:
            yield place, _("{name} has no account").format(name=person.name)
        if bool(person.levels) == bool(person.level) or (person.levels and person.hosts):
            yield place, _("{name} needs either level (and hosts), or levels").format(name=person.name)
        if person.name in seen:
            yield place, _("{name} stands twice").format(name=person.name)
        seen.add(person.name)


def _written(account: str | Login) -> list[str]:
    return account.rsplit("@", 1) if isinstance(account, str) else [account.login, *account.hosts]


def _unfit(place: str, *words: str) -> Iterator[tuple[str, str]]:
    for word in words:
        if not word or not word.isprintable() or word != word.strip() or len(word) > _LONGEST:
            yield place, _("the name {name!r} is empty, too long or not printable").format(name=word[:80])
