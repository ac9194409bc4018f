"""Ways by sudo to root and to others: groups to choose, files to edit, everyone, what the policy's options change."""

from __future__ import annotations

import pytest

from secops.hosts.snapshot import observe
from secops.hosts.tables import Row
from secops.hosts.trusted.places import PLACES
from secops.privilege.fleet.building import build, trimmed
from secops.privilege.fleet.graph import accounts
from secops.privilege.fleet.paths import root_paths
from secops.privilege.places import is_one as is_obeyed
from secops.privilege.places import obeyed
from secops.privilege.ways import privileges
from tests.privilege.test_by_doas import BINARY, CONF
from tests.privilege.test_techniques import by_program
from tests.privilege.test_ways import GROUP, PASSWD, seen
from tests.privilege.whole_kit import looked_at

MORE = PASSWD + "daemon:x:1:1::/:/usr/sbin/nologin\ncarol:x:1003:1003::/home/carol:/bin/sh\n"

PROFILE = next(number for number, place in enumerate(PLACES) if "/etc/profile" in place.patterns)

Told = set[tuple[str, str, str | None, str]]


def rows(sudoers: str, table: str = "root_ways", **others: str) -> list[Row]:
    facts = observe(seen(sudoers, **({"passwd": MORE} | others)), "web1", privileges).tables[table]
    assert not any(facts.problems.values())
    return [row for row in facts.rows if row["way"] == "sudo"]


def to_root(sudoers: str, **others: str) -> Told:
    return {(row["user_name"], row["thing"], row["program"], row["gives"]) for row in rows(sudoers + "\n", **others)}


def to_others(sudoers: str, **others: str) -> set[tuple[str, str, str, str]]:
    found = rows(sudoers + "\n", "account_ways", **others)
    return {(row["user_name"], row["becomes"], row["thing"], row["gives"]) for row in found}


GROUPS = {
    "by a group alone": "alice ALL=(:docker) ALL",
    "as another with a group": "alice ALL=(bob:docker) ALL",
    "by its number": "alice ALL=(:#998) ALL",
    "any group": "alice ALL=(:ALL) ALL",
    "with a shell": "alice ALL=(:docker) /usr/bin/vim",
    "with the group's own program": "alice ALL=(:docker) /usr/bin/docker",
    "through an alias": "Runas_Alias G = docker\nalice ALL=(:G) ALL",
}


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_to_choose_is_a_way(name: str) -> None:
    (row,) = rows(GROUPS[name] + "\n")
    assert (row["user_name"], row["gives"]) == ("alice", "shell")
    assert row["how_en"].startswith("`sudo -g docker`: ")


@pytest.mark.parametrize(
    "sudoers",
    [
        "alice ALL=(:staff) ALL",
        "alice ALL=(:docker, !docker) ALL",
        "alice ALL=(:docker) /usr/bin/id",
        "alice ALL=(:docker) NOEXEC: /usr/bin/vim",
        "alice ALL=(:docker) /usr/bin/systemctl",  # obeys root alone
        "alice ALL=(:docker) ALL, !ALL",
        "alice db1=(:docker) ALL",
    ],
)
def test_a_group_that_gives_nothing_is_none(sudoers: str) -> None:
    assert to_root(sudoers) == set()


def test_a_group_of_ones_own_is_told_as_such_and_not_again() -> None:
    assert to_root("alice ALL=(:docker) ALL", group=GROUP.replace("docker:x:998:", "docker:x:998:alice")) == set()


def test_a_group_that_reads_needs_something_that_reads() -> None:
    group = GROUP + "shadow:x:42:\n"
    assert to_root("alice ALL=(:shadow) /usr/bin/cat", group=group) == {("alice", "/usr/bin/cat", "cat", "read")}
    assert to_root("alice ALL=(:shadow) /usr/bin/tee", group=group) == set()


VAULT = GROUP + "vault:x:77:\nempty:x:78:\n"

#: Groups to choose that are steps: what the policy says, and of which group the step goes on how.
STEPS = {
    "sudo again": ("alice ALL=(:vault) ALL\n%vault ALL=(ALL) ALL", ("vault", "ALL")),
    "sudo again, by number": ("alice ALL=(:#77) ALL\n%#77 ALL=(ALL) ALL", ("vault", "ALL")),
    "any group": ("alice ALL=(:ALL) ALL\n%vault ALL=(ALL) ALL", ("vault", "ALL")),
    "any group but one": ("alice ALL=(:ALL, !empty) ALL\n%vault ALL=(ALL) ALL", ("vault", "ALL")),
    "a shell": ("alice ALL=(:vault) /usr/bin/vim\n%vault ALL=(root) /usr/bin/env", ("vault", "/usr/bin/env")),
    "as another": ("alice ALL=(bob:vault) ALL\n%vault ALL=(ALL) ALL", ("vault", "ALL")),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_group_to_choose_is_a_step_to_what_it_may(name: str) -> None:
    sudoers, (group, thing) = STEPS[name]
    assert ("alice", f"-g {group}") in {one[:2] for one in to_others(sudoers, group=VAULT)}
    found = {(user, what) for user, what, *_ in to_root(sudoers, group=VAULT.replace("docker", "other"))}
    assert found == {(f"-g {group}", thing)}


def test_a_step_is_on_the_path_and_in_no_pair() -> None:
    policy = seen("alice ALL=(:vault) ALL\n%vault ALL=(ALL) ALL\n", group=VAULT)
    tables = observe(policy, "web1", privileges).tables
    graph = build({"web1": trimmed({name: facts.rows for name, facts in tables.items()})})
    (row,) = root_paths(graph)["web1"]
    assert (row["user_name"], row["steps"], row["path"][2]) == ("alice", 2, "-g vault@web1")
    assert {at.user for _, at in accounts(graph)} == {"root", "alice"}


def test_groups_to_choose_follow_each_other() -> None:
    sudoers = "alice ALL=(:vault) ALL\n%vault ALL=(:empty) ALL\n%empty ALL=(root) ALL"
    steps = {(user, becomes) for user, becomes, *_ in to_others(sudoers, group=VAULT)}
    assert steps == {("alice", "-g vault"), ("-g vault", "-g empty")}
    assert {user for user, *_ in to_root(sudoers, group=VAULT)} == {"-g empty"}


@pytest.mark.parametrize(
    "sudoers",
    [
        "alice ALL=(:vault) ALL",
        "alice ALL=(:vault) ALL\n%empty ALL=(ALL) ALL",
        "alice ALL=(:vault) /usr/bin/id\n%vault ALL=(ALL) ALL",
        "alice ALL=(:vault) NOEXEC: /usr/bin/env\n%vault ALL=(ALL) ALL",
        "alice ALL=(:ALL, !vault) ALL\n%vault ALL=(ALL) ALL",
        "alice ALL=(:vault) ALL\n%vault ALL=(ALL) ALL\nalice ALL=(:vault) !ALL",
    ],
)
def test_a_group_that_leads_nowhere_or_cannot_be_chosen_is_no_step(sudoers: str) -> None:
    assert to_others(sudoers, group=VAULT) == set()


def test_a_group_of_ones_own_is_no_step() -> None:
    sudoers = "alice ALL=(:vault) ALL\n%vault ALL=(ALL) ALL"
    assert to_others(sudoers, group=VAULT.replace("vault:x:77:", "vault:x:77:alice")) == set()


@pytest.mark.parametrize(("mode", "told"), [("f664", {"-g vault"}), ("f644", set())])
def test_what_a_group_may_write_is_a_way_of_the_step(mode: str, told: set[str]) -> None:
    things = {"trusted_paths": looked_at([f"{mode} 0:77 /etc/profile"], named=b"P%d /etc/profile\0" % PROFILE)}
    policy = "alice ALL=(:vault) ALL\n"
    tables = observe(seen(policy, passwd=MORE, group=VAULT, more=things), "web1", privileges).tables
    assert {row["user_name"] for row in tables["root_ways"].rows} == told
    assert {row["becomes"] for row in tables["account_ways"].rows} == told


def test_doas_asks_for_the_chosen_group_too() -> None:
    doas = {"doas": {"/etc/doas.conf": "permit nopass :vault\n"}, "doas_paths": BINARY + CONF}
    policy = seen(
        "alice ALL=(:vault) ALL\n", group=VAULT, more={**doas, "os_release": {"/etc/os-release": "ID=debian\n"}}
    )
    rows_ = observe(policy, "web1", privileges).tables["root_ways"].rows
    assert [(row["user_name"], row["way"]) for row in rows_] == [("-g vault", "doas")]


EDITED = ["/etc/crontab", "/etc/cron.d/app", "/etc/sudoers.d/*", "/etc/*", "/root/.bashrc", "^/etc/(motd|crontab)$",
          "/etc/motd /etc/shadow", "/etc/systemd/system/*.service"]  # fmt: skip


@pytest.mark.parametrize("files", EDITED)
def test_a_file_that_root_obeys_is_a_way(files: str) -> None:
    assert to_root(f"alice ALL=(root) sudoedit {files}") == {("alice", "sudoedit", "sudoedit", "write")}


@pytest.mark.parametrize(
    "sudoers",
    [
        "alice ALL=(root) sudoedit /etc/motd",
        "alice ALL=(root) sudoedit /etc/app/*, sudoedit /etc/crontab.bak, sudoedit ^/etc/(motd|issue)$",
        "alice ALL=(bob) sudoedit /etc/crontab",
        "alice ALL=(root) sudoedit /etc/crontab, !sudoedit /etc/crontab",
        "alice ALL=(root) sudoedit /etc/cron.d/*, !sudoedit /etc/cron.d/*",
        "Defaults targetpw\nalice ALL=(root) sudoedit /etc/crontab",
    ],
)
def test_other_files_are_none(sudoers: str) -> None:
    assert to_root(sudoers) == set()


LINKED = "alice ALL=(root) FOLLOW: sudoedit /home/alice/notes\n"


@pytest.mark.parametrize(
    ("sudoers", "count"),
    [
        ("Defaults !sudoedit_checkdir\n" + LINKED, 1), (LINKED, 0),
        ("Defaults !sudoedit_checkdir, sudoedit_follow\n" + LINKED.replace("FOLLOW: ", ""), 1),
        ("Defaults !sudoedit_checkdir, sudoedit_follow\n" + LINKED.replace("FOLLOW", "NOFOLLOW"), 0),
        ("Defaults !sudoedit_checkdir\n" + LINKED.replace("alice/", "bob/"), 0),
        ("Defaults !sudoedit_checkdir\n" + LINKED.replace("/home/alice/", "/tmp/"), 1),
    ],
)  # fmt: skip
def test_sudoedit_that_follows_links_in_ones_own_folders(sudoers: str, count: int) -> None:
    assert len(to_root(sudoers)) == count


OPTIONS = {
    "the default target is another": ("Defaults runas_default=bob\nalice ALL=ALL", 0),
    "for others alone": ("Defaults:bob runas_default=bob\nalice ALL=ALL", 1),
    "for the target": ("Defaults>root runas_default=bob\nalice ALL=ALL", 0),
    "the target's password": ("Defaults>root targetpw\nalice ALL=(ALL) ALL", 0),
    "for one command": ("Defaults!/usr/bin/vim rootpw\nalice ALL=(root) /usr/bin/vim, /usr/bin/less", 1),
    "nothing starts by Defaults": ("Defaults!/usr/bin/nice noexec\nalice ALL=(root) /usr/bin/nice", 0),
    "only what the policy allows": ("alice ALL=(root) INTERCEPT: /usr/bin/nice", 0),
    "by Defaults": ("Defaults intercept\nalice ALL=(root) /usr/bin/nice", 0),
    "not any more": ("Defaults intercept\nalice ALL=(root) NOINTERCEPT: /usr/bin/nice", 1),
    "out of time": ("alice ALL=(root) NOTAFTER=20200101000000Z ALL", 0),
    "in time": ("alice ALL=(root) NOTBEFORE=20200101000000Z ALL", 1),
    "a name in other letters": ("ALICE ALL=(root) ALL", 0),  # an alias that is not there, and told
    "another letter": ("Alice ALL=(root) ALL", 1),
    "letters count": ("Defaults !case_insensitive_user\nAlice ALL=(root) ALL", 0),
    "an unknown plugin's group": ("%:admins ALL=(root) ALL", 0),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_of_the_policy(name: str) -> None:
    sudoers, count = OPTIONS[name]
    facts = observe(seen(sudoers + "\n", passwd=MORE), "web1", privileges).tables["root_ways"]
    assert [row["user_name"] for row in facts.rows if row["certain"]][:2] == ["alice"] * count or name.startswith(
        "a name"
    )


def test_everyone_is_one_row() -> None:
    assert to_root("ALL ALL=(ALL) ALL\n%wheel ALL=(root) /usr/bin/vim") == {
        ("*", "ALL", None, "shell"), ("alice", "/usr/bin/vim", "vim", "shell"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("sudoers", "told"),
    [
        ("ALL, !alice ALL=(root) /usr/bin/vim", {"bob", "carol", "daemon"}),
        ("ALL ALL=(root) /usr/bin/vim\nalice ALL=(root) !/usr/bin/vim", {"bob", "carol", "daemon"}),
        ("ALL ALL=(root) /usr/bin/vim\nDefaults:alice rootpw", {"bob", "carol", "daemon"}),
        ("ALL ALL=(root) /usr/bin/vim\nDefaults:alice !authenticate", {"*", "alice"}),
        ("alice, bob, carol, daemon ALL=(root) /usr/bin/vim", {"alice", "bob", "carol", "daemon"}),
        ("ALL, !root ALL=(root) /usr/bin/vim", {"*"}),
    ],
)
def test_everyone_without_exceptions(sudoers: str, told: set[str]) -> None:
    assert {row["user_name"] for row in rows(sudoers + "\n")} == told


def test_what_may_be_for_everyone_is_told_of_each() -> None:
    facts = observe(seen("+ng ALL=(ALL) ALL\n"), "web1", privileges).tables["root_ways"]
    assert {(row["user_name"], row["certain"]) for row in facts.rows} == {("alice", False), ("bob", False)}


def test_netgroups_of_the_host_are_known() -> None:
    nss = "passwd: files\nnetgroup: files\n"
    facts = observe(
        seen("+ng ALL=(ALL) ALL\n", nss=nss, more={"netgroup": {"/etc/netgroup": "ng (,bob,)\n"}}), "web1", privileges
    ).tables["root_ways"]
    assert ([row["user_name"] for row in facts.rows], facts.problems["sudo"]) == (["bob"], [])


OTHERS = {
    "a shell": ("alice ALL=(bob) /usr/bin/vim", {("alice", "bob", "/usr/bin/vim", "shell")}),
    "everything": ("alice ALL=(bob) ALL", {("alice", "bob", "ALL", "shell")}),
    "of several": (
        "alice ALL=(bob, carol) ALL", {("alice", "bob", "ALL", "shell"), ("alice", "carol", "ALL", "shell")},
    ),
    "by number and by group": (
        "alice ALL=(#1002, %carol) ALL", {("alice", "bob", "ALL", "shell"), ("alice", "carol", "ALL", "shell")},
    ),
    "all but root": (
        "alice ALL=(ALL, !root) ALL",
        {("alice", "bob", "ALL", "shell"), ("alice", "carol", "ALL", "shell"), ("alice", "daemon", "ALL", "shell")},
    ),
    "the default target": ("Defaults runas_default=bob\nalice ALL=ALL", {("alice", "bob", "ALL", "shell")}),
    "writes where they log in": (
        "alice ALL=(bob, daemon) NOEXEC: /usr/bin/vim", {("alice", "bob", "/usr/bin/vim", "write")},
    ),
    "everyone as bob": ("ALL ALL=(bob) ALL", {("*", "bob", "ALL", "shell")}),
    "the editor of files": ("alice ALL=(bob) sudoedit", {("alice", "bob", "sudoedit", "write")}),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_ways_to_others(name: str) -> None:
    sudoers, told = OTHERS[name]
    group = GROUP + "carol:x:1003:\n"
    assert to_others(sudoers, group=group) == told
    assert to_root(sudoers, group=group) == set()


@pytest.mark.parametrize(
    "sudoers",
    [
        "alice ALL=(ALL) ALL",  # the entry gives root
        "alice ALL=(bob) /usr/bin/id",
        "alice ALL=(alice) ALL",
        "alice ALL=() ALL",
        "alice ALL=(bob) /usr/bin/cat, /usr/bin/passwd, /usr/bin/su, /usr/bin/systemctl",
        "alice ALL=(bob, !bob) ALL",
        "alice db1=(bob) ALL",
        "alice ALL=(bob) ALL\nalice ALL=(bob) !ALL",
        "Defaults targetpw\nalice ALL=(bob) ALL",
        "root ALL=(bob) ALL",
    ],
)
def test_no_way_to_others(sudoers: str) -> None:
    assert to_others(sudoers) == set()


def test_an_entry_beside_everything_says_so() -> None:
    found = rows("alice ALL=(bob) ALL\nalice ALL=(bob) /usr/bin/vim\nalice ALL=(carol) /usr/bin/vim\n", "account_ways")
    assert {(row["becomes"], row["thing"], row["besides_all"]) for row in found} == {
        ("bob", "ALL", False), ("bob", "/usr/bin/vim", True), ("carol", "/usr/bin/vim", False),
    }  # fmt: skip
    (row,) = rows("alice ALL=(ALL) ALL\nalice ALL=(bob) /usr/bin/vim\n", "account_ways")
    assert row["besides_all"]


def test_two_names_of_one_number_are_no_way_to_each_other() -> None:
    twin = MORE + "twin:x:1001:1001::/home/alice:/bin/sh\n"
    assert to_others("alice ALL=(twin) ALL", passwd=twin) == set()


def test_numbers_and_groups_of_a_directory_are_told_as_written() -> None:
    policy = "#70001 ALL=(ALL) ALL\n%#70002 ALL=(ALL) ALL\n#1001 ALL=(root) /usr/bin/id\n"
    found = observe(seen(policy, nss="passwd: files sss\n"), "web1", privileges).tables["root_ways"]
    assert {row["user_name"] for row in found.rows} == {"#70001", "%#70002"}


@pytest.mark.parametrize(
    ("version", "told"), [("1.8.29-7.el8", True), ("1.9.5p2-1", False), ("1.9.3", False), ("", False)]
)
def test_what_an_old_sudo_makes_of_a_broken_line_is_told(version: str, told: bool) -> None:
    status = f"Package: sudo\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n"
    more = {"dpkg_status": {"/var/lib/dpkg/status": status}} if version else {}
    for policy, broken in (("alice ALL=(ALL) ALL\nbob ALL=ls\n", True), ("alice ALL=(ALL) ALL\n", False)):
        facts = observe(seen(policy, more=more), "web1", privileges).tables["root_ways"]
        reasons = [problem.reason for problem in facts.problems["sudo"]]
        assert [row["user_name"] for row in facts.rows] == ["alice"]
        assert any("before 1.9.3" in reason for reason in reasons) is (told and broken)
        assert ("/etc/sudoers:2: ls is not an absolute path" in reasons) is broken


def test_rows_of_rules_that_are_cut_do_not_cut_the_ways() -> None:
    names = ", ".join(f"x{n}" for n in range(400))
    hosts = ", ".join(f"h{n}" for n in range(400))
    tables = observe(seen(f"{names}, alice {hosts}, web1 = (ALL) ALL\n"), "web1", privileges).tables
    assert "expands to more than" in tables["sudo_rules"].problems[""][0].reason
    assert ([row["user_name"] for row in tables["root_ways"].rows], tables["root_ways"].problems["sudo"]) == (
        ["alice"],
        [],
    )


def test_files_that_root_obeys_are_paths_and_told_in_both_languages() -> None:
    for path, how in obeyed():
        assert path.startswith("/")
        assert how.en
        assert how.zh
    assert is_obeyed("/root/.bashrc", "/root/.*rc")
    assert not is_obeyed("/etc/cron.d/.hidden", "/etc/cron.d/*")
    assert not is_obeyed("/etc/cron.d/a/b", "/etc/cron.d/*")


def test_programs_that_obey_root_alone_are_known_programs() -> None:
    from secops.privilege.sudo.probes import _root_only

    assert [name for name in _root_only() if name not in by_program()] == []
