"""Ways by sudo: entries of its policy by which an account runs, as another, what gives the other's power."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache

from secops.core.content import Text
from secops.hosts.sudoers import Command, TooLargeError
from secops.hosts.tables import Built
from secops.hosts.tables.hosts import hostname
from secops.hosts.tables.sudo_rules import read_policy
from secops.privilege.accounts import Account
from secops.privilege.patterns import is_wild
from secops.privilege.sudo import Request, Right, Sudo, is_command
from secops.privilege.techniques import Power, Technique, by_program, major_versions, usable
from secops.privilege.way import Kind, View, Way, besides

#: Where programs are looked for that a directory or a wildcard takes in.
_FOLDERS = ("/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/")

#: A program that no rule names: what is allowed for it is allowed for all.
_ANY = "/citywall/any-program"
_NOBODY = Account("")
_EVERYTHING = Text("any command", "任意命令")

_Found = tuple[str | None, Power, Text]  # program, power, how


def find(view: View, built: Built) -> Iterator[Way]:
    """Entries of the sudoers policy that make an account root."""
    try:
        sudo = Sudo(read_policy(view.evidence, Built()), hostname(view.evidence))
        majors = cache(lambda: major_versions(view.rows("packages")))
        elsewhere = _of_a_directory(sudo, view.accounts) if view.has_directory else []
        for account in (*view.accounts.values(), *elsewhere):
            if account.uid != 0:
                yield from besides(list(_of_account(sudo, account, view.root, majors)))
    except TooLargeError as error:
        built.lack(str(error))


def _of_a_directory(sudo: Sudo, known: Mapping[str, Account]) -> Iterator[Account]:
    """Users and groups that rules name and a directory may hold: one account each, called as the rule writes it."""
    for member in dict.fromkeys(sudo.named):
        if member.kind == "user" and member.text not in known:
            yield Account(member.text)
        elif member.kind == "group":
            yield Account(member.text, groups=frozenset({member.text[1:]}))


def _of_account(sudo: Sudo, account: Account, root: Account, majors: Callable[[], Mapping[str, int]]) -> Iterator[Way]:
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
                yield Way(
                    account.name, root.name, "sudo", right.command.text, power, how, right.rule.source, right.rule.line,
                    program, decision.asks or "none", certain=decision.allowed is True,
                )  # fmt: skip
                break


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


KIND = Kind("sudo", ("sudo_rules",), find)
