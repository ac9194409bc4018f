"""What policies (sudo, doas) let an account do that does not make it root: an operator's rights, or a duty's.

What makes root is in `root_ways`, worked out of the policies themselves; here rows of their tables are enough.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from secops.hosts.sudoers import Answer, Member, decides
from secops.hosts.tables import Built, Row
from secops.privilege.accounts import Account
from secops.privilege.roles.duties import of_command
from secops.privilege.roles.levels import Level
from secops.privilege.sudo.sudo import is_user

#: Lists of users looked at for accounts, over a whole host: more would take longer than they are worth.
MAX_STEPS = 1_000_000

_PASSWORD_OF_OTHERS = ("rootpw", "targetpw", "runaspw")


@dataclass(frozen=True)
class Entry:
    """One command of the policy: for whom, and as whom. `targets` holds root when the whole list lets root in."""

    position: int
    users: tuple[Member, ...]
    here: Answer
    as_root: Answer
    targets: frozenset[str]
    command: str
    arguments: str | None
    negated: bool
    source: str
    line: int

    def level_for(self, user: str) -> Level | None:
        """What it makes of an account; None when that is nothing, or root, which `root_ways` knows better."""
        if self.command == "list" or not self.targets - {user} or (self.command == "ALL" and self.as_root):
            return None
        return of_command(self.command, self.arguments) if self.as_root else Level.OPERATOR


@dataclass
class Rights:
    """The policy of one host, asked for one account after the other. What is not known is told to `built`."""

    entries: Sequence[Entry]
    built: Built
    _steps: int = 0
    _told: set[str] = field(default_factory=set)
    _by_user: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    _by_list: dict[tuple[Member, ...], list[Entry]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for entry in self.entries:
            first = entry.users[0]
            if len(entry.users) == 1 and first.kind == "user" and not first.negated:
                self._by_user[first.text].append(entry)
            else:
                self._by_list[entry.users].append(entry)

    def of(self, account: Account) -> Iterator[tuple[Level, Entry]]:
        """The levels that entries give the account, but for those that a later entry takes back."""
        taken: dict[str, set[tuple[str | None, frozenset[str]]]] = defaultdict(set)
        for entry in sorted(self._for(account), key=lambda entry: entry.position, reverse=True):
            if entry.negated:
                taken[entry.command].add((entry.arguments, entry.targets))
            elif (level := entry.level_for(account.name)) and not _is_taken(entry, taken):
                yield level, entry

    def _for(self, account: Account) -> Iterator[Entry]:
        """The entries for the account here; of those of which that is not known, only what they take away."""
        lists: list[tuple[Answer, Sequence[Entry]]] = [(True, self._by_user.get(account.name, ()))]
        for users, listed in self._by_list.items():
            self._steps += len(users)
            if self._steps > MAX_STEPS:
                self._tell("", "there are too many sudo rules and accounts to be graded")
                return
            lists.append((decides(users, lambda member: is_user(member, account)), listed))
        for is_for, those in lists:
            for entry in those if is_for is not False else ():
                if is_for and entry.here:
                    yield entry
                elif entry.here is not False:
                    place = f"{entry.source}:{entry.line}"
                    self._tell(place, f"{place}: whether it is for {account.name} here is not known")
                    if entry.negated:
                        yield entry

    def _tell(self, place: str, reason: str) -> None:
        """What is lacking, once for each place."""
        if place not in self._told:
            self._told.add(place)
            self.built.lack(reason)


def _is_taken(entry: Entry, taken: dict[str, set[tuple[str | None, frozenset[str]]]]) -> bool:
    back = taken.get("ALL", set()) | taken.get(entry.command, set()) if taken else ()
    return any(
        arguments in (None, entry.arguments) and ("ALL" in targets or entry.targets <= targets)
        for arguments, targets in back
    )


def of_doas(rules: Iterable[Row]) -> Iterator[Entry]:
    """Rows of `doas_rules` as entries: a rule that denies takes back what those before it permit."""
    for row in rules:
        anyone, target = row["target"] is None, row["target"] or "root"
        as_root = target in ("root", "0")
        yield Entry(
            row["position"], (_identity(row["identity"]),), row["in_force"], as_root,
            frozenset({"root" if as_root else target, *(("ALL",) if anyone else ())}), row["command"] or "ALL",
            None if row["arguments"] is None else " ".join(row["arguments"]), not row["permit"],
            row["source"], row["line"],
        )  # fmt: skip


def _identity(written: str) -> Member:
    """An identity of doas.conf as sudo would write it."""
    name, is_group = written.removeprefix(":"), written.startswith(":")
    if name.isdecimal():
        return Member("gid", f"%#{name}") if is_group else Member("uid", f"#{name}")
    return Member("group", f"%{name}") if is_group else Member("user", name)


def of_sudo(rules: Iterable[Row], defaults: Iterable[Row], built: Built) -> Iterator[Entry]:
    """Entries of rows of `sudo_rules`. Those that ask for another's password than the account's are left out."""
    asks_others = _asks_others(defaults)
    by_position: dict[int, list[Row]] = defaultdict(list)
    for row in rules:
        by_position[row["position"]].append(row)
    for position, rows in by_position.items():
        first = rows[0]
        if asks_others is not False and not first["nopasswd"]:
            if asks_others is None:
                built.lack(f"{first['source']}:{first['line']}: whose password is asked is not known")
            continue
        users = dict.fromkeys(Member(row["user_kind"], row["user_name"], row["user_negated"]) for row in rows)
        yield Entry(
            position, tuple(users), first["here"], first["as_root"], _targets(rows), first["command"],
            first["arguments"], first["negated"], first["source"], first["line"],
        )  # fmt: skip


def _targets(rows: Sequence[Row]) -> frozenset[str]:
    named = {row["runas_user"] for row in rows if row["runas_user"] and not row["runas_negated"]}
    named |= {f"%{row['runas_group']}" for row in rows if row["runas_group"] and not row["runas_negated"]}
    return frozenset(named | {"root"} if rows[0]["as_root"] else named)


def _asks_others(defaults: Iterable[Row]) -> Answer:
    """Whether sudo asks for root's or the target's password: who knows it needs no rule. None: of some it does."""
    asked: Answer = False
    for row in sorted(defaults, key=lambda row: row["position"]):
        if row["option"] in _PASSWORD_OF_OTHERS:
            asked = (not row["negated"]) if row["scope"] == "global" else (None if not row["negated"] else asked)
    return asked
