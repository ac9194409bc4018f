"""The local authority's files against the programs that Debian has for them: generated files, every answer compared."""

from __future__ import annotations

import random
import shlex
from pathlib import Path

import pytest

from secops.hosts.polkit.collected import ADMINISTRATORS_FOLDER, STORES
from secops.hosts.tables import Built
from secops.hosts.tables.polkit_rules import PolkitConfig, read_polkit
from secops.privilege.polkit import Polkit
from tests import testroot
from tests.hosts.evidence_kit import evidence
from tests.privilege import polkit_kit
from tests.privilege.test_polkit_oracle import _SETUP, ACCOUNTS, GROUPS

POLICIES, REQUESTS = 60, 4
COMPAT = "usr/share/polkit-1/rules.d/49-polkit-pkla-compat.rules"

#: What is answered where no file says anything; no file says it.
_DEFAULT = "auth_self"
_ACTIONS = ["org.test.one", "org.test.two", "com.test"]
_POLICY = "".join(
    f'<action id="{name}"><defaults><allow_any>{_DEFAULT}</allow_any></defaults></action>' for name in _ACTIONS
)
_IDENTITIES = [
    "unix-user:alice", "unix-user:bob", "unix-user:*", "unix-user:?????", "unix-group:dev", "unix-group:staff2",
    "unix-group:s*2", "unix-user:2001", "default", "*", "unix-group:alice", " unix-user:bob", "unix-user:[a]lice",
]  # fmt: skip
_GLOBS = ["org.test.one", "org.test.*", "*", "*.t?o", "com.test", "org.*one", "org.test", "o*g.*t.o*e", "?om.*"]
_RESULTS = ["yes", "no", "auth_admin", "yes", "no", "auth_admin_keep", "maybe", "yes "]
#: What one of two groups gives the other takes away.
_TWO_GROUPS = """[dev]
Identity=unix-group:dev
Action=*
ResultAny=no
[staff2]
Identity=unix-group:staff2
Action=*
ResultAny=yes
"""
_LINES = [
    "# a remark",
    "",
    "  ",
    "Other=1",
    "ReturnValue=a=b",
    " ResultActive = no",
    "bad",
    "[x",
    "=y",
    "A[de]=b",
    "[a]b",
]


def _file(rng: random.Random) -> str:
    lines = [] if rng.random() < 0.9 else [rng.choice(["# first", "", "Identity=unix-user:alice"])]
    for number in range(rng.randint(1, 3)):
        lines.append(f"[{rng.choice(['entry', 'other entry', f'n{number}'])}]{rng.choice(['', '', ' '])}")
        lines.append(f"Identity={';'.join(rng.choices(_IDENTITIES, k=rng.choice([1, 1, 2])))}{rng.choice(['', ';'])}")
        lines.append(f"{rng.choice(['', ' '])}Action={rng.choice(['', ' '])}{';'.join(rng.choices(_GLOBS, k=2))}")
        if rng.random() < 0.85:
            lines.append(f"ResultAny={rng.choice(_RESULTS[:6] if rng.random() < 0.9 else _RESULTS)}")
        if rng.random() < 0.2:
            lines.append("ResultActive=yes")
        if rng.random() < 0.1:
            lines.insert(rng.randrange(len(lines) + 1), rng.choice(_LINES))
    return rng.choice(["\n", "\n", "\n", "\r\n"]).join(lines) + rng.choice(["\n", ""])


def _policies() -> list[tuple[dict[str, str], list[tuple[str, str]]]]:
    """(files by path, [(user, action)])."""
    rng = random.Random(5)  # noqa: S311 - the same policies every time
    policies = [({f"{STORES[0]}/x/a.pkla": _TWO_GROUPS}, [(user, "com.test") for user in ACCOUNTS])]
    for _ in range(POLICIES):
        files = {}
        for _ in range(rng.randint(1, 3)):
            folder = f"{rng.choice(STORES)}/{rng.choice(['10-vendor.d', '50-local.d', 'x'])}"
            files[f"{folder}/{rng.choice(['a', 'b', '.c'])}.pkla"] = _file(rng)
        for name in rng.sample(["10-a", "50-b", "99"], k=rng.choice([0, 1, 2])):
            group = rng.choice(["[Configuration]"] * 4 + ["[Other]", "Configuration"])
            identities = ";".join(rng.choices(["unix-group:dev", "unix-user:bob", "unix-user:root"], k=2))
            files[f"{ADMINISTRATORS_FOLDER}/{name}.conf"] = f"# x\n{group}\nAdminIdentities={identities}\n"
        policies.append((files, [(rng.choice([*ACCOUNTS]), rng.choice(_ACTIONS)) for _ in range(REQUESTS)]))
    return policies


def _script(policies: list[tuple[dict[str, str], list[tuple[str, str]]]]) -> str:
    lines = [_SETUP, "set +e"]
    for files, requests in policies:
        lines.append(f"rm -rf {' '.join(f'{store}/*' for store in STORES)} {ADMINISTRATORS_FOLDER}/*")
        for path, content in files.items():
            lines.append(f"mkdir -p {path.rpartition('/')[0]}; printf %s {shlex.quote(content)} >{shlex.quote(path)}")
        for user, action in requests:
            lines.append(f'echo "$(pkla-check-authorization {user} false false {action} 2>/dev/null)"')
        lines.append("echo $(pkla-admin-identities 2>/dev/null)")
    return "\n".join(lines)


@pytest.fixture(scope="module")
def answers(test_root: Path) -> tuple[str, list[str]]:
    """The rules that ask these programs, and what they answer."""
    with testroot.host() as host:
        polkit_kit.install(host, local_authority=True)
        done = host.run(["sh"], _script(_policies()).encode(), check=True)
    return (test_root / "opt/polkit" / COMPAT).read_text(), done.stdout.decode().split("\n")


def _config(rules: str, files: dict[str, str]) -> PolkitConfig:
    built = Built()
    config = read_polkit(
        evidence(
            polkit_actions=f"/x.policy\0<policyconfig>{_POLICY}</policyconfig>\0",
            polkit_rules={f"/{COMPAT}": rules},
            polkit_local_authority={path: text for path, text in files.items() if "/." not in path},
        ),
        built,
    )
    assert built.problems == []
    return config


def test_every_answer_is_that_of_the_programs(answers: tuple[str, list[str]]) -> None:
    rules, said = answers
    at, wrong, kinds = 0, [], set()
    for files, requests in _policies():
        polkit = Polkit(_config(rules, files), (122, 0), GROUPS)
        for user, action in requests:
            ours = polkit.decide(ACCOUNTS[user], action, {}).result
            theirs = (said[at] or _DEFAULT).removesuffix("_keep")
            kinds.add(theirs)
            wrong += [(files, user, action, theirs, ours)] if ours != theirs else []
            at += 1
        identities = polkit.administrators(None, action).identities
        theirs = said[at] or "unix-user:0"
        wrong += [(files, theirs, identities)] if identities != tuple(theirs.split()) else []
        at += 1
    assert not wrong, f"{len(wrong)} of {at}: {wrong[0]}"
    assert kinds == {"yes", "no", "auth_admin", _DEFAULT}
