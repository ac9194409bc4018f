"""Ways by polkit where something is not known, not understood, or too much: told, never guessed, and nothing breaks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.hosts.evidence import Status
from secops.hosts.listing import record
from secops.hosts.snapshot import observe
from secops.hosts.tables import Built
from secops.privilege.techniques import POWERS
from secops.privilege.way import View
from secops.privilege.ways import by_polkit, privileges
from tests.hosts.evidence_kit import evidence
from tests.privilege.polkit_policy import (
    ADMIN,
    ADMINS,
    IS_LIBVIRT,
    LIBVIRT,
    LOCAL,
    PKEXEC,
    RULES,
    STOCK,
    WHEEL,
    facts,
    rule,
    seen,
    ways,
)
from tests.privilege.test_ways import GROUP, PASSWD


def test_a_script_that_is_not_understood_is_named_and_makes_what_comes_after_it_unsure() -> None:
    script = "polkit.addRule(function(action, subject) {\n for (;;) {} });\n"
    found = facts(script)
    assert found.problems["polkit"][0].reason == f"{RULES}:2 is not understood: polkit may allow more by it"
    assert [(row["user_name"], row["certain"]) for row in found.rows] == [("alice", False)]
    assert found.problems["sudo"] == found.problems["doas"] == []
    found = facts(rule(f'{IS_LIBVIRT} && subject.user == "bob"') + WHEEL, shipped=script)
    assert {(row["user_name"], row["certain"]) for row in found.rows} == {("bob", True), ("alice", False)}, (
        "its defaults"
    )


@pytest.mark.parametrize("condition", ['subject.isInNetGroup("admins")', "subject.seat", 'action.lookup("x") == "y"'])
def test_what_hangs_on_what_is_not_known_is_not_certain(condition: str) -> None:
    found = facts(rule(f'action.id == "{LIBVIRT}" && {condition}'))
    assert {(row["user_name"], row["thing"], row["certain"]) for row in found.rows} == {
        ("alice", LIBVIRT, False), ("bob", LIBVIRT, False), ("alice", "unix-group:wheel", True),
    }  # fmt: skip
    assert "whether it is for" in found.problems["polkit"][0].reason
    netgroup = facts(ADMIN.format('return ["unix-netgroup:admins"];'))
    assert {(row["user_name"], row["certain"]) for row in netgroup.rows} == {("alice", False), ("bob", False)}


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        ({"version": "what"}, "polkit's version is not known"),
        (
            {"paths": PKEXEC + record(b"/run/polkit-1/rules.d/a.rules", (0o100644, 0, 0, 1, 1))},
            "not known whether polkit",
        ),
        ({"local": {LOCAL: "[x]\nIdentity=a\\sb\n"}}, f"{LOCAL}:2 is not understood"),
        ({"actions": STOCK + "<action>"}, "is not understood, and what follows it"),
    ],
)
def test_what_is_not_known_of_the_configuration_is_told(others: dict[str, Any], reason: str) -> None:
    assert any(reason in problem.reason for problem in facts(**others).problems["polkit"])


def test_what_may_not_be_read_is_not_refused() -> None:
    evidence_ = evidence(
        passwd={"/etc/passwd": PASSWD}, group={"/etc/group": GROUP}, polkit_rules={RULES: Status.DENIED}
    )
    found = observe(evidence_, "web1", privileges).tables["root_ways"]
    assert [problem.status for problem in found.problems["polkit"]] == [Status.DENIED]
    assert found.problems["doas"] == []


def test_users_and_groups_of_a_directory_are_told_as_the_rules_name_them() -> None:
    rules = rule(f'action.id == "{LIBVIRT}" && (subject.user == "ldap.user" || subject.isInGroup("admins"))')
    assert {row["user_name"] for row in ways(rules)} == {"alice"}
    assert {row["user_name"] for row in ways(rules, nss="passwd: files sss\n")} == {
        "alice", "ldap.user", "unix-group:admins", "unix-group:wheel",
    }  # fmt: skip


def test_rules_that_take_for_ever_are_cut_and_told() -> None:
    rules = rule(f'{IS_LIBVIRT} && ({" || ".join(["subject.user"] * 10_000)}) == "carol"')
    passwd = PASSWD + "".join(f"u{n}:x:{2000 + n}:2000::/:/bin/sh\n" for n in range(600))
    evidence_ = seen(rules)
    evidence_.sections["passwd"] = evidence(passwd={"/etc/passwd": passwd}).sections["passwd"]  # type: ignore[index]
    found = observe(evidence_, "web1", privileges).tables["root_ways"]
    assert "takes more than" in found.problems["polkit"][0].reason


_PIECES = st.sampled_from(
    ["polkit.addRule(function(action, subject) {", "polkit.addAdminRule(function(a, s) {", "});", "if (", ")", "{", "}",
     "return", "polkit.Result.YES", ";", "action.id", "subject.user", '"x"', "==", "&&", "||", "!", "[", "]", ",", "\n",
     'subject.isInGroup("wheel")', 'action.lookup("unit")', ".indexOf(", ".match(", "/a.*b/", "var x =", "x", "null",
     "-1", "<", "// ", "/* ", "*/", "'", "\\", "\x00", "é", "(" * 200, "!" * 999, "1" * 99, '["unix-group:bob"]']
)  # fmt: skip
_TEXT = st.one_of(st.lists(_PIECES, max_size=30).map(" ".join), st.text(max_size=200))


@settings(max_examples=60)
@given(_TEXT, _TEXT, st.binary(max_size=100))
def test_nothing_breaks_it_and_every_way_says_where_it_is_from(rules: str, other: str, actions: bytes) -> None:
    """The room's own guard would turn an exception into a table that is not whole: it is asked without."""
    body = f"polkit.addRule(function(action, subject) {{ {other} }});"
    local = {LOCAL: rules, ADMINS: other}
    for evidence_ in (seen(rules or " "), seen(body), seen(local=local, version="0.105-1")):
        tables = observe(evidence_, "web1").tables
        for way in by_polkit.find(View.of(evidence_, tables), Built()):
            assert way.gives in POWERS
            assert way.source or way.thing == "unix-user:0"
    broken = evidence(polkit_actions=actions, polkit_rules={RULES: actions}, polkit_local_authority={LOCAL: actions})
    list(by_polkit.find(View.of(broken, observe(broken, "web1").tables), Built()))
