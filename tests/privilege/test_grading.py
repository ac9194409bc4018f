"""Declared against held: each planted gap is found with its evidence, each near miss is silent."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from secops.hosts.tables import Facts
from secops.hosts.tables.role_gaps import TABLE
from secops.privilege.roles.grading import gaps, undeclared
from secops.privilege.roles.holdings import holdings
from tests.privilege.roles_kit import TODAY, held, roles, rows, seconds, tables, use, without

ALICE = "alice ALL=(ALL) ALL\n"
BOB = "bob ALL=(root) /usr/sbin/aureport\n"


def person(level: str, *, name: str = "a", account: str = "alice", more: str = "") -> str:
    return f"people:\n  - {{name: {name}, accounts: [{account}], level: {level}{more}}}\n"


def one(folder: Path, declared: str, users: str, sudoers: str = "", **named: Any) -> list[tuple[Any, ...]]:
    """(gap, account, level) of one host."""
    found = rows(roles(folder, declared), {"web1": held(users, sudoers, **named)})
    return [row[1:] for row in found]


@pytest.mark.parametrize("level", ["system", "security", "audit", "operator", "viewer"])
def test_what_is_declared_and_held_is_no_gap(tmp_path: Path, level: str) -> None:
    commands = {"system": "ALL", "security": "/usr/sbin/nft", "audit": "/usr/sbin/aureport", "operator": "/usr/bin/id"}
    sudoers = f"alice ALL=(ALL) {commands[level]}\n" if level in commands else ""
    assert one(tmp_path, person(level), "alice", sudoers) == []


def test_more_than_declared(tmp_path: Path) -> None:
    declared = person("audit")
    assert one(tmp_path, declared, "alice", ALICE) == [("conflict", "alice", "system"), ("too_much", "alice", "system")]
    both = "alice ALL=(root) /usr/sbin/aureport, /usr/bin/systemctl restart nginx\n"
    assert one(tmp_path, declared, "alice", both) == [("too_much", "alice", "operator")]
    assert one(tmp_path, person("viewer", more=", hosts: [db1]"), "alice") == [("too_much", "alice", "viewer")]


def test_the_evidence_of_too_much(tmp_path: Path) -> None:
    (facts,) = gaps(roles(tmp_path, person("viewer")), {"web1": held("alice", ALICE)}, TODAY).values()
    (row,) = facts.rows
    assert row == {
        "user_name": "alice", "person": "a", "gap": "too_much", "level": "system", "conflicts_with": None,
        "declared": "viewer", "held": "system", "way": "sudo", "source": "/etc/sudoers", "line": 1,
        "detail_en": "alice (a) is declared viewer, and is system administrator: sudo ALL (/etc/sudoers:1)",
        "detail_zh": "alice（a）声明为查看员，实际为系统管理员：sudo ALL（/etc/sudoers:1）",
    }  # fmt: skip


def test_less_than_declared(tmp_path: Path) -> None:
    assert one(tmp_path, person("audit"), "alice") == [("missing", "alice", "audit")]
    assert one(tmp_path, person("audit"), "alice", ALICE, used={}) != []  # root may read logs, too: nothing is missing
    assert ("missing", "alice", "audit") not in one(tmp_path, person("audit"), "alice", ALICE)
    assert one(tmp_path, person("audit"), "") == [("missing", "alice", "audit")]
    assert one(tmp_path, person("viewer", account='"alice*"'), "") == [("missing", None, "viewer")]
    assert one(tmp_path, person("viewer", account='"alice@db*"'), "") == []


def test_of_several_accounts_one_is_enough(tmp_path: Path) -> None:
    assert one(tmp_path, person("audit", account="alice, bob"), "alice bob", BOB) == []


def test_root_and_accounts_for_emergencies(tmp_path: Path) -> None:
    assert one(tmp_path, person("system", account="root"), "") == []
    rescue = "break_glass: [{account: rescue, reason: envelope, until: 2026-06-30}]"
    assert one(tmp_path, rescue, "rescue", "rescue ALL=(ALL) ALL\n", used={}) == []
    assert one(tmp_path, rescue, "") == [("missing", "rescue", "system")]
    ended = rescue.replace("06-30", "06-29")
    assert one(tmp_path, ended, "rescue", "rescue ALL=(ALL) ALL\n") == [("expired", "rescue", "system")]


def test_an_account_that_nobody_declares(tmp_path: Path) -> None:
    assert one(tmp_path, person("viewer"), "alice bob") == [("undeclared", "bob", "viewer")]
    assert one(tmp_path, person("viewer"), "alice bob", BOB) == [("undeclared", "bob", "audit")]
    assert one(tmp_path, person("viewer"), "alice", "agent ALL=(root) /usr/bin/id\n", nologin="agent bin") == [
        ("undeclared", "agent", "operator")
    ]
    service = person("viewer") + "services: [{account: agent, owner: a, purpose: checks, level: operator}]"
    assert one(tmp_path, service, "alice", "agent ALL=(root) /usr/bin/id\n", nologin="agent") == []


def test_what_was_declared_up_to_a_day(tmp_path: Path) -> None:
    declared = person("system", more=", until: 2026-06-29")
    assert one(tmp_path, declared, "alice", ALICE) == [("expired", "alice", "system")]
    assert one(tmp_path, declared, "alice") == [("expired", "alice", "viewer")]
    assert one(tmp_path, declared, "alice", shadow="alice:!:1:0:9:7:::\n") == []
    assert one(tmp_path, declared.replace("29", "30"), "alice", ALICE) == []
    over = person("audit", more=", until: 2026-06-29")
    assert one(tmp_path, over, "alice", "alice ALL=(root) /usr/bin/id\n") == [("too_much", "alice", "operator")]


THREE = """people:
  - {name: a, accounts: [alice, alice-log], level: system, hosts: [web1]}
  - {name: b, accounts: [bob], level: audit, hosts: [log1]}
"""


def test_duties_of_one_person_on_two_hosts_through_two_accounts(tmp_path: Path) -> None:
    hosts = {"web1": held("alice", ALICE), "web2": held("alice", ALICE), "log1": held("alice-log bob", BOB)}
    declared = roles(tmp_path, THREE.replace("[web1]", "[web1, web2]"))
    assert rows(declared, hosts, "conflict") == []
    hosts["log1"] = held("alice-log bob", BOB + BOB.replace("bob", "alice-log"))
    assert rows(declared, hosts, "conflict") == [("log1", "conflict", "alice-log", "audit")]
    row = next(row for row in gaps(declared, hosts, TODAY)["log1"].rows if row["gap"] == "conflict")
    assert (row["person"], row["conflicts_with"], row["source"], row["line"]) == ("a", "system", "/etc/sudoers", 2)
    assert "system administrator on web1 and on 1 more (alice: sudo ALL (/etc/sudoers:1))" in row["detail_en"]
    assert "主机 web1等 2 台主机" in row["detail_zh"]
    joined = roles(tmp_path, THREE + "may_join: [{duties: [system, audit], reason: two people}]\n")
    assert rows(joined, hosts, "conflict") == []


def test_duties_on_one_host(tmp_path: Path) -> None:
    both = "bob ALL=(root) /usr/sbin/aureport, /usr/sbin/nft\n"
    assert rows(roles(tmp_path, THREE), {"web1": held("bob", both)}, "conflict") == [
        ("web1", "conflict", "bob", "audit")
    ]
    two = ALICE + "alice-log ALL=(root) /usr/sbin/aureport\n"
    assert rows(roles(tmp_path, THREE), {"web1": held("alice alice-log", two)}, "conflict") == [
        ("web1", "conflict", "alice-log", "audit")
    ]
    # root holds every duty anyhow: the group adds none
    adm = "root:x:0:\nadm:x:4:syslog,alice\n"
    assert rows(roles(tmp_path, THREE), {"web1": held("alice", ALICE, groups=adm)}, "conflict") == []


def test_duties_that_are_declared_conflict_too(tmp_path: Path) -> None:
    declared = "people: [{name: a, accounts: [alice], levels: [{level: system}, {level: audit, hosts: [log1]}]}]"
    hosts = {"web1": held("alice"), "log1": held("alice")}
    assert rows(roles(tmp_path, declared), hosts, "conflict") == [("log1", "conflict", "alice", "audit")]
    row = gaps(roles(tmp_path, declared), hosts, TODAY)["log1"].rows[0]
    assert (row["source"], row["line"]) == (str(tmp_path / "roles.yml"), None)


def test_an_account_that_is_nobodys_may_conflict_with_itself_alone(tmp_path: Path) -> None:
    hosts = {"web1": held("x", "x ALL=(root) /usr/sbin/nft\n"), "log1": held("x", "x ALL=(root) /usr/sbin/aureport\n")}
    assert rows(roles(tmp_path, THREE), hosts, "conflict") == []
    hosts["web1"] = held("x", "x ALL=(root) /usr/sbin/nft, /usr/sbin/aureport\n")
    assert rows(roles(tmp_path, THREE), hosts, "conflict") == [("web1", "conflict", "x", "audit")]


TWO = "people:\n  - {name: a, accounts: [duty], level: system}\n  - {name: b, accounts: [duty], level: system}\n"
DUTY = "duty ALL=(ALL) ALL\n"


def test_an_account_that_is_declared_for_two(tmp_path: Path) -> None:
    assert one(tmp_path, TWO, "duty", DUTY) == [("shared", "duty", "")]
    assert one(tmp_path, TWO + "shared: [{account: duty, reason: night shift}]", "duty", DUTY) == []
    assert one(tmp_path, TWO + "shared: [{account: duty@db1, reason: night shift}]", "duty", DUTY) != []


@pytest.mark.parametrize(
    ("comments", "shared"),
    [
        (["li@pc", "wang@pc"], True), (["li@pc", "li@laptop"], False), (["LI@pc", "li"], False), (["li@pc", ""], False),
        (["root@web1", "root@web2"], True), (["admin@pc1", "admin@pc2"], True), (["li@pc"], False), ([], False),
    ],
)  # fmt: skip
def test_keys_of_different_people_open_an_administrators_account(
    tmp_path: Path, comments: list[str], shared: bool
) -> None:
    def of(account: str, sudoers: str) -> list[Any]:
        declared = roles(tmp_path, person("system", account=account))
        return rows(declared, {"web1": held("alice", sudoers, keys={account: comments})}, "shared")

    assert bool(of("alice", ALICE)) is shared
    assert bool(of("root", "")) is shared
    assert of("alice", "") == []  # no administrator


def test_keys_that_open_no_session_or_are_the_same_do_not_count(tmp_path: Path) -> None:
    def of(**columns: Any) -> list[Any]:
        keys = [
            {"user_name": "alice", "path": "/k", "line": n, "effective": True, "accepted": True,
             "fingerprint": f"f{n}", "comment": f"p{n}@pc", "forced_command": False, "cert_authority": False, **columns}
            for n in (1, 2)
        ]  # fmt: skip
        found = holdings({**tables("alice", ALICE), "authorized_keys": Facts(keys, {"": []})}, TODAY)
        return rows(roles(tmp_path, person("system")), {"web1": found}, "shared")

    assert of() == [("web1", "shared", "alice", "")]
    for column, value in (
        ("forced_command", True),
        ("cert_authority", True),
        ("fingerprint", "f"),
        ("effective", False),
        ("accepted", False),
    ):
        assert of(**{column: value}) == []


@pytest.mark.parametrize(
    ("name", "shared"), [("admin", True), ("test1", True), ("guest-02", True), ("tester9", True), ("testa", False)]
)
def test_a_name_that_belongs_to_nobody(tmp_path: Path, name: str, shared: bool) -> None:
    assert bool(rows(roles(tmp_path, THREE), {"web1": held(name)}, "shared")) is shared
    assert rows(roles(tmp_path, THREE), {"web1": held("", nologin=name)}, "shared") == []
    assert rows(roles(tmp_path, person("viewer", account=name)), {"web1": held(name)}, "shared") == []


def unused(folder: Path, sudoers: str, login: int | None, sudo: int | None, **named: Any) -> list[tuple[Any, ...]]:
    found = tables("alice", sudoers, **named)
    records = use({"alice": (login, sudo)}, reach=named.get("reach", 200))
    return [
        row[2:] for row in rows(roles(folder, person("system")), {"w": holdings({**found, **records}, TODAY)}, "unused")
    ]


@pytest.mark.parametrize(
    ("login", "sudo", "found"),
    [
        (1, 1, False), (89, 89, False), (90, 1, True), (None, 1, True), (1, 90, True), (1, None, True),
        (300, 300, True),
    ],
)  # fmt: skip
def test_a_right_that_nobody_used(tmp_path: Path, login: int | None, sudo: int | None, found: bool) -> None:
    assert unused(tmp_path, ALICE, login, sudo) == ([("alice", "system")] if found else [])


def test_a_right_by_doas_is_used_by_doas(tmp_path: Path) -> None:
    rule = {"identity": "alice", "permit": True, "target": None, "command": "id", "arguments": None, "in_force": True,
            "source": "/etc/doas.conf", "line": 3, "position": 1}  # fmt: skip
    found = {**tables("alice"), "doas_rules": Facts([rule], {"": []})}
    assert rows(roles(tmp_path, person("operator")), {"w": holdings(found, TODAY)}) == [
        ("w", "unused", "alice", "operator")
    ]


def test_rights_by_groups_are_used_by_logging_in(tmp_path: Path) -> None:
    docker = "root:x:0:\ndocker:x:998:alice\n"
    assert unused(tmp_path, "", 1, None, groups=docker) == []
    assert unused(tmp_path, "", 90, None, groups=docker) == [("alice", "system")]


def test_what_is_new_had_no_time_to_be_used(tmp_path: Path) -> None:
    def of(found: dict[str, Facts]) -> list[Any]:
        return rows(roles(tmp_path, person("system")), {"w": holdings(found, TODAY)}, "unused")

    def changed(days: int) -> dict[str, Facts]:
        rules = [{**row, "changed": seconds(days)} for row in base["sudo_rules"].rows]
        return {**base, **use({"alice": (1, None)}), "sudo_rules": Facts(rules, {"": []})}

    base = tables("alice", ALICE)
    account = {**base, **use({"alice": (None, None)})}
    made = [{**row, "idle_days": 10} for row in account["last_logins"].rows]  # its password was set then, say
    assert of({**account, "last_logins": Facts(made, {"": []}), "sudo_use": use({"alice": 1})["sudo_use"]}) == []
    assert len(of({**base, **use({"alice": (1, None)}, granted=seconds(91))})) == 1
    assert of({**base, **use({"alice": (1, None)}, granted=seconds(89))}) == []
    assert (len(of(changed(91))), of(changed(89))) == (1, [])


def test_a_record_that_is_too_short_proves_nothing_and_says_so(tmp_path: Path) -> None:
    def reasons(reach: int | None, used: dict[str, Any]) -> tuple[list[Any], list[str]]:
        found = holdings({**tables("alice", ALICE), **use(used, reach)}, TODAY)
        (facts,) = gaps(roles(tmp_path, person("system")), {"w": found}, TODAY).values()
        return list(facts.rows), [problem.reason for problem in facts.problems["use"]]

    short = [f"{table}: the record does not reach back 90 days" for table in ("last_logins", "sudo_use")]
    assert reasons(90, {"alice": (1, 1)}) == ([], [])
    assert reasons(89, {"alice": (1, 1)}) == ([], [])
    assert reasons(89, {"alice": (None, None)}) == ([], short)
    assert reasons(89, {}) == ([], short)
    assert reasons(None, {"alice": (None, 1)}) == ([], short[:1])
    assert len(reasons(90, {"alice": (None, None)})[0]) == 1


def test_services_are_used_through_sudo_alone(tmp_path: Path) -> None:
    service = "services: [{account: agent, owner: a, purpose: checks, level: operator}]"
    policy = "agent ALL=(root) /usr/bin/id\n"
    assert one(tmp_path, service, "", policy, nologin="agent", used={"agent": (None, 1)}) == []
    assert one(tmp_path, service, "", policy, nologin="agent", used={"agent": (None, None)}) == [
        ("unused", "agent", "operator")
    ]


PARTS = {"rights", "conflicts", "shared", "use"}


@pytest.mark.parametrize(
    ("table", "parts"),
    [
        ("users", {"", *PARTS}), ("groups", {"", *PARTS}), ("root_ways", PARTS), ("sudo_rules", PARTS),
        ("authorized_keys", PARTS), ("last_logins", {"use"}),
    ],
)  # fmt: skip
def test_what_was_not_seen_makes_parts_not_whole_and_nothing_missing(
    tmp_path: Path, table: str, parts: set[str]
) -> None:
    seen = holdings(without(tables("alice", ALICE), table), TODAY)
    declared = person("viewer") + "  - {name: b, accounts: [bob], level: audit}\n"
    (facts,) = gaps(roles(tmp_path, declared), {"web1": seen}, TODAY).values()
    assert {part for part, problems in facts.problems.items() if problems} == parts
    assert facts.problems.keys() == {"", *TABLE.parts}
    found = {row["gap"] for row in facts.rows}
    assert "too_much" in found  # a row proves
    assert ("missing" in found) is ("rights" not in parts)


def test_what_a_person_holds_on_a_host_that_was_not_seen_leaves_their_other_hosts_open(tmp_path: Path) -> None:
    blind = holdings(without(tables("alice bob"), "root_ways"), TODAY)
    hosts = {"web1": held("alice", ALICE), "web2": blind, "web3": held("bob")}
    declared = (
        "people:\n  - {name: a, accounts: [alice], level: system}\n  - {name: b, accounts: [bob], level: viewer}\n"
    )
    facts = gaps(roles(tmp_path, declared), hosts, TODAY)
    reasons = {host: [problem.reason for problem in one.problems["conflicts"]] for host, one in facts.items()}
    assert reasons["web1"] == ["what a holds on web2 is not known"]
    assert reasons["web3"] == ["what a holds on web2 is not known"]  # where a system administrator is declared too
    apart = roles(
        tmp_path, declared.replace("level: system", "level: system, hosts: [web1]").replace("[alice]", "[alice@web1]")
    )
    assert not gaps(apart, hosts, TODAY)["web1"].problems["conflicts"]


def test_without_roles_only_use_is_known() -> None:
    unused = {**tables("alice bob", ALICE), **use({"alice": (1, None), "bob": (90, None)})}
    (facts,) = undeclared({"w": holdings(unused, TODAY)}, TODAY).values()
    assert [(row["gap"], row["user_name"], row["level"]) for row in facts.rows] == [
        ("unused", "alice", "system"), ("unused", "bob", "viewer"),
    ]  # fmt: skip
    reasons = {part: [problem.reason for problem in problems] for part, problems in facts.problems.items()}
    assert reasons == {part: [] if part in ("", "use") else ["no roles are declared"] for part in ("", *PARTS)}
    (blind,) = undeclared({"w": holdings(without(unused, "last_logins"), TODAY)}, TODAY).values()
    assert blind.problems["use"]


def test_rows_fit_the_table(tmp_path: Path) -> None:
    columns = {column.name: column.type for column in TABLE.columns}
    hosts = {"web1": held("alice bob admin duty", ALICE + BOB, used={"alice": None})}
    found = gaps(roles(tmp_path, person("viewer", name="c") + TWO.partition("\n")[2]), hosts, TODAY)["web1"].rows
    assert {row["gap"] for row in found} == {"too_much", "missing", "undeclared", "shared", "unused"}
    for row in found:
        assert row.keys() == columns.keys()
        assert all(type(value) in (type(None), str if columns[name] == "text" else int) for name, value in row.items())
        assert re.search("[\u4e00-\u9fff]", row["detail_zh"])
