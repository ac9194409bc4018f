"""What sudo and doas run by their policies, and where sudo looks for programs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from secops.hosts.doas_conf import DoasRule
from secops.hosts.sudoers import Command, Grant, Host, Policy, decides, is_host
from secops.hosts.trusted import roles
from secops.hosts.trusted.commands import Run, runs
from secops.hosts.trusted.named import ROOT, Trusted
from secops.hosts.trusted.patterns import is_wild
from secops.hosts.trusted.spread import Spread
from secops.hosts.trusted.tree import Unseen
from secops.hosts.trusted.words import OPEN

_OPEN = re.compile(OPEN)

#: Settings that name what sudo trusts.
_SETTINGS = {
    "secure_path": roles.PATH_DIRECTORY, "env_file": roles.SUDO_ENVIRONMENT, "mailerpath": roles.SUDO_TARGET,
}  # fmt: skip

#: The account of a number, as it is written; None when there is none.
NameOf = Callable[[str], str | None]


def of_sudo(policy: Policy, host: Host, name_of: NameOf, spread: Spread) -> Iterator[Trusted | Unseen]:
    """Programs of entries that are for this host, and the directories of secure_path. Raises `TooLargeError`.

    In place of what a pattern may mean and was not looked at: why.
    """
    for rule in policy.rules:
        hosts = list(policy.expand(rule.hosts, "Host_Alias"))
        if decides(hosts, lambda member: is_host(member, host)) is False:
            continue
        for grant in rule.grants:
            users = dict.fromkeys(_users(policy, grant, name_of))
            for run in _of_grant(policy, grant, spread):
                if isinstance(run, Unseen):
                    yield run
                    continue
                own = (replace(run, user=user) for user in users)
                yield from (Trusted.of(one, roles.SUDO_TARGET, rule.source, rule.line) for one in own)
    for setting in policy.settings:
        role = _SETTINGS.get(setting.name)
        if role and setting.value and not setting.negated:
            for path in setting.value.split(":"):
                if path.startswith("/"):
                    yield Trusted(path, role, ROOT, setting.source, setting.line)


def of_doas(rules: Iterable[DoasRule], name_of: NameOf) -> Iterator[Trusted]:
    """Programs of rules that permit; as root where they name nobody."""
    for rule in rules:
        if rule.permit and rule.command and rule.command.startswith("/"):
            user = name_of(rule.target) or rule.target if rule.target else ROOT
            for run in _scripts(rule.command, rule.arguments or ()):
                yield Trusted.of(replace(run, user=user), roles.SUDO_TARGET, rule.source, rule.line)


def _users(policy: Policy, grant: Grant, name_of: NameOf) -> Iterator[str]:
    """The accounts of the host that a command may run as."""
    if grant.runas_users is None:
        yield ROOT
        return
    for member in policy.expand(grant.runas_users, "Runas_Alias"):
        if member.negated:
            continue
        if member.kind == "all":
            yield ROOT
        elif member.kind == "user":
            yield member.text
        elif member.kind == "uid" and (name := name_of(member.text.removeprefix("#"))):
            yield name


def _of_grant(policy: Policy, grant: Grant, spread: Spread) -> Iterator[Run | Unseen]:
    """The files of a grant's commands, of those that sudo does not tell by their digest."""
    for command in policy.expand([grant.command], "Cmnd_Alias"):
        if isinstance(command, Command) and not command.negated and not command.digests:
            try:
                yield from _programs(command, spread)
            except Unseen as unseen:
                yield unseen


def _programs(command: Command, spread: Spread) -> Iterator[Run]:
    """The command's file, and a script that its arguments fix. Raises `Unseen`."""
    if command.kind == "regex":
        yield from (Run(path, ROOT) for path in spread.of_expression(command.text))
    elif command.kind == "directory":
        yield from (Run(path, ROOT) for path in spread.of_wildcard(f"{command.text}*"))
    elif command.kind == "path" and is_wild(command.text):
        yield from (Run(path, ROOT) for path in spread.of_wildcard(command.text))
    elif command.kind == "path":
        yield from _scripts(command.text, (command.arguments or "").split())


def _scripts(program: str, arguments: Sequence[str]) -> Iterator[Run]:
    words = (word if word.startswith("/") else "-" if word.startswith("-") else "?" for word in arguments)
    yield from (run for run in runs([program, *words], ROOT) if not _OPEN.search(run.path))
