"""Ways by what sudo leaves to the caller besides the command: variables of the environment, and the root directory."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.core.content import shipped
from secops.hosts.evidence import Status
from secops.hosts.snapshot import observe
from secops.hosts.tables import Facts, Row
from secops.privilege.sudo.variables import environment, is_named
from secops.privilege.ways import privileges
from tests.hosts.evidence_kit import Content
from tests.privilege.freedoms_policies import CAT, PRELOADED, REFUSED, ROOTED, UNROOTED
from tests.privilege.test_ways import seen
from tests.privilege.walk_kit import Host

PASSWD = """root:x:0:0::/root:/bin/bash
e:x:2001:2001::/home/e:/bin/bash
svc:x:2002:2002::/home/svc:/usr/sbin/nologin
daemon:x:1:1::/:/usr/sbin/nologin
"""
GROUP = "root:x:0:\ne:x:2001:\nsvc:x:2002:\nshadow:x:42:\ndocker:x:998:\n"
_PATH = "Defaults secure_path=/usr/bin\n"


def facts(sudoers: str, table: str = "root_ways", *, version: str = "1.9.13p3", **more: Content) -> Facts:
    status = f"Package: sudo\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n"
    known: dict[str, Content] = {"dpkg_status": {"/var/lib/dpkg/status": status}} if version else {}
    evidence = seen(
        f"{_PATH}{sudoers}\n".replace("@testhost", "@web1"), passwd=PASSWD, group=GROUP,
        more={**known, **more},
    )  # fmt: skip
    return observe(evidence, "h", privileges).tables[table]


def rows(sudoers: str, table: str = "root_ways", **more: Any) -> list[Row]:
    return [row for row in facts(sudoers, table, **more).rows if row["way"] == "sudo"]


def told(sudoers: str, **more: str) -> list[tuple[str, str, bool]]:
    return [(row["user_name"], row["thing"], row["certain"]) for row in rows(sudoers, **more)]


def _preloads(row: Row) -> bool:
    return "LD_" in row["how_en"]


@pytest.mark.parametrize("name", PRELOADED)
def test_a_variable_of_the_caller_is_a_way(name: str) -> None:
    sudoers, thing = PRELOADED[name]
    (row,) = rows(sudoers)
    assert (row["user_name"], row["thing"], row["certain"], row["password"]) == ("e", thing, True, "none")
    assert (row["gives"], row["program"], _preloads(row)) == ("load", None, True)


@pytest.mark.parametrize("name", REFUSED)
def test_what_sudo_keeps_back_is_none(name: str) -> None:
    assert [row for row in rows(REFUSED[name]) if _preloads(row)] == []


@pytest.mark.parametrize("name", ROOTED)
def test_a_root_of_the_caller_is_a_way(name: str) -> None:
    sudoers, thing = ROOTED[name]
    (row,) = rows(sudoers)
    assert (row["user_name"], row["thing"], row["gives"], row["certain"]) == ("e", thing, "shell", True)


@pytest.mark.parametrize("name", UNROOTED)
def test_another_root_and_a_directory_to_work_in_are_none(name: str) -> None:
    assert told(UNROOTED[name]) == []


@pytest.mark.parametrize(
    ("sudoers", "version", "expected"),
    [
        ("e ALL=(root) CHROOT=* /usr/bin/id", "1.9.2-1", []),
        ("e ALL=(root) CHROOT=* /usr/bin/id", "", [("e", "/usr/bin/id", False)]),
        ("e ALL=(root) CHROOT=/srv/jail /usr/bin/id", "1.9.13p3", [("e", "/usr/bin/id", False)]),
        ("e ALL=(root) CHROOT=/home/other /usr/bin/id", "1.9.13p3", [("e", "/usr/bin/id", False)]),
        ("e ALL=(root) CHROOT=/tmp/jail /usr/bin/id", "1.9.13p3", [("e", "/usr/bin/id", True)]),
        ("Defaults!/usr/bin/id runchroot=*\ne ALL=(root) /usr/bin/id", "1.9.13p3",
         [("e", "Defaults runchroot", False)]),
        ("e ALL=(root) CHROOT=* sudoedit /etc/motd", "1.9.13p3", []),
    ],
)  # fmt: skip
def test_what_is_not_known_of_roots_is_no_certain_way(
    sudoers: str, version: str, expected: list[tuple[str, str, bool]]
) -> None:
    assert told(sudoers, version=version) == expected


def test_a_way_to_another_account_and_by_a_group() -> None:
    (row,) = rows("e ALL=(svc) SETENV: /usr/bin/id", "account_ways")
    assert (row["becomes"], row["gives"], row["certain"], row["password"]) == ("svc", "load", True, "own")
    (row,) = rows("e ALL=(svc) CHROOT=* /usr/bin/systemctl status x", "account_ways")
    assert (row["becomes"], row["gives"]) == ("svc", "shell")
    assert rows("Defaults>root setenv\ne ALL=(svc) /usr/bin/id", "account_ways") == []
    (row,) = rows("e ALL=(:docker) SETENV: /usr/bin/id")
    assert row["how_en"].startswith("`sudo -g docker`: ")
    assert rows("e ALL=(:docker) /usr/bin/id") == []


@pytest.mark.parametrize(
    ("path", "mode", "uid", "gid", "caps", "to"),
    [
        (CAT, 0o4755, 0, 0, "", ["root"]),
        (CAT, 0o4755, 2002, 0, "", ["svc"]),
        (CAT, 0o2755, 0, 42, "", []),
        (CAT, 0o755, 0, 0, "cap_net_raw=ep", ["root"]),
        ("/usr/bin/id", 0o2755, 0, 42, "", ["root", "svc"]),
    ],
)
def test_a_file_that_changes_who_it_runs_as_is_not_preloaded(
    path: str, mode: int, uid: int, gid: int, caps: str, to: list[str]
) -> None:
    walk = Host().file(path, mode, uid, gid, caps=caps).evidence().sections["walk"].files[0].data
    sudoers = f"e ALL=(ALL) SETENV: {CAT} /etc/motd"
    found = ["root"] * bool([row for row in rows(sudoers, walk=walk) if _preloads(row)])
    found += [row["becomes"] for row in rows(sudoers, "account_ways", walk=walk) if row["becomes"] == "svc"]
    assert found == (to[:1] if to[:1] == ["root"] else to)


UNSURE = {
    "another place": "e ALL=(root) SETENV: /opt/app/run",
    "often static": "e ALL=(root) SETENV: /usr/bin/etcdctl get x",
    "a wildcard over nothing known": "e ALL=(root) SETENV: /opt/app/*",
    "a directory over nothing known": "e ALL=(root) SETENV: /opt/app/",
    "a regex over nothing known": "e ALL=(root) SETENV: ^/opt/(a|b)/run$",
    "perhaps a script": "Defaults env_keep += PYTHONPATH\ne ALL=(root) /usr/local/bin/job.py",
    "perhaps a script of the system": "Defaults env_keep += PERL5LIB\ne ALL=(root) /usr/bin/strange",
    "PATH": "Defaults !secure_path\ne ALL=(root) /srv/job.sh",
    "a user of a netgroup": "Defaults:+people setenv\ne ALL=(root) /usr/bin/id",
    "kept for a netgroup": "Defaults:+people env_keep += LD_PRELOAD\ne ALL=(root) /usr/bin/id",
    "a value that must start elsewhere": "Defaults env_check += LD_LIBRARY_PATH\ne ALL=(root) CWD=/srv/x /usr/bin/id",
    "a digest": f"e ALL=(root) SETENV: sha256:{'0' * 64} /usr/bin/id",
}


@pytest.mark.parametrize("name", UNSURE)
def test_what_is_not_known_is_no_certain_way_and_says_why(name: str) -> None:
    found = facts(UNSURE[name])
    assert [row["certain"] for row in found.rows if row["way"] == "sudo"] == [False]
    reasons = [problem.reason for problem in found.problems["sudo"]]
    assert any("known" in reason for reason in reasons), reasons


def test_files_that_were_not_seen_leave_it_open() -> None:
    found = facts("e ALL=(root) SETENV: /usr/bin/id", walk=Status.DENIED)
    assert [row["certain"] for row in found.rows] == [False]
    assert any("SUID or SGID" in problem.reason for problem in found.problems["sudo"])


SILENT = {
    "sudoedit": "e ALL=(root) SETENV: sudoedit /etc/motd",
    "another language": "Defaults env_keep += PYTHONPATH\ne ALL=(root) /usr/local/bin/job.pl",
    "a language that the system is not written in": "Defaults env_keep += NODE_OPTIONS\ne ALL=(root) /usr/bin/id",
    "PATH that is fixed": "Defaults env_keep += PATH\ne ALL=(root) /srv/job.sh",
    "PATH and a program of the system": "Defaults !secure_path\ne ALL=(root) /usr/bin/id",
    "PATH and NOEXEC": "Defaults !secure_path\ne ALL=(root) NOEXEC: /srv/job.sh",
    "an editor that starts none": "Defaults env_keep += EDITOR\ne ALL=(root) /usr/bin/crontab -l",
    "harmless variables": "Defaults env_keep += \"LC_* HOME XAUTHORITY http_proxy\"\ne ALL=(root) /usr/bin/id",
    "root's password": "Defaults rootpw\ne ALL=(root) SETENV: /usr/bin/id",
    "to oneself": "e ALL=(e) SETENV: /usr/bin/id",
    "no reset alone": "Defaults !env_reset\ne ALL=(root) /usr/bin/id",
}  # fmt: skip


@pytest.mark.parametrize("name", SILENT)
def test_what_takes_no_variable_is_none(name: str) -> None:
    assert told(SILENT[name]) == []


def test_scripts_and_editors_that_are_known() -> None:
    kept = 'Defaults env_keep += "PERL5LIB EDITOR"\n'
    assert told(kept + "e ALL=(root) /usr/sbin/adduser x") == [("e", "Defaults env_keep", True)]
    (row,) = rows(kept + "e ALL=(root) /usr/bin/crontab -e")
    assert row["certain"]


def test_one_setting_is_one_way_however_many_entries() -> None:
    sudoers = "Defaults env_keep += LD_PRELOAD\ne ALL=(root) /opt/x, /usr/bin/id, /usr/bin/who"
    (row,) = rows(sudoers)
    assert (row["thing"], row["line"], row["certain"]) == ("Defaults env_keep", 2, True)
    assert "/usr/bin/who" in row["how_en"], "the certain one that sudo reads last"


@pytest.mark.parametrize(
    ("pattern", "name", "whole", "expected"),
    [
        ("LD_*", "LD_PRELOAD", False, True), ("*", "X", False, True), ("L*P*D", "LD_PRELOAD", False, True),
        ("LD_*X", "LD_PRELOAD", False, False), ("LD?PRELOAD", "LD_PRELOAD", False, False),
        ("aa*aa", "aaa", False, False),
        ("A=/x*", "A", False, True), ("A=/x*", "A", True, False), ("A=*", "A", True, True), ("A=x", "A", False, False),
    ],
)  # fmt: skip
def test_patterns_of_lists(pattern: str, name: str, whole: bool, expected: bool) -> None:
    assert is_named(pattern, name, whole=whole) is expected


@given(st.text(alphabet="A*=", max_size=12), st.text(alphabet="A", max_size=6))
def test_a_star_stands_for_anything(pattern: str, name: str) -> None:
    wanted, has_value, value = pattern.partition("=")
    regex = re.compile(".*".join(map(re.escape, wanted.split("*"))))
    assert is_named(pattern, name) == bool(regex.fullmatch(name) and (not has_value or "*" in value))


def test_the_rule_of_settings_names_what_loads_code() -> None:
    """So that the rule of ways need not tell it again."""
    text = (shipped("rules") / "posture" / "sudo" / "sudo-environment.yml").read_text("utf-8")
    for variable in environment().variables:
        for name in variable.names:
            assert (f"|{name}" in text) is (variable.gives == "load"), name
