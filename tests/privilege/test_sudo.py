"""What sudo answers, where the oracle cannot be asked: other versions, what is not known, times; and its size."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from secops.hosts.sudoers import Host, Policy, TooLargeError, load
from secops.hosts.sudoers_options import Switches
from secops.privilege.accounts import Account, accounts, root_of
from secops.privilege.sudo.commands import Request
from secops.privilege.sudo.names import Group, Names
from secops.privilege.sudo.sudo import Sudo
from secops.privilege.sudo.times import in_force

ROOT = Account("root", 0, frozenset({"root"}), frozenset({0}))
ALICE = Account("alice", 1001, frozenset({"alice", "staff"}), frozenset({1001, 50}))
BOB = Account("bob", 1002, frozenset({"bob"}), frozenset({1002}))
DOCKER, STAFF = Group("docker", 998), Group("staff", 50)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
OLD, NEW = (1, 9, 13), (1, 9, 18)


def policy(text: str) -> Policy:
    return load({"/etc/sudoers": text.encode()}, "/etc/sudoers", directories=(), host="web1")


def sudo(text: str, *, version: tuple[int, ...] | None = None, switches: Switches | None = None) -> Sudo:
    names = Names(Host.named("web1", whole=True), switches or Switches(), {"docker": 998, "staff": 50})
    return Sudo(policy(text), names, version=version, now=NOW)


def asked(
    target: Account = ROOT, command: str = "/usr/bin/id", *arguments: str, group: Group | None = None, user: bool = True
) -> Request:
    return Request(target, command, arguments, group=group, as_user=user)


def allowed(text: str, request: Request, **others: tuple[int, ...] | None) -> bool | None:
    return sudo(text, **others).decide(ALICE, request).allowed  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("runas", "request_", "old", "new"),
    [
        # oneself with a group, by -g alone
        ("(:docker)", asked(ALICE, group=DOCKER, user=False), True, True),
        ("(:staff)", asked(ALICE, group=DOCKER, user=False), False, False),
        ("(:ALL, !docker)", asked(ALICE, group=DOCKER, user=False), False, False),
        ("(:#998)", asked(ALICE, group=DOCKER, user=False), True, True),
        ("(bob:docker)", asked(ALICE, group=DOCKER, user=False), True, True),
        # another one with a group
        ("(bob:docker)", asked(BOB, group=DOCKER), True, True),
        ("(bob)", asked(BOB, group=DOCKER), False, False),
        ("(bob)", asked(BOB, group=Group("bob", 1002)), True, True),  # one of the target's own
        ("(bob:docker)", asked(ROOT, group=DOCKER), False, False),
        ("(:docker)", asked(BOB, group=DOCKER), False, False),
        ("(:docker)", asked(ROOT), False, False),
        # what changed with 1.9.14
        ("", asked(ROOT, group=DOCKER), True, False),
        ("", asked(ROOT, group=Group("root", 0)), True, True),
        ("(root)", asked(ALICE, group=STAFF, user=False), True, False),
        ("(:docker)", asked(ALICE), False, True),
        ("(T:G)", asked(BOB, group=DOCKER), None, True),  # -g found no alias
    ],
)
def test_targets_with_groups_in_each_version(runas: str, request_: Request, old: bool | None, new: bool) -> None:
    text = f"Runas_Alias T = bob : G = docker\nalice ALL = {runas} /usr/bin/id\n"
    assert allowed(text, request_, version=OLD) is old
    assert allowed(text, request_, version=NEW) is new
    assert allowed(text, request_) is (old if old is new else None)


def test_of_several_that_may_decide_all_are_told() -> None:
    found = sudo("alice ALL = ALL\nalice 10.0.0.1 = NOPASSWD: ALL\nalice web2 = ALL\n").decide(ALICE, asked())
    assert (found.allowed, [(right.rule.line, right.certain) for right in found.by]) == (True, [(2, False), (1, True)])


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("alice ALL = ALL\nalice 10.0.0.1 = !ALL", None), ("alice 10.0.0.1 = ALL", None),
        ("alice 10.0.0.1 = !ALL", False),
        ("alice 10.0.0.1 = !ALL\nalice ALL = ALL", True), ("+ng ALL = ALL", None), ("ALL, !+ng ALL = ALL", None),
        ("ALL, !+ng, alice ALL = ALL", True), ("alice ALL = (+ng) ALL", None), ("%:plug ALL = ALL", False),
        ("Defaults group_plugin=x\n%:plug ALL = ALL", None),
    ],
)  # fmt: skip
def test_what_is_not_known_is_no_refusal(text: str, answer: bool | None) -> None:
    plugin = "group_plugin" in text
    assert sudo(f"{text}\n", switches=Switches(plugin=plugin)).decide(ALICE, asked()).allowed is answer


def test_a_digest_is_not_known() -> None:
    digest = "sha224:" + "ab" * 28
    assert allowed(f"alice ALL = {digest} /usr/bin/id\n", asked()) is None
    assert allowed(f"alice ALL = {digest} /usr/bin/id\n", asked(ROOT, "/usr/bin/ls")) is False
    assert allowed(f"alice ALL = ALL, {digest} !/usr/bin/id\n", asked()) is None


@pytest.mark.parametrize(
    ("text", "whose"),
    [
        ("alice ALL=ALL", "own"), ("alice ALL=NOPASSWD: ALL", ""), ("Defaults !authenticate\nalice ALL=ALL", ""),
        ("Defaults targetpw\nalice ALL=ALL", "target"), ("Defaults targetpw, rootpw, runaspw\nalice ALL=ALL", "root"),
        ("Defaults targetpw, runaspw\nalice ALL=ALL", "runas_default"), ("Defaults:bob rootpw\nalice ALL=ALL", "own"),
        ("Defaults exempt_group=STAFF\nalice ALL=ALL", ""), ("Defaults exempt_group=docker\nalice ALL=ALL", "own"),
        ("Defaults exempt_group=staff\nDefaults !exempt_group\nalice ALL=ALL", "own"),
        ("Defaults!/usr/bin/id rootpw\nDefaults !rootpw\nalice ALL=ALL", "root"),
        ("Defaults>root !authenticate\nDefaults authenticate\nalice ALL=ALL", "own"),
        ("Defaults>root !authenticate\nalice ALL=PASSWD: ALL", "own"),
    ],
)  # fmt: skip
def test_whose_password_is_asked(text: str, whose: str) -> None:
    policy_ = sudo(f"{text}\n")
    (right,) = policy_.decide(ALICE, asked()).by
    assert policy_.asks(ALICE, asked(), right) == (whose, True)


def test_a_setting_that_may_be_for_this_host_makes_it_unsure() -> None:
    policy_ = sudo("Defaults@10.0.0.1 !authenticate\nalice ALL=ALL\n")
    (right,) = policy_.decide(ALICE, asked()).by
    assert policy_.asks(ALICE, asked(), right) == ("own", False)


def test_nobody_is_asked_who_stays_what_they_are() -> None:
    policy_ = sudo("ALL ALL=(ALL:ALL) ALL\n")
    twin = Account("twin", 1001)
    for account, request in (
        (ROOT, asked()),
        (ALICE, asked(ALICE)),
        (ALICE, asked(twin)),
        (ALICE, asked(ALICE, group=STAFF)),
    ):
        assert policy_.asks(account, request, policy_.decide(account, request).by[-1]) == ("", True)
    other = asked(ALICE, group=DOCKER)
    assert policy_.asks(ALICE, other, policy_.decide(ALICE, other).by[-1]) == ("own", True)


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        ({}, True), ({"NOTAFTER": "20250101000000Z"}, False), ({"NOTAFTER": "20270101000000Z"}, True),
        ({"NOTBEFORE": "20250101000000Z"}, True), ({"NOTBEFORE": "20270101000000Z"}, False),
        ({"NOTBEFORE": "20250101000000Z", "NOTAFTER": "20250201000000Z"}, False),
        ({"NOTAFTER": "2026060101"}, None), ({"NOTAFTER": "2026060401"}, True),  # in the host's own zone
        ({"NOTAFTER": "202606010030+0100"}, False), ({"NOTAFTER": "202606010030-0100"}, True),
        ({"NOTAFTER": "2026060100.5Z"}, True), ({"NOTAFTER": "20269901000000Z"}, None),
    ],
)  # fmt: skip
def test_times(options: dict[str, str], answer: bool | None) -> None:
    assert in_force(options, NOW) is answer
    assert in_force(options, None) is (None if options else True)


def test_entries_out_of_their_time_do_not_count() -> None:
    text = "alice ALL = ALL\nalice ALL = NOTAFTER=20250101000000Z !ALL\n"
    assert allowed(text, asked()) is True
    assert allowed(text.replace("2025", "2027"), asked()) is False
    assert allowed(text.replace("20250101000000Z", "2026060100"), asked()) is None


def test_groups_that_share_a_number_have_one_name() -> None:
    users = [{"user_name": "root", "uid": 0, "gid": 0}, {"user_name": "alice", "uid": 1001, "gid": 1001}]
    members = [{"group_name": "twin", "gid": 998, "user_name": "alice"}]
    groups = [{"group_name": "docker", "gid": 998}, {"group_name": "twin", "gid": 998}]
    known = accounts(users, members, groups)
    assert known["alice"].groups == {"docker"}
    assert sudo("%docker ALL=ALL\n").decide(known["alice"], asked(root_of(known))).allowed is True
    assert sudo("%twin ALL=ALL\n").decide(known["alice"], asked(root_of(known))).allowed is False


COUNT = 10_000
ALIASES = (
    "".join(f"Cmnd_Alias C{n} = " + ", ".join(f"/opt/{n}/{k}" for k in range(20)) + "\n" for n in range(200))
    + "Host_Alias H = "
    + ", ".join(f"h{n}" for n in range(200))
    + ", web1\nRunas_Alias R = "
    + ", ".join(f"t{n}" for n in range(200))
    + ", root\n"
)


def _answers(text: str, people: list[Account]) -> tuple[int, int]:
    """How many commands are allowed, and the steps that all took."""
    read = policy(text)
    asked_ = Sudo(read, Names(Host.named("web1", whole=True)))
    count = 0
    for account in people:
        for right in asked_.rights(account):
            request = asked(ROOT, right.command.text, *(right.command.arguments or "").split())
            count += right in asked_.decide(account, request).by
    return count, read.steps


@pytest.mark.parametrize(
    ("text", "people", "count"),
    [
        ("".join(f"alice ALL = /usr/bin/vim /srv/{n}\n" for n in range(COUNT)), [ALICE], COUNT),
        ("".join(f"u{n} ALL = /usr/bin/vim /srv/{n}\n" for n in range(COUNT)), COUNT, COUNT),
        ("".join(f"alice ALL = (t{n}) /usr/bin/vim\n" for n in range(2_000)), [ALICE], 0),
        (ALIASES + "".join(f"alice H = (R) C{n % 200}\n" for n in range(2_000)), [ALICE], 4_000),
        (ALIASES + "".join(f"u{n} H = (R) C{n % 200}\n" for n in range(2_000)), 500, 10_000),
    ],
    ids=["one account", "one each", "targets", "aliases of one", "aliases of each"],
)
def test_ten_thousand_lines_are_answered_whole(text: str, people: list[Account] | int, count: int) -> None:
    if isinstance(people, int):
        people = [Account(f"u{n}", 5_000 + n) for n in range(people)]
    found, steps = _answers(text, people)
    assert found == count
    assert steps < 400_000


def test_a_policy_that_explodes_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secops.hosts.sudoers.MAX_STEPS", 20_000)
    people = [Account(f"u{n}", 5_000 + n) for n in range(2_000)]
    with pytest.raises(TooLargeError):
        _answers("".join(f"ALL, !x{n} ALL = /usr/bin/vi* /srv/{n}\n" for n in range(2_000)), people)
    knot = "".join(f"User_Alias A{n} = A{n + 1}, A{n + 1}\n" for n in range(40)) + "User_Alias A40 = A0\n"
    with pytest.raises(TooLargeError):
        _answers(f"{knot}A0 ALL = ALL\n", [ALICE])


def test_aliases_in_aliases_are_asked_once_each() -> None:
    nested = (
        "".join(f"User_Alias A{n} = A{n + 1}, !A{n + 1}, A{n + 1}\n" for n in range(400)) + "User_Alias A400 = alice\n"
    )
    assert sudo(f"{nested}A0 ALL = ALL\n").decide(ALICE, asked()).allowed is True
    assert sudo(f"{nested}A0 ALL = ALL\n").decide(BOB, asked()).allowed is False


def test_time_limits_have_a_day_of_doubt_at_most() -> None:
    for hours, answer in ((13, None), (15, True), (-13, None), (-15, False)):
        limit = (NOW + timedelta(hours=hours)).strftime("%Y%m%d%H")
        assert in_force({"NOTAFTER": limit}, NOW) is answer
