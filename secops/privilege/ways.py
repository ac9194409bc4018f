"""Ways of accounts to root on one host: the rows of `root_ways`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache

from secops.core.content import Text
from secops.hosts.evidence import Evidence, Problem, Status
from secops.hosts.sudoers import Command, TooLargeError
from secops.hosts.tables import Built, Facts, Row
from secops.hosts.tables.hosts import hostname
from secops.hosts.tables.root_ways import TABLE
from secops.hosts.tables.sudo_rules import MAX_ROWS, read_policy
from secops.privilege.accounts import Account, accounts, root_of
from secops.privilege.patterns import is_wild
from secops.privilege.sudo import Request, Right, Sudo, is_command
from secops.privilege.techniques import Technique, by_group, by_program, usable

#: Tables that say which accounts there are: without one of them a way may be missing.
_NEEDS = ("users", "groups", "group_members")

#: Where programs are looked for that a directory or a wildcard takes in.
_FOLDERS = ("/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/")

#: A program that no rule names: what is allowed for it is allowed for all.
_ANY = "/citywall/any-program"
_MAJOR = re.compile(r"(?:[0-9]{1,9}:)?([0-9]{1,9})")
_NOBODY = Account("")
_EVERYTHING = Text("any command", "任意命令")

_Found = tuple[str | None, str, Text]  # program, power, how


def privileges(evidence: Evidence, tables: Mapping[str, Facts]) -> dict[str, Facts]:
    """The tables that this room works out of one host's others. Never raises: a table that breaks is not whole."""
    try:
        return {TABLE.name: root_ways(evidence, tables)}
    except Exception as error:  # one host must not stop a fleet
        lack = Problem(Status.FAILED, f"cannot be worked out ({type(error).__name__})")
        return {TABLE.name: Facts([], {"": [lack], **{part: [lack] for part in TABLE.parts}})}


def root_ways(evidence: Evidence, tables: Mapping[str, Facts]) -> Facts:
    """The table `root_ways` of one host, from its sudoers policy and its other tables."""
    built = Built()
    known = accounts(tables["users"].rows, tables["group_members"].rows)
    built.rows += _second_roots(tables["users"].rows)
    built.rows += _groups(tables["group_members"].rows, tables["groups"].rows, known)
    try:
        sudo = Sudo(read_policy(evidence, Built()), hostname(evidence))
        majors = cache(lambda: _majors(tables["packages"].rows))
        elsewhere = _of_a_directory(sudo, known) if _has_directory(tables["hosts"].rows) else []
        root = root_of(known)
        for account in (*known.values(), *elsewhere):
            if account.uid != 0:
                built.rows += _besides(list(_by_sudo(sudo, account, root, majors)))
            if len(built.rows) > MAX_ROWS:
                built.lack(f"the policy expands to more than {MAX_ROWS} rows")
                break
    except TooLargeError as error:
        built.lack(str(error))
    for row in (row for row in built.rows if not row["certain"]):
        built.lack(f"{row['source']}:{row['line']}: whether it is for {row['user_name']} here is not known")
        break  # one says it
    lack = [problem for name in _NEEDS for problem in tables[name].problems[""]]
    of_sudo = tables["sudo_rules"].problems[""]  # what of the policy was not seen is told there
    return Facts(built.rows, {"": lack, "sudo": [*lack, *of_sudo, *built.problems]})


def _has_directory(hosts: Sequence[Row]) -> bool:
    return any(row["directory_accounts"] is not False for row in hosts)


def _of_a_directory(sudo: Sudo, known: Mapping[str, Account]) -> Iterator[Account]:
    """Users and groups that rules name and a directory may hold: one account each, called as the rule writes it."""
    for member in dict.fromkeys(sudo.named):
        if member.kind == "user" and member.text not in known:
            yield Account(member.text)
        elif member.kind == "group":
            yield Account(member.text, groups=frozenset({member.text[1:]}))


def _majors(packages: Sequence[Row]) -> dict[str, int]:
    """The number that a package's version begins with, for packages that end a technique."""
    asked = {t.closed.package for techniques in by_program().values() for t in techniques if t.closed}
    rows = (row for row in packages if row["name"] in asked)
    return {row["name"]: int(match[1]) for row in rows if (match := _MAJOR.match(row["version"] or ""))}


def _second_roots(users: Sequence[Row]) -> Iterator[Row]:
    for row in users:
        if row["uid"] == 0 and row["user_name"] != "root":
            how = Text("its uid is 0", "其 UID 为 0")
            yield _row(row["user_name"], "uid0", "0", None, "shell", how, "none", "/etc/passwd", row["line"])


def _groups(members: Sequence[Row], groups: Sequence[Row], known: Mapping[str, Account]) -> Iterator[Row]:
    """By number: that is what the kernel and the daemons look at."""
    names = {row["gid"]: row["group_name"] for row in groups if row["group_name"] in by_group()}
    told = set()
    for row in members:
        name, user = names.get(row["gid"]), row["user_name"]
        if name and user in known and known[user].uid != 0 and (user, name) not in told:
            told.add((user, name))
            power = by_group()[name]
            yield _row(user, "group", name, None, power.gives, power.how, "none", "/etc/group", None)


def _by_sudo(sudo: Sudo, account: Account, root: Account, majors: Callable[[], Mapping[str, int]]) -> Iterator[Row]:
    """The entries by which sudo makes the account root, each with the strongest way that it opens."""
    for right in sudo.rights(account):
        if right.command.negated:
            continue
        for request, found in _probes(right, root, majors):
            decision = sudo.decide(account, request)
            if decision.allowed is False or (decision.right or right) != right:
                continue
            if sudo.concerns(right, account, request) is False:
                continue
            if decision.asks not in ("", "own"):
                break  # who knows root's password has it anyhow
            way = next(iter(_opened(sudo, account, request, right, found)), None)
            if way:
                program, power, how = way
                whose = decision.asks or "none"
                yield _row(
                    account.name, "sudo", right.command.text, program, power, how, whose,
                    right.rule.source, right.rule.line, certain=decision.allowed is True,
                )  # fmt: skip
                break


def _besides(rows: list[Row]) -> list[Row]:
    """The rows of one account, each with whether another entry lets it do everything."""
    everything = any(row["thing"] == "ALL" and row["certain"] for row in rows)
    return [row | {"besides_all": everything and row["thing"] != "ALL"} for row in rows]


def _probes(
    right: Right, root: Account, majors: Callable[[], Mapping[str, int]]
) -> Iterator[tuple[Request, list[Technique]]]:
    """What to ask sudo to see whether the entry still holds, with the techniques that it would open."""
    command = right.command
    if command.kind == "all":
        yield Request(root, _ANY), []
        return
    if command.kind == "edit":
        if command.arguments is None:  # a star there takes no slash: the files are those of one directory
            yield Request(root, "sudoedit", ["/etc/shadow"]), usable("sudoedit", None, majors())
        return
    words = (command.arguments or "").replace("*", "x").split()
    for path in _programs(command):
        if techniques := usable(path.rpartition("/")[2], command.arguments, majors()):
            yield Request(root, path, words, command.arguments), techniques


@lru_cache(maxsize=1_024)
def _programs(command: Command) -> Sequence[str]:
    """Paths of known programs that an entry's command takes in, whatever its arguments."""
    if command.kind == "path" and not is_wild(command.text):
        return [command.text]
    folders = (command.text,) if command.kind == "directory" else _FOLDERS
    named = replace(command, arguments=None, digests=())
    asked = (Request(_NOBODY, folder + program) for program in by_program() for folder in folders)
    return [request.command for request in asked if is_command(named, request) is not False]


def _opened(
    sudo: Sudo, account: Account, request: Request, right: Right, techniques: list[Technique]
) -> Iterator[_Found]:
    noexec = sudo.noexec(account, request, right)
    if right.command.kind == "all":
        yield None, "write" if noexec else "shell", _EVERYTHING
    for technique in techniques:
        if not (noexec and technique.exec):
            yield request.command.rpartition("/")[2], technique.gives, technique.how


def _row(
    user: str, way: str, thing: str, program: str | None, gives: str, how: Text, password: str,
    source: str, line: int | None, *, certain: bool = True,
) -> Row:  # fmt: skip
    return {
        "user_name": user, "way": way, "thing": thing, "program": program, "gives": gives, "how_en": how.en,
        "how_zh": how.zh, "password": password, "certain": certain, "source": source, "line": line,
    }  # fmt: skip
