"""Our reading of doas.conf against doas itself: generated policies, every answer compared with what `doas -C` says."""

from __future__ import annotations

import random
import shlex

import pytest

from secops.hosts.doas_conf import DoasError, parse
from secops.privilege.accounts import Account
from secops.privilege.doas import Doas, Ids, Request
from tests import testroot

POLICIES, REQUESTS = 300, 8

ACCOUNTS = {
    "alice": Account("alice", 2001, gids=frozenset({2001, 3001, 3002, 65_535})),
    "bob": Account("bob", 2002, gids=frozenset({2002, 3001})),
    "3003": Account("3003", 2003, gids=frozenset({2003, 3003})),
    "big": Account("big", 70_000, gids=frozenset({70_000})),
}
IDS = Ids(
    {"root": 0, **{name: account.uid for name, account in ACCOUNTS.items() if account.uid}},
    {"root": 0, "staff2": 3001, "dev": 3002, "alice": 2001, "bob": 2002, "3003": 2003, "big": 70_000, "last": 65_535},
)
_SETUP = """set -e
groupadd -g 3001 staff2; groupadd -g 3002 dev; groupadd -g 3003 other; groupadd -g 65535 last
useradd -u 2001 -U -G staff2,dev,last alice; useradd -u 2002 -U -G staff2 bob
groupadd -g 2003 3003; useradd --badname -u 2003 -g 2003 -G other 3003; useradd -u 70000 -U big
ask() { # UID CONFIG…
  uid=$1; shift
  setpriv --reuid=$uid --regid=$uid --init-groups doas -C /tmp/doas.conf "$@" 2>/dev/null || [ $? = 1 ] && echo "-"
}
"""
_WHO = [
    "alice", "bob", "3003", "big", "2001", "2002", "2003", "70000", "nobody-here", ":staff2", ":dev", ":3001", ":3003",
    ":70000", ":last", ":last",
    ":65535", ":big", '"+2001"', '" 2002"', "02003", "-0", "2001x", '":staff2"', "root", ":", '""', "65535",
]  # fmt: skip
_WHOM = ["root", "0", "-0", "bob", "2001", "3003", "70000", "big", "nobody-here", '"root"', "00", "alice"]
_COMMANDS = ["id", "/usr/bin/id", '"a b"', "a\\ b", "l\\\ns", "{", "/usr/bin/vim", '"permit"', "\\as", "i#d", '""']
_ARGUMENTS = ["-u", '""', '"a b"', "x", "as", '"as"', "a\\\\b", "\\#", "x=y", "}", "\\\nx", "x\\\n"]
_OPTIONS = [
    "nopass",
    "persist",
    "persist nopass",
    "keepenv",
    "nolog",
    "setenv { A B=1 }",
    "setenv {}",
    "setenv { as }",
    "setenv{A}",
]
_ASKED = [
    ["id"], ["id", "-u"], ["/usr/bin/id"], ["a b"], ["ls"], ["/usr/bin/vim", "x"], ["id", ""], ["id", "as"], ["permit"],
    ["id", "a b"], ["id", "a\\b"], ["id", "#"], ["id", "x", "x"], ["as"], ["id", "x=y"], ["i"], ["/usr/bin/vim"],
]  # fmt: skip
_NOISE = [
    "# a remark\n",
    "\n",
    "  \t\n",
    " # permit x\\\n",
    "\\\n",
    "permit\n",
    "permit alice",
    '"permit" alice\n',
    "{\n",
]


def _policy(rng: random.Random) -> str:
    """Mostly what doas takes, and now and then what it does not."""
    lines = [_rule(rng) for _ in range(rng.randint(1, 7))]
    if rng.random() < 0.3:
        lines.insert(rng.randint(0, len(lines)), rng.choice(_NOISE))
    return "".join(lines)


def _rule(rng: random.Random) -> str:
    permit = rng.random() < 0.8
    words = ["permit" if permit else "deny"]
    if permit and rng.random() < 0.6:
        words += ["nopass"] if rng.random() < 0.5 else rng.choices(_OPTIONS, k=rng.choice([1, 1, 2]))
    words.append(rng.choice(_WHO[:12] if rng.random() < 0.8 else _WHO))
    words += ["as", rng.choice(_WHOM[:4] if rng.random() < 0.7 else _WHOM)] if rng.random() < 0.35 else []
    if rng.random() < 0.4:
        words += ["cmd", rng.choice(_COMMANDS[:3] if rng.random() < 0.7 else _COMMANDS)]
        if rng.random() < 0.5:
            words += ["args", *rng.choices(_ARGUMENTS, k=rng.choice([0, 1, 1, 2]))]
    if rng.random() < 0.03:
        words[rng.randrange(len(words))] = rng.choice([*_OPTIONS, "as", "cmd", "args", "}", "\\\n", '"'])
    return rng.choice([" ", " ", "\t", "  "]).join(words) + rng.choice(["\n", "\n", " \n", "# end\n", " # end\n"])


def _cases() -> list[tuple[str, list[tuple[str, str, list[str]]]]]:
    """(policy, [(user, target, command with arguments)])."""
    rng = random.Random(7)  # noqa: S311 - the same policies every time
    return [
        (
            _policy(rng),
            [
                (rng.choice([*ACCOUNTS]), rng.choice(["root", "root", "bob", "big"]), rng.choice(_ASKED))
                for _ in range(REQUESTS)
            ],
        )
        for _ in range(POLICIES)
    ]


def _said(policies: list[tuple[str, list[tuple[str, str, list[str]]]]]) -> list[str]:
    """What doas says to each request: permit, permit nopass, deny, or nothing where it refuses the policy."""
    script = [_SETUP]
    for policy, requests in policies:
        script.append(f"printf %s {shlex.quote(policy)} >/tmp/doas.conf")
        for user, target, command in requests:
            script.append(f"ask {ACCOUNTS[user].uid} -u {target} {shlex.join(command)}")
    with testroot.host() as host:
        done = host.run(["sh"], "\n".join(script).encode(), check=True)
    answers = done.stdout.decode().split("-\n")
    return [answer.strip() for answer in answers[:-1]]


def _ours(policy: str, user: str, target: str, command: list[str]) -> str:
    try:
        doas = Doas(parse(policy.encode(), "/etc/doas.conf"), IDS)
    except DoasError:
        return ""
    request = Request(IDS.users[target], command[0], tuple(command[1:]))
    allowed, rule = doas.decide(doas.rules_for(ACCOUNTS[user]), request)
    if not allowed or not rule:
        return "deny"
    return "permit nopass" if "nopass" in rule.options else "permit"


@pytest.fixture(scope="module")
def asked(test_root: object) -> list[tuple[str, str, str, list[str], str]]:
    del test_root
    policies = _cases()
    cases = [(policy, *request) for policy, requests in policies for request in requests]
    answers = _said(policies)
    assert len(answers) == len(cases)
    return [(*case, answer) for case, answer in zip(cases, answers, strict=True)]


def test_every_answer_is_that_of_doas(asked: list[tuple[str, str, str, list[str], str]]) -> None:
    wrong = [(*case, answer, ours) for *case, answer in asked if (ours := _ours(*case)) != answer]
    assert not wrong, f"{len(wrong)} of {len(asked)}: {wrong[0]}"


def test_there_is_something_of_each(asked: list[tuple[str, str, str, list[str], str]]) -> None:
    answers = [case[-1] for case in asked]
    for kind in ("permit", "permit nopass", "deny", ""):
        assert 0.03 < answers.count(kind) / len(answers) < 0.8, kind
