"""Our reading of sudoers against sudo itself: generated policies, each answer compared with what sudo says and does."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from secops.hosts.sudoers import Host, Policy, is_host, load
from secops.hosts.sudoers_options import switches
from secops.privilege.accounts import Account
from secops.privilege.sudo.commands import Request
from secops.privilege.sudo.names import Group, Names
from secops.privilege.sudo.sudo import Sudo
from tests.hosts.sudoers_writer import Writer, joined
from tests.privilege import sudo_kit
from tests.privilege.sudo_kit import ACCOUNTS, GIDS, GROUPS, Said

LISTED, RUN = (150, 6), (150, 8)  # policies and requests for each
VERSION = (1, 9, 13)

_ASKED = [
    "/usr/bin/id", "/usr/bin/id -u", "/usr/bin/id -n", "/usr/bin/id -u root", "/usr/bin/ls", "/bin/ls -l /tmp",
    "/usr/bin/ls -l /tmp/x", "/bin/ls -l /tmp/../etc", "/bin/ls -la /tmp", "/usr/bin/env", "/usr/sbin/nologin",
    "/usr/bin/env /usr/bin/id", "/usr/bin/id -un", "/bin/id a,b:c=d", "sudoedit /etc/motd",
    "sudoedit /etc/issue", "sudoedit /etc/motd /etc/issue", "/usr/bin/env -u root",
]  # fmt: skip
_PROMPT = re.compile(r"<([^>]*)>")


@dataclass(frozen=True)
class Case:
    policy: str
    account: Account
    request: Request
    said: Said

    @property
    def asked(self) -> list[str]:
        """sudo's options and words for the request."""
        return _words(self.request)

    @property
    def allowed(self) -> bool:
        return not re.search(r"not allowed|not in the sudoers|may not run sudo|not permitted", self.said.text)


def _words(request: Request) -> list[str]:
    user = ["-u", request.target.name] if request.as_user else []
    group = ["-g", request.group.name] if request.group else []
    edit = request.command == "sudoedit"
    return [*user, *group, *(["-e"] if edit else [request.command]), *request.arguments]


def cases(rng: random.Random, policies: int, requests: int, *, run: bool) -> list[Case]:
    """Generated policies with requests, and what sudo answers."""
    found: list[Case] = []
    with sudo_kit.oracle() as oracle:
        for _ in range(policies):
            writer = Writer(rng, tidy=True, for_commands=run)
            text = joined(["Defaults listpw=never", *writer.policy(switched=rng.random() < 0.2)])
            oracle.policy(text)
            for _ in range(requests):
                account, request = _request(rng, run=run)
                oracle.ask(account, *(["-k", "-S", "-p", "<%p>"] if run else ["-n", "-l"]), *_words(request))
                found.append(Case(text, account, request, Said(0, "")))
        said = oracle.answers()
    return [replace(case, said=one) for case, one in zip(found, said, strict=True)]


def _request(rng: random.Random, *, run: bool) -> tuple[Account, Request]:
    account = rng.choice([one for name, one in ACCOUNTS.items() if name != "root"])
    group: Group | None = rng.choice([None, None, None, rng.choice(GROUPS)])
    as_user = group is None or rng.random() < 0.6
    command, *arguments = rng.choice([one for one in _ASKED if run or not one.startswith("sudoedit")]).split()
    target = rng.choice([*ACCOUNTS.values()]) if as_user else account
    return account, Request(target, command, arguments, group=group, as_user=as_user)


def ours(policy: Policy, host: Host) -> Sudo:
    """As the evidence of the test host would have it."""
    found = switches(policy, lambda member: is_host(member, host))
    here = replace(host, use_netgroups=found.use_netgroups, by_user=found.netgroup_tuple)
    names = Names(here, found, GIDS)
    return Sudo(policy, names, version=VERSION)


def difference(case: Case, host: Host, *, run: bool) -> str:
    """In what we and sudo differ; empty when in nothing."""
    policy = load({"/etc/sudoers": case.policy.encode()}, "/etc/sudoers", directories=(), host="testhost")
    sudo = ours(policy, host)
    decision = sudo.decide(case.account, case.request)
    if (len(decision.by) > 1 or decision.allowed is None) and case.request.group and "Runas_Alias" in case.policy:
        return ""  # sudo before 1.9.14 finds no alias with -g, and we do not know what it does
    if "unknown user #" in case.said.text:
        return ""  # sudo never finds the user of runaspw by number
    allowed = case.allowed if run else case.said.code == 0
    if decision.allowed is not allowed:
        return f"allowed {allowed}, we say {decision.allowed}"
    if not allowed or not run:
        return ""
    right = decision.by[-1]
    whose, sure = sudo.asks(case.account, case.request, right)
    prompt = _PROMPT.search(case.said.text)
    named = {
        "": None, "own": case.account.name, "target": case.request.target.name, "root": "root",
        "runas_default": sudo.runas_default(case.account, case.request),
    }[whose]  # fmt: skip
    if not sure or named != (prompt and prompt[1]):
        return f"asks {prompt and prompt[1]}, we say {named}, sure {sure}"
    if case.request.arguments == ["/usr/bin/id"]:
        noexec = "Permission denied" in case.said.text
        if noexec is not sudo.noexec(case.account, case.request, right):
            return f"noexec {noexec}, we say not so"
    return ""


@pytest.mark.parametrize("run", [False, True], ids=["listed", "run"])
def test_every_answer_is_sudos_own(test_root: Path, run: bool) -> None:
    """`sudo -l` says who may do what; running it, who is asked for which password, and what NOEXEC does."""
    del test_root
    rng = random.Random(4)  # noqa: S311 - the same policies every time
    found = cases(rng, *(RUN if run else LISTED), run=run)
    with sudo_kit.oracle() as oracle:
        host = sudo_kit.known(oracle.host)
    wrong = [(why, case) for case in found if (why := difference(case, host, run=run))]
    assert not wrong, f"{len(wrong)} of {len(found)}: {wrong[0]}"
    assert 0.1 < sum(case.allowed if run else not case.said.code for case in found) / len(found) < 0.9
