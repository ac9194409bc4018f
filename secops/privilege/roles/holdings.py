"""What the accounts of one host really hold: levels, each with the row that proves it. A pure function over rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from secops.hosts.evidence import Problem, Status
from secops.hosts.tables import Built, Facts, Row
from secops.privilege.accounts import Account, accounts, root_of
from secops.privilege.roles.duties import of_group
from secops.privilege.roles.levels import Level, in_order
from secops.privilege.roles.policy_rights import Rights, of_doas, of_sudo
from secops.privilege.way import EVERYONE

#: Tables that say which accounts there are, what they may do, what opens them, and what was used.
_ACCOUNTS = ("users", "groups", "group_members")
_RIGHTS = ("root_ways", "account_ways", "sudo_rules", "sudo_defaults", "doas_rules")
_SHADOW, _KEYS = "shadow_meta", "authorized_keys"
_USE = ("last_logins", "sudo_use")

#: What passwords open an account. A hash that we do not know may be one that the host does.
_OPENING = ("set", "empty", "unrecognised")

_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Proof:
    """The row that gives a level: the kind of way, the thing, where it stands; `more` others give the same.

    `changed`: when a file of sudo rules was last changed, in seconds since 1970; None where it is not known.
    """

    way: str
    thing: str
    source: str
    line: int | None
    more: int = 0
    changed: int | None = None


@dataclass(frozen=True)
class Held:
    """What one account holds. `can_login` is None when it is not known; `is_root` is root itself, who has no level.

    `uses` are its rows of the tables of use: by `login`, `sudo` and `doas`.
    """

    user: str
    levels: Mapping[Level, Proof] = field(default_factory=dict)
    can_login: bool | None = None
    is_root: bool = False
    keys: tuple[Row, ...] = ()
    uses: Mapping[str, Row] = field(default_factory=dict)


@dataclass(frozen=True)
class Holdings:
    """The accounts of a host that hold something, or could be shared; `lacks`: why that may not be all, by subject."""

    accounts: Mapping[str, Held]
    lacks: Mapping[str, list[Problem]]


def holdings(tables: Mapping[str, Facts], today: date) -> Holdings:
    """What each account of a host holds. Tables that are not there, or not whole, are told in `lacks`."""
    host = _Host(tables, today)
    found = {user: host.held(user) for user in host.names()}
    _pass_on(found, host.rows("account_ways"))
    is_open = any(found[user].can_login is None and not found[user].is_root for user in host.passwd)
    lacks = {
        "": [*host.problems(*_ACCOUNTS), *host.of_a_directory()],
        "rights": [*host.problems(*_RIGHTS, *((_SHADOW, _KEYS) if is_open else ())), *host.built.problems],
        "shared": list(host.problems(_KEYS)),
        "use": list(host.problems(*_USE, parts=False)),
    }
    return Holdings({user: replace(held, levels=_strongest(held)) for user, held in found.items()}, lacks)


class _Host:
    """The rows of one host, by account."""

    def __init__(self, tables: Mapping[str, Facts], today: date) -> None:
        self.tables, self.built = tables, Built()
        self.today = today.toordinal() - _EPOCH
        self.known = accounts(self.rows("users"), self.rows("group_members"))
        self.root = root_of(self.known)
        self.passwd = {row["user_name"]: row for row in reversed(self.rows("users"))}
        self.shadow = {row["user_name"]: row for row in reversed(self.rows(_SHADOW))}
        self.keys = _by_user(row for row in self.rows(_KEYS) if row["effective"] and row["accepted"] is not False)
        self.opened = not any(self.problems(_SHADOW, _KEYS))
        self.ways = _by_user(way for way in self.rows("root_ways") if way["certain"])
        self.others = _by_user(way for way in self.rows("account_ways") if way["certain"])
        self.groups = _by_user(self.rows("group_members"))
        self.group_lines = {row["group_name"]: row["line"] for row in reversed(self.rows("groups"))}
        self.uses = {("login", row["user_name"]): row for row in self.rows("last_logins")}
        self.uses |= {(row["program"], row["user_name"]): row for row in self.rows("sudo_use")}
        self.changed = {row["source"]: row.get("changed") for row in self.rows("sudo_rules")}
        sudo = of_sudo(self.rows("sudo_rules"), self.rows("sudo_defaults"), self.built)
        self.policies = {
            "sudo": Rights(list(sudo), self.built),
            "doas": Rights(list(of_doas(self.rows("doas_rules"))), self.built),
        }

    def rows(self, table: str) -> list[Row]:
        return list(self.tables[table].rows) if table in self.tables else []

    def problems(self, *names: str, parts: bool = True) -> Iterator[Problem]:
        """Why tables are not whole, with all their parts."""
        for name in names:
            if name not in self.tables:
                yield Problem(Status.ABSENT, f"{name}: not collected")
            else:
                told = self.tables[name].problems
                yield from dict.fromkeys(problem for part in (told if parts else ("",)) for problem in told[part])

    def of_a_directory(self) -> Iterator[Problem]:
        if [row["directory_accounts"] for row in self.rows("hosts")] != [False]:
            yield Problem(Status.FAILED, "accounts of a directory are not listed")

    def names(self) -> list[str]:
        """Accounts that are there, and those of a directory that rules name."""
        return [name for name in dict.fromkeys([*self.known, *self.ways, *self.others]) if name != EVERYONE]

    def held(self, user: str) -> Held:
        is_root = user == self.root.name and self.root.uid == 0
        return Held(
            user,
            {} if is_root else self._levels(user),
            self._can_login(user),
            is_root,
            tuple(self.keys.get(user, ())),
            {use: self.uses[use, user] for use in ("login", *self.policies) if (use, user) in self.uses},
        )

    def _levels(self, user: str) -> dict[Level, Proof]:
        found: dict[Level, Proof] = {}
        for level, proof in self._proofs(user):
            first = found.get(level)
            found[level] = replace(first, more=first.more + 1) if first else proof
        return found

    def _proofs(self, user: str) -> Iterator[tuple[Level, Proof]]:
        for way in self.ways.get(user, ()):
            if way["gives"] != "read":
                yield Level.SYSTEM, replace(_of_way(way), changed=self.changed.get(way["source"]))
            elif way["way"] not in self.policies:  # what a policy lets read is graded by the rule itself
                yield Level.OPERATOR, _of_way(way)
        for way in self.others.get(user, ()):
            if way["way"] not in self.policies:
                yield Level.OPERATOR, _of_way(way)
        for row in self.groups.get(user, ()):
            if level := of_group(row["group_name"] or "", user):
                line = self.group_lines.get(row["group_name"])
                yield level, Proof("group", row["group_name"], "/etc/group", line)
        for policy, rights in self.policies.items():
            for level, entry in rights.of(self.known.get(user, Account(user))):
                command = f"{entry.command} {entry.arguments}" if entry.arguments else entry.command
                yield level, Proof(policy, command, entry.source, entry.line, changed=self.changed.get(entry.source))
        if self._can_login(user) and user in self.passwd:
            yield Level.VIEWER, Proof("login", self.passwd[user]["shell"], "/etc/passwd", self.passwd[user]["line"])

    def _can_login(self, user: str) -> bool | None:
        """Whether the account gives a session to somebody: a shell, and a password or a key that opens it."""
        account, shadow = self.passwd.get(user), self.shadow.get(user)
        if account is None:
            return None
        ends = shadow["expire_day"] if shadow else None
        if not account["can_login"] or (ends is not None and ends <= self.today):
            return False
        if self.keys.get(user) or (shadow and shadow["password"] in _OPENING):
            return True
        return False if self.opened else None


def _by_user(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["user_name"]].append(row)
    return dict(found)


def _of_way(way: Row) -> Proof:
    return Proof(way["way"], way["thing"], way["source"], way["line"])


def _pass_on(found: dict[str, Held], ways: Iterable[Row]) -> None:
    """Who may become another account holds what that one holds, by the way that leads there."""
    into: dict[str, list[Row]] = defaultdict(list)
    for way in ways:
        if way["certain"] and way["gives"] != "read" and way["user_name"] in found:
            into[way["becomes"]].append(way)
    for level in Level:
        open_ = [user for user, held in found.items() if level in held.levels and user in into]
        while open_:
            for way in into.get(open_.pop(), ()):
                held = found[way["user_name"]]
                if level not in held.levels and not held.is_root and level is not Level.VIEWER:
                    found[held.user] = replace(held, levels={**held.levels, level: _of_way(way)})
                    open_.append(held.user)


def _strongest(held: Held) -> Mapping[Level, Proof]:
    """Without the levels that another holds anyhow: root's may do everything, and everybody's may look."""
    all_, more = in_order(held.levels), in_order(held.levels.keys() - {Level.VIEWER})
    kept = [Level.SYSTEM] if Level.SYSTEM in held.levels else more or all_
    return {level: held.levels[level] for level in kept}
