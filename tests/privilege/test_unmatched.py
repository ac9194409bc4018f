"""Words of roles.yml that no host and no account of a run fits are told, each near miss is silent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from secops.privilege.fleet.fleet import Fleet, Position
from tests.privilege.roles_kit import held, roles

HOSTS: Mapping[str, Collection[str] | None] = {"web1": {"root", "lina"}, "db1": {"root", "dba"}}
PERSON = "people: [{{name: x, level: audit, {}}}]"
BOSS = "people: [{name: x, level: audit, accounts: [lina]}]\n"

HOST = "taken for hosts, and no host of this run is called so: {}. Its hosts: web1, db1"
LOGIN = "taken for logins, and no host of this run on which they are meant has such an account: {}"
SPLIT = (
    "taken for a login on a host, and no host of this run is called so: {}. A login that holds an @ is written"
    " {{login: …}}. Its hosts: web1, db1"
)


def told(folder: Path, text: str, hosts: Mapping[str, Collection[str] | None] = HOSTS) -> list[str]:
    declared = roles(folder, text)
    return [note.removeprefix(f"{declared.source}: ") for note in Fleet(declared).notes(hosts)]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (PERSON.format("accounts: [linaa]"), LOGIN.format("linaa (people[0].accounts)")),
        (PERSON.format('accounts: ["lin?a", lina]'), LOGIN.format("lin?a (people[0].accounts)")),
        (PERSON.format("accounts: [{login: dba, hosts: [web1]}]"), LOGIN.format("dba (people[0].accounts)")),
        (PERSON.format('accounts: ["dba@web*"]'), LOGIN.format("dba@web* (people[0].accounts)")),
        (PERSON.format('accounts: [lina], hosts: ["wbe*", db1]'), HOST.format("wbe* (people[0].hosts)")),
        (
            "people: [{name: x, accounts: [lina], levels: [{level: audit, hosts: [db2]}]}]",
            HOST.format("db2 (people[0].levels)"),
        ),
        (PERSON.format("accounts: [{login: lina, hosts: [web9]}]"), HOST.format("web9 (people[0].accounts)")),
        (
            PERSON.format("accounts: [lina], hosts: [webs]") + "\nhost_groups: {webs: [web1, web-*]}",
            HOST.format("web-* (host_groups.webs)"),
        ),
        (
            BOSS + "break_glass: [{account: zhang@gov, reason: fire}]",
            SPLIT.format("zhang@gov (host gov, break_glass[0].account)"),
        ),
        (BOSS + "shared: [{account: duty, reason: desk}]", LOGIN.format("duty (shared[0].account)")),
        (
            BOSS + "services: [{account: nginx, owner: x, purpose: y, level: viewer}]",
            LOGIN.format("nginx (services[0].account)"),
        ),
    ],
)
def test_what_fits_nothing_is_told(tmp_path: Path, text: str, note: str) -> None:
    assert told(tmp_path, text) == [note]


@pytest.mark.parametrize(
    "text",
    [
        PERSON.format("accounts: [lina]"),
        PERSON.format('accounts: ["l*", "dba@db?"], hosts: ["web*", db1]'),
        PERSON.format("accounts: [{login: dba, hosts: [dbs]}], hosts: [dbs]") + "\nhost_groups: {dbs: [db1]}",
        PERSON.format("accounts: ['dba@dbs']") + "\nhost_groups: {dbs: [db1]}",
        BOSS + "break_glass: [{account: root@db1, reason: fire}]",
    ],
)
def test_what_fits_is_not_told(tmp_path: Path, text: str) -> None:
    assert told(tmp_path, text) == []


def test_an_account_is_not_missing_where_not_all_are_known(tmp_path: Path) -> None:
    text = PERSON.format("accounts: [linaa, 'dbaa@db1']")
    assert told(tmp_path, text, {**HOSTS, "gone": None}) == [LOGIN.format("dbaa@db1 (people[0].accounts)")]


def test_many_words_are_told_in_short(tmp_path: Path) -> None:
    names = ", ".join(f"u{n}" for n in range(12))
    (note,) = told(tmp_path, PERSON.format(f"accounts: [{names}]"))
    assert note.endswith("u9 (people[0].accounts), …")
    assert "u10" not in note


def test_without_roles_nothing_is_told() -> None:
    assert Fleet().notes(HOSTS) == []


@pytest.mark.parametrize(("nss", "known"), [("passwd: files\n", True), ("passwd: files sss\n", False)])
def test_the_accounts_of_a_host_with_a_directory_are_not_all_known(nss: str, known: bool) -> None:
    logins = Position(b"", {}, held("lina", nss=nss)).logins
    assert (logins is not None) == known
    assert not known or {"root", "lina", "daemon"} <= set(logins or ())
