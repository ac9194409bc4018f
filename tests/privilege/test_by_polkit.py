"""Ways by polkit: each planted one is found, each near miss is silent, and pkexec itself does what is said."""

from __future__ import annotations

import pytest

from secops.hosts.carriers.root import Root
from secops.hosts.listing import record
from secops.hosts.polkit.collected import KNOWN_ACTIONS
from secops.hosts.snapshot import observe
from secops.privilege.techniques import POWERS, by_action
from secops.privilege.ways import privileges
from tests.privilege import polkit_kit
from tests.privilege.look import look
from tests.privilege.polkit_policy import (
    ADMIN,
    ADMINS,
    EXEC,
    FILES,
    IS_EXEC,
    IS_LIBVIRT,
    IS_UNITS,
    LIBVIRT,
    LOCAL,
    RULES,
    SHIPPED,
    STOCK,
    UNITS,
    action,
    facts,
    is_exec,
    rule,
    short,
    ways,
)
from tests.privilege.test_ways import GROUP
from tests.testroot import TestHost

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
    assert (rows[0]["source"], rows[0]["line"], rows[0]["certain"]) == (RULES, 2, True)


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


def test_every_action_is_collected_and_told_in_both_languages_with_its_source() -> None:
    assert set(by_action()) == set(KNOWN_ACTIONS)
    for known in by_action().values():
        assert any("\u4e00" <= char <= "\u9fff" for char in known.how.zh), known.id
        assert known.gives in POWERS
        assert all((known.how.en, known.source, known.program))


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
