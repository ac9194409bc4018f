"""The sudo_rules table."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Evidence, Status
from secops.hosts.listing import record
from secops.hosts.tables import Facts
from secops.hosts.tables.sudo_rules import MAX_ROWS, TABLE
from tests.hosts.evidence_kit import derive, evidence

DEBIAN = """Defaults\tenv_reset
Defaults\tsecure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
root\tALL=(ALL:ALL) ALL
%sudo\tALL=(ALL:ALL) ALL
@includedir /etc/sudoers.d
"""
KYLIN = """Defaults   !visiblepw
root    ALL=(ALL)       ALL
%wheel  ALL=(ALL)       ALL
## %wheel        ALL=(ALL)       NOPASSWD: ALL
#includedir /etc/sudoers.d
"""
SUDO = record(b"/usr/bin/sudo", (0o104755, 0, 0, 1, 1))


def facts(main: str | bytes | None = None, **sections: Any) -> Facts:
    files = sections.pop("files", {}) | ({} if main is None else {"/etc/sudoers": main})
    return derive(TABLE, evidence(sudoers=files, sudo_paths=SUDO, **sections))


def rows(main: str, *columns: str, **sections: Any) -> list[tuple[Any, ...]]:
    found = facts(main, **sections)
    assert found.problems[""] == []
    return [tuple(row[column] for column in columns) for row in found.rows]


def reasons(main: str | bytes | None = None, **sections: Any) -> list[str]:
    return [problem.reason for problem in facts(main, **sections).problems[""]]


def test_debian() -> None:
    found = facts(DEBIAN, files={"/etc/sudoers.d/ops": "ops ALL=(root) NOPASSWD: /usr/bin/apt update\n"})
    assert found.problems[""] == []
    assert [row["user_name"] for row in found.rows] == ["root", "%sudo", "ops"]
    assert found.rows[2] == {
        "user_name": "ops", "user_kind": "user", "user_negated": False, "host_spec": "ALL", "host_negated": False,
        "runas_user": "root", "runas_group": None, "runas_negated": False, "as_root": True, "here": True,
        "command": "/usr/bin/apt", "arguments": "update", "negated": False, "grants": True, "digest": None,
        "nopasswd": True, "noexec": False, "setenv": False, "tags": ["NOPASSWD"], "options": [],
        "source": "/etc/sudoers.d/ops", "line": 1, "position": 3, "changed": None,
    }  # fmt: skip
    assert (found.rows[1]["runas_user"], found.rows[1]["runas_group"], found.rows[1]["setenv"]) == ("ALL", "ALL", True)


def test_a_rule_is_as_new_as_its_file() -> None:
    paths = SUDO + b"".join(
        (
            record(b"/etc/sudoers", (0o100440, 0, 0, 1, 1_700_000_000)),
            record(b"/etc/sudoers.d/ops", (0o120777, 0, 0, 1, 1_600_000_000), b"/srv/ops"),
        )
    )
    files = {"/etc/sudoers": DEBIAN, "/etc/sudoers.d/ops": "ops ALL=(root) /usr/bin/apt update\n"}
    found = derive(TABLE, evidence(sudoers=files, sudo_paths=paths))
    assert [row["changed"] for row in found.rows] == [1_700_000_000, 1_700_000_000, None]


def test_kylin() -> None:
    assert rows(KYLIN, "user_name", "user_kind", "nopasswd") == [("root", "user", False), ("%wheel", "group", False)]


def test_suse_policy_below_usr() -> None:
    found = facts(files={"/usr/etc/sudoers": "@includedir /etc/sudoers.d\n", "/etc/sudoers.d/a": "a ALL=ALL\n"})
    assert (found.problems[""], len(found.rows)) == ([], 1)
    assert rows("b ALL=ALL\n", "user_name", files={"/usr/etc/sudoers": "a ALL=ALL\n"}) == [("b",)]


def test_every_combination_is_a_row_in_order() -> None:
    text = """User_Alias OPS = alice, !bob
Cmnd_Alias SHELLS = /bin/sh, !/bin/rbash
OPS web1, !db1 = (root, oracle : adm) /bin/ls, !SHELLS
"""
    found = rows(text, "position", "user_name", "host_spec", "runas_user", "command", "negated", "grants")
    assert len(found) == 2 * 2 * 2 * 3
    assert [row for row in found if row[1:4] == ("alice", "web1", "oracle")] == [
        (1, "alice", "web1", "oracle", "/bin/ls", False, True),
        (2, "alice", "web1", "oracle", "/bin/sh", True, False),
        (3, "alice", "web1", "oracle", "/bin/rbash", False, True),
    ]
    assert {row[6] for row in found if row[1] == "bob" or row[2] == "db1"} == {False}


def test_tags_and_options_in_force() -> None:
    found = rows(
        "a ALL = CWD=/srv NOPASSWD: NOEXEC: /bin/a, PASSWD: ALL, NOSETENV: EXEC: ALL\n",
        "nopasswd", "noexec", "setenv", "tags", "options",
    )  # fmt: skip
    assert found == [
        (True, True, False, ["NOEXEC", "NOPASSWD"], ["CWD=/srv"]),
        (False, True, True, ["NOEXEC", "PASSWD"], ["CWD=/srv"]),  # ALL brings SETENV
        (False, False, False, ["EXEC", "PASSWD", "NOSETENV"], ["CWD=/srv"]),
    ]


@pytest.mark.parametrize(
    ("defaults", "nopasswd"),
    [
        ("Defaults !authenticate", True),
        ("Defaults !authenticate\nDefaults authenticate", False),
        ("Defaults:alice !authenticate", True),
        ("Defaults:OPS !authenticate", True),
        ("Defaults:ALL !authenticate", True),
        ("Defaults:ALL,!alice !authenticate", False),
        ("Defaults:bob !authenticate", False),
        ("Defaults@ALL !authenticate", True),
        ("Defaults@web1 !authenticate", True),
        ("Defaults@WEB*.example.com !authenticate", True),
        ("Defaults@db1,10.0.0.0/8 !authenticate", False),
        ("Defaults:alice authenticate\nDefaults !authenticate", True),  # in order
        ("Defaults>root !authenticate\nDefaults authenticate", False),
        ("Defaults authenticate\nDefaults>root !authenticate", True),
        ('Defaults:"ALL" !authenticate', False),  # somebody of that name
        ("Defaults !authenticate\nDefaults authenticate=yes", True),  # which sudo does not take
        ("Defaults>oracle !authenticate", False),
        ("Defaults!/bin/ls !authenticate\nDefaults>root authenticate", True),  # commands come last
        ("Defaults!/bin/cat !authenticate", False),
    ],
)
def test_defaults_decide_where_no_tag_does(defaults: str, nopasswd: bool) -> None:
    text = f"User_Alias OPS = alice\n{defaults}\nalice ALL = (root) /bin/ls, PASSWD: /bin/cp\n"
    assert rows(text, "nopasswd", hostname={"/etc/hostname": "web1.example.com\n"}) == [(nopasswd,), (False,)]


def test_defaults_for_noexec_setenv_and_the_target_user() -> None:
    text = "Defaults noexec, setenv\nDefaults:a runas_default=oracle\n"
    text += "a ALL = /bin/x, EXEC: NOSETENV: /bin/y\nb ALL = /bin/z\n"
    assert rows(text, "noexec", "setenv", "runas_user", "as_root") == [
        (True, True, "oracle", False),
        (False, False, "oracle", False),
        (True, True, "root", True),
    ]


def test_a_runas_list_of_all_can_pick_a_user_with_defaults_of_their_own() -> None:
    assert rows("Defaults>root !authenticate\na ALL = (ALL) ALL\n", "nopasswd") == [(True,)]


@pytest.mark.parametrize(
    ("runas", "as_root"),
    [
        ("", True),
        ("(root)", True),
        ("(#0)", True),
        ("(ALL)", True),
        ("(%root)", True),
        ("(ALL, !root)", False),
        ("(!root, ALL)", True),
        ("(oracle, #7)", False),
        ("(DB)", False),
        ("(%dba)", None),
        ("(root, %dba)", None),
        ("(%dba, root)", True),
        ("()", False),
        ("(:adm)", False),
    ],
)
def test_whether_the_runas_list_lets_root_in(runas: str, as_root: bool | None) -> None:
    found = rows(f"Runas_Alias DB = ALL, !#0\na ALL = {runas} /bin/x\n", "as_root")
    assert set(found) == {(as_root,)}


def test_the_invoking_user_as_target_is_null() -> None:
    assert rows("a ALL = (:adm, wheel) /bin/x\n", "runas_user", "runas_group") == [(None, "adm"), (None, "wheel")]


def test_arguments_and_digests() -> None:
    digest = "sha224:" + "ab" * 28
    assert rows(f'a ALL = /bin/x, /bin/x "", {digest}, {digest} /bin/x -l\n', "arguments", "digest") == [
        (None, None),
        ("", None),
        ("-l", f"{digest}, {digest}"),
    ]


def test_without_sudo_and_without_policy_the_table_is_whole_and_empty() -> None:
    found = derive(TABLE, evidence())
    assert (list(found.rows), found.problems[""]) == ([], [])


@pytest.mark.parametrize("main", [None, "", "\n \n"])
def test_sudo_without_policy_is_a_problem(main: str | None) -> None:
    assert reasons(main) == ["sudo is installed, but its sudoers file is missing or empty"]


def test_a_plain_user_sees_that_the_policy_is_denied() -> None:
    found = facts(files={"/etc/sudoers": Status.DENIED, "/etc/sudoers.d/*": Status.DENIED})
    assert (list(found.rows), [problem.status for problem in found.problems[""]]) == ([], [Status.DENIED])


def test_a_denied_drop_in_is_a_problem_and_the_rest_is_read() -> None:
    found = facts(DEBIAN, files={"/etc/sudoers.d/x": Status.DENIED})
    assert (len(found.rows), found.problems[""][0].status) == (2, Status.DENIED)


def test_a_directory_among_the_drop_ins_is_skipped_as_sudo_does() -> None:
    directory = record(b"/etc/sudoers.d/old", (0o040755, 0, 0, 1, 1))
    for listing, problems in ((SUDO + directory, 0), (SUDO, 1)):
        seen = evidence(sudoers={"/etc/sudoers": DEBIAN, "/etc/sudoers.d/old": Status.FAILED}, sudo_paths=listing)
        assert len(derive(TABLE, seen).problems[""]) == problems


def test_evidence_that_was_cut_off_is_a_problem() -> None:
    seen = evidence(sudo_paths=SUDO)
    without = Evidence("local", "test", 0, {name: s for name, s in seen.sections.items() if name != "sudoers"})
    assert derive(TABLE, without).problems[""]


def test_faults_of_the_policy_are_problems() -> None:
    assert reasons("a ALL = ls\nB ALL = C\n@include /opt/x\n") == [
        "/etc/sudoers:1: ls is not an absolute path",
        "/etc/sudoers:3: /opt/x is included but was not collected or does not exist",
        "User_Alias B is not defined",
        "Cmnd_Alias C is not defined",
    ]


@pytest.mark.parametrize(
    ("nsswitch", "rules", "whole"),
    [
        ("sudoers: files\n", 2, True),
        ("sudoers: files sss\n", 2, False),
        ("sudoers:\tfiles [SUCCESS=return] ldap # x\n", 2, False),
        ("sudoers: sss\n", 0, False),
        ("# sudoers: sss\npasswd: files sss\n", 2, True),
    ],
)
def test_rules_of_a_directory_are_not_seen(nsswitch: str, rules: int, whole: bool) -> None:
    found = facts(DEBIAN, nsswitch={"/etc/nsswitch.conf": nsswitch})
    expected = [] if whole else ["sudo rules of a directory (nsswitch.conf: sudoers) are not seen"]
    assert (len(found.rows), [problem.reason for problem in found.problems[""]]) == (rules, expected)


@pytest.mark.parametrize(
    ("conf", "whole"),
    [
        ("# Plugin other other.so\nPlugin sudoers_policy sudoers.so\nPlugin sudoers_io sudoers.so\n", True),
        ("Plugin sudoers_policy sudoers.so sudoers_file=/opt/sudoers\n", False),
        ("Plugin dzsudo dzsudo.so\n", False),
    ],
)
def test_another_policy_plugin_is_a_problem(conf: str, whole: bool) -> None:
    assert (reasons(DEBIAN, sudo_conf={"/etc/sudo.conf": conf}) == []) is whole


def test_a_policy_that_explodes_is_cut_and_told() -> None:
    def names(kind: str) -> str:
        return ", ".join(f"{kind}{number}" for number in range(400))

    found = facts(f"{names('u')} {names('h')} = /bin/x\n")
    assert len(found.rows) == MAX_ROWS
    assert found.problems[""][0].reason == f"the policy expands to more than {MAX_ROWS} rows"
    nested = "".join(f"User_Alias A{n} = A{n + 1}, A{n + 1}\n" for n in range(40)) + "A0 ALL = ALL\n"
    assert "steps to expand" in reasons(nested)[0]


def test_many_defaults_and_many_rules_stay_fast() -> None:
    defaults = "".join(f"Defaults:u{n} !authenticate\n" for n in range(300))
    rules = "".join(f"u{n} ALL = (ALL) /bin/a, /bin/b\n" for n in range(300))
    assert set(rows(defaults + rules, "nopasswd")) == {(True,)}


@given(st.binary(max_size=300), st.binary(max_size=100), st.binary(max_size=100))
def test_any_bytes_parse_without_raising(raw: bytes, paths: bytes, other: bytes) -> None:
    seen = evidence(
        sudoers={"/etc/sudoers": raw, "/etc/sudoers.d/x": other}, sudo_paths=paths,
        nsswitch={"/etc/nsswitch.conf": other}, sudo_conf={"/etc/sudo.conf": other}, hostname={"/etc/hostname": other},
    )  # fmt: skip
    found = derive(TABLE, seen)
    lines = {"/etc/sudoers": raw.count(b"\n") + 1, "/etc/sudoers.d/x": other.count(b"\n") + 1}
    assert all(1 <= row["line"] <= lines[row["source"]] for row in found.rows), "each row says where it is from"


@pytest.mark.parametrize(
    ("hosts", "here"),
    [
        ("ALL", True), ("web2", True), ("WEB2.gov.example", True), ("web*", True), ("db1", False),
        ("db1, web2", True), ("ALL, !db1", True), ("ALL, !web2", False), ("!web2, ALL", True), ("!db1", False),
        ("FARM", True), ("ALL, !FARM", False), ("10.0.0.0/8", None), ("+admins", None), ("ALL, !10.0.0.1", None),
        ("10.0.0.1, db1", None), ("10.0.0.1, web2", True),
    ],
)  # fmt: skip
def test_whether_a_rule_is_for_this_host(hosts: str, here: bool | None) -> None:
    text = f"Host_Alias FARM = web1, web2\nops {hosts}=(ALL) ALL\n"
    assert set(rows(text, "here", hostname={"/etc/hostname": "web2.gov.example\n"})) == {(here,)}


@pytest.mark.parametrize(
    ("hosts", "here"), [("web2", True), ("web2.gov.example", None), ("db1.gov.example", False), ("*.example", None)]
)
def test_a_domain_that_only_the_resolver_knows_may_be_any(hosts: str, here: bool | None) -> None:
    assert set(rows(f"ops {hosts}=(ALL) ALL\n", "here", hostname={"/etc/hostname": "web2\n"})) == {(here,)}


@pytest.mark.parametrize(("hosts", "here"), [("ALL", True), ("web2", None), ("!web2", False), ("ALL, !db1", None)])
def test_a_host_without_a_name_may_be_any(hosts: str, here: bool | None) -> None:
    assert set(rows(f"ops {hosts}=(ALL) ALL\n", "here")) == {(here,)}


DEBIAN_RELEASE = {"/etc/os-release": "ID=debian\n"}
NSS = {"/etc/nsswitch.conf": "hosts: files dns\nnetgroup: files\n"}


@pytest.mark.parametrize(
    ("release", "hosts", "defaults", "here"),
    [
        # Debian's sudo asks the resolver, others do not
        (
            "debian",
            "127.0.1.1 web2.gov.example web2",
            "",
            {"web2": True, "web2.gov.example": True, "web2.other": False},
        ),
        ("rocky", "127.0.1.1 web2.gov.example web2", "", {"web2": True, "web2.gov.example": False}),
        ("ubuntu", "127.0.0.1 localhost web2", "", {"web2": False, "localhost": True}),
        ("ubuntu", "127.0.0.1 localhost", "", {"web2": True, "web2.gov.example": None, "localhost": False}),
        ("debian", "127.0.0.1 localhost web2", "Defaults !fqdn\n", {"web2": True, "localhost": False}),
        ("debian", "127.0.0.1 localhost web2", "Defaults@web2 !fqdn\n", {"web2": True, "localhost": False}),
        ("debian", "127.0.0.1 localhost web2", "Defaults@db1 !fqdn\n", {"web2": False, "localhost": True}),
        ("rocky", "127.0.1.1 web2.gov.example web2", "Defaults fqdn\n", {"web2.gov.example": True}),
        ("", "127.0.1.1 web2.gov.example web2", "", {"web2": True, "web2.gov.example": None}),
        ("", "127.0.0.1 localhost web2", "", {"web2": None}),
        ("", "127.0.0.1 web2", "", {"web2": True, "web2.gov.example": False}),
    ],
)
def test_the_name_of_the_host_is_the_one_that_sudo_takes(
    release: str, hosts: str, defaults: str, here: dict[str, bool | None]
) -> None:
    found = rows(
        defaults + "".join(f"ops {name} = ALL\n" for name in here), "here",
        hostname={"/etc/hostname": "web2\n"}, etc_hosts={"/etc/hosts": f"{hosts}\n"}, nsswitch=NSS,
        os_release={"/etc/os-release": f"ID={release}\n"} if release else {},
    )  # fmt: skip
    assert found == [(expected,) for expected in here.values()]


@pytest.mark.parametrize(
    ("nss", "here"),
    [("files dns", True), ("dns files", None), ("mymachines files", None), ("files myhostname", True), ("", None)],
)
def test_a_resolver_that_asks_others_first_is_not_known(nss: str, here: bool | None) -> None:
    found = rows(
        "ops web2.gov.example = ALL\n", "here", os_release=DEBIAN_RELEASE, hostname={"/etc/hostname": "web2\n"},
        etc_hosts={"/etc/hosts": "127.0.1.1 web2.gov.example web2\n"},
        nsswitch={"/etc/nsswitch.conf": f"hosts: {nss}\n" if nss else "passwd: files\n"},
    )  # fmt: skip
    assert found == [(here,)]


def test_where_nobody_but_the_host_names_itself_its_name_is_whole() -> None:
    found = rows(
        "ops web2, web2.gov.example = ALL\nops web2.gov.example = ALL\n", "here", os_release=DEBIAN_RELEASE,
        hostname={"/etc/hostname": "web2\n"}, nsswitch={"/etc/nsswitch.conf": "hosts: files myhostname\n"},
    )  # fmt: skip
    assert found == [(True,), (True,), (False,)]


TRIE = "Main:\n |-- 10.1.2.0\n /24 link UNICAST\n |-- 10.1.2.3\n /32 host LOCAL\n |-- 10.1.2.255\n /32 link BROADCAST\n"


@pytest.mark.parametrize(("conf", "here"), [("", [True, False]), ("Set probe_interfaces false\n", [False, False])])
def test_networks_and_netgroups_are_decided_where_they_are_seen(conf: str, here: list[bool]) -> None:
    found = rows(
        "ops 10.0.0.0/8 = ALL\nops 192.0.2.1 = ALL\nops +farm = ALL\nops +gone = ALL\n", "here",
        own_addresses={"/proc/net/fib_trie": TRIE}, netgroup={"/etc/netgroup": "farm (web2,,)\n"}, nsswitch=NSS,
        hostname={"/etc/hostname": "web2\n"}, os_release={"/etc/os-release": "ID=rocky\n"},
        sudo_conf={"/etc/sudo.conf": conf} if conf else {},
    )  # fmt: skip
    assert found == [*((one,) for one in here), (True,), (False,)]


def test_netgroups_that_may_come_from_elsewhere_are_open() -> None:
    for netgroup, here in (("files nis", [True, None]), ("nis", [None, None]), ("", [None, None])):
        nss = f"netgroup: {netgroup}\n" if netgroup else "passwd: files\n"
        found = rows(
            "ops +farm = ALL\nops +gone = ALL\n", "here", netgroup={"/etc/netgroup": "farm (web2,,)\n"},
            hostname={"/etc/hostname": "web2.gov.example\n"}, nsswitch={"/etc/nsswitch.conf": nss},
        )  # fmt: skip
        assert found == [(one,) for one in here]


@pytest.mark.parametrize(
    ("mode", "uid", "gid", "read"),
    [
        (0o100440, 0, 0, True), (0o100640, 0, 0, True), (0o100660, 0, 0, True), (0o100660, 0, 5, False),
        (0o100646, 0, 0, False), (0o100440, 1000, 0, False),
    ],
)  # fmt: skip
def test_files_that_are_not_roots_alone_are_not_read(mode: int, uid: int, gid: int, read: bool) -> None:
    files = {"/etc/sudoers": DEBIAN, "/etc/sudoers.d/x": "x ALL=ALL\n"}
    listing = SUDO + record(b"/etc/sudoers.d/x", (mode, uid, gid, 1, 1))
    found = derive(TABLE, evidence(sudoers=files, sudo_paths=listing))
    assert (len(found.rows), found.problems[""]) == (3 if read else 2, [])
    main = SUDO + record(b"/etc/sudoers", (mode, uid, gid, 1, 1))
    refused = derive(TABLE, evidence(sudoers=files, sudo_paths=main))
    assert bool(refused.rows) is read
    assert [problem.reason for problem in refused.problems[""]] == (
        [] if read else ["/etc/sudoers is not root's alone: sudo refuses the whole policy"]
    )


def test_a_directory_that_others_may_write_is_not_read_and_a_link_is_told() -> None:
    files = {"/etc/sudoers": DEBIAN, "/etc/sudoers.d/x": "x ALL=ALL\n"}
    listing = SUDO + record(b"/etc/sudoers.d", (0o040777, 0, 0, 1, 1))
    assert len(derive(TABLE, evidence(sudoers=files, sudo_paths=listing)).rows) == 2
    link = SUDO + record(b"/etc/sudoers.d/x", (0o120777, 0, 0, 1, 1), b"/srv/x")
    found = derive(TABLE, evidence(sudoers=files, sudo_paths=link))
    assert len(found.rows) == 3
    assert found.problems[""][0].reason == "/etc/sudoers.d/x is a link: who may write its target is not seen"


def test_options_of_the_policy_for_some_users_alone_are_told() -> None:
    assert reasons("Defaults:ops !use_netgroups\n+ng ALL = ALL\n") == [
        "/etc/sudoers:1: whether use_netgroups is set here is not known"
    ]
    assert reasons("Defaults@db1 !use_netgroups\n", hostname={"/etc/hostname": "web2\n"}) == []


def test_thousands_of_lines_of_defaults_and_rules_are_worked_out_whole() -> None:
    text = "".join(f"Defaults:u{n} !authenticate\nu{n} ALL = (ALL) /bin/a\n" for n in range(2_000))
    found = rows(text, "nopasswd")
    assert (len(found), set(found)) == (2_000, {(True,)})
