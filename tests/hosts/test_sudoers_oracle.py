"""Our reading of the language against sudo's own: policies as `cvtsudoers` has them, broken ones, includes, names."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from secops.hosts.evidence import Evidence
from secops.hosts.listing import record
from secops.hosts.sudoers import Grant, Host, Member, Policy, Setting, decides, is_host, load
from secops.hosts.sudoers_grammar import Command
from secops.hosts.tables import Built
from secops.hosts.tables._sudo import policy_host, read_policy
from secops.privilege.sudo.sudo import is_user
from tests import testroot
from tests.hosts.evidence_kit import evidence
from tests.hosts.sudoers_writer import Writer, broken, joined, numbered
from tests.hosts.tables.test_sudo_rules import SUDO
from tests.privilege import sudo_kit

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


BROKEN = 250
_COMMAND = re.compile(r"!?/c/\d+")
#: What sudo only warns of.
_ERROR = re.compile(
    r'/etc/sudoers:(\d+):\d+: (?!unknown defaults|no value|value "|option |invalid operator|values for "[a-z])'
)


def test_of_broken_policies_the_rest_is_in_force_as_in_sudo(test_root: Path) -> None:
    """One line of each is broken, or the text in a place: the same lines are named, and the same commands are left."""
    del test_root
    rng = random.Random(7)  # noqa: S311 - the same policies every time
    texts = [_damaged(rng) for _ in range(BROKEN)]
    with sudo_kit.oracle() as oracle:
        for text in texts:
            oracle.policy(text)
            oracle.ask(sudo_kit.ROOT, "-l", "-U", "alice")
        answers = [said.text for said in oracle.answers()]
    wrong, faults = [], 0
    for text, answer in zip(texts, answers, strict=True):
        policy = load({"/etc/sudoers": text}, "/etc/sudoers", directories=(), host="testhost")
        theirs = _COMMAND.findall(answer.partition("may run the following commands")[2])
        lines = {int(found[1]) for found in _ERROR.finditer(answer)}
        ours = {int(fault.split(":")[1]) for fault in policy.faults if fault.startswith("/etc/sudoers:")}
        same = lines == ours if b"\\\n" not in text else bool(lines) == bool(ours)  # sudo counts from where it stops
        faults += bool(ours)
        if theirs != _of_alice(policy) or not same or policy.broken is not bool(lines):
            wrong.append((text, answer, list(policy.faults)))
    assert not wrong, f"{len(wrong)} of {len(texts)}: {wrong[0]}"
    assert faults > BROKEN / 4


def _damaged(rng: random.Random) -> bytes:
    lines = numbered(rng)
    at = rng.randrange(len(lines))
    if rng.random() < 0.5:
        lines[at] = broken(rng, lines[at])
        return joined(lines).encode("latin-1")
    return broken(rng, joined(lines)).encode("latin-1")


def _of_alice(policy: Policy) -> list[str]:
    """The commands of all entries for alice on the test host, as written."""
    alice, host = sudo_kit.ACCOUNTS["alice"], Host.named("testhost", whole=True)
    found = [
        f"{'!' if command.negated else ''}{command.text} {command.arguments or ''}"
        for rule in policy.rules
        if decides(list(policy.expand(rule.users, "User_Alias")), lambda member: is_user(member, alice))
        and decides(list(policy.expand(rule.hosts, "Host_Alias")), lambda member: is_host(member, host))
        for grant in rule.grants
        for command in policy.expand([grant.command], "Cmnd_Alias")
    ]
    return [command for text in found for command in _COMMAND.findall(text)]


def _seen(host: testroot.TestHost) -> Evidence:
    """The evidence of the test host's policy, with its names."""
    paths = [host.at("/etc/sudoers"), host.at("/etc/sudoers.d"), *host.at("/etc/sudoers.d").iterdir()]
    inside = {f"/{path.relative_to(host.root)}": path for path in paths}
    files = {name: path.read_bytes() for name, path in inside.items() if path.is_file()}
    listing = b"".join(_record(name, path.stat()) for name, path in inside.items())
    plain = {"etc_hosts": "/etc/hosts", "nsswitch": "/etc/nsswitch.conf", "os_release": "/usr/lib/os-release"}
    return evidence(
        sudoers=files, sudo_paths=SUDO + listing, kernel_hostname={"/proc/sys/kernel/hostname": "testhost\n"},
        **{section: {path: host.at(path).read_bytes()} for section, path in plain.items()},
    )  # fmt: skip


def _record(name: str, found: os.stat_result) -> bytes:
    return record(os.fsencode(name), (found.st_mode, found.st_uid, found.st_gid, found.st_size, int(found.st_mtime)))


INCLUDES: dict[str, tuple[str, dict[str, str]]] = {
    "a directory with odd names": (
        "alice ALL=/c/1\n@includedir /etc/sudoers.d\nalice ALL=/c/2\n",
        {"20": "/c/3", "10-a": "/c/4", "a.b": "/c/5", "x~": "/c/6", ".h": "/c/7", "a b": "/c/8", "-x": "/c/9",
         "é": "/c/10", "Z": "/c/11", "~": "/c/12", "#1": "/c/13", "10": "/c/14"},
    ),
    "one by one": ("@include sudoers.d/b\n#include /etc/sudoers.d/a.b\nalice ALL=/c/1\n", {"b": "/c/2", "a.b": "/c/3"}),
    "quoted and escaped": ('@include "/etc/sudoers.d/a b"\n@include sudoers.d/c\\ d\n', {"a b": "/c/2", "c d": "/c/3"}),
    "the host's name": ("@include sudoers.d/%h\n", {"testhost": "/c/1"}),
    "missing": ("alice ALL=/c/1\n@include /etc/sudoers.d/gone\nalice ALL=/c/2\n", {}),
    "text behind it": ("@include sudoers.d/a b\nalice ALL=/c/2\n", {"a": "/c/1"}),
    "a loop": ("alice ALL=/c/1\n@include sudoers.d/a\nalice ALL=/c/2\n", {"a": "/c/3\n@include a\nalice ALL=/c/4"}),
    "two in a loop": ("@include sudoers.d/a\n", {"a": "/c/1\n@include b\nalice ALL=/c/2", "b": "/c/3\n@include a"}),
    "twice": ("@includedir /etc/sudoers.d\nalice ALL=!/c/1\n@include sudoers.d/a\n", {"a": "/c/1"}),
    "an empty path": ("@include\nalice ALL=/c/1\n@includedir\nalice ALL=/c/2\n", {}),
    "a broken one": ("@include sudoers.d/a\nalice ALL=/c/1\n", {"a": "/c/2 : ALL = bad\nalice = /c/3\nalice ALL=/c/4"}),
    "an alias defined twice": (
        "Cmnd_Alias C = /c/1\n@include sudoers.d/a\nalice ALL=C\n", {"a": "/c/2\nCmnd_Alias C = /c/3"},
    ),
    "in a loop of aliases": ("Cmnd_Alias C = D, /c/1 : D = /c/2, C\nalice ALL = C, D\n", {}),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["", "owned by another", "writable for a group", "writable for all"])
def test_includes_are_followed_as_sudo_follows_them(test_host: testroot.TestHost, kind: str) -> None:
    test_host.run(["useradd", "-u", "2001", "alice"], check=True)
    for name, (text, files) in INCLUDES.items():
        test_host.write("/etc/sudoers", text, 0o440)
        for old in test_host.at("/etc/sudoers.d").iterdir():
            old.unlink()
        for at, (file, content) in enumerate(files.items()):
            path = test_host.write(f"/etc/sudoers.d/{file}", f"alice ALL={content}\n", 0o440)
            if kind and not at:
                os.chown(path, 1000 if kind == "owned by another" else 0, 5)
                path.chmod({"owned by another": 0o440, "writable for a group": 0o460}.get(kind, 0o446))
        answer = test_host.run(["sudo", "-l", "-U", "alice"]).stdout.decode()
        policy = read_policy(_seen(test_host), Built())
        assert _latest(_of_alice(policy)) == _latest(_COMMAND.findall(answer)), name


def _latest(commands: list[str]) -> list[str]:
    """Each command where it stands last: what is read again and again decides there."""
    return list(dict.fromkeys(reversed(commands)))


HOSTS = [
    "127.0.0.1 localhost testhost", "127.0.1.1 testhost.example.org testhost", "127.0.1.1 testhost",
    "10.1.2.3 web1.example.org TESTHOST x", "999.1.1.1 bad.example testhost\n127.0.0.1 good.example testhost",
    "::1 six.example testhost\n127.0.0.1 four.example testhost", "# testhost\n127.0.0.1 c.example testhost # x",
    "fe80::1%lo z.example testhost\n127.0.0.1 testhost.x testhost",
]  # fmt: skip
FQDN = ["", "Defaults !fqdn\n", "Defaults@testhost !fqdn\n", "Defaults@localhost !fqdn\n"]


def test_the_host_has_the_name_that_sudo_gives_it(test_host: testroot.TestHost) -> None:
    """`sudo -l` says the short name; an entry for the whole one shows whether we have that too."""
    test_host.run(["useradd", "-u", "2001", "alice"], check=True)
    for hosts in HOSTS:
        for defaults in FQDN:
            test_host.write("/etc/hosts", f"{hosts}\n")
            test_host.write("/etc/sudoers", f"{defaults}alice ALL = /c/1\n", 0o440)
            seen = _seen(test_host)
            here, _ = policy_host(seen, read_policy(seen, Built()))
            test_host.write("/etc/sudoers", f"{defaults}alice {here.full} = /c/1\n", 0o440)
            answer = test_host.run(["sudo", "-l", "-U", "alice"]).stdout.decode()
            assert (f"commands on {here.short}:" in answer, "/c/1" in answer) == (True, True), (hosts, defaults, answer)
