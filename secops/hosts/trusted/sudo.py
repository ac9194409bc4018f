"""What sudo runs by its policy: the programs of its entries, and where it looks for programs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from secops.hosts.sudoers import Command, Grant, Policy, decides, is_host
from secops.hosts.trusted import roles
from secops.hosts.trusted.commands import runs
from secops.hosts.trusted.named import ROOT, Trusted
from secops.hosts.trusted.words import OPEN

_OPEN = re.compile(OPEN)


def targets(policy: Policy, host: str | None, name_of: Callable[[str], str | None]) -> Iterator[Trusted]:
    """`name_of` is the account of a number. Raises `TooLargeError`."""
    for rule in policy.rules:
        hosts = list(policy.expand(rule.hosts, "Host_Alias"))
        if decides(hosts, lambda member: is_host(member, host)) is False:
            continue
        for grant in rule.grants:
            users = list(dict.fromkeys(_users(policy, grant, name_of)))
            for command in policy.expand([grant.command], "Cmnd_Alias"):
                if isinstance(command, Command) and not command.negated and not command.digests:
                    for user in users:
                        for path in _programs(command, user):
                            yield Trusted(path, roles.SUDO_TARGET, user, rule.source, rule.line)
    for setting in policy.settings:
        if setting.name == "secure_path" and setting.value and not setting.negated:
            for path in setting.value.split(":"):
                if path.startswith("/"):
                    yield Trusted(path, roles.PATH_DIRECTORY, ROOT, setting.source, setting.line)


def _users(policy: Policy, grant: Grant, name_of: Callable[[str], str | None]) -> Iterator[str]:
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


def _programs(command: Command, user: str) -> Iterator[str]:
    """The command's file, and a script that its arguments fix; of a wildcard the directory before it."""
    if command.kind not in ("path", "directory"):
        return
    found = _OPEN.search(command.text)
    if found:
        yield command.text[: found.start()].rpartition("/")[0] + "/"
        return
    words = [word if word.startswith("/") else "-" if word.startswith("-") else "?" for word in
             (command.arguments or "").split()]  # fmt: skip
    for run in runs([command.text, *words], user):
        if run.user is not None and not _OPEN.search(run.path):
            yield run.path
