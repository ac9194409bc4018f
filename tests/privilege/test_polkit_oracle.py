"""Our reading of rules against polkit itself: generated files, every answer compared with what polkitd says."""

from __future__ import annotations

import random
import shlex
from dataclasses import dataclass

import pytest

from secops.hosts.polkit.actions import read as read_actions
from secops.hosts.polkit.script import read as read_script
from secops.hosts.tables.polkit_rules import PolkitConfig, ScriptFile
from secops.privilege.accounts import Account
from secops.privilege.polkit import Groups, Polkit
from tests import testroot
from tests.privilege import polkit_kit

POLICIES, REQUESTS = 110, 6

_SETUP = """set -e
groupadd -g 3001 staff2; groupadd -g 3002 dev
useradd -u 2001 -U -G staff2,dev alice; useradd -u 2002 -U -G staff2 bob; useradd -u 2003 -g dev carol
"""
ACCOUNTS = {"alice": Account("alice", 2001), "bob": Account("bob", 2002), "carol": Account("carol", 2003)}
GROUPS = Groups(
    {"alice": [2001, 3001, 3002], "bob": [2002, 3001], "carol": [3002]},
    {2001: "alice", 2002: "bob", 3001: "staff2", 3002: "dev"},
    {"alice": 2001, "bob": 2002, "staff2": 3001, "dev": 3002},
    {"staff2": {"alice", "bob"}, "dev": {"alice"}},
)
_DETAILS = [
    {},
    {"unit": "app.service", "verb": "start"},
    {"unit": "app-1.service", "verb": "stop"},
    {"unit": "", "verb": ""},
]


@dataclass(frozen=True)
class Case:
    """What is asked, and polkit's answer: yes, no, or auth (whose password, pkcheck does not tell)."""

    user: str
    action: str
    details: dict[str, str]
    answer: str = ""


class _Writer:
    """Rules such as people write, about actions `test.pN.one`, `test.pN.two`."""

    def __init__(self, rng: random.Random, number: int) -> None:
        self._rng, self.prefix = rng, f"test.p{number}."

    def function(self) -> str:
        first = f'if (action.id.indexOf("{self.prefix}") != 0) return;'
        body = "\n    ".join(self._statement(2) for _ in range(self._rng.randint(1, 3)))
        return f"polkit.addRule(function(action, subject) {{\n    {first}\n    {body}\n}});\n"

    def _pick(self, *choices: str) -> str:
        return self._rng.choice(choices)

    def _statement(self, depth: int) -> str:
        kind = self._rng.random()
        if kind < 0.15:
            return self._pick("// a remark; }", "/* another */", ";", 'polkit.log("asked " + action.id);', "{}")
        if kind < 0.35:
            return self._variable()
        if kind < 0.45 or depth == 0:
            return self._return()
        inner = f"{{ {self._statement(depth - 1)}\n {self._return()} }}"
        if self._rng.random() < 0.2:
            return f"if ({self._condition(3)}) {inner} else {{ {self._statement(depth - 1)}\n }}"
        return f"if ({self._condition(3)}) {self._pick(self._return(), inner)}"

    def _variable(self) -> str:
        """A variable and what is returned by it."""
        name = self._pick("unit", "list", "me", "none")
        value = {
            "none": self._pick("null", "undefined", 'action.id.match("three")'),
            "unit": 'action.lookup("unit")',
            "list": '["app.service", "bob", "x"]',
            "me": "subject.user",
        }[name]
        test = {
            "unit": self._pick('unit == "app.service"', 'unit && unit.indexOf("app") == 0', "!unit", 'unit === ""'),
            "list": self._pick("list.indexOf(subject.user) >= 0", 'list.indexOf(action.lookup("unit")) !== -1'),
            "none": self._pick(
                "none == null", "none === undefined", "none === null", *['none.indexOf("x") == 0'] * 4, "!none"
            ),
            "me": self._pick("me == 'bob'", 'me != "bob"', "me.startsWith('a')"),
        }[name]
        return f"var {name} = {value};\n    if ({test}) {self._return()}"

    def _return(self) -> str:
        result = self._pick("YES", "YES", "NO", "AUTH_SELF", "AUTH_ADMIN_KEEP", "NOT_HANDLED", "nothing")
        return self._pick(
            *[f"return polkit.Result.{result};"] * 6, f"return polkit.Result.{result}\n", "return null;", "return;",
            'return "yes";', "return\n polkit.Result.YES;", "return 'maybe';",
        )  # fmt: skip

    def _condition(self, depth: int) -> str:
        if depth and self._rng.random() < 0.5:
            parts = [self._condition(depth - 1) for _ in range(self._rng.choice([2, 2, 3]))]
            joined = self._pick(" && ", " || ").join(parts)
            return self._pick(f"({joined})", f"({joined})", f"!({joined})")
        return self._pick(
            f'action.id == "{self.prefix}one"', f"action.id !== '{self.prefix}one'", 'subject.user == "alice"',
            'subject.isInGroup("dev")', '!subject.isInGroup("staff2")', 'subject.isInGroup("bob")', "subject.local",
            "subject.active == true", 'action.lookup("verb") == "start"', 'action.lookup("unit") != "app.service"',
            'action.lookup("unit") === undefined', 'action.lookup("verb") == null', "true", "!subject.active",
            'action.id.match(/^test\\.p[0-9]+\\.o.*$/)', 'action.id.indexOf("two") > -1', '/two$/.test(action.id)',
            f'["{self.prefix}two", "x"].indexOf(action.id) >= 0', "action.id.endsWith('one')", '"" || subject.user',
            'RegExp("app-[0-9]+").test(action.lookup("unit"))', 'action.lookup("unit").indexOf("app-") == 0',
            'action.lookup("unit").startsWith("app")', 'subject.groups.indexOf("dev") != -1',
        )  # fmt: skip


def _policies() -> tuple[dict[str, str], str, list[Case]]:
    """Files of rules by path, the actions, and what is asked."""
    rng = random.Random(11)  # noqa: S311 - the same policies every time
    files, actions, cases = {}, [], []
    for number in range(POLICIES):
        writer = _Writer(rng, number)
        for name in ("one", "two"):
            allowed = rng.choice(["no", "yes", "auth_self", "auth_admin", "auth_admin_keep"])
            actions.append(
                f'<action id="{writer.prefix}{name}"><defaults><allow_any>{allowed}</allow_any></defaults></action>'
            )
        for _ in range(rng.randint(1, 3)):
            folder = rng.choice(["/etc", "/usr/share"])
            files[f"{folder}/polkit-1/rules.d/{rng.randint(10, 99)}-p{number}.rules"] = writer.function()
        for _ in range(REQUESTS):
            action = f"{writer.prefix}{rng.choice(['one', 'two'])}"
            cases.append(Case(rng.choice([*ACCOUNTS]), action, rng.choice(_DETAILS)))
    return files, f"<policyconfig>{''.join(actions)}</policyconfig>", cases


def _asked(files: dict[str, str], actions: str, cases: list[Case]) -> list[Case]:
    """The cases with polkit's answers."""
    script = []
    for name, account in ACCOUNTS.items():
        as_user = f"setpriv --reuid={account.uid} --regid={account.uid} --init-groups"
        script.append(f"{as_user} sleep 600 >/dev/null & {name}=$!")
        script.append(f"until [ $(stat -c %u /proc/${name}) = {account.uid} ]; do :; done")
    for case in cases:
        details = " ".join(shlex.join(["-d", key, value]) for key, value in case.details.items())
        script.append(f"pkcheck -a {case.action} -p ${case.user} {details} >/dev/null 2>&1; echo $?")
    script.append("kill $alice $bob $carol")
    with testroot.host() as host:
        polkit_kit.install(host)
        host.run(["sh"], _SETUP.encode(), check=True)
        for path, content in files.items():
            host.write(path, content)
        host.write("/usr/share/polkit-1/actions/test.policy", actions)
        with polkit_kit.running(host):
            answers = host.run(["sh"], "\n".join(script).encode(), check=True).stdout.decode().split()
    said = {"0": "yes", "1": "no", "2": "auth"}
    return [Case(c.user, c.action, c.details, said[answer]) for c, answer in zip(cases, answers, strict=True)]


@pytest.fixture(scope="module")
def asked(test_root: object) -> tuple[PolkitConfig, dict[str, str], list[Case]]:
    del test_root
    files, actions, cases = _policies()
    ordered = sorted(files, key=lambda path: (path.rpartition("/")[2], path))
    config = PolkitConfig(
        False,
        {action.id: action for action in read_actions(actions.encode(), "/test.policy")},
        [ScriptFile(path, read_script(files[path])) for path in ordered],
        [],
        None,
    )
    return config, files, _asked(files, actions, cases)


def test_no_answer_is_another_than_polkits(asked: tuple[PolkitConfig, dict[str, str], list[Case]]) -> None:
    config, files, cases = asked
    wrong, unknown = [], 0
    for case in cases:
        result = Polkit(config, (122, 0), GROUPS).decide(ACCOUNTS[case.user], case.action, case.details).result
        unknown += result is None
        if result and result.partition("_")[0] != case.answer:
            number = case.action.split(".")[1]
            wrong.append((case, result, [text for path, text in files.items() if f"-{number}.rules" in path]))
    assert not wrong, f"{len(wrong)} of {len(cases)}: {wrong[0]}"
    assert unknown / len(cases) < 0.2
    for answer in ("yes", "no", "auth"):
        assert 0.1 < sum(case.answer == answer for case in cases) / len(cases) < 0.7


def test_what_is_told_of_anyone_holds_for_everyone(asked: tuple[PolkitConfig, dict[str, str], list[Case]]) -> None:
    config, _, cases = asked
    known = 0
    for case in cases:
        result = Polkit(config, (122, 0), GROUPS).decide(None, case.action, case.details).result
        known += result is not None
        assert result is None or result.partition("_")[0] == case.answer, case
    assert known > 0.1 * len(cases)
