"""Our reading of the language against sudo's own parser: generated policies, as `cvtsudoers` has them and we."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from secops.hosts.sudoers import Grant, Member, Policy, Setting, load
from secops.hosts.sudoers_grammar import Command
from tests import testroot
from tests.hosts.sudoers_writer import Writer, joined

POLICIES = 400

_END = "=== end of a policy ==="
#: What cvtsudoers 1.9.13 writes without braces.
_BARE = re.compile(r'^(\s+)"(runcwd|runchroot|role|type)": ("(?:[^"\\]|\\.)*")', re.MULTILINE)
_KINDS = {
    "User": {"user": "username", "all": "username", "alias": "useralias"},
    "Runas": {"user": "username", "all": "username", "alias": "runasalias"},
    "Group": {"user": "usergroup", "uid": "usergroup", "all": "usergroup", "alias": "runasalias"},
    "Host": {"host": "hostname", "all": "hostname", "alias": "hostalias"},
    "Cmnd": {"alias": "cmndalias"},
}
_TAGS = {
    "PASSWD": "authenticate", "INTERCEPT": "intercept", "MAIL": "send_mail", "SETENV": "setenv",
    "FOLLOW": "sudoedit_follow", "LOG_INPUT": "log_input", "LOG_OUTPUT": "log_output",
}  # fmt: skip
_OPTIONS = {"CWD": "runcwd", "CHROOT": "runchroot", "TIMEOUT": "command_timeout", "ROLE": "role", "TYPE": "type"}
_SCOPES = {"user": "User", "runas": "Runas", "host": "Host", "command": "Cmnd"}

Pairs = list[tuple[str, Any]]


def policies() -> list[str]:
    rng = random.Random(19)  # noqa: S311 - the same policies every time
    return [joined(Writer(rng, tidy=False).policy(switched=rng.random() < 0.1)) for _ in range(POLICIES)]


@pytest.fixture(scope="module")
def converted(test_root: Path) -> list[tuple[str, str]]:
    """(policy, what cvtsudoers makes of it)."""
    del test_root
    texts = policies()
    steps = [f"cvtsudoers -f json 2>&1 <<'END'\n{text}END\necho '{_END}'" for text in texts]
    with testroot.host() as host:
        done = host.run(["sh"], "\n".join(steps).encode(), check=True)
    answers = done.stdout.decode("utf-8", "surrogateescape").split(f"{_END}\n")[:-1]
    return list(zip(texts, answers, strict=True))


def test_every_policy_is_read_as_sudo_reads_it(converted: list[tuple[str, str]]) -> None:
    wrong = []
    for text, answer in converted:
        policy = load({"/etc/sudoers": text.encode()}, "/etc/sudoers", directories=(), host="testhost")
        theirs, ours = _theirs(answer), _ours(policy)
        if theirs != ours or policy.faults:
            wrong.append((text, list(policy.faults), *_difference(theirs, ours)))
    assert not wrong, f"{len(wrong)} of {len(converted)}: {wrong[0]}"


def _difference(theirs: list[Any], ours: list[Any]) -> tuple[list[Any], list[Any]]:
    return [one for one in theirs if one not in ours], [one for one in ours if one not in theirs]


def _theirs(answer: str) -> list[Any]:
    """Aliases, settings and commands one by one, from the JSON of cvtsudoers."""
    found: list[Any] = []
    document = dict(json.loads(_BARE.sub(r'\1{"\2": \3}', answer), object_pairs_hook=list) or [])
    for title in ("User_Aliases", "Runas_Aliases", "Host_Aliases", "Command_Aliases"):
        for name, members in document.get(title, []):
            found.append((title[:4], name, [_pairs(member) for member in members]))
    for entry in map(dict, document.get("Defaults", [])):
        for option in map(dict, entry["Options"]):
            operation = option.pop("operation", "list_assign")
            binding = [_pairs(member) for member in entry.get("Binding", [])]
            found += [(binding, name, operation, value) for name, value in option.items()]
    found += _their_commands(document)
    return sorted(found, key=repr)


def _their_commands(document: dict[str, Any]) -> Iterator[Any]:
    for spec in map(dict, document.get("User_Specs", [])):
        who = [[_pairs(member) for member in spec[key]] for key in ("User_List", "Host_List")]
        groups = [dict(group) for group in spec["Cmnd_Specs"]]
        has_all = any(("command", "ALL") in command for group in groups for command in group["Commands"])
        for group in groups:
            given = [*group.get("Options", []), *group.get("SELinux_Spec", [])]
            options = [pair for one in given for pair in one if not (has_all and pair[0] == "setenv")]
            runas = [group.get(key) and [_pairs(one) for one in group[key]] for key in ("runasusers", "runasgroups")]
            for command in group["Commands"]:
                yield (*who, *runas, sorted(options, key=repr), _pairs(command))


def _pairs(member: Pairs) -> Pairs:
    return [(name, value) for name, value in member]


def _ours(policy: Policy) -> list[Any]:
    found: list[Any] = []
    for (kind, name), members in policy.aliases.items():
        title = {"Cmnd_Alias": "Comm"}.get(kind, kind[:4])
        found.append((title, name, [_member(member, kind.partition("_")[0]) for member in members]))
    for setting in policy.settings:
        kind = _SCOPES.get(setting.scope, "")
        found.append(([_member(member, kind) for member in setting.members], setting.name, *_setting(setting)))
    for rule in policy.rules:
        who = [[_member(user, "User") for user in rule.users], [_member(host, "Host") for host in rule.hosts]]
        has_all = any(grant.command.kind == "all" for grant in rule.grants)
        found += [(*who, *_grant(grant, has_all=has_all)) for grant in rule.grants]
    return sorted(found, key=repr)


def _setting(setting: Setting) -> tuple[str, Any]:
    operation = {"+=": "list_add", "-=": "list_remove"}.get(setting.operator, "list_assign")
    value: Any = not setting.negated if setting.value is None else setting.value
    return operation, value.split() if setting.name == "env_keep" else value


def _grant(grant: Grant, *, has_all: bool) -> Iterator[Any]:
    """As cvtsudoers has it. ALL brings SETENV there, but does not hand it on: it is left out beside ALL."""
    users, groups = grant.runas_users, grant.runas_groups
    oneself = None if groups else [[("username", "")]]
    yield oneself if users == () else users and [_member(user, "Runas") for user in users]
    yield groups and [_member(group, "Group") for group in groups]
    given = [(_TAGS[tag], value) for tag, value in grant.tags.items() if tag in _TAGS]
    given += [("noexec", not grant.tags["EXEC"])] if "EXEC" in grant.tags else []
    given += [(_OPTIONS[name], {"5m": 300}.get(value, value)) for name, value in grant.options.items()]
    yield sorted((pair for pair in given if not (has_all and pair[0] == "setenv")), key=repr)
    yield _member(grant.command, "Cmnd")


def _member(member: Member, kind: str) -> Pairs:
    if isinstance(member, Command) and member.kind != "alias":
        arguments = {None: "", "": ' ""'}.get(member.arguments, f" {member.arguments}")
        digests = [tuple(digest.split(":", 1)) for digest in member.digests]
        pairs: Pairs = [("command", member.text + arguments), *digests]
    elif member.kind in ("uid", "gid") and kind != "Group":
        pairs = [("userid" if member.kind == "uid" else "usergid", int(member.text.lstrip("%#")))]
    else:
        common = {"group": "usergroup", "nonunix": "nonunixgroup", "netgroup": "netgroup", "network": "networkaddr"}
        name = (_KINDS[kind] | common)[member.kind]
        cut = {"group": 1, "nonunix": 2, "netgroup": 1}.get(member.kind, 0)
        pairs = [(name, member.text[cut:])]
    return pairs + ([("negated", True)] if member.negated else [])
