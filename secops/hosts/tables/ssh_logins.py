"""How each local account may log in over SSH: sshd's settings, its Match blocks and its lists of names, worked out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import combinations

from secops.hosts.evidence import Evidence, Problem
from secops.hosts.tables import Built, Column, Row, Table, derive, group_members, sshd_effective, users
from secops.hosts.tables.groups import GROUP
from secops.hosts.tables.users import PASSWD

#: True, False, or None for what is not known.
Truth = bool | None

#: What must hold of a connection beside its user (`address 10.0.0.0/8`); None when nothing makes it fit.
Conditions = frozenset[str] | None

_LISTS = ("denyusers", "allowusers", "denygroups", "allowgroups")
_VARYING = ("permitrootlogin", "kbdinteractiveauthentication", "usepam")
_METHODS = ("passwordauthentication", "permitemptypasswords", "pubkeyauthentication", "authenticationmethods")
_SESSION = ("forcecommand", "allowagentforwarding", "disableforwarding")
_FILES = "authorizedkeysfile"
_DECIDING = (_FILES, *_LISTS, *_VARYING, *_METHODS, *_SESSION)
_KINDS = ("password", "empty_password", "publickey", "publickey_shell", "agent_forwarding")
_CRITERION = re.compile(r'(?:invalid-user|([a-z]+) ("[^"]*"|[^ ]+))(?: |$)')
_MOST_TOLD = 5  # conditions of which every combination is looked at
_BUDGET = 2_000_000  # comparisons: no configuration may stall a scan


def build(evidence: Evidence) -> Built:
    built = Built()
    sshd = derive(sshd_effective.TABLE, evidence)
    accounts, groups, problems = _accounts(evidence)
    built.problems = [*sshd.problems[""], *problems]
    server = _Server(sshd.rows)
    if server.is_dear(groups):
        built.lack("sshd has too many Match blocks or patterns for so many accounts to be worked out")
    elif sshd.rows:
        built.rows = [_logins(server, account, groups[name]) for name, account in sorted(accounts.items())]
    if any(None in row.values() for row in built.rows):
        built.problems += [problem for part in _VARYING for problem in sshd.problems[part]]
        if not built.problems:
            built.lack("sshd has too many Match blocks for every combination to be worked out")
    return built


def key_files(evidence: Evidence) -> dict[str, set[str]]:
    """By account the files of keys that sshd reads on some connection of it, tokens (`%h`) unexpanded; `none` is left
    out. Accounts of which that is not known are not there.
    """
    accounts, groups, _ = _accounts(evidence)
    server = _Server(derive(sshd_effective.TABLE, evidence).rows)
    if server.is_dear(groups):
        return {}
    found = {name: server.key_files(name, groups[name]) for name in accounts}
    return {name: files for name, files in found.items() if files is not None}


def _accounts(evidence: Evidence) -> tuple[dict[str, Row], dict[str, set[str]], list[Problem]]:
    """(accounts by name, their groups, why these are not all). Of two with one name the first is used."""
    accounts, members = users.build(evidence), group_members.build(evidence)
    groups: dict[str, set[str]] = {row["user_name"]: set() for row in accounts.rows}
    for row in members.rows:
        if row["group_name"] and row["user_name"] in groups:
            groups[row["user_name"]].add(row["group_name"])
    first = {row["user_name"]: row for row in reversed(accounts.rows)}
    return first, groups, [*accounts.problems, *members.problems]


def _logins(server: _Server, account: Row, groups: set[str]) -> Row:
    """What some connection of the account allows, of those that the Match blocks tell apart."""
    name = account["user_name"]
    ways: list[tuple[Truth, ...]] = []
    if account["can_login"]:
        told, connections = server.connections(name, groups)
        for force in connections:
            if server.admits(force, name, groups):
                ways.append(server.ways(force, is_root=account["uid"] == 0))
        if told > _MOST_TOLD:
            ways.append((None,) * len(_KINDS))  # a connection that was not looked at may be let in
    return {"user_name": name} | {kind: _any(way[at] for way in ways) for at, kind in enumerate(_KINDS)}


def _connections(told: Collection[frozenset[str]]) -> set[frozenset[str]]:
    """What connections may fulfil of the conditions that blocks ask for: any together; of many, each and all."""
    together = range(len(told) + 1) if len(told) <= _MOST_TOLD else (0, 1, len(told))
    return {frozenset[str]().union(*some) for count in together for some in combinations(told, count)}


class _Names:
    """Names as sshd's lists give them: plain ones, and patterns with `*` and `?`."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = {word for word in words if word}
        self.patterns = [word.replace("[", "[[]") for word in self.words if {"*", "?"} & {*word} and len(word) < 256]

    def match(self, names: Iterable[str]) -> bool:
        return any(name in self.words or any(fnmatchcase(name, p) for p in self.patterns) for name in names)


class _Server:
    """The settings that decide about logins, of every Match block and outside of all (`""`)."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.values: dict[str, dict[str, list[str | None]]] = {key: {} for key in _DECIDING}
        for row in rows:
            if row["key"] in self.values:
                self.values[row["key"]].setdefault(row["match_context"], []).append(row["value"])
        contexts = {context for settings in self.values.values() for context in settings if context}
        self.criteria = {context: _criteria(context) for context in contexts}
        self.lists = {
            (key, context): _listed(key, [word for value in values if value for word in value.split(" ")])
            for key in _LISTS
            for context, values in self.values[key].items()
        }
        names = list(self.lists.values())
        for found in self.criteria.values():
            names += [entry for _, wanted, unwanted in found for entry in (wanted, unwanted)]
        patterns = 1 + sum(len(entry.patterns) for entry in names)
        #: Comparisons for one account, about.
        self.cost = (len(contexts) + 2 ** min(len(contexts), _MOST_TOLD) + 1) * (len(contexts) + patterns)

    def is_dear(self, groups: Mapping[str, set[str]]) -> bool:
        """Whether it would take too long for so many accounts, of these groups."""
        return bool((len(groups) + sum(map(len, groups.values()))) * self.cost > _BUDGET)

    def connections(self, name: str, groups: set[str]) -> tuple[int, list[set[str]]]:
        """(conditions that blocks ask for beside the account, the blocks in force on connections of it)."""
        blocks = {context: self.conditions(context, name, groups) for context in self.criteria}
        told = {conditions for conditions in blocks.values() if conditions is not None}
        force = [
            {context for context, asked in blocks.items() if asked is not None and asked <= connection}
            for connection in _connections(told)
        ]
        return len(told), force

    def key_files(self, name: str, groups: set[str]) -> set[str] | None:
        """What AuthorizedKeysFile holds on some connection of an account; None when that is not known."""
        told, connections = self.connections(name, groups)
        values = {self.value(force, _FILES) for force in connections}
        if None in values or told > _MOST_TOLD:
            return None
        return {word for value in values if value for word in value.split(" ")} - {"none"}

    def conditions(self, context: str, name: str, groups: set[str]) -> Conditions:
        """What else must hold of a connection for the block to be in force for this user."""
        rest = set()
        for criterion, wanted, unwanted in self.criteria[context]:
            own = [name] if criterion == "user" else groups if criterion == "group" else None
            if own is None:
                rest.add(criterion)
            elif unwanted.match(own) or not wanted.match(own):
                return None
        return None if "invalid-user" in rest else frozenset(rest)

    def _contexts(self, blocks: set[str], key: str) -> list[str]:
        """Where the keyword is set, in the order in which sshd takes it: the blocks in force, then the global line."""
        return [context for context in self.values[key] if context in blocks] + [""]

    def value(self, blocks: set[str], key: str) -> str | None:
        return self.values[key].get(self._contexts(blocks, key)[0], [None])[0]

    def admits(self, blocks: set[str], name: str, groups: set[str]) -> bool:
        """Whether AllowUsers and its like let the user in from some address. A block's lists replace the global one."""
        for key in _LISTS:
            contexts = self._contexts(blocks, key)
            lists = [self.lists[key, context] for context in contexts[:-1] or contexts if (key, context) in self.lists]
            listed = any(names.match([name] if key.endswith("users") else groups) for names in lists)
            if any(names.words for names in lists) and listed == key.startswith("deny"):
                return False
        return True

    def ways(self, blocks: set[str], *, is_root: bool) -> tuple[Truth, ...]:
        """As `_KINDS` names them."""
        plain, keyboard, pam, empty, key = (
            _is(self.value(blocks, name), "yes")
            for name in (
                "passwordauthentication", "kbdinteractiveauthentication", "usepam", "permitemptypasswords",
                "pubkeyauthentication",
            )
        )  # fmt: skip
        enabled = {"password": plain, "keyboard-interactive": _all((keyboard, pam)), "publickey": key}
        methods = self.value(blocks, "authenticationmethods") or "any"
        lists = [{word.partition(":")[0] for word in given.split(",")} for given in methods.split(" ")]
        if methods == "any":
            lists = [{method} for method in enabled]

        def alone(*kinds: str) -> Truth:
            return _any(_all(enabled[word] for word in given) for given in lists if given <= {*kinds})

        root = self.value(blocks, "permitrootlogin") if is_root else "yes"
        password = _all((alone("password", "keyboard-interactive"), _is(root, "yes")))
        by_key = _all((alone("publickey"), _is(root, "yes", "prohibit-password")))
        free, agent, closed = (self.value(blocks, name) for name in _SESSION)
        agent_too = _all((by_key, _is(agent, "yes"), _is(closed, "no")))
        return password, _all((password, empty)), by_key, _all((by_key, _is(free, "none"))), agent_too


def _listed(key: str, words: Sequence[str]) -> _Names:
    """The names of a list. USER@HOST lets the user in from somewhere, and keeps nobody out from everywhere."""
    if key == "denyusers":
        words = [word for word in words if "@" not in word or word.endswith("@*")]
    return _Names(word.rpartition("@")[0] if "@" in word and key.endswith("users") else word for word in words)


def _criteria(context: str) -> list[tuple[str, _Names, _Names]]:
    """(`user`, `group` or the whole criterion, names that match, names that must not) of a Match block."""
    found = []
    for match in _CRITERION.finditer(context):
        kind, value = match[1], (match[2] or "").strip('"')
        words = value.split(",") if kind in ("user", "group") else []
        if value != "*":
            wanted = _Names(word for word in words if not word.startswith("!"))
            unwanted = _Names(word[1:] for word in words if word.startswith("!"))
            found.append((kind if words else match[0].strip(), wanted, unwanted))
    return found


def _is(value: str | None, *wanted: str) -> Truth:
    return None if value is None else value in wanted


def _any(values: Iterable[Truth]) -> Truth:
    seen = set(values)
    return True if True in seen else None if None in seen else False


def _all(values: Iterable[Truth]) -> Truth:
    seen = set(values)
    return False if False in seen else None if None in seen else True


TABLE = Table(
    name="ssh_logins",
    doc="What the OpenSSH server lets each local account log in with, its Match blocks, AllowUsers and the like worked "
    "out. What hangs on the connection (addresses, ports) counts as allowed when some connection is. Empty without "
    "sshd. Whether the account has a password or a key is in shadow_meta and authorized_keys.",
    columns=(
        Column("user_name", "text", "login name"),
        Column("password", "boolean", "a password alone gives a session; NULL = not known"),
        Column("empty_password", "boolean", "a password alone gives a session, an empty one too; NULL = not known"),
        Column("publickey", "boolean", "a key alone gives a session, not only a forced command; NULL = not known"),
        Column("publickey_shell", "boolean", "likewise, and sshd itself forces no command on it (ForceCommand)"),
        Column("agent_forwarding", "boolean", "into a session that a key opens sshd forwards the agent of the client"),
    ),
    sections=(PASSWD, GROUP),
    build=build,
    extra_sections=sshd_effective.TABLE.extra_sections,
)
