"""What an account really holds, each level with its proof; near misses hold less."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.hosts.evidence import Problem, Status
from secops.hosts.tables import Facts, Row
from secops.privilege.roles import policy_rights
from secops.privilege.roles.holdings import Holdings, holdings
from secops.privilege.roles.levels import Level
from tests.privilege.roles_kit import TODAY, held, tables, without

GROUPS = "root:x:0:\nwheel:x:10:\nadm:x:4:syslog\ndocker:x:998:\nshadow:x:42:\nops:x:50:\n"


def levels(sudoers: str = "", user: str = "alice", **named: Any) -> dict[str, str]:
    """The levels of an account, each as `way thing` of its proof."""
    found = held(named.pop("users", "alice bob"), sudoers, **named)
    assert found.lacks == {"": [], "rights": [], "shared": [], "use": []}
    return {level.value: f"{proof.way} {proof.thing}" for level, proof in found.accounts[user].levels.items()}


IDENTITY = {"operator": "sudo /usr/bin/id"}

FOUND = {
    "everything": ("alice ALL=(ALL) ALL", {"system": "sudo ALL"}),
    "an editor": ("alice ALL=(root) /usr/bin/vim", {"system": "sudo /usr/bin/vim"}),
    "the audit trail": ("alice ALL=(root) /usr/sbin/aureport", {"audit": "sudo /usr/sbin/aureport"}),
    "a log": ("alice ALL=(root) /usr/bin/tail -f /var/log/secure", {"audit": "sudo /usr/bin/tail -f /var/log/secure"}),
    "lines of a log": ("alice ALL=(root) /bin/grep error /var/log/x", {"audit": "sudo /bin/grep error /var/log/x"}),
    "the audit daemon": (
        "alice ALL=(root) /usr/sbin/service auditd reload", {"audit": "sudo /usr/sbin/service auditd reload"},
    ),
    "the firewall": ("alice ALL=(root) /usr/sbin/nft", {"security": "sudo /usr/sbin/nft"}),
    "the firewall's service": (
        "alice ALL=(root) /usr/bin/systemctl restart nftables.service",
        {"security": "sudo /usr/bin/systemctl restart nftables.service"},
    ),
    "settings of the integrity check": (
        "alice ALL=(root) sudoedit /etc/aide/aide.conf", {"security": "sudo sudoedit /etc/aide/aide.conf"},
    ),
    "a service": (
        "alice ALL=(root) /usr/bin/systemctl restart nginx", {"operator": "sudo /usr/bin/systemctl restart nginx"},
    ),
    "two duties": (
        "alice ALL=(root) /usr/sbin/aureport, /usr/sbin/nft",
        {"security": "sudo /usr/sbin/nft", "audit": "sudo /usr/sbin/aureport"},
    ),
    "another account": ("alice ALL=(postgres) /usr/bin/psql", {"operator": "sudo /usr/bin/psql"}),
    "all of another account": ("alice ALL=(postgres) ALL", {"operator": "sudo ALL"}),
    "another group": ("alice ALL=(:adm) /usr/bin/id", IDENTITY),
    "by a group": ("%wheel ALL=(root) /usr/bin/id", IDENTITY),
    "by everyone": ("ALL ALL=(root) /usr/bin/id", IDENTITY),
    "a log and what is none": (
        "alice ALL=(root) /usr/bin/wc /var/log/x /etc/motd", {"operator": "sudo /usr/bin/wc /var/log/x /etc/motd"},
    ),
    "out of the logs": (
        "alice ALL=(root) /usr/bin/wc /var/log/../x", {"operator": "sudo /usr/bin/wc /var/log/../x"},
    ),
    "two services": (
        "alice ALL=(root) /usr/sbin/service auditd nginx", {"operator": "sudo /usr/sbin/service auditd nginx"},
    ),
    "taken back from others": ("alice ALL=(root) /usr/bin/id\nbob ALL=(root) !/usr/bin/id", IDENTITY),
    "taken back as another": (
        "alice ALL=(root) /usr/bin/id\nalice ALL=(postgres) !/usr/bin/id", IDENTITY,
    ),
    "given again": ("alice ALL=/usr/bin/id\nalice ALL=!/usr/bin/id\nalice ALL=/usr/bin/id", IDENTITY),
    "root's password, without one": (
        "Defaults targetpw\nalice ALL=(root) NOPASSWD: /usr/bin/id", IDENTITY,
    ),
}  # fmt: skip

VIEWER = {"viewer": "login /bin/bash"}

SILENT = {
    "nothing": "",
    "as oneself": "alice ALL=(alice) /usr/bin/id",
    "on another host": "alice db1=(root) /usr/bin/id",
    "of another": "bob ALL=(root) /usr/bin/id",
    "excepted": "ALL, !alice ALL=(root) /usr/bin/id",
    "taken back": "alice ALL=(root) /usr/bin/id\nalice ALL=(root) !/usr/bin/id",
    "all taken back": "%wheel ALL=(root) /usr/bin/id\nalice ALL=(ALL) !ALL",
    "any arguments taken back": "alice ALL=(root) /usr/bin/id -u\nalice ALL=(root) !/usr/bin/id",
    "root's password is asked": "Defaults targetpw\nALL ALL=(ALL) ALL\nalice ALL=(root) /usr/bin/id",
    "to be told what sudo allows": "alice ALL=(root) list",
}


@pytest.mark.parametrize("name", FOUND)
def test_a_right_by_sudo_is_graded_by_what_it_is_for(name: str) -> None:
    sudoers, expected = FOUND[name]
    assert levels(sudoers + "\n", groups=GROUPS.replace("wheel:x:10:", "wheel:x:10:alice")) == expected


@pytest.mark.parametrize("name", SILENT)
def test_who_can_only_log_in_is_a_viewer(name: str) -> None:
    assert levels(SILENT[name] + "\n") == VIEWER


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("docker", {"system": "group docker"}), ("adm", {"audit": "group adm"}), ("ops", VIEWER),
        ("shadow", {"operator": "group shadow"}),
    ],
)  # fmt: skip
def test_groups_give_levels(group: str, expected: dict[str, str]) -> None:
    lines = [f"{line},alice" if line.startswith(f"{group}:") else line for line in GROUPS.splitlines()]
    assert levels(groups="\n".join(lines) + "\n") == expected


def test_a_group_is_proved_by_its_line() -> None:
    proof = held("alice", groups=GROUPS.replace("adm:x:4:", "adm:x:4:alice,")).accounts["alice"].levels[Level.AUDIT]
    assert (proof.source, proof.line, proof.more) == ("/etc/group", 3, 0)


def test_root_and_accounts_of_programs_hold_nothing() -> None:
    found = held("alice").accounts
    assert [user for user, one in found.items() if one.levels] == ["alice"]
    assert found["root"].is_root
    assert not found["postgres"].can_login  # a shell, but neither password nor key


def test_a_key_opens_what_no_password_does() -> None:
    accounts = held("alice", keys={"alice": ["a@x"]}, shadow="alice:!:1:0:9:7:::\npostgres:!:1:0:9:7:::\n").accounts
    assert accounts["alice"].levels.keys() == {Level.VIEWER}
    assert not accounts["postgres"].levels


def test_a_service_that_cannot_log_in_still_holds_its_rights() -> None:
    assert levels("agent ALL=(root) /usr/bin/id\n", "agent", nologin="agent") == IDENTITY
    assert levels("", "agent", nologin="agent") == {}


def test_an_account_that_has_ended_gives_no_session() -> None:
    days = (TODAY.toordinal() - 719163) - 1
    ended = held("alice bob", shadow=f"alice:$y$:1:0:9:7::{days}:\nbob:$y$:1:0:9:7::{days + 2}:\n").accounts
    assert (ended["alice"].can_login, ended["bob"].can_login) == (False, True)


def test_who_may_become_an_administrator_is_one() -> None:
    found = tables("alice bob carol", "bob ALL=(root) /usr/sbin/aureport\n")
    way = {"user_name": "alice", "becomes": "bob", "way": "file", "thing": "/home/bob/.bashrc", "gives": "shell",
           "certain": True, "source": "/home/bob/.bashrc", "line": None}  # fmt: skip
    closed = {**way, "user_name": "carol", "gives": "read"}
    both = holdings({**found, "account_ways": Facts([way, closed], {"": []})}, TODAY).accounts
    assert both["alice"].levels.keys() == {Level.AUDIT, Level.OPERATOR}
    assert both["alice"].levels[Level.AUDIT].thing == "/home/bob/.bashrc"
    assert both["carol"].levels.keys() == {Level.OPERATOR}


def test_ways_in_a_circle_end() -> None:
    def way(user: str, becomes: str) -> Row:
        return {"user_name": user, "becomes": becomes, "way": "file", "thing": "x", "gives": "shell", "certain": True,
                "source": "/x", "line": None}  # fmt: skip

    ring = Facts([way("alice", "bob"), way("bob", "alice"), way("bob", "root")], {"": []})
    accounts = holdings({**tables("alice bob", "alice ALL=(ALL) ALL\n"), "account_ways": ring}, TODAY).accounts
    assert accounts["bob"].levels.keys() == {Level.SYSTEM}


DOAS = {
    "a harmless command": ([{"identity": "alice", "command": "id"}], {"operator": "doas id"}),
    "of a duty, with its arguments": (
        [{"identity": ":wheel", "target": "root", "command": "service", "arguments": ["auditd", "reload"]}],
        {"audit": "doas service auditd reload"},
    ),
    "by number": ([{"identity": "1000", "command": "nft"}], {"security": "doas nft"}),
    "all of another": ([{"identity": ":10", "target": "postgres"}], {"operator": "doas ALL"}),
    "denied before": (
        [{"identity": "alice", "permit": False}, {"identity": "alice", "command": "id"}], {"operator": "doas id"},
    ),
    "denied": ([{"identity": "alice", "command": "id"}, {"identity": ":wheel", "permit": False}], None),
    "denied as root alone": (
        [{"identity": "alice", "target": "postgres"}, {"identity": "alice", "target": "root", "permit": False}],
        {"operator": "doas ALL"},
    ),
    "of another": ([{"identity": "bob", "command": "id"}, {"identity": ":adm", "command": "id"}], None),
    "as oneself": ([{"identity": "alice", "target": "alice", "command": "id"}], None),
    "not in force": ([{"identity": "alice", "command": "id", "in_force": False}], None),
    "as root, which root_ways tells": ([{"identity": "alice"}], None),
}  # fmt: skip


@pytest.mark.parametrize("name", DOAS)
def test_rights_by_doas_are_graded_alike(name: str) -> None:
    given, expected = DOAS[name]
    empty = {"permit": True, "target": None, "command": None, "arguments": None, "in_force": True}
    rules = [{**empty, "source": "/etc/doas.conf", "line": n, "position": n, **row} for n, row in enumerate(given, 1)]
    groups = GROUPS.replace("wheel:x:10:", "wheel:x:10:alice")
    found = holdings({**tables("alice bob", groups=groups), "doas_rules": Facts(rules, {"": []})}, TODAY)
    assert found.lacks["rights"] == []
    levels = {level.value: f"{proof.way} {proof.thing}" for level, proof in found.accounts["alice"].levels.items()}
    assert levels == (expected or VIEWER)


def test_a_rule_of_doas_that_may_not_be_in_force_is_told() -> None:
    rule = {"identity": "alice", "permit": True, "target": None, "command": "id", "arguments": None, "in_force": None,
            "source": "/etc/doas.conf", "line": 3, "position": 1}  # fmt: skip
    found = holdings({**tables("alice"), "doas_rules": Facts([rule], {"": []})}, TODAY)
    assert found.accounts["alice"].levels.keys() == {Level.VIEWER}
    (problem,) = found.lacks["rights"]
    assert problem.reason == "/etc/doas.conf:3: whether it is for alice here is not known"


def test_what_everybody_may_is_nobodys_right() -> None:
    found = tables("alice")
    hole = {**dict.fromkeys(("program", "line")), "user_name": "*", "way": "suid", "thing": "/tmp/sh", "gives": "shell",
            "certain": True, "source": "/tmp/sh"}  # fmt: skip
    assert holdings({**found, "root_ways": Facts([hole], {"": []})}, TODAY).accounts["alice"].levels.keys() == {
        Level.VIEWER
    }


@pytest.mark.parametrize(
    ("table", "subject"),
    [
        ("users", ""), ("groups", ""), ("group_members", ""), ("root_ways", "rights"), ("account_ways", "rights"),
        ("sudo_rules", "rights"), ("sudo_defaults", "rights"), ("doas_rules", "rights"), ("authorized_keys", "shared"),
        ("last_logins", "use"), ("sudo_use", "use"),
    ],
)  # fmt: skip
def test_what_was_not_seen_is_told(table: str, subject: str) -> None:
    lacks = holdings(without(tables("alice"), table), TODAY).lacks
    assert [problem.reason for problem in lacks[subject]] == ["permission denied"]
    lacks = holdings({name: facts for name, facts in tables("alice").items() if name != table}, TODAY).lacks
    assert [problem.reason for problem in lacks[subject]] == [f"{table}: not collected"]


def test_a_part_of_the_ways_that_was_not_seen_is_told() -> None:
    lacks = holdings(without(tables("alice"), "root_ways", "sudo"), TODAY).lacks
    assert [problem.reason for problem in lacks["rights"]] == ["permission denied"]


def test_passwords_matter_only_where_a_login_hangs_on_them() -> None:
    unseen = holdings(without(tables("alice", shadow="#\n"), "shadow_meta"), TODAY)
    assert unseen.accounts["alice"].can_login is None
    assert unseen.lacks["rights"] == [Problem(Status.DENIED, "permission denied")]
    by_key = holdings(
        without(tables("alice", keys={"alice": ["a"], "postgres": ["p"]}, shadow="#\n"), "shadow_meta"), TODAY
    )
    assert by_key.lacks["rights"] == []


def test_accounts_of_a_directory_are_not_all() -> None:
    found = held("alice", "ldap.user ALL=(ALL) ALL\n", nss="passwd: files sss\n")
    assert found.accounts["ldap.user"].levels.keys() == {Level.SYSTEM}
    assert [problem.reason for problem in found.lacks[""]] == ["accounts of a directory are not listed"]


@pytest.mark.parametrize("entry", ["+admins ALL", "alice 10.0.0.0/8"])
def test_a_rule_of_which_it_is_not_known_whom_it_is_for_is_told(entry: str) -> None:
    found = held("alice bob", f"{entry}=(root) /usr/bin/id, /usr/bin/w\n")
    assert found.accounts["alice"].levels.keys() == {Level.VIEWER}
    (problem,) = found.lacks["rights"]
    assert problem.reason.startswith("/etc/sudoers:1: whether it is for ")


def test_whose_password_is_asked_may_be_unknown() -> None:
    found = held("alice", "Defaults:alice targetpw\nalice ALL=(root) /usr/bin/id\n")
    assert found.accounts["alice"].levels.keys() == {Level.VIEWER}
    assert [problem.reason for problem in found.lacks["rights"]] == [
        "/etc/sudoers:2: whose password is asked is not known",
        "/etc/sudoers:3: whose password is asked is not known",
    ]


def test_too_many_rules_and_accounts_are_cut_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    users = " ".join(f"u{n}" for n in range(40))
    policy = "".join(f"u{n}, u{n + 1} ALL=(root) /usr/bin/id {n}\n" for n in range(40))
    assert held(users, policy).lacks["rights"] == []
    monkeypatch.setattr(policy_rights, "MAX_STEPS", 40 * 40)
    lacks = held(users, policy).lacks["rights"]
    assert [problem.reason for problem in lacks] == ["there are too many sudo rules and accounts to be graded"]


def test_holdings_can_be_packed() -> None:
    found = held("alice", "alice ALL=(ALL) ALL\n", keys={"alice": ["a@x"]}, nss="passwd: files sss\n")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=Holdings) == found


_WORDS = st.sampled_from(
    ["alice", "bob", "root", "ALL", "%wheel", "+ng", "#1000", "*", "", "é\udcff", "/usr/bin/id", "list"]
)
_SUDO = st.fixed_dictionaries(
    {
        "user_name": _WORDS, "user_kind": st.sampled_from(["user", "uid", "group", "gid", "netgroup", "all"]),
        "user_negated": st.booleans(), "host_spec": _WORDS, "runas_user": st.none() | _WORDS,
        "runas_group": st.none() | _WORDS, "runas_negated": st.booleans(), "as_root": st.none() | st.booleans(),
        "here": st.none() | st.booleans(), "command": _WORDS, "arguments": st.none() | _WORDS, "negated": st.booleans(),
        "nopasswd": st.booleans(), "source": st.just("/etc/sudoers"), "line": st.integers(1, 9),
        "position": st.integers(1, 5),
    }
)  # fmt: skip
_WAY = st.fixed_dictionaries(
    {
        "user_name": _WORDS, "becomes": _WORDS, "way": st.sampled_from(["sudo", "group", "suid"]), "thing": _WORDS,
        "gives": st.sampled_from(["shell", "account", "load", "write", "read"]), "certain": st.booleans(),
        "source": _WORDS, "line": st.none() | st.integers(),
    }
)  # fmt: skip
BASE = tables("alice bob")


@settings(max_examples=50)
@given(st.lists(_SUDO, max_size=8), st.lists(_WAY, max_size=5), st.lists(_WAY, max_size=5))
def test_no_rows_break_it_and_every_level_is_proved(rules: list[Row], ways: list[Row], others: list[Row]) -> None:
    made = {"sudo_rules": rules, "root_ways": ways, "account_ways": others}
    found = holdings({**BASE, **{name: Facts(rows, {"": []}) for name, rows in made.items()}}, TODAY)
    for user, one in found.accounts.items():
        assert user != "*"
        assert all(isinstance(proof.source, str) for proof in one.levels.values())
        assert not (one.is_root and one.levels)
