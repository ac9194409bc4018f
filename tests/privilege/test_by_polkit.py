"""Ways by polkit: each planted one is found, each near miss is silent, and pkexec itself does what is said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.hosts.carriers.root import Root
from secops.hosts.evidence import Evidence, Status
from secops.hosts.listing import record
from secops.hosts.polkit.collected import KNOWN_ACTIONS
from secops.hosts.snapshot import observe
from secops.hosts.tables import Built, Facts, Row
from secops.privilege.techniques import POWERS, by_action
from secops.privilege.way import View
from secops.privilege.ways import by_polkit, privileges
from tests.hosts.evidence_kit import evidence
from tests.privilege import polkit_kit
from tests.privilege.look import look
from tests.privilege.test_ways import GROUP, PASSWD
from tests.testroot import TestHost

PKEXEC = record(b"/usr/bin/pkexec", (0o104755, 0, 0, 1, 1))
RULES, SHIPPED = "/etc/polkit-1/rules.d/40-site.rules", "/usr/share/polkit-1/rules.d/50-default.rules"
WHEEL = 'polkit.addAdminRule(function(action, subject) {\n    return ["unix-group:wheel"];\n});\n'
EXEC, UNITS = "org.freedesktop.policykit.exec", "org.freedesktop.systemd1.manage-units"
FILES, LIBVIRT = "org.freedesktop.systemd1.manage-unit-files", "org.libvirt.unix.manage"
LOCAL = "/etc/polkit-1/localauthority/50-local.d/site.pkla"
ADMINS = "/etc/polkit-1/localauthority.conf.d/60-site.conf"


def action(name: str, allow: str = "auth_admin", **annotations: str) -> str:
    """An action with one default from everywhere."""
    defaults = "".join(f"<{key}>{allow}</{key}>" for key in ("allow_any", "allow_inactive", "allow_active"))
    annotated = "".join(
        f'<annotate key="org.freedesktop.policykit.{key.replace("_", ".")}">{value}</annotate>'
        for key, value in annotations.items()
    )
    return f'<action id="{name}">\n<defaults>{defaults}</defaults>{annotated}</action>\n'


STOCK = action(EXEC) + action(UNITS) + action(FILES, imply=UNITS) + action(LIBVIRT)


def seen(
    rules: str = "",
    *,
    actions: str = STOCK,
    local: dict[str, str] | None = None,
    version: str = "122-3",
    paths: bytes = PKEXEC,
    shipped: str = WHEEL,
    group: str = GROUP,
    nss: str = "passwd: files\n",
    systemd: str = "252.39-1",
) -> Evidence:
    name = "polkitd" if version[0] != "0" else "policykit-1"
    installed = {name: version, "systemd": systemd}
    status = "\n".join(
        f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {number}\n"
        for name, number in installed.items()
    )
    return evidence(
        passwd={"/etc/passwd": PASSWD},
        group={"/etc/group": group},
        nsswitch={"/etc/nsswitch.conf": nss},
        polkit_actions=f"/usr/share/polkit-1/actions/x.policy\0<policyconfig>\n{actions}</policyconfig>\0",
        polkit_rules={SHIPPED: shipped} | ({RULES: rules} if rules else {}),
        polkit_local_authority=local or {},
        polkit_paths=paths,
        dpkg_status={"/var/lib/dpkg/status": status},
    )


def facts(rules: str = "", **others: Any) -> Facts:
    return observe(seen(rules, **others), "web1", privileges).tables["root_ways"]


def ways(rules: str = "", **others: Any) -> list[Row]:
    found = facts(rules, **others)
    assert found.problems["polkit"] == []
    return [row for row in found.rows if row["way"] == "polkit"]


def short(rows: list[Row]) -> list[tuple[str, str, str, str, str]]:
    return [(row["user_name"], row["thing"], row["program"], row["gives"], row["password"]) for row in rows]


def rule(condition: str, result: str = "YES") -> str:
    return f"polkit.addRule(function(action, subject) {{\n if ({condition}) return polkit.Result.{result};\n}});\n"


#: alice is in wheel: what the stock configuration gives her, and nobody else.
BY_WHEEL = ("alice", "unix-group:wheel", "pkexec", "shell", "own")


def test_the_stock_configuration_makes_administrators_alone() -> None:
    rows = ways()
    assert short(rows) == [BY_WHEEL]
    assert [(row["source"], row["line"], row["certain"]) for row in rows] == [(SHIPPED, 1, True)]
    assert ways(group=GROUP.replace("wheel:x:10:alice", "wheel:x:10:")) == []


def test_without_polkit_there_is_none_whatever_its_files_say() -> None:
    """systemd brings its actions without polkit."""
    assert ways(actions=action(UNITS, "yes")) == []
    assert ways(rule("true"), actions=action(UNITS, "yes"), version="122-3") == []


def is_exec(program: str) -> str:
    return f'action.id == "{EXEC}" && action.lookup("program") == "{program}"'


IS_EXEC, IS_UNITS, IS_LIBVIRT = (f'action.id == "{name}"' for name in (EXEC, UNITS, LIBVIRT))

FOUND = {
    "a user, any program": (f'{IS_EXEC} && subject.user == "bob"', ("bob", EXEC, "pkexec", "shell", "none")),
    "a group, units": (f'{IS_UNITS} && subject.isInGroup("bob")', ("bob", UNITS, "systemd-run", "shell", "none")),
    "a group, everything of a kind": (
        'action.id.indexOf("org.libvirt.") == 0 && subject.isInGroup("bob")',
        ("bob", LIBVIRT, "virsh", "shell", "none"),
    ),
    "everyone": (f'{IS_LIBVIRT}', ("*", LIBVIRT, "virsh", "shell", "none")),
    "not at the seat": (f'{IS_LIBVIRT} && !subject.local', ("*", LIBVIRT, "virsh", "shell", "none")),
    "everyone but one": (f'{IS_LIBVIRT} && subject.user != "alice"', ("bob", LIBVIRT, "virsh", "shell", "none")),
    "an editor": (f'{is_exec("/usr/bin/vim")} && subject.user == "bob"', ("bob", EXEC, "vim", "shell", "none")),
    "an editor of one file": (
        f'{IS_EXEC} && action.lookup("command_line") == "/usr/bin/vim /etc/motd" && subject.user == "bob"',
        ("bob", EXEC, "vim", "shell", "none"),
    ),
    "units but one": (
        f'{IS_UNITS} && action.lookup("unit") != "sshd.service" && subject.user == "bob"',
        ("bob", UNITS, "systemd-run", "shell", "none"),
    ),
}  # fmt: skip

SILENT = {
    "at the seat": f"{IS_LIBVIRT} && subject.local && subject.active",
    "an action that gives nothing": 'action.id == "org.freedesktop.login1.reboot"',
    "for root": f'{IS_LIBVIRT} && subject.user == "root"',
    "for who is not there": f'{IS_EXEC} && (subject.isInGroup("docker") || subject.user == "carol")',
    "one unit": f'{IS_UNITS} && action.lookup("unit") == "app.service" && subject.user == "bob"',
    "a harmless program": f'{is_exec("/usr/bin/id")} && subject.user == "bob"',
    "fixed arguments": (
        f'{IS_EXEC} && action.lookup("command_line") == "/usr/bin/find /srv -name x" && subject.user == "bob"'
    ),
    "two conditions that exclude each other": f'{IS_EXEC} && action.id == "{UNITS}"',
}


@pytest.mark.parametrize("name", FOUND)
def test_a_rule_that_makes_root_is_found(name: str) -> None:
    condition, expected = FOUND[name]
    rows = ways(rule(condition))
    assert short(rows) == [expected, BY_WHEEL]
    assert (rows[0]["source"], rows[0]["line"], rows[0]["certain"]) == (RULES, 1, True)


@pytest.mark.parametrize("name", SILENT)
def test_a_near_miss_is_silent(name: str) -> None:
    assert short(ways(rule(SILENT[name]))) == [BY_WHEEL]


def test_whose_password_is_asked() -> None:
    rows = ways(rule(f'action.id == "{LIBVIRT}"', "AUTH_SELF_KEEP"))
    assert short(rows) == [("*", LIBVIRT, "virsh", "shell", "own"), BY_WHEEL]
    rows = ways(rule("true", "AUTH_ADMIN"), actions=action(EXEC, "yes"))
    assert short(rows) == [BY_WHEEL]
    assert ways(rule("true", "NO")) == []


def test_the_first_rule_that_says_anything_decides() -> None:
    no, yes = rule('subject.user == "bob"', "NO"), rule(f'action.id == "{LIBVIRT}" && subject.isInGroup("bob")')
    assert short(ways(no + yes)) == [BY_WHEEL]
    assert short(ways(yes + no)) == [("bob", LIBVIRT, "virsh", "shell", "none"), BY_WHEEL]


@pytest.mark.parametrize(("allow", "who"), [("yes", [("*", "none")]), ("auth_self", [("*", "own")]), ("no", [])])
def test_defaults_count_where_no_rule_does(allow: str, who: list[tuple[str, str]]) -> None:
    rows = ways(actions=action(EXEC, "no") + action(LIBVIRT, allow))
    assert [(row["user_name"], row["password"]) for row in rows] == who


def test_what_an_action_implies_counts_too() -> None:
    condition = f'action.id == "{FILES}" && subject.user == "bob"'
    assert short(ways(rule(condition))) == [
        ("bob", UNITS, "systemd-run", "shell", "none"), ("bob", FILES, "systemctl", "shell", "none"), BY_WHEEL,
    ]  # fmt: skip
    assert len(ways(rule(condition, "AUTH_SELF"))) == 2


def test_pkexec_has_to_be_there_and_root() -> None:
    condition = f'action.id == "{EXEC}" && subject.user == "bob"'
    for paths in (
        b"",
        record(b"/usr/bin/pkexec", (0o100755, 0, 0, 1, 1)),
        record(b"/usr/bin/pkexec", (0o104755, 5, 0, 1, 1)),
    ):
        rows = ways(rule(condition), paths=paths)
        assert short(rows) == [("alice", "unix-group:wheel", "systemd-run", "shell", "own")]


def test_programs_with_an_action_of_their_own() -> None:
    actions = (
        STOCK
        + action("site.vim", "auth_self", exec_path="/usr/bin/vim")
        + action("site.id", "yes", exec_path="/bin/id")
    )
    assert short(ways(actions=actions)) == [("*", "site.vim", "vim", "shell", "own"), BY_WHEEL]
    actions = STOCK + action("site.find", "yes", exec_path="/usr/bin/find", exec_argv1="/srv")
    assert short(ways(actions=actions))[0] == ("*", "site.find", "find", "shell", "none")


@pytest.mark.parametrize(
    "condition",
    [
        'action.lookup("unit").indexOf("app-") == 0',
        'action.lookup("unit").startsWith("app@")',
        'action.lookup("unit").endsWith("app.service")',
        "/^app-[a-z]+\\.service$/.test(action.lookup('unit'))",
        'RegExp("app.*service").test(action.lookup("unit")) && action.lookup("verb") == "start"',
    ],
)
def test_who_makes_up_a_unit_makes_up_its_name(condition: str) -> None:
    """Since 257 systemd tells polkit the name of a unit that systemd-run makes."""
    rules = rule(f'{IS_UNITS} && {condition} && subject.user == "bob"')
    found = ("bob", UNITS, "systemd-run", "shell", "none")
    assert short(ways(rules, systemd="257.5-2")) == [found, BY_WHEEL]
    assert short(ways(rules, systemd="256.7-1")) == [BY_WHEEL]
    unsure = facts(rules, systemd="?").rows
    assert [(row["user_name"], row["certain"]) for row in unsure] == [("bob", False), ("alice", True)]


@pytest.mark.parametrize("unit", ['== "app.service"', '== "app.service" || "x" == ""', '.indexOf("sshd") < 0 && false'])
def test_who_may_start_one_unit_makes_up_none(unit: str) -> None:
    rules = rule(f'{IS_UNITS} && (action.lookup("unit") {unit}) && subject.user == "bob"')
    assert short(ways(rules, systemd="257.5-2")) == [BY_WHEEL]


def test_a_program_with_an_action_of_its_own_is_asked_for_by_that() -> None:
    actions = STOCK + action("site.vim", "no", exec_path="/usr/bin/vim")
    rules = rule(f'{is_exec("/usr/bin/vim")} && subject.user == "bob"')
    assert short(ways(rules)) == [("bob", EXEC, "vim", "shell", "none"), BY_WHEEL]
    assert short(ways(rules, actions=actions)) == [BY_WHEEL]


ADMIN = "polkit.addAdminRule(function(action, subject) {{ {} }});\n"


@pytest.mark.parametrize(
    ("admin", "who"),
    [
        ('return ["unix-user:bob"];', ["bob"]),
        ('return ["unix-user:1002", "unix-group:10"];', ["alice", "bob"]),
        ('return ["unix-user:0"];', []),
        ('return ["unix-group:gone", "nonsense"];', []),
        ("return [];", []),
        ("return null;", ["alice"]),
        ('if (subject.isInGroup("bob")) return ["unix-user:bob"]; return ["unix-user:0"];', ["bob"]),
        ('return "unix-user:bob";', []),
    ],
)
def test_who_is_an_administrator(admin: str, who: list[str]) -> None:
    assert [row["user_name"] for row in ways(ADMIN.format(admin))] == who


def test_the_primary_group_makes_an_administrator_from_121_on() -> None:
    group = GROUP.replace("wheel:x:10:alice", "wheel:x:10:").replace("bob:x:1002:", "bob:x:1003:")
    passwd_group = group.replace("wheel:x:10:", "wheel:x:1002:")
    assert [row["user_name"] for row in ways(group=passwd_group)] == ["bob"]
    assert ways(group=passwd_group, version="0.117-1") == []


PKLA = "[site]\nIdentity={}\nAction={}\nResultAny={}\n"


def test_the_local_authority_of_old() -> None:
    """Before 0.106 rules in JavaScript are not read; later these files are not, but by a rule of their own."""
    local = {
        LOCAL: PKLA.format("unix-group:bob", "org.libvirt.*", "yes"),
        ADMINS: "[Configuration]\nAdminIdentities=unix-user:bob\n",
    }
    rows = ways(rule("true"), local=local, version="0.105-33")
    assert short(rows) == [
        ("bob", LIBVIRT, "virsh", "shell", "none"),
        ("bob", "unix-user:bob", "pkexec", "shell", "own"),
    ]
    assert [(row["source"], row["line"]) for row in rows] == [(LOCAL, 1), (ADMINS, None)]
    assert short(ways(local=local)) == [BY_WHEEL]
    assert ways(local={LOCAL: PKLA.format("unix-user:*", "*", "no")}, version="0.105-33") == []
    assert ways(local={LOCAL: PKLA.format("default", "*", "yes")}, version="0.105-33") == []


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


def test_every_action_is_collected_and_told_in_both_languages_with_its_source() -> None:
    assert set(by_action()) == set(KNOWN_ACTIONS)
    for known in by_action().values():
        assert any("\u4e00" <= char <= "\u9fff" for char in known.how.zh), known.id
        assert known.gives in POWERS
        assert all((known.how.en, known.source, known.program))


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


#: What the host's rules allow, and what each user then really does.
PLANTED = rule(f'action.id == "{EXEC}" && subject.isInGroup("walkers")') + rule(
    f'{is_exec("/usr/bin/env")} && subject.user == "pat"'
)
REALLY = {
    ("olga", "id -u"): True,
    ("nick", "id -u"): False,
    ("pat", "/usr/bin/env id"): True,
    ("pat", "/usr/bin/id"): False,
}
USERS = {"olga": 3001, "nick": 3002, "pat": 3004, "adam": 3005}


def test_pkexec_does_what_is_said(test_host: TestHost) -> None:
    polkit_kit.install(test_host)
    add = "".join(f"useradd -u {uid} -U {name}\n" for name, uid in USERS.items())
    test_host.run(["sh"], f"{add}groupadd walkers; gpasswd -a olga walkers; gpasswd -a adam sudo".encode(), check=True)
    test_host.write(RULES, PLANTED)

    def pkexec(user: str, command: str, terminal: str = "") -> tuple[int, str]:
        uid = str(USERS[user])
        as_user = f"setpriv --reuid={uid} --regid={uid} --init-groups"
        run = f"script -qec 'pkexec {command}' /dev/null" if terminal else f"pkexec {command}"
        done = test_host.run(["sh", "-c", f"{as_user} {run}; exit $?"], terminal.encode())
        return done.returncode, done.stdout.decode()

    with polkit_kit.running(test_host):
        assert {asked: pkexec(*asked)[0] == 0 for asked in REALLY} == REALLY
        assert "Authenticating as: adam" in pkexec("adam", "id", "\n")[1], "an administrator is asked for his own"
        assert "Authenticating as: adam" in pkexec("nick", "id", "\n")[1], "others are asked for an administrator's"
    image = observe(Root(str(test_host.root)).collect(), "testhost", privileges).tables
    for tables in (look(test_host, "polkit_rules"), image):
        assert tables["polkit_rules"].problems[""] == tables["root_ways"].problems["polkit"] == []
        rows = [row for row in tables["root_ways"].rows if row["way"] == "polkit"]
        assert {(row["user_name"], row["program"], row["password"]) for row in rows} == {
            ("olga", "pkexec", "none"), ("pat", "env", "none"), ("adam", "pkexec", "own"),
        }  # fmt: skip
