"""Posts (岗位): what `roles.yml` declares, asked for one host and one day."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import translate
from typing import Literal

from secops.privilege.roles.levels import Level, Pair

Kind = Literal["person", "service", "break_glass"]

#: Days after which a right counts as unused, unless `roles.yml` says otherwise.
UNUSED_DAYS = 90


@dataclass(frozen=True)
class Names:
    """Names by glob, as fnmatch has them. Without a pattern every name is one."""

    pattern: re.Pattern[str] | None = None

    @classmethod
    def of(cls, globs: Iterable[str]) -> Names:
        """Every name that one of the globs takes in; every name when there are none."""
        parts = [translate(glob) for glob in globs]
        return cls(re.compile("|".join(parts)) if parts else None)

    def __contains__(self, name: str) -> bool:
        return self.pattern is None or self.pattern.match(name) is not None


@dataclass(frozen=True)
class Account:
    """An account as declared: login names, the hosts where they are meant, and the login as it is written."""

    login: Names
    hosts: Names
    written: str

    @property
    def is_glob(self) -> bool:
        return any(char in self.written for char in "*?[")

    def is_among(self, logins: Collection[str]) -> bool:
        """Whether it takes in one of the logins."""
        return any(login in self.login for login in logins) if self.is_glob else self.written in logins


@dataclass(frozen=True)
class Word:
    """A word of `roles.yml` that means hosts, or an account on some, and where it stands.

    `host` is the part of `login@host` behind the @.
    """

    place: str
    written: str
    hosts: Names
    account: Account | None = None
    host: str = ""


@dataclass(frozen=True)
class Grant:
    """A level on hosts, with its last day."""

    level: Level
    hosts: Names = Names()
    until: date | None = None


@dataclass(frozen=True)
class Shared:
    """An account that several people may use, up to a day."""

    account: Account
    until: date | None = None


@dataclass(frozen=True)
class Holder:
    """Whoever is declared: a person by name, a service by its owner, an account for emergencies by its reason."""

    kind: Kind
    name: str
    accounts: tuple[Account, ...]
    grants: tuple[Grant, ...]


@dataclass(frozen=True)
class Post:
    """A holder on one host and day: the accounts declared for it, the levels in force, and the days others ended."""

    holder: Holder
    accounts: tuple[Account, ...]
    levels: frozenset[Level]
    ended: Mapping[Level, date]


@dataclass(frozen=True)
class Roles:
    """What is declared. `separate` are duties that no person may join, `unused_days` when a right counts as unused.

    `words` are what is to be found among the hosts and accounts of a run.
    """

    holders: tuple[Holder, ...]
    shared: tuple[Shared, ...]
    separate: frozenset[Pair]
    unused_days: int
    source: str
    words: tuple[Word, ...] = ()

    def posts(self, host: str, today: date) -> Iterator[Post]:
        """The posts on a host: of holders that have an account or, said of this host itself, a level there."""
        for holder in self.holders:
            accounts = tuple(account for account in holder.accounts if host in account.hosts)
            grants = [grant for grant in holder.grants if host in grant.hosts]
            if accounts or any(grant.hosts.pattern for grant in grants):
                levels = frozenset(grant.level for grant in grants if _holds(grant.until, today))
                past = {grant.level: grant.until for grant in grants if grant.until and grant.level not in levels}
                yield Post(holder, accounts, levels, past)

    def may_share(self, user: str, host: str, today: date) -> bool:
        """Whether several people may use the account on the host."""
        return any(
            user in shared.account.login and host in shared.account.hosts and _holds(shared.until, today)
            for shared in self.shared
        )


#: What is declared where nobody has declared anything.
NOBODY = Roles((), (), frozenset(), UNUSED_DAYS, "")


def _holds(until: date | None, today: date) -> bool:
    return until is None or today <= until
