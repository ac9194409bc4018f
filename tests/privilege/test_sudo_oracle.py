"""Our reading of sudoers against sudo itself: generated policies, every answer compared with what `sudo -l` says."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.hosts.sudoers import load
from secops.privilege.accounts import Account
from secops.privilege.sudo import Request, Sudo
from tests import testroot

POLICIES, REQUESTS = 400, 12

ACCOUNTS = {
    "root": Account("root", 0, frozenset({"root"}), frozenset({0})),
    "alice": Account("alice", 2001, frozenset({"alice", "staff2", "dev"}), frozenset({2001, 3001, 3002})),
    "bob": Account("bob", 2002, frozenset({"bob", "staff2"}), frozenset({2002, 3001})),
    "carol": Account("carol", 2003, frozenset({"carol"}), frozenset({2003})),
}
#: Debian's sudo takes the name that the resolver has for the host.
_SETUP = """set -e
groupadd -g 3001 staff2; groupadd -g 3002 dev
useradd -u 2001 -U -G staff2,dev alice; useradd -u 2002 -U -G staff2 bob; useradd -u 2003 -U carol
printf '127.0.0.1 testhost\\n' >/etc/hosts
"""

_NAMES = ["alice", "bob", "carol", "root", "#2001", "#2003", "%staff2", "%dev", "%#3001", "%#2003", "ALL", "dave"]
_HOSTS = ["ALL", "ALL", "ALL", "testhost", "test*", "other", "t?sthost", "testhost.example.org"]
_COMMANDS = [
    "ALL", "/usr/bin/id", "/usr/bin/id -u", '/usr/bin/id ""', "/usr/bin/id -[un]", "/usr/bin/id *", "/usr/bin/",
    "/bin/", "/usr/bin/*", "/usr/bin/[il]*", "/usr/bin/[!i]?", "/bin/ls -l *", "/bin/ls -l /tmp/*", "/usr/bin/ls",
    "^/usr/bin/(id|ls)$", "/bin/ls ^-[la]+ /tmp$", "^/(usr/)?bin/[a-z]+$ -u", "/usr/sbin/", "/usr/*/id", "sudoedit",
    "sudoedit /etc/motd", "sudoedit /etc/*", "/usr/bin/env", "/usr/bin/id -u root", "/bin/ls -l /tmp/../etc",
]  # fmt: skip
_ASKED = [
    "/usr/bin/id", "/usr/bin/id -u", "/usr/bin/id -n", "/usr/bin/id -u root", "/usr/bin/ls", "/bin/ls -l /tmp",
    "/usr/bin/ls -l /tmp/x", "/bin/ls -l /tmp/../etc", "/bin/ls -la /tmp", "/usr/bin/env", "/usr/sbin/useradd x",
    "/usr/bin/env -u root", "/usr/bin/sudo -l", "/usr/bin/id -un",
]  # fmt: skip

_DEFAULTS = [
    "Defaults runas_default=bob", "Defaults:alice runas_default=carol", "Defaults!/usr/bin/id noexec",
    "Defaults@testhost runas_default=carol", "Defaults@other runas_default=bob", "Defaults>bob !authenticate",
]  # fmt: skip


class _Writer:
    """A policy that sudo accepts, out of a generator of random numbers."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._aliases: dict[str, list[str]] = {}

    def policy(self) -> str:
        lines = ["Defaults listpw=never"]  # who asks what he may do is told
        lines += [line for kind in ("User", "Host", "Runas", "Cmnd") for line in self._alias_lines(kind)]
        lines += [self._default() for _ in range(self._rng.randint(0, 2))]
        lines += [self._rule() for _ in range(self._rng.randint(1, 5))]
        return "\n".join(lines) + "\n"

    def _alias_lines(self, kind: str) -> Iterator[str]:
        for number in range(self._rng.randint(0, 2)):
            name = f"{kind.upper()}{number}"
            yield f"{kind}_Alias {name} = {self._list(kind)}"
            self._aliases.setdefault(kind, []).append(name)  # a later one may hold an earlier one

    def _list(self, kind: str) -> str:
        pool = {"User": _NAMES, "Host": _HOSTS, "Runas": _NAMES, "Cmnd": _COMMANDS}[kind] + self._aliases.get(kind, [])
        chosen = [self._rng.choice(pool) for _ in range(self._rng.choice([1, 1, 2, 3]))]
        return ", ".join(("!" if self._rng.random() < 0.25 else "") + name for name in chosen)

    def _default(self) -> str:
        return self._rng.choice(_DEFAULTS)

    def _rule(self) -> str:
        sections = [self._section() for _ in range(self._rng.choice([1, 1, 1, 2]))]
        return f"{self._list('User')} " + " : ".join(sections)

    def _section(self) -> str:
        grants = []
        for _ in range(self._rng.randint(1, 3)):
            runas = self._rng.choice(["", "", "({})", "({}:dev)", "(:dev)", "()"]).format(self._list("Runas"))
            tag = self._rng.choice(["", "", "NOPASSWD: ", "PASSWD: ", "NOEXEC: ", "NOPASSWD: SETENV: "])
            grants.append(f"{runas} {tag}{self._list('Cmnd')}".strip())
        return f"{self._list('Host')} = {', '.join(grants)}"


@pytest.fixture(scope="module")
def asked(test_root: Path) -> list[tuple[str, str, str, str, bool]]:
    """(policy, user, target, command, sudo's answer)."""
    del test_root
    rng = random.Random(4)  # noqa: S311 - the same policies every time
    cases = []
    for _ in range(POLICIES):
        policy = _Writer(rng).policy()
        for _ in range(REQUESTS):
            cases.append((policy, rng.choice(["alice", "bob", "carol"]), rng.choice([*ACCOUNTS]), rng.choice(_ASKED)))
    script, before = [_SETUP], ""
    for policy, user, target, command in cases:
        if policy != before:
            script.append(f"cat >/etc/sudoers <<'END'\n{policy}END\nvisudo -cqf /etc/sudoers || echo bad")
            before = policy
        uid = ACCOUNTS[user].uid
        as_user = f"setpriv --reuid={uid} --regid={uid} --init-groups"
        script.append(f"{as_user} sudo -n -l -u {target} {command} >/dev/null 2>&1 && echo yes || echo no")
    with testroot.host() as host:
        done = host.run(["sh"], "\n".join(script).encode(), check=True)
    answers = done.stdout.decode().split()
    assert len(answers) == len(cases), json.dumps(answers[-5:])
    return [(*case, answer == "yes") for case, answer in zip(cases, answers, strict=True)]


def test_every_answer_is_sudos_own(asked: list[tuple[str, str, str, str, bool]]) -> None:
    wrong = []
    for policy, user, target, command, allowed in asked:
        loaded = load({"/etc/sudoers": policy.encode()}, "/etc/sudoers", directories=(), host="testhost")
        name, *arguments = command.split()
        request = Request(ACCOUNTS[target], name, arguments)
        answer = Sudo(loaded, "testhost", whole=True).decide(ACCOUNTS[user], request).allowed
        if answer is not allowed:
            wrong.append((policy, user, target, command, allowed, answer, list(loaded.faults)))
    assert not wrong, f"{len(wrong)} of {len(asked)}: {wrong[0]}"
    assert 0.1 < sum(case[-1] for case in asked) / len(asked) < 0.9
