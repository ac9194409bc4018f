"""Ways to root on one host: each planted one is found with its reason, each near miss is silent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Evidence
from secops.hosts.snapshot import observe
from secops.hosts.tables import Built, Row
from secops.privilege.techniques import POWERS
from secops.privilege.way import View
from secops.privilege.ways import by_sudo as by_sudo_
from secops.privilege.ways import privileges
from tests.hosts.evidence_kit import Content, evidence
from tests.hosts.tables.test_sudo_rules import SUDO
from tests.privilege.whole_kit import WHOLE

PASSWD = """root:x:0:0::/root:/bin/bash
alice:x:1001:1001::/home/alice:/bin/bash
bob:x:1002:1002::/home/bob:/bin/bash
"""
GROUP = "root:x:0:\nalice:x:1001:\nbob:x:1002:\nwheel:x:10:alice\ndocker:x:998:\n"


def seen(
    sudoers: str = "",
    *,
    passwd: str = PASSWD,
    group: str = GROUP,
    systemd: str = "",
    nss: str = "passwd: files\n",
    more: Mapping[str, Content] | None = None,
) -> Evidence:
    status = f"Package: systemd\nStatus: install ok installed\nArchitecture: amd64\nVersion: {systemd}\n"
    return evidence(
        passwd={"/etc/passwd": passwd},
        group={"/etc/group": group},
        sudoers={"/etc/sudoers": sudoers or "root ALL=(ALL:ALL) ALL\n"},
        sudo_paths=SUDO,
        nsswitch={"/etc/nsswitch.conf": nss},
        **({"dpkg_status": {"/var/lib/dpkg/status": status}} if systemd else {}),
        kernel_hostname={"/proc/sys/kernel/hostname": "web1\n"},
        **{**WHOLE, **(more or {})},
    )


def ways(sudoers: str = "", **others: Any) -> list[Row]:
    facts = observe(seen(sudoers, **others), "web1", privileges).tables["root_ways"]
    assert not any(found for part, found in facts.problems.items() if part != "file")  # what is there nobody looked at
    return list(facts.rows)


def by_sudo(sudoers: str, user: str = "alice") -> list[tuple[str, str | None, str, str]]:
    return [
        (row["thing"], row["program"], row["gives"], row["password"])
        for row in ways(sudoers)
        if row["user_name"] == user and row["way"] == "sudo"
    ]


def test_a_clean_host_has_no_way() -> None:
    assert ways() == []


def test_a_second_uid_0_is_one() -> None:
    (row,) = ways(passwd=PASSWD + "toor:x:0:0::/root:/bin/bash\n")
    assert (row["user_name"], row["way"], row["gives"], row["line"]) == ("toor", "uid0", "shell", 4)


@pytest.mark.parametrize("line", ["docker:x:998:alice", "docker:x:998:\nsame:x:998:alice"])
def test_groups_count_by_number(line: str) -> None:
    (row,) = ways(group=GROUP.replace("docker:x:998:", line))
    assert (row["user_name"], row["way"], row["thing"], row["gives"]) == ("alice", "group", "docker", "shell")


def test_who_administers_a_group_or_is_in_its_shadow_is_as_good_as_a_member() -> None:
    tools = b"".join(
        "\0".join([f"x{mode:x}", "0", "0", "0", "0", path, "", "", ""]).encode()
        for path, mode in (("/usr/bin/gpasswd", 0o104755), ("/usr/bin/newgrp", 0o104755))
    )
    shadow = {"/etc/gshadow": "root:*::\nalice:!:bob:\ndocker:!:bob:alice\n"}
    found = ways(more={"gshadow": shadow, "group_tools": tools})
    assert [(row["user_name"], row["way"], row["thing"], row["source"], row["line"]) for row in found] == [
        ("bob", "group", "docker", "/etc/gshadow", 3), ("alice", "group", "docker", "/etc/gshadow", 3),
    ]  # fmt: skip
    assert ways("%docker ALL=(ALL) NOPASSWD: ALL", more={"gshadow": shadow}) == []
    by_tools = ways("%docker ALL=(ALL) NOPASSWD: ALL", more={"gshadow": shadow, "group_tools": tools})
    assert {row["user_name"] for row in by_tools if row["way"] == "sudo"} == {"alice", "bob"}


def test_a_group_counts_once_and_not_for_root_or_for_nobody() -> None:
    docker = "docker:x:998:root,gone,bob,bob\n"
    (row,) = ways(passwd=PASSWD.replace("1002:1002", "1002:998"), group=GROUP.replace("docker:x:998:\n", docker))
    assert (row["user_name"], row["thing"]) == ("bob", "docker")


def test_a_primary_group_is_one_too() -> None:
    (row,) = ways(passwd=PASSWD.replace("1002:1002", "1002:998"))
    assert (row["user_name"], row["thing"]) == ("bob", "docker")


ALL = [("ALL", None, "shell", "own")]

FOUND = {
    "everything": ("alice ALL=(ALL) ALL", ALL),
    "by a group": ("%wheel ALL=(ALL) ALL", ALL),
    "by number": ("#1001 ALL=ALL", ALL),
    "without a password": ("alice ALL=(ALL) NOPASSWD: ALL", [("ALL", None, "shell", "none")]),
    "no password by Defaults": ("Defaults:alice !authenticate\n%wheel ALL=ALL", [("ALL", None, "shell", "none")]),
    "a later rule asks again": ("alice ALL=(ALL) NOPASSWD: ALL\nalice ALL=(ALL) ALL", ALL),
    "a later rule asks no more": ("ALL ALL=(ALL) ALL\nalice ALL=NOPASSWD: ALL", [("ALL", None, "shell", "none")]),
    "on hosts of this kind": ("alice db1=NOPASSWD: ALL\nalice web*=(ALL) ALL", ALL),
    "some commands excepted": ("alice ALL=(ALL) ALL, !/bin/su, !/bin/sh", ALL),
    "everything but another user": ("ALL, !bob ALL=ALL", ALL),
    "everything, starting nothing": ("alice ALL=(ALL) NOEXEC: ALL", [("ALL", None, "load", "own")]),
    "an editor": ("alice ALL=(root) /usr/bin/vim", [("/usr/bin/vim", "vim", "shell", "own")]),
    "an editor of one file": ("alice ALL=(root) /usr/bin/vim /etc/motd", [("/usr/bin/vim", "vim", "shell", "own")]),
    "an editor that starts nothing": (
        "alice ALL=(root) NOEXEC: /usr/bin/vim", [("/usr/bin/vim", "vim", "write", "own")],
    ),
    "find with free arguments": ("alice ALL=(root) /usr/bin/find", [("/usr/bin/find", "find", "shell", "own")]),
    "find with a wildcard": (
        "alice ALL=(root) /usr/bin/find /srv *", [("/usr/bin/find", "find", "shell", "own")],
    ),
    "a client": ("alice ALL=(root) /usr/bin/mysql -u root", [("/usr/bin/mysql", "mysql", "shell", "own")]),
    "a pattern of arguments": (
        "alice ALL=(root) /usr/bin/vim /etc/[ab]?.conf", [("/usr/bin/vim", "vim", "shell", "own")],
    ),
    "a regular expression of arguments": (
        "alice ALL=(root) /usr/bin/vim ^/etc/[a-z]+$", [("/usr/bin/vim", "vim", "shell", "own")],
    ),
    "any arguments of systemctl": (
        "alice ALL=(root) /usr/bin/systemctl *", [("/usr/bin/systemctl", "systemctl", "shell", "own")],
    ),
    "a shell": ('alice ALL=(root) /bin/bash ""', [("/bin/bash", "bash", "shell", "own")]),
    "any editor of files": ("alice ALL=(root) sudoedit", [("sudoedit", "sudoedit", "write", "own")]),
    "a wildcard": ("alice ALL=(root) /usr/bin/s*", [("/usr/bin/s*", "any", "shell", "own")]),
    "a regular expression": ("alice ALL=(root) ^/usr/bin/(sh|id)$", [("^/usr/bin/(sh|id)$", "any", "shell", "own")]),
    "a directory of programs": ("alice ALL=(root) /usr/bin/", [("/usr/bin/", "any", "shell", "own")]),
    "through an alias": ("Cmnd_Alias E = /usr/bin/vim\nalice ALL = E", [("/usr/bin/vim", "vim", "shell", "own")]),
    "taken back, then given again": ("alice ALL=ALL\nalice ALL=!ALL\nalice ALL=ALL", ALL),
}  # fmt: skip

SILENT = {
    "a harmless command": "alice ALL=(root) /usr/bin/id",
    "as another user": "alice ALL=(bob) ALL",
    "as another group": "alice ALL=(:bob) ALL",
    "on another host": "alice db1=(ALL) ALL",
    "taken back": "alice ALL=(ALL) ALL\nalice ALL=(ALL) !ALL",
    "taken back from the group": "%wheel ALL=(ALL) ALL\nalice ALL=(ALL) !ALL",
    "the same pattern taken back": (
        "alice ALL=(root) /usr/bin/vim /etc/[ab]?.conf\nalice ALL=(root) !/usr/bin/vim /etc/[ab]?.conf"
    ),
    "services of one kind": "alice ALL=(root) /usr/bin/systemctl restart app-*, /usr/sbin/service app *",
    "containers to restart": "alice ALL=(root) /usr/bin/docker restart *",
    "find as a regular expression fixes it": "alice ALL=(root) /usr/bin/find ^/srv/[a-z]+ -name [a-z]+$",
    "a star that is none": "alice ALL=(root) /usr/bin/find /srv -name a\\*",
    "files of a directory": "alice ALL=(root) sudoedit /etc/app/*",
    "a number that no account has": "#" + "9" * 5000 + " ALL=(ALL) ALL",
    "excepted by name": "ALL, !alice, !bob ALL=(ALL) ALL",
    "root's password is asked": "Defaults targetpw\nALL ALL=(ALL) ALL",
    "find with its arguments fixed": "alice ALL=(root) /usr/bin/find /srv -name core",
    "a shell's script": "alice ALL=(root) /bin/bash /usr/local/sbin/backup",
    "a client that runs one query": "alice ALL=(root) /usr/bin/mysql -e status",
    "a pager that starts nothing and reads one file": "alice ALL=(root) NOEXEC: /bin/ls /var/log/syslog",
}


@pytest.mark.parametrize("name", FOUND)
def test_sudo_that_makes_root_is_found(name: str) -> None:
    sudoers, expected = FOUND[name]
    found = by_sudo(sudoers + "\n")
    if expected[0][1] == "any":
        found = [(thing, "any" if program else None, gives, own) for thing, program, gives, own in found]
    assert found == expected


@pytest.mark.parametrize("name", SILENT)
def test_a_near_miss_is_silent(name: str) -> None:
    assert by_sudo(SILENT[name] + "\n") == []


#: What nobody has looked at, with arguments of choice; and what is fixed, or known to give nothing.
UNREAD = {
    "/usr/bin/unknownprog": '/usr/bin/unknownprog ""',
    "/usr/bin/unknownprog *": "/usr/bin/unknownprog restart",
    "/opt/app/run ^.*$": "/opt/app/run ^[a-z]+$",
    "/opt/bin/id": "/usr/bin/id",
    "/usr/sbin/grub-mkconfig -o *": "/usr/sbin/reboot *",
    "/opt/app/bin/*": '/opt/app/bin/* ""',
    "^/usr/bin/(w|whatever)$": "^/usr/bin/(w|id)$",
}


@pytest.mark.parametrize("command", UNREAD)
def test_what_nobody_has_looked_at_is_not_known(command: str) -> None:
    def reasons(command: str) -> list[str]:
        policy = f"Defaults secure_path=/usr/bin\nalice ALL=(root) {command}\n"
        tables = observe(seen(policy), "web1", privileges).tables
        assert [row for row in tables["root_ways"].rows if row["way"] == "sudo"] == []
        return [problem.reason for problem in tables["root_ways"].problems["sudo"]]

    path = command.partition(" ")[0]
    assert reasons(command) == [f"/etc/sudoers:2: what {path} does with arguments of the caller's choice is not known"]
    assert reasons(UNREAD[command]) == []
    assert reasons(f"{command}, !{command}") == []


def test_whoever_may_do_everything_may_do_what_nobody_has_looked_at() -> None:
    assert [row["thing"] for row in ways("alice ALL=(ALL) ALL\nalice ALL=(ALL) /usr/bin/unknownprog\n")] == ["ALL"]


@pytest.mark.parametrize("command", ["journalctl -u web", "systemctl status web", "systemctl status *", 'loginctl ""'])
@pytest.mark.parametrize(("version", "count"), [("239-78.el8", 1), ("1:243-1", 1), ("252.17-1~deb12u1", 0), ("", 1)])
def test_what_a_package_closed_is_no_way_any_more(command: str, version: str, count: int) -> None:
    assert len(ways(f"alice ALL=(root) /usr/bin/{command}\n", systemd=version)) == count


@pytest.mark.parametrize("entry", ["+admins ALL", "alice 10.0.0.0/8", "alice web1.gov.example"])
def test_what_hangs_on_what_is_not_known_is_not_certain(entry: str) -> None:
    policy = f"{entry}=(ALL) ALL\nbob ALL=(root) /usr/bin/vim\n"
    facts = observe(seen(policy), "web1", privileges).tables["root_ways"]
    assert {(row["user_name"], row["certain"]) for row in facts.rows} >= {("alice", False), ("bob", True)}
    assert "whether it is for" in facts.problems["sudo"][0].reason
    assert facts.problems[""] == []


def test_who_may_do_everything_is_not_told_of_single_commands() -> None:
    rows = ways("alice ALL=(ALL) ALL, (root) /usr/bin/vim\nbob ALL=(root) /usr/bin/vim\n")
    assert {(row["user_name"], row["thing"], row["besides_all"]) for row in rows} == {
        ("alice", "ALL", False), ("alice", "/usr/bin/vim", True), ("bob", "/usr/bin/vim", False),
    }  # fmt: skip


_PIECES = st.sampled_from(
    ["alice", "%wheel", "#1001", "%#10", "+ng", "ALL", "!", ",", "=", "(", ")", ":", " ", "\n", "\\", '"', "*", "[",
     "/usr/bin/vim", "sudoedit", "NOPASSWD:", "NOEXEC:", "Defaults", "User_Alias A", "Cmnd_Alias C", "^", "$", "{9}",
     "sha256:00", "#" + "9" * 30, "\x00", "\xff", "é", "-e", ".*", ":docker", "FOLLOW:", "sudoedit /etc/*", "!root",
     "Defaults sudoedit_follow, !sudoedit_checkdir", "Defaults>bob runas_default=bob", "NOTAFTER=2020010100",
     "INTERCEPT:"]
)  # fmt: skip


@given(st.one_of(st.lists(_PIECES, max_size=30).map("".join), st.text(max_size=200)))
def test_no_policy_breaks_it_and_every_way_says_where_it_is_from(policy: str) -> None:
    """The room's own guard would turn an exception into a table that is not whole: it is asked without."""
    evidence_ = seen(policy or " ")
    tables = observe(evidence_, "web1").tables
    for way in by_sudo_.find(View.of(evidence_, tables), Built()):
        assert way.source == "/etc/sudoers"
        assert 1 <= (way.line or 0) <= len(policy.split("\n"))
        assert way.gives in POWERS


def test_groups_and_users_of_a_directory_are_told_as_the_policy_names_them() -> None:
    policy = "%admins ALL=(ALL) ALL\nldap.user ALL=(root) /usr/bin/vim\n%wheel ALL=(root) /usr/bin/vim\n"
    assert {row["user_name"] for row in ways(policy)} == {"alice"}
    assert {row["user_name"] for row in ways(policy, nss="passwd: files sss\n")} == {
        "alice", "%admins", "ldap.user", "%wheel",
    }  # fmt: skip


def test_a_policy_that_takes_for_ever_is_cut_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secops.hosts.sudoers.MAX_STEPS", 20_000)
    passwd = PASSWD + "".join(f"u{n}:x:{2000 + n}:2000::/:/bin/sh\n" for n in range(100))
    policy = "".join(f"ALL, !x{n} ALL=(root) /usr/bin/vi* /srv/{n}\n" for n in range(300))
    facts = observe(seen(policy, passwd=passwd), "web1", privileges).tables["root_ways"]
    assert "takes more than" in facts.problems["sudo"][0].reason
    assert facts.problems[""] == []


def test_without_the_accounts_the_table_is_not_whole() -> None:
    facts = observe(evidence(sudoers={"/etc/sudoers": "alice ALL=ALL\n"}), "h", privileges).tables["root_ways"]
    assert facts.problems[""]
