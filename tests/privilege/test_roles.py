"""roles.yml: what is declared for a host and a day, and what is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from secops.core.errors import UsageError
from secops.privilege.roles.levels import SEPARATE, Level, covers
from secops.privilege.roles.posts import Roles
from tests.privilege.roles_kit import TODAY, roles

SMALL = """people:
  - {name: 张伟, accounts: [zhangwei], level: 系统管理员}
  - {name: 李娜, accounts: [lina, "lina-adm@db*"], level: 审计管理员, hosts: [db1, log*]}
"""


def posts(declared: Roles, host: str, today: date = TODAY) -> dict[str, tuple[list[str], set[Level]]]:
    """By holder: the accounts for the host, and the levels in force."""
    return {
        post.holder.name: ([account.written for account in post.accounts], set(post.levels))
        for post in declared.posts(host, today)
    }


def test_a_small_site(tmp_path: Path) -> None:
    declared = roles(tmp_path, SMALL)
    assert posts(declared, "web1") == {"张伟": (["zhangwei"], {Level.SYSTEM}), "李娜": (["lina"], set())}
    assert posts(declared, "db1")["李娜"] == (["lina", "lina-adm"], {Level.AUDIT})
    assert posts(declared, "log9")["李娜"] == (["lina"], {Level.AUDIT})
    assert (declared.separate, declared.unused_days, declared.shared) == (SEPARATE, 90, ())


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("system", Level.SYSTEM), ("安全管理员", Level.SECURITY), ("安全保密管理员", Level.SECURITY),
        ("安全审计员", Level.AUDIT), ("操作员", Level.OPERATOR), ("查看员", Level.VIEWER),
    ],
)  # fmt: skip
def test_levels_have_chinese_names(tmp_path: Path, word: str, level: Level) -> None:
    declared = roles(tmp_path, f"people: [{{name: a, accounts: [a], level: {word}}}]")
    assert posts(declared, "h")["a"][1] == {level}


def test_levels_by_host_group_and_glob_up_to_a_day(tmp_path: Path) -> None:
    declared = roles(
        tmp_path,
        """host_groups: {web: ["web*", portal]}
people:
  - name: a
    accounts: [{login: a@gov.example, hosts: [web]}, "a?"]
    levels:
      - {level: operator, hosts: [web], until: 2026-06-30}
      - {level: audit, hosts: [log1]}
    until: 2026-12-31
""",
    )
    assert posts(declared, "portal") == {"a": (["a@gov.example", "a?"], {Level.OPERATOR})}
    assert posts(declared, "portal", date(2026, 7, 1)) == {"a": (["a@gov.example", "a?"], set())}
    assert posts(declared, "log1") == {"a": (["a?"], {Level.AUDIT})}
    assert posts(declared, "log1", date(2027, 1, 1))["a"][1] == set()
    (ended,) = declared.posts("web1", date(2026, 7, 1))
    assert ended.ended == {Level.OPERATOR: date(2026, 6, 30)}


def test_a_level_said_of_a_host_without_an_account_there_is_still_one(tmp_path: Path) -> None:
    declared = roles(tmp_path, 'people: [{name: a, accounts: ["a@web*"], level: audit, hosts: [db1]}]')
    assert posts(declared, "db1") == {"a": ([], {Level.AUDIT})}
    assert posts(declared, "db2") == {}
    everywhere = roles(tmp_path, 'people: [{name: a, accounts: ["a@web*"], level: audit}]')
    assert posts(everywhere, "db1") == {}


def test_services_emergencies_and_shared_accounts(tmp_path: Path) -> None:
    declared = roles(
        tmp_path,
        """services: [{account: "deploy@web*", owner: b, purpose: releases, level: operator}]
break_glass: [{account: rescue, reason: sealed envelope 17, until: 2026-06-30}]
shared: [{account: "duty@web1", reason: night shift, until: 2026-06-30}]
""",
    )
    assert posts(declared, "web1") == {
        "b": (["deploy"], {Level.OPERATOR}), "sealed envelope 17": (["rescue"], {Level.SYSTEM}),
    }  # fmt: skip
    assert posts(declared, "db1").keys() == {"sealed envelope 17"}
    assert declared.may_share("duty", "web1", TODAY)
    assert not declared.may_share("duty", "web2", TODAY)
    assert not declared.may_share("duty", "web1", date(2026, 7, 1))


def test_duties_that_may_be_joined_need_a_reason(tmp_path: Path) -> None:
    people = "people: [{name: a, accounts: [a], level: viewer}]\n"
    declared = roles(
        tmp_path,
        people + "separate: [[操作员, 审计管理员]]\nmay_join: [{duties: [audit, security], reason: two people only}]\n",
    )
    assert declared.separate == {
        frozenset({Level.SYSTEM, Level.SECURITY}), frozenset({Level.SYSTEM, Level.AUDIT}),
        frozenset({Level.OPERATOR, Level.AUDIT}),
    }  # fmt: skip


REFUSED = {
    "nobody": ("{}", "declares nobody - at `$.people`"),
    "an unknown level": ("people: [{name: a, accounts: [a], level: root}]", "'root' - at `$.people[0].level`"),
    "an unknown field": ("people: [{name: a, accounts: [a], levle: audit}]", "unknown field `levle`"),
    "no level": ("people: [{name: a, accounts: [a]}]", "needs either level (and hosts), or levels - at `$.people[0]`"),
    "both": (
        "people: [{name: a, accounts: [a], level: audit, levels: [{level: audit}]}]", "needs either level",
    ),
    "hosts beside levels": (
        "people: [{name: a, accounts: [a], hosts: [h], levels: [{level: audit}]}]", "needs either level",
    ),
    "no account": ("people: [{name: a, accounts: [], level: audit}]", "a has no account"),
    "an empty login": ("people: [{name: a, accounts: ['@h'], level: audit}]", "the name '' is empty"),
    "an empty host": ("people: [{name: a, accounts: ['a@'], level: audit}]", "the name '' is empty"),
    "a name twice": (
        "people: [{name: a, accounts: [a], level: audit}, {name: a, accounts: [b], level: audit}]",
        "a stands twice - at `$.people[1]`",
    ),
    "no such day": ("people: [{name: a, accounts: [a], level: audit, until: 2026-02-30}]", "at `$.people[0].until`"),
    "one duty": (
        "people: [{name: a, accounts: [a], level: audit}]\nseparate: [[audit, audit]]", "two different duties",
    ),
    "no reason": ("break_glass: [{account: a, reason: ''}]", "at `$.break_glass[0]`"),
    "an empty group": (
        "host_groups: {web: []}\npeople: [{name: a, accounts: [a], level: audit}]", "at `$.host_groups.web`",
    ),
    "no days": ("unused_days: 0\npeople: [{name: a, accounts: [a], level: audit}]", "at `$.unused_days`"),
    "no YAML": ("people: [", "roles.yml:2: is no YAML"),
    "an alias": ("people: &a []\nservices: *a", "roles.yml:2: aliases"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_meant_is_refused_where_it_stands(tmp_path: Path, name: str) -> None:
    text, expected = REFUSED[name]
    with pytest.raises(UsageError) as caught:
        roles(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path / "roles.yml"))
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("levels", "wanted", "answer"),
    [
        ({Level.SYSTEM}, Level.AUDIT, True), ({Level.AUDIT}, Level.VIEWER, True),
        ({Level.AUDIT}, Level.OPERATOR, False), (set(), Level.VIEWER, False), ({Level.OPERATOR}, Level.SYSTEM, False),
    ],
)  # fmt: skip
def test_which_level_covers_which(levels: set[Level], wanted: Level, answer: bool) -> None:
    assert covers(levels, wanted) is answer
