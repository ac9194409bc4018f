"""Ways by doas: each planted rule is found, each near miss is silent, and doas itself does what is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.carriers.root import Root
from secops.hosts.evidence import Evidence
from secops.hosts.listing import record
from secops.hosts.snapshot import observe
from secops.hosts.tables import Built, Row
from secops.privilege.techniques import POWERS
from secops.privilege.way import View
from secops.privilege.ways import by_doas, privileges
from tests.hosts.evidence_kit import evidence
from tests.privilege.look import look
from tests.privilege.test_ways import GROUP, PASSWD
from tests.privilege.whole_kit import WHOLE, looked_at
from tests.testroot import TestHost

BINARY = record(b"/usr/bin/doas", (0o104755, 0, 0, 1, 1))
CONF = record(b"/etc/doas.conf", (0o100600, 0, 0, 1, 1))


def seen(
    rules: str | bytes,
    *,
    binary: bytes = BINARY,
    conf: bytes = CONF,
    nss: str = "passwd: files\n",
    system: str = "debian",
    things: tuple[str, ...] = (),
) -> Evidence:
    return evidence(
        passwd={"/etc/passwd": PASSWD},
        group={"/etc/group": GROUP},
        doas={"/etc/doas.conf": rules},
        doas_paths=binary + conf,
        nsswitch={"/etc/nsswitch.conf": nss},
        os_release={"/etc/os-release": f"ID={system}\n"},
        **{**WHOLE, "trusted_paths": looked_at(things)},
    )


def ways(rules: str, table: str = "root_ways", **others: object) -> list[Row]:
    facts = observe(seen(rules, **others), "web1", privileges).tables[table]
    assert facts.problems["doas"] == []
    return [row for row in facts.rows if row["way"] == "doas"]


def short(rows: list[Row]) -> list[tuple[str, str, str | None, str, str]]:
    return [(row["user_name"], row["thing"], row["program"], row["gives"], row["password"]) for row in rows]


FOUND = {
    "a group, everything": ("permit nopass :wheel", ("alice", "permit nopass :wheel", None, "shell", "none")),
    "a group by number": ("permit :10", ("alice", "permit :10", None, "shell", "own")),
    "an account by number": ("permit 1001 as root", ("alice", "permit 1001 as root", None, "shell", "own")),
    "with a password now and then": ("permit persist alice", ("alice", "permit persist alice", None, "shell", "own")),
    "an editor": ("permit alice cmd vim", ("alice", "permit alice cmd vim", "vim", "shell", "own")),
    "an editor by its path, of one file": (
        "permit alice as root cmd /usr/bin/vim args /etc/motd",
        ("alice", "permit alice as root cmd /usr/bin/vim args /etc/motd", "vim", "shell", "own"),
    ),
    "a shell without arguments": (
        "permit nopass alice cmd bash args", ("alice", "permit nopass alice cmd bash args", "bash", "shell", "none"),
    ),
    "find with free arguments": ("permit alice cmd find", ("alice", "permit alice cmd find", "find", "shell", "own")),
    "a file, read": ("permit alice cmd /bin/cat", ("alice", "permit alice cmd /bin/cat", "cat", "read", "own")),
    "some commands excepted": ("permit alice\ndeny alice cmd sh", ("alice", "permit alice", None, "shell", "own")),
    "denied as another alone": ("permit alice\ndeny alice as bob", ("alice", "permit alice", None, "shell", "own")),
    "a shell by its arguments": (
        "permit alice cmd su args -", ("alice", "permit alice cmd su args -", "su", "shell", "own"),
    ),
    "another program's": (
        "permit alice cmd env args vim x", ("alice", "permit alice cmd env args vim x", "vim", "shell", "own"),
    ),
    "a file of root's": (
        "permit alice cmd tee args /etc/passwd",
        ("alice", "permit alice cmd tee args /etc/passwd", "tee", "write", "own"),
    ),
    "one argument excepted": (
        "permit alice cmd vim\ndeny alice cmd vim args /etc/shadow",
        ("alice", "permit alice cmd vim", "vim", "shell", "own"),
    ),
    "the later of two": (
        "permit alice\npermit nopass alice", ("alice", "permit nopass alice", None, "shell", "none"),
    ),
}  # fmt: skip

SILENT = {
    "nothing": "",
    "a harmless command": "permit nopass alice cmd id",
    "for root": "permit nopass root as root",
    "for who is not there": "permit nopass carol\npermit nopass :gone\npermit nopass 1099",
    "for a group without members": "permit nopass :docker",
    "taken back": "permit nopass alice\ndeny alice",
    "taken back from the group": "permit nopass :wheel\ndeny alice as root",
    "the command taken back": "permit nopass alice cmd vim\ndeny :wheel cmd vim",
    "as another user": "permit nopass alice as bob",
    "find with its arguments fixed": "permit alice cmd find args /srv -name core",
    "one command by su": "permit alice cmd su args - -c id",
    "a file of nobody's": "permit alice cmd tee args /etc/motd\npermit alice cmd passwd args -S bob",
    "a star is none": "permit alice cmd find args /srv -name *",
    "a regular expression is none": 'permit alice cmd find args "^.*$"',
    "a shell's script": "permit alice cmd bash args /usr/local/sbin/backup",
    "nothing is in force": "permit nopass alice\npermit\n",
    "no newline at the end": "permit nopass alice",
}


@pytest.mark.parametrize("name", FOUND)
def test_a_rule_that_makes_root_is_found(name: str) -> None:
    rules, expected = FOUND[name]
    assert short(ways(rules + "\n")) == [expected]


@pytest.mark.parametrize("name", SILENT)
def test_a_near_miss_is_silent(name: str) -> None:
    assert ways(SILENT[name] + ("" if name.startswith("no newline") else "\n")) == []


NO_SCRIPTS = "-PYTHONPATH -PYTHONHOME -PYTHONUSERBASE -PERL5LIB -PERLLIB -PERL5OPT -BASH_ENV"

#: What rules leave to the caller's environment: (gives, certain), or nothing.
FREE = {
    "keepenv alice cmd /opt/x.sh": ("load", False),  # whether it is of bash
    "keepenv alice cmd ldd": ("load", True),
    "setenv { BASH_ENV } alice cmd ldd": ("load", True),
    "setenv { BASH_ENV=$MINE } alice cmd ldd": ("load", True),
    "setenv { BASH_ENV=/home/alice/env } alice cmd ldd": ("load", True),
    "setenv { BASH_ENV=/opt/env } alice cmd ldd": None,
    "setenv { BASH_ENV -BASH_ENV } alice cmd ldd": None,
    "setenv { LANG TERM } alice cmd ldd": None,
    "alice cmd ldd": None,
    "setenv { PATH=/home/alice:/bin } alice cmd ldd": ("shell", False),
    "setenv { PATH=/usr/bin:/bin } alice cmd ldd": None,
    "setenv { PATH } alice cmd ldd": ("shell", False),
    "keepenv alice cmd id": ("load", False),  # if it were a script of Python
    f"keepenv setenv {{ {NO_SCRIPTS} }} alice cmd id": None,
    "setenv { LD_PRELOAD } alice cmd id": None,  # it is taken away from doas itself
    "setenv { LD_PRELOAD=/home/alice/x.so } alice cmd id": ("load", True),
    "setenv { LD_PRELOAD=/opt/x.so } alice cmd id": None,
    "setenv { EDITOR } alice cmd crontab args -e": ("shell", True),
    "setenv { VISUAL } alice cmd crontab args -l": None,
    "setenv { (hidden) } alice cmd ldd": ("shell", False),
    "setenv { (hidden) } alice cmd vim": ("shell", True),
}


@pytest.mark.parametrize("rule", FREE)
def test_the_environment_that_a_rule_leaves_to_the_caller(rule: str) -> None:
    things = ("d755 1001 /home/alice", "f644 0 /opt/env", "f644 0 /opt/x.so", "d755 0 /usr/bin")
    tables = observe(seen(f"permit nopass {rule}\n", things=things), "web1", privileges).tables["root_ways"]
    found = [(row["gives"], row["certain"]) for row in tables.rows]
    expected = FREE[rule]
    assert found == ([expected] if expected else [])


def test_the_linker_of_musl_leaves_its_variables() -> None:
    rule = seen("permit nopass keepenv alice cmd id\n", system="alpine")
    assert [(row["gives"], row["certain"]) for row in observe(rule, "web1", privileges).tables["root_ways"].rows] == [
        ("load", False)
    ]


@pytest.mark.parametrize(
    ("rule", "is_told"),
    [("cmd unknownprog", True), ("cmd unknownprog args x", False), ("cmd id", False), ("cmd /opt/id", True)],
)
def test_what_nobody_has_looked_at_is_not_known(rule: str, is_told: bool) -> None:
    reasons = [
        problem.reason
        for problem in observe(seen(f"permit nopass alice {rule}\n"), "web1", privileges)
        .tables["root_ways"]
        .problems["doas"]
    ]
    what = rule.split()[1]
    told = f"/etc/doas.conf:1: what {what} does with arguments of the caller's choice is not known"
    assert reasons == ([told] if is_told else [])


@pytest.mark.parametrize(
    "others",
    [
        {"binary": b""},
        {"binary": record(b"/usr/bin/doas", (0o100755, 0, 0, 1, 1))},
        {"conf": record(b"/etc/doas.conf", (0o100660, 0, 10, 1, 1))},
    ],
)
def test_where_doas_would_refuse_there_is_none(others: dict[str, bytes]) -> None:
    assert ways("permit nopass alice\n", **others) == []


def test_a_way_says_where_it_stands_and_what_else_there_is() -> None:
    rows = ways("# a\npermit :wheel\n\npermit nopass alice cmd vim\npermit nopass bob cmd vim\n")
    assert {row["source"] for row in rows} == {"/etc/doas.conf"}
    assert [(row["user_name"], row["line"], row["besides_all"]) for row in rows] == [
        ("alice", 2, False), ("alice", 4, True), ("bob", 5, False),
    ]  # fmt: skip


def test_other_accounts_are_ways_too_where_a_rule_names_them() -> None:
    rules = "permit nopass alice as bob\npermit alice as 1002 cmd less\npermit bob as alice cmd insmod\n"
    found = ways(rules, "account_ways")
    assert [(row["becomes"], row["program"], row["gives"], row["password"], row["line"]) for row in found] == [
        ("bob", None, "shell", "none", 1), ("bob", "less", "shell", "own", 2),
    ]  # fmt: skip
    assert ways(rules) == []
    assert ways("permit alice as bob\npermit alice\n", "account_ways") == [], "the second is a way to root"
    assert ways("permit alice as alice\npermit bob as gone\n", "account_ways") == []


def test_users_and_groups_of_a_directory_are_told_as_the_policy_names_them() -> None:
    rules = "permit nopass ldap.user\npermit :admins\npermit :wheel\npermit 4711\n"
    assert [row["user_name"] for row in ways(rules)] == ["alice"]
    assert {row["user_name"] for row in ways(rules, nss="passwd: files sss\n")} == {
        "alice", "ldap.user", ":admins", ":wheel",
    }  # fmt: skip


def test_what_hangs_on_what_was_not_seen_is_not_certain() -> None:
    for rules in ("permit alice cmd vim args (hidden)\n", "permit alice cmd vim args -x\n?\n"):
        facts = observe(seen(rules), "web1", privileges).tables["root_ways"]
        assert [row["certain"] for row in facts.rows] == [False]
        assert facts.problems["doas"]
    rules = "permit alice cmd vim args (hidden)\ndeny alice cmd vim args (hidden)\n"
    facts = observe(seen(rules), "web1", privileges).tables["root_ways"]
    assert [(row["line"], row["certain"]) for row in facts.rows] == [(1, False)]


def test_a_policy_that_takes_for_ever_is_cut_and_told() -> None:
    rules = "".join(f"permit alice cmd vim args /srv/{n}\n" for n in range(1_500))
    facts = observe(seen(rules), "web1", privileges).tables["root_ways"]
    assert "takes more than" in facts.problems["doas"][0].reason
    assert facts.problems["sudo"] == []


_PIECES = st.sampled_from(
    ["permit", "deny", "nopass", "setenv {", "}", "as", "cmd", "args", "alice", "bob", "root", ":wheel", "1001", " ",
     "\n", "\\", '"', "vim", "bash", "*", "^", "?", "(hidden)", "\x00", "é", "0" * 900]
)  # fmt: skip


@given(st.one_of(st.lists(_PIECES, max_size=30).map(" ".join), st.text(max_size=200)))
def test_no_policy_breaks_it_and_every_way_says_where_it_is_from(rules: str) -> None:
    """The room's own guard would turn an exception into a table that is not whole: it is asked without."""
    evidence_ = seen(rules + "\n")
    for way in by_doas.find(View.of(evidence_, observe(evidence_, "web1").tables), Built()):
        assert way.source == "/etc/doas.conf"
        assert 1 <= (way.line or 0) <= len(rules.split("\n"))
        assert way.gives in POWERS


#: What is in force on the host: rules, and what each user then really does as whom.
PLANTED = """permit nopass :walkers as root
deny nick
permit nopass dora as nick
permit nopass pat as root cmd /usr/bin/env
permit nopass ed as root cmd env args
permit nopass keepenv ken as root cmd /srv/s.sh
permit nopass setenv { BASH_ENV } sue as root cmd /srv/s.sh
permit nopass tom as root cmd /srv/s.sh
"""
REALLY = {
    ("olga", "root", "id"): True,
    ("nick", "root", "id"): False,
    ("dora", "nick", "id"): True,
    ("dora", "root", "id"): False,
    ("pat", "root", "/usr/bin/env id"): True,
    ("pat", "root", "env id"): False,
    ("ed", "root", "env"): True,
    ("ed", "root", "env id"): False,
}


def test_doas_does_what_is_said(test_host: TestHost) -> None:
    users = {"olga": 3001, "nick": 3002, "dora": 3003, "pat": 3004, "ed": 3005, "ken": 3006, "sue": 3007, "tom": 3008}
    add = "".join(f"useradd -u {uid} -U {name}\n" for name, uid in users.items())
    test_host.run(
        ["sh"], f"{add}groupadd walkers; gpasswd -a olga walkers; gpasswd -a nick walkers".encode(), check=True
    )
    test_host.write("/etc/doas.conf", PLANTED, mode=0o600)

    def can(user: str, target: str, command: str) -> bool:
        uid = str(users[user])
        argv = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--init-groups", "doas", "-n", "-u", target]
        return test_host.run([*argv, *command.split()]).returncode == 0

    def brought(user: str) -> str:
        """What a script of bash does before its first line."""
        argv = ["setpriv", f"--reuid={users[user]}", f"--regid={users[user]}", "--init-groups"]
        return test_host.run([*argv, "env", "BASH_ENV=/tmp/brought", "doas", "-n", "/srv/s.sh"]).stdout.decode()

    test_host.write("/srv/s.sh", "#!/bin/bash\n", mode=0o755)
    test_host.write("/tmp/brought", "id -u\n", mode=0o644)
    assert {user: brought(user) for user in ("ken", "sue", "tom")} == {"ken": "0\n", "sue": "0\n", "tom": ""}
    assert {asked: can(*asked) for asked in REALLY} == REALLY
    image = observe(Root(str(test_host.root)).collect(), "testhost", privileges).tables
    for tables in (look(test_host, "doas_rules"), image):
        assert tables["doas_rules"].problems[""] == []
        found = {(row["user_name"], row["program"]) for row in tables["root_ways"].rows if row["way"] == "doas"}
        assert found == {("olga", None), ("pat", "env"), ("ken", None), ("sue", None)}
        assert [(row["user_name"], row["becomes"]) for row in tables["account_ways"].rows] == [("dora", "nick")]
    test_host.at("/etc/doas.conf").chmod(0o620)
    assert not any(can(*asked) for asked in REALLY)
    tables = look(test_host, "doas_rules")
    assert {row["in_force"] for row in tables["doas_rules"].rows} == {False}
    assert [row for row in tables["root_ways"].rows if row["way"] == "doas"] == []
