"""The sudoers language: what sudo's own parser accepts and how it reads it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts import sudoers
from secops.hosts.sudoers import Grant, Policy, TooLargeError, load

MAIN = "/etc/sudoers"
SHA224 = "sha224:0GomF8mNN3wlDt1HD9XldjJ3SNgpFdbjO1+NsQ=="
SHA256 = "sha256:" + "aB01" * 16


def policy(text: str | bytes, host: str | None = "web1", **files: str) -> Policy:
    contents = {MAIN: text if isinstance(text, bytes) else text.encode()}
    contents |= {f"/etc/sudoers.d/{name}": content.encode() for name, content in files.items()}
    return load(contents, MAIN, directories=["/etc/sudoers.d"], host=host)


def whole(text: str, **files: str) -> Policy:
    found = policy(text, **files)
    assert not found.faults
    return found


def grants(text: str) -> list[Grant]:
    return [grant for rule in whole(text).rules for grant in rule.grants]


def commands(text: str) -> list[tuple[str, str | None]]:
    return [(grant.command.text, grant.command.arguments) for grant in grants(text)]


def users(text: str) -> list[tuple[str, str, bool]]:
    return [(member.kind, member.text, member.negated) for member in whole(f"{text} ALL = ALL").rules[0].users]


@pytest.mark.parametrize(
    ("text", "member"),
    [
        ("alice", ("user", "alice", False)),
        ("!alice", ("user", "alice", True)),
        ("!!alice", ("user", "alice", False)),
        ("ALL", ("all", "ALL", False)),
        ("#1000", ("uid", "#1000", False)),
        ("%wheel", ("group", "%wheel", False)),
        ("%#10", ("gid", "%#10", False)),
        ("%:Domain_Admins", ("nonunix", "%:Domain_Admins", False)),
        ("+admins", ("netgroup", "+admins", False)),
        (r"dom\ ain\\joe", ("user", r"dom ain\joe", False)),
        (r"a\x41b", ("user", "aAb", False)),
        ('"domain user"', ("user", "domain user", False)),
        ('"%domain admins"', ("group", "%domain admins", False)),
        ('"ALL"', ("user", "ALL", False)),  # quoted: somebody of that name
        ("user@example.com", ("user", "user@example.com", False)),
        ("张三", ("user", "张三", False)),
    ],
)
def test_users(text: str, member: tuple[str, str, bool]) -> None:
    assert users(text) == [member]


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/bin/ls", ("/bin/ls", None)),
        ('/bin/ls ""', ("/bin/ls", "")),
        ("/bin/ls -l   *", ("/bin/ls", "-l *")),
        (r"/bin/x a\,b \: c\=d e\#", ("/bin/x", "a,b : c=d e#")),
        ("/bin/x a=b =c", ("/bin/x", "a=b =c")),
        (r"/bin/x \*y\?", ("/bin/x", r"\*y\?")),  # quoted wildcards stay quoted
        (r"/opt/my\ tool/run", ("/opt/my tool/run", None)),
        ("/usr/sbin/", ("/usr/sbin/", None)),
        ("sudoedit /etc/hosts", ("sudoedit", "/etc/hosts")),
        ("/usr/bin/sudoedit /etc/hosts", ("sudoedit", "/etc/hosts")),
        ("list", ("list", None)),
        ("ALL", ("ALL", None)),
        ("^/usr/bin/[a-z,]+$ ^-l( [a-z:]+)?$", ("^/usr/bin/[a-z,]+$", "^-l( [a-z:]+)?$")),
        ("/bin/ls a \\\n   b", ("/bin/ls", "a b")),
        ("/bin/ls # not an argument", ("/bin/ls", None)),
    ],
)
def test_commands(text: str, command: tuple[str, str | None]) -> None:
    assert commands(f"alice ALL = {text}\n") == [command]


def test_kinds_of_commands() -> None:
    found = grants("a ALL = ALL, /bin/x, /sbin/, ^/x$, sudoedit, list, C\nCmnd_Alias C = /bin/c\n")
    assert [g.command.kind for g in found] == ["all", "path", "directory", "regex", "edit", "list", "alias"]


def test_several_host_sections_share_the_users_and_nothing_else() -> None:
    found = whole("alice, bob web1, 10.0.0.0/8 = (oracle) NOPASSWD: /bin/a : fe80::1, !+ng = /bin/b\n").rules
    assert [[user.text for user in rule.users] for rule in found] == [["alice", "bob"]] * 2
    assert [(host.kind, host.text, host.negated) for rule in found for host in rule.hosts] == [
        ("host", "web1", False),
        ("network", "10.0.0.0/8", False),
        ("network", "fe80::1", False),
        ("netgroup", "+ng", True),
    ]
    assert found[1].grants[0].runas_users is None
    assert found[1].grants[0].tags == {}


def test_runas_tags_and_options_carry_over_until_replaced() -> None:
    first, second, third, fourth = grants(
        "bob web1 = (www-data) CWD=/srv ROLE=r TYPE=t NOEXEC: NOPASSWD : /bin/a, EXEC: /bin/b,"
        " (:adm) TYPE=u PASSWD: /bin/c, () CWD=* /bin/d\n"
    )
    assert [member.text for member in first.runas_users or ()] == ["www-data"]
    assert first.options == {"CWD": "/srv", "ROLE": "r", "TYPE": "t"}
    assert first.tags == {"EXEC": False, "PASSWD": False}
    assert (second.runas_users, second.tags) == (first.runas_users, {"EXEC": True, "PASSWD": False})
    assert (third.runas_users, [group.text for group in third.runas_groups or ()]) == ((), ["adm"])
    assert third.options == {"CWD": "/srv", "TYPE": "u"}  # ROLE and TYPE go together
    assert third.tags == {"EXEC": True, "PASSWD": True}
    assert (fourth.runas_users, fourth.runas_groups, fourth.options["CWD"]) == ((), None, "*")


def test_runas_users_and_groups() -> None:
    (grant,) = grants("a ALL = (root, !#3, %adm : wheel, !ALL) ALL\n")
    assert [(m.kind, m.text, m.negated) for m in grant.runas_users or ()] == [
        ("user", "root", False),
        ("uid", "#3", True),
        ("group", "%adm", False),
    ]
    assert [(m.text, m.negated) for m in grant.runas_groups or ()] == [("wheel", False), ("ALL", True)]


def test_digests_belong_to_the_next_command_only() -> None:
    found = grants(f"a ALL = {SHA224}, {SHA256} /bin/a, !{SHA256.replace(':', ' : ')[:0]}/bin/b, {SHA256} ALL\n")
    assert [grant.command.digests for grant in found] == [(SHA224, SHA256), (), (SHA256,)]


def test_defaults_in_every_scope() -> None:
    text = """Defaults env_reset, !lecture, timestamp_timeout=-1
Defaults:alice,!%wheel !authenticate
Defaults : not = a scope
Defaults@ WEB , db1 env_keep += "LANG LC_*"
Defaults>root umask=022
Defaults!/bin/ls, SHELLS secure_path = "/bin:/x \\
   :/y"
"""
    found = policy(text)
    assert [(s.scope, [(m.text, m.negated) for m in s.members], s.name, s.negated, s.operator, s.value)
            for s in found.settings] == [
        ("global", [], "env_reset", False, "", None),
        ("global", [], "lecture", True, "", None),
        ("global", [], "timestamp_timeout", False, "=", "-1"),
        ("user", [("alice", False), ("%wheel", True)], "authenticate", True, "", None),
        ("host", [("WEB", False), ("db1", False)], "env_keep", False, "+=", "LANG LC_*"),
        ("runas", [("root", False)], "umask", False, "=", "022"),
        ("command", [("/bin/ls", False), ("SHELLS", False)], "secure_path", False, "=", "/bin:/x :/y"),
    ]  # fmt: skip
    assert [setting.line for setting in found.settings] == [1, 1, 1, 2, 4, 5, 6]
    assert list(found.faults) == ["/etc/sudoers:3: not a Defaults setting"]


def test_aliases_nest_negate_and_may_come_after_their_use() -> None:
    found = whole(
        "OPS, !DBA ALL = ALL\n"
        "User_Alias OPS = alice, !TEAM, bob : TEAM = carol, !dave\n"
        "User_Alias DBA = oracle\n"
        "Cmnd_Alias OPS = /bin/ls\n"  # other kinds have their own names
    )
    assert [(m.text, m.negated) for m in found.expand(found.rules[0].users, "User_Alias")] == [
        ("alice", False),
        ("carol", True),
        ("dave", False),
        ("bob", False),
        ("oracle", True),
    ]


def test_an_undefined_alias_is_a_name_to_sudo_but_no_command() -> None:
    found = policy("DBA WEB = (RUN) SHELLS, /bin/x\n")
    (rule,) = found.rules
    assert [(m.kind, m.text) for m in found.expand(rule.users, "User_Alias")] == [("user", "DBA")]
    assert [(m.kind, m.text) for m in found.expand(rule.hosts, "Host_Alias")] == [("host", "WEB")]
    assert list(found.expand([rule.grants[0].command], "Cmnd_Alias")) == []
    assert list(found.faults) == [
        "User_Alias DBA is not defined",
        "Host_Alias WEB is not defined",
        "Cmnd_Alias SHELLS is not defined",
    ]


def test_an_alias_that_holds_itself_ends() -> None:
    found = policy("User_Alias A = B, x : B = !A\nA ALL = ALL\n")
    assert [(m.text, m.negated) for m in found.expand(found.rules[0].users, "User_Alias")] == [
        ("A", True),
        ("x", False),
    ]
    assert list(found.faults) == ["User_Alias A is defined by itself"]


def test_aliases_that_explode_are_stopped() -> None:
    text = "".join(f"User_Alias A{n} = A{n + 1}, A{n + 1}\n" for n in range(40)) + "User_Alias A40 = x\nA0 ALL = ALL\n"
    found = policy(text)
    with pytest.raises(TooLargeError):
        list(found.expand(found.rules[0].users, "User_Alias"))


@pytest.mark.parametrize(
    "text",
    [
        "alice ALL",
        "alice ALL = ",
        "alice ALL = ls",
        "alice ALL = /bin/ls = x",
        "alice ALL = /bin/ls, ",
        "alice ALL = (root:) ALL",
        "alice ALL = (root ALL",
        r"alice ALL = /bin/x a\.b",
        r"alice ALL = /bin/\*",
        "alice ALL = /bin/ls/ -l",
        "alice ALL = list -l",
        "alice ALL = ALL #1",
        "alice ALL = NOPASSWD: CWD=/ ALL",
        "alice ALL = CWD=srv ALL",
        "alice ALL = TIMEOUT=soon ALL",
        "alice ALL = NOTAFTER=2025 ALL",
        "alice ALL = sha224:abc /bin/ls",
        f"alice ALL = {SHA224}, /bin/ls",
        f"alice ALL = {SHA224} SHELLS",
        "alice ALL = ^/bin/.* x",
        "alice ALL = /bin/x ^unended",
        "alice bob ALL = ALL",
        "! !alice ALL = ALL",
        '"" ALL = ALL',
        '"%" ALL = ALL',
        '"open ALL = ALL',
        "% ALL = ALL",
        "User_Alias ALL = x",
        "User_Alias CWD = x",
        "User_Alias lower = x",
        "Host_Alias A = %group",
        "Defaults",
        "Defaults:alice",
        "Defaults Upper",
        "Defaults a = b = c",
        "Defaults !a = b",
        "@include",
        "@include /etc/sudoers.d/x y",
    ],
)
def test_what_sudo_refuses_is_a_fault_and_the_next_line_is_read(text: str) -> None:
    found = policy(f"{text}\nbob ALL = ALL\n", x="")
    assert len(found.faults) == 1
    assert next(iter(found.faults)).startswith("/etc/sudoers:1: ")
    assert [rule.users[0].text for rule in found.rules] == ["bob"]


def test_a_second_definition_of_an_alias_is_a_fault_and_the_first_one_stays() -> None:
    found = policy("User_Alias A = x\nUser_Alias A = y\n")
    assert list(found.faults) == ["/etc/sudoers:2: User_Alias A is already defined"]
    assert [member.text for member in found.aliases["User_Alias", "A"]] == ["x"]


def test_comments_blank_lines_and_windows_line_ends() -> None:
    text = "# comment \\\n\t\r\n   # another\n#-\n#1000 ALL = ALL # trailing\r\nalice ALL = \\\r\n ALL\r\n#"
    found = policy(text)
    assert [(rule.users[0].text, rule.line) for rule in found.rules] == [("#1000", 5), ("alice", 6)]


def test_a_broken_entry_ends_where_its_continued_lines_end() -> None:
    found = policy("alice ALL = ) \\\n  bob ALL = ALL \\\n  ALL\ncarol ALL = ALL")
    assert [rule.users[0].text for rule in found.rules] == ["carol"]
    assert found.rules[0].line == 4


def test_bytes_that_are_not_text_stay_apart_from_text_that_looks_like_them() -> None:
    found = policy(b"a\xff, \xc3\xbf ALL = ALL\n")
    assert [user.text for user in found.rules[0].users] == ["a\\xff", "ÿ"]


def test_includes_are_read_in_place() -> None:
    text = """alice ALL = ALL
@include sudoers.d/20-b
bob ALL = ALL
#includedir /etc/sudoers.d/
@include "/etc/sudoers.d/20-b"
"""
    found = whole(text, **{
        "20-b": "b ALL = ALL", "10-a": "#include\n# include x\na ALL = ALL", "x.rpmsave": "bad", "x~": "bad"
    })  # fmt: skip
    assert [(rule.users[0].text, rule.source) for rule in found.rules] == [
        ("alice", MAIN),
        ("b", "/etc/sudoers.d/20-b"),
        ("bob", MAIN),
        ("a", "/etc/sudoers.d/10-a"),
        ("b", "/etc/sudoers.d/20-b"),
        ("b", "/etc/sudoers.d/20-b"),
    ]


def test_host_names_in_includes() -> None:
    assert whole("@include sudoers.d/%h\n", web1="a ALL = ALL").rules
    found = policy("@include sudoers.d/%h\n", host=None)
    assert list(found.faults) == ["/etc/sudoers:1: sudoers.d/%h is included, but the host's name is not known"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("@include /opt/sudoers", "/opt/sudoers is included but was not collected or does not exist"),
        ("@includedir /opt/sudoers.d", "files of /opt/sudoers.d are included but were not collected"),
        ("@include sudoers", "/etc/sudoers is included in a loop or too often"),
    ],
)
def test_includes_that_cannot_be_followed(text: str, fault: str) -> None:
    assert list(policy(text).faults) == [f"/etc/sudoers:1: {fault}"]


def test_includes_that_explode_are_stopped() -> None:
    chain = {f"f{n}": f"@include f{n + 1}\n@include f{n + 1}\n" for n in range(30)}
    found = policy("@include sudoers.d/f0\n", **chain, f30="")
    assert any("too often" in fault for fault in found.faults)


@pytest.mark.parametrize(
    "hostile",
    [
        b"a" * 300_000,
        b'"' * 300_000,
        b'"' + b"\\ " * 300_000,
        b"\\" * 300_000,
        b"\\\n" * 150_000,
        b"^" + b"\\$" * 300_000,
        b"a ALL = " + b"!" * 300_000,
        b"a ALL = /x " + b"^" * 300_000,
        b"a ALL = " + b"(" * 60_000,
        b"a ALL = " + b"NOPASSWD " * 30_000,
        b"Defaults:" + b"a," * 60_000,
        b"Defaults a=" + b"\\x" * 300_000,
        b"#" + b"include " * 30_000,
        b"(\n" * 30_000,
        b"1:" * 300_000,
    ],
    ids=range(15),
)
def test_hostile_text_costs_no_more_than_its_length(hostile: bytes) -> None:
    start = time.process_time()
    policy(hostile)
    assert time.process_time() - start < 10  # the square of its length would take hours


_PIECES = st.sampled_from(
    ["alice", "ALL", "=", ",", ":", "(", ")", "!", '"', "\\", "\n", " ", "#", "%", "+", "^", "$", "/bin/x", "NOPASSWD:",
     "Defaults", "User_Alias", "@include", "sha224:", "CWD=", "A", "1:2::3", "sudoedit", "\\\n", "a=b", "\0", "ÿ"]
)  # fmt: skip


@given(st.binary(max_size=300) | st.lists(_PIECES, max_size=40).map(lambda pieces: "".join(pieces).encode()))
def test_any_bytes_parse_without_raising(raw: bytes) -> None:
    found = policy(raw)
    for rule in found.rules:
        list(found.expand(rule.users, "User_Alias"))


def test_the_limits_are_those_that_the_documentation_names() -> None:
    assert (sudoers.MAX_DEPTH, sudoers.MAX_INCLUDES, sudoers.MAX_STEPS) == (128, 1_000, 1_000_000)


@pytest.mark.parametrize(
    ("text", "kept", "fault"),
    [
        # sudo leaves out a later section where it finds its end at once, and else the whole entry
        ("a ALL = /a : ALL = bad", ["/a"], "bad is not an absolute path"),
        ("a ALL = /a : ALL = /b, : ALL = /c", ["/a", "/c"], "unexpected :"),
        ("a ALL = /a : : ALL = /c", ["/a", "/c"], "unexpected :"),
        ("a ALL = /a : ALL", ["/a"], "unexpected end of the entry"),
        ("a ALL = /a : ALL = sha224:ab : ALL = /c", ["/a", "/c"], "not a sha224 digest"),
        ("a ALL = /a : = /b", [], "unexpected ="),
        ('a ALL = /a : "" = /b', [], "empty string"),
        ("a ALL = bad : ALL = /b", [], "bad is not an absolute path"),
        ("a ALL = /a : ALL = /b\r", ["/a"], "sudo loses /b, as a Windows line end stands behind it"),
        ("a ALL = /a\r", [], "sudo loses /a, as a Windows line end stands behind it"),
        ("a ALL = PRIVS=basic /b", [], "unexpected ="),
        ("a ALL = ALL, \\\nDefaults x", [], "a keyword on a continued line"),
        (r"a ALL = /a \q", [], "unexpected character"),
        ("a 1::2::3 = /a", [], "not an IPv6 address"),
        ('a ALL = (x) "open', [], "a string without an end"),
    ],
)
def test_of_a_broken_entry_what_sudo_keeps_is_kept(text: str, kept: list[str], fault: str) -> None:
    found = policy(f"{text}\nb ALL = /z\n")
    assert list(found.faults) == [f"/etc/sudoers:1: {fault}"]
    assert [grant.command.text for rule in found.rules for grant in rule.grants] == [*kept, "/z"]
    assert found.broken


def test_aliases_before_a_broken_one_of_the_line_are_kept() -> None:
    found = policy('User_Alias A = x : B = y, "" : C = z\nUser_Alias D = x y\n')
    assert [name for _, name in found.aliases] == ["A", "D"]
    assert len(found.faults) == 2


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_windows_line_ends_harm_commands_alone(line_end: str) -> None:
    text = line_end.join(["Defaults a", "User_Alias A = x", "A ALL = ALL", "A ALL = /a/", "A ALL = /a # remark", ""])
    assert len(whole(text).rules) == 3


def test_a_line_ends_at_a_zero_byte() -> None:
    assert commands("a ALL = /a \0 b\nb ALL = /b\0") == [("/a", None), ("/b", None)]


def test_names_that_are_options_on_other_systems_are_aliases() -> None:
    assert whole("User_Alias PRIVS = x : LIMITPRIVS = PRIVS\nLIMITPRIVS ALL = ALL\n").aliases


def test_what_is_no_address_is_a_name() -> None:
    (rule,) = whole("a 999.1.1.1, 10.0.0.1/33, 1.2.3, fe80::1, 10.0.0.1/32 = ALL\n").rules
    assert [host.kind for host in rule.hosts] == ["host", "host", "host", "network", "network"]


@pytest.mark.parametrize("end", ["\\", "\\\n", '"open\\\n'])
def test_a_policy_that_ends_in_a_continued_line_is_refused_whole(end: str) -> None:
    found = policy(f"a ALL = ALL\nb ALL = ALL, {end}")
    assert (found.rules, found.broken) == ([], True)
    assert "sudo refuses the whole policy" in next(iter(found.faults))
    included = policy("@include sudoers.d/x\nc ALL = ALL\n", x=f"a ALL = ALL\nb ALL = ALL, {end}")
    assert [rule.users[0].text for rule in included.rules] == ["a", "c"]
    assert list(included.faults) == ["/etc/sudoers.d/x:2: the file ends in a continued line"]


def test_files_that_sudo_refuses_are_passed_over() -> None:
    contents = {MAIN: b"@include sudoers.d/x\n@includedir sudoers.d\na ALL = ALL\n"}
    found = load(contents, MAIN, directories=["/etc/sudoers.d"], host="h", refused=["/etc/sudoers.d/x"])
    assert ([rule.users[0].text for rule in found.rules], list(found.faults)) == (["a"], [])


def test_policies_of_the_same_files_do_not_share_what_they_found() -> None:
    one, other = policy("A ALL = ALL\n"), policy("A ALL = ALL\n")
    list(one.expand(one.rules[0].users, "User_Alias"))
    assert (len(one.faults), one.steps > 0, dict(other.faults), other.steps) == (1, True, {}, 0)
